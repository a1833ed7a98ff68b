/* Reading protected content at random, and protecting a stream. */
#include "base/test.h"

#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/file.h"
#include "client/save.h"
#include "client/testing/issuer.h"
#include "format/pfile.h"
#include "xrml/testing/world.h"

#define ROOM        (4u * 1024 * 1024)
#define LEN_FLIPPED 5000

struct fixture {
    struct rms_issuer issuer;
    struct rms_context *alice, *bob;
    struct rms_policy_builder *policy;
};

static int set_up(void **state)
{
    struct fixture *f = test_calloc(1, sizeof *f);

    rms_issuer_open(&f->issuer);
    f->alice = rms_issuer_context(&f->issuer, "alice");
    rms_issuer_enrol(&f->issuer, f->alice, RMS_TEST_ALICE, "user", 31);
    f->bob = rms_issuer_context(&f->issuer, "bob");
    rms_issuer_enrol_reader(&f->issuer, f->bob, RMS_TEST_BOB, "stranger");
    rms_must(rms_policy_custom(f->alice, &f->policy));
    rms_must(rms_policy_grant(f->policy, RMS_TEST_BOB, "VIEW,PRINT", false));
    rms_must(rms_policy_set_name(f->policy, "Reviewers", "May look", "en-US"));
    rms_must(rms_policy_add_data(f->policy, false, "Project", "Blue"));
    rms_must(rms_policy_add_data(f->policy, true, "Case", "1138"));
    *state = f;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *f = *state;

    rms_policy_free(&f->policy);
    rms_context_free(&f->alice);
    rms_context_free(&f->bob);
    rms_issuer_close(&f->issuer);
    test_free(f);
    return 0;
}

/* --- a stream in memory --- */

static uint8_t byte_at(size_t i)
{
    return (uint8_t)(i * 131 >> 3 ^ i);
}

static int collect(void *user_data, const void *data, size_t len)
{
    rms_buf_append(user_data, data, len);
    return rms_buf_status(user_data);
}

static void protect_stream(
    struct fixture *f, size_t len, uint64_t announced, size_t piece, struct rms_buf *out)
{
    const struct rms_sink sink = {out, collect};
    struct rms_protector *protector = NULL;
    struct rms_buf RMS_BUF_CLEANUP clear = RMS_BUF_INIT(ROOM);

    for (size_t i = 0; i < len; i++) {
        rms_buf_append_byte(&clear, byte_at(i));
    }
    assert_int_equal(rms_protector_new(f->alice, f->policy, ".txt", announced, &sink, &protector), 0);
    for (size_t at = 0; at < len; at += piece) {
        assert_int_equal(
            rms_protector_write(protector, clear.data + at, len - at < piece ? len - at : piece), 0);
    }
    assert_int_equal(rms_protector_finish(protector), 0);
    rms_protector_free(&protector);
    assert_null(protector);
}

static int64_t read_buf(void *user_data, uint64_t offset, void *buffer, size_t len)
{
    const struct rms_buf *bytes = user_data;
    size_t left = offset < bytes->len ? bytes->len - (size_t)offset : 0;

    len = len < left ? len : left;
    len = len > 3000 ? 3000 : len; /* short reads are allowed */
    memcpy(buffer, bytes->data + offset, len);
    return (int64_t)len;
}

static struct rms_document *open_buf(struct rms_context *context, struct rms_buf *bytes, int code)
{
    const struct rms_source source = {bytes, bytes->len, read_buf};
    struct rms_document *document = NULL;

    assert_int_equal(rms_document_open(context, &source, &document), code);
    assert_true((document != NULL) == (code == 0));
    return document;
}

static void check_content(struct rms_document *document, size_t len)
{
    static const size_t offsets[] = {
        0, 1, 15, 16, 4095, 4096, 4097, 262143, 262144, 262145, 300000, 1048575, 1048576};
    uint8_t part[5000];
    uint64_t size = 0;

    assert_int_equal(rms_document_size(document, &size), 0);
    assert_int_equal(size, len);
    for (size_t i = 0; i < RMS_COUNT(offsets); i++) {
        size_t at = offsets[i];
        size_t expected = at >= len ? 0 : (len - at < sizeof part ? len - at : sizeof part);

        assert_int_equal(rms_document_read(document, at, part, sizeof part), expected);
        for (size_t k = 0; k < expected; k++) {
            assert_int_equal(part[k], byte_at(at + k));
        }
    }
    assert_int_equal(rms_document_read(document, len, part, 1), 0);
    assert_int_equal(rms_document_read(document, UINT64_MAX, part, 1), 0);
    assert_int_equal(rms_document_read(document, 0, NULL, 0), 0);
}

