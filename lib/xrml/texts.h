/* Localised names of policies. Inside this library only. */
#ifndef RMS_XRML_TEXTS_H
#define RMS_XRML_TEXTS_H

#include "xrml/xwrite.h"

struct rms_texts {
    const struct rms_policy_text *texts;
    size_t count;
};

/* DESCRIPTOR of a policy: its id and its names, one record a language. */
void rms_texts_write(struct rms_xwriter *w, const struct rms_policy *policy);

/* The same of body; id_out "" and no texts where absent. A name that is not in records becomes one text for
 * all languages (LCID 127). */
RMS_MUST_USE int rms_texts_read(struct rms_arena *arena, const struct rms_xnode *body,
    char id_out[RMS_GUID_TEXT], struct rms_texts *texts_out);

#endif
