/* Licences and certificates as C values: parse, verify, build and sign (xrml-licences sections 1 to 3).
 *
 * Everything parsed lives in the arena it was given. Strings are borrowed from it. What a document says is
 * only to be believed after rms_chain_verify; the parse itself promises shape, not truth. */
#ifndef RMS_XRML_LICENCE_H
#define RMS_XRML_LICENCE_H

#include "base/guid.h"
#include "base/time.h"
#include "policy/policy.h"
#include "xrml/enabling.h"
#include "xrml/node.h"

enum rms_document_kind {
    RMS_DOC_UNKNOWN,
    RMS_DOC_CA,       /* DRM-CA-Certificate and the SPC side's CAs */
    RMS_DOC_SLC,      /* Server-Licensor-Certificate (also the enrolment service's) */
    RMS_DOC_SPC,      /* Machine-Certificate */
    RMS_DOC_RAC,      /* Group-Identity-Credential */
    RMS_DOC_CLC,      /* Client-Licensor-Certificate */
    RMS_DOC_PL,       /* Microsoft Rights Label */
    RMS_DOC_UL,       /* Content-License */
    RMS_DOC_TEMPLATE, /* Microsoft Official Rights Template */
    RMS_DOC_ERD,      /* Microsoft Rights Template */
};

struct rms_xaddress {
    const char *type;
    const char *value;
};

/* OBJECT (section 2). Absent texts are NULL. */
struct rms_xobject {
    const char *type;
    const char *id_type;
    const char *id;
    const char *name;
    const struct rms_xaddress *addresses;
    size_t address_count;
    struct rms_view source;
};

/* One XrML element with its signature, before any meaning. */
struct rms_signed {
    enum rms_document_kind kind;
    const struct rms_xnode *xrml;
    const struct rms_xnode *body;
    struct rms_view body_text; /* the hashed characters */
    bool has_signature;
    enum rms_hash hash;
    struct rms_view digest;          /* as written in DIGEST, decoded */
    uint8_t body_hash[RMS_HASH_MAX]; /* of body_text as it is; zero without signature */
    struct rms_view signature;       /* decoded */
    int64_t issued_at;
    struct rms_xobject issuer;
    bool has_issuer_key;
    struct rms_rsa_public issuer_key; /* as the document claims */
    struct rms_xobject subject;       /* ISSUEDPRINCIPALS/PRINCIPAL/OBJECT */
    bool has_subject_key;
    struct rms_rsa_public subject_key;
};

struct rms_chain {
    struct rms_xtext text;
    const struct rms_signed *nodes; /* leaf first, as written */
    size_t count;
};

#define RMS_CHAIN_MAX 16

RMS_MUST_USE int rms_chain_parse(struct rms_arena *arena, struct rms_view bytes, struct rms_chain *chain_out);

/* Signature of one node with a key from outside the node: hash, DIGEST element and signature must all agree
 * (section 1 rule 7), algorithms must match. allow_legacy accepts SHA-1 and 1024 bits, else
 * RMS_E_WEAK_CRYPTO. */
RMS_MUST_USE int rms_signed_verify(
    const struct rms_signed *node, const struct rms_rsa_public *key, bool allow_legacy);

/* Does parent issue child (section 1.3 rules 1 to 3, without "now")? 0 or RMS_E_BAD_SIGNATURE. */
RMS_MUST_USE int rms_signed_issued_by(
    const struct rms_signed *child, const struct rms_signed *parent, bool allow_legacy);

struct rms_trust {
    const struct rms_rsa_public *keys; /* configured anchors and own SLC keys */
    size_t key_count;
    bool allow_legacy; /* SHA-1, RSA-1024: reading only */
    /* Anchors known by the SHA-256 of their big-endian modulus only (rms_rsa_fingerprint); may be NULL. */
    const uint8_t (*fingerprints)[RMS_SHA256_BYTES];
    size_t fingerprint_count;
};

/* Verifies the leaf: its issuer key is an anchor, or a node of the chain issued it and is itself proved the
 * same way. RMS_E_BAD_SIGNATURE when a signature on the way does not hold, RMS_E_UNKNOWN_KEY when it ends at
 * no anchor, RMS_E_WEAK_CRYPTO when it needs algorithms that are not allowed. Every other node must hold by
 * the key it names and by its certificate in the chain, and PL, UL, CLC and RAC nodes must be proved like the
 * leaf; certificates above an anchor need not be. Which kind may issue which is fixed: a CLC issues PLs and
 * ULs only. */
RMS_MUST_USE int rms_chain_verify(const struct rms_chain *chain, const struct rms_trust *trust);

/* Did a service make the leaf, and no person's own certificate (a CLC, which everybody has)? Of a verified
 * chain. */
