/* Reading JSON objects member by member, with the name of the wrong field kept for the caller. */
#ifndef RMS_SERVICE_REST_JSON_H
#define RMS_SERVICE_REST_JSON_H

#include <jansson.h>

#include "base/arena.h"
#include "policy/policy.h"

/* Texts go into the arena; detail is set at the first failure. */
struct rms_reader {
    struct rms_arena *arena;
    const char *detail;
};

/* Parses a body that must be one object. */
RMS_MUST_USE int rms_reader_parse(struct rms_reader *reader, struct rms_view body, json_t **object_out);

/* Sets detail to "field: problem" and returns RMS_E_BAD_ARGUMENT. */
RMS_MUST_USE int rms_reader_fail(struct rms_reader *reader, const char *field, const char *problem);

/* object has no members but those named (NULL-terminated). */
RMS_MUST_USE int rms_reader_only(struct rms_reader *reader, const json_t *object, const char *const *names);

/* Absent and null leave *out as it is. Texts: at most max bytes, no control characters but tab and line end.
 */
RMS_MUST_USE int rms_reader_text(
    struct rms_reader *reader, const json_t *object, const char *name, size_t max, const char **out);
RMS_MUST_USE int rms_reader_bool(
    struct rms_reader *reader, const json_t *object, const char *name, bool *out);

/* Whole numbers, also written as reals (30.0). */
RMS_MUST_USE int rms_reader_int(
    struct rms_reader *reader, const json_t *object, const char *name, int64_t *out);

/* YYYY-MM-DDTHH:MM:SSZ. */
RMS_MUST_USE int rms_reader_time(
    struct rms_reader *reader, const json_t *object, const char *name, int64_t *out);

/* Array of texts. */
RMS_MUST_USE int rms_reader_texts(struct rms_reader *reader, const json_t *object, const char *name,
    const char *const **texts_out, size_t *count_out);

/* Object of text members. */
RMS_MUST_USE int rms_reader_pairs(struct rms_reader *reader, const json_t *object, const char *name,
    const struct rms_name_value **pairs_out, size_t *count_out);

#define RMS_READER_TEXT_MAX  4096
#define RMS_READER_PAIRS_MAX 256

#endif
