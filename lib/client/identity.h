/* What the device holds for a person, opened and ready for use: certificates and private keys. Immutable,
 * shared by the threads of a context. */
#ifndef RMS_CLIENT_IDENTITY_H
#define RMS_CLIENT_IDENTITY_H

#include <stdatomic.h>

#include "xrml/licence.h"

struct rms_context;

struct rms_identity {
    atomic_int references;
    struct rms_arena *arena;
    const char *address;      /* of the account, as the sign-in names it */
    const char *tenant_name;  /* may be NULL */
    struct rms_server server; /* the key the certificates are under */
    struct rms_trust trust;   /* that key, and those it leads to (anchors.h) */
    struct rms_certificate machine, rac, clc;
    struct rms_view rac_text; /* RAC and SLC as the service gave them */
    bool has_clc;
    int clc_refusal; /* why there is no CLC: 0 or a code */
    struct rms_rsa_private *machine_key, *user_key, *clc_key;
    struct rms_signer clc_signer;
    uint8_t clc_bound[RMS_SHA256_BYTES]; /* what bits in licences of this CLC are bound to */
};

enum rms_identity_need {
    RMS_FOR_OPENING,    /* an expired RAC is good enough for licences that are cached */
    RMS_FOR_ASKING,     /* a RAC in time */
    RMS_FOR_PUBLISHING, /* a RAC and a CLC in time */
};

/* A reference to the person's identity: from the context, the store, or made now with the service
 * (bootstrap.h). Certificates near their end are renewed on the way when the service can be reached.
 * RMS_E_NOT_AUTHENTICATED, RMS_E_NEEDS_ONLINE when there is none and the service must not be asked,
 * RMS_E_PUBLISH_NOT_ALLOWED, RMS_E_ACCOUNT_DISABLED, ... */
RMS_MUST_USE int rms_identity_get(
    struct rms_context *context, enum rms_identity_need need, struct rms_identity **identity_out);

/* What the store holds, without the service. RMS_E_NOT_FOUND. */
RMS_MUST_USE int rms_identity_load(
    struct rms_context *context, const char *address, struct rms_identity **identity_out);

/* A reference to what the context or the store holds, without the service; read from the store once.
 * RMS_E_NOT_FOUND, RMS_E_NOT_AUTHENTICATED. */
RMS_MUST_USE int rms_identity_here(struct rms_context *context, struct rms_identity **identity_out);

void rms_identity_unref(struct rms_identity **identity);
#define RMS_IDENTITY_CLEANUP __attribute__((cleanup(rms_identity_unref)))

/* The context forgets what it has in memory. */
void rms_identity_drop(struct rms_context *context);

/* Names of the entries in the store (RMS_VAULT_CERTIFICATE of the person, RMS_VAULT_MACHINE of the device).
 */
#define RMS_ENTRY_SLC     RMS_VIEW_LITERAL("slc")
#define RMS_ENTRY_RAC     RMS_VIEW_LITERAL("rac")
#define RMS_ENTRY_CLC     RMS_VIEW_LITERAL("clc")
#define RMS_ENTRY_REFUSAL RMS_VIEW_LITERAL("clc-refusal")
#define RMS_ENTRY_REPIN   RMS_VIEW_LITERAL("repin")
#define RMS_ENTRY_MACHINE RMS_VIEW_LITERAL("machine")

#endif
