/* Protecting as a stream (rms_protector_*). */
#include "base/mem.h"
#include "base/text.h"
#include "client/context.h"
#include "client/issue.h"
#include "format/pfile.h"

#define WINDOW   (256u * 1024) /* clear bytes collected before they are encrypted */
#define HEAD_MAX (16u * 1024 * 1024)

struct rms_protector {
    enum rms_handle handle;
    struct rms_plan plan;
    struct rms_sink sink;
    struct rms_issued issued;
    struct rms_content_cipher *cipher;
    uint64_t size; /* announced, or UINT64_MAX */
    uint64_t done; /* clear bytes encrypted so far */
    size_t len;    /* waiting in the window */
    bool finished;
    int failed; /* the first failure: an output once broken stays so */
    uint8_t window[WINDOW + 16];
};

static int put(struct rms_protector *protector, const void *data, size_t len)
{
    int status = len > 0 ? protector->sink.write(protector->sink.user_data, data, len) : 0;

    if (status != 0) {
        protector->failed = status < 0 ? status : RMS_E_IO;
        return rms_fail(protector->plan.context, protector->failed, "the output could not be written");
    }
    return 0;
}

static int flush(struct rms_protector *protector, bool last)
{
    uint64_t block = protector->done / rms_content_block(protector->cipher);
    size_t out_len;
    int status = rms_content_encrypt(
        protector->cipher, block, protector->window, protector->len, last, protector->window, &out_len);

    if (status != 0) {
        protector->failed = status;
        return status;
    }
    protector->done += protector->len;
    protector->len = 0;
    return put(protector, protector->window, out_len);
}

static int start(struct rms_protector *protector, const char *extension)
{
    struct rms_buf RMS_BUF_CLEANUP head = RMS_BUF_INIT(HEAD_MAX);
    /* the seal stands in front of the content, and what went out cannot be changed: there is none */
    const struct rms_content_about about = {.extension = extension, .size = protector->size};
    struct rms_pfile_request request = {extension, {NULL, 0}, {NULL, 0}, protector->size, 0};
    const struct rms_cipher_package *cipher = protector->plan.policy->cipher;

    if (protector->size == UINT64_MAX && cipher != NULL && cipher->mode != RMS_MODE_CBC4K) {
        /* without padding only the size told before says where the content ends */
        return rms_fail(
            protector->plan.context, RMS_E_BAD_ARGUMENT, "%s needs the size in advance", cipher->name);
    }
    RMS_TRY(rms_plan_issue(&protector->plan, &about, &protector->issued));
    request.licence = rms_buf_view(&protector->issued.licence);
    RMS_TRY(rms_pfile_emit(&request, &head));
    RMS_TRY(rms_content_cipher_new(
        protector->issued.key.mode, rms_secret_view(protector->issued.key.key), &protector->cipher));
    return put(protector, head.data, head.len);
}

int rms_protector_new(struct rms_context *context, const struct rms_policy_builder *policy,
    const char *extension, uint64_t size, const struct rms_sink *sink, struct rms_protector **protector_out)
{
    struct rms_protector *protector;
    int status;

    if (protector_out == NULL) {
        return RMS_E_BAD_ARGUMENT;
    }
    *protector_out = NULL;
    RMS_TRY(rms_call_begin(context));
    if (sink == NULL || sink->write == NULL) {
        return rms_fail(context, RMS_E_BAD_ARGUMENT, "the sink has no writer");
    }
    extension = extension != NULL ? extension : "";
    if (extension[0] != '\0' && !rms_pfile_extension_valid(rms_view_str(extension))) {
        return rms_fail(context, RMS_E_BAD_ARGUMENT, "an extension is a dot and text");
    }
    protector = rms_calloc(1, sizeof *protector);
    if (protector == NULL) {
        return RMS_E_NO_MEMORY;
    }
    protector->handle = RMS_HANDLE_PROTECTOR;
    protector->sink = *sink;
    protector->size = size;
    status = rms_plan_make(context, policy, false, RMS_PERSIST_ALL, &protector->plan);
    if (status == 0) {
        status = start(protector, extension);
    }
    if (status != 0) {
        rms_protector_free(&protector);
    }
    *protector_out = protector;
    return status;
}

int rms_protector_write(struct rms_protector *protector, const void *data, size_t len)
{
    const uint8_t *bytes = data;

    if (!rms_handle_is(protector, RMS_HANDLE_PROTECTOR) || (data == NULL && len > 0) || protector->finished) {
        return RMS_E_BAD_ARGUMENT;
    }
    RMS_TRY(rms_call_begin(protector->plan.context));
    RMS_TRY(protector->failed);
    if (protector->size != UINT64_MAX && len > protector->size - protector->done - protector->len) {
        return rms_fail(protector->plan.context, RMS_E_BAD_ARGUMENT, "more bytes than were announced");
    }
    while (len > 0) {
        size_t room = WINDOW - protector->len;
        size_t part = len < room ? len : room;

        memcpy(protector->window + protector->len, bytes, part);
        protector->len += part;
        bytes += part;
        len -= part;
        if (protector->len == WINDOW) {
            RMS_TRY(flush(protector, false));
        }
    }
    return 0;
}

int rms_protector_finish(struct rms_protector *protector)
{
    if (!rms_handle_is(protector, RMS_HANDLE_PROTECTOR) || protector->finished) {
        return RMS_E_BAD_ARGUMENT;
    }
    RMS_TRY(rms_call_begin(protector->plan.context));
    RMS_TRY(protector->failed);
    if (protector->size != UINT64_MAX && protector->done + protector->len != protector->size) {
        return rms_fail(protector->plan.context, RMS_E_BAD_ARGUMENT, "fewer bytes than were announced");
    }
    RMS_TRY(flush(protector, true));
    protector->finished = true;
    rms_plan_keep(&protector->plan, &protector->issued);
    return 0;
}

void rms_protector_free(struct rms_protector **protector)
{
    struct rms_protector *gone = protector != NULL ? *protector : NULL;

    if (!rms_handle_is(gone, RMS_HANDLE_PROTECTOR)) {
        return;
    }
    *protector = NULL;
    gone->handle = 0;
    rms_content_cipher_free(&gone->cipher);
    rms_issued_fini(&gone->issued);
    rms_plan_fini(&gone->plan);
    rms_wipe(gone->window, sizeof gone->window);
    rms_free(gone);
}
