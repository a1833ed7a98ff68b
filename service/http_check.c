/* What MHD 0.9.75 lets pass and we do not (dependencies.md section 1, pitfall 2). Pure functions. */
#include "service/http.h"

#include <strings.h>

#include "base/text.h"

static size_t count_of(const struct rms_pair *headers, size_t count, const char *name, const char **value_out)
{
    size_t found = 0;
    for (size_t i = 0; i < count; i++) {
        if (rms_text_equal_nocase(headers[i].name, name)) {
            *value_out = headers[i].value;
            found++;
        }
    }
    return found;
}

static bool only_of(const char *text, const char *allowed)
{
    return text[0] != '\0' && text[strspn(text, allowed)] == '\0';
}

#define DIGITS          "0123456789"
#define HOST_CHARACTERS "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ" DIGITS "-._~:[]%"

static const char *check_length(const struct rms_pair *headers, size_t count)
{
    const char *length = NULL;
    const char *coding = NULL;
    size_t lengths = count_of(headers, count, "Content-Length", &length);
    size_t codings = count_of(headers, count, "Transfer-Encoding", &coding);
    if (lengths > 1 || codings > 1) {
        return "repeated length header";
    }
    if (lengths == 1 && codings == 1) {
        return "Content-Length beside Transfer-Encoding";
    }
    if (lengths == 1 && (!only_of(length, DIGITS) || strlen(length) > 15)) {
        return "Content-Length is not a number";
    }
    if (codings == 1 && strcasecmp(coding, "chunked") != 0) {
        return "unknown Transfer-Encoding";
    }
    return NULL;
}

int rms_http_check(const struct rms_pair *headers, size_t count, const char **detail_out)
{
    const char *host = NULL;
    const char *token = NULL;
    const char *detail = check_length(headers, count);
    if (detail == NULL && count_of(headers, count, "Host", &host) != 1) {
        detail = "not exactly one Host";
    }
    if (detail == NULL && !only_of(host, HOST_CHARACTERS)) {
        detail = "Host is not a name";
    }
    if (detail == NULL && count_of(headers, count, "Authorization", &token) > 1) {
        detail = "repeated Authorization";
    }
    *detail_out = detail;
    return detail == NULL ? RMS_OK : RMS_E_BAD_ARGUMENT;
}

int rms_http_split_uri(char *uri, const char **path_out, const char **query_out)
{
    *query_out = "";
    *path_out = uri;
    if (uri[0] != '/' || !rms_text_printable(rms_view_str(uri))) {
        return RMS_E_BAD_ARGUMENT;
    }
    char *mark = strchr(uri, '?');
    if (mark != NULL) {
        *mark = '\0';
        *query_out = mark + 1;
    }
    return strlen(uri) <= RMS_HTTP_PATH_MAX && strpbrk(uri, "#\\ ") == NULL ? RMS_OK : RMS_E_BAD_ARGUMENT;
}

enum rms_method rms_http_method(const char *text)
{
    static const struct {
        const char *text;
        enum rms_method method;
    } methods[] = {
        {"GET", RMS_METHOD_GET},
        {"POST", RMS_METHOD_POST},
        {"PUT", RMS_METHOD_PUT},
        {"PATCH", RMS_METHOD_PATCH},
        {"DELETE", RMS_METHOD_DELETE},
        {"HEAD", RMS_METHOD_HEAD},
    };
    for (size_t i = 0; i < sizeof methods / sizeof methods[0]; i++) {
        if (strcmp(methods[i].text, text) == 0) {
            return methods[i].method;
        }
    }
    return RMS_METHOD_OTHER;
}
