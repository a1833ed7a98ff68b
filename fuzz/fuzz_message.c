/* What a front that was taken over could send to keyd: heads of messages, and the body of every operation,
 * given to the real handlers with a tenant key loaded. The first byte chooses, the rest is the input: 0 a
 * head, else the number of an operation. */
#include <stdlib.h>

#include "base/mem.h"
#include "service/keyd_internal.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Key id and tenant of the key that is loaded: sixteen times 0x11, so that inputs can name it. */
#define KNOWN 0x11

static struct rms_keyd *keyd;

static const struct {
    rms_keyd_handler handler;
    uint32_t request_max;
    uint32_t reply_max;
} ops[RMS_KEYD_OP_COUNT] = {
#define X(name, number, slow, request_max, reply_max, handler)                                               \
    [number] = {rms_keyd_op_##handler, request_max, reply_max},
    RMS_KEYD_OPS(X)
#undef X
};

static void check(bool good)
{
    if (!good) {
        abort();
    }
}

/* One key of each kind, sealed as keyd seals them, under the same name. */
static void load_key(enum rms_key_kind kind, struct rms_view plain)
{
    RMS_BUF_CLEANUP struct rms_buf box = RMS_BUF_INIT(RMS_KEY_SEALED_MAX);
    const struct rms_key_opener opener = {keyd->sealing_key, NULL};
    struct rms_key_name name = {.kind = kind};
    struct rms_held_key *key;

    memset(name.id, KNOWN + (int)kind - 1, sizeof name.id);
    memset(name.tenant, KNOWN, sizeof name.tenant);
    check(rms_key_seal(keyd->sealing_key, &name, plain, &box) == 0);
    check(rms_key_unseal(&opener, &name, rms_buf_view(&box), &key) == 0);
    rms_keys_add(keyd->keys, key);
}

static void start(void)
{
    struct rms_keyd_options options = {
        .threads = 1, .makers = 1, .stock = 0, .open_keys_max = 64, .user_keys_max = 4};
    RMS_SECRET_CLEANUP struct rms_secret *master = rms_secret_new(RMS_MASTER_KEY_BYTES);
    RMS_SECRET_CLEANUP struct rms_secret *blob = NULL;
    RMS_SECRET_CLEANUP struct rms_secret *scalar = NULL;
    struct rms_rsa_private *rsa;
    struct rms_ec_private *ec;

    options.master_key = master;
    check(rms_keyd_new(&options, &keyd) == 0);
    check(rms_rsa_generate(2048, &rsa) == 0 && rms_rsa_to_blob(rsa, true, &blob) == 0);
    check(rms_ec_generate(&ec) == 0 && rms_ec_to_scalar(ec, &scalar) == 0);
    load_key(RMS_KEY_TENANT_RSA, rms_secret_view(blob));
    load_key(RMS_KEY_USER_RSA, rms_secret_view(blob));
    load_key(RMS_KEY_TOKEN_EC, rms_secret_view(scalar));
    rms_rsa_private_free(&rsa);
    rms_ec_private_free(&ec);
}

static void fuzz_head(struct rms_view input)
{
    struct rms_message head;
    size_t len;

    if (rms_message_parse_head(input, &head, &len) == 0) {
        /* what is taken is written back to the same bytes */
        RMS_BUF_CLEANUP struct rms_buf again = RMS_BUF_INIT(64);

        rms_message_begin(&again, &head);
        rms_message_set_uses(&again, head.token_uses);
        check(again.len == RMS_MESSAGE_HEAD && memcmp(again.data, input.data, 12) == 0);
        check(memcmp(again.data + 16, input.data + 16, 4) == 0);
    }
}

/* Making RSA keys takes too long to be fuzzed. */
static bool makes_rsa(unsigned op, struct rms_view input)
{
    return op == RMS_KEYD_NEW_WRAPPED_PAIR ||
           (op == RMS_KEYD_GENERATE && input.len > 0 && input.data[0] != RMS_KEY_TOKEN_EC);
}

static void fuzz_op(unsigned op, struct rms_view input)
{
    RMS_BUF_CLEANUP struct rms_buf out = RMS_BUF_INIT(RMS_KEYD_REPLY_MAX + RMS_MESSAGE_HEAD);
    struct rms_cursor in = rms_cursor_of(input);
    struct rms_message head = {.type = (uint16_t)op, .reply = true};
    int status;

    if (input.len > ops[op].request_max || makes_rsa(op, input)) {
        return;
    }
    rms_message_begin(&out, &head);
    status = ops[op].handler(keyd, &in, &out);
    /* cut off exactly when the message was not understood to its end */
    check(status == RMS_KEYD_MALFORMED || rms_cursor_done(&in));
    check(status <= 0 || status == RMS_KEYD_MALFORMED);
    check(status != 0 || out.len - RMS_MESSAGE_HEAD <= ops[op].reply_max);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (keyd == NULL) {
        start();
    }
    if (size == 0) {
        return 0;
    }
    if (data[0] == 0) {
        fuzz_head(rms_view_of(data + 1, size - 1));
    } else if (data[0] < RMS_KEYD_OP_COUNT) {
        fuzz_op(data[0], rms_view_of(data + 1, size - 1));
    }
    return 0;
}
