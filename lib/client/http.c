#include "client/http.h"

#include <curl/curl.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "base/clock.h"
#include "base/mem.h"
#include "base/text.h"
#include "base/time.h"
#include "client/context.h"
#include "crypto/random.h"

#define HANDLES_MAX     8
#define CONNECT_MS      10000L
#define TOTAL_MS        120000L
#define BRIEF_CONNECT   3000L
#define BRIEF_TOTAL     10000L
#define BACKOFF_FIRST   1000
#define BACKOFF_CAP     60000
#define WAIT_STEP_MS    50
#define POLL_MS         100
#define CORRELATION     "x-ms-rms-request-id"
#define PLATFORM_FORMAT "AppName=%s;AppVersion=%s;DevicePlatform=Linux;SDKVersion=%s;"

/* One exchange at a time, driven by ourselves: libcurl alone looks only once a second whether it shall stop
 * (S-292). The connections belong to the multi handle. */
struct wire {
    CURL *easy;
    CURLM *multi;
};

/* Idle wires keep their connections; one is in use by one thread at a time. */
struct rms_http {
    pthread_mutex_t lock;
    struct wire idle[HANDLES_MAX];
    size_t idle_count;
};

/* What the callbacks of one exchange share. */
struct exchange {
    struct rms_context *context;
    struct rms_http_reply *reply;
    char error[CURL_ERROR_SIZE]; /* libcurl's own words */
};

static pthread_once_t prepared = PTHREAD_ONCE_INIT;

static void prepare(void)
{
    (void)curl_global_init(CURL_GLOBAL_DEFAULT);
}

int rms_http_new(struct rms_http **http_out)
{
    *http_out = rms_calloc(1, sizeof **http_out);
    if (*http_out == NULL) {
        return RMS_E_NO_MEMORY;
    }
    (void)pthread_mutex_init(&(*http_out)->lock, NULL);
    return 0;
}

static void end_wire(struct wire *wire)
{
    if (wire->easy != NULL) {
        curl_easy_cleanup(wire->easy);
    }
    if (wire->multi != NULL) {
        (void)curl_multi_cleanup(wire->multi);
    }
    *wire = (struct wire){NULL, NULL};
}

void rms_http_free(struct rms_http **http)
{
    if (*http == NULL) {
        return;
    }
    for (size_t i = 0; i < (*http)->idle_count; i++) {
        end_wire(&(*http)->idle[i]);
    }
    (void)pthread_mutex_destroy(&(*http)->lock);
    rms_free(*http);
    *http = NULL;
}

static int take_wire(struct rms_http *http, struct wire *wire_out)
{
    *wire_out = (struct wire){NULL, NULL};
    (void)pthread_once(&prepared, prepare);
    (void)pthread_mutex_lock(&http->lock);
    if (http->idle_count > 0) {
        *wire_out = http->idle[--http->idle_count];
    }
    (void)pthread_mutex_unlock(&http->lock);
    if (wire_out->easy == NULL) {
        *wire_out = (struct wire){curl_easy_init(), curl_multi_init()};
    }
    if (wire_out->easy == NULL || wire_out->multi == NULL) {
        end_wire(wire_out);
        return RMS_E_NO_MEMORY;
    }
    return 0;
}

static void give_wire(struct rms_http *http, struct wire *wire)
{
    curl_easy_reset(wire->easy);
    (void)pthread_mutex_lock(&http->lock);
    if (http->idle_count < HANDLES_MAX) {
        http->idle[http->idle_count++] = *wire;
        *wire = (struct wire){NULL, NULL};
    }
    (void)pthread_mutex_unlock(&http->lock);
    end_wire(wire);
}

void rms_http_reply_fini(struct rms_http_reply *reply)
{
    rms_buf_fini(&reply->body);
}

static void init_reply(struct rms_http_reply *reply)
{
    *reply = (struct rms_http_reply){
        .body = RMS_BUF_INIT(RMS_HTTP_REPLY_MAX), .date = RMS_TIME_NONE, .retry_after_s = -1};
}

static size_t on_body(char *data, size_t size, size_t count, void *user)
{
    struct exchange *exchange = user;

    rms_buf_append(&exchange->reply->body, data, size * count);
    return exchange->reply->body.failed ? 0 : size * count;
}

