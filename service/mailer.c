#include "service/mailer.h"

#include <inttypes.h>
#include <poll.h>
#include <pthread.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "service/mail_kind.h"
#include "service/mail_message.h"
#include "service/mail_route.h"
#include "service/settings.h"
#include "store/admin_log.h"
#include "store/notify.h"
#include "store/proof.h"

#define ARENA_MAX        (32u << 20)
#define LOOK_MS          500
#define LEASE_S          90 /* longer than a message may take */
#define RETRY_LEAST      5
#define RETRY_MOST       600
#define WAY_PAUSE_MS     2000 /* after the way failed; doubles */
#define WAY_PAUSE_MAX_MS 32000

struct rms_mailer {
    const struct rms_settings *settings;
    struct rms_store *store;
    struct rms_db *db;
    struct rms_mail_route *route;
    struct rms_arena *arena;
    pthread_t thread;
    atomic_bool stop;
    int wake; /* eventfd: readable at the end */
};

static const struct rms_mail_kind kinds[] = {
    {RMS_PROOF_PASSCODE, rms_mail_passcode_write, rms_mail_proof_done},
    {RMS_PROOF_SIGNUP, rms_mail_signup_write, rms_mail_proof_done},
    {RMS_MAIL_RECOVERY, rms_mail_recovery_write, rms_mail_recovery_done},
    {RMS_MAIL_BREACH, rms_mail_breach_write, rms_mail_breach_done},
    {RMS_MAIL_SUPER_USERS, rms_mail_super_users_write, rms_mail_super_users_done},
    {RMS_MAIL_REVOKED, rms_mail_revoked_write, rms_mail_document_done},
    {RMS_MAIL_REGISTERED, rms_mail_registered_write, rms_mail_document_done},
    {RMS_NOTICE, rms_mail_notice_write, rms_mail_notice_done},
    {RMS_NOTICE_DAILY, rms_mail_notice_write, rms_mail_notice_done},
    {RMS_NOTICE_WEEKLY, rms_mail_notice_write, rms_mail_notice_done},
};

static const struct rms_mail_kind *kind_of(const struct rms_mail *mail)
{
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
        if (strcmp(kinds[i].name, mail->kind) == 0) {
            return &kinds[i];
        }
    }
    return NULL;
}

/* --- one message ---------------------------------------------------------------------------------------- */

/* The same for every try of one message: who gets it twice sees it once. */
static int emit(
    const struct rms_mailing *m, struct rms_letter *letter, const char **id_out, struct rms_buf *out)
{
    const char *id = rms_arena_printf(m->arena, "%s-%" PRId64, m->mail.id, m->mail.sent_count);
    const char *at = strchr(m->settings->mail_from, '@');
    const char *name = rms_letter_clean(m->arena, m->tenant.name);
    struct rms_envelope envelope = {.sender = m->settings->mail_from,
        .sender_name = name,
        .recipient = m->mail.recipient,
        .time = m->now};

    *id_out = id;
    if (id == NULL || name == NULL || at == NULL) {
        return RMS_E_NO_MEMORY;
    }
    envelope.message_id = rms_arena_printf(m->arena, "%s%s", id, at);
    RMS_TRY(rms_letter_finish(letter));
    return envelope.message_id != NULL ? rms_message_emit(&envelope, letter, out) : RMS_E_NO_MEMORY;
}

static int write_and_send(struct rms_mailer *mailer, struct rms_mailing *m, const struct rms_mail_kind *kind)
{
    RMS_BUF_CLEANUP struct rms_buf message = RMS_BUF_INIT(8 * RMS_LETTER_MAX);
    struct rms_mail_parcel parcel = {.recipient = m->mail.recipient};
    struct rms_letter letter;
    int status;

    if (!rms_mail_address_ok(m->mail.recipient)) {
        return RMS_E_BAD_ARGUMENT;
    }
    rms_letter_init(&letter, m->arena);
    status = kind->write(m, &letter);
    if (status == 0) {
        status = emit(m, &letter, &parcel.id, &message);
    }
    rms_letter_fini(&letter);
    if (status != 0) {
        return status;
    }
    parcel.message = rms_buf_view(&message);
    return rms_mail_route_send(mailer->route, &parcel);
}

static int finish(struct rms_mailing *m, const struct rms_mail_kind *kind, bool sent)
{
    int status;

    RMS_TRY(rms_db_begin(m->db));
    status = rms_mail_lock(m->db, m->mail.id);
    if (status == 0) {
        status = kind->done(m, sent);
    }
    return rms_db_end(m->db, status);
}

/* S-169: dropped with a log row. */
static int drop(struct rms_mailing *m, const struct rms_mail_kind *kind, const char *why)
{
    const char *command = rms_arena_printf(m->arena, "DropMail %s %s", m->mail.kind, m->mail.recipient);
    const struct rms_admin_row row = {.tenant_id = m->mail.tenant_id,
        .time = m->now,
        .actor = "rmsd",
        .command = command,
        .passed = false,
        .result = why};

    rms_log(
        RMS_LOG_ERROR, "mail.dropped", "kind", m->mail.kind, "to", m->mail.recipient, "reason", why, NULL);
    RMS_TRY(finish(m, kind, false));
    return command != NULL ? rms_admin_log_append(m->db, &row) : RMS_E_NO_MEMORY;
}

static int64_t retry_after(int64_t attempts)
{
    int64_t pause = RETRY_LEAST;

    for (int64_t i = 1; i < attempts && pause < RETRY_MOST; i++) {
        pause *= 2;
    }
    return pause < RETRY_MOST ? pause : RETRY_MOST;
}

