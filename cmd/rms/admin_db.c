/* rms admin db */
#include "cmd/rms/admin.h"

static const struct option_row options[] = {SOCKET_OPTION, OPTIONS_END};
static const struct option_row change_options[] = {CHANGE_OPTIONS, SOCKET_OPTION, OPTIONS_END};

static const struct call check = {.method = "GET", .path = "/admin/v1/db"};
static const struct call migrate = {.method = "POST", .path = "/admin/v1/db/migrate"};
static const struct call backup = {.method = "POST", .path = "/admin/v1/db/backup"};

const struct verb admin_db_verbs[] = {
    ADMIN_VERB("check", "Look for damage", NULL, 0, 0, options, check,
        "  rms admin db check\n  rms admin db check --json | jq -r .Status"),
    ADMIN_VERB("migrate", "Bring the tables to the version of this program", NULL, 0, 0, change_options,
        migrate, "  rms admin db migrate"),
    ADMIN_VERB("backup", "Write a copy beside the database, while the service runs", NULL, 0, 0,
        change_options, backup, "  rms admin db backup"),
    VERBS_END,
};
