#include "service/mail_route.h"

#include <curl/curl.h>
#include <stdio.h>
#include <string.h>

#include "base/file.h"
#include "base/mem.h"
#include "service/credential.h"
#include "service/settings.h"
#include "service/token_fetch.h"

#define CONNECT_MS   10000L
#define WHOLE_MS     60000L
#define ADDRESS_TEXT 320

struct rms_mail_route {
    const struct rms_settings *settings;
    const atomic_bool *stop;
    CURL *curl; /* NULL: into a directory */
    char url[2 * RMS_SETTING_TEXT];
    char detail[CURL_ERROR_SIZE];
};

/* --- a directory ---------------------------------------------------------------------------------------- */

/* Under its own name once it is whole; the same message twice is one file. */
static int write_file(struct rms_mail_route *route, const struct rms_mail_parcel *parcel)
{
    char path[RMS_SETTING_TEXT + 128];
    int len =
        snprintf(path, sizeof path, "%s/%s.eml", rms_settings_mail_directory(route->settings), parcel->id);
    int status = len > 0 && (size_t)len < sizeof path ? rms_file_write(path, parcel->message, 0600)
                                                      : RMS_E_NAME_TOO_LONG;

    (void)snprintf(route->detail, sizeof route->detail, "%s", status != 0 ? "the directory of mail" : "");
    return status;
}

/* --- SMTP ----------------------------------------------------------------------------------------------- */

static size_t give(char *to, size_t size, size_t count, void *context)
{
    struct rms_view *rest = context;
    size_t len = size * count < rest->len ? size * count : rest->len;

    memcpy(to, rest->data, len);
    *rest = rms_view_of(rest->data + len, rest->len - len);
    return len;
}

static int watch(void *context, curl_off_t a, curl_off_t b, curl_off_t c, curl_off_t d)
{
    const struct rms_mail_route *route = context;

    (void)a;
    (void)b;
    (void)c;
    (void)d;
    return atomic_load(route->stop) ? 1 : 0;
}

/* Name and password, a line each; read anew for every message, so that a changed file counts. */
static int set_credentials(struct rms_mail_route *route)
{
    struct rms_credential_pair pair;

    if (route->settings->mail_credentials[0] == '\0') {
        return 0;
    }
    if (rms_credential_pair_read(route->settings->mail_credentials, &pair) != 0) {
        (void)snprintf(route->detail, sizeof route->detail,
            "mail_credentials cannot be read as two lines, or everybody may read them");
        return RMS_E_NOT_AUTHENTICATED;
    }
    (void)curl_easy_setopt(route->curl, CURLOPT_USERNAME, pair.name);
    (void)curl_easy_setopt(route->curl, CURLOPT_PASSWORD, pair.secret);
    rms_wipe(&pair, sizeof pair);
    return 0;
}

static void prepare(struct rms_mail_route *route)
{
    const struct rms_settings *settings = route->settings;
    CURL *curl = route->curl;
    bool clear = strcmp(settings->mail_tls, "off") == 0;

    curl_easy_reset(curl); /* keeps the connection */
    (void)curl_easy_setopt(curl, CURLOPT_URL, route->url);
    (void)curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "smtp,smtps");
    (void)curl_easy_setopt(curl, CURLOPT_USE_SSL, (long)(clear ? CURLUSESSL_NONE : CURLUSESSL_ALL));
    (void)curl_easy_setopt(curl, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
    (void)curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT_MS, CONNECT_MS);
    (void)curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, WHOLE_MS);
    (void)curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
    (void)curl_easy_setopt(curl, CURLOPT_PROXY, "");
    (void)curl_easy_setopt(curl, CURLOPT_ERRORBUFFER, route->detail);
    (void)curl_easy_setopt(curl, CURLOPT_NOPROGRESS, 0L);
    (void)curl_easy_setopt(curl, CURLOPT_XFERINFOFUNCTION, watch);
    (void)curl_easy_setopt(curl, CURLOPT_XFERINFODATA, route);
    if (settings->ca_file[0] != '\0') {
        (void)curl_easy_setopt(curl, CURLOPT_CAINFO, settings->ca_file);
    }
}

