/* Account certificates that devices bring along (S-130 RAC step). */
#ifndef RMS_SERVICE_REST_RAC_H
#define RMS_SERVICE_REST_RAC_H

#include "service/front.h"
#include "xrml/licence.h"

/* Ours, in time, strong enough, and of the person of the request; with partners also of a trusted user
 * domain, for a guest (S-270): to open with, never to publish. RMS_E_BAD_LICENSE, RMS_E_BAD_SIGNATURE,
 * RMS_E_RAC_UNTRUSTED, RMS_E_RAC_EXPIRED, RMS_E_RAC_EXCLUDED, RMS_E_WEAK_CRYPTO. */
RMS_MUST_USE int rms_rest_rac(
    struct rms_request *request, struct rms_view bytes, bool partners, struct rms_certificate *rac_out);

#endif
