#include "service/keyclient_internal.h"

#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/log.h"
#include "base/mem.h"

/* On as many connections: one lost with keyd, one that came in another message of the same keyd, a good one.
 */
#define ATTEMPTS 3

struct rms_keyclient {
    struct rms_keylink *link;
    void *worker;
    struct rms_keylink_connection connection;
    uint64_t lost; /* newest generation that a connection was lost of */
    uint32_t sequence;
    struct rms_inbox inbox;
    struct rms_buf request;
    struct rms_buf load; /* a second request, made while the first waits to be repeated */
    uint16_t token_uses; /* what the newest reply tells of */
    struct rms_token_uses uses;
};

static const struct {
    uint32_t reply_max;
} ops[RMS_KEYD_OP_COUNT] = {
#define X(name, number, slow, request_max, reply_max, handler) [number] = {reply_max},
    RMS_KEYD_OPS(X)
#undef X
};

/* --- life ------------------------------------------------------------------------------------------- */

static long reply_limit(const struct rms_message *head)
{
    return head->reply && head->type < RMS_KEYD_OP_COUNT ? (long)ops[head->type].reply_max : -1;
}

int rms_keyclient_new(struct rms_keylink *link, void *worker, struct rms_keyclient **client_out)
{
    struct rms_keyclient *client = rms_calloc(1, sizeof *client);

    *client_out = client;
    if (client == NULL) {
        return RMS_E_NO_MEMORY;
    }
    client->link = link;
    client->worker = worker;
    client->connection.fd = -1;
    rms_inbox_init(&client->inbox, reply_limit);
    rms_buf_init(&client->request, RMS_KEYD_ERD_MAX + RMS_XRML_MAX_BYTES + 16384);
    rms_buf_init(&client->load, RMS_KEY_SEALED_MAX + 256);
    return 0;
}

static void disconnect(struct rms_keyclient *client)
{
    if (client->connection.fd >= 0) {
        (void)close(client->connection.fd);
        client->lost = client->connection.generation;
    }
    client->connection.fd = -1;
    rms_inbox_fini(&client->inbox);
}

void rms_keyclient_free(struct rms_keyclient **client)
{
    if (*client == NULL) {
        return;
    }
    disconnect(*client);
    rms_buf_fini(&(*client)->request);
    rms_buf_fini(&(*client)->load);
    rms_free(*client);
    *client = NULL;
}

void rms_sealed_key_fini(struct rms_sealed_key *key)
{
    rms_buf_fini(&key->sealed);
}

void rms_new_key_fini(struct rms_new_key *key)
{
    rms_sealed_key_fini(&key->key);
}

void rms_released_wipe(struct rms_released *released)
{
    rms_wipe(released, sizeof *released);
}

void rms_published_fini(struct rms_published *published)
{
    rms_released_wipe(&published->key);
    rms_buf_fini(&published->bits);
    rms_buf_fini(&published->box);
    rms_buf_fini(&published->erd);
    rms_buf_fini(&published->body);
    rms_buf_fini(&published->signature);
}

/* --- one exchange ----------------------------------------------------------------------------------- */

static void start_request(struct rms_keyclient *client, struct rms_buf *request, enum rms_keyd_op op)
{
    struct rms_message head = {.type = (uint16_t)op, .sequence = ++client->sequence};

    rms_message_begin(request, &head);
}

static struct rms_buf *begin(struct rms_keyclient *client, enum rms_keyd_op op)
{
    start_request(client, &client->request, op);
    return &client->request;
}

/* Once over one connection. RMS_E_IO: it is lost. */
static int exchange_once(struct rms_keyclient *client, struct rms_view request, struct rms_message *reply)
{
    int status;

    if (client->connection.fd < 0) {
        RMS_TRY(rms_keylink_take(client->link, client->lost, &client->connection));
    }
    if (rms_message_send(client->connection.fd, request, 0) != 0) {
        return RMS_E_IO;
    }
    status = rms_inbox_receive(&client->inbox, client->connection.fd, 0, reply);
    if (status == RMS_E_BAD_ARGUMENT) {
        rms_keylink_broken("reply of keyd");
    }
    return status == 1 ? 0 : RMS_E_IO;
}

