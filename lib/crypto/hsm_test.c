/* hsm.h against SoftHSM2 in a directory of the test's own, behind a module that fails on demand. */
#include "base/test.h"

#include <dirent.h>
#include <dlfcn.h>
#include <p11-kit/pkcs11.h>
#include <pthread.h>
#include <spawn.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "crypto/hsm.h"
#include "crypto/random.h"
#include "crypto/testing/flaky.h"

#define MODULE "/usr/lib/softhsm/libsofthsm2.so"
#define PIN    "2468-not-secret"
#define SO_PIN "87654321" /* the store's administrator, whom the service is not */

static char directory[] = "/tmp/rms-hsm-XXXXXX";
static const uint8_t decoy[RMS_SHA256_BYTES] = {1, 2, 3};

static struct {
    void (*answer)(unsigned long rv, unsigned count);
    void (*slow)(unsigned milliseconds);
    void (*twist)(bool on);
    unsigned (*logins)(void);
    unsigned (*administered)(void);
} flaky;

/* --- the token ---------------------------------------------------------------------------------------- */

static int run(const char *const *arguments)
{
    pid_t child;
    int status = -1;

    if (posix_spawnp(&child, arguments[0], NULL, NULL, (char *const *)(uintptr_t)arguments, environ) != 0 ||
        waitpid(child, &status, 0) != child) {
        return -1;
    }
    return status;
}

static void *symbol(void *library, const char *name)
{
    void *found = dlsym(library, name);

    assert_non_null(found);
    return found;
}

static int make_token(void **state)
{
    static const char *const init[] = {
        "softhsm2-util", "--init-token", "--free", "--label", "unit", "--pin", PIN, "--so-pin", SO_PIN, NULL};
    char path[256];
    FILE *config;
    void *library;

    (void)state;
    assert_non_null(mkdtemp(directory));
    (void)snprintf(path, sizeof path, "%s/softhsm2.conf", directory);
    config = fopen(path, "w");
    assert_non_null(config);
    assert_true(fprintf(config, "directories.tokendir = %s\nlog.level = ERROR\n", directory) > 0);
    assert_int_equal(fclose(config), 0);
    assert_int_equal(setenv("SOFTHSM2_CONF", path, 1), 0);
    assert_int_equal(setenv("RMS_FLAKY_MODULE", MODULE, 1), 0);
    assert_int_equal(run(init), 0);
    library = dlopen(FLAKY_MODULE, RTLD_NOW);
    assert_non_null(library);
    *(void **)&flaky.answer = symbol(library, "flaky_fail");
    *(void **)&flaky.slow = symbol(library, "flaky_slow");
    *(void **)&flaky.twist = symbol(library, "flaky_twist");
    *(void **)&flaky.logins = symbol(library, "flaky_logins");
    *(void **)&flaky.administered = symbol(library, "flaky_administered");
    return 0;
}

static int remove_token(void **state)
{
    const char *const remove[] = {"rm", "-rf", directory, NULL};

    (void)state;
    return run(remove);
}

static struct rms_hsm *open_with(const char *pin, size_t sessions)
{
    char copy[64];
    struct rms_hsm_options options = {.module = FLAKY_MODULE, .label = "unit", .sessions = sessions};
    struct rms_hsm *hsm;

    (void)snprintf(copy, sizeof copy, "%s", pin);
    options.pin = rms_secret_take(copy, strlen(copy));
    assert_int_equal(rms_hsm_new(&options, &hsm), 0);
    return hsm;
}

static int open_hsm(void **state)
{
    *state = open_with(PIN, 4);
    return 0;
}

static int close_hsm(void **state)
{
    struct rms_hsm *hsm = *state;

    flaky.answer(CKR_OK, 0);
    flaky.slow(0);
    flaky.twist(false);
    rms_hsm_free(&hsm);
    return 0;
}

static struct rms_hsm_name name_of(const char *id)
{
    return (struct rms_hsm_name){rms_view_str(id), id, rms_view_of(decoy, sizeof decoy)};
}

/* --- what is checked of a key ------------------------------------------------------------------------- */

