/* Policies: who, which rights, until when; and their evaluation as a pure function of (policy, person, time).
 * No I/O, no clock here. */
#ifndef RMS_POLICY_POLICY_H
#define RMS_POLICY_POLICY_H

#include "base/guid.h"
#include "base/time.h"
#include "policy/rights.h"

#define RMS_GRANTS_MAX       10000 /* S-092 */
#define RMS_EXPIRY_DAYS_MAX  36500 /* C-064 */
#define RMS_OFFLINE_DAYS_MAX 9999  /* a policy's own allowance, service-requirements 4.1 */
#define RMS_TENANT_DAYS_MAX  65535 /* the tenant's maximum, S-132 */

/* "AllStaff-7184AB3F-CCD1-46F3-8233-3E09E9CF0E66@domain": every member of the organisation owning domain. */
#define RMS_ALL_STAFF "AllStaff-7184AB3F-CCD1-46F3-8233-3E09E9CF0E66"

enum rms_principal {
    RMS_PRINCIPAL_ADDRESS, /* a person or a group, by address */
    RMS_PRINCIPAL_DOMAIN,  /* the members of the organisation that owns the domain in `address` */
    RMS_PRINCIPAL_ANYONE,  /* any authenticated user */
    RMS_PRINCIPAL_OWNER,   /* whoever the licence names as owner (templates) */
};

struct rms_grant {
    enum rms_principal principal;
    const char *address; /* normalised; for DOMAIN the bare domain; NULL for ANYONE and OWNER */
    struct rms_rights rights;
    int64_t from;  /* RMS_TIME_NONE = no limit */
    int64_t until; /* half open; RMS_TIME_NONE = no limit */
};

/* Name and description of a policy that was given none (S-106). */
#define RMS_POLICY_UNNAMED "Restricted Access"

struct rms_policy_text {
    unsigned lcid; /* 1033 = English (US) */
    const char *name;
    const char *description;
};

struct rms_name_value {
    const char *name;
    const char *value;
};

enum rms_expiry { RMS_EXPIRY_NEVER, RMS_EXPIRY_ON_DATE, RMS_EXPIRY_AFTER_DAYS };

struct rms_policy {
    char id[RMS_GUID_TEXT]; /* template GUID, or a generated one */
    bool from_template;
    const struct rms_policy_text *texts;
    size_t text_count;
    const char *referral; /* whom a denied person may ask; address or mailto: URI; may be NULL */
    const struct rms_grant *grants;
    size_t grant_count;
    bool only_me; /* "Just for me": no grants on purpose */
    enum rms_expiry expiry;
    int64_t expires_at;   /* ON_DATE; also a range's start is below */
    int64_t starts_at;    /* RMS_TIME_NONE = at once */
    unsigned expiry_days; /* AFTER_DAYS, counted from the publishing time */
    int offline_days;     /* -1 no own limit, 0 ask every time, else days (S-133) */
    bool audited_extraction;
    bool author_listed; /* of a template: owner and issuer have what the grants give them, no more (B-07) */
    const struct rms_name_value *signed_data; /* application data, readable by all */
    size_t signed_count;
    const struct rms_name_value *encrypted_data; /* application data, readable with the licence */
    size_t encrypted_count;
};

/* Who has the place of the owner or issuer now: who is named, or, once it was handed over, the one who asks
 * or somebody else. */
enum rms_place { RMS_PLACE_NAMED, RMS_PLACE_OWN, RMS_PLACE_OTHER };

/* What the licence around the policy says. */
struct rms_publication {
    const char *owner;  /* normalised address */
    const char *issuer; /* normalised address of who protected; NULL when unknown */
    int64_t issued_at;
    bool owner_proved; /* the transplant defence (xrml-licences section 8.2) lets owner and issuer count */
    bool revoked;
    bool mail; /* a message, or an attachment of one */
    enum rms_place owner_place, issuer_place;
};

/* The person who asks, as the directory knows him. Addresses are normalised. */
struct rms_person {
    const char *const *addresses; /* those that authorise (S-037) */
    size_t address_count;
    const char *const *groups; /* addresses of all groups he is in, nested ones included, sorted (strcmp) */
    size_t group_count;
    const char *const *domains; /* verified domains of his organisation */
    size_t domain_count;
    const char *const *open_domains; /* of his addresses, those that no organisation here owns */
    size_t open_domain_count;        /* grants to them count for mail alone (S-052) */
    bool guest;                      /* not a member: domain grants do not count (S-051) */
    bool super_user;                 /* feature on and listed */
};

/* Why a decision came out as it did, for whoever asks: the entries that name the person, in the policy's
 * order.
 */
enum rms_match_kind {
    RMS_MATCH_ADDRESS,
    RMS_MATCH_GROUP,
    RMS_MATCH_DOMAIN,
    RMS_MATCH_ANYONE,
    RMS_MATCH_OWNER
};
enum rms_match_state { RMS_MATCH_IN_FORCE, RMS_MATCH_ENDED, RMS_MATCH_NOT_BEGUN };

struct rms_match {
    const struct rms_grant *grant; /* of the policy */
    enum rms_match_kind kind;      /* what of the person it names */
    enum rms_match_state state;    /* only those in force give anything */
};

struct rms_matches {
    struct rms_match *items; /* from the evaluation's arena */
    size_t count, room;
};

