/* rms-inspector: what rms_inspect_* do, done by a process that is shut in (sandbox/helper.h).
 *
 * The asking side gives it a descriptor, and public keys to judge by; never a key or a token. It believes no
 * answer: every field is checked for what it can be. What it cannot check is whether the answer is true: a
 * taken-over inspector can lie about its own file, and do nothing else. */
#ifndef RMS_CLIENT_INSPECTOR_H
#define RMS_CLIENT_INSPECTOR_H

#include "base/cursor.h"
#include "client/inspect.h"
#include "sandbox/helper.h"

struct rms_context;

/* Where the file is looked at: in this process, or by the inspector of the context's settings. All of them
 * are their rms_inspect_* otherwise. RMS_E_READER_DIED, RMS_E_UNSUPPORTED (no inspector here). context may be
 * NULL: here. */
RMS_MUST_USE int rms_look_status(struct rms_context *context, const struct rms_inspect *file,
    const struct rms_trust *trust, struct rms_inspected *inspected_out);
RMS_MUST_USE int rms_look_licence(struct rms_context *context, const struct rms_inspect *file,
    struct rms_buf *licence, char extension_out[RMS_INSPECT_EXTENSION]);

struct rms_look_labels {
    rms_each_label *each;
    void *user_data;
    bool *doubtful_out; /* may be NULL */
};
RMS_MUST_USE int rms_look_labels(
    struct rms_context *context, const struct rms_inspect *file, const struct rms_look_labels *look);
struct rms_look_change {
    int out;
    const struct rms_label *label; /* set it; NULL: remove those of */
    const char *display, *tenant;
};
RMS_MUST_USE int rms_look_change(
    struct rms_context *context, const struct rms_inspect *file, const struct rms_look_change *change);
RMS_MUST_USE int rms_look_mail(
    struct rms_context *context, const struct rms_inspect *file, rms_each_field *each, void *user_data);

/* --- what goes over the wire: inspector_wire.c, both directions --- */

enum rms_inspector_operation {
    RMS_INSPECT_STATUS,
    RMS_INSPECT_LICENCE,
    RMS_INSPECT_LABELS,
    RMS_INSPECT_LABEL_SET,
    RMS_INSPECT_LABEL_REMOVE,
    RMS_INSPECT_MAIL,
    RMS_INSPECT_OPERATIONS
};

#define RMS_WIRE_TEXT_MAX 4096 /* of a name or a text that a caller gives */

void rms_wire_put_text(struct rms_buf *out, const char *text);
/* Into size bytes; marks the cursor bad when it does not fit or has a NUL in it. */
void rms_wire_take_text(struct rms_cursor *from, char *out, size_t size);

void rms_wire_put_inspected(struct rms_buf *out, const struct rms_inspected *inspected);
void rms_wire_take_inspected(struct rms_cursor *from, struct rms_inspected *inspected);
void rms_wire_put_label(struct rms_buf *out, const struct rms_label *label);
void rms_wire_take_label(struct rms_cursor *from, struct rms_label *label);

/* trust may be NULL. What is taken is of the arena. */
void rms_wire_put_trust(struct rms_buf *out, const struct rms_trust *trust);
RMS_MUST_USE int rms_wire_take_trust(
    struct rms_cursor *from, struct rms_arena *arena, const struct rms_trust **trust_out);

/* The operations as the inspector does them. */
extern const struct rms_helper_operation rms_inspector_operations[RMS_INSPECT_OPERATIONS];

#endif
