/* keyd against a peer that does not keep to the protocol: that peer is cut off, everybody else is served. */
#include "service/keyd_test.h"

#include <poll.h>
#include <sys/time.h>
#include <unistd.h>

#include "crypto/random.h"
#include "service/message.h"

/* Well-formed requests, one an operation; their fields as (bytes of zeros or a byte value). Meaning does not
 * matter: what is asked for is unknown, and the answer a refusal. */
struct sample {
    enum rms_keyd_op op;
    const char
        *fields; /* g GUID, d digest, b blob of 3 bytes, 1 u8 = 1, 2 u16 = 256, t recipient and bound */
};

static const struct sample samples[] = {
    {RMS_KEYD_PING, ""},
    {RMS_KEYD_STATS, ""},
    {RMS_KEYD_GENERATE, "32g"},
    {RMS_KEYD_LOAD, "1ggb"},
    {RMS_KEYD_SIGN, "g1d"},
    {RMS_KEYD_SIGN_TOKEN, "gd"},
    {RMS_KEYD_PUBLISH, "g12dbbbb"},
    {RMS_KEYD_OPEN, "g1b1d1dbb"},
    {RMS_KEYD_RELEASE, "gg"},
    {RMS_KEYD_SEAL_TO, "ggt"},
    {RMS_KEYD_WRAP_USER_KEY, "gt"},
    {RMS_KEYD_SIGN_LOG, "g1b"},
};

static void append_target(struct lab *lab, struct rms_buf *out)
{
    static const uint8_t bound[RMS_SHA256_BYTES];
    const struct rms_rsa_public *key = rms_rsa_public_of(lab->machine);

    rms_buf_append_u16(out, (uint16_t)(key->bits / 8));
    rms_buf_append(out, key->modulus, key->bits / 8);
    rms_buf_append(out, bound, sizeof bound);
}

static void append_field(struct lab *lab, struct rms_buf *out, char field)
{
    static const uint8_t zeros[RMS_SHA256_BYTES];

    switch (field) {
    case 'g':
        rms_buf_append(out, zeros, RMS_MESSAGE_GUID);
        break;
    case 'd':
        rms_buf_append(out, zeros, RMS_SHA256_BYTES);
        break;
    case 'b':
        rms_message_put_blob(out, RMS_VIEW_LITERAL("abc"));
        break;
    case '2':
        rms_buf_append_u16(out, 256);
        break;
    case 't':
        append_target(lab, out);
        break;
    default:
        rms_buf_append_byte(out, (uint8_t)(field - '0'));
    }
}

static void build(struct lab *lab, const struct sample *sample, struct rms_buf *out)
{
    const struct rms_message head = {.type = (uint16_t)sample->op, .sequence = 77};

    rms_message_begin(out, &head);
    for (const char *field = sample->fields; *field != '\0'; field++) {
        append_field(lab, out, *field);
    }
    assert_int_equal(rms_message_end(out), 0);
}

static int connect_raw(struct lab *lab)
{
    const struct timeval wait = {.tv_sec = 20};
    int ends[2];

    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, ends), 0);
    assert_int_equal(rms_keyd_attach(lab->keyd, ends[0]), 0);
    assert_int_equal(setsockopt(ends[1], SOL_SOCKET, SO_RCVTIMEO, &wait, sizeof wait), 0);
    return ends[1];
}

static long any_reply(const struct rms_message *head)
{
    return head->reply ? 65536 : -1;
}

/* Sends the bytes on a fresh connection. Returns what rms_inbox_receive says: 1 answered, RMS_E_IO cut off.
 */
static int ask(struct lab *lab, struct rms_view bytes, struct rms_message *reply)
{
    int fd = connect_raw(lab);
    struct rms_inbox inbox;
    int status;

    rms_inbox_init(&inbox, any_reply);
    assert_int_equal(rms_message_send(fd, bytes, 0), 0);
    status = rms_inbox_receive(&inbox, fd, 0, reply);
    rms_inbox_fini(&inbox);
    (void)close(fd);
    return status;
}

static void assert_cut(struct lab *lab, const struct rms_buf *bytes)
{
    struct rms_message reply;

    assert_int_equal(ask(lab, rms_buf_view(bytes), &reply), RMS_E_IO);
    assert_int_equal(rms_keyd_ping(lab->client), 0);
}

static void set_length(struct rms_buf *bytes)
{
    assert_int_equal(rms_message_end(bytes), 0);
}

static void answers_well_formed_requests(void **state)
{
    struct lab *lab = *state;

    for (size_t i = 0; i < RMS_COUNT(samples); i++) {
        RMS_BUF_CLEANUP struct rms_buf bytes = RMS_BUF_INIT(4096);
        struct rms_message reply;

        build(lab, &samples[i], &bytes);
        assert_int_equal(ask(lab, rms_buf_view(&bytes), &reply), 1);
        assert_int_equal(reply.type, samples[i].op);
        assert_int_equal(reply.sequence, 77);
        assert_true(reply.status <= 0);
    }
}

