/* Issuers that behave and issuers that do not, on loopback. */
#include "base/test.h"

#include <arpa/inet.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "crypto/base64.h"
#include "crypto/ec.h"
#include "service/token_keys.h"

enum mood { KEYS_A, KEYS_B, FAILS, GARBAGE, HUGE_BODY, HUGE_LENGTH, HANGS, TRICKLES, REDIRECTS, MOODS };

static struct {
    int listener;
    int port;
    pthread_t thread;
    atomic_int mood;
    atomic_int requests;
    atomic_bool ending;
    char keys[2][512];
    char issuer[64];
    atomic_int changed;
} server;

static void make_keys(char *out, size_t size, const char *kid)
{
    RMS_BUF_CLEANUP struct rms_buf x = RMS_BUF_INIT(64);
    RMS_BUF_CLEANUP struct rms_buf y = RMS_BUF_INIT(64);
    struct rms_ec_private *key;
    struct rms_ec_public public;

    assert_int_equal(rms_ec_generate(&key), 0);
    rms_ec_public_of(key, &public);
    rms_ec_private_free(&key);
    rms_base64url_encode(&x, rms_view_of(public.x, sizeof public.x));
    rms_base64url_encode(&y, rms_view_of(public.y, sizeof public.y));
    (void)snprintf(out, size,
        "{\"keys\":[{\"kty\":\"EC\",\"crv\":\"P-256\",\"kid\":\"%s\",\"x\":\"%s\",\"y\":\"%s\"}]}", kid,
        rms_buf_text(&x), rms_buf_text(&y));
}

static void say(int fd, const char *text)
{
    (void)!send(fd, text, strlen(text), MSG_NOSIGNAL);
}

static void say_body(int fd, const char *body)
{
    char head[128];

    (void)snprintf(head, sizeof head, "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: %zu\r\n\r\n",
        strlen(body));
    say(fd, head);
    say(fd, body);
}

static void say_huge(int fd)
{
    static char block[65536];

    memset(block, ' ', sizeof block);
    say(fd, "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n");
    for (int i = 0; i < 800; i++) { /* 50 MB */
        if (send(fd, block, sizeof block, MSG_NOSIGNAL) < 0) {
            return;
        }
    }
}

static void dawdle(int fd, const char *text)
{
    for (int i = 0; i < 100 && !atomic_load(&server.ending) && atomic_load(&server.mood) >= HANGS; i++) {
        say(fd, text);
        (void)usleep(20000);
    }
}

static void answer(int fd, const char *request)
{
    char document[256];

    if (strstr(request, "openid-configuration") != NULL && atomic_load(&server.mood) != REDIRECTS) {
        (void)snprintf(document, sizeof document, "{\"issuer\":\"%s\",\"jwks_uri\":\"%s/keys\"}",
            server.issuer, server.issuer);
        say_body(fd, document);
        return;
    }
    switch ((enum mood)atomic_load(&server.mood)) {
    case KEYS_A:
    case KEYS_B:
        say_body(fd, server.keys[atomic_load(&server.mood)]);
        break;
    case FAILS:
        say(fd, "HTTP/1.1 500 No\r\nConnection: close\r\nContent-Length: 0\r\n\r\n");
        break;
    case GARBAGE:
        say_body(fd, "{\"keys\":");
        break;
    case HUGE_BODY:
        say_huge(fd);
        break;
    case HUGE_LENGTH:
        say(fd, "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 52428800\r\n\r\n{");
        break;
    case TRICKLES:
        say(fd, "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n");
        dawdle(fd, " ");
        break;
    case HANGS:
        dawdle(fd, "");
        break;
    case REDIRECTS:
        say(fd, "HTTP/1.1 302 Found\r\nLocation: /keys\r\nConnection: close\r\nContent-Length: 0\r\n\r\n");
        break;
    case MOODS:
        break;
    }
}

static void *serve(void *context)
{
    char request[4096];

    (void)context;
    while (!atomic_load(&server.ending)) {
        int fd = accept(server.listener, NULL, NULL);
        ssize_t got;

        if (fd < 0) {
            break;
        }
        got = recv(fd, request, sizeof request - 1, 0);
        if (got > 0) {
            request[got] = '\0';
            (void)atomic_fetch_add(&server.requests, 1);
            answer(fd, request);
        }
        (void)close(fd);
    }
    return NULL;
}

