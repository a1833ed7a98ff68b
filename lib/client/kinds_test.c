/* Table 2.1 of client-requirements, row by row: every extension in lower and upper case is protected under
 * the name and with the key of its row, and comes back byte for byte under its own name. */
#include "base/test.h"

#include <ctype.h>
#include <unistd.h>

#include "base/file.h"
#include "client/access.h"
#include "client/testing/people.h"
#include "format/container.h"
#include "format/kind.h"

#define FILE_MAX (1024u * 1024)
#define NAME_LEN 64

static const struct rms_file_options in_place = {.size = sizeof in_place, .in_place = true};

enum form { SAME, PREFIX, APPENDED, EXCLUDED };

/* What the extensions' files begin with: programs go by it, and so do we. */
#define PACKAGE "PK\003\004 and so on"
#define WORD    "WordDocument"
#define EXCEL   "Workbook"
#define SLIDES  "PowerPoint Document"
#define OTHER   "some bytes of a file"
#define PDF                                                                                                  \
    "%PDF-1.4\n1 0 obj\n<< /Type /Catalog /Pages 2 0 R >>\nendobj\n2 0 obj\n"                                \
    "<< /Type /Pages /Kids [ ] /Count 0 >>\nendobj\nxref\n0 3\n0000000000 65535 f \n0000000009 00000 n \n"   \
    "0000000058 00000 n \ntrailer\n<< /Size 3 /Root 1 0 R >>\nstartxref\n111\n%%EOF\n"

/* All keys have 256 bits: for Office the design goes before the table, which says 128
 * (doc/requirements-notes.md). */
static const struct row {
    const char *extensions;
    enum form form;
    const char *content;
} table[] = {
    {"docx docm dotx dotm xlsx xlsm xlsb xltx xltm pptx pptm ppsx ppsm potx potm", SAME, PACKAGE},
    {"xlam vsdx vsdm vssx vssm vstx vstm xps thmx", SAME, PACKAGE},
    {"doc dot", SAME, WORD},
    {"xls xlt xla", SAME, EXCEL},
    {"ppt pps", SAME, SLIDES},
    {"pdf", SAME, PDF},
    {"pot vsd vdw vss vst oxps", APPENDED, OTHER},
    {"txt xml jpg jpeg jpe jfif png tif tiff jif bmp gif giff jt", PREFIX, OTHER},
    {"jfi mpp mpt pub psd dng dwfx csv rtf zip odt ods odp unheardof", APPENDED, OTHER},
    {"", APPENDED, OTHER},
    {"lnk exe com cmd bat dll ini pst sca drm sys cpl inf drv dat tmp msg eml msp msi pdb jar", EXCLUDED,
        OTHER},
};

static void make_content(const char *content, struct rms_buf *out)
{
    static const uint8_t heads[600] = {0xec, 0xa5, 0xc1};
    struct rms_cfb_writer *writer = NULL;
    const struct rms_writer to = rms_writer_of_buf(out);

    if (strcmp(content, PACKAGE) == 0 || strcmp(content, OTHER) == 0 || strcmp(content, PDF) == 0) {
        rms_buf_append_str(out, content);
        return;
    }
    rms_must(rms_cfb_writer_new(&to, &writer));
    rms_must(rms_cfb_put(writer, content, rms_view_of(heads, sizeof heads)));
    if (strcmp(content, SLIDES) == 0) {
        rms_must(rms_cfb_put(writer, "Current User", rms_view_of(heads, 40)));
    }
    rms_must(rms_cfb_finish(writer));
    rms_cfb_writer_free(&writer);
}

static bool holds(const char *path, const struct rms_buf *bytes)
{
    struct rms_buf RMS_BUF_CLEANUP found = RMS_BUF_INIT(FILE_MAX);

    return rms_file_read(path, &found) == 0 && rms_view_equal(rms_buf_view(&found), rms_buf_view(bytes));
}