/* A body one field, or one byte, too short: its length says so, so nothing more is waited for. */
static void cuts_off_truncated_bodies(void **state)
{
    struct lab *lab = *state;

    for (size_t i = 0; i < RMS_COUNT(samples); i++) {
        RMS_BUF_CLEANUP struct rms_buf bytes = RMS_BUF_INIT(4096);

        build(lab, &samples[i], &bytes);
        while (bytes.len > RMS_MESSAGE_HEAD) {
            rms_buf_truncate(&bytes, bytes.len - 1);
            set_length(&bytes);
            assert_cut(lab, &bytes);
        }
    }
}

static void cuts_off_left_over_bytes(void **state)
{
    struct lab *lab = *state;

    for (size_t i = 0; i < RMS_COUNT(samples); i++) {
        RMS_BUF_CLEANUP struct rms_buf bytes = RMS_BUF_INIT(4096);

        build(lab, &samples[i], &bytes);
        rms_buf_append_byte(&bytes, 0);
        set_length(&bytes);
        assert_cut(lab, &bytes);
    }
}

static void cuts_off_oversized_requests(void **state)
{
    static const uint32_t request_max[] = {
#define X(name, number, slow, request_max, reply_max, handler) [number] = (request_max),
        RMS_KEYD_OPS(X)
#undef X
    };
    struct lab *lab = *state;

    for (size_t i = 0; i < RMS_COUNT(samples); i++) {
        RMS_BUF_CLEANUP struct rms_buf bytes = RMS_BUF_INIT(4096);
        uint32_t len = request_max[samples[i].op] + 1;

        build(lab, &samples[i], &bytes);
        for (size_t at = 0; at < sizeof len; at++) {
            bytes.data[12 + at] = (uint8_t)(len >> (8 * at));
        }
        assert_cut(lab, &bytes);
    }
}

static void cuts_off_bad_heads(void **state)
{
    static const struct {
        size_t at;
        uint8_t value;
    } changes[] = {{0, 0x53}, {2, RMS_MESSAGE_VERSION - 1}, {2, RMS_MESSAGE_VERSION + 1}, {3, 1}, {3, 9},
        {4, 0}, {4, RMS_KEYD_OP_COUNT}, {4, 0xff}, {5, 1}, {6, 1}, {8, 1}, {11, 0x80}};
    struct lab *lab = *state;

    for (size_t i = 0; i < RMS_COUNT(changes); i++) {
        RMS_BUF_CLEANUP struct rms_buf bytes = RMS_BUF_INIT(4096);

        build(lab, &samples[0], &bytes);
        bytes.data[changes[i].at] = changes[i].value;
        assert_cut(lab, &bytes);
    }
}

/* Numbers that mean nothing, in otherwise whole messages. */
static void cuts_off_values_out_of_range(void **state)
{
    static const struct sample bad[] = {
        {RMS_KEYD_GENERATE, "02g"},              /* no kind of key */
        {RMS_KEYD_GENERATE, "52g"},              /* no kind of key */
        {RMS_KEYD_LOAD, "9ggb"},                 /* no kind of key */
        {RMS_KEYD_SIGN, "g0d"},                  /* no purpose */
        {RMS_KEYD_SIGN, "g8d"},                  /* no purpose */
        {RMS_KEYD_PUBLISH, "g42dbbbb"},          /* no cipher mode */
        {RMS_KEYD_PUBLISH, "g111dbbbb"},         /* no key size */
        {RMS_KEYD_OPEN, "g2b1d1dbb"},            /* no kind of sealing */
        {RMS_KEYD_OPEN, "g1b2d1dbb"},            /* neither bound nor not */
        {RMS_KEYD_OPEN, "g1b1d2dbb"},            /* the same of the owner */
        {RMS_KEYD_OPEN, "g1b1d1db"},             /* version 2 */
        {RMS_KEYD_SEAL_TO, "gg00d"},             /* no recipient */
        {RMS_KEYD_WRAP_USER_KEY, "g2ddddddddd"}, /* an even modulus */
        {RMS_KEYD_SIGN_LOG, "g9b"},              /* no kind of statement */
        {RMS_KEYD_NEW_WRAPPED_PAIR, "00d"},
    };
    struct lab *lab = *state;

    for (size_t i = 0; i < RMS_COUNT(bad); i++) {
        RMS_BUF_CLEANUP struct rms_buf bytes = RMS_BUF_INIT(4096);

        build(lab, &bad[i], &bytes);
        assert_cut(lab, &bytes);
    }
}

static void cuts_off_blobs_beyond_their_maximum(void **state)
{
    struct lab *lab = *state;
    RMS_BUF_CLEANUP struct rms_buf bytes = RMS_BUF_INIT(16384);
    RMS_BUF_CLEANUP struct rms_buf box = RMS_BUF_INIT(16384);

    while (box.len <= RMS_KEY_SEALED_MAX) {
        rms_buf_append_byte(&box, 1);
    }
    build(lab, &(struct sample){RMS_KEYD_LOAD, "1gg"}, &bytes);
    rms_message_put_blob(&bytes, rms_buf_view(&box));
    set_length(&bytes);
    assert_cut(lab, &bytes);
}

