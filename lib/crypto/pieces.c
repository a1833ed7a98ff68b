/* Hashes of pieces of one length. A chain of SHA-256 cannot use the width of the machine: ipsec-mb hashes
 * many side by side. */
#include "crypto/digest.h"
#include "crypto/engine.h"

static void hash_one_by_one(struct rms_view data, size_t piece, uint8_t *out)
{
    size_t done = 0;

    do {
        size_t len = data.len - done < piece ? data.len - done : piece;

        rms_hash(RMS_SHA256, rms_view_of(data.data + done, len), out);
        out += RMS_SHA256_BYTES;
        done += len;
    } while (done < data.len);
}

#if defined(__x86_64__)

#include <intel-ipsec-mb.h>

#define MULTI_MIN   8u     /* with fewer OpenSSL is as fast, by the SHA instructions of the machine */
#define MULTI_BYTES 65534u /* ipsec-mb takes no longer message side by side */

/* How many pieces came out of the manager; SIZE_MAX when one failed. */
static size_t completed(IMB_MGR *manager, const IMB_JOB *job)
{
    size_t count = 0;

    for (; job != NULL; job = IMB_GET_COMPLETED_JOB(manager)) {
        if (job->status != IMB_STATUS_COMPLETED) {
            return SIZE_MAX;
        }
        count++;
    }
    return count;
}

static size_t submit(IMB_MGR *manager, struct rms_view piece, uint8_t *out)
{
    IMB_JOB *job = IMB_GET_NEXT_JOB(manager);

    *job = (IMB_JOB){
        .cipher_mode = IMB_CIPHER_NULL,
        .cipher_direction = IMB_DIR_ENCRYPT,
        .chain_order = IMB_ORDER_HASH_CIPHER,
        .hash_alg = IMB_AUTH_SHA_256,
        .src = piece.data,
        .msg_len_to_hash_in_bytes = piece.len,
        .auth_tag_output = out,
        .auth_tag_output_len_in_bytes = RMS_SHA256_BYTES,
    };
    return completed(manager, IMB_SUBMIT_JOB(manager));
}

static bool hash_side_by_side(IMB_MGR *manager, struct rms_view data, size_t piece, uint8_t *out)
{
    size_t done = 0;
    bool good = true;
    const IMB_JOB *job;

    while (good && done < data.len) {
        size_t len = data.len - done < piece ? data.len - done : piece;

        good = submit(manager, rms_view_of(data.data + done, len), out) != SIZE_MAX;
        out += RMS_SHA256_BYTES;
        done += len;
    }
    while ((job = IMB_FLUSH_JOB(manager)) != NULL) { /* also after a failure: the manager is left empty */
        good = completed(manager, job) != SIZE_MAX && good;
    }
    return good;
}

void rms_hash_pieces(struct rms_view data, size_t piece, uint8_t *out)
{
    IMB_MGR *manager = piece <= MULTI_BYTES && data.len / piece >= MULTI_MIN ? rms_engine_manager() : NULL;

    if (manager == NULL || !hash_side_by_side(manager, data, piece, out)) {
        hash_one_by_one(data, piece, out);
    }
}

#else

void rms_hash_pieces(struct rms_view data, size_t piece, uint8_t *out)
{
    hash_one_by_one(data, piece, out);
}

#endif
