/* Tokens good and bad, of the built-in sign-in and of an issuer on loopback. */
#include "service/signin_test.h"

#include <arpa/inet.h>
#include <pthread.h>
#include <sys/socket.h>

#include "crypto/jwt.h"

/* --- another issuer --------------------------------------------------------------------------------- */

static struct {
    int listener;
    pthread_t thread;
    char issuer[64];
    char jwks_uri[80];
    char document[1024];
    struct rms_ec_private *key;
} idp;

static void *serve_keys(void *context)
{
    char request[4096];
    int fd;

    while ((fd = accept(idp.listener, NULL, NULL)) >= 0) {
        if (recv(fd, request, sizeof request, 0) > 0) {
            char reply[2048];

            (void)snprintf(reply, sizeof reply,
                "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: %zu\r\n\r\n%s", strlen(idp.document),
                idp.document);
            (void)!send(fd, reply, strlen(reply), MSG_NOSIGNAL);
        }
        (void)close(fd);
    }
    return context;
}

static void write_document(void)
{
    RMS_BUF_CLEANUP struct rms_buf x = RMS_BUF_INIT(64);
    RMS_BUF_CLEANUP struct rms_buf y = RMS_BUF_INIT(64);
    struct rms_ec_public public;

    rms_ec_public_of(idp.key, &public);
    rms_base64url_encode(&x, rms_view_of(public.x, sizeof public.x));
    rms_base64url_encode(&y, rms_view_of(public.y, sizeof public.y));
    (void)snprintf(idp.document, sizeof idp.document,
        "{\"keys\":[{\"kty\":\"EC\",\"crv\":\"P-256\",\"kid\":\"idp-1\",\"x\":\"%s\",\"y\":\"%s\"}]}",
        rms_buf_text(&x), rms_buf_text(&y));
}

static int start_idp(void)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof address;

    idp.listener = socket(AF_INET, SOCK_STREAM, 0);
    if (bind(idp.listener, (struct sockaddr *)&address, sizeof address) != 0 ||
        listen(idp.listener, 8) != 0 || getsockname(idp.listener, (struct sockaddr *)&address, &len) != 0) {
        return -1;
    }
    (void)snprintf(idp.issuer, sizeof idp.issuer, "http://127.0.0.1:%d/idp", ntohs(address.sin_port));
    (void)snprintf(idp.jwks_uri, sizeof idp.jwks_uri, "%s/keys", idp.issuer);
    assert_int_equal(rms_ec_generate(&idp.key), 0);
    write_document();
    return pthread_create(&idp.thread, NULL, serve_keys, NULL);
}

static const char *const audiences[] = {"api://rms", NULL};

static int open_all(void **state)
{
    struct house *h;
    struct rms_issuer issuer = {.issuer = idp.issuer,
        .audiences = audiences,
        .audience_count = 1,
        .algorithms = RMS_ALG_RS256 | RMS_ALG_ES256,
        .jwks_uri = idp.jwks_uri};
    char id[RMS_GUID_TEXT];

    (void)setenv("RMS_LOOPBACK_ISSUERS", "1", 1);
    if (start_idp() != 0 || house_open(state) != 0) {
        return -1;
    }
    h = *state;
    rms_guid_new(id);
    issuer.id = id;
    issuer.tenant_id = h->tenant_id;
    issuer.created_at = h->now;
    return rms_issuer_add(h->db, &issuer);
}

static int close_all(void **state)
{
    (void)shutdown(idp.listener, SHUT_RDWR);
    (void)pthread_join(idp.thread, NULL);
    (void)close(idp.listener);
    rms_ec_private_free(&idp.key);
    return house_close(state);
}

/* --- making tokens ---------------------------------------------------------------------------------- */

static void encode(struct rms_buf *token, json_t *json)
{
    RMS_BUF_CLEANUP struct rms_buf text = RMS_BUF_INIT(65536);

    assert_int_equal(rms_json_emit(json, &text), 0);
    rms_base64url_encode(token, rms_buf_view(&text));
}

/* Takes both references. key NULL: an empty signature. */
static void make_token(
    struct rms_buf *token, json_t *header, json_t *claims, const struct rms_ec_private *key)
{
    uint8_t digest[RMS_HASH_MAX];
    uint8_t signature[64] = {0};

