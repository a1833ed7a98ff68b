#include "crypto/rsa_file.h"

#include <openssl/core_names.h>
#include <openssl/pem.h>
#include <openssl/pkcs12.h>
#include <openssl/x509.h>
#include <stdio.h>

#include "crypto/provider.h"
#include "crypto/rsa_key.h"

#define ITERATIONS 1000000 /* half a second of one who guesses, a try */
#define SALT_BYTES 16
#define EXPONENT   65537u
#define BITS_MIN   2048 /* of a key that a whole tenant is given to */

/* --- writing ------------------------------------------------------------------------------------------ */

static X509_SIG *encrypt(PKCS8_PRIV_KEY_INFO *info, struct rms_view passphrase)
{
    OSSL_LIB_CTX *context = rms_provider()->context;
    X509_ALGOR *method = PKCS5_pbe2_set_iv_ex(
        rms_provider()->cbc[RMS_AES_256], ITERATIONS, NULL, SALT_BYTES, NULL, NID_hmacWithSHA256, context);
    X509_SIG *sealed = NULL;

    if (method != NULL) {
        sealed = PKCS8_set0_pbe_ex(
            (const char *)passphrase.data, (int)passphrase.len, info, method, context, NULL);
    }
    if (sealed == NULL) {
        X509_ALGOR_free(method);
    }
    return sealed;
}

static bool write_pem(const X509_SIG *sealed, struct rms_buf *out)
{
    BIO *memory = BIO_new(BIO_s_mem());
    char *text = NULL;
    long len = 0;

    if (memory != NULL && PEM_write_bio_PKCS8(memory, (X509_SIG *)(uintptr_t)sealed) == 1) {
        len = BIO_get_mem_data(memory, &text);
        rms_buf_append(out, text, (size_t)len);
    }
    (void)BIO_free(memory);
    return len > 0 && rms_buf_status(out) == 0;
}

int rms_rsa_to_file(const struct rms_rsa_private *key, struct rms_view passphrase, struct rms_buf *pem_out)
{
    PKCS8_PRIV_KEY_INFO *info;
    X509_SIG *sealed = NULL;
    bool done = false;

    if (key->pkey == NULL || passphrase.len < RMS_PASSPHRASE_MIN) {
        return RMS_E_BAD_ARGUMENT;
    }
    info = EVP_PKEY2PKCS8(key->pkey);
    if (info != NULL) {
        sealed = encrypt(info, passphrase);
    }
    if (sealed != NULL) {
        done = write_pem(sealed, pem_out);
    }
    X509_SIG_free(sealed);
    PKCS8_PRIV_KEY_INFO_free(info);
    return done ? 0 : rms_crypto_failed(RMS_E_INTERNAL);
}

/* --- reading ------------------------------------------------------------------------------------------ */

static X509_SIG *read_pem(struct rms_view pem)
{
    BIO *memory = BIO_new_mem_buf(pem.data, (int)pem.len);
    X509_SIG *sealed = memory != NULL ? PEM_read_bio_PKCS8(memory, NULL, NULL, NULL) : NULL;

    (void)BIO_free(memory);
    return sealed;
}

/* By way of the blob, whose reader checks every number. */
static int take_key(EVP_PKEY *pkey, struct rms_rsa_private **key_out)
{
    RMS_SECRET_CLEANUP struct rms_secret *blob = NULL;
    struct rms_rsa_private read = {.pkey = pkey};
    int bits = EVP_PKEY_get_bits(pkey);

    if (EVP_PKEY_is_a(pkey, "RSA") != 1 || bits < RMS_RSA_BITS_MIN || bits > RMS_RSA_BITS_MAX ||
        bits % 16 != 0) {
        return RMS_E_BAD_ARGUMENT;
    }
    read.public.bits = (unsigned)bits;
    if (rms_rsa_to_blob(&read, true, &blob) != 0) {
        return RMS_E_BAD_ARGUMENT;
    }
    return rms_rsa_from_blob(rms_secret_view(blob), key_out);
}

/* A passphrase of OpenSSL's kind. */
static int give_passphrase(char *out, int size, int writing, void *context)
{
    const struct rms_view *passphrase = context;

    if (writing != 0 || passphrase->len > (size_t)size) {
        return -1;
    }
    memcpy(out, passphrase->data, passphrase->len);
    return (int)passphrase->len;
}

/* Each reader: 1 with a key, 0 when the file is of another kind, or a code. */

/* PEM, "ENCRYPTED PRIVATE KEY". */
static int read_pkcs8(struct rms_view file, struct rms_view passphrase, EVP_PKEY **pkey_out)
{
    OSSL_LIB_CTX *context = rms_provider()->context;
    X509_SIG *sealed = read_pem(file);
    PKCS8_PRIV_KEY_INFO *info;
    int status;

    if (sealed == NULL) {
        return 0;
    }
    info = PKCS8_decrypt_ex(sealed, (const char *)passphrase.data, (int)passphrase.len, context, NULL);
    status = info != NULL ? RMS_E_BAD_ARGUMENT : RMS_E_PERMISSION;
    if (info != NULL) {
        *pkey_out = EVP_PKCS82PKEY_ex(info, context, NULL);
    }
    PKCS8_PRIV_KEY_INFO_free(info);
    X509_SIG_free(sealed);
    return *pkey_out != NULL ? 1 : status;
}

/* PEM without a passphrase, or of the older kind, "RSA PRIVATE KEY". */
static int read_plain(struct rms_view file, struct rms_view passphrase, EVP_PKEY **pkey_out)
{
    BIO *memory = BIO_new_mem_buf(file.data, (int)file.len);

    if (memory != NULL) {
        *pkey_out = PEM_read_bio_PrivateKey_ex(
            memory, NULL, give_passphrase, &passphrase, rms_provider()->context, NULL);
    }
    (void)BIO_free(memory);
    return *pkey_out != NULL ? 1 : 0;
}

