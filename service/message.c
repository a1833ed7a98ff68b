#include "service/message.h"

#include <errno.h>
#include <sys/socket.h>
#include <unistd.h>

#define MAGIC        0x4b52
#define USES_AT      6
#define LENGTH_AT    12
#define READ_AHEAD   16384u      /* bytes asked for at once; most messages are far smaller */
#define KEEP_BYTES   65536u      /* a buffer that grew beyond is given back */
#define MESSAGE_MAX  (32u << 20) /* above every limit of a type */
#define CONTROL_MARK 0x31534d52u /* "RMS1" */

/* --- writing ---------------------------------------------------------------------------------------- */

void rms_message_begin(struct rms_buf *out, const struct rms_message *head)
{
    rms_buf_reset(out);
    rms_buf_append_u16(out, MAGIC);
    rms_buf_append_byte(out, RMS_MESSAGE_VERSION);
    rms_buf_append_byte(out, head->reply ? 1 : 0);
    rms_buf_append_u16(out, head->type);
    rms_buf_append_u16(out, 0);
    rms_buf_append_u32(out, (uint32_t)head->status);
    rms_buf_append_u32(out, 0);
    rms_buf_append_u32(out, head->sequence);
}

int rms_message_end(struct rms_buf *out)
{
    uint32_t len;

    RMS_TRY(rms_buf_status(out));
    len = (uint32_t)(out->len - RMS_MESSAGE_HEAD);
    for (size_t i = 0; i < sizeof len; i++) {
        out->data[LENGTH_AT + i] = (uint8_t)(len >> (8 * i));
    }
    return 0;
}

void rms_message_set_uses(struct rms_buf *reply, uint16_t uses)
{
    reply->data[USES_AT] = (uint8_t)uses;
    reply->data[USES_AT + 1] = (uint8_t)(uses >> 8);
}

void rms_message_put_blob(struct rms_buf *out, struct rms_view blob)
{
    rms_buf_append_u32(out, (uint32_t)blob.len);
    rms_buf_append_view(out, blob);
}

static uint8_t nibble(char digit)
{
    return (uint8_t)(digit <= '9' ? digit - '0' : digit - 'a' + 10);
}

int rms_guid_pack(const char *guid, uint8_t out[RMS_MESSAGE_GUID])
{
    char plain[RMS_GUID_TEXT];
    const char *at = plain;

    RMS_TRY(rms_guid_parse(rms_view_str(guid), plain));
    for (size_t i = 0; i < RMS_MESSAGE_GUID; i++) {
        at += *at == '-';
        out[i] = (uint8_t)(nibble(at[0]) << 4 | nibble(at[1]));
        at += 2;
    }
    return 0;
}

void rms_guid_unpack(const uint8_t bytes[RMS_MESSAGE_GUID], char guid_out[RMS_GUID_TEXT])
{
    static const char digits[] = "0123456789abcdef";
    char *at = guid_out;

    for (size_t i = 0; i < RMS_MESSAGE_GUID; i++) {
        if (i == 4 || i == 6 || i == 8 || i == 10) {
            *at++ = '-';
        }
        *at++ = digits[bytes[i] >> 4];
        *at++ = digits[bytes[i] & 15];
    }
    *at = '\0';
}

int rms_message_put_guid(struct rms_buf *out, const char *guid)
{
    uint8_t bytes[RMS_MESSAGE_GUID];

    RMS_TRY(rms_guid_pack(guid, bytes));
    rms_buf_append(out, bytes, sizeof bytes);
    return 0;
}

/* --- reading ---------------------------------------------------------------------------------------- */

int rms_message_parse_head(struct rms_view bytes, struct rms_message *head_out, size_t *body_len_out)
{
    struct rms_cursor in = rms_cursor_of(bytes);
    bool known = rms_cursor_u16(&in) == MAGIC && rms_cursor_u8(&in) == RMS_MESSAGE_VERSION;
    uint8_t direction = rms_cursor_u8(&in);
    uint16_t type = rms_cursor_u16(&in);
    uint16_t uses = rms_cursor_u16(&in);
    int status = (int)rms_cursor_u32(&in);
    size_t len = rms_cursor_u32(&in);
    uint32_t sequence = rms_cursor_u32(&in);

    if (in.bad || !known || direction > 1 || (uses != 0 && direction == 0) || len > MESSAGE_MAX) {
        return RMS_E_BAD_ARGUMENT;
    }
    /* Only a reply reports, and a failed one says nothing else. */
    if (status > 0 || (status != 0 && (direction == 0 || len != 0))) {
        return RMS_E_BAD_ARGUMENT;
    }
    *head_out = (struct rms_message){
        .type = type, .reply = direction == 1, .status = status, .sequence = sequence, .token_uses = uses};
    *body_len_out = len;
    return 0;
}

