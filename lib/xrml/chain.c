/* Who may believe what: from a node to an anchor (xrml-licences sections 1.3 and 8). */
#include <string.h>

#include "base/text.h"
#include "xrml/licence.h"
#include "xrml/xread.h"

/* A certificate's right to sign does not reach every kind of document: else the holder of a CLC, which every
 * user is, could certify accounts and servers. */
static const uint16_t may_issue[] = {
    [RMS_DOC_CA] = 1u << RMS_DOC_CA | 1u << RMS_DOC_SLC | 1u << RMS_DOC_SPC,
    [RMS_DOC_SLC] = 1u << RMS_DOC_SLC | 1u << RMS_DOC_RAC | 1u << RMS_DOC_CLC | 1u << RMS_DOC_PL |
                    1u << RMS_DOC_UL | 1u << RMS_DOC_TEMPLATE,
    [RMS_DOC_CLC] = 1u << RMS_DOC_PL | 1u << RMS_DOC_UL,
    [RMS_DOC_ERD] = 0,
};

static bool kinds_fit(enum rms_document_kind parent, enum rms_document_kind child)
{
    return (may_issue[parent] >> child & 1u) != 0;
}

static bool same_text(const char *a, const char *b)
{
    return a != NULL && b != NULL && strcmp(a, b) == 0;
}

/* GUIDs come with and without braces and in any case (section 2). */
static bool same_id(const struct rms_xobject *a, const struct rms_xobject *b)
{
    char guid_a[RMS_GUID_TEXT];
    char guid_b[RMS_GUID_TEXT];

    if (rms_guid_parse(rms_view_str(a->id), guid_a) == 0 &&
        rms_guid_parse(rms_view_str(b->id), guid_b) == 0) {
        return strcmp(guid_a, guid_b) == 0;
    }
    return same_text(a->id, b->id);
}

static bool same_party(const struct rms_xobject *issuer, const struct rms_xobject *subject)
{
    return same_text(issuer->type, subject->type) && same_text(issuer->id_type, subject->id_type) &&
           same_id(issuer, subject);
}

static bool is_issue(const struct rms_xnode *right)
{
    const char *name = rms_xnode_attr(right, "name");

    return strcmp(right->name, "RIGHT") == 0 && name != NULL && rms_text_equal_nocase(name, "ISSUE");
}

int rms_xread_issue_range(const struct rms_xnode *body, int64_t *from_out, int64_t *until_out)
{
    const struct rms_xnode *list;
    const struct rms_xnode *right;
    const struct rms_xnode *conditions = NULL;
    struct rms_xtimes times;

    RMS_TRY(rms_xread_path(body, "WORK/RIGHTSGROUP/RIGHTSLIST", &list));
    for (right = list != NULL ? list->first : NULL; right != NULL; right = right->next) {
        if (!is_issue(right)) {
            continue;
        }
        if (conditions != NULL) {
            return RMS_E_BAD_LICENSE;
        }
        RMS_TRY(rms_xread_conditions(right, &conditions));
    }
    RMS_TRY(rms_xread_times(conditions, &times));
    *from_out = times.from;
    *until_out = times.until;
    return 0;
}

/* Rules 2 and 3; rule 3 at the child's issue time: authorities have ended whose licences live on. */
static bool may_have_issued(const struct rms_signed *child, const struct rms_signed *parent)
{
    int64_t from;
    int64_t until;

    if (!kinds_fit(parent->kind, child->kind) || !same_party(&child->issuer, &parent->subject) ||
        child->issued_at == RMS_TIME_NONE || rms_xread_issue_range(parent->body, &from, &until) != 0) {
        return false;
    }
    return from != RMS_TIME_NONE && until != RMS_TIME_NONE && child->issued_at >= from &&
           child->issued_at < until;
}

static bool names_key_of(const struct rms_signed *child, const struct rms_signed *parent)
{
    return child->has_issuer_key && parent->has_subject_key &&
           rms_rsa_public_equal(&child->issuer_key, &parent->subject_key);
}

int rms_signed_issued_by(const struct rms_signed *child, const struct rms_signed *parent, bool allow_legacy)
{
    if (!names_key_of(child, parent) || !may_have_issued(child, parent)) {
        return RMS_E_BAD_SIGNATURE;
    }
    return rms_signed_verify(child, &parent->subject_key, allow_legacy);
}

/* One run over a chain. Each signature on the way is checked at most once, with the key the node names: only
 * nodes whose named key is an anchor's or a parent's are asked about. */
struct walk {
    const struct rms_chain *chain;
    const struct rms_trust *trust;
    bool checked[RMS_CHAIN_MAX];
    int signature[RMS_CHAIN_MAX];
    bool visited[RMS_CHAIN_MAX];
    bool proved[RMS_CHAIN_MAX];
};

static bool is_anchor(const struct rms_trust *trust, const struct rms_rsa_public *key)
{
    uint8_t print[RMS_SHA256_BYTES];

    for (size_t i = 0; i < trust->key_count; i++) {
        if (rms_rsa_public_equal(&trust->keys[i], key)) {
            return true;
        }
    }
    if (trust->fingerprint_count == 0) {
        return false;
    }
    rms_rsa_fingerprint(key, print);
    for (size_t i = 0; i < trust->fingerprint_count; i++) {
        if (memcmp(trust->fingerprints[i], print, sizeof print) == 0) {
            return true;
        }
    }
    return false;
}

