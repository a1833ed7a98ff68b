/* Content from one place to another: encrypted, decrypted, or both (re-protection), a chunk at a time on
 * one or several threads. The blocks of the content ciphers are independent and their places known in
 * advance, so each thread reads, transforms and writes its own chunks without waiting for others. Memory: one
 * chunk a thread. */
#ifndef RMS_CLIENT_CRYPT_H
#define RMS_CLIENT_CRYPT_H

#include "format/reader.h"
#include "format/tree.h"
#include "format/writer.h"
#include "xrml/enabling.h"

struct rms_context;

struct rms_crypt_job {
    struct rms_context *context;
    struct rms_reader in;
    uint64_t in_offset, in_len; /* the content in there */
    struct rms_writer out;      /* in order: one thread, whatever threads says */
    uint64_t out_offset;
    const struct rms_content_key *decrypt; /* NULL: the source is clear */
    const struct rms_content_key *encrypt; /* NULL: the result is clear */
    const struct rms_tree *sealed;         /* what is read must hold by this, NULL: no seal */
    uint8_t *hashes;                       /* of the tree over what is written (rms_tree_put), NULL: none */
    uint64_t hashed_len;                   /* that content's length */
    uint64_t clear_size; /* when known from the container, for modes without padding; else UINT64_MAX */
    unsigned threads;    /* 1: the caller's only */
    int (*progress)(void *user_data, uint64_t done, uint64_t total);
    void *user_data;
};

/* *written_out: bytes behind out_offset. RMS_E_DAMAGED for content that does not decrypt,
 * RMS_E_BAD_SIGNATURE for what does not hold by the seal, RMS_E_FILE_CHANGED
 * when the source became shorter, RMS_E_CANCELLED, or the system's codes. */
RMS_MUST_USE int rms_crypt_run(const struct rms_crypt_job *job, uint64_t *written_out);

/* Processors this process may use, at most 8. */
unsigned rms_crypt_threads(void);

#endif
