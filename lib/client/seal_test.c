/* Seals: what changes a file is found, whoever does it, and who may edit seals anew. Offline, against an
 * issuer made here. */
#include "base/test.h"

#include <stdio.h>
#include <unistd.h>

#include "base/file.h"
#include "client/context.h"
#include "client/identity.h"
#include "client/opened.h"
#include "client/save.h"
#include "client/testing/people.h"
#include "crypto/base64.h"
#include "format/mime.h"
#include "format/rpmsg.h"
#include "xrml/testing/world.h"

#define FLIPS    200u
#define FILE_MAX ((size_t)16 * 1024 * 1024)

static const struct rms_file_options in_place = {
    .size = sizeof in_place, .in_place = true, .enable_msg_file_type = true};

/* --- documents of each format --- */

static const uint8_t word_head[600] = {0xec, 0xa5, 0xc1};

static void make_text(struct rms_buf *out)
{
    while (out->len < 150000) {
        rms_buf_printf(out, "line %zu of a text that nobody may change\n", out->len);
    }
}

static void make_package(struct rms_buf *out)
{
    rms_buf_append_str(out, "PK\003\004");
    make_text(out);
}

static void make_word(struct rms_buf *out)
{
    const struct rms_writer to = rms_writer_of_buf(out);
    struct rms_buf RMS_BUF_CLEANUP text = RMS_BUF_INIT(FILE_MAX);
    struct rms_cfb_writer *writer = NULL;

    make_text(&text);
    rms_must(rms_cfb_writer_new(&to, &writer));
    rms_must(rms_cfb_put(writer, "WordDocument", rms_view_of(word_head, sizeof word_head)));
    rms_must(rms_cfb_put(writer, "Data", rms_buf_view(&text)));
    rms_must(rms_cfb_finish(writer));
    rms_cfb_writer_free(&writer);
}

/* A page with a picture in it. */
static void make_pdf(struct rms_buf *out)
{
    static const char *const objects[] = {"<< /Type /Catalog /Pages 2 0 R >>",
        "<< /Type /Pages /Kids [ 3 0 R ] /Count 1 >>",
        "<< /Type /Page /Parent 2 0 R /MediaBox [ 0 0 595 842 ] /Contents 4 0 R >>"};
    size_t places[4];
    size_t table;

    rms_buf_append_str(out, "%PDF-1.7\n");
    for (size_t i = 0; i < RMS_COUNT(objects); i++) {
        places[i] = out->len;
        rms_buf_printf(out, "%zu 0 obj\n%s\nendobj\n", i + 1, objects[i]);
    }
    places[3] = out->len;
    rms_buf_append_str(out, "4 0 obj\n<< /Length 90000 >>\nstream\n");
    for (size_t i = 0; i < 90000; i++) {
        rms_buf_append_byte(out, (uint8_t)(i * 131 >> 3 ^ i));
    }
    rms_buf_append_str(out, "\nendstream\nendobj\n");
    table = out->len;
    rms_buf_append_str(out, "xref\n0 5\n0000000000 65535 f \n");
    for (size_t i = 0; i < RMS_COUNT(places); i++) {
        rms_buf_printf(out, "%010zu 00000 n \n", places[i]);
    }
    rms_buf_printf(out, "trailer\n<< /Size 5 /Root 1 0 R >>\nstartxref\n%zu\n%%%%EOF\n", table);
}

static void make_mail(struct rms_buf *out)
{
    rms_buf_append_str(out, "From: " RMS_TEST_ALICE "\r\nTo: " RMS_TEST_BOB "\r\n\r\n");
    while (out->len < 70000) {
        rms_buf_printf(out, "line %zu of a mail that nobody may change\r\n", out->len);
    }
}

static const struct format {
    const char *clear, *name;
    void (*make)(struct rms_buf *out);
} formats[] = {
    {"f.bin", "f.bin.pfile", make_text},
    {"f.txt", "f.ptxt", make_text},
    {"f.docx", "f.docx", make_package},
    {"f.xps", "f.xps", make_package},
    {"f.doc", "f.doc", make_word},
    {"f.pdf", "f.pdf", make_pdf},
    {"f.eml", "f.rpmsg", make_mail},
};

