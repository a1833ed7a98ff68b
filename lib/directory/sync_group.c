/* The groups of a directory, and who is in them. */
#include "directory/sync_core.h"

#include <stdlib.h>

#define MEMBERS_BATCH 1000
#define MEMBERS_MAX   (512u * 1024 * 1024)

static void digest_group(const struct rms_sync_group *g, const char *dn, uint8_t digest_out[RMS_ENTRY_DIGEST])
{
    RMS_BUF_CLEANUP struct rms_buf text = RMS_BUF_INIT(1024u * 1024);

    rms_buf_printf(
        &text, "group\n%d\n%s\n%s\n%s\n", g->kind, dn, g->name, g->address != NULL ? g->address : "");
    rms_hash(RMS_SHA256, rms_buf_view(&text), digest_out);
}

static bool is_ours(const struct rms_sync *sync, const struct rms_known *known)
{
    return known->row.source_id != NULL && strcmp(known->row.source_id, sync->source.id) == 0;
}

static bool is_current(
    const struct rms_sync *sync, const struct rms_known *known, const uint8_t digest[RMS_ENTRY_DIGEST])
{
    return known->stored && !known->row.gone && is_ours(sync, known) &&
           memcmp(known->row.digest, digest, RMS_ENTRY_DIGEST) == 0;
}

static int write_group(struct rms_sync *sync, struct rms_known *known, const struct rms_sync_group *g)
{
    const struct rms_group group = {.id = known->row.owner_id,
        .tenant_id = sync->source.tenant_id,
        .name = g->name,
        .address = g->address,
        .kind = g->kind,
        .created_at = sync->options.now,
        .source = RMS_SOURCE_LDAP,
        .external_id = known->row.key};
    struct rms_entry row = known->row;
    int status;

    row.source_id = sync->source.id;
    row.gone = false;
    digest_group(g, row.dn, row.digest);
    RMS_TRY(rms_db_begin(sync->db));
    status = known->stored ? rms_group_change(sync->db, &group) : rms_group_create(sync->db, &group);
    status = status == 0 && known->stored
                 ? rms_group_set_kind(sync->db, group.tenant_id, group.id, group.kind)
                 : status;
    status = status < 0 ? status : rms_entry_put(sync->db, &row);
    RMS_TRY(rms_db_end(sync->db, status));
    sync->report.added += known->stored ? 0 : 1;
    sync->report.changed += known->stored ? 1 : 0;
    known->stored = true;
    known->row = row;
    return 0;
}

/* An address that is somebody else's stays out: the group is then good for nesting, not for grants (S-047).
 */
static int apply_group(struct rms_sync *sync, struct rms_known *known, const struct rms_sync_group *given)
{
    struct rms_sync_group g = *given;
    uint8_t digest[RMS_HASH_MAX];
    char address[RMS_ADDRESS_MAX];
    int status = 0;

    if (g.address != NULL) {
        status = rms_address_normalise(g.address, address);
        status = status < 0 ? status : rms_sync_claim(sync, address, known->row.owner_id);
    }
    if (rms_sync_is_of_entry(status)) {
        rms_sync_problem(sync, g.entry.dn, "its address is none, or somebody else's");
        g.address = NULL;
        status = 0;
    }
    RMS_TRY(status);
    digest_group(&g, known->row.dn, digest);
    return is_current(sync, known, digest) ? 0 : write_group(sync, known, &g);
}

/* Groups are few beside people: each its own transaction. */
int rms_sync_group(struct rms_sync *sync, const struct rms_sync_group *group)
{
    struct rms_known *known;
    uint8_t digest[RMS_HASH_MAX];
    int status;

    RMS_TRY(rms_sync_keep(sync));
    sync->report.groups++;
    if (group->entry.key == NULL || group->name == NULL) {
        rms_sync_problem(sync, group->entry.dn,
            group->entry.key == NULL ? "it has no id that never changes" : "it has no name");
        return 0;
    }
    known = rms_sync_know(sync, &group->entry, true);
    if (known == NULL) {
        return RMS_E_NO_MEMORY;
    }
    if (!known->row.is_group) {
        rms_sync_problem(sync, group->entry.dn, "it was a person before");
        return 0;
    }
    digest_group(group, known->row.dn, digest);
    if (is_current(sync, known, digest)) {
        return 0;
    }
    RMS_TRY(rms_db_begin(sync->db));
    status = rms_db_end(sync->db, apply_group(sync, known, group));
    rms_arena_reset(sync->scratch, 65536);
    if (rms_sync_is_of_entry(status)) {
        rms_sync_problem(sync, group->entry.dn, "its name, or the entry, is somebody else's");
        return 0;
    }
    return status;
}

/* --- members ------------------------------------------------------------------------------------------- */

struct members {
    struct rms_arena *arena;
    const char **ids; /* sorted, each once */
    size_t count;
};

