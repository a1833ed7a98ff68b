/* Where a result goes: its name by the rules of C-043, C-071 and C-215, its temporary file, and putting it in
 * place. */
#ifndef RMS_CLIENT_TARGET_H
#define RMS_CLIENT_TARGET_H

#include <limits.h>

#include <openrms/openrms.h>

#include "base/file.h"
#include "client/source.h"
#include "format/kind.h"
#include "format/writer.h"

enum rms_target_way {
    RMS_TARGET_IN_PLACE, /* replaces the source, possibly under another name */
    RMS_TARGET_EXACT,    /* the path the caller gave */
    RMS_TARGET_FOLDER,   /* the usual name in the folder the caller gave, the next free one when taken */
    RMS_TARGET_COPY,     /* "-Copy" beside the source, the next free one when taken */
};

/* What becomes of the name. */
enum rms_target_change { RMS_NAME_PROTECT, RMS_NAME_CLEAR, RMS_NAME_KEEP };

struct rms_target {
    enum rms_target_way way;
    enum rms_target_change change;
    enum rms_kind_form form;                 /* for RMS_NAME_PROTECT */
    char extension[RMS_PFILE_EXTENSION_MAX]; /* of the container, for RMS_NAME_CLEAR */
    char folder[PATH_MAX];                   /* with its slash, "" for the current one */
    char source_name[RMS_NAME_MAX];
    unsigned attempt; /* 0: plain name, 1: "-Copy", 2: "-Copy(2)", ... */
    bool same_name;   /* in place under the source's own name */
    struct rms_file_output output;
};

/* Chooses the way from the caller's options; names are not looked at yet. */
RMS_MUST_USE int rms_target_init(struct rms_context *context, const struct rms_file_source *source,
    const struct rms_file_options *options, struct rms_target *target_out);

/* Finds the first free name from target->attempt on and creates the temporary file beside it. RMS_E_CONFLICT
 * when the only allowed name is taken, RMS_E_NAME_TOO_LONG. */
RMS_MUST_USE int rms_target_open(struct rms_context *context, struct rms_target *target);

/* The temporary file, for writing at any place by any thread. */
struct rms_writer rms_target_writer(struct rms_target *target);
/* The same, when size bytes of it are written. */
struct rms_reader rms_target_reader(struct rms_target *target, uint64_t size);

/* Owner, mode, ACL, attributes and, when asked to, times of the source. */
RMS_MUST_USE int rms_target_like(
    struct rms_target *target, const struct rms_file_source *source, bool preserve_times);

/* Puts the finished, synced temporary file in place and, in place, removes the source. The result's path is
 * target->output.path. */
RMS_MUST_USE int rms_target_publish(
    struct rms_context *context, struct rms_target *target, const struct rms_file_source *source);

/* The name with "-Copy" (n = 1) or "-Copy(n)" in front of its extension. */
RMS_MUST_USE int rms_name_copy(const char *name, unsigned n, char out[RMS_NAME_MAX]);

#endif
