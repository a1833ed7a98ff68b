/* What a policy is by itself: its shape, its end, its texts, the two that every tenant starts with. */
#include "policy/policy.h"

#include "base/text.h"

/* 9999-12-31T23:59:59Z: what every date form of the formats can hold. */
#define LAST_TIME   INT64_C(253402300799)
#define LCID_EN_US  1033u
#define TEXTS_MAX   512u
#define ALWAYS_OVER (INT64_MIN + 1) /* an end no time is before; RMS_TIME_NONE would mean never */

void rms_grant_init(struct rms_grant *grant)
{
    *grant = (struct rms_grant){.from = RMS_TIME_NONE, .until = RMS_TIME_NONE};
}

void rms_policy_init(struct rms_policy *policy)
{
    *policy = (struct rms_policy){
        .expiry = RMS_EXPIRY_NEVER,
        .expires_at = RMS_TIME_NONE,
        .starts_at = RMS_TIME_NONE,
        .offline_days = -1,
    };
}

/* Damaged combinations end at once rather than never. */
int64_t rms_policy_ends(const struct rms_policy *policy, int64_t issued_at)
{
    int64_t end;

    if (policy->expiry == RMS_EXPIRY_NEVER) {
        return RMS_TIME_NONE;
    }
    if (policy->expiry == RMS_EXPIRY_ON_DATE) {
        return policy->expires_at != RMS_TIME_NONE ? policy->expires_at : ALWAYS_OVER;
    }
    if (policy->expiry != RMS_EXPIRY_AFTER_DAYS || issued_at == RMS_TIME_NONE) {
        return ALWAYS_OVER;
    }
    return __builtin_add_overflow(issued_at, (int64_t)policy->expiry_days * RMS_DAY_S, &end) ? INT64_MAX
                                                                                             : end;
}

const struct rms_policy_text *rms_policy_text_for(const struct rms_policy *policy, unsigned lcid)
{
    const struct rms_policy_text *english = NULL;
    size_t i;

    for (i = 0; i < policy->text_count; i++) {
        if (policy->texts[i].lcid == lcid) {
            return &policy->texts[i];
        }
        if (policy->texts[i].lcid == LCID_EN_US && english == NULL) {
            english = &policy->texts[i];
        }
    }
    if (english != NULL) {
        return english;
    }
    return policy->text_count > 0 ? &policy->texts[0] : NULL;
}

bool rms_may_unprotect(const struct rms_rights *rights, bool extract_counts)
{
    return rms_rights_allow(rights, RMS_RIGHT_EXPORT) ||
           (extract_counts && rms_rights_allow(rights, RMS_RIGHT_EXTRACT));
}

/* --- shape. Each check returns the field at fault, or NULL. --- */

static const char *check_id(const struct rms_policy *policy, int64_t now)
{
    char guid[RMS_GUID_TEXT];
    size_t len = strnlen(policy->id, sizeof policy->id);

    (void)now;
    if (len == 0) { /* not made yet */
        return NULL;
    }
    return len < sizeof policy->id && rms_guid_parse(rms_view_of(policy->id, len), guid) == 0 ? NULL : "id";
}

static bool text_legal(const char *text)
{
    return text != NULL && text[0] != '\0' && rms_text_printable(rms_view_str(text));
}

/* S-095, for templates; an ad hoc policy may go without. */
static const char *check_texts(const struct rms_policy *policy, int64_t now)
{
    size_t i;

    (void)now;
    if (!policy->from_template) {
        return NULL;
    }
    if (policy->text_count == 0 || policy->text_count > TEXTS_MAX) {
        return "texts";
    }
    for (i = 0; i < policy->text_count; i++) {
        const struct rms_policy_text *text = &policy->texts[i];

        if (!text_legal(text->name) || !text_legal(text->description)) {
            return text_legal(text->name) ? "texts.description" : "texts.name";
        }
        /* the first text of a language is the one found, so a second one finds another than itself */
        if (rms_language_of(text->lcid) == NULL || rms_policy_text_for(policy, text->lcid) != text) {
            return "texts.lcid";
        }
    }
    return NULL;
}

/* An address, a mailto: URI (its query is for the mail program), or a web page to ask on (S-121). */
static const char *check_referral(const struct rms_policy *policy, int64_t now)
{
    char address[RMS_ADDRESS_MAX];
    char plain[RMS_ADDRESS_MAX];
    const char *text = policy->referral;
    size_t len;

    (void)now;
    if (text == NULL) {
        return NULL;
    }
    if (strncasecmp(text, "https://", 8) == 0 || strncasecmp(text, "http://", 7) == 0) {
        return text_legal(text) ? NULL : "referral";
    }
    if (strncasecmp(text, "mailto:", 7) == 0) {
        text += 7;
    }
    len = strcspn(text, "?");
    if (len >= sizeof plain || !text_legal(policy->referral)) {
        return "referral";
    }
    memcpy(plain, text, len);
    plain[len] = '\0';
    return rms_address_normalise(plain, address) == 0 ? NULL : "referral";
}

