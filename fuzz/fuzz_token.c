/* What strangers send to sign-in: tokens, key sets, forms, redirect addresses, user codes, licensing URLs.
 * The first byte chooses, the rest is the input. */
#include <stdlib.h>

#include "base/json.h"
#include "crypto/jwt.h"
#include "service/page.h"
#include "service/signin_form.h"
#include "service/signin_rule.h"
#include "service/token_challenge.h"

#define FUZZ_ARENA (16u * 1024 * 1024)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* The key of RFC 7515 appendix A.3. */
static const char known_keys[] =
    "{\"keys\":[{\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU\","
    "\"y\":\"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0\"}]}";

static void fuzz_token(struct rms_view text)
{
    static const char *const audience[] = {"https://h.test/", NULL};
    struct rms_token_rules rules = {.issuer = "https://h.test/t",
        .audience = audience,
        .now = 1700000000,
        .skew_s = 60,
        .algorithms = RMS_ALG_ES256 | RMS_ALG_RS256};
    static struct rms_jwks *keys;
    RMS_JSON_CLEANUP json_t *header = NULL;
    RMS_JSON_CLEANUP json_t *claims = NULL;
    RMS_JSON_CLEANUP json_t *verified = NULL;

    if (keys == NULL && rms_jwks_parse(rms_view_str(known_keys), &keys) != 0) {
        abort();
    }
    /* The fuzzer holds no private key: nothing may verify, and what verifies must have been readable before.
     */
    if (rms_token_verify(text, keys, &rules, &verified, NULL) == 0) {
        abort();
    }
    (void)!rms_token_peek(text, &header, &claims);
}

static void fuzz_keys(struct rms_view text)
{
    struct rms_jwks *keys = NULL;

    if (rms_jwks_parse(text, &keys) == 0) {
        rms_jwks_free(&keys);
    }
}

/* Whatever the parser takes is written and read back to the same. */
static void check_round_trip(struct rms_arena *arena, const struct rms_form *form)
{
    RMS_BUF_CLEANUP struct rms_buf text = RMS_BUF_INIT(1u << 20);
    const struct rms_pair *pairs;
    size_t count;

    for (size_t i = 0; i < form->count; i++) {
        rms_form_append(&text, form->pairs[i].name, form->pairs[i].value);
    }
    if (rms_form_parse(arena, rms_buf_view(&text), true, &pairs, &count) != 0 || count != form->count) {
        abort();
    }
    for (size_t i = 0; i < count; i++) {
        if (strcmp(pairs[i].name, form->pairs[i].name) != 0 ||
            strcmp(pairs[i].value, form->pairs[i].value) != 0) {
            abort();
        }
    }
}

static void fuzz_form(struct rms_view text)
{
    RMS_ARENA_CLEANUP struct rms_arena *arena = rms_arena_new(FUZZ_ARENA);
    const struct rms_pair headers[] = {{"Content-Type", "application/x-www-form-urlencoded"},
        {"Cookie", arena != NULL ? rms_arena_text(arena, text) : NULL}};
    struct rms_request request = {.arena = arena, .headers = headers, .header_count = 2, .body = text};
    struct rms_form form;

    if (arena == NULL || headers[1].value == NULL) {
        return;
    }
    (void)rms_form_cookie(&request, "form");
    if (rms_form_of_body(&request, &form) == 0) {
        (void)rms_form_get(&form, "password");
        check_round_trip(arena, &form);
    }
}

/* text as a C string: what a decoded parameter is. */
static void fuzz_texts(struct rms_view text)
{
    RMS_ARENA_CLEANUP struct rms_arena *arena = rms_arena_new(FUZZ_ARENA);
    RMS_BUF_CLEANUP struct rms_buf source = RMS_BUF_INIT(1u << 20);
    RMS_BUF_CLEANUP struct rms_buf html = RMS_BUF_INIT(1u << 22);
    const char *word = arena != NULL ? rms_arena_text(arena, text) : NULL;
    char code[RMS_USER_CODE_TEXT];
    char guid[RMS_GUID_TEXT];

    if (word == NULL) {
        return;
    }
    (void)rms_redirect_match("http://127.0.0.1:*", word);
    (void)rms_redirect_match("https://app.test/cb", word);
    (void)rms_pkce_verify(word, "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM");
    (void)rms_scope_has(word, "openid");
    (void)!rms_user_code_parse(word, code);
    for (size_t i = 0; i < 4; i++) {
        (void)!rms_challenge_guid(word, i, guid);
    }
    rms_redirect_source(word, &source);
    rms_page_escape(&html, word);
    /* Neither may leave its place: a header of the reply, a text of a page. */
    if (rms_redirect_acceptable(word) && strpbrk(rms_buf_text(&source), "; \r\n'") != NULL) {
        abort();
    }
    if (strpbrk(rms_buf_text(&html), "<>\"'") != NULL) {
        abort();
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static void (*const targets[])(struct rms_view text) = {fuzz_token, fuzz_keys, fuzz_form, fuzz_texts};

    if (size > 0) {
        targets[data[0] % (sizeof targets / sizeof targets[0])](rms_view_of(data + 1, size - 1));
    }
    return 0;
}
