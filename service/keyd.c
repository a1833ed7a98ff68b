/* keyd's state, and the operations that ask about it or manage keys. */
#include "service/keyd_internal.h"

#include <stdio.h>

#include "base/log.h"
#include "base/mem.h"
#include "crypto/random.h"
#include "service/keyd_masterkey.h"
#include "xrml/enabling.h"

/* --- life ------------------------------------------------------------------------------------------- */

/* The master key itself is used for nothing else. */
static struct rms_secret *derive(const struct rms_secret *master, const char *purpose)
{
    struct rms_secret *key = rms_secret_new(RMS_SHA256_BYTES);

    if (key != NULL) {
        rms_hkdf_sha256(rms_secret_view(master), rms_view_str("OpenRMS keyd"), rms_view_str(purpose),
            rms_secret_bytes(key), RMS_SHA256_BYTES);
    }
    return key;
}

static int derive_keys(struct rms_keyd *keyd, const struct rms_secret *master)
{
    keyd->locked = master == NULL;
    if (keyd->locked) {
        return 0;
    }
    keyd->sealing_key = rms_master_key_for_sealing(master);
    keyd->fingerprint_key = derive(master, "fingerprint v1");
    return keyd->sealing_key != NULL && keyd->fingerprint_key != NULL ? 0 : RMS_E_NO_MEMORY;
}

static int fill(struct rms_keyd *keyd, const struct rms_keyd_options *options)
{
    RMS_TRY(derive_keys(keyd, options->master_key));
    RMS_TRY(rms_keys_new(options->user_keys_max, &keyd->keys));
    RMS_TRY(rms_contents_new(options->open_keys_max, &keyd->contents));
    RMS_TRY(rms_stock_new(keyd->locked ? 0 : options->stock, &keyd->stock));
    RMS_TRY(rms_keyd_watch_new(keyd, &keyd->watch));
    return rms_keyd_server_new(keyd, options, &keyd->server);
}

int rms_keyd_new(const struct rms_keyd_options *options, struct rms_keyd **keyd_out)
{
    struct rms_keyd *keyd = rms_calloc(1, sizeof *keyd);
    int status;

    *keyd_out = NULL;
    if (keyd == NULL) {
        return RMS_E_NO_MEMORY;
    }
    keyd->journal = options->journal;
    keyd->hsm = options->hsm;
    status = fill(keyd, options);
    if (status != 0) {
        rms_keyd_free(&keyd);
        return status;
    }
    *keyd_out = keyd;
    return 0;
}

void rms_keyd_free(struct rms_keyd **keyd)
{
    if (*keyd == NULL) {
        return;
    }
    rms_keyd_server_free(&(*keyd)->server);
    rms_keyd_watch_free(&(*keyd)->watch);
    rms_stock_free(&(*keyd)->stock);
    rms_contents_free(&(*keyd)->contents);
    rms_keys_free(&(*keyd)->keys);
    rms_secret_free(&(*keyd)->sealing_key);
    rms_secret_free(&(*keyd)->fingerprint_key);
    rms_free(*keyd);
    *keyd = NULL;
}

int rms_keyd_attach(struct rms_keyd *keyd, int fd)
{
    return rms_keyd_server_attach(keyd->server, fd);
}

/* --- journal ---------------------------------------------------------------------------------------- */

static const char *const kind_names[RMS_KEY_KINDS] = {[RMS_KEY_TENANT_RSA] = "tenant-rsa",
    [RMS_KEY_USER_RSA] = "user-rsa",
    [RMS_KEY_TOKEN_EC] = "token-ec",
    [RMS_KEY_LOG_EC] = "log-ec"};

int rms_keyd_note_key(
    struct rms_keyd *keyd, enum rms_journal_need need, const char *event, const struct rms_key_name *name)
{
    char id[RMS_GUID_TEXT];
    char tenant[RMS_GUID_TEXT];

    rms_guid_unpack(name->id, id);
    rms_guid_unpack(name->tenant, tenant);
    return rms_journal_note(
        keyd->journal, need, event, "kind", kind_names[name->kind], "key", id, "tenant", tenant, NULL);
}

static int note_wrap(
    struct rms_keyd *keyd, const char *event, const char *key, const struct rms_rsa_public *recipient)
{
    uint8_t print[RMS_SHA256_BYTES];
    char hex[2 * RMS_SHA256_BYTES + 1];

