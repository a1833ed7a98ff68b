/* Status and licence of a file, by its bytes (C-096). */
#include "client/inspect.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/text.h"
#include "client/seal.h"
#include "format/container.h"
#include "format/kind.h"
#include "format/mime.h"
#include "format/outlook.h"
#include "xrml/licence.h"

#define ARENA_MAX  (64u * 1024 * 1024)
#define HEAD_BYTES 256 /* in which a licence begins, behind BOM and XML declaration */

struct case_of_status {
    const struct rms_inspect *file;
    const struct rms_trust *trust;
    struct rms_inspected *found;
};

bool rms_path_usable(const char *path)
{
    return path != NULL && path[0] != '\0' && strnlen(path, PATH_MAX) < PATH_MAX;
}

int rms_inspect_open(const char *path, struct rms_inspect *file_out)
{
    struct stat info;
    const char *slash;
    int code = 0;

    *file_out = (struct rms_inspect){.fd = -1};
    if (!rms_path_usable(path)) {
        return RMS_E_BAD_ARGUMENT;
    }
    slash = strrchr(path, '/');
    file_out->name = slash != NULL ? slash + 1 : path;
    /* O_NONBLOCK: a FIFO must not hang */
    file_out->fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    if (file_out->fd < 0) {
        return rms_error_from_errno(errno);
    }
    if (fstat(file_out->fd, &info) != 0) {
        code = rms_error_from_errno(errno);
    } else if (!S_ISREG(info.st_mode)) {
        code = RMS_E_BAD_ARGUMENT;
    } else {
        file_out->size = (uint64_t)info.st_size;
    }
    if (code != 0) {
        rms_inspect_close(file_out);
    }
    return code;
}

void rms_inspect_close(struct rms_inspect *file)
{
    if (file->fd >= 0) {
        (void)close(file->fd);
        file->fd = -1;
    }
}

static int read_fd(void *context, uint64_t offset, void *buffer, size_t len)
{
    const struct rms_inspect *file = context;
    long got = rms_fd_pread_full(file->fd, buffer, len, offset);

    return got < 0 ? (int)got : ((size_t)got == len ? 0 : RMS_E_DAMAGED);
}

struct rms_reader rms_inspect_reader(const struct rms_inspect *file)
{
    return (struct rms_reader){(void *)(uintptr_t)file, file->size, read_fd};
}

struct rms_file_status rms_status_unknown(void)
{
    return (struct rms_file_status){
        .issued_at = RMS_NEVER, .original_size = UINT64_MAX, .sealed_at = RMS_NEVER};
}

static void copy(char *out, size_t size, const char *text)
{
    size_t len = text != NULL ? strlen(text) : 0;

    if (len < size) {
        memcpy(out, text != NULL ? text : "", len);
        out[len] = '\0';
    } else {
        out[0] = '\0';
    }
}

#define COPY(field, text) copy(found->status.field, sizeof found->status.field, text)

/* Containers of one kind of document are its native form. Of a pfile the form is in the file's name: .pfile
 * is generic, a "p" before the original extension is native. A file with another name by now was made as its
 * kind usually is. */
static enum rms_protection protection_of(const char *path, const struct rms_container *container)
{
    char name[RMS_PFILE_EXTENSION_MAX + 2];
    const struct rms_kind *kind;

    if (container->kind != RMS_CONTAINER_PFILE) {
        return RMS_PROTECTED_NATIVE;
    }
    if (rms_text_equal_nocase(rms_kind_extension(path), ".pfile")) {
        return RMS_PROTECTED_GENERIC;
    }
    (void)snprintf(
        name, sizeof name, ".p%s", container->extension[0] == '.' ? container->extension + 1 : "/");
    if (rms_text_equal_nocase(rms_kind_extension(path), name)) {
        return RMS_PROTECTED_NATIVE;
    }
    (void)snprintf(name, sizeof name, "x%s", container->extension);
    kind = rms_kind_of(name);
    return kind->class == RMS_KIND_TEXT || kind->class == RMS_KIND_IMAGE ? RMS_PROTECTED_NATIVE
                                                                         : RMS_PROTECTED_GENERIC;
}

/* --- the licence --- */

static void take_policy(const struct rms_pl *pl, struct rms_inspected *found)
{
    const char *name = pl->text_count > 0 ? pl->texts[0].name : NULL;

    copy(found->descriptor_id, sizeof found->descriptor_id, pl->descriptor_id);
    copy(found->policy_name, sizeof found->policy_name, name);
}

