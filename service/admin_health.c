/* The state of the service in one answer (S-315). No secrets, no addresses. */
#include "directory/directory.h"
#include "service/admin.h"
#include "service/keyclient.h"
#include "service/licence.h"
#include "service/master_setup.h"
#include "service/rest_write.h"
#include "service/usage.h"
#include "service/lookout.h"

static void write_usage_state(struct rms_buf *out, struct rms_usage *usage)
{
    struct rms_usage_stats stats;
    rms_usage_stats(usage, &stats);
    rms_out_open(out, "UsageLog", '{');
    rms_out_int(out, "Written", (int64_t)stats.written);
    rms_out_int(out, "SpoolPermille", stats.fill_permille);
    rms_out_int(out, "Lost", (int64_t)stats.lost);
    rms_out_close(out, '}');
}

static void write_caches(struct rms_buf *out, struct rms_front *front)
{
    struct rms_licences_stats licences;
    struct rms_directory_stats people;
    rms_licences_stats(front->licences, &licences);
    rms_directory_stats(front->directory, &people);
    rms_out_open(out, "LicenceCache", '{');
    rms_out_int(out, "Hits", (int64_t)licences.hits);
    rms_out_int(out, "Misses", (int64_t)licences.misses);
    rms_out_int(out, "Dropped", (int64_t)licences.dropped);
    rms_out_int(out, "Count", (int64_t)licences.count);
    rms_out_int(out, "Bytes", (int64_t)licences.bytes);
    rms_out_close(out, '}');
    rms_out_open(out, "Directory", '{');
    rms_out_int(out, "Hits", (int64_t)people.hits);
    rms_out_int(out, "Misses", (int64_t)people.misses);
    rms_out_int(out, "People", (int64_t)people.people);
    rms_out_close(out, '}');
}

static void write_keyd(struct rms_buf *out, const struct rms_keyd_stats *stats, int rc)
{
    uint64_t operations = 0;
    for (size_t i = 0; i < RMS_KEYD_OP_COUNT; i++) {
        operations += stats->operations[i];
    }
    rms_out_open(out, "Keyd", '{');
    const char *answering = stats->locked ? "locked" : "ok";
    rms_out_text(out, "State", rc == RMS_OK ? answering : rms_error_info(rc)->reason);
    rms_out_int(out, "Operations", (int64_t)operations);
    rms_out_int(out, "Opens", (int64_t)stats->operations[RMS_KEYD_OPEN]);
    rms_out_int(out, "Releases", (int64_t)stats->operations[RMS_KEYD_RELEASE]);
    rms_out_int(out, "Signatures", (int64_t)stats->operations[RMS_KEYD_SIGN]);
    rms_out_int(out, "Failures", (int64_t)stats->failures);
    rms_out_int(out, "KeysHeld", stats->keys_held);
    rms_out_int(out, "OpenHandles", stats->open_handles);
    rms_out_int(out, "Stock", stats->stock);
    rms_out_int(out, "JournalBytes", (int64_t)stats->journal_bytes);
    if (stats->has_token) {
        rms_out_text(out, "Token", stats->token_problem[0] == '\0' ? "ok" : stats->token_problem);
    }
    rms_out_close(out, '}');
}

static void write_watch(struct rms_buf *out, const struct rms_lookout_state *state)
{
    rms_out_open(out, "Database", '{');
    rms_out_bool(out, "Away", state->away);
    rms_out_int(out, "SeenMsAgo", state->seen_ms_ago);
    rms_out_int(out, "GraceSeconds", state->grace_s);
    rms_out_close(out, '}');
}

/* --- certificates ------------------------------------------------------------------------------------------
 */

#define CA_REMEDY "stop rmsd, remove ca.pem and the directory tls, start it, give ca.pem to all clients"

struct certificate {
    const char *problem; /* stable word, once it has ended */
    const char *name;
    const char *next;
    int64_t until; /* RMS_TIME_NONE: nothing to watch */
};

static size_t certificates(const struct rms_front *front, struct certificate out[2])
{
    bool own = front->authority_until != RMS_TIME_NONE;
    out[0] = (struct certificate){"certificate", "the TLS certificate",
        own ? "reload or restart rmsd, which makes a new one" : "give rmsd a new one and reload it",
        front->certificate_until};
    out[1] =
        (struct certificate){"authority", "the certification authority", CA_REMEDY, front->authority_until};
    return 2;
}

static bool ends_by(const struct certificate *certificate, int64_t time)
{
    return certificate->until != RMS_TIME_NONE && certificate->until <= time;
}

/* For people; the command line shows them as warnings. */
static void write_warnings(struct rms_buf *out, const struct certificate *list, size_t count, int64_t now)
{
    RMS_BUF_CLEANUP struct rms_buf text = RMS_BUF_INIT(1024);
    char until[RMS_TIME_TEXT];
    rms_out_open(out, "Warnings", '[');
    for (size_t i = 0; i < count; i++) {
        if (ends_by(&list[i], now + (int64_t)RMS_RENEW_BEFORE_DAYS * RMS_DAY_S)) {
            rms_time_iso(list[i].until, until);
            rms_buf_reset(&text);
            rms_buf_printf(&text, "%s %s %s; %s", list[i].name, ends_by(&list[i], now) ? "ended" : "ends",
                until, list[i].next);
            rms_out_text(out, NULL, rms_buf_text(&text));
        }
    }
    rms_out_close(out, ']');
}

/* --- the answer --------------------------------------------------------------------------------------------
 */

struct problems {
    const char *list[5];
    size_t count;
};

static void add_if(struct problems *problems, bool bad, const char *word)
{
    if (bad) {
        problems->list[problems->count++] = word;
    }
}

int rms_admin_health(struct rms_front *front, struct rms_request *request, struct rms_reply *reply)
{
    struct rms_buf *out = &reply->body;
    struct certificate watched[2];
    size_t count = certificates(front, watched);
    struct problems problems = {0};
    struct rms_lookout_state watch;
    struct rms_changes changes;
    struct rms_keyd_stats stats = {0};
    int rc = rms_keyd_stats(request->worker->keys, &stats);
    rms_lookout_state(front->lookout, &watch);
    add_if(&problems, watch.away || rms_changes_read(request->worker->db, &changes) < 0, "database");
    add_if(&problems, !rms_usage_healthy(front->usage), "log");                               /* S-188 */
    add_if(&problems, rc < 0 || stats.locked || stats.token_problem[0] != '\0', "key store"); /* S-214 */
    for (size_t i = 0; i < count; i++) {
        add_if(&problems, ends_by(&watched[i], request->now), watched[i].problem);
    }
    rms_out_open(out, NULL, '{');
    rms_out_text(out, "Status", problems.count == 0 ? "ok" : "degraded");
    rms_out_texts(out, "Problems", problems.list, problems.count);
    write_warnings(out, watched, count, request->now);
    rms_out_time(out, "Time", request->now);
    rms_out_int(out, "UptimeSeconds", request->now - front->started_at);
    rms_out_int(out, "StoreVersion", rms_store_version());
    rms_out_time(out, "CertificateUntil", front->certificate_until);
    rms_out_time(out, "AuthorityUntil", front->authority_until);
    write_watch(out, &watch);
    write_usage_state(out, front->usage);
    write_caches(out, front);
    write_keyd(out, &stats, rc);
    if (rc < 0) {
        request->note.detail = "keyd does not answer";
    }
    rms_out_close(out, '}');
    return RMS_OK;
}
