/* A policy as JSON: the body of online publishing (rest-protocol section 8) and the text of licence files. */
#ifndef RMS_CLIENT_BUILDER_JSON_H
#define RMS_CLIENT_BUILDER_JSON_H

#include <jansson.h>

#include "client/builder.h"

/* The request for publishinglicenses. more: signed application data beside the policy's own. NULL when memory
 * is exhausted. */
json_t *rms_builder_request(const struct rms_policy_builder *builder, int64_t now,
    const struct rms_name_value *more, size_t more_count);

/* The body of publishinglicenses/rights/change: the builder's grants come to the list of this licence. */
json_t *rms_builder_change(const struct rms_policy_builder *builder, const struct rms_rights_change *change,
    struct rms_view licence, const struct rms_name_value *more, size_t more_count);

#endif
