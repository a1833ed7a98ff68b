#include "base/test.h"

#include <fcntl.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "service/message.h"

#define GUID "01234567-89ab-cdef-0123-456789abcdef"

static long limit_64(const struct rms_message *head)
{
    return head->type == 7 ? 64 : -1;
}

static void build(struct rms_buf *out, const struct rms_message *head, const char *body)
{
    rms_message_begin(out, head);
    rms_buf_append_str(out, body);
    assert_int_equal(rms_message_end(out), 0);
}

/* --- heads ------------------------------------------------------------------------------------------ */

static void writes_what_it_reads(void **state)
{
    static const struct rms_message heads[] = {
        {.type = 1, .sequence = 0},
        {.type = 65535, .sequence = UINT32_MAX},
        {.type = 9, .reply = true, .sequence = 5},
        {.type = 9, .reply = true, .status = RMS_E_RECHALLENGE, .sequence = 5},
    };

    (void)state;
    for (size_t i = 0; i < RMS_COUNT(heads); i++) {
        RMS_BUF_CLEANUP struct rms_buf out = RMS_BUF_INIT(1024);
        struct rms_message head;
        size_t len;

        build(&out, &heads[i], heads[i].status == 0 ? "body" : "");
        assert_int_equal(out.len, RMS_MESSAGE_HEAD + (heads[i].status == 0 ? 4 : 0));
        assert_int_equal(rms_message_parse_head(rms_buf_view(&out), &head, &len), 0);
        assert_int_equal(head.type, heads[i].type);
        assert_int_equal(head.reply, heads[i].reply);
        assert_int_equal(head.status, heads[i].status);
        assert_int_equal(head.sequence, heads[i].sequence);
        assert_int_equal(len, out.len - RMS_MESSAGE_HEAD);
    }
}

/* The layout of doc/protocol/keyd.md, byte by byte. */
static void has_the_documented_layout(void **state)
{
    static const uint8_t expected[] = {
        0x52, 0x4b, 6, 1, 9, 0, 0x21, 0x43, 0, 0, 0, 0, 2, 0, 0, 0, 4, 3, 2, 1, 'h', 'i'};
    RMS_BUF_CLEANUP struct rms_buf out = RMS_BUF_INIT(64);
    struct rms_message head = {.type = 9, .reply = true, .sequence = 0x01020304};

    (void)state;
    build(&out, &head, "hi");
    rms_message_set_uses(&out, 0x4321);
    assert_int_equal(out.len, sizeof expected);
    assert_memory_equal(out.data, expected, sizeof expected);
}

static void refuses_bad_heads(void **state)
{
    static const struct {
        size_t at;
        uint8_t value;
    } changes[] = {
        {0, 0},                                                             /* magic */
        {1, 0},                                                             /* magic */
        {2, RMS_MESSAGE_VERSION - 1}, {2, RMS_MESSAGE_VERSION + 1}, {3, 2}, /* neither request nor reply */
        {6, 1},                                                             /* uses of a token in a request */
        {7, 1},                                                             /* uses of a token in a request */
        {8, 1},                                                             /* a status in a request */
        {11, 0xff}, /* a negative status in a request */
        {15, 0xff}, /* longer than any message */
    };

    (void)state;
    for (size_t i = 0; i < RMS_COUNT(changes); i++) {
        RMS_BUF_CLEANUP struct rms_buf out = RMS_BUF_INIT(64);
        struct rms_message head = {.type = 7};
        size_t len;

        build(&out, &head, "");
        out.data[changes[i].at] = changes[i].value;
        assert_int_equal(rms_message_parse_head(rms_buf_view(&out), &head, &len), RMS_E_BAD_ARGUMENT);
    }
}

static void refuses_a_failed_reply_that_says_more(void **state)
{
    RMS_BUF_CLEANUP struct rms_buf out = RMS_BUF_INIT(64);
    struct rms_message head = {.type = 7, .reply = true, .status = -1};
    size_t len;

    (void)state;
    build(&out, &head, "x");
    assert_int_equal(rms_message_parse_head(rms_buf_view(&out), &head, &len), RMS_E_BAD_ARGUMENT);
}