    rms_rsa_fingerprint(recipient, print);
    for (size_t i = 0; i < sizeof print; i++) {
        (void)snprintf(hex + 2 * i, 3, "%02x", print[i]);
    }
    return rms_journal_note(keyd->journal, RMS_JOURNAL_DURABLE, event, "key", key, "recipient", hex, NULL);
}

/* What was done since the last note, "name=12 other=3"; false when nothing was. */
static bool changes(struct rms_buf *text, const char *const *names, const atomic_ullong *counters,
    unsigned long long *noted, size_t count)
{
    bool any = false;

    for (size_t i = 0; i < count; i++) {
        unsigned long long now = atomic_load(&counters[i]);

        if (names[i] != NULL && now != noted[i]) {
            rms_buf_printf(text, "%s%s=%llu", any ? " " : "", names[i], now - noted[i]);
            noted[i] = now;
            any = true;
        }
    }
    return any;
}

void rms_keyd_journal_counts(struct rms_keyd *keyd)
{
    static const char *const operations[RMS_KEYD_OP_COUNT] = {[RMS_KEYD_PUBLISH] = "publish",
        [RMS_KEYD_OPEN] = "open",
        [RMS_KEYD_RELEASE] = "release",
        [RMS_KEYD_SEAL_TO] = "seal-to",
        [RMS_KEYD_SIGN_TOKEN] = "sign-token",
        [RMS_KEYD_SIGN_LOG] = "sign-log"};
    static const char *const purposes[RMS_SIGN_PURPOSES] = {[RMS_SIGN_SLC] = "slc",
        [RMS_SIGN_TEMPLATE] = "template",
        [RMS_SIGN_RAC] = "rac",
        [RMS_SIGN_CLC] = "clc",
        [RMS_SIGN_PL] = "pl",
        [RMS_SIGN_UL] = "ul",
        [RMS_SIGN_OTHER] = "other"};
    RMS_BUF_CLEANUP struct rms_buf done = RMS_BUF_INIT(1024);
    RMS_BUF_CLEANUP struct rms_buf signatures = RMS_BUF_INIT(1024);
    char chain[RMS_JOURNAL_CHAIN];
    uint64_t lines;
    bool any = changes(&done, operations, keyd->operations, keyd->noted, RMS_KEYD_OP_COUNT);

    any |= changes(&signatures, purposes, keyd->signatures, keyd->noted_signatures, RMS_SIGN_PURPOSES);
    if (!any || keyd->journal == NULL) {
        return;
    }
    if (rms_journal_note(keyd->journal, RMS_JOURNAL_WRITTEN, "counts", "operations", rms_buf_text(&done),
            "signatures", rms_buf_text(&signatures), NULL) != 0) {
        rms_log(RMS_LOG_ERROR, "keyd.journal.failed", NULL);
        return;
    }
    rms_journal_head(keyd->journal, &lines, chain);
    rms_log(RMS_LOG_INFO, "keyd.journal.head", "chain", chain, NULL);
}

/* --- shared fields ---------------------------------------------------------------------------------- */

void rms_keyd_take(struct rms_cursor *in, uint8_t *out, size_t n)
{
    struct rms_view view = rms_cursor_take(in, n);

    if (view.data != NULL) {
        memcpy(out, view.data, n);
    } else {
        memset(out, 0, n);
    }
}

#define RECIPIENT_BITS_MIN 2048

void rms_keyd_take_target(struct rms_cursor *in, struct rms_keyd_target *target_out)
{
    struct rms_view modulus = rms_cursor_take(in, rms_cursor_u16(in));

    rms_keyd_take(in, target_out->bound, sizeof target_out->bound);
    if (in->bad || rms_rsa_public_set(&target_out->recipient, modulus) != 0 ||
        target_out->recipient.bits < RECIPIENT_BITS_MIN) {
        in->bad = true;
    }
}

void rms_keyd_put_public(struct rms_buf *out, const struct rms_rsa_public *key)
{
    rms_buf_append_u16(out, (uint16_t)(key->bits / 8));
    rms_buf_append(out, key->modulus, key->bits / 8);
}

int rms_keyd_hold(struct rms_keyd *keyd, const uint8_t id[RMS_TABLE_ID], enum rms_key_kind kind,
    struct rms_held_key **key_out)
{
    bool wrong_kind;

    *key_out = rms_keys_find(keyd->keys, id, kind, &wrong_kind);
    if (*key_out != NULL) {
        return 0;
    }
    return wrong_kind ? RMS_E_BAD_ARGUMENT : RMS_E_UNKNOWN_KEY;
}

static bool kind_valid(unsigned kind)
{
    return kind >= RMS_KEY_TENANT_RSA && kind < RMS_KEY_KINDS;
}

