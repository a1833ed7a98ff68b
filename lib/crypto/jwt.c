#include "crypto/jwt.h"

#include <stdlib.h>

#include "base/json.h"
#include "base/text.h"
#include "crypto/base64.h"
#include "crypto/jwks.h"
#include "crypto/provider.h"

/* A token taken apart: three base64url parts of which the first two are JSON objects. */
struct token {
    json_t *header;
    json_t *claims;
    struct rms_buf payload; /* the bytes of claims */
};

static void token_fini(struct token *token)
{
    rms_json_free(&token->header);
    rms_json_free(&token->claims);
    rms_buf_fini(&token->payload);
}

#define TOKEN_CLEANUP __attribute__((cleanup(token_fini)))

/* The part up to the next dot (or the end for the last), moving behind it. */
static bool next_part(struct rms_view *rest, bool last, struct rms_view *part_out)
{
    const uint8_t *dot = rest->len > 0 ? memchr(rest->data, '.', rest->len) : NULL;
    size_t len = dot != NULL ? (size_t)(dot - rest->data) : rest->len;

    if ((dot != NULL) == last || len == 0) {
        return false;
    }
    *part_out = rms_view_of(rest->data, len);
    *rest = rms_view_of(rest->data + len + (dot != NULL), rest->len - len - (dot != NULL));
    return true;
}

static int parse_object(struct rms_view part, struct rms_buf *bytes, json_t **json_out)
{
    RMS_TRY(rms_base64url_decode(part, bytes));
    RMS_TRY(rms_json_parse(rms_buf_view(bytes), json_out));
    return json_is_object(*json_out) ? 0 : RMS_E_BAD_ARGUMENT;
}

static int take_apart(struct rms_view text, struct token *token)
{
    RMS_BUF_CLEANUP struct rms_buf header = RMS_BUF_INIT(RMS_TOKEN_MAX);
    RMS_BUF_CLEANUP struct rms_buf signature = RMS_BUF_INIT(RMS_TOKEN_MAX);
    struct rms_view parts[3];

    *token = (struct token){.payload = RMS_BUF_INIT(RMS_TOKEN_MAX)};
    if (text.len > RMS_TOKEN_MAX || !next_part(&text, false, &parts[0]) ||
        !next_part(&text, false, &parts[1]) || !next_part(&text, true, &parts[2])) {
        return RMS_E_NOT_AUTHENTICATED;
    }
    if (parse_object(parts[0], &header, &token->header) != 0 ||
        parse_object(parts[1], &token->payload, &token->claims) != 0 ||
        rms_base64url_decode(parts[2], &signature) != 0) {
        return RMS_E_NOT_AUTHENTICATED;
    }
    return 0;
}

int rms_token_peek(struct rms_view token, json_t **header_out, json_t **claims_out)
{
    TOKEN_CLEANUP struct token parts;
    int status = take_apart(token, &parts);

    *header_out = NULL;
    *claims_out = NULL;
    if (status == 0) {
        *header_out = json_incref(parts.header);
        *claims_out = json_incref(parts.claims);
    }
    return status;
}

static unsigned algorithm_of(const json_t *header)
{
    static const struct {
        const char *name;
        unsigned algorithm;
    } known[] = {{"RS256", RMS_ALG_RS256}, {"PS256", RMS_ALG_PS256}, {"ES256", RMS_ALG_ES256}};
    const char *alg = rms_json_str(header, "alg");

    for (size_t i = 0; alg != NULL && i < sizeof known / sizeof known[0]; i++) {
        if (strcmp(alg, known[i].name) == 0) {
            return known[i].algorithm;
        }
    }
    return 0;
}

/* RFC 8725 3.11: tokens made for another purpose (logout, proof of possession) say so in "typ". */
static bool type_fits(const json_t *header)
{
    static const char *const good[] = {"JWT", "at+jwt", "application/at+jwt"};
    const json_t *typ = json_object_get(header, "typ");

    for (size_t i = 0; json_is_string(typ) && i < sizeof good / sizeof good[0]; i++) {
        if (rms_text_equal_nocase(json_string_value(typ), good[i])) {
            return true;
        }
    }
    return typ == NULL;
}

static const char *check_header(const json_t *header, unsigned allowed)
{
    if ((algorithm_of(header) & allowed) == 0) {
        return "algorithm not allowed";
    }
    if (json_object_get(header, "crit") != NULL) {
        return "critical extension";
    }
    if (json_object_get(header, "kid") != NULL && rms_json_str(header, "kid") == NULL) {
        return "malformed key id";
    }
    return type_fits(header) ? NULL : "not an access token";
}

