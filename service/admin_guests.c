/* How guests come in: passcodes and self-service sign-up. */
#include "base/text.h"
#include "service/admin.h"
#include "service/guest_state.h"
#include "service/rest_write.h"
#include "service/settings.h"

static int write_state(struct rms_request *request, const char *settings, struct rms_buf *out)
{
    struct rms_guest_state state;
    RMS_TRY(rms_guest_state_read(request->arena, settings, &state));
    rms_out_open(out, NULL, '{');
    rms_out_bool(out, "Passcodes", state.passcodes);
    rms_out_bool(out, "PasscodeDocuments", state.documents);
    rms_out_bool(out, "SignUp", state.sign_up);
    rms_out_bool(out, "SignUpProtect", state.protect);
    rms_out_texts(out, "Domains", state.domains, state.domain_count);
    rms_out_bool(out, "MailAvailable", request->worker->front->settings->mail[0] != '\0');
    if (state.protect) {
        static const char *const warnings[] = {
            "whoever signs up by himself may protect, and owns what he protected: nobody answers for him"};
        rms_out_texts(out, "Warnings", warnings, 1);
    }
    rms_out_close(out, '}');
    return RMS_OK;
}

int rms_admin_guests_state(struct rms_front *front, struct rms_request *request, struct rms_reply *reply)
{
    struct rms_tenant t;
    (void)front;
    RMS_TRY(rms_admin_tenant(request, &t));
    return write_state(request, t.settings, &reply->body);
}

static int set_state(struct rms_request *request, struct rms_admin_body *body, struct rms_tenant *t)
{
    struct rms_reader *reader = &body->reader;
    struct rms_guest_state state;
    RMS_TRY(rms_guest_state_read(request->arena, t->settings, &state));
    RMS_TRY(rms_reader_bool(reader, body->object, "Passcodes", &state.passcodes));
    RMS_TRY(rms_reader_bool(reader, body->object, "PasscodeDocuments", &state.documents));
    RMS_TRY(rms_reader_bool(reader, body->object, "SignUp", &state.sign_up));
    RMS_TRY(rms_reader_bool(reader, body->object, "SignUpProtect", &state.protect));
    if (json_object_get(body->object, "Domains") != NULL) {
        RMS_TRY(rms_admin_domains(body, &state.domains, &state.domain_count));
    }
    return rms_guest_state_write(request->arena, t->settings, &state, &t->settings);
}

int rms_admin_guests_set(struct rms_front *front, struct rms_request *request, struct rms_reply *reply)
{
    static const char *const names[] = {
        "Passcodes", "PasscodeDocuments", "SignUp", "SignUpProtect", "Domains", NULL};
    struct rms_tenant t;
    (void)front;
    RMS_TRY(rms_admin_edit_tenant(request, names, set_state, &t));
    return write_state(request, t.settings, &reply->body);
}
