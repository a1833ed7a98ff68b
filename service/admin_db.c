/* The database as a whole. */
#include "base/time.h"
#include "service/admin.h"
#include "service/mark.h"
#include "service/rest_write.h"
#include "store/upkeep.h"

int rms_admin_db_check(struct rms_front *front, struct rms_request *request, struct rms_reply *reply)
{
    struct rms_buf *out = &reply->body;
    struct rms_upkeep upkeep;
    (void)front;
    RMS_TRY(rms_upkeep_check(request->worker->db, request->arena, &upkeep));
    rms_out_open(out, NULL, '{');
    rms_out_text(out, "Status", upkeep.problem_count == 0 ? "ok" : "damaged");
    rms_out_texts(out, "Problems", upkeep.problems, upkeep.problem_count);
    rms_out_text(out, "Engine", upkeep.engine);
    rms_out_int(out, "SchemaVersion", upkeep.version);
    rms_out_int(out, "ProgramVersion", rms_store_version());
    rms_out_close(out, '}');
    return RMS_OK;
}

int rms_admin_db_migrate(struct rms_front *front, struct rms_request *request, struct rms_reply *reply)
{
    struct rms_buf *out = &reply->body;
    unsigned before = 0;
    (void)front;
    RMS_TRY(rms_admin_no_members(request));
    RMS_TRY(rms_upkeep_migrate(request->worker->db, &before));
    rms_out_open(out, NULL, '{');
    rms_out_int(out, "Before", before);
    rms_out_int(out, "SchemaVersion", before > rms_store_version() ? before : rms_store_version());
    rms_out_close(out, '}');
    return RMS_OK;
}

/* What was put back is what is wanted. The mark is no part of what a rehearsal undoes. */
int rms_admin_db_accept(struct rms_front *front, struct rms_request *request, struct rms_reply *reply)
{
    RMS_TRY(rms_admin_no_members(request));
    bool was = request->what_if ? rms_mark_went_back(front->mark) : rms_mark_accept(front->mark);
    rms_out_open(&reply->body, NULL, '{');
    rms_out_bool(&reply->body, "Accepted", was);
    rms_out_close(&reply->body, '}');
    request->note.detail = was ? NULL : "the database was not older than it was";
    return RMS_OK;
}

/* The file's place is not the caller's to choose: front writes where its sandbox lets it, and nowhere that it
 * is told to. */
int rms_admin_db_backup(struct rms_front *front, struct rms_request *request, struct rms_reply *reply)
{
    struct rms_buf *out = &reply->body;
    const char *path = NULL;
    char now[RMS_TIME_TEXT];
    (void)front;
    RMS_TRY(rms_admin_no_members(request));
    rms_time_iso(request->now, now);
    const char *suffix = rms_arena_printf(request->arena, "backup-%s", now);
    if (suffix == NULL) {
        return RMS_E_NO_MEMORY;
    }
    int rc = rms_upkeep_backup(request->worker->db, request->arena, suffix, &path);
    if (rc == RMS_E_UNSUPPORTED) {
        return rms_fail(request, rc, "the database is on a server: copy it with pg_dump --format=custom");
    }
    RMS_TRY(rc);
    rms_out_open(out, NULL, '{');
    rms_out_text(out, "Path", path);
    rms_out_close(out, '}');
    return RMS_OK;
}