static void refuses_a_positive_status(void **state)
{
    RMS_BUF_CLEANUP struct rms_buf out = RMS_BUF_INIT(64);
    struct rms_message head = {.type = 7, .reply = true, .status = 1};
    size_t len;

    (void)state;
    build(&out, &head, "");
    assert_int_equal(rms_message_parse_head(rms_buf_view(&out), &head, &len), RMS_E_BAD_ARGUMENT);
}

static void refuses_every_shorter_head(void **state)
{
    RMS_BUF_CLEANUP struct rms_buf out = RMS_BUF_INIT(64);
    struct rms_message head = {.type = 7};
    size_t len;

    (void)state;
    build(&out, &head, "");
    for (size_t n = 0; n < RMS_MESSAGE_HEAD; n++) {
        assert_int_equal(rms_message_parse_head(rms_view_of(out.data, n), &head, &len), RMS_E_BAD_ARGUMENT);
    }
}

static void reports_a_message_that_did_not_fit(void **state)
{
    RMS_BUF_CLEANUP struct rms_buf out = RMS_BUF_INIT(RMS_MESSAGE_HEAD + 3);
    struct rms_message head = {.type = 7};

    (void)state;
    rms_message_begin(&out, &head);
    rms_buf_append_str(&out, "four");
    assert_int_equal(rms_message_end(&out), RMS_E_LIMIT);
}

/* --- fields ----------------------------------------------------------------------------------------- */

static void packs_guids_in_the_order_of_their_digits(void **state)
{
    static const uint8_t expected[] = {
        0x01, 0x23, 0x45, 0x67, 0x89, 0xab, 0xcd, 0xef, 0x01, 0x23, 0x45, 0x67, 0x89, 0xab, 0xcd, 0xef};
    uint8_t bytes[RMS_MESSAGE_GUID];
    char text[RMS_GUID_TEXT];

    (void)state;
    assert_int_equal(rms_guid_pack("{01234567-89AB-CDEF-0123-456789ABCDEF}", bytes), 0);
    assert_memory_equal(bytes, expected, sizeof expected);
    rms_guid_unpack(bytes, text);
    assert_string_equal(text, GUID);
    assert_int_equal(rms_guid_pack("not one", bytes), RMS_E_BAD_ARGUMENT);
}

static void reads_blobs_within_their_maximum(void **state)
{
    RMS_BUF_CLEANUP struct rms_buf out = RMS_BUF_INIT(64);
    struct rms_cursor in;

    (void)state;
    rms_message_put_blob(&out, RMS_VIEW_LITERAL("12345"));
    in = rms_cursor_of(rms_buf_view(&out));
    assert_int_equal(rms_message_take_blob(&in, 5).len, 5);
    assert_true(rms_cursor_done(&in));

    in = rms_cursor_of(rms_buf_view(&out));
    assert_int_equal(rms_message_take_blob(&in, 4).len, 0);
    assert_true(in.bad);

    for (size_t n = 0; n < out.len; n++) {
        in = rms_cursor_of(rms_view_of(out.data, n));
        (void)rms_message_take_blob(&in, 5);
        assert_true(in.bad);
    }
}

/* --- sockets ---------------------------------------------------------------------------------------- */

struct wire {
    int ends[2];
    struct rms_inbox inbox;
};

static int open_wire(void **state)
{
    static struct wire wire;

    *state = &wire;
    rms_inbox_init(&wire.inbox, limit_64);
    return socketpair(AF_UNIX, SOCK_STREAM, 0, wire.ends);
}

static int close_wire(void **state)
{
    struct wire *wire = *state;

    rms_inbox_fini(&wire->inbox);
    (void)close(wire->ends[0]);
    if (wire->ends[1] >= 0) {
        (void)close(wire->ends[1]);
    }
    return 0;
}

static int receive(struct wire *wire, struct rms_message *message)
{
    return rms_inbox_receive(&wire->inbox, wire->ends[0], MSG_DONTWAIT, message);
}

