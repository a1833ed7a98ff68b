/* What the answers about personal data share. */
#ifndef RMS_SERVICE_ADMIN_PRIVACY_H
#define RMS_SERVICE_ADMIN_PRIVACY_H

#include "service/admin.h"

/* Members "Remaining", rows that name the address still, by place, and "NotHere", where the service cannot
 * look. */
RMS_MUST_USE int rms_admin_privacy_rest_write(
    struct rms_request *request, const char *tenant_id, const char *address, struct rms_buf *out);

#endif