static int start(void **state)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof address;

    (void)state;
    server.listener = socket(AF_INET, SOCK_STREAM, 0);
    if (bind(server.listener, (struct sockaddr *)&address, sizeof address) != 0 ||
        listen(server.listener, 8) != 0 ||
        getsockname(server.listener, (struct sockaddr *)&address, &len) != 0) {
        return -1;
    }
    server.port = ntohs(address.sin_port);
    (void)snprintf(server.issuer, sizeof server.issuer, "http://127.0.0.1:%d", server.port);
    make_keys(server.keys[0], sizeof server.keys[0], "a");
    make_keys(server.keys[1], sizeof server.keys[1], "b");
    return pthread_create(&server.thread, NULL, serve, NULL);
}

static int stop(void **state)
{
    (void)state;
    atomic_store(&server.ending, true);
    (void)shutdown(server.listener, SHUT_RDWR);
    (void)pthread_join(server.thread, NULL);
    (void)close(server.listener);
    return 0;
}

static void note_change(void *context)
{
    (void)context;
    (void)atomic_fetch_add(&server.changed, 1);
}

static struct rms_keysets *open_sets_for(bool impatient, size_t waiters)
{
    struct rms_keysets_options options = {.fetch = {.loopback_http = true, .timeout_ms = 400},
        .waiters = waiters,
        .impatient = impatient,
        .changed = note_change};
    struct rms_keysets *sets;

    atomic_store(&server.requests, 0);
    atomic_store(&server.changed, 0);
    assert_int_equal(rms_keysets_new(&options, &sets), 0);
    return sets;
}

static struct rms_keysets *open_sets(bool impatient)
{
    return open_sets_for(impatient, 4);
}

static int get(struct rms_keysets *sets, const struct rms_keyset_ref *newer_than, struct rms_keyset_ref **ref)
{
    return rms_keysets_get(sets, server.issuer, NULL, newer_than, ref);
}

static void keys_are_found_by_discovery_and_kept(void **state)
{
    struct rms_keysets *sets = open_sets(false);

    (void)state;
    atomic_store(&server.mood, KEYS_A);
    for (int i = 0; i < 5; i++) {
        RMS_KEYSET_CLEANUP struct rms_keyset_ref *ref = NULL;

        assert_int_equal(get(sets, NULL, &ref), 0);
        assert_non_null(rms_keyset_keys(ref));
    }
    assert_int_equal(atomic_load(&server.requests), 2); /* discovery and keys, once */
    rms_keysets_free(&sets);
}

static void a_given_address_needs_no_discovery(void **state)
{
    RMS_KEYSET_CLEANUP struct rms_keyset_ref *ref = NULL;
    struct rms_keysets *sets = open_sets(false);
    char uri[128];

    (void)state;
    atomic_store(&server.mood, KEYS_A);
    (void)snprintf(uri, sizeof uri, "%s/jwks", server.issuer);
    assert_int_equal(rms_keysets_get(sets, "https://issuer.test", uri, NULL, &ref), 0);
    assert_int_equal(atomic_load(&server.requests), 1);
    rms_keysets_free(&sets);
}

static void new_keys_are_fetched_when_asked(void **state)
{
    RMS_KEYSET_CLEANUP struct rms_keyset_ref *old = NULL;
    RMS_KEYSET_CLEANUP struct rms_keyset_ref *fresh = NULL;
    struct rms_keysets *sets = open_sets(true);

    (void)state;
    atomic_store(&server.mood, KEYS_A);
    assert_int_equal(get(sets, NULL, &old), 0);
    atomic_store(&server.mood, KEYS_B);
    assert_int_equal(get(sets, old, &fresh), 0);
    assert_ptr_not_equal(old, fresh);
    assert_int_equal(atomic_load(&server.changed), 1);
    rms_keysets_free(&sets);
}

/* A flood of tokens with made-up key ids causes one refresh a minute, not one each. */
static void unknown_keys_do_not_hammer_the_issuer(void **state)
{
    RMS_KEYSET_CLEANUP struct rms_keyset_ref *old = NULL;
    struct rms_keysets *sets = open_sets(false);

    (void)state;
    atomic_store(&server.mood, KEYS_A);
    assert_int_equal(get(sets, NULL, &old), 0);
    for (int i = 0; i < 100; i++) {
        RMS_KEYSET_CLEANUP struct rms_keyset_ref *fresh = NULL;

        assert_int_equal(get(sets, old, &fresh), RMS_E_NOT_FOUND);
    }
    assert_int_equal(atomic_load(&server.requests), 2);
    rms_keysets_free(&sets);
}