static void take_licence(const struct case_of_status *about, const struct rms_pl *pl)
{
    struct rms_inspected *found = about->found;

    COPY(content_id, pl->content_id);
    COPY(owner, pl->owner);
    COPY(issuer, pl->issuer);
    COPY(intranet_url, pl->intranet_url);
    COPY(service_url, pl->extranet_url != NULL ? pl->extranet_url : pl->intranet_url);
    found->status.issued_at = pl->node->issued_at;
    found->status.signature_consistent = rms_chain_consistent(&pl->chain);
    if (about->trust != NULL) {
        found->status.signature_judged = true;
        found->status.signature_trusted = rms_chain_verify(&pl->chain, about->trust) == 0;
    }
    take_policy(pl, found);
}

/* --- the seal --- */

/* By what this device trusts when that made the licence, else by the key that the licence stands on: the
 * licence's own line tells whose that is. */
static int read_seal(const struct case_of_status *about, const struct rms_seal_case *given)
{
    const struct rms_rsa_public *licensor = rms_chain_licensor(&given->pl->chain);
    struct rms_inspected *found = about->found;
    struct rms_seal_case seal = *given;
    struct rms_sealed sealed;

    if (licensor != NULL) {
        seal.trust = (struct rms_trust){.keys = licensor, .key_count = 1};
    }
    if (found->status.signature_trusted) {
        seal.trust = *about->trust;
    }
    RMS_TRY(rms_sealed_open(&seal, &sealed));
    if (!sealed.present) {
        return 0;
    }
    RMS_TRY(rms_sealed_all(&sealed, &seal.container->content));
    found->status.seal = RMS_SEAL_UNCHANGED;
    COPY(sealed_by, sealed.by);
    found->status.sealed_at = sealed.sealed_at;
    found->status.edited = sealed.edited;
    return 0;
}

static int take_seal(const struct case_of_status *about, const struct rms_seal_case *seal)
{
    struct rms_file_status *status = &about->found->status;
    int code = read_seal(about, seal);

    if (code == RMS_E_BAD_SIGNATURE || (code == 0 && !status->signature_consistent)) {
        status->seal = status->seal == RMS_SEAL_NONE && code == 0 ? RMS_SEAL_NONE : RMS_SEAL_BROKEN;
        status->sealed_by[0] = '\0';
        status->sealed_at = RMS_NEVER;
        code = 0;
    }
    return code;
}

/* A licence outside of any container, as some tools keep them. What only looks like one tells nothing. */
static int inspect_bare(const struct case_of_status *about, const struct rms_reader *reader)
{
    struct rms_buf RMS_BUF_CLEANUP text = RMS_BUF_INIT(RMS_PFILE_LICENCE_MAX);
    struct rms_arena RMS_ARENA_CLEANUP *arena = NULL;
    uint8_t head[HEAD_BYTES];
    size_t head_len = reader->size < sizeof head ? (size_t)reader->size : sizeof head;
    uint8_t *place;
    struct rms_pl pl;

    RMS_TRY(reader->read(reader->context, 0, head, head_len));
    if (reader->size > RMS_PFILE_LICENCE_MAX || memmem(head, head_len, "<XrML", 5) == NULL) {
        return 0;
    }
    arena = rms_arena_new(ARENA_MAX);
    place = rms_buf_reserve(&text, (size_t)reader->size);
    if (arena == NULL || place == NULL) {
        return RMS_E_NO_MEMORY;
    }
    RMS_TRY(reader->read(reader->context, 0, place, (size_t)reader->size));
    rms_buf_commit(&text, (size_t)reader->size);
    if (rms_pl_parse(arena, rms_buf_view(&text), &pl) == 0) {
        take_licence(about, &pl);
    }
    return 0;
}

/* Files protected by themselves may be attached to an item of Outlook. */
static int inspect_attachments(const struct rms_outlook *item, struct rms_file_status *status)
{
    struct rms_reader data;

    for (size_t i = 0; rms_outlook_attachment(item, i) != NULL; i++) {
        struct rms_container RMS_CONTAINER_CLEANUP container = {0};
        int code = rms_outlook_attachment_data(item, i, &data);

        code = code == 0 ? rms_container_open(&data, &container) : code;
        if (code == RMS_E_NO_MEMORY || code == RMS_E_IO) {
            return code;
        }
        status->contains_protected = status->contains_protected || code == 0;
    }
    return 0;
}