static void copy_value(char *out, size_t out_size, const char *value, size_t len)
{
    while (len > 0 && (value[len - 1] == '\r' || value[len - 1] == '\n' || value[len - 1] == ' ')) {
        len--;
    }
    if (len < out_size) {
        memcpy(out, value, len);
        out[len] = '\0';
    }
}

/* The few headers we read. A repeated WWW-Authenticate counts only when it is a bearer challenge. */
static void take_header(struct rms_http_reply *reply, const char *name, const char *value, size_t len)
{
    char text[128] = "";

    if (rms_text_equal_nocase(name, "www-authenticate")) {
        if (len >= 7 && strncasecmp(value, "Bearer ", 7) == 0) {
            copy_value(reply->challenge, sizeof reply->challenge, value, len);
        }
        return;
    }
    copy_value(text, sizeof text, value, len);
    if (rms_text_equal_nocase(name, CORRELATION)) {
        if (rms_guid_parse(rms_view_str(text), reply->correlation) != 0) {
            reply->correlation[0] = '\0';
        }
    } else if (rms_text_equal_nocase(name, "date")) {
        time_t date = curl_getdate(text, NULL);

        reply->date = date > 0 ? (int64_t)date : RMS_TIME_NONE;
    } else if (rms_text_equal_nocase(name, "retry-after")) {
        char *end;
        long seconds = strtol(text, &end, 10);

        reply->retry_after_s = end != text && *end == '\0' && seconds >= 0 ? seconds : -1;
    }
}

static size_t on_header(char *data, size_t size, size_t count, void *user)
{
    struct exchange *exchange = user;
    size_t len = size * count;
    const char *colon = memchr(data, ':', len);
    char name[64];

    if (colon != NULL && (size_t)(colon - data) < sizeof name) {
        const char *value = colon + 1;

        memcpy(name, data, (size_t)(colon - data));
        name[colon - data] = '\0';
        while (value < data + len && (*value == ' ' || *value == '\t')) {
            value++;
        }
        take_header(exchange->reply, name, value, (size_t)(data + len - value));
    }
    return len;
}

/* --- one exchange --- */

