/* rms admin log import-old: files of the original's usage log, one behind the other (S-199) */
#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/mem.h"
#include "cmd/rms/admin.h"

#define FILES_MAX 1000000
#define FILE_MAX  (256u << 20)

struct old_file {
    long number;
    char name[256];
};

struct old_files {
    struct old_file *items;
    size_t count;
    size_t room;
};

/* "1024.log", "000001024": what a name begins with. */
static bool number_of(const char *name, long *number_out)
{
    char *end;

    errno = 0;
    *number_out = name[0] >= '0' && name[0] <= '9' ? strtol(name, &end, 10) : -1;
    return *number_out >= 0 && errno == 0 && (*end == '.' || *end == 0);
}

static int keep(struct old_files *files, long number, const char *name)
{
    if (files->count == files->room) {
        size_t room = files->room * 2 + 64;
        struct old_file *items = room <= FILES_MAX ? rms_realloc(files->items, room * sizeof *items) : NULL;

        if (items == NULL) {
            return RMS_E_LIMIT;
        }
        files->items = items;
        files->room = room;
    }
    files->items[files->count].number = number;
    (void)snprintf(files->items[files->count++].name, sizeof files->items->name, "%s", name);
    return 0;
}

static int find_files(const char *path, long from, long to, struct old_files *files)
{
    DIR *dir = opendir(path);
    const struct dirent *entry;
    long number;
    int code = 0;

    if (dir == NULL) {
        return errno == ENOENT ? RMS_E_NOT_FOUND : RMS_E_IO;
    }
    while (code == 0 && (entry = readdir(dir)) != NULL) {
        if (number_of(entry->d_name, &number) && number >= from && number <= to) {
            code = keep(files, number, entry->d_name);
        }
    }
    (void)closedir(dir);
    return code;
}

static int compare(const void *a, const void *b)
{
    const struct old_file *left = a;
    const struct old_file *right = b;

    return left->number != right->number ? (left->number < right->number ? -1 : 1)
                                         : strcmp(left->name, right->name);
}

static int print_file(const char *path, const char *name)
{
    struct rms_buf RMS_BUF_CLEANUP place = RMS_BUF_INIT(4096);
    struct rms_buf RMS_BUF_CLEANUP text = RMS_BUF_INIT(FILE_MAX);

    rms_buf_printf(&place, "%s/%s", path, name);
    RMS_TRY(rms_buf_status(&place));
    RMS_TRY(rms_file_read(rms_buf_text(&place), &text));
    return fwrite(text.data, 1, text.len, stdout) == text.len ? 0 : RMS_E_IO;
}

int admin_run_log_old(struct arguments *arguments)
{
    const char *path = argument_text(arguments, "path");
    struct old_files files = {0};
    long from = 0;
    long to = 0;
    int code;

    if (path == NULL || !argument_number(arguments, "from-counter", &from) ||
        !argument_number(arguments, "to-counter", &to)) {
        return usage_error(arguments, _("--path, --from-counter and --to-counter are needed"));
    }
    if (from > to) {
        return usage_error(arguments, _("--from-counter is above --to-counter"));
    }
    code = find_files(path, from, to, &files);
    if (files.count > 0) {
        qsort(files.items, files.count, sizeof *files.items, compare);
    }
    for (size_t i = 0; code == 0 && i < files.count; i++) {
        code = print_file(path, files.items[i].name);
    }
    rms_free(files.items);
    return code < 0 ? output_error(NULL, path, code) : EXIT_DONE;
}
