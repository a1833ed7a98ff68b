/* One file on its way: prepared into a finished temporary file by any thread, then synced and put in place.
 * The calls of the interface for one file and for many are made of these steps. */
#ifndef RMS_CLIENT_WORK_H
#define RMS_CLIENT_WORK_H

#include "client/issue.h"
#include "client/source.h"
#include "client/target.h"

/* What all files of a call have in common. */
struct rms_errand {
    struct rms_context *context;
    const struct rms_plan *plan; /* NULL: unprotecting */
    struct rms_file_options options;
    unsigned threads; /* for the content of one file */
};

struct rms_work {
    struct rms_file_source source;
    struct rms_target target;
    struct rms_issued issued; /* protecting */
    bool skipped;
    bool mail; /* made of a mail: not tracked (C-115) */
    char content_id[RMS_GUID_TEXT];
    char previous_id[RMS_GUID_TEXT];         /* protecting again: what it was before; else "" */
    char extension[RMS_PFILE_EXTENSION_MAX]; /* of the clear file */
    struct rms_members *members;             /* of an archive that was opened; NULL otherwise */
};

/* Up to a complete temporary file: the one the errand asks for. On failure nothing is left; work->skipped
 * tells failures that mean "left alone". */
RMS_MUST_USE int rms_work_prepare(const struct rms_errand *errand, const char *path, struct rms_work *work);

/* The two of them, for rms_work_prepare only. */
RMS_MUST_USE int rms_work_protect(const struct rms_errand *errand, const char *path, struct rms_work *work);
RMS_MUST_USE int rms_work_unprotect(const struct rms_errand *errand, const char *path, struct rms_work *work);

/* The file of work->target as a writer that looks at cancelling and tells progress, for what is written in
 * one go by lib/format. */
struct rms_watched {
    const struct rms_errand *errand;
    struct rms_writer out;
    uint64_t done, total;
};
struct rms_writer rms_watched_writer(
    struct rms_watched *watched, const struct rms_errand *errand, struct rms_work *work);
RMS_MUST_USE int rms_watched_begin(struct rms_watched *watched, uint64_t total);

/* After the data are on the disk: checks the source once more, puts the result in place. */
RMS_MUST_USE int rms_work_publish(const struct rms_errand *errand, struct rms_work *work);

/* Makes the data durable, unless the settings leave that to the system. */
RMS_MUST_USE int rms_work_sync(const struct rms_errand *errand, struct rms_work *work);

/* All steps for one file; result_out may be NULL. */
RMS_MUST_USE int rms_work_run(
    const struct rms_errand *errand, const char *path, struct rms_file_result *result_out);

/* Fills a result for the caller (NULL: none wanted). work NULL: nothing was begun. The path of a call may be
 * the output of an earlier result in the same place, so this comes last. */
void rms_work_result(const struct rms_work *work, int code, struct rms_file_result *result_out);

void rms_work_init(struct rms_work *work);
void rms_work_fini(struct rms_work *work); /* removes what is unfinished */

/* Starts a call for one file: rms_call_begin and the options; a failure is told in the result. */
RMS_MUST_USE int rms_errand_begin(struct rms_context *context, const struct rms_file_options *given,
    struct rms_file_result *result_out, struct rms_file_options *out);

/* Options of an older program are shorter; NULL gives the defaults. */
RMS_MUST_USE int rms_errand_options(
    struct rms_context *context, const struct rms_file_options *given, struct rms_file_options *out);

#endif
