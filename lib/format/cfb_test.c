#include "base/test.h"

#include "base/mem.h"
#include "format/cfb_write.h"

#define FILE_MAX ((size_t)16 * 1024 * 1024)

static void must(int status)
{
    assert_int_equal(status, 0);
}

/* Bytes that differ from place to place. */
static void fill(uint8_t *data, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        data[i] = (uint8_t)(i * 7 + i / 251);
    }
}

static const size_t sizes[] = {0, 1, 63, 64, 65, 511, 512, 4095, 4096, 4097, 70000, 1000000};

/* Streams of sizes on both sides of every boundary, in the root and in storages. */
static void write_sample(struct rms_buf *file)
{
    const struct rms_writer to = rms_writer_of_buf(file);
    struct rms_cfb_writer *writer = NULL;
    uint8_t *data = rms_malloc(1000000);
    uint8_t class_id[16] = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16};
    char name[32];

    fill(data, 1000000);
    must(rms_cfb_writer_new(&to, &writer));
    rms_cfb_set_class(writer, class_id);
    must(rms_cfb_enter(writer, "\006Spaces"));
    must(rms_cfb_enter(writer, "inner"));
    must(rms_cfb_put(writer, "deep", RMS_VIEW_LITERAL("deep bytes")));
    must(rms_cfb_leave(writer));
    must(rms_cfb_leave(writer));
    for (size_t i = 0; i < RMS_COUNT(sizes); i++) {
        (void)snprintf(name, sizeof name, "s%zu", sizes[i]);
        must(rms_cfb_put(writer, name, rms_view_of(data, sizes[i])));
    }
    must(rms_cfb_put(writer, "\xc3\xbc\xe2\x82\xac\xf0\x9f\x98\x80", RMS_VIEW_LITERAL("a name")));
    must(rms_cfb_finish(writer));
    rms_cfb_writer_free(&writer);
    rms_free(data);
}

static int find_path(struct rms_cfb *cfb, const char *const *path, uint32_t *index_out)
{
    *index_out = RMS_CFB_ROOT;
    for (; *path != NULL; path++) {
        RMS_TRY(rms_cfb_find(cfb, *index_out, *path, index_out));
    }
    return 0;
}

static void written_is_read(void **state)
{
    struct rms_buf RMS_BUF_CLEANUP file = RMS_BUF_INIT(FILE_MAX);
    struct rms_buf RMS_BUF_CLEANUP got = RMS_BUF_INIT(FILE_MAX);
    struct rms_cfb RMS_CFB_CLEANUP *cfb = NULL;
    struct rms_view view;
    struct rms_reader reader;
    uint8_t *data = rms_malloc(1000000);
    uint32_t index;
    char name[32];

    (void)state;
    fill(data, 1000000);
    write_sample(&file);
    view = rms_buf_view(&file);
    reader = rms_reader_of_view(&view);
    must(rms_cfb_open(&reader, &cfb));
    assert_int_equal(rms_cfb_entry(cfb, RMS_CFB_ROOT)->class_id[15], 16);
    for (size_t i = 0; i < RMS_COUNT(sizes); i++) {
        (void)snprintf(name, sizeof name, "s%zu", sizes[i]);
        must(rms_cfb_find(cfb, RMS_CFB_ROOT, name, &index));
        assert_int_equal(rms_cfb_entry(cfb, index)->size, sizes[i]);
        rms_buf_reset(&got);
        must(rms_cfb_read(cfb, index, &got));
        assert_true(rms_view_equal(rms_buf_view(&got), rms_view_of(data, sizes[i])));
    }
    must(find_path(cfb, (const char *const[]){"\006Spaces", "inner", "deep", NULL}, &index));
    rms_buf_reset(&got);
    must(rms_cfb_read(cfb, index, &got));
    assert_string_equal(rms_buf_text(&got), "deep bytes");
    must(rms_cfb_find(cfb, RMS_CFB_ROOT, "\xc3\xbc\xe2\x82\xac\xf0\x9f\x98\x80", &index));
    assert_int_equal(rms_cfb_find(cfb, RMS_CFB_ROOT, "S0", &index), RMS_E_NOT_FOUND);
    assert_int_equal(rms_cfb_find(cfb, RMS_CFB_ROOT, "deep", &index), RMS_E_NOT_FOUND);
    assert_null(rms_cfb_entry(cfb, 100));
    rms_free(data);
}

