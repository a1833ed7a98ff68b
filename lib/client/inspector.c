/* Asking rms-inspector, and believing no answer unchecked. */
#include "client/inspector.h"

#include <unistd.h>

#include "base/mem.h"
#include "client/context.h"

#define REQUEST_MAX RMS_HELPER_REQUEST_MAX
#define LIST_MAX    (16u * 1024 * 1024)
#define MEGABYTE    (1024u * 1024)

/* A seal is checked by reading the whole content: time grows with the file. */
static struct rms_helper_limits limits_of(const struct rms_inspect *file, int out)
{
    uint32_t megabytes = file->size / MEGABYTE < 10000000 ? (uint32_t)(file->size / MEGABYTE) : 10000000;

    return (struct rms_helper_limits){
        .memory_bytes = 1024ull * MEGABYTE,
        .cpu_s = 20 + megabytes / 20,
        .wall_ms = 60000 + megabytes * 200,
        .file_bytes = out >= 0 ? file->size + 64ull * MEGABYTE : 0,
    };
}

static const char *inspector_of(const struct rms_context *context)
{
    return context != NULL ? context->settings.inspector : NULL;
}

struct question {
    enum rms_inspector_operation operation;
    int out;
    struct rms_buf text;
};

static void begin(struct question *question, enum rms_inspector_operation operation, const char *name)
{
    *question = (struct question){operation, -1, RMS_BUF_INIT(REQUEST_MAX)};
    rms_wire_put_text(&question->text, name);
}

/* Frees the question. */
static int ask(const struct rms_context *context, const struct rms_inspect *file, struct question *question,
    struct rms_buf *reply)
{
    struct rms_helper_errand errand = {.program = inspector_of(context),
        .operation = question->operation,
        .request = rms_buf_view(&question->text),
        .in = file->fd,
        .out = question->out,
        .limits = limits_of(file, question->out)};
    char why[RMS_HELPER_WHY] = "";
    int code = rms_buf_status(&question->text);

    if (code == 0) {
        code = rms_helper_run(&errand, reply, why);
    }
    rms_buf_fini(&question->text);
    if (code == RMS_E_READER_DIED) {
        return rms_fail(context, code, "%s: %s", file->name, why);
    }
    if (code == RMS_E_UNSUPPORTED && access(errand.program, X_OK) != 0) {
        return rms_fail(context, code, "%s cannot be started", errand.program);
    }
    return code;
}

static int lied(const struct rms_context *context, const struct rms_inspect *file)
{
    return rms_fail(context, RMS_E_READER_DIED, "%s: it gave no answer that is one", file->name);
}

/* --- the operations --- */

int rms_look_status(struct rms_context *context, const struct rms_inspect *file,
    const struct rms_trust *trust, struct rms_inspected *inspected_out)
{
    struct rms_buf RMS_BUF_CLEANUP reply = RMS_BUF_INIT(LIST_MAX);
    struct rms_cursor cursor;
    struct question question;
    int code;

    if (inspector_of(context) == NULL) {
        return rms_inspect_status(file, trust, inspected_out);
    }
    *inspected_out = (struct rms_inspected){.status = rms_status_unknown()};
    begin(&question, RMS_INSPECT_STATUS, file->name);
    rms_wire_put_trust(&question.text, trust);
    RMS_TRY(ask(context, file, &question, &reply));
    cursor = rms_cursor_of(rms_buf_view(&reply));
    code = (int)rms_cursor_u32(&cursor);
    rms_wire_take_inspected(&cursor, inspected_out);
    if (!rms_cursor_done(&cursor) || code > 0 || (code != 0 && rms_error_info(code)->code != code)) {
        *inspected_out = (struct rms_inspected){.status = rms_status_unknown()};
        return lied(context, file);
    }
    return code;
}

int rms_look_licence(struct rms_context *context, const struct rms_inspect *file, struct rms_buf *licence,
    char extension_out[RMS_INSPECT_EXTENSION])
{
    struct rms_buf RMS_BUF_CLEANUP reply = RMS_BUF_INIT(RMS_PFILE_LICENCE_MAX + RMS_WIRE_TEXT_MAX);
    struct rms_cursor cursor;
    struct question question;

    if (inspector_of(context) == NULL) {
        return rms_inspect_licence(file, licence, extension_out);
    }
    begin(&question, RMS_INSPECT_LICENCE, file->name);
    RMS_TRY(ask(context, file, &question, &reply));
    cursor = rms_cursor_of(rms_buf_view(&reply));
    rms_wire_take_text(&cursor, extension_out, RMS_INSPECT_EXTENSION);
    if (cursor.bad) {
        return lied(context, file);
    }
    rms_buf_append_view(licence, rms_cursor_take(&cursor, rms_cursor_left(&cursor)));
    return rms_buf_status(licence);
}

