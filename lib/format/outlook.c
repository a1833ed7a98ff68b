#include "format/outlook.h"

#include <stdio.h>

#include "base/arena.h"
#include "base/mem.h"
#include "base/text.h"
#include "format/message.h"
#include "format/rpmsg.h"

#define ARENA_MAX  (16u * 1024 * 1024)
#define TEXT_BYTES (64u * 1024)
#define PROPERTIES "__properties_version1.0"
#define STREAM     "__substg1.0_"
#define DATA       "__substg1.0_37010102"

/* What has properties: the item itself, each recipient, each attachment. */
enum sort { ITEM, RECIPIENT, ATTACHMENT, SORTS };

struct thing {
    enum sort sort;
    uint32_t storage;
    const char *text[2]; /* subject and sender; address; name and type */
    unsigned rank[2];    /* of the properties they come from */
};

struct rms_outlook {
    struct rms_cfb *cfb;
    struct rms_arena *arena;
    struct thing item;
    struct thing *things[SORTS]; /* recipients and attachments */
    size_t count[SORTS];
    struct thing **of; /* by index of a storage in the compound file; NULL: of none */
};

/* The properties that are looked at (MS-OXPROPS), the better ones with the higher rank. */
static const struct {
    unsigned tag;
    enum sort sort;
    unsigned place, rank;
} properties[] = {
    {0x0037, ITEM, 0, 1},      /* subject */
    {0x5d01, ITEM, 1, 4},      /* sender's address for the Internet */
    {0x5d02, ITEM, 1, 3},      /* and of whom it was sent for */
    {0x0c1f, ITEM, 1, 2},      /* an address of any sort */
    {0x0c1a, ITEM, 1, 1},      /* a name */
    {0x39fe, RECIPIENT, 0, 3}, /* the same three */
    {0x3003, RECIPIENT, 0, 2}, {0x3001, RECIPIENT, 0, 1},
    {0x3707, ATTACHMENT, 0, 3}, /* long name of the file */
    {0x3704, ATTACHMENT, 0, 2}, {0x3001, ATTACHMENT, 0, 1}, {0x370e, ATTACHMENT, 1, 1}, /* MIME type */
};

static bool begins(const char *text, const char *with)
{
    return strncmp(text, with, strlen(with)) == 0;
}

/* Text as UTF-16 (001F), in older items in a code page that is Western often enough (001E). NULL for what is
 * no text for people; addresses of Exchange's own form mean nothing outside. */
static const char *read_text(struct rms_outlook *item, uint32_t index, bool wide)
{
    struct rms_buf RMS_BUF_CLEANUP bytes = RMS_BUF_INIT(TEXT_BYTES);
    struct rms_buf RMS_BUF_CLEANUP text = RMS_BUF_INIT(3 * TEXT_BYTES);
    int status = rms_cfb_read(item->cfb, index, &bytes);

    if (status == 0) {
        status = wide ? rms_text_from_utf16(rms_buf_view(&bytes), &text)
                      : rms_code_page_text(1252, rms_buf_view(&bytes), &text);
    }
    return status == 0 && text.len > 0 && rms_text_printable(rms_buf_view(&text)) &&
                   strncasecmp(rms_buf_text(&text), "/o=", 3) != 0
               ? rms_arena_text(item->arena, rms_buf_view(&text))
               : NULL;
}

/* A stream "__substg1.0_TTTTYYYY" of a thing. */
static void take_property(
    struct rms_outlook *item, struct thing *thing, const struct rms_cfb_entry *entry, uint32_t index)
{
    unsigned tag;
    unsigned type;

    if (!begins(entry->name, STREAM) || sscanf(entry->name + sizeof STREAM - 1, "%4X%4X", &tag, &type) != 2 ||
        (type != 0x1f && type != 0x1e)) {
        return;
    }
    for (size_t i = 0; i < sizeof properties / sizeof properties[0]; i++) {
        unsigned rank = 2 * properties[i].rank + (type == 0x1f);
        const char *text;

        if (properties[i].tag != tag || properties[i].sort != thing->sort ||
            rank <= thing->rank[properties[i].place]) {
            continue;
        }
        text = read_text(item, index, type == 0x1f);
        if (text != NULL) {
            thing->text[properties[i].place] = text;
            thing->rank[properties[i].place] = rank;
        }
    }
}

/* A storage of the root that is a recipient or an attachment. */
static int take_storage(struct rms_outlook *item, const struct rms_cfb_entry *entry, uint32_t index)
{
    static const struct {
        enum sort sort;
        const char *name;
        size_t max;
    } storages[] = {{RECIPIENT, "__recip_version1.0_#", RMS_OUTLOOK_RECIPIENTS_MAX},
        {ATTACHMENT, "__attach_version1.0_#", RMS_OUTLOOK_ATTACHMENTS_MAX}};

    for (size_t i = 0; i < sizeof storages / sizeof storages[0]; i++) {
        enum sort sort = storages[i].sort;

        if (!begins(entry->name, storages[i].name)) {
            continue;
        }
        if (item->count[sort] == storages[i].max) {
            return RMS_E_LIMIT;
        }
        item->of[index] = &item->things[sort][item->count[sort]++];
        *item->of[index] = (struct thing){.sort = sort, .storage = index, .text = {"", ""}};
    }
    return 0;
}

