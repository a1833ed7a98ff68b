/* rms admin db */
#include "cmd/rms/admin.h"

static const struct option_row options[] = {SOCKET_OPTION, OPTIONS_END};
static const struct option_row change_options[] = {CHANGE_OPTIONS, SOCKET_OPTION, OPTIONS_END};

static const struct option_row accept_options[] = {CHANGE_OPTIONS, SOCKET_OPTION, OPTIONS_END};

static const struct call check = {.method = "GET", .path = "/admin/v1/db"};
static const struct call migrate = {.method = "POST", .path = "/admin/v1/db/migrate"};
static const struct call backup = {.method = "POST", .path = "/admin/v1/db/backup"};
static const struct call accept_restore = {.method = "POST",
    .path = "/admin/v1/db/accept-restore",
    .done = "The service goes on with the database as it is.",
    .confirm = "What was revoked, removed or changed since that copy counts no more. Go on?"};

const struct verb admin_db_verbs[] = {
    ADMIN_VERB("check", "Look for damage", NULL, 0, 0, options, check,
        "  rms admin db check\n  rms admin db check --json | jq -r .Status"),
    ADMIN_VERB("migrate", "Bring the tables to the version of this program", NULL, 0, 0, change_options,
        migrate, "  rms admin db migrate"),
    ADMIN_VERB("backup", "Write a copy beside the database, while the service runs", NULL, 0, 0,
        change_options, backup, "  rms admin db backup"),
    ADMIN_VERB("accept-restore", "Go on with a database that is older than it was", NULL, 0, 0,
        accept_options, accept_restore, "  rms admin db accept-restore"),
    VERBS_END,
};
