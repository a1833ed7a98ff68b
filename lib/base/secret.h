/* Secrets: keys and passwords in memory apart from everything else (small ones share a region), locked where
 * the limit allows, between guard pages, excluded from core dumps, wiped on free. There is no print, copy or
 * compare function, and the type is opaque, so that none can end in a log line. May be made and freed by any
 * thread. */
#ifndef RMS_BASE_SECRET_H
#define RMS_BASE_SECRET_H

#include <stddef.h>
#include <stdint.h>

#include "base/bytes.h"

struct rms_secret;

#define RMS_SECRET_MAX 65536

/* Zero-filled secret of len bytes (1 to RMS_SECRET_MAX); NULL for another length or when memory is exhausted.
 */
struct rms_secret *rms_secret_new(size_t len);

/* Moves bytes in: the source is wiped, also when the outcome is NULL as above. */
struct rms_secret *rms_secret_take(void *data, size_t len);

/* Accepts NULL, clears the caller's pointer. */
void rms_secret_free(struct rms_secret **secret);

/* The bytes, for handing to crypto calls only. */
uint8_t *rms_secret_bytes(struct rms_secret *secret);
struct rms_view rms_secret_view(const struct rms_secret *secret);
size_t rms_secret_len(const struct rms_secret *secret);

#define RMS_SECRET_CLEANUP __attribute__((cleanup(rms_secret_free)))

/* For a process that holds keys: no core dumps, not traceable by others of the same user. */
void rms_secret_harden_process(void);

#endif
