/* The decision. Everything it depends on is an argument; nothing here asks a clock, a directory or a store.
 */
#include <stdlib.h>

#include "policy/policy.h"

/* What is asked, bundled for the steps below. */
struct question {
    const struct rms_policy *policy;
    const struct rms_publication *publication;
    const struct rms_person *person;
    const struct rms_rules *rules;
};

/* What the grants give. */
struct tally {
    uint32_t bits;
    const char **custom; /* unsorted, with repetitions, until finish_custom */
    size_t custom_count;
    size_t custom_cap;
    size_t matched;
    int64_t until; /* earliest end of the matched entries; INT64_MAX = none ends */
    bool ended;    /* an entry matched, and is over */
};

static bool person_has_address(const struct rms_person *person, const char *address)
{
    size_t i;

    for (i = 0; i < person->address_count; i++) {
        if (strcmp(person->addresses[i], address) == 0) {
            return true;
        }
    }
    return false;
}

static int compare_text(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static bool person_in_group(const struct rms_person *person, const char *group)
{
    return person->group_count > 0 && bsearch(&group, person->groups, person->group_count,
                                          sizeof person->groups[0], compare_text) != NULL;
}

static bool is_among(const char *const *domains, size_t count, const char *domain)
{
    for (size_t i = 0; i < count; i++) {
        if (strcmp(domains[i], domain) == 0) {
            return true;
        }
    }
    return false;
}

/* S-051: guests are not members. S-052: nobody vouches for who has an address at a mail provider, but mail
 * sent there would have reached him too. */
static bool person_in_domain(const struct question *q, const char *domain)
{
    const struct rms_person *person = q->person;

    return (!person->guest && is_among(person->domains, person->domain_count, domain)) ||
           (q->publication->mail && is_among(person->open_domains, person->open_domain_count, domain));
}

/* The names in the licence count only once the transplant defence has held (xrml-licences 8.2), and so does
 * who has taken their place. A group as owner gives its members nothing (S-083), so groups are not asked. */
static bool has_place(const struct question *q, enum rms_place place, const char *name)
{
    if (!q->publication->owner_proved || name == NULL || place == RMS_PLACE_OTHER) {
        return false;
    }
    return place == RMS_PLACE_OWN || person_has_address(q->person, name);
}

static bool is_owner(const struct question *q)
{
    return has_place(q, q->publication->owner_place, q->publication->owner);
}

static bool matches(const struct question *q, const struct rms_grant *grant)
{
    if (grant->principal == RMS_PRINCIPAL_ANYONE) {
        return true;
    }
    if (grant->principal == RMS_PRINCIPAL_OWNER) {
        return is_owner(q);
    }
    if (grant->address == NULL) {
        return false;
    }
    if (grant->principal == RMS_PRINCIPAL_DOMAIN) {
        return person_in_domain(q, grant->address);
    }
    return grant->principal == RMS_PRINCIPAL_ADDRESS &&
           (person_has_address(q->person, grant->address) || person_in_group(q->person, grant->address));
}

/* Custom names are collected and sorted once: merging set by set would cost the square of their number. */
static int collect_custom(struct rms_arena *arena, struct tally *tally, const struct rms_rights *rights)
{
    size_t need = tally->custom_count + rights->custom_count;

    if (need > tally->custom_cap) {
        size_t cap = need * 2;
        const char **bigger = rms_arena_array(arena, cap, sizeof *bigger);

        if (bigger == NULL) {
            return RMS_E_NO_MEMORY;
        }
        if (tally->custom_count > 0) {
            memcpy(bigger, tally->custom, tally->custom_count * sizeof *bigger);
        }
        tally->custom = bigger;
        tally->custom_cap = cap;
    }
    memcpy(tally->custom + tally->custom_count, rights->custom, rights->custom_count * sizeof *tally->custom);
    tally->custom_count = need;
    return 0;
}

static int finish_custom(struct rms_arena *arena, struct tally *tally)
{
    size_t count = 0;
    size_t i;

    if (tally->custom_count == 0) {
        return 0;
    }
    qsort(tally->custom, tally->custom_count, sizeof *tally->custom, compare_text);
    for (i = 0; i < tally->custom_count; i++) {
        if (i > 0 && strcmp(tally->custom[count - 1], tally->custom[i]) == 0) {
            continue;
        }
        tally->custom[count] = rms_arena_strdup(arena, tally->custom[i]);
        if (tally->custom[count++] == NULL) {
            return RMS_E_NO_MEMORY;
        }
    }
    tally->custom_count = count;
    return 0;
}

static enum rms_match_state state_of(const struct rms_grant *grant, int64_t now)
{
    if (grant->until != RMS_TIME_NONE && now >= grant->until) {
        return RMS_MATCH_ENDED;
    }
    return grant->from != RMS_TIME_NONE && now < grant->from ? RMS_MATCH_NOT_BEGUN : RMS_MATCH_IN_FORCE;
}

static enum rms_match_kind kind_of(const struct question *q, const struct rms_grant *grant)
{
    static const enum rms_match_kind kinds[] = {[RMS_PRINCIPAL_DOMAIN] = RMS_MATCH_DOMAIN,
        [RMS_PRINCIPAL_ANYONE] = RMS_MATCH_ANYONE,
        [RMS_PRINCIPAL_OWNER] = RMS_MATCH_OWNER};

    if (grant->principal != RMS_PRINCIPAL_ADDRESS) {
        return kinds[grant->principal];
    }
    return person_has_address(q->person, grant->address) ? RMS_MATCH_ADDRESS : RMS_MATCH_GROUP;
}

static int note_match(struct rms_arena *arena, const struct question *q, const struct rms_match *match)
{
    struct rms_matches *list = q->rules->matches;

    if (list->count == list->room) {
        size_t room = list->room * 2 + 8;
        struct rms_match *bigger = rms_arena_array(arena, room, sizeof *bigger);

        if (bigger == NULL) {
            return RMS_E_NO_MEMORY;
        }
        if (list->count > 0) {
            memcpy(bigger, list->items, list->count * sizeof *bigger);
        }
        list->items = bigger;
        list->room = room;
    }
    list->items[list->count] = *match;
    list->items[list->count++].kind = kind_of(q, match->grant);
    return 0;
}

static int count_grant(
    struct rms_arena *arena, const struct question *q, const struct rms_grant *grant, struct tally *tally)
{
    enum rms_match_state state;

    if (rms_rights_empty(&grant->rights) || !matches(q, grant)) {
        return 0;
    }
    state = state_of(grant, q->rules->now);
    if (q->rules->matches != NULL) {
        RMS_TRY(note_match(arena, q, &(struct rms_match){.grant = grant, .state = state}));
    }
    tally->ended = tally->ended || state == RMS_MATCH_ENDED;
    if (state != RMS_MATCH_IN_FORCE) {
        return 0;
    }
    tally->matched++;
    tally->bits |= grant->rights.bits & RMS_RIGHTS_ALL;
    if (grant->until != RMS_TIME_NONE && grant->until < tally->until) {
        tally->until = grant->until;
    }
    return grant->rights.custom_count > 0 ? collect_custom(arena, tally, &grant->rights) : 0;
}

static int tally_grants(struct rms_arena *arena, const struct question *q, struct tally *tally)
{
    size_t count = q->policy->only_me ? 0 : q->policy->grant_count;
    size_t i;

    *tally = (struct tally){.until = INT64_MAX};
    for (i = 0; i < count; i++) {
        RMS_TRY(count_grant(arena, q, &q->policy->grants[i], tally));
    }
    return finish_custom(arena, tally);
}

/* Owner, issuer, super user: OWNER and nothing else (S-070), whatever the content's end. */
static void give_everything(struct rms_decision *decision, int64_t licence_end, bool offline)
{
    decision->code = 0;
    decision->rights = (struct rms_rights){.bits = RMS_RIGHT_OWNER};
    decision->content_valid_until = RMS_TIME_NONE;
    decision->licence_valid_until = licence_end;
    decision->offline_allowed = offline;
}

static void deny(struct rms_decision *decision, int code, int64_t now)
{
    decision->code = code;
    decision->rights = (struct rms_rights){0};
    decision->content_valid_until = RMS_TIME_NONE;
    decision->licence_valid_until = now;
    decision->offline_allowed = false;
}

/* OWNER swallows the rest; any other right implies VIEW (S-071, X-39). */
static struct rms_rights licence_rights(const struct tally *tally)
{
    if ((tally->bits & RMS_RIGHT_OWNER) != 0) {
        return (struct rms_rights){.bits = RMS_RIGHT_OWNER};
    }
    return (struct rms_rights){
        .bits = tally->bits | RMS_RIGHT_VIEW,
        .custom = tally->custom,
        .custom_count = tally->custom_count,
    };
}

/* S-133. A number out of range allows nothing offline. */
static int64_t offline_seconds(const struct question *q)
{
    int own = q->policy->offline_days;
    int days = q->rules->tenant_offline_days;

    if (own != -1 && own < days) {
        days = own;
    }
    return days > 0 ? (int64_t)days * RMS_DAY_S : 0;
}

static int64_t add_saturating(int64_t time, int64_t seconds)
{
    int64_t sum;

    return __builtin_add_overflow(time, seconds, &sum) ? INT64_MAX : sum;
}

static void give_granted(const struct question *q, const struct tally *tally, struct rms_decision *decision)
{
    int64_t now = q->rules->now;
    int64_t content_end = rms_policy_ends(q->policy, q->publication->issued_at);
    int64_t end = add_saturating(now, offline_seconds(q));

    if (content_end != RMS_TIME_NONE && content_end < end) {
        end = content_end;
    }
    if (tally->until < end) {
        end = tally->until;
    }
    decision->code = 0;
    decision->rights = licence_rights(tally);
    decision->content_valid_until = content_end;
    decision->licence_valid_until = end;
    decision->offline_allowed = end > now;
}

static int content_state(const struct question *q)
{
    int64_t end = rms_policy_ends(q->policy, q->publication->issued_at);

    if (q->policy->starts_at != RMS_TIME_NONE && q->rules->now < q->policy->starts_at) {
        return RMS_E_NO_RIGHTS;
    }
    return end != RMS_TIME_NONE && q->rules->now >= end ? RMS_E_EXPIRED : 0;
}

/* Everybody but super users, in the order of S-130 with the exemptions of table 3.5. */
static void decide(const struct question *q, const struct tally *tally, struct rms_decision *decision)
{
    int64_t now = q->rules->now;
    int state;

    if (q->publication->revoked && !decision->as_issuer) {
        deny(decision, RMS_E_REVOKED, now);
        return;
    }
    if (decision->as_owner || decision->as_issuer) {
        give_everything(decision, RMS_TIME_NONE, true);
        return;
    }
    if (tally->matched == 0) {
        deny(decision, tally->ended ? RMS_E_EXPIRED : RMS_E_NO_RIGHTS, now);
        return;
    }
    state = content_state(q);
    if (state < 0) {
        deny(decision, state, now);
        return;
    }
    give_granted(q, tally, decision);
}

/* S-180: the ordinary policy suffices. */
static bool suffices(const struct rms_decision *decision, uint32_t wanted)
{
    return decision->code == 0 && rms_rights_allow(&decision->rights, wanted != 0 ? wanted : RMS_RIGHT_OWNER);
}

int rms_policy_evaluate(struct rms_arena *arena, const struct rms_policy *policy,
    const struct rms_publication *publication, const struct rms_person *person, const struct rms_rules *rules,
    struct rms_decision *decision_out)
{
    struct question q = {policy, publication, person, rules};
    struct tally tally;

    *decision_out = (struct rms_decision){0};
    deny(decision_out, RMS_E_NO_RIGHTS, rules->now); /* what an error on the way leaves */
    if (rules->matches != NULL) {
        *rules->matches = (struct rms_matches){0};
    }
    RMS_TRY(tally_grants(arena, &q, &tally));
    decision_out->matched_grants = tally.matched;
    decision_out->as_owner = !policy->author_listed && is_owner(&q);
    decision_out->as_issuer =
        !policy->author_listed && has_place(&q, publication->issuer_place, publication->issuer);
    decide(&q, &tally, decision_out);
    if (person->super_user && !suffices(decision_out, rules->wanted)) {
        decision_out->as_super_user = true;
        give_everything(decision_out, rules->now, false);
    }
    return 0;
}
