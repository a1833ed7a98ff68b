/* A reading from the first connection to the last member. */
#include "directory/ldap_read.h"

#include <limits.h>
#include <stdio.h>
#include <sys/stat.h>

#include "base/file.h"
#include "base/text.h"
#include "crypto/digest.h"
#include "directory/ldap_core.h"
#include "directory/ldap_entry.h"

#define ENTRY_MAX    (512u * 1024 * 1024) /* a group with all its members */
#define ENTRY_KEPT   (1024u * 1024)
#define PAGE_PEOPLE  500u
#define PAGE_MEMBERS 20u
#define SINCE_MAX    120
#define CHANGE_HASH  16 /* bytes of it that are kept, as hex */

struct work {
    const struct rms_ldap_reading *reading;
    struct rms_ldap *ldap;
    struct rms_ldap_layout layout;
    enum rms_source_mode mode;
    struct rms_sync *sync;
    struct rms_arena *arena;   /* of the outcome */
    struct rms_arena *scratch; /* of one entry */
    struct rms_ldap_outcome *outcome;
    char since[SINCE_MAX];  /* where this look starts */
    char newest[SINCE_MAX]; /* time of the newest entry met */
    struct rms_buf changes; /* what a look found */
};

/* --- credentials --------------------------------------------------------------------------------------- */

static int say(struct work *work, int code, const char *what, const char *name)
{
    (void)snprintf(work->outcome->why, sizeof work->outcome->why, "%s: %.64s", what, name);
    return code;
}

static int path_of(struct work *work, const char *name, char path_out[PATH_MAX])
{
    struct stat info;
    int len = snprintf(path_out, PATH_MAX, "%s/%s", work->reading->credentials, name);

    if (len < 0 || len >= PATH_MAX) {
        return RMS_E_NAME_TOO_LONG;
    }
    if (stat(path_out, &info) != 0) {
        return say(work, RMS_E_NOT_FOUND, "no such file in the credentials directory", name);
    }
    return (info.st_mode & 077) == 0
               ? 0
               : say(work, RMS_E_PERMISSION, "others may read the credential: give it mode 0600", name);
}

static int bind_with_password(struct work *work, const struct rms_ldap_settings *s)
{
    RMS_BUF_CLEANUP struct rms_buf text = RMS_BUF_INIT(RMS_LDAP_PASSWORD_MAX);
    char path[PATH_MAX];
    int status;

    RMS_TRY(path_of(work, s->password_file, path));
    status = rms_file_read(path, &text);
    if (status < 0) {
        return say(work, status, "the credential cannot be read", s->password_file);
    }
    while (text.len > 0 && (text.data[text.len - 1] == '\n' || text.data[text.len - 1] == '\r')) {
        rms_buf_truncate(&text, text.len - 1);
    }
    return rms_ldap_bind(work->ldap, s->bind_dn, rms_buf_view(&text));
}

static int bind_to(struct work *work)
{
    const struct rms_ldap_settings *s = work->reading->settings;
    char path[PATH_MAX];

    if (s->keytab == NULL) {
        return bind_with_password(work, s);
    }
    RMS_TRY(path_of(work, s->keytab, path));
    return rms_ldap_bind_keytab(work->ldap, path, s->principal);
}

/* --- changes ------------------------------------------------------------------------------------------- */

/* The directory's own times are digits, a point and a Z; nothing else may get into a filter. */
static bool is_time(const char *text)
{
    return text != NULL && text[0] != '\0' && strlen(text) < 32 &&
           strspn(text, "0123456789.Z") == strlen(text);
}

static void note_time(struct work *work, struct rms_ldap_entry *entry)
{
    const char *time = rms_ldap_entry_text(entry, work->scratch, work->layout.changed);

    if (is_time(time) && strcmp(time, work->newest) > 0) {
        (void)snprintf(work->newest, sizeof work->newest, "%s", time);
    }
}

/* The filter, and only what changed at or after the time the look starts at. */
static const char *narrowed(struct work *work, const char *filter)
{
    return work->mode == RMS_SOURCE_CHANGES
               ? rms_arena_printf(work->arena, "(&%s(%s>=%s))", filter, work->layout.changed, work->since)
               : filter;
}

