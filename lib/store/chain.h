/* What the service signs about the usage log, and the keys it signs with (doc/format/usage-log.md).
 *
 * The rows of a tenant form a chain: each carries a hash over its fields and the hash of the row before. A
 * statement names a place in the chain, so whoever has the public key can tell that the chain up to there is
 * the one the service wrote. */
#ifndef RMS_STORE_CHAIN_H
#define RMS_STORE_CHAIN_H

#include "crypto/digest.h"
#include "crypto/ec.h"
#include "store/store.h"

#define RMS_CHAIN_HASH      RMS_SHA256_BYTES
#define RMS_CHAIN_SIGNATURE 64
#define RMS_CHAIN_NONE      "-" /* the chain of rows that belong to no tenant */
#define RMS_CHAIN_TEXT_MAX  65536u

enum rms_chain_kind {
    RMS_CHAIN_HEAD,   /* the newest row; one a chain, replaced by every batch */
    RMS_CHAIN_MARK,   /* a row on the way: tells where a chain made anew begins to differ */
    RMS_CHAIN_CUT,    /* rows up to this one were removed */
    RMS_CHAIN_ERASED, /* fields of rows were removed */
    RMS_CHAIN_PROOF,  /* signed on request, never kept: shows that a key is held */
    RMS_CHAIN_KINDS
};

struct rms_chain_statement {
    enum rms_chain_kind kind;
    char tenant[RMS_GUID_TEXT];
    int64_t seq; /* of the row, from 1; 0 = before the first */
    uint8_t hash[RMS_CHAIN_HASH];
    int64_t time;
    const char *detail;         /* by kind; without line ends; never NULL */
    char key_id[RMS_GUID_TEXT]; /* "": not signed */
    uint8_t signature[RMS_CHAIN_SIGNATURE];
};

/* What is signed, without the label and the kind. Appends. */
RMS_MUST_USE int rms_chain_text(const struct rms_chain_statement *statement, struct rms_buf *out);

/* What the signature is over: a label that nothing else of the service begins with, the kind, the text. keyd
 * puts it together, so that a key for logs signs nothing else, and no kind under the name of another. */
RMS_MUST_USE int rms_chain_digest(
    enum rms_chain_kind kind, struct rms_view text, uint8_t out[RMS_SHA256_BYTES]);

/* "head", "mark", ... */
const char *rms_chain_word(enum rms_chain_kind kind);

/* Signs: fills in key_id and signature. Outside of transactions. */
struct rms_chain_signer {
    int (*sign)(void *context, struct rms_chain_statement *statement);
    void *context;
};

/* Signs with signer; without one the statement stays unsigned (tests, tools). */
RMS_MUST_USE int rms_chain_sign(const struct rms_chain_signer *signer, struct rms_chain_statement *statement);

/* 0, RMS_E_BAD_SIGNATURE (also: not signed), RMS_E_UNKNOWN_KEY. */
RMS_MUST_USE int rms_chain_check(struct rms_db *db, const struct rms_chain_statement *statement);

/* --- kept statements ------------------------------------------------------------------------------------ */

RMS_MUST_USE int rms_chain_keep(struct rms_db *db, const struct rms_chain_statement *statement);

/* The head of a tenant's chain; RMS_E_NOT_FOUND. detail lives in arena. */
RMS_MUST_USE int rms_chain_head(
    struct rms_db *db, struct rms_arena *arena, const char *tenant, struct rms_chain_statement *head_out);

/* Replaces the head when it is still the one at this place; RMS_E_CONFLICT otherwise. was NULL: the first. */
struct rms_chain_place {
    int64_t seq;
    uint8_t hash[RMS_CHAIN_HASH];
};
RMS_MUST_USE int rms_chain_move(
    struct rms_db *db, const struct rms_chain_statement *head, const struct rms_chain_place *was);

/* All of a chain, ordered by seq. */
struct rms_chain_statements {
    struct rms_chain_statement *items;
    size_t count;
};
RMS_MUST_USE int rms_chain_list(struct rms_db *db, struct rms_arena *arena, const char *tenant,
    struct rms_chain_statements *statements_out);

/* --- keys ------------------------------------------------------------------------------------------------
 */

struct rms_log_key {
    const char *id;
    int64_t created_at;
    struct rms_ec_public public_key;
    struct rms_view sealed; /* by keyd */
};
RMS_MUST_USE int rms_log_key_add(struct rms_db *db, const struct rms_log_key *key);

/* id NULL: the newest. RMS_E_NOT_FOUND. */
RMS_MUST_USE int rms_log_key_find(
    struct rms_db *db, struct rms_arena *arena, const char *id, struct rms_log_key *key_out);

#endif
