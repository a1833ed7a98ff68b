/* Who is told by mail of each change of the super user feature and its lists (S-183): addresses, not
 * necessarily of accounts, in the tenant's settings. */
#ifndef RMS_SERVICE_SUPER_ALERT_H
#define RMS_SERVICE_SUPER_ALERT_H

#include "service/admin.h"

/* Member "Alerts" of the body, when it is there: the addresses from now on; none: nobody. */
RMS_MUST_USE int rms_super_alerts_set(
    struct rms_request *request, struct rms_admin_body *body, const char *tenant_id);

/* Mail about the change in hand, to the addresses of before: taking them away is told too. Within the
 * transaction of the change. */
RMS_MUST_USE int rms_super_alert(
    struct rms_request *request, const struct rms_tenant *before, const json_t *change);

void rms_super_alerts_write(struct rms_request *request, const struct rms_tenant *t, struct rms_buf *out);

#endif
