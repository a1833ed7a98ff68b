/* Archives of every sort: read, written again with changes, cut at every byte, and past their budget. */
#include "archive/archive.h"

#include <archive.h>
#include <archive_entry.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/file.h"
#include "base/test.h"

#define FILE_MAX (1u << 20)

static const char note[] = "some clear words, some clear words";
static const char plan[] = "the plan";

static void must(int status)
{
    assert_int_equal(status, 0);
}

/* --- making them, by libarchive ---------------------------------------------------------------------------
 */

static int new_file(void)
{
    int fd = -1;

    must(rms_file_scratch("/tmp", &fd));
    return fd;
}

static void add(struct archive *to, const char *name, mode_t type, const void *data, size_t len)
{
    struct archive_entry *entry = archive_entry_new();

    archive_entry_set_pathname(entry, name);
    archive_entry_set_filetype(entry, type);
    archive_entry_set_perm(entry, 0640);
    archive_entry_set_size(entry, (la_int64_t)len);
    archive_entry_set_mtime(entry, 1700000000, 0);
    if (type == AE_IFLNK) {
        archive_entry_set_symlink(entry, "/etc/passwd");
    }
    assert_int_equal(archive_write_header(to, entry), ARCHIVE_OK);
    assert_int_equal(archive_write_data(to, data, len), (la_ssize_t)len);
    archive_entry_free(entry);
}

static const struct sort {
    const char *name;
    int format, filter;
} sorts[] = {
    {"a.zip", ARCHIVE_FORMAT_ZIP, ARCHIVE_FILTER_NONE},
    {"A.7Z", ARCHIVE_FORMAT_7ZIP, ARCHIVE_FILTER_NONE},
    {"a.tar", ARCHIVE_FORMAT_TAR_USTAR, ARCHIVE_FILTER_NONE},
    {"a.tgz", ARCHIVE_FORMAT_TAR_GNUTAR, ARCHIVE_FILTER_GZIP},
    {"a.tar.bz2", ARCHIVE_FORMAT_TAR_PAX_INTERCHANGE, ARCHIVE_FILTER_BZIP2},
    {"a.tar.xz", ARCHIVE_FORMAT_TAR_PAX_RESTRICTED, ARCHIVE_FILTER_XZ},
    {"a.tar.zst", ARCHIVE_FORMAT_TAR_USTAR, ARCHIVE_FILTER_ZSTD},
};

static int make(const struct sort *sort)
{
    struct archive *to = archive_write_new();
    int fd = new_file();

    assert_int_equal(archive_write_set_format(to, sort->format), ARCHIVE_OK);
    assert_int_equal(archive_write_add_filter(to, sort->filter), ARCHIVE_OK);
    assert_int_equal(archive_write_open_fd(to, fd), ARCHIVE_OK);
    add(to, "folder/", AE_IFDIR, NULL, 0);
    add(to, "folder/note.txt", AE_IFREG, note, sizeof note);
    add(to, "link", AE_IFLNK, NULL, 0);
    add(to, "../plan.ptxt", AE_IFREG, plan, sizeof plan);
    add(to, "empty", AE_IFREG, NULL, 0);
    assert_int_equal(archive_write_close(to), ARCHIVE_OK);
    archive_write_free(to);
    return fd;
}

/* --- going through ----------------------------------------------------------------------------------------
 */

struct seen {
    struct rms_buf text; /* name, size, end of line */
    size_t changed;      /* index of what is named so */
};

static int read_all(struct rms_archive *archive, struct rms_buf *out)
{
    uint8_t block[7];
    size_t got;

    do {
        RMS_TRY(rms_archive_read(archive, block, sizeof block, &got));
        rms_buf_append(out, block, got);
    } while (got > 0);
    return 0;
}

static int go_through(struct rms_archive *archive, struct seen *seen)
{
    struct rms_archive_member member;
    int status;

    while ((status = rms_archive_next(archive, &member)) == 0) {
        struct rms_buf RMS_BUF_CLEANUP content = RMS_BUF_INIT(FILE_MAX);

        RMS_TRY(read_all(archive, &content));
        rms_buf_printf(&seen->text, "%s %s\n", member.name, rms_buf_text(&content));
        if (strcmp(member.name, "../plan.ptxt") == 0) {
            seen->changed = member.index;
        }
    }
    return status == RMS_E_NOT_FOUND ? 0 : status;
}

static int look(const char *name, int fd, struct seen *seen)
{
    struct rms_archive_budget budget;
    struct rms_archive RMS_ARCHIVE_CLEANUP *archive = NULL;

    *seen = (struct seen){.text = RMS_BUF_INIT(FILE_MAX)};
    rms_archive_budget_init(&budget, 1000);
    RMS_TRY(rms_archive_open(name, fd, &budget, &archive));
    return go_through(archive, seen);
}

