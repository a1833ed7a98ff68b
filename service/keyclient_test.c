/* The client when things go wrong underneath: keyd restarts, keyd lies, nobody is there. */
#include "service/keyd_test.h"

#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "service/message.h"

static const uint8_t digest[RMS_SHA256_BYTES] = {5};

static int sign_token(struct lab *lab)
{
    uint8_t signature[64];

    return rms_keyd_sign_token(lab->client, lab->token->key.key_id, digest, signature);
}

/* --- keyd goes and comes ---------------------------------------------------------------------------- */

static void outlives_a_restart_of_keyd(void **state)
{
    struct lab *lab = *state;

    assert_int_equal(sign_token(lab), 0);
    assert_int_equal(lab->fetches, 1);
    rms_keyd_free(&lab->keyd);
    lab_start_keyd(lab, NULL);
    lab_connect(lab, 1);
    assert_int_equal(sign_token(lab), 0);
    assert_int_equal(lab->fetches, 2); /* the new one had to load the key */
}

static void handles_end_with_keyd(void **state)
{
    struct lab *lab = *state;
    static const uint8_t bound[RMS_SHA256_BYTES];
    const struct rms_publish_request ask = {.key_id = lab->tenant->key.key_id,
        .mode = RMS_MODE_CBC4K,
        .key_bits = 128,
        .owner_bound = bound,
        .erd = RMS_VIEW_LITERAL("<XrML></XrML>")};
    RMS_PUBLISHED_CLEANUP struct rms_published published;
    RMS_RELEASED_CLEANUP struct rms_released released;

    assert_int_equal(rms_keyd_publish(lab->client, &ask, &published), 0);
    rms_keyd_free(&lab->keyd);
    lab_start_keyd(lab, NULL);
    lab_connect(lab, 1);
    assert_int_equal(
        rms_keyd_release(lab->client, ask.key_id, published.opened.handle, &released), RMS_E_RECHALLENGE);
}

static void *connect_later(void *argument)
{
    struct lab *lab = argument;

    (void)poll(NULL, 0, 300);
    lab_start_keyd(lab, NULL);
    lab_connect(lab, 1);
    return NULL;
}

static void waits_for_a_new_connection(void **state)
{
    struct lab *lab = *state;
    pthread_t thread;

    rms_keylink_set_wait(lab->link, 10000);
    rms_keyd_free(&lab->keyd);
    assert_int_equal(pthread_create(&thread, NULL, connect_later, lab), 0);
    assert_int_equal(rms_keyd_ping(lab->client), 0);
    assert_int_equal(pthread_join(thread, NULL), 0);
}

static void says_unavailable_when_nobody_comes(void **state)
{
    struct lab *lab = *state;
    int64_t start = rms_clock_monotonic_ms();

    rms_keyd_free(&lab->keyd);
    assert_int_equal(rms_keyd_ping(lab->client), RMS_E_KEY_UNAVAILABLE);
    assert_true(rms_clock_monotonic_ms() - start >= 200);
    assert_true(rms_clock_monotonic_ms() - start < 5000);
}

struct crowd {
    struct lab *lab;
    pthread_t thread;
    int failures;
    int done;
};

static atomic_bool crowd_stop;

static void *keep_asking(void *argument)
{
    struct crowd *member = argument;
    struct rms_keyclient *client;
    uint8_t signature[64];

    if (rms_keyclient_new(member->lab->link, NULL, &client) != 0) {
        return NULL;
    }
    while (!atomic_load(&crowd_stop)) {
        member->failures +=
            rms_keyd_sign_token(client, member->lab->token->key.key_id, digest, signature) != 0;
        member->done++;
    }
    rms_keyclient_free(&client);
    return NULL;
}

/* Three restarts while four threads ask without pause: nobody sees an error. */
static void nobody_notices_restarts_under_load(void **state)
{
    struct lab *lab = *state;
    struct crowd crowd[4] = {0};

    rms_keylink_set_wait(lab->link, 10000);
    atomic_store(&crowd_stop, false);
    lab_connect(lab, 4);
    for (size_t i = 0; i < RMS_COUNT(crowd); i++) {
        crowd[i].lab = lab;
        assert_int_equal(pthread_create(&crowd[i].thread, NULL, keep_asking, &crowd[i]), 0);
    }
    for (int i = 0; i < 3; i++) {
        (void)poll(NULL, 0, 100);
        rms_keyd_free(&lab->keyd);
        lab_start_keyd(lab, NULL);
        lab_connect(lab, 5);
    }
    (void)poll(NULL, 0, 100);
    atomic_store(&crowd_stop, true);
    for (size_t i = 0; i < RMS_COUNT(crowd); i++) {
        assert_int_equal(pthread_join(crowd[i].thread, NULL), 0);
        assert_int_equal(crowd[i].failures, 0);
        assert_true(crowd[i].done > 0);
    }
}