bool rms_chain_by_service(const struct rms_chain *chain);

/* The server key a licence stands on, when all its signatures hold by it; else NULL. Whether it is the key of
 * a service is for others to say. */
const struct rms_rsa_public *rms_chain_licensor(const struct rms_chain *chain);

/* Every node good under the key it names itself: whole, though perhaps nobody's. */
bool rms_chain_consistent(const struct rms_chain *chain);

/* For people: a line for each node with kind, issuer, key, hash and whether the signature is good, under the
 * key of a certificate in the chain or the one the node itself names. Consistent is not trusted: that is
 * rms_chain_verify. */
void rms_chain_describe(const struct rms_chain *chain, struct rms_buf *out);

/* "publishing licence" and so on. */
const char *rms_document_name(enum rms_document_kind kind);

/* --- certificates: SLC, SPC, RAC, CLC ------------------------------------------------------------- */

struct rms_certificate {
    const struct rms_signed *node;
    int64_t valid_from, valid_until;      /* VALIDITYTIME; RMS_TIME_NONE when absent */
    int64_t issue_from, issue_until;      /* RANGETIME of the right ISSUE; RMS_TIME_NONE when absent */
    const char *address;                  /* RAC, CLC: primary e-mail (OBJECT/NAME), normalised */
    struct rms_enabling_bits bits;        /* RAC: to the machine key; CLC: to the RAC key */
    uint8_t bits_bound[RMS_SHA256_BYTES]; /* by their type; SHA-1 filled up with 0 */
    const char *licensing_url;            /* CLC, extranet if given else intranet; may be NULL */
    const char *created_at_text;          /* RAC: Credential-Creation-Time, may be NULL */
};

RMS_MUST_USE int rms_certificate_parse(struct rms_arena *arena, const struct rms_signed *node,
    enum rms_document_kind expected, struct rms_certificate *certificate_out);

/* The device that an SPC is of, or a RAC for; "" when it is not named by a GUID. */
RMS_MUST_USE int rms_certificate_machine(
    const struct rms_certificate *certificate, char machine_out[RMS_GUID_TEXT]);

/* A private operation that may live in another process. */
struct rms_signer {
    struct rms_rsa_public key;
    int (*sign)(void *context, enum rms_hash hash, const uint8_t *digest, struct rms_buf *signature);
    void *context;
    bool legacy; /* a key of 1024 bits may sign: its use was declared a migration (S-209) */
};

/* A body and its signature, made elsewhere. */
struct rms_signed_body {
    struct rms_view body;
    const uint8_t *digest; /* RMS_SHA256_BYTES, of its UTF-16 form */
    struct rms_view signature;
};

/* A signer over a local private key; context borrows it. */
struct rms_signer rms_signer_local(const struct rms_rsa_private *key);

/* The server as issuer: made once from its SLC, used for every document. */
struct rms_server {
    struct rms_certificate slc;
    struct rms_rsa_public key;
    const char *guid; /* of the principal */
    const char *name;
    struct rms_view slc_text; /* the SLC's whole XrML element */
    const char *issuer_text;  /* <ISSUER>...</ISSUER> written into documents */
    uint8_t issuer_bound[RMS_SHA256_BYTES];
    const char *principals_head, *principals_tail; /* <ISSUEDPRINCIPALS>... around ENABLINGBITS in a PL */
    uint8_t principals_bound[RMS_SHA256_BYTES];
    const char *intranet_url, *extranet_url; /* licensing URLs for PLs and CLCs, without file name */
};

/* slc: text of the self-signed SLC. URLs are copied. */
RMS_MUST_USE int rms_server_init(struct rms_arena *arena, struct rms_view slc, const char *intranet_url,
    const char *extranet_url, struct rms_server *server_out);

struct rms_slc_request {
    const char *guid; /* server GUID, plain */
    const char *name;
    const char *url; /* .../_wmcs */
    const char *tenant_id;
    int64_t issued_at;
    int64_t valid_until;
    const struct rms_rsa_public *key; /* certified; NULL: the signer's own */
};

/* SLC (section 3.1), self-signed, or of another key of the same server: such a one leads from key to key
 * (doc/protocol/desktop-flow.md). Appends UTF-8 text without BOM, one line. So do all builders below. */
RMS_MUST_USE int rms_slc_build(
    const struct rms_slc_request *request, const struct rms_signer *signer, struct rms_buf *out);

/* SPC, self-activated by the client (section 3.2): machine key certifies itself. */
RMS_MUST_USE int rms_spc_build(
    const char *machine_guid, int64_t now, const struct rms_signer *machine, struct rms_buf *out);