static void parts_of_streams(void **state)
{
    static const size_t places[][2] = {{0, 1}, {1, 510}, {511, 2}, {4095, 4097}, {999999, 1}, {512, 512}};
    struct rms_buf RMS_BUF_CLEANUP file = RMS_BUF_INIT(FILE_MAX);
    struct rms_cfb RMS_CFB_CLEANUP *cfb = NULL;
    struct rms_view view;
    struct rms_reader reader;
    struct rms_reader stream;
    uint8_t *data = rms_malloc(1000000);
    uint8_t part[8192];
    uint32_t index;

    (void)state;
    fill(data, 1000000);
    write_sample(&file);
    view = rms_buf_view(&file);
    reader = rms_reader_of_view(&view);
    must(rms_cfb_open(&reader, &cfb));
    must(rms_cfb_find(cfb, RMS_CFB_ROOT, "s1000000", &index));
    must(rms_cfb_stream(cfb, index, &stream));
    for (size_t i = 0; i < RMS_COUNT(places); i++) {
        must(rms_reader_at(&stream, places[i][0], part, places[i][1]));
        assert_memory_equal(part, data + places[i][0], places[i][1]);
    }
    assert_int_equal(rms_reader_at(&stream, 999999, part, 2), RMS_E_DAMAGED);
    must(rms_cfb_find(cfb, RMS_CFB_ROOT, "\006Spaces", &index));
    assert_int_equal(rms_cfb_stream(cfb, index, &stream), RMS_E_DAMAGED);
    rms_free(data);
}

/* Reads whatever can be read; what comes out does not matter, that it ends does. */
static void read_all(struct rms_view view)
{
    struct rms_cfb RMS_CFB_CLEANUP *cfb = NULL;
    struct rms_reader reader = rms_reader_of_view(&view);

    if (rms_cfb_open(&reader, &cfb) != 0) {
        return;
    }
    for (uint32_t i = 1; rms_cfb_entry(cfb, i) != NULL; i++) {
        struct rms_buf RMS_BUF_CLEANUP bytes = RMS_BUF_INIT(FILE_MAX);

        if (!rms_cfb_entry(cfb, i)->storage) {
            int status = rms_cfb_read(cfb, i, &bytes);

            assert_true(status == 0 || status == RMS_E_DAMAGED || status == RMS_E_LIMIT);
        }
    }
}

static void write_small(struct rms_buf *file)
{
    const struct rms_writer to = rms_writer_of_buf(file);
    struct rms_cfb_writer *writer = NULL;
    uint8_t data[6000];

    fill(data, sizeof data);
    must(rms_cfb_writer_new(&to, &writer));
    must(rms_cfb_enter(writer, "storage"));
    must(rms_cfb_put(writer, "small", rms_view_of(data, 300)));
    must(rms_cfb_leave(writer));
    must(rms_cfb_put(writer, "big", rms_view_of(data, sizeof data)));
    must(rms_cfb_finish(writer));
    rms_cfb_writer_free(&writer);
}

static void cut_at_every_length(void **state)
{
    struct rms_buf RMS_BUF_CLEANUP file = RMS_BUF_INIT(FILE_MAX);

    (void)state;
    write_small(&file);
    for (size_t len = 0; len < file.len; len++) {
        uint8_t *copy = rms_malloc(len + 1); /* so that the sanitizer sees the end */

        memcpy(copy, file.data, len);
        read_all(rms_view_of(copy, len));
        rms_free(copy);
    }
}

static void every_byte_changed(void **state)
{
    static const uint8_t changes[] = {0x01, 0x80, 0xff};
    struct rms_buf RMS_BUF_CLEANUP file = RMS_BUF_INIT(FILE_MAX);

    (void)state;
    write_small(&file);
    for (size_t at = 0; at < file.len; at++) {
        for (size_t i = 0; i < RMS_COUNT(changes); i++) {
            file.data[at] ^= changes[i];
            read_all(rms_buf_view(&file));
            file.data[at] ^= changes[i];
        }
    }
}

static void put_u32(struct rms_buf *file, size_t at, uint32_t value)
{
    for (size_t i = 0; i < 4; i++) {
        file->data[at + i] = (uint8_t)(value >> (8 * i));
    }
}

