/* Does the person's own tenant serve, and may he protect? State (S-003, S-007), onboarding (S-011 to S-014).
 */
#include "directory/directory.h"
#include "service/rest.h"

static bool meant(const struct rms_onboarding *onboarding, enum rms_purpose purpose)
{
    return onboarding->scope == RMS_ONBOARD_ALL ||
           onboarding->scope == (purpose == RMS_TO_PREPARE ? RMS_ONBOARD_DESKTOP : RMS_ONBOARD_REST);
}

/* A group that is gone has no members: who removes it locks people out, never in. */
static int onboarded(struct rms_request *request, enum rms_purpose purpose)
{
    const struct rms_onboarding *onboarding = &request->tenant->row.onboarding;
    const struct rms_directory_person *person = request->person;
    if (!meant(onboarding, purpose)) {
        return RMS_OK;
    }
    if (onboarding->licence && !person->licensed) {
        return rms_fail(request, RMS_E_PUBLISH_NOT_ALLOWED, "onboarding: the account has no licence flag");
    }
    if (onboarding->group_id != NULL && !rms_directory_in_group(person, onboarding->group_id)) {
        return rms_fail(request, RMS_E_PUBLISH_NOT_ALLOWED, "onboarding: not a member of the group");
    }
    return RMS_OK;
}

int rms_rest_home_serves(struct rms_request *request, enum rms_purpose purpose)
{
    enum rms_tenant_state state = request->tenant->row.state;
    if (state == RMS_TENANT_DISABLED) {
        return RMS_E_TENANT_DISABLED;
    }
    if (purpose == RMS_TO_OPEN) {
        return RMS_OK;
    }
    if (state == RMS_TENANT_CONSUME_ONLY) {
        return rms_fail(request, RMS_E_PUBLISH_NOT_ALLOWED, "the tenant only opens existing content");
    }
    return onboarded(request, purpose);
}
