/* Base64 by OpenSSL's block functions. Standard alphabet with padding and no line breaks, or the URL alphabet
 * without padding. Decoding is strict: RMS_E_BAD_ARGUMENT for any other character, missing or surplus
 * padding and spare bits that are not zero, so that one value has one text; out then stays as it was. */
#ifndef RMS_CRYPTO_BASE64_H
#define RMS_CRYPTO_BASE64_H

#include "base/bytes.h"

#define RMS_BASE64_LEN(bytes) (((bytes) + 2) / 3 * 4)

void rms_base64_encode(struct rms_buf *out, struct rms_view data);
void rms_base64url_encode(struct rms_buf *out, struct rms_view data);
RMS_MUST_USE int rms_base64_decode(struct rms_view text, struct rms_buf *out);

/* Skips blanks and line ends, for text that was wrapped on its way. */
RMS_MUST_USE int rms_base64_decode_spaced(struct rms_view text, struct rms_buf *out);
RMS_MUST_USE int rms_base64url_decode(struct rms_view text, struct rms_buf *out);

#endif
