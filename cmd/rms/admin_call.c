/* Calls on the administration socket, and what is shown of the reply. */
#include "cmd/rms/admin.h"

#include <curl/curl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/json.h"

#define REPLY_MAX    (1u << 30)
#define BODY_MAX     (8u << 20)
#define URL_MAX      16384
#define TIMEOUT_S    120L
#define HTTP_OK      200
#define HTTP_MISSING 404

const char *admin_socket(const struct arguments *arguments)
{
    const char *path = argument_text(arguments, "socket");

    if (path == NULL) {
        path = secure_getenv("RMS_ADMIN_SOCKET");
    }
    return path != NULL && path[0] != 0 ? path : "/var/lib/openrms/admin.sock";
}

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

    rms_buf_append_str(url, "http://rmsd");
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
        admin_escape(url, json_string_value(value));
        separator = '&';
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

static int send_request(
    CURL *curl, const struct admin_request *request, const struct rms_buf *body, struct curl_slist *headers)
{
    curl_easy_setopt(curl, CURLOPT_UNIX_SOCKET_PATH, request->socket);
    curl_easy_setopt(curl, CURLOPT_PROXY, "");
    curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(curl, CURLOPT_URL, request->url);
    curl_easy_setopt(curl, CURLOPT_CUSTOMREQUEST, request->method);
    curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers);
    curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, collect);
    curl_easy_setopt(curl, CURLOPT_TIMEOUT, TIMEOUT_S);
    if (request->body != NULL) {
        curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE, (long)body->len);
        curl_easy_setopt(curl, CURLOPT_POSTFIELDS, rms_buf_text(body));
    }
    return curl_easy_perform(curl) == CURLE_OK ? 0 : RMS_E_UNREACHABLE;
}

/* Why nobody answers: people see the difference between "not running" and "not allowed". */
int admin_unreachable(const char *socket, int code)
{
    struct failure failure = {.code = code};

    if (code == RMS_E_UNREACHABLE) {
        failure.detail = access(socket, F_OK) != 0 ? _("there is no such socket; is rmsd running?")
                         : access(socket, W_OK) != 0
                             ? _("you may not open this socket; run it as the service's user")
                             : _("nobody answers; is rmsd running?");
    }
    output_failure(socket, &failure);
    return rms_error_info(code)->exit_status;
}

int admin_perform(const struct admin_request *request, struct rms_buf *reply, long *status_out)
{
    struct rms_buf RMS_BUF_CLEANUP body = RMS_BUF_INIT(BODY_MAX);
    struct curl_slist *headers = NULL;
    CURL *curl = NULL;
    int code;

    *status_out = 0;
    if (request->body != NULL) {
        RMS_TRY(rms_json_emit(request->body, &body));
        headers = curl_slist_append(headers, "Content-Type: application/json");
    }
    headers = curl_slist_append(headers, request->text ? "Accept: text/plain" : "Accept: application/json");
    curl = curl_easy_init();
    if (headers == NULL || curl == NULL) {
        curl_slist_free_all(headers);
        return RMS_E_NO_MEMORY;
    }
    curl_easy_setopt(curl, CURLOPT_WRITEDATA, reply);
    code = send_request(curl, request, &body, headers);
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

static int show(const struct call *call, const struct rms_buf *reply)
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
    show_reply(call, parsed);
    return EXIT_DONE;
}

int admin_exchange(
    const struct arguments *arguments, const struct admin_exchange *exchange, json_t **reply_out)
{
    struct rms_buf RMS_BUF_CLEANUP url = RMS_BUF_INIT(URL_MAX);
    struct rms_buf RMS_BUF_CLEANUP reply = RMS_BUF_INIT(REPLY_MAX);
    struct admin_request request = {
        .socket = admin_socket(arguments), .method = exchange->method, .body = exchange->body};
    long http = 0;
    int code = admin_url(arguments, exchange->path, exchange->query, &url);

    *reply_out = NULL;
    if (code == 0) {
        request.url = rms_buf_text(&url);
        code = admin_perform(&request, &reply, &http);
    }
    if (code < 0) {
        return admin_unreachable(request.socket, code);
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

int admin_show_request(const char *method, const struct rms_buf *url, json_t *body)
{
    const char *path = rms_buf_text(url) + strlen("http://rmsd");

    if (output_json()) {
        output_object(json_pack("{s:s,s:o,s:O}", "Method", method, "Path", text_json(path), "Body", body));
    } else {
        struct rms_buf RMS_BUF_CLEANUP text = RMS_BUF_INIT(BODY_MAX);

        printf(_("Would send: %s %s"), method, path);
        printf(" %s\n", rms_json_emit(body, &text) == 0 ? rms_buf_text(&text) : "");
    }
    return EXIT_DONE;
}

static int run_call(const struct arguments *arguments, const struct call *call, json_t *query, json_t *body)
{
    struct rms_buf RMS_BUF_CLEANUP url = RMS_BUF_INIT(URL_MAX);
    struct rms_buf RMS_BUF_CLEANUP reply = RMS_BUF_INIT(REPLY_MAX);
    struct admin_request request = {.socket = admin_socket(arguments),
        .method = call->method,
        .body = call->fields != NULL ? body : NULL,
        .text = call->text && !output_json()};
    long http = 0;
    int code = admin_url(arguments, call->path, query, &url);

    if (code == 0 && argument_flag(arguments, "what-if")) {
        return admin_show_request(call->method, &url, body);
    }
    if (code == 0) {
        request.url = rms_buf_text(&url);
        code = admin_perform(&request, &reply, &http);
    }
    if (code < 0) {
        return admin_unreachable(request.socket, code);
    }
    return http == HTTP_OK ? show(call, &reply) : admin_refused(&reply);
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
