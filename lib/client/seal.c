#include "client/seal.h"

#include "base/clock.h"
#include "base/mem.h"
#include "base/text.h"
#include "client/issue.h"
#include "crypto/base64.h"

#define EC_SIGNATURE 64u
#define STEP         RMS_TREE_LEAF_MAX

/* --- making --- */

/* The cipher text that a clear content of this size becomes. */
static uint64_t content_len(enum rms_cipher_mode mode, uint64_t clear_size)
{
    if (mode == RMS_MODE_CBC4K_NOPAD) {
        return (clear_size + RMS_CONTENT_BLOCK - 1) / RMS_CONTENT_BLOCK * RMS_CONTENT_BLOCK;
    }
    return rms_content_encrypted_len(mode, clear_size);
}

int rms_sealer_begin(const struct rms_sealer_about *about, struct rms_sealer *sealing_out)
{
    struct rms_sealer *sealing = sealing_out;

    *sealing = (struct rms_sealer){.content_id = about->content_id};
    sealing->seal.form = (unsigned)about->kind + 1;
    sealing->seal.sealed_at = rms_clock_now();
    sealing->seal.clear_size = about->clear_size;
    sealing->seal.content_len = content_len(about->mode, about->clear_size);
    rms_hash(RMS_SHA256, about->licence, sealing->seal.licence);
    if (about->kind == RMS_CONTAINER_PDF) {
        return 0;
    }
    sealing->hashes = rms_malloc((size_t)rms_tree_size(sealing->seal.content_len));
    return sealing->hashes != NULL ? 0 : RMS_E_NO_MEMORY;
}

void rms_sealer_fini(struct rms_sealer *sealing)
{
    rms_free(sealing->hashes);
    sealing->hashes = NULL;
}

uint64_t rms_sealer_len(const struct rms_sealer *sealing)
{
    size_t signature = sealing->author != NULL ? EC_SIGNATURE : rms_rsa_public_of(sealing->editor)->bits / 8;

    return rms_seal_len(signature, sealing->seal.proof.len) +
           (sealing->hashes != NULL ? rms_tree_size(sealing->seal.content_len) : 0);
}

static int sign(const struct rms_sealer *sealing, struct rms_buf *signature)
{
    uint8_t digest[RMS_HASH_MAX];
    uint8_t fixed[EC_SIGNATURE];

    RMS_TRY(rms_seal_digest(&sealing->seal, sealing->content_id, digest));
    if (sealing->author == NULL) {
        return rms_rsa_sign(sealing->editor, RMS_SHA256, digest, signature);
    }
    RMS_TRY(rms_ec_sign(sealing->author, digest, fixed));
    rms_buf_append(signature, fixed, sizeof fixed);
    return rms_buf_status(signature);
}

int rms_sealer_end(struct rms_sealer *sealing, struct rms_buf *out)
{
    struct rms_buf RMS_BUF_CLEANUP signature = RMS_BUF_INIT(RMS_SEAL_SIGNATURE_MAX);
    struct rms_seal *seal = &sealing->seal;

    if (sealing->hashes != NULL) {
        rms_tree_finish(sealing->hashes, seal->content_len, seal->root);
    }
    seal->signer = sealing->author != NULL ? RMS_SEAL_AUTHOR : RMS_SEAL_EDITOR;
    RMS_TRY(sign(sealing, &signature));
    seal->signature = rms_buf_view(&signature);
    RMS_TRY(rms_seal_emit(seal, out));
    seal->signature = rms_view_of(NULL, 0);
    if (sealing->hashes != NULL) {
        rms_buf_append(out, sealing->hashes, (size_t)rms_tree_size(seal->content_len));
    }
    return rms_buf_status(out);
}

int rms_seal_written(const struct rms_sealer_about *about, const struct rms_ec_private *author,
    const struct rms_part *content, struct rms_buf *out)
{
    struct rms_sealer RMS_SEALER_CLEANUP sealer = {0};

    RMS_TRY(rms_sealer_begin(about, &sealer));
    sealer.author = author;
    sealer.seal.content_len = content->len;
    RMS_TRY(rms_tree_root(&content->reader, content->offset, content->len, sealer.seal.root));
    return rms_sealer_end(&sealer, out);
}

/* --- checking --- */

