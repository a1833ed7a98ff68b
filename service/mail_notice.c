/* Who opened a document, or was refused it, told to whoever protected it (S-168, S-169). A letter tells of
 * all of a person's documents with news, and a busy document makes a longer letter, not more of them. */
#include "base/log.h"
#include "base/text.h"
#include "service/mail_kind.h"
#include "service/mail_style.h"
#include "service/location.h"
#include "service/tracking.h"
#include "service/tracking_state.h"
#include "store/account.h"
#include "store/notify.h"

#define DOCUMENTS_MAX   1000 /* told at once; the rest in the next letter */
#define DOCUMENTS_SHOWN 30
#define EVENTS_SHOWN    20
#define PAUSE_FIRST_S   15
#define PAUSE_MOST_S    300 /* S-169: within five minutes */
#define QUIET_S         900 /* after which the pace is that of the beginning */
#define COLUMNS         6

struct news {
    struct rms_notice_documents documents;
    struct rms_tracking_state tracking;
    int64_t opened;
    int64_t refused;
    size_t shown;
    const char *last_name; /* of the document shown last */
    const char *last_who;
    bool last_opened;
};

struct showing {
    struct rms_mailing *mailing;
    struct rms_letter *letter;
    struct news *news;
    struct rms_mail_style style; /* of the letter: as of the newest document */
    struct rms_mail_style own;   /* of the document in hand */
};

const char *rms_mail_time(struct rms_arena *arena, int64_t time)
{
    char text[RMS_TIME_TEXT];
    const char *copy;

    rms_time_xrml(time, text);
    if (text[0] != '\0') {
        text[10] = ' ';
    }
    copy = rms_arena_strdup(arena, text);
    return copy != NULL ? copy : "";
}

static const char *number(const struct showing *s, int64_t value)
{
    return rms_mail_style_number(&s->style, value);
}

/* --- events --------------------------------------------------------------------------------------------- */

static const char *where_from(const struct showing *s, const char *address)
{
    struct rms_location place;
    const char *text = NULL;

    rms_location_find(address, &place);
    if (place.country[0] != '\0') {
        text = rms_arena_printf(s->mailing->arena, "%s (%s)", address, place.text);
    } else if (address != NULL && address[0] != '\0') {
        text = address;
    }
    return text != NULL ? text : rms_phrase(s->letter, RMS_SAY_UNKNOWN);
}

static int show_event(const struct rms_usage_row *row, void *context)
{
    struct showing *s = context;
    struct rms_arena *arena = s->mailing->arena;
    bool opened = row->result != NULL && strcmp(row->result, "Success") == 0;
    int64_t tried;
    const char *right = rms_tracking_refused(arena, row, &tried);
    const char *const cells[COLUMNS] = {rms_mail_style_time(&s->own, row->time), row->user_id,
        rms_phrase(s->letter, opened ? RMS_SAY_OPENED : RMS_SAY_REFUSED),
        opened          ? ""
        : right != NULL ? right
                        : row->result,
        where_from(s, row->c_ip), row->c_info};

    if (rms_tracking_paused(&s->news->tracking, row->time)) {
        return 0;
    }
    rms_letter_row(s->letter, cells, COLUMNS);
    s->news->last_who = rms_arena_strdup(arena, row->user_id);
    s->news->last_opened = opened;
    return 0;
}

static int show_events(struct showing *s, const struct rms_notice_document *document, int64_t total)
{
    static const enum rms_phrase heads[COLUMNS] = {
        RMS_SAY_TIME, RMS_SAY_WHO, RMS_SAY_WHAT, RMS_SAY_WHY, RMS_SAY_FROM, RMS_SAY_WITH};

    rms_letter_table(s->letter, heads, COLUMNS);
    RMS_TRY(rms_notice_events(s->mailing->db, document, EVENTS_SHOWN, show_event, s));
    rms_letter_table_end(s->letter);
    if (total > EVENTS_SHOWN) {
        rms_letter_paragraph(
            s->letter, RMS_SAY_EARLIER, RMS_VALUES_OF(rms_mail_style_number(&s->own, EVENTS_SHOWN)));
    }
    return 0;
}

