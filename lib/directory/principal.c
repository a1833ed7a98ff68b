/* What may be chosen for a grant, a scope, a list (table 2.1). */
#include "directory/rules.h"

#define ALL_USES                                                                                             \
    (1u << RMS_USE_GRANT | 1u << RMS_USE_SUPER_USER | 1u << RMS_USE_ONBOARDING | 1u << RMS_USE_ADMIN_ROLE |  \
        1u << RMS_USE_SCOPE | 1u << RMS_USE_DO_NOT_TRACK)

/* Table 2.1: for what a kind of group fits, with and without an address in a verified domain. */
static const struct {
    unsigned with_address;
    unsigned without;
} fits[] = {
    [RMS_GROUP_SECURITY] = {ALL_USES, 1u << RMS_USE_ONBOARDING | 1u << RMS_USE_ADMIN_ROLE},
    [RMS_GROUP_DISTRIBUTION] = {ALL_USES & ~(1u << RMS_USE_ONBOARDING), 0},
    [RMS_GROUP_COLLABORATION] = {ALL_USES & ~(1u << RMS_USE_ONBOARDING), 0},
};

int rms_directory_group_check(
    enum rms_group_kind kind, bool has_verified_address, enum rms_group_use use, const char **why_out)
{
    const char *why = NULL;
    int code = RMS_E_BAD_ARGUMENT;

    if (kind == RMS_GROUP_DYNAMIC) {
        why = "a dynamic distribution list is not in the directory";
        code = RMS_E_NOT_FOUND;
    } else if (((has_verified_address ? fits[kind].with_address : fits[kind].without) >> use & 1) != 0) {
        code = 0;
    } else if ((fits[kind].with_address >> use & 1) != 0) {
        why = "the group has no address in a verified domain";
    } else if (kind == RMS_GROUP_DISTRIBUTION) {
        why = "a distribution group cannot be used here; it must be a security group";
    } else {
        why = "a collaboration group cannot be used here; it must be a security group";
    }
    if (why_out != NULL) {
        *why_out = why;
    }
    return code;
}

/* One question with what is needed to answer it. */
struct inquiry {
    struct rms_db *db;
    struct rms_arena *arena;
    const struct rms_principal_question *question;
    struct rms_tenant tenant;
    struct rms_principal_info *info;
};

static int answer_group(struct inquiry *inquiry, const struct rms_group *group)
{
    bool verified = group->address != NULL && rms_domain_is_verified(&inquiry->tenant, group->address);

    inquiry->info->kind = RMS_IS_GROUP;
    inquiry->info->id = group->id;
    inquiry->info->address = group->address;
    return rms_directory_group_check(group->kind, verified, inquiry->question->use, &inquiry->info->why);
}

/* address NULL: the account was named by its id; its primary address stands for it. */
static int answer_account(struct inquiry *inquiry, const struct rms_account *account, const char *address)
{
    struct rms_principal_info *info = inquiry->info;
    struct rms_addresses addresses;

    RMS_TRY(rms_addresses_of(inquiry->arena, account, &inquiry->tenant, &addresses));
    info->id = account->id;
    info->kind = RMS_IS_UNUSED;
    if (address == NULL) {
        info->kind = RMS_IS_PERSON;
        info->address = addresses.primary;
        info->why = addresses.primary == NULL ? "the account has no address that authorises" : NULL;
        return addresses.primary == NULL ? RMS_E_BAD_ARGUMENT : 0;
    }
    for (size_t i = 0; i < addresses.usable_count; i++) {
        info->kind = strcmp(addresses.usable[i], address) == 0 ? RMS_IS_PERSON : info->kind;
    }
    return 0;
}

/* No address: a group by name or id, or an account by id. */
static int answer_name(struct inquiry *inquiry)
{
    const struct rms_principal_question *question = inquiry->question;
    struct rms_group group;
    struct rms_account account;
    int code = rms_group_find(inquiry->db, inquiry->arena, question->tenant_id, question->name, &group);

    if (code == 0) {
        return answer_group(inquiry, &group);
    }
    if (code != RMS_E_NOT_FOUND) {
        inquiry->info->why = code == RMS_E_CONFLICT ? "several groups have this name; give the id" : NULL;
        return code;
    }
    RMS_TRY(rms_account_find(inquiry->db, inquiry->arena, question->tenant_id, question->name, &account));
    return answer_account(inquiry, &account, NULL);
}

static int answer_address(struct inquiry *inquiry, const char *address)
{
    const char *tenant_id = inquiry->question->tenant_id;
    struct rms_principal_info *info = inquiry->info;
    struct rms_account account;
    struct rms_group group;
    int code;

    info->address = rms_arena_strdup(inquiry->arena, address);
    if (info->address == NULL) {
        return RMS_E_NO_MEMORY;
    }
    code = rms_account_find(inquiry->db, inquiry->arena, tenant_id, address, &account);
    if (code != RMS_E_NOT_FOUND) {
        return code < 0 ? code : answer_account(inquiry, &account, info->address);
    }
    code = rms_group_find(inquiry->db, inquiry->arena, tenant_id, address, &group);
    if (code != RMS_E_NOT_FOUND) {
        return code < 0 ? code : answer_group(inquiry, &group);
    }
    info->kind = rms_domain_is_verified(&inquiry->tenant, address) ? RMS_IS_UNKNOWN : RMS_IS_EXTERNAL;
    return 0;
}

int rms_directory_principal(struct rms_db *db, struct rms_arena *arena,
    const struct rms_principal_question *question, struct rms_principal_info *info_out)
{
    struct inquiry inquiry = {.db = db, .arena = arena, .question = question, .info = info_out};
    char address[RMS_ADDRESS_MAX];

    *info_out = (struct rms_principal_info){.kind = RMS_IS_UNKNOWN};
    RMS_TRY(rms_tenant_get(db, arena, question->tenant_id, &inquiry.tenant));
    return rms_address_normalise(question->name, address) == 0 ? answer_address(&inquiry, address)
                                                               : answer_name(&inquiry);
}
