#include "service/admin.h"

#include "base/clock.h"
#include "base/text.h"
#include "base/json.h"
#include "base/log.h"
#include "directory/directory.h"
#include "service/route.h"
#include "service/rest_error.h"
#include "service/rest_write.h"
#include "service/tenant.h"
#include "service/usage_sign.h"
#include "store/admin_log.h"

int rms_admin_tenant(struct rms_request *request, struct rms_tenant *tenant_out)
{
    const char *own = request->person != NULL ? request->person->tenant_id : NULL;
    const char *text = strcmp(request->params[0], "-") == 0 && own != NULL ? own : request->params[0];
    const struct rms_live_tenant *named =
        strcmp(text, "-") == 0 ? rms_request_only_tenant(request) : rms_request_tenant(request, text);
    /* once more behind rms_role_admit: no handler may ever work on somebody else's tenant */
    if (named == NULL || (own != NULL && strcmp(named->row.id, own) != 0)) {
        return rms_fail(request, RMS_E_NOT_FOUND, "no such tenant");
    }
    request->tenant = named;
    return rms_tenant_get(request->worker->db, request->arena, request->tenant->row.id, tenant_out);
}

int rms_admin_body(struct rms_request *request, const char *const *names, struct rms_admin_body *body_out)
{
    *body_out = (struct rms_admin_body){.reader = {request->arena, NULL}, .object = NULL};
    int rc = rms_reader_parse(&body_out->reader, request->body, &body_out->object);
    if (rc == RMS_OK) {
        rc = rms_reader_only(&body_out->reader, body_out->object, names);
    }
    return rc < 0 ? rms_admin_fail(request, body_out, rc) : RMS_OK;
}

int rms_admin_no_members(struct rms_request *request)
{
    static const char *const names[] = {NULL};
    RMS_ADMIN_BODY_CLEANUP struct rms_admin_body body = {0};
    return request->body.len > 0 ? rms_admin_body(request, names, &body) : RMS_OK;
}

void rms_admin_body_fini(struct rms_admin_body *body)
{
    rms_json_free(&body->object);
}

int rms_admin_fail(struct rms_request *request, const struct rms_admin_body *body, int code)
{
    return rms_fail(request, code, body->reader.detail);
}

int rms_admin_need(struct rms_admin_body *body, const char *name, size_t max, const char **out)
{
    *out = NULL;
    RMS_TRY(rms_reader_text(&body->reader, body->object, name, max, out));
    return *out != NULL && (*out)[0] != '\0' ? RMS_OK : rms_reader_fail(&body->reader, name, "missing");
}

static const char *domain_of(struct rms_arena *arena, const char *text)
{
    const char *whole = rms_arena_printf(arena, "x@%s", text);
    char address[RMS_ADDRESS_MAX];
    return whole != NULL && rms_address_normalise(whole, address) == 0
               ? rms_arena_strdup(arena, rms_address_domain(address))
               : NULL;
}

int rms_admin_domains(struct rms_admin_body *body, const char *const **domains_out, size_t *count_out)
{
    const char *const *texts = NULL;
    size_t count = 0;
    RMS_TRY(rms_reader_texts(&body->reader, body->object, "Domains", &texts, &count));
    const char **domains = rms_arena_array(body->reader.arena, count + 1, sizeof *domains);
    if (domains == NULL) {
        return RMS_E_NO_MEMORY;
    }
    for (size_t i = 0; i < count; i++) {
        domains[i] = domain_of(body->reader.arena, texts[i]);
        if (domains[i] == NULL) {
            return rms_reader_fail(&body->reader, "Domains", "not a domain");
        }
    }
    *domains_out = domains;
    *count_out = count;
    return RMS_OK;
}

bool rms_admin_wants_text(const struct rms_request *request)
{
    const char *accept = rms_request_header(request, "Accept");
    return accept != NULL && strstr(accept, "text/plain") != NULL;
}

void rms_admin_write_word(
    const struct rms_request *request, struct rms_reply *reply, const char *name, const char *word)
{
    if (rms_admin_wants_text(request)) {
        reply->type = "text/plain; charset=utf-8";
        rms_buf_printf(&reply->body, "%s\n", word);
        return;
    }
    rms_out_open(&reply->body, NULL, '{');
    rms_out_text(&reply->body, name, word);
    rms_out_close(&reply->body, '}');
}

void rms_admin_done(struct rms_reply *reply)
{
    rms_buf_append_str(&reply->body, "{}");
}

static int edit_row(
    struct rms_request *request, struct rms_admin_body *body, rms_admin_edit edit, struct rms_tenant *t)
{
    RMS_TRY(rms_tenant_get(request->worker->db, request->arena, t->id, t));
    RMS_TRY(edit(request, body, t));
    return rms_tenant_update(request->worker->db, t);
}

