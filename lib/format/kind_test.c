#include "format/kind.h"

#include "base/test.h"

#include <ctype.h>

/* touches: C-042 */
static void both_cases(void **state)
{
    (void)state;
    for (size_t i = 0; rms_kind_row(i) != NULL; i++) {
        const struct rms_kind *row = rms_kind_row(i);
        char lower[64];
        char upper[64];

        (void)snprintf(lower, sizeof lower, "some.dir/x.y.%s", row->extension);
        (void)snprintf(upper, sizeof upper, "X.%s", row->extension);
        for (char *at = upper; *at != '\0'; at++) {
            *at = (char)toupper(*at);
        }
        assert_ptr_equal(rms_kind_of(lower), row);
        assert_ptr_equal(rms_kind_of(upper), row);
    }
}

static void no_row_twice(void **state)
{
    (void)state;
    for (size_t i = 0; rms_kind_row(i) != NULL; i++) {
        for (size_t k = i + 1; rms_kind_row(k) != NULL; k++) {
            assert_string_not_equal(rms_kind_row(i)->extension, rms_kind_row(k)->extension);
        }
    }
}

static void extensions(void **state)
{
    static const char *const rows[][2] = {{"a.txt", ".txt"}, {"a", ""}, {".bashrc", ""}, {".a.b", ".b"},
        {"a.", ""}, {"a.tar.gz", ".gz"}, {"/x.y/a", ""}, {"/x.y/a.b", ".b"}, {"", ""}, {"...", ""},
        {"..x", ".x"}};

    (void)state;
    for (size_t i = 0; i < RMS_COUNT(rows); i++) {
        assert_string_equal(rms_kind_extension(rows[i][0]), rows[i][1]);
    }
}

static void classes(void **state)
{
    static const struct {
        const char *name;
        enum rms_kind_class class;
        unsigned key_bits;
    } rows[] = {
        {"a.docx", RMS_KIND_OFFICE, 256},
        {"a.pdf", RMS_KIND_PDF, 256},
        {"a.txt", RMS_KIND_TEXT, 256},
        {"a.jfif", RMS_KIND_IMAGE, 256},
        {"a.vsd", RMS_KIND_GENERIC, 256},
        {"a.pot", RMS_KIND_GENERIC, 256},
        {"a.ppdf", RMS_KIND_PROTECTED, 256},
        {"a.Jar", RMS_KIND_EXCLUDED, 0},
        {"a.xyz", RMS_KIND_OTHER, 256},
        {"a", RMS_KIND_OTHER, 256},
    };

    (void)state;
    for (size_t i = 0; i < RMS_COUNT(rows); i++) {
        assert_int_equal(rms_kind_of(rows[i].name)->class, rows[i].class);
        assert_int_equal(rms_kind_of(rows[i].name)->key_bits, rows[i].key_bits);
    }
}

/* touches: C-047, C-048 */
static void settings(void **state)
{
    enum { NO = -1 };
    static const struct {
        const char *name;
        int form[4]; /* by setting: default, native, pfile, off; NO: blocked */
    } rows[] = {
        {"a.docx", {RMS_FORM_OFFICE, RMS_FORM_OFFICE, RMS_FORM_OFFICE, NO}},
        {"a.txt", {RMS_FORM_PREFIX, RMS_FORM_PREFIX, RMS_FORM_PFILE, NO}},
        {"a.pdf", {RMS_FORM_PDF, RMS_FORM_PDF, RMS_FORM_PFILE, NO}},
        {"a.zip", {RMS_FORM_PFILE, RMS_FORM_PREFIX, RMS_FORM_PFILE, NO}},
        {"a", {RMS_FORM_PFILE, RMS_FORM_PREFIX, RMS_FORM_PFILE, NO}},
        {"a.exe", {NO, NO, NO, NO}},
    };
    enum rms_kind_form form;

    (void)state;
    for (size_t i = 0; i < RMS_COUNT(rows); i++) {
        for (int setting = 0; setting < 4; setting++) {
            int code = rms_kind_form_of(rms_kind_of(rows[i].name), (enum rms_kind_setting)setting, &form);

            assert_int_equal(code, rows[i].form[setting] == NO ? RMS_E_FILE_BLOCKED : 0);
            if (code == 0) {
                assert_int_equal(form, rows[i].form[setting]);
            }
        }
    }
    assert_int_equal(
        rms_kind_form_of(rms_kind_of("a.ptxt"), RMS_SETTING_DEFAULT, &form), RMS_E_ALREADY_PROTECTED);
    assert_int_equal(rms_kind_setting_parse("native"), RMS_SETTING_NATIVE);
    assert_int_equal(rms_kind_setting_parse("PFILE"), RMS_SETTING_PFILE);
    assert_int_equal(rms_kind_setting_parse("Off"), RMS_SETTING_OFF);
    assert_int_equal(rms_kind_setting_parse("sometimes"), RMS_SETTING_DEFAULT);
    assert_int_equal(rms_kind_setting_parse(""), RMS_SETTING_DEFAULT);
}

