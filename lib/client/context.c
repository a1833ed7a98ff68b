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

    if (context == NULL) {
        return RMS_E_BAD_ARGUMENT;
    }
    report = rms_report_of(context);
    report->detail[0] = '\0';
    report->correlation[0] = '\0';
    report->referrer[0] = '\0';
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
}

void rms_report_restore(const struct rms_context *context, const struct rms_report_text *text)
{
    struct rms_report *report = rms_report_of(context);

    memcpy(report->detail, text->detail, sizeof report->detail);
    memcpy(report->correlation, text->correlation, sizeof report->correlation);
    memcpy(report->referrer, text->referrer, sizeof report->referrer);
}

const char *rms_last_detail(const struct rms_context *context)
{
    return context != NULL ? rms_report_of(context)->detail : none_detail;
}

const char *rms_last_correlation_id(const struct rms_context *context)
{
    return context != NULL ? rms_report_of(context)->correlation : "";
}

const char *rms_last_referrer(const struct rms_context *context)
{
    return context != NULL ? rms_report_of(context)->referrer : "";
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
    atomic_store(&context->cancelled, true);
}

void rms_context_resume(struct rms_context *context)
{
    atomic_store(&context->cancelled, false);
}

int rms_check_text(const struct rms_context *context, const char *name, const char *text, bool optional)
{
    if (text == NULL) {
        return optional ? 0 : rms_fail(context, RMS_E_BAD_ARGUMENT, "%s is missing", name);
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
        if (texts[i] != NULL && !rms_text_printable(rms_view_str(texts[i]))) {
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
    bool foreign = false;
    int status = rms_settings_load(options, &context->settings, &detail);

    if (status != 0) {
        rms_log(RMS_LOG_ERROR, "client.settings", "detail", detail, NULL);
        return rms_fail(context, status, "%s", detail != NULL ? detail : "");
    }
    RMS_TRY(rms_http_new(&context->http));
    RMS_TRY(rms_of_store(context, rms_vault_open(&context->settings, &context->vault, &foreign)));
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
    (void)pthread_mutex_init(&context->lock, NULL);
    init_recursive(&context->prepare);
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
    struct rms_context *gone = *context;

    if (gone == NULL) {
        return;
    }
    *context = NULL;
    rms_template_list_free(&gone->templates);
    rms_session_free(&gone->session);
    rms_identity_unref(&gone->identity);
    rms_http_free(&gone->http);
    rms_vault_close(&gone->vault);
    rms_settings_fini(&gone->settings);
    (void)pthread_mutex_destroy(&gone->lock);
    (void)pthread_mutex_destroy(&gone->prepare);
    (void)pthread_key_delete(gone->reports);
    while (gone->report_list != NULL) {
        free_report(gone->report_list);
    }
    rms_free(gone);
}
