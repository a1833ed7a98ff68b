#include "service/role.h"

#include "base/log.h"
#include "directory/directory.h"
#include "service/lookout.h"
#include "service/route.h"
#include "service/tenant.h"
#include "service/token.h"
#include "store/role.h"

#define GLOBAL     (1u << RMS_ROLE_GLOBAL)
#define CONNECTOR  (1u << RMS_ROLE_CONNECTOR)
#define PROTECTION (1u << RMS_ROLE_PROTECTION)
#define READER     (1u << RMS_ROLE_READER)

/* S-018, S-019: the one table. Whoever sets passwords, members of groups or roles could be anybody, so that
 * is for the global administrator alone. */
static const unsigned roles_of_area[RMS_AREA_COUNT] = {
    [RMS_AREA_NONE] = 0,
    [RMS_AREA_SESSION] = GLOBAL | CONNECTOR | PROTECTION | READER,
    [RMS_AREA_REPORT] = GLOBAL | PROTECTION | READER,
    [RMS_AREA_SERVICE] = GLOBAL | PROTECTION,
    [RMS_AREA_TEMPLATE] = GLOBAL | PROTECTION,
    [RMS_AREA_SUPER] = GLOBAL | PROTECTION,
    [RMS_AREA_HELP] = GLOBAL | PROTECTION,
    [RMS_AREA_PEOPLE] = GLOBAL,
    [RMS_AREA_TRACKING] = GLOBAL,
};

unsigned rms_area_roles(enum rms_area area)
{
    return area < RMS_AREA_COUNT ? roles_of_area[area] : 0;
}

const char *rms_role_actor(const struct rms_request *request)
{
    return request->actor != NULL ? request->actor : "operator";
}

/* --- the session -------------------------------------------------------------------------------------------
 */

int rms_role_session(struct rms_request *request, struct rms_admin_session *session_out)
{
    const char *text = rms_request_header(request, RMS_ADMIN_SESSION_HEADER);
    *session_out = (struct rms_admin_session){
        .tenant_id = request->person->tenant_id, .account_id = request->person->account_id};
    if (text == NULL || strlen(text) != 2 * RMS_ADMIN_SESSION_BYTES) {
        return rms_fail(request, RMS_E_NOT_AUTHENTICATED, "no administration session: rms admin login");
    }
    rms_hash(RMS_SHA256, rms_view_str(text), session_out->hash);
    return RMS_OK;
}

static int use_session(struct rms_request *request)
{
    struct rms_admin_session session;
    RMS_TRY(rms_role_session(request, &session));
    int rc = rms_admin_session_use(request->worker->db, &session, request->now);
    return rc == RMS_E_NOT_AUTHENTICATED
               ? rms_fail(request, rc, "the administration session has ended: rms admin login")
               : rc;
}

/* --- the role ----------------------------------------------------------------------------------------------
 */

static int check_role(struct rms_request *request)
{
    RMS_TRY(rms_roles_of(request->worker->db, request->arena, request->person->tenant_id,
        request->person->account_id, &request->roles));
    request->roles = request->person->self_made ? 0 : request->roles; /* S-056: in a group with a role, too */
    if (request->roles == 0) {
        return rms_fail(request, RMS_E_ROLE_REQUIRED, "the account has no administrative role");
    }
    if ((request->roles & rms_area_roles(request->route->area)) == 0) {
        return rms_fail(request, RMS_E_ROLE_REQUIRED, "none of the account's roles reaches this command");
    }
    return RMS_OK;
}

/* S-001: the same answer for a tenant of others and one that is not there. */
static int check_tenant(struct rms_request *request)
{
    if (request->param_count == 0 || strcmp(request->params[0], "-") == 0) {
        return RMS_OK;
    }
    const struct rms_live_tenant *named = rms_request_tenant(request, request->params[0]);
    return named != NULL && strcmp(named->row.id, request->person->tenant_id) == 0
               ? RMS_OK
               : rms_fail(request, RMS_E_NOT_FOUND, "no such tenant");
}

int rms_role_check(struct rms_request *request)
{
    /* the role first: without one nobody learns which tenants there are; of the session's routes the first
     * gives one */
    RMS_TRY(check_role(request));
    if (request->route->area != RMS_AREA_SESSION) {
        RMS_TRY(use_session(request));
    }
    return check_tenant(request);
}

int rms_role_admit(struct rms_front *front, struct rms_request *request)
{
    if (request->admin_socket) {
        request->caller = RMS_CALLER_OPERATOR; /* the socket's peer was checked by http.c */
        return RMS_OK;
    }
    if (request->route->who != RMS_WHO_ADMIN) {
        return RMS_E_NOT_FOUND; /* rms_front_begin has said so already */
    }
    RMS_TRY(rms_lookout_current(front->lookout));
    RMS_TRY(rms_token_accept(front, request));
    request->actor = request->address;
    return rms_role_check(request);
}