static void streams_of_many_sizes(void **state)
{
    static const size_t lens[] = {0, 1, 16, 4095, 4096, 4097, 262143, 262144, 262145, 524288, 1048577};
    static const size_t pieces[] = {1u << 20, 4096, 1000};
    struct fixture *f = *state;

    for (size_t i = 0; i < RMS_COUNT(lens); i++) {
        for (size_t k = 0; k < RMS_COUNT(pieces); k++) {
            struct rms_buf RMS_BUF_CLEANUP out = RMS_BUF_INIT(ROOM);
            struct rms_document *document;

            protect_stream(f, lens[i], k == 0 ? lens[i] : UINT64_MAX, pieces[k], &out);
            document = open_buf(f->alice, &out, 0);
            check_content(document, lens[i]);
            rms_document_free(&document);
        }
    }
}

static void announced_sizes_hold(void **state)
{
    struct fixture *f = *state;
    struct rms_buf RMS_BUF_CLEANUP out = RMS_BUF_INIT(ROOM);
    const struct rms_sink sink = {&out, collect};
    struct rms_protector *protector = NULL;

    assert_int_equal(rms_protector_new(f->alice, f->policy, NULL, 5, &sink, &protector), 0);
    assert_int_equal(rms_protector_write(protector, "123456", 6), RMS_E_BAD_ARGUMENT);
    assert_int_equal(rms_protector_write(protector, "123", 3), 0);
    assert_int_equal(rms_protector_finish(protector), RMS_E_BAD_ARGUMENT);
    assert_int_equal(rms_protector_write(protector, "45", 2), 0);
    assert_int_equal(rms_protector_finish(protector), 0);
    assert_int_equal(rms_protector_finish(protector), RMS_E_BAD_ARGUMENT);
    assert_int_equal(rms_protector_write(protector, "6", 1), RMS_E_BAD_ARGUMENT);
    rms_protector_free(&protector);
    assert_int_equal(rms_protector_new(f->alice, f->policy, "txt", 5, &sink, &protector), RMS_E_BAD_ARGUMENT);
    assert_int_equal(
        rms_protector_new(f->alice, f->policy, ".a/b", 5, &sink, &protector), RMS_E_BAD_ARGUMENT);
    assert_int_equal(rms_protector_new(f->alice, f->policy, ".a", 5, NULL, &protector), RMS_E_BAD_ARGUMENT);
    assert_int_equal(rms_protector_new(f->alice, NULL, ".a", 5, &sink, &protector), RMS_E_BAD_ARGUMENT);
    assert_null(protector);
}

static int refuse(void *user_data, const void *data, size_t len)
{
    (void)data, (void)len;
    return (*(int *)user_data)-- > 0 ? 0 : RMS_E_NO_SPACE;
}

static void a_sink_that_is_full(void **state)
{
    struct fixture *f = *state;
    int left = 1;
    const struct rms_sink sink = {&left, refuse};
    struct rms_protector *protector = NULL;

    assert_int_equal(rms_protector_new(f->alice, f->policy, ".txt", UINT64_MAX, &sink, &protector), 0);
    assert_int_equal(rms_protector_write(protector, "x", 1), 0);
    assert_int_equal(rms_protector_finish(protector), RMS_E_NO_SPACE);
    left = 100;
    assert_int_equal(rms_protector_finish(protector), RMS_E_NO_SPACE); /* broken stays broken */
    rms_protector_free(&protector);
    left = 0;
    assert_int_equal(rms_protector_new(f->alice, f->policy, ".txt", 1, &sink, &protector), RMS_E_NO_SPACE);
}

