#include "service/token_fetch.h"

#include <curl/curl.h>
#include <pthread.h>
#include <strings.h>

static pthread_once_t curl_ready = PTHREAD_ONCE_INIT;

static void start_curl(void)
{
    (void)curl_global_init(CURL_GLOBAL_DEFAULT);
}

void rms_fetch_start(void)
{
    (void)pthread_once(&curl_ready, start_curl);
}

static bool loopback(const char *authority, size_t len)
{
    static const char *const hosts[] = {"127.0.0.1", "[::1]", "localhost"};

    for (size_t i = 0; i < sizeof hosts / sizeof hosts[0]; i++) {
        size_t host = strlen(hosts[i]);

        if (len >= host && strncasecmp(authority, hosts[i], host) == 0 &&
            (len == host || authority[host] == ':')) {
            return true;
        }
    }
    return false;
}

bool rms_fetch_allowed(const struct rms_fetch_options *options, const char *url)
{
    bool https = strncasecmp(url, "https://", 8) == 0;
    const char *authority = url + (https ? 8 : 7);
    size_t len;

    if (!https && strncasecmp(url, "http://", 7) != 0) {
        return false;
    }
    len = strcspn(authority, "/?#");
    if (len == 0 || memchr(authority, '@', len) != NULL || memchr(authority, '\\', len) != NULL) {
        return false;
    }
    return https || (options->loopback_http && loopback(authority, len));
}

static size_t receive(char *data, size_t size, size_t count, void *context)
{
    struct rms_buf *out = context;

    rms_buf_append(out, data, size * count);
    return out->failed ? 0 : size * count;
}

static int outcome(CURL *curl, CURLcode code, const struct rms_buf *out)
{
    long status = 0;

    if (out->failed || code == CURLE_FILESIZE_EXCEEDED) {
        return RMS_E_LIMIT;
    }
    if (code == CURLE_PEER_FAILED_VERIFICATION || code == CURLE_SSL_CACERT_BADFILE) {
        return RMS_E_TLS;
    }
    if (code != CURLE_OK || curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &status) != CURLE_OK) {
        return RMS_E_UNREACHABLE;
    }
    return status == 200 ? 0 : RMS_E_UNREACHABLE;
}

static void prepare(CURL *curl, const struct rms_fetch_options *options, const char *url, struct rms_buf *out)
{
    long timeout_ms = options->timeout_ms > 0 ? options->timeout_ms : RMS_FETCH_TIMEOUT_MS;

    (void)curl_easy_setopt(curl, CURLOPT_URL, url);
    (void)curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, options->loopback_http ? "https,http" : "https");
    (void)curl_easy_setopt(curl, CURLOPT_FOLLOWLOCATION, 0L);
    (void)curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, timeout_ms);
    (void)curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
    (void)curl_easy_setopt(curl, CURLOPT_MAXFILESIZE, (long)RMS_FETCH_MAX);
    (void)curl_easy_setopt(curl, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
    (void)curl_easy_setopt(curl, CURLOPT_USERAGENT, "rmsd");
    (void)curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, receive);
    (void)curl_easy_setopt(curl, CURLOPT_WRITEDATA, out);
    if (options->loopback_http) {
        (void)curl_easy_setopt(curl, CURLOPT_NOPROXY, "127.0.0.1,::1,localhost");
    }
    if (options->ca_file != NULL && options->ca_file[0] != '\0') {
        (void)curl_easy_setopt(curl, CURLOPT_CAINFO, options->ca_file);
    }
}

int rms_fetch(const struct rms_fetch_options *options, const char *url, struct rms_buf *out)
{
    CURL *curl;
    int status;

    if (!rms_fetch_allowed(options, url)) {
        return RMS_E_BAD_ARGUMENT;
    }
    rms_fetch_start();
    curl = curl_easy_init();
    if (curl == NULL) {
        return RMS_E_NO_MEMORY;
    }
    prepare(curl, options, url, out);
    status = outcome(curl, curl_easy_perform(curl), out);
    curl_easy_cleanup(curl);
    return status;
}
