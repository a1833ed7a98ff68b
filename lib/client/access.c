#include "client/access.h"

#include "base/clock.h"
#include "base/json.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/text.h"
#include "client/access_rest.h"
#include "client/anchors.h"
#include "client/api.h"
#include "client/cache.h"
#include "client/context.h"
#include "client/discovery.h"
#include "client/eul.h"
#include "client/identity.h"
#include "format/office.h"

#define ARENA_MAX   (64u * 1024 * 1024)
#define LICENCE_MAX (8u * 1024 * 1024)
#define CARRIED_MAX 8 /* use licences of one person in a file that are looked at */

void rms_access_free(struct rms_access **access)
{
    if (*access != NULL) {
        rms_content_key_fini(&(*access)->key);
        rms_arena_free(&(*access)->arena);
        rms_free(*access);
        *access = NULL;
    }
}

const char *rms_access_signed_data(const struct rms_access *access, const char *name)
{
    for (size_t i = 0; i < access->pl.signed_count; i++) {
        if (strcmp(access->pl.signed_data[i].name, name) == 0) {
            return access->pl.signed_data[i].value;
        }
    }
    return NULL;
}

/* --- the publishing licence --- */

static const char *text_or(const char *text, const char *otherwise)
{
    return text != NULL && text[0] != '\0' ? text : otherwise;
}

/* What the licence says in clear. A use licence or the service may say it better. */
static void describe(struct rms_access *access)
{
    const struct rms_pl *pl = &access->pl;
    const struct rms_policy_text *text = pl->text_count > 0 ? &pl->texts[0] : NULL;

    for (size_t i = 0; i < pl->text_count; i++) {
        if (pl->texts[i].lcid == 1033) {
            text = &pl->texts[i];
        }
    }
    access->name = text_or(text != NULL ? text->name : NULL, RMS_POLICY_UNNAMED);
    access->description = text_or(text != NULL ? text->description : NULL, access->name);
    access->owner = pl->owner;
    access->issuer = pl->issuer;
    access->referrer = pl->referral;
    access->content_valid_until = RMS_TIME_NONE;
    access->licence_valid_until = RMS_TIME_NONE;
}

static int read_licence(struct rms_context *context, struct rms_access *access, struct rms_view licence)
{
    uint8_t *copy = rms_arena_copy(access->arena, licence.data, licence.len);
    int status;

    if (copy == NULL) {
        return RMS_E_NO_MEMORY;
    }
    access->text = rms_view_of(copy, licence.len);
    status = rms_pl_parse(access->arena, access->text, &access->pl);
    if (status != 0) {
        return rms_fail(context, status, "the publishing licence cannot be read");
    }
    describe(access);
    return 0;
}

/* Ours: proved by the pinned key or one it leads to. Foreign ones are for their own service to judge. A
 * signature that does not hold ends it here (C-069). */
static int check_signature(struct rms_context *context, struct rms_access *access,
    const struct rms_identity *identity, bool *ours_out)
{
    int status = rms_chain_verify(&access->pl.chain, &identity->trust);

    *ours_out = status == 0;
    if (status == RMS_E_UNKNOWN_KEY) {
        access->licensor = rms_chain_licensor(&access->pl.chain);
    }
    if (status == 0 || status == RMS_E_UNKNOWN_KEY || status == RMS_E_WEAK_CRYPTO) {
        return 0;
    }
    return rms_fail(context, status, "the publishing licence was changed, or is not complete");
}

/* --- a use licence --- */

static bool same_person(const struct rms_identity *identity, const struct rms_signed *ul)
{
    return ul->has_subject_key && rms_rsa_public_equal(&ul->subject_key, &identity->rac.node->subject_key);
}

/* Takes rights, times and key of a use licence whose signatures were checked. */
static int use(struct rms_access *access, const struct rms_identity *identity, const struct rms_signed *node)
{
    struct rms_ul ul;

    RMS_TRY(rms_ul_parse(access->arena, node, &ul));
    if (!same_person(identity, node) || strcmp(ul.content_id, access->pl.content_id) != 0) {
        return RMS_E_BAD_LICENSE;
    }
    rms_content_key_fini(&access->key);
    RMS_TRY(rms_enabling_open_key(identity->user_key, &ul.bits, ul.bits_bound, &access->key));
    access->rights = ul.rights;
    access->removal_extract = ul.removal_extract;
    access->content_valid_until = ul.content_valid_until;
    access->licence_valid_until = ul.licence_valid_until;
    access->data = ul.data;
    access->data_count = ul.data_count;
    access->is_owner = ul.owner != NULL && rms_text_equal_nocase(ul.owner, identity->address) &&
                       rms_rights_allow(&ul.rights, RMS_RIGHT_OWNER); /* a template may give authors less */
    return 0;
}

