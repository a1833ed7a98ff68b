#include "service/health.h"

#include "service/mark.h"
#include "store/source.h"

#define SOURCES_MAX (4u << 20)
#define CA_REMEDY   "stop rmsd, remove ca.pem and the directory tls, start it, give ca.pem to all clients"

static void note_ends(const struct rms_front *front, struct rms_health *health)
{
    bool own = front->authority_until != RMS_TIME_NONE;

    health->ends[0] = (struct rms_health_end){"certificate", "the TLS certificate",
        own ? "reload or restart rmsd, which makes a new one" : "give rmsd a new one and reload it",
        front->certificate_until};
    health->ends[1] = (struct rms_health_end){
        "authority", "the certification authority", CA_REMEDY, front->authority_until};
}

/* A directory outside that does not answer: what it said last still counts for a while
 * (doc/dev/directory.md).
 */
static bool directory_fails(struct rms_db *db)
{
    RMS_ARENA_CLEANUP struct rms_arena *arena = rms_arena_new(SOURCES_MAX);
    struct rms_sources sources = {0};

    if (arena == NULL || rms_source_list(db, arena, NULL, &sources) < 0) {
        return false; /* that the database does not answer is a problem of its own */
    }
    for (size_t i = 0; i < sources.count; i++) {
        if (sources.items[i].stale || sources.items[i].tried_at > sources.items[i].looked_at) {
            return true;
        }
    }
    return false;
}

/* Nodes share the database server, so its clock is what they can be compared by. */
static bool clock_is_off(struct rms_db *db, int64_t now, struct rms_health *health)
{
    int64_t server;

    health->has_clock = rms_store_server_time(db, &server) == 0;
    health->clock_off_s = health->has_clock ? now - server : 0;
    return health->clock_off_s > RMS_HEALTH_CLOCK_S || health->clock_off_s < -RMS_HEALTH_CLOCK_S;
}

static void add_if(struct rms_health *health, bool bad, const char *word)
{
    if (bad) {
        health->problems[health->problem_count++] = word;
    }
}

void rms_health_take(struct rms_worker *worker, int64_t now, struct rms_health *health_out)
{
    struct rms_front *front = worker->front;
    struct rms_changes changes;

    *health_out = (struct rms_health){.serving = true};
    note_ends(front, health_out);
    rms_usage_stats(front->usage, &health_out->usage);
    rms_licences_stats(front->licences, &health_out->licences);
    rms_directory_stats(front->directory, &health_out->people);
    rms_lookout_state(front->lookout, &health_out->watch);
    health_out->keyd_code = rms_keyd_stats(worker->keys, &health_out->keyd);

    bool away = health_out->watch.away || rms_changes_read(worker->db, &changes) < 0;
    bool unlogged = !rms_usage_healthy(front->usage); /* S-188 */
    bool keys_gone = health_out->keyd_code < 0 || health_out->keyd.locked;
    add_if(health_out, rms_mark_went_back(front->mark), "rollback");
    add_if(health_out, away, "database");
    add_if(health_out, unlogged, "log");
    add_if(health_out, keys_gone || health_out->keyd.token_problem[0] != '\0', "key store"); /* S-214 */
    add_if(health_out, !away && directory_fails(worker->db), "directory");
    add_if(health_out, !away && clock_is_off(worker->db, now, health_out), "clock"); /* S-187 */
    for (size_t i = 0; i < RMS_HEALTH_ENDS; i++) {
        int64_t until = health_out->ends[i].until;

        add_if(health_out, until != RMS_TIME_NONE && until <= now, health_out->ends[i].problem);
    }
    health_out->serving =
        !keys_gone && (!unlogged || rms_front_unlogged(front)) &&
        (!away || health_out->watch.seen_ms_ago <= (int64_t)health_out->watch.grace_s * 1000);
}
