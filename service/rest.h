/* Handlers of the public REST protocol and of the desktop flow, for service/route.c. Each is described in
 * doc/protocol: rest.md, desktop-flow.md. */
#ifndef RMS_SERVICE_REST_H
#define RMS_SERVICE_REST_H

#include "service/front.h"
#include "service/licence.h"

#define RMS_REST_LICENCE_BODY_MAX     (12u * 1024 * 1024) /* a PL of 8 MB in base64, and some */
#define RMS_REST_CERTIFICATE_BODY_MAX (256u * 1024)
#define RMS_REST_SMALL_BODY_MAX       (16u * 1024)
#define RMS_REST_LOG_BODY_MAX         (4u * 1024 * 1024)

int rms_rest_discovery(struct rms_front *front, struct rms_request *request, struct rms_reply *reply);
int rms_rest_templates(struct rms_front *front, struct rms_request *request, struct rms_reply *reply);
int rms_rest_signed_templates(struct rms_front *front, struct rms_request *request, struct rms_reply *reply);
int rms_rest_template_information(
    struct rms_front *front, struct rms_request *request, struct rms_reply *reply);
int rms_rest_publish(struct rms_front *front, struct rms_request *request, struct rms_reply *reply);
int rms_rest_rights_list(struct rms_front *front, struct rms_request *request, struct rms_reply *reply);
int rms_rest_rights_change(struct rms_front *front, struct rms_request *request, struct rms_reply *reply);
int rms_rest_end_user_licence(struct rms_front *front, struct rms_request *request, struct rms_reply *reply);
int rms_rest_use_licence(struct rms_front *front, struct rms_request *request, struct rms_reply *reply);
int rms_rest_licensor_certificate(
    struct rms_front *front, struct rms_request *request, struct rms_reply *reply);
int rms_rest_account_certificate(
    struct rms_front *front, struct rms_request *request, struct rms_reply *reply);
int rms_rest_client_licensor(struct rms_front *front, struct rms_request *request, struct rms_reply *reply);
int rms_rest_client_log(struct rms_front *front, struct rms_request *request, struct rms_reply *reply);
int rms_rest_licensing_info(struct rms_front *front, struct rms_request *request, struct rms_reply *reply);

int rms_rest_alive(struct rms_front *front, struct rms_request *request, struct rms_reply *reply);
int rms_rest_ready(struct rms_front *front, struct rms_request *request, struct rms_reply *reply);
int rms_rest_metrics(struct rms_front *front, struct rms_request *request, struct rms_reply *reply);

int rms_rest_tracking_register(struct rms_front *front, struct rms_request *request, struct rms_reply *reply);
int rms_rest_tracking_list(struct rms_front *front, struct rms_request *request, struct rms_reply *reply);
int rms_rest_tracking_show(struct rms_front *front, struct rms_request *request, struct rms_reply *reply);
int rms_rest_tracking_events(struct rms_front *front, struct rms_request *request, struct rms_reply *reply);
int rms_rest_tracking_summary(struct rms_front *front, struct rms_request *request, struct rms_reply *reply);
int rms_rest_tracking_people(struct rms_front *front, struct rms_request *request, struct rms_reply *reply);
int rms_rest_tracking_map(struct rms_front *front, struct rms_request *request, struct rms_reply *reply);
int rms_rest_tracking_revoke(struct rms_front *front, struct rms_request *request, struct rms_reply *reply);
int rms_rest_tracking_restore(struct rms_front *front, struct rms_request *request, struct rms_reply *reply);
int rms_rest_tracking_hand_over(
    struct rms_front *front, struct rms_request *request, struct rms_reply *reply);
int rms_rest_tracking_delegate(struct rms_front *front, struct rms_request *request, struct rms_reply *reply);
int rms_rest_tracking_refusal(struct rms_front *front, struct rms_request *request, struct rms_reply *reply);
int rms_rest_tracking_notify(struct rms_front *front, struct rms_request *request, struct rms_reply *reply);

/* --- shared between them ------------------------------------------------------------------------------ */

/* What a person wants of his own tenant. The last two are the surfaces of onboarding control (S-013). */
enum rms_purpose {
    RMS_TO_OPEN,
    RMS_TO_PUBLISH, /* by the public protocol */
    RMS_TO_PREPARE, /* a device for publishing by itself */
};

/* The person's own tenant must serve: RMS_E_TENANT_DISABLED. For publishing it must not be ConsumeOnly, and
 * onboarding control must let the person: RMS_E_PUBLISH_NOT_ALLOWED, with the cause as detail. */
RMS_MUST_USE int rms_rest_home_serves(struct rms_request *request, enum rms_purpose purpose);

/* Does the person's own tenant serve this kind and version of client at all (S-024)? Of every request with a
 * token, before its handler. RMS_E_PLATFORM_DISABLED; a disabled tenant says that it is first (S-130). */
RMS_MUST_USE int rms_rest_client(struct rms_request *request);

/* Rights named in the query ("wanted=VIEW,PRINT"): what the program is going to use (S-180). 0 = not said. */
RMS_MUST_USE int rms_rest_wanted(struct rms_request *request, uint32_t *wanted_out);

/* Members of a licence answer that both forms have (rest-protocol 9.1), without brackets. */
void rms_rest_write_answer(
    struct rms_buf *out, const struct rms_request *request, const struct rms_answer *answer);

/* "UserRights":[...], groups not expanded. */
void rms_rest_write_grants(struct rms_buf *out, struct rms_arena *arena, const struct rms_policy *policy);

/* "key":{...} with the content key. */
void rms_rest_write_key(struct rms_buf *out, enum rms_cipher_mode mode, const struct rms_released *released);

#endif
