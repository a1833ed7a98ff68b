/* How a file is protected, for people and as JSON. */
#ifndef RMS_CMD_STATUS_H
#define RMS_CMD_STATUS_H

#include "cmd/rms/output.h"

const char *protection_word(enum rms_protection protection);
json_t *status_object(struct rms_context *context, const char *path, const struct rms_file_status *status);
void status_print(struct rms_context *context, const char *path, const struct rms_file_status *status);

#endif
