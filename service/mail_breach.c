/* A breach of the keys was reported: the administrators of the tenant are told what is to be done (S-219). */
#include "service/breach.h"
#include "service/mail_kind.h"
#include "store/account.h"
#include "store/key.h"
#include "store/role.h"

/* Who was one when it was reported and is none any more hears nothing. */
static int check_recipient(struct rms_mailing *mailing)
{
    struct rms_role_members members;
    struct rms_account account;
    RMS_TRY(rms_role_list(mailing->db, mailing->arena, mailing->mail.tenant_id, &members));
    for (size_t i = 0; i < members.count; i++) {
        const struct rms_role_member *member = &members.items[i];
        if (member->role != RMS_ROLE_GLOBAL || strcmp(member->address, mailing->mail.recipient) != 0) {
            continue;
        }
        if (member->is_group) {
            return RMS_OK;
        }
        RMS_TRY(rms_account_get(mailing->db, mailing->arena, mailing->mail.tenant_id, member->id, &account));
        return account.enabled ? RMS_OK : RMS_E_NOT_FOUND;
    }
    return RMS_E_NOT_FOUND;
}

int rms_mail_breach_write(struct rms_mailing *mailing, struct rms_letter *letter)
{
    const struct rms_breach *breach = rms_breach_named(mailing->mail.ref);
    struct rms_key active;

    if (breach == NULL) {
        return RMS_E_NOT_FOUND;
    }
    RMS_TRY(check_recipient(mailing));
    RMS_TRY(rms_key_active(mailing->db, mailing->arena, mailing->mail.tenant_id, RMS_KEY_TENANT, &active));
    rms_letter_subject(letter, RMS_SAY_BREACH_SUBJECT, RMS_VALUES_OF(mailing->tenant.name, breach->name));
    rms_letter_paragraph(
        letter, breach->new_key ? RMS_SAY_BREACH_NEW_KEY : RMS_SAY_BREACH_SAME_KEY, RMS_VALUES_OF(active.id));
    for (size_t i = 0; i < rms_breach_steps(breach); i++) {
        rms_letter_paragraph(letter, RMS_SAY_BREACH_STEP, RMS_VALUES_OF(breach->steps[i]));
    }
    rms_letter_paragraph(letter, RMS_SAY_FOOT, RMS_VALUES_OF(mailing->tenant.name));
    return RMS_OK;
}

int rms_mail_breach_done(struct rms_mailing *mailing, bool sent)
{
    (void)sent;
    return rms_mail_remove(mailing->db, mailing->mail.id);
}