/* With more attempts when the connection is lost: every operation may be repeated. On success the reply
 * stays in the inbox until finish. */
static int exchange(struct rms_keyclient *client, struct rms_buf *request, struct rms_cursor *in_out)
{
    struct rms_message sent;
    struct rms_message reply = {0};
    size_t len;
    int status = RMS_E_IO;

    client->token_uses = 0;
    RMS_TRY(rms_message_end(request));
    RMS_TRY(rms_message_parse_head(rms_buf_view(request), &sent, &len));
    for (int i = 0; i < ATTEMPTS && status == RMS_E_IO; i++) {
        status = exchange_once(client, rms_buf_view(request), &reply);
        if (status == RMS_E_IO) {
            disconnect(client);
        }
    }
    if (status != 0) {
        return RMS_E_KEY_UNAVAILABLE;
    }
    if (reply.type != sent.type || reply.sequence != sent.sequence) {
        rms_keylink_broken("order of replies of keyd");
    }
    client->token_uses = reply.token_uses;
    if (reply.status != 0) {
        rms_inbox_drop(&client->inbox);
    }
    *in_out = rms_cursor_of(reply.body);
    return reply.status;
}

/* Ends the reading of a reply: everything must have been understood. */
static int finish(struct rms_keyclient *client, const struct rms_cursor *in)
{
    if (!rms_cursor_done(in)) {
        rms_keylink_broken("fields of a reply of keyd");
    }
    rms_inbox_drop(&client->inbox);
    return 0;
}

static int load(struct rms_keyclient *client, const struct rms_sealed_key *key)
{
    struct rms_buf *request = &client->load;
    struct rms_cursor in;

    start_request(client, request, RMS_KEYD_LOAD);
    rms_buf_append_byte(request, (uint8_t)key->kind);
    RMS_TRY(rms_message_put_guid(request, key->key_id));
    RMS_TRY(rms_message_put_guid(request, key->tenant_id));
    rms_message_put_blob(request, rms_buf_view(&key->sealed));
    RMS_TRY(exchange(client, request, &in));
    return finish(client, &in);
}

static int fetch_and_load(struct rms_keyclient *client, const char *key_id)
{
    struct rms_sealed_key key = {.sealed = RMS_BUF_INIT(RMS_KEY_SEALED_MAX)};
    char plain[RMS_GUID_TEXT];
    int status = rms_guid_parse(rms_view_str(key_id), plain);

    if (status == 0) {
        status = rms_keylink_fetch(client->link, client->worker, plain, &key);
        status = status == RMS_E_NOT_FOUND ? RMS_E_UNKNOWN_KEY : status;
    }
    if (status == 0) {
        memcpy(key.key_id, plain, sizeof plain);
        status = load(client, &key);
    }
    rms_sealed_key_fini(&key);
    return status;
}

/* Of what is beyond the bound nothing is told; a request has a handful of keys. */
static void note_uses(struct rms_keyclient *client, const char *key_id, uint16_t counts)
{
    struct rms_token_uses *uses = &client->uses;
    struct rms_token_use *use = &uses->items[uses->count];

    if (uses->count < RMS_TOKEN_USES) {
        (void)snprintf(use->key_id, sizeof use->key_id, "%s", key_id != NULL ? key_id : "");
        use->decrypted = counts & 15;
        use->decrypt_failed = counts >> 4 & 15;
        use->did_sign = counts >> 8 & 15;
        use->sign_failed = counts >> 12;
        uses->count++;
    }
}

