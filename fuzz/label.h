/* What the targets of labels hold against each other. */
#ifndef RMS_FUZZ_LABEL_H
#define RMS_FUZZ_LABEL_H

#include <stdlib.h>

#include "label/pairs.h"

static inline void check(bool holds)
{
    if (!holds) {
        abort();
    }
}

static inline void same(const struct rms_label_pairs *a, const struct rms_label_pairs *b)
{
    check(a->count == b->count);
    for (size_t i = 0; i < a->count; i++) {
        const char *value = rms_label_pairs_get(b, a->items[i].key);

        check(value != NULL && strcmp(value, a->items[i].value) == 0);
    }
}

#endif
