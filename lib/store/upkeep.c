#include "store/upkeep.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "base/file.h"
#include "store/sql.h"

struct problems {
    struct rms_list list;
    int code;
};

static void note_problem(void *context, const char *text)
{
    struct problems *problems = context;
    const char **item;

    if (problems->code < 0 || problems->list.count == RMS_UPKEEP_PROBLEMS_MAX) {
        return;
    }
    item = rms_list_add(&problems->list);
    if (item != NULL) {
        *item = rms_arena_strdup(problems->list.arena, text);
    }
    problems->code = item != NULL && *item != NULL ? 0 : RMS_E_NO_MEMORY;
}

int rms_upkeep_check(struct rms_db *db, struct rms_arena *arena, struct rms_upkeep *upkeep_out)
{
    struct problems problems = {.list = RMS_LIST(arena, const char *)};

    if (db->depth > 0 || db->reading) {
        return RMS_E_INTERNAL;
    }
    *upkeep_out = (struct rms_upkeep){.engine = db->engine->scheme};
    RMS_TRY(db->engine->version(db->link, &upkeep_out->version));
    RMS_TRY(db->engine->check(db->link, note_problem, &problems));
    RMS_TRY(problems.code);
    upkeep_out->problems = problems.list.items;
    upkeep_out->problem_count = problems.list.count;
    return 0;
}

int rms_upkeep_migrate(struct rms_db *db, unsigned *before_out)
{
    if (db->depth > 0 || db->reading) {
        return RMS_E_INTERNAL;
    }
    RMS_TRY(db->engine->version(db->link, before_out));
    return db->rehearsal ? 0 : rms_store_migrate(db->engine, db->link, rms_migration_count);
}

/* An empty file of ours is what the engine may fill: so it has the mode from the beginning. */
static int make_new(const char *path)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);

    if (fd < 0) {
        return errno == EEXIST ? RMS_E_CONFLICT : rms_error_from_errno(errno);
    }
    (void)close(fd);
    return 0;
}

static int sync_file(const char *path)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    int err = fd < 0 || fsync(fd) != 0 ? errno : 0;

    if (fd >= 0) {
        (void)close(fd);
    }
    return err != 0 ? rms_error_from_errno(err) : rms_file_sync_directory(path);
}

int rms_upkeep_backup(struct rms_db *db, struct rms_arena *arena, const char *suffix, const char **path_out)
{
    const char *path;
    int code;

    if (db->engine->backup == NULL) {
        return RMS_E_UNSUPPORTED;
    }
    if (db->depth > 0 || db->reading) {
        return RMS_E_INTERNAL;
    }
    path = rms_arena_printf(arena, "%s-%s", db->store->place, suffix);
    if (path == NULL) {
        return RMS_E_NO_MEMORY;
    }
    *path_out = path;
    if (db->rehearsal) {
        return 0;
    }
    RMS_TRY(make_new(path));
    code = db->engine->backup(db->link, path);
    code = code == 0 ? sync_file(path) : code;
    if (code < 0) {
        (void)unlink(path);
    }
    return code;
}