void rms_keyclient_take_uses(struct rms_keyclient *client, struct rms_token_uses *uses_out)
{
    uses_out->count = 0;
    if (client->uses.count > 0) {
        *uses_out = client->uses;
        client->uses.count = 0;
    }
}

/* Sends the request begun; when keyd does not hold the key, loads it and sends once more. */
static int call(struct rms_keyclient *client, const char *key_id, struct rms_cursor *in_out)
{
    int status = exchange(client, &client->request, in_out);

    if (status == RMS_E_UNKNOWN_KEY && key_id != NULL) {
        status = fetch_and_load(client, key_id);
        if (status == 0) {
            status = exchange(client, &client->request, in_out);
        }
    }
    if (client->token_uses != 0) {
        note_uses(client, key_id, client->token_uses);
    }
    rms_buf_truncate(&client->request, 0);
    return status;
}

/* --- reading fields --------------------------------------------------------------------------------- */

static void take(struct rms_cursor *in, void *out, size_t n)
{
    struct rms_view view = rms_cursor_take(in, n);

    if (view.data != NULL) {
        memcpy(out, view.data, n);
    }
}

static void take_guid(struct rms_cursor *in, char guid_out[RMS_GUID_TEXT])
{
    uint8_t bytes[RMS_MESSAGE_GUID] = {0};

    take(in, bytes, sizeof bytes);
    rms_guid_unpack(bytes, guid_out);
}

static void take_public(struct rms_cursor *in, struct rms_rsa_public *key_out)
{
    if (rms_rsa_public_set(key_out, rms_cursor_take(in, rms_cursor_u16(in))) != 0) {
        in->bad = true;
    }
}

static void append_blob(struct rms_cursor *in, struct rms_buf *out)
{
    rms_buf_append_view(out, rms_message_take_blob(in, RMS_KEYD_REPLY_MAX));
}

static void take_key(struct rms_cursor *in, struct rms_released *released)
{
    struct rms_view view = rms_message_take_blob(in, sizeof released->key);

    released->len = view.len;
    if (view.len > 0) {
        memcpy(released->key, view.data, view.len);
    }
}

static void take_opened(struct rms_cursor *in, struct rms_opened *opened)
{
    unsigned owner_bound;

    take(in, opened->handle, sizeof opened->handle);
    opened->mode = rms_cursor_u8(in);
    opened->key_bytes = rms_cursor_u8(in);
    take(in, opened->fingerprint, sizeof opened->fingerprint);
    owner_bound = rms_cursor_u8(in);
    opened->owner_bound = owner_bound == 1;
    if (opened->mode >= RMS_MODE_COUNT || opened->key_bytes > RMS_CONTENT_KEY_MAX || owner_bound > 1) {
        in->bad = true;
    }
}

static int put_target(struct rms_buf *request, const struct rms_seal_target *target)
{
    if (target->recipient->bits < 2048) {
        return RMS_E_WEAK_CRYPTO;
    }
    rms_buf_append_u16(request, (uint16_t)(target->recipient->bits / 8));
    rms_buf_append(request, target->recipient->modulus, target->recipient->bits / 8);
    rms_buf_append(request, target->bound, RMS_SHA256_BYTES);
    return 0;
}

/* --- keys ------------------------------------------------------------------------------------------- */

