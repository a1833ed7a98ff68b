/* Licences in words, for people who look at foreign ones. */
#include "base/text.h"
#include "xrml/licence.h"

static const char *const document_names[] = {
    [RMS_DOC_UNKNOWN] = "unknown document",
    [RMS_DOC_CA] = "authority certificate",
    [RMS_DOC_SLC] = "server licensor certificate",
    [RMS_DOC_SPC] = "machine certificate",
    [RMS_DOC_RAC] = "account certificate",
    [RMS_DOC_CLC] = "client licensor certificate",
    [RMS_DOC_PL] = "publishing licence",
    [RMS_DOC_UL] = "use licence",
    [RMS_DOC_TEMPLATE] = "rights template",
    [RMS_DOC_ERD] = "rights data",
};

const char *rms_document_name(enum rms_document_kind kind)
{
    return document_names[kind];
}

/* Names come from strangers and go to a terminal. */
static void append_name(struct rms_buf *out, const struct rms_xobject *object)
{
    const char *name = object->name != NULL && object->name[0] != 0 ? object->name : object->id;

    if (name == NULL || name[0] == 0) {
        rms_buf_append_str(out, "an unnamed issuer");
    } else if (rms_text_printable(rms_view_str(name))) {
        rms_buf_printf(out, "\"%s\"", name);
    } else {
        rms_buf_append_str(out, "an issuer with an unprintable name");
    }
}

/* The certificate in the chain whose key the node names; chain->count when there is none. */
static size_t parent_of(const struct rms_chain *chain, size_t child)
{
    const struct rms_signed *node = &chain->nodes[child];

    for (size_t i = 0; i < chain->count; i++) {
        if (i != child && rms_signed_issued_by(node, &chain->nodes[i], true) == 0) {
            return i;
        }
    }
    return chain->count;
}

static void append_signature(struct rms_buf *out, const struct rms_chain *chain, size_t i)
{
    const struct rms_signed *node = &chain->nodes[i];
    size_t parent = parent_of(chain, i);

    if (!node->has_signature) {
        rms_buf_append_str(out, "not signed");
    } else if (!node->has_issuer_key) {
        rms_buf_append_str(out, "signature not checkable (no key named)");
    } else if (rms_signed_verify(node, &node->issuer_key, true) != 0) {
        rms_buf_append_str(out, "signature BAD");
    } else if (parent < chain->count) {
        rms_buf_printf(out, "signature consistent, issued by certificate %zu", parent + 1);
    } else {
        rms_buf_append_str(out, "signature consistent with the key it names");
    }
}

static void append_key(struct rms_buf *out, const struct rms_signed *node)
{
    uint8_t print[RMS_SHA256_BYTES];

    if (!node->has_issuer_key) {
        return;
    }
    rms_rsa_fingerprint(&node->issuer_key, print);
    rms_buf_printf(out, ", RSA-%u %02x%02x%02x%02x%02x%02x%02x%02x", node->issuer_key.bits, print[0],
        print[1], print[2], print[3], print[4], print[5], print[6], print[7]);
}

static void describe_node(struct rms_buf *out, const struct rms_chain *chain, size_t i)
{
    const struct rms_signed *node = &chain->nodes[i];
    char issued[RMS_TIME_TEXT];

    rms_buf_printf(out, "%zu. %s", i + 1, rms_document_name(node->kind));
    if (node->issued_at != RMS_TIME_NONE) {
        rms_time_xrml(node->issued_at, issued);
        rms_buf_printf(out, " of %s", issued);
    }
    rms_buf_append_str(out, ", issued by ");
    append_name(out, &node->issuer);
    append_key(out, node);
    if (node->has_signature) {
        rms_buf_append_str(out, node->hash == RMS_SHA256 ? ", SHA-256: " : ", SHA-1: ");
    } else {
        rms_buf_append_str(out, ": ");
    }
    append_signature(out, chain, i);
    rms_buf_append_byte(out, '\n');
}

void rms_chain_describe(const struct rms_chain *chain, struct rms_buf *out)
{
    for (size_t i = 0; i < chain->count; i++) {
        describe_node(out, chain, i);
    }
}