static void append_file(struct fixture *f, const char *path, struct rms_buf *out)
{
    rms_buf_append_view(out, rms_test_read(&f->issuer, path));
    rms_must(rms_buf_status(out));
}

/* The message.rpmsg of a mail; what comes out of it has the body in base64. */
static void take_message(struct fixture *f, const char *mail, const char *path, struct rms_buf *original)
{
    struct rms_buf RMS_BUF_CLEANUP file = RMS_BUF_INIT(FILE_MAX);
    struct rms_buf RMS_BUF_CLEANUP packed = RMS_BUF_INIT(FILE_MAX);
    struct rms_buf RMS_BUF_CLEANUP body = RMS_BUF_INIT(FILE_MAX);
    struct rms_mime RMS_MIME_CLEANUP *mime = NULL;
    const char *text = strstr(rms_buf_text(original), "\r\n\r\n") + 4;
    struct rms_view view;
    struct rms_reader reader;
    unsigned version;

    rms_base64_encode(&body, rms_view_str(text));
    rms_buf_reset(original);
    for (size_t i = 0; i < body.len; i += 76) {
        rms_buf_printf(original, "%.76s\r\n", rms_buf_text(&body) + i);
    }
    append_file(f, mail, &file);
    view = rms_buf_view(&file);
    reader = rms_reader_of_view(&view);
    rms_must(rms_mime_open(&reader, &mime));
    rms_must(rms_mime_protected(mime, &version, &packed));
    rms_test_write(path, packed.data, packed.len);
}

static const char *protect(struct fixture *f, const struct format *format, struct rms_buf *original)
{
    static char protected[512];
    const char *path = rms_test_path(&f->issuer, format->clear);

    format->make(original);
    rms_must(rms_buf_status(original));
    rms_test_write(path, original->data, original->len);
    rms_must(rms_protect_file(f->alice, path, f->policy, &in_place, NULL));
    (void)snprintf(protected, sizeof protected, "%s", rms_test_path(&f->issuer, format->name));
    if (format->make == make_mail) {
        take_message(f, path, protected, original);
    }
    return protected;
}

/* --- looking at what came of it --- */

/* A mail has a header and boundaries around what was protected. */
static bool is_whole(const char *path, struct rms_view original, struct rms_view out)
{
    return strstr(path, ".rpmsg") != NULL ? memmem(out.data, out.len, original.data, original.len) != NULL
                                          : rms_view_equal(original, out);
}

/* What unprotecting gives: a code and then no output, or 0 and the whole original. */
static int opens(struct fixture *f, const char *path, const struct rms_buf *original)
{
    char out[512];
    struct rms_file_options options = {.size = sizeof options, .output = out};
    int code;

    (void)snprintf(out, sizeof out, "%s", rms_test_path(&f->issuer, "out.bin"));
    code = rms_unprotect_file(f->alice, path, &options, NULL);
    assert_true(rms_test_exists(out) == (code == 0));
    if (code == 0) {
        assert_true(is_whole(path, rms_buf_view(original), rms_test_read(&f->issuer, out)));
        assert_int_equal(unlink(out), 0);
    }
    return code;
}

/* The same by reading at random. */
static int reads(struct fixture *f, const char *path)
{
    struct rms_document *document = NULL;
    uint8_t piece[4096];
    uint64_t size;
    int code = rms_document_open_file(f->alice, path, &document);

    if (code == 0) {
        rms_must(rms_document_size(document, &size));
        for (uint64_t at = 0; code == 0 && at < size; at += sizeof piece) {
            int64_t got = rms_document_read(document, at, piece, sizeof piece);

            code = got < 0 ? (int)got : 0;
        }
    }
    rms_document_free(&document);
    return code;
}

static enum rms_seal_state state_of(
    struct rms_context *context, const char *path, struct rms_file_status *out)
{
    rms_must(rms_file_status(context, path, out));
    return out->seal;
}