static void push(struct wire *wire, struct rms_view bytes)
{
    assert_int_equal(rms_message_send(wire->ends[1], bytes, 0), 0);
}

/* Every split of one message into two deliveries. */
static void puts_pieces_together(void **state)
{
    struct wire *wire = *state;
    RMS_BUF_CLEANUP struct rms_buf out = RMS_BUF_INIT(256);
    struct rms_message head = {.type = 7, .sequence = 3};
    struct rms_message got;

    build(&out, &head, "the body");
    for (size_t cut = 1; cut < out.len; cut++) {
        push(wire, rms_view_of(out.data, cut));
        assert_int_equal(receive(wire, &got), 0);
        push(wire, rms_view_of(out.data + cut, out.len - cut));
        assert_int_equal(receive(wire, &got), 1);
        assert_int_equal(got.sequence, 3);
        assert_true(rms_view_equal(got.body, rms_view_str("the body")));
        rms_inbox_drop(&wire->inbox);
    }
}

static void keeps_what_follows(void **state)
{
    struct wire *wire = *state;
    RMS_BUF_CLEANUP struct rms_buf both = RMS_BUF_INIT(256);
    RMS_BUF_CLEANUP struct rms_buf one = RMS_BUF_INIT(256);
    struct rms_message got;

    for (uint32_t i = 0; i < 2; i++) {
        build(&one, &(struct rms_message){.type = 7, .sequence = i}, i == 0 ? "first" : "second");
        rms_buf_append_view(&both, rms_buf_view(&one));
    }
    push(wire, rms_buf_view(&both));
    assert_int_equal(receive(wire, &got), 1);
    assert_true(rms_view_equal(got.body, rms_view_str("first")));
    rms_inbox_drop(&wire->inbox);
    assert_int_equal(receive(wire, &got), 1);
    assert_true(rms_view_equal(got.body, rms_view_str("second")));
    rms_inbox_drop(&wire->inbox);
    assert_int_equal(receive(wire, &got), 0);
}

/* The length alone condemns it; nobody waits for the body. */
static void refuses_oversized_before_the_body_comes(void **state)
{
    struct wire *wire = *state;
    RMS_BUF_CLEANUP struct rms_buf out = RMS_BUF_INIT(256);
    struct rms_message got;

    build(&out, &(struct rms_message){.type = 7}, "");
    out.data[12] = 65;
    push(wire, rms_buf_view(&out));
    assert_int_equal(receive(wire, &got), RMS_E_BAD_ARGUMENT);
}

static void refuses_unknown_types(void **state)
{
    struct wire *wire = *state;
    RMS_BUF_CLEANUP struct rms_buf out = RMS_BUF_INIT(256);
    struct rms_message got;

    build(&out, &(struct rms_message){.type = 8}, "");
    push(wire, rms_buf_view(&out));
    assert_int_equal(receive(wire, &got), RMS_E_BAD_ARGUMENT);
}

static void notices_the_end(void **state)
{
    struct wire *wire = *state;
    struct rms_message got;

    (void)close(wire->ends[1]);
    wire->ends[1] = -1;
    assert_int_equal(receive(wire, &got), RMS_E_IO);
}

static void wipes_what_was_read(void **state)
{
    struct wire *wire = *state;
    RMS_BUF_CLEANUP struct rms_buf out = RMS_BUF_INIT(256);
    struct rms_message got;
    const uint8_t *place;

    build(&out, &(struct rms_message){.type = 7}, "sixteen byte key");
    push(wire, rms_buf_view(&out));
    assert_int_equal(receive(wire, &got), 1);
    place = got.body.data;
    rms_inbox_drop(&wire->inbox);
    for (size_t i = 0; i < 16; i++) {
        assert_int_equal(place[i], 0); /* the buffer is kept for the next message */
    }
}

static void notices_a_peer_that_does_not_read(void **state)
{
    struct wire *wire = *state;
    static uint8_t much[4 << 20];

    assert_int_equal(
        rms_message_send(wire->ends[1], rms_view_of(much, sizeof much), MSG_DONTWAIT), RMS_E_THROTTLED);
}

