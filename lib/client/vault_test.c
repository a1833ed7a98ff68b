#include "base/log.h"
#include "client/vault.h"

#include "base/test.h"

#include <dirent.h>
#include <fcntl.h>
#include <sqlite3.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "client/testing/issuer.h"
#include "client/vaultkey.h"
#include "base/file.h"
#include "xrml/testing/world.h"

#define SECRET "the content key of bob@contoso.example"

struct fixture {
    struct rms_issuer issuer; /* for its directory */
    struct rms_settings settings;
    char folder[512];
};

static int set_up(void **state)
{
    struct fixture *f = test_calloc(1, sizeof *f);

    rms_issuer_open(&f->issuer);
    (void)snprintf(f->folder, sizeof f->folder, "%s", rms_test_path(&f->issuer, "store"));
    f->settings.store_dir = f->folder;
    *state = f;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *f = *state;

    rms_issuer_close(&f->issuer);
    test_free(f);
    return 0;
}

static struct rms_vault *open_vault(struct fixture *f)
{
    struct rms_vault *vault = NULL;
    bool foreign = true;

    assert_int_equal(rms_vault_open(&f->settings, &vault, &foreign), 0);
    assert_false(foreign);
    return vault;
}

static struct rms_vault_place place(const char *owner, const char *name)
{
    return (struct rms_vault_place){RMS_VAULT_LICENCE, owner, rms_view_str(name)};
}

static void put(
    struct rms_vault *vault, const char *owner, const char *name, int64_t expires, const char *value)
{
    const struct rms_vault_place where = place(owner, name);

    assert_int_equal(rms_vault_put(vault, &where, expires, rms_view_str(value)), 0);
}

/* NULL: not there. */
static void expect(struct rms_vault *vault, const char *owner, const char *name, const char *value)
{
    struct rms_buf RMS_BUF_CLEANUP out = RMS_BUF_INIT(1024);
    const struct rms_vault_place where = place(owner, name);

    assert_int_equal(rms_vault_get(vault, &where, &out), value != NULL ? 0 : RMS_E_NOT_FOUND);
    if (value != NULL) {
        assert_string_equal(rms_buf_text(&out), value);
    }
}

static void kept_over_time(void **state)
{
    struct fixture *f = *state;
    struct rms_vault *vault = open_vault(f);

    expect(vault, "alice", "a", NULL);
    assert_false(rms_test_exists(f->folder)); /* made by the first put */
    put(vault, "alice", "a", RMS_TIME_NONE, "one");
    put(vault, "alice", "b", 5, "two");
    put(vault, "bob", "a", RMS_TIME_NONE, "three");
    put(vault, "alice", "a", RMS_TIME_NONE, "four");
    rms_vault_close(&vault);
    assert_null(vault);
    vault = open_vault(f);
    expect(vault, "alice", "a", "four");
    expect(vault, "alice", "b", "two");
    expect(vault, "bob", "a", "three");
    assert_string_equal(rms_vault_protection(vault), "file");
    assert_int_equal(rms_vault_remove_owner(vault, "alice"), 0);
    expect(vault, "alice", "a", NULL);
    expect(vault, "alice", "b", NULL);
    expect(vault, "bob", "a", "three");
    rms_vault_close(&vault);
}

/* touches: C-002, C-022 */
static void modes_and_contents(void **state)
{
    static const char *const hidden[] = {SECRET, "bob@contoso.example", "a name"};
    struct fixture *f = *state;
    struct rms_vault *vault = open_vault(f);
    struct stat info;
    DIR *folder;

    put(vault, "bob@contoso.example", "a name", RMS_TIME_NONE, SECRET);
    assert_int_equal(stat(f->folder, &info), 0);
    assert_int_equal(info.st_mode & 0777, 0700);
    folder = opendir(f->folder);
    assert_non_null(folder);
    for (struct dirent *entry = readdir(folder); entry != NULL; entry = readdir(folder)) {
        char path[1024];
        struct rms_view bytes;

        (void)snprintf(path, sizeof path, "%s/%s", f->folder, entry->d_name);
        assert_int_equal(stat(path, &info), 0);
        if (!S_ISREG(info.st_mode)) {
            continue;
        }
        assert_int_equal(info.st_mode & 077, 0);
        bytes = rms_test_read(&f->issuer, path);
        for (size_t i = 0; i < RMS_COUNT(hidden); i++) {
            assert_null(memmem(bytes.data, bytes.len, hidden[i], strlen(hidden[i])));
        }
    }
    assert_int_equal(closedir(folder), 0);
    rms_vault_close(&vault);
}

