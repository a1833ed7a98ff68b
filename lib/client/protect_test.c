/* Protecting and unprotecting files offline, end to end, against an issuer made here. */
#include "base/test.h"

#include <fcntl.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "base/log.h"
#include "client/context.h"
#include "client/testing/people.h"
#include "xrml/testing/world.h"

static struct rms_file_options in_place(void)
{
    return (struct rms_file_options){.size = sizeof(struct rms_file_options), .in_place = true};
}

static void round_trip(struct fixture *f, const char *name, const char *protected_name, size_t len)
{
    const struct rms_file_options options = in_place();
    struct rms_file_result result;
    char clear[512];
    char secret[512];

    (void)snprintf(clear, sizeof clear, "%s", rms_test_path(&f->issuer, name));
    (void)snprintf(secret, sizeof secret, "%s", rms_test_path(&f->issuer, protected_name));
    rms_test_fill(clear, len);
    assert_int_equal(rms_protect_file(f->alice, clear, f->policy, &options, &result), 0);
    assert_string_equal(result.output, secret);
    assert_false(rms_test_exists(clear));
    assert_int_equal(rms_unprotect_file(f->alice, secret, &options, &result), 0);
    assert_string_equal(result.output, clear);
    assert_false(rms_test_exists(secret));
    assert_true(rms_test_holds(clear, len));
    assert_int_equal(unlink(clear), 0);
}

/* touches: S-139 */
static void sizes(void **state)
{
    static const size_t lens[] = {0, 1, 15, 16, 17, 4080, 4095, 4096, 4097, 65536, 1048575, 1048576, 1048577,
        2097152, 3145729, 5000001};

    for (size_t i = 0; i < RMS_COUNT(lens); i++) {
        round_trip(*state, "a.txt", "a.ptxt", lens[i]);
    }
}

/* touches: C-042, C-071 */
static void names(void **state)
{
    static const char *const rows[][2] = {
        {"a.txt", "a.ptxt"},
        {"B.TXT", "B.pTXT"},
        {"pic.jpeg", "pic.pjpeg"},
        {"drawing.vsd", "drawing.vsd.pfile"},
        {"archive.tar.gz", "archive.tar.gz.pfile"},
        {"noextension", "noextension.pfile"},
        {".hidden", ".hidden.pfile"},
        {"-rf.txt", "-rf.ptxt"},
        {"with blank.csv", "with blank.csv.pfile"},
        {"\xc3\xbc\xe2\x82\xac.png", "\xc3\xbc\xe2\x82\xac.ppng"},
        {"report.docx", "report.docx.pfile"},
        {"report.pdf", "report.pdf.pfile"},
        {"ends.", "ends..pfile"},
    };

    for (size_t i = 0; i < RMS_COUNT(rows); i++) {
        round_trip(*state, rows[i][0], rows[i][1], 1000 + i);
    }
}

/* touches: C-215 */
static void copies(void **state)
{
    struct fixture *f = *state;
    static const char *const expected[] = {"c-Copy.ptxt", "c-Copy(2).ptxt", "c-Copy(3).ptxt"};
    const char *path = rms_test_path(&f->issuer, "c.txt");
    struct rms_file_result result;

    rms_test_fill(path, 100);
    for (size_t i = 0; i < RMS_COUNT(expected); i++) {
        assert_int_equal(rms_protect_file(f->alice, path, f->policy, NULL, &result), 0);
        assert_string_equal(result.output, rms_test_path(&f->issuer, expected[i]));
    }
    assert_true(rms_test_holds(path, 100));
    assert_int_equal(rms_unprotect_file(f->alice, result.output, NULL, &result), 0);
    assert_string_equal(result.output, rms_test_path(&f->issuer, "c-Copy(3)-Copy.txt"));
}