static void assert_broken(struct fixture *f, const char *path)
{
    struct rms_file_status status;
    char out[512];
    struct rms_file_options options = {.size = sizeof options, .output = out};

    (void)snprintf(out, sizeof out, "%s", rms_test_path(&f->issuer, "out.bin"));
    assert_int_equal(rms_unprotect_file(f->alice, path, &options, NULL), RMS_E_BAD_SIGNATURE);
    assert_false(rms_test_exists(out));
    assert_int_equal(reads(f, path), RMS_E_BAD_SIGNATURE);
    assert_int_equal(state_of(f->alice, path, &status), RMS_SEAL_BROKEN);
    assert_string_equal(status.sealed_by, "");
}

/* --- where the parts of a file lie --- */

static int read_view(void *context, uint64_t offset, void *buffer, size_t len)
{
    memcpy(buffer, (const uint8_t *)context + offset, len);
    return 0;
}

/* The offset in the file of the byte at this offset of a part: in a compound file a stream lies in sectors
 * anywhere, so it is found by changing it. */
static size_t find_byte(struct rms_buf *file, const struct rms_part *part, uint64_t at)
{
    uint8_t around[64];
    size_t len = part->len - at < sizeof around ? (size_t)(part->len - at) : sizeof around;
    const uint8_t *found;

    rms_must(rms_reader_at(&part->reader, part->offset + at, around, len));
    found = memmem(file->data, file->len, around, len);
    assert_non_null(found);
    return (size_t)(found - file->data);
}

static struct rms_reader reader_of(struct rms_buf *file)
{
    return (struct rms_reader){file->data, file->len, read_view};
}

/* Unlike rms_test_write it leaves the disk alone. */
static void put_back(const char *path, const struct rms_buf *file)
{
    FILE *stream = fopen(path, "we");

    assert_non_null(stream);
    assert_int_equal(fwrite(file->data, 1, file->len, stream), file->len);
    assert_int_equal(fclose(stream), 0);
}

/* A message is changed in its compound file: in the packed one the zlib stream would break first. */
static bool unpack(struct rms_buf *file)
{
    struct rms_buf compound = RMS_BUF_INIT(FILE_MAX);
    const struct rms_reader reader = reader_of(file);

    if (!rms_rpmsg_looks(&reader)) {
        return false;
    }
    rms_must(rms_rpmsg_inflate(&reader, &compound));
    rms_buf_fini(file);
    *file = compound;
    return true;
}

static void pack(const char *path, const struct rms_buf *compound)
{
    struct rms_buf RMS_BUF_CLEANUP file = RMS_BUF_INIT(FILE_MAX);
    const struct rms_writer out = rms_writer_of_buf(&file);
    uint64_t written;

    rms_must(rms_rpmsg_deflate(rms_buf_view(compound), &out, &written));
    put_back(path, &file);
}

/* --- flipped --- */

/* One bit in each of 200 places of licence, seal and cipher text, and no byte of output. */
static void flip_format(struct fixture *f, const struct format *format)
{
    struct rms_buf RMS_BUF_CLEANUP original = RMS_BUF_INIT(FILE_MAX);
    struct rms_buf RMS_BUF_CLEANUP file = RMS_BUF_INIT(FILE_MAX);
    struct rms_container RMS_CONTAINER_CLEANUP container = {0};
    const char *path = protect(f, format, &original);
    const struct rms_part *parts[3];
    struct rms_file_status status;
    struct rms_reader reader;
    bool packed;

    assert_int_equal(opens(f, path, &original), 0);
    assert_int_equal(reads(f, path), 0);
    assert_int_equal(state_of(f->alice, path, &status), RMS_SEAL_UNCHANGED);
    assert_string_equal(status.sealed_by, RMS_TEST_ALICE);
    assert_false(status.edited);
    append_file(f, path, &file);
    packed = unpack(&file);
    reader = reader_of(&file);
    rms_must(rms_container_open(&reader, &container));
    parts[0] = &container.content;
    parts[1] = &container.licence;
    parts[2] = &container.seal;
    for (unsigned i = 0; i < FLIPS; i++) {
        /* of PDF the content has the licence in it, and the seal is text, whose letters have two cases */
        const struct rms_part *part = parts[container.pdf != NULL || i % 4 == 3 ? 0 : i % 3];
        size_t at = find_byte(&file, part, part->len * i / FLIPS);

        file.data[at] ^= (uint8_t)(1u << i % 8);
        (packed ? pack : put_back)(path, &file);
        assert_true(opens(f, path, &original) < 0);
        file.data[at] ^= (uint8_t)(1u << i % 8);
    }
    assert_int_equal(unlink(path), 0);
}

