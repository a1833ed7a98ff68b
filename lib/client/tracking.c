#include "client/tracking.h"

#include <stdio.h>

#include "base/arena.h"
#include "base/guid.h"
#include "base/json.h"
#include "base/log.h"
#include "client/api.h"
#include "client/context.h"
#include "client/inspector.h"
#include "client/work.h"
#include "xrml/licence.h"

#define REPLY_MAX (32u * 1024 * 1024)
#define ARENA_MAX (64u * 1024 * 1024)
#define SHOWN_MAX 1024

typedef int write_result(void *user_data, const void *data, size_t len);

/* The query of what changes something. */
static const char *query_of_change(const struct rms_context *context)
{
    return context->settings.what_if ? "what-if=true" : NULL;
}

/* --- registering ------------------------------------------------------------------------------------------
 */

#define UNCHANGED   16u
#define EVENTS_BITS (RMS_NOTIFICATION_OPENED | RMS_NOTIFICATION_REFUSED)
#define PACE_BITS   (RMS_NOTIFICATION_DAILY | RMS_NOTIFICATION_WEEKLY)

struct word {
    unsigned bits;
    const char *name;
};

static const char *word_of(const struct word *words, unsigned bits)
{
    while (words->name != NULL && words->bits != bits) {
        words++;
    }
    return words->name;
}

/* NULL: no such combination. */
static const char *type_of(unsigned notify)
{
    static const struct word types[] = {{0, "Disabled"}, {EVENTS_BITS, "Enabled"},
        {RMS_NOTIFICATION_REFUSED, "DeniedOnly"}, {RMS_NOTIFICATION_OPENED, "OpenedOnly"},
        {UNCHANGED, "Unchanged"}, {0, NULL}};

    return word_of(types, notify & ~(unsigned)PACE_BITS);
}

static const char *pace_of(unsigned notify)
{
    static const struct word paces[] = {
        {0, "Default"}, {RMS_NOTIFICATION_DAILY, "Daily"}, {RMS_NOTIFICATION_WEEKLY, "Weekly"}, {0, NULL}};

    return word_of(paces, notify & PACE_BITS);
}

bool rms_tracking_notify_ok(unsigned notify)
{
    return (notify & UNCHANGED) == 0 && type_of(notify) != NULL && pace_of(notify) != NULL;
}

/* What the service says of each; the first that was not registered decides. */
static int check_outcomes(struct rms_context *context, const json_t *reply)
{
    const json_t *outcome;
    size_t i;

    json_array_foreach(reply, i, outcome)
    {
        const char *reason = rms_json_str(outcome, "Reason");
        int code = reason != NULL ? rms_error_from_reason(reason) : 0;

        if (!json_is_true(json_object_get(outcome, "Registered"))) {
            code = code != 0 ? code : RMS_E_NOT_REGISTERED;
            return rms_fail(context, code, "%s",
                code == RMS_E_ROLE_REQUIRED ? "only who protected it may track and revoke"
                                            : rms_error_info(code)->text);
        }
    }
    return 0;
}

/* automatic: nobody asked for it, unless mail is wanted: then an answer that it was done is, too. */
static int send_list(struct rms_context *context, json_t *list, bool automatic, bool wanted)
{
    json_t RMS_JSON_CLEANUP *body = json_pack("{s:O, s:b}", "Documents", list, "Automatic", automatic);
    json_t RMS_JSON_CLEANUP *reply = NULL;
    const struct rms_api_call call = {
        .endpoint = RMS_EP_DOCUMENTS, .body = body, .query = query_of_change(context), .brief = automatic};

    if (body == NULL) {
        return RMS_E_NO_MEMORY;
    }
    RMS_TRY(rms_api(context, &call, &reply));
    if (wanted && json_array_size(reply) == 0) {
        return RMS_E_NOT_REGISTERED;
    }
    return wanted ? check_outcomes(context, reply) : 0;
}

/* --- files ------------------------------------------------------------------------------------------------
 */

/* A protected file, as far as tracking needs it. */
struct tracked_file {
    struct rms_buf licence;
    char content_id[RMS_GUID_TEXT];
    char extension[RMS_INSPECT_EXTENSION]; /* the original one */
};

