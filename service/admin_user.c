/* Accounts of the embedded directory. */
#include "base/text.h"
#include "crypto/password.h"
#include "directory/directory.h"
#include "service/admin.h"
#include "service/rest_write.h"

#define NAME_MAX_BYTES 256

/* --- showing ------------------------------------------------------------------------------------------- */

/* The primary address, else the first, else the UPN. */
static const char *shown_address(struct rms_arena *arena, const struct rms_account *account)
{
    char address[RMS_ADDRESS_MAX];
    const char *best = NULL;
    for (size_t i = 0; i < account->proxy_address_count; i++) {
        enum rms_proxy kind = rms_proxy_parse(account->proxy_addresses[i], address);
        if (kind == RMS_PROXY_PRIMARY || (kind == RMS_PROXY_ALIAS && best == NULL)) {
            best = rms_arena_strdup(arena, address);
        }
        if (kind == RMS_PROXY_PRIMARY) {
            break;
        }
    }
    return best != NULL ? best : account->upn;
}

/* directory: that the account comes from; NULL where there is none, or nobody asked. */
static void write_account(
    struct rms_request *request, struct rms_buf *out, const struct rms_account *a, const char *directory)
{
    rms_out_open(out, NULL, '{');
    rms_out_text(out, "Id", a->id);
    rms_out_text(out, "Address", shown_address(request->arena, a));
    rms_out_text(out, "Upn", a->upn);
    rms_out_text(out, "DisplayName", a->display_name);
    rms_out_bool(out, "Enabled", a->enabled);
    rms_out_bool(out, "Guest", a->guest);
    rms_out_bool(out, "SelfMade", rms_account_is_self_made(a));
    rms_out_bool(out, "Licensed", a->licensed);
    rms_out_time(out, "CreatedTime", a->created_at);
    rms_out_texts(out, "ProxyAddresses", a->proxy_addresses, a->proxy_address_count);
    if (directory != NULL) {
        rms_out_text(out, "Directory", directory);
    }
    rms_out_close(out, '}');
}

static int find_account(struct rms_request *request, struct rms_tenant *t, struct rms_account *account)
{
    RMS_TRY(rms_admin_tenant(request, t));
    int rc = rms_account_find(request->worker->db, request->arena, t->id, request->params[1], account);
    /* applications have verbs of their own: none of these gives one a password */
    if (rc == RMS_E_NOT_FOUND || (rc == RMS_OK && rms_account_is_app(account))) {
        return rms_fail(request, RMS_E_NOT_FOUND, "no such account");
    }
    return rc;
}

int rms_admin_user_list(struct rms_front *front, struct rms_request *request, struct rms_reply *reply)
{
    struct rms_tenant t;
    struct rms_accounts accounts;
    (void)front;
    RMS_TRY(rms_admin_tenant(request, &t));
    RMS_TRY(rms_account_list(request->worker->db, request->arena, t.id, NULL, &accounts));
    rms_out_open(&reply->body, NULL, '[');
    for (size_t i = 0; i < accounts.count; i++) {
        write_account(request, &reply->body, &accounts.items[i], NULL);
    }
    rms_out_close(&reply->body, ']');
    return RMS_OK;
}

int rms_admin_user_show(struct rms_front *front, struct rms_request *request, struct rms_reply *reply)
{
    struct rms_tenant t;
    struct rms_account account;
    const char *directory = NULL;
    (void)front;
    RMS_TRY(find_account(request, &t, &account));
    RMS_TRY(rms_admin_directory_of(request, t.id, account.id, &directory));
    write_account(request, &reply->body, &account, directory);
    return RMS_OK;
}

/* --- adding -------------------------------------------------------------------------------------------- */

/* Values for proxyAddresses: given as they are, or made of an address and its aliases. */
static int read_addresses(struct rms_admin_body *body, const char *address, struct rms_account *account)
{
    struct rms_reader *r = &body->reader;
    const char *const *aliases = NULL;
    size_t alias_count = 0;
    bool none = false;
    RMS_TRY(rms_reader_texts(
        r, body->object, "ProxyAddresses", &account->proxy_addresses, &account->proxy_address_count));
    RMS_TRY(rms_reader_texts(r, body->object, "Aliases", &aliases, &alias_count));
    RMS_TRY(rms_reader_bool(r, body->object, "NoAddress", &none));
    if (account->proxy_addresses != NULL || none || address == NULL) {
        return RMS_OK;
    }
    const char **values = rms_arena_array(r->arena, alias_count + 1, sizeof(const char *));
    if (values == NULL) {
        return RMS_E_NO_MEMORY;
    }
    values[0] = rms_arena_printf(r->arena, "SMTP:%s", address);
    for (size_t i = 0; i < alias_count; i++) {
        values[i + 1] = rms_arena_printf(r->arena, "smtp:%s", aliases[i]);
    }
    account->proxy_addresses = values;
    account->proxy_address_count = alias_count + 1;
    return RMS_OK;
}

