/* A tenant's templates for whoever protects: which ones, and signed (S-114). */
#ifndef RMS_SERVICE_TENANT_TEMPLATE_H
#define RMS_SERVICE_TENANT_TEMPLATE_H

#include "service/tenant.h"

/* Text of the template under the tenant's active key, in the request's arena. A changed template and another
 * active key are signed anew. RMS_E_KEY_UNAVAILABLE without an active key. */
RMS_MUST_USE int rms_tenant_signed_template(struct rms_request *request, const struct rms_live_tenant *tenant,
    const struct rms_template *tpl, struct rms_view *text_out);

/* Is its scope for who asks? Published or archived is not looked at. */
bool rms_tenant_template_offered(const struct rms_request *request, const struct rms_template *tpl);

#endif