/* --- documents ------------------------------------------------------------------------------------------ */

static const char *name_of(const struct showing *s, const struct rms_notice_document *document)
{
    return document->name != NULL && document->name[0] != '\0' ? document->name
                                                               : rms_phrase(s->letter, RMS_SAY_UNNAMED);
}

static int show_document(struct showing *s, const struct rms_notice_document *document)
{
    struct rms_notice_counts counts;

    RMS_TRY(rms_notice_count(s->mailing->db, document, &counts));
    if (counts.opened + counts.refused == 0) {
        return 0;
    }
    s->news->opened += counts.opened;
    s->news->refused += counts.refused;
    s->news->last_name = name_of(s, document);
    if (s->news->shown++ >= DOCUMENTS_SHOWN) {
        return 0;
    }
    rms_mail_style_read(s->mailing->arena, document->notify_style, &s->own);
    rms_letter_heading(s->letter, name_of(s, document));
    rms_letter_paragraph(s->letter, RMS_SAY_COUNTS,
        RMS_VALUES_OF(
            rms_mail_style_number(&s->own, counts.opened), rms_mail_style_number(&s->own, counts.refused)));
    RMS_TRY(show_events(s, document, counts.opened + counts.refused));
    rms_letter_paragraph(s->letter, RMS_SAY_DOCUMENT,
        RMS_VALUES_OF(document->key.content_id, rms_mail_style_time(&s->own, document->published_at)));
    return 0;
}

static int read_news(struct rms_mailing *mailing)
{
    const struct rms_mail *mail = &mailing->mail;
    const struct rms_notice_query query = {mail->tenant_id, mail->recipient, mail->kind, DOCUMENTS_MAX};
    struct news *news = rms_arena_alloc(mailing->arena, sizeof *news);

    if (news == NULL) {
        return RMS_E_NO_MEMORY;
    }
    *news = (struct news){0};
    mailing->state = news;
    return rms_notice_documents(mailing->db, mailing->arena, &query, &news->documents);
}

static int show_documents(struct showing *s)
{
    const struct rms_mailing *m = s->mailing;
    struct rms_account account;
    int code = rms_account_find(m->db, m->arena, m->mail.tenant_id, m->mail.recipient, &account);

    if (code < 0) {
        return code;
    }
    for (size_t i = 0; i < s->news->documents.count && account.enabled; i++) {
        /* S-042: an account made later does not inherit what happens to licences from before */
        struct rms_notice_document *document = &s->news->documents.items[i];

        document->since = account.created_at - RMS_ACCOUNT_TOLERANCE_S;
        if (document->handed_until >= document->since) { /* what was handed over is another's news */
            document->since = document->handed_until + 1;
        }
        RMS_TRY(show_document(s, document));
    }
    return s->news->shown > 0 ? 0 : RMS_E_NOT_FOUND;
}

/* --- the letter ----------------------------------------------------------------------------------------- */

static void choose_subject(struct showing *s)
{
    const struct news *news = s->news;
    const char *kind = s->mailing->mail.kind;
    const char *opened = number(s, news->opened);
    const char *refused = number(s, news->refused);
    enum rms_phrase one = news->last_opened ? RMS_SAY_OPENED_SUBJECT : RMS_SAY_REFUSED_SUBJECT;

    if (strcmp(kind, RMS_NOTICE) != 0) {
        rms_letter_subject(s->letter,
            strcmp(kind, RMS_NOTICE_DAILY) == 0 ? RMS_SAY_DAILY_SUBJECT : RMS_SAY_WEEKLY_SUBJECT,
            RMS_VALUES_OF(opened, refused));
    } else if (news->shown > 1) {
        rms_letter_subject(
            s->letter, RMS_SAY_DOCUMENTS_SUBJECT, RMS_VALUES_OF(number(s, (int64_t)news->shown)));
    } else if (news->opened + news->refused == 1 && news->last_who != NULL) {
        rms_letter_subject(s->letter, one, RMS_VALUES_OF(news->last_who, news->last_name));
    } else {
        rms_letter_subject(
            s->letter, RMS_SAY_DOCUMENT_SUBJECT, RMS_VALUES_OF(news->last_name, opened, refused));
    }
}

