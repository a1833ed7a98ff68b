/* keyd as a process: gathers what it needs, shuts itself in, serves. */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "crypto/aead.h"
#include "crypto/ec.h"
#include "crypto/hsm.h"
#include "crypto/random.h"
#include "service/credential.h"
#include "service/keyd.h"
#include "service/keyd_masterkey.h"
#include "service/master_process.h"
#include "service/message.h"
#include "service/sandbox.h"
#include "service/settings.h"

#define COUNTS_EVERY_MS    60000
#define THREADS_A_MAKER    4
#define JOURNAL_FULL_BYTES (16u << 20) /* about a month of a busy service; checked in a second */

static const char journal_name[] = "keyd.journal";

/* --- before the sandbox ----------------------------------------------------------------------------- */

/* Locked memory for the keys, as far as the account may raise it. */
static void raise_memory_lock(void)
{
    const struct rlimit unlimited = {RLIM_INFINITY, RLIM_INFINITY};
    struct rlimit limit;

    if (setrlimit(RLIMIT_MEMLOCK, &unlimited) != 0 && getrlimit(RLIMIT_MEMLOCK, &limit) == 0) {
        limit.rlim_cur = limit.rlim_max;
        (void)setrlimit(RLIMIT_MEMLOCK, &limit);
    }
}

/* No new processes, no growing files beyond reason. Threads count as processes, so this comes when all run.
 */
static void limit_resources(void)
{
    const struct rlimit none = {0, 0};

    (void)setrlimit(RLIMIT_NPROC, &none);
    (void)setrlimit(RLIMIT_CORE, &none);
}

static void log_locked(int code)
{
    rms_log(RMS_LOG_ERROR, "keyd.locked", "reason", rms_error_info(code)->reason, "text",
        "the master key is missing or not the one that sealed the keys", NULL);
}

/* A journal that does not fit is evidence: it is put aside, and the new one says so. */
static int put_aside(const char *path, struct rms_view key, struct rms_journal **journal_out)
{
    char aside[PATH_MAX];
    char when[32];

    (void)snprintf(when, sizeof when, "%lld", (long long)rms_clock_now());
    if (snprintf(aside, sizeof aside, "%s.damaged-%s", path, when) >= (int)sizeof aside ||
        rename(path, aside) != 0) {
        return RMS_E_IO;
    }
    rms_log(RMS_LOG_ERROR, "keyd.journal.damaged", "kept-as", aside, NULL);
    RMS_TRY(rms_journal_open(path, key, journal_out));
    return rms_journal_note(*journal_out, RMS_JOURNAL_DURABLE, "previous-journal-damaged", "at", when, NULL);
}

/* keyd opens no file later, so this is the moment. A file that stays large for want of room harms nobody. */
static void limit_journal(const char *path, struct rms_journal **journal)
{
    char aside[PATH_MAX];
    int status;

    if (rms_journal_bytes(*journal) < JOURNAL_FULL_BYTES ||
        snprintf(aside, sizeof aside, "%s-%lld", path, (long long)rms_clock_now()) >= (int)sizeof aside) {
        return;
    }
    status = rms_journal_rotate(journal, path, aside);
    if (status == 0) {
        rms_log(RMS_LOG_INFO, "keyd.journal.rotated", "kept-as", aside, NULL);
    } else {
        rms_log(RMS_LOG_ERROR, "keyd.journal.not-rotated", "reason", rms_error_info(status)->reason, NULL);
    }
}

static int open_journal(
    const struct rms_settings *settings, const struct rms_secret *master, struct rms_journal **journal_out)
{
    uint8_t key[RMS_SHA256_BYTES];
    char path[PATH_MAX];
    int status;

    RMS_TRY(rms_settings_path(settings, journal_name, path));
    rms_master_key_for_journal(master, key);
    status = rms_journal_open(path, rms_view_of(key, sizeof key), journal_out);
    if (status == RMS_E_DAMAGED) {
        status = put_aside(path, rms_view_of(key, sizeof key), journal_out);
    }
    if (status == 0) {
        limit_journal(path, journal_out);
    }
    rms_wipe(key, sizeof key);
    return status;
}

