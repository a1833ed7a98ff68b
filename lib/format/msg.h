/* Outlook messages (.msg, MS-OXMSG), as far as protection in them is concerned. */
#ifndef RMS_FORMAT_MSG_H
#define RMS_FORMAT_MSG_H

#include "format/reader.h"

struct rms_msg {
    bool rights;      /* a protected message: its body and attachments are in message.rpmsg */
    bool attachments; /* files protected by themselves are attached */
};

/* RMS_E_NOT_FOUND when the file is no such message; RMS_E_DAMAGED when it begins like one, or the reader's
 * own code. */
RMS_MUST_USE int rms_msg_look(const struct rms_reader *file, struct rms_msg *msg_out);

#endif
