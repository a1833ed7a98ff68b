#include "base/test.h"

#include <openssl/err.h>
#include <openssl/rsa.h>

#include "base/json.h"
#include "base/mem.h"
#include "crypto/base64.h"
#include "crypto/ec.h"
#include "crypto/jwt.h"
#include "crypto/rsa_key.h"

#define NOW 1700000000

static struct {
    struct rms_rsa_private *rsa;
    struct rms_rsa_private *stranger; /* of a key that is in no set */
    struct rms_ec_private *ec;
    struct rms_jwks *jwks;
    char rsa_jwk[1200];
    char ec_jwk[400];
} fixture;

static const char *const audiences[] = {"https://rms.example", "api://rms", NULL};

static const struct rms_token_rules rules = {.issuer = "https://login.example/t1",
    .audience = audiences,
    .now = NOW,
    .skew_s = 300,
    .algorithms = RMS_ALG_RS256 | RMS_ALG_PS256 | RMS_ALG_ES256};

static const char good_claims[] =
    "{\"iss\":\"https://login.example/t1\",\"aud\":\"api://rms\",\"exp\":1700003600,\"nbf\":1699999000,"
    "\"sub\":\"alice\"}";

/* ---- Making tokens. */

static void append_number(struct rms_buf *out, const uint8_t *bytes, size_t len)
{
    rms_base64url_encode(out, rms_view_of(bytes, len));
}

/* extra: further members, each with a comma behind. */
static void make_rsa_jwk(const struct rms_rsa_public *key, const char *extra, char *out, size_t cap)
{
    RMS_BUF_CLEANUP struct rms_buf modulus = RMS_BUF_INIT(1000);
    uint8_t big_endian[RMS_RSA_BYTES_MAX];

    rms_rsa_reverse(big_endian, key->modulus, key->bits / 8);
    append_number(&modulus, big_endian, key->bits / 8);
    (void)snprintf(
        out, cap, "{\"kty\":\"RSA\",%s\"n\":\"%s\",\"e\":\"AQAB\"}", extra, rms_buf_text(&modulus));
}

static void make_ec_jwk(const struct rms_ec_private *key, const char *extra, char *out, size_t cap)
{
    RMS_BUF_CLEANUP struct rms_buf x = RMS_BUF_INIT(100);
    RMS_BUF_CLEANUP struct rms_buf y = RMS_BUF_INIT(100);
    struct rms_ec_public public;

    rms_ec_public_of(key, &public);
    append_number(&x, public.x, sizeof public.x);
    append_number(&y, public.y, sizeof public.y);
    (void)snprintf(out, cap, "{\"kty\":\"EC\",\"crv\":\"P-256\",%s\"x\":\"%s\",\"y\":\"%s\"}", extra,
        rms_buf_text(&x), rms_buf_text(&y));
}

static struct rms_jwks *parse_keys(const char *first, const char *second)
{
    char text[4000];
    struct rms_jwks *jwks;

    (void)snprintf(text, sizeof text, "{\"keys\":[%s%s%s]}", first, second[0] != '\0' ? "," : "", second);
    assert_int_equal(rms_jwks_parse(rms_view_str(text), &jwks), 0);
    return jwks;
}

static int setup(void **state)
{
    (void)state;
    assert_int_equal(rms_rsa_generate(2048, &fixture.rsa), 0);
    assert_int_equal(rms_rsa_generate(2048, &fixture.stranger), 0);
    assert_int_equal(rms_ec_generate(&fixture.ec), 0);
    make_rsa_jwk(rms_rsa_public_of(fixture.rsa), "\"kid\":\"r1\",\"use\":\"sig\",", fixture.rsa_jwk,
        sizeof fixture.rsa_jwk);
    make_ec_jwk(fixture.ec, "\"kid\":\"e1\",", fixture.ec_jwk, sizeof fixture.ec_jwk);
    fixture.jwks = parse_keys(fixture.rsa_jwk, fixture.ec_jwk);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    rms_jwks_free(&fixture.jwks);
    rms_rsa_private_free(&fixture.rsa);
    rms_rsa_private_free(&fixture.stranger);
    rms_ec_private_free(&fixture.ec);
    return 0;
}