/* --- control ---------------------------------------------------------------------------------------- */

static int open_control(void **state)
{
    static struct wire wire;

    *state = &wire;
    rms_inbox_init(&wire.inbox, limit_64);
    return socketpair(AF_UNIX, SOCK_SEQPACKET, 0, wire.ends);
}

static void close_all(const struct rms_control_message *message)
{
    for (size_t i = 0; i < message->count; i++) {
        (void)close(message->fds[i]);
    }
}

static void carries_descriptors(void **state)
{
    struct wire *wire = *state;
    struct rms_control_message got;
    int fds[RMS_CONTROL_FDS_MAX];

    for (size_t i = 0; i < RMS_COUNT(fds); i++) {
        fds[i] = STDERR_FILENO;
    }
    assert_int_equal(rms_control_send(wire->ends[1], RMS_CONTROL_CONNECTIONS, fds, RMS_COUNT(fds)), 0);
    assert_int_equal(rms_control_send(wire->ends[1], RMS_CONTROL_READY, NULL, 0), 0);
    assert_int_equal(rms_control_receive(wire->ends[0], &got), 0);
    assert_int_equal(got.kind, RMS_CONTROL_CONNECTIONS);
    assert_int_equal(got.count, RMS_COUNT(fds));
    assert_int_not_equal(fcntl(got.fds[0], F_GETFD) & FD_CLOEXEC, 0);
    close_all(&got);
    assert_int_equal(rms_control_receive(wire->ends[0], &got), 0);
    assert_int_equal(got.kind, RMS_CONTROL_READY);
    assert_int_equal(got.count, 0);
    assert_int_equal(
        rms_control_send(wire->ends[1], RMS_CONTROL_CONNECTIONS, fds, RMS_CONTROL_FDS_MAX + 1), RMS_E_LIMIT);
}

static void refuses_bad_control_messages(void **state)
{
    static const char *const bad[] = {
        "", "R", "RMS1", "RMS1R\0\0", "RMS2R\0\0\0", "RMS1?\0\0\0", "RMS1C\1\0\0", "RMS1R\0\0\0\0"};
    static const size_t sizes[] = {1, 1, 4, 7, 8, 8, 8, 9};
    struct wire *wire = *state;
    struct rms_control_message got;

    for (size_t i = 0; i < RMS_COUNT(bad); i++) {
        assert_int_equal(send(wire->ends[1], bad[i], sizes[i], 0), (ssize_t)sizes[i]);
        assert_int_equal(rms_control_receive(wire->ends[0], &got), RMS_E_BAD_ARGUMENT);
        assert_int_equal(got.count, 0);
    }
    (void)close(wire->ends[1]);
    wire->ends[1] = -1;
    assert_int_equal(rms_control_receive(wire->ends[0], &got), RMS_E_IO);
}

#define ON_WIRE(test) cmocka_unit_test_setup_teardown(test, open_wire, close_wire)

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(writes_what_it_reads),
        cmocka_unit_test(has_the_documented_layout),
        cmocka_unit_test(refuses_bad_heads),
        cmocka_unit_test(refuses_a_failed_reply_that_says_more),
        cmocka_unit_test(refuses_a_positive_status),
        cmocka_unit_test(refuses_every_shorter_head),
        cmocka_unit_test(reports_a_message_that_did_not_fit),
        cmocka_unit_test(packs_guids_in_the_order_of_their_digits),
        cmocka_unit_test(reads_blobs_within_their_maximum),
        ON_WIRE(puts_pieces_together),
        ON_WIRE(keeps_what_follows),
        ON_WIRE(refuses_oversized_before_the_body_comes),
        ON_WIRE(refuses_unknown_types),
        ON_WIRE(notices_the_end),
        ON_WIRE(wipes_what_was_read),
        ON_WIRE(notices_a_peer_that_does_not_read),
        cmocka_unit_test_setup_teardown(carries_descriptors, open_control, close_wire),
        cmocka_unit_test_setup_teardown(refuses_bad_control_messages, open_control, close_wire),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
