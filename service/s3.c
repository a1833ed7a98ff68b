#include "service/s3.h"

#include <ctype.h>
#include <curl/curl.h>
#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "crypto/base64.h"
#include "crypto/digest.h"
#include "service/credential.h"
#include "service/settings.h"
#include "service/token_fetch.h"

#define CONNECT_MS 10000L
#define IDLE_S     60L /* slower than IDLE_BYTES a second for so long: given up; a slow line has its time */
#define IDLE_BYTES 512L
#define NAME_MAX_  256
#define REPLY_MAX  4096

struct rms_s3 {
    const struct rms_settings *settings;
    const atomic_bool *stop;
    CURL *curl;
    struct rms_buf reply;
    char error[CURL_ERROR_SIZE];
    char detail[CURL_ERROR_SIZE];
};

/* --- a request ------------------------------------------------------------------------------------------ */

static int add_header(struct curl_slist **headers, const char *text)
{
    struct curl_slist *longer = curl_slist_append(*headers, text);

    if (longer == NULL) {
        return RMS_E_NO_MEMORY;
    }
    *headers = longer;
    return 0;
}

/* The hash in hexadecimal is what the signature covers; in Base64 it is the checksum without which a bucket
 * whose objects are locked takes nothing. */
static int add_headers(struct curl_slist **headers, struct rms_view content)
{
    RMS_BUF_CLEANUP struct rms_buf signed_hash = RMS_BUF_INIT(128);
    RMS_BUF_CLEANUP struct rms_buf checksum = RMS_BUF_INIT(128);
    uint8_t hash[RMS_HASH_MAX];

    rms_hash(RMS_SHA256, content, hash);
    rms_buf_append_str(&signed_hash, "x-amz-content-sha256: ");
    for (size_t i = 0; i < RMS_SHA256_BYTES; i++) {
        rms_buf_printf(&signed_hash, "%02x", hash[i]);
    }
    rms_buf_append_str(&checksum, "x-amz-checksum-sha256: ");
    rms_base64_encode(&checksum, rms_view_of(hash, RMS_SHA256_BYTES));
    RMS_TRY(rms_buf_status(&signed_hash));
    RMS_TRY(rms_buf_status(&checksum));
    RMS_TRY(add_header(headers, "Content-Type: application/x-ndjson"));
    RMS_TRY(add_header(headers, rms_buf_text(&signed_hash)));
    return add_header(headers, rms_buf_text(&checksum));
}

/* The beginning of an error's text; the rest is let go. */
static size_t receive(char *data, size_t size, size_t count, void *context)
{
    struct rms_buf *reply = context;
    size_t room = reply->max - reply->len;
    size_t len = size * count;

    rms_buf_append(reply, data, len < room ? len : room);
    return len;
}

static int watch(void *context, curl_off_t a, curl_off_t b, curl_off_t c, curl_off_t d)
{
    const struct rms_s3 *s3 = context;

    (void)a;
    (void)b;
    (void)c;
    (void)d;
    return atomic_load(s3->stop) ? 1 : 0;
}

static void prepare(struct rms_s3 *s3)
{
    CURL *curl = s3->curl;

    curl_easy_reset(curl); /* keeps the connection */
    rms_buf_reset(&s3->reply);
    s3->error[0] = '\0';
    (void)curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "https,http");
    (void)curl_easy_setopt(curl, CURLOPT_FOLLOWLOCATION, 0L);
    (void)curl_easy_setopt(curl, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
    (void)curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT_MS, CONNECT_MS);
    (void)curl_easy_setopt(curl, CURLOPT_LOW_SPEED_TIME, IDLE_S);
    (void)curl_easy_setopt(curl, CURLOPT_LOW_SPEED_LIMIT, IDLE_BYTES);
    (void)curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
    (void)curl_easy_setopt(curl, CURLOPT_NOPROXY, "127.0.0.1,::1,localhost");
    (void)curl_easy_setopt(curl, CURLOPT_USERAGENT, "rmsd");
    (void)curl_easy_setopt(curl, CURLOPT_ERRORBUFFER, s3->error);
    (void)curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, receive);
    (void)curl_easy_setopt(curl, CURLOPT_WRITEDATA, &s3->reply);
    (void)curl_easy_setopt(curl, CURLOPT_NOPROGRESS, 0L);
    (void)curl_easy_setopt(curl, CURLOPT_XFERINFOFUNCTION, watch);
    (void)curl_easy_setopt(curl, CURLOPT_XFERINFODATA, s3);
    if (s3->settings->ca_file[0] != '\0') {
        (void)curl_easy_setopt(curl, CURLOPT_CAINFO, s3->settings->ca_file);
    }
}

/* The object is a field of the request and no upload: libcurl then has all of it when it signs. */
static int set_object(struct rms_s3 *s3, const char *name, struct rms_view content)
{
    char url[RMS_SETTING_TEXT + NAME_MAX_];
    int len = snprintf(url, sizeof url, "%s/%s", s3->settings->usage_s3, name);

    if (len < 0 || (size_t)len >= sizeof url) {
        return RMS_E_NAME_TOO_LONG;
    }
    (void)curl_easy_setopt(s3->curl, CURLOPT_URL, url);
    (void)curl_easy_setopt(s3->curl, CURLOPT_CUSTOMREQUEST, "PUT");
    (void)curl_easy_setopt(s3->curl, CURLOPT_POSTFIELDS, content.data);
    (void)curl_easy_setopt(s3->curl, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)content.len);
    return 0;
}

