/* Protected mails on the command line: what rms open shows of them, what rms status tells. */
#ifndef RMS_CMD_MAIL_H
#define RMS_CMD_MAIL_H

#include <jansson.h>

#include "cmd/rms/cli.h"

struct mail_opening {
    struct rms_context *context;
    const char *path;
    struct rms_document *document;
    bool may_copy;      /* clear bytes may leave our hands */
    const char *folder; /* where attachments are saved; NULL: they are only listed */
    const char *output; /* where the body goes as it was written, "-": standard output; NULL: it is shown */
};

/* Shows the message of an open document and lists or saves its attachments. Returns the exit status. */
int mail_show(const struct mail_opening *opening);

/* Is the open document a mail? */
bool mail_is(struct rms_document *document);

/* What the file tells of a mail in clear: {Subject, From, To[], Attachments[]}; NULL when it is none. */
json_t *mail_json(struct rms_context *context, const char *path);

#endif
