/* Writing JSON replies by appending: members put their own commas. Values are escaped; nothing is parsed
 * again. */
#ifndef RMS_SERVICE_REST_WRITE_H
#define RMS_SERVICE_REST_WRITE_H

#include "policy/policy.h"

/* '{' or '[' and their ends; a comma before when something stands in front. name NULL: an element. */
void rms_out_open(struct rms_buf *out, const char *name, char bracket);
void rms_out_close(struct rms_buf *out, char bracket);

/* NULL texts and RMS_TIME_NONE are null. */
void rms_out_text(struct rms_buf *out, const char *name, const char *text);
void rms_out_bool(struct rms_buf *out, const char *name, bool value);
void rms_out_int(struct rms_buf *out, const char *name, int64_t value);
void rms_out_time(struct rms_buf *out, const char *name, int64_t time);
void rms_out_null(struct rms_buf *out, const char *name);
void rms_out_base64(struct rms_buf *out, const char *name, struct rms_view bytes);

/* Object of texts, null when there are none. */
void rms_out_pairs(struct rms_buf *out, const char *name, const struct rms_name_value *pairs, size_t count);

/* Array of right names, never null. */
void rms_out_rights(struct rms_buf *out, const char *name, const struct rms_rights *rights);

/* Array of texts. */
void rms_out_texts(struct rms_buf *out, const char *name, const char *const *texts, size_t count);

#endif
