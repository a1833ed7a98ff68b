/* Making publishing licences: prepared once for a run, then one licence a document, by any number of threads.
 */
#ifndef RMS_CLIENT_ISSUE_H
#define RMS_CLIENT_ISSUE_H

#include "client/builder.h"
#include "client/identity.h"
#include "crypto/ec.h"

/* Signed beside the policy's own data: what the container says about the content, so that it can be checked.
 */
#define RMS_DATA_PREFIX    "Container." /* not free for applications */
#define RMS_DATA_EXTENSION "Container.Extension"
#define RMS_DATA_SIZE      "Container.Size"
#define RMS_DATA_MAIL      "Container.Mail" /* a message, or an attachment of one: S-052 */
#define RMS_DATA_SEAL      "Container.Seal" /* the file has a seal, and whose key made it (seal.h) */

struct rms_plan {
    struct rms_context *context;
    const struct rms_policy_builder *policy;
    struct rms_identity *identity; /* NULL when the service publishes */
    const char *address;           /* who protects, or as whom */
    const char *on_behalf;         /* an application protects as this person; NULL: as itself */
    enum rms_persist persist;
    const struct rms_rights_change *change; /* of what is protected already; NULL: a new licence */
    struct rms_ec_private *seal_key; /* of this run alone: who reads its files cannot make their seals */
};

/* Online when asked to, on behalf of somebody, when the owner is somebody else (only the service may sign
 * that), and when there is no identity to publish with but a service to ask. The policy must stay until
 * rms_plan_fini. */
RMS_MUST_USE int rms_plan_make(struct rms_context *context, const struct rms_policy_builder *policy,
    bool online, enum rms_persist persist, struct rms_plan *plan_out);
void rms_plan_fini(struct rms_plan *plan);

/* What the licence is for. */
struct rms_content_about {
    const char *extension;   /* with dot, "" when none */
    uint64_t size;           /* UINT64_MAX: not known in advance */
    struct rms_view licence; /* whose list the plan changes; empty for a new one */
    bool sealed;             /* the file is going to have a seal */
    bool mail;               /* a message, or an attachment of one */
};

struct rms_issued {
    struct rms_buf licence; /* as it goes into the file */
    struct rms_content_key key;
    char content_id[RMS_GUID_TEXT];
};

RMS_MUST_USE int rms_plan_issue(
    const struct rms_plan *plan, const struct rms_content_about *about, struct rms_issued *issued_out);
void rms_issued_fini(struct rms_issued *issued);

/* Keeps the key in the store as persist allows, so that the author can open the file offline (S-137). Call
 * when the file is in place: it is protected and complete then, so a key that cannot be kept is a line in the
 * log (rms_plan_keep) and never the result of the call. rms_plan_remember is for a transaction of several. */
void rms_plan_keep(const struct rms_plan *plan, const struct rms_issued *issued);
#define RMS_NOT_KEPT "protected, but the key could not be kept for opening without the service"
RMS_MUST_USE int rms_plan_remember(const struct rms_plan *plan, const struct rms_issued *issued);

#endif