static int sign_and_check(const struct rms_rsa_private *key)
{
    RMS_BUF_CLEANUP struct rms_buf signature = RMS_BUF_INIT(RMS_RSA_BYTES_MAX);
    uint8_t digest[RMS_HASH_MAX];

    rms_random(digest, sizeof digest);
    RMS_TRY(rms_rsa_sign(key, RMS_SHA256, digest, &signature));
    return rms_rsa_verify(rms_rsa_public_of(key), RMS_SHA256, digest, rms_buf_view(&signature));
}

static int unseal_and_check(const struct rms_rsa_private *key, enum rms_rsa_padding padding)
{
    RMS_BUF_CLEANUP struct rms_buf sealed = RMS_BUF_INIT(RMS_RSA_BYTES_MAX);
    uint8_t message[40];
    uint8_t opened[40];

    rms_random(message, sizeof message);
    RMS_TRY(rms_rsa_seal(rms_rsa_public_of(key), padding, rms_view_of(message, sizeof message), &sealed));
    RMS_TRY(rms_rsa_unseal(key, padding, rms_buf_view(&sealed), opened, sizeof opened));
    return memcmp(message, opened, sizeof message) == 0 ? 0 : RMS_E_DAMAGED;
}

static void assert_works(const struct rms_rsa_private *key)
{
    assert_int_equal(sign_and_check(key), 0);
    assert_int_equal(unseal_and_check(key, RMS_RSA_OAEP), 0);
    assert_int_equal(unseal_and_check(key, RMS_RSA_PKCS1), 0);
}

/* --- tests -------------------------------------------------------------------------------------------- */

static void a_key_made_in_the_token_works(void **state)
{
    static const unsigned sizes[] = {2048, 3072, 4096};

    for (size_t i = 0; i < RMS_COUNT(sizes); i++) {
        char id[16];
        struct rms_rsa_private *key;
        struct rms_secret *blob = NULL;

        (void)snprintf(id, sizeof id, "made%u", sizes[i]);
        struct rms_hsm_name name = name_of(id);
        assert_int_equal(rms_hsm_generate(*state, sizes[i], &name, &key), 0);
        assert_int_equal(rms_rsa_public_of(key)->bits, sizes[i]);
        assert_works(key);
        assert_int_not_equal(rms_rsa_to_blob(key, true, &blob), 0);
        rms_rsa_private_free(&key);
    }
}

static void a_reference_finds_it_again(void **state)
{
    RMS_BUF_CLEANUP struct rms_buf reference = RMS_BUF_INIT(RMS_HSM_REFERENCE_MAX);
    struct rms_hsm_name name = name_of("again");
    struct rms_rsa_private *made;
    struct rms_rsa_private *found;

    assert_int_equal(rms_hsm_generate(*state, 2048, &name, &made), 0);
    assert_int_equal(rms_hsm_reference(made, &reference), 0);
    assert_true(rms_hsm_is_reference(rms_buf_view(&reference)));
    assert_int_equal(rms_hsm_refer(*state, rms_buf_view(&reference), &name, &found), 0);
    assert_true(rms_rsa_public_equal(rms_rsa_public_of(made), rms_rsa_public_of(found)));
    assert_works(found);
    rms_rsa_private_free(&found);
    for (size_t cut = 0; cut < reference.len - strlen("again") + 1; cut++) {
        assert_int_equal(
            rms_hsm_refer(*state, rms_view_of(reference.data, cut), &name, &found), RMS_E_BAD_ARGUMENT);
    }
    /* the same id with another modulus is another key, and does nothing */
    reference.data[40] ^= 1;
    assert_int_equal(rms_hsm_refer(*state, rms_buf_view(&reference), &name, &found), 0);
    assert_int_equal(sign_and_check(found), RMS_E_KEY_UNAVAILABLE);
    assert_int_equal(unseal_and_check(found, RMS_RSA_OAEP), RMS_E_KEY_UNAVAILABLE);
    rms_rsa_private_free(&found);
    rms_rsa_private_free(&made);
}

