/* A front without network for tests: real store, directory and keyd in one process; requests go through the
 * route table to the handlers. Who asks and what time it is are arguments. */
#ifndef RMS_SERVICE_FRONT_TEST_H
#define RMS_SERVICE_FRONT_TEST_H

#include "base/test.h"

#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/json.h"
#include "base/mem.h"
#include "crypto/base64.h"
#include "directory/directory.h"
#include "service/admin.h"
#include "service/keyclient.h"
#include "service/keyd.h"
#include "service/licence.h"
#include "service/hand_over.h"
#include "service/rest.h"
#include "service/revocation.h"
#include "service/route.h"
#include "service/tenant.h"
#include "service/settings.h"
#include "service/tenant_make.h"
#include "service/signed_cache.h"
#include "service/usage.h"
#include "service/lookout.h"
#include "store/testing_database.h"

#define STAGE_HELPER static __attribute__((unused))

struct stage {
    char dir[64];
    char url[TEST_DATABASE_URL];
    struct rms_secret *master;
    struct rms_keyd *keyd;
    struct rms_settings settings;
    struct rms_front front;
    struct rms_worker worker;
    int64_t now;
    const char *contoso; /* tenant GUIDs, for paths */
    const char *fabrikam;
    const char *client; /* what those who ask say of their client; NULL: nothing */
    json_t *reply;      /* of the latest call */
    char *reply_text;
    int code;   /* what its handler returned */
    int logged; /* what its log row says */
    bool super_user;
    bool names_content; /* the log row has something of the licence */
    char detail[256];
    char trace[512]; /* what its log row says of the decision */
};

static struct stage stage;

STAGE_HELPER void stage_keyd(void)
{
    const struct rms_keyd_options options = {
        .master_key = stage.master, .threads = 2, .makers = 1, .open_keys_max = 16, .user_keys_max = 16};
    int ours[2];
    assert_int_equal(rms_keyd_new(&options, &stage.keyd), 0);
    assert_int_equal(rms_keylink_new(-1, rms_tenant_fetch_key, &stage.front.keylink), 0);
    for (size_t i = 0; i < 2; i++) {
        int ends[2];
        assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), 0);
        assert_int_equal(rms_keyd_attach(stage.keyd, ends[0]), 0);
        ours[i] = ends[1];
    }
    assert_int_equal(rms_keylink_attach(stage.front.keylink, ours, 2), 0);
    assert_int_equal(rms_keyclient_new(stage.front.keylink, &stage.worker, &stage.worker.keys), 0);
}

/* --- calls ------------------------------------------------------------------------------------------- */

struct stage_who {
    const char *tenant; /* NULL: nobody, or the operator */
    const char *name;
    const char *language;
};

STAGE_HELPER void stage_person(struct rms_request *request, const struct stage_who *who)
{
    const struct rms_directory_person *person = NULL;
    if (who->tenant == NULL) {
        return;
    }
    request->tenant = rms_request_tenant(request, who->tenant);
    assert_non_null(request->tenant);
    assert_int_equal(rms_directory_find(
                         stage.front.directory, stage.worker.db, request->tenant->row.id, who->name, &person),
        0);
    request->person = person;
    request->caller = RMS_CALLER_PERSON;
    request->address = person->address != NULL ? person->address : person->upn;
}

STAGE_HELPER void stage_forget(void)
{
    rms_json_free(&stage.reply);
    rms_free(stage.reply_text);
    stage.reply_text = NULL;
}

STAGE_HELPER void stage_note(const struct rms_request *request)
{
    const struct rms_usage_note *note = &request->note;
    const struct rms_live_tenant *tenant =
        note->tenant != NULL ? note->tenant : request->tenant; /* usage.c */
    stage.logged = note->code != 0 ? note->code : stage.code;
    stage.super_user = note->super_user;
    stage.names_content = note->content_id != NULL || note->owner != NULL || note->issuer != NULL ||
                          note->template_id != NULL || note->file_name != NULL ||
                          note->published_at != RMS_TIME_NONE;
    (void)snprintf(stage.detail, sizeof stage.detail, "%s", note->detail != NULL ? note->detail : "");
    (void)snprintf(stage.trace, sizeof stage.trace, "%s; %s; tenant %s; super %d; offline %lld; content %d",
        rms_error_info(stage.logged)->reason, stage.detail, tenant != NULL ? tenant->row.id : "-",
        note->super_user, (long long)note->offline_until, stage.names_content);
}