/* touches: C-084, C-087 */
static void what_a_document_says(void **state)
{
    struct fixture *f = *state;
    struct rms_test_use use = {
        RMS_TEST_BOB, "stranger", RMS_RIGHT_VIEW | RMS_RIGHT_PRINT, RMS_TIME_NONE, RMS_TIME_NONE};
    const struct rms_document_info *info;
    struct rms_document *document;
    struct rms_file_result result;
    char path[4096];

    rms_test_fill(rms_test_path(&f->issuer, "a.txt"), 1000);
    rms_must(rms_protect_file(f->alice, rms_test_path(&f->issuer, "a.txt"), f->policy, NULL, &result));
    memcpy(path, result.output, sizeof path);
    assert_int_equal(rms_document_open_file(f->alice, path, &document), 0);
    info = rms_document_info(document);
    assert_string_equal(info->name, "Reviewers");
    assert_string_equal(info->owner, RMS_TEST_ALICE);
    assert_string_equal(info->issued_to, RMS_TEST_ALICE);
    assert_string_equal(info->extension, ".txt");
    assert_string_equal(info->content_id, result.content_id);
    assert_string_equal(info->rights[0], "OWNER");
    assert_null(info->rights[1]);
    assert_true(info->is_owner);
    assert_true(info->from_cache);
    assert_int_equal(info->content_valid_until, RMS_NEVER);
    assert_null(info->template_id);
    assert_true(rms_document_allows(document, "PRINT"));
    assert_true(rms_document_allows(document, "ANYTHING.AT.ALL"));
    assert_string_equal(rms_document_data(document, "Project"), "Blue");
    assert_string_equal(rms_document_data(document, "Case"), "1138");
    assert_null(rms_document_data(document, "absent"));
    rms_document_free(&document);

    assert_int_equal(rms_document_open_file(f->bob, path, &document), RMS_E_NEEDS_ONLINE);
    rms_issuer_license(&f->issuer, f->bob, path, &use);
    assert_int_equal(rms_document_open_file(f->bob, path, &document), 0);
    assert_true(rms_document_allows(document, "view"));
    assert_true(rms_document_allows(document, "PRINT"));
    assert_false(rms_document_allows(document, "EDIT"));
    assert_false(rms_document_allows(document, "OWNER"));
    assert_false(rms_document_info(document)->is_owner);
    rms_document_free(&document);

    use.rights = RMS_RIGHT_PRINT;
    rms_issuer_license(&f->issuer, f->bob, path, &use);
    assert_int_equal(rms_document_open_file(f->bob, path, &document), RMS_E_NO_RIGHTS);
}

/* touches: C-069 */
static void changed_bytes(void **state)
{
    struct fixture *f = *state;
    struct rms_buf RMS_BUF_CLEANUP good = RMS_BUF_INIT(ROOM);
    struct rms_pfile pfile;
    struct rms_reader reader;
    struct rms_view view;

    protect_stream(f, 5000, 5000, 5000, &good);
    view = rms_buf_view(&good);
    reader = rms_reader_of_view(&view);
    rms_must(rms_pfile_parse(&reader, &pfile));
    for (size_t at = 0; at < pfile.content_offset; at += 61) {
        struct rms_buf RMS_BUF_CLEANUP bad = RMS_BUF_INIT(ROOM);
        const struct rms_source source = {&bad, good.len, read_buf};
        struct rms_document *document = NULL;
        int code;

        rms_buf_append_view(&bad, view);
        bad.data[at] ^= 1;
        code = rms_document_open(f->alice, &source, &document);
        /* the redirect text and the licence's unsigned edges may differ; what opens is whole */
        if (code == 0) {
            check_content(document, 5000);
        }
        rms_document_free(&document);
    }
}

/* The format authenticates no content (doc/format/pfile.md): a flipped bit is found when it reaches the
 * padding, and otherwise harms its cipher block and the next of the same chain, nothing else. touches: C-069
 */
static void flipped_content(void **state)
{
    struct fixture *f = *state;
    struct rms_buf RMS_BUF_CLEANUP bytes = RMS_BUF_INIT(ROOM);
    uint8_t clear[LEN_FLIPPED];
    struct rms_pfile pfile;
    struct rms_reader reader;
    struct rms_view view;
    unsigned found = 0;

    protect_stream(f, sizeof clear, sizeof clear, sizeof clear, &bytes);
    view = rms_buf_view(&bytes);
    reader = rms_reader_of_view(&view);
    rms_must(rms_pfile_parse(&reader, &pfile));
    for (size_t at = 0; at < pfile.content_len; at += 25) {
        const struct rms_source source = {&bytes, bytes.len, read_buf};
        struct rms_document *document = NULL;
        int64_t got;

        bytes.data[pfile.content_offset + at] ^= 1;
        got = rms_document_open(f->alice, &source, &document);
        got = got == 0 ? rms_document_read(document, 0, clear, sizeof clear) : got;
        assert_true(got == RMS_E_DAMAGED || got == sizeof clear);
        for (size_t i = 0; got > 0 && i < sizeof clear; i++) {
            bool near = i / 16 >= at / 16 && i / 16 <= at / 16 + 1 && i / 4096 == at / 4096;

            assert_true(near || clear[i] == byte_at(i));
        }
        found += got < 0;
        rms_document_free(&document);
        bytes.data[pfile.content_offset + at] ^= 1;
    }
    assert_true(found > 0);
}