    assert_non_null(header);
    assert_non_null(claims);
    encode(token, header);
    rms_buf_append_byte(token, '.');
    encode(token, claims);
    rms_hash(RMS_SHA256, rms_buf_view(token), digest);
    rms_buf_append_byte(token, '.');
    if (key != NULL) {
        assert_int_equal(rms_ec_sign(key, digest, signature), 0);
        rms_base64url_encode(token, rms_view_of(signature, sizeof signature));
    }
    json_decref(header);
    json_decref(claims);
}

static json_t *good_header(const char *kid)
{
    return json_pack("{s:s, s:s, s:s}", "alg", "ES256", "typ", "JWT", "kid", kid);
}

static json_t *built_in_claims(const struct house *h)
{
    return json_pack("{s:o, s:s, s:s, s:s, s:s, s:I, s:I}", "iss", json_sprintf(BASE "/%s", h->tenant_id),
        "aud", BASE "/", "sub", h->alice_id, "oid", h->alice_id, "scp", "user_impersonation", "nbf",
        (json_int_t)h->now, "exp", (json_int_t)h->now + 3600);
}

static json_t *idp_claims(const struct house *h)
{
    return json_pack("{s:s, s:s, s:s, s:s, s:I, s:I}", "iss", idp.issuer, "aud", "api://rms", "sub", "x",
        "email", "alice@contoso.test", "nbf", (json_int_t)h->now, "exp", (json_int_t)h->now + 3600);
}

/* A token with one claim set to something else; value is taken. */
static int try_claims(struct house *h, bool built_in, const char *name, json_t *value)
{
    RMS_BUF_CLEANUP struct rms_buf token = RMS_BUF_INIT(RMS_TOKEN_MAX);
    CALL_CLEANUP struct call c;
    json_t *claims = built_in ? built_in_claims(h) : idp_claims(h);

    if (name != NULL && value == NULL) {
        (void)json_object_del(claims, name);
    } else if (name != NULL) {
        (void)json_object_set_new(claims, name, value);
    }
    make_token(&token, good_header(built_in ? house_keys[0].id : "idp-1"), claims,
        built_in ? house_keys[0].key : idp.key);
    return try_bearer(&c, h, rms_buf_text(&token));
}

/* --- the built-in issuer ---------------------------------------------------------------------------- */

/* touches: S-036 */
static void built_in_tokens_are_checked_claim_by_claim(void **state)
{
    struct house *h = *state;
    char upper[RMS_GUID_TEXT];

    assert_int_equal(try_claims(h, true, NULL, NULL), 0);
    assert_int_equal(try_claims(h, true, "iss", json_string(BASE "/00000000-0000-0000-0000-000000000000")),
        RMS_E_NOT_AUTHENTICATED);
    assert_int_equal(
        try_claims(h, true, "iss", json_sprintf(BASE "/%s", h->other_id)), RMS_E_NOT_AUTHENTICATED);
    assert_int_equal(
        try_claims(h, true, "iss", json_sprintf(BASE "/%s/", h->tenant_id)), RMS_E_NOT_AUTHENTICATED);
    assert_int_equal(try_claims(h, true, "iss", json_string(BASE "/contoso.test")), RMS_E_NOT_AUTHENTICATED);
    assert_int_equal(try_claims(h, true, "iss", json_string(BASE "/")), RMS_E_NOT_AUTHENTICATED);
    for (size_t i = 0; i < sizeof upper; i++) {
        upper[i] = (char)(h->tenant_id[i] >= 'a' ? h->tenant_id[i] - 0x20 : h->tenant_id[i]);
    }
    assert_int_equal(try_claims(h, true, "iss", json_sprintf(BASE "/%s", upper)), RMS_E_NOT_AUTHENTICATED);
    assert_int_equal(
        try_claims(h, true, "iss", json_sprintf(BASE "/{%s}", h->tenant_id)), RMS_E_NOT_AUTHENTICATED);
    assert_int_equal(try_claims(h, true, "iss", json_integer(1)), RMS_E_NOT_AUTHENTICATED);
    assert_int_equal(try_claims(h, true, "iss", NULL), RMS_E_NOT_AUTHENTICATED);
    assert_int_equal(try_claims(h, true, "aud", json_string("https://other.test/")), RMS_E_NOT_AUTHENTICATED);
    assert_int_equal(try_claims(h, true, "aud", NULL), RMS_E_NOT_AUTHENTICATED);
    assert_int_equal(try_claims(h, true, "exp", json_integer(h->now - 61)), RMS_E_NOT_AUTHENTICATED);
    assert_int_equal(try_claims(h, true, "exp", json_integer(h->now - 30)), 0);
    assert_int_equal(try_claims(h, true, "exp", NULL), RMS_E_NOT_AUTHENTICATED);
    assert_int_equal(try_claims(h, true, "exp", json_string("later")), RMS_E_NOT_AUTHENTICATED);
    assert_int_equal(try_claims(h, true, "nbf", json_integer(h->now + 61)), RMS_E_NOT_AUTHENTICATED);
    assert_int_equal(try_claims(h, true, "nbf", json_integer(h->now + 30)), 0);
    assert_int_equal(try_claims(h, true, "scp", NULL), RMS_E_NOT_AUTHENTICATED);
    assert_int_equal(try_claims(h, true, "oid", json_string("alice@contoso.test")), RMS_E_NOT_AUTHENTICATED);
    assert_int_equal(
        try_claims(h, true, "oid", json_string(h->fay_id)), RMS_E_NOT_AUTHENTICATED); /* not of this tenant */
    assert_int_equal(try_claims(h, true, "oid", json_string("00000000-0000-0000-0000-000000000000")),
        RMS_E_NOT_AUTHENTICATED);
    assert_int_equal(try_claims(h, true, "oid", NULL), 0); /* sub says the same */
}

