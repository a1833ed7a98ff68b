/* The decision about one person and one opened licence. */
#include "directory/directory.h"
#include "service/licence.h"
#include "service/hand_over.h"
#include "service/revocation.h"
#include "service/rest_language.h"

#define ACCEPT_LANGUAGE "Accept-Language"

/* Nobody reads the mail of a service: the organisation names who answers for it (S-065). */
static const char *who_answers(const struct rms_live_tenant *tenant, const char *owner)
{
    const char *at = strrchr(owner, '@');
    size_t len = strlen(tenant->row.service_id);
    bool service = at != NULL && strncasecmp(at + 1, tenant->row.service_id, len) == 0 &&
                   strncmp(at + 1 + len, ".rms.", 5) == 0;
    return service && tenant->contact != NULL ? tenant->contact : owner;
}

/* "" means that the address a person may ask is not known. */
static const char *referrer_of(struct rms_request *request, const char *referral, const char *owner)
{
    const char *who = referral != NULL && referral[0] != '\0' ? referral : owner;
    if (who[0] == '\0') {
        return NULL;
    }
    bool bare = strchr(who, '@') != NULL && strchr(who, ':') == NULL;
    return bare ? rms_arena_printf(request->arena, "mailto:%s", who) : who;
}

/* Never empty: clients refuse that. */
static const struct rms_policy_text *text_of(struct rms_request *request, const struct rms_policy *policy)
{
    static const struct rms_policy_text plain = {1033, RMS_POLICY_UNNAMED, RMS_POLICY_UNNAMED};
    const struct rms_policy_text *text =
        rms_rest_text_for(policy, rms_request_header(request, ACCEPT_LANGUAGE));
    if (text == NULL || text->name[0] == '\0') {
        return &plain;
    }
    if (text->description[0] != '\0') {
        return text;
    }
    struct rms_policy_text *described = rms_arena_alloc(request->arena, sizeof *described);
    if (described == NULL) {
        return &plain;
    }
    *described = (struct rms_policy_text){text->lcid, text->name, text->name};
    return described;
}

struct asking {
    struct rms_request *request;
    const struct rms_opening *opening;
    const struct rms_policy *policy;
    struct rms_publication publication;
    struct rms_rules rules;
};

static int evaluate(struct asking *a, const struct rms_person *person, struct rms_decision *decision)
{
    return rms_policy_evaluate(a->request->arena, a->policy, &a->publication, person, &a->rules, decision);
}

/* What he had before he has by his address alone. */
static bool by_address_alone(const struct rms_decision *with, const struct rms_decision *without)
{
    return (with->matched_grants > 0 || with->as_owner || with->as_issuer) && without->matched_grants == 0 &&
           !without->as_owner && !without->as_issuer;
}

/* S-042: an account made more than 15 days after the content was protected does not inherit what was granted
 * to its address; groups and organisations still count, and so does the super user right. The account's age
 * is a reason before revocation and the content's end (S-130). */
static int evaluate_newer(struct asking *a, const struct rms_person *person, struct rms_answer *answer)
{
    struct rms_person unnamed = *person;
    struct rms_decision with_address;
    unnamed.address_count = 0;
    RMS_TRY(evaluate(a, person, &with_address));
    RMS_TRY(evaluate(a, &unnamed, &answer->decision));
    answer->code = answer->decision.code;
    if (answer->code < 0 && by_address_alone(&with_address, &answer->decision)) {
        answer->code = RMS_E_ACCOUNT_NEWER;
    }
    return RMS_OK;
}

static bool above_policy(const struct rms_decision *decision)
{
    return decision->as_owner || decision->as_issuer || decision->as_super_user;
}

/* The licence's own validity (section 7 step 11), not to be confused with the content's. */
static bool outside_validity(const struct rms_opening *o, int64_t now)
{
    return (o->valid_from != RMS_TIME_NONE && now < o->valid_from) ||
           (o->valid_until != RMS_TIME_NONE && now >= o->valid_until);
}

/* S-058: what says that it is a message counts once the transplant defence has held: else it may be in a
 * licence that the reader made around another's key. */
static bool passcode_opens(const struct rms_opening *o, const struct rms_live_tenant *tenant)
{
    return tenant->guests.documents || (o->mail && o->owner_proved);
}

