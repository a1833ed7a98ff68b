/* The one source of time. Every decision takes its time from here, so tests can move it: in builds with
 * RMS_TEST_CLOCK the file named by RMS_CLOCK_FILE holds a signed decimal number of seconds that is added
 * (read again at most every 50 ms; a missing or empty file keeps the last offset). A release build ignores
 * the variable. */
#ifndef RMS_BASE_CLOCK_H
#define RMS_BASE_CLOCK_H

#include <stdint.h>

/* Seconds since 1970, UTC. */
int64_t rms_clock_now(void);

/* Milliseconds that only grow, unaffected by clock steps: for time-outs and measuring. */
int64_t rms_clock_monotonic_ms(void);

#endif
