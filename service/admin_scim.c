/* Tokens of the directories that push by SCIM. */
#include "service/admin.h"
#include "service/rest_write.h"
#include "service/scim.h"
#include "store/scim.h"

#define NAME_MAX_BYTES 64
#define DAYS           365
#define DAYS_MAX       730

static void write_token(struct rms_buf *out, const struct rms_scim_token *token, const char *secret)
{
    rms_out_open(out, NULL, '{');
    rms_out_text(out, "Id", token->id);
    rms_out_text(out, "Name", token->name);
    rms_out_time(out, "CreatedTime", token->created_at);
    rms_out_time(out, "ExpiresTime", token->expires_at);
    if (secret != NULL) {
        rms_out_text(out, "Token", secret);
    }
}

static int read_token(struct rms_admin_body *body, struct rms_scim_token *token)
{
    int64_t days = DAYS;
    RMS_TRY(rms_admin_need(body, "Name", NAME_MAX_BYTES, &token->name));
    RMS_TRY(rms_reader_int(&body->reader, body->object, "Days", &days));
    if (days < 1 || days > DAYS_MAX) {
        return rms_reader_fail(&body->reader, "Days", "not from 1 to 730");
    }
    token->expires_at = token->created_at + days * RMS_DAY_S;
    return RMS_OK;
}

static int store_token(struct rms_request *request, const struct rms_scim_token *token, struct rms_buf *out)
{
    char secret[RMS_SCIM_TOKEN_TEXT];
    uint8_t hash[RMS_SCIM_TOKEN_HASH];
    rms_scim_token_make(secret, hash);
    int rc = rms_scim_token_add(request->worker->db, token, hash);
    if (rc == RMS_OK) {
        write_token(out, token, secret);
        rms_out_text(out, "Url",
            rms_arena_printf(
                request->arena, "%s/%s/scim/v2", request->worker->front->base_url, token->tenant_id));
        rms_out_close(out, '}');
    }
    explicit_bzero(secret, sizeof secret);
    return rc;
}

int rms_admin_scim_token_add(struct rms_front *front, struct rms_request *request, struct rms_reply *reply)
{
    static const char *const names[] = {"Name", "Days", NULL};
    RMS_ADMIN_BODY_CLEANUP struct rms_admin_body body = {0};
    struct rms_tenant t;
    char id[RMS_GUID_TEXT];
    (void)front;
    RMS_TRY(rms_admin_tenant(request, &t));
    RMS_TRY(rms_admin_body(request, names, &body));
    rms_guid_new(id);
    struct rms_scim_token token = {.id = id, .tenant_id = t.id, .created_at = request->now};
    int rc = read_token(&body, &token);
    if (rc < 0) {
        return rms_admin_fail(request, &body, rc);
    }
    rc = store_token(request, &token, &reply->body);
    const char *why = rc == RMS_E_CONFLICT       ? "the tenant has a token of this name"
                      : rc == RMS_E_LIMIT        ? "the tenant has 16 tokens: revoke one"
                      : rc == RMS_E_BAD_ARGUMENT ? "Name: control characters"
                                                 : NULL;
    return rc < 0 ? rms_fail(request, rc, why) : RMS_OK;
}

int rms_admin_scim_token_list(struct rms_front *front, struct rms_request *request, struct rms_reply *reply)
{
    struct rms_tenant t;
    struct rms_scim_tokens tokens;
    (void)front;
    RMS_TRY(rms_admin_tenant(request, &t));
    RMS_TRY(rms_scim_token_list(request->worker->db, request->arena, t.id, &tokens));
    rms_out_open(&reply->body, NULL, '[');
    for (size_t i = 0; i < tokens.count; i++) {
        write_token(&reply->body, &tokens.items[i], NULL);
        rms_out_close(&reply->body, '}');
    }
    rms_out_close(&reply->body, ']');
    return RMS_OK;
}

int rms_admin_scim_token_remove(struct rms_front *front, struct rms_request *request, struct rms_reply *reply)
{
    (void)front;
    return rms_admin_remove(request, reply, rms_scim_token_remove, "no such token");
}
