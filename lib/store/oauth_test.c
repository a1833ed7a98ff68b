#include "store/testing.h"

#include <pthread.h>
#include <stdatomic.h>

#include "base/clock.h"
#include "store/oauth.h"

/* The people of these tests. */
struct scene {
    struct lab *lab;
    const char *c;
    const char *f;
    const char *bob;
    struct rms_oauth_grant grant;
};

static struct scene scene_of(void **state)
{
    struct scene scene = {.lab = *state};

    scene.c = lab_tenant(scene.lab, "contoso.test", NULL);
    scene.f = lab_tenant(scene.lab, "fabrikam.test", NULL);
    scene.bob = lab_account(scene.lab, scene.c, "bob@contoso.test", NULL, NULL);
    scene.grant = (struct rms_oauth_grant){.tenant_id = scene.c,
        .client_id = "rms",
        .account_id = scene.bob,
        .scope = "openid",
        .resource = "https://rms.test/",
        .nonce = "n",
        .auth_time = LAB_TIME - 5};
    return scene;
}

static struct rms_auth_code code_of(const struct scene *scene, uint8_t mark)
{
    return (struct rms_auth_code){.hash = {mark},
        .grant = scene->grant,
        .redirect_uri = "http://127.0.0.1:8000/",
        .challenge = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM", /* RFC 7636 appendix B */
        .family_id = lab_guid(scene->lab),
        .expires_at = LAB_TIME + 60};
}

static void put_refresh(const struct scene *scene, uint8_t mark, const char *family_id)
{
    const struct rms_refresh_token token = {.hash = {mark},
        .grant = scene->grant,
        .family_id = family_id,
        .issued_at = LAB_TIME,
        .expires_at = LAB_TIME + 1000};

    assert_int_equal(rms_refresh_token_put(scene->lab->db, &token), 0);
}

static int rotate(
    const struct scene *scene, uint8_t old, uint8_t fresh, int64_t now, struct rms_refresh_token *token)
{
    const uint8_t old_hash[RMS_TOKEN_HASH] = {old};
    const uint8_t fresh_hash[RMS_TOKEN_HASH] = {fresh};
    const struct rms_refresh_rotation rotation = {scene->c, "rms", old_hash, fresh_hash, now, now + 1000};

    return rms_refresh_token_rotate(scene->lab->db, scene->lab->arena, &rotation, token);
}

static void test_clients(void **state)
{
    static const char *const uris[] = {"https://app.test/back", "http://localhost/"};
    struct scene scene = scene_of(state);
    struct lab *lab = scene.lab;
    struct rms_oauth_client client = {.tenant_id = scene.c,
        .client_id = "app",
        .name = "App",
        .redirect_uris = uris,
        .redirect_uri_count = 2,
        .legacy_no_pkce = true,
        .created_at = LAB_TIME};
    struct rms_oauth_client read;
    struct rms_oauth_clients list;
    struct rms_auth_code code = code_of(&scene, 1);

    assert_int_equal(rms_oauth_client_add(lab->db, &client), 0);
    assert_int_equal(rms_oauth_client_add(lab->db, &client), RMS_E_CONFLICT);
    assert_int_equal(rms_oauth_client_get(lab->db, lab->arena, scene.c, "app", &read), 0);
    assert_string_equal(read.redirect_uris[0], "https://app.test/back");
    assert_int_equal(read.redirect_uri_count, 2);
    assert_true(read.legacy_no_pkce);
    assert_int_equal(rms_oauth_client_get(lab->db, lab->arena, scene.f, "app", &read), RMS_E_NOT_FOUND);
    assert_int_equal(rms_oauth_client_list(lab->db, lab->arena, scene.c, &list), 0);
    assert_int_equal(list.count, 1);
    client.client_id = "";
    assert_int_equal(rms_oauth_client_add(lab->db, &client), RMS_E_BAD_ARGUMENT);

    code.grant.client_id = "app";
    assert_int_equal(rms_auth_code_put(lab->db, &code), 0);
    assert_int_equal(rms_oauth_client_remove(lab->db, scene.f, "app"), RMS_E_NOT_FOUND);
    assert_int_equal(rms_oauth_client_remove(lab->db, scene.c, "app"), 0);
    assert_int_equal(rms_auth_code_take(lab->db, lab->arena, code.hash, LAB_TIME, &code), RMS_E_NOT_FOUND);
}