static bool add_header(struct curl_slist **list, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
static bool add_header(struct curl_slist **list, const char *format, ...)
{
    struct rms_buf RMS_BUF_CLEANUP line = RMS_BUF_INIT(80u * 1024);
    struct curl_slist *longer = NULL;
    char *place = (char *)rms_buf_reserve(&line, 80u * 1024 - 1);
    va_list args;
    int len;

    if (place == NULL) {
        return false;
    }
    va_start(args, format);
    len = vsnprintf(place, 80u * 1024 - 1, format, args);
    va_end(args);
    if (len > 0 && len < 80 * 1024 - 1) {
        rms_buf_commit(&line, (size_t)len);
        longer = curl_slist_append(*list, place);
    }
    if (longer != NULL) {
        *list = longer;
    }
    return longer != NULL;
}

/* rest-protocol section 6: probes carry neither request id nor platform id. */
static struct curl_slist *make_headers(
    const struct rms_context *context, const struct rms_http_request *request, const char *correlation)
{
    const struct rms_settings *settings = &context->settings;
    const char *name = settings->application != NULL ? settings->application : "librms";
    const char *version =
        settings->application_version != NULL ? settings->application_version : rms_version();
    struct curl_slist *list = NULL;
    bool fine = add_header(&list, "Accept: application/json") && add_header(&list, "Expect:");

    if (request->content_type != NULL) {
        fine = fine && add_header(&list, "Content-Type: %s", request->content_type);
    }
    if (request->language != NULL) {
        fine = fine && add_header(&list, "Accept-Language: %s", request->language);
    }
    if (request->slc_key != NULL && request->service_url != NULL) {
        fine = fine && add_header(&list, "x-ms-rms-slc-key: %s", request->slc_key) &&
               add_header(&list, "x-ms-rms-service-url: %s", request->service_url);
    }
    if (request->token != NULL) {
        fine = fine && add_header(&list, "Authorization: Bearer %s", request->token) &&
               add_header(&list, CORRELATION ": %s", correlation) &&
               add_header(&list, "x-ms-rms-platform-id: " PLATFORM_FORMAT, name, version, rms_version());
    }
    if (request->on_behalf != NULL) {
        fine = fine && add_header(&list, "X-RMS-On-Behalf: %s", request->on_behalf);
    }
    if (!fine) {
        curl_slist_free_all(list);
        list = NULL;
    }
    return list;
}

static long lesser(int64_t a, long b)
{
    return a < b ? (long)a : b;
}

/* Of the call's own time, in ms; at least one, which libcurl does not take for "for ever". */
static int64_t time_left(const struct rms_context *context)
{
    int64_t deadline = rms_report_of(context)->deadline_ms;
    int64_t left = deadline == 0 ? INT64_MAX : deadline - rms_clock_monotonic_ms();

    return left > 0 ? left : 1;
}

static CURLcode set_options(CURL *curl, const struct rms_context *context,
    const struct rms_http_request *request, struct exchange *exchange)
{
    const struct rms_settings *settings = &context->settings;
    CURLcode code = CURLE_OK;

#define SET(option, value) (code = code != CURLE_OK ? code : curl_easy_setopt(curl, option, value))
    SET(CURLOPT_URL, request->url);
    SET(CURLOPT_PROTOCOLS_STR, request->directory ? "ldap,ldaps" : "https");
    SET(CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
    SET(CURLOPT_FOLLOWLOCATION, 0L);
    SET(CURLOPT_NOSIGNAL, 1L);
    SET(CURLOPT_CONNECTTIMEOUT_MS, lesser(time_left(context), request->brief ? BRIEF_CONNECT : CONNECT_MS));
    SET(CURLOPT_TIMEOUT_MS, lesser(time_left(context), request->brief ? BRIEF_TOTAL : TOTAL_MS));
    SET(CURLOPT_WRITEFUNCTION, on_body);
    SET(CURLOPT_WRITEDATA, exchange);
    SET(CURLOPT_HEADERFUNCTION, on_header);
    SET(CURLOPT_HEADERDATA, exchange);
    SET(CURLOPT_QUICK_EXIT, 1L); /* who cancels does not wait for the name server either */
    SET(CURLOPT_ERRORBUFFER, exchange->error);
    SET(CURLOPT_USERAGENT, "librms");
    if (settings->ca_file != NULL) {
        SET(CURLOPT_CAINFO, settings->ca_file);
    }
    if (settings->proxy != NULL || request->directory) {
        SET(CURLOPT_PROXY, request->directory ? "" : settings->proxy);
    }
    if (request->content_type != NULL) {
        SET(CURLOPT_POST, 1L);
        SET(CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)request->body.len);
        SET(CURLOPT_POSTFIELDS, request->body.len > 0 ? (const char *)request->body.data : "");
    }
#undef SET
    return code;
}

/* What went wrong below HTTP, as one of our outcomes with a sentence. Why a certificate is not trusted is
 * left to libcurl to say: it may be the clock, the name or the authority. */
static int explain(const struct exchange *exchange, CURL *curl, CURLcode code, const char *url)
{
    struct rms_context *context = exchange->context;
    static const struct {
        CURLcode curl;
        int code;
        const char *text;
    } rows[] = {
        {CURLE_COULDNT_RESOLVE_HOST, RMS_E_UNREACHABLE, "the host name is not known"},
        {CURLE_COULDNT_RESOLVE_PROXY, RMS_E_UNREACHABLE, "the proxy's name is not known"},
        {CURLE_COULDNT_CONNECT, RMS_E_UNREACHABLE, "no connection"},
        {CURLE_OPERATION_TIMEDOUT, RMS_E_UNREACHABLE, "no answer in time"},
        {CURLE_PEER_FAILED_VERIFICATION, RMS_E_TLS, "the server's certificate is not trusted"},
        {CURLE_SSL_CACERT_BADFILE, RMS_E_TLS, "the file of certification authorities cannot be read"},
        {CURLE_SSL_CONNECT_ERROR, RMS_E_TLS, "no common TLS version or cipher, or no TLS at all"},
        {CURLE_SSL_ISSUER_ERROR, RMS_E_TLS, "the server's certificate is not trusted"},
        {CURLE_UNSUPPORTED_PROTOCOL, RMS_E_BAD_ARGUMENT, "only https is spoken"},
        {CURLE_URL_MALFORMAT, RMS_E_BAD_ARGUMENT, "not a URL"},
        {CURLE_OUT_OF_MEMORY, RMS_E_NO_MEMORY, "out of memory"},
        {CURLE_WRITE_ERROR, RMS_E_LIMIT, "the answer is too long"},
    };
    long proxy_status = 0;

    if (code == CURLE_ABORTED_BY_CALLBACK) {
        return rms_fail(context, RMS_E_CANCELLED, "cancelled");
    }
    (void)curl_easy_getinfo(curl, CURLINFO_HTTP_CONNECTCODE, &proxy_status);
    if (proxy_status == 407) {
        return rms_fail(context, RMS_E_UNREACHABLE,
            "%s: proxy authentication unsupported; exempt this host from the proxy", url);
    }
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        if (rows[i].curl == code) {
            bool more = code == CURLE_PEER_FAILED_VERIFICATION && exchange->error[0] != '\0';

            return rms_fail(context, rows[i].code, "%s: %s%s%s", url, rows[i].text, more ? ": " : "",
                more ? exchange->error : "");
        }
    }
    return rms_fail(context, RMS_E_UNREACHABLE, "%s: %s", url, curl_easy_strerror(code));
}

