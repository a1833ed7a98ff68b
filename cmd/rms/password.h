/* Passwords come from standard input or a terminal without echo, never from arguments. */
#ifndef RMS_CMD_PASSWORD_H
#define RMS_CMD_PASSWORD_H

#include "base/bytes.h"

/* One line, without its end. From a terminal it is asked for with the echo off. RMS_E_BAD_ARGUMENT when empty
 * or too long, RMS_E_CANCELLED when a signal came. */
RMS_MUST_USE int password_read(struct rms_buf *out);

#endif
