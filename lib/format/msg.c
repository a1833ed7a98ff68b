#include "format/msg.h"

#include "format/cfb.h"
#include "format/container.h"

#define PROPERTIES "__properties_version1.0" /* what makes a compound file a message (MS-OXMSG 2.4) */
#define ATTACHMENT "__attach_version1.0_#"
#define DATA       "__substg1.0_37010102" /* PidTagAttachDataBinary */

/* How message.rpmsg begins (MS-OXORMMS 2.2.4). */
static const uint8_t magic[8] = {0x76, 0xe8, 0x04, 0x60, 0xc4, 0x11, 0xe3, 0x86};

static int look_at_attachment(struct rms_cfb *cfb, uint32_t storage, struct rms_msg *msg)
{
    struct rms_container RMS_CONTAINER_CLEANUP container = {0};
    uint8_t head[sizeof magic];
    struct rms_reader data;
    uint32_t index;
    int status = rms_cfb_find(cfb, storage, DATA, &index);

    if (status == RMS_E_NOT_FOUND) {
        return 0; /* a message inside, or a link */
    }
    RMS_TRY(status);
    RMS_TRY(rms_cfb_stream(cfb, index, &data));
    if (data.size >= sizeof head) {
        RMS_TRY(rms_reader_at(&data, 0, head, sizeof head));
        if (memcmp(head, magic, sizeof head) == 0) {
            msg->rights = true;
            return 0;
        }
    }
    status = rms_container_open(&data, &container);
    if (status == RMS_E_NO_MEMORY || status == RMS_E_IO) {
        return status;
    }
    msg->attachments = msg->attachments || status == 0;
    return 0;
}

static bool is_attachment(const struct rms_cfb_entry *entry)
{
    return entry->storage && entry->parent == RMS_CFB_ROOT &&
           strncmp(entry->name, ATTACHMENT, strlen(ATTACHMENT)) == 0;
}

int rms_msg_look(const struct rms_reader *file, struct rms_msg *msg_out)
{
    struct rms_cfb RMS_CFB_CLEANUP *cfb = NULL;
    const struct rms_cfb_entry *entry;
    uint32_t properties;

    *msg_out = (struct rms_msg){false, false};
    if (!rms_cfb_looks(file)) {
        return RMS_E_NOT_FOUND;
    }
    RMS_TRY(rms_cfb_open(file, &cfb));
    RMS_TRY(rms_cfb_find(cfb, RMS_CFB_ROOT, PROPERTIES, &properties));
    for (uint32_t i = 0; (entry = rms_cfb_entry(cfb, i)) != NULL; i++) {
        if (i != RMS_CFB_ROOT && is_attachment(entry)) {
            RMS_TRY(look_at_attachment(cfb, i, msg_out));
        }
    }
    return 0;
}
