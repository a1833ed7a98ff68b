/* Times as text. All are UTC seconds since 1970 inside; RMS_TIME_NONE means "not given". */
#ifndef RMS_BASE_TIME_H
#define RMS_BASE_TIME_H

#include <stdint.h>

#include "base/bytes.h"

#define RMS_TIME_NONE INT64_MIN
#define RMS_DAY_S     86400
#define RMS_TIME_TEXT 24 /* room for every form with its NUL */

/* XrML: YYYY-MM-DDThh:mm (xrml-licences section 2). Parsing also takes seconds and a Z. Years 0001 to 9999;
 * anything else is RMS_E_BAD_ARGUMENT. Printing gives "" for RMS_TIME_NONE and the nearest of those years
 * outside. */
RMS_MUST_USE int rms_time_parse(struct rms_view text, int64_t *time_out);
void rms_time_xrml(int64_t time, char text_out[RMS_TIME_TEXT]);

/* JSON: YYYY-MM-DDTHH:MM:SSZ (rest-protocol section 18). */
void rms_time_iso(int64_t time, char text_out[RMS_TIME_TEXT]);

#endif
