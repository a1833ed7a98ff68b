/* The embedded default's own CA for TLS, and the server certificate under it. P-256, SHA-256. PEM text. */
#ifndef RMS_CRYPTO_PKI_H
#define RMS_CRYPTO_PKI_H

#include "base/bytes.h"

/* A self-signed CA, valid 10 years from now, path length 0. */
RMS_MUST_USE int rms_pki_make_ca(
    const char *common_name, int64_t now, struct rms_buf *cert_pem, struct rms_buf *key_pem);

/* A TLS server certificate for the NULL-terminated host names and addresses, valid 397 days. */
RMS_MUST_USE int rms_pki_make_server(struct rms_view ca_cert_pem, struct rms_view ca_key_pem,
    const char *const *hosts, int64_t now, struct rms_buf *cert_pem, struct rms_buf *key_pem);

#endif
