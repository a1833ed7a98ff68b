/* The embedded default's own CA for TLS, and the server certificate under it. P-256, SHA-256. PEM text. */
#ifndef RMS_CRYPTO_PKI_H
#define RMS_CRYPTO_PKI_H

#include "base/bytes.h"

/* A self-signed CA, valid 10 years from now (and an hour back, for slow clocks), path length 0.
 * RMS_E_BAD_ARGUMENT for a name that is empty, longer than 64 characters or not printable. */
RMS_MUST_USE int rms_pki_make_ca(
    const char *common_name, int64_t now, struct rms_buf *cert_pem, struct rms_buf *key_pem);

/* A TLS server certificate for the NULL-terminated host names and addresses, valid 397 days (and an hour
 * back). RMS_E_BAD_ARGUMENT when there is none, one is neither name nor address, or the CA's texts do not
 * fit. */
RMS_MUST_USE int rms_pki_make_server(struct rms_view ca_cert_pem, struct rms_view ca_key_pem,
    const char *const *hosts, int64_t now, struct rms_buf *cert_pem, struct rms_buf *key_pem);

struct rms_pki_state {
    int64_t valid_until;
    bool names_all; /* the certificate names every host */
    bool key_fits;  /* key_pem is its private key */
};

/* What the first certificate of a PEM text says, without believing it. RMS_E_BAD_ARGUMENT when it is none. */
RMS_MUST_USE int rms_pki_inspect(struct rms_view cert_pem, struct rms_view key_pem, const char *const *hosts,
    struct rms_pki_state *state_out);

#endif