/* method and path as on the wire; body NULL = none. The JSON reply is in stage.reply. */
STAGE_HELPER int stage_call(struct stage_who who, const char *line, const char *body)
{
    struct rms_request request = {.worker = &stage.worker,
        .now = stage.now,
        .client_ip = "",
        .client_info = stage.client != NULL ? stage.client : ""};
    struct rms_reply reply = {.body = RMS_BUF_INIT(64u << 20)};
    struct rms_pair headers[] = {{"Accept-Language", who.language != NULL ? who.language : "en"}};
    char method[16];
    char path[512];
    unsigned allowed;
    stage_forget();
    request.arena = rms_arena_new(64u << 20);
    assert_int_equal(sscanf(line, "%15s %511s", method, path), 2);
    char *mark = strchr(path, '?');
    if (mark != NULL) {
        *mark = '\0';
        assert_int_equal(rms_form_parse(request.arena, rms_view_str(mark + 1), false, &request.query,
                             &request.query_count),
            0);
    }
    request.method = method[0] == 'G'   ? RMS_METHOD_GET
                     : method[0] == 'D' ? RMS_METHOD_DELETE
                                        : RMS_METHOD_POST;
    request.path = path;
    request.body = rms_view_str(body);
    request.headers = headers;
    request.header_count = 1;
    request.note.published_at = RMS_TIME_NONE;
    rms_guid_new(request.correlation);
    assert_int_equal(rms_route_find(&request, &allowed), 0);
    assert_int_equal(rms_route_params(&request), 0);
    if (request.route->who == RMS_WHO_OPERATOR || request.route->who == RMS_WHO_ADMIN) {
        request.admin_socket = who.tenant == NULL;
        request.caller = RMS_CALLER_OPERATOR;
    }
    stage_person(&request, &who);
    stage.code = request.route->who == RMS_WHO_BEARER ? rms_rest_client(&request) : RMS_OK;
    if (stage.code == RMS_OK) {
        stage.code = request.route->handler(&stage.front, &request, &reply);
    }
    rms_usage_note_request(stage.front.usage, &request, stage.code);
    stage_note(&request);
    if (request.route->log == RMS_LOG_ADMIN) {
        rms_admin_note_request(&request, stage.code);
    }
    if (stage.code == 0) {
        stage.reply_text = rms_strdup(rms_buf_text(&reply.body));
        (void)!rms_json_parse(rms_buf_view(&reply.body), &stage.reply);
    }
    rms_request_unpin(&request);
    rms_buf_fini(&reply.body);
    rms_arena_free(&request.arena);
    return stage.code;
}

STAGE_HELPER int stage_admin(const char *line, const char *body)
{
    return stage_call((struct stage_who){NULL, NULL, NULL}, line, body);
}

STAGE_HELPER const char *stage_text(const char *member)
{
    return rms_json_str(stage.reply, member);
}

/* Formats into one of a few buffers. */
STAGE_HELPER __attribute__((format(printf, 1, 2))) const char *stage_printf(const char *format, ...)
{
    static char *texts[16];
    static size_t next;
    va_list ap;
    va_list again;
    char **text = &texts[next++ % RMS_COUNT(texts)];
    va_start(ap, format);
    va_copy(again, ap);
    int len = vsnprintf(NULL, 0, format, ap);
    rms_free(*text);
    *text = rms_malloc((size_t)len + 1);
    assert_non_null(*text);
    (void)vsnprintf(*text, (size_t)len + 1, format, again);
    va_end(ap);
    va_end(again);
    return *text;
}

/* --- people ------------------------------------------------------------------------------------------ */

