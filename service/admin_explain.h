/* Why somebody may, or may not, open a document (B-01): what was found out, between deciding and telling. */
#ifndef RMS_SERVICE_ADMIN_EXPLAIN_H
#define RMS_SERVICE_ADMIN_EXPLAIN_H

#include "directory/directory.h"
#include "service/admin.h"
#include "service/licence.h"
#include "store/document.h"

struct rms_explained {
    struct rms_request *request; /* the administrator's */
    const struct rms_tenant *tenant;
    const struct rms_directory_person *person; /* who is asked about */
    const struct rms_explanation
        *identity;                     /* NULL: of another organisation, nothing is known but the address */
    struct rms_matches matches;        /* entries of the policy that name him */
    const struct rms_opening *opening; /* NULL: the licence could not be opened */
    struct rms_answer answer;          /* of the licence path; only when decided */
    bool decided;
    bool complete; /* false: the rights list is in the file, which was not given */
    int code;      /* 0: he may open it */
    const char *detail;
    int protect_code; /* may he protect? */
    const char *protect_detail;
    const struct rms_tracked *record; /* NULL: the document is not tracked */
};

/* The fact that decided, and what an administrator can do about it. In the arena or static. */
const char *rms_explain_fact(const struct rms_explained *e);
const char *rms_explain_remedy(const struct rms_explained *e);

RMS_MUST_USE int rms_explain_write(const struct rms_explained *e, struct rms_buf *out);

#endif