static uint32_t u32_at(const struct rms_buf *file, size_t at)
{
    return (uint32_t)file->data[at] | (uint32_t)file->data[at + 1] << 8 | (uint32_t)file->data[at + 2] << 16 |
           (uint32_t)file->data[at + 3] << 24;
}

static int open_result(const struct rms_buf *file)
{
    struct rms_cfb RMS_CFB_CLEANUP *cfb = NULL;
    struct rms_view view = rms_buf_view(file);
    struct rms_reader reader = rms_reader_of_view(&view);

    return rms_cfb_open(&reader, &cfb);
}

/* What an attacker would try first. */
static void hostile_tables(void **state)
{
    struct rms_buf RMS_BUF_CLEANUP file = RMS_BUF_INIT(FILE_MAX);
    size_t directory;
    size_t fat;
    uint32_t start;

    (void)state;
    write_small(&file);
    assert_int_equal(open_result(&file), 0);
    start = u32_at(&file, 48);
    directory = ((size_t)start + 1) * 512;
    fat = ((size_t)u32_at(&file, 76) + 1) * 512;

    /* the directory's chain runs in a circle */
    put_u32(&file, fat + (size_t)start * 4, start);
    assert_int_equal(open_result(&file), RMS_E_LIMIT);
    put_u32(&file, fat + (size_t)start * 4, 0xfffffffe);

    /* the root is its own child, an entry its own neighbour, an entry far outside */
    for (size_t i = 0; i < 3; i++) {
        static const struct {
            size_t at;
            uint32_t value;
        } rows[] = {{76, 0}, {128 + 68, 1}, {128 + 72, 0x7fffffff}};
        uint32_t before = u32_at(&file, directory + rows[i].at);

        put_u32(&file, directory + rows[i].at, rows[i].value);
        assert_int_equal(open_result(&file), RMS_E_DAMAGED);
        put_u32(&file, directory + rows[i].at, before);
    }
    /* more tables than the file has room for; sectors of a gigabyte; another order of bytes; a version */
    put_u32(&file, 44, 0x7fffffff);
    assert_int_equal(open_result(&file), RMS_E_DAMAGED);
    put_u32(&file, 44, 1);
    file.data[30] = 30;
    assert_int_equal(open_result(&file), RMS_E_DAMAGED);
    file.data[30] = 9;
    file.data[28] = 0;
    assert_int_equal(open_result(&file), RMS_E_DAMAGED);
    file.data[28] = 0xfe;
    file.data[26] = 5;
    assert_int_equal(open_result(&file), RMS_E_UNSUPPORTED_VERSION);
    file.data[26] = 3;
    assert_int_equal(open_result(&file), 0);
}

static int refuse(void *context, uint64_t offset, const void *data, size_t len)
{
    size_t *room = context;

    (void)data;
    return offset + len > *room ? RMS_E_NO_SPACE : 0;
}

/* The disk fills up at any place: the code comes through, nothing leaks. */
static void broken_outputs(void **state)
{
    static const uint8_t data[6000];

    (void)state;
    for (size_t room = 0; room < 8000; room += 100) {
        const struct rms_writer to = {&room, refuse, false};
        struct rms_cfb_writer *writer = NULL;
        int status;

        status = rms_cfb_writer_new(&to, &writer);
        status = status == 0 ? rms_cfb_enter(writer, "storage") : status;
        status = status == 0 ? rms_cfb_put(writer, "small", rms_view_of(data, 300)) : status;
        status = status == 0 ? rms_cfb_leave(writer) : status;
        status = status == 0 ? rms_cfb_put(writer, "big", rms_view_of(data, sizeof data)) : status;
        status = status == 0 ? rms_cfb_finish(writer) : status;
        assert_int_equal(status, RMS_E_NO_SPACE);
        rms_cfb_writer_free(&writer);
    }
}