int rms_admin_edit_tenant(
    struct rms_request *request, const char *const *names, rms_admin_edit edit, struct rms_tenant *t)
{
    RMS_ADMIN_BODY_CLEANUP struct rms_admin_body body = {0};
    RMS_TRY(rms_admin_tenant(request, t));
    RMS_TRY(rms_admin_body(request, names, &body));
    RMS_TRY(rms_db_begin(request->worker->db));
    int rc = rms_db_end(request->worker->db, edit_row(request, &body, edit, t));
    return rc < 0 && body.reader.detail != NULL ? rms_admin_fail(request, &body, rc) : rc;
}

int rms_admin_remove(
    struct rms_request *request, struct rms_reply *reply, rms_admin_remover remover, const char *why)
{
    struct rms_tenant t;
    RMS_TRY(rms_admin_tenant(request, &t));
    int rc = remover(request->worker->db, t.id, request->params[1]);
    if (rc == RMS_E_NOT_FOUND) {
        return rms_fail(request, rc, why);
    }
    RMS_TRY(rc);
    rms_admin_done(reply);
    return RMS_OK;
}

/* --- the admin log ------------------------------------------------------------------------------------- */

#define COMMAND_MAX 4000

/* Whom a search or deletion of personal data was about stays out of the log too (S-324), and so do whole
 * licences.
 */
static bool secret_member(const char *name)
{
    static const char *const names[] = {
        "Password", "Person", "Confirm", "about", "SerializedPublishingLicense"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        if (strcmp(name, names[i]) == 0) {
            return true;
        }
    }
    return false;
}

static void append_value(struct rms_buf *out, const json_t *value)
{
    if (rms_json_emit(value, out) < 0) {
        rms_buf_append_str(out, "?");
    }
}

/* " -Name value" for every member. A body that is no JSON has nothing worth repeating. */
static void append_body(struct rms_buf *out, struct rms_view body)
{
    RMS_JSON_CLEANUP json_t *json = NULL;
    const char *key;
    json_t *value;
    if (body.len == 0 || rms_json_parse(body, &json) < 0) {
        return;
    }
    json_object_foreach(json, key, value)
    {
        rms_buf_printf(out, " -%.64s ", key);
        if (secret_member(key)) {
            rms_buf_append_str(out, "***");
        } else {
            append_value(out, value);
        }
    }
}

static const char *command_of(const struct rms_request *request)
{
    RMS_BUF_CLEANUP struct rms_buf out = RMS_BUF_INIT(RMS_ADMIN_BODY_MAX * 2);
    rms_buf_append_str(&out, request->route != NULL ? request->route->request_type : "UnknownCommand");
    for (size_t i = 0; i < request->param_count; i++) {
        rms_buf_printf(&out, " %s", request->params[i]);
    }
    for (size_t i = 0; i < request->query_count; i++) {
        rms_buf_printf(&out, " -%s %s", request->query[i].name,
            secret_member(request->query[i].name) ? "***" : request->query[i].value);
    }
    append_body(&out, request->body);
    size_t len = out.len <= COMMAND_MAX ? out.len : COMMAND_MAX;
    while (len > 0 && len < out.len && (out.data[len] & 0xc0) == 0x80) {
        len--; /* cut at a character */
    }
    return rms_arena_text(request->arena, rms_view_of(out.data, len));
}

/* Its own row and those that others left. When keyd does not answer they wait for the next call. */
static void seal(struct rms_worker *worker, const char *tenant_id)
{
    struct rms_usage_signer signer;
    rms_usage_signer_init(&signer, worker->db, worker->keys);
    int rc = rms_admin_chain_seal(worker->db, tenant_id, &signer.signer, rms_clock_now());
    if (rc < 0) {
        rms_log(RMS_LOG_ERROR, "admin-log.unsigned", "reason", rms_error_info(rc)->reason, NULL);
    }
}

void rms_admin_note_request(const struct rms_request *request, int code)
{
    if (request->actor == NULL && !request->admin_socket) {
        /* nobody in particular: an administrator's log is not for everybody to fill */
        rms_log(RMS_LOG_INFO, "admin.refused", "ip", request->client_ip, "reason",
            rms_error_info(code)->reason, "correlation", request->correlation, NULL);
        return;
    }
    const char *command = request->command != NULL ? request->command : command_of(request);
    const char *result = code == RMS_OK ? "True" : rms_rest_result(code);
    if (request->note.detail != NULL) {
        result = rms_arena_printf(request->arena, "%s: %s", result, request->note.detail);
    }
    struct rms_admin_row row = {
        .tenant_id = request->tenant != NULL ? request->tenant->row.id : NULL,
        .time = request->now,
        .actor = request->actor != NULL ? request->actor : "operator",
        .command = command != NULL ? command : "?",
        .passed = code == RMS_OK,
        .result = result != NULL ? result : "",
        .correlation_id = request->correlation,
    };
    int rc = rms_admin_log_append(request->worker->db, &row);
    if (rc < 0) {
        rms_log(RMS_LOG_ERROR, "admin-log.lost", "reason", rms_error_info(rc)->reason, "correlation",
            request->correlation, NULL);
        return;
    }
    seal(request->worker, row.tenant_id);
}
