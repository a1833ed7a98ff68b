#include "label/zipio.h"

#include <errno.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/mem.h"

#define READ_STEP 65536

struct stream {
    int in, out;
    uint64_t size, written; /* of the two sides, so far */
    uint64_t at, write_at;  /* positions there */
    zip_error_t error;
};

static zip_int64_t fail(struct stream *s, int code)
{
    zip_error_set(&s->error, code, errno);
    return -1;
}

static zip_int64_t do_read(struct stream *s, void *data, zip_uint64_t len)
{
    long got = rms_fd_pread_full(s->in, data, (size_t)len, s->at);

    if (got < 0) {
        return fail(s, ZIP_ER_READ);
    }
    s->at += (uint64_t)got;
    return got;
}

static zip_int64_t do_write(struct stream *s, const void *data, zip_uint64_t len)
{
    if (lseek(s->out, (off_t)s->write_at, SEEK_SET) < 0 || rms_fd_write_all(s->out, data, (size_t)len) != 0) {
        return fail(s, ZIP_ER_WRITE);
    }
    s->write_at += len;
    s->written = s->write_at > s->written ? s->write_at : s->written;
    return (zip_int64_t)len;
}

static zip_int64_t do_seek(struct stream *s, uint64_t *place, uint64_t size, void *data, zip_uint64_t len)
{
    zip_int64_t to = zip_source_seek_compute_offset(*place, size, data, len, &s->error);

    if (to < 0) {
        return -1;
    }
    *place = (uint64_t)to;
    return 0;
}

static zip_int64_t do_stat(struct stream *s, void *data)
{
    zip_stat_t *stat = data;

    zip_stat_init(stat);
    stat->valid = ZIP_STAT_SIZE;
    stat->size = s->size;
    return sizeof *stat;
}

static zip_int64_t begin_write(struct stream *s)
{
    s->write_at = s->written = 0;
    return s->out >= 0 ? 0 : fail(s, ZIP_ER_OPNOTSUPP);
}

static zip_int64_t supported(void)
{
    return zip_source_make_command_bitmap(ZIP_SOURCE_OPEN, ZIP_SOURCE_READ, ZIP_SOURCE_CLOSE, ZIP_SOURCE_STAT,
        ZIP_SOURCE_ERROR, ZIP_SOURCE_FREE, ZIP_SOURCE_SEEK, ZIP_SOURCE_TELL, ZIP_SOURCE_BEGIN_WRITE,
        ZIP_SOURCE_COMMIT_WRITE, ZIP_SOURCE_ROLLBACK_WRITE, ZIP_SOURCE_WRITE, ZIP_SOURCE_SEEK_WRITE,
        ZIP_SOURCE_TELL_WRITE, ZIP_SOURCE_REMOVE, ZIP_SOURCE_SUPPORTS, -1);
}

static zip_int64_t call(void *user, void *data, zip_uint64_t len, zip_source_cmd_t command)
{
    struct stream *s = user;

    switch (command) {
    case ZIP_SOURCE_SUPPORTS:
        return supported();
    case ZIP_SOURCE_OPEN:
        s->at = 0;
        return 0;
    case ZIP_SOURCE_READ:
        return do_read(s, data, len);
    case ZIP_SOURCE_SEEK:
        return do_seek(s, &s->at, s->size, data, len);
    case ZIP_SOURCE_TELL:
        return (zip_int64_t)s->at;
    case ZIP_SOURCE_STAT:
        return do_stat(s, data);
    case ZIP_SOURCE_BEGIN_WRITE:
        return begin_write(s);
    case ZIP_SOURCE_WRITE:
        return do_write(s, data, len);
    case ZIP_SOURCE_SEEK_WRITE:
        return do_seek(s, &s->write_at, s->written, data, len);
    case ZIP_SOURCE_TELL_WRITE:
        return (zip_int64_t)s->write_at;
    case ZIP_SOURCE_ERROR:
        return zip_error_to_data(&s->error, data, len);
    case ZIP_SOURCE_CLOSE:
    case ZIP_SOURCE_COMMIT_WRITE:
    case ZIP_SOURCE_ROLLBACK_WRITE:
        return 0;
    case ZIP_SOURCE_FREE:
        zip_error_fini(&s->error);
        rms_free(s);
        return 0;
    default: /* ZIP_SOURCE_REMOVE: an archive that became empty, which ours never does */
        return fail(s, ZIP_ER_OPNOTSUPP);
    }
}

