/* Making a protected mail of a clear one: the body with its attachments becomes message.rpmsg, the header
 * stays. */
#include "base/mem.h"
#include "base/text.h"
#include "client/context.h"
#include "client/mail.h"
#include "format/mime.h"
#include "format/rpmsg.h"

#define ARENA_MAX    (4u * 1024 * 1024)
#define PART_RIGHTS  "VIEW,EDIT,DOCEDIT,OBJMODEL" /* service-requirements 3.3: of attachments */
#define MESSAGE_SIZE RMS_RPMSG_MAX

/* A policy of its own, borrowed but for what differs, and the plan over it. */
struct way {
    struct rms_policy_builder policy;
    struct rms_plan plan;
};

struct letter {
    struct rms_mime *mail;
    struct rms_arena *arena;
    struct way message, parts; /* what the message, and what its attachments are protected with */
    struct rms_buf *data;      /* of the attachments */
    struct rms_message_part *list;
    size_t count; /* of both */
};

bool rms_mail_wanted(const struct rms_errand *errand, const char *name)
{
    return rms_kind_of(name)->class == RMS_KIND_MAIL &&
           (errand->context->settings.mail_files || errand->options.enable_msg_file_type);
}

static void letter_fini(struct letter *letter)
{
    rms_plan_fini(&letter->message.plan);
    rms_plan_fini(&letter->parts.plan);
    for (size_t i = 0; i < letter->count; i++) {
        rms_buf_fini(&letter->data[i]);
    }
    rms_mime_close(&letter->mail);
    rms_arena_free(&letter->arena);
}

/* --- for whom --------------------------------------------------------------------------------------------
 */

static bool is_granted(const struct rms_policy_builder *policy, const char *address)
{
    for (size_t i = 0; i < policy->policy.grant_count; i++) {
        const char *known = policy->policy.grants[i].address;

        if (known != NULL && strcmp(known, address) == 0) {
            return true;
        }
    }
    return false;
}

/* Everybody the mail is sent to, once (S-076). */
static int grant_recipients(const struct rms_errand *errand, const struct letter *letter, const char *rights,
    struct rms_policy_builder *policy)
{
    const char *recipient;
    char normal[RMS_ADDRESS_MAX];

    for (size_t i = 0; (recipient = rms_mime_recipient(letter->mail, i)) != NULL; i++) {
        int status = rms_address_normalise(recipient, normal);

        if (status == 0 && !is_granted(policy, normal)) {
            status = rms_policy_grant(policy, normal, rights, false);
        }
        if (status == RMS_E_BAD_ARGUMENT) {
            return rms_fail(errand->context, RMS_E_UNKNOWN_RECIPIENT,
                "a recipient of the mail has no address that can be granted anything");
        }
        RMS_TRY(status);
    }
    return policy->policy.grant_count > 0
               ? 0
               : rms_fail(errand->context, RMS_E_UNKNOWN_RECIPIENT, "the mail has no recipients");
}

/* The sender owns what he sends (C-325); whoever protects it stays the issuer. */
static int set_sender(
    const struct rms_errand *errand, const struct letter *letter, struct rms_policy_builder *policy)
{
    char normal[RMS_ADDRESS_MAX];

    if (policy->owner != NULL || errand->plan->on_behalf != NULL ||
        rms_address_normalise(rms_mime_sender(letter->mail), normal) != 0 ||
        strcmp(normal, errand->plan->address) == 0) {
        return 0;
    }
    return rms_policy_set_owner(policy, normal);
}

/* Other mails are protected with the same policy at the same time: nothing of it is written to. */
static int make_way(
    const struct rms_errand *errand, const struct letter *letter, const char *rights, struct way *way)
{
    way->policy = *errand->plan->policy;
    way->policy.arena = letter->arena;
    way->policy.grant_room = way->policy.policy.grant_count;
    way->policy.for_recipients = NULL;
    if (rights != NULL) {
        rms_guid_new(way->policy.policy.id);
        RMS_TRY(grant_recipients(errand, letter, rights, &way->policy));
    }
    RMS_TRY(set_sender(errand, letter, &way->policy));
    return rms_plan_make(
        errand->context, &way->policy, errand->options.online, errand->options.persist, &way->plan);
}

static int make_ways(const struct rms_errand *errand, struct letter *letter)
{
    const char *rights = errand->plan->policy->for_recipients;
    struct rms_rights set = {0};
    bool kept_close =
        rights != NULL && rms_mail_rights(rights, &set) == 0 && set.bits == RMS_RIGHTS_DO_NOT_FORWARD;

    RMS_TRY(make_way(errand, letter, rights, &letter->message));
    return make_way(errand, letter, kept_close ? PART_RIGHTS : rights, &letter->parts);
}

/* --- what is in it ----------------------------------------------------------------------------------------
 */

static int take_parts(const struct rms_errand *errand, const struct rms_work *work, struct letter *letter)
{
    size_t count = rms_mime_attachment_count(letter->mail);

    letter->data = rms_arena_array(letter->arena, count + 1, sizeof *letter->data);
    letter->list = rms_arena_array(letter->arena, count + 1, sizeof *letter->list);
    if (letter->data == NULL || letter->list == NULL) {
        return RMS_E_NO_MEMORY;
    }
    for (size_t i = 0; i < count; i++) {
        const struct rms_mime_attachment *attachment = rms_mime_attachment(letter->mail, i);
        struct rms_buf *data = &letter->data[letter->count++];

        rms_buf_init(data, RMS_RPMSG_MAX);
        RMS_TRY(rms_mime_read_attachment(letter->mail, i, data));
        if (rms_mail_protect_part(&letter->parts.plan, attachment->name, data) != 0) {
            return rms_fail(errand->context, RMS_E_DAMAGED, "%s: the attachment %s could not be protected",
                work->source.path, attachment->name);
        }
        letter->list[i] =
            (struct rms_message_part){attachment->name, attachment->content_id, rms_buf_view(data)};
    }
    return 0;
}

