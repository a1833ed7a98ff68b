/* Use licences that travel in Office documents: Bob's second device has none of its own and no service, so it
 * opens what a document carries for him, and nothing else. Against an issuer made here. */
#include "base/test.h"

#include <stdlib.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "client/cache.h"
#include "client/context.h"
#include "client/eul.h"
#include "client/identity.h"
#include "client/opened.h"
#include "client/testing/people.h"
#include "crypto/base64.h"
#include "format/office.h"
#include "xrml/testing/world.h"

#define FILE_MAX ((size_t)16 * 1024 * 1024)
#define CAROL    "carol@contoso.example"

static const struct rms_file_options in_place = {.size = sizeof in_place, .in_place = true};
static const uint8_t word_head[600] = {0xec, 0xa5, 0xc1};

/* --- documents --- */

static void make_package(struct rms_buf *out)
{
    rms_buf_append_str(out, "PK\003\004");
    while (out->len < 9000) {
        rms_buf_append_byte(out, (uint8_t)(out->len * 13));
    }
}

static void make_word(struct rms_buf *out)
{
    const struct rms_writer to = rms_writer_of_buf(out);
    struct rms_cfb_writer *writer = NULL;

    rms_must(rms_cfb_writer_new(&to, &writer));
    rms_must(rms_cfb_put(writer, "WordDocument", rms_view_of(word_head, sizeof word_head)));
    rms_must(rms_cfb_put(writer, "Macros", RMS_VIEW_LITERAL("stays in clear")));
    rms_must(rms_cfb_finish(writer));
    rms_cfb_writer_free(&writer);
}

/* Protected by Alice, with a licence for Bob in his first device's store. */
static const char *protect(struct fixture *f, const char *name, uint32_t rights, int64_t until)
{
    static char path[512];
    struct rms_test_use use = {RMS_TEST_BOB, "stranger", rights, until, RMS_TIME_NONE};
    struct rms_buf RMS_BUF_CLEANUP clear = RMS_BUF_INIT(FILE_MAX);

    (void)snprintf(path, sizeof path, "%s", rms_test_path(&f->issuer, name));
    strcmp(strrchr(name, '.'), ".doc") == 0 ? make_word(&clear) : make_package(&clear);
    rms_test_write(path, clear.data, clear.len);
    rms_must(rms_protect_file(f->alice, path, f->policy, &in_place, NULL));
    rms_issuer_license(&f->issuer, f->bob, path, &use);
    return path;
}

/* --- what is in a file --- */

struct file {
    struct rms_buf bytes;
    struct rms_view view;
    struct rms_reader reader;
    struct rms_container container;
};

static void file_open(const char *path, struct file *file)
{
    *file = (struct file){.bytes = RMS_BUF_INIT(FILE_MAX)};
    rms_must(rms_file_read(path, &file->bytes));
    file->view = rms_buf_view(&file->bytes);
    file->reader = rms_reader_of_view(&file->view);
    rms_must(rms_container_open(&file->reader, &file->container));
}

static void file_close(struct file *file)
{
    rms_container_close(&file->container);
    rms_buf_fini(&file->bytes);
}
#define CLOSE_FILE __attribute__((cleanup(file_close)))

static bool is_eul(const struct rms_cfb_entry *entry)
{
    return strncmp(entry->name, "EUL-", 4) == 0;
}

/* Every stream of one is in the other under the same names with the same bytes, but for EUL streams. */
static void same_streams(const struct file *a, const struct file *b)
{
    const struct rms_cfb_entry *entry;

    for (uint32_t i = 1; (entry = rms_cfb_entry(a->container.cfb, i)) != NULL; i++) {
        struct rms_buf RMS_BUF_CLEANUP one = RMS_BUF_INIT(FILE_MAX);
        const struct rms_cfb_entry *other = NULL;
        bool found = entry->storage || is_eul(entry);

        rms_must(entry->storage ? 0 : rms_cfb_read(a->container.cfb, i, &one));
        for (uint32_t k = 1; !found && (other = rms_cfb_entry(b->container.cfb, k)) != NULL; k++) {
            struct rms_buf RMS_BUF_CLEANUP two = RMS_BUF_INIT(FILE_MAX);

            if (strcmp(other->name, entry->name) == 0 && other->size == entry->size) {
                rms_must(rms_cfb_read(b->container.cfb, k, &two));
                found = rms_view_equal(rms_buf_view(&one), rms_buf_view(&two));
            }
        }
        assert_true(found);
    }
}

