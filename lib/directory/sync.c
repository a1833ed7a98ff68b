/* What is known of a directory's entries, and the people among them. */
#include "directory/sync_core.h"

#include <stdio.h>

#include "base/clock.h"
#include "base/mem.h"
#include "base/text.h"

#define READING_MAX   (1024u * 1024 * 1024)
#define BATCH_MAX     (256u * 1024 * 1024)
#define SCRATCH_MAX   (16u * 1024 * 1024)
#define SCRATCH_KEPT  65536
#define KEEP_EVERY_MS 10000

/* A brake for filters that no longer fit and directories restored empty. */
#define VANISH_FREE 10

/* --- beginning and end --------------------------------------------------------------------------------- */

static int add_known(struct rms_sync *sync, struct rms_known **known_out)
{
    if (sync->known_count == sync->known_room) {
        size_t room = sync->known_room > 0 ? sync->known_room * 2 : 1024;
        struct rms_known *known = rms_realloc(sync->known, room * sizeof *known);

        if (known == NULL) {
            return RMS_E_NO_MEMORY;
        }
        sync->known = known;
        sync->known_room = room;
    }
    *known_out = &sync->known[sync->known_count++];
    **known_out = (struct rms_known){0};
    return 0;
}

static int load(struct rms_sync *sync)
{
    struct rms_entries entries;

    RMS_TRY(rms_entry_list(sync->db, sync->arena, sync->source.tenant_id, sync->source.id, &entries));
    for (size_t i = 0; i < entries.count; i++) {
        struct rms_known *known;

        RMS_TRY(add_known(sync, &known));
        known->row = entries.items[i];
        known->stored = true;
        RMS_TRY(rms_sync_map_put(&sync->by_key, known->row.key, (uint32_t)i));
        if (!known->row.gone) {
            RMS_TRY(rms_sync_map_put(&sync->by_dn, known->row.dn, (uint32_t)i));
        }
    }
    return 0;
}

int rms_sync_new(struct rms_db *db, const struct rms_source *source, const struct rms_sync_options *options,
    struct rms_sync **sync_out)
{
    struct rms_sync *sync = rms_calloc(1, sizeof *sync);

    *sync_out = sync;
    if (sync == NULL) {
        return RMS_E_NO_MEMORY;
    }
    sync->db = db;
    sync->source = *source;
    sync->options = *options;
    sync->kept_ms = rms_clock_monotonic_ms();
    sync->arena = rms_arena_new(READING_MAX);
    sync->scratch = rms_arena_new(SCRATCH_MAX);
    sync->batch_arena = rms_arena_new(BATCH_MAX);
    if (sync->arena == NULL || sync->scratch == NULL || sync->batch_arena == NULL) {
        return RMS_E_NO_MEMORY;
    }
    return load(sync);
}

void rms_sync_free(struct rms_sync **sync)
{
    if (*sync == NULL) {
        return;
    }
    rms_sync_map_fini(&(*sync)->by_key);
    rms_sync_map_fini(&(*sync)->by_dn);
    rms_arena_free(&(*sync)->batch_arena);
    rms_arena_free(&(*sync)->scratch);
    rms_arena_free(&(*sync)->arena);
    rms_free((*sync)->known);
    rms_free(*sync);
    *sync = NULL;
}

const struct rms_sync_report *rms_sync_report(const struct rms_sync *sync)
{
    return &sync->report;
}

void rms_sync_problem(struct rms_sync *sync, const char *dn, const char *reason)
{
    struct rms_sync_report *report = &sync->report;

    report->skipped++;
    if (report->problem_count < RMS_SYNC_PROBLEMS_MAX) {
        const char *kept = rms_arena_strdup(sync->arena, dn);

        report->problems[report->problem_count++] =
            (struct rms_sync_problem){kept != NULL ? kept : "", reason};
    }
}

int rms_sync_keep(struct rms_sync *sync)
{
    int64_t now = rms_clock_now();
    const struct rms_source_lease lease = {
        sync->source.id, sync->options.holder, now, now + RMS_SYNC_LEASE_S};

    if (rms_clock_monotonic_ms() - sync->kept_ms < KEEP_EVERY_MS) {
        return 0;
    }
    sync->kept_ms = rms_clock_monotonic_ms();
    return rms_source_lease(sync->db, &lease);
}