static bool audience_fits(const json_t *audience, const char *const *wanted)
{
    if (!json_is_string(audience)) {
        return false;
    }
    for (; *wanted != NULL; wanted++) {
        if (strcmp(json_string_value(audience), *wanted) == 0) {
            return true;
        }
    }
    return false;
}

static bool any_audience_fits(const json_t *audience, const char *const *wanted)
{
    const json_t *one;
    size_t i;

    json_array_foreach(audience, i, one)
    {
        if (audience_fits(one, wanted)) {
            return true;
        }
    }
    return audience_fits(audience, wanted);
}

static const char *check_times(const json_t *claims, const struct rms_token_rules *rules)
{
    const json_t *expires = json_object_get(claims, "exp");
    const json_t *not_before = json_object_get(claims, "nbf");

    if (!json_is_number(expires) || (not_before != NULL && !json_is_number(not_before))) {
        return "malformed time";
    }
    if (json_number_value(expires) <= (double)(rules->now - rules->skew_s)) {
        return "expired";
    }
    if (not_before != NULL && json_number_value(not_before) > (double)(rules->now + rules->skew_s)) {
        return "not yet valid";
    }
    return NULL;
}

static const char *check_claims(const json_t *claims, const struct rms_token_rules *rules)
{
    const char *issuer = rms_json_str(claims, "iss");

    if (issuer == NULL || strcmp(issuer, rules->issuer) != 0) {
        return "wrong issuer";
    }
    if (!any_audience_fits(json_object_get(claims, "aud"), rules->audience)) {
        return "wrong audience";
    }
    return check_times(claims, rules);
}

/* The signature alone, and that cjose saw the same payload as we did. */
static bool signature_fits(struct rms_view text, const struct rms_jwk *key, const struct token *token)
{
    uint8_t *plain = NULL;
    size_t len = 0;
    cjose_err err;
    cjose_jws_t *jws = cjose_jws_import((const char *)text.data, text.len, &err);
    bool fits = jws != NULL && cjose_jws_verify(jws, key->key, &err) &&
                cjose_jws_get_plaintext(jws, &plain, &len, &err) &&
                rms_view_equal(rms_view_of(plain, len), rms_buf_view(&token->payload));

    cjose_jws_release(jws);
    return fits;
}

/* Keys of the token's id, or all when it has none. RMS_E_NOT_FOUND: there is no such key. */
static int check_signature(struct rms_view text, const struct token *token, const struct rms_jwks *jwks)
{
    const char *kid = rms_json_str(token->header, "kid");
    unsigned algorithm = algorithm_of(token->header);
    int status = RMS_E_NOT_FOUND;

    for (size_t i = 0; i < jwks->count; i++) {
        const struct rms_jwk *key = &jwks->keys[i];

        if (kid != NULL && (key->kid == NULL || strcmp(kid, key->kid) != 0)) {
            continue;
        }
        if ((key->algorithms & algorithm) != 0 && signature_fits(text, key, token)) {
            return 0;
        }
        status = RMS_E_NOT_AUTHENTICATED;
    }
    return rms_crypto_failed(status);
}

/* The cheap checks come first: what fails them costs no signature and no refresh of keys. */
static int verify(struct rms_view text, const struct rms_jwks *jwks, const struct rms_token_rules *rules,
    struct token *token, const char **detail)
{
    int status = take_apart(text, token);

    if (status != 0) {
        *detail = "malformed";
        return status;
    }
    *detail = check_header(token->header, rules->algorithms);
    if (*detail == NULL) {
        *detail = check_claims(token->claims, rules);
    }
    if (*detail != NULL) {
        return RMS_E_NOT_AUTHENTICATED;
    }
    status = check_signature(text, token, jwks);
    *detail = status == RMS_E_NOT_FOUND ? "unknown key" : status != 0 ? "bad signature" : NULL;
    return status;
}

int rms_token_verify(struct rms_view token, const struct rms_jwks *jwks, const struct rms_token_rules *rules,
    json_t **claims_out, const char **detail_out)
{
    TOKEN_CLEANUP struct token parts = {0};
    const char *detail = NULL;
    int status = verify(token, jwks, rules, &parts, &detail);

    *claims_out = status == 0 ? json_incref(parts.claims) : NULL;
    if (detail_out != NULL) {
        *detail_out = detail;
    }
    return status;
}
