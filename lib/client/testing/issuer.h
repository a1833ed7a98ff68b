/* An issuer for tests: a service key, certificates and templates made here, put into a context's store as a
 * bootstrap would. No service, no network. Any failure ends the test program. */
#ifndef RMS_CLIENT_TESTING_ISSUER_H
#define RMS_CLIENT_TESTING_ISSUER_H

#include <openrms/openrms.h>

#include "xrml/licence.h"

#define RMS_TEST_ALICE    "alice@contoso.example"
#define RMS_TEST_BOB      "bob@contoso.example"
#define RMS_TEST_TEMPLATE "6f1d7b3e-0c0f-4d6e-9b0e-0d2f6c2f9a11"
#define RMS_TEST_ROOT     "https://rms.contoso.example"

struct rms_issuer {
    struct rms_arena *arena;
    struct rms_rsa_private *server_key, *machine_key;
    struct rms_signer signer;
    struct rms_server server;
    struct rms_buf slc, spc;
    char folder[64];      /* a temporary directory of the test */
    bool removal_extract; /* its use licences let EXTRACT remove protection; false at first */
};

void rms_issuer_open(struct rms_issuer *issuer);
void rms_issuer_close(struct rms_issuer *issuer); /* removes the directory */

/* A context on a store in the test's directory. offline, without keyring. name: of the store. */
struct rms_context *rms_issuer_context(struct rms_issuer *issuer, const char *name);

/* Signs the person in there: account certificate (key: one of test/vectors/licences/keys), publishing
 * certificate, the templates. days: validity of the certificates. */
void rms_issuer_enrol(
    struct rms_issuer *issuer, struct rms_context *context, const char *address, const char *key, int days);
/* The same without a certificate to publish with. */
void rms_issuer_enrol_reader(
    struct rms_issuer *issuer, struct rms_context *context, const char *address, const char *key);

/* Puts a use licence of the service over the publishing licence of a protected file into the person's cache.
 */
struct rms_test_use {
    const char *address, *key;
    uint32_t rights;
    int64_t licence_until, content_until; /* RMS_TIME_NONE: none */
};
void rms_issuer_license(
    struct rms_issuer *issuer, struct rms_context *context, const char *path, const struct rms_test_use *use);

/* Files of the test's directory. The paths are static until the next but three calls. */
const char *rms_test_path(const struct rms_issuer *issuer, const char *name);
void rms_test_write(const char *path, const void *data, size_t len);
/* Pseudo-random content of a size, the same for the same size. */
void rms_test_fill(const char *path, size_t len);
/* true when the file holds what rms_test_fill wrote. */
bool rms_test_holds(const char *path, size_t len);
bool rms_test_exists(const char *path);
struct rms_view rms_test_read(struct rms_issuer *issuer, const char *path);

#endif
