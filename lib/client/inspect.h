/* What a file tells by its bytes alone, without rights, keys or service: status, licence, labels, the heads
 * of mails. All of it reads what strangers made.
 *
 * rms_inspect_* do it in this process, for a person's own programs. For those that serve others the same
 * functions run in a shut-in process, rms-inspector (inspector.h): they take a descriptor, and nothing in
 * them knows of contexts. What decrypts is not here: keys never enter that process. */
#ifndef RMS_CLIENT_INSPECT_H
#define RMS_CLIENT_INSPECT_H

#include <openrms/openrms.h>

#include "format/pfile.h"
#include "xrml/licence.h"

struct rms_inspect {
    const char *name; /* last part of the file's name */
    int fd;
    uint64_t size;
};

typedef void rms_each_label(void *user_data, const struct rms_label *label, bool in_force);
typedef void rms_each_field(void *user_data, enum rms_mail_field field, const char *value);

/* Can this be the name of a file at all: not NULL, not "", no longer than any path? */
bool rms_path_usable(const char *path);

/* A regular file. fd is -1 unless it returns 0. */
RMS_MUST_USE int rms_inspect_open(const char *path, struct rms_inspect *file_out);
void rms_inspect_close(struct rms_inspect *file);
#define RMS_INSPECT_CLEANUP __attribute__((cleanup(rms_inspect_close)))

/* Over the file, which must stay. */
struct rms_reader rms_inspect_reader(const struct rms_inspect *file);

/* As it is before anything is known. */
struct rms_file_status rms_status_unknown(void);

struct rms_inspected {
    struct rms_file_status status; /* but template_id and template_name */
    char descriptor_id[40];        /* of the template that the licence names */
    char policy_name[256];         /* as the licence has it */
};

/* trust: what this device believes; NULL: nothing, and nothing is judged. */
RMS_MUST_USE int rms_inspect_status(
    const struct rms_inspect *file, const struct rms_trust *trust, struct rms_inspected *inspected_out);

#define RMS_INSPECT_EXTENSION (RMS_PFILE_EXTENSION_MAX + 1)

/* Appends the publishing licence as stored; the extension is that of the clear file. */
RMS_MUST_USE int rms_inspect_licence(
    const struct rms_inspect *file, struct rms_buf *licence, char extension_out[RMS_INSPECT_EXTENSION]);

/* As rms_file_labels, rms_file_label_set, rms_file_label_remove; the changed file goes to out. set_at of the
 * label is set. */
RMS_MUST_USE int rms_inspect_labels(
    const struct rms_inspect *file, rms_each_label *each, void *user_data, bool *doubtful_out);
RMS_MUST_USE int rms_inspect_label_set(
    const struct rms_inspect *file, int out, const struct rms_label *label, const char *display);
RMS_MUST_USE int rms_inspect_label_remove(const struct rms_inspect *file, int out, const char *tenant);

/* As rms_mail_inspect. */
RMS_MUST_USE int rms_inspect_mail(const struct rms_inspect *file, rms_each_field *each, void *user_data);

#endif