enum signer { BY_RS256, BY_PS256, BY_ES256, BY_STRANGER, BY_HMAC_OF_RSA_KEY, BY_NOBODY };

static void sign_pss(const uint8_t *digest, struct rms_buf *signature)
{
    EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_pkey(NULL, fixture.rsa->pkey, NULL);
    size_t len = 256;
    uint8_t *place = rms_buf_reserve(signature, len);

    assert_int_equal(EVP_PKEY_sign_init(ctx), 1);
    assert_int_equal(EVP_PKEY_CTX_set_rsa_padding(ctx, RSA_PKCS1_PSS_PADDING), 1);
    assert_int_equal(EVP_PKEY_CTX_set_signature_md(ctx, EVP_sha256()), 1);
    assert_int_equal(EVP_PKEY_CTX_set_rsa_pss_saltlen(ctx, RSA_PSS_SALTLEN_DIGEST), 1);
    assert_int_equal(EVP_PKEY_sign(ctx, place, &len, digest, 32), 1);
    rms_buf_commit(signature, len);
    EVP_PKEY_CTX_free(ctx);
}

static void sign(enum signer signer, struct rms_view text, struct rms_buf *signature)
{
    uint8_t digest[RMS_HASH_MAX];
    uint8_t fixed[64];

    rms_hash(RMS_SHA256, text, digest);
    switch (signer) {
    case BY_RS256:
        assert_int_equal(rms_rsa_sign(fixture.rsa, RMS_SHA256, digest, signature), 0);
        break;
    case BY_STRANGER:
        assert_int_equal(rms_rsa_sign(fixture.stranger, RMS_SHA256, digest, signature), 0);
        break;
    case BY_PS256:
        sign_pss(digest, signature);
        break;
    case BY_ES256:
        assert_int_equal(rms_ec_sign(fixture.ec, digest, fixed), 0);
        rms_buf_append(signature, fixed, sizeof fixed);
        break;
    case BY_HMAC_OF_RSA_KEY:
        rms_hmac_sha256(rms_view_str(fixture.rsa_jwk), text, fixed);
        rms_buf_append(signature, fixed, 32);
        break;
    case BY_NOBODY:
        break;
    }
}

static void make_token(enum signer signer, const char *header, const char *claims, struct rms_buf *token)
{
    RMS_BUF_CLEANUP struct rms_buf signature = RMS_BUF_INIT(1000);

    rms_base64url_encode(token, rms_view_str(header));
    rms_buf_append_byte(token, '.');
    rms_base64url_encode(token, rms_view_str(claims));
    sign(signer, rms_buf_view(token), &signature);
    rms_buf_append_byte(token, '.');
    rms_base64url_encode(token, rms_buf_view(&signature));
    assert_int_equal(rms_buf_status(token), 0);
}

static int verify_with(const struct rms_jwks *jwks, const struct rms_token_rules *with, struct rms_view token,
    const char **detail)
{
    json_t *claims = NULL;
    int status = rms_token_verify(token, jwks, with, &claims, detail);

    assert_true((status == 0) == (claims != NULL));
    assert_true((status == 0) == (*detail == NULL));
    assert_int_equal(ERR_peek_error(), 0);
    rms_json_free(&claims);
    return status;
}

static void expect(enum signer signer, const char *header, const char *claims, int status, const char *cause)
{
    RMS_BUF_CLEANUP struct rms_buf token = RMS_BUF_INIT(100000);
    const char *detail;

    make_token(signer, header, claims, &token);
    assert_int_equal(verify_with(fixture.jwks, &rules, rms_buf_view(&token), &detail), status);
    if (cause != NULL) {
        assert_non_null(detail);
        assert_string_equal(detail, cause);
    }
}

/* ---- The tests. */

