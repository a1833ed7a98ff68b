/* The seal of a protected file (doc/format/seal.md): a record that binds content id, licence and the hash of
 * the cipher text, signed by who protected the file or saved it last. The published formats have no such
 * thing; it stands where their readers do not look. This is the record's form; whose signature counts is
 * lib/client/seal.h. */
#ifndef RMS_FORMAT_SEAL_H
#define RMS_FORMAT_SEAL_H

#include "crypto/digest.h"
#include "format/tree.h"

enum rms_seal_signer {
    RMS_SEAL_AUTHOR = 1, /* with the key that the licence names */
    RMS_SEAL_EDITOR = 2, /* with the key of a use licence that allows editing */
};

#define RMS_SEAL_PROOF_MAX     (1024u * 1024)
#define RMS_SEAL_SIGNATURE_MAX 512u
#define RMS_SEAL_MAX           (RMS_SEAL_PROOF_MAX + 1024u) /* of the record */

struct rms_seal {
    enum rms_seal_signer signer;
    unsigned form;        /* enum rms_container_kind and 1 */
    int64_t sealed_at;    /* Unix time, as the signer says */
    uint64_t clear_size;  /* of the content */
    uint64_t content_len; /* of the cipher text */
    uint8_t licence[RMS_SHA256_BYTES];
    uint8_t root[RMS_SHA256_BYTES];
    struct rms_view signature, proof; /* proof: of an editor, else empty */
};

/* Bytes of a record. */
size_t rms_seal_len(size_t signature_len, size_t proof_len);

/* What is signed: SHA-256 of the record's fields and the content id. */
RMS_MUST_USE int rms_seal_digest(
    const struct rms_seal *seal, const char *content_id, uint8_t digest_out[RMS_SHA256_BYTES]);

/* Appends the record. */
RMS_MUST_USE int rms_seal_emit(const struct rms_seal *seal, struct rms_buf *out);

/* From the beginning of bytes; *len_out: of the record. Views borrow from bytes. RMS_E_DAMAGED when it is
 * none. */
RMS_MUST_USE int rms_seal_parse(struct rms_view bytes, struct rms_seal *seal_out, size_t *len_out);

#endif
