/* Inside lib/crypto only: who encrypts independent CBC chains, and hashes independent pieces. Two engines
 * give the same bytes. */
#ifndef RMS_CRYPTO_ENGINE_H
#define RMS_CRYPTO_ENGINE_H

#include <openssl/evp.h>

#include "base/secret.h"

#define RMS_ENGINE_CHAINS_MAX 64 /* in one call */

/* A key as the engines want it. ipsec-mb and its round keys are made when there is first something for them
 * to do: a program that only reads, or writes little, never loads them. */
struct rms_engine_key {
    EVP_CIPHER_CTX *cbc;
    struct rms_secret *key;
    struct rms_secret *schedule; /* ipsec-mb's round keys, or NULL */
    bool multi;                  /* ipsec-mb may be used */
};

/* count chains of chain_len bytes (a multiple of 16), one behind the other, ivs 16 bytes each. in and out are
 * the same or do not overlap. */
struct rms_chains {
    const uint8_t *in;
    uint8_t *out;
    const uint8_t *ivs;
    size_t chain_len;
    size_t count; /* at most RMS_ENGINE_CHAINS_MAX */
};

struct IMB_MGR;

/* This thread's manager of ipsec-mb; NULL when OpenSSL is to do it. */
struct IMB_MGR *rms_engine_manager(void);

/* The name of the engine that new keys get: "openssl" when RMS_AES says so or the machine has nothing better.
 */
const char *rms_engine_name(void);

RMS_MUST_USE int rms_engine_key_init(struct rms_engine_key *engine, struct rms_view key);
void rms_engine_key_fini(struct rms_engine_key *engine);
RMS_MUST_USE int rms_engine_encrypt(struct rms_engine_key *engine, const struct rms_chains *chains);

#endif
