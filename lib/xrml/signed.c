#include <string.h>

#include "xrml/licence.h"
#include "xrml/xread.h"

struct kind_row {
    const char *name;
    enum rms_document_kind kind;
};

static const struct kind_row by_body[] = {
    {"Microsoft Rights Label", RMS_DOC_PL},
    {"Microsoft Official Rights Template", RMS_DOC_TEMPLATE},
    {"Microsoft Rights Template", RMS_DOC_ERD},
    {NULL, RMS_DOC_UNKNOWN},
};

static const struct kind_row by_descriptor[] = {
    {"DRM-CA-Certificate", RMS_DOC_CA},
    {"Server-Licensor-Certificate", RMS_DOC_SLC},
    {"Machine-Certificate", RMS_DOC_SPC},
    {"Group-Identity-Credential", RMS_DOC_RAC},
    {"Client-Licensor-Certificate", RMS_DOC_CLC},
    {"Content-License", RMS_DOC_UL},
    {NULL, RMS_DOC_UNKNOWN},
};

/* The certificates above a machine certificate, known by whom they certify (section 3.1). */
static const struct kind_row by_subject[] = {
    {"DRM-Certificate-Authority", RMS_DOC_CA},
    {"DRM-Desktop-Security-Processor-Certificate-Authority", RMS_DOC_CA},
    {"MS-DRM-Desktop-Security-Processor", RMS_DOC_CA},
    {NULL, RMS_DOC_UNKNOWN},
};

static enum rms_document_kind look_up(const struct kind_row *row, const char *name)
{
    while (name != NULL && row->name != NULL) {
        if (strcmp(row->name, name) == 0) {
            return row->kind;
        }
        row++;
    }
    return RMS_DOC_UNKNOWN;
}

static int find_kind(struct rms_signed *node)
{
    const char *type = rms_xnode_attr(node->body, "type");
    const struct rms_xnode *object;

    node->kind = look_up(by_body, type);
    if (node->kind != RMS_DOC_UNKNOWN || type == NULL || strcmp(type, "LICENSE") != 0) {
        return 0;
    }
    RMS_TRY(rms_xread_path(node->body, "DESCRIPTOR/OBJECT", &object));
    node->kind = look_up(by_descriptor, rms_xnode_attr(object, "type"));
    if (node->kind == RMS_DOC_UNKNOWN) {
        node->kind = look_up(by_subject, node->subject.type);
    }
    return 0;
}

/* OBJECT and PUBLICKEY of an ISSUER or PRINCIPAL. */
static int read_principal(struct rms_arena *arena, const struct rms_xnode *node, struct rms_xobject *object,
    struct rms_rsa_public *key, bool *has_key)
{
    const struct rms_xnode *object_node;
    const struct rms_xnode *key_node;

    RMS_TRY(rms_xread_single(node, "OBJECT", &object_node));
    RMS_TRY(rms_xread_single(node, "PUBLICKEY", &key_node));
    RMS_TRY(rms_xread_object(arena, object_node, object));
    *has_key = key_node != NULL;
    return key_node != NULL ? rms_xread_public_key(key_node, key) : 0;
}

static int read_parties(struct rms_arena *arena, struct rms_signed *node)
{
    const struct rms_xnode *issuer;
    const struct rms_xnode *principal;

    RMS_TRY(rms_xread_single(node->body, "ISSUER", &issuer));
    RMS_TRY(rms_xread_path(node->body, "ISSUEDPRINCIPALS/PRINCIPAL", &principal));
    RMS_TRY(read_principal(arena, issuer, &node->issuer, &node->issuer_key, &node->has_issuer_key));
    return read_principal(arena, principal, &node->subject, &node->subject_key, &node->has_subject_key);
}

/* The specification's prose spells them with a hyphen, the documents do not (section 1 rule 3). */
static int read_hash_name(const struct rms_xnode *node, enum rms_hash *hash_out)
{
    if (rms_xread_is(node, "SHA256") || rms_xread_is(node, "SHA-256")) {
        *hash_out = RMS_SHA256;
        return 0;
    }
    *hash_out = RMS_SHA1;
    return rms_xread_is(node, "SHA1") || rms_xread_is(node, "SHA-1") ? 0 : RMS_E_BAD_LICENSE;
}

static int read_digest(struct rms_arena *arena, const struct rms_xnode *digest, struct rms_signed *node)
{
    const struct rms_xnode *algorithm;
    const struct rms_xnode *coding;
    const struct rms_xnode *value;

    RMS_TRY(rms_xread_single(digest, "ALGORITHM", &algorithm));
    RMS_TRY(rms_xread_path(digest, "PARAMETER/VALUE", &coding));
    RMS_TRY(rms_xread_single(digest, "VALUE", &value));
    RMS_TRY(read_hash_name(algorithm, &node->hash));
    if (coding != NULL && !rms_xread_is(coding, "surface-coding")) {
        return RMS_E_BAD_LICENSE;
    }
    RMS_TRY(rms_xread_value(arena, value, &node->digest));
    return node->digest.len == rms_hash_size(node->hash) ? 0 : RMS_E_BAD_LICENSE;
}

