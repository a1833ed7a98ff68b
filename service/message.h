/* Messages between processes of rmsd: typed, versioned, size-checked (doc/protocol/keyd.md). Reader and
 * writer.
 *
 * Head, 20 bytes, little-endian: u16 0x4b52, u8 version, u8 0 request | 1 reply, u16 type, u16 uses, i32
 * status (0 in requests), u32 bytes of the body, u32 sequence. Body: the fields of the type, in order, no
 * more. A blob is u32 length and bytes. A message that breaks these rules is RMS_E_BAD_ARGUMENT here and the
 * end of the connection for the caller: its peer is our own program, so it is broken or taken over. */
#ifndef RMS_SERVICE_MESSAGE_H
#define RMS_SERVICE_MESSAGE_H

#include "base/bytes.h"
#include "base/cursor.h"
#include "base/guid.h"

#define RMS_MESSAGE_VERSION 6
#define RMS_MESSAGE_HEAD    20
#define RMS_MESSAGE_GUID    16

struct rms_message {
    uint16_t type;
    bool reply;
    int status; /* replies: 0 or RMS_E_...; a failed reply has no body */
    uint32_t sequence;
    uint16_t token_uses; /* replies: four counters (rms_message_set_uses) */
    struct rms_view body;
};

/* --- writing ---------------------------------------------------------------------------------------- */

/* Empties out and writes the head; the caller appends the fields; end fills in the length. */
void rms_message_begin(struct rms_buf *out, const struct rms_message *head);
RMS_MUST_USE int rms_message_end(struct rms_buf *out);

/* Into the head of a reply: how often a token decrypted, failed to, signed, failed to, four bits each from
 * the lowest on; 15 is that or more. */
void rms_message_set_uses(struct rms_buf *reply, uint16_t uses);

void rms_message_put_blob(struct rms_buf *out, struct rms_view blob);

/* A GUID text as 16 bytes in the order of its digits. RMS_E_BAD_ARGUMENT when it is none. */
RMS_MUST_USE int rms_message_put_guid(struct rms_buf *out, const char *guid);
RMS_MUST_USE int rms_guid_pack(const char *guid, uint8_t out[RMS_MESSAGE_GUID]);
void rms_guid_unpack(const uint8_t bytes[RMS_MESSAGE_GUID], char guid_out[RMS_GUID_TEXT]);

/* --- reading ---------------------------------------------------------------------------------------- */

/* Checks a head (at least RMS_MESSAGE_HEAD bytes) and gives the length of the body that follows; the body of
 * head_out stays empty. */
RMS_MUST_USE int rms_message_parse_head(
    struct rms_view bytes, struct rms_message *head_out, size_t *body_len_out);

/* Marks the cursor bad when longer than max. */
struct rms_view rms_message_take_blob(struct rms_cursor *body, size_t max);

/* --- sockets ---------------------------------------------------------------------------------------- */

/* Most bytes of the body of such a message; a negative code when the type is not acceptable here. */
typedef long (*rms_message_limit)(const struct rms_message *head);

/* The receiving side of one stream connection. */
struct rms_inbox {
    struct rms_buf bytes;
    size_t taken; /* of the message handed out, to be dropped */
    rms_message_limit limit;
};

void rms_inbox_init(struct rms_inbox *inbox, rms_message_limit limit);
void rms_inbox_fini(struct rms_inbox *inbox);

/* Reads until one message is whole. 1: message_out is set and stays valid until rms_inbox_drop; 0: no more
 * bytes now (with MSG_DONTWAIT in flags, or a receive time-out); RMS_E_IO: the peer is gone;
 * RMS_E_BAD_ARGUMENT: malformed. */
RMS_MUST_USE int rms_inbox_receive(
    struct rms_inbox *inbox, int fd, int flags, struct rms_message *message_out);

/* Wipes the message handed out. */
void rms_inbox_drop(struct rms_inbox *inbox);

/* Sends everything. RMS_E_IO when the peer is gone, RMS_E_THROTTLED when it does not read (MSG_DONTWAIT in
 * flags, or the send time-out passed). */
RMS_MUST_USE int rms_message_send(int fd, struct rms_view bytes, int flags);

/* --- control sockets: master to its children ---------------------------------------------------------- */

/* Descriptors for a child over its control socket (SOCK_SEQPACKET). */
enum rms_control {
    RMS_CONTROL_CONNECTIONS = 'C', /* ends of connections between front and keyd */
    RMS_CONTROL_LOG = 'L',         /* a new log file, to become standard error */
    RMS_CONTROL_READY = 'R',       /* child to master, no descriptors: it does its work now */
    RMS_CONTROL_MORE = 'M',        /* front to master, no descriptors: its connections are used up */
};

#define RMS_CONTROL_FDS_MAX 64

struct rms_control_message {
    enum rms_control kind;
    int fds[RMS_CONTROL_FDS_MAX];
    size_t count;
};

/* Does not wait: RMS_E_THROTTLED when the child does not read. The descriptors stay the caller's. */
RMS_MUST_USE int rms_control_send(int control, enum rms_control kind, const int *fds, size_t count);

/* Waits for one. RMS_E_IO: the other side is gone. RMS_E_BAD_ARGUMENT: malformed (its descriptors are
 * closed). The descriptors of message_out are the caller's to close. */
RMS_MUST_USE int rms_control_receive(int control, struct rms_control_message *message_out);

#endif