/* One header, one key. */
static int try_header(struct house *h, json_t *header, const struct rms_ec_private *key)
{
    RMS_BUF_CLEANUP struct rms_buf token = RMS_BUF_INIT(RMS_TOKEN_MAX);
    CALL_CLEANUP struct call c;

    make_token(&token, header, built_in_claims(h), key);
    return try_bearer(&c, h, rms_buf_text(&token));
}

/* touches: S-036 */
static void signatures_that_are_none(void **state)
{
    struct house *h = *state;
    const char *kid = house_keys[0].id;
    const struct rms_ec_private *key = house_keys[0].key;

    assert_int_equal(try_header(h, good_header(kid), key), 0);
    assert_int_equal(
        try_header(h, json_pack("{s:s, s:s}", "alg", "none", "kid", kid), NULL), RMS_E_NOT_AUTHENTICATED);
    assert_int_equal(
        try_header(h, json_pack("{s:s, s:s}", "alg", "None", "kid", kid), key), RMS_E_NOT_AUTHENTICATED);
    assert_int_equal(
        try_header(h, json_pack("{s:s, s:s}", "alg", "HS256", "kid", kid), key), RMS_E_NOT_AUTHENTICATED);
    assert_int_equal(
        try_header(h, json_pack("{s:s, s:s}", "alg", "RS256", "kid", kid), key), RMS_E_NOT_AUTHENTICATED);
    assert_int_equal(
        try_header(h, json_pack("{s:s, s:s}", "alg", "es256", "kid", kid), key), RMS_E_NOT_AUTHENTICATED);
    assert_int_equal(try_header(h, json_pack("{s:s}", "kid", kid), key), RMS_E_NOT_AUTHENTICATED);
    assert_int_equal(try_header(h, good_header("another"), key), RMS_E_NOT_AUTHENTICATED);
    assert_int_equal(
        try_header(h, good_header(house_keys[1].id), house_keys[1].key), RMS_E_NOT_AUTHENTICATED);
    assert_int_equal(try_header(h, good_header(kid), house_keys[1].key), RMS_E_NOT_AUTHENTICATED);
    assert_int_equal(try_header(h, good_header(kid), idp.key), RMS_E_NOT_AUTHENTICATED);
    assert_int_equal(try_header(h, good_header(kid), NULL), RMS_E_NOT_AUTHENTICATED);
    assert_int_equal(
        try_header(h, json_pack("{s:s, s:s, s:[s]}", "alg", "ES256", "kid", kid, "crit", "exp"), key),
        RMS_E_NOT_AUTHENTICATED);
    assert_int_equal(
        try_header(
            h, json_pack("{s:s, s:s, s:s}", "alg", "ES256", "kid", kid, "jku", "http://evil.test"), key),
        0);
}