/* One pass: a storage comes before what is in it. */
static int take_item(struct rms_outlook *item)
{
    const struct rms_cfb_entry *entry;
    uint32_t count = 0;

    while (rms_cfb_entry(item->cfb, count) != NULL) {
        count++;
    }
    item->of = rms_arena_array(item->arena, count, sizeof(struct thing *));
    item->things[RECIPIENT] = rms_arena_array(item->arena, RMS_OUTLOOK_RECIPIENTS_MAX, sizeof(struct thing));
    item->things[ATTACHMENT] =
        rms_arena_array(item->arena, RMS_OUTLOOK_ATTACHMENTS_MAX, sizeof(struct thing));
    if (item->of == NULL || item->things[RECIPIENT] == NULL || item->things[ATTACHMENT] == NULL) {
        return RMS_E_NO_MEMORY;
    }
    item->of[RMS_CFB_ROOT] = &item->item;
    for (uint32_t i = 1; i < count; i++) {
        entry = rms_cfb_entry(item->cfb, i);
        if (entry->storage && entry->parent == RMS_CFB_ROOT) {
            RMS_TRY(take_storage(item, entry, i));
        } else if (!entry->storage && item->of[entry->parent] != NULL) {
            take_property(item, item->of[entry->parent], entry, i);
        }
    }
    return 0;
}

static int open_item(const struct rms_reader *file, struct rms_outlook *item)
{
    uint32_t index;

    item->item = (struct thing){.sort = ITEM, .text = {"", ""}};
    item->arena = rms_arena_new(ARENA_MAX);
    if (item->arena == NULL) {
        return RMS_E_NO_MEMORY;
    }
    RMS_TRY(rms_cfb_open(file, &item->cfb));
    RMS_TRY(rms_cfb_find(item->cfb, RMS_CFB_ROOT, PROPERTIES, &index));
    return take_item(item);
}

int rms_outlook_open(const struct rms_reader *file, struct rms_outlook **item_out)
{
    int status;

    *item_out = NULL;
    if (!rms_cfb_looks(file)) {
        return RMS_E_NOT_FOUND;
    }
    *item_out = rms_calloc(1, sizeof **item_out);
    if (*item_out == NULL) {
        return RMS_E_NO_MEMORY;
    }
    status = open_item(file, *item_out);
    if (status != 0) {
        rms_outlook_close(item_out);
    }
    return status;
}

void rms_outlook_close(struct rms_outlook **item)
{
    if (*item != NULL) {
        rms_cfb_close(&(*item)->cfb);
        rms_arena_free(&(*item)->arena);
        rms_free(*item);
        *item = NULL;
    }
}

const char *rms_outlook_subject(const struct rms_outlook *item)
{
    return item->item.text[0];
}

const char *rms_outlook_sender(const struct rms_outlook *item)
{
    return item->item.text[1];
}

const char *rms_outlook_recipient(const struct rms_outlook *item, size_t i)
{
    return i < item->count[RECIPIENT] ? item->things[RECIPIENT][i].text[0] : NULL;
}

const char *rms_outlook_attachment(const struct rms_outlook *item, size_t i)
{
    return i < item->count[ATTACHMENT] ? item->things[ATTACHMENT][i].text[0] : NULL;
}

int rms_outlook_attachment_data(const struct rms_outlook *item, size_t i, struct rms_reader *data_out)
{
    uint32_t index;

    RMS_TRY(rms_cfb_find(item->cfb, item->things[ATTACHMENT][i].storage, DATA, &index));
    return rms_cfb_stream(item->cfb, index, data_out);
}

/* Of the message in an attachment; 0 for anything else. What neither name nor type tells its first bytes do.
 */
static unsigned version_of(const struct rms_outlook *item, size_t i)
{
    const struct thing *attachment = &item->things[ATTACHMENT][i];
    unsigned version = rms_rpmsg_version(attachment->text[0], attachment->text[1]);
    struct rms_reader data;

    return version == 0 && rms_outlook_attachment_data(item, i, &data) == 0 && rms_rpmsg_looks(&data)
               ? 1
               : version;
}

int rms_outlook_protected(const struct rms_outlook *item, unsigned *version_out, struct rms_buf *out)
{
    size_t found = SIZE_MAX;
    uint32_t index;

    *version_out = 0;
    for (size_t i = 0; i < item->count[ATTACHMENT]; i++) {
        unsigned version = version_of(item, i);

        if (version != 0 && found != SIZE_MAX) {
            return RMS_E_DAMAGED;
        }
        if (version != 0) {
            found = i;
            *version_out = version;
        }
    }
    if (found == SIZE_MAX) {
        return RMS_E_NOT_FOUND;
    }
    if (rms_cfb_find(item->cfb, item->things[ATTACHMENT][found].storage, DATA, &index) != 0 ||
        rms_cfb_entry(item->cfb, index)->storage) {
        return RMS_E_DAMAGED;
    }
    return rms_cfb_read(item->cfb, index, out);
}