bool rms_sync_is_of_entry(int code)
{
    return code == RMS_E_BAD_ARGUMENT || code == RMS_E_CONFLICT || code == RMS_E_LIMIT;
}

/* --- entries ------------------------------------------------------------------------------------------- */

static int meet(struct rms_sync *sync, const struct rms_sync_entry *entry, struct rms_known **known_out)
{
    char id[RMS_GUID_TEXT];

    rms_guid_new(id);
    RMS_TRY(add_known(sync, known_out));
    (*known_out)->row = (struct rms_entry){
        .tenant_id = sync->source.tenant_id,
        .owner_id = rms_arena_strdup(sync->arena, id),
        .source_id = sync->source.id,
        .key = rms_arena_strdup(sync->arena, entry->key),
    };
    if ((*known_out)->row.owner_id == NULL || (*known_out)->row.key == NULL) {
        return RMS_E_NO_MEMORY;
    }
    return rms_sync_map_put(&sync->by_key, (*known_out)->row.key, (uint32_t)(sync->known_count - 1));
}

struct rms_known *rms_sync_know(struct rms_sync *sync, const struct rms_sync_entry *entry, bool is_group)
{
    uint32_t at = rms_sync_map_get(&sync->by_key, entry->key);
    struct rms_known *known = at != RMS_SYNC_NONE ? &sync->known[at] : NULL;

    if (known == NULL && meet(sync, entry, &known) < 0) {
        return NULL;
    }
    if (!known->stored) {
        known->row.is_group = is_group;
    }
    known->seen = true;
    if (known->row.dn == NULL || strcmp(known->row.dn, entry->dn_name) != 0) {
        known->row.dn = rms_arena_strdup(sync->arena, entry->dn_name);
    }
    if (known->row.dn == NULL ||
        rms_sync_map_put(&sync->by_dn, known->row.dn, (uint32_t)(known - sync->known)) < 0) {
        return NULL;
    }
    return known;
}

/* --- names --------------------------------------------------------------------------------------------- */

/* An account has a UPN always: one that nobody can have. */
static int release(struct rms_sync *sync, const struct rms_entry *entry)
{
    const struct rms_group group = {
        .id = entry->owner_id, .tenant_id = entry->tenant_id, .name = entry->key, .kind = RMS_GROUP_SECURITY};
    const bool enabled = false;
    const struct rms_account_change change = {.enabled = &enabled,
        .upn = rms_arena_printf(sync->scratch, "%s@gone.invalid", entry->owner_id),
        .set_proxy_addresses = true};

    if (entry->is_group) {
        return rms_group_change(sync->db, &group);
    }
    return change.upn != NULL ? rms_account_change(sync->db, entry->tenant_id, entry->owner_id, &change)
                              : RMS_E_NO_MEMORY;
}

int rms_sync_claim(struct rms_sync *sync, const char *name, const char *owner_id)
{
    const char *holder = NULL;
    struct rms_entry entry;
    int status = rms_name_owner_of(sync->db, sync->scratch, sync->source.tenant_id, name, &holder);

    if (status == RMS_E_NOT_FOUND || (status == 0 && strcmp(holder, owner_id) == 0)) {
        return 0;
    }
    RMS_TRY(status);
    status = rms_entry_of(sync->db, sync->scratch, sync->source.tenant_id, holder, &entry);
    if (status == RMS_E_NOT_FOUND) {
        return RMS_E_CONFLICT; /* an account or group of ours */
    }
    RMS_TRY(status);
    if (entry.gone) {
        return release(sync, &entry);
    }
    sync->again = sync->again || (entry.source_id != NULL && strcmp(entry.source_id, sync->source.id) == 0);
    return RMS_E_CONFLICT;
}

/* --- people -------------------------------------------------------------------------------------------- */

