/* The licence cache: use licences from the service and the keys of own documents, by publishing licence. */
#ifndef RMS_CLIENT_CACHE_H
#define RMS_CLIENT_CACHE_H

#include "xrml/enabling.h"

struct rms_context;

enum rms_cached { RMS_CACHED_LICENCE = 1, RMS_CACHED_OWN_KEY = 2 };

/* A use licence chain, until its end. */
RMS_MUST_USE int rms_cache_put_licence(struct rms_context *context, const char *address, struct rms_view pl,
    struct rms_view ul_chain, int64_t until);

/* The content key of a document that the person protected. */
RMS_MUST_USE int rms_cache_put_own(
    struct rms_context *context, const char *address, struct rms_view pl, const struct rms_content_key *key);

/* RMS_E_NOT_FOUND. For RMS_CACHED_LICENCE the chain is appended to out; for RMS_CACHED_OWN_KEY key_out is
 * set. */
RMS_MUST_USE int rms_cache_get(struct rms_context *context, const char *address, struct rms_view pl,
    enum rms_cached *kind_out, struct rms_buf *out, struct rms_content_key *key_out);

RMS_MUST_USE int rms_cache_remove(struct rms_context *context, const char *address, struct rms_view pl);

#endif
