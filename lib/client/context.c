#include "client/context.h"

#include <stdarg.h>
#include <stdio.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/text.h"
#include "base/time.h"
#include "client/identity.h"
#include "client/session.h"
#include "client/template.h"
#include "crypto/jwt.h"

#define STRINGIFY2(x) #x
#define STRINGIFY(x)  STRINGIFY2(x)

const char *rms_version(void)
{
    return STRINGIFY(RMS_VERSION_MAJOR) "." STRINGIFY(RMS_VERSION_MINOR) "." STRINGIFY(RMS_VERSION_PATCH);
}

bool rms_handle_is(const void *handle, enum rms_handle kind)
{
    return handle != NULL && *(const enum rms_handle *)handle == kind;
}

/* --- reports --- */

/* Why the thread's last rms_context_new failed: there is no context to keep it. */
static _Thread_local char none_detail[RMS_DETAIL_MAX];

/* Guards the lists of reports of all contexts: a thread that ends takes its report out of one. */
static pthread_mutex_t report_lists = PTHREAD_MUTEX_INITIALIZER;

static void free_report(void *place)
{
    struct rms_report *report = place;

    (void)pthread_mutex_lock(&report_lists);
    *report->place = report->next;
    if (report->next != NULL) {
        report->next->place = report->place;
    }
    (void)pthread_mutex_unlock(&report_lists);
    rms_buf_fini(&report->token);
    rms_buf_fini(&report->supplied);
    rms_buf_fini(&report->account);
    rms_free(report);
}

static void link_report(struct rms_context *context, struct rms_report *report)
{
    (void)pthread_mutex_lock(&report_lists);
    report->next = context->report_list;
    report->place = &context->report_list;
    if (report->next != NULL) {
        report->next->place = &report->next;
    }
    context->report_list = report;
    (void)pthread_mutex_unlock(&report_lists);
}

struct rms_report *rms_report_of(const struct rms_context *context)
{
    /* a thread without memory for a report still needs a place to write to */
    static _Thread_local struct rms_report spare;
    struct rms_report *report = pthread_getspecific(context->reports);

    if (report != NULL) {
        return report;
    }
    report = rms_calloc(1, sizeof *report);
    if (report != NULL && pthread_setspecific(context->reports, report) != 0) {
        rms_free(report);
        report = NULL;
    }
    if (report == NULL) {
        spare = (struct rms_report){0};
        return &spare;
    }
    link_report((struct rms_context *)context, report);
    report->token = RMS_BUF_INIT(RMS_TOKEN_MAX);
    report->supplied = RMS_BUF_INIT(RMS_TOKEN_MAX);
    report->account = RMS_BUF_INIT(RMS_TOKEN_MAX);
    return report;
}

int rms_call_begin(struct rms_context *context)
{
    struct rms_report *report;
    unsigned timeout_ms;

    if (!rms_handle_is(context, RMS_HANDLE_CONTEXT)) {
        return RMS_E_BAD_ARGUMENT;
    }
    report = rms_report_of(context);
    timeout_ms = atomic_load(&context->timeout_ms);
    atomic_store(&context->used, true);
    report->detail[0] = '\0';
    report->correlation[0] = '\0';
    report->referrer[0] = '\0';
    report->service_code[0] = '\0';
    report->service_text[0] = '\0';
    report->deadline_ms = timeout_ms > 0 ? rms_clock_monotonic_ms() + timeout_ms : 0;
    return rms_check_cancelled(context);
}

int rms_fail(const struct rms_context *context, int code, const char *format, ...)
{
    struct rms_report *report = rms_report_of(context);
    va_list args;

    va_start(args, format);
    (void)vsnprintf(report->detail, sizeof report->detail, format, args);
    va_end(args);
    return code;
}

int rms_of_store(const struct rms_context *context, int status)
{
    if (status == RMS_E_STORE_NOT_BOUND) {
        return rms_fail(context, status,
            "the key of the store in %s is in a keyring that is locked or not here",
            context->settings.store_dir);
    }
    return status == 0 || status == RMS_E_NOT_FOUND
               ? status
               : rms_fail(context, status, "the store in %s", context->settings.store_dir);
}