static int read_file(struct rms_context *context, const char *path, struct tracked_file *file)
{
    struct rms_file_source RMS_SOURCE_CLEANUP source = {.fd = -1};
    struct rms_arena RMS_ARENA_CLEANUP *arena = rms_arena_new(ARENA_MAX);
    struct rms_inspect look;
    struct rms_pl pl;
    bool skipped = false;
    int status;

    if (arena == NULL) {
        return RMS_E_NO_MEMORY;
    }
    RMS_TRY(rms_source_open(context, path, false, &source, &skipped));
    look = (struct rms_inspect){source.name, source.fd, source.reader.size};
    status = rms_look_licence(context, &look, &file->licence, file->extension);
    if (status == 0) {
        status = rms_pl_parse(arena, rms_buf_view(&file->licence), &pl);
    }
    if (status != 0) {
        return status == RMS_E_READER_DIED ? status : rms_fail(context, status, "%s", path);
    }
    memcpy(file->content_id, pl.content_id, sizeof file->content_id);
    return 0;
}

/* "plan.ptxt" and "plan.docx.pfile" are shown as what they were. */
static void original_name(const char *path, const char *extension, char out[SHOWN_MAX])
{
    const char *slash = strrchr(path, '/');
    const char *name = slash != NULL ? slash + 1 : path;
    const char *dot = strrchr(name, '.');
    size_t stem = dot != NULL && dot > name ? (size_t)(dot - name) : strlen(name);
    size_t len = strlen(extension);
    bool there = stem >= len && strncasecmp(name + stem - len, extension, len) == 0;

    (void)snprintf(out, SHOWN_MAX, "%.*s%s", (int)stem, name, there ? "" : extension);
}

static int register_file(
    struct rms_context *context, const char *path, const char *name, const struct tracked_file *file)
{
    char original[SHOWN_MAX];
    json_t RMS_JSON_CLEANUP *list = NULL;

    if (name == NULL) {
        original_name(path, file->extension, original);
        name = original;
    }
    RMS_TRY(rms_check_text(context, "name", name, false));
    list = json_pack("[{s:o, s:s, s:s}]", "SerializedPublishingLicense",
        rms_api_base64(rms_buf_view(&file->licence)), "ContentName", name, "NotificationType",
        type_of(UNCHANGED));
    return list != NULL ? send_list(context, list, false, true) : RMS_E_NO_MEMORY;
}

int rms_track_register(struct rms_context *context, const char *path, const char *name)
{
    struct tracked_file file = {.licence = RMS_BUF_INIT(RMS_PFILE_LICENCE_MAX)};
    int status;

    RMS_TRY(rms_call_begin(context));
    RMS_TRY(rms_check_text(context, "path", path, false));
    status = read_file(context, path, &file);
    if (status == 0) {
        status = register_file(context, path, name, &file);
    }
    rms_buf_fini(&file.licence);
    return status;
}

/* --- what was just protected ------------------------------------------------------------------------------
 */

/* A program with a sign-in of its own is not asked for a token where it does not expect that. */
static bool may_announce(const struct rms_errand *errand)
{
    const struct rms_context *context = errand->context;

    return errand->plan != NULL && errand->plan->on_behalf == NULL && !errand->options.no_track &&
           (context->settings.track || errand->options.notify != 0) && !context->settings.offline &&
           RMS_ASKED(context, token) == NULL && !atomic_load(&context->tracking_failed);
}

/* Named, not shown: the licence would be most of the work, and the service believes people what they say of
 * documents of their own. NULL values are left out. */
static int add_work(json_t *list, const struct rms_errand *errand, const struct rms_work *work)
{
    const struct rms_policy *policy = &errand->plan->policy->policy;
    unsigned notify = errand->options.notify;
    const char *template_id = policy->from_template ? policy->id : NULL;
    const char *previous_id = work->previous_id[0] != '\0' ? work->previous_id : NULL;
    char name[SHOWN_MAX];

    original_name(work->target.output.path, work->extension, name);
    return json_array_append_new(
               list, json_pack("{s:s, s:s, s:s, s:s*, s:s*, s:s, s:s*, s:o*}", "ContentId",
                         work->issued.content_id, "Issuer", errand->plan->address, "ContentName", name,
                         "TemplateId", template_id, "PreviousContentId", previous_id, "NotificationType",
                         type_of(notify), "NotificationPreference", notify != 0 ? pace_of(notify) : NULL,
                         "NotificationInfo", notify != 0 ? rms_tracking_style() : NULL)) == 0
               ? 0
               : RMS_E_NO_MEMORY;
}

