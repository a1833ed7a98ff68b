#include "crypto/pki.h"

#include <arpa/inet.h>
#include <openssl/bn.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include "base/text.h"
#include "base/time.h"
#include "crypto/provider.h"
#include "crypto/random.h"

#define CA_DAYS      3653
#define SERVER_DAYS  397
#define BACKDATE_S   3600 /* for peers whose clocks are slow */
#define SERIAL_BYTES 16
#define NAME_MAX_CN  64 /* RFC 5280, ub-common-name */
#define HOST_MAX     253

struct pair {
    X509 *cert;
    EVP_PKEY *key;
};

static void pair_fini(struct pair *pair)
{
    X509_free(pair->cert);
    EVP_PKEY_free(pair->key);
}

#define PAIR_CLEANUP __attribute__((cleanup(pair_fini)))

static int set_serial(X509 *cert)
{
    uint8_t bytes[SERIAL_BYTES];
    BIGNUM *number;
    bool done;

    rms_random(bytes, sizeof bytes);
    bytes[0] = (uint8_t)((bytes[0] & 0x7f) | 0x40); /* positive, always the same length */
    number = BN_bin2bn(bytes, sizeof bytes, NULL);
    done = number != NULL && BN_to_ASN1_INTEGER(number, X509_get_serialNumber(cert)) != NULL;
    BN_free(number);
    return done ? 0 : rms_crypto_failed(RMS_E_NO_MEMORY);
}

static int set_validity(X509 *cert, int64_t now, int days)
{
    return ASN1_TIME_set(X509_getm_notBefore(cert), now - BACKDATE_S) != NULL &&
                   ASN1_TIME_set(X509_getm_notAfter(cert), now + (int64_t)days * RMS_DAY_S) != NULL
               ? 0
               : rms_crypto_failed(RMS_E_BAD_ARGUMENT);
}

static int set_name(X509_NAME *name, const char *common_name)
{
    return X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_UTF8, (const uint8_t *)common_name, -1, -1, 0) == 1
               ? 0
               : rms_crypto_failed(RMS_E_BAD_ARGUMENT);
}

/* value is in OpenSSL's configuration syntax: constants of this file only, never input. */
static int add_extension(X509 *cert, X509 *issuer, int nid, const char *value)
{
    X509V3_CTX ctx;
    X509_EXTENSION *extension;
    bool done;

    X509V3_set_ctx_nodb(&ctx);
    X509V3_set_ctx(&ctx, issuer, cert, NULL, NULL, 0);
    extension = X509V3_EXT_conf_nid(NULL, &ctx, nid, value);
    done = extension != NULL && X509_add_ext(cert, extension, -1) == 1;
    X509_EXTENSION_free(extension);
    return done ? 0 : rms_crypto_failed(RMS_E_INTERNAL);
}

/* A certificate with a fresh key, still without subject, extensions and signature. */
static int begin(struct pair *pair, int64_t now, int days)
{
    OSSL_LIB_CTX *context = rms_provider()->context;

    pair->cert = X509_new_ex(context, NULL);
    pair->key = EVP_PKEY_Q_keygen(context, NULL, "EC", "P-256");
    if (pair->cert == NULL || pair->key == NULL || X509_set_version(pair->cert, X509_VERSION_3) != 1 ||
        X509_set_pubkey(pair->cert, pair->key) != 1) {
        return rms_crypto_failed(RMS_E_NO_MEMORY);
    }
    RMS_TRY(set_serial(pair->cert));
    return set_validity(pair->cert, now, days);
}

static int append_bio(BIO *bio, struct rms_buf *out)
{
    char *text = NULL;
    long len = BIO_get_mem_data(bio, &text);

    if (len <= 0) {
        return rms_crypto_failed(RMS_E_INTERNAL);
    }
    rms_buf_append(out, text, (size_t)len);
    return rms_buf_status(out);
}