/* How many use licences a file carries; the last one's stream is appended. */
static size_t euls(const char *path, struct rms_buf *last)
{
    struct file CLOSE_FILE file;
    const struct rms_cfb_entry *entry;
    size_t count = 0;

    file_open(path, &file);
    for (uint32_t i = 1; (entry = rms_cfb_entry(file.container.cfb, i)) != NULL; i++) {
        if (is_eul(entry)) {
            assert_int_equal(strlen(entry->name), 30);
            assert_int_equal(strspn(entry->name + 4, "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"), 26);
            assert_int_equal(entry->parent, file.container.transform);
            rms_buf_reset(last);
            rms_must(rms_cfb_read(file.container.cfb, i, last));
            count++;
        }
    }
    return count;
}

/* --- what people can do with it --- */

/* Bob's other device: the same account certificate, and nothing kept. */
static struct rms_context *second_device(struct fixture *f)
{
    static unsigned count;
    char name[32];
    struct rms_context *context;

    (void)snprintf(name, sizeof name, "second%u", ++count);
    context = rms_issuer_context(&f->issuer, name);
    rms_issuer_enrol_reader(&f->issuer, context, RMS_TEST_BOB, "stranger");
    return context;
}

static int opens(struct rms_context *context, const char *path)
{
    struct rms_document *document = NULL;
    int code = rms_document_open_file(context, path, &document);

    if (code == 0) {
        assert_true(rms_document_info(document)->from_cache);
        assert_string_equal(rms_document_info(document)->issued_to, RMS_TEST_BOB);
    }
    rms_document_free(&document);
    return code;
}

static int opens_elsewhere(struct fixture *f, const char *path)
{
    struct rms_context *second = second_device(f);
    int code = opens(second, path);

    rms_context_free(&second);
    return code;
}

static int embed(struct rms_context *context, const char *path)
{
    struct rms_document *document = NULL;
    int code;

    rms_must(rms_document_open_file(context, path, &document));
    code = rms_document_embed_license(document, path);
    rms_document_free(&document);
    return code;
}

/* In both forms: put there once however often it is asked for, the published encoding, everything else byte
 * for byte, the seal whole, and the document opens. touches: C-080 */
static void travels(void **state)
{
    static const char *const names[] = {"a.docx", "a.doc"};
    static const char id[] = "W\0i\0n\0d\0o\0w\0s\0:\0b\0o\0b\0";
    struct fixture *f = *state;

    for (size_t i = 0; i < RMS_COUNT(names); i++) {
        const char *path = protect(f, names[i], RMS_RIGHT_VIEW, rms_clock_now() + RMS_DAY_S);
        struct rms_buf RMS_BUF_CLEANUP stream = RMS_BUF_INIT(RMS_EUL_MAX);
        struct rms_buf RMS_BUF_CLEANUP wide = RMS_BUF_INIT(1024);
        struct file CLOSE_FILE before;
        struct file CLOSE_FILE after;
        struct rms_file_status status;
        struct rms_view text;
        size_t header;

        file_open(path, &before);
        assert_int_equal(opens_elsewhere(f, path), RMS_E_NEEDS_ONLINE);
        rms_must(embed(f->bob, path));
        rms_must(embed(f->bob, path));
        assert_int_equal(euls(path, &stream), 1);
        header = stream.data[0] | (size_t)stream.data[1] << 8;
        assert_int_equal(header, 8 + (stream.data[4] + 3) / 4 * 4);
        rms_must(rms_base64_decode(rms_view_of(stream.data + 8, stream.data[4]), &wide));
        assert_memory_equal(wide.data, id, sizeof id - 1);
        rms_must(rms_ds_parse_eul(rms_buf_view(&stream), &text));
        assert_int_equal(stream.len, header + 4 + (text.len + 3) / 4 * 4);
        assert_memory_equal(text.data, "<?xml version=\"1.0\"?><certificatechain><certificate>PABY", 56);
        file_open(path, &after);
        same_streams(&before, &after);
        same_streams(&after, &before);
        rms_must(rms_file_status(f->alice, path, &status));
        assert_string_equal(status.sealed_by, RMS_TEST_ALICE);
        assert_int_equal(opens_elsewhere(f, path), 0);
        assert_int_equal(embed(f->alice, path), RMS_E_UNSUPPORTED); /* hers is in the publishing licence */
    }
}