/* The public key is known to everybody: as an HMAC secret it must not count (RFC 8725 section 2.1). */
static void a_public_key_is_no_secret(void **state)
{
    struct house *h = *state;
    RMS_BUF_CLEANUP struct rms_buf token = RMS_BUF_INIT(RMS_TOKEN_MAX);
    CALL_CLEANUP struct call keys;
    CALL_CLEANUP struct call c;
    uint8_t mac[RMS_SHA256_BYTES];

    call_begin(&keys, h, h->tenant_id);
    assert_int_equal(call_go(&keys, rms_signin_keys), 0);
    make_token(
        &token, json_pack("{s:s, s:s}", "alg", "HS256", "kid", house_keys[0].id), built_in_claims(h), NULL);
    token.len--; /* the dot in front of no signature */
    rms_hmac_sha256(rms_buf_view(&keys.reply.body), rms_buf_view(&token), mac);
    rms_buf_append_byte(&token, '.');
    rms_base64url_encode(&token, rms_view_of(mac, sizeof mac));
    assert_int_equal(try_bearer(&c, h, rms_buf_text(&token)), RMS_E_NOT_AUTHENTICATED);
}

static void headers_that_carry_no_token(void **state)
{
    static const char *const values[] = {"", "Bearer", "Bearer ", "Bearer  ", "Basic YTpi", "bearerx y",
        "Bearer a b", "Bearer a", "Bearer a.b", "Bearer a.b.c", "Bearer ..", "Bearer .a.", "Bearer a.b.c.d",
        "Bearer e30.e30.", "Bearer e30.e30.AA", "Bearer \"a\"", "Token a.b.c", "a.b.c", " Bearer a.b.c"};
    struct house *h = *state;
    CALL_CLEANUP struct call none;

    for (size_t i = 0; i < RMS_COUNT(values); i++) {
        CALL_CLEANUP struct call c;

        call_begin(&c, h, h->tenant_id);
        call_header(&c, "Authorization", values[i]);
        if (rms_token_accept(&h->front, &c.request) != RMS_E_NOT_AUTHENTICATED) {
            fail_msg("%s", values[i]);
        }
        assert_non_null(c.request.note.detail);
        assert_int_equal(c.request.caller, RMS_CALLER_NONE);
    }
    call_begin(&none, h, h->tenant_id);
    assert_int_equal(rms_token_accept(&h->front, &none.request), RMS_E_NOT_AUTHENTICATED);
}

static void the_scheme_may_be_written_in_any_case(void **state)
{
    static const char *const schemes[] = {"Bearer ", "bearer ", "BEARER ", "bEaReR   "};
    struct house *h = *state;
    RMS_BUF_CLEANUP struct rms_buf token = RMS_BUF_INIT(RMS_TOKEN_MAX);

    make_token(&token, good_header(house_keys[0].id), built_in_claims(h), house_keys[0].key);
    for (size_t i = 0; i < RMS_COUNT(schemes); i++) {
        CALL_CLEANUP struct call c;

        call_begin(&c, h, h->tenant_id);
        call_header(
            &c, "authorization", rms_arena_printf(c.arena, "%s%s ", schemes[i], rms_buf_text(&token)));
        assert_int_equal(rms_token_accept(&h->front, &c.request), 0);
    }
}

static void damaged_and_oversized_tokens(void **state)
{
    struct house *h = *state;
    RMS_BUF_CLEANUP struct rms_buf token = RMS_BUF_INIT(RMS_TOKEN_MAX);
    RMS_BUF_CLEANUP struct rms_buf huge = RMS_BUF_INIT(4 * RMS_TOKEN_MAX);
    CALL_CLEANUP struct call big;

    make_token(&token, good_header(house_keys[0].id), built_in_claims(h), house_keys[0].key);
    for (size_t i = 0; i < token.len; i += 7) {
        CALL_CLEANUP struct call c;
        CALL_CLEANUP struct call cut;
        char *text;

        call_begin(&cut, h, h->tenant_id);
        text = rms_arena_text(cut.arena, rms_view_of(token.data, i));
        call_header(&cut, "Authorization", rms_arena_printf(cut.arena, "Bearer %s", text));
        assert_int_equal(rms_token_accept(&h->front, &cut.request), RMS_E_NOT_AUTHENTICATED);
        call_begin(&c, h, h->tenant_id);
        text = rms_arena_text(c.arena, rms_buf_view(&token));
        text[i] = text[i] == 'A' ? 'B' : 'A';
        call_header(&c, "Authorization", rms_arena_printf(c.arena, "Bearer %s", text));
        if (rms_token_accept(&h->front, &c.request) != RMS_E_NOT_AUTHENTICATED) {
            fail_msg("byte %zu", i);
        }
    }
    for (size_t i = 0; i < RMS_TOKEN_MAX; i++) {
        rms_buf_append_byte(&huge, 'A');
    }
    rms_buf_append_view(&huge, rms_buf_view(&token));
    assert_int_equal(try_bearer(&big, h, rms_buf_text(&huge)), RMS_E_NOT_AUTHENTICATED);
    assert_string_equal(big.request.note.detail, "token: too long");
}

