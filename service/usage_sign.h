/* Signs statements about the usage log with the service's log key, which keyd holds and which is made at
 * first use (doc/format/usage-log.md). */
#ifndef RMS_SERVICE_USAGE_SIGN_H
#define RMS_SERVICE_USAGE_SIGN_H

#include "service/front.h"
#include "store/chain.h"

struct rms_usage_signer {
    struct rms_worker worker; /* whose connections are used: db and keys */
    struct rms_chain_signer signer;
    char key_id[RMS_GUID_TEXT]; /* "": not looked for yet */
};

/* With these connections, borrowed. signer->signer is then good for store/usage.h. */
void rms_usage_signer_init(struct rms_usage_signer *signer, struct rms_db *db, struct rms_keyclient *keys);

/* Shows that keyd holds the private half of what the database says is this log key: somebody who writes to
 * the database cannot bring a key of his own. 0, RMS_E_BAD_SIGNATURE, RMS_E_KEY_UNAVAILABLE. */
RMS_MUST_USE int rms_usage_key_prove(struct rms_db *db, struct rms_keyclient *keys, const char *key_id);

#endif