static int save(struct rms_context *context, const char *path)
{
    char edited[600];
    struct rms_buf RMS_BUF_CLEANUP clear = RMS_BUF_INIT(FILE_MAX);
    struct rms_document *document = NULL;
    int code;

    (void)snprintf(edited, sizeof edited, "%s.edited", path);
    make_package(&clear);
    rms_test_write(edited, clear.data, clear.len);
    rms_must(rms_document_open_file(context, path, &document));
    code = rms_document_save(document, edited, path);
    rms_document_free(&document);
    return code;
}

/* Everything of a storage; where the way to the transforms leads through, that with one stream more. */
static void copy_with_label(struct rms_cfb_writer *writer, struct rms_cfb *from, uint32_t storage)
{
    const struct rms_cfb_entry *entry;

    for (uint32_t i = 1; (entry = rms_cfb_entry(from, i)) != NULL; i++) {
        bool way = strcmp(entry->name, "\006DataSpaces") == 0 || strcmp(entry->name, "TransformInfo") == 0;

        if (entry->parent != storage) {
            continue;
        }
        if (!way) {
            rms_must(rms_cfb_copy(writer, from, i));
            continue;
        }
        rms_must(rms_cfb_enter(writer, entry->name));
        copy_with_label(writer, from, i);
        if (strcmp(entry->name, "TransformInfo") == 0) {
            rms_must(rms_cfb_put(writer, "LabelInfo", RMS_VIEW_LITERAL("labels of another program")));
        }
        rms_must(rms_cfb_leave(writer));
    }
}

static void add_label(const char *path)
{
    struct rms_buf RMS_BUF_CLEANUP made = RMS_BUF_INIT(FILE_MAX);
    const struct rms_writer to = rms_writer_of_buf(&made);
    struct rms_cfb_writer *writer = NULL;
    struct file CLOSE_FILE file;

    file_open(path, &file);
    rms_must(rms_cfb_writer_new(&to, &writer));
    copy_with_label(writer, file.container.cfb, RMS_CFB_ROOT);
    rms_must(rms_cfb_finish(writer));
    rms_cfb_writer_free(&writer);
    rms_test_write(path, made.data, made.len);
}

static bool has_label(const char *path)
{
    struct rms_buf RMS_BUF_CLEANUP stream = RMS_BUF_INIT(1024);
    struct file CLOSE_FILE file;
    struct rms_cfb *cfb;
    uint32_t index;

    file_open(path, &file);
    cfb = file.container.cfb;
    if (rms_cfb_find(cfb, rms_cfb_entry(cfb, file.container.transform)->parent, "LabelInfo", &index) != 0) {
        return false;
    }
    rms_must(rms_cfb_read(cfb, index, &stream));
    return rms_view_equal(rms_buf_view(&stream), RMS_VIEW_LITERAL("labels of another program"));
}

/* Saving puts the editor's licence there, and keeps what the document carries for others, and its labels;
 * protecting again makes the licences void. */