static void an_imported_key_is_the_same_and_stays(void **state)
{
    struct rms_hsm_name name = name_of("imported");
    struct rms_rsa_private *software;
    struct rms_rsa_private *other;
    struct rms_rsa_private *key;
    struct rms_secret *blob;
    struct rms_secret *other_blob;

    assert_int_equal(rms_rsa_generate(2048, &software), 0);
    assert_int_equal(rms_rsa_to_blob(software, true, &blob), 0);
    assert_int_equal(rms_hsm_import(*state, rms_secret_view(blob), &name, &key), 0);
    assert_true(rms_rsa_public_equal(rms_rsa_public_of(software), rms_rsa_public_of(key)));
    assert_works(key);
    rms_rsa_private_free(&key);
    assert_int_equal(rms_hsm_import(*state, rms_secret_view(blob), &name, &key), 0); /* again: the same */
    rms_rsa_private_free(&key);
    assert_int_equal(rms_rsa_generate(2048, &other), 0);
    assert_int_equal(rms_rsa_to_blob(other, true, &other_blob), 0);
    assert_int_equal(rms_hsm_import(*state, rms_secret_view(other_blob), &name, &key), RMS_E_KEY_UNAVAILABLE);
    rms_secret_bytes(other_blob)[400] ^= 1;
    assert_int_equal(rms_hsm_import(*state, rms_secret_view(other_blob), &name, &key), RMS_E_BAD_ARGUMENT);
    rms_secret_free(&blob);
    rms_secret_free(&other_blob);
    rms_rsa_private_free(&other);
    rms_rsa_private_free(&software);
}

/* touches: S-210 */
static void a_key_of_other_tools_is_adopted_unless_it_can_be_read(void **state)
{
    struct rms_hsm_name name = name_of("adopted");
    struct rms_hsm_name none = name_of("nowhere");
    struct rms_rsa_private *made;
    struct rms_rsa_private *key;

    assert_int_equal(rms_hsm_adopt(*state, &none, &key), RMS_E_NOT_FOUND);
    assert_int_equal(rms_hsm_generate(*state, 2048, &name, &made), 0);
    assert_int_equal(rms_hsm_adopt(*state, &name, &key), 0);
    assert_true(rms_rsa_public_equal(rms_rsa_public_of(made), rms_rsa_public_of(key)));
    assert_works(key);
    rms_rsa_private_free(&key);
    rms_rsa_private_free(&made);
    /* two of one id: which is meant? */
    assert_int_equal(rms_hsm_generate(*state, 2048, &name, &made), RMS_E_KEY_UNAVAILABLE);
    assert_int_equal(rms_hsm_adopt(*state, &name, &key), RMS_E_CONFLICT);
}

/* What does not open gives the same bytes every time, and never a failure. */
static void forged_bits_teach_nothing(void **state)
{
    struct rms_hsm_name name = name_of("oracle");
    struct rms_rsa_private *key;
    uint8_t sealed[256];
    uint8_t first[40];
    uint8_t second[40];

    assert_int_equal(rms_hsm_generate(*state, 2048, &name, &key), 0);
    for (int i = 0; i < 20; i++) {
        enum rms_rsa_padding padding = i % 2 == 0 ? RMS_RSA_PKCS1 : RMS_RSA_OAEP;

        rms_random(sealed, sizeof sealed);
        memset(sealed, i < 16 ? sealed[0] & 0x7f : i < 18 ? 0xff : 0, i < 16 ? 1 : sizeof sealed);
        assert_int_equal(
            rms_rsa_unseal(key, padding, rms_view_of(sealed, sizeof sealed), first, sizeof first), 0);
        assert_int_equal(
            rms_rsa_unseal(key, padding, rms_view_of(sealed, sizeof sealed), second, sizeof second), 0);
        assert_memory_equal(first, second, sizeof first);
    }
    rms_rsa_private_free(&key);
}

/* There is a pause between connections that fail. */
static void wait_until_back(struct rms_hsm *hsm)
{
    for (int i = 0; i < 400 && !rms_hsm_probe(hsm); i++) {
        (void)usleep(50000);
    }
}