/* --- the store ---------------------------------------------------------------------------------------- */

static int failing_fetch(void *worker, const char *key_id, struct rms_sealed_key *key_out)
{
    (void)key_id;
    (void)key_out;
    return *(const int *)worker;
}

static void passes_on_what_the_store_says(void **state)
{
    static const struct {
        int fetch, result;
    } cases[] = {{RMS_E_NOT_FOUND, RMS_E_UNKNOWN_KEY}, {RMS_E_IO, RMS_E_IO}};
    struct lab *lab = *state;

    for (size_t i = 0; i < RMS_COUNT(cases); i++) {
        struct lab own = *lab;
        int code = cases[i].fetch;
        uint8_t signature[64];

        assert_int_equal(rms_keylink_new(-1, failing_fetch, &own.link), 0);
        lab_connect(&own, 1);
        assert_int_equal(rms_keyclient_new(own.link, &code, &own.client), 0);
        assert_int_equal(rms_keyd_sign_token(own.client, LAB_TENANT, digest, signature), cases[i].result);
        rms_keyclient_free(&own.client);
        rms_keylink_free(&own.link);
    }
}

/* --- a keyd that lies ----------------------------------------------------------------------------------- */

/* Answers one request with these bytes. */
static void lie(int fd, struct rms_view bytes)
{
    uint8_t request[64];

    (void)!read(fd, request, sizeof request);
    (void)!write(fd, bytes.data, bytes.len);
    (void)!read(fd, request, sizeof request);
    _exit(0);
}

/* Asks a keyd that answers so, in a process of its own: the exit status. */
static int ask_liar(const struct rms_buf *reply)
{
    int ends[2];
    int status;
    pid_t liar;
    pid_t asker;

    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), 0);
    liar = fork();
    if (liar == 0) {
        (void)close(ends[1]);
        lie(ends[0], rms_buf_view(reply));
    }
    (void)close(ends[0]);
    asker = fork();
    if (asker == 0) {
        static const uint8_t handle[RMS_KEY_HANDLE_BYTES];
        struct rms_keylink *link;
        struct rms_keyclient *client;
        struct rms_released released;

        if (rms_keylink_new(-1, NULL, &link) != 0 || rms_keylink_attach(link, &ends[1], 1) != 0 ||
            rms_keyclient_new(link, NULL, &client) != 0) {
            _exit(100);
        }
        rms_keylink_set_wait(link, 0);
        _exit(-rms_keyd_release(client, LAB_TENANT, handle, &released));
    }
    (void)close(ends[1]);
    assert_int_equal(waitpid(asker, &status, 0), asker);
    assert_int_equal(waitpid(liar, NULL, 0), liar);
    assert_true(WIFEXITED(status));
    return WEXITSTATUS(status);
}

static void make_reply(struct rms_buf *out, const struct rms_message *head, struct rms_view body)
{
    rms_message_begin(out, head);
    rms_buf_append_view(out, body);
    assert_int_equal(rms_message_end(out), 0);
}

#define BROKEN 70

static void ends_the_process_at_a_reply_that_is_none(void **state)
{
    static const struct rms_message good = {.type = RMS_KEYD_RELEASE, .reply = true, .sequence = 1};
    static const struct {
        struct rms_message head;
        const char *body;
        size_t len;
        int exit;
    } replies[] = {
        {{.type = RMS_KEYD_RELEASE, .reply = true, .sequence = 1}, "\2\0\0\0kk", 6, 0},
        {{.type = RMS_KEYD_RELEASE, .reply = true, .sequence = 1, .status = RMS_E_RECHALLENGE}, "", 0,
            -RMS_E_RECHALLENGE},
        {{.type = RMS_KEYD_RELEASE, .reply = true, .sequence = 2}, "\2\0\0\0kk", 6, BROKEN},
        {{.type = RMS_KEYD_SIGN, .reply = true, .sequence = 1}, "\2\0\0\0kk", 6, BROKEN},
        {{.type = RMS_KEYD_RELEASE, .reply = false, .sequence = 1}, "\2\0\0\0kk", 6, BROKEN},
        {{.type = RMS_KEYD_RELEASE, .reply = true, .sequence = 1}, "\2\0\0\0k", 5, BROKEN},
        {{.type = RMS_KEYD_RELEASE, .reply = true, .sequence = 1}, "\2\0\0\0kk!", 7, BROKEN},
        {{.type = RMS_KEYD_RELEASE, .reply = true, .sequence = 1}, "", 0, BROKEN},
        {{.type = 99, .reply = true, .sequence = 1}, "", 0, BROKEN},
    };
    RMS_BUF_CLEANUP struct rms_buf out = RMS_BUF_INIT(1024);

    (void)state;
    for (size_t i = 0; i < RMS_COUNT(replies); i++) {
        make_reply(&out, &replies[i].head, rms_view_of(replies[i].body, replies[i].len));
        assert_int_equal(ask_liar(&out), replies[i].exit);
    }
    make_reply(&out, &good, RMS_VIEW_LITERAL("\2\0\0\0kk"));
    out.data[2] = 9; /* another version */
    assert_int_equal(ask_liar(&out), BROKEN);
    make_reply(&out, &good, RMS_VIEW_LITERAL("\2\0\0\0kk"));
    out.data[13] = 9; /* longer than any reply of this kind */
    assert_int_equal(ask_liar(&out), BROKEN);
}

