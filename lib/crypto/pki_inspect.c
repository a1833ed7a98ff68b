#include <arpa/inet.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>
#include <time.h>

#include "crypto/pki.h"
#include "crypto/provider.h"

static int no_passphrase(char *buf, int size, int writing, void *unused)
{
    (void)buf;
    (void)size;
    (void)writing;
    (void)unused;
    return -1;
}

static X509 *read_cert(struct rms_view pem)
{
    BIO *bio = BIO_new_mem_buf(pem.data, (int)pem.len);
    X509 *cert = bio != NULL ? PEM_read_bio_X509(bio, NULL, no_passphrase, NULL) : NULL;

    BIO_free(bio);
    return cert;
}

static EVP_PKEY *read_key(struct rms_view pem)
{
    BIO *bio = BIO_new_mem_buf(pem.data, (int)pem.len);
    EVP_PKEY *key = NULL;

    if (bio != NULL) {
        key = PEM_read_bio_PrivateKey_ex(bio, NULL, no_passphrase, NULL, rms_provider()->context, NULL);
    }
    BIO_free(bio);
    return key;
}

static bool names_host(X509 *cert, const char *host)
{
    uint8_t address[sizeof(struct in6_addr)];

    if (inet_pton(AF_INET, host, address) == 1 || inet_pton(AF_INET6, host, address) == 1) {
        return X509_check_ip_asc(cert, host, 0) == 1;
    }
    return X509_check_host(cert, host, 0, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS, NULL) == 1;
}

static bool names_all(X509 *cert, const char *const *hosts)
{
    while (*hosts != NULL) {
        if (!names_host(cert, *hosts++)) {
            return false;
        }
    }
    return true;
}

int rms_pki_inspect(struct rms_view cert_pem, struct rms_view key_pem, const char *const *hosts,
    struct rms_pki_state *state_out)
{
    X509 *cert = read_cert(cert_pem);
    EVP_PKEY *key = read_key(key_pem);
    struct tm until = {0};
    int status = RMS_E_BAD_ARGUMENT;

    *state_out = (struct rms_pki_state){0};
    if (cert != NULL && ASN1_TIME_to_tm(X509_get0_notAfter(cert), &until) == 1) {
        state_out->valid_until = (int64_t)timegm(&until);
        state_out->names_all = names_all(cert, hosts);
        state_out->key_fits = key != NULL && X509_check_private_key(cert, key) == 1;
        status = 0;
    }
    X509_free(cert);
    EVP_PKEY_free(key);
    return status == 0 ? 0 : rms_crypto_failed(status);
}