/* The author's own licence inside the publishing licence: its chain was verified with the whole. */
static int use_own(struct rms_access *access, const struct rms_identity *identity)
{
    if (access->pl.owner_ul == NULL || !same_person(identity, access->pl.owner_ul)) {
        return RMS_E_NOT_FOUND;
    }
    RMS_TRY(use(access, identity, access->pl.owner_ul));
    access->is_owner = true;
    access->from_cache = true;
    access->offline_kept = true;
    return 0;
}

/* A use licence for content of another tenant of the same service is signed with that tenant's key, as the
 * publishing licence is (S-017). */
static int read_chain(struct rms_access *access, const struct rms_identity *identity, struct rms_view bytes,
    struct rms_chain *chain_out)
{
    struct rms_trust trust = identity->trust;
    uint8_t *copy = rms_arena_copy(access->arena, bytes.data, bytes.len);

    if (copy == NULL) {
        return RMS_E_NO_MEMORY;
    }
    RMS_TRY(rms_anchors_add(access->arena, access->licensor, &trust));
    access->use_chain = rms_view_of(NULL, 0);
    RMS_TRY(rms_chain_parse(access->arena, rms_view_of(copy, bytes.len), chain_out));
    RMS_TRY(rms_chain_verify(chain_out, &trust));
    access->use_chain = rms_view_of(copy, bytes.len);
    return 0;
}

static int use_first(
    struct rms_access *access, const struct rms_identity *identity, const struct rms_chain *chain)
{
    return chain->nodes[0].kind == RMS_DOC_UL ? use(access, identity, &chain->nodes[0]) : RMS_E_BAD_LICENSE;
}

static int use_chain(struct rms_access *access, const struct rms_identity *identity, struct rms_view bytes)
{
    struct rms_chain chain;

    RMS_TRY(read_chain(access, identity, bytes, &chain));
    return use_first(access, identity, &chain);
}

/* The same of one that was whole when it was kept: what cannot be read of it now was changed since (S-131).
 */
static int use_kept(struct rms_access *access, const struct rms_identity *identity, struct rms_view bytes)
{
    struct rms_chain chain;
    int status = read_chain(access, identity, bytes, &chain);

    if (status == RMS_E_BAD_LICENSE || (status == RMS_E_UNKNOWN_KEY && !rms_chain_consistent(&chain))) {
        return RMS_E_BAD_SIGNATURE;
    }
    RMS_TRY(status);
    return use_first(access, identity, &chain);
}

/* A cached licence counts while it is in time; one that does not is removed. One of somebody else, or
 * changed, is told as such; for the rest it is as if none had been kept. */
static int use_cached(struct rms_context *context, struct rms_access *access,
    const struct rms_identity *identity, struct rms_view licence, int64_t now)
{
    struct rms_buf RMS_BUF_CLEANUP chain = RMS_BUF_INIT(LICENCE_MAX);
    enum rms_cached kind;
    int status = context->settings.cache_licences
                     ? rms_cache_get(context, identity->address, licence, &kind, &chain, &access->key)
                     : RMS_E_NOT_FOUND;

    RMS_TRY(status);
    access->from_cache = true;
    access->offline_kept = true;
    if (kind == RMS_CACHED_OWN_KEY) {
        access->rights = (struct rms_rights){.bits = RMS_RIGHT_OWNER};
        access->is_owner = true;
        return 0;
    }
    status = use_kept(access, identity, rms_buf_view(&chain));
    if (status == 0 && access->licence_valid_until != RMS_TIME_NONE && now >= access->licence_valid_until) {
        status = RMS_E_NEEDS_ONLINE;
    }
    if (status == 0 && access->content_valid_until != RMS_TIME_NONE && now >= access->content_valid_until) {
        status = RMS_E_EXPIRED;
    }
    if (status != 0 && status != RMS_E_NO_MEMORY) {
        rms_note(context, RMS_LOG_INFO, "a cached licence was dropped: %s", rms_error_info(status)->reason);
        rms_best_effort(rms_cache_remove(context, identity->address, licence));
        return status == RMS_E_BAD_LICENSE || status == RMS_E_BAD_SIGNATURE ? status : RMS_E_NOT_FOUND;
    }
    return status;
}

