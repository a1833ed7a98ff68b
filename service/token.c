#include "service/token.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <strings.h>

#include "base/clock.h"
#include "base/json.h"
#include "base/mem.h"
#include "directory/directory.h"
#include "service/settings.h"
#include "service/signin.h"
#include "service/tenant.h"
#include "service/token_cache.h"
#include "service/token_home.h"
#include "service/token_trust.h"

struct rms_tokens {
    struct rms_front *front;
    struct rms_token_cache *cache;
    struct rms_keysets *keysets;
    struct rms_trust *trust;
    atomic_uint_fast64_t local_changes; /* versions of the store at the latest drop */
    atomic_uint_fast64_t remote_changes;
    atomic_int_fast64_t polled_ms;
    char *base; /* "https://HOST/": authorities are below it, and it is the resource that tokens are for */
};

/* --- life ------------------------------------------------------------------------------------------- */

static void keys_changed(void *context)
{
    rms_tokens_drop(context);
}

static int open_keysets(struct rms_tokens *tokens)
{
    struct rms_keysets_options options = {
        .waiters = 1,
        .changed = keys_changed,
        .context = tokens,
    };
    const struct rms_settings *settings = tokens->front->settings;

    if (settings != NULL) {
        options.fetch.ca_file = settings->ca_file;
        options.waiters = settings->workers > 3 ? (size_t)settings->workers / 2 : 1;
    }
#ifdef RMS_TEST_CLOCK
    /* Test builds only, like the clock: issuers that a test runs on loopback without TLS. */
    options.fetch.loopback_http = getenv("RMS_LOOPBACK_ISSUERS") != NULL;
#endif
    return rms_keysets_new(&options, &tokens->keysets);
}

static int fill(struct rms_tokens *tokens)
{
    RMS_BUF_CLEANUP struct rms_buf base = RMS_BUF_INIT(4096);

    rms_buf_printf(&base, "%s/", tokens->front->base_url);
    tokens->base = rms_strdup(rms_buf_text(&base));
    if (tokens->base == NULL) {
        return RMS_E_NO_MEMORY;
    }
    RMS_TRY(rms_token_cache_new(&tokens->cache));
    RMS_TRY(rms_trust_new(&tokens->trust));
    return open_keysets(tokens);
}

int rms_tokens_new(struct rms_front *front, struct rms_tokens **tokens_out)
{
    struct rms_tokens *tokens = rms_calloc(1, sizeof *tokens);
    int status;

    *tokens_out = tokens;
    if (tokens == NULL) {
        return RMS_E_NO_MEMORY;
    }
    tokens->front = front;
    status = fill(tokens);
    if (status != 0) {
        rms_tokens_free(tokens_out);
    }
    return status;
}

void rms_tokens_free(struct rms_tokens **tokens_ref)
{
    struct rms_tokens *tokens = *tokens_ref;

    if (tokens == NULL) {
        return;
    }
    rms_keysets_free(&tokens->keysets);
    rms_trust_free(&tokens->trust);
    rms_token_cache_free(&tokens->cache);
    rms_free(tokens->base);
    rms_free(tokens);
    *tokens_ref = NULL;
}

void rms_tokens_drop(struct rms_tokens *tokens)
{
    rms_token_cache_drop(tokens->cache);
}

#define POLL_MS 100 /* changes of other processes show within this time */

static bool rises(atomic_uint_fast64_t *seen, uint64_t now)
{
    return atomic_exchange(seen, now) != now;
}

/* Any administrative change starts a new era: keys, issuers, accounts. Those of this process are seen at
 * once. */
static void notice_changes(struct rms_tokens *tokens, struct rms_db *db)
{
    int_fast64_t now_ms = rms_clock_monotonic_ms();
    int_fast64_t polled_ms = atomic_load(&tokens->polled_ms);
    struct rms_changes changes;
    bool changed = rises(&tokens->local_changes, rms_store_local_changes(tokens->front->store));

    if (now_ms - polled_ms >= POLL_MS &&
        atomic_compare_exchange_strong(&tokens->polled_ms, &polled_ms, now_ms) &&
        rms_changes_seen(db, &changes) == 0) {
        changed = rises(&tokens->remote_changes, changes.changes) || changed;
    }
    if (changed) {
        rms_tokens_drop(tokens);
    }
}