static void test_code_once(void **state)
{
    struct scene scene = scene_of(state);
    struct lab *lab = scene.lab;
    const struct rms_auth_code code = code_of(&scene, 1);
    const struct rms_auth_code late = code_of(&scene, 2);
    const uint8_t unknown[RMS_TOKEN_HASH] = {9};
    struct rms_auth_code taken;
    struct rms_refresh_token token;

    assert_int_equal(rms_auth_code_put(lab->db, &code), 0);
    assert_int_equal(rms_auth_code_put(lab->db, &code), RMS_E_CONFLICT);
    assert_int_equal(rms_auth_code_put(lab->db, &late), 0);
    assert_int_equal(rms_auth_code_take(lab->db, lab->arena, unknown, LAB_TIME, &taken), RMS_E_NOT_FOUND);
    assert_int_equal(
        rms_auth_code_take(lab->db, lab->arena, late.hash, late.expires_at, &taken), RMS_E_NOT_FOUND);
    assert_int_equal(rms_auth_code_take(lab->db, lab->arena, code.hash, LAB_TIME, &taken), 0);
    assert_string_equal(taken.grant.account_id, scene.bob);
    assert_string_equal(taken.grant.nonce, "n");
    assert_true(taken.grant.auth_time == LAB_TIME - 5);
    assert_string_equal(taken.redirect_uri, code.redirect_uri);
    assert_string_equal(taken.challenge, code.challenge);
    assert_string_equal(taken.family_id, code.family_id);

    /* a second time: what came of the first is ended (RFC 6749 4.1.2) */
    put_refresh(&scene, 7, taken.family_id);
    assert_int_equal(rms_auth_code_take(lab->db, lab->arena, code.hash, LAB_TIME, &taken), RMS_E_CONFLICT);
    assert_int_equal(rotate(&scene, 7, 8, LAB_TIME, &token), RMS_E_NOT_FOUND);
}

static void test_code_refused(void **state)
{
    struct scene scene = scene_of(state);
    struct rms_auth_code code = code_of(&scene, 1);

    code.family_id = "x";
    assert_int_equal(rms_auth_code_put(scene.lab->db, &code), RMS_E_BAD_ARGUMENT);
    code.family_id = lab_guid(scene.lab);
    code.grant.tenant_id = scene.f; /* bob is not there */
    assert_int_equal(rms_auth_code_put(scene.lab->db, &code), RMS_E_NOT_FOUND);
}

static void test_rotation(void **state)
{
    struct scene scene = scene_of(state);
    const char *family = lab_guid(scene.lab);
    struct rms_refresh_token token;

    put_refresh(&scene, 1, family);
    assert_int_equal(rotate(&scene, 1, 2, LAB_TIME + 10, &token), 0);
    assert_int_equal(token.hash[0], 2);
    assert_string_equal(token.family_id, family);
    assert_string_equal(token.grant.account_id, scene.bob);
    assert_string_equal(token.grant.scope, "openid");
    assert_true(token.issued_at == LAB_TIME + 10 && token.expires_at == LAB_TIME + 1010);
    assert_true(token.grant.auth_time == LAB_TIME - 5);
    assert_int_equal(rotate(&scene, 2, 3, LAB_TIME + 20, &token), 0);

    /* the first comes again: it was stolen, all of the family ends */
    assert_int_equal(rotate(&scene, 1, 4, LAB_TIME + 30, &token), RMS_E_REVOKED);
    assert_int_equal(rotate(&scene, 3, 5, LAB_TIME + 30, &token), RMS_E_NOT_FOUND);
    assert_int_equal(rotate(&scene, 4, 5, LAB_TIME + 30, &token), RMS_E_NOT_FOUND);
}