static int check_signature(struct walk *walk, size_t i)
{
    const struct rms_signed *node = &walk->chain->nodes[i];

    if (!walk->checked[i]) {
        walk->signature[i] = rms_signed_verify(node, &node->issuer_key, walk->trust->allow_legacy);
        walk->checked[i] = true;
    }
    return walk->signature[i];
}

/* By key. What issues nothing is no parent: a PL certifies its server's key too. */
static bool is_parent(const struct walk *walk, size_t child, size_t parent)
{
    const struct rms_signed *nodes = walk->chain->nodes;

    return parent != child && may_issue[nodes[parent].kind] != 0 &&
           names_key_of(&nodes[child], &nodes[parent]);
}

static int prove(struct walk *walk, size_t i);

/* A certificate that has the key but did not issue the node tells nothing as soon as another did. */
static int prove_by_parents(struct walk *walk, size_t i)
{
    const struct rms_signed *nodes = walk->chain->nodes;
    int status = RMS_E_UNKNOWN_KEY;
    bool issued = false;

    for (size_t j = 0; j < walk->chain->count; j++) {
        if (!is_parent(walk, i, j)) {
            continue;
        }
        RMS_TRY(check_signature(walk, i));
        if (may_have_issued(&nodes[i], &nodes[j])) {
            issued = true;
            status = prove(walk, j);
            if (status == 0) {
                return 0;
            }
        } else if (!issued) {
            status = RMS_E_BAD_SIGNATURE;
        }
    }
    return status;
}

/* 0, or why node i does not lead to an anchor. A node under examination counts as unproved, which ends loops.
 */
static int prove(struct walk *walk, size_t i)
{
    const struct rms_signed *node = &walk->chain->nodes[i];
    int status;

    if (walk->visited[i] || walk->proved[i]) {
        return walk->proved[i] ? 0 : RMS_E_UNKNOWN_KEY;
    }
    walk->visited[i] = true;
    if (!node->has_signature || !node->has_issuer_key) {
        return node->has_signature ? RMS_E_UNKNOWN_KEY : RMS_E_BAD_SIGNATURE;
    }
    status = is_anchor(walk->trust, &node->issuer_key) ? check_signature(walk, i) : prove_by_parents(walk, i);
    walk->proved[i] = status == 0;
    return status;
}

static bool needs_proof(enum rms_document_kind kind)
{
    return kind == RMS_DOC_PL || kind == RMS_DOC_UL || kind == RMS_DOC_CLC || kind == RMS_DOC_RAC;
}

/* A certificate beside or above the path: it has to be true by the key it names, and if the certificate of
 * that key is there, issued by it. Nothing rests on it, so that old algorithms are no reason to refuse the
 * licence. */
static int check_beside(const struct walk *walk, size_t i)
{
    const struct rms_signed *node = &walk->chain->nodes[i];
    int status = 0;

    if (!node->has_issuer_key) {
        return RMS_E_BAD_SIGNATURE;
    }
    RMS_TRY(rms_signed_verify(node, &node->issuer_key, true));
    for (size_t j = 0; j < walk->chain->count; j++) {
        if (!is_parent(walk, i, j)) {
            continue;
        }
        if (may_have_issued(node, &walk->chain->nodes[j])) {
            return 0;
        }
        status = RMS_E_BAD_SIGNATURE;
    }
    return status;
}

int rms_chain_verify(const struct rms_chain *chain, const struct rms_trust *trust)
{
    struct walk walk = {.chain = chain, .trust = trust};

    if (chain->count == 0 || chain->count > RMS_CHAIN_MAX) {
        return RMS_E_BAD_LICENSE;
    }
    RMS_TRY(prove(&walk, 0));
    for (size_t i = 1; i < chain->count; i++) {
        if (walk.proved[i]) {
            continue;
        }
        if (needs_proof(chain->nodes[i].kind)) {
            memset(walk.visited, 0, sizeof walk.visited);
            RMS_TRY(prove(&walk, i));
        } else {
            RMS_TRY(check_beside(&walk, i));
        }
    }
    return 0;
}

const struct rms_rsa_public *rms_chain_licensor(const struct rms_chain *chain)
{
    for (size_t i = chain->count; i-- > 0;) {
        const struct rms_signed *node = &chain->nodes[i];
        const struct rms_trust trust = {.keys = &node->subject_key, .key_count = 1};

        if (node->kind == RMS_DOC_SLC && node->has_subject_key && rms_chain_verify(chain, &trust) == 0) {
            return &node->subject_key;
        }
    }
    return NULL;
}

bool rms_chain_consistent(const struct rms_chain *chain)
{
    for (size_t i = 0; i < chain->count; i++) {
        const struct rms_signed *node = &chain->nodes[i];

        if (!node->has_issuer_key || rms_signed_verify(node, &node->issuer_key, true) != 0) {
            return false;
        }
    }
    return chain->count > 0;
}

bool rms_chain_by_service(const struct rms_chain *chain)
{
    for (size_t i = 1; i < chain->count; i++) {
        if (chain->nodes[i].kind == RMS_DOC_CLC) {
            return false;
        }
    }
    return true;
}
