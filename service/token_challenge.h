/* The bearer challenge in the grammar that existing clients read (rest-protocol section 5). */
#ifndef RMS_SERVICE_TOKEN_CHALLENGE_H
#define RMS_SERVICE_TOKEN_CHALLENGE_H

#include "base/guid.h"

struct rms_challenge {
    const char *authority; /* URL */
    const char *realm;     /* host name */
    const char *resource;  /* URL */
};

/* Appends the header's value. RMS_E_BAD_ARGUMENT when a text has a ',', '=', '"', blank or control character:
 * clients would drop it without a word. */
RMS_MUST_USE int rms_challenge_write(const struct rms_challenge *challenge, struct rms_buf *out);

/* The words of a licensing URL that may name a tenant: the labels of its host and the segments of its path
 * that are GUIDs, in order. guid_out is one of them, counted from 0. RMS_E_NOT_FOUND behind the last. */
RMS_MUST_USE int rms_challenge_guid(const char *url, size_t index, char guid_out[RMS_GUID_TEXT]);

#endif
