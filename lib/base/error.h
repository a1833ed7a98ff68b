/* The list of outcomes (openrms/error.h) and what only the inside needs of it. */
#ifndef RMS_BASE_ERROR_H
#define RMS_BASE_ERROR_H

#include <openrms/error.h>

/* Maps an errno value into the list; 0 stays 0. */
int rms_error_from_errno(int err);

/* Evaluates an int expression once and returns from the caller when it is an error. */
#define RMS_TRY(expression)                                                                                  \
    do {                                                                                                     \
        int rms_try_ = (expression);                                                                         \
        if (rms_try_ < 0) {                                                                                  \
            return rms_try_;                                                                                 \
        }                                                                                                    \
    } while (0)

#endif
