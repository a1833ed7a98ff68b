/* The master with its real keyd and a small front of the test's own: what is made at the first start, what
 * happens when processes die, how it ends. */
#include "base/test.h"

#include <arpa/inet.h>
#include <dirent.h>
#include <fcntl.h>
#include <ftw.h>
#include <poll.h>
#include <pwd.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "service/keyclient.h"
#include "service/keyd.h"
#include "service/keyd_masterkey.h"
#include "service/master.h"
#include "service/master_setup.h"
#include "service/sandbox.h"

struct lab {
    char dir[64]; /* above the data directory */
    struct rms_settings settings;
    int port;
    pid_t master;
};

static struct lab the_lab;

/* --- the front of this test ------------------------------------------------------------------------- */

static volatile sig_atomic_t told_to_end;

static void on_term(int number)
{
    told_to_end = number;
}

/* One connection: "keyd answers" by doing a real operation, then our own process id. */
static void answer(int fd, struct rms_keyclient *client)
{
    int status = rms_keyd_ping(client);

    (void)dprintf(fd, "%d %d\n", status, (int)getpid());
    (void)close(fd);
}

static struct rms_new_key kept; /* what a store would hold */

static int fetch(void *worker, const char *key_id, struct rms_sealed_key *key_out)
{
    (void)worker;
    (void)key_id;
    memcpy(key_out->tenant_id, kept.key.tenant_id, sizeof key_out->tenant_id);
    key_out->kind = kept.key.kind;
    rms_buf_append_view(&key_out->sealed, rms_buf_view(&kept.key.sealed));
    return rms_buf_status(&key_out->sealed);
}

/* Every private operation once, so that keyd's sandbox is known to allow them. */
static int exercise(struct rms_keyclient *client)
{
    static const uint8_t bound[RMS_SHA256_BYTES];
    RMS_BUF_CLEANUP struct rms_buf out = RMS_BUF_INIT(65536);
    struct rms_keyd_signing signing = {client, kept.key.key_id, RMS_SIGN_PL};
    struct rms_publish_request ask = {.key_id = kept.key.key_id,
        .mode = RMS_MODE_CBC4K,
        .key_bits = 256,
        .owner_bound = bound,
        .erd = RMS_VIEW_LITERAL("<XrML></XrML>")};
    struct rms_published published;
    struct rms_open_request open;
    struct rms_opened opened;
    uint8_t signature[64];

    RMS_TRY(rms_keyd_generate(client, RMS_KEY_TOKEN_EC, RMS_TOKEN_KEY_BITS, NULL, &kept));
    RMS_TRY(rms_keyd_sign_token(client, kept.key.key_id, bound, signature));
    rms_new_key_fini(&kept);
    RMS_TRY(rms_keyd_generate(client, RMS_KEY_TENANT_RSA, RMS_TENANT_KEY_BITS, NULL, &kept));
    RMS_TRY(rms_keyd_sign(&signing, RMS_SHA256, bound, &out));
    RMS_TRY(rms_keyd_publish(client, &ask, &published));
    open = (struct rms_open_request){.key_id = kept.key.key_id,
        .bits = {RMS_SEALED_KEY_V2, rms_buf_view(&published.bits)},
        .bound = bound,
        .owner_bound = bound,
        .erd = rms_buf_view(&published.erd)};
    RMS_TRY(rms_keyd_open(client, &open, &opened, &out));
    RMS_TRY(rms_keyd_release(client, kept.key.key_id, opened.handle, &published.key));
    RMS_TRY(rms_keyd_seal_to(
        client, kept.key.key_id, opened.handle, &(struct rms_seal_target){&kept.rsa, bound}, &out));
    rms_published_fini(&published);
    rms_new_key_fini(&kept);
    return 0;
}

static int test_front(const struct rms_settings *settings, const struct rms_front_sockets *sockets)
{
    const struct sigaction action = {.sa_handler = on_term};
    struct pollfd event = {.fd = sockets->https, .events = POLLIN};
    struct rms_keylink *link;
    struct rms_keyclient *client;
    struct rms_keyd_stats stats;

    (void)settings;
    (void)sigaction(SIGTERM, &action, NULL);
    RMS_TRY(rms_keylink_new(sockets->control, fetch, &link));
    RMS_TRY(rms_keyclient_new(link, NULL, &client));
    RMS_TRY(rms_keyd_stats(client, &stats));
    if (!stats.locked) {
        RMS_TRY(exercise(client));
    }
    RMS_TRY(rms_sandbox_calls_server());
    rms_keylink_ready(link);
    while (!told_to_end) {
        if (poll(&event, 1, 50) > 0) {
            int fd = accept(sockets->https, NULL, NULL);

            if (fd >= 0) {
                answer(fd, client);
            }
        }
    }
    rms_keyclient_free(&client);
    rms_keylink_free(&link);
    return 0;
}

