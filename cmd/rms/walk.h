/* From path arguments to the list of files to work on (C-213, C-053). */
#ifndef RMS_CMD_WALK_H
#define RMS_CMD_WALK_H

#include "cmd/rms/cli.h"

struct rms_arena;

struct walk_options {
    bool recursive;        /* folders with all below them, else only the files directly in them */
    bool follow;           /* symbolic links are followed everywhere */
    bool follow_named;     /* only those given as arguments: for verbs that write nothing */
    const char *directory; /* of --out; NULL without */
};

/* One file, or what could not be one. */
struct item {
    const char *path;
    const char *target;  /* directory for the result, ending with "/"; NULL without --out */
    int code;            /* 0: to be worked on; else why not */
    bool skipped;        /* with code: skipped, not failed */
    bool found;          /* in a folder: nobody named it */
    const char *comment; /* with code: in words; may be NULL */
    unsigned long links; /* hard links of the file */
};

struct item_list {
    struct rms_arena *arena; /* owns every text */
    struct item *items;
    size_t count, capacity;
    bool folders; /* an argument was a folder */
};

#define ITEMS_CLEANUP __attribute__((cleanup(item_list_free)))

/* Arguments that are no paths (https://…) are EXIT_USAGE, before anything is read. Else 0. */
int walk_check(const struct arguments *arguments);

/* 0, or an exit status with a message. What is missing, a link or a special file becomes an item with a code.
 * Order: as given; in folders by name. */
int walk_arguments(
    const struct arguments *arguments, const struct walk_options *options, struct item_list *list_out);

/* One more path, as if it were an argument. */
RMS_MUST_USE int walk_path(struct item_list *list, const struct walk_options *options, const char *path);

void item_list_free(struct item_list *list);

#endif