static void accepts_each_algorithm(void **state)
{
    (void)state;
    expect(BY_RS256, "{\"alg\":\"RS256\",\"kid\":\"r1\",\"typ\":\"JWT\"}", good_claims, 0, NULL);
    expect(BY_PS256, "{\"alg\":\"PS256\",\"kid\":\"r1\"}", good_claims, 0, NULL);
    expect(BY_ES256, "{\"alg\":\"ES256\",\"kid\":\"e1\",\"typ\":\"at+jwt\"}", good_claims, 0, NULL);
    expect(BY_RS256, "{\"alg\":\"RS256\"}", good_claims, 0, NULL);
    expect(BY_ES256, "{\"alg\":\"ES256\",\"typ\":\"Application/AT+JWT\"}", good_claims, 0, NULL);
}

static void gives_the_claims(void **state)
{
    RMS_BUF_CLEANUP struct rms_buf token = RMS_BUF_INIT(100000);
    json_t *claims;

    (void)state;
    make_token(BY_ES256, "{\"alg\":\"ES256\",\"kid\":\"e1\"}", good_claims, &token);
    assert_int_equal(rms_token_verify(rms_buf_view(&token), fixture.jwks, &rules, &claims, NULL), 0);
    assert_string_equal(rms_json_str(claims, "sub"), "alice");
    rms_json_free(&claims);
}

static void refuses_other_algorithms(void **state)
{
    static const char cause[] = "algorithm not allowed";

    (void)state;
    expect(BY_RS256, "{\"alg\":\"none\",\"kid\":\"r1\"}", good_claims, RMS_E_NOT_AUTHENTICATED, cause);
    expect(BY_RS256, "{\"alg\":\"None\"}", good_claims, RMS_E_NOT_AUTHENTICATED, cause);
    expect(BY_RS256, "{\"alg\":\"rs256\"}", good_claims, RMS_E_NOT_AUTHENTICATED, cause);
    expect(BY_RS256, "{\"alg\":\"RS512\"}", good_claims, RMS_E_NOT_AUTHENTICATED, cause);
    expect(BY_RS256, "{\"alg\":null}", good_claims, RMS_E_NOT_AUTHENTICATED, cause);
    expect(BY_RS256, "{\"alg\":[\"RS256\"]}", good_claims, RMS_E_NOT_AUTHENTICATED, cause);
    expect(BY_RS256, "{\"kid\":\"r1\"}", good_claims, RMS_E_NOT_AUTHENTICATED, cause);
    expect(BY_HMAC_OF_RSA_KEY, "{\"alg\":\"HS256\",\"kid\":\"r1\"}", good_claims, RMS_E_NOT_AUTHENTICATED,
        cause);
}

/* The classic: an unsigned token, its third part empty. */
static void refuses_unsigned_tokens(void **state)
{
    (void)state;
    expect(BY_NOBODY, "{\"alg\":\"none\"}", good_claims, RMS_E_NOT_AUTHENTICATED, "malformed");
    expect(
        BY_NOBODY, "{\"alg\":\"RS256\",\"kid\":\"r1\"}", good_claims, RMS_E_NOT_AUTHENTICATED, "malformed");
}

static void the_rules_narrow_the_algorithms(void **state)
{
    RMS_BUF_CLEANUP struct rms_buf token = RMS_BUF_INIT(100000);
    struct rms_token_rules only_ec = rules;
    const char *detail;

    (void)state;
    only_ec.algorithms = RMS_ALG_ES256;
    make_token(BY_RS256, "{\"alg\":\"RS256\",\"kid\":\"r1\"}", good_claims, &token);
    assert_int_equal(
        verify_with(fixture.jwks, &only_ec, rms_buf_view(&token), &detail), RMS_E_NOT_AUTHENTICATED);
    assert_string_equal(detail, "algorithm not allowed");
}

