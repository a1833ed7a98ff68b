#include "base/test.h"

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509_vfy.h>
#include <openssl/x509v3.h>
#include <time.h>

#include "crypto/pki.h"

#define DAY 86400

static const char *const hosts[] = {
    "rms.example.com", "localhost", "127.0.0.1", "::1", "*.apps.example.com", NULL};

struct made {
    struct rms_buf ca_cert;
    struct rms_buf ca_key;
    struct rms_buf cert;
    struct rms_buf key;
    X509 *ca;
    X509 *server;
};

static X509 *read_cert(const struct rms_buf *pem)
{
    BIO *bio = BIO_new_mem_buf(pem->data, (int)pem->len);
    X509 *cert = PEM_read_bio_X509(bio, NULL, NULL, NULL);

    assert_non_null(cert);
    BIO_free(bio);
    return cert;
}

static int setup(void **state)
{
    static struct made made;
    int64_t now = time(NULL);

    made = (struct made){
        RMS_BUF_INIT(10000), RMS_BUF_INIT(10000), RMS_BUF_INIT(10000), RMS_BUF_INIT(10000), NULL, NULL};
    assert_int_equal(rms_pki_make_ca("OpenRMS Z\xc3\xbcrich", now, &made.ca_cert, &made.ca_key), 0);
    assert_int_equal(rms_pki_make_server(rms_buf_view(&made.ca_cert), rms_buf_view(&made.ca_key), hosts, now,
                         &made.cert, &made.key),
        0);
    made.ca = read_cert(&made.ca_cert);
    made.server = read_cert(&made.cert);
    *state = &made;
    return 0;
}

static int teardown(void **state)
{
    struct made *made = *state;

    X509_free(made->ca);
    X509_free(made->server);
    rms_buf_fini(&made->ca_cert);
    rms_buf_fini(&made->ca_key);
    rms_buf_fini(&made->cert);
    rms_buf_fini(&made->key);
    return 0;
}

/* The error of a chain check as a TLS client does it, at a time. */
static int verify(X509 *ca, X509 *cert, int64_t when)
{
    X509_STORE *store = X509_STORE_new();
    X509_STORE_CTX *ctx = X509_STORE_CTX_new();
    X509_VERIFY_PARAM *param;
    int error;

    assert_int_equal(X509_STORE_add_cert(store, ca), 1);
    assert_int_equal(X509_STORE_CTX_init(ctx, store, cert, NULL), 1);
    param = X509_STORE_CTX_get0_param(ctx);
    assert_int_equal(X509_VERIFY_PARAM_set_purpose(param, X509_PURPOSE_SSL_SERVER), 1);
    (void)X509_VERIFY_PARAM_set_flags(param, X509_V_FLAG_X509_STRICT);
    X509_VERIFY_PARAM_set_time(param, when);
    (void)X509_verify_cert(ctx);
    error = X509_STORE_CTX_get_error(ctx);
    X509_STORE_CTX_free(ctx);
    X509_STORE_free(store);
    return error;
}

static void the_chain_verifies_while_it_lasts(void **state)
{
    const struct made *made = *state;
    int64_t now = time(NULL);

    assert_int_equal(verify(made->ca, made->server, now), X509_V_OK);
    assert_int_equal(verify(made->ca, made->server, now - 1800), X509_V_OK);
    assert_int_equal(verify(made->ca, made->server, now + 396 * DAY), X509_V_OK);
    assert_int_equal(verify(made->ca, made->server, now + 398 * DAY), X509_V_ERR_CERT_HAS_EXPIRED);
    assert_int_equal(verify(made->ca, made->server, now - 2 * DAY), X509_V_ERR_CERT_NOT_YET_VALID);
}

static void names_and_addresses_match(void **state)
{
    const struct made *made = *state;

    assert_int_equal(X509_check_host(made->server, "rms.example.com", 0, 0, NULL), 1);
    assert_int_equal(X509_check_host(made->server, "localhost", 0, 0, NULL), 1);
    assert_int_equal(X509_check_host(made->server, "a.apps.example.com", 0, 0, NULL), 1);
    assert_int_equal(X509_check_ip_asc(made->server, "127.0.0.1", 0), 1);
    assert_int_equal(X509_check_ip_asc(made->server, "::1", 0), 1);
    assert_int_equal(X509_check_host(made->server, "other.example.com", 0, 0, NULL), 0);
    assert_int_equal(X509_check_ip_asc(made->server, "127.0.0.2", 0), 0);
    assert_int_equal(X509_check_host(made->server, "127.0.0.1", 0, 0, NULL), 0);
}

static void each_has_its_purpose(void **state)
{
    const struct made *made = *state;

    assert_int_equal(X509_check_ca(made->ca), 1);
    assert_int_equal(X509_get_pathlen(made->ca), 0);
    assert_int_equal(X509_check_ca(made->server), 0);
    assert_int_equal(X509_get_key_usage(made->server), KU_DIGITAL_SIGNATURE);
    assert_int_equal(X509_get_extended_key_usage(made->server), XKU_SSL_SERVER);
    assert_int_equal(X509_get_key_usage(made->ca), KU_KEY_CERT_SIGN | KU_CRL_SIGN);
    assert_int_not_equal(verify(made->server, made->ca, time(NULL)), X509_V_OK);
}

static void serials_differ(void **state)
{
    const struct made *made = *state;

    assert_int_not_equal(
        ASN1_INTEGER_cmp(X509_get0_serialNumber(made->ca), X509_get0_serialNumber(made->server)), 0);
    assert_int_equal(ASN1_STRING_length((const ASN1_STRING *)X509_get0_serialNumber(made->server)), 16);
}

