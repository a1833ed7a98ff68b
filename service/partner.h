/* Trusted user domains (S-270): services of others whose account certificates count here, for their people's
 * mail domains. Part of a tenant's settings. */
#ifndef RMS_SERVICE_PARTNER_H
#define RMS_SERVICE_PARTNER_H

#include "base/arena.h"
#include "xrml/licence.h"

#define RMS_PARTNERS_MAX 100

struct rms_partner {
    char key[2 * RMS_SHA256_BYTES + 1]; /* fingerprint, in hexadecimal: its name */
    uint8_t fingerprint[RMS_SHA256_BYTES];
    const char *name;           /* of the service, as its certificate has it; NULL: none */
    const char *const *domains; /* normalised; none: any */
    size_t domain_count;
    int64_t time; /* of the import */
};

struct rms_partners {
    struct rms_partner *items; /* with room for one more */
    size_t count;
};

/* A text that cannot be read is an error. */
RMS_MUST_USE int rms_partners_read(
    struct rms_arena *arena, const char *settings, struct rms_partners *partners_out);
RMS_MUST_USE int rms_partners_write(struct rms_arena *arena, const char *settings,
    const struct rms_partners *partners, const char **settings_out);

/* Proves an account certificate by the key of a partner that may speak for its address. RMS_E_UNKNOWN_KEY
 * when there is none, else as rms_chain_verify. */
RMS_MUST_USE int rms_partners_verify(
    const struct rms_partners *partners, const struct rms_chain *chain, const struct rms_certificate *rac);

#endif
