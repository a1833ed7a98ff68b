/* Whose documents are recovered by an administrator is told so (B-13). */
#include "base/guid.h"
#include "service/mail_kind.h"
#include "store/account.h"
#include "store/recovery.h"

int rms_mail_recovery_write(struct rms_mailing *mailing, struct rms_letter *letter)
{
    const struct rms_mail *mail = &mailing->mail;
    struct rms_account account;
    struct rms_recovery r;
    const char *end;

    RMS_TRY(rms_recovery_get(mailing->db, mailing->arena, mail->tenant_id, mail->ref, &r));
    RMS_TRY(rms_account_find(mailing->db, mailing->arena, mail->tenant_id, mail->recipient, &account));
    if (!account.enabled) {
        return RMS_E_NOT_FOUND;
    }
    end = rms_mail_time(mailing->arena, r.ends_at);
    rms_letter_subject(letter, RMS_SAY_RECOVERY_SUBJECT, RMS_VALUES_OF(r.address));
    if (r.owner != NULL) {
        rms_letter_paragraph(letter, RMS_SAY_RECOVERY_ALL, RMS_VALUES_OF(r.address, end));
    } else {
        rms_letter_paragraph(letter, RMS_SAY_RECOVERY_ONE, RMS_VALUES_OF(r.address, end, r.content_id));
    }
    rms_letter_paragraph(letter, RMS_SAY_RECOVERY_WHY, RMS_VALUES_OF(r.asked_by, r.decided_by, r.reason));
    rms_letter_paragraph(letter, RMS_SAY_FOOT, RMS_VALUES_OF(mailing->tenant.name));
    return 0;
}

int rms_mail_recovery_done(struct rms_mailing *mailing, bool sent)
{
    (void)sent;
    return rms_mail_remove(mailing->db, mailing->mail.id);
}
