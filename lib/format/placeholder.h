/* The small document that programs without rights management find in a protected older Office file, instead
 * of an error: one line that says what this is (protected-file-formats section 6, step 4). */
#ifndef RMS_FORMAT_PLACEHOLDER_H
#define RMS_FORMAT_PLACEHOLDER_H

#include "format/cfb_write.h"

/* Puts the placeholder into the root for the application whose main stream this is (WordDocument, Workbook,
 * Book, PowerPoint Document); nothing for other names. */
RMS_MUST_USE int rms_placeholder_put(struct rms_cfb_writer *writer, const char *main_stream);

#endif