/* --- cached tokens ---------------------------------------------------------------------------------- */

static int use(struct house *h, const char *token, int64_t later_s)
{
    CALL_CLEANUP struct call c;

    call_begin(&c, h, h->tenant_id);
    c.request.now = h->now + later_s;
    call_header(&c, "Authorization", rms_arena_printf(c.arena, "Bearer %s", token));
    return rms_token_accept(&h->front, &c.request);
}

/* touches: S-277 */
static void a_cached_token_still_expires(void **state)
{
    struct house *h = *state;
    RMS_BUF_CLEANUP struct rms_buf token = RMS_BUF_INIT(RMS_TOKEN_MAX);

    make_token(&token, good_header(house_keys[0].id), built_in_claims(h), house_keys[0].key);
    assert_int_equal(use(h, rms_buf_text(&token), 0), 0);
    assert_int_equal(use(h, rms_buf_text(&token), 3600 + RMS_TOKEN_BUILT_IN_SKEW_S - 1), 0);
    assert_int_equal(use(h, rms_buf_text(&token), 3600 + RMS_TOKEN_BUILT_IN_SKEW_S), RMS_E_NOT_AUTHENTICATED);
}

/* touches: S-043 */
static void disabling_an_account_shows_at_once(void **state)
{
    struct house *h = *state;
    RMS_BUF_CLEANUP struct rms_buf token = RMS_BUF_INIT(RMS_TOKEN_MAX);
    bool no = false;
    bool yes = true;

    make_token(&token, good_header(house_keys[0].id), built_in_claims(h), house_keys[0].key);
    assert_int_equal(use(h, rms_buf_text(&token), 0), 0);
    assert_int_equal(
        rms_account_change(h->db, h->tenant_id, h->alice_id, &(struct rms_account_change){.enabled = &no}),
        0);
    assert_int_equal(use(h, rms_buf_text(&token), 0), RMS_E_ACCOUNT_DISABLED);
    assert_int_equal(
        rms_account_change(h->db, h->tenant_id, h->alice_id, &(struct rms_account_change){.enabled = &yes}),
        0);
    assert_int_equal(use(h, rms_buf_text(&token), 0), 0);
}

static void a_removed_key_ends_its_tokens(void **state)
{
    struct house *h = *state;
    RMS_BUF_CLEANUP struct rms_buf old = RMS_BUF_INIT(RMS_TOKEN_MAX);
    RMS_BUF_CLEANUP struct rms_buf fresh = RMS_BUF_INIT(RMS_TOKEN_MAX);
    size_t first = house_key_count;

    house_new_key(h, h->tenant_id);
    make_token(&old, good_header(house_keys[first].id), built_in_claims(h), house_keys[first].key);
    assert_int_equal(use(h, rms_buf_text(&old), 0), 0);
    house_new_key(h, h->tenant_id); /* archives the former */
    make_token(&fresh, good_header(house_keys[first + 1].id), built_in_claims(h), house_keys[first + 1].key);
    assert_int_equal(use(h, rms_buf_text(&fresh), 0), 0);
    assert_int_equal(use(h, rms_buf_text(&old), 0), 0);
    assert_int_equal(rms_key_remove(h->db, h->tenant_id, house_keys[first].id), 0);
    assert_int_equal(use(h, rms_buf_text(&old), 0), RMS_E_NOT_AUTHENTICATED);
    assert_int_equal(use(h, rms_buf_text(&fresh), 0), 0);
}

/* --- other issuers ---------------------------------------------------------------------------------- */