/* proves: C-069 */
static void flipped(void **state)
{
    for (size_t i = 0; i < RMS_COUNT(formats); i++) {
        flip_format(*state, &formats[i]);
    }
}

/* Anywhere at all, also in what nobody signs (a text for people, free sectors): refused, or whole. */
static void flipped_anywhere(void **state)
{
    struct fixture *f = *state;

    for (size_t i = 0; i < RMS_COUNT(formats); i++) {
        struct rms_buf RMS_BUF_CLEANUP original = RMS_BUF_INIT(FILE_MAX);
        struct rms_buf RMS_BUF_CLEANUP file = RMS_BUF_INIT(FILE_MAX);
        const char *path = protect(f, &formats[i], &original);

        append_file(f, path, &file);
        for (size_t at = i; at < file.len; at += file.len / 101) {
            file.data[at] ^= 4;
            put_back(path, &file);
            (void)opens(f, path, &original);
            file.data[at] ^= 4;
        }
        assert_int_equal(unlink(path), 0);
    }
}

/* --- other parts --- */

static void cut_and_lengthened(void **state)
{
    struct fixture *f = *state;
    struct rms_buf RMS_BUF_CLEANUP original = RMS_BUF_INIT(FILE_MAX);
    struct rms_buf RMS_BUF_CLEANUP file = RMS_BUF_INIT(FILE_MAX);
    const char *path = protect(f, &formats[1], &original);

    append_file(f, path, &file);
    for (size_t less = 1; less < file.len; less = less * 2 + 14) {
        rms_test_write(path, file.data, file.len - less);
        assert_true(opens(f, path, &original) < 0);
    }
    for (size_t i = 0; i < 65536 + 16; i++) {
        rms_buf_append_byte(&file, 0);
    }
    rms_test_write(path, file.data, file.len);
    assert_broken(f, path);
    rms_test_write(path, file.data, file.len - 65536);
    assert_broken(f, path);
}

struct taken {
    enum rms_container_kind kind;
    struct rms_buf licence, seal, content;
    uint64_t size;
    char content_id[RMS_GUID_TEXT];
};

/* A file with this licence, seal and content. */
static void assemble(
    const char *path, const struct taken *licence, struct rms_view seal, const struct taken *content)
{
    struct rms_buf RMS_BUF_CLEANUP made = RMS_BUF_INIT(FILE_MAX);
    const struct rms_writer file = rms_writer_of_buf(&made);
    const struct rms_container_request request = {.kind = licence->kind,
        .extension = licence->kind == RMS_CONTAINER_PFILE ? ".txt" : "",
        .licence = rms_buf_view(&licence->licence),
        .size = licence->size,
        .seal_len = seal.len};
    struct rms_container_out out;

    rms_must(rms_container_begin(&request, &file, &out));
    rms_must(out.stream.write(
        out.stream.context, out.content_offset, content->content.data, content->content.len));
    rms_must(rms_container_finish(&out, seal));
    rms_test_write(path, made.data, made.len);
}

static void take_part(const struct rms_part *part, struct rms_buf *out)
{
    uint8_t *place;

    *out = RMS_BUF_INIT(FILE_MAX);
    place = rms_buf_reserve(out, (size_t)part->len + 1);
    assert_non_null(place);
    rms_must(rms_reader_at(&part->reader, part->offset, place, (size_t)part->len));
    rms_buf_commit(out, (size_t)part->len);
}