struct rms_rules {
    int64_t now;
    int tenant_offline_days;     /* tenant maximum, 0 to 65535 */
    uint32_t wanted;             /* rights the caller is going to use; 0 = not known. See as_super_user */
    struct rms_matches *matches; /* NULL: nobody asks why. Else filled anew by every evaluation */
};

/* as_owner and as_issuer tell who the person is, also on a denial; neither is set where the policy gives
 * authors no place of their own (author_listed). as_super_user tells that the right of a super user was
 * needed: the ordinary policy denies, or gives less than `wanted`, or less than OWNER when nothing is said to
 * be wanted (S-180); such a licence is for one opening (S-181). */
struct rms_decision {
    int code;                 /* 0, RMS_E_NO_RIGHTS, RMS_E_EXPIRED, RMS_E_REVOKED */
    struct rms_rights rights; /* empty on a denial; OWNER stands alone */
    bool as_owner, as_issuer, as_super_user;
    int64_t content_valid_until; /* RMS_TIME_NONE = never ends for this person */
    int64_t licence_valid_until; /* end of offline use; == now means one opening, not to be stored;
                                  * RMS_TIME_NONE = no end (owner and issuer, table 3.5 and S-137) */
    bool offline_allowed;        /* the licence may be stored */
    size_t matched_grants;       /* how many entries matched and are in force, for explain and tests */
};

/* An ad hoc policy without grants, expiry, begin or own offline limit: the fields for which zero means
 * something else. */
void rms_policy_init(struct rms_policy *policy);

/* The same for a grant of nothing to nobody. */
void rms_grant_init(struct rms_grant *grant);

/* Reads who is meant: an address; the AllStaff address or the bare name of a domain (S-050, S-297);
 * "any-authenticated" (S-054); "IPC_USER_ID_OWNER". Sets principal and address (arena memory), nothing else.
 * RMS_E_BAD_ARGUMENT for anything else. */
RMS_MUST_USE int rms_grant_set_principal(struct rms_arena *arena, struct rms_grant *grant, const char *text);

/* The same in the other direction; a domain as its AllStaff address. Static text, the grant's own, or arena
 * memory; NULL when memory is exhausted. */
const char *rms_grant_principal_text(struct rms_arena *arena, const struct rms_grant *grant);

/* A known kind, with an address in the normal form exactly where the kind has one; an organisation's members
 * are named by DOMAIN, not by the AllStaff address. RMS_E_BAD_ARGUMENT otherwise. */
RMS_MUST_USE int rms_grant_check_principal(const struct rms_grant *grant);

/* Checks shape before publishing or storing: grants present exactly unless only_me, at most RMS_GRANTS_MAX,
 * with rights and normalised addresses (S-092); expiry consistent (S-101) and not in the past; every range
 * with its begin before its end; offline_days in range; for templates the texts of S-095. A grant whose own
 * time is over is accepted: it gives nothing. now RMS_TIME_NONE leaves the clock out, for a template kept
 * after its end. RMS_E_BAD_ARGUMENT with *field_out (may be NULL) naming the field (static text), NULL on
 * success. */
RMS_MUST_USE int rms_policy_check(const struct rms_policy *policy, int64_t now, const char **field_out);

/* xrml-licences section 7 step 14 and service-requirements 3.5, S-067 to S-092. Any granted right implies
 * VIEW; OWNER swallows the rest. Memory for custom rights comes from the arena. Returns RMS_E_NO_MEMORY or 0;
 * the outcome is decision_out->code.
 *
 * The first that applies, in the order of S-130: revoked; no rights (EXPIRED when the only entries that match
 * have ended, S-091; NO_RIGHTS while content or entry has not begun); content expired. The licence ends with
 * the smaller of the tenant's and the policy's allowance (S-133), never after the content and never after the
 * earliest `until` of the entries that matched. The outcome does not depend on the order of grants. */
RMS_MUST_USE int rms_policy_evaluate(struct rms_arena *arena, const struct rms_policy *policy,
    const struct rms_publication *publication, const struct rms_person *person, const struct rms_rules *rules,
    struct rms_decision *decision_out);

/* When the content ends, from expiry and publishing time; RMS_TIME_NONE = never. */
int64_t rms_policy_ends(const struct rms_policy *policy, int64_t issued_at);

/* The name and description to show: the wanted LCID, else 1033, else the first. NULL only without texts. */
const struct rms_policy_text *rms_policy_text_for(const struct rms_policy *policy, unsigned lcid);

/* LCID of a language tag ("en-US", "de"), locale name ("de_AT.UTF-8") or number ("1031"), 0 when unknown; a
 * language without region, or with an unknown one, is its main one. And back: NULL when unknown. The
 * invariant language (127) is "und". */
unsigned rms_lcid_of(const char *language_tag);
const char *rms_language_of(unsigned lcid);

/* The two default templates (S-009, table 3.4): builds policy `which` (0 Confidential \ All Employees, 1
 * Highly Confidential \ All Employees) for an organisation's domain. legacy: the rights before October 2017.
 * The id is left empty for the caller to make. RMS_E_BAD_ARGUMENT for another `which` or a malformed domain.
 */
RMS_MUST_USE int rms_policy_default(
    struct rms_arena *arena, unsigned which, const char *domain, bool legacy, struct rms_policy *policy_out);

/* Removing protection, and putting another in its place: OWNER or EXPORT; EXTRACT too where the tenant's
 * removal_rights says so, and there only (S-079, X-03). */
bool rms_may_unprotect(const struct rms_rights *rights, bool extract_counts);

#endif
