#include "service/super_alert.h"

#include "base/json.h"
#include "base/text.h"
#include "service/mail_kind.h"
#include "service/rest_write.h"
#include "service/role.h"
#include "service/settings.h"
#include "service/settings_text.h"

#define ALERTS     "SuperUserAlerts" /* addresses, a blank between them */
#define ALERTS_MAX 20
#define WHAT_MAX   1500

static const char *read_alerts(struct rms_request *request, const struct rms_tenant *t)
{
    const char *text = NULL;

    return rms_settings_text_get(request->arena, t->settings, ALERTS, &text) == RMS_OK && text != NULL ? text
                                                                                                       : "";
}

/* The next address, in the arena; NULL at the end. */
static const char *next(struct rms_request *request, const char **at)
{
    size_t len = strcspn(*at, " ");
    const char *address = len > 0 ? rms_arena_text(request->arena, rms_view_of(*at, len)) : NULL;

    *at += len + ((*at)[len] == ' ');
    return address;
}

static int join(struct rms_admin_body *body, const char *const *texts, size_t count, struct rms_buf *out)
{
    char address[RMS_ADDRESS_MAX];

    for (size_t i = 0; i < count; i++) {
        if (rms_address_normalise(texts[i], address) < 0 || strchr(address, ' ') != NULL) {
            return rms_reader_fail(&body->reader, "Alerts", "not an address");
        }
        rms_buf_append_str(out, i > 0 ? " " : "");
        rms_buf_append_str(out, address);
    }
    return rms_buf_status(out);
}

int rms_super_alerts_set(struct rms_request *request, struct rms_admin_body *body, const char *tenant_id)
{
    RMS_BUF_CLEANUP struct rms_buf joined = RMS_BUF_INIT(ALERTS_MAX * RMS_ADDRESS_MAX);
    const json_t *list = json_object_get(body->object, "Alerts");
    const char *const *texts = NULL;
    struct rms_tenant t;
    size_t count = 0;

    if (list == NULL || json_is_null(list)) {
        return RMS_OK;
    }
    if (json_string_length(list) > 0 || !json_is_string(list)) { /* "" clears, as with Group */
        RMS_TRY(rms_reader_texts(&body->reader, body->object, "Alerts", &texts, &count));
    }
    if (count > ALERTS_MAX) {
        return rms_reader_fail(&body->reader, "Alerts", "more than 20 addresses");
    }
    RMS_TRY(join(body, texts, count, &joined));
    RMS_TRY(rms_tenant_get(request->worker->db, request->arena, tenant_id, &t));
    RMS_TRY(
        rms_settings_text_set(request->arena, &t.settings, ALERTS, count > 0 ? rms_buf_text(&joined) : NULL));
    return rms_tenant_update(request->worker->db, &t);
}

/* Whole characters: an index of the table holds no more. */
static size_t cut(struct rms_view text)
{
    size_t len = text.len < WHAT_MAX ? text.len : WHAT_MAX;

    while (len > 0 && len < text.len && (text.data[len] & 0xc0) == 0x80) {
        len--;
    }
    return len;
}

int rms_super_alert(struct rms_request *request, const struct rms_tenant *before, const json_t *change)
{
    RMS_BUF_CLEANUP struct rms_buf text = RMS_BUF_INIT(RMS_ADMIN_BODY_MAX);
    const char *at = read_alerts(request, before);
    struct rms_mail mail = {.tenant_id = before->id,
        .kind = RMS_MAIL_SUPER_USERS,
        .next_at = request->now,
        .give_up_at = request->now + RMS_DAY_S};

    if (request->worker->front->settings->mail[0] == '\0' || *at == '\0') {
        return RMS_OK;
    }
    RMS_TRY(rms_json_emit(change, &text));
    mail.ref = rms_arena_printf(request->arena, "%lld %s\n%.*s", (long long)request->now,
        rms_role_actor(request), (int)cut(rms_buf_view(&text)), rms_buf_text(&text));
    RMS_TRY(mail.ref != NULL ? RMS_OK : RMS_E_NO_MEMORY);
    while ((mail.recipient = next(request, &at)) != NULL) {
        RMS_TRY(rms_mail_put(request->worker->db, &mail));
    }
    return RMS_OK;
}

void rms_super_alerts_write(struct rms_request *request, const struct rms_tenant *t, struct rms_buf *out)
{
    const char *at = read_alerts(request, t);
    const char *address;

    rms_out_open(out, "Alerts", '[');
    while ((address = next(request, &at)) != NULL) {
        rms_out_text(out, NULL, address);
    }
    rms_out_close(out, ']');
}

/* --- the letter ----------------------------------------------------------------------------------------- */

/* The row's ref: "TIME ACTOR", a line, and what was asked for as JSON. */
int rms_mail_super_users_write(struct rms_mailing *m, struct rms_letter *letter)
{
    char *rest = NULL;
    long long time = strtoll(m->mail.ref, &rest, 10);
    const char *line = strchr(rest, '\n');
    const char *actor = line != NULL && *rest == ' '
                            ? rms_arena_text(m->arena, rms_view_of(rest + 1, (size_t)(line - rest - 1)))
                            : NULL;

    if (actor == NULL) {
        return RMS_E_NOT_FOUND;
    }
    rms_letter_subject(letter, RMS_SAY_SUPER_SUBJECT, RMS_VALUES_OF(m->tenant.name));
    rms_letter_paragraph(
        letter, RMS_SAY_SUPER, RMS_VALUES_OF(actor, m->tenant.name, rms_mail_time(m->arena, time)));
    rms_letter_text(letter, line + 1);
    rms_letter_paragraph(letter, RMS_SAY_FOOT, RMS_VALUES_OF(m->tenant.name));
    return RMS_OK;
}

int rms_mail_super_users_done(struct rms_mailing *m, bool sent)
{
    (void)sent;
    return rms_mail_remove(m->db, m->mail.id);
}
