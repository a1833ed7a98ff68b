#include "base/test.h"

#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "service/credential.h"

static int read_pair(struct rms_view text, mode_t mode, struct rms_credential_pair *pair)
{
    char path[] = "/tmp/rms-pair-XXXXXX";
    int fd = mkstemp(path);
    int status;

    assert_true(fd >= 0);
    assert_int_equal(rms_fd_write_all(fd, text.data, text.len), 0);
    assert_int_equal(fchmod(fd, mode), 0);
    (void)close(fd);
    status = rms_credential_pair_read(path, pair);
    (void)unlink(path);
    return status;
}

static void two_lines(void **state)
{
    static const char *const good[] = {
        "name\nsecret", "name\nsecret\n", "name\r\nsecret\r\n", "name\nsecret\nmore\n"};
    struct rms_credential_pair pair;

    (void)state;
    for (size_t i = 0; i < RMS_COUNT(good); i++) {
        assert_int_equal(read_pair(rms_view_str(good[i]), 0600, &pair), 0);
        assert_string_equal(pair.name, "name");
        assert_string_equal(pair.secret, "secret");
    }
}

static void anything_else(void **state)
{
    static const struct rms_view bad[] = {RMS_VIEW_LITERAL(""), RMS_VIEW_LITERAL("\n"),
        RMS_VIEW_LITERAL("name"), RMS_VIEW_LITERAL("name\n"), RMS_VIEW_LITERAL("name\n\n"),
        RMS_VIEW_LITERAL("\nsecret\n"), RMS_VIEW_LITERAL("na\0me\nsecret\n"),
        RMS_VIEW_LITERAL("name\nsec\0ret\n")};
    struct rms_credential_pair pair;
    char text[2 * RMS_CREDENTIAL_TEXT];

    (void)state;
    for (size_t i = 0; i < RMS_COUNT(bad); i++) {
        assert_int_equal(read_pair(bad[i], 0600, &pair), RMS_E_DAMAGED);
    }
    memset(text, 'a', sizeof text);
    text[1] = '\n'; /* never a secret that was cut off */
    assert_int_equal(read_pair(rms_view_of(text, 2 + RMS_CREDENTIAL_TEXT), 0600, &pair), RMS_E_DAMAGED);
    assert_int_equal(read_pair(rms_view_of(text, sizeof text), 0600, &pair), RMS_E_DAMAGED);
    assert_int_equal(read_pair(rms_view_of(text, 1 + RMS_CREDENTIAL_TEXT), 0600, &pair), 0);
    assert_int_equal(strlen(pair.secret), RMS_CREDENTIAL_TEXT - 1);
}

static void who_may_read_it(void **state)
{
    const struct rms_view text = RMS_VIEW_LITERAL("name\nsecret\n");
    struct rms_credential_pair pair;

    (void)state;
    assert_int_equal(read_pair(text, 0640, &pair), 0); /* systemd's, by an access list */
    assert_int_equal(read_pair(text, 0644, &pair), RMS_E_PERMISSION);
    assert_int_equal(pair.name[0], '\0');
    assert_int_equal(rms_credential_pair_read("/tmp", &pair), RMS_E_PERMISSION);
    assert_int_equal(rms_credential_pair_read("/nowhere/at/all", &pair), RMS_E_NOT_FOUND);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(two_lines),
        cmocka_unit_test(anything_else),
        cmocka_unit_test(who_may_read_it),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