void rms_tracking_announce(const struct rms_errand *errand, const struct rms_work *const *works, size_t count)
{
    struct rms_context *context = errand->context;
    json_t RMS_JSON_CLEANUP *list = json_array();
    struct rms_report_text report;
    int status = 0;

    if (count == 0 || !may_announce(errand)) {
        return;
    }
    rms_report_save(context, &report);
    for (size_t i = 0; i < count && status == 0; i++) {
        status = works[i]->mail ? 0 : add_work(list, errand, works[i]);
    }
    if (status == 0 && json_array_size(list) > 0) {
        status = send_list(context, list, true, errand->options.notify != 0);
    }
    if (status != 0) {
        atomic_store(&context->tracking_failed, true);
        rms_note(context, errand->options.notify == 0 ? RMS_LOG_INFO : RMS_LOG_ERROR,
            "protected files are not registered for tracking: %s", rms_error_info(status)->reason);
    }
    rms_report_restore(context, &report);
}

/* --- asking -----------------------------------------------------------------------------------------------
 */

struct question {
    const char *action; /* behind the content id, with its slash; "" */
    json_t *body;       /* NULL: GET */
};

static int hand_out(const json_t *reply, write_result *write, void *user_data)
{
    struct rms_buf RMS_BUF_CLEANUP text = RMS_BUF_INIT(REPLY_MAX);

    RMS_TRY(rms_json_emit(reply, &text));
    return write(user_data, rms_buf_text(&text), text.len);
}

static int ask(
    struct rms_context *context, const char *content_id, const struct question *question, json_t **reply_out)
{
    char path[128];
    const struct rms_api_call call = {.endpoint = RMS_EP_DOCUMENTS,
        .path = path,
        .body = question->body,
        .query = question->body != NULL ? query_of_change(context) : NULL};

    (void)snprintf(path, sizeof path, "/%s%s", content_id, question->action);
    return rms_api(context, &call, reply_out);
}

static int ask_about_file(
    struct rms_context *context, const char *path, const struct question *question, json_t **reply_out)
{
    struct tracked_file file = {.licence = RMS_BUF_INIT(RMS_PFILE_LICENCE_MAX)};
    int status = read_file(context, path, &file);

    if (status == 0 && json_object_get(question->body, "Message") != NULL) { /* names its readers */
        status = json_object_set_new(question->body, "SerializedPublishingLicense",
                     rms_api_base64(rms_buf_view(&file.licence))) == 0
                     ? 0
                     : RMS_E_NO_MEMORY;
    }
    if (status == 0) {
        status = ask(context, file.content_id, question, reply_out);
    }
    if (status == RMS_E_NOT_REGISTERED) { /* C-117: register, then do it */
        status = register_file(context, path, NULL, &file);
        if (status == 0 && context->settings.what_if) { /* that it would be, is all there is to say */
            *reply_out = json_pack("{s:s, s:b}", "ContentId", file.content_id, "Revoked", 0);
        } else if (status == 0) {
            status = ask(context, file.content_id, question, reply_out);
        }
    }
    rms_buf_fini(&file.licence);
    return status;
}

static int begin(struct rms_context *context, write_result *write)
{
    RMS_TRY(rms_call_begin(context));
    return write != NULL ? 0 : rms_fail(context, RMS_E_BAD_ARGUMENT, "nobody takes the result");
}

static int ask_about(struct rms_context *context, const char *what, const struct question *question,
    write_result *write, void *user_data)
{
    json_t RMS_JSON_CLEANUP *reply = NULL;
    char content_id[RMS_GUID_TEXT];

    RMS_TRY(begin(context, write));
    RMS_TRY(rms_check_text(context, "document", what, false));
    if (rms_guid_parse(rms_view_str(what), content_id) == 0) {
        RMS_TRY(ask(context, content_id, question, &reply));
    } else {
        RMS_TRY(ask_about_file(context, what, question, &reply));
    }
    return hand_out(reply, write, user_data);
}

