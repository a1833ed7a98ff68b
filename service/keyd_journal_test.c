#include "base/test.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/file.h"
#include "service/keyd_journal.h"

static const uint8_t key_bytes[RMS_SHA256_BYTES] = {1, 2, 3};
static const uint8_t other_bytes[RMS_SHA256_BYTES] = {1, 2, 4};

#define KEY   rms_view_of(key_bytes, sizeof key_bytes)
#define OTHER rms_view_of(other_bytes, sizeof other_bytes)

struct lab {
    char dir[32];
    char path[64];
};

static int open_lab(void **state)
{
    static struct lab lab;

    *state = &lab;
    memcpy(lab.dir, "/tmp/rms-journal-XXXXXX", sizeof "/tmp/rms-journal-XXXXXX");
    assert_non_null(mkdtemp(lab.dir));
    (void)snprintf(lab.path, sizeof lab.path, "%s/journal", lab.dir);
    return 0;
}

static int close_lab(void **state)
{
    struct lab *lab = *state;

    (void)unlink(lab->path);
    return rmdir(lab->dir);
}

static void write_lines(struct lab *lab, unsigned count)
{
    struct rms_journal *journal;

    assert_int_equal(rms_journal_open(lab->path, KEY, &journal), 0);
    for (unsigned i = 0; i < count; i++) {
        assert_int_equal(rms_journal_note(journal, i == 0 ? RMS_JOURNAL_DURABLE : RMS_JOURNAL_WRITTEN,
                             "loaded", "key", "k", "empty", NULL, NULL),
            0);
    }
    rms_journal_free(&journal);
}

static uint64_t good_lines(struct lab *lab, struct rms_view key, int expected)
{
    struct rms_journal_report report;

    assert_int_equal(rms_journal_verify(lab->path, key, &report), expected);
    return report.lines;
}

static void load(struct lab *lab, struct rms_buf *text)
{
    *text = RMS_BUF_INIT(65536);
    assert_int_equal(rms_file_read(lab->path, text), 0);
}

static void store(struct lab *lab, struct rms_view text)
{
    assert_int_equal(rms_file_write(lab->path, text, 0600), 0);
}

static void goes_on_where_it_was(void **state)
{
    struct lab *lab = *state;
    struct rms_journal *journal;
    struct rms_journal_report report;
    char chain[RMS_JOURNAL_CHAIN];
    struct stat info;
    uint64_t lines;

    write_lines(lab, 3);
    write_lines(lab, 2);
    assert_int_equal(good_lines(lab, KEY, 0), 5);
    assert_int_equal(rms_journal_open(lab->path, KEY, &journal), 0);
    rms_journal_head(journal, &lines, chain);
    rms_journal_free(&journal);
    assert_int_equal(lines, 5);
    assert_int_equal(rms_journal_verify(lab->path, KEY, &report), 0);
    assert_string_equal(report.chain, chain);
    assert_int_equal(stat(lab->path, &info), 0);
    assert_int_equal(info.st_mode & 0777, 0600);
}

static void numbers_and_escapes(void **state)
{
    struct lab *lab = *state;
    struct rms_journal *journal;
    struct rms_buf text;

    assert_int_equal(rms_journal_open(lab->path, KEY, &journal), 0);
    assert_int_equal(rms_journal_note(journal, RMS_JOURNAL_WRITTEN, "note", "text", "a\"b\nc", NULL), 0);
    rms_journal_free(&journal);
    load(lab, &text);
    assert_non_null(strstr(rms_buf_text(&text), "{\"n\":1,\"time\":\""));
    assert_non_null(strstr(rms_buf_text(&text), "\"event\":\"note\",\"text\":\"a\\\"b\\nc\"} "));
    assert_int_equal(text.data[text.len - 1], '\n');
    rms_buf_fini(&text);
    assert_int_equal(good_lines(lab, KEY, 0), 1);
}

static void notices_every_changed_byte(void **state)
{
    struct lab *lab = *state;
    struct rms_buf text;

    write_lines(lab, 3);
    load(lab, &text);
    for (size_t i = 0; i < text.len; i++) {
        struct rms_journal_report report;

        text.data[i] ^= 1;
        store(lab, rms_buf_view(&text));
        if (i == text.len - 1) { /* the last newline: a torn line, which is no line */
            assert_int_equal(rms_journal_verify(lab->path, KEY, &report), 0);
            assert_int_equal(report.lines, 2);
            assert_true(report.torn);
        } else {
            assert_int_equal(rms_journal_verify(lab->path, KEY, &report), RMS_E_DAMAGED);
            assert_true(report.lines < 3);
        }
        text.data[i] ^= 1;
    }
    rms_buf_fini(&text);
}