/* The key's length, and that the author holds every right. */
static void check_key(struct fixture *f, const char *path)
{
    struct rms_buf RMS_BUF_CLEANUP file = RMS_BUF_INIT(FILE_MAX);
    struct rms_buf RMS_BUF_CLEANUP licence = RMS_BUF_INIT(FILE_MAX);
    struct rms_container RMS_CONTAINER_CLEANUP container = {0};
    struct rms_access RMS_ACCESS_CLEANUP *access = NULL;
    struct rms_reader reader;
    struct rms_view view;

    rms_must(rms_file_read(path, &file));
    view = rms_buf_view(&file);
    reader = rms_reader_of_view(&view);
    rms_must(rms_container_open(&reader, &container));
    rms_must(rms_container_licence(&container, &licence));
    rms_must(rms_access_open(f->alice, rms_buf_view(&licence), 0, NULL, &access));
    assert_int_equal(rms_secret_view(access->key.key).len * 8, 256);
    assert_true(access->is_owner && rms_rights_allow(&access->rights, RMS_RIGHT_OWNER));
}

static void expected_name(const struct row *row, const char *name, char out[NAME_LEN])
{
    const char *dot = strrchr(name, '.');

    if (row->form == PREFIX) {
        (void)snprintf(out, NAME_LEN, "%.*s.p%s", (int)(dot - name), name, dot + 1);
    } else {
        (void)snprintf(out, NAME_LEN, "%s%s", name, row->form == APPENDED ? ".pfile" : "");
    }
}

static void one_file(struct fixture *f, const struct row *row, const char *name)
{
    struct rms_buf RMS_BUF_CLEANUP bytes = RMS_BUF_INIT(FILE_MAX);
    const char *path = rms_test_path(&f->issuer, name);
    struct rms_file_result result;
    char wanted[NAME_LEN];

    make_content(row->content, &bytes);
    rms_test_write(path, bytes.data, bytes.len);
    if (row->form == EXCLUDED) {
        assert_int_equal(rms_protect_file(f->alice, path, f->policy, &in_place, &result), RMS_E_FILE_BLOCKED);
        assert_true(holds(path, &bytes));
    } else {
        expected_name(row, name, wanted);
        assert_int_equal(rms_protect_file(f->alice, path, f->policy, &in_place, &result), 0);
        assert_string_equal(strrchr(result.output, '/') + 1, wanted);
        check_key(f, rms_test_path(&f->issuer, wanted));
        assert_int_equal(
            rms_unprotect_file(f->alice, rms_test_path(&f->issuer, wanted), &in_place, &result), 0);
        assert_string_equal(strrchr(result.output, '/') + 1, name);
        assert_true(holds(rms_test_path(&f->issuer, name), &bytes));
    }
    assert_int_equal(unlink(rms_test_path(&f->issuer, name)), 0);
}

/* proves: C-042 - the key of Office documents by doc/requirements-notes.md. touches: C-049, C-071 */
static void every_row(void **state)
{
    for (size_t i = 0; i < RMS_COUNT(table); i++) {
        const char *extension = table[i].extensions;

        do {
            int len = (int)strcspn(extension, " ");
            char name[NAME_LEN];

            (void)snprintf(name, sizeof name, "file%s%.*s", len > 0 ? "." : "", len, extension);
            one_file(*state, &table[i], name);
            for (char *at = name; *at != '\0'; at++) {
                *at = (char)toupper(*at);
            }
            one_file(*state, &table[i], name);
            extension += len + (extension[len] == ' ');
        } while (*extension != '\0');
    }
}

/* No row of the product's table is missing above, but those of protected files. */
static void every_kind(void **state)
{
    (void)state;
    for (size_t k = 0; rms_kind_row(k) != NULL; k++) {
        const struct rms_kind *kind = rms_kind_row(k);
        bool found = kind->class == RMS_KIND_PROTECTED;

        for (size_t i = 0; i < RMS_COUNT(table) && !found; i++) {
            char words[512], word[NAME_LEN];

            (void)snprintf(words, sizeof words, " %s ", table[i].extensions);
            (void)snprintf(word, sizeof word, " %s ", kind->extension);
            found = strstr(words, word) != NULL;
        }
        if (!found) {
            fail_msg("%s", kind->extension);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(every_row, set_up, tear_down),
        cmocka_unit_test(every_kind),
    };

    return cmocka_run_group_tests_name("client kinds", tests, NULL, NULL);
}