static int open_pkcs12(PKCS12 *file, struct rms_view passphrase, EVP_PKEY **pkey_out)
{
    RMS_SECRET_CLEANUP struct rms_secret *text = rms_secret_new(passphrase.len + 1);

    if (text == NULL) {
        return RMS_E_NO_MEMORY;
    }
    if (passphrase.len > 0) {
        memcpy(rms_secret_bytes(text), passphrase.data, passphrase.len);
    }
    rms_secret_bytes(text)[passphrase.len] = 0;
    if (PKCS12_mac_present(file) != 0 &&
        PKCS12_verify_mac(file, (const char *)rms_secret_bytes(text), (int)passphrase.len) != 1) {
        return RMS_E_PERMISSION;
    }
    return PKCS12_parse(file, (const char *)rms_secret_bytes(text), pkey_out, NULL, NULL) == 1 &&
                   *pkey_out != NULL
               ? 1
               : RMS_E_BAD_ARGUMENT;
}

/* DER, a PFX. */
static int read_pkcs12(struct rms_view file, struct rms_view passphrase, EVP_PKEY **pkey_out)
{
    BIO *memory = BIO_new_mem_buf(file.data, (int)file.len);
    PKCS12 *pfx = PKCS12_init_ex(NID_pkcs7_data, rms_provider()->context, NULL);
    int status = 0;

    if (memory != NULL && pfx != NULL && d2i_PKCS12_bio(memory, &pfx) != NULL) {
        status = open_pkcs12(pfx, passphrase, pkey_out);
    }
    PKCS12_free(pfx);
    (void)BIO_free(memory);
    return status;
}

int rms_rsa_from_file(struct rms_view file, struct rms_view passphrase, struct rms_rsa_private **key_out)
{
    int (*const readers[])(struct rms_view, struct rms_view, EVP_PKEY **) = {
        read_pkcs8, read_pkcs12, read_plain};
    EVP_PKEY *pkey = NULL;
    int status = 0;

    *key_out = NULL;
    for (size_t i = 0; file.len <= RMS_KEY_FILE_MAX && status == 0 && i < 3; i++) {
        status = readers[i](file, passphrase, &pkey);
    }
    if (status >= 0) {
        status = status > 0 ? take_key(pkey, key_out) : RMS_E_BAD_ARGUMENT;
    }
    EVP_PKEY_free(pkey);
    return rms_crypto_failed(status);
}

/* --- public halves -------------------------------------------------------------------------------------- */

int rms_rsa_public_to_file(const struct rms_rsa_private *key, struct rms_buf *pem_out)
{
    BIO *memory = BIO_new(BIO_s_mem());
    char *text = NULL;
    long len = 0;

    if (memory != NULL && key->pkey != NULL && PEM_write_bio_PUBKEY(memory, key->pkey) == 1) {
        len = BIO_get_mem_data(memory, &text);
        rms_buf_append(pem_out, text, (size_t)len);
    }
    (void)BIO_free(memory);
    return len > 0 ? rms_buf_status(pem_out) : rms_crypto_failed(RMS_E_INTERNAL);
}

static int take_public(const EVP_PKEY *pkey, struct rms_rsa_public *key_out)
{
    uint8_t modulus[RMS_RSA_BYTES_MAX];
    int bits = EVP_PKEY_is_a(pkey, "RSA") == 1 ? EVP_PKEY_get_bits(pkey) : 0;
    BIGNUM *n = NULL;
    BIGNUM *e = NULL;
    int len = 0;

    if (bits >= BITS_MIN && bits <= RMS_RSA_BITS_MAX && bits % 16 == 0 &&
        EVP_PKEY_get_bn_param(pkey, OSSL_PKEY_PARAM_RSA_N, &n) == 1 &&
        EVP_PKEY_get_bn_param(pkey, OSSL_PKEY_PARAM_RSA_E, &e) == 1 && BN_is_word(e, EXPONENT)) {
        len = BN_bn2lebinpad(n, modulus, bits / 8);
    }
    BN_free(n);
    BN_free(e);
    return len > 0 ? rms_rsa_public_set(key_out, rms_view_of(modulus, (size_t)len)) : RMS_E_BAD_ARGUMENT;
}

int rms_rsa_public_from_file(struct rms_view file, struct rms_rsa_public *key_out)
{
    BIO *memory = file.len <= RMS_KEY_FILE_MAX ? BIO_new_mem_buf(file.data, (int)file.len) : NULL;
    EVP_PKEY *pkey = NULL;
    int status;

    if (memory != NULL) {
        pkey = PEM_read_bio_PUBKEY_ex(memory, NULL, NULL, NULL, rms_provider()->context, NULL);
    }
    status = pkey != NULL ? take_public(pkey, key_out) : RMS_E_BAD_ARGUMENT;
    EVP_PKEY_free(pkey);
    (void)BIO_free(memory);
    return status == 0 ? 0 : rms_crypto_failed(RMS_E_BAD_ARGUMENT);
}

void rms_rsa_fingerprint_text(const struct rms_rsa_public *key, char out[RMS_FINGERPRINT_TEXT])
{
    uint8_t hash[RMS_SHA256_BYTES];

    rms_rsa_fingerprint(key, hash);
    for (size_t i = 0; i < sizeof hash; i++) {
        (void)snprintf(out + 2 * i, 3, "%02x", hash[i]);
    }
}