static void test_rotation_refused(void **state)
{
    struct scene scene = scene_of(state);
    const char *family = lab_guid(scene.lab);
    const uint8_t old_hash[RMS_TOKEN_HASH] = {1};
    const uint8_t fresh_hash[RMS_TOKEN_HASH] = {2};
    const char *const wrong[][2] = {{scene.f, "rms"}, {scene.c, "other"}};
    struct rms_refresh_token token;

    put_refresh(&scene, 1, family);
    for (size_t i = 0; i < 2; i++) {
        const struct rms_refresh_rotation rotation = {
            wrong[i][0], wrong[i][1], old_hash, fresh_hash, LAB_TIME, LAB_TIME + 5};

        assert_int_equal(
            rms_refresh_token_rotate(scene.lab->db, scene.lab->arena, &rotation, &token), RMS_E_NOT_FOUND);
        assert_int_equal(
            rms_refresh_token_revoke(scene.lab->db, wrong[i][0], wrong[i][1], old_hash), RMS_E_NOT_FOUND);
    }
    assert_int_equal(rotate(&scene, 1, 2, LAB_TIME + 1000, &token), RMS_E_NOT_FOUND); /* expired */
    assert_int_equal(rotate(&scene, 1, 1, LAB_TIME, &token), RMS_E_CONFLICT); /* no fresh one: undone */
    assert_int_equal(rotate(&scene, 1, 2, LAB_TIME, &token), 0);
}

static void test_revoking(void **state)
{
    struct scene scene = scene_of(state);
    const char *family = lab_guid(scene.lab);
    const char *other = lab_guid(scene.lab);
    const uint8_t first[RMS_TOKEN_HASH] = {1};
    struct rms_refresh_token token;

    put_refresh(&scene, 1, family);
    put_refresh(&scene, 11, other);
    assert_int_equal(rotate(&scene, 1, 2, LAB_TIME, &token), 0);
    assert_int_equal(rms_refresh_token_revoke(scene.lab->db, scene.c, "rms", first), 0); /* an old one too */
    assert_int_equal(rotate(&scene, 2, 3, LAB_TIME, &token), RMS_E_NOT_FOUND);
    assert_int_equal(rotate(&scene, 11, 12, LAB_TIME, &token), 0);
    assert_int_equal(rms_refresh_tokens_end(scene.lab->db, scene.f, scene.bob), 0); /* not his tenant */
    assert_int_equal(rotate(&scene, 12, 13, LAB_TIME, &token), 0);
    assert_int_equal(rms_refresh_tokens_end(scene.lab->db, scene.c, scene.bob), 0);
    assert_int_equal(rotate(&scene, 13, 14, LAB_TIME, &token), RMS_E_NOT_FOUND);
}

static struct rms_device_code device_of(const struct scene *scene, uint8_t mark, const char *user_code)
{
    struct rms_device_code code = {.hash = {mark},
        .user_code = user_code,
        .grant = scene->grant,
        .expires_at = rms_clock_now() + 600,
        .interval_s = 5};

    code.grant.account_id = NULL;
    code.grant.auth_time = 0;
    return code;
}

static void test_device_approved(void **state)
{
    struct scene scene = scene_of(state);
    struct lab *lab = scene.lab;
    const struct rms_device_code code = device_of(&scene, 1, "BCDFGHJK");
    const struct rms_device_code same = device_of(&scene, 2, "BCDFGHJK");
    int64_t now = rms_clock_now();
    struct rms_device_code read;

    assert_int_equal(rms_device_code_put(lab->db, &code), 0);
    assert_int_equal(rms_device_code_put(lab->db, &same), RMS_E_CONFLICT);
    assert_int_equal(rms_device_code_poll(lab->db, lab->arena, code.hash, now, &read), 0);
    assert_int_equal(read.state, RMS_DEVICE_PENDING);
    assert_false(read.too_fast);
    assert_int_equal(rms_device_code_poll(lab->db, lab->arena, code.hash, now + 1, &read), 0);
    assert_true(read.too_fast);
    assert_int_equal(read.interval_s, 10);
    assert_int_equal(rms_device_code_poll(lab->db, lab->arena, code.hash, now + 11, &read), 0);
    assert_false(read.too_fast);

    assert_int_equal(rms_device_code_find(lab->db, lab->arena, scene.c, "BCDFGHJK", &read), 0);
    assert_string_equal(read.grant.client_id, "rms");
    assert_null(read.grant.account_id);
    assert_int_equal(rms_device_code_find(lab->db, lab->arena, scene.f, "BCDFGHJK", &read), RMS_E_NOT_FOUND);
    assert_int_equal(rms_device_code_find(lab->db, lab->arena, scene.c, "XXXX", &read), RMS_E_NOT_FOUND);
    assert_int_equal(rms_device_code_decide(lab->db, scene.f, "BCDFGHJK", scene.bob, now), RMS_E_NOT_FOUND);
    assert_int_equal(rms_device_code_decide(lab->db, scene.c, "BCDFGHJK", scene.bob, now + 12), 0);
    assert_int_equal(rms_device_code_decide(lab->db, scene.c, "BCDFGHJK", NULL, now), RMS_E_NOT_FOUND);
    assert_int_equal(rms_device_code_find(lab->db, lab->arena, scene.c, "BCDFGHJK", &read), RMS_E_NOT_FOUND);

    assert_int_equal(rms_device_code_poll(lab->db, lab->arena, code.hash, now + 13, &read), 0);
    assert_int_equal(read.state, RMS_DEVICE_APPROVED);
    assert_string_equal(read.grant.account_id, scene.bob);
    assert_true(read.grant.auth_time == now + 12);
    assert_int_equal(rms_device_code_poll(lab->db, lab->arena, code.hash, now + 13, &read), RMS_E_NOT_FOUND);
}

