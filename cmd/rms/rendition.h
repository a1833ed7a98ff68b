/* The viewing copy of an Office document: a PDF for those who have no office suite, made of the clear
 * document by LibreOffice inside a sandbox. */
#ifndef RMS_CMD_RENDITION_H
#define RMS_CMD_RENDITION_H

#include <stdbool.h>

#include "cmd/rms/handoff.h"

/* By its name, a document of an office suite. */
bool rendition_is_for(const char *path);

/* Makes NAME.pdf of NAME.docx in a private directory, with the document's mode; handoff_close removes it,
 * also after a failure. RMS_E_UNSUPPORTED: LibreOffice or bubblewrap is not installed. RMS_E_DAMAGED: no PDF
 * came of it within the limits. */
RMS_MUST_USE int rendition_make(const char *path, struct handoff *handoff);

#endif