/* --- one token -------------------------------------------------------------------------------------- */

/* A token on its way to a person. */
struct trial {
    struct rms_tokens *tokens;
    struct rms_request *request;
    struct rms_view token;
    uint64_t era;
    struct rms_token_hit hit; /* the outcome */
};

/* Where its keys come from. issuer NULL: the built-in sign-in of the tenant. */
struct source {
    const char *tenant_id;
    const struct rms_issuer *issuer;
};

static int no(const struct trial *trial, const char *detail)
{
    return rms_fail(trial->request, RMS_E_NOT_AUTHENTICATED, detail);
}

/* newer_than: see rms_keysets_get. */
static int keys_of(const struct trial *trial, const struct source *source,
    const struct rms_keyset_ref *newer_than, struct rms_keyset_ref **ref_out)
{
    struct rms_trust_question question = {source->tenant_id, trial->era, newer_than != NULL};
    int status;

    if (source->issuer != NULL) {
        return rms_keysets_get(
            trial->tokens->keysets, source->issuer->issuer, source->issuer->jwks_uri, newer_than, ref_out);
    }
    status = rms_trust_built_in(trial->tokens->trust, trial->request->worker->db, &question, ref_out);
    if (status == 0 && *ref_out == newer_than) {
        rms_keyset_unref(ref_out);
        return RMS_E_NOT_FOUND;
    }
    return status;
}

/* Once with the keys at hand; when the token names another one, once more with fresher keys. */
static int verify(const struct trial *trial, const struct source *source, const struct rms_token_rules *rules,
    json_t **claims_out)
{
    RMS_KEYSET_CLEANUP struct rms_keyset_ref *keys = NULL;
    RMS_KEYSET_CLEANUP struct rms_keyset_ref *fresh = NULL;
    const char *detail = NULL;
    int status = keys_of(trial, source, NULL, &keys);

    if (status == 0) {
        status = rms_token_verify(trial->token, rms_keyset_keys(keys), rules, claims_out, &detail);
        if (status == RMS_E_NOT_FOUND) {
            status = keys_of(trial, source, keys, &fresh);
            if (status == 0) {
                status = rms_token_verify(trial->token, rms_keyset_keys(fresh), rules, claims_out, &detail);
            }
        }
    }
    if (status == RMS_E_NOT_FOUND) {
        return no(trial, "token: unknown key");
    }
    return status == RMS_E_NOT_AUTHENTICATED ? no(trial, detail) : status;
}

/* The last second in which rms_token_verify would still accept it; never more than a day ahead. */
static int64_t last_second(const struct trial *trial, const json_t *claims, int64_t skew_s)
{
    double until = json_number_value(json_object_get(claims, "exp")) + (double)skew_s - 1;
    int64_t most = trial->request->now + RMS_DAY_S;

    return until < (double)most ? (int64_t)until : most;
}

/* RFC 8176: the ways in which somebody signed in. */
static bool lists(const json_t *methods, const char *wanted)
{
    bool found = false;

    for (size_t i = 0; !found && i < json_array_size(methods); i++) {
        const char *method = json_string_value(json_array_get(methods, i));

        found = method != NULL && strcmp(method, wanted) == 0;
    }
    return found;
}

static void set_hit(struct trial *trial, const char *tenant_id, const char *account_id, int64_t expires_at)
{
    struct rms_token_hit *hit = &trial->hit;

    *hit = (struct rms_token_hit){.expires_at = expires_at};
    memcpy(hit->tenant_id, tenant_id, strnlen(tenant_id, RMS_GUID_TEXT - 1));
    memcpy(hit->account_id, account_id, strnlen(account_id, RMS_GUID_TEXT - 1));
}

