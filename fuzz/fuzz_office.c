/* Any bytes as a protected or clear Office document, or, behind a first byte of 0 to 4, as one of the streams
 * that say how it is protected: the parts that come out can be read, and what is copied is read again. */
#include <stdlib.h>

#include "format/office.h"

#define OUT_MAX (8u * 1024 * 1024)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(bool holds)
{
    if (!holds) {
        abort();
    }
}

static void try_stream(uint8_t which, struct rms_view stream)
{
    struct rms_buf RMS_BUF_CLEANUP licence = RMS_BUF_INIT(OUT_MAX);
    struct rms_ds_primary primary;
    struct rms_ds_map maps[4];
    char name[RMS_DS_NAME_MAX];
    size_t count = 0;

    if (which == 0 && rms_ds_parse_version(stream) == 0) {
        check(stream.len >= 76);
    }
    if (which == 1 && rms_ds_parse_map(stream, maps, 4, &count) == 0) {
        check(count <= 4);
    }
    if (which == 2 && rms_ds_parse_space(stream, name) == 0) {
        check(strlen(name) < sizeof name);
    }
    if (which == 3 && rms_ds_parse_primary(stream, &primary) == 0 && primary.rights) {
        check(primary.licence.len > 0 && primary.licence.data >= stream.data);
        check(primary.licence.data + primary.licence.len <= stream.data + stream.len);
        if (rms_ds_licence(primary.licence, &licence) == 0) {
            check(licence.len >= 5);
        }
    }
}

static void try_eul(struct rms_view stream)
{
    char user[RMS_DS_USER_MAX];
    struct rms_view licence;

    if (rms_ds_parse_eul_user(stream, user) == 0) {
        check(strlen(user) < sizeof user);
    }
    if (rms_ds_parse_eul(stream, &licence) == 0) {
        check(licence.len > 0 && licence.data >= stream.data + 8);
        check(licence.data + licence.len <= stream.data + stream.len);
    }
}

/* A person's use licences, and one more in their place: the only one of his then. */
static void try_embed(const struct rms_container *container)
{
    struct rms_buf RMS_BUF_CLEANUP stream = RMS_BUF_INIT(OUT_MAX);
    struct rms_buf RMS_BUF_CLEANUP made = RMS_BUF_INIT(OUT_MAX);
    struct rms_buf RMS_BUF_CLEANUP text = RMS_BUF_INIT(OUT_MAX);
    const struct rms_writer to = rms_writer_of_buf(&made);
    struct rms_container RMS_CONTAINER_CLEANUP again = {0};
    struct rms_eul eul = {.user = "bob@contoso.test", .name = "EUL-FUZZ", .others = container};
    struct rms_reader reader;
    struct rms_view view;
    uint32_t at = 0;

    while (rms_office_eul(container, eul.user, &at, &text) == 0) {
        check(text.len > 0);
        rms_buf_reset(&text);
    }
    check(rms_ds_emit_eul(eul.user, RMS_VIEW_LITERAL("<x/>"), &stream) == 0);
    eul.stream = rms_buf_view(&stream);
    if (rms_office_embed(&eul, &to) != 0) {
        return;
    }
    view = rms_buf_view(&made);
    reader = rms_reader_of_view(&view);
    if (rms_container_open(&reader, &again) == 0) { /* not where names occur twice */
        at = 0;
        check(rms_office_eul(&again, eul.user, &at, &text) == 0);
        check(rms_view_equal(rms_buf_view(&text), RMS_VIEW_LITERAL("<x/>")));
        check(rms_office_eul(&again, eul.user, &at, &text) == RMS_E_NOT_FOUND);
    }
}

/* Everything in it, into another file that is read again. */
static void try_copy(const struct rms_reader *reader)
{
    struct rms_buf RMS_BUF_CLEANUP copy = RMS_BUF_INIT(OUT_MAX);
    const struct rms_writer to = rms_writer_of_buf(&copy);
    struct rms_cfb RMS_CFB_CLEANUP *cfb = NULL;
    struct rms_cfb RMS_CFB_CLEANUP *again = NULL;
    struct rms_cfb_writer *writer = NULL;
    struct rms_view view;
    struct rms_reader copied;
    int status = 0;

    if (rms_cfb_open(reader, &cfb) != 0) {
        return;
    }
    check(rms_cfb_writer_new(&to, &writer) == 0);
    for (uint32_t i = 1; status == 0 && rms_cfb_entry(cfb, i) != NULL; i++) {
        if (rms_cfb_entry(cfb, i)->parent == RMS_CFB_ROOT) {
            status = rms_cfb_copy(writer, cfb, i);
        }
    }
    status = status == 0 ? rms_cfb_finish(writer) : status;
    rms_cfb_writer_free(&writer);
    if (status == 0) {
        view = rms_buf_view(&copy);
        copied = rms_reader_of_view(&view);
        check(rms_cfb_open(&copied, &again) == 0);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct rms_container RMS_CONTAINER_CLEANUP container = {0};
    struct rms_buf RMS_BUF_CLEANUP licence = RMS_BUF_INIT(RMS_PFILE_LICENCE_MAX);
    struct rms_view view = rms_view_of(data, size);
    struct rms_reader reader = rms_reader_of_view(&view);
    enum rms_container_kind kind;
    uint8_t byte;

    if (size > 0 && data[0] == 4) {
        try_eul(rms_view_of(data + 1, size - 1));
        return 0;
    }
    if (size > 0 && data[0] < 4) {
        try_stream(data[0], rms_view_of(data + 1, size - 1));
        return 0;
    }
    if (rms_office_kind(&reader, &kind) == 0) {
        check(kind <= RMS_CONTAINER_BINARY);
    }
    try_copy(&reader);
    if (rms_container_open(&reader, &container) == 0) {
        const struct rms_part *content = &container.content;

        check(rms_container_licence(&container, &licence) == 0 && licence.len > 0);
        check(content->len == 0 ||
              rms_reader_at(&content->reader, content->offset + content->len - 1, &byte, 1) == 0);
        if (container.kind == RMS_CONTAINER_PACKAGE || container.kind == RMS_CONTAINER_BINARY) {
            try_embed(&container);
        }
    }
    return 0;
}
