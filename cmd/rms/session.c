#include "cmd/rms/session.h"

#include <ctype.h>
#include <fcntl.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "base/log.h"
#include "base/text.h"
#include "cmd/rms/launch.h"
#include "cmd/rms/output.h"

#define LOG_FILE_MAX (10u << 20) /* with the older ones: the 100 MB of C-233 */

/* What the signal handler needs. */
static _Atomic(struct rms_context *) running;
static volatile sig_atomic_t interrupts;

static void interrupted(int number)
{
    struct rms_context *context = atomic_load(&running);

    if (interrupts++ > 0 || context == NULL) {
        _exit(128 + number);
    }
    rms_context_cancel(context);
}

bool was_interrupted(void)
{
    return interrupts > 0;
}

static void catch_signals(void)
{
    struct sigaction action = {.sa_handler = interrupted};

    (void)sigaction(SIGINT, &action, NULL);
    (void)sigaction(SIGTERM, &action, NULL);
}

/* --- what the library asks -------------------------------------------------------------------------------
 */

static int show_device_code(void *user_data, const char *uri, const char *code, int expires_in_s)
{
    (void)user_data;
    fprintf(stderr, _("To sign in, open %s in any browser and enter the code %s (valid for %d minutes).\n"),
        uri, code, expires_in_s / 60);
    return 0;
}

static int open_browser(void *user_data, const char *uri)
{
    const char *const command[] = {"xdg-open", uri, NULL};

    (void)user_data;
    fprintf(stderr, _("Sign in in the browser. If none opens, go to:\n  %s\n"), uri);
    if (launch_start(command) < 0) {
        output_note(NULL, _("no browser could be started"));
    }
    return 0;
}

/* A server that neither settings nor the mail domain speak for is contacted only with a yes (C-018). */
static int consent(void *user_data, const char *url)
{
    char question[512];

    (void)user_data;
    if (!isatty(STDIN_FILENO) || !isatty(STDERR_FILENO)) {
        return RMS_E_SERVER_NOT_TRUSTED;
    }
    (void)snprintf(question, sizeof question,
        _("Contact %s, which is neither in your settings nor in your mail domain?"), url);
    return ask_yes(question) ? 0 : RMS_E_CONSENT_REFUSED;
}

/* --- the log ---------------------------------------------------------------------------------------------
 */

/* $XDG_STATE_HOME/openrms/rms.log, its directory made; false when it cannot be. */
static bool default_log(char *path, size_t size)
{
    const char *state = secure_getenv("XDG_STATE_HOME");
    const char *home = secure_getenv("HOME");
    char directory[3072];
    bool own = state != NULL && state[0] == '/';

    if (!own && (home == NULL || home[0] != '/')) {
        return false;
    }
    (void)snprintf(
        directory, sizeof directory, "%s%s/openrms", own ? state : home, own ? "" : "/.local/state");
    (void)snprintf(path, size, "%s/rms.log", directory);
    return rms_dir_make(directory, 0700) == 0 && access(directory, W_OK) == 0;
}

static bool can_append(const char *path)
{
    int fd = open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NONBLOCK, 0600);

    if (fd >= 0) {
        (void)close(fd);
    }
    return fd >= 0;
}

static void open_log(const struct arguments *arguments)
{
    const char *name = argument_text(arguments, "log-level");
    const char *file = argument_text(arguments, "log-file");
    enum rms_log_level level = RMS_LOG_TRACE;
    char path[4096];

    if (name != NULL) {
        (void)rms_log_level_parse(name, &level);
    }
    if (level == RMS_LOG_OFF) {
        return;
    }
    if (file != NULL && !can_append(file)) {
        output_note(file, _("cannot be written; nothing is logged"));
        return;
    }
    if (file == NULL && default_log(path, sizeof path)) {
        file = path;
    }
    if (file != NULL) {
        rms_log_open("rms", level, file, LOG_FILE_MAX);
        if (!argument_flag(arguments, "log-personal")) {
            rms_log_mask();
        }
        rms_log(RMS_LOG_INFO, "rms.started", "verb", argument_verb(arguments)->name, "version", rms_version(),
            NULL);
    }
}

/* --- making and ending -----------------------------------------------------------------------------------
 */

