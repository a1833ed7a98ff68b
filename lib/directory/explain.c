/* Why somebody is or is not let in: addresses, ignored values, groups, age (S-064). */
#include "base/clock.h"
#include "base/log.h"
#include "directory/rules.h"

#define EXPLANATION_MAX (64u * 1024 * 1024)

/* The explanation lives in an arena of its own, which it carries. */
struct carried {
    struct rms_explanation explanation;
    struct rms_arena *arena;
};

struct work {
    struct rms_directory *directory;
    struct rms_db *db;
    struct rms_arena *arena;
    const char *tenant_id;
    struct rms_explanation *out;
};

static const struct rms_directory_group *copy_groups(
    struct rms_arena *arena, const struct rms_directory_person *person)
{
    struct rms_directory_group *list = rms_arena_array(arena, person->group_count + 1, sizeof *list);

    for (size_t i = 0; list != NULL && i < person->group_count; i++) {
        list[i].id = rms_arena_strdup(arena, person->groups[i].id);
        list[i].name = rms_arena_strdup(arena, person->groups[i].name);
        list[i].address = rms_arena_strdup(arena, person->groups[i].address);
        if (list[i].id == NULL || list[i].name == NULL) {
            return NULL;
        }
    }
    return list;
}

/* What a decision would be made upon now, cached membership included. */
static int explain_as_cached(struct work *work, const struct rms_account *account)
{
    RMS_DIRECTORY_PERSON_CLEANUP const struct rms_directory_person *person = NULL;
    struct rms_explanation *out = work->out;

    RMS_TRY(rms_directory_person(work->directory, work->db, work->tenant_id, account->id, &person));
    out->super_user = rms_directory_is_super(person, rms_clock_now());
    out->groups = copy_groups(work->arena, person);
    out->group_count = person->group_count;
    out->membership_age_s = rms_clock_now() - person->groups_read_at;
    return out->groups != NULL ? 0 : RMS_E_NO_MEMORY;
}

static int explain_account(struct work *work, const struct rms_account *account)
{
    struct rms_explanation *out = work->out;
    struct rms_addresses addresses;
    struct rms_tenant tenant;

    RMS_TRY(rms_tenant_get(work->db, work->arena, work->tenant_id, &tenant));
    RMS_TRY(rms_addresses_of(work->arena, account, &tenant, &addresses));
    out->id = account->id;
    out->name = account->display_name;
    out->upn = account->upn;
    out->enabled = account->enabled;
    out->guest = account->guest;
    out->usable = addresses.usable;
    out->usable_count = addresses.usable_count;
    out->ignored = addresses.ignored;
    out->ignored_count = addresses.ignored_count;
    return explain_as_cached(work, account);
}

static const char *group_refusal(const struct rms_tenant *tenant, const struct rms_group *group)
{
    const char *why = NULL;

    int code = rms_directory_group_check(
        group->kind, rms_domain_is_verified(tenant, group->address), RMS_USE_GRANT, &why);

    return code < 0 ? why : NULL;
}

static int explain_group_address(struct work *work, const struct rms_group *group)
{
    struct rms_explanation *out = work->out;
    const char **usable = rms_arena_array(work->arena, 1, sizeof *usable);
    struct rms_ignored_value *ignored = rms_arena_array(work->arena, 1, sizeof *ignored);
    struct rms_tenant tenant;

    if (usable == NULL || ignored == NULL) {
        return RMS_E_NO_MEMORY;
    }
    RMS_TRY(rms_tenant_get(work->db, work->arena, work->tenant_id, &tenant));
    out->usable = usable;
    out->ignored = ignored;
    if (group->address == NULL) {
        return 0;
    }
    ignored[0] = (struct rms_ignored_value){group->address, group_refusal(&tenant, group)};
    usable[0] = group->address;
    out->ignored_count = ignored[0].reason != NULL ? 1 : 0;
    out->usable_count = 1 - out->ignored_count;
    return 0;
}

/* Members that point to nothing are skipped everywhere; here somebody is told (S-044). */
static int log_missing_members(struct work *work, const struct rms_group *group)
{
    struct rms_members members;

    RMS_TRY(rms_group_members(work->db, work->arena, work->tenant_id, group->id, &members));
    for (size_t i = 0; i < members.count; i++) {
        if (members.items[i].missing) {
            rms_log(RMS_LOG_INFO, "directory.member-missing", "group", group->id, "member",
                members.items[i].id, NULL);
        }
    }
    return 0;
}

static int explain_group(struct work *work, const struct rms_group *group)
{
    struct rms_explanation *out = work->out;
    struct rms_groups above;
    struct rms_directory_group *list;

    out->is_group = true;
    out->enabled = true;
    out->id = group->id;
    out->name = group->name;
    RMS_TRY(explain_group_address(work, group));
    RMS_TRY(log_missing_members(work, group));
    RMS_TRY(rms_groups_of(work->db, work->arena, work->tenant_id, group->id, &above));
    list = rms_arena_array(work->arena, above.count + 1, sizeof *list);
    if (list == NULL) {
        return RMS_E_NO_MEMORY;
    }
    for (size_t i = 0; i < above.count; i++) {
        list[i] =
            (struct rms_directory_group){above.items[i].id, above.items[i].name, above.items[i].address};
    }
    out->groups = list;
    out->group_count = above.count;
    return 0;
}

static int explain(struct work *work, const char *name)
{
    struct rms_account account;
    struct rms_group group;
    int code = rms_account_find(work->db, work->arena, work->tenant_id, name, &account);

    if (code != RMS_E_NOT_FOUND) {
        return code < 0 ? code : explain_account(work, &account);
    }
    RMS_TRY(rms_group_find(work->db, work->arena, work->tenant_id, name, &group));
    return explain_group(work, &group);
}

int rms_directory_explain(struct rms_directory *directory, struct rms_db *db, const char *tenant_id,
    const char *name, struct rms_explanation **explanation_out)
{
    struct rms_arena *arena = rms_arena_new(EXPLANATION_MAX);
    struct carried *carried = arena != NULL ? rms_arena_alloc(arena, sizeof *carried) : NULL;
    struct work work = {.directory = directory, .db = db, .arena = arena, .tenant_id = tenant_id};
    int code = RMS_E_NO_MEMORY;

    *explanation_out = NULL;
    if (carried != NULL) {
        work.out = &carried->explanation;
        carried->arena = arena;
        code = explain(&work, name);
    }
    if (code < 0) {
        rms_arena_free(&arena);
        return code;
    }
    *explanation_out = &carried->explanation;
    return 0;
}

void rms_explanation_free(struct rms_explanation **explanation)
{
    if (*explanation != NULL) {
        struct rms_arena *arena = ((struct carried *)*explanation)->arena;

        *explanation = NULL;
        rms_arena_free(&arena);
    }
}
