/* Inside of a reading: only for sync*.c. */
#ifndef RMS_DIRECTORY_SYNC_CORE_H
#define RMS_DIRECTORY_SYNC_CORE_H

#include "crypto/digest.h"
#include "directory/sync.h"
#include "directory/sync_map.h"

#define RMS_SYNC_BATCH 200 /* entries written in one transaction */

/* An entry known from before or met now. */
struct rms_known {
    struct rms_entry row;
    bool seen;
    bool stored; /* there is a row */
};

struct rms_sync {
    struct rms_db *db;
    struct rms_source source;
    struct rms_sync_options options;
    struct rms_arena *arena;   /* of the reading */
    struct rms_arena *scratch; /* of one step */
    struct rms_known *known;
    size_t known_count;
    size_t known_room;
    struct rms_sync_map by_key;
    struct rms_sync_map by_dn;
    struct rms_arena *batch_arena;
    void *batch; /* of people or groups */
    size_t batch_count;
    bool again;  /* a name was somebody's of the same source */
    bool passed; /* the people have been given once already */
    int64_t kept_ms;
    struct rms_sync_report report;
};

/* The known entry of a key, met or made now; NULL without memory. dn_name becomes its name. */
struct rms_known *rms_sync_know(struct rms_sync *sync, const struct rms_sync_entry *entry, bool is_group);

/* Takes a name from whoever is gone. 0: it is free, or the owner's own; RMS_E_CONFLICT: somebody has it. */
RMS_MUST_USE int rms_sync_claim(struct rms_sync *sync, const char *name, const char *owner_id);

/* Keeps the lease. RMS_E_CONFLICT when another node took over. */
RMS_MUST_USE int rms_sync_keep(struct rms_sync *sync);

/* Is this failure one of the entry, and the reading goes on? */
bool rms_sync_is_of_entry(int code);

#endif