/* The algorithm must fit the type of the key that the id names. */
static void refuses_a_key_of_another_type(void **state)
{
    (void)state;
    expect(BY_RS256, "{\"alg\":\"RS256\",\"kid\":\"e1\"}", good_claims, RMS_E_NOT_AUTHENTICATED,
        "bad signature");
    expect(BY_ES256, "{\"alg\":\"ES256\",\"kid\":\"r1\"}", good_claims, RMS_E_NOT_AUTHENTICATED,
        "bad signature");
    expect(BY_RS256, "{\"alg\":\"PS256\",\"kid\":\"r1\"}", good_claims, RMS_E_NOT_AUTHENTICATED,
        "bad signature");
}

static void refuses_strangers(void **state)
{
    (void)state;
    expect(BY_STRANGER, "{\"alg\":\"RS256\",\"kid\":\"r1\"}", good_claims, RMS_E_NOT_AUTHENTICATED,
        "bad signature");
    expect(BY_STRANGER, "{\"alg\":\"RS256\"}", good_claims, RMS_E_NOT_AUTHENTICATED, "bad signature");
    expect(BY_STRANGER, "{\"alg\":\"RS256\",\"kid\":\"new\"}", good_claims, RMS_E_NOT_FOUND, "unknown key");
}

/* A key that the token brings itself is never used. */
static void ignores_keys_in_the_token(void **state)
{
    char jwk[1200];
    char header[1400];

    (void)state;
    make_rsa_jwk(rms_rsa_public_of(fixture.stranger), "", jwk, sizeof jwk);
    (void)snprintf(header, sizeof header, "{\"alg\":\"RS256\",\"kid\":\"r1\",\"jwk\":%s}", jwk);
    expect(BY_STRANGER, header, good_claims, RMS_E_NOT_AUTHENTICATED, "bad signature");
}

static void refuses_odd_headers(void **state)
{
    (void)state;
    expect(BY_RS256, "{\"alg\":\"RS256\",\"kid\":\"r1\",\"crit\":[\"exp\"],\"exp\":1}", good_claims,
        RMS_E_NOT_AUTHENTICATED, "critical extension");
    expect(BY_RS256, "{\"alg\":\"RS256\",\"crit\":[]}", good_claims, RMS_E_NOT_AUTHENTICATED,
        "critical extension");
    expect(
        BY_RS256, "{\"alg\":\"RS256\",\"kid\":1}", good_claims, RMS_E_NOT_AUTHENTICATED, "malformed key id");
    expect(BY_RS256, "{\"alg\":\"RS256\",\"kid\":null}", good_claims, RMS_E_NOT_AUTHENTICATED,
        "malformed key id");
    expect(BY_RS256, "{\"alg\":\"RS256\",\"typ\":\"logout+jwt\"}", good_claims, RMS_E_NOT_AUTHENTICATED,
        "not an access token");
    expect(BY_RS256, "{\"alg\":\"RS256\",\"typ\":7}", good_claims, RMS_E_NOT_AUTHENTICATED,
        "not an access token");
    expect(
        BY_RS256, "{\"alg\":\"RS256\",\"alg\":\"RS256\"}", good_claims, RMS_E_NOT_AUTHENTICATED, "malformed");
}

/* iss, aud, exp and nbf as JSON; NULL leaves the member out. */
struct claims {
    const char *iss;
    const char *aud;
    const char *exp;
    const char *nbf;
    const char *cause; /* NULL: good */
};

#define ISS "\"https://login.example/t1\""
#define AUD "\"api://rms\""
#define EXP "1700003600"