/* Codes more precise than the evaluation can give. The licence's validity comes before all that is asked
 * about the person (S-130). */
static void refine(const struct asking *a, bool template_gone, struct rms_answer *answer)
{
    if (answer->code == RMS_E_NO_RIGHTS && template_gone) {
        answer->code = RMS_E_TEMPLATE_NOT_FOUND; /* S-107 */
    }
    if (!above_policy(&answer->decision) && outside_validity(a->opening, a->rules.now)) {
        answer->code = RMS_E_EXPIRED;
    }
    if (answer->code == RMS_OK && a->request->passcode && !passcode_opens(a->opening, answer->tenant)) {
        answer->code = RMS_E_PASSCODE;
    }
}

/* Documents nobody signs for by name are not tracked. A key that came with another document before is as
 * revoked as that one: else whoever may read could go on under a licence of his own. */
static int is_revoked(
    struct rms_request *request, const struct rms_opening *o, const char *tenant_id, bool *revoked_out)
{
    const struct rms_document_key keys[] = {
        {tenant_id, o->content_id, o->issuer}, {tenant_id, o->origin_id, o->origin_issuer}};
    const int64_t issued_at[] = {o->issued_at, INT64_MAX}; /* of the other nobody knows */
    *revoked_out = false;
    for (size_t i = 0; i < sizeof keys / sizeof keys[0] && !*revoked_out; i++) {
        if (keys[i].content_id != NULL && keys[i].issuer != NULL) {
            RMS_TRY(rms_revocations_has(
                request->worker->front->revocations, &keys[i], issued_at[i], revoked_out));
        }
    }
    return RMS_OK;
}

static enum rms_place place_of(const struct rms_request *request, const struct rms_hand_over *row)
{
    return row == NULL                         ? RMS_PLACE_NAMED
           : rms_hand_over_is_of(row, request) ? RMS_PLACE_OWN
                                               : RMS_PLACE_OTHER;
}

/* Who has taken the place of those whom the licence names. A document that was handed over went as a whole;
 * with everything that somebody had go the places that had his name. */
static int find_places(struct asking *a, struct rms_answer *answer)
{
    const struct rms_opening *o = a->opening;
    struct rms_hand_overs *set = a->request->worker->front->hand_overs;
    const struct rms_document_key key = {o->tenant_id, o->content_id, o->issuer};
    const struct rms_document_key of_owner = {o->tenant_id, "", o->owner};
    const struct rms_hand_over *issuer = NULL;
    const struct rms_hand_over *owner = NULL;
    answer->owner = o->owner;
    if (o->issuer == NULL) {
        return RMS_OK;
    }
    RMS_TRY(rms_hand_overs_find(set, a->request->arena, &key, o->issued_at, &issuer));
    owner = issuer;
    if (strcmp(o->owner, o->issuer) != 0 && (issuer == NULL || issuer->key.content_id[0] == '\0')) {
        RMS_TRY(rms_hand_overs_find(set, a->request->arena, &of_owner, o->issued_at, &owner));
    }
    a->publication.issuer_place = place_of(a->request, issuer);
    a->publication.owner_place = place_of(a->request, owner);
    answer->owner = owner != NULL ? owner->address : o->owner;
    answer->handed_over = owner != NULL || issuer != NULL;
    return RMS_OK;
}

/* B-13: what two administrators decided that he may open, for its hours. The licence's own names count only
 * once the transplant defence has held. */
static bool recovers(const struct asking *a, const struct rms_answer *answer)
{
    const struct rms_opening *o = a->opening;
    const struct rms_directory_person *person = a->request->person;
    for (size_t i = 0; i < answer->tenant->recovery_count && o->owner_proved && o->issuer != NULL; i++) {
        const struct rms_recovery *r = &answer->tenant->recoveries[i];
        bool reached = r->owner != NULL
                           ? strcmp(r->owner, o->issuer) == 0 || strcmp(r->owner, answer->owner) == 0
                           : strcmp(r->content_id, o->content_id) == 0 && strcmp(r->issuer, o->issuer) == 0;
        if (reached && a->rules.now < r->ends_at && strcmp(r->account_id, person->account_id) == 0 &&
            strcmp(r->tenant_id, person->tenant_id) == 0) {
            return true;
        }
    }
    return false;
}

