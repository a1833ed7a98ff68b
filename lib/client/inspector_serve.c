/* The operations of rms-inspector: requests taken apart, rms_inspect_* called, results put together. */
#include <iconv.h>
#include <sys/stat.h>

#include "client/inspector.h"

#define ARENA_MAX (16u * 1024 * 1024)

/* What a label is given as. */
struct wanted {
    struct rms_label label;
    char display[RMS_WIRE_TEXT_MAX];
    bool has_display;
};

struct request {
    struct rms_cursor rest;
    char name[RMS_WIRE_TEXT_MAX];
    struct rms_inspect file;
};

static int open_request(const struct rms_helper_call *call, struct request *request)
{
    struct stat info;

    request->rest = rms_cursor_of(call->request);
    rms_wire_take_text(&request->rest, request->name, sizeof request->name);
    if (fstat(call->in, &info) != 0) {
        return RMS_E_IO;
    }
    request->file = (struct rms_inspect){request->name, call->in, (uint64_t)info.st_size};
    return request->rest.bad ? RMS_E_BAD_ARGUMENT : 0;
}

static int serve_status(const struct rms_helper_call *call, struct rms_buf *reply)
{
    struct rms_arena RMS_ARENA_CLEANUP *arena = rms_arena_new(ARENA_MAX);
    const struct rms_trust *trust;
    struct rms_inspected inspected;
    struct request request;
    int code;

    if (arena == NULL) {
        return RMS_E_NO_MEMORY;
    }
    RMS_TRY(open_request(call, &request));
    RMS_TRY(rms_wire_take_trust(&request.rest, arena, &trust));
    code = rms_inspect_status(&request.file, trust, &inspected);
    rms_buf_append_u32(reply, (uint32_t)code); /* what was found up to a failure is told as well */
    rms_wire_put_inspected(reply, &inspected);
    return 0;
}

static int serve_licence(const struct rms_helper_call *call, struct rms_buf *reply)
{
    struct rms_buf RMS_BUF_CLEANUP licence = RMS_BUF_INIT(RMS_PFILE_LICENCE_MAX);
    char extension[RMS_INSPECT_EXTENSION];
    struct request request;

    RMS_TRY(open_request(call, &request));
    RMS_TRY(rms_inspect_licence(&request.file, &licence, extension));
    rms_wire_put_text(reply, extension);
    rms_buf_append_view(reply, rms_buf_view(&licence));
    return 0;
}

struct listing {
    struct rms_buf *reply;
    uint32_t count;
};

static void put_label(void *user_data, const struct rms_label *label, bool in_force)
{
    struct listing *listing = user_data;

    rms_wire_put_label(listing->reply, label);
    rms_buf_append_byte(listing->reply, in_force);
    listing->count++;
}

static int serve_labels(const struct rms_helper_call *call, struct rms_buf *reply)
{
    struct rms_buf RMS_BUF_CLEANUP labels = RMS_BUF_INIT(RMS_HELPER_REPLY_MAX);
    struct listing listing = {.reply = &labels};
    struct request request;
    bool doubtful = false;

    RMS_TRY(open_request(call, &request));
    RMS_TRY(rms_inspect_labels(&request.file, put_label, &listing, &doubtful));
    RMS_TRY(rms_buf_status(&labels));
    rms_buf_append_byte(reply, doubtful);
    rms_buf_append_u32(reply, listing.count);
    rms_buf_append_view(reply, rms_buf_view(&labels));
    return 0;
}

static int serve_label_set(const struct rms_helper_call *call, struct rms_buf *reply)
{
    struct request request;
    struct wanted wanted;

    (void)reply;
    RMS_TRY(open_request(call, &request));
    rms_wire_take_label(&request.rest, &wanted.label);
    wanted.has_display = rms_cursor_u8(&request.rest) != 0;
    rms_wire_take_text(&request.rest, wanted.display, sizeof wanted.display);
    if (request.rest.bad) {
        return RMS_E_BAD_ARGUMENT;
    }
    return rms_inspect_label_set(
        &request.file, call->out, &wanted.label, wanted.has_display ? wanted.display : NULL);
}

static int serve_label_remove(const struct rms_helper_call *call, struct rms_buf *reply)
{
    char tenant[RMS_GUID_TEXT];
    struct request request;

    (void)reply;
    RMS_TRY(open_request(call, &request));
    rms_wire_take_text(&request.rest, tenant, sizeof tenant);
    return request.rest.bad ? RMS_E_BAD_ARGUMENT : rms_inspect_label_remove(&request.file, call->out, tenant);
}

static void put_field(void *user_data, enum rms_mail_field field, const char *value)
{
    struct rms_buf *reply = user_data;

    rms_buf_append_byte(reply, (uint8_t)field);
    rms_wire_put_text(reply, value);
}

static int serve_mail(const struct rms_helper_call *call, struct rms_buf *reply)
{
    struct request request;

    RMS_TRY(open_request(call, &request));
    return rms_inspect_mail(&request.file, put_field, reply);
}

/* Tables of character sets are modules, loaded when one is asked for: nothing can be loaded any more when a
 * mail asks. What is open stays loaded. */
static void load_charsets(void)
{
    static const char *const names[] = {"iso-8859-1", "iso-8859-2", "iso-8859-5", "iso-8859-7", "iso-8859-9",
        "iso-8859-15", "windows-1250", "windows-1251", "windows-1252", "windows-1253", "windows-1254",
        "windows-1255", "windows-1256", "windows-1257", "windows-1258", "windows-874", "koi8-r", "koi8-u",
        "iso-2022-jp", "shift_jis", "cp932", "euc-jp", "gb2312", "gbk", "gb18030", "big5", "euc-kr", "cp949",
        "utf-16le", "utf-16", "utf-7"};

    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        (void)iconv_open("utf-8", names[i]);
    }
}

const struct rms_helper_operation rms_inspector_operations[RMS_INSPECT_OPERATIONS] = {
    [RMS_INSPECT_STATUS] = {NULL, serve_status},
    [RMS_INSPECT_LICENCE] = {NULL, serve_licence},
    [RMS_INSPECT_LABELS] = {NULL, serve_labels},
    [RMS_INSPECT_LABEL_SET] = {NULL, serve_label_set},
    [RMS_INSPECT_LABEL_REMOVE] = {NULL, serve_label_remove},
    [RMS_INSPECT_MAIL] = {load_charsets, serve_mail},
};
