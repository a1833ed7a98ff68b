/* Making tokens: claims from the directory, signature from keyd (ES256, RFC 7515). */
#include "crypto/base64.h"
#include "service/signin_core.h"
#include "service/signin_rule.h"

#define TOKEN_MAX 32768 /* bytes of one token */

int rms_signin_grantee(struct rms_front *front, struct rms_request *request,
    const struct rms_oauth_grant *grant, const struct rms_directory_person **person_out)
{
    int status = rms_directory_person(
        front->directory, request->worker->db, grant->tenant_id, grant->account_id, person_out);

    if (status == RMS_E_NOT_FOUND) {
        return rms_fail(request, RMS_E_NOT_AUTHENTICATED, "sign-in: account gone");
    }
    RMS_TRY(status);
    if (!(*person_out)->enabled) {
        rms_directory_unref(person_out);
        return rms_fail(request, RMS_E_NOT_AUTHENTICATED, "sign-in: account disabled");
    }
    return 0;
}

/* What both tokens say. */
static json_t *common_claims(struct rms_front *front, struct rms_request *request,
    const struct rms_oauth_grant *grant, const struct rms_directory_person *person)
{
    const char *address = person->address != NULL ? person->address : person->upn;
    const char *name = person->display_name != NULL ? person->display_name : person->upn;
    const char *issuer = rms_signin_issuer(front, request->arena, grant->tenant_id);

    if (issuer == NULL) {
        return NULL;
    }
    return json_pack("{s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:I, s:I, s:I, s:s, s:o*}", "iss", issuer, "sub",
        person->account_id, "oid", person->account_id, "tid", grant->tenant_id, "upn", person->upn, "email",
        address, "name", name, "iat", (json_int_t)request->now, "nbf", (json_int_t)request->now, "exp",
        (json_int_t)request->now + RMS_ACCESS_TOKEN_S, "ver", "1", "amr",
        grant->passcode ? json_pack("[s]", RMS_AMR_PASSCODE) : NULL);
}

static int encode_json(json_t *json, struct rms_buf *out)
{
    RMS_BUF_CLEANUP struct rms_buf text = RMS_BUF_INIT(TOKEN_MAX);

    RMS_TRY(rms_json_emit(json, &text));
    rms_base64url_encode(out, rms_buf_view(&text));
    return rms_buf_status(out);
}

/* What a token is signed with and for. */
struct mint {
    struct rms_front *front;
    struct rms_request *request;
    const struct rms_live_tenant *tenant;
};

/* JWS compact form (RFC 7515 section 7.1). */
static int sign(const struct mint *mint, json_t *claims, struct rms_buf *token)
{
    RMS_JSON_CLEANUP json_t *header =
        json_pack("{s:s, s:s, s:s}", "alg", "ES256", "typ", "JWT", "kid", mint->tenant->token_key_id);
    uint8_t digest[RMS_HASH_MAX];
    uint8_t signature[64];

    if (header == NULL || claims == NULL) {
        return RMS_E_NO_MEMORY;
    }
    RMS_TRY(encode_json(header, token));
    rms_buf_append_byte(token, '.');
    RMS_TRY(encode_json(claims, token));
    rms_hash(RMS_SHA256, rms_buf_view(token), digest);
    RMS_TRY(mint->front->signin->sign(mint->request, mint->tenant->token_key_id, digest, signature));
    rms_buf_append_byte(token, '.');
    rms_base64url_encode(token, rms_view_of(signature, sizeof signature));
    return rms_buf_status(token);
}

/* Adds the signed claims to the answer. */
static int add_token(const struct mint *mint, json_t *answer, const char *member, json_t *claims)
{
    RMS_BUF_CLEANUP struct rms_buf token = RMS_BUF_INIT(TOKEN_MAX);

    RMS_TRY(sign(mint, claims, &token));
    return json_object_set_new(answer, member, json_stringn(rms_buf_text(&token), token.len)) == 0
               ? 0
               : RMS_E_NO_MEMORY;
}

static int add_access_token(
    const struct mint *mint, json_t *answer, const struct rms_oauth_grant *grant, json_t *common)
{
    RMS_JSON_CLEANUP json_t *claims = json_copy(common);
    char id[RMS_GUID_TEXT];

    rms_guid_new(id);
    if (claims == NULL ||
        json_object_update_new(claims,
            json_pack("{s:s, s:s, s:s, s:s}", "aud",
                rms_signin_resource_abroad(mint->front, grant->resource) ? grant->resource
                                                                         : mint->front->signin->resource,
                "scp", "user_impersonation", "appid", grant->client_id, "jti", id)) != 0) {
        return RMS_E_NO_MEMORY;
    }
    return add_token(mint, answer, "access_token", claims);
}

static int add_id_token(
    const struct mint *mint, json_t *answer, const struct rms_oauth_grant *grant, json_t *common)
{
    RMS_JSON_CLEANUP json_t *claims = json_copy(common);

    if (claims == NULL ||
        json_object_update_new(claims, json_pack("{s:s, s:O, s:I, s:s*}", "aud", grant->client_id,
                                           "preferred_username", json_object_get(common, "upn"), "auth_time",
                                           (json_int_t)grant->auth_time, "nonce", grant->nonce)) != 0) {
        return RMS_E_NO_MEMORY;
    }
    return add_token(mint, answer, "id_token", claims);
}

static int fill(const struct mint *mint, json_t *answer, const struct rms_oauth_grant *grant, json_t *common)
{
    if (common == NULL || answer == NULL) {
        return RMS_E_NO_MEMORY;
    }
    RMS_TRY(add_access_token(mint, answer, grant, common));
    return rms_scope_has(grant->scope, "openid") ? add_id_token(mint, answer, grant, common) : 0;
}

int rms_signin_mint(struct rms_front *front, struct rms_request *request, const struct rms_oauth_grant *grant,
    json_t **answer_out)
{
    RMS_DIRECTORY_PERSON_CLEANUP const struct rms_directory_person *person = NULL;
    RMS_JSON_CLEANUP json_t *common = NULL;
    RMS_JSON_CLEANUP json_t *answer = NULL;
    struct mint mint = {front, request, rms_request_tenant(request, grant->tenant_id)};
    const char *resource = grant->resource != NULL ? grant->resource : front->signin->resource;
    const char *scope = grant->scope != NULL ? grant->scope : "user_impersonation";

    *answer_out = NULL;
    if (mint.tenant == NULL || mint.tenant->token_key_id == NULL) {
        return rms_fail(request, RMS_E_KEY_UNAVAILABLE, "sign-in: the tenant has no token key");
    }
    RMS_TRY(rms_signin_grantee(front, request, grant, &person));
    request->note.user_id = rms_arena_strdup(request->arena, person->upn);
    common = common_claims(front, request, grant, person);
    answer = json_pack("{s:s, s:i, s:s, s:s}", "token_type", "Bearer", "expires_in", RMS_ACCESS_TOKEN_S,
        "resource", resource, "scope", scope);
    RMS_TRY(fill(&mint, answer, grant, common));
    *answer_out = json_incref(answer);
    return 0;
}