static void digest_person(
    const struct rms_sync_person *p, const char *dn, uint8_t digest_out[RMS_ENTRY_DIGEST])
{
    RMS_BUF_CLEANUP struct rms_buf text = RMS_BUF_INIT(BATCH_MAX);

    rms_buf_printf(&text, "person\n%d\n%s\n%s\n%s\n", p->enabled, dn, p->upn,
        p->display_name != NULL ? p->display_name : "");
    for (size_t i = 0; i < p->proxy_address_count; i++) {
        rms_buf_printf(&text, "%s\n", p->proxy_addresses[i]);
    }
    rms_hash(RMS_SHA256, rms_buf_view(&text), digest_out);
}

static bool is_current(
    const struct rms_sync *sync, const struct rms_known *known, const uint8_t digest[RMS_ENTRY_DIGEST])
{
    return known->stored && !known->row.gone && known->row.source_id != NULL &&
           strcmp(known->row.source_id, sync->source.id) == 0 &&
           memcmp(known->row.digest, digest, RMS_ENTRY_DIGEST) == 0;
}

/* Values whose address somebody else has stay, marked so that they authorise nobody (S-038), and the UPN does
 * not step into their place. */
static int fit_addresses(
    struct rms_sync *sync, const struct rms_known *known, struct rms_sync_person *p, bool *dropped_out)
{
    const char **fitted = rms_arena_array(sync->scratch, p->proxy_address_count + 1, sizeof *fitted);
    char address[RMS_ADDRESS_MAX];

    if (fitted == NULL) {
        return RMS_E_NO_MEMORY;
    }
    for (size_t i = 0; i < p->proxy_address_count; i++) {
        int status = 0;

        fitted[i] = p->proxy_addresses[i];
        if (rms_proxy_parse(fitted[i], address) < RMS_PROXY_EMPTY) {
            status = rms_sync_claim(sync, address, known->row.owner_id);
        }
        if (status == RMS_E_CONFLICT) {
            *dropped_out = true;
            fitted[i] = rms_arena_printf(sync->scratch, "TAKEN:%s", address);
        } else {
            RMS_TRY(status);
        }
    }
    p->proxy_addresses = fitted;
    return 0;
}

static int write_account(
    struct rms_sync *sync, const struct rms_known *known, const struct rms_sync_person *p)
{
    const struct rms_account_change change = {.enabled = &p->enabled,
        .upn = p->upn,
        .display_name = p->display_name,
        .proxy_addresses = p->proxy_addresses,
        .proxy_address_count = p->proxy_address_count,
        .set_proxy_addresses = true};
    const struct rms_account account = {.id = known->row.owner_id,
        .tenant_id = sync->source.tenant_id,
        .upn = p->upn,
        .display_name = p->display_name,
        .enabled = p->enabled,
        .created_at = p->entry.created_at != RMS_TIME_NONE && p->entry.created_at < sync->options.now
                          ? p->entry.created_at
                          : sync->options.now,
        .proxy_addresses = p->proxy_addresses,
        .proxy_address_count = p->proxy_address_count,
        .source = RMS_SOURCE_LDAP,
        .external_id = p->entry.key};

    return known->stored ? rms_account_change(sync->db, account.tenant_id, account.id, &change)
                         : rms_account_create(sync->db, &account, NULL);
}

static int put_entry(struct rms_sync *sync, struct rms_known *known, const uint8_t digest[RMS_ENTRY_DIGEST])
{
    struct rms_entry row = known->row;

    row.source_id = sync->source.id;
    row.gone = false;
    memcpy(row.digest, digest, sizeof row.digest);
    return rms_entry_put(sync->db, &row);
}

static int write_person(struct rms_sync *sync, struct rms_known *known, const struct rms_sync_person *p,
    const uint8_t digest[RMS_ENTRY_DIGEST])
{
    int status;

    RMS_TRY(rms_db_begin(sync->db));
    status = write_account(sync, known, p);
    status = status < 0 ? status : put_entry(sync, known, digest);
    return rms_db_end(sync->db, status);
}

