/* Whom a name or a token means, and what a person is to others. */
#include <stdlib.h>

#include "directory/cache.h"
#include "store/tenant.h"

#define SCRATCH (1024u * 1024)

/* The tenant that owns the domain of an address. */
static int tenant_of(struct rms_db *db, struct rms_arena *arena, const char *name, const char **tenant_id_out)
{
    char address[RMS_ADDRESS_MAX];
    struct rms_tenant tenant;

    if (rms_address_normalise(name, address) < 0) {
        return RMS_E_NOT_FOUND;
    }
    RMS_TRY(rms_tenant_find(db, arena, rms_address_domain(address), &tenant));
    *tenant_id_out = tenant.id;
    return 0;
}

int rms_directory_find(struct rms_directory *directory, struct rms_db *db, const char *tenant_id,
    const char *name, const struct rms_directory_person **person_out)
{
    RMS_ARENA_CLEANUP struct rms_arena *arena = rms_arena_new(SCRATCH);
    struct rms_account account;

    *person_out = NULL;
    if (arena == NULL) {
        return RMS_E_NO_MEMORY;
    }
    if (tenant_id == NULL) {
        RMS_TRY(tenant_of(db, arena, name, &tenant_id));
    }
    RMS_TRY(rms_account_find(db, arena, tenant_id, name, &account));
    return rms_directory_person(directory, db, tenant_id, account.id, person_out);
}

const struct rms_person *rms_directory_person_for(
    const struct rms_directory_person *person, const char *content_tenant_id)
{
    return strcmp(person->tenant_id, content_tenant_id) == 0 ? &person->person : &person->abroad;
}

bool rms_directory_is_super(const struct rms_directory_person *person, int64_t now)
{
    return person->person.super_user && now < person->super_until;
}

static bool has_address(const struct rms_directory_person *person, const char *address)
{
    for (size_t i = 0; i < person->person.address_count; i++) {
        if (strcmp(person->person.addresses[i], address) == 0) {
            return true;
        }
    }
    return false;
}

bool rms_directory_owns(const struct rms_directory_person *person, const char *address)
{
    char upn[RMS_ADDRESS_MAX];

    return has_address(person, address) ||
           (rms_address_normalise(person->upn, upn) == 0 && strcmp(upn, address) == 0);
}

static int compare_group(const void *id, const void *group)
{
    return strcmp(id, ((const struct rms_directory_group *)group)->id);
}

bool rms_directory_in_group(const struct rms_directory_person *person, const char *group_id)
{
    return person->group_count > 0 && bsearch(group_id, person->groups, person->group_count,
                                          sizeof person->groups[0], compare_group) != NULL;
}

static int compare_text(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

bool rms_directory_in_scope(
    const struct rms_directory_person *person, const char *const *addresses, size_t count)
{
    const struct rms_person *known = &person->person;

    for (size_t i = 0; i < count; i++) {
        if (has_address(person, addresses[i]) ||
            (known->group_count > 0 && bsearch(&addresses[i], known->groups, known->group_count,
                                           sizeof known->groups[0], compare_text) != NULL)) {
            return true;
        }
    }
    return false;
}

/* Claims */

struct match {
    struct rms_db *db;
    struct rms_arena *arena;
    const char *tenant_id;
    const char *account_id; /* found so far */
    bool several;
};

/* A claim is an address or nothing: never an account id, which a foreign issuer has no say in. */
static int match_one(struct match *match, const char *value)
{
    char address[RMS_ADDRESS_MAX];
    struct rms_account account;
    int code;

    if (value == NULL || rms_proxy_parse(value, address) >= RMS_PROXY_EMPTY) {
        return 0;
    }
    code = rms_account_find(match->db, match->arena, match->tenant_id, address, &account);
    if (code < 0) {
        return code == RMS_E_NOT_FOUND ? 0 : code;
    }
    if (rms_account_is_app(&account)) {
        return 0; /* proved by its secret alone */
    }
    if (match->account_id != NULL && strcmp(match->account_id, account.id) != 0) {
        match->several = true;
    }
    match->account_id = account.id;
    return 0;
}

static int match_all(struct match *match, const struct rms_claims *claims)
{
    RMS_TRY(match_one(match, claims->upn));
    RMS_TRY(match_one(match, claims->email));
    RMS_TRY(match_one(match, claims->preferred_username));
    for (size_t i = 0; i < claims->proxy_address_count; i++) {
        RMS_TRY(match_one(match, claims->proxy_addresses[i]));
    }
    return match->account_id != NULL && !match->several ? 0 : RMS_E_NOT_AUTHENTICATED;
}

int rms_directory_match_claims(struct rms_directory *directory, struct rms_db *db, const char *tenant_id,
    const struct rms_claims *claims, const struct rms_directory_person **person_out)
{
    RMS_ARENA_CLEANUP struct rms_arena *arena = rms_arena_new(SCRATCH * 16);
    struct match match = {.db = db, .arena = arena, .tenant_id = tenant_id};
    int code;

    *person_out = NULL;
    if (arena == NULL) {
        return RMS_E_NO_MEMORY;
    }
    if (claims->proxy_address_count > RMS_PROXY_ADDRESSES_MAX) {
        return RMS_E_NOT_AUTHENTICATED;
    }
    RMS_TRY(match_all(&match, claims));
    code = rms_directory_person(directory, db, tenant_id, match.account_id, person_out);
    return code == RMS_E_NOT_FOUND ? RMS_E_NOT_AUTHENTICATED : code;
}

int rms_directory_refresh(
    struct rms_directory *directory, struct rms_db *db, const char *tenant_id, const char *name)
{
    RMS_ARENA_CLEANUP struct rms_arena *arena = rms_arena_new(SCRATCH);
    struct rms_account account;
    struct rms_group group;
    struct rms_person_key key;
    int code;

    if (arena == NULL) {
        return RMS_E_NO_MEMORY;
    }
    if (name == NULL) {
        return rms_directory_refresh_counter(directory, db, NULL);
    }
    code = rms_account_find(db, arena, tenant_id, name, &account);
    if (code == 0) {
        key = (struct rms_person_key){tenant_id, account.id};
        return rms_directory_refresh_counter(directory, db, &key);
    }
    if (code != RMS_E_NOT_FOUND) {
        return code;
    }
    RMS_TRY(rms_group_find(db, arena, tenant_id, name, &group));
    return rms_directory_refresh_counter(directory, db, NULL);
}