/* What became of the one transfer of a multi handle that has nothing running any more. */
static CURLcode outcome_of(CURLM *multi)
{
    int left;
    const CURLMsg *message = curl_multi_info_read(multi, &left);

    return message != NULL && message->msg == CURLMSG_DONE ? message->data.result : CURLE_FAILED_INIT;
}

static CURLcode perform(const struct rms_context *context, const struct wire *wire)
{
    CURLcode code = CURLE_OK;
    int running = 1;

    if (curl_multi_add_handle(wire->multi, wire->easy) != CURLM_OK) {
        return CURLE_OUT_OF_MEMORY;
    }
    while (running > 0 && code == CURLE_OK) {
        if (rms_check_cancelled(context) != 0) {
            code = CURLE_ABORTED_BY_CALLBACK;
        } else if (curl_multi_perform(wire->multi, &running) != CURLM_OK ||
                   (running > 0 && curl_multi_poll(wire->multi, NULL, 0, POLL_MS, NULL) != CURLM_OK)) {
            code = CURLE_OUT_OF_MEMORY;
        }
    }
    code = code == CURLE_OK ? outcome_of(wire->multi) : code;
    (void)curl_multi_remove_handle(wire->multi, wire->easy);
    return code;
}

static int exchange_once(struct rms_context *context, const struct wire *wire,
    const struct rms_http_request *request, struct rms_http_reply *reply)
{
    CURL *curl = wire->easy;
    struct exchange exchange = {.context = context, .reply = reply};
    struct rms_report *report = rms_report_of(context);
    char correlation[RMS_GUID_TEXT];
    struct curl_slist *headers;
    CURLcode code;

    rms_http_reply_fini(reply);
    init_reply(reply);
    rms_guid_new(correlation);
    headers = make_headers(context, request, correlation);
    if (headers == NULL) {
        return RMS_E_NO_MEMORY;
    }
    code = set_options(curl, context, request, &exchange);
    if (code == CURLE_OK) {
        code = curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers);
    }
    if (code == CURLE_OK) {
        code = perform(context, wire);
    }
    curl_slist_free_all(headers);
    (void)curl_easy_setopt(curl, CURLOPT_ERRORBUFFER, NULL);
    if (code != CURLE_OK) {
        return explain(&exchange, curl, code, request->url);
    }
    (void)curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &reply->status);
    if (request->token != NULL) {
        memcpy(report->correlation, reply->correlation[0] != '\0' ? reply->correlation : correlation,
            sizeof correlation);
    }
    return 0;
}

/* --- throttling (C-021) --- */

static int wait_ms(struct rms_context *context, int64_t ms)
{
    int64_t end = rms_clock_monotonic_ms() + ms;

    while (rms_clock_monotonic_ms() < end) {
        const struct timespec step = {0, WAIT_STEP_MS * 1000000L};

        RMS_TRY(rms_check_cancelled(context));
        (void)nanosleep(&step, NULL);
    }
    return 0;
}

