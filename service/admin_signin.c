/* Who vouches for people: other issuers of tokens, and the applications of the built-in sign-in. */
#include "crypto/jwt.h"
#include "service/admin.h"
#include "service/rest_write.h"
#include "store/issuer.h"
#include "store/oauth.h"

#define URL_MAX_BYTES 1024

static const struct {
    const char *name;
    unsigned bit;
} algorithms[] = {{"RS256", RMS_ALG_RS256}, {"PS256", RMS_ALG_PS256}, {"ES256", RMS_ALG_ES256}};
#define ALGORITHMS (sizeof algorithms / sizeof algorithms[0])

/* --- issuers ------------------------------------------------------------------------------------------- */

static void write_issuer(struct rms_buf *out, const struct rms_issuer *issuer)
{
    rms_out_open(out, NULL, '{');
    rms_out_text(out, "Id", issuer->id);
    rms_out_text(out, "Issuer", issuer->issuer);
    rms_out_texts(out, "Audience", issuer->audiences, issuer->audience_count);
    rms_out_open(out, "Algorithms", '[');
    for (size_t i = 0; i < ALGORITHMS; i++) {
        if ((issuer->algorithms & algorithms[i].bit) != 0) {
            rms_out_text(out, NULL, algorithms[i].name);
        }
    }
    rms_out_close(out, ']');
    rms_out_text(out, "JwksUri", issuer->jwks_uri);
    rms_out_texts(out, "AcrValues", issuer->acr_values, issuer->acr_value_count);
    rms_out_int(out, "MaxAge", issuer->max_age_s);
    rms_out_texts(out, "Domains", issuer->domains, issuer->domain_count);
    rms_out_text(out, "Use", issuer->guests ? "guests" : "accounts");
    rms_out_close(out, '}');
}

static int read_algorithms(struct rms_admin_body *body, unsigned *bits)
{
    const char *const *names = NULL;
    size_t count = 0;
    RMS_TRY(rms_reader_texts(&body->reader, body->object, "Algorithms", &names, &count));
    *bits = count == 0 ? RMS_ALG_RS256 | RMS_ALG_PS256 | RMS_ALG_ES256 : 0;
    for (size_t i = 0; i < count; i++) {
        unsigned bit = 0;
        for (size_t j = 0; j < ALGORITHMS; j++) {
            bit |= strcmp(algorithms[j].name, names[i]) == 0 ? algorithms[j].bit : 0;
        }
        if (bit == 0) {
            return rms_reader_fail(&body->reader, "Algorithms", "not RS256, PS256 or ES256");
        }
        *bits |= bit;
    }
    return RMS_OK;
}

/* http only for this machine: tests and side-by-side providers. */
static bool url_fits(const char *url)
{
    return strncmp(url, "https://", 8) == 0 || strncmp(url, "http://127.0.0.1:", 17) == 0 ||
           strncmp(url, "http://localhost:", 17) == 0;
}

#define ACR_VALUES_MAX 16
#define MAX_AGE_MAX    (30 * RMS_DAY_S)