static int compare_text(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* Members outside what is read are none. */
static int resolve(struct rms_sync *sync, struct members *members, const char *const *dn_names, size_t count)
{
    size_t kept = 0;

    members->ids = rms_arena_array(members->arena, count + 1, sizeof *members->ids);
    if (members->ids == NULL) {
        return RMS_E_NO_MEMORY;
    }
    for (size_t i = 0; i < count; i++) {
        uint32_t at = rms_sync_map_get(&sync->by_dn, dn_names[i]);

        if (at == RMS_SYNC_NONE || !sync->known[at].stored || sync->known[at].row.gone) {
            sync->report.unresolved++;
            continue;
        }
        members->ids[members->count++] = sync->known[at].row.owner_id;
    }
    qsort(members->ids, members->count, sizeof *members->ids, compare_text);
    for (size_t i = 0; i < members->count; i++) {
        if (kept == 0 || strcmp(members->ids[kept - 1], members->ids[i]) != 0) {
            members->ids[kept++] = members->ids[i];
        }
    }
    members->count = kept;
    return 0;
}

static void digest_members(const struct members *members, uint8_t digest_out[RMS_ENTRY_DIGEST])
{
    RMS_BUF_CLEANUP struct rms_buf text = RMS_BUF_INIT(MEMBERS_MAX);

    rms_buf_append_str(&text, "members\n");
    for (size_t i = 0; i < members->count; i++) {
        rms_buf_append_str(&text, members->ids[i]);
    }
    rms_hash(RMS_SHA256, rms_buf_view(&text), digest_out);
}

/* What is only in a, of two sorted lists. */
static int only_in(struct members *only, const char *const *a, size_t a_count, const struct members *b)
{
    size_t j = 0;

    only->ids = rms_arena_array(only->arena, a_count + 1, sizeof *only->ids);
    if (only->ids == NULL) {
        return RMS_E_NO_MEMORY;
    }
    for (size_t i = 0; i < a_count; i++) {
        while (j < b->count && strcmp(b->ids[j], a[i]) < 0) {
            j++;
        }
        if (j == b->count || strcmp(b->ids[j], a[i]) != 0) {
            only->ids[only->count++] = a[i];
        }
    }
    return 0;
}

/* In transactions of a bounded size. */
static int change(struct rms_sync *sync, const struct rms_known *known, const struct members *list, bool add)
{
    const struct rms_group group = {
        .id = known->row.owner_id, .tenant_id = known->row.tenant_id, .source = RMS_SOURCE_LDAP};
    const char *unknown = NULL;

    for (size_t from = 0; from < list->count; from += MEMBERS_BATCH) {
        size_t count = list->count - from < MEMBERS_BATCH ? list->count - from : MEMBERS_BATCH;
        const struct rms_member_change part = {.add = list->ids + from,
            .add_count = add ? count : 0,
            .remove = list->ids + from,
            .remove_count = add ? 0 : count};

        RMS_TRY(rms_sync_keep(sync));
        RMS_TRY(rms_group_change_members(sync->db, &group, &part, &unknown));
        sync->report.membership = true;
    }
    return 0;
}

/* Removals come first: when the reading is cut off, rather too few have access than too many. The digest says
 * that all is done, so it is written last. */
static int write_changes(struct rms_sync *sync, struct rms_known *known, const struct members *members)
{
    struct members added = {.arena = members->arena};
    struct members removed = {.arena = members->arena};
    struct rms_member_ids before;
    struct members old;

    RMS_TRY(
        rms_group_member_ids(sync->db, members->arena, known->row.tenant_id, known->row.owner_id, &before));
    old = (struct members){members->arena, before.items, before.count};
    RMS_TRY(only_in(&removed, before.items, before.count, members));
    RMS_TRY(only_in(&added, members->ids, members->count, &old));
    RMS_TRY(change(sync, known, &removed, false));
    RMS_TRY(change(sync, known, &added, true));
    return rms_entry_put(sync->db, &known->row);
}

static int set_members(struct rms_sync *sync, struct rms_known *known, struct members *members,
    const char *const *dn_names, size_t count)
{
    uint8_t digest[RMS_HASH_MAX];

    RMS_TRY(resolve(sync, members, dn_names, count));
    sync->report.members += members->count;
    digest_members(members, digest);
    if (memcmp(known->row.members, digest, RMS_ENTRY_DIGEST) == 0) {
        return 0;
    }
    memcpy(known->row.members, digest, RMS_ENTRY_DIGEST);
    return write_changes(sync, known, members);
}

int rms_sync_members(
    struct rms_sync *sync, const char *group_dn_name, const char *const *dn_names, size_t count)
{
    RMS_ARENA_CLEANUP struct rms_arena *arena = rms_arena_new(MEMBERS_MAX);
    uint32_t at = rms_sync_map_get(&sync->by_dn, group_dn_name);
    struct members members = {.arena = arena};

    if (arena == NULL) {
        return RMS_E_NO_MEMORY;
    }
    if (at == RMS_SYNC_NONE || !sync->known[at].stored || !sync->known[at].row.is_group) {
        return 0;
    }
    return set_members(sync, &sync->known[at], &members, dn_names, count);
}

/* --- groups that are gone ------------------------------------------------------------------------------ */

/* The group stays, and so do rules that name it: without members it gives nobody anything. */
static int empty_group(struct rms_sync *sync, struct rms_known *known)
{
    RMS_ARENA_CLEANUP struct rms_arena *arena = rms_arena_new(MEMBERS_MAX);
    struct members nobody = {.arena = arena};

    if (arena == NULL) {
        return RMS_E_NO_MEMORY;
    }
    known->row.gone = true;
    sync->report.vanished++;
    memset(known->row.members, 0, sizeof known->row.members);
    return set_members(sync, known, &nobody, NULL, 0);
}

int rms_sync_groups_end(struct rms_sync *sync)
{
    for (size_t i = 0; sync->options.mode >= RMS_SOURCE_ALL && i < sync->known_count; i++) {
        struct rms_known *known = &sync->known[i];

        if (known->stored && !known->seen && !known->row.gone && known->row.is_group &&
            is_ours(sync, known)) {
            RMS_TRY(empty_group(sync, known));
        }
    }
    return 0;
}