static void take(struct fixture *f, const char *path, struct taken *out)
{
    struct rms_buf RMS_BUF_CLEANUP file = RMS_BUF_INIT(FILE_MAX);
    struct rms_container RMS_CONTAINER_CLEANUP container = {0};
    struct rms_file_status status;
    struct rms_reader reader;

    append_file(f, path, &file);
    reader = reader_of(&file);
    rms_must(rms_container_open(&reader, &container));
    rms_must(rms_file_status(f->alice, path, &status));
    take_part(&container.licence, &out->licence);
    take_part(&container.seal, &out->seal);
    take_part(&container.content, &out->content);
    out->kind = container.kind;
    out->size = container.original_size;
    memcpy(out->content_id, status.content_id, sizeof out->content_id);
}

static void drop(struct taken *taken)
{
    rms_buf_fini(&taken->licence);
    rms_buf_fini(&taken->seal);
    rms_buf_fini(&taken->content);
}

/* The seal that somebody else makes, with a key of his own. */
static void seal_anew(const struct taken *licence, const struct taken *content, struct rms_buf *out)
{
    const struct rms_sealer_about about = {licence->kind,
        licence->kind == RMS_CONTAINER_PFILE ? RMS_MODE_CBC4K : RMS_MODE_CBC4K_NOPAD, licence->size,
        rms_buf_view(&licence->licence), licence->content_id};
    struct rms_sealer RMS_SEALER_CLEANUP sealer = {0};
    struct rms_ec_private *key = NULL;

    rms_must(rms_ec_generate(&key));
    rms_must(rms_sealer_begin(&about, &sealer));
    assert_int_equal(sealer.seal.content_len, content->content.len);
    sealer.author = key;
    rms_tree_put(sealer.hashes, content->content.len, 0, rms_buf_view(&content->content));
    rms_must(rms_sealer_end(&sealer, out));
    rms_ec_private_free(&key);
}

/* Two files of one author, the same length; of pfiles protected in one run with one key. */
static void splice(struct fixture *f, const struct taken *a, const struct taken *b, const char *path)
{
    const struct rms_view seal = rms_buf_view(&a->seal);
    struct rms_buf RMS_BUF_CLEANUP anew = RMS_BUF_INIT(FILE_MAX);

    assemble(path, a, seal, a);
    assert_int_equal(reads(f, path), 0);
    assemble(path, a, seal, b); /* content of the other */
    assert_broken(f, path);
    assemble(path, a, rms_buf_view(&b->seal), b); /* with its seal */
    assert_broken(f, path);
    assemble(path, b, seal, a);
    assert_broken(f, path);
    assemble(path, a, rms_view_of(NULL, 0), a); /* stripped */
    assert_broken(f, path);
    assemble(path, a, rms_view_of(seal.data, seal.len - 1), a);
    assert_broken(f, path);
    assemble(path, a, rms_view_of(seal.data, 100), a);
    assert_broken(f, path);
    seal_anew(a, b, &anew);
    assemble(path, a, rms_buf_view(&anew), b);
    assert_broken(f, path);
}

#define MAIL(text) "From: " RMS_TEST_ALICE "\r\nTo: " RMS_TEST_BOB "\r\n\r\n" text "\r\n"

static void spliced(void **state)
{
    static const struct {
        const char *names[2], *made[2], *mixed, *text[2];
    } pairs[] = {
        {{"a.txt", "b.txt"}, {"a.ptxt", "b.ptxt"}, "m.ptxt", {"pay one thousand", "pay two thousand"}},
        {{"a.eml", "b.eml"}, {"a.eml", "b.eml"}, "m.rpmsg",
            {MAIL("pay one thousand"), MAIL("pay two thousand")}},
    };
    struct fixture *f = *state;
    char mixed[512];

    for (size_t i = 0; i < RMS_COUNT(pairs); i++) {
        struct taken taken[2];

        (void)snprintf(mixed, sizeof mixed, "%s", rms_test_path(&f->issuer, pairs[i].mixed));
        for (size_t k = 0; k < 2; k++) {
            const char *path = rms_test_path(&f->issuer, pairs[i].names[k]);

            rms_test_write(path, pairs[i].text[k], strlen(pairs[i].text[k]));
            rms_must(rms_protect_file(f->alice, path, f->policy, &in_place, NULL));
            take(f, rms_test_path(&f->issuer, pairs[i].made[k]), &taken[k]);
        }
        splice(f, &taken[0], &taken[1], mixed);
        drop(&taken[0]);
        drop(&taken[1]);
    }
}