static int read_signature(struct rms_arena *arena, const struct rms_xnode *signature, struct rms_signed *node)
{
    const struct rms_xnode *digest;
    const struct rms_xnode *algorithm;
    const struct rms_xnode *value;

    if (signature == NULL) {
        return 0;
    }
    RMS_TRY(rms_xread_single(signature, "DIGEST", &digest));
    RMS_TRY(rms_xread_single(signature, "ALGORITHM", &algorithm));
    RMS_TRY(rms_xread_single(signature, "VALUE", &value));
    if (!rms_xread_is(algorithm, "RSA PKCS#1-V1.5")) {
        return RMS_E_BAD_LICENSE;
    }
    RMS_TRY(read_digest(arena, digest, node));
    RMS_TRY(rms_xread_value(arena, value, &node->signature));
    node->has_signature = true;
    return rms_hash_utf16(node->hash, node->body_text, node->body_hash) == 0 ? 0 : RMS_E_BAD_LICENSE;
}

/* BODY and SIGNATURE are direct, single children; nothing else is there to be taken for one of them. */
static int check_shape(const struct rms_xnode *xrml)
{
    const struct rms_xnode *child;

    if (strcmp(xrml->name, "XrML") != 0) {
        return RMS_E_BAD_LICENSE;
    }
    for (child = xrml->first; child != NULL; child = child->next) {
        if (strcmp(child->name, "BODY") != 0 && strcmp(child->name, "SIGNATURE") != 0) {
            return RMS_E_BAD_LICENSE;
        }
    }
    return rms_xnode_count(xrml, "BODY") == 1 ? 0 : RMS_E_BAD_LICENSE;
}

static int parse_node(struct rms_arena *arena, const struct rms_xnode *xrml, struct rms_signed *node)
{
    const struct rms_xnode *signature;
    const struct rms_xnode *issued;

    RMS_TRY(check_shape(xrml));
    RMS_TRY(rms_xread_single(xrml, "SIGNATURE", &signature));
    node->xrml = xrml;
    node->body = rms_xnode_child(xrml, "BODY");
    node->body_text = node->body->source;
    RMS_TRY(rms_xread_single(node->body, "ISSUEDTIME", &issued));
    RMS_TRY(rms_xread_time(issued, &node->issued_at));
    RMS_TRY(read_parties(arena, node));
    RMS_TRY(find_kind(node));
    return read_signature(arena, signature, node);
}

static size_t count_nodes(const struct rms_xnode *root)
{
    const struct rms_xnode *child;
    size_t count = 0;

    for (child = root->first; child != NULL; child = child->next) {
        count++;
    }
    return count;
}

int rms_chain_parse(struct rms_arena *arena, struct rms_view bytes, struct rms_chain *chain_out)
{
    struct rms_chain chain = {0};
    struct rms_signed *nodes;
    const struct rms_xnode *xrml;

    RMS_TRY(rms_xtext_parse(arena, bytes, &chain.text));
    chain.count = count_nodes(chain.text.root);
    if (chain.count == 0 || chain.count > RMS_CHAIN_MAX || rms_xread_trimmed(chain.text.root).len > 0) {
        return RMS_E_BAD_LICENSE;
    }
    nodes = rms_arena_array(arena, chain.count, sizeof *nodes);
    if (nodes == NULL) {
        return RMS_E_NO_MEMORY;
    }
    xrml = chain.text.root->first;
    for (size_t i = 0; i < chain.count; i++) {
        RMS_TRY(parse_node(arena, xrml, &nodes[i]));
        xrml = xrml->next;
    }
    chain.nodes = nodes;
    *chain_out = chain;
    return 0;
}

int rms_signed_verify(const struct rms_signed *node, const struct rms_rsa_public *key, bool allow_legacy)
{
    int status;

    if (!node->has_signature) {
        return RMS_E_BAD_SIGNATURE;
    }
    if (!allow_legacy && (node->hash == RMS_SHA1 || key->bits < 2048)) {
        return RMS_E_WEAK_CRYPTO;
    }
    if (!rms_view_equal(node->digest, rms_view_of(node->body_hash, rms_hash_size(node->hash)))) {
        return RMS_E_BAD_SIGNATURE;
    }
    status = rms_rsa_verify(key, node->hash, node->body_hash, node->signature);
    return status == 0 || status == RMS_E_NO_MEMORY ? status : RMS_E_BAD_SIGNATURE;
}

static int sign_local(void *context, enum rms_hash hash, const uint8_t *digest, struct rms_buf *signature)
{
    const struct rms_rsa_private *key = context;

    return rms_rsa_sign(key, hash, digest, signature);
}

struct rms_signer rms_signer_local(const struct rms_rsa_private *key)
{
    /* sign_local gives the const back. */
    return (struct rms_signer){.key = *rms_rsa_public_of(key), .sign = sign_local, .context = (void *)key};
}
