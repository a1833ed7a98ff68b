/* What a page says, without what it does: for terminals. All parsing is libxml2's. */
#ifndef RMS_FORMAT_HTML_H
#define RMS_FORMAT_HTML_H

#include "base/bytes.h"

#define RMS_HTML_MAX (16u * 1024 * 1024)

/* Appends the text of an HTML page in UTF-8: paragraphs as lines, nothing of scripts and styles, nothing
 * fetched. RMS_E_LIMIT for pages above RMS_HTML_MAX, RMS_E_DAMAGED for one that is no page at all. */
RMS_MUST_USE int rms_html_text(struct rms_view html, struct rms_buf *out);

#endif