/* Local accounts carry an address of their own, so what is typed must be one. */
static int check_address(struct rms_admin_body *body, const char *name, const char *text)
{
    char normal[RMS_ADDRESS_MAX];
    return rms_address_normalise(text, normal) < 0 ? rms_reader_fail(&body->reader, name, "not an address")
                                                   : RMS_OK;
}

static int read_account(struct rms_admin_body *body, struct rms_account *account)
{
    struct rms_reader *r = &body->reader;
    const char *address = NULL;
    RMS_TRY(rms_reader_text(r, body->object, "Address", RMS_ADDRESS_MAX, &address));
    RMS_TRY(rms_reader_text(r, body->object, "Upn", RMS_ADDRESS_MAX, &account->upn));
    account->upn = account->upn != NULL ? account->upn : address;
    if (account->upn == NULL) {
        return rms_reader_fail(r, "Upn, Address", "one of them is needed");
    }
    RMS_TRY(check_address(body, "Upn", account->upn));
    if (address != NULL) {
        RMS_TRY(check_address(body, "Address", address));
    }
    RMS_TRY(rms_reader_text(r, body->object, "DisplayName", NAME_MAX_BYTES, &account->display_name));
    RMS_TRY(rms_reader_bool(r, body->object, "Guest", &account->guest));
    RMS_TRY(rms_reader_bool(r, body->object, "Licensed", &account->licensed));
    return read_addresses(body, address, account);
}

/* Yescrypt takes tens of milliseconds: on this worker thread, never under a lock. */
static int read_password(struct rms_admin_body *body, struct rms_buf *hash)
{
    const char *password = NULL;
    RMS_TRY(rms_reader_text(&body->reader, body->object, "Password", RMS_PASSWORD_MAX, &password));
    if (password == NULL) {
        return RMS_OK;
    }
    if (password[0] == '\0') {
        return rms_reader_fail(&body->reader, "Password", "empty");
    }
    return rms_password_hash(password, hash);
}

int rms_admin_user_add(struct rms_front *front, struct rms_request *request, struct rms_reply *reply)
{
    static const char *const names[] = {"Address", "Upn", "DisplayName", "ProxyAddresses", "Aliases",
        "NoAddress", "Password", "Guest", "Licensed", NULL};
    RMS_ADMIN_BODY_CLEANUP struct rms_admin_body body = {0};
    RMS_BUF_CLEANUP struct rms_buf hash = RMS_BUF_INIT(1024);
    struct rms_tenant t;
    char id[RMS_GUID_TEXT];
    (void)front;
    RMS_TRY(rms_admin_tenant(request, &t));
    RMS_TRY(rms_admin_body(request, names, &body));
    rms_guid_new(id);
    struct rms_account account = {.id = id, .tenant_id = t.id, .enabled = true, .created_at = request->now};
    int rc = read_account(&body, &account);
    if (rc == RMS_OK) {
        rc = read_password(&body, &hash);
    }
    if (rc < 0) {
        return rms_admin_fail(request, &body, rc);
    }
    rc = rms_account_create(request->worker->db, &account, hash.len > 0 ? rms_buf_text(&hash) : NULL);
    if (rc == RMS_E_CONFLICT) {
        return rms_fail(request, rc, "an account or group has one of the names");
    }
    RMS_TRY(rc);
    write_account(request, &reply->body, &account, NULL);
    return RMS_OK;
}

/* --- changing ------------------------------------------------------------------------------------------ */

struct user_change {
    struct rms_account_change change;
    bool enabled;
    bool licensed;
};

static int read_change(struct rms_admin_body *body, struct user_change *c, struct rms_buf *hash)
{
    struct rms_reader *r = &body->reader;
    if (json_object_get(body->object, "Enabled") != NULL) {
        RMS_TRY(rms_reader_bool(r, body->object, "Enabled", &c->enabled));
        c->change.enabled = &c->enabled;
    }
    if (json_object_get(body->object, "Licensed") != NULL) {
        RMS_TRY(rms_reader_bool(r, body->object, "Licensed", &c->licensed));
        c->change.licensed = &c->licensed;
    }
    RMS_TRY(rms_reader_text(r, body->object, "DisplayName", NAME_MAX_BYTES, &c->change.display_name));
    RMS_TRY(rms_reader_text(r, body->object, "Upn", RMS_ADDRESS_MAX, &c->change.upn));
    if (c->change.upn != NULL) {
        RMS_TRY(check_address(body, "Upn", c->change.upn));
    }
    RMS_TRY(rms_reader_texts(
        r, body->object, "ProxyAddresses", &c->change.proxy_addresses, &c->change.proxy_address_count));
    c->change.set_proxy_addresses = c->change.proxy_addresses != NULL;
    RMS_TRY(read_password(body, hash));
    c->change.password_hash = hash->len > 0 ? rms_buf_text(hash) : NULL;
    return RMS_OK;
}

