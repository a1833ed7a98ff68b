/* A front without network for tests of sign-in: real store and directory in a temporary directory, handlers
 * called directly, tokens signed by a key of the test. */
#ifndef RMS_SERVICE_SIGNIN_TEST_H
#define RMS_SERVICE_SIGNIN_TEST_H

#include "base/test.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "crypto/base64.h"
#include "crypto/ec.h"
#include "crypto/password.h"
#include "service/signin_core.h"
#include "service/token.h"
#include "store/account.h"
#include "store/issuer.h"
#include "store/key.h"
#include "store/testing_database.h"

#define HOST     "rms.contoso.test"
#define BASE     "https://" HOST
#define PASSWORD "correct horse"

#define RMS_TEST_HELPER static __attribute__((unused))

struct house {
    char dir[64];
    char url[TEST_DATABASE_URL];
    struct rms_store *store;
    struct rms_db *db;
    struct rms_front front;
    struct rms_worker worker;
    char tenant_id[RMS_GUID_TEXT]; /* contoso.test */
    char other_id[RMS_GUID_TEXT];  /* fabrikam.test */
    char alice_id[RMS_GUID_TEXT];
    char fay_id[RMS_GUID_TEXT];
    char password_hash[512];
    int64_t now;
};

/* What keyd would hold. */
static struct {
    char id[RMS_GUID_TEXT];
    struct rms_ec_private *key;
} house_keys[4];
static size_t house_key_count;

RMS_TEST_HELPER struct rms_ec_private *house_key(const char *key_id)
{
    for (size_t i = 0; i < house_key_count; i++) {
        if (strcmp(house_keys[i].id, key_id) == 0) {
            return house_keys[i].key;
        }
    }
    return NULL;
}

/* Set to make signing fail, as when keyd is away. */
static bool house_keyd_away;

RMS_TEST_HELPER int house_sign(struct rms_request *request, const char *key_id,
    const uint8_t digest[RMS_SHA256_BYTES], uint8_t signature_out[64])
{
    (void)request;
    return house_keyd_away ? RMS_E_KEY_UNAVAILABLE : rms_ec_sign(house_key(key_id), digest, signature_out);
}

/* A fresh active token key of the tenant. */
RMS_TEST_HELPER void house_new_key(struct house *h, const char *tenant_id)
{
    struct rms_ec_public public;
    char *key_id = house_keys[house_key_count].id;

    assert_true(house_key_count < RMS_COUNT(house_keys));
    assert_int_equal(rms_ec_generate(&house_keys[house_key_count++].key), 0);
    rms_ec_public_of(house_keys[house_key_count - 1].key, &public);
    rms_guid_new(key_id);
    assert_int_equal(rms_key_add(h->db, &(struct rms_key){.id = key_id,
                                            .tenant_id = tenant_id,
                                            .kind = RMS_KEY_TOKEN,
                                            .active = true,
                                            .bits = 256,
                                            .created_at = h->now,
                                            .public_key = rms_view_of(&public, sizeof public),
                                            .sealed = RMS_VIEW_LITERAL("sealed")}),
        0);
}

RMS_TEST_HELPER void house_tenant(struct house *h, const char *domain, char id_out[RMS_GUID_TEXT])
{
    RMS_ARENA_CLEANUP struct rms_arena *arena = rms_arena_new(65536);
    const char *domains[] = {domain};
    struct rms_tenant tenant;

    assert_int_equal(rms_tenant_init(arena, domain, h->now, &tenant), 0);
    tenant.domains = domains;
    tenant.domain_count = 1;
    assert_int_equal(rms_tenant_create(h->db, &tenant), 0);
    (void)snprintf(id_out, RMS_GUID_TEXT, "%s", tenant.id);
    house_new_key(h, id_out);
}

RMS_TEST_HELPER void house_account(
    struct house *h, const char *tenant_id, const char *address, char id_out[RMS_GUID_TEXT])
{
    struct rms_account account = {.id = id_out,
        .tenant_id = tenant_id,
        .upn = address,
        .display_name = "A <b>Person</b>",
        .enabled = true,
        .created_at = h->now};

    rms_guid_new(id_out);
    assert_int_equal(rms_account_create(h->db, &account, h->password_hash), 0);
}

RMS_TEST_HELPER int house_open(void **state)
{
    static struct house house;
    struct house *h = &house;
    RMS_BUF_CLEANUP struct rms_buf hash = RMS_BUF_INIT(sizeof h->password_hash);

    *h = (struct house){.dir = "/tmp/rms-signin-XXXXXX", .now = rms_clock_now()};
    assert_non_null(mkdtemp(h->dir));
    test_database_new(h->dir, h->url);
    assert_int_equal(rms_store_open(h->url, &h->store), 0);
    assert_int_equal(rms_db_open(h->store, &h->db), 0);
    assert_int_equal(rms_password_hash(PASSWORD, &hash), 0);
    (void)snprintf(h->password_hash, sizeof h->password_hash, "%s", rms_buf_text(&hash));
    house_tenant(h, "contoso.test", h->tenant_id);
    house_tenant(h, "fabrikam.test", h->other_id);
    house_account(h, h->tenant_id, "alice@contoso.test", h->alice_id);
    house_account(h, h->other_id, "fay@fabrikam.test", h->fay_id);
    h->front = (struct rms_front){.host = HOST, .base_url = BASE, .store = h->store};
    h->worker = (struct rms_worker){.front = &h->front, .db = h->db};
    assert_int_equal(rms_directory_new(h->store, 0, &h->front.directory), 0);
    assert_int_equal(rms_tenancy_new(&h->front, &h->front.tenancy), 0);
    assert_int_equal(rms_tokens_new(&h->front, &h->front.tokens), 0);
    assert_int_equal(rms_signin_new(&h->front, &h->front.signin), 0);
    h->front.signin->sign = house_sign;
    *state = h;
    return 0;
}

