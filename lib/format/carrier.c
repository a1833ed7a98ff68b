#include "format/carrier.h"

#include "format/mime.h"
#include "format/outlook.h"
#include "format/rpmsg.h"

/* found: what looking for the message in the carrier gave. */
static int open_found(int found, unsigned version, struct rms_buf *packed, struct rms_container *container)
{
    int status;

    if (found != 0) {
        return found == RMS_E_NOT_FOUND ? RMS_E_NOT_PROTECTED : found;
    }
    status = rms_rpmsg_open_bytes(packed, container);
    if (status == RMS_E_NOT_PROTECTED) {
        status = version > 1 ? RMS_E_UNSUPPORTED_VERSION : RMS_E_DAMAGED;
    }
    return status;
}

int rms_mime_carrier_open(const struct rms_reader *file, struct rms_container *container)
{
    struct rms_buf RMS_BUF_CLEANUP packed = RMS_BUF_INIT(RMS_RPMSG_MAX + RMS_RPMSG_MAX / 16);
    struct rms_mime RMS_MIME_CLEANUP *mail = NULL;
    unsigned version = 0;
    int status;

    if (!rms_mime_looks(file) || file->size > RMS_MIME_MAX) {
        return RMS_E_NOT_PROTECTED;
    }
    status = rms_mime_open(file, &mail);
    if (status == RMS_E_LIMIT) {
        return RMS_E_NOT_PROTECTED; /* no mail that we or others could have made */
    }
    status = status == 0 ? rms_mime_protected(mail, &version, &packed) : status;
    rms_mime_close(&mail);
    return open_found(status, version, &packed, container);
}

int rms_outlook_carrier_open(const struct rms_reader *file, struct rms_container *container)
{
    struct rms_buf RMS_BUF_CLEANUP packed = RMS_BUF_INIT(RMS_RPMSG_MAX + RMS_RPMSG_MAX / 16);
    struct rms_outlook RMS_OUTLOOK_CLEANUP *item = NULL;
    unsigned version = 0;
    int status = rms_outlook_open(file, &item);

    status = status == 0 ? rms_outlook_protected(item, &version, &packed) : status;
    rms_outlook_close(&item);
    return open_found(status, version, &packed, container);
}
