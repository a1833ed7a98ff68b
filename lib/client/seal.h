/* Who sealed a file, and does it hold (doc/format/seal.md)?
 *
 * The publishing licence names a key that was made for the run which protected the file and forgotten after
 * it: with it the author seals. Whoever may edit seals anew, with his account's key, and gives his use
 * licence as the proof. The content key, which every reader has, is of no use for either. */
#ifndef RMS_CLIENT_SEAL_H
#define RMS_CLIENT_SEAL_H

#include "client/access.h"
#include "crypto/ec.h"
#include "format/container.h"
#include "format/seal.h"

/* --- making --- */

struct rms_sealer {
    struct rms_seal seal;
    const char *content_id;
    const struct rms_ec_private *author;  /* one of the two */
    const struct rms_rsa_private *editor; /* the key of the person's account; seal.proof is set then */
    uint8_t *hashes;                      /* for rms_tree_put; NULL: none are stored */
};

struct rms_sealer_about {
    enum rms_container_kind kind;
    enum rms_cipher_mode mode;
    uint64_t clear_size;
    struct rms_view licence; /* as stored */
    const char *content_id;
};

/* Set author, or editor and seal.proof, after it. PDF has no hashes: set seal.content_len and root. */
RMS_MUST_USE int rms_sealer_begin(const struct rms_sealer_about *about, struct rms_sealer *sealing_out);
/* Bytes of record and hashes. */
uint64_t rms_sealer_len(const struct rms_sealer *sealing);
/* When all hashes are put: appends record and hashes. */
RMS_MUST_USE int rms_sealer_end(struct rms_sealer *sealing, struct rms_buf *out);
void rms_sealer_fini(struct rms_sealer *sealing);

/* The author's whole seal over what was written already: of PDF. */
RMS_MUST_USE int rms_seal_written(const struct rms_sealer_about *about, const struct rms_ec_private *author,
    const struct rms_part *content, struct rms_buf *out);
#define RMS_SEALER_CLEANUP __attribute__((cleanup(rms_sealer_fini)))

/* --- checking --- */

struct rms_sealed {
    bool present;      /* the licence asks for a seal, and the file has one that holds */
    bool whole;        /* checked already, as a whole; tree is not set */
    bool edited;       /* it was saved after it was protected */
    const char *by;    /* who sealed; never NULL when present */
    int64_t sealed_at; /* by his clock */
    uint64_t clear_size;
    struct rms_tree tree;
};

struct rms_seal_case {
    struct rms_arena *arena; /* result and licence live in it */
    const struct rms_container *container;
    struct rms_view licence; /* as stored */
    const struct rms_pl *pl;
    struct rms_trust trust; /* for the licences of editors */
};

/* The record, not yet the content: that is held against the tree as it is read. Without word of a seal in the
 * licence there is none, whatever the file has. RMS_E_BAD_SIGNATURE when the seal is missing or does not
 * hold.
 */
RMS_MUST_USE int rms_sealed_open(const struct rms_seal_case *about, struct rms_sealed *sealed_out);

/* The whole content. */
RMS_MUST_USE int rms_sealed_all(const struct rms_sealed *sealed, const struct rms_part *content);

#define RMS_SEAL_BROKEN_TEXT "the file is damaged, or was changed after it was sealed"

#endif
