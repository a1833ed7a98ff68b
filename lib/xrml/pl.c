/* Publishing licences: reading (xrml-licences section 3.5). */
#include <strings.h>

#include "base/text.h"
#include "xrml/texts.h"
#include "xrml/xread.h"

/* The principals' text without the blob that carries the digest of it (section 4, table). */
static int read_bound(const struct rms_xnode *principals, const struct rms_xnode *bits, struct rms_pl *pl)
{
    struct rms_view all = principals->source;
    size_t head = (size_t)(bits->source.data - all.data);
    size_t tail = head + bits->source.len;
    RMS_BUF_CLEANUP struct rms_buf text = RMS_BUF_INIT(all.len);

    rms_buf_append(&text, all.data, head);
    rms_buf_append(&text, all.data + tail, all.len - tail);
    if (text.failed) {
        return RMS_E_NO_MEMORY;
    }
    return rms_xread_bound(pl->bits.type, rms_buf_view(&text), pl->bits_bound);
}

static int read_principals(struct rms_arena *arena, struct rms_pl *pl)
{
    const struct rms_xnode *principals;
    const struct rms_xnode *bits;

    RMS_TRY(rms_xread_single(pl->node->body, "ISSUEDPRINCIPALS", &principals));
    RMS_TRY(rms_xread_path(principals, "PRINCIPAL/ENABLINGBITS", &bits));
    if (bits == NULL || !pl->node->has_subject_key) {
        return RMS_E_BAD_LICENSE;
    }
    RMS_TRY(rms_xread_bits(arena, bits, &pl->bits));
    return read_bound(principals, bits, pl);
}

static int read_work(struct rms_arena *arena, struct rms_pl *pl)
{
    const struct rms_xnode *work;

    RMS_TRY(rms_xread_single(pl->node->body, "WORK", &work));
    RMS_TRY(rms_xread_object_guid(work, pl->content_id));
    if (pl->content_id[0] == 0) {
        return RMS_E_BAD_LICENSE;
    }
    RMS_TRY(rms_xread_owner(arena, work, &pl->owner));
    if (pl->owner == NULL) {
        pl->owner = "";
    }
    return 0;
}

int rms_pl_owner_bound(const uint8_t principals_bound[RMS_SHA256_BYTES], const char *content_id,
    const char *owner, uint8_t bound_out[RMS_SHA256_BYTES])
{
    uint8_t text[RMS_SHA256_BYTES + RMS_GUID_TEXT + RMS_ADDRESS_MAX];
    char guid[RMS_GUID_TEXT];
    char address[RMS_ADDRESS_MAX];
    size_t len;

    if (content_id == NULL || owner == NULL) {
        return RMS_E_BAD_ARGUMENT;
    }
    RMS_TRY(rms_guid_parse(rms_view_str(content_id), guid));
    RMS_TRY(rms_address_normalise(owner, address));
    len = strlen(address);
    memcpy(text, principals_bound, RMS_SHA256_BYTES);
    memcpy(text + RMS_SHA256_BYTES, guid, sizeof guid); /* with its zero byte */
    memcpy(text + RMS_SHA256_BYTES + sizeof guid, address, len);
    rms_hash(RMS_SHA256, rms_view_of(text, RMS_SHA256_BYTES + sizeof guid + len), bound_out);
    return 0;
}

/* An owner that is no address has no digest; its zeros are nobody's. */
static int read_owner_bound(struct rms_pl *pl)
{
    int status = rms_pl_owner_bound(pl->bits_bound, pl->content_id, pl->owner, pl->owner_bound);

    if (status == RMS_E_BAD_ARGUMENT) {
        memset(pl->owner_bound, 0, sizeof pl->owner_bound);
        return 0;
    }
    return status;
}

static int read_points(struct rms_arena *arena, struct rms_pl *pl)
{
    const struct rms_xnode *body = pl->node->body;

    RMS_TRY(rms_xread_point(arena, body, "License-Acquisition-URL", &pl->intranet_url));
    RMS_TRY(rms_xread_point(arena, body, "Extranet-License-Acquisition-URL", &pl->extranet_url));
    return rms_xread_point(arena, body, "Referral-Info", &pl->referral);
}

static int read_data(struct rms_arena *arena, struct rms_pl *pl)
{
    const struct rms_xnode *erd;
    struct rms_xdata data;

    RMS_TRY(rms_xread_own(pl->node->body, RMS_XDATA_RIGHTS, NULL, &erd));
    RMS_TRY(rms_xread_base64(arena, erd, &pl->erd));
    RMS_TRY(rms_xread_data(arena, pl->node->body, RMS_XDATA_APP, RMS_XDATA_TRACKING, &data));
    pl->signed_data = data.values;
    pl->signed_count = data.count;
    return 0;
}

static const struct rms_signed *find_issued(const struct rms_chain *chain, enum rms_document_kind kind,
    const struct rms_rsa_public *key, bool as_subject)
{
    for (size_t i = 1; i < chain->count; i++) {
        const struct rms_signed *node = &chain->nodes[i];
        bool has = as_subject ? node->has_subject_key : node->has_issuer_key;

        if (node->kind == kind && has &&
            rms_rsa_public_equal(as_subject ? &node->subject_key : &node->issuer_key, key)) {
            return node;
        }
    }
    return NULL;
}

static bool is_for_content(const struct rms_signed *ul, const char *content_id)
{
    char guid[RMS_GUID_TEXT];

    return rms_xread_object_guid(rms_xnode_child(ul->body, "WORK"), guid) == 0 &&
           strcmp(guid, content_id) == 0;
}