/* issuer: "https://HOST/" and the tenant GUID, in exactly that form. */
static int try_built_in(struct trial *trial, const char *issuer)
{
    const char *audience[] = {trial->tokens->base, NULL};
    struct rms_token_rules rules = {.issuer = issuer,
        .audience = audience,
        .now = trial->request->now,
        .skew_s = RMS_TOKEN_BUILT_IN_SKEW_S,
        .algorithms = RMS_ALG_ES256};
    const char *tenant_text = issuer + strlen(trial->tokens->base);
    RMS_JSON_CLEANUP json_t *claims = NULL;
    char tenant_id[RMS_GUID_TEXT];
    char account_id[RMS_GUID_TEXT];
    const char *subject;

    if (rms_guid_parse(rms_view_str(tenant_text), tenant_id) != 0 || strcmp(tenant_id, tenant_text) != 0) {
        return no(trial, "token: no such issuer here");
    }
    RMS_TRY(verify(trial, &(struct source){tenant_id, NULL}, &rules, &claims));
    subject = rms_json_str(claims, "oid") != NULL ? rms_json_str(claims, "oid") : rms_json_str(claims, "sub");
    /* An id_token is for the client, not for us: only access tokens carry scp. */
    if (rms_json_str(claims, "scp") == NULL || subject == NULL) {
        return no(trial, "token: not an access token");
    }
    if (rms_guid_parse(rms_view_str(subject), account_id) != 0) {
        return no(trial, "token: subject is not an account");
    }
    set_hit(trial, tenant_id, account_id, last_second(trial, claims, RMS_TOKEN_BUILT_IN_SKEW_S));
    trial->hit.passcode = lists(json_object_get(claims, "amr"), RMS_AMR_PASSCODE);
    return 0;
}

/* --- other issuers ---------------------------------------------------------------------------------- */

#define PROXY_CLAIMS_MAX 500

/* proxyAddresses: a list of texts, or one text. */
static int read_proxies(struct rms_arena *arena, const json_t *value, struct rms_claims *claims)
{
    size_t count = json_is_array(value) ? json_array_size(value) : json_is_string(value) ? 1 : 0;
    const char **list;

    if (count > PROXY_CLAIMS_MAX) {
        return RMS_E_NOT_AUTHENTICATED;
    }
    list = rms_arena_array(arena, count + 1, sizeof *list);
    if (list == NULL) {
        return RMS_E_NO_MEMORY;
    }
    for (size_t i = 0; i < count; i++) {
        const char *text = json_string_value(json_is_array(value) ? json_array_get(value, i) : value);

        if (text != NULL) {
            list[claims->proxy_address_count++] = text;
        }
    }
    claims->proxy_addresses = list;
    return 0;
}

/* Some providers send the flag as text. */
static bool said_unverified(const json_t *claims)
{
    const json_t *flag = json_object_get(claims, "email_verified");

    return json_is_false(flag) || (json_is_string(flag) && strcasecmp(json_string_value(flag), "false") == 0);
}

/* --- step-up (RFC 9470): a good token of a sign-in that is not good enough ---------------------------- */

static bool names_one(const json_t *value, const struct rms_issuer *issuer)
{
    const char *text = json_string_value(value);

    for (size_t i = 0; text != NULL && i < issuer->acr_value_count; i++) {
        if (strcmp(issuer->acr_values[i], text) == 0) {
            return true;
        }
    }
    return false;
}

/* Providers say what a sign-in was in acr, or list its methods in amr. */
static bool strong_enough(const json_t *claims, const struct rms_issuer *issuer)
{
    const json_t *methods = json_object_get(claims, "amr");
    bool strong = issuer->acr_value_count == 0 || names_one(json_object_get(claims, "acr"), issuer);

    for (size_t i = 0; !strong && i < json_array_size(methods); i++) {
        strong = names_one(json_array_get(methods, i), issuer);
    }
    return strong;
}

/* The last second in which the sign-in is recent enough; without auth_time it never was. */
static int64_t recent_until(const json_t *claims, const struct rms_issuer *issuer)
{
    const json_t *signed_in = json_object_get(claims, "auth_time");

    if (issuer->max_age_s == 0) {
        return INT64_MAX;
    }
    double at = json_number_value(signed_in);
    return at > 0 && at < 1e11 ? (int64_t)at + issuer->max_age_s + RMS_TOKEN_SKEW_S : 0;
}