int rms_keyd_generate(struct rms_keyclient *client, enum rms_key_kind kind, unsigned bits,
    const char *tenant_id, struct rms_new_key *key_out)
{
    struct rms_buf *request = begin(client, RMS_KEYD_GENERATE);
    struct rms_cursor in;

    *key_out = (struct rms_new_key){
        .key = {.kind = kind, .tenant_id = RMS_KEY_NO_TENANT, .sealed = RMS_BUF_INIT(RMS_KEY_SEALED_MAX)}};
    if (kind < RMS_KEY_TENANT_RSA || kind >= RMS_KEY_KINDS || bits > UINT16_MAX) {
        return RMS_E_BAD_ARGUMENT;
    }
    if (tenant_id != NULL) {
        RMS_TRY(rms_guid_parse(rms_view_str(tenant_id), key_out->key.tenant_id));
    }
    rms_buf_append_byte(request, (uint8_t)kind);
    rms_buf_append_u16(request, (uint16_t)bits);
    RMS_TRY(rms_message_put_guid(request, key_out->key.tenant_id));
    RMS_TRY(call(client, NULL, &in));
    take_guid(&in, key_out->key.key_id);
    if (kind == RMS_KEY_TOKEN_EC || kind == RMS_KEY_LOG_EC) {
        take(&in, key_out->ec.x, sizeof key_out->ec.x);
        take(&in, key_out->ec.y, sizeof key_out->ec.y);
    } else {
        take_public(&in, &key_out->rsa);
    }
    append_blob(&in, &key_out->key.sealed);
    RMS_TRY(finish(client, &in));
    return rms_buf_status(&key_out->key.sealed);
}

static void begin_key(struct rms_new_key *key_out)
{
    *key_out = (struct rms_new_key){.key = {.kind = RMS_KEY_TENANT_RSA,
                                        .tenant_id = RMS_KEY_NO_TENANT,
                                        .sealed = RMS_BUF_INIT(RMS_KEY_SEALED_MAX)}};
}

/* The reply of operations that make an RSA key. */
static int take_new_key(struct rms_keyclient *client, struct rms_new_key *key_out)
{
    struct rms_cursor in;

    RMS_TRY(call(client, NULL, &in));
    take_guid(&in, key_out->key.key_id);
    take_public(&in, &key_out->rsa);
    append_blob(&in, &key_out->key.sealed);
    RMS_TRY(finish(client, &in));
    return rms_buf_status(&key_out->key.sealed);
}

int rms_keyd_make_in_token(
    struct rms_keyclient *client, unsigned bits, const char *tenant_id, struct rms_new_key *key_out)
{
    struct rms_buf *request = begin(client, RMS_KEYD_MAKE_IN_TOKEN);

    begin_key(key_out);
    RMS_TRY(rms_guid_parse(rms_view_str(tenant_id), key_out->key.tenant_id));
    rms_buf_append_u16(request, (uint16_t)bits);
    RMS_TRY(rms_message_put_guid(request, key_out->key.tenant_id));
    return take_new_key(client, key_out);
}

int rms_keyd_adopt(
    struct rms_keyclient *client, struct rms_view object, const char *tenant_id, struct rms_new_key *key_out)
{
    struct rms_buf *request = begin(client, RMS_KEYD_ADOPT);

    begin_key(key_out);
    if (object.len == 0 || object.len > RMS_KEY_OBJECT_MAX) {
        return RMS_E_BAD_ARGUMENT;
    }
    RMS_TRY(rms_guid_parse(rms_view_str(tenant_id), key_out->key.tenant_id));
    RMS_TRY(rms_message_put_guid(request, key_out->key.tenant_id));
    rms_message_put_blob(request, object);
    return take_new_key(client, key_out);
}

int rms_keyd_move_to_token(
    struct rms_keyclient *client, const char *key_id, struct rms_view object, struct rms_buf *sealed_out)
{
    struct rms_buf *request = begin(client, RMS_KEYD_MOVE_TO_TOKEN);
    struct rms_cursor in;

    if (object.len > RMS_KEY_OBJECT_MAX) {
        return RMS_E_BAD_ARGUMENT;
    }
    RMS_TRY(rms_message_put_guid(request, key_id));
    rms_message_put_blob(request, object);
    RMS_TRY(call(client, key_id, &in));
    append_blob(&in, sealed_out);
    RMS_TRY(finish(client, &in));
    return rms_buf_status(sealed_out);
}