static int write_pair(const struct pair *pair, struct rms_buf *cert_pem, struct rms_buf *key_pem)
{
    BIO *cert = BIO_new(BIO_s_mem());
    BIO *key = BIO_new(BIO_s_secmem()); /* wiped when freed */
    int status = RMS_E_NO_MEMORY;

    if (cert != NULL && key != NULL && PEM_write_bio_X509(cert, pair->cert) == 1 &&
        PEM_write_bio_PKCS8PrivateKey(key, pair->key, NULL, NULL, 0, NULL, NULL) == 1) {
        status = append_bio(cert, cert_pem);
        status = status == 0 ? append_bio(key, key_pem) : status;
    }
    BIO_free(cert);
    BIO_free(key);
    return status == 0 ? 0 : rms_crypto_failed(status);
}

static int sign(X509 *cert, EVP_PKEY *key)
{
    return X509_sign(cert, key, rms_provider()->md[RMS_SHA256]) > 0 ? 0 : rms_crypto_failed(RMS_E_INTERNAL);
}

struct extension {
    int nid;
    const char *value;
};

static int add_extensions(X509 *cert, X509 *issuer, const struct extension *list, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        RMS_TRY(add_extension(cert, issuer, list[i].nid, list[i].value));
    }
    return 0;
}

int rms_pki_make_ca(const char *common_name, int64_t now, struct rms_buf *cert_pem, struct rms_buf *key_pem)
{
    static const struct extension extensions[] = {
        {NID_basic_constraints, "critical,CA:TRUE,pathlen:0"},
        {NID_key_usage, "critical,keyCertSign,cRLSign"},
        {NID_subject_key_identifier, "hash"},
    };
    PAIR_CLEANUP struct pair ca = {NULL, NULL};

    if (common_name[0] == '\0' || !rms_text_printable(rms_view_str(common_name))) {
        return RMS_E_BAD_ARGUMENT;
    }
    RMS_TRY(begin(&ca, now, CA_DAYS));
    RMS_TRY(set_name(X509_get_subject_name(ca.cert), common_name));
    RMS_TRY(set_name(X509_get_issuer_name(ca.cert), common_name));
    RMS_TRY(add_extensions(ca.cert, ca.cert, extensions, sizeof extensions / sizeof extensions[0]));
    RMS_TRY(sign(ca.cert, ca.key));
    return write_pair(&ca, cert_pem, key_pem);
}

/* Letters, digits, hyphens and dots; one "*." in front is allowed. */
static bool host_fits(const char *host)
{
    size_t label = 0;

    host += strncmp(host, "*.", 2) == 0 ? 2 : 0;
    if (strlen(host) > HOST_MAX) {
        return false;
    }
    for (; *host != '\0'; host++) {
        bool dot = *host == '.';

        if (dot ? label == 0
                : strchr("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-", *host) == NULL) {
            return false;
        }
        label = dot ? 0 : label + 1;
    }
    return label > 0;
}

/* An address or a DNS name as the certificate holds it; NULL when it is neither. */
static GENERAL_NAME *make_general_name(const char *host)
{
    GENERAL_NAME *name = GENERAL_NAME_new();
    ASN1_STRING *value = ASN1_STRING_type_new(V_ASN1_IA5STRING);
    uint8_t address[16];
    int address_len = inet_pton(AF_INET, host, address) == 1    ? 4
                      : inet_pton(AF_INET6, host, address) == 1 ? 16
                                                                : 0;
    const void *bytes = address_len > 0 ? (const void *)address : host;
    int len = address_len > 0 ? address_len : (int)strnlen(host, HOST_MAX + 3);

    if (name == NULL || value == NULL || (address_len == 0 && !host_fits(host)) ||
        ASN1_STRING_set(value, bytes, len) != 1) {
        ASN1_STRING_free(value);
        GENERAL_NAME_free(name);
        return NULL;
    }
    if (address_len > 0) {
        value->type = V_ASN1_OCTET_STRING;
    }
    GENERAL_NAME_set0_value(name, address_len > 0 ? GEN_IPADD : GEN_DNS, value);
    return name;
}