static void test_device_denied_and_expired(void **state)
{
    struct scene scene = scene_of(state);
    struct lab *lab = scene.lab;
    const struct rms_device_code denied = device_of(&scene, 1, "AAAA");
    struct rms_device_code old = device_of(&scene, 2, "BBBB");
    int64_t now = rms_clock_now();
    struct rms_device_code read;

    old.expires_at = now - 1;
    assert_int_equal(rms_device_code_put(lab->db, &denied), 0);
    assert_int_equal(rms_device_code_put(lab->db, &old), 0);
    assert_int_equal(rms_device_code_decide(lab->db, scene.c, "AAAA", NULL, now), 0);
    assert_int_equal(rms_device_code_poll(lab->db, lab->arena, denied.hash, now, &read), 0);
    assert_int_equal(read.state, RMS_DEVICE_DENIED);
    assert_int_equal(rms_device_code_poll(lab->db, lab->arena, denied.hash, now, &read), RMS_E_NOT_FOUND);

    assert_int_equal(rms_device_code_find(lab->db, lab->arena, scene.c, "BBBB", &read), RMS_E_NOT_FOUND);
    assert_int_equal(rms_device_code_decide(lab->db, scene.c, "BBBB", scene.bob, now), RMS_E_NOT_FOUND);
    assert_int_equal(rms_device_code_poll(lab->db, lab->arena, old.hash, now, &read), RMS_E_EXPIRED);
    assert_int_equal(rms_oauth_sweep(lab->db, now), 0);
    assert_int_equal(rms_device_code_poll(lab->db, lab->arena, old.hash, now, &read), RMS_E_NOT_FOUND);
}

static void test_sweep(void **state)
{
    struct scene scene = scene_of(state);
    const struct rms_auth_code code = code_of(&scene, 1);
    struct rms_auth_code taken;
    struct rms_refresh_token token;

    assert_int_equal(rms_auth_code_put(scene.lab->db, &code), 0);
    put_refresh(&scene, 1, lab_guid(scene.lab));
    assert_int_equal(rms_oauth_sweep(scene.lab->db, LAB_TIME + 59), 0);
    assert_int_equal(rms_auth_code_take(scene.lab->db, scene.lab->arena, code.hash, LAB_TIME, &taken), 0);
    assert_int_equal(rms_oauth_sweep(scene.lab->db, LAB_TIME + 60), 0);
    assert_int_equal(
        rms_auth_code_take(scene.lab->db, scene.lab->arena, code.hash, LAB_TIME, &taken), RMS_E_NOT_FOUND);
    assert_int_equal(rotate(&scene, 1, 2, LAB_TIME, &token), 0);
}

/* Threads: of all that present one value, one succeeds */

#define THREADS 6
#define VALUES  20

struct race {
    struct scene *scene;
    uint8_t thread;
    int won[VALUES];
    int lost[VALUES]; /* the refusal that a replay must get */
    int strange;
};