static void written(struct rms_sync *sync, struct rms_known *known, const uint8_t digest[RMS_ENTRY_DIGEST])
{
    sync->report.added += known->stored ? 0 : 1;
    sync->report.changed += known->stored ? 1 : 0;
    known->stored = true;
    known->row.gone = false;
    known->row.source_id = sync->source.id;
    memcpy(known->row.digest, digest, RMS_ENTRY_DIGEST);
}

/* Whoever could not have a name now is given once more, when names have become free. */
static bool comes_again(const struct rms_sync *sync)
{
    return sync->again && !sync->passed && sync->options.mode >= RMS_SOURCE_ALL;
}

static int apply_person(struct rms_sync *sync, const struct rms_sync_person *given)
{
    struct rms_sync_person p = *given;
    struct rms_known *known = &sync->known[rms_sync_map_get(&sync->by_key, p.entry.key)];
    uint8_t digest[RMS_HASH_MAX];
    char upn[RMS_ADDRESS_MAX];
    bool dropped = false;
    int status = rms_address_normalise(p.upn, upn);

    status = status < 0 ? status : rms_sync_claim(sync, upn, known->row.owner_id);
    status = status < 0 ? status : fit_addresses(sync, known, &p, &dropped);
    RMS_TRY(status);
    digest_person(&p, known->row.dn, digest);
    if (!is_current(sync, known, digest)) {
        RMS_TRY(write_person(sync, known, &p, digest));
        written(sync, known, digest);
    }
    if (dropped && !comes_again(sync)) {
        rms_sync_problem(sync, p.entry.dn, "an address of it is somebody else's");
    }
    return 0;
}

static const char *why_not(int code)
{
    return code == RMS_E_CONFLICT ? "its name, or the entry, is somebody else's"
           : code == RMS_E_LIMIT  ? "it has too many addresses"
                                  : "its name is no address";
}

/* A person who cannot be taken over as he is now is at least shut out when he is disabled there. */
static int shut_out(struct rms_sync *sync, const struct rms_sync_person *p)
{
    const struct rms_known *known = &sync->known[rms_sync_map_get(&sync->by_key, p->entry.key)];
    const struct rms_account_change change = {.enabled = &p->enabled};

    return known->stored && !p->enabled
               ? rms_account_change(sync->db, known->row.tenant_id, known->row.owner_id, &change)
               : 0;
}

static int apply_people(struct rms_sync *sync)
{
    const struct rms_sync_person *people = sync->batch;

    for (size_t i = 0; i < sync->batch_count; i++) {
        int status = apply_person(sync, &people[i]);

        if (rms_sync_is_of_entry(status)) {
            if (!comes_again(sync)) {
                rms_sync_problem(sync, people[i].entry.dn, why_not(status));
            }
            status = shut_out(sync, &people[i]);
        }
        RMS_TRY(status);
        rms_arena_reset(sync->scratch, SCRATCH_KEPT);
    }
    return 0;
}

static int flush_people(struct rms_sync *sync)
{
    int status;

    if (sync->batch_count == 0) {
        return 0;
    }
    RMS_TRY(rms_db_begin(sync->db));
    status = rms_db_end(sync->db, apply_people(sync));
    sync->batch_count = 0;
    sync->batch = NULL;
    rms_arena_reset(sync->batch_arena, SCRATCH_KEPT);
    return status;
}

static int queue_person(struct rms_sync *sync, const struct rms_sync_person *p)
{
    struct rms_arena *arena = sync->batch_arena;
    struct rms_sync_person *people =
        sync->batch != NULL ? sync->batch : rms_arena_array(arena, RMS_SYNC_BATCH, sizeof *people);
    const char **values = rms_arena_array(arena, p->proxy_address_count + 1, sizeof *values);
    struct rms_sync_person *copy;

    if (people == NULL || values == NULL) {
        return RMS_E_NO_MEMORY;
    }
    sync->batch = people;
    copy = &people[sync->batch_count++];
    *copy = *p;
    copy->entry.key = rms_arena_strdup(arena, p->entry.key);
    copy->entry.dn = rms_arena_strdup(arena, p->entry.dn);
    copy->upn = rms_arena_strdup(arena, p->upn);
    copy->display_name = rms_arena_strdup(arena, p->display_name);
    for (size_t i = 0; i < p->proxy_address_count; i++) {
        values[i] = rms_arena_strdup(arena, p->proxy_addresses[i]);
        if (values[i] == NULL) {
            return RMS_E_NO_MEMORY;
        }
    }
    copy->proxy_addresses = values;
    return copy->entry.key != NULL && copy->entry.dn != NULL && copy->upn != NULL ? 0 : RMS_E_NO_MEMORY;
}

