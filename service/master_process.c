#include "service/master_process.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <pwd.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/secret.h"
#include "service/location.h"
#include "service/sandbox.h"
#include "store/store.h"

static pid_t master_pid;

static void end_with_master(void)
{
    (void)prctl(PR_SET_PDEATHSIG, SIGTERM);
    if (getppid() != master_pid) {
        _exit(0);
    }
}

void rms_process_begin(const char *name, pid_t master)
{
    sigset_t none;

    master_pid = master;
    end_with_master();
    (void)prctl(PR_SET_NAME, name);
    for (int number = 1; number < NSIG; number++) {
        (void)signal(number, SIG_DFL);
    }
    /* Keyboard and hang-up reach the whole group; the master alone answers them, in order. */
    (void)signal(SIGINT, SIG_IGN);
    (void)signal(SIGHUP, SIG_IGN);
    (void)signal(SIGPIPE, SIG_IGN);
    (void)signal(SIGXFSZ, SIG_IGN); /* a limit to the size of files is a full disk, and no end */
    (void)sigemptyset(&none);
    (void)sigprocmask(SIG_SETMASK, &none, NULL);
}

static int compare_fds(const void *a, const void *b)
{
    return *(const int *)a - *(const int *)b;
}

#define KEEP_MAX 16

void rms_process_keep_only(const int *keep, size_t count)
{
    int sorted[KEEP_MAX];
    unsigned from = STDERR_FILENO + 1;

    count = count < KEEP_MAX ? count : KEEP_MAX;
    memcpy(sorted, keep, count * sizeof *keep);
    qsort(sorted, count, sizeof *sorted, compare_fds);
    for (size_t i = 0; i < count; i++) {
        if (sorted[i] >= (int)from) {
            if (sorted[i] > (int)from) {
                (void)close_range(from, (unsigned)sorted[i] - 1, 0);
            }
            from = (unsigned)sorted[i] + 1;
        }
    }
    (void)close_range(from, ~0u, 0);
}

/* 1: there is an account to become, 0: there is not. */
static int find_account(const struct rms_settings *settings, struct passwd *account, char *buf, size_t size)
{
    struct passwd *found = NULL;

    if (settings->user[0] == '\0' || geteuid() != 0) {
        return 0;
    }
    if (getpwnam_r(settings->user, account, buf, size, &found) != 0 || found == NULL) {
        rms_log(RMS_LOG_ERROR, "rmsd.no-such-user", "user", settings->user, NULL);
        return RMS_E_NOT_FOUND;
    }
    return 1;
}

int rms_process_become(const struct rms_settings *settings)
{
    struct passwd account;
    char buf[4096];
    int found = find_account(settings, &account, buf, sizeof buf);

    if (found <= 0) {
        return found;
    }
    if (initgroups(account.pw_name, account.pw_gid) != 0 ||
        setresgid(account.pw_gid, account.pw_gid, account.pw_gid) != 0 ||
        setresuid(account.pw_uid, account.pw_uid, account.pw_uid) != 0) {
        return rms_error_from_errno(errno);
    }
    end_with_master(); /* the kernel forgets it when the account changes */
    return 0;
}

int rms_process_give(const struct rms_settings *settings, const char *path)
{
    struct passwd account;
    char buf[4096];
    int found = find_account(settings, &account, buf, sizeof buf);

    if (found <= 0) {
        return found;
    }
    return lchown(path, account.pw_uid, account.pw_gid) == 0 ? 0 : rms_error_from_errno(errno);
}

void rms_process_harden(void)
{
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
    rms_secret_harden_process();
#endif
}

/* --- the sandbox of servers ------------------------------------------------------------------------- */

static void use_all_descriptors(void)
{
    struct rlimit limit;

    if (getrlimit(RLIMIT_NOFILE, &limit) == 0) {
        limit.rlim_cur = limit.rlim_max;
        (void)setrlimit(RLIMIT_NOFILE, &limit);
    }
}