static int broken_front(const struct rms_settings *settings, const struct rms_front_sockets *sockets)
{
    (void)settings;
    (void)sockets;
    return RMS_E_UNSUPPORTED_VERSION;
}

/* Ends at the signal only after a while: a front whose requests take long. */
static int slow_front(const struct rms_settings *settings, const struct rms_front_sockets *sockets)
{
    int status = test_front(settings, sockets);

    (void)sleep(60);
    return status;
}

static int test_jobs(const struct rms_settings *settings, int control)
{
    char byte;

    (void)settings;
    (void)signal(SIGTERM, SIG_DFL);
    RMS_TRY(rms_sandbox_calls_server());
    (void)!read(control, &byte, 1);
    return 0;
}

static int refuse_reload(void *context, struct rms_settings *out, char *message, size_t size)
{
    (void)out;
    (void)snprintf(message, size, "rmsd.conf:3: no such option '%s'", (const char *)context);
    return RMS_E_BAD_ARGUMENT;
}

static int same_again(void *context, struct rms_settings *out, char *message, size_t size)
{
    (void)message;
    (void)size;
    *out = *(const struct rms_settings *)context;
    return 0;
}

/* --- lab -------------------------------------------------------------------------------------------- */

static int free_port(void)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof address;
    int fd = socket(AF_INET, SOCK_STREAM, 0);

    assert_int_equal(bind(fd, (struct sockaddr *)&address, len), 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *)&address, &len), 0);
    (void)close(fd);
    return ntohs(address.sin_port);
}

static int open_lab(void **state)
{
    struct lab *lab = &the_lab;
    char message[256];

    memset(lab, 0, sizeof *lab);
    *state = lab;
    memcpy(lab->dir, "/tmp/rms-master-XXXXXX", sizeof "/tmp/rms-master-XXXXXX");
    assert_non_null(mkdtemp(lab->dir));
    lab->port = free_port();
    rms_settings_init(&lab->settings);
    (void)snprintf(lab->settings.dir, sizeof lab->settings.dir, "%s/data", lab->dir);
    (void)snprintf(lab->settings.listen, sizeof lab->settings.listen, "127.0.0.1:%d", lab->port);
    (void)snprintf(lab->settings.log_file, sizeof lab->settings.log_file, "%s/log", lab->dir);
    lab->settings.key_stock = 0;
    lab->settings.drain_s = 1;
    lab->settings.workers = 2;
    assert_int_equal(rms_settings_finish(&lab->settings, message, sizeof message), 0);
    return 0;
}

static int remove_one(const char *path, const struct stat *info, int kind, struct FTW *walk)
{
    (void)info;
    (void)kind;
    (void)walk;
    return remove(path);
}