RMS_TEST_HELPER int house_close(void **state)
{
    struct house *h = *state;

    rms_signin_free(&h->front.signin);
    rms_tokens_free(&h->front.tokens);
    rms_tenancy_free(&h->front.tenancy);
    rms_directory_free(&h->front.directory);
    rms_db_close(&h->db);
    rms_store_free(&h->store);
    while (house_key_count > 0) {
        rms_ec_private_free(&house_keys[--house_key_count].key);
    }
    test_database_drop(h->url);
    (void)rmdir(h->dir);
    return 0;
}

/* Each test starts unthrottled. */
RMS_TEST_HELPER int house_calm(void **state)
{
    struct house *h = *state;

    rms_limit_free(&h->front.signin->limit);
    return rms_limit_new(&h->front.signin->limit);
}

/* --- a request and its reply ------------------------------------------------------------------------ */

struct call {
    struct house *house;
    struct rms_arena *arena;
    struct rms_request request;
    struct rms_reply reply;
    struct rms_pair headers[8];
    json_t *json; /* of the reply */
    int code;     /* what the handler returned */
};

RMS_TEST_HELPER void call_begin(struct call *c, struct house *h, const char *authority)
{
    *c = (struct call){.house = h, .arena = rms_arena_new(8u << 20)};
    assert_non_null(c->arena);
    c->reply.body = RMS_BUF_INIT(1u << 20);
    c->request = (struct rms_request){.worker = &h->worker,
        .arena = c->arena,
        .method = RMS_METHOD_GET,
        .params = {authority},
        .param_count = 1,
        .headers = c->headers,
        .client_ip = "192.0.2.7",
        .now = h->now};
}

RMS_TEST_HELPER void call_header(struct call *c, const char *name, const char *value)
{
    assert_true(c->request.header_count < RMS_COUNT(c->headers));
    c->headers[c->request.header_count++] = (struct rms_pair){name, value};
}

RMS_TEST_HELPER void call_query(struct call *c, const char *query)
{
    c->request.raw_query = rms_arena_strdup(c->arena, query);
    assert_int_equal(
        rms_form_parse(c->arena, rms_view_str(query), false, &c->request.query, &c->request.query_count), 0);
}

RMS_TEST_HELPER void call_form(struct call *c, const char *body)
{
    c->request.method = RMS_METHOD_POST;
    c->request.body = rms_view_str(rms_arena_strdup(c->arena, body));
    call_header(c, "Content-Type", "application/x-www-form-urlencoded");
}

RMS_TEST_HELPER int call_go(struct call *c, rms_handler handler)
{
    c->code = handler(&c->house->front, &c->request, &c->reply);
    if (c->reply.body.len > 0 && c->reply.body.data[0] == '{') {
        assert_int_equal(rms_json_parse(rms_buf_view(&c->reply.body), &c->json), 0);
    }
    return c->code;
}

RMS_TEST_HELPER void call_end(struct call *c)
{
    rms_request_unpin(&c->request);
    rms_json_free(&c->json);
    rms_buf_fini(&c->reply.body);
    rms_arena_free(&c->arena);
}

#define CALL_CLEANUP __attribute__((cleanup(call_end)))

RMS_TEST_HELPER const char *call_member(const struct call *c, const char *name)
{
    const char *text = rms_json_str(c->json, name);

    return text != NULL ? text : "";
}

RMS_TEST_HELPER const char *reply_header(const struct call *c, const char *name)
{
    for (size_t i = 0; i < c->reply.header_count; i++) {
        if (strcmp(c->reply.headers[i].name, name) == 0) {
            return c->reply.headers[i].value;
        }
    }
    return "";
}

/* A form to the token endpoint of a tenant. */
RMS_TEST_HELPER int post_token(struct call *c, struct house *h, const char *body)
{
    call_begin(c, h, h->tenant_id);
    call_form(c, body);
    return call_go(c, rms_signin_token);
}

/* rms_token_accept of this text as bearer token. */
RMS_TEST_HELPER int try_bearer(struct call *c, struct house *h, const char *token)
{
    call_begin(c, h, h->tenant_id);
    call_header(c, "Authorization", rms_arena_printf(c->arena, "Bearer %s", token));
    c->code = rms_token_accept(&h->front, &c->request);
    return c->code;
}

/* What stands between two marks, copied; "" when the marks are not there. */
RMS_TEST_HELPER void between(const char *text, const char *before, const char *after, char *out, size_t size)
{
    const char *start = strstr(text, before);
    const char *end = start != NULL ? strstr(start + strlen(before), after) : NULL;

    out[0] = '\0';
    if (end != NULL) {
        start += strlen(before);
        (void)snprintf(out, size, "%.*s", (int)(end - start), start);
    }
}

#endif