/* touches: S-214 */
static void trouble_is_waited_out_or_told(void **state)
{
    static const unsigned long lost[] = {CKR_SESSION_HANDLE_INVALID, CKR_DEVICE_REMOVED, CKR_DEVICE_ERROR,
        CKR_USER_NOT_LOGGED_IN, CKR_KEY_HANDLE_INVALID, CKR_GENERAL_ERROR, CKR_SESSION_CLOSED};
    static const unsigned long tired[] = {CKR_DEVICE_MEMORY, CKR_HOST_MEMORY, CKR_FUNCTION_CANCELED};
    struct rms_hsm_name name = name_of("trouble");
    struct rms_rsa_private *key;

    assert_int_equal(rms_hsm_generate(*state, 2048, &name, &key), 0);
    for (size_t i = 0; i < RMS_COUNT(lost); i++) {
        flaky.answer(lost[i], 1);
        assert_works(key);
    }
    for (size_t i = 0; i < RMS_COUNT(tired); i++) {
        flaky.answer(tired[i], 2);
        assert_works(key);
    }
    assert_string_equal(rms_hsm_problem(*state), "");
    flaky.answer(CKR_KEY_FUNCTION_NOT_PERMITTED, 1);
    assert_int_equal(sign_and_check(key), RMS_E_KEY_UNAVAILABLE);
    assert_string_not_equal(rms_hsm_problem(*state), "");
    assert_works(key);
    flaky.answer(CKR_DEVICE_REMOVED, UINT32_MAX);
    assert_int_equal(sign_and_check(key), RMS_E_KEY_UNAVAILABLE);
    assert_int_equal(unseal_and_check(key, RMS_RSA_PKCS1), RMS_E_KEY_UNAVAILABLE);
    assert_false(rms_hsm_probe(*state));
    flaky.answer(CKR_OK, 0);
    wait_until_back(*state);
    assert_works(key);
    flaky.twist(true);
    assert_int_equal(sign_and_check(key), RMS_E_KEY_UNAVAILABLE);
    flaky.twist(false);
    assert_works(key);
    rms_rsa_private_free(&key);
}

static void a_token_that_signs_wrongly_gives_no_key(void **state)
{
    struct rms_hsm_name name = name_of("wrong");
    struct rms_rsa_private *key;

    flaky.twist(true);
    assert_int_equal(rms_hsm_generate(*state, 2048, &name, &key), RMS_E_KEY_UNAVAILABLE);
    assert_null(key);
    flaky.twist(false);
}

/* A store is a module behind PKCS#11; this one notes what is asked of it. */
/* proves: S-211 */
static void a_store_keeps_its_rules_and_has_to_sign_rightly(void **state)
{
    struct rms_hsm_name name = name_of("plugged");
    struct rms_rsa_private *made;
    struct rms_rsa_private *key;

    assert_int_equal(rms_hsm_generate(*state, 2048, &name, &made), 0);
    flaky.twist(true);
    assert_int_equal(rms_hsm_adopt(*state, &name, &key), RMS_E_KEY_UNAVAILABLE);
    assert_null(key);
    flaky.twist(false);
    assert_int_equal(rms_hsm_adopt(*state, &name, &key), 0);
    assert_works(key);
    rms_rsa_private_free(&key);
    rms_rsa_private_free(&made);
    assert_true(flaky.logins() > 0);
    assert_int_equal(flaky.administered(), 0); /* nor did any test before */

    close_hsm(state);
    *state = open_with(SO_PIN, 2); /* the administrator of the store is another account, and uses no key */
    assert_int_equal(rms_hsm_adopt(*state, &name, &key), RMS_E_KEY_UNAVAILABLE);
    assert_non_null(strstr(rms_hsm_problem(*state), "PIN"));
    assert_int_equal(flaky.administered(), 0);
}

/* A PIN that is wrong is tried once, whatever is asked for afterwards: a token locks itself. */
static void a_wrong_pin_is_tried_once(void **state)
{
    struct rms_hsm_name name = name_of("made2048");
    struct rms_rsa_private *key;
    struct rms_hsm *hsm;
    unsigned before;

    close_hsm(state);
    before = flaky.logins();
    hsm = open_with("wrong-pin", 2);
    *state = hsm;
    for (int i = 0; i < 5; i++) {
        assert_int_equal(rms_hsm_generate(hsm, 2048, &name, &key), RMS_E_KEY_UNAVAILABLE);
        assert_false(rms_hsm_probe(hsm));
    }
    assert_int_equal(flaky.logins() - before, 1);
    assert_non_null(strstr(rms_hsm_problem(hsm), "PIN"));
}