/* --- the master --------------------------------------------------------------------------------------------
 */

static void takes_connections_and_log_files_from_the_master(void **state)
{
    struct lab *lab = *state;
    struct lab own = *lab;
    struct rms_control_message asked;
    int control[2];
    int pair[2];

    assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, control), 0);
    assert_int_equal(rms_keylink_new(control[1], lab_fetch, &own.link), 0);
    rms_keylink_ready(own.link);
    assert_int_equal(rms_control_receive(control[0], &asked), 0);
    assert_int_equal(asked.kind, RMS_CONTROL_READY);

    rms_keylink_set_wait(own.link, 50);
    assert_int_equal(rms_keyclient_new(own.link, NULL, &own.client), 0);
    assert_int_equal(rms_keyd_ping(own.client), RMS_E_KEY_UNAVAILABLE);
    assert_int_equal(rms_control_receive(control[0], &asked), 0);
    assert_int_equal(asked.kind, RMS_CONTROL_MORE);

    rms_keylink_set_wait(own.link, 10000);
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair), 0);
    assert_int_equal(rms_keyd_attach(lab->keyd, pair[0]), 0);
    assert_int_equal(rms_control_send(control[0], RMS_CONTROL_CONNECTIONS, &pair[1], 1), 0);
    (void)close(pair[1]);
    assert_int_equal(rms_keyd_ping(own.client), 0);
    rms_keyclient_free(&own.client);
    rms_keylink_free(&own.link);
    (void)close(control[0]);
}

static volatile sig_atomic_t told_to_end;

static void on_term(int number)
{
    told_to_end = number;
}

/* Exit status of a process that waits for the end with a link to this master. */
static int wait_for_the_end(int control)
{
    struct rms_keylink *link;

    (void)signal(SIGTERM, on_term);
    if (rms_keylink_new(control, NULL, &link) != 0) {
        return 100;
    }
    for (int i = 0; i < 400 && told_to_end == 0; i++) {
        (void)poll(NULL, 0, 50);
    }
    rms_keylink_free(&link);
    return told_to_end == SIGTERM ? 3 : 101;
}

/* The end of the master is the signal to end; a message no master sends is the end at once. */
static void ends_with_its_master(void **state)
{
    (void)state;
    for (int lying = 0; lying <= 1; lying++) {
        int control[2];
        int status;
        pid_t pid;

        assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, control), 0);
        pid = fork();
        if (pid == 0) {
            (void)close(control[0]);
            _exit(wait_for_the_end(control[1]));
        }
        (void)close(control[1]);
        if (lying == 1) {
            assert_int_equal(send(control[0], "garbage", 7, 0), 7);
        } else {
            (void)close(control[0]);
        }
        assert_int_equal(waitpid(pid, &status, 0), pid);
        assert_true(WIFEXITED(status));
        assert_int_equal(WEXITSTATUS(status), lying == 1 ? BROKEN : 3);
        if (lying == 1) {
            (void)close(control[0]);
        }
    }
}

#define IN_LAB(test) cmocka_unit_test_setup_teardown(test, lab_open, lab_close)

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_LAB(outlives_a_restart_of_keyd),
        IN_LAB(handles_end_with_keyd),
        IN_LAB(waits_for_a_new_connection),
        IN_LAB(says_unavailable_when_nobody_comes),
        IN_LAB(nobody_notices_restarts_under_load),
        IN_LAB(passes_on_what_the_store_says),
        cmocka_unit_test(ends_the_process_at_a_reply_that_is_none),
        IN_LAB(takes_connections_and_log_files_from_the_master),
        cmocka_unit_test(ends_with_its_master),
    };

    return cmocka_run_group_tests(tests, NULL, lab_end);
}