/* Lets the crypto library read and set up whatever it wants, while it can. */
static int warm_up(void)
{
    RMS_BUF_CLEANUP struct rms_buf box = RMS_BUF_INIT(256);
    uint8_t bytes[RMS_SHA256_BYTES];
    uint8_t signature[64];
    struct rms_ec_private *key;
    int status;

    rms_random(bytes, sizeof bytes);
    RMS_TRY(rms_aead_seal(bytes, rms_view_of(NULL, 0), rms_view_of(bytes, sizeof bytes), &box));
    RMS_TRY(rms_ec_generate(&key));
    status = rms_ec_sign(key, bytes, signature);
    rms_ec_private_free(&key);
    return status;
}

/* --- the token -------------------------------------------------------------------------------------- */

#define PIN_MAX   256
#define PATHS_MAX 16

/* The PIN as people write files: a line's end does not count. */
static int read_pin(const struct rms_settings *settings, struct rms_secret **pin_out)
{
    RMS_SECRET_CLEANUP struct rms_secret *read = NULL;
    struct rms_view text;

    RMS_TRY(rms_credential_read(settings, "pkcs11.pin", PIN_MAX, &read));
    text = rms_secret_view(read);
    while (text.len > 1 && (text.data[text.len - 1] == '\n' || text.data[text.len - 1] == '\r')) {
        text.len--;
    }
    *pin_out = rms_secret_new(text.len);
    if (*pin_out == NULL) {
        return RMS_E_NO_MEMORY;
    }
    memcpy(rms_secret_bytes(*pin_out), text.data, text.len);
    return 0;
}

/* Without it the keys that it keeps do not work, the others do. */
static void load_token(
    const struct rms_settings *settings, struct rms_secret **pin, int status, struct rms_hsm **hsm_out)
{
    struct rms_hsm_options options = {.module = settings->pkcs11_module,
        .label = settings->pkcs11_token,
        .pin = *pin,
        /* a token that hangs holds half of the threads; the others go on answering */
        .sessions = (size_t)(settings->keyd_threads + 1) / 2};

    *pin = NULL;
    if (status == 0) {
        status = rms_hsm_new(&options, hsm_out);
    }
    if (status != 0) {
        rms_log(RMS_LOG_ERROR, "keyd.token.failed", "reason", rms_error_info(status)->reason, "text",
            "pkcs11_module or the credential pkcs11.pin cannot be used", NULL);
    }
}

/* Landlock takes the paths of a module one by one. */
static int shut_files_for(const struct rms_settings *settings)
{
    struct rms_sandbox_path paths[PATHS_MAX] = {0};
    char text[RMS_SETTING_TEXT];
    size_t count = 0;
    char *rest = NULL;

    memcpy(text, settings->pkcs11_paths, sizeof text);
    for (char *path = strtok_r(text, ":", &rest); path != NULL; path = strtok_r(NULL, ":", &rest)) {
        if (count == PATHS_MAX) {
            return RMS_E_LIMIT;
        }
        paths[count++] = (struct rms_sandbox_path){path, RMS_SANDBOX_WRITE};
    }
    return rms_sandbox_files(paths, count, strcmp(settings->pkcs11_network, "yes") == 0);
}

struct held {
    struct rms_secret *master;
    struct rms_journal *journal;
    struct rms_hsm *hsm;
};

static int gather(const struct rms_settings *settings, struct held *held)
{
    RMS_SECRET_CLEANUP struct rms_secret *pin = NULL;
    int pin_status = RMS_E_NOT_FOUND;
    int status = rms_master_key_load(settings, &held->master);

    if (status != 0) {
        log_locked(status);
    } else {
        RMS_TRY(open_journal(settings, held->master, &held->journal));
        RMS_TRY(rms_journal_note(held->journal, RMS_JOURNAL_DURABLE, "started", NULL));
    }
    raise_memory_lock();
    RMS_TRY(warm_up());
    if (settings->pkcs11_module[0] != '\0') {
        pin_status = read_pin(settings, &pin);
    }
    RMS_TRY(rms_process_become(settings));
    rms_secret_harden_process();
    if (settings->pkcs11_module[0] == '\0') {
        return rms_sandbox_files(NULL, 0, false);
    }
    load_token(settings, &pin, pin_status, &held->hsm);
    return shut_files_for(settings);
}

/* --- serving ---------------------------------------------------------------------------------------- */