static void copied_with_everything(void **state)
{
    struct rms_buf RMS_BUF_CLEANUP file = RMS_BUF_INIT(FILE_MAX);
    struct rms_buf RMS_BUF_CLEANUP copy = RMS_BUF_INIT(FILE_MAX);
    struct rms_buf RMS_BUF_CLEANUP got = RMS_BUF_INIT(FILE_MAX);
    const struct rms_writer to = rms_writer_of_buf(&copy);
    struct rms_cfb_writer *writer = NULL;
    struct rms_cfb RMS_CFB_CLEANUP *cfb = NULL;
    struct rms_cfb RMS_CFB_CLEANUP *again = NULL;
    struct rms_view view;
    struct rms_view copied;
    struct rms_reader reader;
    struct rms_reader copy_reader;
    uint32_t index;

    (void)state;
    write_sample(&file);
    view = rms_buf_view(&file);
    reader = rms_reader_of_view(&view);
    must(rms_cfb_open(&reader, &cfb));
    must(rms_cfb_writer_new(&to, &writer));
    must(rms_cfb_find(cfb, RMS_CFB_ROOT, "\006Spaces", &index));
    must(rms_cfb_copy(writer, cfb, index));
    must(rms_cfb_find(cfb, RMS_CFB_ROOT, "s70000", &index));
    must(rms_cfb_copy(writer, cfb, index));
    must(rms_cfb_finish(writer));
    rms_cfb_writer_free(&writer);
    copied = rms_buf_view(&copy);
    copy_reader = rms_reader_of_view(&copied);
    must(rms_cfb_open(&copy_reader, &again));
    must(find_path(again, (const char *const[]){"\006Spaces", "inner", "deep", NULL}, &index));
    must(rms_cfb_read(again, index, &got));
    assert_string_equal(rms_buf_text(&got), "deep bytes");
    must(rms_cfb_find(again, RMS_CFB_ROOT, "s70000", &index));
    assert_int_equal(rms_cfb_entry(again, index)->size, 70000);
}

/* The last piece first; another stream stands behind it. */
static void spread(size_t len)
{
    struct rms_buf RMS_BUF_CLEANUP file = RMS_BUF_INIT(FILE_MAX);
    struct rms_buf RMS_BUF_CLEANUP got = RMS_BUF_INIT(FILE_MAX);
    const struct rms_writer to = rms_writer_of_buf(&file);
    struct rms_cfb_writer *writer = NULL;
    struct rms_cfb RMS_CFB_CLEANUP *cfb = NULL;
    struct rms_writer stream;
    struct rms_reader reader;
    struct rms_view view;
    uint8_t data[4 * RMS_CFB_SPREAD_MIN];
    uint32_t index;

    assert_in_range(len, 8 + RMS_CFB_SPREAD_MIN, sizeof data);
    fill(data, sizeof data);
    must(rms_cfb_writer_new(&to, &writer));
    must(rms_cfb_begin(writer, "spread"));
    must(rms_cfb_append(writer, data, 8));
    must(rms_cfb_spread(writer, &stream));
    assert_false(stream.in_order);
    for (size_t end = len; end > 8;) {
        size_t at = end > 1008 ? end - 1000 : 8;

        must(stream.write(stream.context, at, data + at, end - at));
        end = at;
    }
    assert_int_equal(stream.write(stream.context, RMS_CFB_STREAM_MAX, data, 1), RMS_E_LIMIT);
    must(rms_cfb_end(writer));
    must(rms_cfb_put(writer, "behind", rms_view_of(data, 5000)));
    must(rms_cfb_finish(writer));
    rms_cfb_writer_free(&writer);

    view = rms_buf_view(&file);
    reader = rms_reader_of_view(&view);
    must(rms_cfb_open(&reader, &cfb));
    must(rms_cfb_find(cfb, RMS_CFB_ROOT, "spread", &index));
    must(rms_cfb_read(cfb, index, &got));
    assert_int_equal(got.len, len);
    assert_memory_equal(got.data, data, len);
    must(rms_cfb_find(cfb, RMS_CFB_ROOT, "behind", &index));
    assert_int_equal(rms_cfb_entry(cfb, index)->size, 5000);
}

static void spread_in_any_order(void **state)
{
    (void)state;
    spread(8 + RMS_CFB_SPREAD_MIN);
    spread(8 + RMS_CFB_SPREAD_MIN + 1);
    spread(3 * RMS_CFB_SPREAD_MIN + 77);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(spread_in_any_order),
        cmocka_unit_test(written_is_read),
        cmocka_unit_test(parts_of_streams),
        cmocka_unit_test(cut_at_every_length),
        cmocka_unit_test(every_byte_changed),
        cmocka_unit_test(hostile_tables),
        cmocka_unit_test(broken_outputs),
        cmocka_unit_test(copied_with_everything),
    };

    return cmocka_run_group_tests_name("format cfb", tests, NULL, NULL);
}
