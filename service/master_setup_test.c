#include "base/test.h"

#include <ftw.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/time.h"
#include "crypto/pki.h"
#include "service/keyd.h"
#include "service/keyd_masterkey.h"
#include "service/master_child.h"
#include "service/master_setup.h"

struct lab {
    char above[32];
    struct rms_settings settings;
};

static int open_lab(void **state)
{
    static struct lab lab;
    char message[256];
    char dir[64];

    *state = &lab;
    memcpy(lab.above, "/tmp/rms-setup-XXXXXX", sizeof "/tmp/rms-setup-XXXXXX");
    assert_non_null(mkdtemp(lab.above));
    (void)snprintf(dir, sizeof dir, "%s/data", lab.above);
    rms_settings_init(&lab.settings);
    assert_int_equal(rms_settings_set(&lab.settings, "dir", dir), 0);
    assert_int_equal(rms_settings_finish(&lab.settings, message, sizeof message), 0);
    (void)unsetenv("CREDENTIALS_DIRECTORY");
    return 0;
}

static int remove_one(const char *path, const struct stat *info, int kind, struct FTW *walk)
{
    (void)info;
    (void)kind;
    (void)walk;
    return remove(path);
}

static int close_lab(void **state)
{
    struct lab *lab = *state;

    (void)unsetenv("CREDENTIALS_DIRECTORY");
    return nftw(lab->above, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

static const char *file(struct lab *lab, const char *name)
{
    static char path[PATH_MAX];

    assert_int_equal(rms_settings_path(&lab->settings, name, path), 0);
    return path;
}

static void load(struct lab *lab, const char *name, struct rms_buf *out)
{
    *out = RMS_BUF_INIT(65536);
    assert_int_equal(rms_file_read(file(lab, name), out), 0);
}

static bool unchanged(struct lab *lab, const char *name, const struct rms_buf *before)
{
    RMS_BUF_CLEANUP struct rms_buf now = RMS_BUF_INIT(65536);

    return rms_file_read(file(lab, name), &now) == 0 &&
           rms_view_equal(rms_buf_view(&now), rms_buf_view(before));
}

/* A server certificate as one made `age_days` ago. */
static void put_server(struct lab *lab, int age_days)
{
    RMS_BUF_CLEANUP struct rms_buf ca;
    RMS_BUF_CLEANUP struct rms_buf ca_key;
    RMS_BUF_CLEANUP struct rms_buf cert = RMS_BUF_INIT(65536);
    RMS_BUF_CLEANUP struct rms_buf key = RMS_BUF_INIT(65536);
    struct rms_setup_hosts hosts;

    load(lab, "ca.pem", &ca);
    load(lab, "tls/ca.key", &ca_key);
    assert_int_equal(rms_setup_hosts(&lab->settings, &hosts), 0);
    assert_int_equal(rms_pki_make_server(rms_buf_view(&ca), rms_buf_view(&ca_key), hosts.list,
                         rms_clock_now() - (int64_t)age_days * RMS_DAY_S, &cert, &key),
        0);
    assert_int_equal(rms_file_write(file(lab, "tls/server.pem"), rms_buf_view(&cert), 0644), 0);
    assert_int_equal(rms_file_write(file(lab, "tls/server.key"), rms_buf_view(&key), 0600), 0);
}

/* --- certificates ----------------------------------------------------------------------------------- */

static void renews_a_certificate_in_time(void **state)
{
    static const struct {
        int age_days;
        bool renewed;
    } cases[] = {{0, false}, {366, false}, {368, true}, {396, true}, {500, true}}; /* valid for 397 */
    struct lab *lab = *state;
    struct rms_buf ca;

    assert_int_equal(rms_setup(&lab->settings), 0);
    load(lab, "ca.pem", &ca);
    for (size_t i = 0; i < RMS_COUNT(cases); i++) {
        RMS_BUF_CLEANUP struct rms_buf before;

        put_server(lab, cases[i].age_days);
        load(lab, "tls/server.pem", &before);
        assert_int_equal(rms_setup(&lab->settings), 0);
        assert_int_equal(unchanged(lab, "tls/server.pem", &before), !cases[i].renewed);
        assert_true(unchanged(lab, "ca.pem", &ca));
    }
    rms_buf_fini(&ca);
}

static void renews_when_the_names_change(void **state)
{
    struct lab *lab = *state;
    RMS_BUF_CLEANUP struct rms_buf before;

    assert_int_equal(rms_setup(&lab->settings), 0);
    load(lab, "tls/server.pem", &before);
    assert_int_equal(rms_settings_set(&lab->settings, "url", "https://rms.example.org"), 0);
    assert_int_equal(rms_setup(&lab->settings), 0);
    assert_false(unchanged(lab, "tls/server.pem", &before));
}

/* A stop between writing key and certificate leaves two that do not belong together. */
static void mends_a_pair_that_does_not_fit(void **state)
{
    struct lab *lab = *state;
    struct rms_buf old_key;

    assert_int_equal(rms_setup(&lab->settings), 0);
    load(lab, "tls/server.key", &old_key);
    put_server(lab, 0);
    assert_int_equal(rms_file_write(file(lab, "tls/server.key"), rms_buf_view(&old_key), 0600), 0);
    assert_int_equal(rms_setup(&lab->settings), 0);
    assert_false(unchanged(lab, "tls/server.key", &old_key));
    rms_buf_fini(&old_key);
}

/* Clients trust the CA: it is never quietly replaced. */
static void does_not_replace_a_lost_ca(void **state)
{
    struct lab *lab = *state;

    assert_int_equal(rms_setup(&lab->settings), 0);
    assert_int_equal(unlink(file(lab, "tls/ca.key")), 0);
    assert_int_equal(rms_setup(&lab->settings), 0); /* nothing to sign now */
    assert_int_equal(unlink(file(lab, "tls/server.pem")), 0);
    assert_true(rms_setup(&lab->settings) < 0);
    assert_int_not_equal(access(file(lab, "tls/ca.key"), F_OK), 0);
}

static void leaves_the_administrators_certificate_alone(void **state)
{
    struct lab *lab = *state;

    assert_int_equal(rms_settings_set(&lab->settings, "tls_certificate", "/etc/ssl/rms.pem"), 0);
    assert_int_equal(rms_settings_set(&lab->settings, "tls_key", "/etc/ssl/rms.key"), 0);
    assert_int_equal(rms_setup(&lab->settings), 0);
    assert_int_not_equal(access(file(lab, "ca.pem"), F_OK), 0);
    assert_int_not_equal(access(file(lab, "tls/server.pem"), F_OK), 0);
}

/* --- directories ------------------------------------------------------------------------------------ */

static void refuses_directories_others_may_enter(void **state)
{
    static const char *const names[] = {".", "tls", "db", "credentials"};
    struct lab *lab = *state;

    assert_int_equal(rms_setup(&lab->settings), 0);
    for (size_t i = 0; i < RMS_COUNT(names); i++) {
        assert_int_equal(chmod(file(lab, names[i]), 0750), 0);
        assert_int_equal(rms_setup(&lab->settings), RMS_E_PERMISSION);
        assert_int_equal(chmod(file(lab, names[i]), 0700), 0);
    }
    assert_int_equal(rms_setup(&lab->settings), 0);
}

static void refuses_a_file_in_place_of_the_directory(void **state)
{
    struct lab *lab = *state;

    assert_int_equal(rms_file_write(lab->settings.dir, RMS_VIEW_LITERAL("x"), 0600), 0);
    assert_int_equal(rms_setup(&lab->settings), RMS_E_BAD_ARGUMENT);
}

/* --- master key -------------------------------------------------------------------------------------- */

static int load_key(struct lab *lab)
{
    struct rms_secret *key;
    int status = rms_master_key_load(&lab->settings, &key);

    rms_secret_free(&key);
    return status;
}

static void tells_a_wrong_master_key(void **state)
{
    static const uint8_t wrong[RMS_MASTER_KEY_BYTES] = {1};
    struct lab *lab = *state;
    struct rms_buf right;

    assert_int_equal(rms_setup(&lab->settings), 0);
    assert_int_equal(load_key(lab), 0);
    load(lab, "master.key", &right);
    assert_int_equal(right.len, RMS_MASTER_KEY_BYTES);
    assert_int_equal(rms_file_write(file(lab, "master.key"), rms_view_of(wrong, sizeof wrong), 0600), 0);
    assert_int_equal(load_key(lab), RMS_E_KEY_UNAVAILABLE);
    assert_int_equal(rms_file_write(file(lab, "master.key"), rms_buf_view(&right), 0600), 0);
    assert_int_equal(load_key(lab), 0);
    rms_buf_fini(&right);
}

/* A lost master key is never replaced by a new one, which would open nothing. */
static void does_not_replace_a_lost_master_key(void **state)
{
    struct lab *lab = *state;

    assert_int_equal(rms_setup(&lab->settings), 0);
    assert_int_equal(load_key(lab), 0);
    assert_int_equal(unlink(file(lab, "master.key")), 0);
    assert_int_equal(rms_setup(&lab->settings), 0);
    assert_int_equal(load_key(lab), RMS_E_NOT_FOUND);
}

static void refuses_a_master_key_that_is_none(void **state)
{
    struct lab *lab = *state;

    assert_int_equal(rms_setup(&lab->settings), 0);
    assert_int_equal(chmod(file(lab, "master.key"), 0640), 0);
    assert_int_equal(load_key(lab), RMS_E_PERMISSION);
    assert_int_equal(rms_file_write(file(lab, "master.key"), RMS_VIEW_LITERAL("short"), 0600), 0);
    assert_int_equal(load_key(lab), RMS_E_DAMAGED);
    assert_int_equal(
        rms_file_write(file(lab, "master.key"), RMS_VIEW_LITERAL("thirty-three bytes, one too many!"), 0600),
        0);
    assert_int_equal(load_key(lab), RMS_E_DAMAGED);
    assert_int_equal(unlink(file(lab, "master.key")), 0);
    assert_int_equal(symlink("ca.pem", file(lab, "master.key")), 0);
    assert_true(load_key(lab) < 0);
}

static void prefers_the_credential_of_the_service_manager(void **state)
{
    static const uint8_t key[RMS_MASTER_KEY_BYTES] = {7};
    struct lab *lab = *state;
    struct rms_secret *loaded;
    char path[64];

    (void)snprintf(path, sizeof path, "%s/master.key", lab->above);
    assert_int_equal(rms_file_write(path, rms_view_of(key, sizeof key), 0400), 0);
    assert_int_equal(setenv("CREDENTIALS_DIRECTORY", lab->above, 1), 0);
    assert_int_equal(rms_setup(&lab->settings), 0);
    assert_int_not_equal(access(file(lab, "master.key"), F_OK), 0);
    assert_int_equal(rms_master_key_load(&lab->settings, &loaded), 0);
    assert_memory_equal(rms_secret_view(loaded).data, key, sizeof key);
    rms_secret_free(&loaded);
}

/* --- restarts ---------------------------------------------------------------------------------------- */

static void pauses_grow_and_end(void **state)
{
    static const int64_t pauses[] = {0, 100, 200, 400, 800, 1600, 2000, 2000, 2000};
    struct rms_child child = {.kind = RMS_CHILD_KEYD, .control = -1, .ever_ready = true};

    (void)state;
    for (size_t i = 0; i < RMS_COUNT(pauses); i++) {
        assert_true(rms_child_ended(&child, 1000));
        assert_int_equal(child.start_at - 1000, pauses[i]);
    }
    assert_false(rms_child_ended(&child, 1000));
}

static void a_good_while_forgives(void **state)
{
    struct rms_child child = {.kind = RMS_CHILD_KEYD, .control = -1, .ever_ready = true, .failures = 9};

    (void)state;
    assert_true(rms_child_ended(&child, RMS_CHILD_SETTLED_MS));
    assert_int_equal(child.start_at, RMS_CHILD_SETTLED_MS);
    assert_int_equal(child.failures, 1);
}

static void what_never_worked_is_given_up_sooner(void **state)
{
    struct rms_child child = {.kind = RMS_CHILD_FRONT, .control = -1};

    (void)state;
    for (int i = 1; i < RMS_CHILD_FIRST_TRIES; i++) {
        assert_true(rms_child_ended(&child, 1));
    }
    assert_false(rms_child_ended(&child, 1));
}

#define IN_LAB(test) cmocka_unit_test_setup_teardown(test, open_lab, close_lab)

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_LAB(renews_a_certificate_in_time),
        IN_LAB(renews_when_the_names_change),
        IN_LAB(mends_a_pair_that_does_not_fit),
        IN_LAB(does_not_replace_a_lost_ca),
        IN_LAB(leaves_the_administrators_certificate_alone),
        IN_LAB(refuses_directories_others_may_enter),
        IN_LAB(refuses_a_file_in_place_of_the_directory),
        IN_LAB(tells_a_wrong_master_key),
        IN_LAB(does_not_replace_a_lost_master_key),
        IN_LAB(refuses_a_master_key_that_is_none),
        IN_LAB(prefers_the_credential_of_the_service_manager),
        cmocka_unit_test(pauses_grow_and_end),
        cmocka_unit_test(a_good_while_forgives),
        cmocka_unit_test(what_never_worked_is_given_up_sooner),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