static struct rms_view content_of(const struct rms_buf *file)
{
    struct rms_view view = rms_buf_view(file);
    struct rms_reader reader = rms_reader_of_view(&view);
    struct rms_pfile pfile;

    rms_must(rms_pfile_parse(&reader, &pfile));
    return rms_view_of(view.data + pfile.content_offset, (size_t)pfile.content_len);
}

/* Content id and key of a file, as alice has it. */
struct identity_of_content {
    char content_id[RMS_GUID_TEXT];
    uint8_t key[RMS_CONTENT_KEY_MAX];
    size_t key_len;
};

static struct identity_of_content identify(struct fixture *f, const char *path)
{
    struct identity_of_content found = {0};
    struct rms_document *document = NULL;
    struct rms_view key;

    assert_int_equal(rms_document_open_file(f->alice, path, &document), 0);
    key = rms_secret_view(rms_document_opened(document)->access->key.key);
    memcpy(found.content_id, rms_document_info(document)->content_id, sizeof found.content_id);
    memcpy(found.key, key.data, key.len);
    found.key_len = key.len;
    rms_document_free(&document);
    return found;
}

/* proves: C-066 - a key of its own for each document, which goes through edits with it. */
static void a_key_for_each_document(void **state)
{
    struct fixture *f = *state;
    struct rms_buf RMS_BUF_CLEANUP first = RMS_BUF_INIT(ROOM);
    struct rms_buf RMS_BUF_CLEANUP second = RMS_BUF_INIT(ROOM);
    const char *path = rms_test_path(&f->issuer, "plan.txt");
    struct rms_document *document = NULL;
    struct identity_of_content made;
    struct identity_of_content now;
    struct rms_file_result result;
    struct rms_view a;
    struct rms_view b;

    protect_stream(f, 5000, 5000, 5000, &first);
    protect_stream(f, 5000, 5000, 5000, &second);
    a = content_of(&first);
    b = content_of(&second);
    for (size_t i = 0; i + 16 <= a.len; i += 16) {
        for (size_t k = 0; k + 16 <= b.len; k += 16) {
            assert_memory_not_equal(a.data + i, b.data + k, 16);
        }
    }

    rms_test_fill(path, 5000);
    assert_int_equal(rms_protect_file(f->alice, path, f->policy, NULL, &result), 0);
    made = identify(f, result.output);
    for (size_t len = 0; len < 9000; len += 4000) {
        const char *edited = rms_test_path(&f->issuer, "edited.txt");

        rms_test_fill(edited, len);
        assert_int_equal(rms_document_open_file(f->alice, result.output, &document), 0);
        assert_int_equal(rms_document_save(document, edited, result.output), 0);
        rms_document_free(&document);
        now = identify(f, result.output);
        assert_string_equal(now.content_id, made.content_id);
        assert_int_equal(now.key_len, made.key_len);
        assert_memory_equal(now.key, made.key, made.key_len);
    }
}

/* The result goes somewhere else than what it is made from, and where that can be written. proves: C-076 */
static void never_over_the_input(void **state)
{
    static const char *const names[] = {"a.png", "a.docx.txt", "a.bin"};
    struct fixture *f = *state;
    struct rms_source edited = {.size = 0, .read = read_buf};
    struct rms_buf RMS_BUF_CLEANUP content = RMS_BUF_INIT(ROOM);
    struct rms_document *document = NULL;
    struct rms_file_result result;
    struct rms_file_result none;
    char path[4096];
    int fd;

    for (size_t i = 0; i < RMS_COUNT(names); i++) {
        (void)snprintf(path, sizeof path, "%s", rms_test_path(&f->issuer, names[i]));
        const struct rms_file_options same = {.size = sizeof same, .output = path};

        rms_test_fill(path, 3000);
        assert_int_equal(rms_protect_file(f->alice, path, f->policy, &same, &none), RMS_E_CONFLICT);
        assert_true(rms_test_holds(path, 3000));
        assert_int_equal(rms_protect_file(f->alice, path, f->policy, NULL, &result), 0);
        const struct rms_file_options back = {.size = sizeof back, .output = result.output};

        assert_int_equal(rms_unprotect_file(f->alice, result.output, &back, &none), RMS_E_CONFLICT);
        assert_int_equal(rms_document_open_file(f->alice, result.output, &document), 0);
        edited.user_data = &content;
        /* the file itself, and one that can only be read */
        fd = open(result.output, O_RDWR | O_CLOEXEC);
        assert_int_equal(rms_document_save_to(document, &edited, fd), RMS_E_BAD_ARGUMENT);
        (void)close(fd);
        fd = open(rms_test_path(&f->issuer, "empty"), O_RDONLY | O_CREAT | O_CLOEXEC, 0600);
        assert_true(fd >= 0);
        assert_int_equal(rms_document_save_to(document, &edited, fd), RMS_E_IO);
        (void)close(fd);
        rms_document_free(&document);
        assert_int_equal(unlink(path), 0);
        assert_int_equal(rms_unprotect_file(f->alice, result.output, NULL, &none), 0);
        assert_true(rms_test_holds(none.output, 3000));
    }
}

