/* Taking a tenant key out, to leave, and in (S-026, S-205). Neither goes through front or keyd: front must be
 * unable to ask for a private key, whoever has taken it over. So this is a command of rmsd, for whoever may
 * read the master key and the database anyway. */
#ifndef RMS_SERVICE_KEYTOOL_H
#define RMS_SERVICE_KEYTOOL_H

#include "base/bytes.h"
#include "base/guid.h"

struct rms_settings;

/* The key encrypted with the passphrase (crypto/rsa_file.h). RMS_E_NOT_FOUND; RMS_E_CONFLICT: a token keeps
 * it. One row of the admin log. */
RMS_MUST_USE int rms_keytool_export(const struct rms_settings *settings, const char *key_id,
    struct rms_view passphrase, struct rms_buf *pem_out);

/* A key from such a file, archived. tenant: GUID or a domain. RMS_E_CONFLICT: it is here already. */
RMS_MUST_USE int rms_keytool_import(const struct rms_settings *settings, const char *tenant,
    struct rms_view pem, struct rms_view passphrase, char key_id_out[RMS_GUID_TEXT]);

/* --- for packages (tpd.h) --------------------------------------------------------------------------------
 */

struct rms_tool;
struct rms_tenant;
struct rms_key;
struct rms_secret;

/* A PRIVATEKEYBLOB out, or in, archived. */
RMS_MUST_USE int rms_keytool_open(
    const struct rms_tool *tool, const struct rms_key *key, struct rms_secret **blob_out);
RMS_MUST_USE int rms_keytool_add(const struct rms_tool *tool, const struct rms_tenant *tenant,
    struct rms_view blob, char key_id_out[RMS_GUID_TEXT]);

#endif
