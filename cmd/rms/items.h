/* Work on many files: one result each, in the order of the list, a summary, and the exit status. */
#ifndef RMS_CMD_ITEMS_H
#define RMS_CMD_ITEMS_H

#include "cmd/rms/walk.h"

typedef int items_each(void *user_data, size_t index, int code, const struct rms_file_result *result);

/* What a verb does with files. policy belongs to protect. */
struct items_work {
    const char *name;          /* of the progress bar */
    const char *result_member; /* "EncryptedFile", "DecryptedFile"; NULL: it makes no other file */
    bool recursive;            /* folders count whole, with -r or without (C-213) */
    int passed_over[2];        /* with these codes a file that was found in a folder is skipped */
    struct rms_context *context;
    const struct rms_policy_builder *policy;
    struct rms_file_options options;
    int (*one)(const struct items_work *work, const char *path, const struct rms_file_options *options,
        struct rms_file_result *result_out);
    int (*many)(const struct items_work *work, const char *const *paths, size_t count,
        const struct rms_file_options *options, items_each *each, void *user_data);
};

/* Of every verb that changes files: how it goes on. */
#define ITEM_RUN_OPTIONS                                                                                     \
    FLAG("follow", "work on what symbolic links point to (default: they are skipped)"),                      \
        FLAG("stdin0", "read more paths from standard input, separated by NUL"),                             \
        FLAG("stop", "stop at the first failure (default: go on with the other files)"),                     \
        TEXT("log", "BASE", "write BASE, BASE-failure and BASE-debug: time, file, action, reason"),          \
        TEXT("retry", "LOG", "work on the files of a failure log")

#define ITEM_OPTIONS                                                                                         \
    NAMED_FLAG("recursive", 'r',                                                                             \
        "folders with everything below them (default: only the files directly in "                           \
        "them)"),                                                                                            \
        FLAG("in-place", "replace each file by the result (default: write a copy beside it)"),               \
        TEXT("out", "DIR", "write results into this folder, the tree of folder arguments below it"),         \
        NAMED_TEXT("output", 'o', "FILE", "name of the result; for one file only"),                          \
        FLAG("preserve", "keep the time of last change"), ITEM_RUN_OPTIONS

/* Of verbs whose folders count whole. */
#define ITEM_FOLDER_OPTION                                                                                   \
    NAMED_FLAG("recursive", 'r', "folders with everything below them; always so for labels")

/* Checks the options above against each other. 0 or EXIT_USAGE. */
int items_check(const struct arguments *arguments);

/* Walks the arguments and works. Returns the exit status (service-requirements 0.2). */
int items_run(const struct arguments *arguments, struct items_work *work);

/* For verbs that only look: one for every file, which gives an exit status. Returns that of all. */
int items_look(const struct arguments *arguments, bool recursive,
    int (*one)(void *user_data, const struct item *item), void *user_data);

/* Says that a file could not be looked at; its exit status. */
int items_refuse(const struct rms_context *context, const struct item *item, int code);

#endif
