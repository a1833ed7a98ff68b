/* One call of the service's REST surface, with everything around it: session, token, renewal of an expired
 * token, rediscovery when the service moved, errors in our words. */
#ifndef RMS_CLIENT_API_H
#define RMS_CLIENT_API_H

#include <jansson.h>

#include "client/session.h"

struct rms_api_call {
    enum rms_endpoint endpoint;
    const json_t *body;    /* NULL: GET */
    const char *language;  /* Accept-Language; may be NULL */
    const char *path;      /* below the endpoint, with its slash; may be NULL */
    const char *query;     /* "name=value", encoded; may be NULL */
    const char *on_behalf; /* for whom an application asks; NULL: for itself */
    bool brief;            /* worth seconds, not minutes; the service is not looked for anew */
};

/* 0: HTTP 200 and JSON, the caller frees it. Everything else is the code the service named, with its sentence
 * as the detail; RMS_E_UNSUPPORTED when the service does not offer the endpoint. */
RMS_MUST_USE int rms_api(struct rms_context *context, const struct rms_api_call *call, json_t **reply_out);

/* Our outcome for an error reply (rest-protocol section 11, desktop-flow last section). */
int rms_api_error(const struct rms_context *context, long http_status, struct rms_view body);

/* RMS_E_OTHER, with the service's word for a reason that we do not know. */
int rms_api_unknown(const struct rms_context *context, const char *word);

/* Decodes a base64 member; RMS_E_BAD_LICENSE when it is absent or not base64. */
RMS_MUST_USE int rms_api_bytes(const json_t *object, const char *name, struct rms_buf *out);

/* A base64 text for a member; NULL when memory is exhausted. */
json_t *rms_api_base64(struct rms_view bytes);

/* The clock against which cached licences are judged: the newest time seen (S-136). */
int64_t rms_seen_now(struct rms_context *context);

/* Notes a time; one that the service told over TLS replaces what was seen, ours only moves it forward. */
void rms_seen_note(struct rms_context *context, int64_t now, bool from_service);

/* Has the clock been set back by more than 15 minutes since? */
bool rms_seen_later(struct rms_context *context, int64_t now);

#endif
