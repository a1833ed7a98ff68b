#include "service/rest_error.h"

#include "base/json.h"

#define PREFIX        "Microsoft.RightsManagement.Exceptions."
#define RETRY_AFTER_S 2

/* Codes whose detail helps the caller and tells nothing about keys, people or content. */
static bool detail_is_public(int code)
{
    static const int codes[] = {RMS_E_BAD_ARGUMENT, RMS_E_LIMIT, RMS_E_CONFLICT, RMS_E_ROLE_REQUIRED,
        RMS_E_TYPE, RMS_E_UNKNOWN_RECIPIENT};
    for (size_t i = 0; i < sizeof codes / sizeof codes[0]; i++) {
        if (codes[i] == code) {
            return true;
        }
    }
    return false;
}

static void append_message(struct rms_buf *body, const char *text, const char *detail)
{
    RMS_BUF_CLEANUP struct rms_buf message = RMS_BUF_INIT(4096);
    rms_buf_append_str(&message, text);
    if (detail != NULL) {
        rms_buf_append_str(&message, ": ");
        rms_buf_append_str(&message, detail);
    }
    rms_json_quote(body, message.failed ? rms_view_str(text) : rms_buf_view(&message));
}

void rms_rest_error(const struct rms_request *request, int code, struct rms_reply *reply)
{
    const struct rms_error_info *info = rms_error_info(code);
    bool tell = request->caller == RMS_CALLER_OPERATOR || request->roles != 0 || detail_is_public(code);
    struct rms_buf *body = &reply->body;
    /* rows of decisions carry 200: they are answers of the licence calls, but refusals everywhere else */
    reply->status = info->http_status == 200 ? 403 : info->http_status;
    reply->type = "application/json";
    if (reply->status == 429 || reply->status == 503) {
        reply->retry_after_s = reply->retry_after_s > 0 ? reply->retry_after_s : RETRY_AFTER_S;
    }
    rms_buf_reset(body);
    rms_buf_append_str(body, "{\"Code\":\"" PREFIX);
    rms_buf_append_str(body, info->wire);
    rms_buf_append_str(body, "\",\"Message\":");
    append_message(body, info->text,
        request->told != NULL ? request->told
        : tell                ? request->note.detail
                              : NULL);
    rms_buf_append_str(body, ",\"Reason\":");
    rms_json_quote(body, rms_view_str(info->reason));
    rms_buf_append_str(body, ",\"Next\":");
    rms_json_quote(body, rms_view_str(info->next));
    rms_buf_append_str(body, ",\"CorrelationId\":");
    rms_json_quote(body, rms_view_str(request->correlation));
    rms_buf_append_str(body, "}");
}

const char *rms_rest_result(int code)
{
    return code == RMS_OK ? "Success" : rms_error_info(code)->reason;
}
