/* Copying a file with some of its ranges replaced: how labels get into files that are otherwise kept as they
 * are. */
#ifndef RMS_LABEL_SPLICE_H
#define RMS_LABEL_SPLICE_H

#include "base/bytes.h"

struct rms_splice {
    uint64_t at, gone;   /* this range of the source */
    struct rms_view put; /* goes, and this comes instead */
};

/* In the order of the file, none overlapping another. Both are regular files; out is empty. */
RMS_MUST_USE int rms_splice(int fd, int out, const struct rms_splice *splices, size_t count);

#endif
