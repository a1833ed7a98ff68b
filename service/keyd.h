/* keyd: the process that holds the private keys (doc/protocol/keyd.md).
 *
 * The parts below run in any process, so tests use them without a sandbox; rms_keyd_main is the process. */
#ifndef RMS_SERVICE_KEYD_H
#define RMS_SERVICE_KEYD_H

#include "base/secret.h"
#include "service/keyd_journal.h"

struct rms_hsm;
struct rms_settings;
struct rms_keyd;

struct rms_keyd_options {
    const struct rms_secret *master_key; /* RMS_MASTER_KEY_BYTES; NULL: locked, every key operation answers
                                            RMS_E_KEY_UNAVAILABLE */
    struct rms_journal *journal;         /* borrowed, may be NULL */
    struct rms_hsm *hsm;                 /* borrowed, may be NULL */
    size_t threads;                      /* that answer; best as many as ask at one time */
    size_t makers;                       /* that make pairs of RSA keys, at low priority */
    size_t stock;
    size_t open_keys_max;
    size_t user_keys_max;
};

#define RMS_MASTER_KEY_BYTES    32
#define RMS_KEYD_CONNECTION_MAX 4096

RMS_MUST_USE int rms_keyd_new(const struct rms_keyd_options *options, struct rms_keyd **keyd_out);

/* Answers what is running, closes all connections, wipes all keys. Accepts NULL. */
void rms_keyd_free(struct rms_keyd **keyd);

/* Serves one more connection (a stream socket); takes the descriptor in every case. */
RMS_MUST_USE int rms_keyd_attach(struct rms_keyd *keyd, int fd);

/* Appends the counters of licence operations since the last call to the journal, when there are any. */
void rms_keyd_journal_counts(struct rms_keyd *keyd);

/* The process: reads the master key, opens the journal, shuts itself in, serves what the master sends over
 * control until that closes or SIGTERM comes. Returns the exit status. */
int rms_keyd_main(const struct rms_settings *settings, int control);

#endif
