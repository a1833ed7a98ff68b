/* Choosing a language by Accept-Language (RFC 9110 section 12.5.4; S-097, S-284). Pure. */
#ifndef RMS_SERVICE_REST_LANGUAGE_H
#define RMS_SERVICE_REST_LANGUAGE_H

#include "policy/policy.h"

/* The text of the policy in the most wanted language that it has: exact language first, then another region
 * of it; else the default one. header may be NULL; words that are no language are passed over. NULL only for
 * a policy without texts. */
const struct rms_policy_text *rms_rest_text_for(const struct rms_policy *policy, const char *header);

#endif
