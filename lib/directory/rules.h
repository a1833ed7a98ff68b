/* Which addresses of an account authorise (S-037 to S-039, S-051): pure rules, only for this directory. */
#ifndef RMS_DIRECTORY_RULES_H
#define RMS_DIRECTORY_RULES_H

#include "directory/directory.h"
#include "store/tenant.h"

struct rms_addresses {
    const char **usable; /* normalised, each once, as entered */
    size_t usable_count;
    const char *primary; /* of the usable ones; NULL when there is none */
    struct rms_ignored_value *ignored;
    size_t ignored_count;
};

/* Is the domain of the normalised address one of the tenant's? */
bool rms_domain_is_verified(const struct rms_tenant *tenant, const char *address);

/* Everything lives in the arena or is borrowed from the account. */
RMS_MUST_USE int rms_addresses_of(struct rms_arena *arena, const struct rms_account *account,
    const struct rms_tenant *tenant, struct rms_addresses *addresses_out);

#endif