static int use_what_is_here(struct rms_context *context, struct rms_access *access,
    const struct rms_identity *identity, struct rms_view licence)
{
    int64_t now = rms_clock_now();
    int status;

    if (rms_seen_later(context, now)) {
        return rms_fail(context, RMS_E_NEEDS_ONLINE,
            "the clock is behind a time this device has seen; stored licences count again after connecting");
    }
    status = use_own(access, identity);
    if (status == RMS_E_NOT_FOUND) {
        status = use_cached(context, access, identity, licence, now);
    }
    if (status == 0) {
        rms_seen_note(context, now, false);
    }
    return status;
}

/* One that the file carries, held to all that a kept one is held to; the ends of both count. */
static int use_text(
    struct rms_access *access, const struct rms_identity *identity, struct rms_view text, int64_t now)
{
    struct rms_buf RMS_BUF_CLEANUP bytes = RMS_BUF_INIT(RMS_EUL_MAX);
    struct rms_chain chain;

    RMS_TRY(rms_eul_chain(access->arena, text, &bytes));
    RMS_TRY(read_chain(access, identity, rms_buf_view(&bytes), &chain));
    if (!rms_chain_by_service(&chain)) { /* whoever has the content key can make one for himself */
        return RMS_E_BAD_LICENSE;
    }
    RMS_TRY(use_first(access, identity, &chain));
    if ((access->licence_valid_until != RMS_TIME_NONE && now >= access->licence_valid_until) ||
        (access->content_valid_until != RMS_TIME_NONE && now >= access->content_valid_until)) {
        return RMS_E_EXPIRED;
    }
    access->from_cache = true;
    access->offline_kept = true;
    return 0;
}

/* Only when the service cannot be asked: whoever can write the file could put an older licence back, which
 * gave more. One that ended stays ended when the clock is turned back a little, as a kept one that was
 * dropped. What does not hold is as if it were not there. */
static int use_carried(
    struct rms_context *context, struct rms_access *access, const struct rms_identity *identity)
{
    uint32_t at = 0;

    if (access->file == NULL || access->file->cfb == NULL || !context->settings.cache_licences ||
        rms_seen_later(context, rms_clock_now())) {
        return RMS_E_NOT_FOUND;
    }
    for (int tries = 0; tries < CARRIED_MAX; tries++) {
        struct rms_buf RMS_BUF_CLEANUP text = RMS_BUF_INIT(RMS_EUL_MAX);

        RMS_TRY(rms_office_eul(access->file, identity->address, &at, &text));
        if (use_text(access, identity, rms_buf_view(&text), rms_seen_now(context)) == 0) {
            rms_seen_note(context, rms_clock_now(), false);
            return 0;
        }
    }
    return RMS_E_NOT_FOUND;
}

/* --- the service --- */

static const char *keep(struct rms_access *access, const json_t *reply, const char *name, const char *known)
{
    const char *text = rms_json_str(reply, name);
    const char *copy = text != NULL && text[0] != '\0' ? rms_arena_strdup(access->arena, text) : NULL;

    return copy != NULL ? copy : known;
}

int rms_access_denied(struct rms_context *context, const json_t *reply)
{
    struct rms_report *report = rms_report_of(context);
    const char *status_text = rms_json_str(reply, "AccessStatus");
    const char *reason = rms_json_str(reply, "Reason");
    const char *referrer = rms_json_str(reply, "Referrer");
    int code = reason != NULL ? rms_error_from_reason(reason) : 0;

    rms_report_service(context, reason, rms_json_str(reply, "ErrorMessage"));
    if (code == 0 && reason != NULL) {
        code = RMS_E_OTHER;
    }
    if (code == 0) {
        code = status_text != NULL && rms_text_equal_nocase(status_text, "ContentExpired") ? RMS_E_EXPIRED
                                                                                           : RMS_E_NO_RIGHTS;
    }
    if (referrer != NULL && strlen(referrer) < sizeof report->referrer &&
        rms_text_printable(rms_view_str(referrer))) {
        memcpy(report->referrer, referrer, strlen(referrer) + 1);
    }
    if (code == RMS_E_OTHER) {
        return rms_api_unknown(context, reason);
    }
    if (code == RMS_E_NO_RIGHTS) {
        return rms_fail(context, code,
            "you have no rights to this content; a change of group membership can take up to "
            "three hours to be seen");
    }
    return code;
}