/* Whole lines taken out, doubled or exchanged. */
static void notices_lines_moved(void **state)
{
    static const char *const orders[] = {"13", "23", "1123", "132", "3", "213"};
    struct lab *lab = *state;
    struct rms_buf text;
    struct rms_view lines[3];
    const char *at;

    write_lines(lab, 3);
    load(lab, &text);
    at = rms_buf_text(&text);
    for (size_t i = 0; i < 3; i++) {
        const char *end = strchr(at, '\n') + 1;

        lines[i] = rms_view_of(at, (size_t)(end - at));
        at = end;
    }
    for (size_t i = 0; i < RMS_COUNT(orders); i++) {
        RMS_BUF_CLEANUP struct rms_buf moved = RMS_BUF_INIT(65536);

        for (const char *c = orders[i]; *c != '\0'; c++) {
            rms_buf_append_view(&moved, lines[*c - '1']);
        }
        store(lab, rms_buf_view(&moved));
        (void)good_lines(lab, KEY, RMS_E_DAMAGED);
    }
    rms_buf_fini(&text);
}

/* Cut off at the end, nothing in the file shows it: the chain value noted elsewhere does. */
static void a_shorter_journal_has_another_head(void **state)
{
    struct lab *lab = *state;
    struct rms_journal_report whole;
    struct rms_journal_report cut;
    struct rms_buf text;

    write_lines(lab, 3);
    assert_int_equal(rms_journal_verify(lab->path, KEY, &whole), 0);
    load(lab, &text);
    for (rms_buf_truncate(&text, text.len - 1); text.data[text.len - 1] != '\n';) {
        rms_buf_truncate(&text, text.len - 1);
    }
    store(lab, rms_buf_view(&text));
    assert_int_equal(rms_journal_verify(lab->path, KEY, &cut), 0);
    assert_int_equal(cut.lines, 2);
    assert_string_not_equal(whole.chain, cut.chain);
    rms_buf_fini(&text);
}

static void belongs_to_one_master_key(void **state)
{
    struct lab *lab = *state;
    struct rms_journal *journal;

    write_lines(lab, 1);
    assert_int_equal(good_lines(lab, OTHER, RMS_E_DAMAGED), 0);
    assert_int_equal(rms_journal_open(lab->path, OTHER, &journal), RMS_E_DAMAGED);
    assert_null(journal);
}

/* The machine stopped while a line was written, at every byte of it. */
static void cuts_off_a_torn_line_and_says_so(void **state)
{
    struct lab *lab = *state;
    struct rms_buf text;
    size_t first;

    write_lines(lab, 2);
    load(lab, &text);
    first = (size_t)(strchr(rms_buf_text(&text), '\n') + 1 - rms_buf_text(&text));
    for (size_t len = first + 1; len < text.len; len++) {
        RMS_BUF_CLEANUP struct rms_buf now = RMS_BUF_INIT(65536);

        store(lab, rms_view_of(text.data, len));
        write_lines(lab, 1);
        assert_int_equal(good_lines(lab, KEY, 0), 3);
        assert_int_equal(rms_file_read(lab->path, &now), 0);
        assert_non_null(strstr(rms_buf_text(&now), "torn-line-removed"));
    }
    rms_buf_fini(&text);
}

static void an_empty_journal_is_good(void **state)
{
    struct lab *lab = *state;

    store(lab, rms_view_of(NULL, 0));
    assert_int_equal(good_lines(lab, KEY, 0), 0);
    write_lines(lab, 1);
    assert_int_equal(good_lines(lab, KEY, 0), 1);
}

static void without_a_journal_nothing_is_noted(void **state)
{
    (void)state;
    assert_int_equal(rms_journal_note(NULL, RMS_JOURNAL_DURABLE, "x", NULL), 0);
}

/* The disk takes a few bytes more, then none: what cannot be kept is reported, and nothing of it stays. */
static int note_on_a_full_disk(struct lab *lab)
{
    struct rms_journal *journal;
    struct rlimit limit = {0};
    struct stat info;
    int status;

    if (rms_journal_open(lab->path, KEY, &journal) != 0 || stat(lab->path, &info) != 0) {
        return 100;
    }
    (void)signal(SIGXFSZ, SIG_IGN);
    limit.rlim_cur = limit.rlim_max = (rlim_t)info.st_size + 20;
    if (setrlimit(RLIMIT_FSIZE, &limit) != 0) {
        return 101;
    }
    status = rms_journal_note(journal, RMS_JOURNAL_DURABLE, "lost", NULL);
    rms_journal_free(&journal);
    return status < 0 ? 0 : 102;
}