static int ask_more(struct trial *trial, const struct rms_issuer *issuer)
{
    RMS_BUF_CLEANUP struct rms_buf text = RMS_BUF_INIT(4096);

    rms_buf_append_str(&text, ", error=\"insufficient_user_authentication\"");
    for (size_t i = 0; i < issuer->acr_value_count; i++) {
        rms_buf_printf(&text, "%s%s", i == 0 ? ", acr_values=\"" : " ", issuer->acr_values[i]);
    }
    rms_buf_append_str(&text, issuer->acr_value_count > 0 ? "\"" : "");
    if (issuer->max_age_s > 0) {
        rms_buf_printf(&text, ", max_age=\"%lld\"", (long long)issuer->max_age_s);
    }
    if (!text.failed) {
        trial->request->step_up = rms_arena_text(trial->request->arena, rms_buf_view(&text));
    }
    return no(trial, "token: the sign-in is not strong or recent enough");
}

static int match_person(struct trial *trial, const struct rms_issuer *issuer, const json_t *claims)
{
    RMS_DIRECTORY_PERSON_CLEANUP const struct rms_directory_person *person = NULL;
    struct rms_request *request = trial->request;
    struct rms_claims said = {
        .email = rms_json_str(claims, "email"),
        .upn = rms_json_str(claims, "upn"),
        .preferred_username = rms_json_str(claims, "preferred_username"),
    };

    if (said_unverified(claims)) {
        return no(trial, "token: e-mail address not verified");
    }
    RMS_TRY(read_proxies(request->arena, json_object_get(claims, "proxyAddresses"), &said));
    RMS_TRY(rms_home_person(request, issuer, &said, &person));
    int64_t last = last_second(trial, claims, RMS_TOKEN_SKEW_S);
    int64_t recent = recent_until(claims, issuer);
    if (!strong_enough(claims, issuer) || recent <= request->now) {
        return ask_more(trial, issuer);
    }
    set_hit(trial, issuer->tenant_id, person->account_id, last < recent ? last : recent);
    return 0;
}

static int try_issuer(struct trial *trial, const struct rms_issuer *issuer)
{
    const char *own[] = {trial->tokens->base, NULL};
    struct rms_token_rules rules = {.issuer = issuer->issuer,
        .audience = issuer->audience_count > 0 ? issuer->audiences : own,
        .now = trial->request->now,
        .skew_s = RMS_TOKEN_SKEW_S,
        .algorithms = issuer->algorithms};
    RMS_JSON_CLEANUP json_t *claims = NULL;

    RMS_TRY(verify(trial, &(struct source){issuer->tenant_id, issuer}, &rules, &claims));
    return match_person(trial, issuer, claims);
}

/* Several tenants may name one issuer, with different audiences, key addresses or people: the first that fits
 * is it, and one whose keys cannot be had does not stand in the way of the others. */
static int try_external(struct trial *trial, const char *issuer, const char *email)
{
    RMS_TRUST_LIST_CLEANUP struct rms_trust_list *list = NULL;
    const struct rms_issuers *issuers;
    bool unreachable = false;

    RMS_TRY(rms_trust_issuers(trial->tokens->trust, trial->request->worker->db, trial->era, &list));
    issuers = rms_trust_list_issuers(list);
    for (size_t i = 0; i < issuers->count; i++) {
        int status = RMS_E_NOT_AUTHENTICATED;

        if (strcmp(issuers->items[i].issuer, issuer) == 0) {
            status = try_issuer(trial, &issuers->items[i]);
        }
        if (status != RMS_E_NOT_AUTHENTICATED && status != RMS_E_UNREACHABLE) {
            return status;
        }
        unreachable = unreachable || status == RMS_E_UNREACHABLE;
    }
    if (unreachable) {
        return rms_fail(trial->request, RMS_E_UNREACHABLE, "token: keys of its issuer cannot be fetched");
    }
    rms_home_tell(trial->request, email);
    return no(trial, "token: no such issuer here");
}

static int try_token(struct trial *trial)
{
    RMS_JSON_CLEANUP json_t *header = NULL;
    RMS_JSON_CLEANUP json_t *claims = NULL;
    const char *base = trial->tokens->base;
    const char *issuer;

    if (rms_token_peek(trial->token, &header, &claims) != 0) {
        return no(trial, "token: malformed");
    }
    issuer = rms_json_str(claims, "iss");
    if (issuer == NULL) {
        return no(trial, "token: names no issuer");
    }
    return strncmp(issuer, base, strlen(base)) == 0
               ? try_built_in(trial, issuer)
               : try_external(trial, issuer, rms_json_str(claims, "email"));
}

/* --- the request ------------------------------------------------------------------------------------ */