/* The bytes and the extension come back, under the name the file has now. proves: C-071 */
static void clear_names(void **state)
{
    static const char *const rows[][3] = {
        /* original, name of the protected file, clear name */
        {"n1.txt", "m1.txt.pfile", "m1.txt"},
        {"n2.txt", "m2.pfile", "m2.txt"},
        {"n3.txt", "m3.ptxt", "m3.txt"},
        {"n4", "m4.pfile", "m4"},
        {"n5", "m5.dat.pfile", "m5.dat"},
    };
    struct fixture *f = *state;
    struct rms_file_options options = {.size = sizeof options};
    struct rms_file_result result;

    for (size_t i = 0; i < RMS_COUNT(rows); i++) {
        const char *original = rms_test_path(&f->issuer, rows[i][0]);

        rms_test_fill(original, 5000 + i);
        options.in_place = false;
        options.output = rms_test_path(&f->issuer, rows[i][1]);
        assert_int_equal(rms_protect_file(f->alice, original, f->policy, &options, &result), 0);
        options.output = NULL;
        /* taken: refused in place, another name for a copy */
        rms_test_fill(rms_test_path(&f->issuer, rows[i][2]), 7);
        options.in_place = true;
        assert_int_equal(
            rms_unprotect_file(f->alice, rms_test_path(&f->issuer, rows[i][1]), &options, &result),
            RMS_E_CONFLICT);
        assert_true(rms_test_holds(rms_test_path(&f->issuer, rows[i][2]), 7));
        assert_int_equal(
            rms_unprotect_file(f->alice, rms_test_path(&f->issuer, rows[i][1]), NULL, &result), 0);
        assert_string_not_equal(result.output, rms_test_path(&f->issuer, rows[i][2]));
        assert_true(rms_test_holds(result.output, 5000 + i));
        assert_int_equal(unlink(rms_test_path(&f->issuer, rows[i][2])), 0);
        assert_int_equal(
            rms_unprotect_file(f->alice, rms_test_path(&f->issuer, rows[i][1]), &options, &result), 0);
        assert_string_equal(result.output, rms_test_path(&f->issuer, rows[i][2]));
        assert_true(rms_test_holds(result.output, 5000 + i));
    }
}

/* proves: C-043 */
static void target_exists(void **state)
{
    struct fixture *f = *state;
    struct rms_file_options options = in_place();
    struct rms_file_result result;
    const char *path = rms_test_path(&f->issuer, "d.txt");
    const char *other = rms_test_path(&f->issuer, "d.ptxt");

    rms_test_fill(path, 100);
    rms_test_fill(other, 50);
    assert_int_equal(rms_protect_file(f->alice, path, f->policy, &options, &result), RMS_E_CONFLICT);
    assert_string_equal(result.output, "");
    assert_true(rms_test_holds(path, 100));
    assert_true(rms_test_holds(other, 50));
    options.in_place = false;
    options.output = other;
    assert_int_equal(rms_protect_file(f->alice, path, f->policy, &options, &result), RMS_E_CONFLICT);
    assert_true(rms_test_holds(other, 50));
}

static void output_folder(void **state)
{
    struct fixture *f = *state;
    struct rms_file_options options = {.size = sizeof options};
    struct rms_file_result result;
    char path[512];
    char folder[512];

    (void)snprintf(path, sizeof path, "%s", rms_test_path(&f->issuer, "e.txt"));
    (void)snprintf(folder, sizeof folder, "%s", rms_test_path(&f->issuer, "out"));
    options.output = folder;
    options.in_place = true; /* the folder wins */
    assert_int_equal(mkdir(folder, 0700), 0);
    rms_test_fill(path, 10);
    assert_int_equal(rms_protect_file(f->alice, path, f->policy, &options, &result), 0);
    assert_string_equal(result.output, rms_test_path(&f->issuer, "out/e.ptxt"));
    assert_int_equal(rms_protect_file(f->alice, path, f->policy, &options, &result), 0);
    assert_string_equal(result.output, rms_test_path(&f->issuer, "out/e-Copy.ptxt"));
    assert_true(rms_test_holds(path, 10));
}

