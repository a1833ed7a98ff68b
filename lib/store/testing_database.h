/* For tests: an empty database of one's own, on the engine that the run is for. With RMS_TEST_DATABASE =
 * "postgresql:///postgres?host=..." it is one on that server (test/scenario/postgres.py), else an SQLite file
 * in a directory of the test. */
#ifndef RMS_STORE_TESTING_DATABASE_H
#define RMS_STORE_TESTING_DATABASE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/guid.h"
#include "store/engine.h"

#define TEST_DATABASE_URL 256
#define TEST_SQLITE       "sqlite:"

static inline const char *test_server(void)
{
    const char *server = getenv("RMS_TEST_DATABASE");

    return server != NULL && server[0] != '\0' ? server : NULL;
}

/* SQL on the server, in a session of its own. */
static inline void test_server_run(const char *url, const char *sql)
{
    struct rms_link *link = NULL;

    assert_int_equal(rms_engine_postgres.open(strchr(url, ':') + 1, false, &link), 0);
    assert_int_equal(rms_engine_postgres.exec(link, sql), 0);
    rms_engine_postgres.close(link);
}

/* Databases of this process on the server, used again by later tests: making one takes longer than a test.
 * They go with the server. */
struct test_database {
    char url[TEST_DATABASE_URL];
    bool used;
};

static inline struct test_database *test_database_of(const char *url)
{
    static struct test_database databases[8];

    for (size_t i = 0; i < sizeof databases / sizeof databases[0]; i++) {
        if (url != NULL ? strcmp(databases[i].url, url) == 0 : !databases[i].used) {
            return &databases[i];
        }
    }
    fail_msg("no such database of a test, or too many at once");
    return NULL;
}

static inline void test_server_create(char url[TEST_DATABASE_URL])
{
    char guid[RMS_GUID_TEXT];
    char sql[128];

    rms_guid_new(guid);
    (void)snprintf(sql, sizeof sql, "CREATE DATABASE \"rms-%s\"", guid);
    test_server_run(test_server(), sql);
    (void)snprintf(
        url, TEST_DATABASE_URL, "postgresql:///rms-%s%s", guid, test_server() + strcspn(test_server(), "?"));
}

/* Empty once more. */
static inline void test_database_clear(const char *url)
{
    static const char *const sides[] = {"", "-wal", "-shm", "-usage"};
    char path[TEST_DATABASE_URL];

    if (test_server() != NULL) {
        test_server_run(url, "DROP SCHEMA public CASCADE; CREATE SCHEMA public");
        return;
    }
    for (size_t i = 0; i < sizeof sides / sizeof sides[0]; i++) {
        (void)snprintf(
            path, sizeof path, "%.*s%s", (int)sizeof path - 8, url + strlen(TEST_SQLITE), sides[i]);
        (void)unlink(path);
    }
}

static inline void test_database_drop(const char *url)
{
    test_database_clear(url);
    if (test_server() != NULL) {
        test_database_of(url)->used = false;
    }
}

static inline void test_database_new(const char *dir, char url[TEST_DATABASE_URL])
{
    struct test_database *database;

    if (test_server() == NULL) {
        (void)snprintf(url, TEST_DATABASE_URL, TEST_SQLITE "%s/rms.db", dir);
        return;
    }
    database = test_database_of(NULL);
    if (database->url[0] == '\0') {
        test_server_create(database->url);
    }
    database->used = true;
    memcpy(url, database->url, sizeof database->url);
}

#endif