int rms_keyd_forget(struct rms_keyclient *client, const char *key_id)
{
    struct rms_buf *request = begin(client, RMS_KEYD_FORGET);
    struct rms_cursor in;

    RMS_TRY(rms_message_put_guid(request, key_id));
    RMS_TRY(call(client, NULL, &in));
    return finish(client, &in);
}

int rms_keyd_load(struct rms_keyclient *client, const struct rms_sealed_key *key)
{
    if (key->kind < RMS_KEY_TENANT_RSA || key->kind >= RMS_KEY_KINDS ||
        key->sealed.len > RMS_KEY_SEALED_MAX) {
        return RMS_E_BAD_ARGUMENT;
    }
    return load(client, key);
}

/* --- signatures ------------------------------------------------------------------------------------- */

int rms_keyd_sign(const struct rms_keyd_signing *signing, enum rms_hash hash, const uint8_t *digest,
    struct rms_buf *signature)
{
    struct rms_keyclient *client = signing->client;
    struct rms_buf *request = begin(client, RMS_KEYD_SIGN);
    struct rms_cursor in;

    if (hash != RMS_SHA256) {
        return RMS_E_WEAK_CRYPTO;
    }
    if (signing->purpose < RMS_SIGN_SLC || signing->purpose >= RMS_SIGN_PURPOSES) {
        return RMS_E_BAD_ARGUMENT;
    }
    RMS_TRY(rms_message_put_guid(request, signing->key_id));
    rms_buf_append_byte(request, (uint8_t)signing->purpose);
    rms_buf_append(request, digest, RMS_SHA256_BYTES);
    RMS_TRY(call(client, signing->key_id, &in));
    append_blob(&in, signature);
    RMS_TRY(finish(client, &in));
    return rms_buf_status(signature);
}

static int sign_for_builder(
    void *context, enum rms_hash hash, const uint8_t *digest, struct rms_buf *signature)
{
    return rms_keyd_sign(context, hash, digest, signature);
}

/* A key of 1024 bits gets here when it is active only, and that takes a declared migration. */
struct rms_signer rms_keyd_signer(struct rms_keyd_signing *signing, const struct rms_rsa_public *key)
{
    return (struct rms_signer){.key = *key, .sign = sign_for_builder, .context = signing, .legacy = true};
}

int rms_keyd_sign_token(struct rms_keyclient *client, const char *key_id,
    const uint8_t digest[RMS_SHA256_BYTES], uint8_t signature_out[64])
{
    struct rms_buf *request = begin(client, RMS_KEYD_SIGN_TOKEN);
    struct rms_cursor in;

    RMS_TRY(rms_message_put_guid(request, key_id));
    rms_buf_append(request, digest, RMS_SHA256_BYTES);
    RMS_TRY(call(client, key_id, &in));
    take(&in, signature_out, 64);
    return finish(client, &in);
}

int rms_keyd_sign_log(struct rms_keyclient *client, const char *key_id,
    const struct rms_chain_statement *statement, uint8_t signature_out[RMS_CHAIN_SIGNATURE])
{
    RMS_BUF_CLEANUP struct rms_buf text = RMS_BUF_INIT(RMS_CHAIN_TEXT_MAX);
    struct rms_buf *request = begin(client, RMS_KEYD_SIGN_LOG);
    struct rms_cursor in;

    RMS_TRY(rms_chain_text(statement, &text));
    RMS_TRY(rms_message_put_guid(request, key_id));
    rms_buf_append_byte(request, (uint8_t)statement->kind);
    rms_message_put_blob(request, rms_buf_view(&text));
    RMS_TRY(call(client, key_id, &in));
    take(&in, signature_out, RMS_CHAIN_SIGNATURE);
    return finish(client, &in);
}

/* --- content keys ----------------------------------------------------------------------------------- */

int rms_keyd_publish(
    struct rms_keyclient *client, const struct rms_publish_request *ask, struct rms_published *published_out)
{
    struct rms_buf *request = begin(client, RMS_KEYD_PUBLISH);
    struct rms_cursor in;