/* --- other people --- */

static const struct rms_test_use may_view = {
    RMS_TEST_BOB, "stranger", RMS_RIGHT_VIEW, RMS_TIME_NONE, RMS_TIME_NONE};
static const struct rms_test_use may_edit = {
    RMS_TEST_BOB, "stranger", RMS_RIGHT_VIEW | RMS_RIGHT_EDIT, RMS_TIME_NONE, RMS_TIME_NONE};

struct pair {
    char path[512], forged[512];
};

static void make_pair(struct fixture *f, struct pair *out)
{
    struct rms_buf RMS_BUF_CLEANUP original = RMS_BUF_INIT(FILE_MAX);

    (void)snprintf(out->path, sizeof out->path, "%s", protect(f, &formats[1], &original));
    (void)snprintf(out->forged, sizeof out->forged, "%s", rms_test_path(&f->issuer, "forged.txt"));
    rms_test_fill(out->forged, 70000);
}

/* Who may edit seals anew, and everybody sees who it was. */
static void edited(void **state)
{
    struct fixture *f = *state;
    struct rms_document *document = NULL;
    struct rms_file_status status;
    struct pair pair;

    make_pair(f, &pair);
    rms_issuer_license(&f->issuer, f->bob, pair.path, &may_edit);
    rms_must(rms_document_open_file(f->bob, pair.path, &document));
    rms_must(rms_document_save(document, pair.forged, pair.path));
    rms_document_free(&document);
    assert_int_equal(reads(f, pair.path), 0);
    assert_int_equal(state_of(f->alice, pair.path, &status), RMS_SEAL_UNCHANGED);
    assert_string_equal(status.sealed_by, RMS_TEST_BOB);
    assert_string_equal(status.issuer, RMS_TEST_ALICE);
    assert_true(status.edited);
    assert_int_equal(state_of(NULL, pair.path, &status), RMS_SEAL_UNCHANGED);
    /* and the author again, by the licence that she gave herself */
    rms_must(rms_document_open_file(f->alice, pair.path, &document));
    rms_must(rms_document_save(document, pair.forged, pair.path));
    rms_document_free(&document);
    assert_int_equal(reads(f, pair.path), 0);
    assert_int_equal(state_of(f->alice, pair.path, &status), RMS_SEAL_UNCHANGED);
    assert_string_equal(status.sealed_by, RMS_TEST_ALICE);
}

/* A holder of VIEW has the content key, and a program that does as he likes. */
static struct rms_document *open_forging(struct fixture *f, const struct pair *pair)
{
    struct rms_document *document = NULL;

    rms_issuer_license(&f->issuer, f->bob, pair->path, &may_view);
    rms_must(rms_document_open_file(f->bob, pair->path, &document));
    rms_document_opened(document)->access->rights.bits |= RMS_RIGHT_EDIT;
    return document;
}

/* Service requirement B-10. */
static void forged(void **state)
{
    struct fixture *f = *state;
    struct rms_document *document;
    struct rms_opened *opened;
    struct pair pair;

    make_pair(f, &pair);
    document = open_forging(f, &pair);
    /* with his own licence */
    rms_must(rms_document_save(document, pair.forged, pair.path));
    assert_broken(f, pair.path);
    /* as if he had no seal to make */
    opened = rms_document_opened(document);
    opened->sealed.present = false;
    rms_must(rms_document_save(document, pair.forged, pair.path));
    assert_broken(f, pair.path);
    rms_document_free(&document);
}

