/* Where client addresses are, by the operator's own database (S-156): a file in MaxMind's DB format, mapped
 * once in a process before it is shut in. Nobody is asked, and nothing is looked up when licences are given:
 * only when accesses are shown. */
#ifndef RMS_SERVICE_LOCATION_H
#define RMS_SERVICE_LOCATION_H

#include "base/bytes.h"

#define RMS_LOCATION_TEXT 96

struct rms_location {
    char country[RMS_LOCATION_TEXT]; /* English name, else its code; "" = unknown, as for the others */
    char city[RMS_LOCATION_TEXT];
    char position[RMS_LOCATION_TEXT];     /* "52.5200,13.4050" */
    char text[2 * RMS_LOCATION_TEXT + 2]; /* for people: "Berlin, Germany", or "unknown" */
    double latitude, longitude;
};

/* Before threads. "" is none; one that cannot be read is logged, and every place is unknown. */
void rms_locations_open(const char *path);

/* Private addresses, and others that are nowhere, are unknown whatever the database says. */
void rms_location_find(const char *address, struct rms_location *place_out);

/* Members Country, City, Position (null: unknown) and Place. */
void rms_location_write(struct rms_buf *out, const char *address);

/* Between two known positions; -1 when one is not known. */
int rms_location_kilometres(const char *one, const char *other);

#endif
