/* A part of an Office package: the elements right below its root, each with its slice of the text. */
#ifndef RMS_LABEL_PART_H
#define RMS_LABEL_PART_H

#include "base/arena.h"

#define RMS_PART_MAX   (8u * 1024 * 1024)
#define RMS_PART_ITEMS 65536
#define RMS_PART_DEPTH 64

struct rms_part_item {
    const char *name;         /* "namespace|local" */
    const char *const *attrs; /* name, value, …, NULL */
    const char *text;         /* all character data inside */
    struct rms_view source;   /* from < to > */
    const struct rms_part_item *next;
};

struct rms_part {
    struct rms_view text;
    const struct rms_part_item *first;
    size_t end;       /* of the root's content: where its end tag begins, or the "/>" of an empty one */
    bool empty;       /* the root is <X/> */
    const char *root; /* its name as written, with prefix */
};

/* UTF-8 without a document type: anything else is RMS_E_UNSUPPORTED, what is not well formed RMS_E_DAMAGED,
 * what is too big, wide or deep RMS_E_LIMIT. The text must stay. */
RMS_MUST_USE int rms_part_parse(struct rms_arena *arena, struct rms_view text, struct rms_part *part_out);

/* NULL when absent. */
const char *rms_part_attr(const struct rms_part_item *item, const char *name);

/* For writing elements at the end of the root: the text up to part->end, rms_part_open, the elements,
 * rms_part_close. Both write nothing but what an empty root needs, and the close what follows. */
void rms_part_open(const struct rms_part *part, struct rms_buf *out);
void rms_part_close(const struct rms_part *part, struct rms_buf *out);

#endif