    *published_out = (struct rms_published){.bits = RMS_BUF_INIT(RMS_ENABLING_MAX),
        .box = RMS_BUF_INIT(RMS_KEY_BOX_MAX),
        .erd = RMS_BUF_INIT(RMS_KEYD_ERD_MAX),
        .body = RMS_BUF_INIT(RMS_XRML_MAX_BYTES),
        .signature = RMS_BUF_INIT(RMS_RSA_BYTES_MAX)};
    if (ask->mode >= RMS_MODE_COUNT || (ask->key_bits != 128 && ask->key_bits != 256)) {
        return RMS_E_BAD_ARGUMENT;
    }
    if (ask->erd.len > RMS_KEYD_TEXT_MAX) {
        return RMS_E_LIMIT;
    }
    RMS_TRY(rms_message_put_guid(request, ask->key_id));
    rms_buf_append_byte(request, (uint8_t)ask->mode);
    rms_buf_append_u16(request, (uint16_t)ask->key_bits);
    rms_buf_append(request, ask->owner_bound, RMS_SHA256_BYTES);
    rms_message_put_blob(request, ask->erd);
    rms_message_put_blob(request, ask->draft.head);
    rms_message_put_blob(request, ask->draft.middle);
    rms_message_put_blob(request, ask->draft.tail);
    RMS_TRY(call(client, ask->key_id, &in));
    take_opened(&in, &published_out->opened);
    take_key(&in, &published_out->key);
    append_blob(&in, &published_out->bits);
    append_blob(&in, &published_out->box);
    append_blob(&in, &published_out->erd);
    append_blob(&in, &published_out->body);
    take(&in, published_out->digest, RMS_SHA256_BYTES);
    append_blob(&in, &published_out->signature);
    RMS_TRY(finish(client, &in));
    RMS_TRY(rms_buf_status(&published_out->bits));
    RMS_TRY(rms_buf_status(&published_out->box));
    RMS_TRY(rms_buf_status(&published_out->body));
    RMS_TRY(rms_buf_status(&published_out->signature));
    return rms_buf_status(&published_out->erd);
}

static void put_bound(struct rms_buf *request, const uint8_t *bound)
{
    static const uint8_t not_bound[RMS_SHA256_BYTES];

    rms_buf_append_byte(request, bound != NULL ? 1 : 0);
    rms_buf_append(request, bound != NULL ? bound : not_bound, RMS_SHA256_BYTES);
}

int rms_keyd_open(struct rms_keyclient *client, const struct rms_open_request *ask,
    struct rms_opened *opened_out, struct rms_buf *erd_out)
{
    struct rms_buf *request = begin(client, RMS_KEYD_OPEN);
    struct rms_cursor in;

    if (ask->bits.blob.len > RMS_ENABLING_MAX || ask->box.len > RMS_KEY_BOX_MAX ||
        ask->erd.len > RMS_KEYD_ERD_MAX) {
        return RMS_E_LIMIT;
    }
    RMS_TRY(rms_message_put_guid(request, ask->key_id));
    rms_buf_append_byte(request, (uint8_t)ask->bits.type);
    rms_message_put_blob(request, ask->bits.blob);
    put_bound(request, ask->bound);
    put_bound(request, ask->owner_bound);
    rms_message_put_blob(request, ask->box);
    rms_message_put_blob(request, ask->erd);
    RMS_TRY(call(client, ask->key_id, &in));
    take_opened(&in, opened_out);
    append_blob(&in, erd_out);
    RMS_TRY(finish(client, &in));
    return rms_buf_status(erd_out);
}

int rms_keyd_release(struct rms_keyclient *client, const char *key_id,
    const uint8_t handle[RMS_KEY_HANDLE_BYTES], struct rms_released *released_out)
{
    struct rms_buf *request = begin(client, RMS_KEYD_RELEASE);
    struct rms_cursor in;

    rms_buf_append(request, handle, RMS_KEY_HANDLE_BYTES);
    RMS_TRY(rms_message_put_guid(request, key_id));
    RMS_TRY(call(client, NULL, &in));
    take_key(&in, released_out);
    return finish(client, &in);
}