static int make_context(const struct arguments *arguments, struct rms_context **context_out)
{
    const struct rms_options options = {.size = sizeof options,
        .url = argument_text(arguments, "url"),
        .ca_file = argument_text(arguments, "ca"),
        .store_dir = argument_text(arguments, "store"),
        .config_file = secure_getenv("RMS_CONFIG"),
        .user = argument_text(arguments, "user"),
        .offline = argument_flag(arguments, "offline"),
        .what_if = argument_flag(arguments, "what-if"),
        .application = "rms",
        .application_version = rms_version(),
        .on_behalf = argument_text(arguments, "on-behalf"),
        .callbacks = {.consent = consent, .device_code = show_device_code, .browser = open_browser}};
    int code;

    open_log(arguments);
    code = rms_context_new(&options, context_out);
    if (code == 0) {
        atomic_store(&running, *context_out);
        catch_signals();
    }
    return code;
}

void session_refused(struct rms_context *context, struct rms_document *document)
{
    int code = rms_document_refused(document, "EXPORT");

    if (code == 0 && !rms_document_info(document)->from_cache) {
        code = rms_refusals_send(context);
    }
    if (code < 0) { /* told with a later call, or not kept by the person's own wish */
        rms_log(RMS_LOG_DEBUG, "rms.refusal-not-told", "reason", rms_error_info(code)->reason, NULL);
    }
}

/* A language tag's shape: letters and digits, parts of at most 8 between hyphens (BCP 47). */
static bool is_language(const char *tag)
{
    size_t part = 0;

    if (!isalpha((unsigned char)tag[0])) {
        return false;
    }
    for (; *tag != 0; tag++) {
        part = *tag == '-' ? 0 : part + 1;
        if (part > 8 || (*tag != '-' && !isalnum((unsigned char)*tag)) || (*tag == '-' && tag[1] == '-')) {
            return false;
        }
    }
    return tag[-1] != '-';
}

static int check_globals(const struct arguments *arguments)
{
    const char *url = argument_text(arguments, "url");
    const char *user = argument_text(arguments, "user");
    const char *language = argument_text(arguments, "lang");
    const char *on_behalf = argument_text(arguments, "on-behalf");
    char normal[RMS_ADDRESS_MAX];

    if (url != NULL && (strncmp(url, "https://", 8) != 0 || url[8] == 0)) {
        return usage_error(arguments, _("--url takes an address that begins with https://, not \"%s\""), url);
    }
    if (user != NULL && rms_address_normalise(user, normal) < 0) {
        return usage_error(arguments, _("--user takes a mail address, not \"%s\""), user);
    }
    if (on_behalf != NULL && rms_address_normalise(on_behalf, normal) < 0) {
        return usage_error(arguments, _("--on-behalf takes a mail address, not \"%s\""), on_behalf);
    }
    if (language != NULL && !is_language(language)) {
        return usage_error(arguments, _("--lang takes a language tag like de-DE, not \"%s\""), language);
    }
    return 0;
}

int open_context(struct arguments *arguments, struct rms_context **context_out)
{
    int status = check_globals(arguments);
    int code;

    *context_out = NULL;
    if (status != 0) {
        return status;
    }
    code = make_context(arguments, context_out);
    if (code < 0) {
        output_failure(
            _("settings and local store"), &(struct failure){.code = code, .detail = rms_last_detail(NULL)});
        return rms_error_info(code)->exit_status;
    }
    return 0;
}

/* The browser may know the person already; then nothing is asked. */
int open_signed_in(struct arguments *arguments, struct rms_context **context_out)
{
    int status = open_context(arguments, context_out);
    struct rms_account account;
    int code;

    if (status != 0 || argument_flag(arguments, "offline") || !launch_has_desktop() ||
        rms_whoami(*context_out, &account) != RMS_E_NOT_AUTHENTICATED) {
        return status;
    }
    code = rms_login_browser(*context_out, argument_text(arguments, "user"));
    return code < 0 ? output_error(*context_out, NULL, code) : 0;
}

struct rms_context *try_context(struct arguments *arguments)
{
    struct rms_context *context = NULL;

    return make_context(arguments, &context) == 0 ? context : NULL;
}

void close_context(struct rms_context **context)
{
    atomic_store(&running, NULL);
    rms_context_free(context);
}
