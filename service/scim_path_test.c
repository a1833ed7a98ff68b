#include "base/test.h"

#include "service/scim_path.h"

struct path_case {
    const char *text;
    const char *attribute; /* NULL: refused */
    const char *filter_attribute;
    const char *filter_value;
    const char *sub;
};

static const struct path_case paths[] = {
    {"userName", "username", NULL, NULL, NULL},
    {"name.givenName", "name", NULL, NULL, "givenname"},
    {"$ref", "$ref", NULL, NULL, NULL},
    {RMS_SCIM_USER_SCHEMA ":userName", "username", NULL, NULL, NULL},
    {"URN:ietf:params:scim:schemas:CORE:2.0:user:userName", "username", NULL, NULL, NULL},
    {RMS_SCIM_GROUP_EXTENSION ":address", "address", NULL, NULL, NULL},
    {RMS_SCIM_GROUP_EXTENSION, "", NULL, NULL, NULL},
    {"urn:x:y:userName", "?", NULL, NULL, NULL},
    {RMS_SCIM_USER_SCHEMA "x:userName", "?", NULL, NULL, NULL},
    {"emails[type eq \"work\"].value", "emails", "type", "work", "value"},
    {"emails[ primary EQ True ]", "emails", "primary", "true", NULL},
    {"members[value eq \"a\\\"]b\"]", "members", "value", "a\"]b", NULL},
    {"emails[value eq \"\\u00e9\"]", "emails", "value", "\xc3\xa9", NULL},
    {"", NULL, NULL, NULL, NULL},
    {"1a", NULL, NULL, NULL, NULL},
    {"a b", NULL, NULL, NULL, NULL},
    {"a.", NULL, NULL, NULL, NULL},
    {"a.b.c", NULL, NULL, NULL, NULL},
    {".a", NULL, NULL, NULL, NULL},
    {"a[", NULL, NULL, NULL, NULL},
    {"a[]", NULL, NULL, NULL, NULL},
    {"a[b]", NULL, NULL, NULL, NULL},
    {"a[b eq]", NULL, NULL, NULL, NULL},
    {"a[b eq x]", NULL, NULL, NULL, NULL},
    {"a[b eq 1]", NULL, NULL, NULL, NULL},
    {"a[b eq truest]", NULL, NULL, NULL, NULL},
    {"a[b eq \"x]", NULL, NULL, NULL, NULL},
    {"a[b eq \"\\x\"]", NULL, NULL, NULL, NULL},
    {"a[b eq \"\\u0000\"]", NULL, NULL, NULL, NULL},
    {"a[b eq \"x\"][c eq \"y\"]", NULL, NULL, NULL, NULL},
    {"a[b eq \"x\" or c eq \"y\"]", NULL, NULL, NULL, NULL},
    {"a[b[c eq \"x\"] eq \"y\"]", NULL, NULL, NULL, NULL},
    {RMS_SCIM_USER_SCHEMA ":", NULL, NULL, NULL, NULL},
};

static void assert_text(const char *got, const char *want)
{
    if (want == NULL) {
        assert_null(got);
    } else {
        assert_string_equal(got, want);
    }
}

static void paths_are_read_whole(void **state)
{
    (void)state;
    for (size_t i = 0; i < RMS_COUNT(paths); i++) {
        RMS_ARENA_CLEANUP struct rms_arena *arena = rms_arena_new(65536);
        struct rms_scim_path path;
        int rc = rms_scim_path_parse(arena, paths[i].text, &path);
        assert_int_equal(rc, paths[i].attribute != NULL ? 0 : RMS_E_BAD_ARGUMENT);
        if (rc == 0) {
            assert_string_equal(path.attribute, paths[i].attribute);
            assert_text(path.filter_attribute, paths[i].filter_attribute);
            assert_text(path.filter_value, paths[i].filter_value);
            assert_text(path.sub, paths[i].sub);
        }
    }
}

static const struct {
    const char *text;
    const char *attribute; /* NULL: refused */
    const char *value;
} filters[] = {
    {"userName eq \"x\"", "username", "x"},
    {" userName  EQ  \"x\" ", "username", "x"},
    {"emails.value eq \"x\"", "emails.value", "x"},
    {"emails[value eq \"x\"]", "emails.value", "x"},
    {RMS_SCIM_USER_SCHEMA ":userName eq \"x\"", "username", "x"},
    {"active eq true", "active", "true"},
    {"userName eq \"' OR 1=1 --\"", "username", "' OR 1=1 --"},
    {"userName", NULL, NULL},
    {"userName eq", NULL, NULL},
    {"userName eq \"x", NULL, NULL},
    {"userName eq \"x\" and active eq true", NULL, NULL},
    {"userName eq\"x\"", NULL, NULL},
    {"userName ne \"x\"", NULL, NULL},
    {"userName sw \"x\"", NULL, NULL},
    {"not (userName eq \"x\")", NULL, NULL},
    {"(userName eq \"x\")", NULL, NULL},
    {"emails[value eq \"x\"].type eq \"work\"", NULL, NULL},
    {"urn:x:y:userName eq \"x\"", NULL, NULL},
    {"", NULL, NULL},
};

static void filters_are_one_comparison(void **state)
{
    (void)state;
    for (size_t i = 0; i < RMS_COUNT(filters); i++) {
        RMS_ARENA_CLEANUP struct rms_arena *arena = rms_arena_new(65536);
        struct rms_scim_filter filter;
        int rc = rms_scim_filter_parse(arena, filters[i].text, &filter);
        assert_int_equal(rc, filters[i].attribute != NULL ? 0 : RMS_E_BAD_ARGUMENT);
        if (rc == 0) {
            assert_string_equal(filter.attribute, filters[i].attribute);
            assert_string_equal(filter.value, filters[i].value);
        }
    }
}

static void length_is_bounded(void **state)
{
    RMS_ARENA_CLEANUP struct rms_arena *arena = rms_arena_new(65536);
    char text[RMS_SCIM_PATH_MAX + 2];
    struct rms_scim_path path;
    (void)state;
    memset(text, 'a', sizeof text);
    text[RMS_SCIM_PATH_MAX + 1] = '\0';
    assert_int_equal(rms_scim_path_parse(arena, text, &path), RMS_E_BAD_ARGUMENT);
    text[RMS_SCIM_PATH_MAX] = '\0';
    assert_int_equal(rms_scim_path_parse(arena, text, &path), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(paths_are_read_whole),
        cmocka_unit_test(filters_are_one_comparison),
        cmocka_unit_test(length_is_bounded),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
