/* A small world for tests: a server, one user with his machine and certificates, a stranger with keys of his
 * own. Keys are the committed ones of test/vectors/licences/keys; everything is made with the builders. Any
 * failure here ends the test program. */
#ifndef RMS_XRML_TESTING_WORLD_H
#define RMS_XRML_TESTING_WORLD_H

#include "xrml/licence.h"

#define RMS_WORLD_NOW     1750000020 /* 2025-06-15T15:07 */
#define RMS_WORLD_ALICE   "alice@contoso.example"
#define RMS_WORLD_BOB     "bob@fabrikam.example"
#define RMS_WORLD_CONTENT "2a5c7e90-41b3-4a58-8f7d-8f3f1f3a0c44"
#define RMS_WORLD_POLICY  "6f1d7b3e-0c0f-4d6e-9b0e-0d2f6c2f9a11"
#define RMS_WORLD_URL     "https://rms.contoso.example/_wmcs/licensing"

struct rms_world {
    struct rms_arena *arena;
    struct rms_rsa_private *server_key, *machine_key, *user_key, *client_key, *stranger_key;
    struct rms_signer server_signer, machine_signer, client_signer, stranger_signer;
    struct rms_server server;
    struct rms_certificate spc, rac, clc;
    struct rms_trust trust; /* the server's key */
    uint8_t content_key[32];
};

void rms_world_open(struct rms_world *world);
void rms_world_close(struct rms_world *world);

/* Ends the program unless status is 0. */
void rms_must(int status);

/* The file's content, borrowed from the world's arena. path is relative to the source tree. */
struct rms_view rms_world_file(struct rms_arena *arena, const char *path);
struct rms_rsa_private *rms_world_key(const char *name);

/* Alice's policy: Bob views and prints, the staff of fabrikam.example views. */
struct rms_policy rms_world_policy(void);

/* A PL of Alice over the policy: signed by the server, or offline by her CLC with her own UL. */
void rms_world_publish(
    struct rms_world *world, const struct rms_policy *policy, bool offline, struct rms_buf *out);

/* A UL for Alice's RAC over a PL of the server. */
void rms_world_use(
    struct rms_world *world, const struct rms_pl *pl, const struct rms_rights *rights, struct rms_buf *out);

/* The first node of a text, parsed into the world's arena. */
const struct rms_signed *rms_world_node(struct rms_world *world, struct rms_view text);

#endif