int rms_track_documents(struct rms_context *context, const char *search, write_result *write, void *user_data)
{
    struct rms_buf RMS_BUF_CLEANUP query = RMS_BUF_INIT(4096);
    json_t RMS_JSON_CLEANUP *reply = NULL;
    struct rms_api_call call = {.endpoint = RMS_EP_DOCUMENTS};

    RMS_TRY(begin(context, write));
    RMS_TRY(rms_check_text(context, "search", search, true));
    if (search != NULL) {
        rms_buf_append_str(&query, "q=");
        rms_http_encode(&query, search);
        RMS_TRY(rms_buf_status(&query));
        call.query = rms_buf_text(&query);
    }
    RMS_TRY(rms_api(context, &call, &reply));
    return hand_out(reply, write, user_data);
}

int rms_track_document(struct rms_context *context, const char *what, write_result *write, void *user_data)
{
    return ask_about(context, what, &(struct question){"", NULL}, write, user_data);
}

int rms_track_events(struct rms_context *context, const char *what, write_result *write, void *user_data)
{
    return ask_about(context, what, &(struct question){"/events", NULL}, write, user_data);
}

int rms_track_notify(
    struct rms_context *context, const char *what, unsigned notify, write_result *write, void *user_data)
{
    json_t RMS_JSON_CLEANUP *body = NULL;

    if (!rms_tracking_notify_ok(notify)) {
        RMS_TRY(rms_call_begin(context));
        return rms_fail(context, RMS_E_BAD_ARGUMENT, "notify: no such combination");
    }
    body = json_pack("{s:s, s:s, s:o*}", "NotificationType", type_of(notify), "NotificationPreference",
        pace_of(notify), "NotificationInfo", notify != 0 ? rms_tracking_style() : NULL);
    if (body == NULL) {
        return RMS_E_NO_MEMORY;
    }
    return ask_about(context, what, &(struct question){"/notify", body}, write, user_data);
}

int rms_track_delegate(struct rms_context *context, const char *what, const char *who,
    enum rms_delegation may, write_result *write, void *user_data)
{
    static const char *const words[] = {"None", "See", "Revoke"};
    json_t RMS_JSON_CLEANUP *body = NULL;

    RMS_TRY(rms_check_text(context, "who", who, false));
    if ((size_t)may >= sizeof words / sizeof words[0]) {
        return rms_fail(context, RMS_E_BAD_ARGUMENT, "may: no such right");
    }
    body = json_pack("{s:s, s:s}", "Delegate", who, "Rights", words[may]);
    if (body == NULL) {
        return RMS_E_NO_MEMORY;
    }
    return ask_about(context, what, &(struct question){"/delegates", body}, write, user_data);
}

int rms_track_hand_over(
    struct rms_context *context, const char *what, const char *to, write_result *write, void *user_data)
{
    json_t RMS_JSON_CLEANUP *body = NULL;

    RMS_TRY(rms_check_text(context, "to", to, false));
    body = json_pack("{s:s}", "To", to);
    if (body == NULL) {
        return RMS_E_NO_MEMORY;
    }
    return ask_about(context, what, &(struct question){"/handover", body}, write, user_data);
}

int rms_revoke(
    struct rms_context *context, const char *what, const char *reason, write_result *write, void *user_data)
{
    RMS_TRY(rms_call_begin(context));
    RMS_TRY(rms_check_text(context, "reason", reason, true));
    json_t RMS_JSON_CLEANUP *body = json_pack("{s:s*}", "Reason", reason);
    return body != NULL ? ask_about(context, what, &(struct question){"/revoke", body}, write, user_data)
                        : RMS_E_NO_MEMORY;
}

int rms_revoke_telling(struct rms_context *context, const char *what, const char *reason, const char *message,
    write_result *write, void *user_data)
{
    RMS_TRY(rms_call_begin(context));
    RMS_TRY(rms_check_text(context, "reason", reason, true));
    RMS_TRY(rms_check_text(context, "message", message, false));
    json_t RMS_JSON_CLEANUP *body = json_pack("{s:s*, s:s}", "Reason", reason, "Message", message);
    return body != NULL ? ask_about(context, what, &(struct question){"/revoke", body}, write, user_data)
                        : RMS_E_NO_MEMORY;
}

int rms_revoke_undo(struct rms_context *context, const char *what, write_result *write, void *user_data)
{
    json_t RMS_JSON_CLEANUP *body = json_object();

    return body == NULL ? RMS_E_NO_MEMORY
                        : ask_about(context, what, &(struct question){"/restore", body}, write, user_data);
}