static const struct claims claim_rows[] = {
    {ISS, AUD, EXP, NULL, NULL},
    {ISS, "[\"other\",\"https://rms.example\"]", EXP, NULL, NULL},
    {ISS, AUD, "1699999701", NULL, NULL}, /* within the skew */
    {ISS, AUD, "1699999700.5", NULL, NULL},
    {ISS, AUD, EXP, "1700000300", NULL},
    {"\"https://login.example/t2\"", AUD, EXP, NULL, "wrong issuer"},
    {"\"https://login.example/t1/\"", AUD, EXP, NULL, "wrong issuer"},
    {"[" ISS "]", AUD, EXP, NULL, "wrong issuer"},
    {NULL, AUD, EXP, NULL, "wrong issuer"},
    {ISS, "\"api://other\"", EXP, NULL, "wrong audience"},
    {ISS, "\"\"", EXP, NULL, "wrong audience"},
    {ISS, "[]", EXP, NULL, "wrong audience"},
    {ISS, "[[" AUD "]]", EXP, NULL, "wrong audience"},
    {ISS, "{\"a\":" AUD "}", EXP, NULL, "wrong audience"},
    {ISS, "null", EXP, NULL, "wrong audience"},
    {ISS, NULL, EXP, NULL, "wrong audience"},
    {ISS, AUD, "1699999700", NULL, "expired"},
    {ISS, AUD, "0", NULL, "expired"},
    {ISS, AUD, "-1", NULL, "expired"},
    {ISS, AUD, "\"1700003600\"", NULL, "malformed time"},
    {ISS, AUD, "null", NULL, "malformed time"},
    {ISS, AUD, NULL, NULL, "malformed time"},
    {ISS, AUD, EXP, "\"0\"", "malformed time"},
    {ISS, AUD, EXP, "1700000301", "not yet valid"},
};

static void append_claim(struct rms_buf *out, const char *name, const char *value)
{
    if (value != NULL) {
        rms_buf_printf(out, "%s\"%s\":%s", out->len > 1 ? "," : "", name, value);
    }
}

static void checks_the_claims(void **state)
{
    (void)state;
    for (size_t i = 0; i < RMS_COUNT(claim_rows); i++) {
        RMS_BUF_CLEANUP struct rms_buf claims = RMS_BUF_INIT(1000);
        const struct claims *row = &claim_rows[i];

        rms_buf_append_byte(&claims, '{');
        append_claim(&claims, "iss", row->iss);
        append_claim(&claims, "aud", row->aud);
        append_claim(&claims, "exp", row->exp);
        append_claim(&claims, "nbf", row->nbf);
        rms_buf_append_byte(&claims, '}');
        expect(BY_ES256, "{\"alg\":\"ES256\",\"kid\":\"e1\"}", rms_buf_text(&claims),
            row->cause == NULL ? 0 : RMS_E_NOT_AUTHENTICATED, row->cause);
    }
}

static void refuses_payloads_that_are_no_objects(void **state)
{
    static const char *const bad[] = {"", "[]", "1", "{", "\"x\"", "{}{}", "{\"exp\":1,\"exp\":2}"};

    (void)state;
    for (size_t i = 0; i < RMS_COUNT(bad); i++) {
        expect(BY_ES256, "{\"alg\":\"ES256\",\"kid\":\"e1\"}", bad[i], RMS_E_NOT_AUTHENTICATED, "malformed");
        expect(BY_ES256, bad[i], good_claims, RMS_E_NOT_AUTHENTICATED, "malformed");
    }
}

/* Every byte changed, every truncation, and bytes added. */
static void refuses_changed_tokens(void **state)
{
    RMS_BUF_CLEANUP struct rms_buf token = RMS_BUF_INIT(100000);
    const char *detail;

    (void)state;
    make_token(BY_ES256, "{\"alg\":\"ES256\",\"kid\":\"e1\"}", good_claims, &token);
    for (size_t i = 0; i < token.len; i++) {
        struct rms_view cut = rms_view_of(token.data, i);

        assert_int_equal(verify_with(fixture.jwks, &rules, cut, &detail), RMS_E_NOT_AUTHENTICATED);
        token.data[i] ^= 0x01;
        assert_int_not_equal(verify_with(fixture.jwks, &rules, rms_buf_view(&token), &detail), 0);
        token.data[i] ^= 0x01;
    }
    rms_buf_append_str(&token, ".e30");
    assert_int_equal(
        verify_with(fixture.jwks, &rules, rms_buf_view(&token), &detail), RMS_E_NOT_AUTHENTICATED);
    rms_buf_truncate(&token, token.len - 4);
    rms_buf_append_str(&token, "=");
    assert_int_equal(
        verify_with(fixture.jwks, &rules, rms_buf_view(&token), &detail), RMS_E_NOT_AUTHENTICATED);
}