static void bad_answers_give_no_keys_and_end_in_time(void **state)
{
    (void)state;
    for (int mood = FAILS; mood < MOODS; mood++) {
        RMS_KEYSET_CLEANUP struct rms_keyset_ref *ref = NULL;
        struct rms_keysets *sets = open_sets(false);
        int64_t start_ms = rms_clock_monotonic_ms();

        atomic_store(&server.mood, mood);
        assert_int_equal(get(sets, NULL, &ref), RMS_E_UNREACHABLE);
        assert_in_range(rms_clock_monotonic_ms() - start_ms, 0, 3000);
        atomic_store(&server.mood, KEYS_A);
        rms_keysets_free(&sets);
    }
}

static void old_keys_stay_when_a_refresh_fails(void **state)
{
    (void)state;
    for (int mood = FAILS; mood < MOODS; mood++) {
        RMS_KEYSET_CLEANUP struct rms_keyset_ref *old = NULL;
        RMS_KEYSET_CLEANUP struct rms_keyset_ref *fresh = NULL;
        RMS_KEYSET_CLEANUP struct rms_keyset_ref *again = NULL;
        struct rms_keysets *sets = open_sets(true);

        atomic_store(&server.mood, KEYS_A);
        assert_int_equal(get(sets, NULL, &old), 0);
        atomic_store(&server.mood, mood);
        assert_int_equal(get(sets, old, &fresh), RMS_E_NOT_FOUND);
        assert_int_equal(get(sets, NULL, &again), 0);
        assert_ptr_equal(old, again);
        assert_int_equal(atomic_load(&server.changed), 0);
        atomic_store(&server.mood, KEYS_A);
        rms_keysets_free(&sets);
    }
}

static void discovery_must_speak_for_the_issuer(void **state)
{
    RMS_KEYSET_CLEANUP struct rms_keyset_ref *ref = NULL;
    struct rms_keysets *sets = open_sets(false);
    char other[80];

    (void)state;
    atomic_store(&server.mood, KEYS_A);
    (void)snprintf(other, sizeof other, "%s/other", server.issuer);
    assert_int_equal(rms_keysets_get(sets, other, NULL, NULL, &ref), RMS_E_UNREACHABLE);
    rms_keysets_free(&sets);
}

struct waiter {
    struct rms_keysets *sets;
    int64_t took_ms;
    int status;
};

static void *wait_for_keys(void *context)
{
    RMS_KEYSET_CLEANUP struct rms_keyset_ref *ref = NULL;
    struct waiter *waiter = context;
    int64_t start_ms = rms_clock_monotonic_ms();

    waiter->status = get(waiter->sets, NULL, &ref);
    waiter->took_ms = rms_clock_monotonic_ms() - start_ms;
    return NULL;
}

/* An issuer that hangs may hold some workers for a moment, never all of them. */
static void only_some_wait_for_a_hanging_issuer(void **state)
{
    struct waiter waiters[10] = {{.sets = NULL}};
    pthread_t threads[10];
    struct rms_keysets *sets = open_sets(false);
    int waited = 0;

    (void)state;
    atomic_store(&server.mood, HANGS);
    for (size_t i = 0; i < RMS_COUNT(waiters); i++) {
        waiters[i].sets = sets;
        assert_int_equal(pthread_create(&threads[i], NULL, wait_for_keys, &waiters[i]), 0);
    }
    for (size_t i = 0; i < RMS_COUNT(waiters); i++) {
        assert_int_equal(pthread_join(threads[i], NULL), 0);
        assert_int_equal(waiters[i].status, RMS_E_UNREACHABLE);
        waited += waiters[i].took_ms > 200;
    }
    atomic_store(&server.mood, KEYS_A);
    assert_in_range(waited, 1, 4);
    rms_keysets_free(&sets);
}

/* Issuers of other tenants that take every connection, say nothing, and are asked for again and again. */
static void hanging_issuers_do_not_stop_others(void **state)
{
    RMS_KEYSET_CLEANUP struct rms_keyset_ref *old = NULL;
    RMS_KEYSET_CLEANUP struct rms_keyset_ref *fresh = NULL;
    struct rms_keysets *sets = open_sets_for(true, 0);
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof address;
    int silent = socket(AF_INET, SOCK_STREAM, 0);
    int64_t end_ms = rms_clock_monotonic_ms() + 60000;
    char uri[64];
    int status = RMS_E_NOT_FOUND;

    (void)state;
    assert_int_equal(bind(silent, (struct sockaddr *)&address, sizeof address), 0);
    assert_int_equal(listen(silent, 64), 0);
    assert_int_equal(getsockname(silent, (struct sockaddr *)&address, &len), 0);
    (void)snprintf(uri, sizeof uri, "http://127.0.0.1:%d/", ntohs(address.sin_port));
    atomic_store(&server.mood, KEYS_A);
    while (get(sets, NULL, &old) != 0 && rms_clock_monotonic_ms() < end_ms) {
        (void)usleep(20000);
    }
    assert_non_null(old);
    atomic_store(&server.mood, KEYS_B);
    /* nobody waits: there are always more hanging ones in line than threads */
    while (status != 0 && rms_clock_monotonic_ms() < end_ms) {
        for (int i = 0; i < 20; i++) {
            RMS_KEYSET_CLEANUP struct rms_keyset_ref *none = NULL;
            char name[64];

            (void)snprintf(name, sizeof name, "https://silent%d.test", i);
            assert_int_equal(rms_keysets_get(sets, name, uri, NULL, &none), RMS_E_UNREACHABLE);
        }
        status = get(sets, old, &fresh);
        (void)usleep(20000);
    }
    assert_int_equal(status, 0);
    rms_keysets_free(&sets);
    (void)close(silent);
}

