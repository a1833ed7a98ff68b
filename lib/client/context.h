/* What a context holds, and how a call reports. Internal to librms. */
#ifndef RMS_CLIENT_CONTEXT_H
#define RMS_CLIENT_CONTEXT_H

#include <pthread.h>
#include <stdatomic.h>

#include <openrms/openrms.h>

#include "base/bytes.h"
#include "client/http.h"
#include "client/settings.h"
#include "client/vault.h"

struct rms_identity;
struct rms_session;
struct rms_template_list;

/* What a handle begins with, so that one of another sort is a bad argument and no crash (S-291). */
enum rms_handle {
    RMS_HANDLE_CONTEXT = 0x524d5301,
    RMS_HANDLE_POLICY,
    RMS_HANDLE_DOCUMENT,
    RMS_HANDLE_PROTECTOR,
    RMS_HANDLE_MAIL,
};

/* handle: of any sort, or NULL. */
bool rms_handle_is(const void *handle, enum rms_handle kind);

struct rms_context {
    enum rms_handle handle;
    struct rms_settings settings;
    struct rms_callbacks callbacks;
    struct rms_vault *vault;
    struct rms_http *http;
    atomic_bool cancelled;
    atomic_bool used;       /* some call was made: the mode is fixed */
    atomic_uint timeout_ms; /* of a call; 0: none of its own */
    enum rms_mode mode;
    bool was_foreign;      /* the store found here belonged to another device */
    pthread_key_t reports; /* struct rms_report of each thread */
    struct rms_report *report_list;
    pthread_mutex_t lock; /* guards everything below */
    struct rms_identity *identity;
    struct rms_session *session;
    struct rms_template_list *templates;
    struct rms_buf server_token; /* of rms_token_set in a server */
    atomic_bool tracking_failed; /* the service could not be told of a document: not tried again */
    pthread_mutex_t telling;     /* one thread at a time tells of refusals (refusal.c) */
    atomic_bool refusals_told;   /* nothing is kept that the service should hear of, or not now */
    _Atomic int64_t renew_after; /* when renewing certificates may be tried again */
    _Atomic int64_t clock_ahead; /* seconds before the service's clock, as its last answer showed */
    pthread_mutex_t
        prepare; /* recursive: one thread at a time connects, refreshes tokens, prepares the device */
};

#define RMS_DETAIL_MAX       512
#define RMS_SERVICE_CODE_MAX 128

/* What the calling thread's last call left to ask for. */
struct rms_report {
    struct rms_report *next, **place; /* all of a context, so that its end frees those of every thread */
    char detail[RMS_DETAIL_MAX];
    char correlation[RMS_GUID_TEXT];
    char referrer[RMS_DETAIL_MAX];
    char service_code[RMS_SERVICE_CODE_MAX]; /* of RMS_E_OTHER: the service's word */
    char service_text[RMS_DETAIL_MAX];
    int64_t deadline_ms;     /* of the call, by the monotonic clock; 0: none */
    bool asking;             /* the token callback runs in this thread */
    struct rms_buf token;    /* of rms_access_token */
    struct rms_buf supplied; /* by rms_token_set */
    struct rms_buf account;  /* strings of rms_whoami */
};

/* The calling thread's report; never NULL (out of memory: a shared one that keeps nothing readable). */
struct rms_report *rms_report_of(const struct rms_context *context);

/* Every public call starts here: clears the thread's report; RMS_E_CANCELLED after rms_context_cancel,
 * RMS_E_BAD_ARGUMENT without a context. */
RMS_MUST_USE int rms_call_begin(struct rms_context *context);

/* Sets the thread's detail and returns code, so that a failure is one line. */
int rms_fail(const struct rms_context *context, int code, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* What a call of the vault returned, with the store's directory as detail when it failed. */
RMS_MUST_USE int rms_of_store(const struct rms_context *context, int status);

#define RMS_CLOCK_SKEW_S (5 * 60) /* less is nothing to talk about */

/* RMS_E_CLOCK with the difference as detail. */
int rms_fail_clock(const struct rms_context *context, int64_t ahead_s);

/* What the service said, for the thread's failure; either may be NULL. Kept only when it can be shown. */
void rms_report_service(const struct rms_context *context, const char *code, const char *text);

/* The callback, unless the context is a server's: those are never asked anything. */
#define RMS_ASKED(context, name) ((context)->mode == RMS_MODE_SERVER ? NULL : (context)->callbacks.name)

/* RMS_E_CANCELLED or 0: asked by everything that takes long. */
RMS_MUST_USE int rms_check_cancelled(const struct rms_context *context);

/* One line to the application's log callback, or to the process's log. level: enum rms_log_level. */
void rms_note(const struct rms_context *context, int level, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* Copies a report from one thread's to another's: work done by helpers is reported by the caller's thread. */
struct rms_report_text {
    char detail[RMS_DETAIL_MAX];
    char correlation[RMS_GUID_TEXT];
    char referrer[RMS_DETAIL_MAX];
    char service_code[RMS_SERVICE_CODE_MAX];
    char service_text[RMS_DETAIL_MAX];
};
void rms_report_save(const struct rms_context *context, struct rms_report_text *text_out);
void rms_report_restore(const struct rms_context *context, const struct rms_report_text *text);

#define RMS_TEXT_MAX 65536 /* of any one argument: more is no name, address or path */

/* UTF-8 without control characters, as public calls demand of every string (C-097). NULL is fine when
 * optional. */
RMS_MUST_USE int rms_check_text(
    const struct rms_context *context, const char *name, const char *text, bool optional);

#endif
