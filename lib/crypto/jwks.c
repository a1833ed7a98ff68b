#include "crypto/jwks.h"

#include "base/json.h"
#include "base/mem.h"
#include "crypto/base64.h"
#include "crypto/provider.h"

#define KEYS_MAX      64
#define RSA_BYTES_MIN 256 /* 2048 bits */
#define RSA_BYTES_MAX 512
#define EXPONENT_MAX  4
#define COORDINATE    32

/* What a key may check by its type. A key's own "alg" narrows it. */
static const struct {
    const char *name;
    unsigned algorithm;
    enum rms_key_type type;
} algorithms[] = {
    {"RS256", RMS_ALG_RS256, RMS_KEY_RSA},
    {"PS256", RMS_ALG_PS256, RMS_KEY_RSA},
    {"ES256", RMS_ALG_ES256, RMS_KEY_EC},
};

static unsigned algorithms_of(enum rms_key_type type, const char *alg)
{
    unsigned allowed = 0;

    for (size_t i = 0; i < sizeof algorithms / sizeof algorithms[0]; i++) {
        if (algorithms[i].type == type && (alg == NULL || strcmp(alg, algorithms[i].name) == 0)) {
            allowed |= algorithms[i].algorithm;
        }
    }
    return allowed;
}

/* Decoded length of a base64url member; 0 when it is missing or malformed. */
static size_t member_bytes(const json_t *key, const char *name)
{
    RMS_BUF_CLEANUP struct rms_buf bytes = RMS_BUF_INIT(2 * RSA_BYTES_MAX);
    const char *text = rms_json_str(key, name);

    return text != NULL && rms_base64url_decode(rms_view_str(text), &bytes) == 0 ? bytes.len : 0;
}

static bool numbers_fit(const json_t *key, enum rms_key_type type)
{
    const char *curve = rms_json_str(key, "crv");

    if (type == RMS_KEY_RSA) {
        size_t modulus = member_bytes(key, "n");
        size_t exponent = member_bytes(key, "e");

        return modulus >= RSA_BYTES_MIN && modulus <= RSA_BYTES_MAX && exponent >= 1 &&
               exponent <= EXPONENT_MAX;
    }
    return curve != NULL && strcmp(curve, "P-256") == 0 && member_bytes(key, "x") == COORDINATE &&
           member_bytes(key, "y") == COORDINATE;
}

/* "use" and "key_ops" (RFC 7517 4.2, 4.3): for checking signatures, when they say anything. */
static bool meant_for_signatures(const json_t *key)
{
    const json_t *use = json_object_get(key, "use");
    const json_t *operations = json_object_get(key, "key_ops");
    const json_t *operation;
    size_t i;

    if (use != NULL && (!json_is_string(use) || strcmp(json_string_value(use), "sig") != 0)) {
        return false;
    }
    if (operations == NULL) {
        return true;
    }
    json_array_foreach(operations, i, operation)
    {
        if (json_is_string(operation) && strcmp(json_string_value(operation), "verify") == 0) {
            return true;
        }
    }
    return false;
}

static bool type_of(const json_t *key, enum rms_key_type *type_out)
{
    const char *kty = rms_json_str(key, "kty");

    if (kty == NULL || (strcmp(kty, "RSA") != 0 && strcmp(kty, "EC") != 0)) {
        return false;
    }
    *type_out = kty[0] == 'R' ? RMS_KEY_RSA : RMS_KEY_EC;
    return true;
}

/* Is this a public key we may use? "d" and "k" mark private and symmetric ones. */
static bool describe(const json_t *key, struct rms_jwk *out)
{
    const json_t *alg = json_object_get(key, "alg");
    const json_t *kid = json_object_get(key, "kid");

    if (!json_is_object(key) || json_object_get(key, "d") != NULL || json_object_get(key, "k") != NULL ||
        (alg != NULL && !json_is_string(alg)) || (kid != NULL && !json_is_string(kid))) {
        return false;
    }
    if (!type_of(key, &out->type) || !meant_for_signatures(key) || !numbers_fit(key, out->type)) {
        return false;
    }
    out->algorithms = algorithms_of(out->type, json_string_value(alg));
    return out->algorithms != 0;
}

static int import(const json_t *key, struct rms_jwk *out)
{
    RMS_BUF_CLEANUP struct rms_buf text = RMS_BUF_INIT(65536);
    const char *kid = rms_json_str(key, "kid");
    cjose_err err;

    RMS_TRY(rms_json_emit(key, &text));
    out->key = cjose_jwk_import((const char *)text.data, text.len, &err);
    if (out->key == NULL) {
        return rms_crypto_failed(RMS_E_BAD_ARGUMENT);
    }
    out->kid = rms_strdup(kid);
    if (kid != NULL && out->kid == NULL) {
        (void)cjose_jwk_release(out->key);
        return RMS_E_NO_MEMORY;
    }
    return 0;
}

static int add_keys(const json_t *list, struct rms_jwks *jwks)
{
    const json_t *key;
    size_t i;

    json_array_foreach(list, i, key)
    {
        struct rms_jwk made = {0};
        int status;

        if (jwks->count == KEYS_MAX || !describe(key, &made)) {
            continue;
        }
        status = import(key, &made);
        if (status == RMS_E_NO_MEMORY) {
            return status;
        }
        if (status == 0) {
            jwks->keys[jwks->count++] = made;
        }
    }
    return 0;
}

int rms_jwks_parse(struct rms_view json, struct rms_jwks **jwks_out)
{
    RMS_JSON_CLEANUP json_t *document = NULL;
    struct rms_jwks *jwks;
    const json_t *list;
    int status;

    *jwks_out = NULL;
    RMS_TRY(rms_json_parse(json, &document));
    list = json_object_get(document, "keys");
    if (!json_is_array(list)) {
        return RMS_E_BAD_ARGUMENT;
    }
    jwks = rms_calloc(1, sizeof *jwks + KEYS_MAX * sizeof jwks->keys[0]);
    if (jwks == NULL) {
        return RMS_E_NO_MEMORY;
    }
    status = add_keys(list, jwks);
    if (status != 0) {
        rms_jwks_free(&jwks);
    }
    *jwks_out = jwks;
    return status;
}

void rms_jwks_free(struct rms_jwks **jwks)
{
    if (*jwks == NULL) {
        return;
    }
    for (size_t i = 0; i < (*jwks)->count; i++) {
        (void)cjose_jwk_release((*jwks)->keys[i].key);
        rms_free((*jwks)->keys[i].kid);
    }
    rms_free(*jwks);
    *jwks = NULL;
}