/* touches: C-026, S-144 */
static void expired_ones_go(void **state)
{
    struct fixture *f = *state;
    struct rms_vault *vault = open_vault(f);
    size_t removed;
    size_t kept;
    char name[32];

    assert_int_equal(rms_vault_begin(vault), 0);
    for (int i = 0; i < 1010; i++) {
        (void)snprintf(name, sizeof name, "%d", i);
        put(vault, "alice", name, i < 10 ? 2000 : 1000, "x");
    }
    put(vault, "alice", "endless", RMS_TIME_NONE, "y");
    assert_int_equal(rms_vault_end(vault, true), 0);
    assert_int_equal(rms_vault_purge(vault, 1000, false, &removed, &kept), 0);
    assert_int_equal(removed, 1000);
    assert_int_equal(kept, 11);
    expect(vault, "alice", "3", "x");
    expect(vault, "alice", "10", NULL);
    expect(vault, "alice", "endless", "y");
    rms_vault_close(&vault);
}

static void all_or_nothing(void **state)
{
    struct fixture *f = *state;
    struct rms_vault *vault = open_vault(f);

    put(vault, "alice", "a", RMS_TIME_NONE, "old");
    assert_int_equal(rms_vault_begin(vault), 0);
    put(vault, "alice", "a", RMS_TIME_NONE, "new");
    put(vault, "alice", "b", RMS_TIME_NONE, "new");
    assert_int_equal(rms_vault_end(vault, false), 0);
    expect(vault, "alice", "a", "old");
    expect(vault, "alice", "b", NULL);
    rms_vault_close(&vault);
}

/* A row is put under another name, kind and end by somebody who can write the file. */
static void swapped_rows(void **state)
{
    struct fixture *f = *state;
    struct rms_vault *vault = open_vault(f);
    size_t removed;
    sqlite3 *db;

    put(vault, "alice", "a", RMS_TIME_NONE, "one");
    put(vault, "alice", "b", 1000, "two");
    rms_vault_close(&vault);
    assert_int_equal(sqlite3_open(rms_test_path(&f->issuer, "store/store.db"), &db), SQLITE_OK);
    assert_int_equal(sqlite3_exec(db,
                         "UPDATE entry SET box = (SELECT e.box FROM entry e WHERE e.expires = 1000) "
                         "WHERE expires IS NULL; UPDATE entry SET expires = 9000 WHERE expires = 1000",
                         NULL, NULL, NULL),
        SQLITE_OK);
    assert_int_equal(sqlite3_close(db), SQLITE_OK);
    vault = open_vault(f);
    expect(vault, "alice", "a", NULL);
    assert_int_equal(rms_vault_purge(vault, 0, true, &removed, NULL), 0);
    assert_int_equal(removed, 1);
    expect(vault, "alice", "b", NULL);
    rms_vault_close(&vault);
}