/* touches: C-044 */
static void attributes_stay(void **state)
{
    struct fixture *f = *state;
    struct rms_file_options options = in_place();
    struct rms_file_result result;
    const char *path = rms_test_path(&f->issuer, "f.txt");
    const struct timespec times[2] = {{1500000000, 0}, {1500000001, 0}};
    struct stat info;
    char value[8] = "";
    bool marked;

    options.preserve_times = true;
    rms_test_fill(path, 10);
    assert_int_equal(chmod(path, 0604), 0);
    marked = setxattr(path, "user.colour", "blue", 4, 0) == 0;
    assert_int_equal(utimensat(AT_FDCWD, path, times, 0), 0);
    assert_int_equal(rms_protect_file(f->alice, path, f->policy, &options, &result), 0);
    assert_int_equal(stat(result.output, &info), 0);
    assert_int_equal(info.st_mode & 07777, 0604);
    assert_int_equal(info.st_mtim.tv_sec, 1500000001);
    if (marked) {
        assert_int_equal(getxattr(result.output, "user.colour", value, sizeof value), 4);
        assert_memory_equal(value, "blue", 4);
    }
}

/* touches: C-053 */
static void left_alone(void **state)
{
    struct fixture *f = *state;
    const struct rms_file_options options = in_place();
    struct rms_file_result result;
    char file[512];
    char link[512];
    char fifo[512];

    (void)snprintf(file, sizeof file, "%s", rms_test_path(&f->issuer, "g.txt"));
    (void)snprintf(link, sizeof link, "%s", rms_test_path(&f->issuer, "link.txt"));
    (void)snprintf(fifo, sizeof fifo, "%s", rms_test_path(&f->issuer, "fifo.txt"));
    rms_test_fill(file, 10);
    assert_int_equal(symlink(file, link), 0);
    assert_int_equal(mkfifo(fifo, 0600), 0);
    assert_int_equal(rms_protect_file(f->alice, link, f->policy, &options, &result), RMS_E_FILE_BLOCKED);
    assert_true(result.skipped);
    assert_int_equal(rms_protect_file(f->alice, fifo, f->policy, &options, &result), RMS_E_FILE_BLOCKED);
    assert_true(result.skipped);
    assert_int_equal(
        rms_protect_file(f->alice, "/dev/null", f->policy, &options, &result), RMS_E_FILE_BLOCKED);
    assert_true(result.skipped);
    assert_int_equal(chmod(file, 0400), 0);
    assert_int_equal(rms_protect_file(f->alice, file, f->policy, &options, &result), RMS_E_PERMISSION);
    assert_false(result.skipped);
    assert_true(rms_test_holds(file, 10));
}

static void long_names(void **state)
{
    struct fixture *f = *state;
    const struct rms_file_options options = in_place();
    struct rms_file_result result;
    char name[300];
    char path[512];

    memset(name, 'n', 251);
    name[251] = '\0';
    (void)snprintf(path, sizeof path, "%s", rms_test_path(&f->issuer, name));
    rms_test_fill(path, 10);
    assert_int_equal(rms_protect_file(f->alice, path, f->policy, &options, &result), RMS_E_NAME_TOO_LONG);
    assert_true(rms_test_holds(path, 10));
    assert_int_equal(unlink(path), 0);
    name[249] = '\0'; /* 249 + 6 = 255 */
    (void)snprintf(path, sizeof path, "%s.pfile", name);
    round_trip(f, name, path, 10);
}

/* touches: C-049 */
static void excluded_kinds(void **state)
{
    struct fixture *f = *state;
    static const char *const excluded[] = {"x.exe", "x.DLL", "x.ini", "x.msg", "x.pst"};
    const struct rms_file_options options = in_place();
    struct rms_file_result result;

    for (size_t i = 0; i < RMS_COUNT(excluded); i++) {
        const char *path = rms_test_path(&f->issuer, excluded[i]);

        rms_test_fill(path, 10);
        assert_int_equal(rms_protect_file(f->alice, path, f->policy, &options, &result), RMS_E_FILE_BLOCKED);
        assert_true(result.skipped);
        assert_true(rms_test_holds(path, 10));
    }
}

/* touches: C-054 */
static void in_use(void **state)
{
    struct fixture *f = *state;
    const struct rms_file_options options = in_place();
    struct rms_file_result result;
    const char *path = rms_test_path(&f->issuer, "h.txt");
    FILE *writer;

    rms_test_fill(path, 10);
    writer = fopen(path, "a");
    assert_non_null(writer);
    assert_int_equal(rms_protect_file(f->alice, path, f->policy, &options, &result), RMS_E_FILE_CHANGED);
    assert_int_equal(fclose(writer), 0);
    assert_true(rms_test_holds(path, 10));
    assert_int_equal(rms_protect_file(f->alice, path, f->policy, &options, &result), 0);
}

