/* GUIDs as text: 36 lower-case characters without braces inside, braces and upper case where a format wants
 * them. Compared without regard to case. */
#ifndef RMS_BASE_GUID_H
#define RMS_BASE_GUID_H

#include "base/bytes.h"

#define RMS_GUID_TEXT 37 /* with NUL */

/* A random (version 4) GUID. */
void rms_guid_new(char guid_out[RMS_GUID_TEXT]);

/* Accepts braces or none, any case; writes the plain lower-case form. RMS_E_BAD_ARGUMENT otherwise. */
RMS_MUST_USE int rms_guid_parse(struct rms_view text, char guid_out[RMS_GUID_TEXT]);

#endif