static int close_lab(void **state)
{
    struct lab *lab = *state;

    if (lab->master > 0) {
        (void)kill(lab->master, SIGKILL);
        (void)waitpid(lab->master, NULL, 0);
    }
    return nftw(lab->dir, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

static void start(struct lab *lab, struct rms_master_options options)
{
    options.settings = &lab->settings;
    options.keyd = rms_keyd_main;
    options.jobs = test_jobs;
    lab->master = fork();
    assert_true(lab->master >= 0);
    if (lab->master == 0) {
        rms_log_open("rmsd", RMS_LOG_INFO, NULL, 0);
        _exit(rms_master_run(&options));
    }
}

static void start_standard(struct lab *lab)
{
    start(lab,
        (struct rms_master_options){.front = test_front, .reload = same_again, .context = &lab->settings});
}

/* The front's answer: status of its keyd operation, and its pid; false when nobody listens. */
static bool ask(struct lab *lab, int *status_out, int *pid_out)
{
    struct sockaddr_in address = {.sin_family = AF_INET,
        .sin_port = htons((uint16_t)lab->port),
        .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    const struct timeval wait = {.tv_sec = 20};
    char text[64] = "";
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    bool done;

    (void)setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &wait, sizeof wait);
    done = connect(fd, (struct sockaddr *)&address, sizeof address) == 0 &&
           rms_fd_read_full(fd, text, sizeof text - 1) > 0 && sscanf(text, "%d %d", status_out, pid_out) == 2;
    (void)close(fd);
    return done;
}

static int ask_until_answered(struct lab *lab)
{
    int status = -1;
    int pid = 0;

    for (int i = 0; i < 400 && !ask(lab, &status, &pid); i++) {
        (void)poll(NULL, 0, 50);
    }
    assert_int_equal(status, 0);
    assert_int_not_equal(pid, 0);
    return pid;
}

static int wait_for_exit(struct lab *lab, int within_ms)
{
    int64_t end = rms_clock_monotonic_ms() + within_ms;
    int status;

    while (waitpid(lab->master, &status, WNOHANG) == 0) {
        assert_true(rms_clock_monotonic_ms() < end);
        (void)poll(NULL, 0, 20);
    }
    lab->master = 0;
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

static bool is_named(int pid, const char *name)
{
    char path[64];
    char text[32] = "";
    FILE *file;

    (void)snprintf(path, sizeof path, "/proc/%d/comm", pid);
    file = fopen(path, "re");
    if (file == NULL) {
        return false;
    }
    (void)!fgets(text, sizeof text, file);
    (void)fclose(file);
    text[strcspn(text, "\n")] = '\0';
    return strcmp(text, name) == 0;
}

/* The running child of that name; 0 when there is none. */
static int child(struct lab *lab, const char *name)
{
    char path[64];
    FILE *file;
    int pid;

    (void)snprintf(path, sizeof path, "/proc/%d/task/%d/children", (int)lab->master, (int)lab->master);
    file = fopen(path, "re");
    if (file == NULL) {
        return 0;
    }
    while (fscanf(file, "%d", &pid) == 1) {
        if (is_named(pid, name)) {
            (void)fclose(file);
            return pid;
        }
    }
    (void)fclose(file);
    return 0;
}

static int wait_for_child(struct lab *lab, const char *name)
{
    int pid = 0;

    for (int i = 0; i < 400 && (pid = child(lab, name)) == 0; i++) {
        (void)poll(NULL, 0, 50);
    }
    assert_int_not_equal(pid, 0);
    return pid;
}

static bool wait_for_end(int pid)
{
    for (int i = 0; i < 400; i++) {
        if (kill(pid, 0) != 0) {
            return true;
        }
        (void)poll(NULL, 0, 50);
    }
    return false;
}

static bool log_has(struct lab *lab, const char *word)
{
    struct rms_buf text = RMS_BUF_INIT(1 << 20);
    bool has = rms_file_read(lab->settings.log_file, &text) == 0 && strstr(rms_buf_text(&text), word) != NULL;

    rms_buf_fini(&text);
    return has;
}

static mode_t mode_of(struct lab *lab, const char *name)
{
    char path[PATH_MAX];
    struct stat info;

    assert_int_equal(rms_settings_path(&lab->settings, name, path), 0);
    return stat(path, &info) == 0 ? info.st_mode & 07777 : 0;
}

static int stop(struct lab *lab)
{
    (void)kill(lab->master, SIGTERM);
    return wait_for_exit(lab, RMS_STOP_WITHIN_MS);
}

/* --- tests ------------------------------------------------------------------------------------------ */

/* touches: S-319 (modes, key material in a process of its own) */
static void makes_what_it_needs_at_the_first_start(void **state)
{
    static const struct {
        const char *name;
        mode_t mode;
    } files[] = {{".", 0700}, {"tls", 0700}, {"db", 0700}, {"credentials", 0700}, {"ca.pem", 0644},
        {"tls/ca.key", 0600}, {"tls/server.pem", 0644}, {"tls/server.key", 0600}, {"master.key", 0600},
        {"master.check", 0600}, {"keyd.journal", 0600}, {"admin.sock", 0600}, {"rmsd.pid", 0644}};
    struct lab *lab = *state;

    start_standard(lab);
    (void)ask_until_answered(lab);
    for (size_t i = 0; i < RMS_COUNT(files); i++) {
        assert_int_equal(mode_of(lab, files[i].name), files[i].mode);
    }
    for (int i = 0; i < 100 && !log_has(lab, "rmsd.ready");
         i++) { /* it answers before the master hears of it */
        (void)poll(NULL, 0, 20);
    }
    assert_true(log_has(lab, "rmsd.ready"));
    (void)wait_for_child(lab, "keyd");
    (void)wait_for_child(lab, "front");
    (void)wait_for_child(lab, "jobs");
    assert_int_equal(stop(lab), 0);
    assert_true(log_has(lab, "rmsd.stopped"));
    assert_int_equal(mode_of(lab, "admin.sock"), 0);
    assert_int_equal(mode_of(lab, "rmsd.pid"), 0);
}

/* A line of /proc/PID/status. */
static int status_field(int pid, const char *name)
{
    char path[64];
    char line[256];
    int value = -1;
    FILE *file;

    (void)snprintf(path, sizeof path, "/proc/%d/status", pid);
    file = fopen(path, "re");
    assert_non_null(file);
    while (fgets(line, sizeof line, file) != NULL) {
        if (strncmp(line, name, strlen(name)) == 0 && line[strlen(name)] == ':') {
            value = (int)strtol(line + strlen(name) + 1, NULL, 10);
        }
    }
    (void)fclose(file);
    return value;
}

/* Files and sockets that keyd has open, by the start of what /proc says they are. */
static size_t count_descriptors(int pid, const char *prefix)
{
    char path[64];
    char target[PATH_MAX];
    size_t count = 0;
    struct dirent *entry;
    DIR *directory;

    (void)snprintf(path, sizeof path, "/proc/%d/fd", pid);
    directory = opendir(path);
    assert_non_null(directory);
    while ((entry = readdir(directory)) != NULL) {
        ssize_t len = readlinkat(dirfd(directory), entry->d_name, target, sizeof target - 1);

        target[len > 0 ? len : 0] = '\0';
        count += len > 0 && strncmp(target, prefix, strlen(prefix)) == 0;
    }
    (void)closedir(directory);
    return count;
}

/* touches: S-319. Every process is shut in; keyd holds its journal and the log, and no other file. */
static void shuts_the_processes_in(void **state)
{
    static const char *const names[] = {"keyd", "front", "jobs"};
    struct lab *lab = *state;
    int keyd;

    start_standard(lab);
    (void)ask_until_answered(lab);
    for (size_t i = 0; i < RMS_COUNT(names); i++) {
        int pid = wait_for_child(lab, names[i]);

        for (int n = 0; n < 100 && status_field(pid, "Seccomp") != 2; n++) {
            (void)poll(NULL, 0, 20); /* the jobs have only just been started */
        }
        assert_int_equal(status_field(pid, "Seccomp"), 2);
        assert_int_equal(status_field(pid, "NoNewPrivs"), 1);
    }
    keyd = wait_for_child(lab, "keyd");
    assert_int_equal(count_descriptors(keyd, lab->settings.dir), 1);
    assert_int_equal(count_descriptors(keyd, lab->settings.log_file), 1);
    assert_int_equal(stop(lab), 0);
}

/* touches: S-319 (the service runs without root) */
static void becomes_the_account_it_is_told(void **state)
{
    static const char *const names[] = {"keyd", "front", "jobs"};
    const struct passwd *account = getpwnam("nobody");
    struct lab *lab = *state;

    if (geteuid() != 0 || account == NULL) {
        skip();
    }
    assert_int_equal(chmod(lab->dir, 0755), 0);
    assert_int_equal(rms_settings_set(&lab->settings, "user", "nobody"), 0);
    start_standard(lab);
    (void)ask_until_answered(lab);
    for (size_t i = 0; i < RMS_COUNT(names); i++) {
        int pid = wait_for_child(lab, names[i]);

        for (int n = 0; n < 100 && status_field(pid, "Seccomp") != 2; n++) {
            (void)poll(NULL, 0, 20);
        }
        assert_int_equal(status_field(pid, "Uid"), (int)account->pw_uid);
        assert_int_equal(status_field(pid, "Gid"), (int)account->pw_gid);
        assert_int_equal(status_field(pid, "CapEff"), 0);
    }
    assert_int_equal(stop(lab), 0);
}

/* Nothing is made twice: clients trust the CA, and the master key seals the keys. */
static void keeps_it_at_the_second_start(void **state)
{
    static const char *const names[] = {"ca.pem", "tls/server.pem", "tls/server.key", "master.key"};
    struct lab *lab = *state;
    struct rms_buf before[RMS_COUNT(names)];
    char path[PATH_MAX];

    for (int round = 0; round < 2; round++) {
        start_standard(lab);
        (void)ask_until_answered(lab);
        for (size_t i = 0; i < RMS_COUNT(names); i++) {
            RMS_BUF_CLEANUP struct rms_buf now = RMS_BUF_INIT(65536);

            assert_int_equal(rms_settings_path(&lab->settings, names[i], path), 0);
            assert_int_equal(rms_file_read(path, &now), 0);
            if (round == 0) {
                before[i] = now;
                now = RMS_BUF_INIT(65536);
            } else {
                assert_true(rms_view_equal(rms_buf_view(&before[i]), rms_buf_view(&now)));
                rms_buf_fini(&before[i]);
            }
        }
        assert_int_equal(stop(lab), 0);
    }
}

/* touches: S-319 (a data directory others may enter is refused) */
static void refuses_an_open_data_directory(void **state)
{
    struct lab *lab = *state;

    assert_int_equal(mkdir(lab->settings.dir, 0755), 0);
    assert_int_equal(chmod(lab->settings.dir, 0755), 0);
    start_standard(lab);
    assert_int_equal(wait_for_exit(lab, 10000), 1);
    assert_true(log_has(lab, "must have mode 0700"));
}

static void refuses_a_directory_in_use(void **state)
{
    struct lab *lab = *state;
    struct lab second = *lab;

    start_standard(lab);
    (void)ask_until_answered(lab);
    start_standard(&second);
    assert_int_equal(wait_for_exit(&second, 10000), 1);
    assert_true(log_has(lab, "rmsd.already-running"));
    (void)ask_until_answered(lab);
    assert_int_equal(mode_of(lab, "admin.sock"), 0600);
}

static void keyd_killed_is_replaced_unnoticed(void **state)
{
    struct lab *lab = *state;
    int front;

    start_standard(lab);
    front = ask_until_answered(lab);
    for (int i = 0; i < 3; i++) {
        int keyd = wait_for_child(lab, "keyd");

        assert_int_equal(kill(keyd, SIGKILL), 0);
        assert_true(wait_for_end(keyd));
        assert_int_equal(ask_until_answered(lab), front);
    }
    assert_int_equal(stop(lab), 0);
}

static void front_killed_is_replaced(void **state)
{
    struct lab *lab = *state;
    int front;

    start_standard(lab);
    front = ask_until_answered(lab);
    assert_int_equal(kill(front, SIGKILL), 0);
    assert_true(wait_for_end(front));
    assert_int_not_equal(ask_until_answered(lab), front);
    assert_int_equal(stop(lab), 0);
}

static void children_end_with_the_master(void **state)
{
    struct lab *lab = *state;
    int pids[3];

    start_standard(lab);
    pids[0] = ask_until_answered(lab);
    pids[1] = wait_for_child(lab, "keyd");
    pids[2] = wait_for_child(lab, "jobs");
    assert_int_equal(prctl(PR_SET_CHILD_SUBREAPER, 1), 0);
    assert_int_equal(kill(lab->master, SIGKILL), 0);
    assert_int_equal(wait_for_exit(lab, 5000), 128 + SIGKILL);
    for (size_t i = 0; i < RMS_COUNT(pids); i++) {
        assert_int_equal(waitpid(pids[i], NULL, 0), pids[i]);
    }
    assert_int_equal(prctl(PR_SET_CHILD_SUBREAPER, 0), 0);
}

static void reload_replaces_the_front(void **state)
{
    struct lab *lab = *state;
    int front;
    int now;

    start_standard(lab);
    front = ask_until_answered(lab);
    assert_int_equal(kill(lab->master, SIGHUP), 0);
    assert_true(wait_for_end(front));
    now = ask_until_answered(lab);
    assert_int_not_equal(now, front);
    assert_int_equal(stop(lab), 0);
}

static void reload_of_a_bad_file_changes_nothing(void **state)
{
    struct lab *lab = *state;
    int front;

    start(lab, (struct rms_master_options){
                   .front = test_front, .reload = refuse_reload, .context = (void *)"workres"});
    front = ask_until_answered(lab);
    assert_int_equal(kill(lab->master, SIGHUP), 0);
    for (int i = 0; i < 100 && !log_has(lab, "rmsd.reload.refused"); i++) {
        (void)poll(NULL, 0, 50);
    }
    assert_true(log_has(lab, "rmsd.conf:3: no such option 'workres'"));
    assert_int_equal(ask_until_answered(lab), front);
    assert_int_equal(stop(lab), 0);
}

static void gives_up_a_front_that_never_starts(void **state)
{
    struct lab *lab = *state;

    start(lab,
        (struct rms_master_options){.front = broken_front, .reload = same_again, .context = &lab->settings});
    assert_int_equal(wait_for_exit(lab, 15000), 1);
    assert_true(log_has(lab, "rmsd.giving-up"));
    assert_true(log_has(lab, "unsupported-version"));
    assert_false(log_has(lab, "rmsd.ready"));
}

static void does_not_wait_for_ever_for_a_slow_front(void **state)
{
    struct lab *lab = *state;

    start(lab,
        (struct rms_master_options){.front = slow_front, .reload = same_again, .context = &lab->settings});
    (void)ask_until_answered(lab);
    assert_int_equal(stop(lab), 0); /* asserts the time as well */
}

static void rotates_its_log_file(void **state)
{
    struct lab *lab = *state;
    char older[RMS_SETTING_TEXT + 8];

    lab->settings.log_max_bytes = 100; /* below what the file may say, so that the first lines are enough */
    (void)snprintf(older, sizeof older, "%s.1", lab->settings.log_file);
    start_standard(lab);
    (void)ask_until_answered(lab);
    for (int i = 0; i < 300 && access(older, F_OK) != 0; i++) {
        (void)poll(NULL, 0, 50);
    }
    assert_int_equal(access(older, F_OK), 0);
    assert_int_equal(kill(wait_for_child(lab, "keyd"), SIGTERM), 0);
    for (int i = 0; i < 200 && !log_has(lab, "keyd.started"); i++) {
        (void)poll(NULL, 0, 50);
    }
    assert_true(log_has(lab, "keyd.started") || access(older, F_OK) == 0);
    (void)ask_until_answered(lab);
    assert_int_equal(stop(lab), 0);
}

/* touches: S-215 */
static void starts_locked_with_a_wrong_master_key(void **state)
{
    static const uint8_t wrong[RMS_MASTER_KEY_BYTES] = {1};
    struct lab *lab = *state;
    char path[PATH_MAX];

    start_standard(lab);
    (void)ask_until_answered(lab);
    assert_int_equal(stop(lab), 0);
    assert_int_equal(rms_settings_path(&lab->settings, "master.key", path), 0);
    assert_int_equal(rms_file_write(path, rms_view_of(wrong, sizeof wrong), 0600), 0);
    start_standard(lab);
    (void)ask_until_answered(lab); /* it answers, and says why it refuses */
    assert_true(log_has(lab, "keyd.locked"));
    assert_int_equal(stop(lab), 0);
}

static void certificates_name_what_is_served(void **state)
{
    static const char *const expected[] = {"rms.example.org", "10.0.0.7", "localhost", "127.0.0.1", "::1"};
    struct lab *lab = *state;
    struct rms_setup_hosts hosts;

    assert_int_equal(rms_settings_set(&lab->settings, "url", "https://rms.example.org:8443"), 0);
    assert_int_equal(rms_settings_set(&lab->settings, "listen", "10.0.0.7:443"), 0);
    assert_int_equal(rms_setup_hosts(&lab->settings, &hosts), 0);
    for (size_t i = 0; i < RMS_COUNT(expected); i++) {
        assert_string_equal(hosts.list[i], expected[i]);
    }
    assert_null(hosts.list[RMS_COUNT(expected)]);
    assert_int_equal(rms_settings_set(&lab->settings, "url", "https://localhost"), 0);
    assert_int_equal(rms_settings_set(&lab->settings, "listen", "[::]:443"), 0);
    assert_int_equal(rms_setup_hosts(&lab->settings, &hosts), 0);
    assert_string_equal(hosts.list[0], "localhost");
    assert_string_equal(hosts.list[1], "127.0.0.1");
    assert_string_equal(hosts.list[2], "::1");
    assert_null(hosts.list[3]);
}

#define IN_LAB(test) cmocka_unit_test_setup_teardown(test, open_lab, close_lab)

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_LAB(makes_what_it_needs_at_the_first_start),
        IN_LAB(shuts_the_processes_in),
        IN_LAB(becomes_the_account_it_is_told),
        IN_LAB(keeps_it_at_the_second_start),
        IN_LAB(refuses_an_open_data_directory),
        IN_LAB(refuses_a_directory_in_use),
        IN_LAB(keyd_killed_is_replaced_unnoticed),
        IN_LAB(front_killed_is_replaced),
        IN_LAB(children_end_with_the_master),
        IN_LAB(reload_replaces_the_front),
        IN_LAB(reload_of_a_bad_file_changes_nothing),
        IN_LAB(gives_up_a_front_that_never_starts),
        IN_LAB(does_not_wait_for_ever_for_a_slow_front),
        IN_LAB(rotates_its_log_file),
        IN_LAB(starts_locked_with_a_wrong_master_key),
        IN_LAB(certificates_name_what_is_served),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