/* With a licence to edit another document, and with one that his own certificate signed. */
static void forged_proofs(void **state)
{
    struct fixture *f = *state;
    struct rms_identity RMS_IDENTITY_CLEANUP *bob = NULL;
    struct rms_document *other = NULL;
    struct rms_document *document;
    struct rms_opened *opened;
    struct rms_buf RMS_BUF_CLEANUP bits = RMS_BUF_INIT(RMS_ENABLING_MAX);
    struct rms_buf RMS_BUF_CLEANUP text = RMS_BUF_INIT(FILE_MAX);
    const struct rms_rights owner = {.bits = RMS_RIGHT_OWNER};
    const char *mine = rms_test_path(&f->issuer, "other.txt");
    struct rms_ul_request request = {.rights = &owner,
        .issued_at = 0,
        .content_valid_until = RMS_TIME_NONE,
        .licence_valid_until = RMS_TIME_NONE};
    struct pair pair;

    rms_test_fill(mine, 100);
    rms_must(rms_protect_file(f->alice, mine, f->policy, NULL, NULL));
    mine = rms_test_path(&f->issuer, "other-Copy.ptxt");
    make_pair(f, &pair);
    rms_issuer_enrol(&f->issuer, f->bob, RMS_TEST_BOB, "stranger", 31);
    rms_issuer_license(&f->issuer, f->bob, mine, &may_edit);
    rms_must(rms_document_open_file(f->bob, mine, &other));
    document = open_forging(f, &pair);
    opened = rms_document_opened(document);
    opened->access->use_chain = rms_document_opened(other)->access->use_chain;
    rms_must(rms_document_save(document, pair.forged, pair.path));
    assert_broken(f, pair.path);
    rms_must(rms_identity_here(f->bob, &bob));
    rms_must(rms_enabling_seal_key(&bob->rac.node->subject_key, opened->access->key.mode,
        rms_secret_view(opened->access->key.key), bob->clc_bound, &bits));
    request.content_id = opened->access->pl.content_id;
    request.owner = opened->access->pl.owner;
    request.rac = &bob->rac;
    request.bits = rms_buf_view(&bits);
    rms_must(rms_ul_build(&bob->server, &bob->clc, &request, &bob->clc_signer, &text));
    rms_buf_append_view(&text, bob->clc.node->xrml->source);
    rms_buf_append_view(&text, bob->server.slc_text);
    rms_must(rms_buf_status(&text));
    opened->access->use_chain = rms_buf_view(&text);
    rms_must(rms_document_save(document, pair.forged, pair.path));
    assert_broken(f, pair.path);
    rms_document_free(&document);
    rms_document_free(&other);
}

/* --- without --- */

static int append(void *user_data, const void *data, size_t len)
{
    rms_buf_append(user_data, data, len);
    return rms_buf_status(user_data);
}

/* A stream cannot be sealed, and says so; what follows the licence there is nobody's seal. */
static void none(void **state)
{
    struct fixture *f = *state;
    struct rms_buf RMS_BUF_CLEANUP out = RMS_BUF_INIT(FILE_MAX);
    const struct rms_sink sink = {&out, append};
    char path[512];
    struct rms_protector *protector = NULL;
    struct rms_file_status status;
    struct taken taken;

    (void)snprintf(path, sizeof path, "%s", rms_test_path(&f->issuer, "stream.ptxt"));
    rms_must(rms_protector_new(f->alice, f->policy, ".txt", 5, &sink, &protector));
    rms_must(rms_protector_write(protector, "clear", 5));
    rms_must(rms_protector_finish(protector));
    rms_protector_free(&protector);
    rms_test_write(path, out.data, out.len);
    assert_int_equal(reads(f, path), 0);
    assert_int_equal(state_of(f->alice, path, &status), RMS_SEAL_NONE);
    assert_int_equal(status.sealed_at, RMS_NEVER);
    take(f, path, &taken);
    assemble(path, &taken, RMS_VIEW_LITERAL("something of another maker"), &taken);
    assert_int_equal(reads(f, path), 0);
    assert_int_equal(state_of(f->alice, path, &status), RMS_SEAL_NONE);
    drop(&taken);
}

/* Thousands of files: the disk is not what is tested. */
static int set_up_in_memory(void **state)
{
    struct fixture *f;
    int status = set_up(state);

    f = *state;
    f->alice->settings.sync = false;
    f->bob->settings.sync = false;
    return status;
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up_in_memory, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(flipped),
        TEST(flipped_anywhere),
        TEST(cut_and_lengthened),
        TEST(spliced),
        TEST(edited),
        TEST(forged),
        TEST(forged_proofs),
        TEST(none),
    };

    return cmocka_run_group_tests_name("client seal", tests, NULL, NULL);
}
