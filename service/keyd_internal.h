/* Shared by the parts of keyd. */
#ifndef RMS_SERVICE_KEYD_INTERNAL_H
#define RMS_SERVICE_KEYD_INTERNAL_H

#include <stdatomic.h>

#include "service/keyd.h"
#include "service/keyd_contents.h"
#include "service/keyd_keys.h"
#include "service/keyd_ops.h"
#include "service/keyd_stock.h"
#include "service/message.h"

struct rms_keyd_server; /* keyd_serve.c: connections and threads */
struct rms_keyd_watch;  /* keyd_hsm.c: looks after the token */

struct rms_keyd {
    bool locked;
    struct rms_secret *sealing_key;     /* for keys at rest */
    struct rms_secret *fingerprint_key; /* for fingerprints of content keys */
    struct rms_keys *keys;
    struct rms_contents *contents;
    struct rms_stock *stock;
    struct rms_journal *journal;
    struct rms_keyd_server *server;
    struct rms_hsm *hsm; /* NULL: all keys are kept here */
    struct rms_keyd_watch *watch;

    atomic_ullong operations[RMS_KEYD_OP_COUNT];
    atomic_ullong signatures[RMS_SIGN_PURPOSES];
    atomic_ullong failures;
    unsigned long long noted[RMS_KEYD_OP_COUNT]; /* already in the journal; of the one thread that notes */
    unsigned long long noted_signatures[RMS_SIGN_PURPOSES];
};

/* A handler reads all fields of the request, checks that nothing is left, and appends the fields of the
 * reply. 0, an error code for the peer, or RMS_KEYD_MALFORMED: the peer is cut off. */
#define RMS_KEYD_MALFORMED 1
typedef int (*rms_keyd_handler)(struct rms_keyd *keyd, struct rms_cursor *in, struct rms_buf *out);

#define X(name, number, slow, request_max, reply_max, handler)                                               \
    int rms_keyd_op_##handler(struct rms_keyd *keyd, struct rms_cursor *in, struct rms_buf *out);
RMS_KEYD_OPS(X)
#undef X

/* --- fields that several requests share --------------------------------------------------------------- */

/* Copies n bytes; zeros when the message is too short. */
void rms_keyd_take(struct rms_cursor *in, uint8_t *out, size_t n);

/* Recipient key (u16 modulus length, modulus) and bound digest. Marks the cursor bad when it is no key of at
 * least 2048 bits. */
struct rms_keyd_target {
    struct rms_rsa_public recipient;
    uint8_t bound[RMS_SHA256_BYTES];
};
void rms_keyd_take_target(struct rms_cursor *in, struct rms_keyd_target *target_out);

/* A version 4 GUID as bytes. */
void rms_keyd_new_id(uint8_t id[RMS_TABLE_ID]);

/* One line of the journal about a key. */
int rms_keyd_note_key(
    struct rms_keyd *keyd, enum rms_journal_need need, const char *event, const struct rms_key_name *name);

void rms_keyd_put_public(struct rms_buf *out, const struct rms_rsa_public *key);

/* RMS_E_UNKNOWN_KEY (the caller loads it and asks again), RMS_E_BAD_ARGUMENT (another kind). The caller gives
 * the reference back. */
RMS_MUST_USE int rms_keyd_hold(struct rms_keyd *keyd, const uint8_t id[RMS_TABLE_ID], enum rms_key_kind kind,
    struct rms_held_key **key_out);

/* --- keyd_serve.c ------------------------------------------------------------------------------------- */

RMS_MUST_USE int rms_keyd_server_new(
    struct rms_keyd *keyd, const struct rms_keyd_options *options, struct rms_keyd_server **server_out);
void rms_keyd_server_free(struct rms_keyd_server **server);
RMS_MUST_USE int rms_keyd_server_attach(struct rms_keyd_server *server, int fd);
size_t rms_keyd_server_connections(struct rms_keyd_server *server);

/* --- keyd_hsm.c --------------------------------------------------------------------------------------- */

/* Asks the token every second whether it and its keys are there; what was opened with a key that is not, is
 * forgotten (S-213). Nothing when there is no token. */
RMS_MUST_USE int rms_keyd_watch_new(struct rms_keyd *keyd, struct rms_keyd_watch **watch_out);
void rms_keyd_watch_free(struct rms_keyd_watch **watch);

#endif
