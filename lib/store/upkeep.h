/* Upkeep of the database as a whole: for operators. */
#ifndef RMS_STORE_UPKEEP_H
#define RMS_STORE_UPKEEP_H

#include "store/store.h"

struct rms_upkeep {
    const char *engine; /* "sqlite", "postgresql" */
    unsigned version;   /* of the schema, as found; rms_store_version is what this build needs */
    const char *const *problems;
    size_t problem_count;
};

/* Reads through an SQLite file, pages and references; asks a server for broken indexes, unproven references
 * and pages that failed their checksum. At most RMS_UPKEEP_PROBLEMS_MAX are told. Outside transactions. */
#define RMS_UPKEEP_PROBLEMS_MAX 50
RMS_MUST_USE int rms_upkeep_check(struct rms_db *db, struct rms_arena *arena, struct rms_upkeep *upkeep_out);

/* What rms_store_open does too: brings the schema to this build's version. RMS_E_UNSUPPORTED_VERSION. */
RMS_MUST_USE int rms_upkeep_migrate(struct rms_db *db, unsigned *before_out);

/* A whole copy of an SQLite database at one moment, while others use it: a new file beside it, FILE-SUFFIX,
 * mode 0600, complete and synced when this returns. RMS_E_CONFLICT when there is such a file;
 * RMS_E_UNSUPPORTED for a server's database, which its own tools copy. Outside transactions. In a rehearsal
 * this names the file and migrate the version, and nothing is done. */
RMS_MUST_USE int rms_upkeep_backup(
    struct rms_db *db, struct rms_arena *arena, const char *suffix, const char **path_out);

#endif