/* touches: S-036 */
static void tokens_of_another_issuer_are_checked_claim_by_claim(void **state)
{
    struct house *h = *state;

    assert_int_equal(try_claims(h, false, NULL, NULL), 0);
    assert_int_equal(try_claims(h, false, "aud", json_pack("[s,s]", "x", "api://rms")), 0);
    assert_int_equal(try_claims(h, false, "aud", json_string(BASE "/")), RMS_E_NOT_AUTHENTICATED);
    assert_int_equal(try_claims(h, false, "iss", json_sprintf("%s/", idp.issuer)), RMS_E_NOT_AUTHENTICATED);
    assert_int_equal(try_claims(h, false, "iss", json_string("https://evil.test")), RMS_E_NOT_AUTHENTICATED);
    assert_int_equal(try_claims(h, false, "exp", json_integer(h->now - 299)), 0);
    assert_int_equal(try_claims(h, false, "exp", json_integer(h->now - 301)), RMS_E_NOT_AUTHENTICATED);
    assert_int_equal(try_claims(h, false, "nbf", json_integer(h->now + 301)), RMS_E_NOT_AUTHENTICATED);
    assert_int_equal(try_claims(h, false, "exp", json_real(1e300)), 0); /* kept for a day at most */
    assert_int_equal(try_claims(h, false, "email_verified", json_false()), RMS_E_NOT_AUTHENTICATED);
    assert_int_equal(try_claims(h, false, "email_verified", json_string("False")), RMS_E_NOT_AUTHENTICATED);
    assert_int_equal(try_claims(h, false, "email_verified", json_true()), 0);
}

/* touches: S-036 */
static void people_are_found_by_their_claims(void **state)
{
    struct house *h = *state;
    json_t *many = json_array();

    assert_int_equal(
        try_claims(h, false, "email", json_string("nobody@contoso.test")), RMS_E_NOT_AUTHENTICATED);
    assert_int_equal(
        try_claims(h, false, "email", json_string("fay@fabrikam.test")), RMS_E_NOT_AUTHENTICATED);
    assert_int_equal(try_claims(h, false, "email", NULL), RMS_E_NOT_AUTHENTICATED);
    assert_int_equal(try_claims(h, false, "email", json_integer(1)), RMS_E_NOT_AUTHENTICATED);
    assert_int_equal(
        try_claims(h, false, "proxyAddresses", json_pack("[s,s]", "SMTP:alice@contoso.test", "SIP:x")), 0);
    assert_int_equal(try_claims(h, false, "proxyAddresses", json_string("smtp:alice@contoso.test")), 0);
    assert_int_equal(
        try_claims(h, false, "proxyAddresses", json_pack("[i,n,{}]", 1)), 0); /* not texts: passed over */
    for (int i = 0; i < 501; i++) {
        (void)json_array_append_new(many, json_string("smtp:x@contoso.test"));
    }
    assert_int_equal(try_claims(h, false, "proxyAddresses", many), RMS_E_NOT_AUTHENTICATED);
}

/* A tenant's administrator cannot speak for the built-in sign-in of another tenant, nor for its issuers. */
static void issuers_count_for_their_tenant_only(void **state)
{
    struct house *h = *state;
    RMS_BUF_CLEANUP struct rms_buf token = RMS_BUF_INIT(RMS_TOKEN_MAX);
    CALL_CLEANUP struct call c;
    char issuer[128];
    char id[RMS_GUID_TEXT];
    json_t *claims = built_in_claims(h);

    (void)snprintf(issuer, sizeof issuer, BASE "/%s", h->tenant_id);
    rms_guid_new(id);
    assert_int_equal(rms_issuer_add(h->db, &(struct rms_issuer){.id = id,
                                               .tenant_id = h->other_id,
                                               .issuer = issuer,
                                               .audiences = audiences,
                                               .audience_count = 1,
                                               .algorithms = RMS_ALG_ES256,
                                               .jwks_uri = idp.jwks_uri,
                                               .created_at = h->now}),
        0);
    make_token(&token, good_header("idp-1"), claims, idp.key);
    assert_int_equal(try_bearer(&c, h, rms_buf_text(&token)), RMS_E_NOT_AUTHENTICATED);
}