/* --- state ------------------------------------------------------------------------------------------ */

int rms_keyd_op_ping(struct rms_keyd *keyd, struct rms_cursor *in, struct rms_buf *out)
{
    (void)keyd;
    (void)out;
    return rms_cursor_done(in) ? 0 : RMS_KEYD_MALFORMED;
}

int rms_keyd_op_stats(struct rms_keyd *keyd, struct rms_cursor *in, struct rms_buf *out)
{
    size_t held;
    uint64_t evicted;

    if (!rms_cursor_done(in)) {
        return RMS_KEYD_MALFORMED;
    }
    rms_contents_count(keyd->contents, &held, &evicted);
    for (size_t i = 0; i < RMS_KEYD_OP_COUNT; i++) {
        rms_buf_append_u64(out, atomic_load(&keyd->operations[i]));
    }
    rms_buf_append_u64(out, atomic_load(&keyd->failures));
    rms_buf_append_u64(out, evicted);
    rms_buf_append_u32(out, (uint32_t)rms_keys_count(keyd->keys));
    rms_buf_append_u32(out, (uint32_t)held);
    rms_buf_append_u32(out, (uint32_t)rms_stock_count(keyd->stock));
    rms_buf_append_u32(out, (uint32_t)rms_keyd_server_connections(keyd->server));
    rms_buf_append_byte(out, keyd->locked ? 1 : 0);
    rms_buf_append_u64(out, rms_journal_bytes(keyd->journal));
    rms_buf_append_byte(out, keyd->hsm != NULL ? 1 : 0);
    rms_message_put_blob(out, rms_view_str(keyd->hsm != NULL ? rms_hsm_problem(keyd->hsm) : ""));
    return 0;
}

/* --- keys ------------------------------------------------------------------------------------------- */

static int make_rsa(
    struct rms_keyd *keyd, unsigned bits, struct rms_buf *public_out, struct rms_secret **plain_out)
{
    struct rms_rsa_private *key;
    int status;

    RMS_TRY(bits == RMS_STOCK_BITS ? rms_stock_take(keyd->stock, &key) : rms_rsa_generate(bits, &key));
    rms_keyd_put_public(public_out, rms_rsa_public_of(key));
    status = rms_rsa_to_blob(key, true, plain_out);
    rms_rsa_private_free(&key);
    return status;
}

static int make_ec(struct rms_buf *public_out, struct rms_secret **plain_out)
{
    struct rms_ec_private *key;
    struct rms_ec_public public;
    int status;

    RMS_TRY(rms_ec_generate(&key));
    rms_ec_public_of(key, &public);
    rms_buf_append(public_out, public.x, sizeof public.x);
    rms_buf_append(public_out, public.y, sizeof public.y);
    status = rms_ec_to_scalar(key, plain_out);
    rms_ec_private_free(&key);
    return status;
}

void rms_keyd_new_id(uint8_t id[RMS_TABLE_ID])
{
    rms_random(id, RMS_TABLE_ID);
    id[6] = (uint8_t)((id[6] & 0x0f) | 0x40);
    id[8] = (uint8_t)((id[8] & 0x3f) | 0x80);
}

/* Tenant keys come in three sizes (S-209), the others in one. */
static bool bits_valid(enum rms_key_kind kind, unsigned bits)
{
    static const unsigned usual[RMS_KEY_KINDS] = {[RMS_KEY_TENANT_RSA] = RMS_TENANT_KEY_BITS,
        [RMS_KEY_USER_RSA] = RMS_USER_KEY_BITS,
        [RMS_KEY_TOKEN_EC] = RMS_TOKEN_KEY_BITS,
        [RMS_KEY_LOG_EC] = RMS_LOG_KEY_BITS};

    return bits == usual[kind] || (kind == RMS_KEY_TENANT_RSA && (bits == 3072 || bits == 4096));
}

