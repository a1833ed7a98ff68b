/* The key of the client's store, and its binding to device and account (C-004, doc/format/client-store.md).
 */
#ifndef RMS_CLIENT_VAULTKEY_H
#define RMS_CLIENT_VAULTKEY_H

#include "base/secret.h"
#include "client/settings.h"

#define RMS_VAULT_KEY 32

struct rms_vault_key {
    struct rms_secret *seal;  /* for values */
    struct rms_secret *names; /* for the keyed hashes of names */
    const char *where;        /* static text */
};

void rms_vault_key_fini(struct rms_vault_key *key);

/* Loads the key of the store in store_dir, or makes one. RMS_E_NOT_FOUND when there is a key file that was
 * made on another device or for another account (or is no key file): the store beside it is of no use.
 * RMS_E_STORE_NOT_BOUND when the keyring that holds it does not answer. */
RMS_MUST_USE int rms_vault_key_load(const struct rms_settings *settings, struct rms_vault_key *key_out);

/* A key that lives as long as the process, for stores in memory. */
RMS_MUST_USE int rms_vault_key_random(struct rms_vault_key *key_out);

/* Forgets the key: removes the file and the keyring's entry. */
void rms_vault_key_forget(const struct rms_settings *settings);

#endif
