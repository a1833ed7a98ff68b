/* Parameters of sign-in requests, on top of the decoding in service/request.h.
 *
 * Strict where leniency would let two readers disagree: a name may appear once (RFC 6749 section 3.1), text
 * has no control characters (a password may). */
#ifndef RMS_SERVICE_SIGNIN_FORM_H
#define RMS_SERVICE_SIGNIN_FORM_H

#include "service/request.h"

struct rms_form {
    const struct rms_pair *pairs;
    size_t count;
};

/* Takes pairs as they are and checks them: RMS_E_BAD_ARGUMENT. */
RMS_MUST_USE int rms_form_check(const struct rms_pair *pairs, size_t count, struct rms_form *form_out);

/* The query of the request, read as a form: '+' is a blank (RFC 6749 appendix B). */
RMS_MUST_USE int rms_form_of_query(const struct rms_request *request, struct rms_form *form_out);

/* The body, which must say application/x-www-form-urlencoded (RMS_E_TYPE otherwise). */
RMS_MUST_USE int rms_form_of_body(const struct rms_request *request, struct rms_form *form_out);

/* NULL when absent or empty: a parameter without a value counts as omitted (RFC 6749 section 3.1). */
const char *rms_form_get(const struct rms_form *form, const char *name);

/* Appends name=value, percent-encoded, with '&' in front when something is there already and it does not end
 * in '?'. NULL values are left out. For redirects. */
void rms_form_append(struct rms_buf *out, const char *name, const char *value);

/* A cookie of the request by name, copied into the arena; NULL when there is none. */
const char *rms_form_cookie(const struct rms_request *request, const char *name);

#endif