static void refuses_malformed_text(void **state)
{
    static const char *const bad[] = {"", ".", "..", "...", "a.b.c", "e30.e30.", ".e30.e30", "e30..e30",
        "e30.e30", "e30.e30.e30.e30", "e30.e30.e30.e30.e30", " e30.e30.e30", "{}.{}.{}"};
    const char *detail;
    json_t *header;
    json_t *claims;

    (void)state;
    for (size_t i = 0; i < RMS_COUNT(bad); i++) {
        assert_int_equal(
            verify_with(fixture.jwks, &rules, rms_view_str(bad[i]), &detail), RMS_E_NOT_AUTHENTICATED);
        assert_int_equal(rms_token_peek(rms_view_str(bad[i]), &header, &claims), RMS_E_NOT_AUTHENTICATED);
        assert_null(header);
        assert_null(claims);
    }
}

static void refuses_oversized_tokens(void **state)
{
    RMS_BUF_CLEANUP struct rms_buf token = RMS_BUF_INIT(200000);
    RMS_BUF_CLEANUP struct rms_buf claims = RMS_BUF_INIT(100000);
    const char *detail;

    (void)state;
    rms_buf_printf(&claims, "{\"iss\":" ISS ",\"aud\":" AUD ",\"exp\":" EXP ",\"pad\":\"%048000d\"}", 0);
    make_token(BY_ES256, "{\"alg\":\"ES256\"}", rms_buf_text(&claims), &token);
    assert_true(token.len <= RMS_TOKEN_MAX);
    assert_int_equal(verify_with(fixture.jwks, &rules, rms_buf_view(&token), &detail), 0);
    rms_buf_reset(&token);
    rms_buf_reset(&claims);
    rms_buf_printf(&claims, "{\"iss\":" ISS ",\"aud\":" AUD ",\"exp\":" EXP ",\"pad\":\"%050000d\"}", 0);
    make_token(BY_ES256, "{\"alg\":\"ES256\"}", rms_buf_text(&claims), &token);
    assert_true(token.len > RMS_TOKEN_MAX);
    assert_int_equal(
        verify_with(fixture.jwks, &rules, rms_buf_view(&token), &detail), RMS_E_NOT_AUTHENTICATED);
    assert_string_equal(detail, "malformed");
}

static void peeking_trusts_nothing_and_reads_all(void **state)
{
    RMS_BUF_CLEANUP struct rms_buf token = RMS_BUF_INIT(100000);
    json_t *header;
    json_t *claims;

    (void)state;
    make_token(BY_STRANGER, "{\"alg\":\"XX\",\"kid\":\"k\"}", good_claims, &token);
    assert_int_equal(rms_token_peek(rms_buf_view(&token), &header, &claims), 0);
    assert_string_equal(rms_json_str(header, "kid"), "k");
    assert_string_equal(rms_json_str(claims, "iss"), "https://login.example/t1");
    rms_json_free(&header);
    rms_json_free(&claims);
}

/* ---- Key sets: with the only key left out, every token asks for a refresh. */

static bool key_is_used(const char *jwk, enum signer signer, const char *header)
{
    RMS_BUF_CLEANUP struct rms_buf token = RMS_BUF_INIT(100000);
    struct rms_jwks *jwks = parse_keys(jwk, "");
    const char *detail;
    int status;

    make_token(signer, header, good_claims, &token);
    status = verify_with(jwks, &rules, rms_buf_view(&token), &detail);
    assert_true(status == 0 || status == RMS_E_NOT_FOUND);
    rms_jwks_free(&jwks);
    return status == 0;
}

