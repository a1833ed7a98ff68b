/* Who pushes, and the form of bodies and refusals. */
#include "service/scim_core.h"

#include <strings.h>

#include "base/json.h"
#include "base/log.h"
#include "base/text.h"
#include "crypto/base64.h"
#include "crypto/digest.h"
#include "crypto/random.h"
#include "service/rest_write.h"
#include "service/route.h"
#include "service/tenant.h"
#include "store/scim.h"

#define TOKEN_PREFIX "rms_scim_" /* so that scanners for leaked secrets know it */
#define TOKEN_BYTES  32

/* --- tokens -------------------------------------------------------------------------------------------- */

static void hash_token(struct rms_view token, uint8_t hash_out[RMS_SCIM_TOKEN_HASH])
{
    rms_hash(RMS_SHA256, token, hash_out);
}

void rms_scim_token_make(char token_out[RMS_SCIM_TOKEN_TEXT], uint8_t hash_out[RMS_SCIM_TOKEN_HASH])
{
    RMS_BUF_CLEANUP struct rms_buf text = RMS_BUF_INIT(RMS_SCIM_TOKEN_TEXT - 1);
    uint8_t random[TOKEN_BYTES];
    rms_random(random, sizeof random);
    rms_buf_append_str(&text, TOKEN_PREFIX);
    rms_base64url_encode(&text, rms_view_of(random, sizeof random));
    hash_token(rms_buf_view(&text), hash_out);
    memcpy(token_out, rms_buf_text(&text), text.len + 1);
    explicit_bzero(random, sizeof random);
}

static int no(struct rms_request *request, const char *detail)
{
    rms_log(RMS_LOG_INFO, "scim.refused", "reason", detail, "ip", request->client_ip, "correlation",
        request->correlation, NULL);
    return rms_fail(request, RMS_E_NOT_AUTHENTICATED, detail);
}

static int find_token(struct rms_request *request, struct rms_scim_token *token)
{
    uint8_t hash[RMS_SCIM_TOKEN_HASH];
    const char *header = rms_request_header(request, "Authorization");
    if (header == NULL || strncasecmp(header, "Bearer ", 7) != 0) {
        return no(request, "scim: no token");
    }
    hash_token(rms_view_str(header + 7), hash);
    int rc = rms_scim_token_find(request->worker->db, request->arena, hash, token);
    return rc == RMS_E_NOT_FOUND ? no(request, "scim: unknown token") : rc;
}

int rms_scim_accept(struct rms_request *request)
{
    struct rms_scim_token token;
    RMS_TRY(find_token(request, &token));
    if (request->now >= token.expires_at) {
        return no(request, "scim: token has ended");
    }
    const struct rms_live_tenant *tenant = rms_request_tenant(request, request->params[0]);
    if (tenant == NULL || strcmp(tenant->row.id, token.tenant_id) != 0) {
        return no(request, "scim: token of another tenant");
    }
    request->tenant = tenant;
    request->caller = RMS_CALLER_PUSHER;
    request->actor = rms_arena_printf(request->arena, "scim:%s", token.name);
    return request->actor != NULL ? RMS_OK : RMS_E_NO_MEMORY;
}

/* --- refusals ------------------------------------------------------------------------------------------ */

int rms_scim_refuse(struct rms_scim *scim, int code, const char *scim_type, const char *detail)
{
    if (scim->detail == NULL) {
        scim->detail = detail;
        scim->scim_type = scim_type;
    }
    return code;
}

int rms_scim_bad(struct rms_scim *scim, const char *field, const char *problem)
{
    const char *detail = rms_arena_printf(scim->arena, "%.100s: %s", field, problem);
    return rms_scim_refuse(scim, RMS_E_BAD_ARGUMENT, "invalidValue", detail);
}

/* What the caller may hear: the cause of a failure of ours is in the log alone. */
static const char *public_detail(const struct rms_scim *scim, int code)
{
    bool his = code == RMS_E_BAD_ARGUMENT || code == RMS_E_CONFLICT || code == RMS_E_LIMIT ||
               code == RMS_E_NOT_FOUND || code == RMS_E_TYPE || code == RMS_E_METHOD;
    return his ? scim->detail : NULL;
}

static const char *type_of(const struct rms_scim *scim, int code)
{
    if (scim->scim_type != NULL) {
        return scim->scim_type;
    }
    return code == RMS_E_CONFLICT ? "uniqueness" : code == RMS_E_BAD_ARGUMENT ? "invalidValue" : NULL;
}

int rms_scim_write_error(const struct rms_scim *scim, int code, struct rms_buf *out)
{
    const struct rms_error_info *info = rms_error_info(code);
    const char *detail = public_detail(scim, code);
    int status = info->http_status == 200 ? 403 : info->http_status;
    RMS_BUF_CLEANUP struct rms_buf text = RMS_BUF_INIT(4096);
    rms_buf_printf(&text, "%s%s%s", info->text, detail != NULL ? ": " : "", detail != NULL ? detail : "");
    rms_out_open(out, NULL, '{');
    rms_out_open(out, "schemas", '[');
    rms_out_text(out, NULL, "urn:ietf:params:scim:api:messages:2.0:Error");
    rms_out_close(out, ']');
    rms_buf_printf(out, ",\"status\":\"%d\"", status);
    if (type_of(scim, code) != NULL) {
        rms_out_text(out, "scimType", type_of(scim, code));
    }
    rms_out_text(out, "detail", text.failed ? info->text : rms_buf_text(&text));
    rms_out_text(out, "reason", info->reason);
    rms_out_text(out, "next", info->next);
    rms_out_text(out, "correlationId", scim->request->correlation);
    rms_out_close(out, '}');
    return status;
}