static int take_message(struct rms_keyd *keyd, int control)
{
    struct rms_control_message message;

    RMS_TRY(rms_control_receive(control, &message));
    for (size_t i = 0; i < message.count; i++) {
        if (message.kind == RMS_CONTROL_CONNECTIONS) {
            if (rms_keyd_attach(keyd, message.fds[i]) != 0) {
                rms_log(RMS_LOG_ERROR, "keyd.attach.failed", NULL);
            }
            continue;
        }
        if (message.kind == RMS_CONTROL_LOG) {
            (void)dup2(message.fds[i], STDERR_FILENO);
        }
        (void)close(message.fds[i]);
    }
    return 0;
}

/* Until the master is gone or a signal to end comes. */
static int serve(struct rms_keyd *keyd, int control, int signals)
{
    struct pollfd events[] = {{.fd = control, .events = POLLIN}, {.fd = signals, .events = POLLIN}};
    int64_t noted = rms_clock_monotonic_ms();
    int status = 0;

    while (status == 0 && events[1].revents == 0) {
        if (poll(events, 2, COUNTS_EVERY_MS) > 0 && events[0].revents != 0) {
            status = take_message(keyd, control);
        }
        if (rms_clock_monotonic_ms() - noted >= COUNTS_EVERY_MS) {
            rms_keyd_journal_counts(keyd);
            noted = rms_clock_monotonic_ms();
        }
    }
    return status == RMS_E_IO ? 0 : status; /* the master is gone: no failure */
}

static int make_keyd(const struct rms_settings *settings, const struct held *held, struct rms_keyd **keyd_out)
{
    const struct rms_keyd_options options = {.master_key = held->master,
        .journal = held->journal,
        .hsm = held->hsm,
        .threads = (size_t)settings->keyd_threads,
        .makers = (size_t)(settings->keyd_threads + THREADS_A_MAKER - 1) / THREADS_A_MAKER,
        .stock = (size_t)settings->key_stock,
        .open_keys_max = (size_t)settings->open_keys_max,
        .user_keys_max = (size_t)settings->user_keys_max};

    return rms_keyd_new(&options, keyd_out);
}

static void log_started(const struct held *held)
{
    char chain[RMS_JOURNAL_CHAIN] = "";
    char count[24];
    uint64_t lines = 0;

    if (held->journal != NULL) {
        rms_journal_head(held->journal, &lines, chain);
    }
    (void)snprintf(count, sizeof count, "%llu", (unsigned long long)lines);
    rms_log(RMS_LOG_INFO, "keyd.started", "journal-lines", count, "journal-chain", chain, NULL);
}

/* The strict list unless there is a module to share the process with. */
static int shut_calls_for(const struct rms_settings *settings)
{
    return settings->pkcs11_module[0] == '\0'
               ? rms_sandbox_calls_keyd()
               : rms_sandbox_calls_token(strcmp(settings->pkcs11_network, "yes") == 0);
}

static int run(const struct rms_settings *settings, struct held *held, int control, int signals)
{
    struct rms_keyd *keyd = NULL;
    int status;

    RMS_TRY(gather(settings, held));
    RMS_TRY(make_keyd(settings, held, &keyd));
    rms_secret_free(&held->master);
    limit_resources();
    status = shut_calls_for(settings);
    if (status == 0) {
        status = rms_control_send(control, RMS_CONTROL_READY, NULL, 0);
    }
    if (status == 0) {
        log_started(held);
        status = serve(keyd, control, signals);
        rms_keyd_journal_counts(keyd);
    }
    rms_keyd_free(&keyd);
    return status;
}

static int open_signals(void)
{
    sigset_t wanted;

    (void)sigemptyset(&wanted);
    (void)sigaddset(&wanted, SIGTERM);
    (void)sigprocmask(SIG_BLOCK, &wanted, NULL);
    return signalfd(-1, &wanted, SFD_CLOEXEC);
}

int rms_keyd_main(const struct rms_settings *settings, int control)
{
    struct held held = {0};
    int signals = open_signals();
    int status = signals >= 0 ? run(settings, &held, control, signals) : RMS_E_IO;

    rms_secret_free(&held.master);
    rms_hsm_free(&held.hsm);
    if (status == 0 && rms_journal_note(held.journal, RMS_JOURNAL_DURABLE, "stopped", NULL) != 0) {
        status = RMS_E_IO;
    }
    rms_journal_free(&held.journal);
    if (status != 0) {
        rms_log(RMS_LOG_ERROR, "keyd.failed", "reason", rms_error_info(status)->reason, NULL);
    }
    return status == 0 ? 0 : 1;
}