static int note_change(void *context, struct rms_ldap_entry *entry)
{
    struct work *work = context;
    const char *version = rms_ldap_entry_text(entry, work->scratch, work->layout.version);

    note_time(work, entry);
    rms_buf_printf(&work->changes, "%s %s\n", rms_ldap_entry_dn(entry, work->scratch),
        version != NULL ? version : work->newest);
    rms_arena_reset(work->scratch, ENTRY_KEPT);
    return rms_buf_status(&work->changes);
}

static int search(struct work *work, const char *base, const char *filter, rms_ldap_each each)
{
    const struct rms_ldap_query query = {.base = base,
        .filter = narrowed(work, filter),
        .attributes = work->layout.changes,
        .page = PAGE_PEOPLE};

    return query.filter != NULL ? rms_ldap_search(work->ldap, &query, each, work) : RMS_E_NO_MEMORY;
}

static const char *group_base(const struct work *work)
{
    const struct rms_ldap_settings *s = work->reading->settings;

    return s->group_base != NULL ? s->group_base : s->people_base;
}

static void hash_changes(const struct work *work, char hex_out[2 * CHANGE_HASH + 1])
{
    uint8_t digest[RMS_HASH_MAX];

    rms_hash(RMS_SHA256, rms_buf_view(&work->changes), digest);
    for (size_t i = 0; i < CHANGE_HASH; i++) {
        (void)snprintf(hex_out + 2 * i, 3, "%02x", digest[i]);
    }
}

/* "TIME" or "TIME HASH": entries of the very second are found again each time; the hash tells whether they
 * are still the same, so that an idle look costs two searches and nothing else. */
static int look(struct work *work, const char *hash_before, bool *same_out)
{
    char hash[2 * CHANGE_HASH + 1];
    bool settled;

    RMS_TRY(search(work, work->reading->settings->people_base, work->layout.people_filter, note_change));
    RMS_TRY(search(work, group_base(work), work->layout.group_filter, note_change));
    hash_changes(work, hash);
    *same_out = hash_before != NULL && strcmp(hash, hash_before) == 0;
    settled = work->newest[0] == '\0' || strcmp(work->newest, work->since) == 0;
    work->outcome->changed_since = settled ? rms_arena_printf(work->arena, "%s %s", work->since, hash)
                                           : rms_arena_strdup(work->arena, work->newest);
    return work->outcome->changed_since != NULL ? 0 : RMS_E_NO_MEMORY;
}

/* --- feeding ------------------------------------------------------------------------------------------- */

static int feed_person(void *context, struct rms_ldap_entry *entry)
{
    struct work *work = context;
    struct rms_sync_person person;
    int status = rms_ldap_to_person(entry, work->scratch, &work->layout, &person);

    note_time(work, entry);
    status = status < 0 ? status : rms_sync_person(work->sync, &person);
    rms_arena_reset(work->scratch, ENTRY_KEPT);
    return status;
}

static int feed_group(void *context, struct rms_ldap_entry *entry)
{
    struct work *work = context;
    struct rms_sync_group group;
    int status = rms_ldap_to_group(entry, work->scratch, &work->layout, &group);

    note_time(work, entry);
    status = status < 0 ? status : rms_sync_group(work->sync, &group);
    rms_arena_reset(work->scratch, ENTRY_KEPT);
    return status;
}

struct found {
    struct work *work;
    struct rms_ldap_values *values;
    size_t room;
};

static int add_found(void *context, struct rms_ldap_entry *entry)
{
    struct found *found = context;
    struct rms_ldap_values *values = found->values;

    if (values->count == found->room) {
        size_t room = found->room > 0 ? found->room * 2 : 64;
        const char **items = rms_arena_array(found->work->scratch, room, sizeof *items);

        if (items == NULL || values->count >= RMS_LDAP_VALUES_MAX) {
            return RMS_E_LIMIT;
        }
        if (values->count > 0) {
            memcpy(items, values->items, values->count * sizeof *items);
        }
        values->items = items;
        found->room = room;
    }
    values->items[values->count++] = rms_ldap_entry_dn(entry, found->work->scratch);
    return 0;
}

