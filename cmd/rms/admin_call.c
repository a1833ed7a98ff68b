/* Calls on the administration socket, and what is shown of the reply. */
#include "cmd/rms/admin_way.h"

#include <curl/curl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/json.h"

#define REPLY_MAX    (1u << 30)
#define BODY_MAX     (8u << 20)
#define URL_MAX      16384
#define LOCAL        "http://rmsd" /* until the way is known */
#define TIMEOUT_S    120L
#define HTTP_OK      200
#define HTTP_MISSING 404

/* --- addresses -------------------------------------------------------------------------------------------
 */

void admin_escape(struct rms_buf *out, const char *text)
{
    static const char plain[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~";

    for (; *text != 0; text++) {
        if (strchr(plain, *text) != NULL) {
            rms_buf_append_byte(out, (uint8_t)*text);
        } else {
            rms_buf_printf(out, "%%%02X", (unsigned)(uint8_t)*text);
        }
    }
}

int admin_url(const struct arguments *arguments, const char *path, const json_t *query, struct rms_buf *url)
{
    const char *tenant = argument_text(arguments, "tenant");
    size_t count;
    const char *const *operands = argument_operands(arguments, &count);
    const char *name;
    json_t *value;
    char separator = '?';

    rms_buf_append_str(url, LOCAL);
    for (const char *p = path; *p != 0; p++) {
        size_t i = p[0] == '{' ? (size_t)(p[1] - '0') : 0;

        if (p[0] != '{') {
            rms_buf_append_byte(url, (uint8_t)*p);
            continue;
        }
        /* "-" stands for the only tenant */
        admin_escape(url, p[1] == 'T' ? tenant != NULL ? tenant : "-" : i < count ? operands[i] : "-");
        p += 2;
    }
    json_object_foreach((json_t *)query, name, value)
    {
        rms_buf_printf(url, "%c%s=", separator, name);
        admin_escape(url, json_is_string(value) ? json_string_value(value) : "true"); /* a flag */
        separator = '&';
    }
    return rms_buf_status(url);
}

/* --what-if: the service does everything, shows it, and undoes it. */
static bool is_rehearsal(const struct arguments *arguments, const struct admin_exchange *exchange)
{
    return exchange->what_if || (argument_flag(arguments, "what-if") && strcmp(exchange->method, "GET") != 0);
}

static int exchange_url(
    const struct arguments *arguments, const struct admin_exchange *exchange, struct rms_buf *url)
{
    RMS_TRY(admin_url(arguments, exchange->path, exchange->query, url));
    if (is_rehearsal(arguments, exchange)) {
        rms_buf_printf(url, "%cwhat-if=true", strchr(rms_buf_text(url), '?') != NULL ? '&' : '?');
    }
    return rms_buf_status(url);
}

/* --- the call --------------------------------------------------------------------------------------------
 */

static size_t collect(char *data, size_t size, size_t count, void *reply)
{
    rms_buf_append(reply, data, size * count);
    return rms_buf_status(reply) == 0 ? size * count : 0;
}

static void set_way(CURL *curl, const struct admin_way *way)
{
    curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
    if (way->socket != NULL) {
        curl_easy_setopt(curl, CURLOPT_UNIX_SOCKET_PATH, way->socket);
        curl_easy_setopt(curl, CURLOPT_PROXY, "");
        return;
    }
    curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "https");
    if (way->ca.len > 0) {
        curl_easy_setopt(curl, CURLOPT_CAINFO, rms_buf_text(&way->ca));
    }
}

static int set_url(CURL *curl, const struct admin_way *way, const char *url)
{
    struct rms_buf RMS_BUF_CLEANUP text = RMS_BUF_INIT(URL_MAX);

    rms_buf_append_str(&text, way->socket != NULL ? LOCAL : rms_buf_text(&way->base));
    rms_buf_append_str(&text, url + strlen(LOCAL));
    curl_easy_setopt(curl, CURLOPT_URL, rms_buf_text(&text)); /* copied */
    return rms_buf_status(&text);
}

static int send_request(CURL *curl, const struct admin_request *request, const struct rms_buf *body)
{
    CURLcode done;

    curl_easy_setopt(curl, CURLOPT_CUSTOMREQUEST, request->method);
    curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, collect);
    curl_easy_setopt(curl, CURLOPT_TIMEOUT, TIMEOUT_S);
    if (request->body != NULL) {
        curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE, (long)body->len);
        curl_easy_setopt(curl, CURLOPT_POSTFIELDS, rms_buf_text(body));
    }
    done = curl_easy_perform(curl);
    return done == CURLE_OK ? 0 : done == CURLE_PEER_FAILED_VERIFICATION ? RMS_E_TLS : RMS_E_UNREACHABLE;
}

