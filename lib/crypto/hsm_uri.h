/* The name of a key in a token for people and configuration: pkcs11: URI (RFC 7512) with token and id. */
#ifndef RMS_CRYPTO_HSM_URI_H
#define RMS_CRYPTO_HSM_URI_H

#include "crypto/hsm.h"

#define RMS_HSM_LABEL_MAX 32
#define RMS_HSM_URI_MAX   512

struct rms_hsm_uri {
    char label[RMS_HSM_LABEL_MAX + 1]; /* of the token; "": not said */
    uint8_t id[RMS_HSM_ID_MAX];
    size_t id_len; /* 0: not said */
};

/* RMS_E_BAD_ARGUMENT when it is no such URI. A PIN in it is refused too: it does not belong there. */
RMS_MUST_USE int rms_hsm_uri_parse(const char *text, struct rms_hsm_uri *uri_out);
RMS_MUST_USE int rms_hsm_uri_format(const char *label, struct rms_view id, struct rms_buf *out);

#endif
