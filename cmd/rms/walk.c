#include "cmd/rms/walk.h"

#include <ctype.h>
#include <errno.h>
#include <fts.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/file.h"
#include "base/mem.h"
#include "cmd/rms/output.h"

#define LIST_BYTES_MAX  (2ull << 30)
#define STDIN_BYTES_MAX (256u << 20)

static struct item *add_item(struct item_list *list, const char *path)
{
    struct item *item;

    if (list->count == list->capacity) {
        size_t capacity = list->capacity > 0 ? 2 * list->capacity : 64;
        struct item *items = rms_realloc(list->items, capacity * sizeof *items);

        if (items == NULL) {
            return NULL;
        }
        list->items = items;
        list->capacity = capacity;
    }
    item = &list->items[list->count];
    *item = (struct item){.path = rms_arena_strdup(list->arena, path)};
    if (item->path == NULL) {
        return NULL;
    }
    list->count++;
    return item;
}

static int add_refused(struct item_list *list, const char *path, int code, bool skipped, const char *comment)
{
    struct item *item = add_item(list, path);

    if (item == NULL) {
        return RMS_E_NO_MEMORY;
    }
    item->code = code;
    item->skipped = skipped;
    item->comment = comment;
    return 0;
}

/* --- where results go ------------------------------------------------------------------------------------
 */

/* The last component of a folder argument: "x" of "a/x/", the real name of "." and "..", "" of "/". */
static const char *folder_name(struct item_list *list, const char *path)
{
    char *real = NULL;
    char *text = rms_arena_strdup(list->arena, path);
    size_t len = text != NULL ? strlen(text) : 0;
    const char *name;

    while (len > 1 && text[len - 1] == '/') {
        text[--len] = 0;
    }
    if (text == NULL) {
        return NULL;
    }
    name = strrchr(text, '/') != NULL ? strrchr(text, '/') + 1 : text;
    if (strcmp(name, ".") == 0 || strcmp(name, "..") == 0) {
        real = rms_arena_alloc(list->arena, PATH_MAX);
        if (real == NULL || realpath(path, real) == NULL) {
            return real;
        }
        name = strrchr(real, '/') + 1;
    }
    return name;
}

/* DIR/, and for files in folders DIR/folder/where it was/. below: the path under the folder argument. */
static const char *target_of(
    struct item_list *list, const char *directory, const char *folder, const char *below)
{
    const char *slash = strrchr(below, '/');

    if (folder == NULL) {
        return rms_arena_printf(list->arena, "%s/", directory);
    }
    return rms_arena_printf(list->arena, "%s/%s%s%.*s", directory, folder, folder[0] != 0 ? "/" : "",
        slash != NULL ? (int)(slash - below) + 1 : 0, below);
}

/* --- walking ---------------------------------------------------------------------------------------------
 */

struct walk {
    struct item_list *list;
    const struct walk_options *options;
    const char *folder; /* name of the folder argument; NULL while the argument is a file */
    size_t root_len;    /* of the argument, with its slash */
};

static int add_file(const struct walk *walk, const FTSENT *entry)
{
    struct item *item = add_item(walk->list, entry->fts_path);
    const char *directory = walk->options->directory;

    if (item == NULL) {
        return RMS_E_NO_MEMORY;
    }
    item->links = entry->fts_statp->st_nlink;
    item->found = walk->folder != NULL;
    if (directory != NULL) {
        item->target = target_of(walk->list, directory, walk->folder,
            walk->folder != NULL ? entry->fts_path + walk->root_len : entry->fts_path);
        return item->target != NULL ? 0 : RMS_E_NO_MEMORY;
    }
    return 0;
}

static int enter_folder(struct walk *walk, FTS *fts, FTSENT *entry)
{
    if (entry->fts_level > 0) {
        return walk->options->recursive || fts_set(fts, entry, FTS_SKIP) == 0 ? 0 : RMS_E_IO;
    }
    walk->list->folders = true;
    walk->root_len = strlen(entry->fts_path);
    walk->root_len += walk->root_len > 0 && entry->fts_path[walk->root_len - 1] != '/';
    walk->folder = folder_name(walk->list, entry->fts_path);
    return walk->folder != NULL ? 0 : RMS_E_NO_MEMORY;
}

