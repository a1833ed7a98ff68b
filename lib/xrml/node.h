/* The text of a licence chain and a light tree over it.
 *
 * Signatures cover exact characters (xrml-licences section 1), so the text is kept and every element knows
 * its slice of it. Parsing is by expat, which reports byte positions; DOCTYPE, comments, CDATA, processing
 * instructions and entities other than the five are refused (section 8.1). Nothing is ever serialised again
 * before hashing. */
#ifndef RMS_XRML_NODE_H
#define RMS_XRML_NODE_H

#include "base/arena.h"

#define RMS_XRML_MAX_BYTES (8u * 1024 * 1024) /* of a PL (section 9) */
#define RMS_XRML_MAX_DEPTH 40
#define RMS_XRML_MAX_NODES 200000

struct rms_xattr {
    const char *name;
    const char *value;
    const struct rms_xattr *next;
};

struct rms_xnode {
    const char *name;
    const struct rms_xattr *attrs;
    const struct rms_xnode *parent, *first, *next;
    const char *text; /* character data directly inside, concatenated; "" when none */
    size_t text_len;
    struct rms_view source; /* from the < of the start tag to the > of the end tag */
};

/* A parsed text: the concatenated XrML elements are the children of root. */
struct rms_xtext {
    struct rms_view utf8; /* without BOM, declaration and trailing NULs */
    const struct rms_xnode *root;
};

/* Accepts every stored form (rest-protocol section 9): UTF-8 with or without BOM, UTF-16LE, with or without
 * declaration, trailing NULs and blanks. RMS_E_BAD_LICENSE otherwise. */
RMS_MUST_USE int rms_xtext_parse(struct rms_arena *arena, struct rms_view bytes, struct rms_xtext *text_out);

/* Finding: names compare exactly. All return NULL when absent. */
const struct rms_xnode *rms_xnode_child(const struct rms_xnode *node, const char *name);
const struct rms_xnode *rms_xnode_sibling(
    const struct rms_xnode *node, const char *name); /* next of that name */
const struct rms_xnode *rms_xnode_path(const struct rms_xnode *node, const char *slash_path);
const char *rms_xnode_attr(const struct rms_xnode *node, const char *name);
size_t rms_xnode_count(const struct rms_xnode *node, const char *name);

#endif
