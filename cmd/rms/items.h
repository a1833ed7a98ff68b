/* Work on many files: one result each, in the order of the list, a summary, and the exit status. */
#ifndef RMS_CMD_ITEMS_H
#define RMS_CMD_ITEMS_H

#include "cmd/rms/walk.h"

typedef int items_each(void *user_data, size_t index, int code, const struct rms_file_result *result);

/* What a verb does with files. policy belongs to protect. */
struct items_work {
    const char *name;          /* of the progress bar */
    const char *result_member; /* "EncryptedFile", "DecryptedFile" */
    struct rms_context *context;
    const struct rms_policy_builder *policy;
    struct rms_file_options options;
    int (*one)(const struct items_work *work, const char *path, const struct rms_file_options *options,
        struct rms_file_result *result_out);
    int (*many)(const struct items_work *work, const char *const *paths, size_t count,
        const struct rms_file_options *options, items_each *each, void *user_data);
};

#define ITEM_OPTIONS                                                                                         \
    NAMED_FLAG("recursive", 'r',                                                                             \
        "folders with everything below them (default: only the files directly in "                           \
        "them)"),                                                                                            \
        FLAG("in-place", "replace each file by the result (default: write a copy beside it)"),               \
        TEXT("out", "DIR", "write results into this folder, the tree of folder arguments below it"),         \
        NAMED_TEXT("output", 'o', "FILE", "name of the result; for one file only"),                          \
        FLAG("preserve", "keep the time of last change"),                                                    \
        FLAG("follow", "work on what symbolic links point to (default: they are skipped)"),                  \
        FLAG("stdin0", "read more paths from standard input, separated by NUL"),                             \
        FLAG("stop", "stop at the first failure (default: go on with the other files)"),                     \
        TEXT("log", "BASE", "write BASE, BASE-failure and BASE-debug: time, file, action, reason"),          \
        TEXT("retry", "LOG", "work on the files of a failure log")

/* Checks the options above against each other. 0 or EXIT_USAGE. */
int items_check(const struct arguments *arguments);

/* Walks the arguments and works. Returns the exit status (service-requirements 0.2). */
int items_run(const struct arguments *arguments, struct items_work *work);

#endif
