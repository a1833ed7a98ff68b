/* Each try runs in a child of its own: a sandbox cannot be left again. */
#include "base/test.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "crypto/random.h"
#include "crypto/rsa.h"
#include "service/sandbox.h"

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define SANITIZED true
#else
#define SANITIZED false
#endif

/* Runs attempt behind the sandbox of keyd: its result as exit status, or 128 + signal. */
static int in_keyd(int (*attempt)(void))
{
    int status;
    pid_t pid = fork();

    assert_true(pid >= 0);
    if (pid == 0) {
        if (rms_sandbox_files(NULL, 0, false) != 0 || rms_sandbox_calls_keyd() != 0) {
            _exit(100);
        }
        _exit(attempt());
    }
    assert_int_equal(waitpid(pid, &status, 0), pid);
    return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

#define REFUSED 1
#define DONE    0

static int outcome(long result)
{
    return result >= 0 ? DONE : errno == EPERM || errno == EACCES ? REFUSED : 50;
}

static int try_open(void)
{
    return outcome(open("/etc/passwd", O_RDONLY | O_CLOEXEC));
}

static int try_open_call(void)
{
    return outcome(syscall(SYS_open, "/etc/passwd", O_RDONLY));
}

static int try_create(void)
{
    return outcome(open("/tmp/rms-sandbox-test", O_WRONLY | O_CREAT | O_CLOEXEC, 0600));
}

static int try_unlink(void)
{
    return outcome(unlink("/tmp/rms-sandbox-test"));
}

static int try_stat(void)
{
    struct stat info;

    return outcome(stat("/etc/passwd", &info));
}

static int try_socket(void)
{
    return outcome(socket(AF_INET, SOCK_STREAM, 0));
}

static int try_unix_socket(void)
{
    return outcome(socket(AF_UNIX, SOCK_STREAM, 0));
}

static int try_connect(void)
{
    const struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(1)};

    return outcome(connect(0, (const struct sockaddr *)&address, sizeof address));
}

static int try_bind(void)
{
    const struct sockaddr_in address = {.sin_family = AF_INET};

    return outcome(bind(0, (const struct sockaddr *)&address, sizeof address));
}

static int try_execve(void)
{
    char *const argv[] = {(char *)"true", NULL};

    return outcome(execve("/bin/true", argv, argv + 1));
}

static int try_fork(void)
{
    return outcome(syscall(SYS_fork));
}

static int try_clone3(void)
{
    return outcome(syscall(SYS_clone3, NULL, 0));
}

static int try_ptrace(void)
{
    return outcome(ptrace(PTRACE_TRACEME, 0, NULL, NULL));
}

static int try_kill(void)
{
    return outcome(syscall(SYS_kill, getpid(), 0));
}

static int try_memfd(void)
{
    return outcome(memfd_create("x", MFD_CLOEXEC));
}

static int try_executable_memory(void)
{
    void *memory = mmap(NULL, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    return memory == MAP_FAILED ? outcome(-1) : DONE;
}

static int try_dumpable(void)
{
    return outcome(prctl(PR_SET_DUMPABLE, 1, 0, 0, 0));
}

/* touches: S-319. The process with the keys runs without network and files after start. */
static void keyd_is_refused_the_world(void **state)
{
    static const struct {
        const char *name;
        int (*attempt)(void);
    } attempts[] = {{"open", try_open}, {"open call", try_open_call}, {"create", try_create},
        {"unlink", try_unlink}, {"stat", try_stat}, {"socket", try_socket}, {"unix socket", try_unix_socket},
        {"connect", try_connect}, {"bind", try_bind}, {"execve", try_execve}, {"fork", try_fork},
        {"clone3", try_clone3}, {"ptrace", try_ptrace}, {"kill", try_kill}, {"memfd", try_memfd},
        {"executable memory", try_executable_memory}, {"dumpable", try_dumpable}};

    (void)state;
    for (size_t i = 0; i < RMS_COUNT(attempts); i++) {
        int result = in_keyd(attempts[i].attempt);

        if (result != REFUSED) {
            print_error("%s: %d\n", attempts[i].name, result);
        }
        assert_int_equal(result, REFUSED);
    }
}

static int call_what_nobody_foresaw(void)
{
    return outcome(syscall(SYS_sync));
}

static void keyd_ends_at_a_call_on_neither_list(void **state)
{
    (void)state;
    assert_int_equal(in_keyd(call_what_nobody_foresaw), SANITIZED ? REFUSED : 128 + SIGSYS);
}

static int work(void)
{
    struct rms_rsa_private *key;
    struct rms_buf signature = RMS_BUF_INIT(512);
    uint8_t digest[RMS_HASH_MAX];
    int ok;

    rms_random(digest, sizeof digest);
    if (rms_rsa_generate(2048, &key) != 0) {
        return 60;
    }
    ok = rms_rsa_sign(key, RMS_SHA256, digest, &signature);
    rms_rsa_private_free(&key);
    rms_buf_fini(&signature);
    return ok == 0 ? DONE : 61;
}

static void keyd_can_still_work(void **state)
{
    (void)state;
    assert_int_equal(in_keyd(work), DONE);
}

/* The filter covers threads that ran before it was loaded. */
static atomic_int go;

static void *open_later(void *result)
{
    while (!atomic_load(&go)) {
        (void)sched_yield();
    }
    *(int *)result = outcome(syscall(SYS_socket, AF_INET, SOCK_STREAM, 0));
    return NULL;
}

static void the_filter_covers_all_threads(void **state)
{
    int status;
    pid_t pid = fork();

    (void)state;
    if (pid == 0) {
        pthread_t thread;
        int result = 99;

        if (pthread_create(&thread, NULL, open_later, &result) != 0 || rms_sandbox_calls_keyd() != 0) {
            _exit(100);
        }
        atomic_store(&go, 1);
        (void)pthread_join(thread, NULL);
        _exit(result);
    }
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), REFUSED);
}