static void many_ask_while_keys_change(void **state)
{
    struct waiter waiters[4] = {{.sets = NULL}};
    pthread_t threads[4];
    struct rms_keysets *sets = open_sets(true);

    (void)state;
    for (int round = 0; round < 20; round++) {
        atomic_store(&server.mood, round % 2 == 0 ? KEYS_A : KEYS_B);
        for (size_t i = 0; i < RMS_COUNT(waiters); i++) {
            waiters[i].sets = sets;
            assert_int_equal(pthread_create(&threads[i], NULL, wait_for_keys, &waiters[i]), 0);
        }
        for (size_t i = 0; i < RMS_COUNT(waiters); i++) {
            assert_int_equal(pthread_join(threads[i], NULL), 0);
            assert_int_equal(waiters[i].status, 0);
        }
    }
    rms_keysets_free(&sets);
}

static void only_safe_addresses_are_asked(void **state)
{
    static const struct {
        const char *url;
        bool loopback_http;
        bool allowed;
    } cases[] = {
        {"https://issuer.test/keys", false, true},
        {"HTTPS://issuer.test", false, true},
        {"http://issuer.test/keys", false, false},
        {"http://issuer.test/keys", true, false},
        {"http://127.0.0.1:80/keys", false, false},
        {"http://127.0.0.1:80/keys", true, true},
        {"http://localhost/keys", true, true},
        {"http://[::1]:80/", true, true},
        {"http://127.0.0.1.evil.test/", true, false},
        {"http://localhost.evil.test/", true, false},
        {"http://127.0.0.1@evil.test/", true, false},
        {"https://good.test@evil.test/", false, false},
        {"https://", false, false},
        {"https:///x", false, false},
        {"file:///etc/passwd", true, false},
        {"gopher://127.0.0.1/", true, false},
        {"ftp://127.0.0.1/", true, false},
        {"", true, false},
    };

    (void)state;
    for (size_t i = 0; i < RMS_COUNT(cases); i++) {
        struct rms_fetch_options options = {.loopback_http = cases[i].loopback_http};
        RMS_BUF_CLEANUP struct rms_buf out = RMS_BUF_INIT(1024);

        if (rms_fetch_allowed(&options, cases[i].url) != cases[i].allowed) {
            fail_msg("%s", cases[i].url);
        }
        if (!cases[i].allowed) {
            assert_int_equal(rms_fetch(&options, cases[i].url, &out), RMS_E_BAD_ARGUMENT);
        }
    }
}

static void nobody_there(void **state)
{
    struct rms_fetch_options options = {.loopback_http = true, .timeout_ms = 400};
    RMS_BUF_CLEANUP struct rms_buf out = RMS_BUF_INIT(1024);

    (void)state;
    assert_int_equal(rms_fetch(&options, "http://127.0.0.1:1/", &out), RMS_E_UNREACHABLE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(keys_are_found_by_discovery_and_kept),
        cmocka_unit_test(a_given_address_needs_no_discovery),
        cmocka_unit_test(new_keys_are_fetched_when_asked),
        cmocka_unit_test(unknown_keys_do_not_hammer_the_issuer),
        cmocka_unit_test(bad_answers_give_no_keys_and_end_in_time),
        cmocka_unit_test(old_keys_stay_when_a_refresh_fails),
        cmocka_unit_test(discovery_must_speak_for_the_issuer),
        cmocka_unit_test(only_some_wait_for_a_hanging_issuer),
        cmocka_unit_test(hanging_issuers_do_not_stop_others),
        cmocka_unit_test(many_ask_while_keys_change),
        cmocka_unit_test(only_safe_addresses_are_asked),
        cmocka_unit_test(nobody_there),
    };

    return cmocka_run_group_tests(tests, start, stop);
}
