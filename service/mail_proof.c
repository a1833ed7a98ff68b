/* Passcodes and sign-up links. The secret is made here, when the letter is written: before that it is
 * nowhere, afterwards in the mailbox and, as a hash, in the table. Whether there is anybody to write to is
 * decided here too, where nobody can measure how long it takes. */
#include "store/proof.h"

#include <inttypes.h>
#include <stdio.h>

#include "crypto/base64.h"
#include "crypto/password.h"
#include "crypto/random.h"
#include "service/guest_state.h"
#include "service/mail_kind.h"
#include "service/page.h"
#include "service/settings.h"
#include "store/account.h"

#define CODE_TEXT  9 /* eight digits */
#define TOKEN_TEXT 44

/* The proof, as long as it is good. */
static int read_proof(struct rms_mailing *m, struct rms_proof *proof)
{
    const struct rms_proof key = {.id = m->mail.ref, .tenant_id = m->mail.tenant_id, .kind = m->mail.kind};

    RMS_TRY(rms_proof_get(m->db, m->arena, &key, proof));
    return proof->expires_at > m->now ? 0 : RMS_E_NOT_FOUND;
}

static int keep_hash(struct rms_mailing *m, const char *secret)
{
    RMS_BUF_CLEANUP struct rms_buf hash = RMS_BUF_INIT(1024);

    RMS_TRY(rms_password_hash(secret, &hash));
    return rms_proof_set_hash(m->db, m->mail.ref, rms_buf_text(&hash));
}

/* Even: what would favour low digits is thrown away. */
static void make_code(char code[CODE_TEXT])
{
    const uint32_t range = 100000000;
    uint32_t value;

    do {
        rms_random(&value, sizeof value);
    } while (value >= UINT32_MAX - UINT32_MAX % range);
    (void)snprintf(code, CODE_TEXT, "%08" PRIu32, value % range);
    rms_wipe(&value, sizeof value);
}

/* S-058: only to guests of the tenant, where it wants that. */
static int check_guest(struct rms_mailing *m)
{
    struct rms_guest_state state;
    struct rms_account account;

    RMS_TRY(rms_guest_state_read(m->arena, m->tenant.settings, &state));
    RMS_TRY(rms_account_find(m->db, m->arena, m->mail.tenant_id, m->mail.recipient, &account));
    return state.passcodes && account.guest && account.enabled ? 0 : RMS_E_NOT_FOUND;
}

int rms_mail_passcode_write(struct rms_mailing *mailing, struct rms_letter *letter)
{
    const char *minutes = rms_arena_printf(mailing->arena, "%d", RMS_PROOF_PASSCODE_S / 60);
    const char *reference = rms_arena_printf(mailing->arena, "%.*s", RMS_PAGE_REFERENCE, mailing->mail.ref);
    struct rms_proof proof;
    char code[CODE_TEXT];
    int status;

    RMS_TRY(read_proof(mailing, &proof));
    RMS_TRY(check_guest(mailing));
    make_code(code);
    status = keep_hash(mailing, code);
    rms_letter_subject(letter, RMS_SAY_PASSCODE_SUBJECT, RMS_VALUES_OF(mailing->tenant.name));
    rms_letter_paragraph(letter, RMS_SAY_PASSCODE, RMS_NO_VALUES);
    rms_letter_code(letter, code);
    rms_wipe(code, sizeof code);
    rms_letter_paragraph(letter, RMS_SAY_REFERENCE, RMS_VALUES_OF(reference));
    rms_letter_paragraph(letter, RMS_SAY_PASSCODE_END, RMS_VALUES_OF(minutes, mailing->tenant.name));
    rms_letter_paragraph(letter, RMS_SAY_FOOT, RMS_VALUES_OF(mailing->tenant.name));
    return status;
}

/* Who has an account needs none. */
static int check_newcomer(struct rms_mailing *m)
{
    struct rms_guest_state state;
    struct rms_account account;
    int status = rms_account_find(m->db, m->arena, m->mail.tenant_id, m->mail.recipient, &account);

    if (status != RMS_E_NOT_FOUND) {
        return status == 0 ? RMS_E_NOT_FOUND : status;
    }
    RMS_TRY(rms_guest_state_read(m->arena, m->tenant.settings, &state));
    return rms_guest_may_sign_up(&state, m->mail.recipient) ? 0 : RMS_E_NOT_FOUND;
}

int rms_mail_signup_write(struct rms_mailing *mailing, struct rms_letter *letter)
{
    RMS_BUF_CLEANUP struct rms_buf token = RMS_BUF_INIT(TOKEN_TEXT);
    const char *hours = rms_arena_printf(mailing->arena, "%d", RMS_PROOF_SIGNUP_S / 3600);
    struct rms_proof proof;
    uint8_t random[32];
    const char *link;
    int status;

    RMS_TRY(read_proof(mailing, &proof));
    RMS_TRY(check_newcomer(mailing));
    rms_random(random, sizeof random);
    rms_base64url_encode(&token, rms_view_of(random, sizeof random));
    rms_wipe(random, sizeof random);
    status = keep_hash(mailing, rms_buf_text(&token));
    link = rms_arena_printf(mailing->arena, "%s/%s/oauth2/signup?proof=%s&token=%s", mailing->settings->url,
        mailing->mail.tenant_id, mailing->mail.ref, rms_buf_text(&token));
    rms_letter_subject(letter, RMS_SAY_SIGNUP_SUBJECT, RMS_VALUES_OF(mailing->tenant.name));
    rms_letter_paragraph(letter, RMS_SAY_SIGNUP, RMS_VALUES_OF(mailing->tenant.name));
    rms_letter_link(letter, link);
    rms_letter_paragraph(letter, RMS_SAY_SIGNUP_END, RMS_VALUES_OF(hours));
    rms_letter_paragraph(letter, RMS_SAY_FOOT, RMS_VALUES_OF(mailing->tenant.name));
    return status;
}

int rms_mail_proof_done(struct rms_mailing *mailing, bool sent)
{
    (void)sent;
    return rms_mail_remove(mailing->db, mailing->mail.id);
}