/* Read anew for every object, so that a changed file counts. */
static int set_credentials(struct rms_s3 *s3)
{
    char scheme[sizeof s3->settings->usage_s3_region + 16];
    struct rms_credential_pair pair;

    int status = rms_credential_pair_read(s3->settings->usage_s3_credentials, &pair);

    if (status != 0) {
        (void)snprintf(s3->detail, sizeof s3->detail,
            "usage_s3_credentials cannot be read as two lines, or everybody may read them");
        return status;
    }
    (void)snprintf(scheme, sizeof scheme, "aws:amz:%s:s3", s3->settings->usage_s3_region);
    (void)curl_easy_setopt(s3->curl, CURLOPT_AWS_SIGV4, scheme);
    (void)curl_easy_setopt(s3->curl, CURLOPT_USERNAME, pair.name);
    (void)curl_easy_setopt(s3->curl, CURLOPT_PASSWORD, pair.secret);
    rms_wipe(&pair, sizeof pair);
    return 0;
}

/* --- what came of it ------------------------------------------------------------------------------------ */

/* <Error><Code>NoSuchBucket</Code>...: the one word that says what to do. */
static void describe(struct rms_s3 *s3, long reply)
{
    const char *code = strstr(rms_buf_text(&s3->reply), "<Code>");
    int len = 0;

    code = code != NULL ? code + strlen("<Code>") : "";
    while (len < 64 && isalnum((unsigned char)code[len])) {
        len++;
    }
    (void)snprintf(s3->detail, sizeof s3->detail, "HTTP %ld%s%.*s", reply, len > 0 ? " " : "", len, code);
}

static int outcome_of_reply(struct rms_s3 *s3)
{
    static const struct {
        long reply;
        int status;
    } known[] = {{200, 0}, {401, RMS_E_NOT_AUTHENTICATED}, {403, RMS_E_NOT_AUTHENTICATED},
        {404, RMS_E_NOT_FOUND}, {429, RMS_E_THROTTLED}, {503, RMS_E_THROTTLED}};
    long reply = 0;

    (void)curl_easy_getinfo(s3->curl, CURLINFO_RESPONSE_CODE, &reply);
    if (reply != 200) {
        describe(s3, reply);
    }
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++) {
        if (known[i].reply == reply) {
            return known[i].status;
        }
    }
    return RMS_E_UNREACHABLE;
}

static int outcome(struct rms_s3 *s3, CURLcode code)
{
    if (code == CURLE_OK) {
        return outcome_of_reply(s3);
    }
    (void)snprintf(
        s3->detail, sizeof s3->detail, "%s", s3->error[0] != '\0' ? s3->error : curl_easy_strerror(code));
    if (code == CURLE_ABORTED_BY_CALLBACK) {
        return RMS_E_CANCELLED;
    }
    return code == CURLE_PEER_FAILED_VERIFICATION || code == CURLE_SSL_CACERT_BADFILE ? RMS_E_TLS
                                                                                      : RMS_E_UNREACHABLE;
}

int rms_s3_put(struct rms_s3 *s3, const char *name, struct rms_view content)
{
    struct curl_slist *headers = NULL;
    int status;

    s3->detail[0] = '\0';
    prepare(s3);
    status = add_headers(&headers, content);
    status = status == 0 ? set_object(s3, name, content) : status;
    status = status == 0 ? set_credentials(s3) : status;
    if (status == 0) {
        (void)curl_easy_setopt(s3->curl, CURLOPT_HTTPHEADER, headers);
        status = outcome(s3, curl_easy_perform(s3->curl));
    }
    curl_easy_reset(s3->curl); /* the secret key, too */
    curl_slist_free_all(headers);
    return status;
}

const char *rms_s3_detail(const struct rms_s3 *s3)
{
    return s3->detail;
}

/* --- life ----------------------------------------------------------------------------------------------- */

int rms_s3_new(const struct rms_settings *settings, const atomic_bool *stop, struct rms_s3 **s3_out)
{
    struct rms_s3 *s3 = rms_calloc(1, sizeof *s3);

    *s3_out = s3;
    if (s3 == NULL) {
        return RMS_E_NO_MEMORY;
    }
    s3->settings = settings;
    s3->stop = stop;
    s3->reply = RMS_BUF_INIT(REPLY_MAX);
    rms_fetch_start();
    s3->curl = curl_easy_init();
    return s3->curl != NULL ? 0 : RMS_E_NO_MEMORY;
}

void rms_s3_free(struct rms_s3 **s3)
{
    if (*s3 == NULL) {
        return;
    }
    if ((*s3)->curl != NULL) {
        curl_easy_cleanup((*s3)->curl);
    }
    rms_buf_fini(&(*s3)->reply);
    rms_free(*s3);
    *s3 = NULL;
}
