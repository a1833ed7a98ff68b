/* Applications that act as themselves (S-062): accounts without a person, known by a pseudo-address. */
#include <strings.h>

#include "base/text.h"
#include "service/admin.h"
#include "service/rest_write.h"
#include "service/settings.h"
#include "service/signin_app.h"
#include "service/tenant.h"
#include "store/app.h"

#define NAME_MAX_BYTES  256
#define ALIAS_MAX_BYTES 64
#define APPS_MAX        10000 /* shown at once */

/* --- showing ------------------------------------------------------------------------------------------- */

static void write_secrets(struct rms_buf *out, const struct rms_app_secrets *secrets)
{
    rms_out_open(out, "Secrets", '[');
    for (size_t i = 0; i < secrets->count; i++) {
        rms_out_open(out, NULL, '{');
        rms_out_text(out, "Id", secrets->items[i].id);
        rms_out_time(out, "CreatedTime", secrets->items[i].created_at);
        rms_out_time(out, "ExpiresTime", secrets->items[i].expires_at);
        rms_out_close(out, '}');
    }
    rms_out_close(out, ']');
}

/* secret: one that was just made, and is never shown again; else NULL. */
static int write_app(
    struct rms_request *request, struct rms_buf *out, const struct rms_account *app, const char *secret)
{
    struct rms_app_secrets secrets;
    unsigned bit;
    RMS_TRY(rms_app_secret_list(request->worker->db, request->arena, app->tenant_id, app->id, &secrets));
    rms_out_open(out, NULL, '{');
    rms_out_text(out, "Id", app->id);
    rms_out_text(out, "Name", app->display_name);
    rms_out_text(out, "Address", app->upn);
    rms_out_bool(out, "Enabled", app->enabled);
    rms_out_open(out, "Permissions", '[');
    for (size_t i = 0; rms_permission_row(i, &bit) != NULL; i++) {
        if ((app->permissions & bit) != 0) {
            rms_out_text(out, NULL, rms_permission_row(i, &bit));
        }
    }
    rms_out_close(out, ']');
    rms_out_time(out, "CreatedTime", app->created_at);
    write_secrets(out, &secrets);
    if (secret != NULL) {
        rms_out_text(out, "Secret", secret);
    }
    rms_out_close(out, '}');
    return RMS_OK;
}

/* Of the path's second parameter: its id or pseudo-address. */
static int find_app(struct rms_request *request, struct rms_tenant *t, struct rms_account *app)
{
    RMS_TRY(rms_admin_tenant(request, t));
    int rc = rms_account_find(request->worker->db, request->arena, t->id, request->params[1], app);
    if (rc == RMS_E_NOT_FOUND || (rc == RMS_OK && !rms_account_is_app(app))) {
        return rms_fail(request, RMS_E_NOT_FOUND, "no such application");
    }
    return rc;
}

int rms_admin_app_list(struct rms_front *front, struct rms_request *request, struct rms_reply *reply)
{
    const struct rms_search all = {.source = RMS_SOURCE_APP, .by = RMS_SEARCH_ALL, .limit = APPS_MAX};
    struct rms_tenant t;
    struct rms_accounts apps;
    size_t total;
    (void)front;
    RMS_TRY(rms_admin_tenant(request, &t));
    RMS_TRY(rms_account_search(request->worker->db, request->arena, t.id, &all, &apps, &total));
    rms_out_open(&reply->body, NULL, '[');
    for (size_t i = 0; i < apps.count; i++) {
        RMS_TRY(write_app(request, &reply->body, &apps.items[i], NULL));
    }
    rms_out_close(&reply->body, ']');
    return RMS_OK;
}

int rms_admin_app_show(struct rms_front *front, struct rms_request *request, struct rms_reply *reply)
{
    struct rms_tenant t;
    struct rms_account app;
    (void)front;
    RMS_TRY(find_app(request, &t, &app));
    return write_app(request, &reply->body, &app, NULL);
}

/* --- adding, changing, removing ------------------------------------------------------------------------ */

static unsigned permission_of(const char *name)
{
    unsigned bit;
    for (size_t i = 0; rms_permission_row(i, &bit) != NULL; i++) {
        if (rms_text_equal_nocase(rms_permission_row(i, &bit), name)) {
            return bit;
        }
    }
    return 0;
}