static int later(struct rms_mailer *mailer, struct rms_mailing *m, int why)
{
    int64_t at = m->now + (why == RMS_E_CANCELLED ? 0 : retry_after(m->mail.attempts));

    if (why != RMS_E_CANCELLED) {
        rms_log(RMS_LOG_INFO, "mail.later", "kind", m->mail.kind, "to", m->mail.recipient, "reason",
            rms_error_info(why)->reason, "detail", rms_mail_route_detail(mailer->route), NULL);
    }
    return rms_mail_later(m->db, m->mail.id, at);
}

/* What came of a try. The code of the way itself when that failed: everybody waits then. */
static int settle(
    struct rms_mailer *mailer, struct rms_mailing *m, const struct rms_mail_kind *kind, int status)
{
    if (status == 0) {
        rms_log(RMS_LOG_INFO, "mail.sent", "kind", m->mail.kind, "to", m->mail.recipient, NULL);
        return finish(m, kind, true);
    }
    if (status == RMS_E_NOT_FOUND) {
        return finish(m, kind, false);
    }
    if (status == RMS_E_BAD_ARGUMENT) {
        const char *detail = rms_mail_route_detail(mailer->route);

        return drop(m, kind, detail[0] != '\0' ? detail : "address");
    }
    RMS_TRY(later(mailer, m, status));
    return status == RMS_E_THROTTLED ? 0 : status;
}

/* RMS_E_NOT_FOUND: nothing waits. */
static int send_one(struct rms_mailer *mailer)
{
    int64_t now = rms_clock_now();
    struct rms_mailing m = {
        .settings = mailer->settings, .db = mailer->db, .arena = mailer->arena, .now = now};
    const struct rms_mail_kind *kind;

    rms_arena_reset(mailer->arena, 1u << 20);
    RMS_TRY(rms_mail_claim(mailer->db, mailer->arena, now, now + LEASE_S, &m.mail));
    kind = kind_of(&m.mail);
    if (kind == NULL) { /* of a newer version */
        return rms_mail_later(mailer->db, m.mail.id, now + RETRY_MOST);
    }
    int status = rms_tenant_get(mailer->db, mailer->arena, m.mail.tenant_id, &m.tenant);
    if (status == RMS_E_NOT_FOUND) {
        return 0; /* gone, and its mail with it */
    }
    RMS_TRY(status);
    if (now >= m.mail.give_up_at) {
        return drop(&m, kind, "expired");
    }
    return settle(mailer, &m, kind, write_and_send(mailer, &m, kind));
}

/* --- the thread ----------------------------------------------------------------------------------------- */

static void wait_ms(struct rms_mailer *mailer, int ms)
{
    struct pollfd event = {.fd = mailer->wake, .events = POLLIN};

    (void)poll(&event, 1, ms);
}

static void *run(void *context)
{
    struct rms_mailer *mailer = context;
    int pause = WAY_PAUSE_MS;

    while (!atomic_load(&mailer->stop)) {
        int status = send_one(mailer);

        if (status == 0) {
            pause = WAY_PAUSE_MS;
        } else if (status == RMS_E_NOT_FOUND) {
            wait_ms(mailer, LOOK_MS);
        } else if (status != RMS_E_CANCELLED) {
            rms_log(RMS_LOG_ERROR, "mail.failed", "reason", rms_error_info(status)->reason, "detail",
                rms_mail_route_detail(mailer->route), NULL);
            wait_ms(mailer, pause);
            pause = pause < WAY_PAUSE_MAX_MS ? 2 * pause : pause;
        }
    }
    return NULL;
}

static int start(struct rms_mailer *mailer)
{
    mailer->wake = eventfd(0, EFD_CLOEXEC);
    mailer->arena = rms_arena_new(ARENA_MAX);
    if (mailer->wake < 0 || mailer->arena == NULL) {
        return RMS_E_NO_MEMORY;
    }
    rms_message_start();
    RMS_TRY(rms_mail_route_new(mailer->settings, &mailer->stop, &mailer->route));
    RMS_TRY(rms_db_open(mailer->store, &mailer->db));
    return pthread_create(&mailer->thread, NULL, run, mailer) == 0 ? 0 : RMS_E_NO_MEMORY;
}

static void fini(struct rms_mailer *mailer)
{
    rms_db_close(&mailer->db);
    rms_mail_route_free(&mailer->route);
    rms_arena_free(&mailer->arena);
    if (mailer->wake >= 0) {
        (void)close(mailer->wake);
    }
}

int rms_mailer_start(
    const struct rms_settings *settings, struct rms_store *store, struct rms_mailer **mailer_out)
{
    struct rms_mailer *mailer = rms_calloc(1, sizeof *mailer);
    int status;

    *mailer_out = NULL;
    if (mailer == NULL) {
        return RMS_E_NO_MEMORY;
    }
    mailer->settings = settings;
    mailer->store = store;
    mailer->wake = -1;
    atomic_init(&mailer->stop, false);
    status = start(mailer);
    if (status != 0) {
        fini(mailer);
        rms_free(mailer);
        return status;
    }
    *mailer_out = mailer;
    return 0;
}

void rms_mailer_stop(struct rms_mailer **mailer)
{
    static const uint64_t one = 1;

    if (*mailer == NULL) {
        return;
    }
    atomic_store(&(*mailer)->stop, true);
    (void)!write((*mailer)->wake, &one, sizeof one);
    (void)pthread_join((*mailer)->thread, NULL);
    fini(*mailer);
    rms_free(*mailer);
    *mailer = NULL;
}