static void saved(void **state)
{
    struct fixture *f = *state;
    const char *path = protect(f, "s.docx", RMS_RIGHT_VIEW | RMS_RIGHT_EDIT, rms_clock_now() + RMS_DAY_S);
    struct rms_buf RMS_BUF_CLEANUP first = RMS_BUF_INIT(RMS_EUL_MAX);
    struct rms_buf RMS_BUF_CLEANUP second = RMS_BUF_INIT(RMS_EUL_MAX);

    add_label(path);
    rms_must(save(f->bob, path));
    assert_true(has_label(path));
    assert_int_equal(euls(path, &first), 1);
    assert_int_equal(opens_elsewhere(f, path), 0);
    rms_must(save(f->bob, path));
    rms_must(embed(f->bob, path));
    assert_int_equal(euls(path, &first), 1);
    rms_must(save(f->alice, path));
    assert_true(has_label(path));
    assert_int_equal(euls(path, &second), 1);
    assert_true(rms_view_equal(rms_buf_view(&first), rms_buf_view(&second)));
    rms_must(rms_protect_file(f->alice, path, f->policy, &in_place, NULL));
    assert_int_equal(euls(path, &first), 0);
}

/* One for a single opening is not kept, there neither. */
static void not_to_be_kept(void **state)
{
    struct fixture *f = *state;
    const char *path = protect(f, "k.docx", RMS_RIGHT_VIEW, rms_clock_now() - 1);

    assert_int_equal(opens(f->bob, path), RMS_E_NEEDS_ONLINE);
    assert_int_equal(opens_elsewhere(f, path), RMS_E_NEEDS_ONLINE);
}

/* --- what an attacker puts there --- */

/* Any bytes as a use licence of this person. */
static void plant(const char *path, const char *user, struct rms_view chain, bool oversized)
{
    struct rms_arena *arena = rms_arena_new(FILE_MAX);
    struct rms_access access = {.arena = arena, .address = user, .use_chain = chain, .offline_kept = true};
    struct rms_opened opened = {.access = &access};
    struct rms_buf RMS_BUF_CLEANUP stream = RMS_BUF_INIT(2 * RMS_EUL_MAX);
    struct rms_buf RMS_BUF_CLEANUP made = RMS_BUF_INIT(FILE_MAX);
    const struct rms_writer to = rms_writer_of_buf(&made);
    struct file file;
    struct rms_eul eul;

    file_open(path, &file);
    opened.container = file.container;
    rms_must(rms_eul_make(&opened, &stream, &eul));
    assert_true(eul.stream.len > 0);
    while (oversized && stream.len <= RMS_EUL_MAX) {
        rms_buf_append_byte(&stream, 0);
        eul.stream = rms_buf_view(&stream);
    }
    rms_must(rms_office_embed(&eul, &to));
    rms_test_write(path, made.data, made.len);
    file_close(&file);
    rms_arena_free(&arena);
}

/* Bob's own licence from the service for what is in the file. */
static void bobs_chain(struct fixture *f, const char *path, struct rms_buf *out)
{
    struct rms_buf RMS_BUF_CLEANUP licence = RMS_BUF_INIT(FILE_MAX);
    struct rms_content_key key;
    enum rms_cached kind;
    struct file CLOSE_FILE file;

    file_open(path, &file);
    rms_must(rms_container_licence(&file.container, &licence));
    rms_must(rms_cache_get(f->bob, RMS_TEST_BOB, rms_buf_view(&licence), &kind, out, &key));
}