static void leaves_out_unfit_rsa_keys(void **state)
{
    static const struct {
        const char *extra;
        bool used;
    } rows[] = {
        {"", true},
        {"\"use\":\"sig\",", true},
        {"\"alg\":\"RS256\",", true},
        {"\"key_ops\":[\"verify\"],", true},
        {"\"use\":\"enc\",", false},
        {"\"use\":null,", false},
        {"\"key_ops\":[\"encrypt\"],", false},
        {"\"key_ops\":[],", false},
        {"\"key_ops\":\"verify\",", false},
        {"\"alg\":\"RS512\",", false},
        {"\"alg\":\"ES256\",", false},
        {"\"alg\":\"RSA-OAEP\",", false},
        {"\"alg\":7,", false},
        {"\"d\":\"AQAB\",", false},
        {"\"k\":\"AQAB\",", false},
        {"\"kid\":5,", false},
    };
    char jwk[1200];

    (void)state;
    for (size_t i = 0; i < RMS_COUNT(rows); i++) {
        make_rsa_jwk(rms_rsa_public_of(fixture.rsa), rows[i].extra, jwk, sizeof jwk);
        assert_int_equal(key_is_used(jwk, BY_RS256, "{\"alg\":\"RS256\"}"), rows[i].used);
    }
}

/* A key's "alg" keeps it from checking another algorithm of its type. */
static void a_key_may_be_for_one_algorithm_only(void **state)
{
    RMS_BUF_CLEANUP struct rms_buf token = RMS_BUF_INIT(100000);
    struct rms_jwks *jwks;
    const char *detail;
    char jwk[1200];

    (void)state;
    make_rsa_jwk(rms_rsa_public_of(fixture.rsa), "\"alg\":\"PS256\",", jwk, sizeof jwk);
    jwks = parse_keys(jwk, "");
    make_token(BY_RS256, "{\"alg\":\"RS256\"}", good_claims, &token);
    assert_int_equal(verify_with(jwks, &rules, rms_buf_view(&token), &detail), RMS_E_NOT_AUTHENTICATED);
    rms_jwks_free(&jwks);
}

static void leaves_out_unfit_numbers_and_types(void **state)
{
    static const char *const bad[] = {
        "{\"kty\":\"oct\",\"k\":\"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\"}",
        "{\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"x\":\"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo\"}",
        "{\"kty\":\"RSA\",\"n\":\"AQAB\",\"e\":\"AQAB\"}",
        "{\"kty\":\"RSA\",\"e\":\"AQAB\"}",
        "{\"kty\":\"RSA\",\"n\":5,\"e\":\"AQAB\"}",
        "{\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"AQAB\",\"y\":\"AQAB\"}",
        "{\"kty\":\"EC\",\"crv\":\"P-384\",\"x\":\"AQAB\",\"y\":\"AQAB\"}",
        "{\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\","
        "\"y\":\"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\"}",
        "{}",
        "[]",
        "5",
        "null",
    };

    (void)state;
    for (size_t i = 0; i < RMS_COUNT(bad); i++) {
        assert_false(key_is_used(bad[i], BY_ES256, "{\"alg\":\"ES256\"}"));
    }
}

static void unfit_keys_do_not_hide_good_ones(void **state)
{
    RMS_BUF_CLEANUP struct rms_buf token = RMS_BUF_INIT(100000);
    struct rms_jwks *jwks = parse_keys("{\"kty\":\"oct\",\"kid\":\"r1\",\"k\":\"AAAA\"}", fixture.rsa_jwk);
    const char *detail;

    (void)state;
    make_token(BY_RS256, "{\"alg\":\"RS256\",\"kid\":\"r1\"}", good_claims, &token);
    assert_int_equal(verify_with(jwks, &rules, rms_buf_view(&token), &detail), 0);
    rms_jwks_free(&jwks);
}

