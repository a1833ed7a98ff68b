/* Taking over people and groups from a directory outside into the store: what a reader feeds (ldap_read.c),
 * compared with what was taken over before, written in small transactions. What has not changed costs no
 * write.
 *
 * Rules kept here (doc/dev/directory.md)
 * - An entry is who its key says, whatever it is called now: a recycled address does not make a new entry the
 * old person (S-042).
 * - A name that an account or group of somebody else has is not taken away from it: it stays out and is
 * reported. Only an entry that is gone gives its names back.
 * - Who is gone is disabled, not deleted; a group that is gone is emptied.
 * - When more than half of the people are gone at once, nothing is done but to say so. */
#ifndef RMS_DIRECTORY_SYNC_H
#define RMS_DIRECTORY_SYNC_H

#include "store/source.h"

struct rms_sync;

struct rms_sync_options {
    enum rms_source_mode mode;
    const char *holder; /* of the lease, which is kept up meanwhile */
    int64_t now;
};

#define RMS_SYNC_PROBLEMS_MAX 20
#define RMS_SYNC_LEASE_S      120

struct rms_sync_problem {
    const char *dn;
    const char *reason; /* static text */
};

struct rms_sync_report {
    size_t people; /* read */
    size_t groups;
    size_t members;
    size_t added; /* people and groups */
    size_t changed;
    size_t vanished;
    size_t skipped;    /* entries that could not be taken over, or not as they are */
    size_t unresolved; /* members that are no entry read here (S-044) */
    bool membership;   /* of some group changed */
    struct rms_sync_problem problems[RMS_SYNC_PROBLEMS_MAX];
    size_t problem_count;
};

RMS_MUST_USE int rms_sync_new(struct rms_db *db, const struct rms_source *source,
    const struct rms_sync_options *options, struct rms_sync **sync_out);
void rms_sync_free(struct rms_sync **sync);
#define RMS_SYNC_CLEANUP __attribute__((cleanup(rms_sync_free)))

/* Texts are copied where they are kept. dn_name: the DN in the form of rms_ldap_dn. */
struct rms_sync_entry {
    const char *key; /* NULL: it has none, and is reported */
    const char *dn;
    const char *dn_name;
    int64_t created_at; /* RMS_TIME_NONE: not known */
};

struct rms_sync_person {
    struct rms_sync_entry entry;
    const char *upn; /* NULL: none that can be used */
    const char *display_name;
    const char *const *proxy_addresses;
    size_t proxy_address_count;
    bool enabled;
};
RMS_MUST_USE int rms_sync_person(struct rms_sync *sync, const struct rms_sync_person *person);

/* All people have been given. again_out: some could not have a name that is free now; give them once more. */
RMS_MUST_USE int rms_sync_people_end(struct rms_sync *sync, bool *again_out);

struct rms_sync_group {
    struct rms_sync_entry entry;
    const char *name;
    const char *address; /* NULL: none */
    enum rms_group_kind kind;
};
RMS_MUST_USE int rms_sync_group(struct rms_sync *sync, const struct rms_sync_group *group);
RMS_MUST_USE int rms_sync_groups_end(struct rms_sync *sync);

/* Members of a group given before, as DNs in the form of rms_ldap_dn. */
RMS_MUST_USE int rms_sync_members(
    struct rms_sync *sync, const char *group_dn_name, const char *const *dn_names, size_t count);

/* The reader has something to say about an entry. reason: static text. */
void rms_sync_problem(struct rms_sync *sync, const char *dn, const char *reason);

const struct rms_sync_report *rms_sync_report(const struct rms_sync *sync);

#endif