/* The same of a mail. A guess: what only looks like one, or cannot be read as one, contains nothing. */
static int inspect_parts(const struct rms_reader *reader, struct rms_file_status *status)
{
    struct rms_mime RMS_MIME_CLEANUP *mail = NULL;
    int code = rms_mime_looks(reader) ? rms_mime_open(reader, &mail) : RMS_E_NOT_FOUND;

    for (size_t i = 0; code == 0 && i < rms_mime_attachment_count(mail); i++) {
        struct rms_buf RMS_BUF_CLEANUP bytes = RMS_BUF_INIT(RMS_MIME_MAX);
        struct rms_container RMS_CONTAINER_CLEANUP container = {0};
        struct rms_view view;
        struct rms_reader part;

        code = rms_mime_read_attachment(mail, i, &bytes);
        view = rms_buf_view(&bytes);
        part = rms_reader_of_view(&view);
        if (code == 0 && rms_container_open(&part, &container) == 0) {
            status->contains_protected = true;
        }
    }
    return code == RMS_E_NO_MEMORY || code == RMS_E_IO ? code : 0;
}

/* What is in no container of ours: an item of Outlook or a mail in clear, a licence by itself, or nothing. */
static int inspect_other(const struct case_of_status *about, const struct rms_reader *reader)
{
    struct rms_outlook RMS_OUTLOOK_CLEANUP *item = NULL;
    struct rms_file_status *status = &about->found->status;
    int code = rms_outlook_open(reader, &item);

    if (code == 0) {
        return inspect_attachments(item, status);
    }
    RMS_TRY(code == RMS_E_NOT_FOUND ? inspect_parts(reader, status) : code);
    return inspect_bare(about, reader);
}

static int inspect(const struct case_of_status *about, const struct rms_reader *reader)
{
    struct rms_buf RMS_BUF_CLEANUP licence = RMS_BUF_INIT(RMS_PFILE_LICENCE_MAX);
    struct rms_arena RMS_ARENA_CLEANUP *arena = rms_arena_new(ARENA_MAX);
    struct rms_container RMS_CONTAINER_CLEANUP container = {0};
    struct rms_inspected *found = about->found;
    const char *name = about->file->name;
    struct rms_pl pl;
    int code = rms_container_open(reader, &container);

    if (code == RMS_E_NOT_PROTECTED) {
        return inspect_other(about, reader);
    }
    RMS_TRY(code == RMS_E_DAMAGED ? RMS_E_BAD_LICENSE : code); /* of what holds it, only the licence counts */
    if (arena == NULL) {
        return RMS_E_NO_MEMORY;
    }
    found->status.protection = protection_of(name, &container);
    found->status.original_size = container.original_size;
    COPY(extension, rms_container_extension(&container, name));
    RMS_TRY(rms_container_licence(&container, &licence));
    RMS_TRY(rms_pl_parse(arena, rms_buf_view(&licence), &pl));
    take_licence(about, &pl);
    return take_seal(
        about, &(const struct rms_seal_case){arena, &container, rms_buf_view(&licence), &pl, {0}});
}

static void note_label(void *user_data, const struct rms_label *label, bool in_force)
{
    struct rms_file_status *status = user_data;

    (void)label;
    status->labelled = status->labelled || in_force;
}

int rms_inspect_status(
    const struct rms_inspect *file, const struct rms_trust *trust, struct rms_inspected *inspected_out)
{
    const struct case_of_status about = {file, trust, inspected_out};
    const struct rms_reader reader = rms_inspect_reader(file);

    *inspected_out = (struct rms_inspected){.status = rms_status_unknown()};
    RMS_TRY(inspect(&about, &reader));
    if (rms_inspect_labels(file, note_label, &inspected_out->status, NULL) != 0) {
        inspected_out->status.labelled = false; /* no kind of file that we read labels of */
    }
    return 0;
}

int rms_inspect_licence(
    const struct rms_inspect *file, struct rms_buf *licence, char extension_out[RMS_INSPECT_EXTENSION])
{
    struct rms_container RMS_CONTAINER_CLEANUP container = {0};
    const struct rms_reader reader = rms_inspect_reader(file);

    RMS_TRY(rms_container_open(&reader, &container));
    (void)snprintf(
        extension_out, RMS_INSPECT_EXTENSION, "%s", rms_container_extension(&container, file->name));
    return rms_container_licence(&container, licence);
}