int rms_admin_user_change(struct rms_front *front, struct rms_request *request, struct rms_reply *reply)
{
    static const char *const names[] = {
        "Enabled", "Password", "ProxyAddresses", "DisplayName", "Upn", "Licensed", NULL};
    RMS_ADMIN_BODY_CLEANUP struct rms_admin_body body = {0};
    RMS_BUF_CLEANUP struct rms_buf hash = RMS_BUF_INIT(1024);
    struct rms_tenant t;
    struct rms_account account;
    struct user_change change = {0};
    (void)front;
    RMS_TRY(find_account(request, &t, &account));
    RMS_TRY(rms_admin_body(request, names, &body));
    int rc = read_change(&body, &change, &hash);
    if (rc < 0) {
        return rms_admin_fail(request, &body, rc);
    }
    if (json_object_get(body.object, "Licensed") == NULL || json_object_size(body.object) > 1) {
        RMS_TRY(rms_admin_not_of_directory(request, t.id, account.id));
    }
    if (change.licensed && rms_account_is_self_made(&account)) {
        return rms_fail(
            request, RMS_E_BAD_ARGUMENT, "Licensed: not for who signed up by himself"); /* S-056 */
    }
    rc = rms_account_change(request->worker->db, t.id, account.id, &change.change);
    if (rc == RMS_E_CONFLICT) {
        return rms_fail(request, rc, "an account or group has one of the names");
    }
    RMS_TRY(rc);
    RMS_TRY(rms_account_get(request->worker->db, request->arena, t.id, account.id, &account));
    write_account(request, &reply->body, &account, NULL);
    return RMS_OK;
}

int rms_admin_user_remove(struct rms_front *front, struct rms_request *request, struct rms_reply *reply)
{
    struct rms_tenant t;
    struct rms_account account;
    (void)front;
    RMS_TRY(find_account(request, &t, &account));
    RMS_TRY(rms_admin_not_of_directory(request, t.id, account.id));
    RMS_TRY(rms_account_delete(request->worker->db, t.id, account.id));
    rms_admin_done(reply);
    return RMS_OK;
}

/* --- explaining (S-064) -------------------------------------------------------------------------------- */

static void write_groups(struct rms_buf *out, const struct rms_explanation *e)
{
    rms_out_open(out, "Groups", '[');
    for (size_t i = 0; i < e->group_count; i++) {
        rms_out_open(out, NULL, '{');
        rms_out_text(out, "Id", e->groups[i].id);
        rms_out_text(out, "Name", e->groups[i].name);
        rms_out_text(out, "Address", e->groups[i].address);
        rms_out_close(out, '}');
    }
    rms_out_close(out, ']');
}

static void write_ignored(struct rms_buf *out, const struct rms_explanation *e)
{
    rms_out_open(out, "Ignored", '[');
    for (size_t i = 0; i < e->ignored_count; i++) {
        rms_out_open(out, NULL, '{');
        rms_out_text(out, "Value", e->ignored[i].value);
        rms_out_text(out, "Reason", e->ignored[i].reason);
        rms_out_close(out, '}');
    }
    rms_out_close(out, ']');
}

static void write_explanation(struct rms_buf *out, const struct rms_explanation *e)
{
    rms_out_open(out, NULL, '{');
    rms_out_text(out, "Kind", e->is_group ? "group" : "user");
    rms_out_text(out, "Id", e->id);
    rms_out_text(out, "Name", e->name);
    rms_out_text(out, "Upn", e->upn);
    rms_out_bool(out, "Enabled", e->enabled);
    rms_out_bool(out, "Guest", e->guest);
    rms_out_bool(out, "SuperUser", e->super_user);
    rms_out_texts(out, "Addresses", e->usable, e->usable_count);
    write_ignored(out, e);
    write_groups(out, e);
    rms_out_int(out, "CacheAgeSeconds", e->membership_age_s);
    rms_out_close(out, '}');
}

int rms_admin_user_identity(struct rms_front *front, struct rms_request *request, struct rms_reply *reply)
{
    struct rms_tenant t;
    struct rms_explanation *explanation = NULL;
    RMS_TRY(rms_admin_tenant(request, &t));
    int rc =
        rms_directory_explain(front->directory, request->worker->db, t.id, request->params[1], &explanation);
    if (rc == RMS_E_NOT_FOUND) {
        return rms_fail(request, rc, "no such account or group");
    }
    RMS_TRY(rc);
    write_explanation(&reply->body, explanation);
    rms_explanation_free(&explanation);
    return RMS_OK;
}
