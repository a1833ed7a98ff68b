/* Days and times as people give them. */
#ifndef RMS_CMD_DATE_H
#define RMS_CMD_DATE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"

#define DATE_FORMS "YYYY-MM-DD, or YYYY-MM-DDThh:mm[:ss] with Z, +hh:mm or nothing (local time)"

/* YYYY-MM-DD is midnight, local time, at the beginning of the day or, with end, at its end (C-064, S-190);
 * other forms are exact times. RMS_E_BAD_ARGUMENT for anything else and for days that do not exist. */
RMS_MUST_USE int date_parse(const char *text, bool end, int64_t *time_out);

/* Makes ZONE ("Europe/Berlin") the local time of this process. RMS_E_NOT_FOUND when this machine does not
 * know it. */
RMS_MUST_USE int date_zone(const char *zone);

#endif
