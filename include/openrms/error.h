/* Outcomes of every OpenRMS call.
 *
 * A function that can fail returns int: 0 (RMS_OK) or one negative code of errors.def. Nothing else carries
 * an error: there is no errno-like state. The table gives each code a stable reason word, a sentence and the
 * next step for a person. */
#ifndef OPENRMS_ERROR_H
#define OPENRMS_ERROR_H

#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

#define RMS_MUST_USE __attribute__((warn_unused_result))
#define RMS_PUBLIC   __attribute__((visibility("default")))

enum rms_error {
    RMS_OK = 0,
#define RMS_ERROR(symbol, value, reason, http, exit, wire, text, next) RMS_E_##symbol = value,
#include <openrms/errors.def>
#undef RMS_ERROR
};

/* Sorts of outcomes, for programs that do not want to tell all codes apart (service-requirements S-294). */
enum rms_category {
    RMS_CATEGORY_NONE, /* 0: no failure */
    RMS_CATEGORY_NO_RIGHTS,
    RMS_CATEGORY_EXPIRED,
    RMS_CATEGORY_REVOKED,
    RMS_CATEGORY_NOT_OWNER, /* only for owner, issuer or an administrator */
    RMS_CATEGORY_IDENTITY,  /* nobody is signed in, or somebody who is not known or not accepted */
    RMS_CATEGORY_TEMPLATE,  /* archived, or none of that name */
    RMS_CATEGORY_NOT_REGISTERED,
    RMS_CATEGORY_THROTTLED,
    RMS_CATEGORY_NETWORK,
    RMS_CATEGORY_CONSENT,
    RMS_CATEGORY_NEEDS_ONLINE,
    RMS_CATEGORY_OTHER, /* the rest, and what this version does not know */
    RMS_CATEGORY_COUNT
};

/* The category of a code; RMS_CATEGORY_OTHER for codes that do not exist. */
RMS_PUBLIC enum rms_category rms_error_category(int code);

/* "no-rights": stable, for programs; "other" for what is no category. Static. */
RMS_PUBLIC const char *rms_category_name(enum rms_category category);

/* One row of the table. All strings are static. */
struct rms_error_info {
    int code;           /* RMS_E_... */
    const char *reason; /* "no-rights": stable, for programs */
    int http_status;
    int exit_status;
    const char *wire; /* name in the REST error body, without its prefix */
    const char *text; /* what happened, English, ready for translation */
    const char *next; /* what the person can do */
};

/* The row of a code; for 0 and unknown codes a row that says so. Never NULL. */
RMS_PUBLIC const struct rms_error_info *rms_error_info(int code);

/* The code of a reason word, or 0 when there is none (NULL too). */
RMS_PUBLIC int rms_error_from_reason(const char *reason);

/* The i-th row, for documentation and tests; NULL behind the last. */
RMS_PUBLIC const struct rms_error_info *rms_error_row(size_t i);

#ifdef __cplusplus
}
#endif
#endif