static void protected_names(void **state)
{
    static const struct {
        const char *name;
        enum rms_kind_form form;
        const char *protected_name;
    } rows[] = {
        {"a.txt", RMS_FORM_PREFIX, "a.ptxt"},
        {"a.TXT", RMS_FORM_PREFIX, "a.pTXT"},
        {"a.txt", RMS_FORM_PFILE, "a.txt.pfile"},
        {"a", RMS_FORM_PREFIX, "a.pfile"},
        {"a", RMS_FORM_PFILE, "a.pfile"},
        {".rc", RMS_FORM_PREFIX, ".rc.pfile"},
        {"a.", RMS_FORM_PFILE, "a..pfile"},
        {"A.Docx", RMS_FORM_OFFICE, "A.Docx"},
    };
    char out[RMS_NAME_MAX];
    char longest[RMS_NAME_MAX];

    (void)state;
    for (size_t i = 0; i < RMS_COUNT(rows); i++) {
        assert_int_equal(rms_kind_protected_name(rows[i].name, rows[i].form, out), 0);
        assert_string_equal(out, rows[i].protected_name);
    }
    memset(longest, 'a', 250);
    longest[249] = '\0';
    assert_int_equal(rms_kind_protected_name(longest, RMS_FORM_PFILE, out), 0);
    longest[249] = 'a';
    longest[250] = '\0';
    assert_int_equal(rms_kind_protected_name(longest, RMS_FORM_PFILE, out), RMS_E_NAME_TOO_LONG);
}

/* touches: C-071 */
static void clear_names(void **state)
{
    static const char *const rows[][3] = {
        /* name now, stored extension, clear name */
        {"a.txt.pfile", ".txt", "a.txt"},
        {"b.pfile", ".txt", "b.txt"},
        {"x.ptxt", ".txt", "x.txt"},
        {"x.pTXT", ".TXT", "x.TXT"},
        {"x.PTXT", ".txt", "x.txt"},
        {"a.txt.pfile", "", "a.txt"},
        {"a.pfile", "", "a"},
        {"a.ptxt", "", "a.txt"},
        {"a.pcsv", ".csv", "a.csv"},
        {"a.TXT.pfile", ".txt", "a.TXT"},
        {"a.ptxt", ".jpg", "a.jpg"},
        {"renamed.dat", ".txt", "renamed.dat.txt"},
        {"renamed.txt", ".txt", "renamed.txt"},
        {"renamed", ".txt", "renamed.txt"},
        {"renamed", "", "renamed"},
        {"a.ppdf", ".pdf", "a.pdf"},
        {".pfile", ".txt", ".pfile.txt"},
        {"a..pfile", "", "a."},
    };
    char out[RMS_NAME_MAX];

    (void)state;
    for (size_t i = 0; i < RMS_COUNT(rows); i++) {
        assert_int_equal(rms_kind_clear_name(rows[i][0], rows[i][1], out), 0);
        assert_string_equal(out, rows[i][2]);
    }
}

/* Every kind that can be protected comes back under its own name. */
static void names_come_back(void **state)
{
    (void)state;
    for (size_t i = 0; rms_kind_row(i) != NULL; i++) {
        char name[64];
        char protected_name[RMS_NAME_MAX];
        char back[RMS_NAME_MAX];
        enum rms_kind_form form;

        (void)snprintf(name, sizeof name, "x.%s", rms_kind_row(i)->extension);
        if (rms_kind_form_of(rms_kind_row(i), RMS_SETTING_DEFAULT, &form) != 0) {
            continue;
        }
        assert_int_equal(rms_kind_protected_name(name, form, protected_name), 0);
        assert_int_equal(
            rms_kind_looks_protected(protected_name), form != RMS_FORM_OFFICE && form != RMS_FORM_PDF);
        assert_int_equal(rms_kind_clear_name(protected_name, rms_kind_extension(name), back), 0);
        assert_string_equal(back, name);
        assert_int_equal(rms_kind_clear_name(protected_name, "", back), 0);
        assert_string_equal(back, name);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(both_cases),
        cmocka_unit_test(no_row_twice),
        cmocka_unit_test(extensions),
        cmocka_unit_test(classes),
        cmocka_unit_test(settings),
        cmocka_unit_test(protected_names),
        cmocka_unit_test(clear_names),
        cmocka_unit_test(names_come_back),
    };

    return cmocka_run_group_tests_name("format kind", tests, NULL, NULL);
}
