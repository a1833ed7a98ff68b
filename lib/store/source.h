/* Directories outside that people and groups come from, and which account or group is which entry there
 * (doc/dev/directory.md). What a directory's settings mean is known to lib/directory. */
#ifndef RMS_STORE_SOURCE_H
#define RMS_STORE_SOURCE_H

#include "store/account.h"
#include "store/group.h"

/* What a reading is to do; the more it does, the higher. */
enum rms_source_mode {
    RMS_SOURCE_TEST,    /* connect, bind, count: changes nothing */
    RMS_SOURCE_CHANGES, /* what has changed since the last one */
    RMS_SOURCE_ALL,
    RMS_SOURCE_FORCE, /* even when most people would vanish */
};

struct rms_source {
    const char *id; /* GUID */
    const char *tenant_id;
    const char *name;
    const char *settings; /* JSON */
    int64_t created_at;
    int64_t wanted; /* number of the last reading asked for, and of the last one answered */
    int64_t served;
    enum rms_source_mode wanted_mode;
    int64_t read_at;   /* last whole reading that succeeded; 0: none yet */
    int64_t looked_at; /* last look for changes, or whole reading, that succeeded */
    int64_t tried_at;
    int64_t valid_until;       /* membership of its groups counts until then */
    bool stale;                /* and does not any more */
    const char *changed_since; /* in the directory's own time; NULL: not known */
    const char *report;        /* JSON of the last reading that was worth telling; NULL: none */
};

struct rms_sources {
    struct rms_source *items;
    size_t count;
};

/* RMS_E_CONFLICT when the tenant has one of this name. The first reading is wanted at once. */
RMS_MUST_USE int rms_source_add(struct rms_db *db, const struct rms_source *source);

/* Of a tenant; NULL = of all. By name. */
RMS_MUST_USE int rms_source_list(
    struct rms_db *db, struct rms_arena *arena, const char *tenant_id, struct rms_sources *sources_out);

/* By id or name. */
RMS_MUST_USE int rms_source_find(struct rms_db *db, struct rms_arena *arena, const char *tenant_id,
    const char *name, struct rms_source *source_out);

/* Its people are disabled and signed out, its groups are emptied; both stay, and so does the knowledge of
 * which entries they were. */
RMS_MUST_USE int rms_source_remove(struct rms_db *db, const char *tenant_id, const char *id);

/* Asks for a reading; the jobs of some node see it within a second. id NULL: of all the tenant's. */
RMS_MUST_USE int rms_source_want(
    struct rms_db *db, const char *tenant_id, const char *id, enum rms_source_mode mode);

/* --- reading: the jobs ------------------------------------------------------------------------------ */

/* Only who holds the lease reads: RMS_E_CONFLICT while somebody else does. Again with the same name it goes
 * on. */
struct rms_source_lease {
    const char *source_id;
    const char *holder;
    int64_t now;
    int64_t until;
};
RMS_MUST_USE int rms_source_lease(struct rms_db *db, const struct rms_source_lease *lease);

/* What came of a reading; ends the lease. */
struct rms_source_result {
    const char *source_id;
    int64_t served;
    int64_t read_at; /* these three as they shall be from now on */
    int64_t looked_at;
    int64_t valid_until;
    int64_t tried_at;
    const char *changed_since; /* NULL: stays */
    const char *report;        /* NULL: stays */
};
RMS_MUST_USE int rms_source_done(struct rms_db *db, const struct rms_source_result *result);

/* Membership whose time is over counts for nothing from now on. How many sources were found so. */
RMS_MUST_USE int rms_source_expire(struct rms_db *db, int64_t now, int *count_out);

/* --- entries ---------------------------------------------------------------------------------------- */

#define RMS_ENTRY_DIGEST 32

struct rms_entry {
    const char *tenant_id;
    const char *owner_id; /* account or group */
    bool is_group;
    const char *source_id; /* NULL: the directory was removed */
    const char *key;       /* never changes, never given to another entry */
    const char *dn;
    bool gone;                        /* a whole reading did not find it */
    uint8_t digest[RMS_ENTRY_DIGEST]; /* of what was taken over */
    uint8_t members[RMS_ENTRY_DIGEST];
};

struct rms_entries {
    struct rms_entry *items;
    size_t count;
};

/* Those of a source, and those of removed ones. */
RMS_MUST_USE int rms_entry_list(struct rms_db *db, struct rms_arena *arena, const char *tenant_id,
    const char *source_id, struct rms_entries *entries_out);

/* Where an account or group comes from. RMS_E_NOT_FOUND: from here. */
RMS_MUST_USE int rms_entry_of(struct rms_db *db, struct rms_arena *arena, const char *tenant_id,
    const char *owner_id, struct rms_entry *entry_out);

/* RMS_E_CONFLICT when another source has the entry. */
RMS_MUST_USE int rms_entry_put(struct rms_db *db, const struct rms_entry *entry);

/* Of a group: the directory may think otherwise of it by now. */
RMS_MUST_USE int rms_group_set_kind(
    struct rms_db *db, const char *tenant_id, const char *id, enum rms_group_kind kind);

/* Ids of the direct members, sorted. */
struct rms_member_ids {
    const char **items;
    size_t count;
};
RMS_MUST_USE int rms_group_member_ids(struct rms_db *db, struct rms_arena *arena, const char *tenant_id,
    const char *id, struct rms_member_ids *ids_out);

/* Who has a name (normalised address) in the tenant: its id in the arena. RMS_E_NOT_FOUND. */
RMS_MUST_USE int rms_name_owner_of(struct rms_db *db, struct rms_arena *arena, const char *tenant_id,
    const char *name, const char **owner_id_out);

#endif
