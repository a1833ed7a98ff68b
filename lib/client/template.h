/* The signed templates a person may protect with: cached, checked against the pinned SLC, parsed (S-139,
 * C-031). */
#ifndef RMS_CLIENT_TEMPLATE_H
#define RMS_CLIENT_TEMPLATE_H

#include "xrml/licence.h"

struct rms_context;
struct rms_identity;
struct rms_template_list;

/* One template, in the caller's arena. */
struct rms_template_found {
    struct rms_policy policy;
    struct rms_view text; /* the signed template, as it goes into the rights data */
};

/* By id, or by name in any of its languages. Refreshed from the service when the cache is too old and the
 * service may be asked. RMS_E_TEMPLATE_NOT_FOUND, RMS_E_CONFLICT (a name of several), RMS_E_NEEDS_ONLINE
 * (cache too old). */
RMS_MUST_USE int rms_template_find(struct rms_context *context, const struct rms_identity *identity,
    struct rms_arena *arena, const char *id_or_name, struct rms_template_found *found_out);

/* The same from the cache as it is, however old, by id. RMS_E_TEMPLATE_NOT_FOUND. */
RMS_MUST_USE int rms_template_known(struct rms_context *context, const struct rms_identity *identity,
    struct rms_arena *arena, const char *id, struct rms_template_found *found_out);

/* Asks the service now. */
RMS_MUST_USE int rms_templates_refresh(struct rms_context *context, const struct rms_identity *identity);

/* When the cache was filled; RMS_TIME_NONE when it is empty. */
int64_t rms_templates_fetched(struct rms_context *context, const char *address);

void rms_template_list_free(struct rms_template_list **list);

#endif
