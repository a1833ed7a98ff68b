#include "service/signin_rule.h"

#include <string.h>

#include "crypto/base64.h"
#include "crypto/digest.h"
#include "crypto/random.h"

/* Consonants only: no words, no confusion of 0 and O (RFC 8628 section 6.1). */
static const char user_alphabet[] = "BCDFGHJKLMNPQRSTVWXZ";
#define USER_LETTERS (sizeof user_alphabet - 1)
#define USER_HALF    ((RMS_USER_CODE_TEXT - 1) / 2)

static bool alphanumeric(char c)
{
    return (c >= '0' && c <= '9') || ((c | 0x20) >= 'a' && (c | 0x20) <= 'z');
}

static bool all_of(const char *text, const char *also)
{
    for (; *text != '\0'; text++) {
        if (!alphanumeric(*text) && strchr(also, *text) == NULL) {
            return false;
        }
    }
    return true;
}

bool rms_pkce_challenge_valid(const char *challenge)
{
    return strlen(challenge) == RMS_PKCE_CHALLENGE_LEN && all_of(challenge, "-_");
}

bool rms_pkce_verify(const char *verifier, const char *challenge)
{
    RMS_BUF_CLEANUP struct rms_buf text = RMS_BUF_INIT(64);
    uint8_t digest[RMS_HASH_MAX];
    size_t len = strlen(verifier);

    if (len < 43 || len > 128 || !all_of(verifier, "-._~") || !rms_pkce_challenge_valid(challenge)) {
        return false;
    }
    rms_hash(RMS_SHA256, rms_view_of(verifier, len), digest);
    rms_base64url_encode(&text, rms_view_of(digest, RMS_SHA256_BYTES));
    return text.len == RMS_PKCE_CHALLENGE_LEN && rms_equal_ct(text.data, challenge, text.len);
}

static const char *const loopback_prefix[] = {
    "http://127.0.0.1:", "http://[::1]:", "http://localhost:", NULL};

/* Length of the loopback prefix in front of the port, or 0. */
static size_t loopback_len(const char *text)
{
    for (size_t i = 0; loopback_prefix[i] != NULL; i++) {
        size_t len = strlen(loopback_prefix[i]);

        if (strncmp(text, loopback_prefix[i], len) == 0) {
            return len;
        }
    }
    return 0;
}

static bool clean(const char *uri)
{
    size_t len = strlen(uri);

    if (len == 0 || len > RMS_REDIRECT_MAX) {
        return false;
    }
    for (const char *c = uri; *c != '\0'; c++) {
        if (*c <= ' ' || *c == 0x7f || strchr("#\\\"<>", *c) != NULL) {
            return false;
        }
    }
    return true;
}

/* registered: "*" or "*" and a path, behind the prefix; rest: what the request has there. */
static bool match_any_port(const char *registered, const char *rest)
{
    size_t digits = strspn(rest, "0123456789");
    const char *path = rest + digits;

    if (digits == 0 || digits > 5) {
        return false;
    }
    if (registered[1] != '\0') {
        return strcmp(registered + 1, path) == 0;
    }
    return *path == '\0' || (*path == '/' && all_of(path, "/-._~"));
}

bool rms_redirect_match(const char *registered, const char *uri)
{
    size_t prefix = loopback_len(registered);

    if (!clean(uri)) {
        return false;
    }
    if (prefix > 0 && registered[prefix] == '*') {
        return strncmp(registered, uri, prefix) == 0 && match_any_port(registered + prefix, uri + prefix);
    }
    return strcmp(registered, uri) == 0;
}

static size_t scheme_len(const char *uri)
{
    size_t len = strspn(uri, "abcdefghijklmnopqrstuvwxyz0123456789+-.");

    return len > 0 && uri[len] == ':' && uri[0] >= 'a' ? len : 0;
}

/* The user part of an address hides the real host from a reader: "https://good.test@evil.test/". */
static bool has_host(const char *uri)
{
    size_t scheme = scheme_len(uri);
    size_t len;

    if (strncmp(uri + scheme, "://", 3) != 0) {
        return false;
    }
    len = strcspn(uri + scheme + 3, "/?");
    return len > 0 && memchr(uri + scheme + 3, '@', len) == NULL;
}

bool rms_redirect_acceptable(const char *registered)
{
    size_t scheme = scheme_len(registered);

    if (!clean(registered) || scheme == 0) {
        return false;
    }
    if (strncmp(registered, "https:", 6) == 0) {
        return has_host(registered) && strchr(registered, '*') == NULL;
    }
    if (strncmp(registered, "http:", 5) == 0) {
        return loopback_len(registered) > 0 && has_host(registered);
    }
    return memchr(registered, '.', scheme) != NULL && strchr(registered, '*') == NULL;
}

void rms_redirect_source(const char *uri, struct rms_buf *out)
{
    size_t scheme = scheme_len(uri);
    const char *host = uri + scheme + 3;
    size_t len;

    if (scheme == 0) {
        return;
    }
    rms_buf_append(out, uri, scheme + 1);
    if (strncmp(uri, "http", 4) != 0 || strncmp(uri + scheme, "://", 3) != 0) {
        return;
    }
    len = strcspn(host, "/?");
    for (size_t i = 0; i < len; i++) {
        if (!alphanumeric(host[i]) && strchr("-.:", host[i]) == NULL) {
            return;
        }
    }
    rms_buf_append_str(out, "//");
    rms_buf_append(out, host, len);
}

bool rms_scope_has(const char *scope, const char *word)
{
    size_t len = strlen(word);

    while (scope != NULL && *scope != '\0') {
        size_t run = strcspn(scope, " ");

        if (run == len && memcmp(scope, word, len) == 0) {
            return true;
        }
        scope += run + strspn(scope + run, " ");
    }
    return false;
}

int rms_user_code_parse(const char *typed, char code_out[RMS_USER_CODE_TEXT])
{
    size_t count = 0;

    for (; *typed != '\0'; typed++) {
        char c = *typed >= 'a' && *typed <= 'z' ? (char)(*typed - 0x20) : *typed;

        if (c == ' ' || c == '-') {
            continue;
        }
        if (count == RMS_USER_CODE_TEXT - 1 || strchr(user_alphabet, c) == NULL) {
            return RMS_E_BAD_ARGUMENT;
        }
        code_out[count++] = c;
    }
    code_out[count] = '\0';
    return count == RMS_USER_CODE_TEXT - 1 ? 0 : RMS_E_BAD_ARGUMENT;
}

void rms_user_code_show(const char code[RMS_USER_CODE_TEXT], char shown_out[RMS_USER_CODE_SHOWN])
{
    memcpy(shown_out, code, USER_HALF);
    shown_out[USER_HALF] = '-';
    memcpy(shown_out + USER_HALF + 1, code + USER_HALF, USER_HALF + 1);
}

/* Bytes past the last multiple of the alphabet's size are thrown away, so that every letter is equally
 * likely. */
static char random_letter(void)
{
    uint8_t byte;

    do {
        rms_random(&byte, sizeof byte);
    } while (byte >= 256 / USER_LETTERS * USER_LETTERS);
    return user_alphabet[byte % USER_LETTERS];
}

void rms_user_code_new(char code_out[RMS_USER_CODE_TEXT])
{
    for (size_t i = 0; i < RMS_USER_CODE_TEXT - 1; i++) {
        code_out[i] = random_letter();
    }
    code_out[RMS_USER_CODE_TEXT - 1] = '\0';
}