static void write_refusal(const struct rms_scim *scim, int code, struct rms_reply *reply)
{
    rms_buf_reset(&reply->body);
    reply->header_count = 0;
    reply->status = rms_scim_write_error(scim, code, &reply->body);
    reply->type = RMS_SCIM_TYPE;
    if (code == RMS_E_NOT_AUTHENTICATED) {
        rms_reply_header(reply, "WWW-Authenticate", "Bearer realm=\"scim\"");
    }
    if (reply->status == 429 || reply->status == 503) {
        reply->retry_after_s = 2;
    }
}

void rms_scim_error(const struct rms_request *request, int code, struct rms_reply *reply)
{
    const struct rms_scim scim = {
        .request = (struct rms_request *)(uintptr_t)request, .detail = request->note.detail};
    write_refusal(&scim, code, reply);
}

/* --- a call -------------------------------------------------------------------------------------------- */

int rms_scim_begin(struct rms_front *front, struct rms_request *request, struct rms_scim *scim_out)
{
    *scim_out = (struct rms_scim){
        .front = front,
        .request = request,
        .arena = request->arena,
        .db = request->worker->db,
        .tenant_id = request->tenant->row.id,
    };
    scim_out->base = rms_arena_printf(request->arena, "%s/%s/scim/v2", front->base_url, scim_out->tenant_id);
    return scim_out->base != NULL ? RMS_OK : RMS_E_NO_MEMORY;
}

int rms_scim_commit(struct rms_scim *scim, int code)
{
    /* in the same transaction: whoever was taken out of a group is out within 100 ms, whatever is kept */
    if (code >= 0 && scim->regroup) {
        code = rms_changes_refresh(scim->db);
    }
    return rms_db_end(scim->db, code);
}

int rms_scim_end(struct rms_scim *scim, int code, struct rms_reply *reply)
{
    struct rms_request *request = scim->request;
    if (code == RMS_OK && rms_buf_status(&reply->body) < 0) {
        code = rms_scim_refuse(scim, RMS_E_LIMIT, "tooMany", "ask for fewer, or without members");
    }
    if (scim->done != NULL) {
        request->command =
            rms_arena_printf(request->arena, "%s %s", request->route->request_type, scim->done);
    }
    if (code < 0) {
        code = rms_fail(request, code, scim->detail);
        write_refusal(scim, code, reply);
        reply->final = true;
        return code;
    }
    if (reply->body.len > 0) {
        reply->type = RMS_SCIM_TYPE;
    }
    return RMS_OK;
}

/* --- values -------------------------------------------------------------------------------------------- */

int rms_scim_body(struct rms_scim *scim, json_t **body_out)
{
    *body_out = NULL;
    if (rms_json_parse(scim->request->body, body_out) < 0 || !json_is_object(*body_out)) {
        rms_json_free(body_out);
        return rms_scim_refuse(scim, RMS_E_BAD_ARGUMENT, "invalidSyntax", "the body is not a JSON object");
    }
    return RMS_OK;
}

const json_t *rms_scim_member(const json_t *object, const char *name)
{
    const char *key;
    json_t *value;
    json_object_foreach((json_t *)(uintptr_t)object, key, value)
    {
        if (rms_text_equal_nocase(key, name)) {
            return json_is_null(value) ? NULL : value;
        }
    }
    return NULL;
}

int rms_scim_text(struct rms_scim *scim, const char *field, const json_t *value, const char **text_out)
{
    if (!json_is_string(value)) {
        return rms_scim_bad(scim, field, "not a text");
    }
    struct rms_view text = rms_view_of(json_string_value(value), json_string_length(value));
    if (text.len > RMS_SCIM_TEXT_MAX) {
        return rms_scim_bad(scim, field, "too long");
    }
    if (!rms_text_printable(text)) {
        return rms_scim_bad(scim, field, "control characters");
    }
    *text_out = rms_arena_text(scim->arena, text);
    return *text_out != NULL ? RMS_OK : RMS_E_NO_MEMORY;
}

int rms_scim_bool(struct rms_scim *scim, const char *field, const json_t *value, bool *out)
{
    const char *text = json_string_value(value);
    bool yes = json_is_true(value) || (text != NULL && rms_text_equal_nocase(text, "true"));
    bool no_text = json_is_false(value) || (text != NULL && rms_text_equal_nocase(text, "false"));
    if (!yes && !no_text) {
        return rms_scim_bad(scim, field, "neither true nor false");
    }
    *out = yes;
    return RMS_OK;
}