/* S-101: each kind of expiry needs its own field and forbids the other. */
static const char *check_expiry(const struct rms_policy *policy, int64_t now)
{
    bool has_date = policy->expires_at != RMS_TIME_NONE;
    bool has_days = policy->expiry_days != 0;

    if (policy->expiry > RMS_EXPIRY_AFTER_DAYS) {
        return "expiry";
    }
    if (has_date != (policy->expiry == RMS_EXPIRY_ON_DATE)) {
        return "expires_at";
    }
    if (has_days != (policy->expiry == RMS_EXPIRY_AFTER_DAYS) || policy->expiry_days > RMS_EXPIRY_DAYS_MAX) {
        return "expiry_days";
    }
    if (has_date && (policy->expires_at > LAST_TIME || (now != RMS_TIME_NONE && policy->expires_at <= now))) {
        return "expires_at";
    }
    if (policy->starts_at == RMS_TIME_NONE) {
        return NULL;
    }
    if (policy->starts_at > LAST_TIME || (has_date && policy->starts_at >= policy->expires_at)) {
        return "starts_at";
    }
    return NULL;
}

static const char *check_offline(const struct rms_policy *policy, int64_t now)
{
    (void)now;
    return policy->offline_days >= -1 && policy->offline_days <= RMS_OFFLINE_DAYS_MAX ? NULL : "offline_days";
}

static const char *check_grant(const struct rms_grant *grant)
{
    if (rms_grant_check_principal(grant) < 0) {
        return "grants.address";
    }
    if (rms_rights_empty(&grant->rights) || (grant->rights.bits & ~RMS_RIGHTS_ALL) != 0) {
        return "grants.rights";
    }
    if (grant->from != RMS_TIME_NONE && grant->until != RMS_TIME_NONE && grant->from >= grant->until) {
        return "grants.until";
    }
    return NULL;
}

/* S-092 */
static const char *check_grants(const struct rms_policy *policy, int64_t now)
{
    const char *field = NULL;
    size_t i;

    (void)now;
    if (policy->only_me != (policy->grant_count == 0) || policy->grant_count > RMS_GRANTS_MAX) {
        return "grants";
    }
    for (i = 0; i < policy->grant_count && field == NULL; i++) {
        field = check_grant(&policy->grants[i]);
    }
    return field;
}

int rms_policy_check(const struct rms_policy *policy, int64_t now, const char **field_out)
{
    static const char *(*const checks[])(const struct rms_policy *policy, int64_t now) = {
        check_id, check_texts, check_referral, check_expiry, check_offline, check_grants};
    const char *field = NULL;
    size_t i;

    for (i = 0; i < sizeof checks / sizeof checks[0] && field == NULL; i++) {
        field = checks[i](policy, now);
    }
    if (field_out != NULL) {
        *field_out = field;
    }
    return field == NULL ? 0 : RMS_E_BAD_ARGUMENT;
}

/* --- the default templates, table 3.4 --- */

#define MAIL_AND_MACROS                                                                                      \
    (RMS_RIGHT_VIEWRIGHTSDATA | RMS_RIGHT_OBJMODEL | RMS_RIGHT_FORWARD | RMS_RIGHT_REPLY | RMS_RIGHT_REPLYALL)
#define HIGHLY_CONFIDENTIAL                                                                                  \
    (RMS_RIGHT_VIEW | RMS_RIGHT_EXTRACT | RMS_RIGHT_PRINT | RMS_RIGHT_EDIT | RMS_RIGHT_DOCEDIT |             \
        MAIL_AND_MACROS)
#define CONFIDENTIAL        (HIGHLY_CONFIDENTIAL | RMS_RIGHT_EXPORT | RMS_RIGHT_EDITRIGHTSDATA | RMS_RIGHT_OWNER)
#define CONFIDENTIAL_LEGACY (RMS_RIGHT_VIEW | RMS_RIGHT_EXPORT | RMS_RIGHT_DOCEDIT | MAIL_AND_MACROS)

static const struct {
    struct rms_policy_text text;
    uint32_t bits;
    uint32_t legacy_bits;
} defaults[] = {
    {{LCID_EN_US, "Confidential \\ All Employees",
         "For everyone in the organisation. Readers may also change and pass on the protection."},
        CONFIDENTIAL, CONFIDENTIAL_LEGACY},
    {{LCID_EN_US, "Highly Confidential \\ All Employees",
         "For everyone in the organisation. The protection cannot be removed by readers."},
        HIGHLY_CONFIDENTIAL, RMS_RIGHT_VIEW},
};

int rms_policy_default(
    struct rms_arena *arena, unsigned which, const char *domain, bool legacy, struct rms_policy *policy_out)
{
    struct rms_grant *grant;

    if (which >= sizeof defaults / sizeof defaults[0] || domain == NULL || strchr(domain, '@') != NULL) {
        return RMS_E_BAD_ARGUMENT;
    }
    grant = rms_arena_alloc(arena, sizeof *grant);
    if (grant == NULL) {
        return RMS_E_NO_MEMORY;
    }
    rms_grant_init(grant);
    RMS_TRY(rms_grant_set_principal(arena, grant, domain));
    if (grant->principal != RMS_PRINCIPAL_DOMAIN) {
        return RMS_E_BAD_ARGUMENT;
    }
    grant->rights.bits = legacy ? defaults[which].legacy_bits : defaults[which].bits;
    rms_policy_init(policy_out);
    policy_out->from_template = true;
    policy_out->texts = &defaults[which].text;
    policy_out->text_count = 1;
    policy_out->grants = grant;
    policy_out->grant_count = 1;
    policy_out->offline_days = 7; /* S-009 */
    return 0;
}