/* u8 kind, u16 bits, tenant -> id, public key (RSA: u16 length, modulus; EC: x, y), blob box */
int rms_keyd_op_generate(struct rms_keyd *keyd, struct rms_cursor *in, struct rms_buf *out)
{
    RMS_SECRET_CLEANUP struct rms_secret *plain = NULL;
    RMS_BUF_CLEANUP struct rms_buf box = RMS_BUF_INIT(RMS_KEY_SEALED_MAX);
    struct rms_key_name name = {.kind = rms_cursor_u8(in)};
    unsigned bits = rms_cursor_u16(in);

    rms_keyd_take(in, name.tenant, sizeof name.tenant);
    if (!rms_cursor_done(in) || !kind_valid(name.kind)) {
        return RMS_KEYD_MALFORMED;
    }
    if (!bits_valid(name.kind, bits)) {
        return RMS_E_BAD_ARGUMENT;
    }
    rms_keyd_new_id(name.id);
    rms_buf_append(out, name.id, sizeof name.id);
    bool ec = name.kind == RMS_KEY_TOKEN_EC || name.kind == RMS_KEY_LOG_EC;
    RMS_TRY(ec ? make_ec(out, &plain) : make_rsa(keyd, bits, out, &plain));
    RMS_TRY(rms_key_seal(keyd->sealing_key, &name, rms_secret_view(plain), &box));
    rms_message_put_blob(out, rms_buf_view(&box));
    return rms_keyd_note_key(keyd, RMS_JOURNAL_DURABLE, "generated", &name);
}

/* u8 kind, id, tenant, blob box -> nothing */
int rms_keyd_op_load(struct rms_keyd *keyd, struct rms_cursor *in, struct rms_buf *out)
{
    struct rms_key_name name = {.kind = rms_cursor_u8(in)};
    const struct rms_key_opener opener = {keyd->sealing_key, keyd->hsm};
    struct rms_held_key *key;
    struct rms_view box;

    (void)out;
    rms_keyd_take(in, name.id, sizeof name.id);
    rms_keyd_take(in, name.tenant, sizeof name.tenant);
    box = rms_message_take_blob(in, RMS_KEY_SEALED_MAX);
    if (!rms_cursor_done(in) || !kind_valid(name.kind)) {
        return RMS_KEYD_MALFORMED;
    }
    if (rms_keys_has(keyd->keys, &name)) {
        return 0;
    }
    if (rms_key_unseal(&opener, &name, box, &key) != 0) {
        (void)rms_keyd_note_key(keyd, RMS_JOURNAL_WRITTEN, "load-refused", &name);
        return RMS_E_KEY_UNAVAILABLE;
    }
    rms_keys_add(keyd->keys, key);
    /* A full disk must not lock everybody out: a key that was journalled when it was made is used all the
     * same. */
    if (rms_keyd_note_key(keyd, RMS_JOURNAL_WRITTEN, "loaded", &name) != 0) {
        rms_log(RMS_LOG_ERROR, "keyd.journal.failed", NULL);
    }
    return 0;
}

/* id, recipient, bound -> blob */
int rms_keyd_op_wrap_user_key(struct rms_keyd *keyd, struct rms_cursor *in, struct rms_buf *out)
{
    RMS_BUF_CLEANUP struct rms_buf bits = RMS_BUF_INIT(RMS_ENABLING_MAX);
    struct rms_keyd_target target;
    struct rms_held_key *key;
    uint8_t id[RMS_TABLE_ID];
    char guid[RMS_GUID_TEXT];
    int status;

    rms_keyd_take(in, id, sizeof id);
    rms_keyd_take_target(in, &target);
    if (!rms_cursor_done(in)) {
        return RMS_KEYD_MALFORMED;
    }
    RMS_TRY(rms_keyd_hold(keyd, id, RMS_KEY_USER_RSA, &key));
    status = rms_enabling_seal_private(&target.recipient, rms_secret_view(key->blob), target.bound, &bits);
    rms_keys_unref(keyd->keys, key);
    RMS_TRY(status);
    rms_message_put_blob(out, rms_buf_view(&bits));
    rms_guid_unpack(id, guid);
    return note_wrap(keyd, "user-key-wrapped", guid, &target.recipient);
}

/* recipient, bound -> public key, blob. The private key is forgotten. */
int rms_keyd_op_new_wrapped_pair(struct rms_keyd *keyd, struct rms_cursor *in, struct rms_buf *out)
{
    RMS_BUF_CLEANUP struct rms_buf bits = RMS_BUF_INIT(RMS_ENABLING_MAX);
    RMS_SECRET_CLEANUP struct rms_secret *plain = NULL;
    struct rms_keyd_target target;

    rms_keyd_take_target(in, &target);
    if (!rms_cursor_done(in)) {
        return RMS_KEYD_MALFORMED;
    }
    RMS_TRY(make_rsa(keyd, RMS_STOCK_BITS, out, &plain));
    RMS_TRY(rms_enabling_seal_private(&target.recipient, rms_secret_view(plain), target.bound, &bits));
    rms_message_put_blob(out, rms_buf_view(&bits));
    return note_wrap(keyd, "pair-wrapped", NULL, &target.recipient);
}