static int make_content(const struct letter *letter, struct rms_buf *out)
{
    struct rms_mime_body RMS_MIME_BODY_CLEANUP body;
    const struct rms_writer to = rms_writer_of_buf(out);
    struct rms_message_request request = {.parts = letter->list, .part_count = letter->count};

    RMS_TRY(rms_mime_read_body(letter->mail, &body));
    request.body = body.form;
    request.code_page = body.code_page;
    request.main = rms_buf_view(&body.main);
    request.rtf = rms_buf_view(&body.rtf);
    return rms_message_emit(&request, &to);
}

/* --- writing ----------------------------------------------------------------------------------------------
 */

static int encrypt(const struct rms_errand *errand, const struct letter *letter, struct rms_view clear,
    const struct rms_work *work, struct rms_buf *packed)
{
    const struct rms_reader in = rms_reader_of_view(&clear);
    const struct rms_writer file = rms_writer_of_buf(packed);
    const struct rms_container_request request = {.kind = RMS_CONTAINER_MESSAGE,
        .extension = "",
        .licence = rms_buf_view(&work->issued.licence),
        .size = clear.len};
    const struct rms_crypt_job job = {.context = errand->context,
        .in = in,
        .progress = errand->options.progress,
        .user_data = errand->options.user_data};

    return rms_mail_write_container(&job, &request, &work->issued, letter->message.plan.seal_key, &file);
}

/* The licence as the message is going to hold it: what is kept for opening is found by these bytes. */
static int issue(const struct letter *letter, uint64_t size, struct rms_work *work)
{
    const struct rms_content_about about = {.extension = "", .size = size, .sealed = true, .mail = true};
    struct rms_buf form = RMS_BUF_INIT(RMS_PFILE_LICENCE_MAX);
    int status;

    RMS_TRY(rms_plan_issue(&letter->message.plan, &about, &work->issued));
    status = rms_container_form(RMS_CONTAINER_MESSAGE, rms_buf_view(&work->issued.licence), &form);
    rms_buf_fini(&work->issued.licence);
    work->issued.licence = form;
    return status;
}

static int write_mail(const struct rms_errand *errand, struct letter *letter, struct rms_work *work)
{
    struct rms_buf RMS_BUF_CLEANUP clear = RMS_BUF_INIT(MESSAGE_SIZE);
    struct rms_buf RMS_BUF_CLEANUP packed = RMS_BUF_INIT(MESSAGE_SIZE);
    struct rms_buf RMS_BUF_CLEANUP mail = RMS_BUF_INIT(RMS_MIME_MAX);
    const struct rms_writer file = rms_target_writer(&work->target);

    RMS_TRY(make_content(letter, &clear));
    RMS_TRY(issue(letter, clear.len, work));
    memcpy(work->content_id, work->issued.content_id, sizeof work->content_id);
    RMS_TRY(encrypt(errand, letter, rms_buf_view(&clear), work, &packed));
    RMS_TRY(rms_mime_make_protected(letter->mail, rms_buf_view(&packed), &mail));
    return file.write(file.context, 0, mail.data, mail.len);
}

static int make(const struct rms_errand *errand, struct letter *letter, struct rms_work *work)
{
    struct rms_buf RMS_BUF_CLEANUP none = RMS_BUF_INIT(RMS_RPMSG_MAX);
    unsigned version;
    int status = rms_mime_open(&work->source.reader, &letter->mail);

    if (status != 0) {
        return rms_fail(errand->context, status == RMS_E_NOT_FOUND ? RMS_E_DAMAGED : status,
            "%s cannot be read as a mail", work->source.path);
    }
    if (rms_mime_protected(letter->mail, &version, &none) != RMS_E_NOT_FOUND) {
        return rms_fail(errand->context, RMS_E_ALREADY_PROTECTED,
            "%s is protected: take the protection off first (rms unprotect)", work->source.path);
    }
    letter->arena = rms_arena_new(ARENA_MAX);
    if (letter->arena == NULL) {
        return RMS_E_NO_MEMORY;
    }
    RMS_TRY(make_ways(errand, letter));
    RMS_TRY(rms_target_open(errand->context, &work->target));
    RMS_TRY(take_parts(errand, work, letter));
    return write_mail(errand, letter, work);
}

int rms_mail_protect(const struct rms_errand *errand, struct rms_work *work)
{
    struct letter letter = {0};
    int status;

    if (rms_cfb_looks(&work->source.reader)) {
        return rms_fail(errand->context, RMS_E_UNSUPPORTED,
            "%s: Outlook items are looked at, not protected; save the mail as .eml", work->source.path);
    }
    work->mail = true;
    work->target.change = RMS_NAME_KEEP;
    status = make(errand, &letter, work);
    letter_fini(&letter);
    if (status != 0 && rms_last_detail(errand->context)[0] == '\0') {
        return rms_fail(errand->context, status, "%s", work->source.path);
    }
    RMS_TRY(status);
    RMS_TRY(rms_source_unchanged(errand->context, &work->source));
    return rms_target_like(&work->target, &work->source, errand->options.preserve_times);
}