/* A dynamic group whose directory does not list its members: whoever its URL finds here (groupOfURLs). */
static int search_members(struct work *work, const char *url, struct rms_ldap_values *values)
{
    static const char *const nothing[] = {LDAP_NO_ATTRS, NULL};
    struct found found = {.work = work, .values = values, .room = values->count};
    struct rms_ldap_query query = {.attributes = nothing, .page = PAGE_PEOPLE};
    LDAPURLDesc *parts = NULL;

    if (ldap_url_parse(url, &parts) != LDAP_URL_SUCCESS) {
        return 0;
    }
    query.base = rms_arena_strdup(work->scratch, parts->lud_dn != NULL ? parts->lud_dn : "");
    query.filter =
        rms_arena_strdup(work->scratch, parts->lud_filter != NULL ? parts->lud_filter : "(objectClass=*)");
    ldap_free_urldesc(parts);
    if (query.base == NULL || query.filter == NULL) {
        return RMS_E_NO_MEMORY;
    }
    return query.base[0] != '\0' ? rms_ldap_search(work->ldap, &query, add_found, &found) : 0;
}

static int read_members(struct work *work, struct rms_ldap_entry *entry, struct rms_ldap_values *values)
{
    struct rms_ldap_values urls;

    RMS_TRY(rms_ldap_entry_texts(entry, work->scratch, work->layout.names[RMS_LDAP_MEMBER], values));
    if (values->count == 0) {
        RMS_TRY(rms_ldap_entry_texts(entry, work->scratch, "uniqueMember", values));
    }
    if (values->count > 0) {
        return 0;
    }
    RMS_TRY(rms_ldap_entry_texts(entry, work->scratch, "memberURL", &urls));
    for (size_t i = 0; i < urls.count; i++) {
        RMS_TRY(search_members(work, urls.items[i], values));
    }
    return 0;
}

static int feed(struct work *work, struct rms_ldap_entry *entry)
{
    struct rms_ldap_values values;
    const char *group;
    size_t kept = 0;

    RMS_TRY(rms_ldap_dn(work->scratch, rms_ldap_entry_dn(entry, work->scratch), &group));
    RMS_TRY(read_members(work, entry, &values));
    for (size_t i = 0; i < values.count; i++) {
        int status = rms_ldap_dn(work->scratch, values.items[i], &values.items[kept]);

        if (status == 0) {
            kept++;
        } else if (status != RMS_E_BAD_ARGUMENT) {
            return status;
        }
    }
    return rms_sync_members(work->sync, group, values.items, kept);
}

static int feed_members(void *context, struct rms_ldap_entry *entry)
{
    struct work *work = context;
    int status = feed(work, entry);

    rms_arena_reset(work->scratch, ENTRY_KEPT);
    return status;
}

/* --- the whole ----------------------------------------------------------------------------------------- */

struct pass {
    const char *base;
    const char *filter;
    const char *const *attributes;
    unsigned page;
    rms_ldap_each each;
};

static int run(struct work *work, const struct pass *pass)
{
    const struct rms_ldap_query query = {.base = pass->base,
        .filter = narrowed(work, pass->filter),
        .attributes = pass->attributes,
        .page = pass->page};

    return query.filter != NULL ? rms_ldap_search(work->ldap, &query, pass->each, work) : RMS_E_NO_MEMORY;
}

static int read_everything(struct work *work)
{
    const struct rms_ldap_layout *l = &work->layout;
    const struct pass people = {
        work->reading->settings->people_base, l->people_filter, l->people, PAGE_PEOPLE, feed_person};
    const struct pass groups = {group_base(work), l->group_filter, l->groups, PAGE_PEOPLE, feed_group};
    const struct pass members = {group_base(work), l->group_filter, l->members, PAGE_MEMBERS, feed_members};
    bool again = false;

    RMS_TRY(run(work, &people));
    RMS_TRY(rms_sync_people_end(work->sync, &again));
    if (again) {
        RMS_TRY(run(work, &people));
        RMS_TRY(rms_sync_people_end(work->sync, &again));
    }
    RMS_TRY(run(work, &groups));
    RMS_TRY(run(work, &members));
    return rms_sync_groups_end(work->sync);
}