/* They come back in the challenge, whose values hold no delimiters. */
static bool acr_fits(const char *value)
{
    size_t len = strlen(value);
    return len > 0 && len <= 128 &&
           strspn(value, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789:/._-") == len;
}

static int read_step_up(struct rms_admin_body *body, struct rms_issuer *issuer)
{
    struct rms_reader *r = &body->reader;
    RMS_TRY(rms_reader_texts(r, body->object, "AcrValues", &issuer->acr_values, &issuer->acr_value_count));
    for (size_t i = 0; i < issuer->acr_value_count; i++) {
        if (i >= ACR_VALUES_MAX || !acr_fits(issuer->acr_values[i])) {
            return rms_reader_fail(r, "AcrValues", "not at most 16 names of letters, digits and :/._-");
        }
    }
    RMS_TRY(rms_reader_int(r, body->object, "MaxAge", &issuer->max_age_s));
    return issuer->max_age_s >= 0 && issuer->max_age_s <= MAX_AGE_MAX
               ? RMS_OK
               : rms_reader_fail(r, "MaxAge", "not from 0 to 2592000 seconds");
}

/* Of the tenant's own domains nobody is a guest. */
static int check_guests(
    struct rms_request *request, struct rms_admin_body *body, const struct rms_issuer *issuer)
{
    for (size_t i = 0; i < issuer->domain_count; i++) {
        struct rms_tenant owner;
        int rc = rms_tenant_find(request->worker->db, request->arena, issuer->domains[i], &owner);
        if (rc == RMS_OK && strcmp(owner.id, issuer->tenant_id) == 0) {
            return rms_reader_fail(&body->reader, "Domains", "people of an own domain are no guests");
        }
        RMS_TRY(rc == RMS_E_NOT_FOUND ? RMS_OK : rc);
    }
    return issuer->domain_count > 0
               ? RMS_OK
               : rms_reader_fail(&body->reader, "Domains", "guests are of named domains");
}

static int read_use(struct rms_request *request, struct rms_admin_body *body, struct rms_issuer *issuer)
{
    struct rms_reader *r = &body->reader;
    const char *use = NULL;
    RMS_TRY(rms_reader_text(r, body->object, "Use", 16, &use));
    issuer->guests = use != NULL && strcmp(use, "guests") == 0;
    if (use != NULL && !issuer->guests && strcmp(use, "accounts") != 0) {
        return rms_reader_fail(r, "Use", "neither accounts nor guests");
    }
    RMS_TRY(rms_admin_domains(body, &issuer->domains, &issuer->domain_count));
    return issuer->guests ? check_guests(request, body, issuer) : RMS_OK;
}

static int read_issuer(struct rms_request *request, struct rms_admin_body *body, struct rms_issuer *issuer)
{
    struct rms_reader *r = &body->reader;
    RMS_TRY(rms_admin_need(body, "Issuer", URL_MAX_BYTES, &issuer->issuer));
    if (!url_fits(issuer->issuer)) {
        return rms_reader_fail(r, "Issuer", "not an https address");
    }
    RMS_TRY(rms_reader_texts(r, body->object, "Audience", &issuer->audiences, &issuer->audience_count));
    if (issuer->audience_count == 0) {
        const char **own = rms_arena_array(r->arena, 1, sizeof(const char *));
        const char *resource = rms_arena_printf(r->arena, "%s/", request->worker->front->base_url);
        if (own == NULL || resource == NULL) {
            return RMS_E_NO_MEMORY;
        }
        own[0] = resource;
        issuer->audiences = own;
        issuer->audience_count = 1;
    }
    RMS_TRY(read_algorithms(body, &issuer->algorithms));
    RMS_TRY(read_step_up(body, issuer));
    RMS_TRY(read_use(request, body, issuer));
    RMS_TRY(rms_reader_text(r, body->object, "JwksUri", URL_MAX_BYTES, &issuer->jwks_uri));
    return issuer->jwks_uri == NULL || url_fits(issuer->jwks_uri)
               ? RMS_OK
               : rms_reader_fail(r, "JwksUri", "not an https address");
}

int rms_admin_issuer_add(struct rms_front *front, struct rms_request *request, struct rms_reply *reply)
{
    static const char *const names[] = {
        "Issuer", "Audience", "Algorithms", "JwksUri", "AcrValues", "MaxAge", "Domains", "Use", NULL};
    RMS_ADMIN_BODY_CLEANUP struct rms_admin_body body = {0};
    struct rms_tenant t;
    char id[RMS_GUID_TEXT];
    (void)front;
    RMS_TRY(rms_admin_tenant(request, &t));
    RMS_TRY(rms_admin_body(request, names, &body));
    rms_guid_new(id);
    struct rms_issuer issuer = {.id = id, .tenant_id = t.id, .created_at = request->now};
    int rc = read_issuer(request, &body, &issuer);
    if (rc < 0) {
        return rms_admin_fail(request, &body, rc);
    }
    rc = rms_issuer_add(request->worker->db, &issuer);
    if (rc == RMS_E_CONFLICT) {
        return rms_fail(request, rc, "the tenant has this issuer");
    }
    RMS_TRY(rc);
    write_issuer(&reply->body, &issuer);
    return RMS_OK;
}

int rms_admin_issuer_list(struct rms_front *front, struct rms_request *request, struct rms_reply *reply)
{
    struct rms_tenant t;
    struct rms_issuers issuers;
    (void)front;
    RMS_TRY(rms_admin_tenant(request, &t));
    RMS_TRY(rms_issuer_list(request->worker->db, request->arena, t.id, &issuers));
    rms_out_open(&reply->body, NULL, '[');
    for (size_t i = 0; i < issuers.count; i++) {
        write_issuer(&reply->body, &issuers.items[i]);
    }
    rms_out_close(&reply->body, ']');
    return RMS_OK;
}

int rms_admin_issuer_remove(struct rms_front *front, struct rms_request *request, struct rms_reply *reply)
{
    (void)front;
    return rms_admin_remove(request, reply, rms_issuer_remove, "no such issuer");
}

/* --- applications -------------------------------------------------------------------------------------- */

static void write_client(struct rms_buf *out, const struct rms_oauth_client *client)
{
    rms_out_open(out, NULL, '{');
    rms_out_text(out, "ClientId", client->client_id);
    rms_out_text(out, "Name", client->name);
    rms_out_texts(out, "RedirectUris", client->redirect_uris, client->redirect_uri_count);
    rms_out_bool(out, "LegacyNoPkce", client->legacy_no_pkce);
    rms_out_time(out, "CreatedTime", client->created_at);
    rms_out_close(out, '}');
}

static int read_client(struct rms_admin_body *body, struct rms_oauth_client *client)
{
    struct rms_reader *r = &body->reader;
    RMS_TRY(rms_admin_need(body, "ClientId", 256, &client->client_id));
    RMS_TRY(rms_reader_text(r, body->object, "Name", 256, &client->name));
    RMS_TRY(rms_reader_texts(
        r, body->object, "RedirectUris", &client->redirect_uris, &client->redirect_uri_count));
    if (client->redirect_uri_count == 0) {
        return rms_reader_fail(r, "RedirectUris", "at least one is needed");
    }
    for (size_t i = 0; i < client->redirect_uri_count; i++) {
        const char *colon = strchr(client->redirect_uris[i], ':');
        if (colon == NULL || strchr(client->redirect_uris[i], '#') != NULL) {
            return rms_reader_fail(r, "RedirectUris", "not an absolute address without fragment");
        }
    }
    return rms_reader_bool(r, body->object, "LegacyNoPkce", &client->legacy_no_pkce);
}

int rms_admin_client_add(struct rms_front *front, struct rms_request *request, struct rms_reply *reply)
{
    static const char *const names[] = {"ClientId", "Name", "RedirectUris", "LegacyNoPkce", NULL};
    RMS_ADMIN_BODY_CLEANUP struct rms_admin_body body = {0};
    struct rms_tenant t;
    (void)front;
    RMS_TRY(rms_admin_tenant(request, &t));
    RMS_TRY(rms_admin_body(request, names, &body));
    struct rms_oauth_client client = {.tenant_id = t.id, .created_at = request->now};
    int rc = read_client(&body, &client);
    if (rc < 0) {
        return rms_admin_fail(request, &body, rc);
    }
    rc = rms_oauth_client_add(request->worker->db, &client);
    if (rc == RMS_E_CONFLICT) {
        return rms_fail(request, rc, "the tenant has this client");
    }
    RMS_TRY(rc);
    write_client(&reply->body, &client);
    return RMS_OK;
}

int rms_admin_client_list(struct rms_front *front, struct rms_request *request, struct rms_reply *reply)
{
    struct rms_tenant t;
    struct rms_oauth_clients clients;
    (void)front;
    RMS_TRY(rms_admin_tenant(request, &t));
    RMS_TRY(rms_oauth_client_list(request->worker->db, request->arena, t.id, &clients));
    rms_out_open(&reply->body, NULL, '[');
    for (size_t i = 0; i < clients.count; i++) {
        write_client(&reply->body, &clients.items[i]);
    }
    rms_out_close(&reply->body, ']');
    return RMS_OK;
}

int rms_admin_client_remove(struct rms_front *front, struct rms_request *request, struct rms_reply *reply)
{
    (void)front;
    return rms_admin_remove(request, reply, rms_oauth_client_remove, "no such client");
}