static void add_foot(struct showing *s)
{
    if (s->news->shown > DOCUMENTS_SHOWN) {
        rms_letter_paragraph(s->letter, RMS_SAY_MORE_DOCUMENTS, RMS_NO_VALUES);
    }
    rms_letter_paragraph(s->letter, RMS_SAY_OFFLINE, RMS_NO_VALUES);
    rms_letter_paragraph(s->letter, RMS_SAY_TRACK, RMS_NO_VALUES);
    rms_letter_code(s->letter, "rms track CONTENT-ID");
    rms_letter_paragraph(s->letter, RMS_SAY_STOP, RMS_NO_VALUES);
    rms_letter_code(s->letter, "rms track CONTENT-ID --notify none");
    rms_letter_paragraph(s->letter, RMS_SAY_FOOT, RMS_VALUES_OF(s->mailing->tenant.name));
}

/* S-168: as the newest document's issuer asked for it. */
static void choose_style(struct showing *s)
{
    const struct rms_notice_documents *documents = &s->news->documents;
    char language[12];

    rms_mail_style_read(
        s->mailing->arena, documents->count > 0 ? documents->items[0].notify_style : NULL, &s->style);
    if (s->style.culture != NULL && s->style.locale[0] == '\0') {
        rms_log(RMS_LOG_INFO, "mail.culture", "to", s->mailing->mail.recipient, "unknown", s->style.culture,
            NULL);
    }
    rms_mail_style_language(&s->style, language);
    rms_letter_language(s->letter, language);
}

int rms_mail_notice_write(struct rms_mailing *mailing, struct rms_letter *letter)
{
    struct showing s = {.mailing = mailing, .letter = letter};
    struct news *news;

    RMS_TRY(read_news(mailing));
    news = s.news = mailing->state;
    RMS_TRY(rms_tracking_state_read(mailing->arena, mailing->tenant.settings, &news->tracking));
    if (!news->tracking.enabled) {
        return RMS_E_NOT_FOUND; /* S-152 */
    }
    choose_style(&s);
    RMS_TRY(show_documents(&s));
    choose_subject(&s);
    add_foot(&s);
    return 0;
}

/* --- afterwards ----------------------------------------------------------------------------------------- */

/* Twice as long each time while it goes on. */
static int64_t next_pause(const struct rms_mailing *mailing)
{
    const struct rms_mail *mail = &mailing->mail;
    int64_t pause = 2 * mail->pause_s;

    if (mail->pause_s == 0 || mailing->now - mail->sent_at > QUIET_S) {
        return PAUSE_FIRST_S;
    }
    return pause < PAUSE_MOST_S ? pause : PAUSE_MOST_S;
}

int rms_mail_notice_done(struct rms_mailing *mailing, bool sent)
{
    const struct rms_mail *mail = &mailing->mail;
    const struct news *news;
    const struct rms_notice_query query = {mail->tenant_id, mail->recipient, mail->kind, 1};
    struct rms_notice_documents left;
    struct rms_mail_pace pace = {.sent = sent, .now = mailing->now, .pause_s = mail->pause_s};

    if (mailing->state == NULL) { /* given up: what there is to tell is not told */
        RMS_TRY(read_news(mailing));
    }
    news = mailing->state;
    for (size_t i = 0; i < news->documents.count; i++) {
        RMS_TRY(rms_notice_told(mailing->db, &news->documents.items[i]));
    }
    RMS_TRY(rms_notice_documents(mailing->db, mailing->arena, &query, &left));
    pace.waiting = left.count > 0;
    pace.next_at = rms_notice_time(mail->kind, mailing->now);
    if (sent) {
        pace.pause_s = next_pause(mailing);
        pace.next_at += pace.pause_s;
    }
    pace.give_up_at = pace.next_at + RMS_NOTICE_GIVE_UP_S;
    return rms_mail_settle(mailing->db, mail->id, &pace);
}
