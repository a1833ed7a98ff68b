/* The licence path: a publishing licence is verified and opened once, then kept; every request decides anew.
 *
 * Order of reasons (S-130, xrml-licences section 7): tenant state, client, account certificate, PL form,
 * signature, key, trust, opening by keyd, rights data and their binding, transplant defence; then, for every
 * request, time of the PL, age of the account, revocation, policy, super user, owner, content's end. Where a
 * later step has to be looked at first (the key of the PL tells the tenant), the reason of the earlier one
 * still wins, and the log row has nothing of the later. The content key is never here but in one reply. */
#ifndef RMS_SERVICE_LICENCE_H
#define RMS_SERVICE_LICENCE_H

#include "policy/policy.h"
#include "service/front.h"
#include "service/keyclient.h"
#include "service/tenant.h"

/* An opened licence: immutable, shared by reference count, a few hundred bytes. Of a template licence the
 * template is only named: its current form decides (S-105). */
struct rms_opening {
    char tenant_id[RMS_GUID_TEXT];
    char key_id[RMS_GUID_TEXT];
    char content_id[RMS_GUID_TEXT];
    const char *owner;     /* normalised; "" when the licence names none */
    const char *issuer;    /* normalised or NULL */
    const char *file_name; /* MS.Content.Name; NULL */
    int64_t issued_at;
    int64_t valid_from, valid_until; /* of the licence itself; RMS_TIME_NONE */
    bool from_template;
    bool mail;                 /* a message, or an attachment of one */
    bool owner_proved;         /* the transplant defence held */
    const char *origin_id;     /* it did not: content id and issuer the key was first seen with; else NULL */
    const char *origin_issuer; /* may be NULL */
    struct rms_policy policy;  /* ad hoc: all; template: id, texts, audit flag and application data only */
    struct rms_opened opened;  /* keyd's handle */
};

/* Opens publishing licences and keeps them. Key: SHA-256 of what the client sent. */
struct rms_licences;

RMS_MUST_USE int rms_licences_new(size_t max_bytes, struct rms_licences **licences_out);
void rms_licences_free(struct rms_licences **licences);

#define RMS_LICENCES_MAX_BYTES (128u * 1024 * 1024)

struct rms_licences_stats {
    uint64_t hits;
    uint64_t misses;
    uint64_t dropped; /* for room */
    size_t count;
    size_t bytes;
};
void rms_licences_stats(struct rms_licences *licences, struct rms_licences_stats *stats_out);

/* The opening kept under this key, referenced; NULL when there is none. */
const struct rms_opening *rms_licences_get(
    struct rms_licences *licences, const uint8_t key[RMS_SHA256_BYTES]);

/* Keeps another reference under the key; a full cache forgets the longest unused ones. */
void rms_licences_put(
    struct rms_licences *licences, const uint8_t key[RMS_SHA256_BYTES], const struct rms_opening *opening);
void rms_licences_drop(struct rms_licences *licences, const uint8_t key[RMS_SHA256_BYTES]);

void rms_opening_unref(const struct rms_opening **opening);
#define RMS_OPENING_CLEANUP __attribute__((cleanup(rms_opening_unref)))

/* A compact copy in memory of its own, with one reference. */
RMS_MUST_USE int rms_opening_copy(
    struct rms_arena *scratch, const struct rms_opening *from, const struct rms_opening **copy_out);

/* Verifies and opens the bytes of a PL; at most one private-key operation. pl (may be NULL) receives the
 * parsed licence in the request's arena. The log note of the request is filled as far as the licence could be
 * read.
 */
struct rms_pl;
RMS_MUST_USE int rms_licence_open(struct rms_request *request, struct rms_view pl_bytes,
    const struct rms_opening **opening_out, struct rms_pl *pl_out);

/* Verifies a PL without opening it: no private-key operation. Of the opening only what the licence says of
 * itself is set, in the request's arena. */
RMS_MUST_USE int rms_licence_read(
    struct rms_request *request, struct rms_view pl_bytes, struct rms_opening *facts_out);

/* What is answered when the request fails with this code in a step before the licence: RMS_E_TENANT_DISABLED
 * if the tenant of the licence, or the home tenant when that cannot be told, is not served; else the code. */
RMS_MUST_USE int rms_licence_refuse(struct rms_request *request, struct rms_view pl_bytes, int code);

/* The tenant of the opening, pinned, and fit to serve: RMS_E_TENANT_DISABLED. */
RMS_MUST_USE int rms_licence_tenant(struct rms_request *request, const struct rms_opening *opening,
    const struct rms_live_tenant **tenant_out);

/* What the person of the request may do. */
struct rms_answer {
    const struct rms_opening *opening;
    const struct rms_live_tenant *tenant;
    const struct rms_policy *policy; /* that decided: the template's current one, or the licence's own */
    const struct rms_policy *shown;  /* what of it this person may read */
    struct rms_decision decision;
    int code;                           /* 0 or why not; decision.code, or a more precise one */
    const struct rms_policy_text *text; /* name and description to show; never NULL */
    const char *owner;                  /* whom the licence names, or who has it now */
    bool handed_over;                   /* owner or issuer are not who the licence says */
    const char *referrer;               /* mailto: or the policy's; NULL when nobody is named */
};

/* wanted: rights the program is going to use, 0 = not said (S-180). Fills the log note. An error means that
 * no decision could be made; a denial is 0 with answer->code set. */
RMS_MUST_USE int rms_licence_decide(struct rms_request *request, const struct rms_opening *opening,
    uint32_t wanted, struct rms_answer *answer_out);

/* Everything a person may not know beyond "no": the 15 days of S-042. */
#define RMS_ACCOUNT_TOLERANCE_S (15 * RMS_DAY_S)

#endif