static void refuses_documents_that_are_no_key_sets(void **state)
{
    static const char *const bad[] = {
        "", "{}", "[]", "{\"keys\":{}}", "{\"keys\":null}", "{\"keys\":[]", "x"};
    struct rms_jwks *jwks;

    (void)state;
    for (size_t i = 0; i < RMS_COUNT(bad); i++) {
        assert_int_equal(rms_jwks_parse(rms_view_str(bad[i]), &jwks), RMS_E_BAD_ARGUMENT);
        assert_null(jwks);
    }
    rms_jwks_free(&jwks);
}

/* More keys than are kept: no overrun, the first ones count. */
static void large_sets_are_cut(void **state)
{
    RMS_BUF_CLEANUP struct rms_buf text = RMS_BUF_INIT(1000000);
    RMS_BUF_CLEANUP struct rms_buf token = RMS_BUF_INIT(100000);
    struct rms_jwks *jwks;
    const char *detail;

    (void)state;
    rms_buf_append_str(&text, "{\"keys\":[");
    for (int i = 0; i < 200; i++) {
        rms_buf_printf(&text, "%s%s", i > 0 ? "," : "", i % 2 == 0 ? fixture.ec_jwk : fixture.rsa_jwk);
    }
    rms_buf_append_str(&text, "]}");
    assert_int_equal(rms_jwks_parse(rms_buf_view(&text), &jwks), 0);
    make_token(BY_ES256, "{\"alg\":\"ES256\",\"kid\":\"e1\"}", good_claims, &token);
    assert_int_equal(verify_with(jwks, &rules, rms_buf_view(&token), &detail), 0);
    rms_jwks_free(&jwks);
}

static void memory_may_run_out(void **state)
{
    RMS_BUF_CLEANUP struct rms_buf token = RMS_BUF_INIT(100000);
    struct rms_jwks *jwks = NULL;
    int status = -1;
    char text[2000];

    (void)state;
    (void)snprintf(text, sizeof text, "{\"keys\":[%s]}", fixture.ec_jwk);
    for (long count = 0; jwks == NULL; count++) {
        assert_true(count < 50);
        rms_mem_fail_after(count);
        (void)!rms_jwks_parse(rms_view_str(text), &jwks);
        rms_mem_fail_never();
    }
    rms_jwks_free(&jwks);
    make_token(BY_ES256, "{\"alg\":\"ES256\",\"kid\":\"e1\"}", good_claims, &token);
    for (long count = 0; status != 0; count++) {
        json_t *claims = NULL;

        assert_true(count < 50);
        rms_mem_fail_after(count);
        status = rms_token_verify(rms_buf_view(&token), fixture.jwks, &rules, &claims, NULL);
        rms_mem_fail_never();
        rms_json_free(&claims);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(accepts_each_algorithm),
        cmocka_unit_test(gives_the_claims),
        cmocka_unit_test(refuses_other_algorithms),
        cmocka_unit_test(refuses_unsigned_tokens),
        cmocka_unit_test(the_rules_narrow_the_algorithms),
        cmocka_unit_test(refuses_a_key_of_another_type),
        cmocka_unit_test(refuses_strangers),
        cmocka_unit_test(ignores_keys_in_the_token),
        cmocka_unit_test(refuses_odd_headers),
        cmocka_unit_test(checks_the_claims),
        cmocka_unit_test(refuses_payloads_that_are_no_objects),
        cmocka_unit_test(refuses_changed_tokens),
        cmocka_unit_test(refuses_malformed_text),
        cmocka_unit_test(refuses_oversized_tokens),
        cmocka_unit_test(peeking_trusts_nothing_and_reads_all),
        cmocka_unit_test(leaves_out_unfit_rsa_keys),
        cmocka_unit_test(a_key_may_be_for_one_algorithm_only),
        cmocka_unit_test(leaves_out_unfit_numbers_and_types),
        cmocka_unit_test(unfit_keys_do_not_hide_good_ones),
        cmocka_unit_test(refuses_documents_that_are_no_key_sets),
        cmocka_unit_test(large_sets_are_cut),
        cmocka_unit_test(memory_may_run_out),
    };

    return cmocka_run_group_tests(tests, setup, teardown);
}
