/* From rows to a person. Everything is collected in a scratch arena, then laid out in one block: measured
 * first, filled then, by the same code. */
#include "directory/person.h"

#include <stdalign.h>
#include <stdatomic.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "directory/rules.h"
#include "store/app.h"

#define SCRATCH (64u * 1024 * 1024)

/* S-049: as long as is not known which groups somebody is in, that is not kept for longer. */
#define UNRESOLVED_S 300

/* What stands in front of every person handed out. */
struct block {
    atomic_uint references;
    unsigned group_cache_s;
    struct rms_directory_person person;
};

struct draft {
    struct rms_arena *arena;
    struct rms_account account;
    struct rms_tenant tenant;
    struct rms_addresses addresses;
    const struct rms_directory_group *groups;
    size_t group_count;
    int64_t groups_read_at;
    bool groups_are_new; /* read just now, not kept */
    bool groups_unresolved;
    const char **group_addresses; /* those in verified domains, sorted, each once */
    size_t group_address_count;
    const char **open_domains; /* S-052 */
    size_t open_domain_count;
    int64_t super_until; /* 0: no super user */
};

static struct block *block_of(const struct rms_directory_person *person)
{
    return (struct block *)((uintptr_t)person - offsetof(struct block, person));
}

/* S-045: membership may be as old as the tenant allows now, not as it did when it was read. */
static bool is_fresh(const struct rms_directory_person *person, unsigned group_cache_s)
{
    int64_t age = rms_clock_now() - person->groups_read_at;
    int64_t limit = person->groups_unresolved && group_cache_s > UNRESOLVED_S ? UNRESOLVED_S : group_cache_s;

    return age >= 0 && age < limit;
}

bool rms_membership_is_fresh(const struct rms_directory_person *person)
{
    return is_fresh(person, block_of(person)->group_cache_s);
}

const struct rms_directory_person *rms_directory_ref(const struct rms_directory_person *person)
{
    (void)atomic_fetch_add_explicit(&block_of(person)->references, 1, memory_order_relaxed);
    return person;
}

void rms_directory_unref(const struct rms_directory_person **person)
{
    if (*person != NULL) {
        struct block *block = block_of(*person);

        if (atomic_fetch_sub_explicit(&block->references, 1, memory_order_acq_rel) == 1) {
            rms_free(block);
        }
        *person = NULL;
    }
}

/* Collecting */

static int read_groups(struct rms_db *db, struct draft *draft)
{
    struct rms_groups groups;
    struct rms_directory_group *list;

    RMS_TRY(rms_groups_of(db, draft->arena, draft->account.tenant_id, draft->account.id, &groups));
    RMS_TRY(rms_groups_stale(db, draft->account.tenant_id, &draft->groups_unresolved));
    list = rms_arena_array(draft->arena, groups.count + 1, sizeof *list);
    if (list == NULL) {
        return RMS_E_NO_MEMORY;
    }
    for (size_t i = 0; i < groups.count; i++) {
        list[i] =
            (struct rms_directory_group){groups.items[i].id, groups.items[i].name, groups.items[i].address};
    }
    draft->groups = list;
    draft->group_count = groups.count;
    return 0;
}

static int find_groups(
    struct rms_db *db, struct draft *draft, const struct rms_directory_person *old, bool *read_groups_out)
{
    *read_groups_out = old == NULL || !is_fresh(old, draft->tenant.group_cache_s);
    if (*read_groups_out) {
        draft->groups_read_at = rms_clock_now();
        return read_groups(db, draft);
    }
    draft->groups_unresolved = old->groups_unresolved;
    draft->groups_read_at = old->groups_read_at;
    draft->groups = old->groups;
    draft->group_count = old->group_count;
    return 0;
}