/* The same issuer in two tenants, one of them with keys that cannot be had. */
static void a_broken_entry_does_not_stand_in_the_way(void **state)
{
    struct house *h = *state;
    char id[RMS_GUID_TEXT];

    rms_guid_new(id);
    assert_int_equal(rms_issuer_add(h->db, &(struct rms_issuer){.id = id,
                                               .tenant_id = h->other_id,
                                               .issuer = idp.issuer,
                                               .audiences = audiences,
                                               .audience_count = 1,
                                               .algorithms = RMS_ALG_ES256,
                                               .jwks_uri = "http://127.0.0.1:1/keys",
                                               .created_at = 1}),
        0);
    assert_int_equal(try_claims(h, false, NULL, NULL), 0);
    assert_int_equal(try_claims(h, false, "email", json_string("nobody@contoso.test")), RMS_E_UNREACHABLE);
    assert_int_equal(rms_issuer_remove(h->db, h->other_id, id), 0);
}

/* --- many workers ----------------------------------------------------------------------------------- */

struct shift {
    struct house *house;
    struct rms_db *db;
    unsigned seed;
    int accepted;
    int refused;
};

/* One worker: tokens of both issuers, seen before and new ones, good and damaged. */
static void *work_shift(void *context)
{
    struct shift *shift = context;
    struct rms_worker worker = {.front = &shift->house->front, .db = shift->db};

    for (unsigned i = 0; i < 60; i++) {
        RMS_BUF_CLEANUP struct rms_buf token = RMS_BUF_INIT(RMS_TOKEN_MAX);
        CALL_CLEANUP struct call c;
        bool built_in = i % 2 == 0;
        bool good = i % 5 != 0;
        json_t *claims = built_in ? built_in_claims(shift->house) : idp_claims(shift->house);

        (void)json_object_set_new(claims, "jti", json_integer(i / 4 + shift->seed));
        make_token(&token, good_header(built_in ? house_keys[0].id : "idp-1"), claims,
            built_in == good ? house_keys[0].key : idp.key);
        call_begin(&c, shift->house, shift->house->tenant_id);
        c.request.worker = &worker;
        call_header(&c, "Authorization", rms_arena_printf(c.arena, "Bearer %s", rms_buf_text(&token)));
        if (rms_token_accept(&shift->house->front, &c.request) == 0) {
            shift->accepted++;
        } else {
            shift->refused++;
        }
        if (i % 10 == 0) {
            rms_tokens_drop(shift->house->front.tokens);
        }
    }
    return NULL;
}

static void many_workers_at_once(void **state)
{
    struct house *h = *state;
    struct shift shifts[4];
    pthread_t threads[4];

    for (size_t i = 0; i < RMS_COUNT(shifts); i++) {
        shifts[i] = (struct shift){.house = h, .seed = (unsigned)i % 2};
        assert_int_equal(rms_db_open(h->store, &shifts[i].db), 0);
        assert_int_equal(pthread_create(&threads[i], NULL, work_shift, &shifts[i]), 0);
    }
    for (size_t i = 0; i < RMS_COUNT(shifts); i++) {
        assert_int_equal(pthread_join(threads[i], NULL), 0);
        rms_db_close(&shifts[i].db);
        assert_int_equal(shifts[i].accepted, 48);
        assert_int_equal(shifts[i].refused, 12);
    }
}

static void a_removed_issuer_counts_no_more(void **state)
{
    struct house *h = *state;

    assert_int_equal(try_claims(h, false, NULL, NULL), 0);
    assert_int_equal(rms_issuer_remove(h->db, h->tenant_id, idp.issuer), 0);
    assert_int_equal(try_claims(h, false, NULL, NULL), RMS_E_NOT_AUTHENTICATED);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(built_in_tokens_are_checked_claim_by_claim),
        cmocka_unit_test(signatures_that_are_none),
        cmocka_unit_test(a_public_key_is_no_secret),
        cmocka_unit_test(headers_that_carry_no_token),
        cmocka_unit_test(the_scheme_may_be_written_in_any_case),
        cmocka_unit_test(damaged_and_oversized_tokens),
        cmocka_unit_test(a_cached_token_still_expires),
        cmocka_unit_test(disabling_an_account_shows_at_once),
        cmocka_unit_test(a_removed_key_ends_its_tokens),
        cmocka_unit_test(tokens_of_another_issuer_are_checked_claim_by_claim),
        cmocka_unit_test(people_are_found_by_their_claims),
        cmocka_unit_test(issuers_count_for_their_tenant_only),
        cmocka_unit_test(a_broken_entry_does_not_stand_in_the_way),
        cmocka_unit_test(many_workers_at_once),
        cmocka_unit_test(a_removed_issuer_counts_no_more),
    };

    return cmocka_run_group_tests(tests, open_all, close_all);
}