STAGE_HELPER void stage_user(const char *tenant, const char *address)
{
    assert_int_equal(stage_admin(stage_printf("POST /admin/v1/tenants/%s/users", tenant),
                         stage_printf("{\"Address\":\"%s\",\"DisplayName\":\"x\"}", address)),
        0);
}

STAGE_HELPER const char *stage_tenant(const char *name, const char *domain)
{
    assert_int_equal(stage_admin("POST /admin/v1/tenants",
                         stage_printf("{\"Name\":\"%s\",\"Domains\":[\"%s\"]}", name, domain)),
        0);
    return rms_strdup(stage_text("TenantId"));
}

STAGE_HELPER struct stage_who as(const char *address)
{
    const char *tenant = strstr(address, "fabrikam") != NULL ? stage.fabrikam : stage.contoso;
    return (struct stage_who){tenant, address, NULL};
}

/* --- life -------------------------------------------------------------------------------------------- */

STAGE_HELPER int stage_look(void *context, struct rms_db *db)
{
    struct rms_changes changes;
    (void)context;
    return rms_changes_read(db, &changes);
}

STAGE_HELPER int stage_open(void **state)
{
    (void)state;
    stage = (struct stage){.dir = "/tmp/rms-front-XXXXXX", .now = rms_clock_now()};
    assert_non_null(mkdtemp(stage.dir));
    test_database_new(stage.dir, stage.url);
    stage.master = rms_secret_new(RMS_MASTER_KEY_BYTES);
    struct rms_front *f = &stage.front;
    f->host = "rms.contoso.test";
    f->base_url = "https://rms.contoso.test";
    stage.worker.front = f;
    rms_settings_init(&stage.settings);
    f->settings = &stage.settings;
    assert_int_equal(rms_store_open(stage.url, &f->store), 0);
    assert_int_equal(rms_db_open(f->store, &stage.worker.db), 0);
    assert_int_equal(rms_directory_new(f->store, 0, &f->directory), 0);
    assert_int_equal(rms_tenancy_new(f, &f->tenancy), 0);
    assert_int_equal(rms_licences_new(1u << 20, &f->licences), 0);
    assert_int_equal(rms_revocations_new(&f->revocations), 0);
    assert_int_equal(rms_hand_overs_new(&f->hand_overs), 0);
    assert_int_equal(rms_signed_cache_new(&f->signed_cache), 0);
    const struct rms_lookout_options watch = {.store = f->store, .look = stage_look};
    assert_int_equal(rms_lookout_new(&watch, &f->lookout), 0);
    stage_keyd();
    assert_int_equal(rms_usage_new(f->store, NULL, f->keylink, &f->usage), 0);
    stage.contoso = stage_tenant("Contoso", "contoso.test");
    stage.fabrikam = stage_tenant("Fabrikam", "fabrikam.test");
    stage_user(stage.contoso, "alice@contoso.test");
    stage_user(stage.contoso, "bob@contoso.test");
    stage_user(stage.contoso, "carol@contoso.test");
    stage_user(stage.fabrikam, "fay@fabrikam.test");
    return 0;
}

STAGE_HELPER int stage_close(void **state)
{
    struct rms_front *f = &stage.front;
    (void)state;
    stage_forget();
    rms_free((char *)(uintptr_t)stage.contoso);
    rms_free((char *)(uintptr_t)stage.fabrikam);
    for (int i = 0; i < 16; i++) {
        (void)stage_printf(" ");
    }
    rms_usage_free(&f->usage);
    rms_keyclient_free(&stage.worker.keys);
    rms_keylink_free(&f->keylink);
    rms_keyd_free(&stage.keyd);
    rms_secret_free(&stage.master);
    rms_lookout_free(&f->lookout);
    rms_signed_cache_free(&f->signed_cache);
    rms_licences_free(&f->licences);
    rms_hand_overs_free(&f->hand_overs);
    rms_revocations_free(&f->revocations);
    rms_tenancy_free(&f->tenancy);
    rms_directory_free(&f->directory);
    rms_db_close(&stage.worker.db);
    rms_store_free(&f->store);
    test_database_drop(stage.url);
    (void)rmdir(stage.dir);
    return 0;
}

#endif