/* NULL when memory is exhausted. */
static struct curl_slist *make_headers(const struct admin_request *request, const struct admin_way *way)
{
    const char *const texts[] = {
        request->text ? "Accept: text/plain" : "Accept: application/json",
        request->body != NULL ? "Content-Type: application/json" : NULL,
        way->socket == NULL ? rms_buf_text(&way->authorization) : NULL,
        way->socket == NULL ? rms_buf_text(&way->session) : NULL,
    };
    struct curl_slist *headers = NULL;

    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        struct curl_slist *more = texts[i] != NULL ? curl_slist_append(headers, texts[i]) : headers;

        if (more == NULL) {
            curl_slist_free_all(headers);
            return NULL;
        }
        headers = more;
    }
    return headers;
}

int admin_perform(const struct admin_request *request, struct rms_buf *reply, long *status_out)
{
    struct rms_buf RMS_BUF_CLEANUP body = RMS_BUF_INIT(BODY_MAX);
    const struct admin_way *way = NULL;
    struct curl_slist *headers = NULL;
    CURL *curl = NULL;
    int code;

    *status_out = 0;
    RMS_TRY(admin_way(request->arguments, &way));
    if (request->body != NULL) {
        RMS_TRY(rms_json_emit(request->body, &body));
    }
    headers = make_headers(request, way);
    curl = curl_easy_init();
    if (headers == NULL || curl == NULL) {
        curl_slist_free_all(headers);
        return RMS_E_NO_MEMORY;
    }
    set_way(curl, way);
    curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers);
    curl_easy_setopt(curl, CURLOPT_WRITEDATA, reply);
    code = set_url(curl, way, request->url);
    if (code == 0) {
        code = send_request(curl, request, &body);
    }
    if (code < 0 && rms_buf_status(reply) < 0) {
        code = RMS_E_LIMIT;
    }
    curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, status_out);
    curl_easy_cleanup(curl);
    curl_slist_free_all(headers);
    return code;
}

/* --- the reply -------------------------------------------------------------------------------------------
 */

int admin_refused(const struct rms_buf *reply)
{
    json_t *RMS_JSON_CLEANUP parsed = NULL;
    const char *reason = NULL;
    struct failure failure = {.code = RMS_E_INTERNAL};

    if (rms_json_parse(rms_buf_view(reply), &parsed) == 0) {
        reason = rms_json_str(parsed, "Reason");
        failure.detail = rms_json_str(parsed, "Message");
        failure.correlation = rms_json_str(parsed, "CorrelationId");
    }
    if (reason != NULL && rms_error_from_reason(reason) != 0) {
        failure.code = rms_error_from_reason(reason);
    }
    output_failure(NULL, &failure);
    return rms_error_info(failure.code)->exit_status;
}

static void show_list(const struct call *call, const json_t *list)
{
    size_t i;
    json_t *row;

    if (!output_json() && call->columns != NULL) {
        output_table(list, call->columns);
        return;
    }
    json_array_foreach((json_t *)list, i, row)
    {
        output_object(json_incref(row));
    }
}

/* What the service did, but would have the operator know about. */
void admin_show_warnings(json_t *reply)
{
    size_t i;
    json_t *text;

    json_array_foreach(json_object_get(reply, "Warnings"), i, text)
    {
        if (json_is_string(text)) {
            output_note(_("warning"), json_string_value(text));
        }
    }
    if (!output_json()) {
        json_object_del(reply, "Warnings");
    }
}

/* What was tried, as an object; or what people read above it. Is there anything more to show? */
static bool show_rehearsal(
    const struct arguments *arguments, const struct admin_exchange *exchange, json_t *reply)
{
    struct rms_buf RMS_BUF_CLEANUP url = RMS_BUF_INIT(URL_MAX);

    if (!is_rehearsal(arguments, exchange)) {
        return true;
    }
    if (!output_json()) {
        puts(_("Nothing was changed. Without --what-if:"));
        return true;
    }
    if (exchange_url(arguments, exchange, &url) == 0) {
        output_object(json_pack("{s:b,s:s,s:o,s:O?,s:O}", "WhatIf", 1, "Method", exchange->method, "Path",
            text_json(rms_buf_text(&url) + strlen(LOCAL)), "Body", (json_t *)exchange->body, "Result",
            reply));
    }
    return false;
}

int admin_show_change(const struct arguments *arguments, const struct admin_exchange *exchange, json_t *reply,
    const char *sentence)
{
    admin_show_warnings(reply);
    if (!show_rehearsal(arguments, exchange, reply)) {
        return EXIT_DONE;
    }
    if (output_json()) {
        output_object(json_incref(reply));
    } else if (sentence == NULL) {
        output_members(reply);
    } else if (!output_quiet()) {
        puts(sentence);
    }
    return EXIT_DONE;
}