int rms_fail_clock(const struct rms_context *context, int64_t ahead_s)
{
    static const struct {
        int64_t seconds;
        const char *name;
    } units[] = {{RMS_DAY_S, "days"}, {3600, "hours"}, {60, "minutes"}};
    int64_t amount = ahead_s < 0 ? -ahead_s : ahead_s;
    size_t i = 0;

    while (i + 1 < sizeof units / sizeof units[0] && amount < 2 * units[i].seconds) {
        i++;
    }
    return rms_fail(context, RMS_E_CLOCK, "the clock here is %lld %s %s the service's",
        (long long)(amount / units[i].seconds), units[i].name, ahead_s < 0 ? "behind" : "ahead of");
}

void rms_report_save(const struct rms_context *context, struct rms_report_text *text_out)
{
    const struct rms_report *report = rms_report_of(context);

    memcpy(text_out->detail, report->detail, sizeof text_out->detail);
    memcpy(text_out->correlation, report->correlation, sizeof text_out->correlation);
    memcpy(text_out->referrer, report->referrer, sizeof text_out->referrer);
    memcpy(text_out->service_code, report->service_code, sizeof text_out->service_code);
    memcpy(text_out->service_text, report->service_text, sizeof text_out->service_text);
}

void rms_report_restore(const struct rms_context *context, const struct rms_report_text *text)
{
    struct rms_report *report = rms_report_of(context);

    memcpy(report->detail, text->detail, sizeof report->detail);
    memcpy(report->correlation, text->correlation, sizeof report->correlation);
    memcpy(report->referrer, text->referrer, sizeof report->referrer);
    memcpy(report->service_code, text->service_code, sizeof report->service_code);
    memcpy(report->service_text, text->service_text, sizeof report->service_text);
}

const char *rms_last_detail(const struct rms_context *context)
{
    return rms_handle_is(context, RMS_HANDLE_CONTEXT) ? rms_report_of(context)->detail : none_detail;
}

const char *rms_last_correlation_id(const struct rms_context *context)
{
    return rms_handle_is(context, RMS_HANDLE_CONTEXT) ? rms_report_of(context)->correlation : "";
}

const char *rms_last_referrer(const struct rms_context *context)
{
    return rms_handle_is(context, RMS_HANDLE_CONTEXT) ? rms_report_of(context)->referrer : "";
}

static void show(char *out, size_t size, const char *text)
{
    if (text != NULL && rms_text_printable(rms_view_str(text))) {
        (void)snprintf(out, size, "%s", text);
    }
}

void rms_report_service(const struct rms_context *context, const char *code, const char *text)
{
    struct rms_report *report = rms_report_of(context);

    show(report->service_code, sizeof report->service_code, code);
    show(report->service_text, sizeof report->service_text, text);
}

void rms_failure_get(const struct rms_context *context, int code, struct rms_failure *failure_out)
{
    bool known = rms_handle_is(context, RMS_HANDLE_CONTEXT);

    if (failure_out == NULL) {
        return;
    }
    *failure_out = (struct rms_failure){.code = code,
        .category = rms_error_category(code),
        .reason = rms_error_info(code)->reason,
        .detail = rms_last_detail(context),
        .service_text = known ? rms_report_of(context)->service_text : "",
        .correlation_id = rms_last_correlation_id(context),
        .referrer = rms_last_referrer(context)};
    if (code == RMS_E_OTHER && known && rms_report_of(context)->service_code[0] != '\0') {
        failure_out->reason = rms_report_of(context)->service_code;
    }
}

/* --- log, cancellation, arguments --- */

void rms_note(const struct rms_context *context, int level, const char *format, ...)
{
    char line[RMS_DETAIL_MAX];
    va_list args;

    va_start(args, format);
    (void)vsnprintf(line, sizeof line, format, args);
    va_end(args);
    if (context->callbacks.log != NULL) {
        context->callbacks.log(context->callbacks.user_data, level, line);
    } else {
        rms_log((enum rms_log_level)level, "client.note", "text", line, NULL);
    }
}

