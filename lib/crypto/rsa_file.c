#include "crypto/rsa_file.h"

#include <openssl/pem.h>
#include <openssl/pkcs12.h>
#include <openssl/x509.h>

#include "crypto/provider.h"
#include "crypto/rsa_key.h"

#define ITERATIONS 1000000 /* half a second of one who guesses, a try */
#define SALT_BYTES 16

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

int rms_rsa_from_file(struct rms_view pem, struct rms_view passphrase, struct rms_rsa_private **key_out)
{
    X509_SIG *sealed = pem.len <= RMS_KEY_FILE_MAX ? read_pem(pem) : NULL;
    OSSL_LIB_CTX *context = rms_provider()->context;
    PKCS8_PRIV_KEY_INFO *info;
    EVP_PKEY *pkey = NULL;
    int status;

    *key_out = NULL;
    if (sealed == NULL) {
        return rms_crypto_failed(RMS_E_BAD_ARGUMENT);
    }
    info = PKCS8_decrypt_ex(sealed, (const char *)passphrase.data, (int)passphrase.len, context, NULL);
    status = info != NULL ? RMS_E_BAD_ARGUMENT : RMS_E_PERMISSION;
    if (info != NULL) {
        pkey = EVP_PKCS82PKEY_ex(info, context, NULL);
    }
    if (pkey != NULL) {
        status = take_key(pkey, key_out);
    }
    EVP_PKEY_free(pkey);
    PKCS8_PRIV_KEY_INFO_free(info);
    X509_SIG_free(sealed);
    return rms_crypto_failed(status);
}