/* Directory of a file; "" when there is none. */
static void directory_of(const char *path, char out[PATH_MAX])
{
    const char *slash = path != NULL ? strrchr(path, '/') : NULL;
    size_t len = slash != NULL ? (size_t)(slash - path) : 0;

    len = len < PATH_MAX ? len : 0;
    memcpy(out, path != NULL ? path : "", len);
    out[len] = '\0';
}

static const char *test_clock_file(void)
{
#ifdef RMS_TEST_CLOCK
    return getenv("RMS_CLOCK_FILE");
#else
    return NULL;
#endif
}

/* Where the servers write: the directory of an SQLite database; with a server for the database there is still
 * what waits to go there. */
static int writable_directory(const struct rms_settings *settings, char out[PATH_MAX])
{
    if (strncmp(settings->database, "sqlite:", 7) != 0) {
        return rms_settings_path(settings, "db", out);
    }
    directory_of(settings->database + 7, out);
    (void)setenv("SQLITE_TMPDIR", out, 1);
    return 0;
}

#define FIXED_PATHS 22

static int shut_files(const struct rms_settings *settings, bool jobs)
{
    char db[PATH_MAX];
    char clock[PATH_MAX];
    char ca[PATH_MAX];
    char credentials[PATH_MAX];
    char stream[PATH_MAX];
    char mark[PATH_MAX];
    struct rms_store_files files;

    RMS_TRY(writable_directory(settings, db));
    directory_of(test_clock_file(), clock);
    directory_of(settings->usage_file, stream);
    RMS_TRY(rms_settings_path(settings, "ca.pem", ca));
    RMS_TRY(rms_settings_path(settings, "credentials", credentials));
    RMS_TRY(rms_settings_path(settings, "store.mark", mark));
    RMS_TRY(rms_store_files(settings->database, &files));
    struct rms_sandbox_path paths[FIXED_PATHS + RMS_STORE_FILES_MAX] = {
        {db, RMS_SANDBOX_WRITE},
        {settings->tls_certificate, RMS_SANDBOX_READ},
        {settings->tls_key, RMS_SANDBOX_READ},
        {settings->ca_file, RMS_SANDBOX_READ},
        {ca, RMS_SANDBOX_READ},
        {clock, RMS_SANDBOX_READ},
        {"/etc", RMS_SANDBOX_READ}, /* names, resolver, trusted CAs, time zone */
        {"/usr", RMS_SANDBOX_READ}, /* character sets, CAs, modules of the C library */
        {"/lib", RMS_SANDBOX_READ},
        {"/lib64", RMS_SANDBOX_READ},
        {"/run/systemd/resolve", RMS_SANDBOX_READ},
        {"/proc", RMS_SANDBOX_READ},
        {"/sys/devices/system/cpu", RMS_SANDBOX_READ},
        {"/dev/urandom", RMS_SANDBOX_READ},
        {"/dev/random", RMS_SANDBOX_READ},
        {"/dev/null", RMS_SANDBOX_WRITE},
        {jobs ? rms_settings_mail_directory(settings) : NULL, RMS_SANDBOX_WRITE},
        {jobs ? settings->mail_credentials : NULL, RMS_SANDBOX_READ},
        {jobs ? settings->usage_s3_credentials : NULL, RMS_SANDBOX_READ},
        {jobs ? credentials : NULL, RMS_SANDBOX_READ},
        {jobs ? stream : NULL, RMS_SANDBOX_WRITE},
        {jobs ? NULL : mark, RMS_SANDBOX_WRITE},
    };
    for (size_t i = 0; i < files.count; i++) {
        paths[FIXED_PATHS + i] = (struct rms_sandbox_path){files.paths[i], RMS_SANDBOX_READ};
    }
    return rms_sandbox_files(paths, FIXED_PATHS + files.count, true);
}

int rms_process_shut_in(const struct rms_settings *settings, bool jobs)
{
    use_all_descriptors();
    rms_process_harden();
    rms_locations_open(settings->places); /* mapped: nothing of it is opened later */
#ifndef RMS_COVERAGE_BUILD                /* whose counters are written beside the object files at the end */
    return shut_files(settings, jobs);
#else
    (void)jobs;
    return 0;
#endif
}
