/* Label metadata as keys and values (client-requirements 5.6, protected-file-formats 9.1): what every store
 * of it holds, which label is in force, and what setting or removing one changes.
 *
 * Nothing of it is signed or secret. Pairs of other organisations, and attributes nobody here knows, are kept
 * as they came. */
#ifndef RMS_LABEL_PAIRS_H
#define RMS_LABEL_PAIRS_H

#include "base/arena.h"
#include "base/guid.h"

#define RMS_LABEL_TEXT_MAX  256 /* of a key or value, with NUL */
#define RMS_LABEL_PAIRS_MAX 4096
#define RMS_LABEL_DISPLAY   "Sensitivity" /* the companion pair: names, for people */

struct rms_label_pair {
    const char *key;
    const char *value;
};

struct rms_label_pairs {
    struct rms_arena *arena; /* holds the texts */
    struct rms_label_pair *items;
    size_t count, room;
};
#define RMS_LABEL_PAIRS(memory) ((struct rms_label_pairs){.arena = (memory)})

/* One label of a file. Texts are "" when the attribute is missing. */
struct rms_labelled {
    char id[RMS_GUID_TEXT];
    char site[RMS_GUID_TEXT]; /* the tenant; of Ref when there is no SiteId */
    char parent[RMS_GUID_TEXT];
    const char *name;
    const char *set_at; /* as written */
    const char *method; /* as written; Extended_MSFT_Method when there is no Method */
    const char *owner;
    unsigned content_bits; /* 1 header, 2 footer, 4 watermark, 8 protected */
    bool enabled;
};

/* Is this a key of labels: MSIP_Label_<GUID>_<Attribute>, or the display text? */
bool rms_label_key(const char *key);

/* Adds a pair; a key that is there already (without regard to case) gets the new value. Keys that are not of
 * labels are RMS_E_BAD_ARGUMENT; RMS_E_LIMIT for too long texts or too many pairs. */
RMS_MUST_USE int rms_label_pairs_put(struct rms_label_pairs *pairs, const char *key, const char *value);

/* The same for an attribute of a label; NULL and "" add nothing. */
RMS_MUST_USE int rms_label_put(
    struct rms_label_pairs *pairs, const char *id, const char *attribute, const char *value);

/* NULL when absent. */
const char *rms_label_pairs_get(const struct rms_label_pairs *pairs, const char *key);

/* Every label with a pair, in the order of the file: the array is of the arena. */
RMS_MUST_USE int rms_label_all(
    const struct rms_label_pairs *pairs, const struct rms_labelled **labels_out, size_t *count_out);

/* The label in force: an enabled one of the tenant `site`, or of any when NULL. Of several a sublabel goes
 * before its parent, then the one set last, then the one with the larger id: the same on every reading
 * (C-177). doubtful_out: there were several, none the parent of another. RMS_E_NOT_FOUND without any. */
RMS_MUST_USE int rms_label_in_force(const struct rms_label_pairs *pairs, const char *site,
    struct rms_labelled *label_out, bool *doubtful_out);

/* Writes the label's attributes in the layout of the SDK, and the display text. What the tenant had before
 * goes, parents included; unknown attributes of the very same label stay (C-170, C-171, C-175). The label's
 * texts must be well formed: RMS_E_BAD_ARGUMENT. display: NULL = the label's name. */
RMS_MUST_USE int rms_label_set(
    struct rms_label_pairs *pairs, const struct rms_labelled *label, const char *display);

/* Removes every pair of the tenant's labels, and the display text with them. RMS_E_NOT_FOUND when there was
 * none. */
RMS_MUST_USE int rms_label_remove(struct rms_label_pairs *pairs, const char *site);

#endif