static int compare_text(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static int collect_group_addresses(struct draft *draft)
{
    size_t count = 0;

    draft->group_addresses =
        rms_arena_array(draft->arena, draft->group_count + 1, sizeof *draft->group_addresses);
    if (draft->group_addresses == NULL) {
        return RMS_E_NO_MEMORY;
    }
    for (size_t i = 0; i < draft->group_count; i++) {
        const char *address = draft->groups[i].address;

        if (address != NULL && rms_domain_is_verified(&draft->tenant, address)) {
            draft->group_addresses[count++] = address;
        } else if (address != NULL && draft->groups_are_new) {
            /* no grant reaches it; those to his other groups and to himself count (S-072) */
            rms_log(RMS_LOG_INFO, "directory.group-left-out", "group", draft->groups[i].id, "address",
                address, "reason", "domain not verified", NULL);
        }
    }
    qsort(draft->group_addresses, count, sizeof *draft->group_addresses, compare_text);
    draft->group_address_count = count;
    return 0;
}

static bool in_groups(const struct rms_directory_group *groups, size_t count, const char *id)
{
    for (size_t i = 0; i < count; i++) {
        if (strcmp(groups[i].id, id) == 0) {
            return true;
        }
    }
    return false;
}

/* An entry of his own counts at once; by the group, as old as membership is (S-045, S-176). */
static int find_super_user(struct rms_db *db, struct draft *draft)
{
    const struct rms_tenant *tenant = &draft->tenant;

    if (!tenant->super_users_enabled || rms_account_is_self_made(&draft->account)) {
        return 0;
    }
    if ((draft->account.permissions & RMS_MAY_READ_ALL) != 0 ||
        (tenant->super_user_group != NULL &&
            in_groups(draft->groups, draft->group_count, tenant->super_user_group))) {
        draft->super_until = INT64_MAX;
        return 0;
    }
    return rms_super_user_until(db, tenant->id, draft->account.id, &draft->super_until);
}

/* Of members every address that authorises is in a domain of their organisation. */
static int find_open_domains(struct rms_db *db, struct draft *draft)
{
    const struct rms_addresses *addresses = &draft->addresses;
    size_t count = draft->account.guest && !rms_account_is_app(&draft->account) ? addresses->usable_count : 0;

    draft->open_domains = rms_arena_array(draft->arena, count + 1, sizeof *draft->open_domains);
    if (draft->open_domains == NULL) {
        return RMS_E_NO_MEMORY;
    }
    for (size_t i = 0; i < count; i++) {
        const char *domain = rms_address_domain(addresses->usable[i]);
        bool owned = false;

        RMS_TRY(rms_domain_is_owned(db, domain, &owned));
        if (!owned) {
            draft->open_domains[draft->open_domain_count++] = domain;
        }
    }
    return 0;
}

/* Laying out */

struct pack {
    uint8_t *base; /* NULL while measuring */
    size_t used;
};

static void *pack_room(struct pack *pack, size_t size, size_t align)
{
    uint8_t *place;

    pack->used = (pack->used + align - 1) / align * align;
    place = pack->base != NULL ? pack->base + pack->used : NULL;
    pack->used += size;
    return place;
}

static const char *pack_text(struct pack *pack, const char *text)
{
    size_t size = text != NULL ? strlen(text) + 1 : 0;
    char *place = text != NULL ? pack_room(pack, size, 1) : NULL;

    if (place != NULL) {
        memcpy(place, text, size);
    }
    return place;
}

static const char *const *pack_texts(struct pack *pack, const char *const *texts, size_t count)
{
    const char **list = pack_room(pack, count * sizeof *list, alignof(const char *));

    for (size_t i = 0; i < count; i++) {
        const char *text = pack_text(pack, texts[i]);

        if (list != NULL) {
            list[i] = text;
        }
    }
    return list;
}

static const struct rms_directory_group *pack_groups(struct pack *pack, const struct draft *draft)
{
    struct rms_directory_group *list =
        pack_room(pack, draft->group_count * sizeof *list, alignof(struct rms_directory_group));

    for (size_t i = 0; i < draft->group_count; i++) {
        struct rms_directory_group group = {
            pack_text(pack, draft->groups[i].id),
            pack_text(pack, draft->groups[i].name),
            pack_text(pack, draft->groups[i].address),
        };

        if (list != NULL) {
            list[i] = group;
        }
    }
    return list;
}

/* What other tenants see: a guest is somebody's own affair, and a super user is so for his tenant only
 * (S-048, S-174). */
static struct rms_person seen_abroad(const struct rms_person *person)
{
    struct rms_person abroad = *person;

    abroad.super_user = false;
    return person->guest ? (struct rms_person){.guest = true} : abroad;
}

static void lay_out(struct pack *pack, const struct draft *draft, struct rms_directory_person *person)
{
    const struct rms_account *account = &draft->account;

    person->account_id = pack_text(pack, account->id);
    person->tenant_id = pack_text(pack, account->tenant_id);
    person->upn = pack_text(pack, account->upn);
    person->display_name = pack_text(pack, account->display_name);
    person->address = pack_text(pack, draft->addresses.primary);
    person->enabled = account->enabled;
    person->guest = account->guest;
    person->licensed = account->licensed;
    person->self_made = rms_account_is_self_made(account);
    person->app = rms_account_is_app(account);
    person->permissions = account->permissions;
    person->created_at = account->created_at;
    person->super_until = draft->super_until;
    person->groups = pack_groups(pack, draft);
    person->group_count = draft->group_count;
    person->groups_read_at = draft->groups_read_at;
    person->groups_unresolved = draft->groups_unresolved;
    person->person = (struct rms_person){
        .addresses = pack_texts(pack, draft->addresses.usable, draft->addresses.usable_count),
        .address_count = draft->addresses.usable_count,
        .groups = pack_texts(pack, draft->group_addresses, draft->group_address_count),
        .group_count = draft->group_address_count,
        .domains = pack_texts(pack, draft->tenant.domains, draft->tenant.domain_count),
        .domain_count = draft->tenant.domain_count,
        .open_domains = pack_texts(pack, draft->open_domains, draft->open_domain_count),
        .open_domain_count = draft->open_domain_count,
        .guest = account->guest || person->app,
        .super_user = draft->super_until > 0,
    };
    person->abroad = seen_abroad(&person->person);
}

static int finish(const struct draft *draft, const struct rms_directory_person **person_out)
{
    struct rms_directory_person measured;
    struct pack pack = {0};
    struct block *block;

    lay_out(&pack, draft, &measured);
    block = rms_calloc(1, sizeof *block + pack.used);
    if (block == NULL) {
        return RMS_E_NO_MEMORY;
    }
    pack = (struct pack){(uint8_t *)(block + 1), 0};
    lay_out(&pack, draft, &block->person);
    block->group_cache_s = draft->tenant.group_cache_s;
    atomic_init(&block->references, 1);
    *person_out = &block->person;
    return 0;
}

int rms_person_build(struct rms_db *db, const struct rms_person_key *key,
    const struct rms_directory_person *old, bool *read_groups_out,
    const struct rms_directory_person **person_out)
{
    RMS_ARENA_CLEANUP struct rms_arena *arena = rms_arena_new(SCRATCH);
    struct draft draft = {.arena = arena};

    if (arena == NULL) {
        return RMS_E_NO_MEMORY;
    }
    RMS_TRY(rms_account_get(db, arena, key->tenant_id, key->account_id, &draft.account));
    RMS_TRY(rms_tenant_get(db, arena, key->tenant_id, &draft.tenant));
    RMS_TRY(rms_addresses_of(arena, &draft.account, &draft.tenant, &draft.addresses));
    RMS_TRY(find_open_domains(db, &draft));
    RMS_TRY(find_groups(db, &draft, old, read_groups_out));
    draft.groups_are_new = *read_groups_out;
    RMS_TRY(collect_group_addresses(&draft));
    RMS_TRY(find_super_user(db, &draft));
    return finish(&draft, person_out);
}
