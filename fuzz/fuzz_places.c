/* Any bytes as a file with labels, in each kind of place: what can be read can be written with the same
 * labels or is refused, and reads the same again. */
#include <sys/mman.h>
#include <unistd.h>

#include "base/file.h"
#include "fuzz/label.h"
#include "label/image.h"
#include "label/ole.h"
#include "label/ooxml.h"
#include "label/pdf.h"
#include "label/pfile.h"
#include "label/propset.h"
#include "label/xmp.h"

#define ARENA_MAX (64u * 1024 * 1024)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const struct {
    int (*read)(int fd, struct rms_label_pairs *pairs);
    int (*write)(int fd, int out, const struct rms_label_pairs *pairs);
} places[] = {{rms_label_image_read, rms_label_image_write}, {rms_label_ole_read, rms_label_ole_write},
    {rms_label_pdf_read, rms_label_pdf_write}, {rms_label_pfile_read, rms_label_pfile_write},
    {rms_label_ooxml_read, rms_label_ooxml_write}};

static void check_file(size_t place, int fd)
{
    struct rms_arena RMS_ARENA_CLEANUP *arena = rms_arena_new(ARENA_MAX);
    struct rms_label_pairs pairs = RMS_LABEL_PAIRS(arena);
    struct rms_label_pairs again = RMS_LABEL_PAIRS(arena);
    int out = memfd_create("out", MFD_CLOEXEC);

    if (arena != NULL && out >= 0 && places[place].read(fd, &pairs) == 0 &&
        places[place].write(fd, out, &pairs) == 0) {
        check(places[place].read(out, &again) == 0);
        same(&pairs, &again);
    }
    (void)close(out);
}

static void check_properties(struct rms_view stream)
{
    struct rms_arena RMS_ARENA_CLEANUP *arena = rms_arena_new(ARENA_MAX);
    struct rms_buf RMS_BUF_CLEANUP out = RMS_BUF_INIT(RMS_PROPSET_MAX);
    struct rms_label_pairs pairs = RMS_LABEL_PAIRS(arena);
    struct rms_label_pairs again = RMS_LABEL_PAIRS(arena);

    if (rms_propset_summary_of(stream, &out) == 0) {
        struct rms_buf RMS_BUF_CLEANUP same_again = RMS_BUF_INIT(RMS_PROPSET_MAX);

        check(rms_propset_summary_of(rms_buf_view(&out), &same_again) == 0);
        check(rms_view_equal(rms_buf_view(&out), rms_buf_view(&same_again)));
    }
    rms_buf_reset(&out);
    if (arena != NULL && rms_propset_read(stream, &pairs) == 0 &&
        rms_propset_write(stream, &pairs, &out) == 0) {
        check(rms_propset_read(rms_buf_view(&out), &again) == 0);
        same(&pairs, &again);
    }
}

static void check_packet(struct rms_view packet)
{
    struct rms_arena RMS_ARENA_CLEANUP *arena = rms_arena_new(ARENA_MAX);
    struct rms_buf RMS_BUF_CLEANUP out = RMS_BUF_INIT(4 * RMS_XMP_MAX);
    struct rms_label_pairs pairs = RMS_LABEL_PAIRS(arena);
    struct rms_label_pairs again = RMS_LABEL_PAIRS(arena);

    if (arena != NULL && rms_label_xmp_read(packet, RMS_XMP_MSIP, &pairs) == 0 &&
        rms_label_xmp_write(packet, RMS_XMP_MSIP, &pairs, &out) == 0 && out.len <= RMS_XMP_MAX) {
        check(rms_label_xmp_read(rms_buf_view(&out), RMS_XMP_MSIP, &again) == 0);
        same(&pairs, &again);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    int fd = memfd_create("in", MFD_CLOEXEC);

    if (fd >= 0 && rms_fd_pwrite_all(fd, data, size, 0) == 0) {
        for (size_t i = 0; i < sizeof places / sizeof places[0]; i++) {
            check_file(i, fd);
        }
    }
    (void)close(fd);
    check_properties(rms_view_of(data, size));
    check_packet(rms_view_of(data, size));
    return 0;
}
