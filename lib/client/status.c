/* The calls that look at one file: status, labels, heads of mails. What they do is in inspect.h; here is
 * whose context it is for, and the file that takes the place of another. */
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/time.h"
#include "client/context.h"
#include "client/exclude.h"
#include "client/identity.h"
#include "client/inspector.h"
#include "client/label.h"
#include "client/template.h"
#include "format/kind.h"

#define ARENA_MAX (64u * 1024 * 1024)

static int begin(struct rms_context *context)
{
    return context != NULL ? rms_call_begin(context) : 0;
}

/* --- status --- */

#define COPY(field, text) ((void)snprintf(status->field, sizeof status->field, "%s", (text)))

static void take_template(
    struct rms_context *context, const struct rms_identity *identity, struct rms_inspected *inspected)
{
    struct rms_arena RMS_ARENA_CLEANUP *arena = rms_arena_new(ARENA_MAX);
    struct rms_file_status *status = &inspected->status;
    const struct rms_policy_text *text;
    struct rms_template_found found;

    if (arena == NULL || inspected->descriptor_id[0] == '\0') {
        return;
    }
    if (rms_template_known(context, identity, arena, inspected->descriptor_id, &found) == 0) {
        text = rms_policy_text_for(&found.policy, 0);
        COPY(template_id, inspected->descriptor_id);
        COPY(template_name,
            text != NULL && text->name != NULL && strlen(text->name) < sizeof status->template_name
                ? text->name
                : "");
        return;
    }
    /* not a template of this device: the licence's own name, when it has one */
    COPY(template_name, inspected->policy_name[0] != '\0' ? inspected->policy_name : RMS_POLICY_UNNAMED);
}

static int look(struct rms_context *context, const struct rms_inspect *file, struct rms_inspected *inspected)
{
    struct rms_identity RMS_IDENTITY_CLEANUP *identity = NULL;
    bool known = context != NULL && rms_identity_here(context, &identity) == 0;
    int code = rms_look_status(context, file, known ? &identity->trust : NULL, inspected);

    if (known && inspected->status.signature_trusted) {
        take_template(context, identity, inspected);
    }
    return code;
}

int rms_file_status(struct rms_context *context, const char *path, struct rms_file_status *status_out)
{
    struct rms_inspect RMS_INSPECT_CLEANUP file = {.fd = -1};
    struct rms_inspected inspected;
    int code;

    if (status_out == NULL) {
        return RMS_E_BAD_ARGUMENT;
    }
    *status_out = rms_status_unknown();
    if (!rms_path_usable(path)) {
        return RMS_E_BAD_ARGUMENT;
    }
    RMS_TRY(begin(context));
    RMS_TRY(rms_inspect_open(path, &file));
    code = look(context, &file, &inspected);
    *status_out = inspected.status;
    return code;
}

/* --- labels --- */

int rms_file_labels(struct rms_context *context, const char *path,
    void (*each)(void *user_data, const struct rms_label *label, bool in_force), void *user_data,
    bool *doubtful_out)
{
    struct rms_inspect RMS_INSPECT_CLEANUP file = {.fd = -1};
    const struct rms_look_labels look = {each, user_data, doubtful_out};

    if (each == NULL) {
        return RMS_E_BAD_ARGUMENT;
    }
    RMS_TRY(begin(context));
    RMS_TRY(rms_inspect_open(path, &file));
    return rms_look_labels(context, &file, &look);
}

/* What every verb leaves alone (C-049), labels too: programs, and what is in folders of the system. The store
 * lies in a hidden folder of the home unless somebody moved it, and holds nothing that has labels. Mails are
 * files to label where they are files to protect (C-077). */
static int may_write(const struct rms_context *context, const char *path)
{
    char real[PATH_MAX];

    if (!rms_path_usable(path)) {
        return RMS_E_BAD_ARGUMENT;
    }
    if (rms_kind_of(path)->class == RMS_KIND_EXCLUDED) {
        return RMS_E_FILE_BLOCKED;
    }
    if (rms_kind_of(path)->class == RMS_KIND_MAIL && (context == NULL || !context->settings.mail_files)) {
        return RMS_E_UNSUPPORTED;
    }
    if (realpath(path, real) == NULL) {
        return rms_error_from_errno(errno);
    }
    return rms_path_excluded(real, NULL, secure_getenv("HOME")) ? RMS_E_FILE_BLOCKED : 0;
}

static int replace(struct rms_context *context, const char *path, struct rms_look_change *change)
{
    struct rms_inspect RMS_INSPECT_CLEANUP file = {.fd = -1};
    struct rms_file_output output;
    int code;

    RMS_TRY(may_write(context, path));
    RMS_TRY(rms_inspect_open(path, &file));
    code = rms_file_output_open(&output, path);
    if (code == 0) {
        change->out = output.fd;
        code = rms_file_output_like(&output, file.fd);
        code = code == 0 ? rms_look_change(context, &file, change) : code;
        code = code == 0 ? rms_file_output_commit(&output, true) : code;
        rms_file_output_abort(&output);
    }
    return code;
}

int rms_file_label_set(
    struct rms_context *context, const char *path, const struct rms_label *label, const char *display)
{
    struct rms_label dated;
    char now[RMS_TIME_TEXT];

    RMS_TRY(rms_label_usable(label));
    RMS_TRY(begin(context));
    dated = *label;
    if (dated.set_at[0] == '\0') {
        rms_time_iso(rms_clock_now(), now);
        (void)snprintf(dated.set_at, sizeof dated.set_at, "%s", now);
    }
    return replace(context, path, &(struct rms_look_change){.label = &dated, .display = display});
}

int rms_file_label_remove(struct rms_context *context, const char *path, const char *tenant)
{
    char site[RMS_GUID_TEXT];

    if (tenant == NULL || rms_guid_parse(rms_view_str(tenant), site) != 0) {
        return RMS_E_BAD_ARGUMENT;
    }
    RMS_TRY(begin(context));
    return replace(context, path, &(struct rms_look_change){.tenant = site});
}

/* --- mails --- */

int rms_mail_inspect(struct rms_context *context, const char *path,
    void (*each)(void *user_data, enum rms_mail_field field, const char *value), void *user_data)
{
    struct rms_inspect RMS_INSPECT_CLEANUP file = {.fd = -1};
    int code;

    if (each == NULL) {
        return RMS_E_BAD_ARGUMENT;
    }
    RMS_TRY(begin(context));
    code = rms_inspect_open(path, &file);
    RMS_TRY(code == RMS_E_BAD_ARGUMENT && rms_path_usable(path) ? RMS_E_UNSUPPORTED : code); /* a directory */
    return rms_look_mail(context, &file, each, user_data);
}
