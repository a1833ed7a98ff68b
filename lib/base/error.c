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

static const struct {
    enum rms_category category;
    const char *name;
    int codes[6]; /* ended by 0 */
} categories[] = {
    {RMS_CATEGORY_NONE, "none", {0}},
    {RMS_CATEGORY_NO_RIGHTS, "no-rights", {RMS_E_NO_RIGHTS, RMS_E_ACCOUNT_NEWER, RMS_E_PUBLISH_NOT_ALLOWED}},
    {RMS_CATEGORY_EXPIRED, "expired", {RMS_E_EXPIRED}},
    {RMS_CATEGORY_REVOKED, "revoked", {RMS_E_REVOKED}},
    {RMS_CATEGORY_NOT_OWNER, "not-owner", {RMS_E_ROLE_REQUIRED, RMS_E_ALREADY_PROTECTED}},
    {RMS_CATEGORY_IDENTITY, "identity",
        {RMS_E_NOT_AUTHENTICATED, RMS_E_ACCOUNT_DISABLED, RMS_E_UNKNOWN_RECIPIENT, RMS_E_STEP_UP,
            RMS_E_PASSCODE}},
    {RMS_CATEGORY_TEMPLATE, "template", {RMS_E_TEMPLATE_ARCHIVED, RMS_E_TEMPLATE_NOT_FOUND}},
    {RMS_CATEGORY_NOT_REGISTERED, "not-registered", {RMS_E_NOT_REGISTERED}},
    {RMS_CATEGORY_THROTTLED, "throttled", {RMS_E_THROTTLED}},
    {RMS_CATEGORY_NETWORK, "network", {RMS_E_UNREACHABLE, RMS_E_TLS}},
    {RMS_CATEGORY_CONSENT, "consent", {RMS_E_CONSENT_REFUSED, RMS_E_SERVER_NOT_TRUSTED}},
    {RMS_CATEGORY_NEEDS_ONLINE, "needs-online", {RMS_E_NEEDS_ONLINE}},
    {RMS_CATEGORY_OTHER, "other", {0}},
};

_Static_assert(sizeof categories / sizeof categories[0] == RMS_CATEGORY_COUNT, "a row a category");

enum rms_category rms_error_category(int code)
{
    if (code == 0) {
        return RMS_CATEGORY_NONE;
    }
    for (size_t i = 0; i < RMS_CATEGORY_COUNT; i++) {
        for (const int *at = categories[i].codes; *at != 0; at++) {
            if (*at == code) {
                return categories[i].category;
            }
        }
    }
    return RMS_CATEGORY_OTHER;
}

const char *rms_category_name(enum rms_category category)
{
    for (size_t i = 0; i < RMS_CATEGORY_COUNT; i++) {
        if (categories[i].category == category) {
            return categories[i].name;
        }
    }
    return "other";
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