/* What a reply code means (RFC 5321 4.2.3, RFC 4954): 55x is about the message or whom it is for. */
static int outcome(struct rms_mail_route *route, CURLcode code)
{
    static const struct {
        CURLcode curl;
        int status;
    } known[] = {{CURLE_OK, 0}, {CURLE_LOGIN_DENIED, RMS_E_NOT_AUTHENTICATED},
        {CURLE_USE_SSL_FAILED, RMS_E_TLS}, {CURLE_PEER_FAILED_VERIFICATION, RMS_E_TLS},
        {CURLE_SSL_CONNECT_ERROR, RMS_E_TLS}, {CURLE_SSL_CACERT_BADFILE, RMS_E_TLS},
        {CURLE_ABORTED_BY_CALLBACK, RMS_E_CANCELLED}, {CURLE_OPERATION_TIMEDOUT, RMS_E_UNREACHABLE},
        {CURLE_COULDNT_CONNECT, RMS_E_UNREACHABLE}, {CURLE_COULDNT_RESOLVE_HOST, RMS_E_UNREACHABLE}};
    long reply = 0;

    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++) {
        if (known[i].curl == code) {
            return known[i].status;
        }
    }
    (void)curl_easy_getinfo(route->curl, CURLINFO_RESPONSE_CODE, &reply);
    if (reply >= 550 && reply <= 559) {
        return RMS_E_BAD_ARGUMENT;
    }
    return reply >= 450 && reply <= 459 ? RMS_E_THROTTLED : RMS_E_UNREACHABLE;
}

static int send_smtp(struct rms_mail_route *route, const struct rms_mail_parcel *parcel)
{
    char from[RMS_SETTING_TEXT + 2];
    char to[ADDRESS_TEXT];
    struct rms_view rest = parcel->message;
    struct curl_slist *recipients;
    int status;

    (void)snprintf(from, sizeof from, "<%s>", route->settings->mail_from);
    (void)snprintf(to, sizeof to, "<%s>", parcel->recipient);
    recipients = curl_slist_append(NULL, to);
    if (recipients == NULL) {
        return RMS_E_NO_MEMORY;
    }
    prepare(route);
    (void)curl_easy_setopt(route->curl, CURLOPT_MAIL_FROM, from);
    (void)curl_easy_setopt(route->curl, CURLOPT_MAIL_RCPT, recipients);
    (void)curl_easy_setopt(route->curl, CURLOPT_UPLOAD, 1L);
    (void)curl_easy_setopt(route->curl, CURLOPT_READFUNCTION, give);
    (void)curl_easy_setopt(route->curl, CURLOPT_READDATA, &rest);
    status = set_credentials(route);
    if (status == 0) {
        CURLcode code = curl_easy_perform(route->curl);

        status = outcome(route, code);
        if (status != 0 && route->detail[0] == '\0') {
            (void)snprintf(route->detail, sizeof route->detail, "%s", curl_easy_strerror(code));
        }
    }
    curl_slist_free_all(recipients);
    return status;
}

/* --- both ----------------------------------------------------------------------------------------------- */

int rms_mail_route_send(struct rms_mail_route *route, const struct rms_mail_parcel *parcel)
{
    route->detail[0] = '\0';
    return route->curl != NULL ? send_smtp(route, parcel) : write_file(route, parcel);
}

const char *rms_mail_route_detail(const struct rms_mail_route *route)
{
    return route->detail;
}

int rms_mail_route_new(
    const struct rms_settings *settings, const atomic_bool *stop, struct rms_mail_route **route_out)
{
    struct rms_mail_route *route = rms_calloc(1, sizeof *route);
    char host[RMS_SETTING_TEXT];

    *route_out = route;
    if (route == NULL) {
        return RMS_E_NO_MEMORY;
    }
    route->settings = settings;
    route->stop = stop;
    if (rms_settings_mail_directory(settings) != NULL) {
        return 0;
    }
    if (rms_settings_host(settings, host, sizeof host) != 0 || strchr(host, ':') != NULL) {
        memcpy(host, "localhost", sizeof "localhost");
    }
    (void)snprintf(route->url, sizeof route->url, "%s/%s", settings->mail, host); /* the name we greet with */
    rms_fetch_start();
    route->curl = curl_easy_init();
    return route->curl != NULL ? 0 : RMS_E_NO_MEMORY;
}

void rms_mail_route_free(struct rms_mail_route **route)
{
    if (*route != NULL && (*route)->curl != NULL) {
        curl_easy_cleanup((*route)->curl);
    }
    rms_free(*route);
    *route = NULL;
}
