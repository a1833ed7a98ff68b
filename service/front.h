/* The front process: TLS, HTTP, JSON, licence decisions. Holds no private key but the TLS one.
 *
 * Pollers (libmicrohttpd) read requests and write replies; workers handle them. Each worker owns one store
 * connection and one keyd connection. State shared between workers is listed here; each part locks itself. */
#ifndef RMS_SERVICE_FRONT_H
#define RMS_SERVICE_FRONT_H

#include "service/request.h"

struct rms_settings;     /* service/settings.h */
struct rms_keylink;      /* service/keyclient.h */
struct rms_keyclient;    /* service/keyclient.h */
struct rms_store;        /* store/store.h */
struct rms_db;           /* store/store.h */
struct rms_directory;    /* directory/directory.h */
struct rms_tenancy;      /* service/tenant.h */
struct rms_usage;        /* service/usage.h */
struct rms_signed_cache; /* service/signed_cache.h */
struct rms_licences;     /* service/licence.h */
struct rms_revocations;  /* service/revocation.h */
struct rms_hand_overs;   /* service/hand_over.h */
struct rms_tokens;       /* service/token.h: verified-token cache, issuers, JWKS */
struct rms_lookout;      /* service/lookout.h: how old the caches may be */
struct rms_mark;         /* service/mark.h: how far the database had come */
struct rms_signin;       /* service/signin.h: codes, device codes, throttling */
struct rms_meter;        /* service/meter.h: what was answered, counted */
struct rms_pool;         /* base/queue.h */

struct rms_front {
    const struct rms_settings *settings;
    const char *host;     /* public name, as in https://HOST[:PORT]/ */
    const char *base_url; /* "https://HOST[:PORT]" without trailing slash */
    struct rms_store *store;
    struct rms_directory *directory;
    struct rms_tenancy *tenancy;
    struct rms_keylink *keylink;
    struct rms_usage *usage;
    struct rms_licences *licences;
    struct rms_revocations *revocations;
    struct rms_hand_overs *hand_overs;
    struct rms_signed_cache *signed_cache;
    struct rms_tokens *tokens;
    struct rms_lookout *lookout;
    struct rms_mark *mark;
    struct rms_signin *signin;
    struct rms_meter *meter; /* NULL: nothing is counted (tests) */
    struct rms_pool *pool;   /* of the workers; NULL: none (tests) */
    uint64_t changes_seen;   /* by the lookout */
    int64_t started_at;
    int64_t certificate_until; /* of the TLS certificate in use; RMS_TIME_NONE when it does not tell */
    int64_t authority_until;   /* of the self-made CA above it; RMS_TIME_NONE without one */
};

/* Of one worker thread; nothing in it is shared. */
struct rms_worker {
    struct rms_front *front;
    struct rms_db *db;
    struct rms_keyclient *keys;
    struct rms_arena *arena; /* of the request in hand; forgotten after each */
    size_t index;
};

/* What the master hands over. Descriptors are the front's to close. */
struct rms_front_sockets {
    int https;      /* listening TCP socket */
    int admin;      /* listening Unix socket */
    int management; /* listening TCP socket for administration and monitoring; -1: none */
    int control;    /* to the master: fresh keyd socket pairs, signals to stop */
};

/* Runs until the control socket closes or SIGTERM; then drains and returns. 0 or why it could not start. */
RMS_MUST_USE int rms_front_run(const struct rms_settings *settings, const struct rms_front_sockets *sockets);

/* Tenants for handlers. What is returned stays valid until the end of the request, whatever happens to the
 * tenant meanwhile; NULL when there is none. text: a tenant GUID or one of its domains. */
const struct rms_live_tenant *rms_request_tenant(struct rms_request *request, const char *text);

/* Are requests served while the usage log cannot be written? (S-188) */
bool rms_front_unlogged(const struct rms_front *front);

/* The only tenant of the deployment, or NULL when there are none or several. */
const struct rms_live_tenant *rms_request_only_tenant(struct rms_request *request);

/* The tenant that owns the domain of this address; NULL when nobody does. */
const struct rms_live_tenant *rms_request_tenant_of_address(struct rms_request *request, const char *address);

#endif