static int grow_file(void *user_data, uint64_t done, uint64_t total)
{
    const char *path = user_data;
    FILE *file = fopen(path, "a");

    (void)done, (void)total;
    assert_non_null(file);
    (void)fputc('x', file);
    assert_int_equal(fclose(file), 0);
    return 0;
}

/* proves: C-054 */
static void changed_meanwhile(void **state)
{
    struct fixture *f = *state;
    struct rms_file_options options = in_place();
    struct rms_file_result result;
    char path[512];

    (void)snprintf(path, sizeof path, "%s", rms_test_path(&f->issuer, "i.txt"));
    rms_test_fill(path, 3000000);
    options.progress = grow_file;
    options.user_data = path;
    assert_int_equal(rms_protect_file(f->alice, path, f->policy, &options, &result), RMS_E_FILE_CHANGED);
    assert_true(rms_test_exists(path));
    assert_false(rms_test_exists(rms_test_path(&f->issuer, "i.ptxt")));
}

static int give_up(void *user_data, uint64_t done, uint64_t total)
{
    (void)user_data, (void)done, (void)total;
    return 1;
}

static void cancelled(void **state)
{
    struct fixture *f = *state;
    struct rms_file_options options = in_place();
    struct rms_file_result result;
    const char *path = rms_test_path(&f->issuer, "j.txt");

    rms_test_fill(path, 3000000);
    options.progress = give_up;
    assert_int_equal(rms_protect_file(f->alice, path, f->policy, &options, &result), RMS_E_CANCELLED);
    rms_context_cancel(f->alice);
    assert_int_equal(rms_protect_file(f->alice, path, f->policy, NULL, &result), RMS_E_CANCELLED);
    rms_context_resume(f->alice);
    assert_true(rms_test_holds(path, 3000000));
    options.progress = NULL;
    assert_int_equal(rms_protect_file(f->alice, path, f->policy, &options, &result), 0);
}

/* touches: C-070, C-094, S-131 */
static void rights_to_unprotect(void **state)
{
    static const struct {
        uint32_t rights;
        int code;
        bool extract; /* the tenant lets EXTRACT do */
    } rows[] = {
        {RMS_RIGHT_VIEW, RMS_E_NO_RIGHTS, true},
        {RMS_RIGHT_VIEW | RMS_RIGHT_EDIT | RMS_RIGHT_PRINT, RMS_E_NO_RIGHTS, false},
        {RMS_RIGHT_VIEW | RMS_RIGHT_EDITRIGHTSDATA, RMS_E_NO_RIGHTS, true},
        {RMS_RIGHT_PRINT, RMS_E_NO_RIGHTS, false},
        {RMS_RIGHTS_ENCRYPT_ONLY, RMS_E_NO_RIGHTS, false},
        {RMS_RIGHT_VIEW | RMS_RIGHT_EXTRACT, RMS_E_NO_RIGHTS, false},
        {RMS_RIGHT_VIEW | RMS_RIGHT_EXTRACT, 0, true},
        {RMS_RIGHT_VIEW | RMS_RIGHT_EXPORT, 0, false},
        {RMS_RIGHT_OWNER, 0, false},
    };
    struct fixture *f = *state;
    struct rms_file_result result;
    char path[4096];

    rms_test_fill(rms_test_path(&f->issuer, "k.txt"), 5000);
    assert_int_equal(
        rms_protect_file(f->alice, rms_test_path(&f->issuer, "k.txt"), f->policy, NULL, &result), 0);
    memcpy(path, result.output, sizeof path);
    assert_int_equal(rms_unprotect_file(f->bob, path, NULL, &result), RMS_E_NEEDS_ONLINE);
    for (size_t i = 0; i < RMS_COUNT(rows); i++) {
        const struct rms_test_use use = {
            RMS_TEST_BOB, "stranger", rows[i].rights, RMS_TIME_NONE, RMS_TIME_NONE};

        f->issuer.removal_extract = rows[i].extract;
        rms_issuer_license(&f->issuer, f->bob, path, &use);
        assert_int_equal(rms_unprotect_file(f->bob, path, NULL, &result), rows[i].code);
        if (rows[i].code == 0) {
            assert_true(rms_test_holds(result.output, 5000));
        } else {
            assert_string_equal(result.output, "");
            assert_non_null(
                strstr(rms_last_detail(f->bob), rows[i].rights == RMS_RIGHT_PRINT ? "viewing" : "EXPORT"));
        }
    }
}