static int take_reply(struct rms_context *context, struct rms_access *access,
    const struct rms_identity *identity, struct rms_view licence, const json_t *reply)
{
    const char *granted = rms_json_str(reply, "AccessStatus");
    struct rms_buf RMS_BUF_CLEANUP chain = RMS_BUF_INIT(LICENCE_MAX);
    int64_t now = rms_clock_now();
    int status;

    if (granted == NULL || !rms_text_equal_nocase(granted, "AccessGranted")) {
        return rms_access_denied(context, reply);
    }
    status = rms_api_bytes(reply, "UseLicense", &chain);
    if (status == 0) {
        status = use_chain(access, identity, rms_buf_view(&chain));
    }
    if (status != 0) {
        return rms_fail(context, status, "the use licence from the service does not hold");
    }
    access->name = keep(access, reply, "Name", access->name);
    access->description = keep(access, reply, "Description", access->description);
    access->owner = keep(access, reply, "Owner", access->owner);
    access->issuer = keep(access, reply, "Issuer", access->issuer);
    access->referrer = keep(access, reply, "Referrer", access->referrer);
    access->offline_kept = access->licence_valid_until == RMS_TIME_NONE || access->licence_valid_until > now;
    if (json_is_false(json_object_get(reply, "allowOfflineAccess"))) {
        access->offline_kept = false;
    }
    access->offline_kept = access->offline_kept && context->settings.cache_licences;
    if (access->offline_kept) {
        status = rms_cache_put_licence(
            context, identity->address, licence, rms_buf_view(&chain), access->licence_valid_until);
        access->offline_kept = status == 0;
    }
    if (status != 0) {
        /* granted all the same: only the next opening has to ask again */
        rms_note(context, RMS_LOG_ERROR, "opened, but the licence could not be kept: %s",
            rms_error_info(status)->text);
    }
    return 0;
}

/* As another person: the public protocol, which gives the key itself, since his certificate is not here. Each
 * opening asks anew, and nothing of it is kept. */
static int open_on_behalf(struct rms_context *context, struct rms_access *access, struct rms_view licence)
{
    json_t RMS_JSON_CLEANUP *body = json_object();
    json_t RMS_JSON_CLEANUP *reply = NULL;
    const struct rms_api_call call = {
        .endpoint = RMS_EP_END_USER, .body = body, .on_behalf = context->settings.on_behalf};
    const char *granted;

    if (body == NULL ||
        json_object_set_new(body, "SerializedPublishingLicense", rms_api_base64(licence)) != 0) {
        return RMS_E_NO_MEMORY;
    }
    RMS_TRY(rms_api(context, &call, &reply));
    granted = rms_json_str(reply, "AccessStatus");
    if (granted == NULL || !rms_text_equal_nocase(granted, "AccessGranted")) {
        return rms_access_denied(context, reply);
    }
    return rms_access_take_rest(context, access, reply);
}

/* "wanted=EXPORT": tells whether a right of a super user is needed, which is logged and not cached (S-180).
 */
static void name_wanted(const char *name, void *context)
{
    rms_buf_append_str(context, ((const struct rms_buf *)context)->len == 0 ? "wanted=" : ",");
    rms_buf_append_str(context, name);
}

static int ask_service(struct rms_context *context, struct rms_access *access,
    const struct rms_identity *identity, struct rms_view licence)
{
    struct rms_buf RMS_BUF_CLEANUP query = RMS_BUF_INIT(1024);
    const struct rms_rights wanted = {.bits = access->wanted};
    json_t RMS_JSON_CLEANUP *body = json_object();
    json_t RMS_JSON_CLEANUP *reply = NULL;
    struct rms_api_call call = {.endpoint = RMS_EP_USE, .body = body};

    rms_rights_each(&wanted, name_wanted, &query);
    RMS_TRY(rms_buf_status(&query));
    call.query = query.len > 0 ? rms_buf_text(&query) : NULL;

    if (body == NULL ||
        json_object_set_new(body, "AccountCertificate", rms_api_base64(identity->rac_text)) != 0 ||
        json_object_set_new(body, "SerializedPublishingLicense", rms_api_base64(licence)) != 0) {
        return RMS_E_NO_MEMORY;
    }
    RMS_TRY(rms_api(context, &call, &reply));
    RMS_TRY(take_reply(context, access, identity, licence, reply));
    rms_seen_note(context, rms_clock_now(), false);
    return 0;
}