/* Alice, who has the content key, makes Bob the owner by a licence that her certificate signs. */
static void self_made(struct fixture *f, const char *path, struct rms_buf *out)
{
    struct rms_arena *arena = rms_arena_new(FILE_MAX);
    struct rms_rsa_private *key = rms_world_key("stranger");
    struct rms_buf RMS_BUF_CLEANUP licence = RMS_BUF_INIT(FILE_MAX);
    struct rms_buf RMS_BUF_CLEANUP bits = RMS_BUF_INIT(RMS_ENABLING_MAX);
    struct rms_identity RMS_IDENTITY_CLEANUP *alice = NULL;
    struct rms_identity RMS_IDENTITY_CLEANUP *bob = NULL;
    const struct rms_rights all = {.bits = RMS_RIGHT_OWNER};
    struct rms_ul_request request = {.rights = &all,
        .issued_at = rms_clock_now(),
        .content_valid_until = RMS_TIME_NONE,
        .licence_valid_until = RMS_TIME_NONE};
    struct rms_content_key content;
    struct file CLOSE_FILE file;
    struct rms_pl pl;

    file_open(path, &file);
    rms_must(rms_container_licence(&file.container, &licence));
    rms_must(rms_pl_parse(arena, rms_buf_view(&licence), &pl));
    rms_must(rms_identity_get(f->alice, RMS_FOR_PUBLISHING, &alice));
    rms_must(rms_identity_get(f->bob, RMS_FOR_OPENING, &bob));
    rms_must(
        rms_enabling_open_owned_key(f->issuer.server_key, &pl.bits, pl.bits_bound, pl.owner_bound, &content));
    rms_must(rms_enabling_seal_key(
        rms_rsa_public_of(key), content.mode, rms_secret_view(content.key), alice->clc_bound, &bits));
    request.pl = &pl;
    request.rac = &bob->rac;
    request.bits = rms_buf_view(&bits);
    rms_must(rms_ul_build(&alice->server, &alice->clc, &request, &alice->clc_signer, out));
    rms_buf_append_view(out, alice->clc.node->xrml->source);
    rms_buf_append_view(out, alice->server.slc_text);
    rms_content_key_fini(&content);
    rms_rsa_private_free(&key);
    rms_arena_free(&arena);
}

/* Changed, of another document, of another person, made by somebody else than the service, longer than one
 * can be, or under another name: as if it were not there; a good one among them still counts. */
static void planted(void **state)
{
    struct fixture *f = *state;
    const int64_t until = rms_clock_now() + RMS_DAY_S;
    struct rms_test_use carols = {CAROL, "user", RMS_RIGHT_VIEW, until, RMS_TIME_NONE};
    struct rms_buf RMS_BUF_CLEANUP other = RMS_BUF_INIT(FILE_MAX);
    struct rms_buf RMS_BUF_CLEANUP good = RMS_BUF_INIT(FILE_MAX);
    struct rms_buf RMS_BUF_CLEANUP made = RMS_BUF_INIT(FILE_MAX);
    struct rms_buf RMS_BUF_CLEANUP foreign = RMS_BUF_INIT(FILE_MAX);
    struct rms_buf RMS_BUF_CLEANUP licence = RMS_BUF_INIT(FILE_MAX);
    struct rms_content_key key;
    enum rms_cached kind;
    struct file file;
    const char *path;
    uint8_t *year;

    bobs_chain(f, protect(f, "other.docx", RMS_RIGHT_VIEW, until), &other);
    path = protect(f, "p.docx", RMS_RIGHT_VIEW, until);
    bobs_chain(f, path, &good);
    self_made(f, path, &made);
    rms_issuer_license(&f->issuer, f->alice, path, &carols);
    file_open(path, &file);
    rms_must(rms_container_licence(&file.container, &licence));
    file_close(&file);
    rms_must(rms_cache_get(f->alice, CAROL, rms_buf_view(&licence), &kind, &foreign, &key));

    plant(path, RMS_TEST_BOB, rms_buf_view(&other), false);
    assert_int_equal(opens_elsewhere(f, path), RMS_E_NEEDS_ONLINE);
    plant(path, RMS_TEST_BOB, rms_buf_view(&foreign), false);
    assert_int_equal(opens_elsewhere(f, path), RMS_E_NEEDS_ONLINE);
    plant(path, RMS_TEST_BOB, rms_buf_view(&made), false);
    assert_int_equal(opens_elsewhere(f, path), RMS_E_NEEDS_ONLINE);
    plant(path, RMS_TEST_BOB, rms_buf_view(&good), true);
    assert_int_equal(opens_elsewhere(f, path), RMS_E_NEEDS_ONLINE);
    plant(path, CAROL, rms_buf_view(&good), false);
    assert_int_equal(opens_elsewhere(f, path), RMS_E_NEEDS_ONLINE);
    year = memmem(good.data, good.len, "<ISSUEDTIME>20", 14);
    assert_non_null(year);
    year[12] = '3';
    plant(path, RMS_TEST_BOB, rms_buf_view(&good), false);
    assert_int_equal(opens_elsewhere(f, path), RMS_E_NEEDS_ONLINE);
    year[12] = '2';
    plant(path, RMS_TEST_BOB, rms_buf_view(&good), false);
    assert_int_equal(opens_elsewhere(f, path), 0);
    assert_int_equal(
        euls(path, &made), 2); /* Bob's, in the place of the others, and the one called Carol's */
}

