/* A trusted publishing domain: what another service needs to open a tenant's content (S-026, S-029;
 * doc/format/tpd.md). The certificate and the templates, and unless a token keeps it the private key, in one
 * file under a passphrase. As keytool.h, and for its reason, a command of rmsd. */
#ifndef RMS_SERVICE_TPD_H
#define RMS_SERVICE_TPD_H

#include "base/bytes.h"
#include "base/guid.h"
#include "crypto/rsa.h"

struct rms_settings;

struct rms_tpd_wish {
    const char *tenant;         /* GUID or a domain */
    const char *key_id;         /* NULL: the active one */
    bool keyless;               /* without the private key */
    struct rms_view passphrase; /* of one, or of several one after the other */
    bool several;               /* of two people at least: needed where the tenant requires four eyes */
    const struct rms_rsa_public *recipient; /* instead of a passphrase: in an envelope for who has this key;
                                               four eyes: an approved request names it (store/recovery.h) */
    char exported[RMS_GUID_TEXT];           /* which key it is, also when it cannot be exported */
};

/* RMS_E_CONFLICT: a token keeps the key. RMS_E_APPROVAL_REQUIRED: several people are needed. One row of the
 * admin log. */
RMS_MUST_USE int rms_tpd_export(const struct rms_settings *settings, struct rms_tpd_wish *wish, int fd);

/* An envelope (S-027): a fresh password, sealed to the recipient, and behind it the package that it opens. */
RMS_MUST_USE int rms_tpd_envelope_begin(
    int fd, const struct rms_rsa_public *recipient, struct rms_secret **password_out);

/* Nothing tells a wrong key: the password that comes out then opens nothing. RMS_E_BAD_ARGUMENT: no envelope.
 */
RMS_MUST_USE int rms_tpd_envelope_open(struct rms_view file, const struct rms_rsa_private *key,
    struct rms_secret **password_out, struct rms_view *package_out);

/* Key and templates, archived; all or nothing. RMS_E_BAD_ARGUMENT: no such package, altered or cut off, or
 * without a key. RMS_E_CONFLICT: the key is here already. */
RMS_MUST_USE int rms_tpd_import(const struct rms_settings *settings, const char *tenant, int fd,
    struct rms_view passphrase, char key_id_out[RMS_GUID_TEXT]);

/* Everything but the key, as JSON. */
RMS_MUST_USE int rms_tpd_inspect(int fd, struct rms_view passphrase, struct rms_buf *json_out);

#endif
