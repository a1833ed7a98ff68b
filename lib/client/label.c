/* Labels in the metadata of files: which store a file has, reading it, and writing the file anew. */
#include <stdio.h>

#include "base/file.h"
#include "client/inspect.h"
#include "client/label.h"
#include "format/kind.h"
#include "label/image.h"
#include "label/mail.h"
#include "label/ole.h"
#include "label/ooxml.h"
#include "label/pdf.h"
#include "label/pfile.h"

#define ARENA_MAX (64u * 1024 * 1024)

struct store {
    int (*read)(int fd, struct rms_label_pairs *pairs);
    int (*write)(int fd, int out, const struct rms_label_pairs *pairs);
};

static const struct store none = {NULL, NULL};
static const struct store ooxml = {rms_label_ooxml_read, rms_label_ooxml_write};
static const struct store ole = {rms_label_ole_read, rms_label_ole_write};
static const struct store pdf = {rms_label_pdf_read, rms_label_pdf_write};
static const struct store image = {rms_label_image_read, rms_label_image_write};
static const struct store mail = {rms_label_mail_file_read, rms_label_mail_file_write};
static const struct store pfile = {rms_label_pfile_read, rms_label_pfile_write};

struct labelled_file {
    const struct store *store;
    struct rms_arena *arena;
    struct rms_label_pairs pairs;
};

static void close_file(struct labelled_file *file)
{
    rms_arena_free(&file->arena);
}
#define CLOSE_FILE __attribute__((cleanup(close_file)))

static bool begins(int fd, const char *with)
{
    char head[8];

    return rms_fd_pread_full(fd, head, sizeof head, 0) == (long)sizeof head &&
           memcmp(head, with, strlen(with)) == 0;
}

/* What a protected file has in clear is told by its container; a clear one's place by the table of kinds. */
static const struct store *store_of(const char *path, int fd)
{
    static const struct store *const homes[] = {[RMS_HOME_NONE] = &none,
        [RMS_HOME_OPC] = &ooxml,
        [RMS_HOME_OLE] = &ole,
        [RMS_HOME_PDF] = &pdf,
        [RMS_HOME_XMP] = &image,
        [RMS_HOME_HEADER] = &mail};
    enum rms_kind_home home = rms_kind_of(path)->home;

    if (begins(fd, ".pfile")) {
        return &pfile;
    }
    return home == RMS_HOME_OPC && begins(fd, "\xd0\xcf\x11\xe0") ? &ole : homes[home];
}

int rms_label_pairs_of(const char *name, int fd, struct rms_label_pairs *pairs)
{
    const struct store *store = store_of(name, fd);

    return store->read != NULL ? store->read(fd, pairs) : RMS_E_UNSUPPORTED;
}

static int read_labels(const struct rms_inspect *inspected, struct labelled_file *file)
{
    file->store = store_of(inspected->name, inspected->fd);
    if (file->store->read == NULL) {
        return RMS_E_UNSUPPORTED;
    }
    file->arena = rms_arena_new(ARENA_MAX);
    if (file->arena == NULL) {
        return RMS_E_NO_MEMORY;
    }
    file->pairs = RMS_LABEL_PAIRS(file->arena);
    return file->store->read(inspected->fd, &file->pairs);
}

/* --- reading -------------------------------------------------------------------------------------------- */

static void to_public(const struct rms_labelled *from, struct rms_label *out)
{
    *out = (struct rms_label){.content_bits = from->content_bits, .enabled = from->enabled};
    (void)snprintf(out->id, sizeof out->id, "%s", from->id);
    (void)snprintf(out->tenant, sizeof out->tenant, "%s", from->site);
    (void)snprintf(out->parent, sizeof out->parent, "%s", from->parent);
    (void)snprintf(out->name, sizeof out->name, "%s", from->name);
    (void)snprintf(out->set_at, sizeof out->set_at, "%s", from->set_at);
    (void)snprintf(out->method, sizeof out->method, "%s", from->method);
    (void)snprintf(out->owner, sizeof out->owner, "%s", from->owner);
}

int rms_inspect_labels(
    const struct rms_inspect *inspected, rms_each_label *each, void *user_data, bool *doubtful_out)
{
    CLOSE_FILE struct labelled_file file = {.store = NULL};
    const struct rms_labelled *labels;
    bool doubtful = false;
    size_t count;

    RMS_TRY(read_labels(inspected, &file));
    RMS_TRY(rms_label_all(&file.pairs, &labels, &count));
    for (size_t i = 0; i < count; i++) {
        struct rms_labelled best = {0};
        struct rms_label label;
        bool several;
        int code = rms_label_in_force(&file.pairs, labels[i].site, &best, &several);

        if (code != RMS_E_NOT_FOUND) {
            RMS_TRY(code);
        }
        doubtful |= several;
        to_public(&labels[i], &label);
        each(user_data, &label, code == 0 && strcmp(best.id, label.id) == 0);
    }
    if (doubtful_out != NULL) {
        *doubtful_out = doubtful;
    }
    return 0;
}

/* --- writing -------------------------------------------------------------------------------------------- */

/* The texts of a label that a program filled in: each ends within its place. */
static bool all_end(const struct rms_label *label)
{
#define ENDS(field) (memchr(label->field, 0, sizeof label->field) != NULL)
    return ENDS(id) && ENDS(tenant) && ENDS(name) && ENDS(set_at) && ENDS(method);
#undef ENDS
}

static int wanted_of(const struct rms_label *label, struct rms_labelled *wanted)
{
    *wanted = (struct rms_labelled){.content_bits = label->content_bits};
    if (!all_end(label) || rms_guid_parse(rms_view_str(label->id), wanted->id) != 0 ||
        rms_guid_parse(rms_view_str(label->tenant), wanted->site) != 0 || label->name[0] == '\0') {
        return RMS_E_BAD_ARGUMENT;
    }
    wanted->name = label->name;
    wanted->set_at = label->set_at;
    wanted->method = label->method[0] != '\0' ? label->method : "Privileged";
    wanted->owner = "";
    return 0;
}

int rms_label_usable(const struct rms_label *label)
{
    struct rms_labelled wanted;

    return label != NULL ? wanted_of(label, &wanted) : RMS_E_BAD_ARGUMENT;
}

int rms_inspect_label_set(
    const struct rms_inspect *inspected, int out, const struct rms_label *label, const char *display)
{
    CLOSE_FILE struct labelled_file file = {.store = NULL};
    struct rms_labelled wanted;

    RMS_TRY(wanted_of(label, &wanted));
    RMS_TRY(read_labels(inspected, &file));
    RMS_TRY(rms_label_set(&file.pairs, &wanted, display));
    return file.store->write(inspected->fd, out, &file.pairs);
}

int rms_inspect_label_remove(const struct rms_inspect *inspected, int out, const char *tenant)
{
    CLOSE_FILE struct labelled_file file = {.store = NULL};
    char site[RMS_GUID_TEXT];

    if (rms_guid_parse(rms_view_str(tenant), site) != 0) {
        return RMS_E_BAD_ARGUMENT;
    }
    RMS_TRY(read_labels(inspected, &file));
    RMS_TRY(rms_label_remove(&file.pairs, site));
    return file.store->write(inspected->fd, out, &file.pairs);
}