/* A service we are not signed in at has no certificates for us: the public protocol, where it is trusted. */
static bool is_foreign(const struct rms_access *access, const struct rms_identity *identity, bool ours)
{
    const struct rms_server *server = &identity->server;
    const char *const own[] = {server->intranet_url, server->extranet_url};
    const char *const named[] = {access->pl.intranet_url, access->pl.extranet_url};

    if (ours) {
        return false;
    }
    for (size_t i = 0; i < 2; i++) {
        for (size_t k = 0; k < 2; k++) {
            if (own[i] != NULL && named[k] != NULL && rms_text_equal_nocase(own[i], named[k])) {
                return false;
            }
        }
    }
    return named[0] != NULL || named[1] != NULL;
}

/* --- the rights data, which only who has the key can read --- */

/* What we wrote ourselves must fit the licence around it (xrml-licences 8.2); it tells template from custom
 * permissions, and the application data of a key that was kept without a licence. Others' may be unreadable:
 * their own service judged. */
static int read_rights_data(struct rms_context *context, struct rms_access *access, bool ours)
{
    struct rms_buf RMS_BUF_CLEANUP text = RMS_BUF_INIT(LICENCE_MAX);
    struct rms_erd erd;
    int status = rms_erd_decrypt(rms_secret_view(access->key.key), access->pl.erd, &text);

    if (status == 0) {
        const uint8_t *copy = rms_arena_copy(access->arena, text.data, text.len);

        status =
            copy != NULL ? rms_erd_parse(access->arena, rms_view_of(copy, text.len), &erd) : RMS_E_NO_MEMORY;
    }
    if (status == 0) {
        bool from_template = erd.official || erd.policy.from_template;

        access->template_id =
            from_template && access->pl.descriptor_id[0] != '\0' ? access->pl.descriptor_id : NULL;
        if (access->data_count == 0) {
            access->data = erd.policy.encrypted_data;
            access->data_count = erd.policy.encrypted_count;
        }
        status = ours ? rms_pl_check_binding(&access->pl, &erd) : 0;
    }
    if (status == RMS_E_NO_MEMORY || !ours) {
        return status == RMS_E_NO_MEMORY ? status : 0;
    }
    return status == 0 ? 0 : rms_fail(context, status, "the rights data do not belong to this licence");
}

/* --- the ways, in their order --- */

bool rms_access_may_unprotect(const struct rms_access *access)
{
    return access->is_owner || rms_may_unprotect(&access->rights, access->removal_extract);
}

/* Whoever wants EXPORT is going to remove protection. */
static bool enough(const struct rms_access *access)
{
    return access->is_owner || access->wanted == 0 || rms_rights_allow(&access->rights, access->wanted) ||
           (access->wanted == RMS_RIGHT_EXPORT && rms_access_may_unprotect(access));
}

static int ask(struct rms_context *context, struct rms_access *access, struct rms_view licence)
{
    struct rms_identity RMS_IDENTITY_CLEANUP *identity = NULL;

    RMS_TRY(rms_identity_get(context, RMS_FOR_ASKING, &identity));
    access->from_cache = false;
    access->is_owner = false;
    access->removal_extract = false;
    access->rights = (struct rms_rights){0};
    return ask_service(context, access, identity, licence);
}

int rms_access_prove(struct rms_context *context, struct rms_access *access)
{
    struct rms_identity RMS_IDENTITY_CLEANUP *identity = NULL;

    if (access->use_chain.len > 0) {
        return 0;
    }
    RMS_TRY(rms_identity_get(context, RMS_FOR_OPENING, &identity));
    if (access->pl.owner_ul != NULL && same_person(identity, access->pl.owner_ul)) {
        return 0;
    }
    if (!access->by_licence) {
        return rms_fail(context, RMS_E_UNSUPPORTED,
            "a sealed document can be saved only with a licence of one's own on this device");
    }
    if (context->settings.offline) {
        return rms_fail(context, RMS_E_NEEDS_ONLINE, "the seal needs a licence of the service");
    }
    return ask(context, access, access->text);
}