/* What cannot be read is as good as changed; only who cannot look keeps his own reason. */
static int broken(int status)
{
    static const int kept[] = {0, RMS_E_NO_MEMORY, RMS_E_LIMIT, RMS_E_IO, RMS_E_PERMISSION};

    for (size_t i = 0; i < sizeof kept / sizeof kept[0]; i++) {
        if (status == kept[i]) {
            return status;
        }
    }
    return RMS_E_BAD_SIGNATURE;
}

/* The key that the licence names; RMS_E_NOT_FOUND when it says nothing of a seal. */
static int read_key(const struct rms_pl *pl, struct rms_ec_public *key_out)
{
    struct rms_buf RMS_BUF_CLEANUP bytes = RMS_BUF_INIT(sizeof *key_out);

    for (size_t i = 0; i < pl->signed_count; i++) {
        if (strcmp(pl->signed_data[i].name, RMS_DATA_SEAL) == 0) {
            RMS_TRY(rms_base64_decode(rms_view_str(pl->signed_data[i].value), &bytes));
            if (bytes.len != sizeof *key_out) {
                return RMS_E_BAD_SIGNATURE;
            }
            memcpy(key_out, bytes.data, sizeof *key_out);
            return 0;
        }
    }
    return RMS_E_NOT_FOUND;
}

static bool same_owner(const char *a, const char *b)
{
    return a != NULL && b != NULL && b[0] != '\0' && rms_text_equal_nocase(a, b);
}

/* The author's licence for himself, which stands in the publishing licence: the certificate that signed the
 * one must have signed the other, since whoever writes the file can put anything there. */
static int own_licence(const struct rms_pl *pl, const struct rms_signed **node_out)
{
    if (pl->owner_ul == NULL || pl->clc == NULL) {
        return RMS_E_BAD_SIGNATURE;
    }
    RMS_TRY(rms_signed_issued_by(pl->node, pl->clc, false));
    *node_out = pl->owner_ul;
    return rms_signed_issued_by(pl->owner_ul, pl->clc, false);
}

/* A licence that a service gave. One that somebody's certificate signed is no proof: he could be anybody. */
static int given_licence(
    const struct rms_seal_case *about, struct rms_view proof, const struct rms_signed **node_out)
{
    const uint8_t *copy = rms_arena_copy(about->arena, proof.data, proof.len);
    struct rms_chain chain;

    if (copy == NULL) {
        return RMS_E_NO_MEMORY;
    }
    RMS_TRY(rms_chain_parse(about->arena, rms_view_of(copy, proof.len), &chain));
    RMS_TRY(rms_chain_verify(&chain, &about->trust));
    *node_out = &chain.nodes[0];
    return rms_chain_by_service(&chain) && chain.nodes[0].kind == RMS_DOC_UL ? 0 : RMS_E_BAD_SIGNATURE;
}

/* The licence must be for this content of this owner, and let its holder edit; its holder must have signed.
 */
static int check_editor(const struct rms_seal_case *about, const struct rms_seal *seal,
    const uint8_t digest[RMS_SHA256_BYTES], struct rms_sealed *sealed)
{
    const struct rms_signed *node = NULL;
    struct rms_ul ul;

    RMS_TRY(seal->proof.len > 0 ? given_licence(about, seal->proof, &node) : own_licence(about->pl, &node));
    RMS_TRY(rms_ul_parse(about->arena, node, &ul));
    if (strcmp(ul.content_id, about->pl->content_id) != 0 || !same_owner(ul.owner, about->pl->owner) ||
        !rms_rights_allow(&ul.rights, RMS_RIGHT_EDIT) || !node->has_subject_key || ul.issued_to == NULL) {
        return RMS_E_BAD_SIGNATURE;
    }
    sealed->by = ul.issued_to;
    sealed->edited = true;
    return rms_rsa_verify(&node->subject_key, RMS_SHA256, digest, seal->signature);
}

static int check_author(const struct rms_seal_case *about, const struct rms_seal *seal,
    const uint8_t digest[RMS_SHA256_BYTES], struct rms_sealed *sealed)
{
    struct rms_ec_public key;

    RMS_TRY(read_key(about->pl, &key));
    if (seal->signature.len != EC_SIGNATURE) {
        return RMS_E_BAD_SIGNATURE;
    }
    sealed->by = about->pl->issuer != NULL ? about->pl->issuer : about->pl->owner;
    return rms_ec_verify(&key, digest, seal->signature.data);
}