/* Now, and for this document; nobody lends an application that right. */
static bool is_super(const struct asking *a, const struct rms_answer *answer)
{
    const struct rms_request *request = a->request;
    if (request->deputy != NULL) {
        return false;
    }
    const struct rms_person *person = rms_directory_person_for(request->person, answer->tenant->row.id);
    return (person->super_user && rms_directory_is_super(request->person, request->now)) ||
           recovers(a, answer);
}

/* What whoever revokes must know: the issuer's own licence stays his. */
static int64_t offline_until(const struct rms_answer *answer)
{
    const struct rms_decision *decision = &answer->decision;
    if (answer->code < 0 || !decision->offline_allowed || decision->as_issuer) {
        return 0;
    }
    return decision->licence_valid_until == RMS_TIME_NONE ? RMS_USAGE_NO_END : decision->licence_valid_until;
}

/* A licence names its template by GUID, and anybody may make one up and open it as its owner. What a scoped
 * template says is for those in its scope and those it gives rights to (S-111). */
static bool may_read(
    const struct rms_request *request, const struct rms_template *t, const struct rms_answer *answer)
{
    return t == NULL || t->scope_count == 0 || (answer->code == RMS_OK && !above_policy(&answer->decision)) ||
           (strcmp(request->person->tenant_id, answer->tenant->row.id) == 0 &&
               rms_directory_in_scope(request->person, t->scope, t->scope_count));
}

static void note_decision(struct rms_request *request, const struct rms_answer *answer)
{
    if (answer->code == RMS_E_NO_RIGHTS && request->person->groups_unresolved) {
        request->note.detail = "group-unresolved"; /* S-049 */
    }
    request->note.super_user = answer->code == RMS_OK && answer->decision.as_super_user;
    request->note.offline_until = offline_until(answer);
    if (answer->code < 0) {
        request->note.code = answer->code;
    }
}

int rms_licence_decide(struct rms_request *request, const struct rms_opening *opening, uint32_t wanted,
    struct rms_answer *answer)
{
    *answer = (struct rms_answer){.opening = opening};
    RMS_TRY(rms_licence_tenant(request, opening, &answer->tenant));
    const struct rms_live_tenant *tenant = answer->tenant;
    const struct rms_template *current =
        opening->from_template ? rms_live_template(tenant, opening->policy.id) : NULL;
    answer->policy = current != NULL ? &current->policy : &opening->policy;
    struct asking a = {
        .request = request,
        .opening = opening,
        .policy = answer->policy,
        .publication = {.owner = opening->owner,
            .issuer = opening->issuer,
            .issued_at = opening->issued_at,
            .mail = opening->mail,
            .owner_proved = opening->owner_proved},
        .rules = {.now = request->now,
            .tenant_offline_days = (int)tenant->row.max_use_licence_days,
            .wanted = wanted,
            .matches = request->why},
    };
    if (request->person->app && strcmp(request->person->tenant_id, tenant->row.id) != 0) {
        return rms_fail(request, RMS_E_NOT_AUTHENTICATED, "an application of another tenant"); /* S-192 */
    }
    const struct rms_person *person = rms_directory_person_for(request->person, tenant->row.id);
    struct rms_person otherwise;
    RMS_TRY(find_places(&a, answer));
    bool super = is_super(&a, answer);
    if (super != person->super_user) { /* S-183: whatever is kept of him */
        otherwise = *person;
        otherwise.super_user = super;
        person = &otherwise;
    }
    RMS_TRY(is_revoked(request, opening, tenant->row.id, &a.publication.revoked));
    if (request->person->created_at > opening->issued_at + RMS_ACCOUNT_TOLERANCE_S) {
        RMS_TRY(evaluate_newer(&a, person, answer));
    } else {
        RMS_TRY(evaluate(&a, person, &answer->decision));
        answer->code = answer->decision.code;
    }
    refine(&a, opening->from_template && current == NULL, answer);
    answer->shown = may_read(request, current, answer) ? answer->policy : &opening->policy;
    answer->text = text_of(request, answer->shown);
    answer->referrer = referrer_of(request, answer->shown->referral, who_answers(tenant, answer->owner));
    note_decision(request, answer);
    return RMS_OK;
}