static void cut_content(void **state)
{
    struct fixture *f = *state;
    static const size_t cuts[] = {1, 15, 16, 32, 904, 4096, 5008};
    struct rms_buf RMS_BUF_CLEANUP good = RMS_BUF_INIT(ROOM);

    protect_stream(f, 5000, 5000, 5000, &good);
    for (size_t i = 0; i < RMS_COUNT(cuts); i++) {
        struct rms_buf RMS_BUF_CLEANUP bad = RMS_BUF_INIT(ROOM);

        rms_buf_append(&bad, good.data, good.len - cuts[i]);
        (void)open_buf(f->alice, &bad, RMS_E_DAMAGED);
    }
    rms_buf_append(&good, "0123456789abcdef", 16);
    (void)open_buf(f->alice, &good, RMS_E_DAMAGED);
}

/* The header is not signed; what it says must agree with the licence. */
static void changed_header(void **state)
{
    struct fixture *f = *state;
    struct rms_buf RMS_BUF_CLEANUP good = RMS_BUF_INIT(ROOM);
    uint8_t *extension;

    protect_stream(f, 100, 100, 100, &good);
    extension = memmem(good.data, 1000, ".txt", 4);
    assert_non_null(extension);
    memcpy(extension, ".exe", 4);
    (void)open_buf(f->alice, &good, RMS_E_BAD_SIGNATURE);
    memcpy(extension, ".txt", 4);
    rms_document_free(&(struct rms_document *){open_buf(f->alice, &good, 0)});
}

static void other_sources(void **state)
{
    struct fixture *f = *state;
    struct rms_buf RMS_BUF_CLEANUP bytes = RMS_BUF_INIT(ROOM);
    struct rms_source source = {&bytes, UINT64_MAX, read_buf};
    struct rms_document *document = NULL;

    assert_int_equal(rms_document_open(f->alice, &source, &document), RMS_E_BAD_ARGUMENT);
    source.size = 10;
    source.read = NULL;
    assert_int_equal(rms_document_open(f->alice, &source, &document), RMS_E_BAD_ARGUMENT);
    assert_int_equal(rms_document_open(f->alice, NULL, &document), RMS_E_BAD_ARGUMENT);
    rms_buf_append_str(&bytes, "just a text that is not protected");
    (void)open_buf(f->alice, &bytes, RMS_E_NOT_PROTECTED);
    assert_int_equal(
        rms_document_open_file(f->alice, rms_test_path(&f->issuer, "none"), &document), RMS_E_NOT_FOUND);
    assert_int_equal(rms_document_open_file(f->alice, f->issuer.folder, &document), RMS_E_BAD_ARGUMENT);
    rms_document_free(&document);
}

/* A file of another organisation's service: readable header, no key. */
static void foreign_file(void **state)
{
    struct fixture *f = *state;
    const char *root = getenv("RMS_SOURCE_DIR");
    struct rms_document *document = NULL;
    struct rms_file_status status;
    char path[4096];

    (void)snprintf(path, sizeof path, "%s/test/vectors/pfile/linuxTest.txt.pfile", root != NULL ? root : ".");
    assert_int_equal(rms_file_status(f->alice, path, &status), 0);
    assert_int_equal(status.protection, RMS_PROTECTED_GENERIC);
    assert_true(status.signature_consistent);
    assert_false(status.signature_trusted);
    assert_int_equal(rms_document_open_file(f->alice, path, &document), RMS_E_NEEDS_ONLINE);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(streams_of_many_sizes),
        TEST(announced_sizes_hold),
        TEST(a_sink_that_is_full),
        TEST(what_a_document_says),
        TEST(changed_bytes),
        TEST(flipped_content),
        TEST(a_key_for_each_document),
        TEST(never_over_the_input),
        TEST(cut_content),
        TEST(changed_header),
        TEST(other_sources),
        TEST(foreign_file),
    };

    return cmocka_run_group_tests_name("client document", tests, NULL, NULL);
}