static int read_permissions(struct rms_admin_body *body, unsigned *permissions)
{
    const char *const *names = NULL;
    size_t count = 0;
    if (json_object_get(body->object, "Permissions") == NULL) {
        return RMS_OK;
    }
    RMS_TRY(rms_reader_texts(&body->reader, body->object, "Permissions", &names, &count));
    *permissions = 0;
    for (size_t i = 0; i < count; i++) {
        unsigned bit = permission_of(names[i]);
        if (bit == 0) {
            return rms_reader_fail(&body->reader, "Permissions",
                "not Content.Writer, Content.SuperUser, Content.DelegatedReader or Content.DelegatedWriter");
        }
        *permissions |= bit;
    }
    return RMS_OK;
}

/* What stands before the @: the GUID, or a name like those of the integrated services (S-192). */
static int read_alias(struct rms_admin_body *body, const char **alias)
{
    static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-";
    RMS_TRY(rms_reader_text(&body->reader, body->object, "Alias", ALIAS_MAX_BYTES, alias));
    if (*alias != NULL && ((*alias)[0] == '\0' || (*alias)[strspn(*alias, plain)] != '\0')) {
        return rms_reader_fail(&body->reader, "Alias", "not letters, digits, - and _");
    }
    return RMS_OK;
}

static int read_app(struct rms_request *request, struct rms_admin_body *body, const struct rms_tenant *t,
    struct rms_account *app)
{
    const char *alias = app->id;
    RMS_TRY(rms_admin_need(body, "Name", NAME_MAX_BYTES, &app->display_name));
    RMS_TRY(read_alias(body, &alias));
    RMS_TRY(read_permissions(body, &app->permissions));
    app->upn = rms_arena_printf(request->arena, "%s@%s.rms.%s", alias, t->service_id,
        request->worker->front->settings->service_domain);
    return app->upn != NULL ? RMS_OK : RMS_E_NO_MEMORY;
}

/* With four eyes nobody comes to everybody's content by himself, by way of an application either (B-13). */
static int check_power(struct rms_request *request, const struct rms_account *app)
{
    bool all = (app->permissions & (RMS_MAY_READ_ALL | RMS_MAY_READ_FOR)) != 0;
    if (all && request->person != NULL && request->tenant->row.four_eyes) {
        return rms_fail(request, RMS_E_APPROVAL_REQUIRED,
            "four eyes are required here: the operator lets applications read, on the service's machine");
    }
    return RMS_OK;
}

static int add_secret(struct rms_request *request, const struct rms_account *app, const char *secret)
{
    char id[RMS_GUID_TEXT];
    uint8_t hash[RMS_HASH_MAX];
    RMS_TRY(check_power(request, app));
    rms_guid_new(id);
    const struct rms_app_secret row = {.id = id,
        .tenant_id = app->tenant_id,
        .account_id = app->id,
        .created_at = request->now,
        .expires_at = request->now + RMS_APP_SECRET_DAYS * RMS_DAY_S};
    rms_app_secret_hash(secret, hash);
    int rc = rms_app_secret_add(request->worker->db, &row, hash);
    return rc == RMS_E_LIMIT ? rms_fail(request, rc, "it has two secrets: remove one") : rc;
}

static int create(struct rms_request *request, const struct rms_account *app, const char *secret)
{
    int rc = rms_account_create(request->worker->db, app, NULL);
    if (rc == RMS_E_CONFLICT) {
        return rms_fail(request, rc, "the tenant has an application of this alias");
    }
    RMS_TRY(rc);
    return add_secret(request, app, secret);
}

int rms_admin_app_add(struct rms_front *front, struct rms_request *request, struct rms_reply *reply)
{
    static const char *const names[] = {"Name", "Alias", "Permissions", NULL};
    RMS_ADMIN_BODY_CLEANUP struct rms_admin_body body = {0};
    struct rms_tenant t;
    char id[RMS_GUID_TEXT];
    char secret[RMS_APP_SECRET_TEXT];
    (void)front;
    RMS_TRY(rms_admin_tenant(request, &t));
    RMS_TRY(rms_admin_body(request, names, &body));
    rms_guid_new(id);
    struct rms_account app = {
        .id = id, .tenant_id = t.id, .enabled = true, .created_at = request->now, .source = RMS_SOURCE_APP};
    int rc = read_app(request, &body, &t, &app);
    if (rc < 0) {
        return rms_admin_fail(request, &body, rc);
    }
    rms_app_secret_new(secret);
    RMS_TRY(rms_db_begin(request->worker->db));
    rc = rms_db_end(request->worker->db, create(request, &app, secret));
    if (rc == RMS_OK) {
        rc = write_app(request, &reply->body, &app, secret);
    }
    explicit_bzero(secret, sizeof secret);
    return rc;
}