static void show_reply(const struct call *call, const json_t *reply)
{
    if (json_is_array(reply)) {
        show_list(call, reply);
    } else if (output_json()) {
        output_object(json_incref((json_t *)reply));
    } else if (call->done == NULL) {
        output_members(reply);
    } else if (!output_quiet()) {
        puts(_(call->done));
    }
}

static int show(const struct arguments *arguments, const struct call *call,
    const struct admin_exchange *exchange, const struct rms_buf *reply)
{
    json_t *RMS_JSON_CLEANUP parsed = NULL;
    int code;

    if (call->text && !output_json()) {
        return fwrite(rms_buf_text(reply), 1, reply->len, stdout) == reply->len ? EXIT_DONE : EXIT_REFUSED;
    }
    code = rms_json_parse(rms_buf_view(reply), &parsed);
    if (code < 0) {
        return output_error(NULL, _("the service's reply"), RMS_E_INTERNAL);
    }
    admin_show_warnings(parsed);
    if (show_rehearsal(arguments, exchange, parsed)) {
        show_reply(call, parsed);
    }
    if (call->next != NULL && !output_quiet()) {
        output_note(NULL, _(call->next));
    }
    return EXIT_DONE;
}

int admin_exchange(
    const struct arguments *arguments, const struct admin_exchange *exchange, json_t **reply_out)
{
    struct rms_buf RMS_BUF_CLEANUP url = RMS_BUF_INIT(URL_MAX);
    struct rms_buf RMS_BUF_CLEANUP reply = RMS_BUF_INIT(REPLY_MAX);
    struct admin_request request = {
        .arguments = arguments, .method = exchange->method, .body = exchange->body};
    long http = 0;
    int code = exchange_url(arguments, exchange, &url);

    *reply_out = NULL;
    if (code == 0) {
        request.url = rms_buf_text(&url);
        code = admin_perform(&request, &reply, &http);
    }
    if (code < 0) {
        return admin_unreachable(arguments, code);
    }
    if (http == HTTP_MISSING && exchange->may_miss) {
        return EXIT_MISSING;
    }
    if (http != HTTP_OK) {
        return admin_refused(&reply);
    }
    code = rms_json_parse(rms_buf_view(&reply), reply_out);
    return code < 0 ? output_error(NULL, _("the service's reply"), RMS_E_INTERNAL) : EXIT_DONE;
}

/* --- the verb --------------------------------------------------------------------------------------------
 */

/* Changes that take something away from people are asked about where somebody can answer. */
static int confirm(const struct arguments *arguments, const struct call *call)
{
    if (call->confirm == NULL || argument_flag(arguments, "force") || argument_flag(arguments, "what-if")) {
        return 0;
    }
    if (!isatty(STDIN_FILENO)) {
        return usage_error(arguments, _("this needs a yes: give --force"));
    }
    if (!ask_yes(_(call->confirm))) {
        output_note(NULL, _("nothing was changed"));
        return EXIT_USAGE;
    }
    return 0;
}

static int run_call(const struct arguments *arguments, const struct call *call, json_t *query, json_t *body)
{
    struct rms_buf RMS_BUF_CLEANUP url = RMS_BUF_INIT(URL_MAX);
    struct rms_buf RMS_BUF_CLEANUP reply = RMS_BUF_INIT(REPLY_MAX);
    const struct admin_exchange exchange = {.method = call->method,
        .path = call->path,
        .query = query,
        .body = call->fields != NULL ? body : NULL};
    struct admin_request request = {.arguments = arguments,
        .method = call->method,
        .body = exchange.body,
        .text = call->text && !output_json()};
    long http = 0;
    int code = exchange_url(arguments, &exchange, &url);

    if (code == 0) {
        request.url = rms_buf_text(&url);
        code = admin_perform(&request, &reply, &http);
    }
    if (code < 0) {
        return admin_unreachable(arguments, code);
    }
    return http == HTTP_OK ? show(arguments, call, &exchange, &reply) : admin_refused(&reply);
}

int admin_run(struct arguments *arguments)
{
    const struct call *call = argument_verb(arguments)->data;
    json_t *RMS_JSON_CLEANUP query = json_object();
    json_t *RMS_JSON_CLEANUP body = json_object();
    int status = admin_query(arguments, call, query);

    status = status == 0 ? admin_body(arguments, call, body) : status;
    status = status == 0 ? confirm(arguments, call) : status;
    return status == 0 ? run_call(arguments, call, query, body) : status;
}
