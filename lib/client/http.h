/* HTTPS by libcurl: TLS 1.2 or later, verified, no redirects, bounded, cancellable; waits when throttled. */
#ifndef RMS_CLIENT_HTTP_H
#define RMS_CLIENT_HTTP_H

#include "base/bytes.h"
#include "base/guid.h"

struct rms_context;
struct rms_http;

#define RMS_HTTP_REPLY_MAX     (32u * 1024 * 1024)
#define RMS_HTTP_CHALLENGE_MAX 2048

struct rms_http_request {
    const char *url;
    const char *token;        /* bearer; NULL: none */
    const char *content_type; /* NULL: GET without body */
    struct rms_view body;
    const char *language;    /* Accept-Language; NULL: none */
    const char *slc_key;     /* of a publishing licence, for the probe of discovery; NULL: none */
    const char *service_url; /* the same */
    const char *on_behalf;   /* for whom an application asks (rest.md); NULL: for itself */
    bool brief;              /* what can be left out: seconds instead of minutes, and no patience */
    bool directory;          /* an ldap or ldaps URL (RFC 4516) instead of https */
};

struct rms_http_reply {
    long status;
    struct rms_buf body;
    char correlation[RMS_GUID_TEXT];        /* "" when the service named none */
    char challenge[RMS_HTTP_CHALLENGE_MAX]; /* WWW-Authenticate of a 401, "" without */
    int64_t date;                           /* the server's clock, RMS_TIME_NONE when not told */
    long retry_after_s;                     /* -1 when not told */
};

RMS_MUST_USE int rms_http_new(struct rms_http **http_out);
void rms_http_free(struct rms_http **http);

/* 0 when the server answered at all, whatever the status. RMS_E_UNREACHABLE, RMS_E_TLS, RMS_E_CANCELLED,
 * RMS_E_THROTTLED when it kept throttling, RMS_E_NEEDS_ONLINE in an offline context, RMS_E_BAD_ARGUMENT for a
 * URL of another scheme than asked for. The reply is the caller's to finish in every case. */
RMS_MUST_USE int rms_http_call(
    struct rms_context *context, const struct rms_http_request *request, struct rms_http_reply *reply_out);
void rms_http_reply_fini(struct rms_http_reply *reply);

#define RMS_HTTP_REPLY_CLEANUP __attribute__((cleanup(rms_http_reply_fini)))

/* Percent-encodes one query or form value. */
void rms_http_encode(struct rms_buf *out, const char *text);

/* scheme://host[:port] of a URL, lower case; RMS_E_BAD_ARGUMENT unless it is a well-formed https URL. */
RMS_MUST_USE int rms_http_origin(const char *url, struct rms_buf *out);

#endif
