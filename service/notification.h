/* NotificationType and NotificationPreference of a tracked document (S-153, S-168; doc/protocol/rest.md), as
 * bits of enum rms_notify. */
#ifndef RMS_SERVICE_NOTIFICATION_H
#define RMS_SERVICE_NOTIFICATION_H

#include "service/rest_json.h"

/* NotificationType must be there; NotificationPreference may. "Unchanged" gives RMS_NOTIFY_UNCHANGED. */
RMS_MUST_USE int rms_notification_read(struct rms_reader *reader, const json_t *object, unsigned *notify_out);

/* NotificationInfo: culture and time zone of the mail, checked for form; as text to keep, in the arena. NULL
 * when there is none. */
RMS_MUST_USE int rms_notification_style_read(
    struct rms_reader *reader, const json_t *object, const char **style_out);

void rms_notification_write(struct rms_buf *out, unsigned notify);
void rms_notification_style_write(struct rms_buf *out, const char *style);

#endif