/* critical: without a subject the names are all there is (RFC 5280 4.2.1.6). */
static int add_hosts(X509 *cert, const char *const *hosts, bool critical)
{
    GENERAL_NAMES *names = GENERAL_NAMES_new();
    int status = names != NULL ? 0 : RMS_E_NO_MEMORY;

    for (; status == 0 && *hosts != NULL; hosts++) {
        GENERAL_NAME *name = make_general_name(*hosts);

        if (name == NULL || sk_GENERAL_NAME_push(names, name) == 0) {
            GENERAL_NAME_free(name);
            status = RMS_E_BAD_ARGUMENT;
        }
    }
    if (status == 0 &&
        X509_add1_ext_i2d(cert, NID_subject_alt_name, names, critical, X509V3_ADD_DEFAULT) != 1) {
        status = RMS_E_NO_MEMORY;
    }
    GENERAL_NAMES_free(names);
    return status == 0 ? 0 : rms_crypto_failed(status);
}

/* PEM input never asks for a passphrase. */
static int no_passphrase(char *buf, int size, int writing, void *unused)
{
    (void)buf;
    (void)size;
    (void)writing;
    (void)unused;
    return -1;
}

static int read_pair(struct rms_view cert_pem, struct rms_view key_pem, struct pair *pair)
{
    BIO *cert = BIO_new_mem_buf(cert_pem.data, (int)cert_pem.len);
    BIO *key = BIO_new_mem_buf(key_pem.data, (int)key_pem.len);

    if (cert != NULL && key != NULL) {
        pair->cert = PEM_read_bio_X509(cert, NULL, no_passphrase, NULL);
        pair->key = PEM_read_bio_PrivateKey_ex(key, NULL, no_passphrase, NULL, rms_provider()->context, NULL);
    }
    BIO_free(cert);
    BIO_free(key);
    if (pair->cert == NULL || pair->key == NULL || X509_check_private_key(pair->cert, pair->key) != 1 ||
        X509_check_ca(pair->cert) != 1) {
        return rms_crypto_failed(RMS_E_BAD_ARGUMENT);
    }
    return 0;
}

static int fill_server(X509 *cert, X509 *ca, const char *const *hosts)
{
    static const struct extension extensions[] = {
        {NID_basic_constraints, "critical,CA:FALSE"},
        {NID_key_usage, "critical,digitalSignature"},
        {NID_ext_key_usage, "serverAuth"},
        {NID_subject_key_identifier, "hash"},
        {NID_authority_key_identifier, "keyid:always"},
    };

    bool named = strlen(hosts[0]) <= NAME_MAX_CN;

    RMS_TRY(add_hosts(cert, hosts, !named));
    if (named) {
        RMS_TRY(set_name(X509_get_subject_name(cert), hosts[0]));
    }
    if (X509_set_issuer_name(cert, X509_get_subject_name(ca)) != 1) {
        return rms_crypto_failed(RMS_E_NO_MEMORY);
    }
    return add_extensions(cert, ca, extensions, sizeof extensions / sizeof extensions[0]);
}

int rms_pki_make_server(struct rms_view ca_cert_pem, struct rms_view ca_key_pem, const char *const *hosts,
    int64_t now, struct rms_buf *cert_pem, struct rms_buf *key_pem)
{
    PAIR_CLEANUP struct pair ca = {NULL, NULL};
    PAIR_CLEANUP struct pair server = {NULL, NULL};

    if (hosts[0] == NULL || ca_cert_pem.len == 0 || ca_cert_pem.len > INT32_MAX || ca_key_pem.len == 0 ||
        ca_key_pem.len > INT32_MAX) {
        return RMS_E_BAD_ARGUMENT;
    }
    RMS_TRY(read_pair(ca_cert_pem, ca_key_pem, &ca));
    RMS_TRY(begin(&server, now, SERVER_DAYS));
    RMS_TRY(fill_server(server.cert, ca.cert, hosts));
    RMS_TRY(sign(server.cert, ca.key));
    return write_pair(&server, cert_pem, key_pem);
}
