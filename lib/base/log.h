/* Log lines: structured, one JSON object a line (or plain text on a terminal), to stderr or a rotating file.
 * Callers give a stable event name and typed fields; never content, keys, tokens or policies (design
 * invariant 6). Control characters in values are escaped. Levels as in C-233. */
#ifndef RMS_BASE_LOG_H
#define RMS_BASE_LOG_H

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

enum rms_log_level { RMS_LOG_OFF, RMS_LOG_ERROR, RMS_LOG_INFO, RMS_LOG_DEBUG, RMS_LOG_TRACE };

/* Process-wide; call at start: until then nothing is logged. program names the source; path NULL, or a file
 * that cannot be opened = stderr; a file is rotated at max_bytes (PATH.1, the newest, to PATH.9 are kept). */
#define RMS_LOG_FILES 10
void rms_log_open(const char *program, enum rms_log_level level, const char *path, size_t max_bytes);

/* From now on values say what there was in place of personal data (S-304): [address] of people, [file],
 * [host]. For programs of people; a service's log is its operator's. */
void rms_log_mask(void);
void rms_log_close(void);
enum rms_log_level rms_log_level(void);

/* RMS_E_BAD_ARGUMENT for an unknown name (off, error, info, debug, trace). */
int rms_log_level_parse(const char *name, enum rms_log_level *level_out);

/* event: stable dotted name. Then pairs: field name, text value (NULL values are left out); ends with NULL.
 *     rms_log(RMS_LOG_INFO, "keyd.started", "keys", "3", NULL); */
void rms_log(enum rms_log_level level, const char *event, ...) __attribute__((sentinel));

#endif