/* There is one version so far, which opens; another is as if nothing had been kept. proves: S-308, C-025 */
static void other_version(void **state)
{
    struct fixture *f = *state;
    struct rms_buf RMS_BUF_CLEANUP log = RMS_BUF_INIT(65536);
    struct rms_vault *vault = open_vault(f);
    sqlite3 *db;

    put(vault, "alice", "a", RMS_TIME_NONE, "one");
    rms_vault_close(&vault);
    vault = open_vault(f);
    expect(vault, "alice", "a", "one");
    rms_vault_close(&vault);
    assert_int_equal(sqlite3_open(rms_test_path(&f->issuer, "store/store.db"), &db), SQLITE_OK);
    assert_int_equal(sqlite3_exec(db, "PRAGMA user_version=77", NULL, NULL, NULL), SQLITE_OK);
    assert_int_equal(sqlite3_close(db), SQLITE_OK);
    rms_log_open("test", RMS_LOG_ERROR, rms_test_path(&f->issuer, "log"), 1u << 20);
    vault = open_vault(f);
    rms_log_close();
    assert_int_equal(rms_file_read(rms_test_path(&f->issuer, "log"), &log), 0);
    assert_non_null(strstr(rms_buf_text(&log), "client.store-rebuilt"));
    assert_ptr_equal(strchr(rms_buf_text(&log), '\n'), rms_buf_text(&log) + log.len - 1); /* one line */
    expect(vault, "alice", "a", NULL);
    put(vault, "alice", "a", RMS_TIME_NONE, "two");
    expect(vault, "alice", "a", "two");
    rms_vault_close(&vault);
}

/* One byte changed, anywhere: the right value or none, never a wrong one, and the store works on. */
static void changed_bytes(void **state)
{
    struct fixture *f = *state;
    struct rms_vault *vault = open_vault(f);
    const char *path = rms_test_path(&f->issuer, "store/store.db");
    struct rms_view good;

    put(vault, "alice", "a", RMS_TIME_NONE, SECRET);
    rms_vault_close(&vault);
    good = rms_test_read(&f->issuer, path);
    for (size_t at = 0; at < good.len; at += at < 128 ? 1 : 97) {
        struct rms_buf RMS_BUF_CLEANUP out = RMS_BUF_INIT(1024);
        const struct rms_vault_place where = place("alice", "a");
        const struct rms_vault_place later = place("alice", "after");
        struct rms_buf RMS_BUF_CLEANUP bad = RMS_BUF_INIT(1u << 20);
        int code;

        rms_buf_append_view(&bad, good);
        bad.data[at] ^= 0x41;
        rms_must(rms_file_write(path, rms_buf_view(&bad), 0600));
        vault = open_vault(f);
        code = rms_vault_get(vault, &where, &out);
        if (code == 0) {
            assert_string_equal(rms_buf_text(&out), SECRET);
        } else {
            assert_int_equal(code, RMS_E_NOT_FOUND);
        }
        /* damage may be met only now, and takes what is there with it: once */
        put(vault, "alice", "after", RMS_TIME_NONE, "fine");
        rms_buf_reset(&out);
        if (rms_vault_get(vault, &later, &out) == RMS_E_NOT_FOUND) {
            put(vault, "alice", "after", RMS_TIME_NONE, "fine");
        }
        expect(vault, "alice", "after", "fine");
        rms_vault_close(&vault);
    }
}

static void no_database_at_all(void **state)
{
    static const char *const contents[] = {
        "", "x", "SQLite format 3", "this is a text and no database, and a long one"};
    struct fixture *f = *state;

    for (size_t i = 0; i < RMS_COUNT(contents); i++) {
        struct rms_vault *vault;

        assert_true(mkdir(f->folder, 0700) == 0 || i > 0);
        rms_test_write(rms_test_path(&f->issuer, "store/store.db"), contents[i], strlen(contents[i]));
        vault = open_vault(f);
        put(vault, "alice", "a", RMS_TIME_NONE, "one");
        expect(vault, "alice", "a", "one");
        rms_vault_close(&vault);
    }
}

/* touches: C-004, S-143 */
static void another_device(void **state)
{
    struct fixture *f = *state;
    struct rms_vault *vault = open_vault(f);
    bool foreign = false;

    put(vault, "alice", "a", RMS_TIME_NONE, "one");
    rms_vault_close(&vault);
    rms_test_write(rms_test_path(&f->issuer, "machine-id"), "0123456789abcdef0123456789abcdef\n", 33);
    assert_int_equal(setenv("RMS_MACHINE_ID_FILE", rms_test_path(&f->issuer, "machine-id"), 1), 0);
    assert_int_equal(rms_vault_open(&f->settings, &vault, &foreign), 0);
#ifdef RMS_TEST_CLOCK /* release builds look at the machine's own id only */
    assert_true(foreign);
    expect(vault, "alice", "a", NULL);
#endif
    put(vault, "alice", "a", RMS_TIME_NONE, "two");
    expect(vault, "alice", "a", "two");
    rms_vault_close(&vault);
    assert_int_equal(unsetenv("RMS_MACHINE_ID_FILE"), 0);
}

