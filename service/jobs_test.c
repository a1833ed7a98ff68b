#include "base/test.h"

#include <poll.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include "base/clock.h"
#include "service/jobs.h"
#include "service/master_process.h"
#include "service/message.h"
#include "service/settings.h"
#include "store/oauth.h"
#include "store/testing.h"

/* The jobs process beside a database of the test's. */
static pid_t start(struct lab *lab, const char *url, int control)
{
    static struct rms_settings settings;
    pid_t pid;

    rms_settings_init(&settings);
    assert_int_equal(rms_settings_set(&settings, "database", url), 0);
    assert_int_equal(rms_settings_set(&settings, "purge_interval", "1"), 0);
    lab_close(lab); /* a database is opened after fork, never before */
    pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        rms_process_keep_only(&control, 1);
        _exit(rms_jobs_main(&settings, control) == 0 ? 0 : 1);
    }
    lab_open(lab);
    return pid;
}

static int wait_for_exit(pid_t pid)
{
    int status;

    assert_int_equal(waitpid(pid, &status, 0), pid);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

/* The store shows a code that has expired until it is swept, when it is asked as of an earlier time. */
static int poll_code(struct lab *lab, const uint8_t hash[RMS_TOKEN_HASH], int64_t now)
{
    struct rms_device_code code;

    return rms_device_code_poll(lab->db, lab->arena, hash, now, &code);
}

static void put_code(struct lab *lab, const char *tenant, uint8_t mark, int64_t expires_at)
{
    char user_code[] = "AAAABBBB";
    struct rms_device_code code = {.hash = {mark},
        .user_code = user_code,
        .grant = {.tenant_id = tenant, .client_id = "rms"},
        .expires_at = expires_at,
        .interval_s = 5};

    user_code[7] = (char)('A' + mark);
    assert_int_equal(rms_device_code_put(lab->db, &code), 0);
}

/* An hour after its end; before that, who comes late still hears that it has expired. */
static void removes_what_has_expired(void **state)
{
    static const uint8_t late_hash[RMS_TOKEN_HASH] = {3};
    static const uint8_t old_hash[RMS_TOKEN_HASH] = {1};
    static const uint8_t new_hash[RMS_TOKEN_HASH] = {2};
    struct lab *lab = *state;
    int64_t now = rms_clock_now();
    const char *tenant;
    int control[2];
    int status = 0;
    pid_t pid;

    tenant = lab_tenant(lab, "contoso.test", NULL);
    put_code(lab, tenant, 1, now - 4000);
    put_code(lab, tenant, 3, now - 10);
    put_code(lab, tenant, 2, now + 1000);
    assert_int_equal(poll_code(lab, old_hash, now - 4100), 0);
    assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, control), 0);
    pid = start(lab, lab->url, control[1]);
    for (int i = 0; i < 200 && status != RMS_E_NOT_FOUND; i++) {
        (void)poll(NULL, 0, 50);
        status = poll_code(lab, old_hash, now - 4100);
    }
    assert_int_equal(status, RMS_E_NOT_FOUND);
    assert_int_equal(poll_code(lab, new_hash, now), 0);
    assert_int_equal(poll_code(lab, late_hash, now), RMS_E_EXPIRED);
    assert_int_equal(kill(pid, SIGTERM), 0);
    assert_int_equal(wait_for_exit(pid), 0);
    (void)close(control[0]);
    (void)close(control[1]);
}

static void ends_with_the_master(void **state)
{
    struct lab *lab = *state;
    struct rms_control_message message;
    int control[2];
    pid_t pid;

    assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, control), 0);
    assert_int_equal(rms_control_send(control[0], RMS_CONTROL_LOG, (const int[]){STDERR_FILENO}, 1), 0);
    pid = start(lab, lab->url, control[1]);
    (void)close(control[1]);
    assert_int_equal(rms_control_receive(control[0], &message), 0);
    assert_int_equal(message.kind, RMS_CONTROL_READY);
    (void)close(control[0]);
    assert_int_equal(wait_for_exit(pid), 0);
}

static void says_when_there_is_no_database(void **state)
{
    struct lab *lab = *state;

    assert_int_equal(wait_for_exit(start(lab, "sqlite:/nonexistent/directory/rms.db", -1)), 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        LAB_TEST(removes_what_has_expired),
        LAB_TEST(ends_with_the_master),
        LAB_TEST(says_when_there_is_no_database),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