/* --- servers ---------------------------------------------------------------------------------------- */

static char lab[64];

static int make_lab(void **state)
{
    (void)state;
    memcpy(lab, "/tmp/rms-sandbox-XXXXXX", sizeof "/tmp/rms-sandbox-XXXXXX");
    return mkdtemp(lab) != NULL && chdir(lab) == 0 && mkdir("data", 0700) == 0 && mkdir("other", 0700) == 0
               ? 0
               : -1;
}

static int remove_lab(void **state)
{
    (void)state;
    (void)unlink("data/file");
    (void)unlink("other/file");
    (void)rmdir("data");
    (void)rmdir("other");
    return chdir("/") == 0 && rmdir(lab) == 0 ? 0 : -1;
}

static int as_server(void)
{
    const struct rms_sandbox_path paths[] = {{"data", RMS_SANDBOX_WRITE}, {"/etc", RMS_SANDBOX_READ},
        {"/does/not/exist", RMS_SANDBOX_READ}, {"", RMS_SANDBOX_READ}};
    char *const argv[] = {(char *)"true", NULL};

    if (rms_sandbox_files(paths, RMS_COUNT(paths), true) != 0 || rms_sandbox_calls_server() != 0) {
        return 100;
    }
    if (outcome(open("data/file", O_RDWR | O_CREAT | O_CLOEXEC, 0600)) != DONE) {
        return 1;
    }
    if (outcome(open("/etc/passwd", O_RDONLY | O_CLOEXEC)) != DONE) {
        return 2;
    }
    if (outcome(open("/etc/passwd", O_WRONLY | O_CLOEXEC)) != REFUSED) {
        return 3;
    }
    if (outcome(open("other/file", O_RDWR | O_CREAT | O_CLOEXEC, 0600)) != REFUSED) {
        return 4;
    }
    if (outcome(open(lab, O_RDONLY | O_CLOEXEC | O_DIRECTORY)) != REFUSED) {
        return 5;
    }
    if (outcome(execve("/bin/true", argv, argv + 1)) != REFUSED) {
        return 6;
    }
    return outcome(socket(AF_INET, SOCK_STREAM, 0)) == DONE && unlink("data/file") == 0 ? 0 : 7;
}

static bool landlock_here(void)
{
    return syscall(SYS_landlock_create_ruleset, NULL, 0, 1) > 0;
}

static void servers_write_only_where_they_are_told(void **state)
{
    int status;
    pid_t pid;

    (void)state;
    if (!landlock_here()) {
        skip();
    }
    pid = fork();
    if (pid == 0) {
        _exit(as_server());
    }
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(keyd_is_refused_the_world),
        cmocka_unit_test(keyd_ends_at_a_call_on_neither_list),
        cmocka_unit_test(keyd_can_still_work),
        cmocka_unit_test(the_filter_covers_all_threads),
        cmocka_unit_test_setup_teardown(servers_write_only_where_they_are_told, make_lab, remove_lab),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
