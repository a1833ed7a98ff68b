#include "base/test.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "service/settings.h"

static char message[512];

/* Reads text as a configuration file. */
static int read_text(struct rms_settings *settings, const char *text)
{
    char path[] = "/tmp/rms-conf-XXXXXX";
    int fd = mkstemp(path);
    int status;

    assert_true(fd >= 0);
    assert_int_equal(rms_fd_write_all(fd, text, strlen(text)), 0);
    (void)close(fd);
    rms_settings_init(settings);
    status = rms_settings_read(settings, path, message, sizeof message);
    (void)unlink(path);
    return status;
}

static int finish(struct rms_settings *settings)
{
    return rms_settings_finish(settings, message, sizeof message);
}

static void reads_a_file(void **state)
{
    struct rms_settings settings;

    (void)state;
    assert_int_equal(read_text(&settings, "# where\n"
                                          "dir = \"/var/lib/openrms\"\n"
                                          "listen = \"[::]:443\"\n"
                                          "url = https://rms.example.org\n"
                                          "workers = 7\n"
                                          "group_cache = 0\n"),
        0);
    assert_string_equal(settings.dir, "/var/lib/openrms");
    assert_string_equal(settings.listen, "[::]:443");
    assert_string_equal(settings.url, "https://rms.example.org");
    assert_int_equal(settings.workers, 7);
    assert_int_equal(settings.group_cache_s, 0);
    assert_int_equal(settings.key_stock, 4);
    assert_int_equal(finish(&settings), 0);
}

static void names_the_line_of_an_error(void **state)
{
    static const struct {
        const char *text;
        const char *place;
        const char *word;
    } cases[] = {
        {"workers = 2\nworkres = 3\n", ":2: ", "workres"},
        {"\n\nworkers = many\n", ":3: ", "workers"},
        {"workers = 0\n", ":1: ", "workers must be 1 to 128"},
        {"\nopen_keys_max = 3\n", ":2: ", "open_keys_max"},
        {"group_cache = 10801\n", ":1: ", "group_cache must be 0 to 10800"},
        {"dir = \"/a\nlisten = \n", ":", ""},
    };
    struct rms_settings settings;

    (void)state;
    for (size_t i = 0; i < RMS_COUNT(cases); i++) {
        assert_int_equal(read_text(&settings, cases[i].text), RMS_E_BAD_ARGUMENT);
        assert_non_null(strstr(message, cases[i].place));
        assert_non_null(strstr(message, cases[i].word));
    }
}

static void says_when_the_file_is_not_there(void **state)
{
    struct rms_settings settings;

    (void)state;
    rms_settings_init(&settings);
    assert_int_equal(
        rms_settings_read(&settings, "/nonexistent/rmsd.conf", message, sizeof message), RMS_E_BAD_ARGUMENT);
    assert_non_null(strstr(message, "/nonexistent/rmsd.conf"));
}

static void sets_by_name(void **state)
{
    static const struct {
        const char *name, *value;
        int status;
    } cases[] = {
        {"dir", "/x", 0},
        {"workers", "3", 0},
        {"workers", "0", RMS_E_BAD_ARGUMENT},
        {"workers", "3x", RMS_E_BAD_ARGUMENT},
        {"workers", "", RMS_E_BAD_ARGUMENT},
        {"workers", "99999999999999999999", RMS_E_BAD_ARGUMENT},
        {"nothing", "1", RMS_E_BAD_ARGUMENT},
        {"url", "https://a\nb", RMS_E_BAD_ARGUMENT},
    };
    static char too_long[RMS_SETTING_TEXT + 1];
    struct rms_settings settings;

    (void)state;
    rms_settings_init(&settings);
    for (size_t i = 0; i < RMS_COUNT(cases); i++) {
        assert_int_equal(rms_settings_set(&settings, cases[i].name, cases[i].value), cases[i].status);
    }
    assert_string_equal(settings.dir, "/x");
    assert_int_equal(settings.workers, 3);
    memset(too_long, 'a', RMS_SETTING_TEXT);
    assert_int_equal(rms_settings_set(&settings, "dir", too_long), RMS_E_LIMIT);
}