static int code_of(const zip_error_t *error)
{
    switch (zip_error_code_zip(error)) {
    case ZIP_ER_NOZIP:
        return RMS_E_UNSUPPORTED;
    case ZIP_ER_MEMORY:
        return RMS_E_NO_MEMORY;
    case ZIP_ER_NOENT:
        return RMS_E_NOT_FOUND;
    case ZIP_ER_WRITE:
        return zip_error_code_system(error) == ENOSPC ? RMS_E_NO_SPACE : RMS_E_IO;
    case ZIP_ER_READ:
    case ZIP_ER_SEEK:
        return RMS_E_IO;
    default:
        return RMS_E_DAMAGED;
    }
}

static int open_stream(struct stream *stream, int flags, zip_t **archive_out)
{
    zip_error_t error;
    zip_source_t *source;
    int code = 0;

    zip_error_init(&error);
    source = zip_source_function_create(call, stream, &error);
    if (source == NULL) {
        rms_free(stream);
        code = RMS_E_NO_MEMORY;
    } else {
        *archive_out = zip_open_from_source(source, (stream->out < 0 ? ZIP_RDONLY : 0) | flags, &error);
        if (*archive_out == NULL) {
            code = code_of(&error);
            zip_source_free(source); /* and the stream */
        }
    }
    zip_error_fini(&error);
    return code;
}

static int open_archive(int fd, int out, int flags, zip_t **archive_out)
{
    struct stream *stream;
    struct stat info;

    *archive_out = NULL;
    if (fstat(fd, &info) != 0) {
        return rms_error_from_errno(errno);
    }
    stream = rms_calloc(1, sizeof *stream);
    if (stream == NULL) {
        return RMS_E_NO_MEMORY;
    }
    *stream = (struct stream){.in = fd, .out = out, .size = (uint64_t)info.st_size};
    zip_error_init(&stream->error);
    RMS_TRY(open_stream(stream, flags, archive_out));
    if (zip_get_num_entries(*archive_out, 0) > RMS_ZIP_ENTRIES_MAX) {
        rms_zip_discard(archive_out);
        return RMS_E_LIMIT;
    }
    return 0;
}

int rms_zip_open(int fd, int out, zip_t **archive_out)
{
    return open_archive(fd, out, ZIP_CHECKCONS, archive_out);
}

int rms_zip_open_any(int fd, int out, zip_t **archive_out)
{
    return open_archive(fd, out, 0, archive_out);
}

void rms_zip_discard(zip_t **archive)
{
    if (*archive != NULL) {
        zip_discard(*archive);
        *archive = NULL;
    }
}

int rms_zip_finish(zip_t **archive)
{
    int code = 0;

    if (zip_close(*archive) != 0) {
        code = code_of(zip_get_error(*archive));
        zip_discard(*archive);
    }
    *archive = NULL;
    return code;
}

static int read_all(zip_file_t *file, struct rms_buf *out)
{
    zip_int64_t got;

    do {
        uint8_t *place = rms_buf_reserve(out, READ_STEP);

        if (place == NULL) {
            return RMS_E_LIMIT;
        }
        got = zip_fread(file, place, READ_STEP);
        if (got > 0) {
            rms_buf_commit(out, (size_t)got);
        }
    } while (got > 0);
    return got < 0 ? RMS_E_DAMAGED : 0;
}

int rms_zip_read(zip_t *archive, const char *name, struct rms_buf *out)
{
    zip_file_t *file = zip_fopen(archive, name, 0);
    int code;

    if (file == NULL) {
        return code_of(zip_get_error(archive));
    }
    code = read_all(file, out);
    if (zip_fclose(file) != 0 && code == 0) {
        code = RMS_E_DAMAGED;
    }
    return code;
}

int rms_zip_put(zip_t *archive, const char *name, struct rms_view content)
{
    zip_source_t *source = zip_source_buffer(archive, content.data, content.len, 0);

    if (source == NULL) {
        return RMS_E_NO_MEMORY;
    }
    if (zip_file_add(archive, name, source, ZIP_FL_OVERWRITE | ZIP_FL_ENC_UTF_8) < 0) {
        zip_source_free(source);
        return code_of(zip_get_error(archive));
    }
    return 0;
}