/* --- every right by itself, with every verb, of files with custom permissions and of a template ------------
 */

static int unprotect_verb(struct rms_context *context, const char *path, const char *out)
{
    const struct rms_file_options options = {.size = sizeof options, .output = out};
    struct rms_file_result result;

    return rms_unprotect_file(context, path, &options, &result);
}

static int keep_code(void *user_data, size_t index, int code, const struct rms_file_result *result)
{
    (void)index, (void)result;
    *(int *)user_data = code;
    return 0;
}

static int unprotect_many_verb(struct rms_context *context, const char *path, const char *out)
{
    const struct rms_file_options options = {.size = sizeof options, .outputs = (const char *const[]){out}};
    int code = 0;

    assert_int_equal(rms_unprotect_files(context, &path, 1, &options, keep_code, &code), 0);
    return code;
}

/* Another policy in place of the one it has: the protection that its author chose goes. */
static int replace_verb(struct rms_context *context, const char *path, const char *out)
{
    const struct rms_file_options options = {.size = sizeof options, .output = out};
    struct rms_policy_builder *policy = NULL;
    struct rms_file_result result;
    int code;

    rms_must(rms_policy_custom(context, &policy));
    code = rms_protect_file(context, path, policy, &options, &result);
    rms_policy_free(&policy);
    return code == RMS_E_ALREADY_PROTECTED ? RMS_E_NO_RIGHTS : code;
}

/* What rms open -o, rms cat and other programs that write clear content ask. */
static int copy_verb(struct rms_context *context, const char *path, const char *out)
{
    struct rms_document *document = NULL;
    bool may;

    (void)out;
    assert_int_equal(rms_document_open_file(context, path, &document), 0);
    may = rms_document_may_unprotect(document);
    rms_document_free(&document);
    return may ? 0 : RMS_E_NO_RIGHTS;
}

static void try_verbs(struct fixture *f, struct rms_context *bob, const char *path, int expected)
{
    static int (*const verbs[])(struct rms_context *, const char *, const char *) = {
        unprotect_verb, unprotect_many_verb, replace_verb, copy_verb};

    for (size_t i = 0; i < RMS_COUNT(verbs); i++) {
        char out[4096];

        (void)snprintf(out, sizeof out, "%s/out", f->issuer.folder);
        assert_int_equal(verbs[i](bob, path, out), expected);
        assert_true(expected == 0 || !rms_test_exists(out));
        (void)unlink(out);
    }
}

/* proves: C-070 - with EXTRACT as doc/requirements-notes.md says */
static void each_right_and_verb(void **state)
{
    struct fixture *f = *state;
    struct rms_context *bob = rms_issuer_context(&f->issuer, "bob-publisher");
    struct rms_policy_builder *template = NULL;
    struct rms_file_result made[2];
    const char *name;
    uint32_t bit;

    rms_issuer_enrol(&f->issuer, bob, RMS_TEST_BOB, "stranger", 31);
    rms_must(rms_policy_from_template(f->alice, RMS_TEST_TEMPLATE, &template));
    for (size_t i = 0; i < 2; i++) {
        const char *path = rms_test_path(&f->issuer, i == 0 ? "custom.txt" : "template.txt");

        rms_test_fill(path, 100);
        rms_must(rms_protect_file(f->alice, path, i == 0 ? f->policy : template, NULL, &made[i]));
    }
    for (size_t i = 0; i < 4 * 16; i++) {
        const struct rms_file_result *file = &made[i & 1];
        struct rms_test_use use = {RMS_TEST_BOB, "stranger", RMS_RIGHT_VIEW, RMS_TIME_NONE, RMS_TIME_NONE};

        f->issuer.removal_extract = (i & 2) != 0;
        name = rms_right_name(i / 4, &bit);
        assert_non_null(name);
        use.rights |= bit;
        rms_issuer_license(&f->issuer, bob, file->output, &use);
        try_verbs(f, bob, file->output,
            bit == RMS_RIGHT_EXPORT || bit == RMS_RIGHT_OWNER ||
                    (bit == RMS_RIGHT_EXTRACT && f->issuer.removal_extract)
                ? 0
                : RMS_E_NO_RIGHTS);
    }
    f->issuer.removal_extract = false;
    rms_policy_free(&template);
    rms_context_free(&bob);
}

