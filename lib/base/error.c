#include "base/error.h"

#include <errno.h>
#include <string.h>

static const struct rms_error_info table[] = {
#define RMS_ERROR(symbol, value, reason, http, exit, wire, text, next)                                       \
    {RMS_E_##symbol, reason, http, exit, wire, text, next},
#include <openrms/errors.def>
#undef RMS_ERROR
};

static const struct rms_error_info success = {0, "ok", 200, 0, "", "done", ""};
static const struct rms_error_info unknown = {
    RMS_E_INTERNAL, "unknown", 500, 1, "InternalException", "an unknown error occurred", "report it"};

const struct rms_error_info *rms_error_row(size_t i)
{
    return i < sizeof table / sizeof table[0] ? &table[i] : NULL;
}

const struct rms_error_info *rms_error_info(int code)
{
    const struct rms_error_info *row;

    if (code == 0) {
        return &success;
    }
    for (size_t i = 0; (row = rms_error_row(i)) != NULL; i++) {
        if (row->code == code) {
            return row;
        }
    }
    return &unknown;
}

int rms_error_from_reason(const char *reason)
{
    const struct rms_error_info *row;

    for (size_t i = 0; reason != NULL && (row = rms_error_row(i)) != NULL; i++) {
        if (strcmp(row->reason, reason) == 0) {
            return row->code;
        }
    }
    return 0;
}

int rms_error_from_errno(int err)
{
    switch (err) {
    case 0:
        return 0;
    case ENOMEM:
        return RMS_E_NO_MEMORY;
    case ENOSPC:
    case EDQUOT:
        return RMS_E_NO_SPACE;
    case EACCES:
    case EPERM:
    case EROFS:
        return RMS_E_PERMISSION;
    case ENOENT:
    case ENOTDIR:
        return RMS_E_NOT_FOUND;
    case EEXIST:
        return RMS_E_CONFLICT;
    case ENAMETOOLONG:
        return RMS_E_NAME_TOO_LONG;
    default:
        return RMS_E_IO;
    }
}
