/* JSON by jansson with the rules for input from outside: UTF-8, no duplicate names, bounded depth, a stated
 * maximum size. Numbers stay what jansson makes them. */
#ifndef RMS_BASE_JSON_H
#define RMS_BASE_JSON_H

#include <jansson.h>

#include "base/arena.h"
#include "base/bytes.h"

#define RMS_JSON_MAX       (32u * 1024 * 1024) /* bytes of input */
#define RMS_JSON_DEPTH_MAX 64                  /* nested arrays and objects */

#define RMS_JSON_CLEANUP __attribute__((cleanup(rms_json_free)))

/* RMS_E_BAD_ARGUMENT when it is not one JSON value within the limits. A leading UTF-8 BOM is skipped. */
RMS_MUST_USE int rms_json_parse(struct rms_view text, json_t **json_out);
/* The same, for texts of people: where it went wrong, from 1; 0 when no line is to blame. */
RMS_MUST_USE int rms_json_parse_line(struct rms_view text, json_t **json_out, int *line_out);
void rms_json_free(json_t **json);

/* Borrowed text of a member; NULL when absent, null or not a string. */
const char *rms_json_str(const json_t *object, const char *name);

/* A list of texts in the arena; what is no text is "", and no list is none. */
RMS_MUST_USE int rms_json_texts(
    struct rms_arena *arena, const json_t *list, const char *const **texts_out, size_t *count_out);

/* Compact text. */
RMS_MUST_USE int rms_json_emit(const json_t *json, struct rms_buf *out);

/* For responses on the hot path: appends the quoted, escaped form of text. Control characters (C0, DEL, C1)
 * are escaped, bytes that are not UTF-8 become U+FFFD. */
void rms_json_quote(struct rms_buf *out, struct rms_view text);

#endif