static int synchronise(struct work *work)
{
    const struct rms_ldap_reading *r = work->reading;
    struct rms_sync_options options = r->options;
    int status;

    options.mode = work->mode;
    status = rms_sync_new(r->db, r->source, &options, &work->sync);
    status = status < 0 ? status : read_everything(work);
    if (work->sync != NULL) {
        work->outcome->report = *rms_sync_report(work->sync);
        for (size_t i = 0; i < work->outcome->report.problem_count; i++) {
            struct rms_sync_problem *problem = &work->outcome->report.problems[i];
            const char *dn = rms_arena_strdup(work->arena, problem->dn);

            problem->dn = dn != NULL ? dn : "";
            if (status < 0 && problem->dn[0] == '\0') { /* of the reading, not of an entry */
                (void)snprintf(work->outcome->why, sizeof work->outcome->why, "%s", problem->reason);
            }
        }
    }
    rms_sync_free(&work->sync);
    return status;
}

static int count_person(void *context, struct rms_ldap_entry *entry)
{
    struct work *work = context;

    (void)entry;
    work->outcome->report.people++;
    return 0;
}

static int count_group(void *context, struct rms_ldap_entry *entry)
{
    struct work *work = context;

    (void)entry;
    work->outcome->report.groups++;
    return 0;
}

static int test(struct work *work)
{
    RMS_TRY(search(work, work->reading->settings->people_base, work->layout.people_filter, count_person));
    return search(work, group_base(work), work->layout.group_filter, count_group);
}

static int look_and_synchronise(struct work *work)
{
    const char *blank = strchr(work->reading->source->changed_since, ' ');
    bool same = false;

    (void)snprintf(work->since, sizeof work->since, "%.*s",
        (int)strcspn(work->reading->source->changed_since, " "), work->reading->source->changed_since);
    if (!is_time(work->since)) {
        return RMS_E_DAMAGED;
    }
    RMS_TRY(look(work, blank != NULL ? blank + 1 : NULL, &same));
    work->outcome->looked_only = same;
    return same ? 0 : synchronise(work);
}

static int connect_to(struct work *work)
{
    const struct rms_ldap_reading *r = work->reading;
    const struct rms_ldap_server server = {r->settings->url, r->settings->certificates, r->ca_file, r->stop};
    bool ad = false;

    RMS_TRY(rms_ldap_open(&server, &work->ldap));
    RMS_TRY(bind_to(work));
    RMS_TRY(rms_ldap_is_ad(work->ldap, &ad));
    rms_ldap_layout(r->settings, ad, &work->layout);
    return 0;
}

static int do_work(struct work *work)
{
    if (work->scratch == NULL) {
        return RMS_E_NO_MEMORY;
    }
    RMS_TRY(connect_to(work));
    if (work->mode == RMS_SOURCE_TEST) {
        return test(work);
    }
    if (work->mode == RMS_SOURCE_CHANGES) {
        return look_and_synchronise(work);
    }
    RMS_TRY(synchronise(work));
    if (work->newest[0] != '\0') {
        work->outcome->changed_since = rms_arena_strdup(work->arena, work->newest);
    }
    return 0;
}

void rms_ldap_read(
    struct rms_arena *arena, const struct rms_ldap_reading *reading, struct rms_ldap_outcome *outcome_out)
{
    bool can_look = reading->source->changed_since != NULL || reading->options.mode != RMS_SOURCE_CHANGES;
    struct work work = {.reading = reading,
        .mode = can_look ? reading->options.mode : RMS_SOURCE_ALL,
        .arena = arena,
        .scratch = rms_arena_new(ENTRY_MAX),
        .outcome = outcome_out,
        .changes = RMS_BUF_INIT(ENTRY_MAX)};

    *outcome_out = (struct rms_ldap_outcome){0};
    outcome_out->code = do_work(&work);
    if (outcome_out->code < 0 && outcome_out->why[0] == '\0') {
        const char *why = rms_ldap_why(work.ldap);

        (void)snprintf(outcome_out->why, sizeof outcome_out->why, "%s",
            why[0] != '\0' ? why : rms_error_info(outcome_out->code)->text);
    }
    rms_buf_fini(&work.changes);
    rms_ldap_free(&work.ldap);
    rms_arena_free(&work.scratch);
}

int rms_ldap_check_password(const struct rms_ldap_server *server, const char *dn, const char *password)
{
    RMS_LDAP_CLEANUP struct rms_ldap *ldap = NULL;

    if (password[0] == '\0') {
        return RMS_E_NOT_AUTHENTICATED;
    }
    RMS_TRY(rms_ldap_open(server, &ldap));
    return rms_ldap_bind(ldap, dn, rms_view_str(password));
}