/* The owner's UL counts only when the PL's own CLC issued it for this content: others may have been put in.
 */
static void find_relatives(struct rms_pl *pl)
{
    const struct rms_signed *ul;

    if (!pl->node->has_issuer_key) {
        return;
    }
    pl->clc = find_issued(&pl->chain, RMS_DOC_CLC, &pl->node->issuer_key, true);
    if (pl->clc == NULL) {
        return;
    }
    ul = find_issued(&pl->chain, RMS_DOC_UL, &pl->node->issuer_key, false);
    if (ul != NULL && is_for_content(ul, pl->content_id)) {
        pl->owner_ul = ul;
    }
}

/* Whoever signs with a CLC is its principal, whatever he writes. */
static int read_issuer(struct rms_arena *arena, struct rms_pl *pl)
{
    const struct rms_xnode *own;
    const char *text;

    if (pl->clc != NULL) {
        return rms_xread_address(arena, pl->clc->subject.name, &pl->issuer);
    }
    RMS_TRY(rms_xread_own(pl->node->body, RMS_XDATA_TRACKING, RMS_XOWN_ISSUER, &own));
    RMS_TRY(rms_xread_text(arena, own, &text));
    return rms_xread_address(arena, text, &pl->issuer);
}

/* Only the server puts one in. */
static int read_key_box(struct rms_arena *arena, struct rms_pl *pl)
{
    const struct rms_xnode *own;

    if (pl->clc != NULL) {
        return 0;
    }
    RMS_TRY(rms_xread_own(pl->node->body, RMS_XDATA_TRACKING, RMS_XOWN_KEY_BOX, &own));
    return own != NULL ? rms_xread_base64(arena, own, &pl->key_box) : 0;
}

/* The CLC is in it, because what is read of a PL depends on whether it was there. */
static void make_key(struct rms_pl *pl)
{
    uint8_t bytes[RMS_RSA_BYTES_MAX + 2 * RMS_HASH_MAX] = {0};
    struct rms_view signature = pl->node->signature;
    size_t len = signature.len <= RMS_RSA_BYTES_MAX ? signature.len : 0;

    if (len > 0) {
        memcpy(bytes, signature.data, len);
    }
    memcpy(bytes + len, pl->node->body_hash, RMS_HASH_MAX);
    if (pl->clc != NULL) {
        memcpy(bytes + len + RMS_HASH_MAX, pl->clc->body_hash, RMS_HASH_MAX);
    }
    rms_hash(RMS_SHA256, rms_view_of(bytes, len + 2 * RMS_HASH_MAX), pl->key);
}

int rms_pl_parse(struct rms_arena *arena, struct rms_view bytes, struct rms_pl *pl_out)
{
    struct rms_pl pl = {0};
    const struct rms_xnode *validity;
    struct rms_texts texts;

    RMS_TRY(rms_chain_parse(arena, bytes, &pl.chain));
    pl.node = &pl.chain.nodes[0];
    if (pl.node->kind != RMS_DOC_PL) {
        return RMS_E_BAD_LICENSE;
    }
    RMS_TRY(rms_xread_single(pl.node->body, "VALIDITYTIME", &validity));
    RMS_TRY(rms_xread_range(validity, &pl.valid_from, &pl.valid_until));
    RMS_TRY(rms_texts_read(arena, pl.node->body, pl.descriptor_id, &texts));
    pl.texts = texts.texts;
    pl.text_count = texts.count;
    RMS_TRY(read_points(arena, &pl));
    RMS_TRY(read_principals(arena, &pl));
    RMS_TRY(read_work(arena, &pl));
    RMS_TRY(read_owner_bound(&pl));
    RMS_TRY(read_data(arena, &pl));
    find_relatives(&pl);
    RMS_TRY(read_issuer(arena, &pl));
    RMS_TRY(read_key_box(arena, &pl));
    make_key(&pl);
    *pl_out = pl;
    return 0;
}

/* --- the transplant defence ----------------------------------------------------------------------- */

static bool same_address(const char *a, const char *b)
{
    char norm_a[RMS_ADDRESS_MAX];
    char norm_b[RMS_ADDRESS_MAX];

    if (rms_address_normalise(a, norm_a) == 0 && rms_address_normalise(b, norm_b) == 0) {
        return strcmp(norm_a, norm_b) == 0;
    }
    return a[0] != 0 && strcmp(a, b) == 0;
}

static bool is_principal(const struct rms_xobject *who, const char *address)
{
    if (who->name != NULL && same_address(who->name, address)) {
        return true;
    }
    for (size_t i = 0; i < who->address_count; i++) {
        const struct rms_xaddress *alias = &who->addresses[i];

        if (alias->type != NULL && strcmp(alias->type, "email_alias") == 0 && alias->value != NULL &&
            same_address(alias->value, address)) {
            return true;
        }
    }
    return false;
}

/* What rights data leave out they do not contradict; that is enough only where the server, which had checked
 * them, signed the PL itself. */
int rms_pl_check_binding(const struct rms_pl *pl, const struct rms_erd *erd)
{
    bool by_server = pl->node->has_signature && pl->clc == NULL;
    bool content =
        erd->binding.content_id != NULL ? strcmp(erd->binding.content_id, pl->content_id) == 0 : by_server;
    bool owner = erd->binding.owner != NULL ? same_address(erd->binding.owner, pl->owner) : by_server;

    if (!erd->official && (!content || !owner)) {
        return RMS_E_BAD_LICENSE;
    }
    if (pl->clc != NULL && !is_principal(&pl->clc->subject, pl->owner)) {
        return RMS_E_BAD_LICENSE;
    }
    return 0;
}