static int rewrite(const char *name, int fd, int *out)
{
    static const char content[] = "what it became, which is longer than it was";
    struct rms_archive_budget budget;
    struct rms_archive RMS_ARCHIVE_CLEANUP *archive = NULL;
    struct seen seen = {.text = RMS_BUF_INIT(FILE_MAX), .changed = SIZE_MAX};
    struct rms_archive_change change = {0, "../plan.ptxt", "../plan.txt", 0, sizeof content};
    struct rms_archive_changes changes = {&change, 1, new_file()};
    int status;

    rms_archive_budget_init(&budget, 1000);
    status = rms_archive_open(name, fd, &budget, &archive);
    status = status == 0 ? go_through(archive, &seen) : status;
    change.index = seen.changed;
    changes.count = seen.changed != SIZE_MAX;
    rms_buf_fini(&seen.text);
    must(rms_fd_pwrite_all(changes.from, content, sizeof content, 0));
    *out = new_file();
    status = status == 0 ? rms_archive_rewrite(archive, &changes, *out) : status;
    assert_int_equal(close(changes.from), 0);
    return status;
}

/* touches: C-056 */
static void every_sort(void **state)
{
    (void)state;
    for (size_t i = 0; i < RMS_COUNT(sorts); i++) {
        struct seen seen;
        int fd = make(&sorts[i]);
        int out;

        assert_true(rms_archive_named(sorts[i].name));
        must(rewrite(sorts[i].name, fd, &out));
        must(look(sorts[i].name, out, &seen));
        assert_string_equal(rms_buf_text(&seen.text),
            "folder/note.txt some clear words, some clear words\n"
            "../plan.txt what it became, which is longer than it was\nempty \n");
        rms_buf_fini(&seen.text);
        assert_int_equal(close(fd), 0);
        assert_int_equal(close(out), 0);
    }
}

/* Refused, or what there is comes out. */
static void cut_everywhere(void **state)
{
    (void)state;
    for (size_t i = 0; i < RMS_COUNT(sorts); i++) {
        int fd = make(&sorts[i]);
        off_t size = lseek(fd, 0, SEEK_END);

        for (off_t len = size - 1; len >= 0; len -= len > 1500 ? 97 : 1) {
            struct seen seen;
            int out = -1;
            int status;

            assert_int_equal(ftruncate(fd, len), 0);
            status = look(sorts[i].name, fd, &seen);
            assert_true(status <= 0);
            rms_buf_fini(&seen.text);
            (void)rewrite(sorts[i].name, fd, &out);
            assert_int_equal(close(out), 0);
        }
        assert_int_equal(close(fd), 0);
    }
}

static void past_the_budget(void **state)
{
    (void)state;
    for (size_t i = 0; i < RMS_COUNT(sorts); i++) {
        struct rms_archive_budget budgets[3];
        int fd = make(&sorts[i]);

        for (size_t k = 0; k < RMS_COUNT(budgets); k++) {
            struct rms_archive RMS_ARCHIVE_CLEANUP *archive = NULL;
            struct seen seen = {.text = RMS_BUF_INIT(FILE_MAX)};

            rms_archive_budget_init(&budgets[k], 1000);
            assert_int_equal(budgets[k].bytes, RMS_ARCHIVE_BYTES_MIN);
            budgets[0].bytes = sizeof note + sizeof plan - 1;
            budgets[1].members = k == 1 ? 2 : 0;
            budgets[2].deadline_ms = 0;
            must(rms_archive_open(sorts[i].name, fd, &budgets[k], &archive));
            assert_int_equal(go_through(archive, &seen), RMS_E_ARCHIVE_LIMIT);
            rms_buf_fini(&seen.text);
        }
        assert_int_equal(close(fd), 0);
    }
}

static void budgets(void **state)
{
    struct rms_archive_budget budget;

    (void)state;
    rms_archive_budget_init(&budget, 1ull << 30);
    assert_int_equal(budget.bytes, RMS_ARCHIVE_BYTES_MAX);
    rms_archive_budget_init(&budget, 10ull << 20);
    assert_int_equal(budget.bytes, 1000ull << 20);
    rms_archive_budget_init(&budget, 100ull << 30);
    assert_int_equal(budget.bytes, 400ull << 30);
    rms_archive_budget_init(&budget, UINT64_MAX / 2);
    assert_true(budget.bytes >= RMS_ARCHIVE_BYTES_MAX);
}

