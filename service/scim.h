/* SCIM 2.0 (RFC 7643, 7644): a directory of the organisation pushes its people and groups, with a token of
 * its own for each tenant. doc/protocol/scim.md says what is taken and why.
 *
 * It sees and changes what it pushed and nothing else: local accounts, other tenants, roles, passwords and
 * licences do not exist for it. */
#ifndef RMS_SERVICE_SCIM_H
#define RMS_SERVICE_SCIM_H

#include "service/front.h"

#define RMS_SCIM_TYPE          "application/scim+json"
#define RMS_SCIM_BODY_MAX      (8u * 1024 * 1024) /* bulk, and groups of 100,000 members */
#define RMS_SCIM_USER_BODY_MAX (256u * 1024)
#define RMS_SCIM_BULK_MAX      10000 /* operations of one request */
#define RMS_SCIM_PATCH_MAX     1000
#define RMS_SCIM_COUNT_MAX     500 /* resources of one page */
#define RMS_SCIM_COUNT         100 /* unless asked for more */

/* The formatter's layout of such a list is not stable. */
/* clang-format off */
#define RMS_SCIM_HANDLERS(X) \
    X(config) X(types) X(schemas) X(bulk) \
    X(user_list) X(user_get) X(user_add) X(user_put) X(user_patch) X(user_remove) \
    X(group_list) X(group_get) X(group_add) X(group_put) X(group_patch) X(group_remove)
/* clang-format on */

#define X(name)                                                                                              \
    int rms_scim_##name(struct rms_front *front, struct rms_request *request, struct rms_reply *reply);
RMS_SCIM_HANDLERS(X)
#undef X

/* The bearer token of the request must be one of the tenant that the path names: sets caller, tenant and
 * actor. Looked up each time, so that a revoked one ends at once on every node. RMS_E_NOT_AUTHENTICATED. */
RMS_MUST_USE int rms_scim_accept(struct rms_request *request);

/* The error form of RFC 7644 3.12. */
void rms_scim_error(const struct rms_request *request, int code, struct rms_reply *reply);

/* A new token and its hash: "rms_scim_" and 256 random bits. */
#define RMS_SCIM_TOKEN_TEXT 64
void rms_scim_token_make(char token_out[RMS_SCIM_TOKEN_TEXT], uint8_t hash_out[32]);

#endif
