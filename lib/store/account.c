/* Accounts with their addresses, as entered. */
#include "store/account.h"

#include <stdlib.h>

#include "store/oauth.h"
#include "store/sql.h"

#define NAME_ARENA (512u * 1024)

/* What is about to be written, checked and normalised. */
struct draft {
    struct rms_arena *arena;
    const char *upn_name;
    const char **addresses; /* parallel to the proxy values; NULL when ignored */
    enum rms_proxy *kinds;
    const char **names; /* UPN and addresses, sorted, each once */
    size_t name_count;
};

static int compare_text(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static void drop_repeated(struct draft *draft)
{
    size_t kept = 0;

    qsort(draft->names, draft->name_count, sizeof draft->names[0], compare_text);
    for (size_t i = 0; i < draft->name_count; i++) {
        if (kept == 0 || strcmp(draft->names[kept - 1], draft->names[i]) != 0) {
            draft->names[kept++] = draft->names[i];
        }
    }
    draft->name_count = kept;
}

static int draft_addresses(struct draft *draft, const struct rms_account *account)
{
    char address[RMS_ADDRESS_MAX];

    for (size_t i = 0; i < account->proxy_address_count; i++) {
        const char *value = account->proxy_addresses[i];

        if (!rms_text_valid(rms_view_str(value))) {
            return RMS_E_BAD_ARGUMENT;
        }
        draft->kinds[i] = rms_proxy_parse(value, address);
        if (address[0] == '\0') {
            continue;
        }
        draft->addresses[i] = rms_arena_strdup(draft->arena, address);
        if (draft->addresses[i] == NULL) {
            return RMS_E_NO_MEMORY;
        }
        draft->names[draft->name_count++] = draft->addresses[i];
    }
    return 0;
}

static int make_draft(struct draft *draft, const struct rms_account *account)
{
    char upn[RMS_ADDRESS_MAX];
    size_t count = account->proxy_address_count;

    if (count > RMS_PROXY_ADDRESSES_MAX) {
        return RMS_E_LIMIT;
    }
    if (account->upn == NULL ||
        (account->display_name != NULL && !rms_text_printable(rms_view_str(account->display_name)))) {
        return RMS_E_BAD_ARGUMENT;
    }
    RMS_TRY(rms_address_normalise(account->upn, upn));
    draft->upn_name = rms_arena_strdup(draft->arena, upn);
    draft->addresses = rms_arena_array(draft->arena, count + 1, sizeof *draft->addresses);
    draft->kinds = rms_arena_array(draft->arena, count + 1, sizeof *draft->kinds);
    draft->names = rms_arena_array(draft->arena, count + 1, sizeof *draft->names);
    if (draft->upn_name == NULL || draft->addresses == NULL || draft->kinds == NULL || draft->names == NULL) {
        return RMS_E_NO_MEMORY;
    }
    draft->names[draft->name_count++] = draft->upn_name;
    RMS_TRY(draft_addresses(draft, account));
    drop_repeated(draft);
    return 0;
}

static int write_addresses(struct rms_db *db, const struct rms_account *account, const struct draft *draft)
{
    const struct rms_name_owner owner = {account->tenant_id, account->id, false};
    int code = rms_sql_run(db, RMS_SQL_ADDRESS_CLEAR, RMS_VALUES(RMS_TEXT(account->id)));

    for (size_t i = 0; code >= 0 && i < account->proxy_address_count; i++) {
        code = rms_sql_run(db, RMS_SQL_ADDRESS_INSERT,
            RMS_VALUES(RMS_TEXT(account->tenant_id), RMS_TEXT(account->id), RMS_INT((int64_t)i),
                RMS_TEXT(account->proxy_addresses[i]), RMS_INT(draft->kinds[i]),
                RMS_TEXT(draft->addresses[i])));
    }
    return code < 0 ? code : rms_names_set(db, &owner, draft->names, draft->name_count);
}

static int insert(struct rms_db *db, const struct rms_account *account, const struct draft *draft,
    const char *password_hash)
{
    int code = rms_sql_run(db, RMS_SQL_ACCOUNT_INSERT,
        RMS_VALUES(RMS_TEXT(account->id), RMS_TEXT(account->tenant_id), RMS_TEXT(account->upn),
            RMS_TEXT(draft->upn_name), RMS_TEXT(account->display_name), RMS_INT(account->enabled),
            RMS_INT(account->guest), RMS_INT(account->created_at), RMS_TEXT(password_hash),
            RMS_INT(account->licensed),
            RMS_TEXT(account->source != NULL ? account->source : RMS_SOURCE_LOCAL),
            RMS_TEXT(account->external_id), RMS_INT(account->permissions)));

    return code < 0 ? code : write_addresses(db, account, draft);
}

int rms_account_create(struct rms_db *db, const struct rms_account *account, const char *password_hash)
{
    RMS_ARENA_CLEANUP struct rms_arena *arena = rms_arena_new(NAME_ARENA);
    struct draft draft = {.arena = arena};

    if (arena == NULL) {
        return RMS_E_NO_MEMORY;
    }
    RMS_TRY(rms_check_id(account->id));
    RMS_TRY(make_draft(&draft, account));
    RMS_TRY(rms_db_begin(db));
    return rms_db_end_change(db, insert(db, account, &draft, password_hash));
}

static void read_account(struct rms_rows *rows, struct rms_account *account)
{
    account->id = rms_take_text(rows);
    account->tenant_id = rms_take_text(rows);
    account->upn = rms_take_text(rows);
    account->display_name = rms_take_text(rows);
    account->enabled = rms_take_bool(rows);
    account->guest = rms_take_bool(rows);
    account->created_at = rms_take_int(rows);
    account->licensed = rms_take_bool(rows);
    account->source = rms_take_text(rows);
    account->external_id = rms_take_text(rows);
    account->permissions = (unsigned)rms_take_int(rows);
}

bool rms_account_is_self_made(const struct rms_account *account)
{
    return account->source != NULL && strcmp(account->source, RMS_SOURCE_SELF) == 0;
}

bool rms_account_is_app(const struct rms_account *account)
{
    return account->source != NULL && strcmp(account->source, RMS_SOURCE_APP) == 0;
}

static int read_addresses(struct rms_db *db, struct rms_arena *arena, struct rms_account *account)
{
    RMS_ROWS(rows, db, arena);
    struct rms_list list = RMS_LIST(arena, const char *);
    int code;

    RMS_TRY(rms_rows_open(&rows, RMS_SQL_ADDRESS_LIST, RMS_VALUES(RMS_TEXT(account->id))));
    while ((code = rms_rows_next(&rows)) > 0) {
        const char **value = rms_list_add(&list);

        if (value == NULL) {
            return RMS_E_NO_MEMORY;
        }
        *value = rms_take_text(&rows);
    }
    account->proxy_addresses = list.items;
    account->proxy_address_count = list.count;
    return code;
}

static int read_row(struct rms_db *db, struct rms_arena *arena, const char *tenant_id, const char *id,
    struct rms_account *account_out)
{
    RMS_ROWS(rows, db, arena);

    RMS_TRY(rms_rows_first(&rows, RMS_SQL_ACCOUNT_GET, RMS_VALUES(RMS_TEXT(tenant_id), RMS_TEXT(id))));
    read_account(&rows, account_out);
    return rms_rows_status(&rows);
}

static int read_whole(struct rms_db *db, struct rms_arena *arena, const char *tenant_id, const char *id,
    struct rms_account *account_out)
{
    RMS_TRY(read_row(db, arena, tenant_id, id, account_out));
    return read_addresses(db, arena, account_out);
}

int rms_account_get(struct rms_db *db, struct rms_arena *arena, const char *tenant_id, const char *id,
    struct rms_account *account_out)
{
    bool mine;

    *account_out = (struct rms_account){0};
    RMS_TRY(rms_db_read_begin(db, &mine));
    return rms_db_read_end(db, mine, read_whole(db, arena, tenant_id, id, account_out));
}

int rms_account_find(struct rms_db *db, struct rms_arena *arena, const char *tenant_id, const char *name,
    struct rms_account *account_out)
{
    char id[RMS_GUID_TEXT];
    char address[RMS_ADDRESS_MAX];
    struct rms_name_owner owner;

    *account_out = (struct rms_account){0};
    if (rms_guid_parse(rms_view_str(name), id) == 0) {
        return rms_account_get(db, arena, tenant_id, id, account_out);
    }
    if (rms_address_normalise(name, address) < 0) {
        return RMS_E_NOT_FOUND;
    }
    RMS_TRY(rms_names_find(db, arena, tenant_id, address, &owner));
    return owner.is_group ? RMS_E_NOT_FOUND : rms_account_get(db, arena, tenant_id, owner.id, account_out);
}

static int read_page(
    struct rms_db *db, const char *tenant_id, const struct rms_page *page, struct rms_list *list)
{
    RMS_ROWS(rows, db, list->arena);
    char after[RMS_ADDRESS_MAX] = "";
    int64_t limit = page != NULL && page->limit > 0 ? (int64_t)page->limit : INT64_MAX;
    int code;

    if (page != NULL && page->after != NULL) {
        RMS_TRY(rms_address_normalise(page->after, after));
    }
    RMS_TRY(rms_rows_open(
        &rows, RMS_SQL_ACCOUNT_LIST, RMS_VALUES(RMS_TEXT(tenant_id), RMS_TEXT(after), RMS_INT(limit))));
    while ((code = rms_rows_next(&rows)) > 0) {
        struct rms_account *account = rms_list_add(list);

        if (account == NULL) {
            return RMS_E_NO_MEMORY;
        }
        read_account(&rows, account);
    }
    return code;
}

static int list_accounts(
    struct rms_db *db, const char *tenant_id, const struct rms_page *page, struct rms_list *list)
{
    RMS_TRY(read_page(db, tenant_id, page, list));
    for (size_t i = 0; i < list->count; i++) {
        RMS_TRY(read_addresses(db, list->arena, (struct rms_account *)list->items + i));
    }
    return 0;
}

int rms_account_list(struct rms_db *db, struct rms_arena *arena, const char *tenant_id,
    const struct rms_page *page, struct rms_accounts *accounts_out)
{
    struct rms_list list = RMS_LIST(arena, struct rms_account);
    bool mine;
    int code;

    *accounts_out = (struct rms_accounts){0};
    RMS_TRY(rms_db_read_begin(db, &mine));
    code = rms_db_read_end(db, mine, list_accounts(db, tenant_id, page, &list));
    if (code == 0) {
        *accounts_out = (struct rms_accounts){list.items, list.count};
    }
    return code;
}

static const enum rms_sql searches[RMS_SEARCHES] = {
    [RMS_SEARCH_ALL] = RMS_SQL_ACCOUNT_SEARCH_ALL,
    [RMS_SEARCH_ID] = RMS_SQL_ACCOUNT_SEARCH_ID,
    [RMS_SEARCH_EXTERNAL] = RMS_SQL_ACCOUNT_SEARCH_EXTERNAL,
    [RMS_SEARCH_NAME] = RMS_SQL_ACCOUNT_SEARCH_NAME,
    [RMS_SEARCH_ADDRESS] = RMS_SQL_ACCOUNT_SEARCH_ADDRESS,
    [RMS_SEARCH_UPN] = RMS_SQL_ACCOUNT_SEARCH_UPN,
};

static int read_found(struct rms_db *db, const char *tenant_id, const struct rms_search *search,
    struct rms_list *list, size_t *total_out)
{
    RMS_ROWS(rows, db, list->arena);
    int code;

    RMS_TRY(rms_rows_open(&rows, searches[search->by],
        RMS_VALUES(RMS_TEXT(tenant_id), RMS_TEXT(search->source), RMS_TEXT(search->value),
            RMS_INT((int64_t)search->limit), RMS_INT((int64_t)search->offset))));
    while ((code = rms_rows_next(&rows)) > 0) {
        struct rms_account *account = rms_list_add(list);

        if (account == NULL) {
            return RMS_E_NO_MEMORY;
        }
        read_account(&rows, account);
        *total_out = (size_t)rms_take_int(&rows);
    }
    return code;
}

static int search_accounts(struct rms_db *db, const char *tenant_id, const struct rms_search *search,
    struct rms_list *list, size_t *total_out)
{
    RMS_TRY(read_found(db, tenant_id, search, list, total_out));
    for (size_t i = 0; i < list->count; i++) {
        RMS_TRY(read_addresses(db, list->arena, (struct rms_account *)list->items + i));
    }
    if (list->count == 0 && (search->offset > 0 || search->limit == 0)) { /* the total still counts */
        struct rms_search first = *search;
        struct rms_list one = RMS_LIST(list->arena, struct rms_account);

        first.offset = 0;
        first.limit = 1;
        return read_found(db, tenant_id, &first, &one, total_out);
    }
    return 0;
}

int rms_account_search(struct rms_db *db, struct rms_arena *arena, const char *tenant_id,
    const struct rms_search *search, struct rms_accounts *accounts_out, size_t *total_out)
{
    struct rms_list list = RMS_LIST(arena, struct rms_account);
    bool mine;

    *accounts_out = (struct rms_accounts){0};
    *total_out = 0;
    if (search->by == RMS_SEARCH_MEMBER) {
        return RMS_E_BAD_ARGUMENT;
    }
    RMS_TRY(rms_db_read_begin(db, &mine));
    RMS_TRY(rms_db_read_end(db, mine, search_accounts(db, tenant_id, search, &list, total_out)));
    *accounts_out = (struct rms_accounts){list.items, list.count};
    return 0;
}

/* "" removes. */
static const char *changed_text(const char *old, const char *change)
{
    return change == NULL ? old : change[0] != '\0' ? change : NULL;
}

/* The account as it will be. */
static struct rms_account merged(const struct rms_account *old, const struct rms_account_change *change)
{
    struct rms_account account = *old;

    account.upn = change->upn != NULL ? change->upn : account.upn;
    account.display_name = changed_text(account.display_name, change->display_name);
    account.enabled = change->enabled != NULL ? *change->enabled : account.enabled;
    account.licensed = change->licensed != NULL ? *change->licensed : account.licensed;
    account.guest = change->guest != NULL ? *change->guest : account.guest;
    account.external_id = changed_text(account.external_id, change->external_id);
    if (change->set_proxy_addresses) {
        account.proxy_addresses = change->proxy_addresses;
        account.proxy_address_count = change->proxy_address_count;
    }
    return account;
}

static int write_password(struct rms_db *db, const struct rms_account *account, const char *hash)
{
    return rms_sql_run_one(db, RMS_SQL_ACCOUNT_SET_PASSWORD,
        RMS_VALUES(
            RMS_TEXT(account->tenant_id), RMS_TEXT(account->id), RMS_TEXT(hash[0] != '\0' ? hash : NULL)));
}

static int end_sessions(struct rms_db *db, const struct rms_account *account)
{
    int code = rms_sql_run(db, RMS_SQL_ADMIN_SESSION_END_ACCOUNT,
        RMS_VALUES(RMS_TEXT(account->tenant_id), RMS_TEXT(account->id)));

    return code < 0 ? code : rms_refresh_tokens_end(db, account->tenant_id, account->id);
}

static int apply(struct rms_db *db, struct draft *draft, const struct rms_account *old,
    const struct rms_account_change *change)
{
    struct rms_account account = merged(old, change);
    bool shut_out = change->password_hash != NULL || (old->enabled && !account.enabled);

    RMS_TRY(make_draft(draft, &account));
    RMS_TRY(rms_sql_run_one(db, RMS_SQL_ACCOUNT_UPDATE,
        RMS_VALUES(RMS_TEXT(account.tenant_id), RMS_TEXT(account.id), RMS_TEXT(account.upn),
            RMS_TEXT(draft->upn_name), RMS_TEXT(account.display_name), RMS_INT(account.enabled),
            RMS_INT(account.licensed), RMS_INT(account.guest), RMS_TEXT(account.external_id))));
    if (change->upn != NULL || change->set_proxy_addresses) {
        RMS_TRY(write_addresses(db, &account, draft));
    }
    if (change->password_hash != NULL) {
        RMS_TRY(write_password(db, &account, change->password_hash));
    }
    return shut_out ? end_sessions(db, &account) : 0;
}

static int read_and_apply(struct rms_db *db, struct draft *draft, const struct rms_account *which,
    const struct rms_account_change *change)
{
    struct rms_account old;

    RMS_TRY(read_whole(db, draft->arena, which->tenant_id, which->id, &old));
    return apply(db, draft, &old, change);
}

int rms_account_change(
    struct rms_db *db, const char *tenant_id, const char *id, const struct rms_account_change *change)
{
    RMS_ARENA_CLEANUP struct rms_arena *arena = rms_arena_new(2 * NAME_ARENA);
    struct draft draft = {.arena = arena};
    const struct rms_account which = {.tenant_id = tenant_id, .id = id};

    if (arena == NULL) {
        return RMS_E_NO_MEMORY;
    }
    RMS_TRY(rms_db_begin(db));
    return rms_db_end_change(db, read_and_apply(db, &draft, &which, change));
}

static int remove_account(struct rms_db *db, const char *tenant_id, const char *id)
{
    const struct rms_name_owner owner = {tenant_id, id, false};
    int code;

    RMS_TRY(rms_sql_run_one(db, RMS_SQL_ACCOUNT_DELETE, RMS_VALUES(RMS_TEXT(tenant_id), RMS_TEXT(id))));
    code = rms_sql_run(db, RMS_SQL_MEMBER_DROP, RMS_VALUES(RMS_TEXT(tenant_id), RMS_TEXT(id)));
    if (code >= 0) {
        code = rms_sql_run(db, RMS_SQL_ROLE_DROP, RMS_VALUES(RMS_TEXT(tenant_id), RMS_TEXT(id)));
    }
    if (code >= 0) {
        code = rms_sql_run(db, RMS_SQL_ENTRY_DROP, RMS_VALUES(RMS_TEXT(tenant_id), RMS_TEXT(id)));
    }
    return code < 0 ? code : rms_names_set(db, &owner, NULL, 0);
}

int rms_account_delete(struct rms_db *db, const char *tenant_id, const char *id)
{
    RMS_TRY(rms_db_begin(db));
    return rms_db_end_change(db, remove_account(db, tenant_id, id));
}

int rms_account_password(
    struct rms_db *db, struct rms_arena *arena, const char *tenant_id, const char *id, const char **hash_out)
{
    RMS_ROWS(rows, db, arena);

    *hash_out = NULL;
    RMS_TRY(rms_rows_first(&rows, RMS_SQL_ACCOUNT_PASSWORD, RMS_VALUES(RMS_TEXT(tenant_id), RMS_TEXT(id))));
    *hash_out = rms_take_text(&rows);
    return rms_rows_status(&rows);
}