/* "Bearer", in any case, blanks, the token (RFC 6750 section 2.1). */
static int bearer_of(struct rms_request *request, struct rms_view *token_out)
{
    const char *header = rms_request_header(request, "Authorization");
    const char *token;
    size_t len;

    if (header == NULL) {
        return rms_fail(request, RMS_E_NOT_AUTHENTICATED, "no token");
    }
    token = header + strcspn(header, " ");
    if (token - header != 6 || strncasecmp(header, "bearer", 6) != 0) {
        return rms_fail(request, RMS_E_NOT_AUTHENTICATED, "not a bearer token");
    }
    token += strspn(token, " ");
    len = strcspn(token, " ");
    if (len == 0 || token[len + strspn(token + len, " ")] != '\0') {
        return rms_fail(request, RMS_E_NOT_AUTHENTICATED, "not a bearer token");
    }
    if (len > RMS_TOKEN_MAX) {
        return rms_fail(request, RMS_E_NOT_AUTHENTICATED, "token: too long");
    }
    *token_out = rms_view_of(token, len);
    return 0;
}

/* The account as it is now: nothing of its state is cached with the token. */
static int attach(struct rms_request *request, const struct rms_token_hit *hit)
{
    const struct rms_live_tenant *tenant = rms_request_tenant(request, hit->tenant_id);
    const struct rms_directory_person *person = NULL;
    int status;

    if (tenant == NULL) {
        return rms_fail(request, RMS_E_NOT_AUTHENTICATED, "token: tenant gone");
    }
    status = rms_directory_person(
        request->worker->front->directory, request->worker->db, hit->tenant_id, hit->account_id, &person);
    if (status != 0) {
        return status == RMS_E_NOT_FOUND ? rms_fail(request, RMS_E_NOT_AUTHENTICATED, "token: account gone")
                                         : status;
    }
    request->tenant = tenant;
    request->person = person;
    request->address = person->address != NULL ? person->address : person->upn;
    if (!person->enabled) {
        return rms_fail(request, RMS_E_ACCOUNT_DISABLED, "account disabled");
    }
    request->passcode = hit->passcode;
    request->caller = RMS_CALLER_PERSON;
    return 0;
}

int rms_token_accept(struct rms_front *front, struct rms_request *request)
{
    struct trial trial = {.tokens = front->tokens, .request = request};
    uint8_t digest[RMS_HASH_MAX];

    RMS_TRY(bearer_of(request, &trial.token));
    rms_hash(RMS_SHA256, trial.token, digest);
    notice_changes(front->tokens, request->worker->db);
    trial.era = rms_token_cache_era(front->tokens->cache);
    if (!rms_token_cache_get(front->tokens->cache, digest, request->now, &trial.hit)) {
        RMS_TRY(try_token(&trial));
        rms_token_cache_put(front->tokens->cache, digest, trial.era, &trial.hit);
    }
    return attach(request, &trial.hit);
}

const char *rms_token_home(struct rms_request *request, const char *tenant_id, const char *address)
{
    RMS_TRUST_LIST_CLEANUP struct rms_trust_list *list = NULL;
    struct rms_tokens *tokens = request->worker->front->tokens;
    const struct rms_issuer *issuer;
    char normal[RMS_ADDRESS_MAX];

    if (address == NULL || rms_address_normalise(address, normal) != 0) {
        return NULL;
    }
    notice_changes(tokens, request->worker->db);
    if (rms_trust_issuers(tokens->trust, request->worker->db, rms_token_cache_era(tokens->cache), &list) !=
        0) {
        return NULL;
    }
    issuer = rms_home_issuer(rms_trust_list_issuers(list), tenant_id, rms_address_domain(normal));
    return issuer != NULL ? rms_arena_strdup(request->arena, issuer->issuer) : NULL;
}

int rms_tokens_jwks(struct rms_request *request, const char *tenant_id, const char **json_out)
{
    RMS_BUF_CLEANUP struct rms_buf json = RMS_BUF_INIT(262144);

    RMS_TRY(rms_trust_jwks(request->worker->db, tenant_id, &json));
    *json_out = rms_arena_text(request->arena, rms_buf_view(&json));
    return *json_out != NULL ? 0 : RMS_E_NO_MEMORY;
}
