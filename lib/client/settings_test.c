#include "client/settings.h"

#include "base/test.h"

#include <stdlib.h>

#include "client/exclude.h"
#include "client/target.h"
#include "client/testing/issuer.h"
#include "xrml/testing/world.h"

struct fixture {
    struct rms_issuer issuer; /* for its directory */
    char config[512];
};

static int set_up(void **state)
{
    struct fixture *f = test_calloc(1, sizeof *f);

    rms_issuer_open(&f->issuer);
    (void)snprintf(f->config, sizeof f->config, "%s", rms_test_path(&f->issuer, "rms.conf"));
    (void)unsetenv("RMS_URL");
    (void)unsetenv("RMS_CA");
    (void)unsetenv("RMS_STORE");
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

static int load(struct fixture *f, const char *text, struct rms_settings *settings, const char **detail)
{
    const struct rms_options options = {.size = sizeof options, .config_file = f->config};

    rms_test_write(f->config, text, strlen(text));
    return rms_settings_load(&options, settings, detail);
}

static void defaults(void **state)
{
    struct rms_settings settings;
    const char *detail;

    assert_int_equal(load(*state, "", &settings, &detail), 0);
    assert_null(settings.url);
    assert_null(settings.ca_file);
    assert_non_null(settings.store_dir);
    assert_false(settings.trusted_only);
    assert_false(settings.offline);
    assert_true(settings.sync);
    assert_int_equal(settings.template_seconds, 86400);
    assert_int_equal(settings.retry_seconds, 60);
    assert_int_equal(settings.store, RMS_STORE_DISK_ENCRYPTED);
    rms_settings_fini(&settings);
}

/* Option, then environment, then file. */
static void order(void **state)
{
    struct fixture *f = *state;
    struct rms_options options = {.size = sizeof options, .config_file = f->config};
    struct rms_settings settings;
    const char *detail;

    assert_int_equal(load(f, "url = \"https://file.example\"\nca = \"/ca\"\n", &settings, &detail), 0);
    assert_string_equal(settings.url, "https://file.example");
    assert_string_equal(settings.ca_file, "/ca");
    rms_settings_fini(&settings);
    assert_int_equal(setenv("RMS_URL", "https://env.example", 1), 0);
    assert_int_equal(rms_settings_load(&options, &settings, &detail), 0);
    assert_string_equal(settings.url, "https://env.example");
    rms_settings_fini(&settings);
    options.url = "https://option.example";
    assert_int_equal(rms_settings_load(&options, &settings, &detail), 0);
    assert_string_equal(settings.url, "https://option.example");
    rms_settings_fini(&settings);
    (void)unsetenv("RMS_URL");
}

/* touches: S-116, C-035 */
static void refresh_times(void **state)
{
    static const struct {
        const char *text;
        int64_t seconds;
        const char *ignored;
    } rows[] = {
        {"", 86400, ""},
        {"template_refresh_days = 3", 3 * 86400, ""},
        {"template_refresh_seconds = 5", 5, ""},
        {"template_refresh_seconds = 5\ntemplate_refresh_days = 9", 5, ""},
        {"template_refresh_days = 0", 86400, "template_refresh_days = 0"},
        {"template_refresh_days = 36501", 86400, "template_refresh_days = 36501"},
        {"template_refresh_seconds = -1", 86400, "template_refresh_seconds = -1"},
        {"template_refresh_seconds = 0\ntemplate_refresh_days = 2", 2 * 86400,
            "template_refresh_seconds = 0"},
    };

    for (size_t i = 0; i < RMS_COUNT(rows); i++) {
        struct rms_settings settings;
        const char *detail;

        assert_int_equal(load(*state, rows[i].text, &settings, &detail), 0);
        assert_int_equal(settings.template_seconds, rows[i].seconds);
        assert_string_equal(settings.ignored != NULL ? settings.ignored : "", rows[i].ignored);
        rms_settings_fini(&settings);
    }
}

static void broken_files(void **state)
{
    static const char *const rows[] = {"url = ", "nonsense", "urll = \"x\"", "template_refresh_days = soon",
        "protection \"txt\" { encryption = ", "url = \"x"};
    struct rms_options options = {.size = sizeof options, .config_file = "/nowhere/rms.conf"};
    struct rms_settings settings;
    const char *detail;

    for (size_t i = 0; i < RMS_COUNT(rows); i++) {
        assert_int_equal(load(*state, rows[i], &settings, &detail), RMS_E_BAD_ARGUMENT);
        assert_non_null(detail);
        rms_settings_fini(&settings);
    }
    assert_int_equal(rms_settings_load(&options, &settings, &detail), RMS_E_NOT_FOUND);
    rms_settings_fini(&settings);
}

/* touches: C-047 */
static void rules(void **state)
{
    static const char text[] = "protection \"*\" { encryption = \"Off\" }\n"
                               "protection \"txt\" { encryption = \"Pfile\" }\n"
                               "protection \".\" { encryption = \"Native\"\nallow_pfile = false }\n"
                               "protection \"jpg\" { encryption = \"whatever\" }\n";
    static const struct {
        const char *name;
        enum rms_kind_setting setting;
        bool allow;
    } rows[] = {
        {"a.TXT", RMS_SETTING_PFILE, true}, {"a.zip", RMS_SETTING_OFF, true},
        {"a", RMS_SETTING_NATIVE, false}, {"a.jpg", RMS_SETTING_DEFAULT, true},
        {"a.docx", RMS_SETTING_DEFAULT, true}, /* "*" never affects Office */
    };
    struct rms_settings settings;
    const char *detail;

    assert_int_equal(load(*state, text, &settings, &detail), 0);
    for (size_t i = 0; i < RMS_COUNT(rows); i++) {
        struct rms_extension_rule rule = rms_settings_rule(&settings, rows[i].name);

        assert_int_equal(rule.setting, rows[i].setting);
        assert_int_equal(rule.allow_pfile, rows[i].allow);
    }
    rms_settings_fini(&settings);
}

/* touches: C-018 */
static void trusted_servers(void **state)
{
    struct rms_settings settings;
    const char *detail;

    assert_int_equal(load(*state,
                         "trusted_servers = {\"rms.contoso.example\", \"https://RMS.fabrikam.example/x\"}\n"
                         "trusted_servers_only = true\nurl = \"https://own.example\"",
                         &settings, &detail),
        0);
    assert_true(rms_settings_trusts(&settings, "https://rms.contoso.example:8443/_wmcs"));
    assert_true(rms_settings_trusts(&settings, "https://rms.fabrikam.example/_wmcs"));
    assert_true(rms_settings_trusts(&settings, "https://own.example/_wmcs"));
    assert_true(rms_settings_trusts(&settings, "https://OWN.example/_wmcs"));
    assert_false(rms_settings_trusts(&settings, "https://[2001:db8::1]/_wmcs"));
    assert_true(rms_settings_names(&settings, "https://own.example"));
    assert_false(rms_settings_trusts(&settings, "https://evil.example/rms.contoso.example"));
    assert_false(rms_settings_trusts(&settings, "https://rms.contoso.example.evil.example/"));
    rms_settings_fini(&settings);
}

/* touches: C-049 */
static void folders(void **state)
{
    static const struct {
        const char *path;
        bool excluded;
    } rows[] = {
        {"/etc/passwd", true},
        {"/usr/share/doc/x.txt", true},
        {"/lib64/x", true},
        {"/var/lib/x/y", true},
        {"/var/log/x", false},
        {"/usr", false},
        {"/home/"
         "alice/plan.txt",
            false},
        {"/home/"
         "alice/.ssh/id",
            true},
        {"/home/"
         "alice/.profile",
            false}, /* a file, no folder */
        {"/home/"
         "alice/docs/.git/x",
            false},
        {"/srv/share/Windows/x.txt", true},
        {"/srv/share/windows/x.txt", true},
        {"/srv/share/Program Files (x86)/a/b", true},
        {"/srv/share/u/AppData/z.txt", true},
        {"/srv/share/AppDataX/z.txt", false},
        {"/data/store/a/b", true},
        {"/data/storeroom/a", false},
        {"/people/ann/.config/x", true},
        {"/people/ann/x", false},
    };

    (void)state;
    for (size_t i = 0; i < RMS_COUNT(rows); i++) {
        assert_int_equal(rms_path_excluded(rows[i].path, "/data/store/", "/people/ann"), rows[i].excluded);
    }
}

static void copies(void **state)
{
    char out[RMS_NAME_MAX];
    char longest[RMS_NAME_MAX];

    (void)state;
    assert_int_equal(rms_name_copy("a.docx", 1, out), 0);
    assert_string_equal(out, "a-Copy.docx");
    assert_int_equal(rms_name_copy("a.docx", 12, out), 0);
    assert_string_equal(out, "a-Copy(12).docx");
    assert_int_equal(rms_name_copy(".rc", 1, out), 0);
    assert_string_equal(out, ".rc-Copy");
    memset(longest, 'x', 251);
    longest[251] = '\0';
    assert_int_equal(rms_name_copy(longest, 1, out), RMS_E_NAME_TOO_LONG);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(defaults),
        TEST(order),
        TEST(refresh_times),
        TEST(broken_files),
        TEST(rules),
        TEST(trusted_servers),
        cmocka_unit_test(folders),
        cmocka_unit_test(copies),
    };

    return cmocka_run_group_tests_name("client settings", tests, NULL, NULL);
}
