/* Sharing: what is given to whom, in words and as a mail. */
#ifndef RMS_CMD_SHARE_H
#define RMS_CMD_SHARE_H

#include "base/bytes.h"
#include "base/text.h"
#include "cmd/rms/cli.h"

#define SHARE_PEOPLE_MAX 100

struct sharing {
    char to[SHARE_PEOPLE_MAX][RMS_ADDRESS_MAX]; /* normalised */
    size_t to_count;
    const char *level;
    int64_t until;    /* RMS_NEVER: without end */
    bool online_only; /* each opening asks the service */
    unsigned notify;  /* what the service tells the sharer of by mail */
    const char *message;
    const char *draft;
    const char **sources;
    struct rms_file_result *copies;
    size_t count; /* of the two */
};

/* "bob@contoso.test may open it (Reviewer) until …", a line or two. */
void share_conditions(const struct sharing *sharing, struct rms_buf *out);

/* An RFC 5322 message without sender, to be finished by a mail program: says what the attachments are and how
 * to open them, and carries them. RMS_E_CONFLICT when the file exists. */
RMS_MUST_USE int share_write_draft(const struct sharing *sharing);

#endif