struct rms_rac_request {
    const char *user_guid;
    const char *address; /* primary */
    const char *const *aliases;
    size_t alias_count;
    int64_t issued_at; /* FROM is 15 minutes earlier */
    int64_t valid_until;
    int64_t account_created_at; /* RMS_TIME_NONE = left out */
    struct rms_rsa_public user_key;
    const struct rms_certificate *machine; /* the SPC */
    struct rms_view bits; /* user private key sealed to the machine key, bound to server->issuer_bound */
};

RMS_MUST_USE int rms_rac_build(const struct rms_server *server, const struct rms_rac_request *request,
    const struct rms_signer *signer, struct rms_buf *out);

struct rms_clc_request {
    const struct rms_certificate *rac;
    struct rms_rsa_public key;
    struct rms_view bits; /* CLC private key sealed to the RAC key, bound to server->issuer_bound */
    int64_t issued_at;
    int64_t valid_until;
};

RMS_MUST_USE int rms_clc_build(const struct rms_server *server, const struct rms_clc_request *request,
    const struct rms_signer *signer, struct rms_buf *out);

/* --- rights data and templates: the XrML form of a policy ----------------------------------------- */

/* What the rights data repeats of the licence around it (section 3.8, transplant defence section 8.2). */
struct rms_erd_binding {
    const char *content_id; /* plain GUID; NULL in templates */
    const char *owner;      /* NULL in templates */
    int64_t issued_at;
};

RMS_MUST_USE int rms_erd_build(
    const struct rms_policy *policy, const struct rms_erd_binding *binding, struct rms_buf *out);

/* Signed official template (section 3.7). */
RMS_MUST_USE int rms_template_build(const struct rms_server *server, const struct rms_policy *policy,
    int64_t now, const struct rms_signer *signer, struct rms_buf *out);

/* From rights data or a template. official: it is a signed official template (then verify node before
 * believing it). binding: texts NULL when absent. policy.signed_data is what our rights data repeat of it;
 * foreign ones do not, there only the PL tells. */
struct rms_erd {
    bool official;
    struct rms_signed node;
    struct rms_policy policy;
    struct rms_erd_binding binding;
    size_t unknown_principals; /* left out: neither address nor Anyone or Owner (SIDs, malformed names) */
};
RMS_MUST_USE int rms_erd_parse(struct rms_arena *arena, struct rms_view bytes, struct rms_erd *erd_out);

/* What templates of other products say beyond a policy (S-121). */
struct rms_template_extras {
    bool owner_entry;                         /* the owner has every right, without an end */
    const struct rms_name_value *unsupported; /* a name for each, and its source as it was signed */
    size_t unsupported_count;
};
#define RMS_TEMPLATE_UNSUPPORTED_MAX 16 /* more are not told */
RMS_MUST_USE int rms_template_extras_read(
    struct rms_arena *arena, const struct rms_erd *erd, struct rms_template_extras *extras_out);

/* --- publishing licence ---------------------------------------------------------------------------- */

struct rms_pl {
    struct rms_chain chain;
    const struct rms_signed *node;     /* the PL itself: chain.nodes[0] */
    const struct rms_signed *clc;      /* client-signed: the CLC in the chain, else NULL */
    const struct rms_signed *owner_ul; /* the author's own use licence in the chain, else NULL */
    int64_t valid_from, valid_until;
    char descriptor_id[RMS_GUID_TEXT]; /* "" when absent */
    const struct rms_policy_text *texts;
    size_t text_count;
    const char *intranet_url, *extranet_url, *referral;
    struct rms_enabling_bits bits;
    uint8_t bits_bound[RMS_SHA256_BYTES];  /* by their type */
    uint8_t owner_bound[RMS_SHA256_BYTES]; /* rms_pl_owner_bound; zeros when the owner is no address */
    char content_id[RMS_GUID_TEXT];
    const char *owner; /* as written; normalise before comparing; "" when absent */
    /* Who protected, normalised: the CLC's principal, or our LICENSEMETADATA OpenRMS.Issuer of a
     * server-signed PL; may be NULL. */
    const char *issuer;
    struct rms_view erd;     /* decoded ciphertext */
    struct rms_view key_box; /* decoded LICENSEMETADATA OpenRMS.KeyBox of a server-signed PL; may be empty */
    const struct rms_name_value *signed_data; /* APPSPECIFIC and LICENSEMETADATA, without our own */
    size_t signed_count;
    /* SHA-256 of SIGNATURE value, body hash and, where there is one, the CLC's body hash: names a verified PL
     * in caches. */
    uint8_t key[RMS_SHA256_BYTES];
};

RMS_MUST_USE int rms_pl_parse(struct rms_arena *arena, struct rms_view bytes, struct rms_pl *pl_out);