static void broken_key_file(void **state)
{
    static const size_t lens[] = {0, 5, 40, 93, 95, 4096};
    struct fixture *f = *state;

    for (size_t i = 0; i < RMS_COUNT(lens); i++) {
        struct rms_vault *vault = open_vault(f);
        bool foreign = false;

        put(vault, "alice", "a", RMS_TIME_NONE, "one");
        rms_vault_close(&vault);
        rms_test_fill(rms_test_path(&f->issuer, "store/device.key"), lens[i]);
        assert_int_equal(rms_vault_open(&f->settings, &vault, &foreign), 0);
        assert_true(foreign);
        expect(vault, "alice", "a", NULL);
        rms_vault_close(&vault);
    }
}

static void in_memory(void **state)
{
    struct fixture *f = *state;
    struct rms_vault *vault;

    f->settings.store = RMS_STORE_MEMORY;
    vault = open_vault(f);
    put(vault, "alice", "a", RMS_TIME_NONE, "one");
    expect(vault, "alice", "a", "one");
    assert_string_equal(rms_vault_protection(vault), "memory");
    assert_int_equal(rms_vault_reset(vault), 0);
    expect(vault, "alice", "a", NULL);
    put(vault, "alice", "a", RMS_TIME_NONE, "two");
    rms_vault_close(&vault);
    assert_false(rms_test_exists(f->folder));
    vault = open_vault(f);
    expect(vault, "alice", "a", NULL);
    rms_vault_close(&vault);
}

/* touches: C-008 */
static void reset(void **state)
{
    struct fixture *f = *state;
    struct rms_vault *vault = open_vault(f);

    put(vault, "alice", "a", RMS_TIME_NONE, "one");
    assert_int_equal(rms_vault_reset(vault), 0);
    assert_false(rms_test_exists(rms_test_path(&f->issuer, "store/store.db")));
    assert_false(rms_test_exists(rms_test_path(&f->issuer, "store/device.key")));
    expect(vault, "alice", "a", NULL);
    put(vault, "alice", "b", RMS_TIME_NONE, "two");
    expect(vault, "alice", "b", "two");
    rms_vault_close(&vault);
}

static void two_at_once(void **state)
{
    struct fixture *f = *state;
    struct rms_vault *first = open_vault(f);
    struct rms_vault *second = open_vault(f);

    put(first, "alice", "a", RMS_TIME_NONE, "one");
    expect(second, "alice", "a", "one");
    put(second, "alice", "a", RMS_TIME_NONE, "two");
    expect(first, "alice", "a", "two");
    rms_vault_close(&first);
    rms_vault_close(&second);
}

static void no_place_for_it(void **state)
{
    struct fixture *f = *state;
    const struct rms_vault_place where = place("alice", "a");
    struct rms_vault *vault;

    rms_test_write(rms_test_path(&f->issuer, "file"), "x", 1);
    f->settings.store_dir = rms_test_path(&f->issuer, "file/store");
    vault = open_vault(f);
    assert_true(rms_vault_put(vault, &where, RMS_TIME_NONE, rms_view_str("x")) < 0);
    expect(vault, "alice", "a", NULL);
    rms_vault_close(&vault);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(kept_over_time),
        TEST(modes_and_contents),
        TEST(expired_ones_go),
        TEST(all_or_nothing),
        TEST(swapped_rows),
        TEST(other_version),
        TEST(changed_bytes),
        TEST(no_database_at_all),
        TEST(another_device),
        TEST(broken_key_file),
        TEST(in_memory),
        TEST(reset),
        TEST(two_at_once),
        TEST(no_place_for_it),
    };

    (void)setenv("RMS_KEYRING", "off", 1);
    return cmocka_run_group_tests_name("client vault", tests, NULL, NULL);
}