int rms_check_cancelled(const struct rms_context *context)
{
    if (atomic_load_explicit(&context->cancelled, memory_order_relaxed)) {
        return rms_fail(context, RMS_E_CANCELLED, "cancelled");
    }
    return 0;
}

void rms_context_cancel(struct rms_context *context)
{
    if (rms_handle_is(context, RMS_HANDLE_CONTEXT)) {
        atomic_store(&context->cancelled, true);
    }
}

void rms_context_resume(struct rms_context *context)
{
    if (rms_handle_is(context, RMS_HANDLE_CONTEXT)) {
        atomic_store(&context->cancelled, false);
    }
}

int rms_context_set_timeout(struct rms_context *context, unsigned timeout_ms)
{
    RMS_TRY(rms_call_begin(context));
    if (timeout_ms > RMS_TIMEOUT_MAX_MS) {
        return rms_fail(context, RMS_E_BAD_ARGUMENT, "a timeout is at most a day");
    }
    atomic_store(&context->timeout_ms, timeout_ms);
    return 0;
}

static int open_vault(struct rms_context *context)
{
    bool foreign = false;
    int status = rms_of_store(context, rms_vault_open(&context->settings, &context->vault, &foreign));

    RMS_TRY(status);
    if (foreign) {
        rms_note(context, RMS_LOG_ERROR, "the store was not bound to this device; a new one was made");
    }
    context->was_foreign = foreign;
    /* what has ended is judged when it is used, too: a store that cannot be written is no reason to stop */
    status = rms_vault_purge(context->vault, rms_clock_now(), false, NULL, NULL);
    if (status == RMS_E_STORE_NOT_BOUND) {
        rms_best_effort(rms_of_store(context, status));
        rms_note(context, RMS_LOG_ERROR, "%s", rms_last_detail(context));
    } else if (status != 0) {
        rms_note(context, RMS_LOG_ERROR, "ended entries could not be removed from %s: %s",
            context->settings.store_dir, rms_error_info(status)->text);
    }
    return 0;
}

/* What a server keeps is not for who signs in interactively with the same account (S-143). */
static int use_server_store(struct rms_context *context)
{
    const char *former_dir = context->settings.store_dir;
    struct rms_vault *former = context->vault;
    int status;

    context->settings.store_dir = rms_arena_printf(context->settings.arena, "%s/server", former_dir);
    status = context->settings.store_dir != NULL ? open_vault(context) : RMS_E_NO_MEMORY;
    if (status != 0) {
        context->settings.store_dir = former_dir;
        context->vault = former;
        return status;
    }
    rms_vault_close(&former);
    return 0;
}

int rms_context_set_mode(struct rms_context *context, enum rms_mode mode)
{
    if (!rms_handle_is(context, RMS_HANDLE_CONTEXT) || (mode != RMS_MODE_CLIENT && mode != RMS_MODE_SERVER)) {
        return RMS_E_BAD_ARGUMENT;
    }
    if (atomic_exchange(&context->used, true)) {
        return rms_fail(context, RMS_E_BAD_ARGUMENT, "the mode is chosen before the first call");
    }
    if (mode == RMS_MODE_SERVER) {
        RMS_TRY(use_server_store(context));
    }
    context->mode = mode;
    return 0;
}

int rms_check_text(const struct rms_context *context, const char *name, const char *text, bool optional)
{
    if (text == NULL) {
        return optional ? 0 : rms_fail(context, RMS_E_BAD_ARGUMENT, "%s is missing", name);
    }
    if (strnlen(text, RMS_TEXT_MAX + 1) > RMS_TEXT_MAX) {
        return rms_fail(context, RMS_E_BAD_ARGUMENT, "%s is too long", name);
    }
    if (!rms_text_printable(rms_view_str(text))) {
        return rms_fail(context, RMS_E_BAD_ARGUMENT, "%s is not UTF-8 text without control characters", name);
    }
    return 0;
}

/* --- making and ending --- */