static void *take_codes(void *argument)
{
    struct race *race = argument;
    RMS_ARENA_CLEANUP struct rms_arena *arena = rms_arena_new(1u << 20);
    struct rms_db *db = NULL;

    if (rms_db_open(race->scene->lab->store, &db) < 0) {
        race->strange++;
        return NULL;
    }
    for (uint8_t i = 0; i < VALUES; i++) {
        const uint8_t hash[RMS_TOKEN_HASH] = {i};
        struct rms_auth_code code;
        int status = rms_auth_code_take(db, arena, hash, LAB_TIME, &code);

        race->won[i] += status == 0 ? 1 : 0;
        race->lost[i] += status == RMS_E_CONFLICT ? 1 : 0;
        race->strange += status != 0 && status != RMS_E_CONFLICT ? 1 : 0;
    }
    rms_db_close(&db);
    return NULL;
}

static void *rotate_tokens(void *argument)
{
    struct race *race = argument;
    RMS_ARENA_CLEANUP struct rms_arena *arena = rms_arena_new(1u << 20);
    struct rms_db *db = NULL;

    if (rms_db_open(race->scene->lab->store, &db) < 0) {
        race->strange++;
        return NULL;
    }
    for (uint8_t i = 0; i < VALUES; i++) {
        const uint8_t old_hash[RMS_TOKEN_HASH] = {i};
        const uint8_t fresh_hash[RMS_TOKEN_HASH] = {i, 1, race->thread};
        const struct rms_refresh_rotation rotation = {
            race->scene->c, "rms", old_hash, fresh_hash, LAB_TIME, LAB_TIME + 5};
        struct rms_refresh_token token;
        int status = rms_refresh_token_rotate(db, arena, &rotation, &token);

        race->won[i] += status == 0 ? 1 : 0;
        race->lost[i] += status == RMS_E_REVOKED ? 1 : 0;
        race->strange += status != 0 && status != RMS_E_REVOKED && status != RMS_E_NOT_FOUND ? 1 : 0;
    }
    rms_db_close(&db);
    return NULL;
}

static void run_race(struct scene *scene, void *(*runner)(void *), int lost_at_least)
{
    struct race races[THREADS];
    pthread_t threads[THREADS];

    memset(races, 0, sizeof races);
    for (uint8_t t = 0; t < THREADS; t++) {
        races[t].scene = scene;
        races[t].thread = t;
        assert_int_equal(pthread_create(&threads[t], NULL, runner, &races[t]), 0);
    }
    for (int t = 0; t < THREADS; t++) {
        assert_int_equal(pthread_join(threads[t], NULL), 0);
        assert_int_equal(races[t].strange, 0);
    }
    for (int i = 0; i < VALUES; i++) {
        int won = 0;
        int lost = 0;

        for (int t = 0; t < THREADS; t++) {
            won += races[t].won[i];
            lost += races[t].lost[i];
        }
        assert_int_equal(won, 1);
        assert_true(lost >= lost_at_least);
    }
}

static void test_code_race(void **state)
{
    struct scene scene = scene_of(state);

    for (uint8_t i = 0; i < VALUES; i++) {
        const struct rms_auth_code code = code_of(&scene, i);

        assert_int_equal(rms_auth_code_put(scene.lab->db, &code), 0);
    }
    run_race(&scene, take_codes, THREADS - 1);
}

/* The first of the losers ends the family, those behind it find nothing: no token of the family is left. */
static void test_rotation_race(void **state)
{
    struct scene scene = scene_of(state);

    for (uint8_t i = 0; i < VALUES; i++) {
        put_refresh(&scene, i, lab_guid(scene.lab));
    }
    run_race(&scene, rotate_tokens, 1);
    for (uint8_t i = 0; i < VALUES; i++) {
        for (uint8_t t = 0; t < THREADS; t++) {
            const uint8_t hash[RMS_TOKEN_HASH] = {i, 1, t};

            assert_int_equal(rms_refresh_token_revoke(scene.lab->db, scene.c, "rms", hash), RMS_E_NOT_FOUND);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        LAB_TEST(test_clients),
        LAB_TEST(test_code_once),
        LAB_TEST(test_code_refused),
        LAB_TEST(test_rotation),
        LAB_TEST(test_rotation_refused),
        LAB_TEST(test_revoking),
        LAB_TEST(test_device_approved),
        LAB_TEST(test_device_denied_and_expired),
        LAB_TEST(test_sweep),
        LAB_TEST(test_code_race),
        LAB_TEST(test_rotation_race),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
