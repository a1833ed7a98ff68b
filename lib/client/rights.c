/* Who may do what with a protected file: the service's list (S-080), and changing it in place (S-079). */
#include "base/json.h"
#include "client/access_rest.h"
#include "client/api.h"
#include "client/context.h"
#include "client/crypt.h"
#include "client/inspector.h"
#include "client/source.h"
#include "client/work.h"

#define REPLY_MAX (32u * 1024 * 1024)

/* --- the list --------------------------------------------------------------------------------------- */

static int read_licence(struct rms_context *context, const char *path, struct rms_buf *licence)
{
    struct rms_file_source source = {.fd = -1};
    char extension[RMS_INSPECT_EXTENSION];
    bool skipped;
    int status = rms_source_open(context, path, false, &source, &skipped);

    if (status == 0) {
        const struct rms_inspect look = {source.name, source.fd, source.reader.size};

        status = rms_look_licence(context, &look, licence, extension);
        if (status != 0 && status != RMS_E_READER_DIED) {
            (void)rms_fail(context, status, "%s", path);
        }
    }
    rms_source_close(&source);
    return status;
}

int rms_rights_list(struct rms_context *context, const char *path,
    int (*write)(void *user_data, const void *data, size_t len), void *user_data)
{
    struct rms_buf RMS_BUF_CLEANUP licence = RMS_BUF_INIT(RMS_PFILE_LICENCE_MAX);
    struct rms_buf RMS_BUF_CLEANUP text = RMS_BUF_INIT(REPLY_MAX);
    json_t RMS_JSON_CLEANUP *body = json_object();
    json_t RMS_JSON_CLEANUP *reply = NULL;
    const struct rms_api_call call = {.endpoint = RMS_EP_PUBLISHING, .body = body, .path = "/rights"};
    const char *reason;

    RMS_TRY(rms_call_begin(context));
    if (path == NULL || write == NULL) {
        return rms_fail(context, RMS_E_BAD_ARGUMENT, "no file, or nowhere to write to");
    }
    RMS_TRY(read_licence(context, path, &licence));
    if (json_object_set_new(body, "SerializedPublishingLicense", rms_api_base64(rms_buf_view(&licence))) !=
        0) {
        return RMS_E_NO_MEMORY;
    }
    RMS_TRY(rms_api(context, &call, &reply));
    RMS_TRY(rms_json_emit(reply, &text));
    RMS_TRY(write(user_data, text.data, text.len));
    reason = rms_json_str(reply, "Reason");
    if (reason == NULL) {
        return 0;
    }
    if (json_array_size(json_object_get(reply, "Rights")) == 0) {
        return rms_access_denied(context, reply);
    }
    return rms_fail(context, RMS_E_NO_RIGHTS,
        "seeing the rights of others needs the right VIEWRIGHTSDATA or OWNER, which you do not have");
}

/* --- changing it ------------------------------------------------------------------------------------ */

int rms_rights_change(struct rms_context *context, const char *path, const struct rms_policy_builder *added,
    const char *const *removed, size_t removed_count)
{
    const struct rms_rights_change change = {removed, removed_count};
    const struct rms_file_options options = {.size = sizeof options, .in_place = true, .no_track = true};
    struct rms_errand errand = {.context = context, .threads = rms_crypt_threads()};
    struct rms_plan plan = {.context = context};
    int status;

    RMS_TRY(rms_errand_begin(context, &options, NULL, &errand.options));
    if (path == NULL || !rms_handle_is(added, RMS_HANDLE_POLICY) || added->policy.from_template ||
        added->policy.grant_count + removed_count == 0) {
        return rms_fail(context, RMS_E_BAD_ARGUMENT, "no file, or nothing to add or remove");
    }
    /* the service publishes, and nothing of it is the caller's own */
    plan = (struct rms_plan){
        .context = context, .policy = added, .persist = RMS_PERSIST_NONE, .change = &change};
    errand.plan = &plan;
    status = rms_ec_generate(&plan.seal_key);
    if (status == 0) {
        status = rms_work_run(&errand, path, NULL);
    }
    rms_plan_fini(&plan);
    return status;
}