static int visit(struct walk *walk, FTS *fts, FTSENT *entry)
{
    switch (entry->fts_info) {
    case FTS_D:
        return enter_folder(walk, fts, entry);
    case FTS_F:
        return add_file(walk, entry);
    case FTS_DP:
        return 0;
    case FTS_SL:
        return add_refused(walk->list, entry->fts_path, RMS_E_FILE_BLOCKED, true,
            _("a symbolic link: --follow works on what it points to"));
    case FTS_DC:
        return add_refused(
            walk->list, entry->fts_path, RMS_E_FILE_BLOCKED, true, _("a link back to a folder above it"));
    case FTS_DEFAULT:
        return add_refused(
            walk->list, entry->fts_path, RMS_E_FILE_BLOCKED, true, _("not a file: a device, pipe or socket"));
    case FTS_SLNONE:
        return add_refused(
            walk->list, entry->fts_path, RMS_E_NOT_FOUND, false, _("a symbolic link that points to nothing"));
    default:
        return add_refused(walk->list, entry->fts_path, rms_error_from_errno(entry->fts_errno), false, NULL);
    }
}

static int by_name(const FTSENT **a, const FTSENT **b)
{
    return strcmp((*a)->fts_name, (*b)->fts_name);
}

int walk_path(struct item_list *list, const struct walk_options *options, const char *path)
{
    struct walk walk = {.list = list, .options = options};
    int flags = FTS_NOCHDIR | (options->follow ? FTS_LOGICAL : FTS_PHYSICAL);
    char *const roots[] = {(char *)path, NULL};
    FTSENT *entry;
    FTS *fts;
    int code = 0;

    fts = fts_open(roots, flags | (options->follow_named ? FTS_COMFOLLOW : 0), by_name);
    if (fts == NULL) {
        return add_refused(list, path, rms_error_from_errno(errno), false, NULL);
    }
    while (code == 0 && (entry = fts_read(fts)) != NULL) {
        code = visit(&walk, fts, entry);
    }
    (void)fts_close(fts);
    return code;
}

/* --- arguments -------------------------------------------------------------------------------------------
 */

static bool is_url(const char *path)
{
    const char *p = path;

    while (isalnum((unsigned char)*p) || *p == '+' || *p == '-' || *p == '.') {
        p++;
    }
    return p > path + 1 && strncmp(p, "://", 3) == 0;
}

static int read_names(struct rms_buf *names)
{
    uint8_t block[65536];
    long got;

    while ((got = rms_fd_read_full(STDIN_FILENO, block, sizeof block)) > 0) {
        rms_buf_append(names, block, (size_t)got);
    }
    RMS_TRY((int)got);
    rms_buf_append_byte(names, 0);
    return rms_buf_status(names);
}

static int walk_stdin(struct item_list *list, const struct walk_options *options)
{
    struct rms_buf RMS_BUF_CLEANUP names = RMS_BUF_INIT(STDIN_BYTES_MAX);
    const char *name;
    const char *end;

    RMS_TRY(read_names(&names));
    name = (const char *)names.data;
    end = name + names.len;
    for (; name < end; name += strlen(name) + 1) {
        if (name[0] != 0) {
            RMS_TRY(walk_path(list, options, name));
        }
    }
    return 0;
}

static int walk_all(
    const struct arguments *arguments, const struct walk_options *options, struct item_list *list)
{
    size_t count;
    const char *const *operands = argument_operands(arguments, &count);

    list->arena = rms_arena_new(LIST_BYTES_MAX);
    if (list->arena == NULL) {
        return RMS_E_NO_MEMORY;
    }
    for (size_t i = 0; i < count; i++) {
        RMS_TRY(walk_path(list, options, operands[i]));
    }
    return argument_flag(arguments, "stdin0") ? walk_stdin(list, options) : 0;
}

int walk_check(const struct arguments *arguments)
{
    size_t count;
    const char *const *operands = argument_operands(arguments, &count);

    for (size_t i = 0; i < count; i++) {
        if (is_url(operands[i])) {
            return usage_error(
                arguments, _("%s is a web address; mount it, or download the file first"), operands[i]);
        }
    }
    return 0;
}

int walk_arguments(
    const struct arguments *arguments, const struct walk_options *options, struct item_list *list_out)
{
    int code;

    *list_out = (struct item_list){0};
    code = walk_all(arguments, options, list_out);
    return code < 0 ? output_error(NULL, NULL, code) : 0;
}

void item_list_free(struct item_list *list)
{
    rms_free(list->items);
    rms_arena_free(&list->arena);
    *list = (struct item_list){0};
}