int rms_sync_person(struct rms_sync *sync, const struct rms_sync_person *person)
{
    uint8_t digest[RMS_HASH_MAX];
    struct rms_known *known;

    RMS_TRY(rms_sync_keep(sync));
    sync->report.people += sync->passed ? 0 : 1;
    if (person->entry.key == NULL || person->upn == NULL) {
        if (!sync->passed) {
            rms_sync_problem(sync, person->entry.dn,
                person->entry.key == NULL ? "it has no id that never changes"
                                          : "it has no userPrincipalName and no mail");
        }
        return 0;
    }
    known = rms_sync_know(sync, &person->entry, false);
    if (known == NULL) {
        return RMS_E_NO_MEMORY;
    }
    if (known->row.is_group) {
        rms_sync_problem(sync, person->entry.dn, "it was a group before");
        return 0;
    }
    digest_person(person, known->row.dn, digest);
    if (is_current(sync, known, digest)) {
        return 0;
    }
    RMS_TRY(queue_person(sync, person));
    return sync->batch_count == RMS_SYNC_BATCH ? flush_people(sync) : 0;
}

/* --- who is gone --------------------------------------------------------------------------------------- */

static bool is_missing(const struct rms_sync *sync, const struct rms_known *known)
{
    return known->stored && !known->seen && !known->row.gone && !known->row.is_group &&
           known->row.source_id != NULL && strcmp(known->row.source_id, sync->source.id) == 0;
}

static int disable(struct rms_sync *sync, struct rms_known *known)
{
    static const bool enabled = false;
    const struct rms_account_change change = {.enabled = &enabled};
    int status = rms_account_change(sync->db, known->row.tenant_id, known->row.owner_id, &change);

    known->row.gone = true;
    sync->report.vanished++;
    return status < 0 ? status : rms_entry_put(sync->db, &known->row);
}

static int check_brake(struct rms_sync *sync)
{
    size_t missing = 0;
    size_t all = 0;

    for (size_t i = 0; i < sync->known_count; i++) {
        const struct rms_known *known = &sync->known[i];

        missing += is_missing(sync, known) ? 1 : 0;
        all += !known->row.is_group && (known->seen || is_missing(sync, known)) ? 1 : 0;
    }
    if (missing > VANISH_FREE && missing > all / 2 && sync->options.mode != RMS_SOURCE_FORCE) {
        rms_sync_problem(sync, "", "more than half of the people are gone: nobody was disabled");
        return RMS_E_LIMIT;
    }
    return 0;
}

static int disable_missing(struct rms_sync *sync)
{
    for (size_t from = 0; from < sync->known_count; from += RMS_SYNC_BATCH) {
        int status = 0;

        RMS_TRY(rms_sync_keep(sync));
        RMS_TRY(rms_db_begin(sync->db));
        for (size_t i = from; status == 0 && i < sync->known_count && i < from + RMS_SYNC_BATCH; i++) {
            status = is_missing(sync, &sync->known[i]) ? disable(sync, &sync->known[i]) : 0;
        }
        RMS_TRY(rms_db_end(sync->db, status));
    }
    return 0;
}

int rms_sync_people_end(struct rms_sync *sync, bool *again_out)
{
    RMS_TRY(flush_people(sync));
    *again_out = false;
    if (sync->options.mode >= RMS_SOURCE_ALL && !sync->passed) {
        RMS_TRY(check_brake(sync));
        RMS_TRY(disable_missing(sync));
        *again_out = sync->again;
    }
    sync->passed = true;
    sync->again = false;
    return 0;
}