/* touches: C-065 */
static void protect_again(void **state)
{
    struct fixture *f = *state;
    const struct rms_file_options options = in_place();
    struct rms_file_result first;
    struct rms_file_result second;

    for (size_t len = 0; len < 3 * 1048576; len += 1048576 / 2) {
        const char *path = rms_test_path(&f->issuer, "l.txt");

        rms_test_fill(path, len);
        assert_int_equal(rms_protect_file(f->alice, path, f->policy, &options, &first), 0);
        assert_int_equal(rms_protect_file(f->alice, first.output, f->policy, &options, &second), 0);
        assert_string_equal(first.output, second.output);
        assert_string_not_equal(first.content_id, second.content_id);
        assert_int_equal(rms_unprotect_file(f->alice, second.output, &options, &second), 0);
        assert_true(rms_test_holds(second.output, len));
        assert_int_equal(unlink(second.output), 0);
    }
}

static void protect_again_without_rights(void **state)
{
    const struct rms_test_use use = {
        RMS_TEST_BOB, "stranger", RMS_RIGHT_VIEW | RMS_RIGHT_EDIT, RMS_TIME_NONE, RMS_TIME_NONE};
    struct fixture *f = *state;
    struct rms_context *bob = rms_issuer_context(&f->issuer, "bob-publisher");
    struct rms_file_result result;
    char path[4096];

    rms_issuer_enrol(&f->issuer, bob, RMS_TEST_BOB, "stranger", 31);
    rms_test_fill(rms_test_path(&f->issuer, "m.txt"), 100);
    assert_int_equal(
        rms_protect_file(f->alice, rms_test_path(&f->issuer, "m.txt"), f->policy, NULL, &result), 0);
    memcpy(path, result.output, sizeof path);
    rms_issuer_license(&f->issuer, bob, path, &use);
    assert_int_equal(rms_protect_file(bob, path, f->policy, NULL, &result), RMS_E_ALREADY_PROTECTED);
    rms_context_free(&bob);
}

/* touches: C-031, C-060 */
static void templates(void **state)
{
    struct fixture *f = *state;
    struct rms_policy_builder *policy = NULL;
    const struct rms_template *list;
    struct rms_file_status status;
    struct rms_file_result result;
    size_t count;

    assert_int_equal(rms_templates(f->alice, false, "de-DE", &list, &count), 0);
    assert_int_equal(count, 1);
    assert_string_equal(list[0].id, RMS_TEST_TEMPLATE);
    assert_string_equal(list[0].name, "Vertraulich");
    assert_int_equal(rms_policy_from_template(f->alice, "no such", &policy), RMS_E_TEMPLATE_NOT_FOUND);
    assert_null(policy);
    assert_int_equal(rms_policy_from_template(f->alice, "Confidential", &policy), 0);
    rms_policy_free(&policy);
    assert_int_equal(rms_policy_from_template(f->alice, RMS_TEST_TEMPLATE, &policy), 0);
    rms_test_fill(rms_test_path(&f->issuer, "n.txt"), 100);
    assert_int_equal(
        rms_protect_file(f->alice, rms_test_path(&f->issuer, "n.txt"), policy, NULL, &result), 0);
    rms_policy_free(&policy);
    assert_int_equal(rms_file_status(f->alice, result.output, &status), 0);
    assert_string_equal(status.template_id, RMS_TEST_TEMPLATE);
    assert_string_equal(status.template_name, "Confidential");
    assert_int_equal(rms_unprotect_file(f->alice, result.output, NULL, &result), 0);
    assert_true(rms_test_holds(result.output, 100));
}

