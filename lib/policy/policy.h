/* Policies: who, which rights, until when; and their evaluation as a pure function of (policy, person, time).
 * No I/O, no clock here. */
#ifndef RMS_POLICY_POLICY_H
#define RMS_POLICY_POLICY_H

#include "base/guid.h"
#include "base/time.h"
#include "policy/rights.h"

#define RMS_GRANTS_MAX 10000 /* S-092 */

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
    int64_t expires_at;  /* ON_DATE; also a range's start is below */
    int64_t starts_at;   /* RMS_TIME_NONE = at once */
    unsigned expiry_days; /* AFTER_DAYS, counted from the publishing time */
    int offline_days;     /* -1 no own limit, 0 ask every time, else days (S-133) */
    bool audited_extraction;
    const struct rms_name_value *signed_data;    /* application data, readable by all */
    size_t signed_count;
    const struct rms_name_value *encrypted_data; /* application data, readable with the licence */
    size_t encrypted_count;
};

/* What the licence around the policy says. */
struct rms_publication {
    const char *owner;  /* normalised address */
    const char *issuer; /* normalised address of who protected; NULL when unknown */
    int64_t issued_at;
    bool owner_proved; /* the transplant defence (xrml-licences section 8.2) lets owner and issuer count */
    bool revoked;
};

/* The person who asks, as the directory knows him. Addresses are normalised. */
struct rms_person {
    const char *const *addresses; /* those that authorise (S-037) */
    size_t address_count;
    const char *const *groups; /* addresses of all groups he is in, nested ones included, sorted (strcmp) */
    size_t group_count;
    const char *const *domains; /* verified domains of his organisation */
    size_t domain_count;
    bool guest;          /* not a member: domain grants do not count (S-051) */
    bool super_user;     /* feature on and listed */
};

struct rms_rules {
    int64_t now;
    int tenant_offline_days; /* tenant maximum, 0 to 65535 */
};

struct rms_decision {
    int code; /* 0, RMS_E_NO_RIGHTS, RMS_E_EXPIRED, RMS_E_REVOKED */
    struct rms_rights rights;
    bool as_owner, as_issuer, as_super_user;
    int64_t content_valid_until; /* RMS_TIME_NONE = never ends */
    int64_t licence_valid_until; /* end of offline use; == now means one opening, not to be stored */
    bool offline_allowed;        /* licence_valid_until > now */
    size_t matched_grants;       /* how many entries matched, for explain and tests */
};

/* Checks shape (S-092): grants present unless only_me, addresses, counts, expiry consistent (S-101), publishing in
 * the past of expiry. RMS_E_BAD_ARGUMENT with *field_out (may be NULL) naming the field (static text). */
RMS_MUST_USE int rms_policy_check(const struct rms_policy *policy, int64_t now, const char **field_out);

/* xrml-licences section 7 step 14 and service-requirements 3.5, S-067 to S-092. Any granted right implies
 * VIEW; OWNER swallows the rest. Memory for custom rights comes from the arena. Returns RMS_E_NO_MEMORY or 0;
 * the outcome is decision_out->code. */
RMS_MUST_USE int rms_policy_evaluate(struct rms_arena *arena, const struct rms_policy *policy,
    const struct rms_publication *publication, const struct rms_person *person, const struct rms_rules *rules,
    struct rms_decision *decision_out);

/* When the content ends, from expiry and publishing time; RMS_TIME_NONE = never. */
int64_t rms_policy_ends(const struct rms_policy *policy, int64_t issued_at);

/* The name and description to show: the wanted LCID, else 1033, else the first. NULL only without texts. */
const struct rms_policy_text *rms_policy_text_for(const struct rms_policy *policy, unsigned lcid);

/* LCID of a language tag ("en-US", "de"), 0 when unknown; and back. */
unsigned rms_lcid_of(const char *language_tag);
const char *rms_language_of(unsigned lcid);

/* The two default templates (S-009, table 3.4): builds policy `which` (0 Confidential \ All Employees, 1 Highly
 * Confidential \ All Employees) for an organisation's domain. legacy: the rights before October 2017. */
RMS_MUST_USE int rms_policy_default(struct rms_arena *arena, unsigned which, const char *domain, bool legacy,
    struct rms_policy *policy_out);

/* Removal of protection (S-079): OWNER or EXPORT; for protection-only programs EXTRACT too (C-070). */
bool rms_may_unprotect(const struct rms_rights *rights, bool label_applied);

#endif
