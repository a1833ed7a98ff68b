#include "format/pdf_original.h"

#include "base/cursor.h"
#include "base/mem.h"
#include "crypto/digest.h"

#define VERSION     1u
#define PIECE       65536u
#define DIGESTS_MAX (64u * 1024 * 1024)

/* --- a digest over what comes in pieces of any size --------------------------------------------------------
 */

/* SHA-256 of the SHA-256 digests of each 64 KiB. */
struct tally {
    uint64_t size;
    size_t fill;
    struct rms_buf digests;
    uint8_t piece[PIECE];
};

static void tally_free(struct tally **tally)
{
    if (*tally != NULL) {
        rms_buf_fini(&(*tally)->digests);
        rms_wipe((*tally)->piece, PIECE);
        rms_free(*tally);
        *tally = NULL;
    }
}
#define TALLY_CLEANUP __attribute__((cleanup(tally_free)))

static struct tally *tally_new(void)
{
    struct tally *tally = rms_calloc(1, sizeof *tally);

    if (tally != NULL) {
        tally->digests = RMS_BUF_INIT(DIGESTS_MAX);
    }
    return tally;
}

static void tally_piece(struct tally *tally)
{
    uint8_t digest[RMS_HASH_MAX];

    rms_hash(RMS_SHA256, rms_view_of(tally->piece, tally->fill), digest);
    rms_buf_append(&tally->digests, digest, RMS_SHA256_BYTES);
    tally->fill = 0;
}

static void tally_add(struct tally *tally, const uint8_t *data, size_t len)
{
    tally->size += len;
    while (len > 0) {
        size_t step = len < PIECE - tally->fill ? len : PIECE - tally->fill;

        memcpy(tally->piece + tally->fill, data, step);
        tally->fill += step;
        data += step;
        len -= step;
        if (tally->fill == PIECE) {
            tally_piece(tally);
        }
    }
}

static int tally_end(struct tally *tally, uint8_t out[RMS_HASH_MAX])
{
    tally_piece(tally);
    rms_hash(RMS_SHA256, rms_buf_view(&tally->digests), out);
    return rms_buf_status(&tally->digests);
}

/* --- making ------------------------------------------------------------------------------------------------
 */

/* What is in a span is only counted. */
static int pass_span(const struct rms_reader *file, const struct rms_qpdf_span *span, struct tally *tally)
{
    uint8_t piece[4096];
    uint64_t done = 0;

    while (done < span->len) {
        size_t step = span->len - done < sizeof piece ? (size_t)(span->len - done) : sizeof piece;

        RMS_TRY(rms_reader_at(file, span->offset + done, piece, step));
        tally_add(tally, piece, step);
        done += step;
    }
    return 0;
}

static int keep(
    const struct rms_reader *file, uint64_t from, uint64_t to, struct tally *tally, struct rms_buf *out)
{
    uint8_t *place;

    if (to < from || to - from > RMS_PDF_ORIGINAL_MAX) {
        return RMS_E_LIMIT;
    }
    rms_buf_append_u64(out, to - from);
    place = rms_buf_reserve(out, (size_t)(to - from));
    if (place == NULL) {
        return RMS_E_LIMIT;
    }
    RMS_TRY(rms_reader_at(file, from, place, (size_t)(to - from)));
    rms_buf_commit(out, (size_t)(to - from));
    tally_add(tally, place, (size_t)(to - from));
    return 0;
}

int rms_pdf_original_make(
    const struct rms_reader *file, const struct rms_qpdf_span *spans, size_t count, struct rms_buf *out)
{
    struct tally TALLY_CLEANUP *tally = tally_new();
    uint8_t digest[RMS_HASH_MAX];
    uint64_t at = 0;

    if (tally == NULL) {
        return RMS_E_NO_MEMORY;
    }
    if (count > UINT32_MAX) {
        return RMS_E_LIMIT;
    }
    rms_buf_append_u32(out, VERSION);
    rms_buf_append_u32(out, (uint32_t)count);
    for (size_t i = 0; i < count; i++) {
        RMS_TRY(keep(file, at, spans[i].offset, tally, out));
        RMS_TRY(pass_span(file, &spans[i], tally));
        at = spans[i].offset + spans[i].len;
    }
    RMS_TRY(keep(file, at, file->size, tally, out));
    rms_buf_append_u64(out, tally->size);
    RMS_TRY(tally_end(tally, digest));
    rms_buf_append(out, digest, RMS_SHA256_BYTES);
    return rms_buf_status(out);
}

/* --- restoring ---------------------------------------------------------------------------------------------
 */

struct restore {
    const struct rms_writer *out;
    struct tally *tally;
};

static int put(void *context, const uint8_t *data, size_t len)
{
    struct restore *restore = context;

    RMS_TRY(restore->out->write(restore->out->context, restore->tally->size, data, len));
    tally_add(restore->tally, data, len);
    return 0;
}

static int put_kept(struct restore *restore, struct rms_cursor *kept)
{
    uint64_t len = rms_cursor_u64(kept);
    struct rms_view bytes;

    if (len > rms_cursor_left(kept)) {
        return RMS_E_DAMAGED;
    }
    bytes = rms_cursor_take(kept, (size_t)len);
    return len == 0 ? 0 : put(restore, bytes.data, bytes.len);
}

static int put_all(struct rms_qpdf *doc, struct restore *restore, struct rms_cursor *kept)
{
    uint32_t count;

    if (rms_cursor_u32(kept) != VERSION) {
        return kept->bad ? RMS_E_DAMAGED : RMS_E_UNSUPPORTED_VERSION;
    }
    count = rms_cursor_u32(kept);
    /* each span is used once, so a file does not grow beyond what its streams hold */
    for (uint32_t i = 0; i < count; i++) {
        RMS_TRY(put_kept(restore, kept));
        RMS_TRY(rms_qpdf_span_data(doc, i, put, restore));
    }
    return put_kept(restore, kept);
}

int rms_pdf_original_restore(struct rms_qpdf *doc, const struct rms_writer *out, uint64_t *len_out)
{
    struct rms_buf RMS_BUF_CLEANUP bytes = RMS_BUF_INIT(RMS_PDF_ORIGINAL_MAX);
    struct tally TALLY_CLEANUP *tally = tally_new();
    struct restore restore = {out, tally};
    uint8_t digest[RMS_HASH_MAX];
    struct rms_cursor kept;
    struct rms_view told;

    *len_out = 0;
    if (tally == NULL) {
        return RMS_E_NO_MEMORY;
    }
    RMS_TRY(rms_qpdf_original(doc, &bytes));
    kept = rms_cursor_of(rms_buf_view(&bytes));
    RMS_TRY(put_all(doc, &restore, &kept));
    *len_out = rms_cursor_u64(&kept);
    told = rms_cursor_take(&kept, RMS_SHA256_BYTES);
    RMS_TRY(tally_end(tally, digest));
    if (!rms_cursor_done(&kept) || *len_out != tally->size ||
        memcmp(told.data, digest, RMS_SHA256_BYTES) != 0) {
        return RMS_E_DAMAGED;
    }
    return 0;
}
