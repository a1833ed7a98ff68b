/* Errors as the wire sees them (rest-protocol section 11, desktop-flow.md last section). */
#ifndef RMS_SERVICE_REST_ERROR_H
#define RMS_SERVICE_REST_ERROR_H

#include "service/request.h"

/* Fills status, body and Retry-After for a code. Errors about the form of a request name the field (the
 * detail of the note); all others say no more than the table does, the cause is in the log only. The operator
 * sees every detail. */
void rms_rest_error(const struct rms_request *request, int code, struct rms_reply *reply);

/* "Success" or the stable reason word, for the usage log. */
const char *rms_rest_result(int code);

#endif