int rms_keyd_seal_to(struct rms_keyclient *client, const char *key_id,
    const uint8_t handle[RMS_KEY_HANDLE_BYTES], const struct rms_seal_target *target,
    struct rms_buf *bits_out)
{
    struct rms_buf *request = begin(client, RMS_KEYD_SEAL_TO);
    struct rms_cursor in;

    rms_buf_append(request, handle, RMS_KEY_HANDLE_BYTES);
    RMS_TRY(rms_message_put_guid(request, key_id));
    RMS_TRY(put_target(request, target));
    RMS_TRY(call(client, NULL, &in));
    append_blob(&in, bits_out);
    RMS_TRY(finish(client, &in));
    return rms_buf_status(bits_out);
}

/* --- account and client licensor certificates -------------------------------------------------------- */

int rms_keyd_wrap_user_key(struct rms_keyclient *client, const char *user_key_id,
    const struct rms_seal_target *target, struct rms_buf *bits_out)
{
    struct rms_buf *request = begin(client, RMS_KEYD_WRAP_USER_KEY);
    struct rms_cursor in;

    RMS_TRY(rms_message_put_guid(request, user_key_id));
    RMS_TRY(put_target(request, target));
    RMS_TRY(call(client, user_key_id, &in));
    append_blob(&in, bits_out);
    RMS_TRY(finish(client, &in));
    return rms_buf_status(bits_out);
}

int rms_keyd_new_wrapped_pair(struct rms_keyclient *client, const struct rms_seal_target *target,
    struct rms_rsa_public *key_out, struct rms_buf *bits_out)
{
    struct rms_buf *request = begin(client, RMS_KEYD_NEW_WRAPPED_PAIR);
    struct rms_cursor in;

    RMS_TRY(put_target(request, target));
    RMS_TRY(call(client, NULL, &in));
    take_public(&in, key_out);
    append_blob(&in, bits_out);
    RMS_TRY(finish(client, &in));
    return rms_buf_status(bits_out);
}

/* --- state ------------------------------------------------------------------------------------------- */

int rms_keyd_ping(struct rms_keyclient *client)
{
    struct rms_cursor in;

    (void)begin(client, RMS_KEYD_PING);
    RMS_TRY(call(client, NULL, &in));
    return finish(client, &in);
}

int rms_keyd_stats(struct rms_keyclient *client, struct rms_keyd_stats *stats_out)
{
    struct rms_cursor in;
    struct rms_view problem;

    (void)begin(client, RMS_KEYD_STATS);
    RMS_TRY(call(client, NULL, &in));
    for (size_t i = 0; i < RMS_KEYD_OP_COUNT; i++) {
        stats_out->operations[i] = rms_cursor_u64(&in);
    }
    stats_out->failures = rms_cursor_u64(&in);
    stats_out->evictions = rms_cursor_u64(&in);
    stats_out->keys_held = rms_cursor_u32(&in);
    stats_out->open_handles = rms_cursor_u32(&in);
    stats_out->stock = rms_cursor_u32(&in);
    stats_out->connections = rms_cursor_u32(&in);
    stats_out->locked = rms_cursor_u8(&in) == 1;
    stats_out->journal_bytes = rms_cursor_u64(&in);
    stats_out->has_token = rms_cursor_u8(&in) == 1;
    problem = rms_message_take_blob(&in, sizeof stats_out->token_problem - 1);
    memset(stats_out->token_problem, 0, sizeof stats_out->token_problem);
    memcpy(stats_out->token_problem, problem.len > 0 ? problem.data : (const uint8_t *)"", problem.len);
    return finish(client, &in);
}
