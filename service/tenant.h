/* Tenants in memory: state, settings, keys with their server certificates, templates. What the hot path needs
 * of a tenant is read from the store once and again after each administrative change.
 *
 * A live tenant is an immutable picture, shared by reference count. Requests pin it (rms_request_tenant) and
 * see one state from begin to end. */
#ifndef RMS_SERVICE_TENANT_H
#define RMS_SERVICE_TENANT_H

#include "crypto/ec.h"
#include "service/client_state.h"
#include "service/front.h"
#include "service/guest_state.h"
#include "service/partner.h"
#include "service/tracking_state.h"
#include "store/key.h"
#include "store/recovery.h"
#include "store/template.h"
#include "store/tenant.h"
#include "xrml/licence.h"

/* A tenant key with what is written into licences under it. */
struct rms_live_key {
    const char *id;
    bool active;
    bool compromised; /* signs nothing new */
    struct rms_rsa_public key;
    uint8_t fingerprint[RMS_SHA256_BYTES];
    struct rms_server server;
};

struct rms_live_tenant {
    struct rms_tenant row;
    const struct rms_live_key *keys; /* oldest first */
    size_t key_count;
    struct rms_trust trust;               /* all keys as anchors */
    const struct rms_live_key *active;    /* signs new documents; NULL while the tenant has no key */
    const char *token_key_id;             /* active token-signing key; NULL without one */
    const struct rms_template *templates; /* published and archived, oldest first */
    size_t template_count;
    struct rms_tracking_state tracking;
    struct rms_partners partners;          /* whose account certificates count beside its own (S-270) */
    struct rms_client_state clients;       /* which are served */
    struct rms_guest_state guests;         /* how people from outside come in */
    const char *contact;                   /* whom to ask about what a service protected; NULL: nobody */
    const struct rms_recovery *recoveries; /* approved ones; their time may be over */
    size_t recovery_count;
    const char *migration;     /* host that new licences name instead of this service's; NULL: none (S-030) */
    const char *licensing_url; /* https://HOST/_wmcs/licensing */
};

/* The setting of struct rms_tenant that `migration` comes from. */
#define RMS_MIGRATION_SETTING "MigrationHost"

/* The template of that GUID, or NULL. */
const struct rms_template *rms_live_template(const struct rms_live_tenant *tenant, const char *id);

/* The key with this public half, or NULL. */
const struct rms_live_key *rms_live_key_of(
    const struct rms_live_tenant *tenant, const struct rms_rsa_public *key);

RMS_MUST_USE int rms_tenancy_new(struct rms_front *front, struct rms_tenancy **tenancy_out);
void rms_tenancy_free(struct rms_tenancy **tenancy);

/* Polls for changes of other processes: call about every 100 ms with a connection of the calling thread. */
RMS_MUST_USE int rms_tenancy_poll(struct rms_tenancy *tenancy, struct rms_db *db);

/* Whose key is this? Sets *key_out (valid as long as the tenant is pinned). RMS_E_UNKNOWN_KEY when nobody's.
 */
RMS_MUST_USE int rms_request_tenant_of_key(struct rms_request *request, const struct rms_rsa_public *key,
    const struct rms_live_tenant **tenant_out, const struct rms_live_key **key_out);

/* Releases what the request pinned. */
void rms_request_unpin(struct rms_request *request);

#endif