/* Where nothing may be kept, nothing that was kept counts; what the store has goes first, also when it gives
 * less. */
static void the_store_goes_first(void **state)
{
    struct fixture *f = *state;
    const char *path = protect(f, "l.docx", RMS_RIGHT_VIEW | RMS_RIGHT_EDIT, rms_clock_now() + RMS_DAY_S);
    const struct rms_test_use less = {RMS_TEST_BOB, "stranger", RMS_RIGHT_VIEW, RMS_TIME_NONE, RMS_TIME_NONE};
    struct rms_context *second = second_device(f);
    struct rms_document *document = NULL;

    rms_must(embed(f->bob, path));
    second->settings.cache_licences = false;
    assert_int_equal(opens(second, path), RMS_E_NEEDS_ONLINE);
    second->settings.cache_licences = true;
    rms_must(rms_document_open_file(second, path, &document));
    assert_true(rms_document_allows(document, "EDIT"));
    rms_document_free(&document);
    rms_issuer_license(&f->issuer, second, path, &less);
    rms_must(rms_document_open_file(second, path, &document));
    assert_false(rms_document_allows(document, "EDIT"));
    rms_document_free(&document);
    rms_context_free(&second);
}

static void set_clock(struct fixture *f, int64_t seconds)
{
    const struct timespec moment = {0, 60 * 1000000L}; /* the file is looked at every 50 ms */
    char text[32];

    (void)snprintf(text, sizeof text, "%lld\n", (long long)seconds);
    rms_test_write(rms_test_path(&f->issuer, "clock"), text, strlen(text));
    (void)nanosleep(&moment, NULL);
}

/* Ended, it stays so when the clock is turned back a little, and when it is turned back a lot. */
static void ends(void **state)
{
    struct fixture *f = *state;
    const char *path;
    struct rms_context *second;

#ifndef RMS_TEST_CLOCK
    skip();
#endif
    set_clock(f, 0);
    (void)setenv("RMS_CLOCK_FILE", rms_test_path(&f->issuer, "clock"), 1);
    set_clock(f, 0);
    path = protect(f, "e.docx", RMS_RIGHT_VIEW, rms_clock_now() + RMS_DAY_S);
    rms_must(embed(f->bob, path));
    second = second_device(f);
    set_clock(f, RMS_DAY_S - 60);
    assert_int_equal(opens(second, path), 0);
    set_clock(f, RMS_DAY_S);
    assert_int_equal(opens(f->bob, path), RMS_E_NEEDS_ONLINE);
    assert_int_equal(opens(second, path), RMS_E_NEEDS_ONLINE);
    assert_int_equal(opens_elsewhere(f, path), RMS_E_NEEDS_ONLINE);
    rms_context_free(&second);
    (void)unsetenv("RMS_CLOCK_FILE");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(travels),
        cmocka_unit_test(saved),
        cmocka_unit_test(not_to_be_kept),
        cmocka_unit_test(planted),
        cmocka_unit_test(the_store_goes_first),
        cmocka_unit_test(ends),
    };

    return cmocka_run_group_tests_name("client eul", tests, set_up, tear_down);
}