static void keys_belong_to_their_certificates(void **state)
{
    const struct made *made = *state;
    BIO *bio = BIO_new_mem_buf(made->key.data, (int)made->key.len);
    EVP_PKEY *key = PEM_read_bio_PrivateKey(bio, NULL, NULL, NULL);

    assert_non_null(key);
    assert_int_equal(X509_check_private_key(made->server, key), 1);
    assert_int_equal(X509_check_private_key(made->ca, key), 0);
    ERR_clear_error();
    EVP_PKEY_free(key);
    BIO_free(bio);
}

/* A first name too long for the subject: the names alone carry the certificate. */
static void long_names_work(void **state)
{
    static const char *const long_hosts[] = {
        "a-very-long-label-for-a-server-in-the-department-of-long-names.and-more.example.com", NULL};
    const struct made *made = *state;
    RMS_BUF_CLEANUP struct rms_buf cert = RMS_BUF_INIT(10000);
    RMS_BUF_CLEANUP struct rms_buf key = RMS_BUF_INIT(10000);
    X509 *server;

    assert_int_equal(rms_pki_make_server(rms_buf_view(&made->ca_cert), rms_buf_view(&made->ca_key),
                         long_hosts, time(NULL), &cert, &key),
        0);
    server = read_cert(&cert);
    assert_int_equal(verify(made->ca, server, time(NULL)), X509_V_OK);
    assert_int_equal(X509_check_host(server, long_hosts[0], 0, 0, NULL), 1);
    X509_free(server);
}

static void refuses_senseless_hosts(void **state)
{
    static const char *const bad[] = {"", ".", "a..b", "a.", ".a", "*", "*.", "a.*.b", "a b", "a,DNS:evil",
        "a_b", "h\xc3\xb6st", "a/b", "1.2.3.4/8", "[::1]"};
    const struct made *made = *state;

    for (size_t i = 0; i < RMS_COUNT(bad); i++) {
        RMS_BUF_CLEANUP struct rms_buf cert = RMS_BUF_INIT(10000);
        RMS_BUF_CLEANUP struct rms_buf key = RMS_BUF_INIT(10000);
        const char *const list[] = {"good.example.com", bad[i], NULL};

        assert_int_equal(rms_pki_make_server(rms_buf_view(&made->ca_cert), rms_buf_view(&made->ca_key), list,
                             time(NULL), &cert, &key),
            RMS_E_BAD_ARGUMENT);
        assert_int_equal(cert.len + key.len, 0);
    }
}

static int make_server(struct rms_view ca_cert, struct rms_view ca_key, const char *const *list)
{
    RMS_BUF_CLEANUP struct rms_buf cert = RMS_BUF_INIT(10000);
    RMS_BUF_CLEANUP struct rms_buf key = RMS_BUF_INIT(10000);
    int status = rms_pki_make_server(ca_cert, ca_key, list, time(NULL), &cert, &key);

    assert_int_equal(ERR_peek_error(), 0);
    return status;
}

static void refuses_a_ca_that_is_none(void **state)
{
    const struct made *made = *state;
    static const char *const none[] = {NULL};
    struct rms_view ca_cert = rms_buf_view(&made->ca_cert);
    struct rms_view ca_key = rms_buf_view(&made->ca_key);
    struct rms_view junk = RMS_VIEW_LITERAL("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n");

    assert_int_equal(make_server(ca_cert, ca_key, hosts), 0);
    assert_int_equal(make_server(ca_cert, ca_key, none), RMS_E_BAD_ARGUMENT);
    assert_int_equal(make_server(ca_cert, rms_buf_view(&made->key), hosts), RMS_E_BAD_ARGUMENT);
    assert_int_equal(
        make_server(rms_buf_view(&made->cert), rms_buf_view(&made->key), hosts), RMS_E_BAD_ARGUMENT);
    assert_int_equal(make_server(junk, ca_key, hosts), RMS_E_BAD_ARGUMENT);
    assert_int_equal(make_server(ca_cert, junk, hosts), RMS_E_BAD_ARGUMENT);
    assert_int_equal(make_server(rms_view_of(NULL, 0), ca_key, hosts), RMS_E_BAD_ARGUMENT);
    assert_int_equal(make_server(ca_key, ca_cert, hosts), RMS_E_BAD_ARGUMENT);
}

static void refuses_senseless_names(void **state)
{
    RMS_BUF_CLEANUP struct rms_buf cert = RMS_BUF_INIT(10000);
    RMS_BUF_CLEANUP struct rms_buf key = RMS_BUF_INIT(10000);
    static const char long_name[] = "0123456789012345678901234567890123456789012345678901234567890123456789";

    (void)state;
    assert_int_equal(rms_pki_make_ca("", time(NULL), &cert, &key), RMS_E_BAD_ARGUMENT);
    assert_int_equal(rms_pki_make_ca("a\nb", time(NULL), &cert, &key), RMS_E_BAD_ARGUMENT);
    assert_int_equal(rms_pki_make_ca("\xff", time(NULL), &cert, &key), RMS_E_BAD_ARGUMENT);
    assert_int_equal(rms_pki_make_ca(long_name, time(NULL), &cert, &key), RMS_E_BAD_ARGUMENT);
    assert_int_equal(ERR_peek_error(), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_chain_verifies_while_it_lasts),
        cmocka_unit_test(names_and_addresses_match),
        cmocka_unit_test(each_has_its_purpose),
        cmocka_unit_test(serials_differ),
        cmocka_unit_test(keys_belong_to_their_certificates),
        cmocka_unit_test(long_names_work),
        cmocka_unit_test(refuses_senseless_hosts),
        cmocka_unit_test(refuses_a_ca_that_is_none),
        cmocka_unit_test(refuses_senseless_names),
    };

    return cmocka_run_group_tests(tests, setup, teardown);
}