static int change(struct rms_request *request, struct rms_admin_body *body, const struct rms_account *app)
{
    struct rms_account_change wanted = {0};
    struct rms_account becomes = *app;
    bool enabled = app->enabled;
    RMS_TRY(rms_reader_text(&body->reader, body->object, "Name", NAME_MAX_BYTES, &wanted.display_name));
    RMS_TRY(rms_reader_bool(&body->reader, body->object, "Enabled", &enabled));
    RMS_TRY(read_permissions(body, &becomes.permissions));
    RMS_TRY(check_power(request, &becomes));
    wanted.enabled = &enabled;
    RMS_TRY(rms_account_change(request->worker->db, app->tenant_id, app->id, &wanted));
    return rms_app_permit(request->worker->db, app->tenant_id, app->id, becomes.permissions);
}

int rms_admin_app_change(struct rms_front *front, struct rms_request *request, struct rms_reply *reply)
{
    static const char *const names[] = {"Name", "Enabled", "Permissions", NULL};
    RMS_ADMIN_BODY_CLEANUP struct rms_admin_body body = {0};
    struct rms_tenant t;
    struct rms_account app;
    (void)front;
    RMS_TRY(find_app(request, &t, &app));
    RMS_TRY(rms_admin_body(request, names, &body));
    RMS_TRY(rms_db_begin(request->worker->db));
    int rc = rms_db_end(request->worker->db, change(request, &body, &app));
    if (rc < 0) {
        return rms_admin_fail(request, &body, rc);
    }
    RMS_TRY(rms_account_get(request->worker->db, request->arena, t.id, app.id, &app));
    return write_app(request, &reply->body, &app, NULL);
}

int rms_admin_app_remove(struct rms_front *front, struct rms_request *request, struct rms_reply *reply)
{
    struct rms_tenant t;
    struct rms_account app;
    (void)front;
    RMS_TRY(find_app(request, &t, &app));
    RMS_TRY(rms_account_delete(request->worker->db, t.id, app.id));
    rms_admin_done(reply);
    return RMS_OK;
}

/* --- secrets ------------------------------------------------------------------------------------------- */

int rms_admin_app_secret_add(struct rms_front *front, struct rms_request *request, struct rms_reply *reply)
{
    struct rms_tenant t;
    struct rms_account app;
    char secret[RMS_APP_SECRET_TEXT];
    (void)front;
    RMS_TRY(rms_admin_no_members(request));
    RMS_TRY(find_app(request, &t, &app));
    rms_app_secret_new(secret);
    int rc = add_secret(request, &app, secret);
    if (rc == RMS_OK) {
        rc = write_app(request, &reply->body, &app, secret);
    }
    explicit_bzero(secret, sizeof secret);
    return rc;
}

/* Only their hashes are kept. */
int rms_admin_app_secret_show(struct rms_front *front, struct rms_request *request, struct rms_reply *reply)
{
    struct rms_tenant t;
    struct rms_account app;
    (void)front;
    (void)reply;
    RMS_TRY(find_app(request, &t, &app));
    return rms_fail(request, RMS_E_NOT_FOUND, "a secret is shown when it is made, and never again");
}

int rms_admin_app_secret_remove(struct rms_front *front, struct rms_request *request, struct rms_reply *reply)
{
    struct rms_tenant t;
    struct rms_account app;
    (void)front;
    RMS_TRY(find_app(request, &t, &app));
    int rc = rms_app_secret_remove(request->worker->db, t.id, app.id, request->params[2]);
    if (rc == RMS_E_NOT_FOUND) {
        return rms_fail(request, rc, "no such secret");
    }
    RMS_TRY(rc);
    return write_app(request, &reply->body, &app, NULL);
}
