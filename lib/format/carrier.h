/* What carries a message.rpmsg: a mail, or an Outlook item. */
#ifndef RMS_FORMAT_CARRIER_H
#define RMS_FORMAT_CARRIER_H

#include "format/container.h"

/* For the table of containers: the message in it is the container. RMS_E_NOT_PROTECTED when it carries none,
 * RMS_E_UNSUPPORTED_VERSION when it is of a later form that only a web portal opens. */
RMS_MUST_USE int rms_mime_carrier_open(const struct rms_reader *file, struct rms_container *container);
RMS_MUST_USE int rms_outlook_carrier_open(const struct rms_reader *file, struct rms_container *container);

#endif