static int check_options(const struct rms_options *options)
{
    const char *const texts[] = {
        options->url, options->user, options->application, options->application_version};

    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        if (texts[i] != NULL && (strnlen(texts[i], RMS_TEXT_MAX + 1) > RMS_TEXT_MAX ||
                                    !rms_text_printable(rms_view_str(texts[i])))) {
            return RMS_E_BAD_ARGUMENT;
        }
    }
    if (options->store != RMS_STORE_DISK_ENCRYPTED && options->store != RMS_STORE_MEMORY) {
        return RMS_E_BAD_ARGUMENT;
    }
    return options->url == NULL || strncasecmp(options->url, "https://", 8) == 0 ? 0 : RMS_E_BAD_ARGUMENT;
}

static int set_up(struct rms_context *context, const struct rms_options *options)
{
    const char *detail = NULL;
    int status = rms_settings_load(options, &context->settings, &detail);

    if (status != 0) {
        rms_log(RMS_LOG_ERROR, "client.settings", "detail", detail, NULL);
        return rms_fail(context, status, "%s", detail != NULL ? detail : "");
    }
    if (context->settings.ignored != NULL) {
        rms_note(context, RMS_LOG_ERROR, "rms.conf: %s is out of range: the default counts",
            context->settings.ignored);
    }
    RMS_TRY(rms_http_new(&context->http));
    return open_vault(context);
}

static void init_recursive(pthread_mutex_t *mutex)
{
    pthread_mutexattr_t attributes;

    (void)pthread_mutexattr_init(&attributes);
    (void)pthread_mutexattr_settype(&attributes, PTHREAD_MUTEX_RECURSIVE);
    (void)pthread_mutex_init(mutex, &attributes);
    (void)pthread_mutexattr_destroy(&attributes);
}

int rms_context_new(const struct rms_options *options, struct rms_context **context_out)
{
    struct rms_context *context;
    int status;

    if (context_out == NULL) {
        return RMS_E_BAD_ARGUMENT;
    }
    *context_out = NULL;
    none_detail[0] = '\0';
    if (options != NULL) {
        if (options->size < offsetof(struct rms_options, callbacks)) {
            return RMS_E_BAD_ARGUMENT;
        }
        RMS_TRY(check_options(options));
    }
    context = rms_calloc(1, sizeof *context);
    if (context == NULL) {
        return RMS_E_NO_MEMORY;
    }
    if (pthread_key_create(&context->reports, free_report) != 0) {
        rms_free(context);
        return RMS_E_LIMIT;
    }
    context->handle = RMS_HANDLE_CONTEXT;
    (void)pthread_mutex_init(&context->lock, NULL);
    (void)pthread_mutex_init(&context->telling, NULL);
    init_recursive(&context->prepare);
    context->server_token = RMS_BUF_INIT(RMS_TOKEN_MAX);
    if (options != NULL && options->size >= offsetof(struct rms_options, on_behalf)) {
        context->callbacks = options->callbacks;
    }
    status = set_up(context, options);
    if (status != 0) {
        memcpy(none_detail, rms_last_detail(context), sizeof none_detail);
        rms_context_free(&context);
        return status;
    }
    *context_out = context;
    return 0;
}

void rms_context_free(struct rms_context **context)
{
    struct rms_context *gone = context != NULL ? *context : NULL;

    if (!rms_handle_is(gone, RMS_HANDLE_CONTEXT)) {
        return;
    }
    *context = NULL;
    gone->handle = 0;
    rms_template_list_free(&gone->templates);
    rms_session_free(&gone->session);
    rms_identity_unref(&gone->identity);
    rms_http_free(&gone->http);
    rms_vault_close(&gone->vault);
    rms_buf_fini(&gone->server_token);
    rms_settings_fini(&gone->settings);
    (void)pthread_mutex_destroy(&gone->lock);
    (void)pthread_mutex_destroy(&gone->telling);
    (void)pthread_mutex_destroy(&gone->prepare);
    (void)pthread_key_delete(gone->reports);
    while (gone->report_list != NULL) {
        free_report(gone->report_list);
    }
    rms_free(gone);
}