struct rms_view rms_message_take_blob(struct rms_cursor *body, size_t max)
{
    size_t len = rms_cursor_u32(body);

    if (len > max) {
        body->bad = true;
        return rms_view_of(NULL, 0);
    }
    return rms_cursor_take(body, len);
}

/* --- sockets ---------------------------------------------------------------------------------------- */

void rms_inbox_init(struct rms_inbox *inbox, rms_message_limit limit)
{
    *inbox = (struct rms_inbox){RMS_BUF_INIT(MESSAGE_MAX + RMS_MESSAGE_HEAD + READ_AHEAD), 0, limit};
}

void rms_inbox_fini(struct rms_inbox *inbox)
{
    rms_buf_fini(&inbox->bytes);
    inbox->taken = 0;
}

void rms_inbox_drop(struct rms_inbox *inbox)
{
    size_t left = inbox->bytes.len - inbox->taken;

    if (left > 0) {
        memmove(inbox->bytes.data, inbox->bytes.data + inbox->taken, left);
    }
    rms_buf_truncate(&inbox->bytes, left);
    if (left == 0 && inbox->bytes.cap > KEEP_BYTES) {
        rms_buf_fini(&inbox->bytes);
    }
    inbox->taken = 0;
}

/* 1: whole, 0: not yet (need_out: how many bytes are missing at least), negative: malformed. The size is
 * checked against the type before any of the body is waited for. */
static int look(struct rms_inbox *inbox, struct rms_message *message_out, size_t *need_out)
{
    struct rms_view have = rms_buf_view(&inbox->bytes);
    size_t body_len;
    long limit;

    if (have.len < RMS_MESSAGE_HEAD) {
        *need_out = RMS_MESSAGE_HEAD - have.len;
        return 0;
    }
    RMS_TRY(rms_message_parse_head(have, message_out, &body_len));
    limit = inbox->limit(message_out);
    if (limit < 0 || body_len > (size_t)limit) {
        return RMS_E_BAD_ARGUMENT;
    }
    if (have.len - RMS_MESSAGE_HEAD < body_len) {
        *need_out = RMS_MESSAGE_HEAD + body_len - have.len;
        return 0;
    }
    message_out->body = rms_view_of(have.data + RMS_MESSAGE_HEAD, body_len);
    inbox->taken = RMS_MESSAGE_HEAD + body_len;
    return 1;
}

static int fill(struct rms_inbox *inbox, int fd, int flags, size_t need)
{
    size_t room = need > READ_AHEAD ? need : READ_AHEAD;
    uint8_t *place = rms_buf_reserve(&inbox->bytes, room);
    ssize_t got;

    if (place == NULL) {
        return RMS_E_NO_MEMORY;
    }
    do {
        got = recv(fd, place, room, flags);
    } while (got < 0 && errno == EINTR);
    if (got < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) {
        return 0;
    }
    if (got <= 0) {
        return RMS_E_IO;
    }
    rms_buf_commit(&inbox->bytes, (size_t)got);
    return 1;
}

int rms_inbox_receive(struct rms_inbox *inbox, int fd, int flags, struct rms_message *message_out)
{
    size_t need = 0;
    int status;

    for (;;) {
        status = look(inbox, message_out, &need);
        if (status != 0) {
            return status;
        }
        status = fill(inbox, fd, flags, need);
        if (status <= 0) {
            return status;
        }
    }
}

