/* One small document from an issuer: HTTPS by libcurl, no redirects, bounded in size and time. */
#ifndef RMS_SERVICE_TOKEN_FETCH_H
#define RMS_SERVICE_TOKEN_FETCH_H

#include "base/bytes.h"

#define RMS_FETCH_MAX        (1024u * 1024) /* bytes of a document */
#define RMS_FETCH_TIMEOUT_MS 5000           /* whole transfer, name resolution included */

struct rms_fetch_options {
    const char *ca_file; /* trusted beside the system's, or NULL */
    bool loopback_http;  /* plain http to 127.0.0.1, [::1] and localhost is allowed: tests only */
    long timeout_ms;     /* 0 = RMS_FETCH_TIMEOUT_MS */
};

/* Whether the address may be asked at all: https with a host and without user name, or loopback http. */
bool rms_fetch_allowed(const struct rms_fetch_options *options, const char *url);

/* What libcurl needs once in a process; every user of it calls this. */
void rms_fetch_start(void);

/* Appends the body of a 200 reply. RMS_E_BAD_ARGUMENT: address not allowed; RMS_E_LIMIT: too big; RMS_E_TLS:
 * certificate not trusted; RMS_E_UNREACHABLE: everything else. */
RMS_MUST_USE int rms_fetch(const struct rms_fetch_options *options, const char *url, struct rms_buf *out);

#endif
