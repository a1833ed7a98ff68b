/* Does the person's own tenant serve, and may he protect? State (S-003, S-007), onboarding (S-011 to S-014),
 * kinds of clients (S-024, S-145). */
#include "directory/directory.h"
#include "service/rest.h"
#include "store/app.h"

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
    if (person->self_made && !request->tenant->guests.protect) {
        return rms_fail(request, RMS_E_PUBLISH_NOT_ALLOWED, "the account was made by sign-up"); /* S-056 */
    }
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

/* S-063: its token is rejected; a device of its own is prepared for opening alone, as a person's would be. */
static int app_writes(struct rms_request *request, enum rms_purpose purpose)
{
    if ((request->person->permissions & RMS_MAY_WRITE) != 0) {
        return RMS_OK;
    }
    return rms_fail(request, purpose == RMS_TO_PREPARE ? RMS_E_PUBLISH_NOT_ALLOWED : RMS_E_NOT_AUTHENTICATED,
        "the application lacks Content.Writer");
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
    /* services protect whoever is onboarded (S-014): a permission lets them */
    if (request->deputy != NULL) {
        return RMS_OK;
    }
    return request->person->app ? app_writes(request, purpose) : onboarded(request, purpose);
}

int rms_rest_client(struct rms_request *request)
{
    const struct rms_live_tenant *tenant = request->tenant;
    const char *why = NULL;
    int rc = rms_client_check(&tenant->clients, request->client_info, &why);
    if (rc < 0 && tenant->row.state == RMS_TENANT_DISABLED) {
        return RMS_E_TENANT_DISABLED;
    }
    return rc < 0 ? rms_fail(request, rc, why) : RMS_OK;
}