static int open_ours(struct rms_context *context, struct rms_access *access,
    const struct rms_identity *identity, struct rms_view licence)
{
    int status = use_what_is_here(context, access, identity, licence);

    if (status == 0 && (enough(access) || context->settings.offline)) {
        return 0;
    }
    if (status == 0) {
        /* what is kept gives less than is wanted now: the service may give more, or confirm it */
        int asked = ask(context, access, licence);

        return asked == RMS_E_UNREACHABLE ? use_what_is_here(context, access, identity, licence) : asked;
    }
    if (status != RMS_E_NOT_FOUND && status != RMS_E_NEEDS_ONLINE && status != RMS_E_BAD_LICENSE &&
        status != RMS_E_BAD_SIGNATURE) {
        return status;
    }
    if (!context->settings.offline) {
        int asked = ask(context, access, licence);

        return asked == RMS_E_UNREACHABLE && use_carried(context, access, identity) == 0 ? 0 : asked;
    }
    if (status == RMS_E_NEEDS_ONLINE) {
        return status;
    }
    if (use_carried(context, access, identity) == 0) {
        return 0;
    }
    if (status != RMS_E_NOT_FOUND) {
        return rms_fail(context, status,
            status == RMS_E_BAD_LICENSE
                ? "the licence kept here for this document is not yours; connect to get one"
                : "the licence kept here for this document was changed; connect to get another");
    }
    return rms_fail(context, RMS_E_NEEDS_ONLINE,
        "no valid licence for this document is kept here, and the context is offline");
}

/* The service that the licence names, and when nobody is there the one that discovery leads to: the content
 * may have moved to it (S-123). If that one cannot help either, the first one's silence is what is told. */
static int open_foreign(struct rms_context *context, struct rms_access *access, struct rms_view licence)
{
    struct rms_report_text told;
    int status = rms_access_by_rest(context, access, licence);

    if (status != RMS_E_UNREACHABLE) {
        return status;
    }
    rms_report_save(context, &told);
    if (ask(context, access, licence) != 0) {
        rms_report_restore(context, &told);
        return status;
    }
    return 0;
}

static int open_with(struct rms_context *context, struct rms_access *access, struct rms_view licence)
{
    struct rms_identity RMS_IDENTITY_CLEANUP *identity = NULL;
    bool ours = false;
    int status = rms_identity_get(context, RMS_FOR_OPENING, &identity);

    if (status == RMS_E_NOT_AUTHENTICATED && context->settings.offline) {
        return rms_fail(context, RMS_E_NEEDS_ONLINE,
            "nobody is signed in here, so no licence is kept; connect, and sign in (rms login)");
    }
    RMS_TRY(status);
    access->address = rms_arena_strdup(access->arena, identity->address);
    if (access->address == NULL) {
        return RMS_E_NO_MEMORY;
    }
    RMS_TRY(check_signature(context, access, identity, &ours));
    if (context->settings.on_behalf != NULL) {
        access->address = context->settings.on_behalf;
        RMS_TRY(open_on_behalf(context, access, licence));
    } else if (is_foreign(access, identity, ours)) {
        RMS_TRY(open_foreign(context, access, licence));
    } else {
        access->by_licence = true;
        RMS_TRY(open_ours(context, access, identity, licence));
    }
    if (!rms_rights_allow(&access->rights, RMS_RIGHT_VIEW)) {
        return rms_fail(context, RMS_E_NO_RIGHTS, "the licence does not include viewing");
    }
    return read_rights_data(context, access, ours);
}

int rms_access_open(struct rms_context *context, struct rms_view licence, uint32_t wanted,
    const struct rms_container *file, struct rms_access **access_out)
{
    struct rms_access *access = rms_calloc(1, sizeof *access);
    int status;

    *access_out = NULL;
    if (access == NULL) {
        return RMS_E_NO_MEMORY;
    }
    access->wanted = wanted;
    access->file = file;
    access->arena = rms_arena_new(ARENA_MAX);
    status = access->arena != NULL ? read_licence(context, access, licence) : RMS_E_NO_MEMORY;
    if (status == 0) {
        status = open_with(context, access, licence);
    }
    if (status != 0) {
        rms_access_free(&access);
        return status;
    }
    access->file = NULL;
    *access_out = access;
    return 0;
}
