/* The client's store (doc/format/client-store.md): small sealed entries in one SQLite file, or in memory
 * only.
 *
 * Every value is sealed with the store's key and bound to its place (owner, kind, name), and names are keyed
 * hashes: the file tells neither keys nor addresses. The key is bound to this device and account: a copied
 * store does not open. All functions may be called by several threads. */
#ifndef RMS_CLIENT_VAULT_H
#define RMS_CLIENT_VAULT_H

#include "base/bytes.h"
#include "base/time.h"
#include "client/settings.h"

struct rms_vault;

/* For steps whose failure changes nothing for the caller: what could not be kept is asked for again. */
static inline void rms_best_effort(int status)
{
    (void)status;
}

enum rms_vault_kind {
    RMS_VAULT_META = 1,    /* about the store: newest time seen, current user */
    RMS_VAULT_MACHINE,     /* device key and certificate */
    RMS_VAULT_ACCOUNT,     /* sign-in: addresses, service, tokens */
    RMS_VAULT_CERTIFICATE, /* SLC, RAC, CLC */
    RMS_VAULT_TEMPLATES,
    RMS_VAULT_LICENCE,  /* use licences and own content keys, by publishing licence */
    RMS_VAULT_SERVICE,  /* discovery results */
    RMS_VAULT_REFUSALS, /* what applications refused, not told yet */
};

/* owner: address of the person, "" for entries of the device. */
struct rms_vault_place {
    enum rms_vault_kind kind;
    const char *owner;
    struct rms_view name;
};

/* Opens; a store that is not there is made by the first put. A store of another version, one that is no
 * store, and one that belongs to another device or account is set aside and a new one made; *was_foreign_out
 * (may be NULL) tells of the last case. A store whose key cannot be had now (a locked keyring) is left as it
 * is, and every call but rms_vault_reset says RMS_E_STORE_NOT_BOUND. */
RMS_MUST_USE int rms_vault_open(
    const struct rms_settings *settings, struct rms_vault **vault_out, bool *was_foreign_out);
void rms_vault_close(struct rms_vault **vault);

/* Is this a store to read, or to be made by the first put? For work that is in vain when nothing can be kept.
 */
RMS_MUST_USE int rms_vault_check(struct rms_vault *vault);

/* Stores or replaces. expires RMS_TIME_NONE: never purged. */
RMS_MUST_USE int rms_vault_put(
    struct rms_vault *vault, const struct rms_vault_place *place, int64_t expires, struct rms_view value);

/* Appends the value to out. RMS_E_NOT_FOUND; an entry that does not open is removed and counts as not found.
 */
RMS_MUST_USE int rms_vault_get(
    struct rms_vault *vault, const struct rms_vault_place *place, struct rms_buf *out);

/* Absence is fine. */
RMS_MUST_USE int rms_vault_remove(struct rms_vault *vault, const struct rms_vault_place *place);

/* Everything of an owner: certificates, tokens, licences. */
RMS_MUST_USE int rms_vault_remove_owner(struct rms_vault *vault, const char *owner);

/* Removes entries with expires <= now and, with check, entries that do not open. Counts may be NULL. */
RMS_MUST_USE int rms_vault_purge(
    struct rms_vault *vault, int64_t now, bool check, size_t *removed_out, size_t *kept_out);

/* Several puts as one: all or nothing. Nests not. The lock of the vault is held between the two. */
RMS_MUST_USE int rms_vault_begin(struct rms_vault *vault);
RMS_MUST_USE int rms_vault_end(struct rms_vault *vault, bool commit);

/* Removes the whole store from the disk. The next put makes a new one with a new key. */
RMS_MUST_USE int rms_vault_reset(struct rms_vault *vault);

/* "keyring", "file", "memory" or "none yet": where the key is, for doctor. */
const char *rms_vault_protection(const struct rms_vault *vault);

#endif
