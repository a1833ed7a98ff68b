#include "base/test.h"

#include <stdlib.h>
#include <unistd.h>

#include "service/backup.h"
#include "service/backup_file.h"

static const struct rms_view passphrase = RMS_VIEW_LITERAL("a passphrase of some length");

static int temporary(void)
{
    char path[] = "/tmp/rms-backup-XXXXXX";
    int fd = mkstemp(path);

    assert_true(fd >= 0);
    (void)unlink(path);
    return fd;
}

struct seen {
    size_t records;
    size_t bytes;
    uint8_t last;
};

static int count(void *context, char kind, struct rms_view record)
{
    struct seen *seen = context;

    assert_int_equal(kind, 'x');
    seen->records++;
    seen->bytes += record.len;
    seen->last = record.len > 0 ? record.data[record.len - 1] : 0;
    return 0;
}

/* Records of lengths on both sides of a piece; the file's length. */
static long write_records(int fd)
{
    static const size_t lengths[] = {0, 1, 65525, 65536, 200000, 0, 7};
    static uint8_t data[200000];
    struct rms_backup_writer *writer;

    memset(data, 0x5a, sizeof data);
    assert_int_equal(rms_backup_writer_new(fd, passphrase, &writer), 0);
    for (size_t i = 0; i < RMS_COUNT(lengths); i++) {
        assert_int_equal(rms_backup_put(writer, 'x', rms_view_of(data, lengths[i])), 0);
    }
    assert_int_equal(rms_backup_end(writer), 0);
    rms_backup_writer_free(&writer);
    return (long)lseek(fd, 0, SEEK_END);
}

static int read_with(struct rms_backup_reader *reader, struct seen *seen)
{
    *seen = (struct seen){0};
    return rms_backup_each(reader, count, seen);
}

/* touches: S-216 */
static void test_whole_or_nothing(void **state)
{
    struct rms_backup_reader *reader;
    struct seen seen;
    int fd = temporary();
    long len = write_records(fd);
    static const long flips[] = {48, 51, 52, 60, 65000, 65536 + 48 + 33, 70000, -1, -20, -30, -34};
    static const long cuts[] = {0, 1, 47, 48, 51, 52, 100, 65617, 65618, 131187, -1, -16, -40};
    uint8_t *whole = malloc((size_t)len);

    (void)state;
    assert_non_null(whole);
    assert_int_equal(pread(fd, whole, (size_t)len, 0), len);
    assert_int_equal(rms_backup_reader_new(fd, passphrase, &reader), 0);
    for (int i = 0; i < 2; i++) { /* as often as one likes */
        assert_int_equal(read_with(reader, &seen), 0);
        assert_int_equal(seen.records, 7);
        assert_int_equal(seen.bytes, 1 + 65525 + 65536 + 200000 + 7);
        assert_int_equal(seen.last, 0x5a);
    }
    for (size_t i = 0; i < RMS_COUNT(flips); i++) {
        long at = flips[i] < 0 ? len + flips[i] : flips[i];
        uint8_t changed = whole[at] ^ 1;

        assert_int_equal(pwrite(fd, &changed, 1, at), 1);
        assert_true(read_with(reader, &seen) < 0);
        assert_int_equal(pwrite(fd, &whole[at], 1, at), 1);
    }
    for (size_t i = 0; i < RMS_COUNT(cuts); i++) {
        assert_int_equal(ftruncate(fd, cuts[i] < 0 ? len + cuts[i] : cuts[i]), 0);
        assert_true(read_with(reader, &seen) < 0);
        assert_int_equal(pwrite(fd, whole, (size_t)len, 0), len);
    }
    assert_int_equal(pwrite(fd, "x", 1, len), 1); /* something behind the end */
    assert_int_equal(read_with(reader, &seen), RMS_E_DAMAGED);
    assert_int_equal(ftruncate(fd, len), 0);

    /* the first two pieces, which are equally long, change places */
    const size_t piece = 4 + 65536 + 29;
    assert_int_equal(pwrite(fd, whole + 48 + piece, piece, 48), piece);
    assert_int_equal(pwrite(fd, whole + 48, piece, (off_t)(48 + piece)), piece);
    assert_true(read_with(reader, &seen) < 0);
    assert_int_equal(pwrite(fd, whole, (size_t)len, 0), len);
    assert_int_equal(read_with(reader, &seen), 0);
    rms_backup_reader_free(&reader);
    free(whole);
    (void)close(fd);
}

static void test_strange_files(void **state)
{
    struct rms_backup_info info;
    int fd = temporary();
    long len = write_records(fd);

    (void)state;
    assert_int_equal(rms_backup_check(fd, RMS_VIEW_LITERAL("another passphrase"), &info), RMS_E_PERMISSION);
    assert_int_equal(rms_backup_check(fd, passphrase, &info), RMS_E_DAMAGED); /* no such records */
    assert_int_equal(pwrite(fd, "\x02", 1, 14), 1);
    assert_int_equal(rms_backup_check(fd, passphrase, &info), RMS_E_UNSUPPORTED_VERSION);
    assert_int_equal(pwrite(fd, "X", 1, 0), 1);
    assert_int_equal(rms_backup_check(fd, passphrase, &info), RMS_E_BAD_ARGUMENT);
    assert_int_equal(ftruncate(fd, 20), 0);
    assert_int_equal(rms_backup_check(fd, passphrase, &info), RMS_E_BAD_ARGUMENT);
    assert_true(len > 0);
    (void)close(fd);
}

/* Whoever makes a backup of his own and has it restored, by root: files nowhere but where they belong. */
static void test_names_stay_inside(void **state)
{
    static const char *const names[] = {"../master.key", "/etc/passwd", "credentials/../../x", "credentials/",
        "credentials/.hidden", "tls", "openrms.db", "db/openrms.db", "master.key2", "keyd.journal/x", "*",
        "credentials/*/x", ""};
    static const char head[] = "{\"Format\":1,\"Time\":\"\",\"SchemaVersion\":1}";
    struct rms_backup_info info;

    (void)state;
    for (size_t i = 0; i < RMS_COUNT(names); i++) {
        RMS_BUF_CLEANUP struct rms_buf record = RMS_BUF_INIT(1000);
        struct rms_backup_writer *writer;
        int fd = temporary();

        rms_buf_append_u16(&record, (uint16_t)strlen(names[i]));
        rms_buf_append_str(&record, names[i]);
        rms_buf_append_str(&record, "content");
        assert_int_equal(rms_backup_writer_new(fd, passphrase, &writer), 0);
        assert_int_equal(rms_backup_put(writer, 'B', rms_view_str(head)), 0);
        assert_int_equal(rms_backup_put(writer, 'F', rms_buf_view(&record)), 0);
        assert_int_equal(rms_backup_end(writer), 0);
        rms_backup_writer_free(&writer);
        assert_int_equal(rms_backup_check(fd, passphrase, &info), RMS_E_DAMAGED);
        assert_int_equal(info.files, 1);
        (void)close(fd);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_whole_or_nothing),
        cmocka_unit_test(test_strange_files),
        cmocka_unit_test(test_names_stay_inside),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