static void reports_a_full_disk(void **state)
{
    struct lab *lab = *state;
    int status;
    pid_t pid;

    write_lines(lab, 2);
    pid = fork();
    if (pid == 0) {
        _exit(note_on_a_full_disk(lab));
    }
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_int_equal(status, 0);
    assert_int_equal(good_lines(lab, KEY, 0), 2);
    write_lines(lab, 1);
    assert_int_equal(good_lines(lab, KEY, 0), 3);
}

/* A new file goes on from the old one, and both verify; what was left out or exchanged shows. */
static void goes_on_in_a_new_file(void **state)
{
    struct lab *lab = *state;
    struct rms_journal *journal;
    struct rms_journal_report old;
    struct rms_journal_report now;
    char aside[80];
    char before[RMS_JOURNAL_CHAIN];
    struct rms_buf text;
    struct rms_view cut;
    uint64_t lines;

    (void)snprintf(aside, sizeof aside, "%s-1", lab->path);
    write_lines(lab, 3);
    assert_int_equal(rms_journal_verify(lab->path, KEY, &old), 0);
    assert_string_equal(old.continues, "");
    assert_int_equal(rms_journal_open(lab->path, KEY, &journal), 0);
    rms_journal_head(journal, &lines, before);
    assert_true(rms_journal_bytes(journal) > 100);
    assert_int_equal(rms_journal_rotate(&journal, lab->path, aside), 0);
    assert_int_equal(rms_journal_note(journal, RMS_JOURNAL_WRITTEN, "after", NULL), 0);
    rms_journal_free(&journal);
    assert_int_equal(rms_journal_verify(aside, KEY, &old), 0);
    assert_int_equal(old.lines, 3);
    assert_string_equal(old.chain, before);
    write_lines(lab, 1);
    assert_int_equal(rms_journal_verify(lab->path, KEY, &now), 0);
    assert_int_equal(now.lines, 3);
    assert_string_equal(now.continues, before);
    assert_int_equal(rms_journal_verify_all(lab->path, KEY, stderr), 0);
    /* a name that is taken: nothing changes, and the journal goes on */
    assert_int_equal(rms_journal_open(lab->path, KEY, &journal), 0);
    assert_int_equal(rms_journal_rotate(&journal, lab->path, aside), RMS_E_CONFLICT);
    assert_int_equal(rms_journal_note(journal, RMS_JOURNAL_WRITTEN, "still", NULL), 0);
    rms_journal_free(&journal);
    assert_int_equal(good_lines(lab, KEY, 0), 4);
    assert_int_equal(rms_journal_bytes(NULL), 0);
    /* one journal of the same key for another, lines cut off its end, and one taken elsewhere */
    load(lab, &text);
    assert_int_equal(rename(aside, lab->path), 0);
    cut = rms_view_of(strchr(rms_buf_text(&text), '\n') + 1, 0);
    assert_int_equal(rms_file_write(aside, rms_buf_view(&text), 0600), 0);
    assert_int_equal(rms_journal_verify_all(lab->path, KEY, stderr), RMS_E_DAMAGED);
    cut = rms_view_of(text.data, (size_t)(cut.data - text.data));
    store(lab, rms_buf_view(&text));
    assert_int_equal(rms_file_write(aside, cut, 0600), 0);
    assert_int_equal(rms_journal_verify_all(lab->path, KEY, stderr), RMS_E_DAMAGED);
    assert_int_equal(unlink(aside), 0);
    assert_int_equal(rms_journal_verify_all(lab->path, KEY, stderr), 0);
    rms_buf_fini(&text);
}

#define IN_LAB(test) cmocka_unit_test_setup_teardown(test, open_lab, close_lab)

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_LAB(goes_on_where_it_was),
        IN_LAB(numbers_and_escapes),
        IN_LAB(notices_every_changed_byte),
        IN_LAB(notices_lines_moved),
        IN_LAB(a_shorter_journal_has_another_head),
        IN_LAB(belongs_to_one_master_key),
        IN_LAB(cuts_off_a_torn_line_and_says_so),
        IN_LAB(an_empty_journal_is_good),
        cmocka_unit_test(without_a_journal_nothing_is_noted),
        IN_LAB(reports_a_full_disk),
        IN_LAB(goes_on_in_a_new_file),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