static void survives_garbage(void **state)
{
    struct lab *lab = *state;

    for (int i = 0; i < 200; i++) {
        RMS_BUF_CLEANUP struct rms_buf bytes = RMS_BUF_INIT(512);
        uint8_t *place = rms_buf_reserve(&bytes, 300);

        rms_random(place, 300);
        rms_buf_commit(&bytes, 300);
        if (i % 2 == 1) { /* a good head, then garbage */
            const struct rms_message head = {.type = (uint16_t)(1 + i % (RMS_KEYD_OP_COUNT - 1))};

            rms_buf_truncate(&bytes, 0);
            rms_message_begin(&bytes, &head);
            place = rms_buf_reserve(&bytes, 40);
            rms_random(place, 40);
            rms_buf_commit(&bytes, 40);
            set_length(&bytes);
        }
        assert_cut(lab, &bytes);
    }
}

/* Nothing of what was sent half remains, and nobody waits for it. */
static void forgets_peers_that_go_away(void **state)
{
    struct lab *lab = *state;
    struct rms_keyd_stats stats = {0};

    for (int i = 0; i < 50; i++) {
        RMS_BUF_CLEANUP struct rms_buf bytes = RMS_BUF_INIT(4096);
        int fd = connect_raw(lab);

        build(lab, &samples[i % RMS_COUNT(samples)], &bytes);
        assert_int_equal(rms_message_send(fd, rms_view_of(bytes.data, bytes.len - (unsigned)(i % 2)), 0), 0);
        (void)close(fd);
    }
    for (int i = 0; i < 500; i++) {
        assert_int_equal(rms_keyd_stats(lab->client, &stats), 0);
        if (stats.connections == 2) {
            break;
        }
        (void)poll(NULL, 0, 10);
    }
    assert_int_equal(stats.connections, 2);
}

/* Requests sent without waiting are answered in order, cheap and costly ones mixed. At once no more than
 * whose answers fit into the socket: a peer that does not read is cut off. */
static void answers_a_pipeline_in_order(void **state)
{
    enum { AT_ONCE = 50, ALL = 300 };
    struct lab *lab = *state;
    RMS_BUF_CLEANUP struct rms_buf all = RMS_BUF_INIT(1 << 20);
    RMS_BUF_CLEANUP struct rms_buf one = RMS_BUF_INIT(4096);
    struct rms_inbox inbox;
    struct rms_message reply;
    int fd = connect_raw(lab);

    rms_inbox_init(&inbox, any_reply);
    for (int first = 0; first < ALL; first += AT_ONCE) {
        rms_buf_reset(&all);
        for (int i = first; i < first + AT_ONCE; i++) {
            build(lab, &samples[(size_t)i % RMS_COUNT(samples)], &one);
            one.data[16] = (uint8_t)i; /* sequence */
            rms_buf_append_view(&all, rms_buf_view(&one));
        }
        assert_int_equal(rms_message_send(fd, rms_buf_view(&all), 0), 0);
        for (int i = first; i < first + AT_ONCE; i++) {
            assert_int_equal(rms_inbox_receive(&inbox, fd, 0, &reply), 1);
            assert_int_equal(reply.type, samples[(size_t)i % RMS_COUNT(samples)].op);
            assert_int_equal(reply.sequence & 0xff, i & 0xff);
            rms_inbox_drop(&inbox);
        }
    }
    rms_inbox_fini(&inbox);
    (void)close(fd);
}

/* A peer that asks and never reads is cut off when its socket is full; others are served meanwhile. */
static void cuts_off_a_peer_that_does_not_read(void **state)
{
    struct lab *lab = *state;
    RMS_BUF_CLEANUP struct rms_buf bytes = RMS_BUF_INIT(4096);
    int fd = connect_raw(lab);
    const struct timeval brief = {.tv_usec = 100000};
    int status = 0;

    assert_int_equal(setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &brief, sizeof brief), 0);
    build(lab, &(struct sample){RMS_KEYD_STATS, ""}, &bytes);
    for (int i = 0; i < 100000 && status == 0; i++) {
        status = rms_message_send(fd, rms_buf_view(&bytes), 0);
    }
    assert_int_equal(status, RMS_E_IO);
    assert_int_equal(rms_keyd_ping(lab->client), 0);
    (void)close(fd);
}

#define IN_LAB(test) cmocka_unit_test_setup_teardown(test, lab_open, lab_close)

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_LAB(answers_well_formed_requests),
        IN_LAB(cuts_off_truncated_bodies),
        IN_LAB(cuts_off_left_over_bytes),
        IN_LAB(cuts_off_oversized_requests),
        IN_LAB(cuts_off_bad_heads),
        IN_LAB(cuts_off_values_out_of_range),
        IN_LAB(cuts_off_blobs_beyond_their_maximum),
        IN_LAB(survives_garbage),
        IN_LAB(forgets_peers_that_go_away),
        IN_LAB(answers_a_pipeline_in_order),
        IN_LAB(cuts_off_a_peer_that_does_not_read),
    };

    return cmocka_run_group_tests(tests, NULL, lab_end);
}