/* What is made of the content key for its PL. */
struct rms_pl_made {
    struct rms_view bits; /* the key sealed to the server key, bound by rms_pl_owner_bound */
    struct rms_view erd;  /* encrypted rights data */
    struct rms_view
        key_box; /* the key for the server itself; empty in client-signed ones, may be in others */
};

struct rms_pl_request {
    const struct rms_policy *policy;
    const char *content_id;
    const char *owner;
    const char *issuer;
    int64_t issued_at;
    struct rms_pl_made made;           /* rms_pl_build only */
    const struct rms_certificate *clc; /* client-signed: the CLC, whose text is appended; else NULL */
    struct rms_view owner_ul; /* client-signed: the author's use licence text to append, may be empty */
};

/* What the content key of a PL is sealed with (rms_enabling_seal_owned_key), so that the blob opens in no PL
 * for another owner or content (section 8.2): SHA-256 of principals_bound of the server, the content id as
 * plain GUID, a zero byte, the owner's normalised address. RMS_E_BAD_ARGUMENT for a bad owner or id. */
RMS_MUST_USE int rms_pl_owner_bound(const uint8_t principals_bound[RMS_SHA256_BYTES], const char *content_id,
    const char *owner, uint8_t bound_out[RMS_SHA256_BYTES]);

/* The PL as stored in files: UTF-8 with BOM and declaration, PL first, then CLC, owner UL and SLC where
 * given. signer is the server (online) or the CLC key (offline). */
RMS_MUST_USE int rms_pl_build(const struct rms_server *server, const struct rms_pl_request *request,
    const struct rms_signer *signer, struct rms_buf *out);

/* The same in steps, for whom the content key must not leave the process that signs: the body without what is
 * made of the key (views into text), completed there and hashed, and the whole PL of the server. */
struct rms_pl_draft {
    struct rms_view head, middle, tail; /* before the bits, between them and the rights data, behind those */
};
RMS_MUST_USE int rms_pl_draft(const struct rms_server *server, const struct rms_pl_request *request,
    struct rms_buf *text, struct rms_pl_draft *draft_out);
RMS_MUST_USE int rms_pl_complete(
    const struct rms_pl_draft *draft, const struct rms_pl_made *made, struct rms_buf *body);
RMS_MUST_USE int rms_pl_finish(const struct rms_signed_body *body, struct rms_buf *out);

/* The transplant defence in the rights data (section 8.2): they must name the PL's content id and
 * owner when ad hoc; a client-signed PL's owner must be the CLC's principal. RMS_E_BAD_LICENSE otherwise. */
RMS_MUST_USE int rms_pl_check_binding(const struct rms_pl *pl, const struct rms_erd *erd);

/* --- use licence ------------------------------------------------------------------------------------ */

struct rms_ul_request {
    const struct rms_pl *pl; /* NULL only for a client's own owner UL, then the next two count */
    const char *content_id, *owner;
    const struct rms_certificate *rac;
    const struct rms_rights *rights;
    struct rms_view bits; /* content key sealed to the RAC key, bound to the issuer's text */
    int64_t issued_at;
    int64_t content_valid_until;       /* RMS_TIME_NONE = none */
    int64_t licence_valid_until;       /* RMS_TIME_NONE = unlimited; == issued_at: not to be stored */
    const struct rms_name_value *data; /* encrypted application data of the policy */
    size_t data_count;
    bool removal_extract; /* the tenant lets EXTRACT remove protection (S-079) */
};

/* Issued by the server, or by a CLC (issuer_clc not NULL) for its own owner (S-137). */
RMS_MUST_USE int rms_ul_build(const struct rms_server *server, const struct rms_certificate *issuer_clc,
    const struct rms_ul_request *request, const struct rms_signer *signer, struct rms_buf *out);

/* The digest a UL's or CLC-issued document's bits are bound to when the issuer is this CLC. */
RMS_MUST_USE int rms_clc_issuer_bound(const struct rms_certificate *clc, uint8_t bound_out[RMS_SHA256_BYTES]);

struct rms_ul {
    const struct rms_signed *node;
    char id[RMS_GUID_TEXT];
    char content_id[RMS_GUID_TEXT];
    const char *owner;
    const char *issued_to;
    struct rms_rights rights;
    struct rms_enabling_bits bits;
    uint8_t bits_bound[RMS_SHA256_BYTES];
    int64_t content_valid_until, licence_valid_until;
    bool no_cache;
    bool removal_extract;
    const struct rms_name_value *data;
    size_t data_count;
};

RMS_MUST_USE int rms_ul_parse(struct rms_arena *arena, const struct rms_signed *node, struct rms_ul *ul_out);

#endif
