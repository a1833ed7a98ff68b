/* A stored sign-in: who, at which service, with which tokens. One sealed entry a person. */
#ifndef RMS_CLIENT_SIGNIN_H
#define RMS_CLIENT_SIGNIN_H

#include "base/arena.h"
#include "base/time.h"

struct rms_context;

struct rms_signin {
    const char *address; /* normalised; key of everything that belongs to the person */
    const char *display_name;
    const char *tenant_id;
    const char *tenant_name;
    const char *root; /* https://host[:port] of the service */
    const char *authority, *resource, *scope;
    const char *access_token;
    const char *refresh_token;
    const char *app_id, *app_secret; /* of an application, in place of a refresh token */
    int64_t access_until;
};

/* The person asked for by the settings, else the current one. RMS_E_NOT_AUTHENTICATED (or
 * RMS_E_STORE_NOT_BOUND when a store of another device was found) when nobody is signed in. */
RMS_MUST_USE int rms_signin_load(
    struct rms_context *context, struct rms_arena *arena, struct rms_signin *signin_out);
RMS_MUST_USE int rms_signin_load_address(
    struct rms_context *context, struct rms_arena *arena, const char *address, struct rms_signin *signin_out);

/* Stores, and makes the person the current one when asked to. */
RMS_MUST_USE int rms_signin_save(struct rms_context *context, const struct rms_signin *signin, bool current);

/* Notes the time of a successful exchange with the service. */
void rms_signin_touch(struct rms_context *context, const char *address, int64_t now);
/* RMS_TIME_NONE when never. */
int64_t rms_signin_last_connection(struct rms_context *context, const char *address);

/* Removes everything of the person. */
RMS_MUST_USE int rms_signin_forget(struct rms_context *context, const char *address);

/* Fills address, display_name, tenant_id from the claims of a token where they are not known yet. */
RMS_MUST_USE int rms_signin_read_token(struct rms_arena *arena, const char *token, struct rms_signin *signin);

#endif