/* Does the record speak of this file? */
static bool fits(const struct rms_seal_case *about, const struct rms_seal *seal)
{
    const struct rms_container *container = about->container;
    uint8_t licence[RMS_HASH_MAX];

    rms_hash(RMS_SHA256, about->licence, licence);
    return seal->form == (unsigned)container->kind + 1 && seal->content_len == container->content.len &&
           memcmp(seal->licence, licence, sizeof seal->licence) == 0 &&
           (container->original_size == RMS_PFILE_SIZE_UNKNOWN ||
               container->original_size == seal->clear_size);
}

/* A PDF is read as a whole, so it is checked as a whole. */
static int check_payload(const struct rms_seal_case *about, const struct rms_seal *seal)
{
    const struct rms_part *content = &about->container->content;
    uint8_t root[RMS_HASH_MAX];

    RMS_TRY(rms_tree_root(&content->reader, content->offset, content->len, root));
    return memcmp(root, seal->root, sizeof seal->root) == 0 ? 0 : RMS_E_BAD_SIGNATURE;
}

static int check_record(const struct rms_seal_case *about, struct rms_view bytes, struct rms_sealed *sealed)
{
    const struct rms_part *place = &about->container->seal;
    uint8_t digest[RMS_HASH_MAX];
    struct rms_seal seal;
    bool is_pdf;
    size_t len;

    RMS_TRY(rms_seal_parse(bytes, &seal, &len));
    is_pdf = about->container->kind == RMS_CONTAINER_PDF;
    if (!fits(about, &seal) || place->len - len != (is_pdf ? 0 : rms_tree_size(seal.content_len))) {
        return RMS_E_BAD_SIGNATURE;
    }
    RMS_TRY(rms_seal_digest(&seal, about->pl->content_id, digest));
    RMS_TRY(seal.signer == RMS_SEAL_AUTHOR ? check_author(about, &seal, digest, sealed)
                                           : check_editor(about, &seal, digest, sealed));
    if (is_pdf) {
        RMS_TRY(check_payload(about, &seal));
    }
    sealed->whole = is_pdf;
    sealed->sealed_at = seal.sealed_at;
    sealed->clear_size = seal.clear_size;
    sealed->tree = (struct rms_tree){
        .content_len = seal.content_len, .hashes = place->reader, .hashes_offset = place->offset + len};
    memcpy(sealed->tree.root, seal.root, sizeof seal.root);
    sealed->present = true;
    return 0;
}

static int read_record(const struct rms_seal_case *about, struct rms_sealed *sealed)
{
    const struct rms_part *place = &about->container->seal;
    size_t len = place->len < RMS_SEAL_MAX ? (size_t)place->len : RMS_SEAL_MAX;
    struct rms_buf RMS_BUF_CLEANUP bytes = RMS_BUF_INIT(RMS_SEAL_MAX);
    uint8_t *room = rms_buf_reserve(&bytes, len);

    if (room == NULL) {
        return RMS_E_NO_MEMORY;
    }
    RMS_TRY(rms_reader_at(&place->reader, place->offset, room, len));
    return check_record(about, rms_view_of(room, len), sealed);
}

int rms_sealed_open(const struct rms_seal_case *about, struct rms_sealed *sealed_out)
{
    struct rms_ec_public key;
    int status = read_key(about->pl, &key);

    *sealed_out = (struct rms_sealed){.sealed_at = RMS_TIME_NONE};
    if (status == RMS_E_NOT_FOUND) {
        return 0;
    }
    if (status == 0) {
        status = about->container->seal.len > 0 ? read_record(about, sealed_out) : RMS_E_BAD_SIGNATURE;
    }
    if (status != 0) {
        *sealed_out = (struct rms_sealed){.sealed_at = RMS_TIME_NONE};
    }
    return broken(status);
}

int rms_sealed_all(const struct rms_sealed *sealed, const struct rms_part *content)
{
    uint8_t *window = rms_malloc(STEP);
    uint64_t done = sealed->whole ? content->len : 0;
    int status = window != NULL ? 0 : RMS_E_NO_MEMORY;

    while (status == 0 && done < content->len) {
        size_t len = content->len - done < STEP ? (size_t)(content->len - done) : STEP;

        status = rms_reader_at(&content->reader, content->offset + done, window, len);
        if (status == 0) {
            status = rms_tree_check(&sealed->tree, done, rms_view_of(window, len));
        }
        done += len;
    }
    rms_free(window);
    return broken(status);
}
