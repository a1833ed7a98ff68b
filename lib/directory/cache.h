/* What the cache offers to the rest of this directory. */
#ifndef RMS_DIRECTORY_CACHE_H
#define RMS_DIRECTORY_CACHE_H

#include "directory/person.h"

/* Raises the refresh counter of the store and serves it in this process: for one account, or everybody
 * (NULL). */
RMS_MUST_USE int rms_directory_refresh_counter(
    struct rms_directory *directory, struct rms_db *db, const struct rms_person_key *account);

#endif
