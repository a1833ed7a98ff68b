/* Any bytes as a protected file: the parts that come out lie inside it, the licence can be taken out, the
 * stored extension makes a name that stays in its folder, and what was read can be written and read again. */
#include <stdlib.h>

#include "format/kind.h"
#include "format/pfile.h"

#define OUT_MAX (32u * 1024 * 1024)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(bool holds)
{
    if (!holds) {
        abort();
    }
}

static void check_names(const char *extension)
{
    static const char *const names[] = {"a.pfile", "a.txt.pfile", "a.ptxt", "a", ".pfile", "a.dat"};
    char out[RMS_NAME_MAX];

    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        if (rms_kind_clear_name(names[i], extension, out) == 0) {
            check(out[0] != '\0' && strchr(out, '/') == NULL);
        }
    }
}

static void check_round_trip(const struct rms_pfile *pfile, struct rms_view licence)
{
    struct rms_buf RMS_BUF_CLEANUP out = RMS_BUF_INIT(OUT_MAX);
    const struct rms_pfile_request request = {pfile->extension, licence, {NULL, 0}, pfile->original_size, 0};
    struct rms_pfile again;
    struct rms_reader reader;
    struct rms_view view;

    check(rms_pfile_emit(&request, &out) == 0);
    view = rms_buf_view(&out);
    reader = rms_reader_of_view(&view);
    check(rms_pfile_parse(&reader, &again) == 0);
    check(strcmp(again.extension, pfile->extension) == 0);
    check(again.licence_len == licence.len && again.content_len == 0);
    check(memcmp(view.data + again.licence_offset, licence.data, licence.len) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct rms_buf RMS_BUF_CLEANUP licence = RMS_BUF_INIT(RMS_PFILE_LICENCE_MAX);
    struct rms_view view = rms_view_of(data, size);
    struct rms_reader reader = rms_reader_of_view(&view);
    struct rms_pfile pfile;

    if (rms_pfile_parse(&reader, &pfile) != 0) {
        return 0;
    }
    check(pfile.licence_offset <= size && pfile.licence_len <= size - pfile.licence_offset);
    check(pfile.metadata_offset <= size && pfile.metadata_len <= size - pfile.metadata_offset);
    check(pfile.content_offset + pfile.content_len == size);
    check(pfile.seal_offset <= size && pfile.seal_len <= size - pfile.seal_offset);
    check_names(pfile.extension);
    check(rms_pfile_licence(&reader, &pfile, &licence) == 0);
    check_round_trip(&pfile, rms_buf_view(&licence));
    return 0;
}