/* Rows name people: never in the clear over a network, and to the address that was signed. */
static void where_objects_may_go(void **state)
{
    static const struct {
        const char *url, *region, *credentials;
        bool good;
    } cases[] = {
        {"https://s3.example.org/audit", "us-east-1", "/k", true},
        {"https://audit.s3.example.org", "eu-central-1", "/k", true},
        {"https://s3.example.org:9000/audit/open_rms/a.b-c", "us-east-1", "/k", true},
        {"http://127.0.0.1:9000/audit", "us-east-1", "/k", true},
        {"http://s3.example.org/audit", "us-east-1", "/k", false},
        {"http://127.0.0.1.example.org/audit", "us-east-1", "/k", false},
        {"https://key:secret@s3.example.org/audit", "us-east-1", "/k", false},
        {"https://s3.example.org/audit/", "us-east-1", "/k", false},
        {"https://s3.example.org//audit", "us-east-1", "/k", false},
        {"https://s3.example.org/audit/../other", "us-east-1", "/k", false},
        {"https://s3.example.org/audit?acl", "us-east-1", "/k", false},
        {"https://s3.example.org/a%20b", "us-east-1", "/k", false},
        {"s3://audit", "us-east-1", "/k", false},
        {"https://s3.example.org/audit", "eu:s3", "/k", false},
        {"https://s3.example.org/audit", "", "/k", false},
        {"https://s3.example.org/audit", "us-east-1", "k", false},
        {"https://s3.example.org/audit", "us-east-1", "", false},
    };

    (void)state;
    for (size_t i = 0; i < RMS_COUNT(cases); i++) {
        struct rms_settings settings;

        rms_settings_init(&settings);
        assert_int_equal(rms_settings_set(&settings, "dir", "/data"), 0);
        assert_int_equal(rms_settings_set(&settings, "usage_s3", cases[i].url), 0);
        assert_int_equal(rms_settings_set(&settings, "usage_s3_region", cases[i].region), 0);
        assert_int_equal(rms_settings_set(&settings, "usage_s3_credentials", cases[i].credentials), 0);
        assert_int_equal(finish(&settings), cases[i].good ? 0 : RMS_E_BAD_ARGUMENT);
    }
}

static void fills_what_follows(void **state)
{
    struct rms_settings settings;
    char path[PATH_MAX];

    (void)state;
    rms_settings_init(&settings);
    assert_int_equal(rms_settings_set(&settings, "dir", "/data"), 0);
    assert_int_equal(rms_settings_set(&settings, "listen", "127.0.0.1:9443"), 0);
    assert_int_equal(finish(&settings), 0);
    assert_string_equal(settings.url, "https://localhost:9443");
    assert_string_equal(settings.database, "sqlite:/data/db/openrms.db");
    assert_string_equal(settings.tls_certificate, "/data/tls/server.pem");
    assert_string_equal(settings.tls_key, "/data/tls/server.key");
    assert_int_equal(rms_settings_path(&settings, "ca.pem", path), 0);
    assert_string_equal(path, "/data/ca.pem");
}

static void takes_the_slash_off_the_url(void **state)
{
    struct rms_settings settings;

    (void)state;
    rms_settings_init(&settings);
    assert_int_equal(rms_settings_set(&settings, "dir", "/data"), 0);
    assert_int_equal(rms_settings_set(&settings, "url", "https://rms.example.org/"), 0);
    assert_int_equal(finish(&settings), 0);
    assert_string_equal(settings.url, "https://rms.example.org");
}

static void refuses_what_cannot_work(void **state)
{
    static const struct {
        const char *name, *value, *word;
    } cases[] = {
        {"dir", "data", "dir"},
        {"listen", "127.0.0.1", "listen"},
        {"listen", ":8443", "listen"},
        {"listen", "127.0.0.1:0", "listen"},
        {"listen", "127.0.0.1:65536", "listen"},
        {"listen", "127.0.0.1:84x3", "listen"},
        {"listen", "::1:8443", "listen"},
        {"listen", "[::1:8443", "listen"},
        {"url", "http://localhost", "url"},
        {"url", "https://", "url"},
        {"url", "https://host/path", "url"},
        {"url", "https://host:0", "url"},
        {"url", "https://host:99999", "url"},
        {"url", "https://user@host", "url"},
        {"database", "mysql://x", "database"},
        {"database", "sqlite:relative.db", "database"},
        {"tls_key", "/only/key.pem", "together"},
        {"ca_file", "ca.pem", "ca_file"},
        {"log_file", "log", "log_file"},
        {"log_level", "loud", "log_level"},
    };

    (void)state;
    for (size_t i = 0; i < RMS_COUNT(cases); i++) {
        struct rms_settings settings;

        rms_settings_init(&settings);
        assert_int_equal(rms_settings_set(&settings, "dir", "/data"), 0);
        assert_int_equal(rms_settings_set(&settings, cases[i].name, cases[i].value), 0);
        assert_int_equal(finish(&settings), RMS_E_BAD_ARGUMENT);
        assert_non_null(strstr(message, cases[i].word));
    }
}

