/* Whose document is it, for the routes of tracking (rest_tracking_owner.c). */
#ifndef RMS_SERVICE_REST_TRACKING_H
#define RMS_SERVICE_REST_TRACKING_H

#include "service/tracking.h"
#include "store/delegate.h"

/* S-152: while tracking is off people see and change nothing. */
RMS_MUST_USE int rms_rest_tracking_served(struct rms_request *request);

/* The document of the path, if it is the person's; everything else is one answer, RMS_E_NOT_REGISTERED. */
RMS_MUST_USE int rms_rest_tracking_own(struct rms_request *request, struct rms_tracked *document_out);

/* The same for one that he follows as a delegate. */
RMS_MUST_USE int rms_rest_tracking_delegated(
    struct rms_request *request, struct rms_tracked *document_out, struct rms_delegate *delegate_out);

#endif
