/* Counts of what was answered, for monitoring (S-315): a fixed table of numbers, no locks, nothing that names
 * anybody. */
#ifndef RMS_SERVICE_METER_H
#define RMS_SERVICE_METER_H

#include "base/bytes.h"

struct rms_meter;
struct rms_route; /* service/route.h */

RMS_MUST_USE int rms_meter_new(struct rms_meter **meter_out);
void rms_meter_free(struct rms_meter **meter);

/* One answered request: its row (NULL: no such path), what the caller was answered, and how long it took. Any
 * thread. meter NULL: nothing. */
void rms_meter_count(struct rms_meter *meter, const struct rms_route *route, int code, int64_t ms);

/* In the text form of Prometheus: requests by type and result, time by type. */
void rms_meter_write(const struct rms_meter *meter, struct rms_buf *out);

/* "# HELP", "# TYPE" and, without labels, the one value. kind: "counter", "gauge" or "histogram". */
void rms_meter_head(struct rms_buf *out, const char *name, const char *kind, const char *help);
void rms_meter_gauge(struct rms_buf *out, const char *name, const char *help, int64_t value);
void rms_meter_counter(struct rms_buf *out, const char *name, const char *help, uint64_t value);

#endif