static void finds_the_host(void **state)
{
    static const struct {
        const char *url, *host;
    } cases[] = {{"https://rms.example.org", "rms.example.org"}, {"https://localhost:8443", "localhost"},
        {"https://[::1]:8443", "::1"}, {"https://10.0.0.1:1", "10.0.0.1"}};
    struct rms_settings settings;
    char host[64];
    char tiny[4];

    (void)state;
    rms_settings_init(&settings);
    for (size_t i = 0; i < RMS_COUNT(cases); i++) {
        assert_int_equal(rms_settings_set(&settings, "url", cases[i].url), 0);
        assert_int_equal(rms_settings_host(&settings, host, sizeof host), 0);
        assert_string_equal(host, cases[i].host);
    }
    assert_int_equal(rms_settings_host(&settings, tiny, sizeof tiny), RMS_E_BAD_ARGUMENT);
}

/* What is printed reads as the same settings; only the password is gone. */
static void prints_what_it_reads(void **state)
{
    struct rms_settings settings;
    struct rms_settings again;
    char *text = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&text, &size);

    (void)state;
    rms_settings_init(&settings);
    assert_int_equal(rms_settings_set(&settings, "dir", "/da\"ta\\x ${HOME}"), 0);
    assert_int_equal(finish(&settings), 0);
    rms_settings_print(&settings, out);
    (void)fclose(out);
    assert_int_equal(read_text(&again, text), 0);
    assert_string_equal(again.dir, settings.dir);
    assert_memory_equal(&again, &settings, sizeof again);
    free(text);
}

static void hides_the_password_of_the_database(void **state)
{
    static const struct {
        const char *given;
        const char *shown;
    } rows[] = {
        {"postgresql://rms:s3cr3t@db.example.org:5432/rms",
            "\"postgresql://rms:***@db.example.org:5432/rms\""},
        {"postgresql://db/rms?password=s3cr3t", "\"postgresql://db/rms?password=***\""},
        {"postgresql://rms:s3cr3t@db/rms?a=b&password=s3cr3t&sslpassword=s3cr3t&c=d",
            "\"postgresql://rms:***@db/rms?a=b&password=***&sslpassword=***&c=d\""},
        {"postgresql://rms@db:5432/rms?sslmode=require", "\"postgresql://rms@db:5432/rms?sslmode=require\""},
    };

    (void)state;
    for (size_t i = 0; i < RMS_COUNT(rows); i++) {
        struct rms_settings settings;
        char *text = NULL;
        size_t size = 0;
        FILE *out = open_memstream(&text, &size);

        rms_settings_init(&settings);
        assert_int_equal(rms_settings_set(&settings, "database", rows[i].given), 0);
        rms_settings_print(&settings, out);
        (void)fclose(out);
        assert_null(strstr(text, "s3cr3t"));
        assert_non_null(strstr(text, rows[i].shown));
        free(text);
    }
}

static void every_setting_is_explained(void **state)
{
    const char *help;
    size_t count = 0;

    (void)state;
    while (rms_settings_row(count, &help) != NULL) {
        assert_true(strlen(help) > 5);
        count++;
    }
    assert_true(count >= 20);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_a_file),
        cmocka_unit_test(names_the_line_of_an_error),
        cmocka_unit_test(says_when_the_file_is_not_there),
        cmocka_unit_test(sets_by_name),
        cmocka_unit_test(where_objects_may_go),
        cmocka_unit_test(fills_what_follows),
        cmocka_unit_test(takes_the_slash_off_the_url),
        cmocka_unit_test(refuses_what_cannot_work),
        cmocka_unit_test(finds_the_host),
        cmocka_unit_test(prints_what_it_reads),
        cmocka_unit_test(hides_the_password_of_the_database),
        cmocka_unit_test(every_setting_is_explained),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
