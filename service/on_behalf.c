#include "service/on_behalf.h"

#include "base/text.h"
#include "directory/directory.h"
#include "service/front.h"
#include "service/route.h"
#include "store/app.h"

/* Certificates are not among them: whoever gets a person's key pair acts as him ever after. */
static int check_permission(struct rms_request *request)
{
    static const struct {
        enum rms_area area;
        unsigned permission;
        const char *refusal;
    } rows[] = {
        {RMS_AREA_OPEN, RMS_MAY_READ_FOR, "on behalf: not an application with Content.DelegatedReader"},
        {RMS_AREA_PROTECT, RMS_MAY_WRITE_FOR, "on behalf: not an application with Content.DelegatedWriter"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        if (rows[i].area == request->route->area) {
            return request->person->app && (request->person->permissions & rows[i].permission) != 0
                       ? RMS_OK
                       : rms_fail(request, RMS_E_ROLE_REQUIRED, rows[i].refusal);
        }
    }
    return rms_fail(request, RMS_E_ROLE_REQUIRED, "on behalf: nobody does this for others");
}

/* By address alone. Another application is not to be had: it may be allowed more. */
static int find(struct rms_front *front, struct rms_request *request, const char *name,
    const struct rms_directory_person **person_out)
{
    char address[RMS_ADDRESS_MAX];
    int rc = RMS_E_NOT_FOUND;
    *person_out = NULL;
    if (rms_address_normalise(name, address) == RMS_OK) {
        rc = rms_directory_find(
            front->directory, request->worker->db, request->person->tenant_id, address, person_out);
    }
    if (rc == RMS_E_NOT_FOUND || (rc == RMS_OK && (*person_out)->app)) {
        rc = rms_fail(request, RMS_E_UNKNOWN_RECIPIENT, "on behalf: no such person");
    } else if (rc == RMS_OK && !(*person_out)->enabled) {
        rc = rms_fail(request, RMS_E_ACCOUNT_DISABLED, "on behalf: account disabled");
    }
    if (rc < 0) {
        rms_directory_unref(person_out);
    }
    return rc;
}

int rms_on_behalf(struct rms_front *front, struct rms_request *request, const char *name)
{
    const struct rms_directory_person *person = NULL;
    RMS_TRY(check_permission(request));
    const char *app = rms_arena_strdup(request->arena, request->address);
    if (app == NULL) {
        return RMS_E_NO_MEMORY;
    }
    RMS_TRY(find(front, request, name, &person));
    rms_directory_unref(&request->person);
    request->person = person;
    request->address = person->address != NULL ? person->address : person->upn;
    request->deputy = app;
    request->note.user_id = app;
    request->note.acting_as = request->address;
    return RMS_OK;
}