/* look NULL: only to see whether all of it is as it should be. */
static bool read_labels(struct rms_view reply, const struct rms_look_labels *look)
{
    struct rms_cursor cursor = rms_cursor_of(reply);
    bool doubtful = rms_cursor_u8(&cursor) != 0;
    uint32_t count = rms_cursor_u32(&cursor);

    for (uint32_t i = 0; i < count && !cursor.bad; i++) {
        struct rms_label label;
        bool in_force;

        rms_wire_take_label(&cursor, &label);
        in_force = rms_cursor_u8(&cursor) != 0;
        if (look != NULL && !cursor.bad) {
            look->each(look->user_data, &label, in_force);
        }
    }
    if (look != NULL && look->doubtful_out != NULL) {
        *look->doubtful_out = doubtful;
    }
    return rms_cursor_done(&cursor);
}

int rms_look_labels(
    struct rms_context *context, const struct rms_inspect *file, const struct rms_look_labels *look)
{
    struct rms_buf RMS_BUF_CLEANUP reply = RMS_BUF_INIT(LIST_MAX);
    struct question question;

    if (inspector_of(context) == NULL) {
        return rms_inspect_labels(file, look->each, look->user_data, look->doubtful_out);
    }
    begin(&question, RMS_INSPECT_LABELS, file->name);
    RMS_TRY(ask(context, file, &question, &reply));
    if (!read_labels(rms_buf_view(&reply), NULL)) {
        return lied(context, file);
    }
    (void)read_labels(rms_buf_view(&reply), look);
    return 0;
}

int rms_look_change(
    struct rms_context *context, const struct rms_inspect *file, const struct rms_look_change *change)
{
    struct rms_buf RMS_BUF_CLEANUP reply = RMS_BUF_INIT(LIST_MAX);
    const struct rms_label *label = change->label;
    struct question question;

    if (inspector_of(context) == NULL) {
        return label != NULL ? rms_inspect_label_set(file, change->out, label, change->display)
                             : rms_inspect_label_remove(file, change->out, change->tenant);
    }
    begin(&question, label != NULL ? RMS_INSPECT_LABEL_SET : RMS_INSPECT_LABEL_REMOVE, file->name);
    question.out = change->out;
    if (label != NULL) {
        rms_wire_put_label(&question.text, label);
        rms_buf_append_byte(&question.text, change->display != NULL);
        rms_wire_put_text(&question.text, change->display != NULL ? change->display : "");
    } else {
        rms_wire_put_text(&question.text, change->tenant);
    }
    return ask(context, file, &question, &reply);
}

/* each NULL: only to see whether all of it is as it should be. */
static bool read_fields(struct rms_view reply, rms_each_field *each, void *user_data)
{
    struct rms_cursor cursor = rms_cursor_of(reply);
    char *value = rms_malloc(reply.len + 1);
    bool good;

    while (value != NULL && !cursor.bad && rms_cursor_left(&cursor) > 0) {
        uint8_t field = rms_cursor_u8(&cursor);

        rms_wire_take_text(&cursor, value, reply.len + 1);
        cursor.bad = cursor.bad || field > RMS_MAIL_ATTACHED;
        if (each != NULL && !cursor.bad) {
            each(user_data, (enum rms_mail_field)field, value);
        }
    }
    good = value != NULL && rms_cursor_done(&cursor);
    rms_free(value);
    return good;
}

int rms_look_mail(
    struct rms_context *context, const struct rms_inspect *file, rms_each_field *each, void *user_data)
{
    struct rms_buf RMS_BUF_CLEANUP reply = RMS_BUF_INIT(LIST_MAX);
    struct question question;

    if (inspector_of(context) == NULL) {
        return rms_inspect_mail(file, each, user_data);
    }
    begin(&question, RMS_INSPECT_MAIL, file->name);
    RMS_TRY(ask(context, file, &question, &reply));
    if (!read_fields(rms_buf_view(&reply), NULL, NULL)) {
        return lied(context, file);
    }
    (void)read_fields(rms_buf_view(&reply), each, user_data);
    return 0;
}