int rms_message_send(int fd, struct rms_view bytes, int flags)
{
    while (bytes.len > 0) {
        ssize_t sent = send(fd, bytes.data, bytes.len, flags | MSG_NOSIGNAL);

        if (sent < 0 && errno == EINTR) {
            continue;
        }
        if (sent < 0) {
            return errno == EAGAIN || errno == EWOULDBLOCK ? RMS_E_THROTTLED : RMS_E_IO;
        }
        bytes = rms_view_of(bytes.data + sent, bytes.len - (size_t)sent);
    }
    return 0;
}

/* --- control sockets -------------------------------------------------------------------------------- */

struct control_wire {
    uint32_t mark;
    uint8_t kind;
    uint8_t count;
    uint8_t zero[2];
};

union control_space {
    struct cmsghdr align;
    char space[CMSG_SPACE(sizeof(int) * RMS_CONTROL_FDS_MAX)];
};

static bool control_kind_known(uint8_t kind)
{
    return kind == RMS_CONTROL_CONNECTIONS || kind == RMS_CONTROL_LOG || kind == RMS_CONTROL_READY ||
           kind == RMS_CONTROL_MORE;
}

int rms_control_send(int control, enum rms_control kind, const int *fds, size_t count)
{
    struct control_wire wire = {.mark = CONTROL_MARK, .kind = (uint8_t)kind, .count = (uint8_t)count};
    struct iovec part = {&wire, sizeof wire};
    union control_space space = {0};
    struct msghdr head = {.msg_iov = &part, .msg_iovlen = 1};
    struct cmsghdr *rights;
    ssize_t sent;

    if (count > RMS_CONTROL_FDS_MAX) {
        return RMS_E_LIMIT;
    }
    if (count > 0) {
        head.msg_control = space.space;
        head.msg_controllen = CMSG_SPACE(sizeof(int) * count);
        rights = CMSG_FIRSTHDR(&head);
        rights->cmsg_level = SOL_SOCKET;
        rights->cmsg_type = SCM_RIGHTS;
        rights->cmsg_len = CMSG_LEN(sizeof(int) * count);
        memcpy(CMSG_DATA(rights), fds, sizeof(int) * count);
    }
    do {
        sent = sendmsg(control, &head, MSG_DONTWAIT | MSG_NOSIGNAL);
    } while (sent < 0 && errno == EINTR);
    if (sent == (ssize_t)sizeof wire) {
        return 0;
    }
    return sent < 0 && (errno == EAGAIN || errno == EWOULDBLOCK) ? RMS_E_THROTTLED : RMS_E_IO;
}

static void take_fds(struct msghdr *head, struct rms_control_message *message)
{
    for (struct cmsghdr *item = CMSG_FIRSTHDR(head); item != NULL; item = CMSG_NXTHDR(head, item)) {
        if (item->cmsg_level != SOL_SOCKET || item->cmsg_type != SCM_RIGHTS) {
            continue;
        }
        size_t count = (item->cmsg_len - CMSG_LEN(0)) / sizeof(int);

        if (count > RMS_CONTROL_FDS_MAX - message->count) {
            count = RMS_CONTROL_FDS_MAX - message->count;
        }
        memcpy(message->fds + message->count, CMSG_DATA(item), count * sizeof(int));
        message->count += count;
    }
}

int rms_control_receive(int control, struct rms_control_message *message_out)
{
    struct control_wire wire = {0};
    struct iovec part = {&wire, sizeof wire};
    union control_space space;
    struct msghdr head = {
        .msg_iov = &part, .msg_iovlen = 1, .msg_control = space.space, .msg_controllen = sizeof space.space};
    ssize_t got;

    message_out->count = 0;
    do {
        got = recvmsg(control, &head, MSG_CMSG_CLOEXEC);
    } while (got < 0 && errno == EINTR);
    if (got <= 0) {
        return RMS_E_IO;
    }
    take_fds(&head, message_out);
    message_out->kind = (enum rms_control)wire.kind;
    if (got == (ssize_t)sizeof wire && wire.mark == CONTROL_MARK && control_kind_known(wire.kind) &&
        wire.count == message_out->count && (head.msg_flags & (MSG_TRUNC | MSG_CTRUNC)) == 0) {
        return 0;
    }
    for (size_t i = 0; i < message_out->count; i++) {
        (void)close(message_out->fds[i]);
    }
    message_out->count = 0;
    return RMS_E_BAD_ARGUMENT;
}