/* touches: C-096, C-219 */
static void status_of_files(void **state)
{
    struct fixture *f = *state;
    struct rms_file_status status;
    struct rms_file_result result;
    const char *path = rms_test_path(&f->issuer, "o.txt");

    rms_test_fill(path, 100);
    assert_int_equal(rms_file_status(NULL, path, &status), 0);
    assert_int_equal(status.protection, RMS_UNPROTECTED);
    assert_int_equal(rms_protect_file(f->alice, path, f->policy, NULL, &result), 0);
    assert_int_equal(rms_file_status(NULL, result.output, &status), 0);
    assert_int_equal(status.protection, RMS_PROTECTED_NATIVE);
    assert_string_equal(status.extension, ".txt");
    assert_string_equal(status.content_id, result.content_id);
    assert_string_equal(status.owner, RMS_TEST_ALICE);
    assert_int_equal(status.original_size, 100);
    assert_true(status.signature_consistent);
    assert_false(status.signature_trusted);
    assert_int_equal(rms_file_status(f->alice, result.output, &status), 0);
    assert_true(status.signature_trusted);
    assert_string_equal(status.template_id, "");
    assert_string_equal(status.template_name, "Restricted Access");
    assert_int_equal(rms_file_status(NULL, rms_test_path(&f->issuer, "missing"), &status), RMS_E_NOT_FOUND);
}

/* Native or generic is told by the name; by the kind where the name has become another. touches: C-219 */
static void status_by_name(void **state)
{
    static const struct {
        const char *clear, *name;
        enum rms_protection protection;
    } rows[] = {
        {"c.txt", "a.ptxt", RMS_PROTECTED_NATIVE},
        {"c.txt", "a.txt.pfile", RMS_PROTECTED_GENERIC},
        {"c.txt", "a.PFILE", RMS_PROTECTED_GENERIC},
        {"c.txt", "a", RMS_PROTECTED_NATIVE},
        {"c.csv", "a.csv.pfile", RMS_PROTECTED_GENERIC},
        {"c.csv", "a.pcsv", RMS_PROTECTED_NATIVE},
        {"c.csv", "a.bin", RMS_PROTECTED_GENERIC},
        {"c", "a.pfile", RMS_PROTECTED_GENERIC},
        {"c", "a.p", RMS_PROTECTED_GENERIC},
    };
    struct fixture *f = *state;
    struct rms_file_status status;

    for (size_t i = 0; i < RMS_COUNT(rows); i++) {
        const struct rms_file_options options = {
            .size = sizeof options, .output = rms_test_path(&f->issuer, rows[i].name)};
        const char *clear = rms_test_path(&f->issuer, rows[i].clear);

        rms_test_fill(clear, 100);
        assert_int_equal(rms_protect_file(f->alice, clear, f->policy, &options, NULL), 0);
        assert_int_equal(rms_file_status(NULL, options.output, &status), 0);
        assert_int_equal(status.protection, rows[i].protection);
        assert_int_equal(unlink(options.output), 0);
    }
}

static void stop_keeping(struct rms_issuer *issuer)
{
    sqlite3 *db;

    assert_int_equal(sqlite3_open(rms_test_path(issuer, "alice/store.db"), &db), SQLITE_OK);
    assert_int_equal(sqlite3_exec(db,
                         "CREATE TRIGGER full BEFORE INSERT ON entry BEGIN SELECT RAISE(FAIL, 'full'); END;"
                         "CREATE TRIGGER stuck BEFORE DELETE ON entry BEGIN SELECT RAISE(FAIL, 'full'); END",
                         NULL, NULL, NULL),
        SQLITE_OK);
    assert_int_equal(sqlite3_close(db), SQLITE_OK);
}

static void count_lines(void *user_data, int level, const char *line)
{
    *(unsigned *)user_data += level == RMS_LOG_ERROR && strstr(line, "could not be kept") != NULL;
}

static int discard(void *user_data, const void *data, size_t len)
{
    *(size_t *)user_data += len;
    return data != NULL || len == 0 ? 0 : RMS_E_IO;
}

