/* Building a person from the store, in one block of memory with a reference count. Only for this directory.
 */
#ifndef RMS_DIRECTORY_PERSON_H
#define RMS_DIRECTORY_PERSON_H

#include "directory/directory.h"

struct rms_person_key {
    const char *tenant_id;
    const char *account_id;
};

/* old: what is known already; its groups are taken over while they are younger than the tenant's
 * group_cache_s. NULL: membership is read. read_groups_out tells which. RMS_E_NOT_FOUND for no such account.
 */
RMS_MUST_USE int rms_person_build(struct rms_db *db, const struct rms_person_key *key,
    const struct rms_directory_person *old, bool *read_groups_out,
    const struct rms_directory_person **person_out);

/* Is membership still good now? A clock that went back makes it old. */
bool rms_membership_is_fresh(const struct rms_directory_person *person);

#endif