/* Of a mail whose boundaries do not hold, members would be others: nothing is written. */
static void mails_that_would_not_come_back(void **state)
{
    static const char head[] = "MIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n"
                               "--b\r\nContent-Disposition: attachment; filename=plan.ptxt\r\n\r\nabc\r\n";
    static const struct {
        const char *rest;
        int status;
    } mails[] = {
        {"--b\r\nContent-Type: message/rfc822\r\n\r\nSubject: s\r\n\r\nwords\r\n--b--\r\n", 0},
        {"--b\r\nContent-Type: message/rfc822\r\n\r\n--b--\r\n", RMS_E_DAMAGED},
        {"--b\r\nContent-Disposition: attachment; filename=x\r\n\r\ncut o", RMS_E_DAMAGED},
    };

    (void)state;
    for (size_t i = 0; i < RMS_COUNT(mails); i++) {
        const struct rms_archive_change change = {0, "plan.ptxt", "plan.txt", 0, 4};
        const struct rms_archive_changes changes = {&change, 1, new_file()};
        struct rms_archive RMS_ARCHIVE_CLEANUP *archive = NULL;
        struct rms_archive_budget budget;
        int fd = new_file();
        int out = new_file();

        must(rms_fd_pwrite_all(fd, head, sizeof head - 1, 0));
        must(rms_fd_pwrite_all(fd, mails[i].rest, strlen(mails[i].rest), sizeof head - 1));
        must(rms_fd_pwrite_all(changes.from, "plan", 4, 0));
        rms_archive_budget_init(&budget, 1000);
        must(rms_archive_open("a.eml", fd, &budget, &archive));
        assert_int_equal(rms_archive_rewrite(archive, &changes, out), mails[i].status);
        assert_true((lseek(out, 0, SEEK_END) == 0) == (mails[i].status != 0));
        assert_int_equal(close(changes.from) | close(fd) | close(out), 0);
    }
}

/* A folder of short mails takes from the budget what it holds. */
static void many_mails(void **state)
{
    static const char mail[] = "From a@b.test Mon Jan  1 10:00:00 2024\nSubject: s\n\nwords\n\n";
    const struct rms_archive_change change = {1, "2.eml", "2.eml", 0, 4};
    const struct rms_archive_changes changes = {&change, 1, new_file()};
    struct rms_archive RMS_ARCHIVE_CLEANUP *archive = NULL;
    struct rms_buf RMS_BUF_CLEANUP folder = RMS_BUF_INIT(FILE_MAX);
    struct rms_archive_budget budget;
    struct seen seen = {.text = RMS_BUF_INIT(FILE_MAX)};
    int fd = new_file();
    int out = new_file();

    (void)state;
    for (size_t i = 0; i < 3000; i++) {
        rms_buf_append_str(&folder, mail);
    }
    must(rms_fd_pwrite_all(fd, folder.data, folder.len, 0));
    must(rms_fd_pwrite_all(changes.from, "From", 4, 0));
    rms_archive_budget_init(&budget, folder.len);
    must(rms_archive_open("a.mbox", fd, &budget, &archive));
    must(go_through(archive, &seen));
    must(rms_archive_rewrite(archive, &changes, out));
    assert_int_equal(lseek(out, 0, SEEK_END), (off_t)(folder.len - strlen("Subject: s\n\nwords\n\n") + 6));
    rms_buf_fini(&seen.text);
    assert_int_equal(close(changes.from) | close(fd) | close(out), 0);
}

/* The name says one thing and the content another. */
static void pretenders(void **state)
{
    static const char *const names[] = {"a.zip", "a.7z", "a.rar", "a.mbox", "a.eml", "a.tar"};

    (void)state;
    for (size_t i = 0; i < RMS_COUNT(names); i++) {
        int fd = new_file();
        struct seen seen;
        int status;

        must(rms_fd_pwrite_all(fd, "nothing of the sort, really", 27, 0));
        status = look(names[i], fd, &seen);
        assert_int_equal(status, RMS_E_NOT_FOUND);
        assert_int_equal(close(fd), 0);
    }
    assert_false(rms_archive_named("a.docx") || rms_archive_named("zip") || rms_archive_named("a.gz"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_sort),
        cmocka_unit_test(cut_everywhere),
        cmocka_unit_test(past_the_budget),
        cmocka_unit_test(budgets),
        cmocka_unit_test(mails_that_would_not_come_back),
        cmocka_unit_test(many_mails),
        cmocka_unit_test(pretenders),
    };

    return cmocka_run_group_tests_name("archives", tests, NULL, NULL);
}
