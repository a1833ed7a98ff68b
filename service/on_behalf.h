/* An application that has the permission acts as a named person (S-298): it names him in a header, request by
 * request; the rows of the log name both. */
#ifndef RMS_SERVICE_ON_BEHALF_H
#define RMS_SERVICE_ON_BEHALF_H

#include "service/request.h"

#define RMS_ON_BEHALF_HEADER "X-RMS-On-Behalf"

/* request->person, an application, becomes the person named. Only for the routes whose area says so, with the
 * permission that they ask for. RMS_E_ROLE_REQUIRED for everybody and everything else,
 * RMS_E_UNKNOWN_RECIPIENT for who is no person of the application's tenant, RMS_E_ACCOUNT_DISABLED. */
RMS_MUST_USE int rms_on_behalf(struct rms_front *front, struct rms_request *request, const char *name);

#endif
