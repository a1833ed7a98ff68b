/* Letters about one document: readers are told that it was revoked (S-163), who protected it that it is
 * tracked (S-169). One an hour for a document and person at most, whatever is done to it. */
#include "service/mail_kind.h"
#include "service/mail_style.h"
#include "store/document.h"

#define PAUSE_S 3600

/* --- revoked -------------------------------------------------------------------------------------------- */

/* "content issuer" */
static int key_of(struct rms_mailing *m, struct rms_document_key *key_out)
{
    size_t len = strcspn(m->mail.ref, " ");

    *key_out =
        (struct rms_document_key){m->mail.tenant_id, rms_arena_text(m->arena, rms_view_of(m->mail.ref, len)),
            m->mail.ref + len + (m->mail.ref[len] != '\0')};
    return key_out->content_id != NULL ? RMS_OK : RMS_E_NO_MEMORY;
}

int rms_mail_revoked_write(struct rms_mailing *m, struct rms_letter *letter)
{
    struct rms_document_key key;
    struct rms_revocation_list history;
    struct rms_tracked document;
    const struct rms_revocation *last;
    const char *name;

    RMS_TRY(key_of(m, &key));
    RMS_TRY(rms_tracked_get(m->db, m->arena, &key, &document));
    RMS_TRY(rms_revocation_history(m->db, m->arena, &key, &history));
    last = history.count > 0 ? &history.items[history.count - 1] : NULL;
    if (last == NULL || !last->revoked || last->message == NULL) {
        return RMS_E_NOT_FOUND; /* restored meanwhile */
    }
    name = document.name != NULL ? document.name : rms_phrase(letter, RMS_SAY_UNNAMED);
    rms_letter_subject(letter, RMS_SAY_REVOKED_SUBJECT, RMS_VALUES_OF(name));
    rms_letter_paragraph(letter, RMS_SAY_REVOKED,
        RMS_VALUES_OF(last->actor, name, key.content_id, rms_mail_time(m->arena, last->time)));
    rms_letter_text(letter, last->message);
    rms_letter_paragraph(letter, RMS_SAY_FOOT, RMS_VALUES_OF(m->tenant.name));
    return RMS_OK;
}

int rms_mail_document_done(struct rms_mailing *m, bool sent)
{
    const struct rms_mail_pace pace = {.sent = sent,
        .now = m->now,
        .next_at = m->now + PAUSE_S,
        .give_up_at = m->now + RMS_DAY_S,
        .pause_s = PAUSE_S};

    return rms_mail_settle(m->db, m->mail.id, &pace);
}

/* --- registered (SendRegistrationEmail of S-169) -------------------------------------------------------- */

int rms_mail_registered_write(struct rms_mailing *m, struct rms_letter *letter)
{
    const struct rms_document_key key = {m->mail.tenant_id, m->mail.ref, m->mail.recipient};
    struct rms_mail_style style;
    struct rms_tracked document;
    char language[12];
    const char *name;

    RMS_TRY(rms_tracked_get(m->db, m->arena, &key, &document));
    rms_mail_style_read(m->arena, document.notify_style, &style);
    rms_mail_style_language(&style, language);
    rms_letter_language(letter, language);
    name = document.name != NULL ? document.name : rms_phrase(letter, RMS_SAY_UNNAMED);
    rms_letter_subject(letter, RMS_SAY_REGISTERED_SUBJECT, RMS_VALUES_OF(name));
    rms_letter_paragraph(letter, RMS_SAY_REGISTERED,
        RMS_VALUES_OF(name, key.content_id, rms_mail_style_time(&style, document.published_at)));
    rms_letter_paragraph(letter, RMS_SAY_TRACK, RMS_NO_VALUES);
    rms_letter_code(letter, rms_arena_printf(m->arena, "rms track %s", key.content_id));
    rms_letter_paragraph(letter, RMS_SAY_FOOT, RMS_VALUES_OF(m->tenant.name));
    return RMS_OK;
}
