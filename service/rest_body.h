/* Request bodies as C values (rest-protocol sections 8 and 9, desktop-flow.md). Pure: no network, no store.
 *
 * Everything lives in the arena. Undeclared members are refused, so that nothing but what is documented can
 * be brought here (S-129). detail_out names the field that is wrong; it holds no values. All failures are
 * RMS_E_BAD_ARGUMENT, or RMS_E_NO_MEMORY. */
#ifndef RMS_SERVICE_REST_BODY_H
#define RMS_SERVICE_REST_BODY_H

#include "crypto/content.h"
#include "policy/policy.h"

#define RMS_BODY_BLOBS_MAX 2

/* A flat object of required base64 members and nothing else: {"names[0]":"...", ...}. values_out has count
 * elements. The hot bodies: parsed by json-c, which is ten times faster with one long text than jansson. */
RMS_MUST_USE int rms_rest_body_blobs(struct rms_arena *arena, struct rms_view body, const char *const *names,
    size_t count, struct rms_view *values_out, const char **detail_out);

/* POST publishinglicenses. */
struct rms_publish_body {
    const struct rms_cipher_package *cipher;
    const char *template_id; /* plain GUID; NULL: the policy is the body's own */
    const char *owner;       /* normalised; NULL = who publishes (S-082) */
    struct rms_policy
        policy; /* ad hoc: all of it but the id; template: only signed data and the audit flag */
};

/* POST publishinglicenses/rights and …/rights/change. */
struct rms_rights_body {
    struct rms_view licence; /* whose list it is */
    const struct rms_grant *added;
    size_t added_count;
    const char *const *removed; /* principals as in rms_grant_principal_text */
    size_t removed_count;
    const struct rms_name_value
        *container; /* what the file says of itself now; names begin with Container. */
    size_t container_count;
};

RMS_MUST_USE int rms_rest_body_rights(struct rms_arena *arena, struct rms_view body,
    struct rms_rights_body *rights_out, const char **detail_out);

RMS_MUST_USE int rms_rest_body_publish(struct rms_arena *arena, struct rms_view body,
    struct rms_publish_body *publish_out, const char **detail_out);

#endif
