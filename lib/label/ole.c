#include "label/ole.h"

#include <errno.h>
#include <sys/stat.h>

#include "base/file.h"
#include "format/cfb_write.h"
#include "label/ooxml.h"
#include "label/part.h"
#include "label/propset.h"

static const char *const info_path[] = {"\006DataSpaces", "TransformInfo", "LabelInfo"};

/* --- the two files -------------------------------------------------------------------------------------- */

static int write_fd(void *context, uint64_t offset, const void *data, size_t len)
{
    return rms_fd_pwrite_all(*(const int *)context, data, len, offset);
}

static int open_compound(const int *fd, struct rms_reader *file, struct rms_cfb **cfb_out)
{
    RMS_TRY(rms_reader_of_fd(fd, file));
    return rms_cfb_looks(file) ? rms_cfb_open(file, cfb_out) : RMS_E_UNSUPPORTED;
}

/* RMS_E_NOT_FOUND when there is none. */
static int find_info(const struct rms_cfb *cfb, uint32_t *index_out)
{
    *index_out = RMS_CFB_ROOT;
    for (size_t i = 0; i < sizeof info_path / sizeof info_path[0]; i++) {
        RMS_TRY(rms_cfb_find(cfb, *index_out, info_path[i], index_out));
    }
    return 0;
}

/* --- reading -------------------------------------------------------------------------------------------- */

static int read_properties(struct rms_cfb *cfb, struct rms_buf *out)
{
    uint32_t index;
    int code = rms_cfb_find(cfb, RMS_CFB_ROOT, RMS_PROPSET_DOCUMENT, &index);

    return code == 0 ? rms_cfb_read(cfb, index, out) : code;
}

static int read_info(struct rms_cfb *cfb, struct rms_label_pairs *pairs)
{
    struct rms_buf RMS_BUF_CLEANUP xml = RMS_BUF_INIT(RMS_PART_MAX);
    uint32_t index;
    int code = find_info(cfb, &index);

    if (code == RMS_E_NOT_FOUND) {
        return 0;
    }
    RMS_TRY(code);
    RMS_TRY(rms_cfb_read(cfb, index, &xml));
    return rms_label_info_read(rms_buf_view(&xml), pairs);
}

int rms_label_ole_read(int fd, struct rms_label_pairs *pairs)
{
    struct rms_buf RMS_BUF_CLEANUP stream = RMS_BUF_INIT(RMS_PROPSET_MAX);
    struct rms_cfb RMS_CFB_CLEANUP *cfb = NULL;
    struct rms_reader file;
    int code;

    RMS_TRY(open_compound(&fd, &file, &cfb));
    code = read_properties(cfb, &stream);
    if (code == 0) {
        code = rms_propset_read(rms_buf_view(&stream), pairs);
    }
    if (code != RMS_E_NOT_FOUND) {
        RMS_TRY(code);
    }
    return read_info(cfb, pairs);
}

/* --- writing -------------------------------------------------------------------------------------------- */

static int copy_all(struct rms_cfb_writer *writer, struct rms_cfb *from, uint32_t storage, uint32_t without);

/* An entry with everything in it but one (RMS_CFB_ROOT: with everything). */
static int copy_entry(struct rms_cfb_writer *writer, struct rms_cfb *from, uint32_t index, uint32_t without)
{
    const struct rms_cfb_entry *entry = rms_cfb_entry(from, index);

    if (without == RMS_CFB_ROOT || !rms_cfb_is_inside(from, without, index)) {
        return rms_cfb_copy(writer, from, index);
    }
    if (index == without) {
        return 0;
    }
    RMS_TRY(rms_cfb_enter(writer, entry->name));
    rms_cfb_set_class(writer, entry->class_id);
    RMS_TRY(copy_all(writer, from, index, without));
    return rms_cfb_leave(writer);
}

/* No deeper than the one that is left out. */
static int copy_all(struct rms_cfb_writer *writer, struct rms_cfb *from, uint32_t storage, uint32_t without)
{
    const struct rms_cfb_entry *entry;

    for (uint32_t i = 1; (entry = rms_cfb_entry(from, i)) != NULL; i++) {
        if (entry->parent != storage ||
            (storage == RMS_CFB_ROOT && strcmp(entry->name, RMS_PROPSET_DOCUMENT) == 0)) {
            continue;
        }
        RMS_TRY(copy_entry(writer, from, i, without));
    }
    return 0;
}

static int write_all(struct rms_cfb_writer *writer, struct rms_cfb *from, const struct rms_label_pairs *pairs)
{
    struct rms_buf RMS_BUF_CLEANUP old = RMS_BUF_INIT(RMS_PROPSET_MAX);
    struct rms_buf RMS_BUF_CLEANUP new = RMS_BUF_INIT(RMS_PROPSET_MAX);
    uint32_t info = RMS_CFB_ROOT;
    int code = read_properties(from, &old);

    if (code != RMS_E_NOT_FOUND) {
        RMS_TRY(code);
    }
    code = find_info(from, &info);
    if (code != 0) {
        info = RMS_CFB_ROOT;
    }
    RMS_TRY(rms_propset_write(rms_buf_view(&old), pairs, &new));
    rms_cfb_set_class(writer, rms_cfb_entry(from, RMS_CFB_ROOT)->class_id);
    RMS_TRY(copy_all(writer, from, RMS_CFB_ROOT, info));
    RMS_TRY(rms_cfb_put(writer, RMS_PROPSET_DOCUMENT, rms_buf_view(&new)));
    return rms_cfb_finish(writer);
}

int rms_label_ole_write(int fd, int out, const struct rms_label_pairs *pairs)
{
    const struct rms_writer to = {&out, write_fd, false};
    struct rms_cfb RMS_CFB_CLEANUP *from = NULL;
    struct rms_cfb_writer *writer = NULL;
    struct rms_reader file;
    int code;

    RMS_TRY(open_compound(&fd, &file, &from));
    RMS_TRY(rms_cfb_writer_new(&to, &writer));
    code = write_all(writer, from, pairs);
    rms_cfb_writer_free(&writer);
    return code;
}
