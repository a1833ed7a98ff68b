/* The inside of a policy under construction. */
#ifndef RMS_CLIENT_BUILDER_H
#define RMS_CLIENT_BUILDER_H

#include <openrms/openrms.h>

#include "client/context.h"
#include "crypto/content.h"
#include "policy/policy.h"

struct rms_policy_builder {
    enum rms_handle handle;
    struct rms_arena *arena;
    struct rms_policy policy;
    struct rms_view template_text; /* the signed template; empty for custom permissions */
    const char *owner;             /* NULL: who protects */
    const char *on_behalf;         /* as whom an application protects; NULL: as itself */
    bool must_grant;               /* nobody is granted anything yet, and somebody has to be */
    const char *for_recipients;    /* of each mail: which set of rights; NULL: the policy is complete */
    const char *own_domain;        /* for "all-staff"; NULL while nobody is signed in */
    const struct rms_cipher_package *cipher; /* NULL: the default */
    size_t text_room, grant_room, signed_room, encrypted_room;
};

/* A change of the list of users and rights, in place; what is added stands in a builder. */
struct rms_rights_change {
    const char *const *removed; /* principals */
    size_t removed_count;
};

/* Checked before the first file is touched (C-061, C-063). */
RMS_MUST_USE int rms_builder_check(
    const struct rms_context *context, const struct rms_policy_builder *builder, int64_t now);

/* An empty one. NULL when memory is exhausted. */
struct rms_policy_builder *rms_builder_new(void);

#endif