/* The server's word, else doubling with jitter: between half and all of the step. */
static int64_t pause_for(const struct rms_http_reply *reply, unsigned attempt)
{
    int64_t step = BACKOFF_FIRST << (attempt < 6 ? attempt : 6);
    uint16_t jitter;

    if (reply->retry_after_s >= 0) {
        return reply->retry_after_s * 1000;
    }
    step = step < BACKOFF_CAP ? step : BACKOFF_CAP;
    rms_random(&jitter, sizeof jitter);
    return step / 2 + step / 2 * jitter / UINT16_MAX;
}

static bool throttled(const struct rms_http_reply *reply)
{
    return reply->status == 429 || (reply->status == 503 && reply->retry_after_s >= 0);
}

static int exchange_patiently(struct rms_context *context, const struct wire *wire,
    const struct rms_http_request *request, struct rms_http_reply *reply)
{
    int64_t left = request->brief ? 0 : context->settings.retry_seconds * 1000;

    for (unsigned attempt = 0;; attempt++) {
        int64_t pause;

        RMS_TRY(exchange_once(context, wire, request, reply));
        if (!throttled(reply)) {
            return 0;
        }
        pause = pause_for(reply, attempt);
        if (pause > left || pause >= time_left(context)) {
            return rms_fail(context, RMS_E_THROTTLED, "%s asks for a pause of %lld s", request->url,
                (long long)(pause + 999) / 1000);
        }
        left -= pause > WAIT_STEP_MS ? pause : WAIT_STEP_MS;
        RMS_TRY(wait_ms(context, pause));
    }
}

int rms_http_call(
    struct rms_context *context, const struct rms_http_request *request, struct rms_http_reply *reply_out)
{
    struct wire wire;
    int status;

    init_reply(reply_out);
    RMS_TRY(rms_check_cancelled(context));
    if (context->settings.offline) {
        return rms_fail(context, RMS_E_NEEDS_ONLINE, "the service is needed and this is an offline context");
    }
    if (!request->directory && strncasecmp(request->url, "https://", 8) != 0) {
        return rms_fail(context, RMS_E_BAD_ARGUMENT, "%s: only https is spoken", request->url);
    }
    RMS_TRY(take_wire(context->http, &wire));
    status = exchange_patiently(context, &wire, request, reply_out);
    give_wire(context->http, &wire);
    if (reply_out->date != RMS_TIME_NONE) {
        atomic_store(&context->clock_ahead, rms_clock_now() - reply_out->date);
    }
    return status;
}

void rms_http_encode(struct rms_buf *out, const char *text)
{
    static const char hex[] = "0123456789ABCDEF";

    for (const unsigned char *at = (const unsigned char *)text; *at != '\0'; at++) {
        bool plain = (*at >= 'a' && *at <= 'z') || (*at >= 'A' && *at <= 'Z') || (*at >= '0' && *at <= '9') ||
                     strchr("-._~", *at) != NULL;

        if (plain) {
            rms_buf_append_byte(out, *at);
        } else {
            rms_buf_append_byte(out, '%');
            rms_buf_append_byte(out, (uint8_t)hex[*at >> 4]);
            rms_buf_append_byte(out, (uint8_t)hex[*at & 15]);
        }
    }
}

int rms_http_origin(const char *url, struct rms_buf *out)
{
    const char *host = url + 8;
    size_t len;

    if (strncasecmp(url, "https://", 8) != 0) {
        return RMS_E_BAD_ARGUMENT;
    }
    len = strcspn(host, "/?#");
    if (len == 0 || memchr(host, '@', len) != NULL || !rms_text_printable(rms_view_str(url))) {
        return RMS_E_BAD_ARGUMENT;
    }
    rms_buf_append_str(out, "https://");
    for (size_t i = 0; i < len; i++) {
        rms_buf_append_byte(out, (uint8_t)(host[i] >= 'A' && host[i] <= 'Z' ? host[i] + 32 : host[i]));
    }
    /* the default port is the same origin */
    if (out->len > 4 && len > 4 && memcmp(out->data + out->len - 4, ":443", 4) == 0) {
        rms_buf_truncate(out, out->len - 4);
    }
    return rms_buf_status(out);
}