/* A store that takes nothing more is told of in the log; what was protected is protected, and opens. */
static void keys_that_cannot_be_kept(void **state)
{
    struct fixture *f = *state;
    const struct rms_file_options options = in_place();
    char path[512];
    const char *paths[] = {path};
    struct rms_protector *protector = NULL;
    const struct rms_vault_place ended = {RMS_VAULT_LICENCE, RMS_TEST_ALICE, RMS_VIEW_LITERAL("ended")};
    struct rms_file_result result;
    unsigned told = 0;
    size_t written = 0;
    const struct rms_sink sink = {&written, discard};

    (void)snprintf(path, sizeof path, "%s", rms_test_path(&f->issuer, "q.txt"));
    rms_test_fill(path, 100);
    rms_must(rms_vault_put(f->alice->vault, &ended, 1, RMS_VIEW_LITERAL("x")));
    stop_keeping(&f->issuer);
    f->alice->callbacks.log = count_lines;
    f->alice->callbacks.user_data = &told;
    assert_int_equal(rms_protect_file(f->alice, path, f->policy, &options, &result), 0);
    assert_string_equal(result.output, rms_test_path(&f->issuer, "q.ptxt"));
    assert_int_equal(told, 1);
    assert_int_equal(rms_unprotect_file(f->alice, result.output, &options, &result), 0);
    assert_true(rms_test_holds(path, 100));
    assert_int_equal(rms_protect_files(f->alice, paths, 1, f->policy, &options, NULL, NULL), 0);
    assert_int_equal(told, 2);
    rms_must(rms_protector_new(f->alice, f->policy, ".txt", 1, &sink, &protector));
    rms_must(rms_protector_write(protector, "x", 1));
    assert_int_equal(rms_protector_finish(protector), 0);
    assert_true(written > 1000);
    assert_int_equal(told, 3);
    rms_protector_free(&protector);
    /* a context comes up on such a store all the same */
    rms_context_free(&f->alice);
    f->alice = rms_issuer_context(&f->issuer, "alice");
    assert_int_equal(rms_unprotect_file(f->alice, rms_test_path(&f->issuer, "q.ptxt"), &options, &result), 0);
    assert_true(rms_test_holds(path, 100));
}

/* proves: C-067
 * touches: S-137 */
static void what_is_kept(void **state)
{
    static const struct {
        enum rms_persist persist;
        int code; /* of opening on the same device, and on another one of alice */
        int elsewhere;
    } rows[] = {
        {RMS_PERSIST_ALL, 0, 0},
        {RMS_PERSIST_NOT_DISK, 0, 0},
        {RMS_PERSIST_NOT_LICENSE, 0, RMS_E_NEEDS_ONLINE},
        {RMS_PERSIST_NONE, RMS_E_NEEDS_ONLINE, RMS_E_NEEDS_ONLINE},
    };
    struct fixture *f = *state;
    struct rms_context *other = rms_issuer_context(&f->issuer, "alice-two");
    const char *path = rms_test_path(&f->issuer, "p.txt");

    rms_issuer_enrol(&f->issuer, other, RMS_TEST_ALICE, "user", 31);
    rms_test_fill(path, 100);
    for (size_t i = 0; i < RMS_COUNT(rows); i++) {
        struct rms_file_options options = {.size = sizeof options, .persist = rows[i].persist};
        struct rms_file_result result;
        struct rms_file_result opened;

        assert_int_equal(rms_protect_file(f->alice, path, f->policy, &options, &result), 0);
        assert_int_equal(rms_unprotect_file(f->alice, result.output, NULL, &opened), rows[i].code);
        assert_int_equal(rms_unprotect_file(other, result.output, NULL, &opened), rows[i].elsewhere);
    }
    rms_context_free(&other);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(sizes),
        TEST(names),
        TEST(copies),
        TEST(clear_names),
        TEST(target_exists),
        TEST(output_folder),
        TEST(attributes_stay),
        TEST(left_alone),
        TEST(long_names),
        TEST(excluded_kinds),
        TEST(in_use),
        TEST(changed_meanwhile),
        TEST(cancelled),
        TEST(rights_to_unprotect),
        TEST(each_right_and_verb),
        TEST(protect_again),
        TEST(protect_again_without_rights),
        TEST(templates),
        TEST(status_of_files),
        TEST(status_by_name),
        TEST(keys_that_cannot_be_kept),
        TEST(what_is_kept),
    };

    return cmocka_run_group_tests_name("client protect", tests, NULL, NULL);
}