struct crowd {
    const struct rms_rsa_private *key;
    int rounds;
    int refused;
};

static void *crowd_run(void *argument)
{
    struct crowd *one = argument;

    for (int i = 0; i < one->rounds; i++) {
        int status = i % 2 == 0 ? sign_and_check(one->key) : unseal_and_check(one->key, RMS_RSA_OAEP);

        if (status == RMS_E_KEY_UNAVAILABLE) {
            one->refused++;
        } else if (status != 0) {
            one->refused = INT32_MIN; /* a wrong answer */
        }
    }
    return NULL;
}

static int run_crowd(const struct rms_rsa_private *key, int rounds)
{
    struct crowd crowd[12];
    pthread_t threads[12];
    int refused = 0;

    for (size_t i = 0; i < RMS_COUNT(crowd); i++) {
        crowd[i] = (struct crowd){key, rounds, 0};
        assert_int_equal(pthread_create(&threads[i], NULL, crowd_run, &crowd[i]), 0);
    }
    for (size_t i = 0; i < RMS_COUNT(crowd); i++) {
        assert_int_equal(pthread_join(threads[i], NULL), 0);
        assert_true(crowd[i].refused >= 0);
        refused += crowd[i].refused;
    }
    return refused;
}

/* More threads than sessions, connections lost under them, a slow token: late answers or refusals, none
 * wrong. */
static void many_threads_share_few_sessions(void **state)
{
    struct rms_hsm_name name = name_of("crowd");
    struct rms_rsa_private *key;

    assert_int_equal(rms_hsm_generate(*state, 2048, &name, &key), 0);
    assert_int_equal(run_crowd(key, 10), 0);
    flaky.answer(CKR_SESSION_HANDLE_INVALID, 7);
    (void)run_crowd(key, 10);
    flaky.answer(CKR_OK, 0);
    wait_until_back(*state);
    flaky.slow(1000); /* 12 wait for 4 sessions: those that come third give up */
    assert_true(run_crowd(key, 2) > 0);
    flaky.slow(0);
    assert_works(key);
    rms_rsa_private_free(&key);
}

static void nothing_there_is_told_apart(void **state)
{
    char pin[] = "1234";
    struct rms_hsm_options options = {.module = "/nonexistent.so", .label = "unit", .sessions = 1};
    struct rms_hsm_name name = name_of("x");
    struct rms_rsa_private *key;
    struct rms_hsm *hsm;

    (void)state;
    options.pin = rms_secret_take(pin, strlen(pin));
    assert_int_equal(rms_hsm_new(&options, &hsm), RMS_E_NOT_FOUND);
    options.module = "/dev/null";
    options.pin = rms_secret_take((char[]){"1234"}, 4);
    assert_int_equal(rms_hsm_new(&options, &hsm), RMS_E_KEY_UNAVAILABLE);
    options.module = FLAKY_MODULE;
    options.label = "another token";
    options.pin = rms_secret_take((char[]){"1234"}, 4);
    assert_int_equal(rms_hsm_new(&options, &hsm), 0);
    assert_int_equal(rms_hsm_generate(hsm, 2048, &name, &key), RMS_E_KEY_UNAVAILABLE);
    rms_hsm_free(&hsm);
}

#define WITH_HSM(test) cmocka_unit_test_setup_teardown(test, open_hsm, close_hsm)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_HSM(a_key_made_in_the_token_works),
        WITH_HSM(a_reference_finds_it_again),
        WITH_HSM(an_imported_key_is_the_same_and_stays),
        WITH_HSM(a_key_of_other_tools_is_adopted_unless_it_can_be_read),
        WITH_HSM(forged_bits_teach_nothing),
        WITH_HSM(trouble_is_waited_out_or_told),
        WITH_HSM(a_token_that_signs_wrongly_gives_no_key),
        WITH_HSM(a_store_keeps_its_rules_and_has_to_sign_rightly),
        WITH_HSM(a_wrong_pin_is_tried_once),
        WITH_HSM(many_threads_share_few_sessions),
        cmocka_unit_test(nothing_there_is_told_apart),
    };

    return cmocka_run_group_tests(tests, make_token, remove_token);
}
