#include "service/backup.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/cursor.h"
#include "base/file.h"
#include "base/json.h"
#include "service/backup_file.h"
#include "service/master_process.h"
#include "service/master_setup.h"
#include "service/settings.h"
#include "service/tool.h"
#include "store/dump.h"
#include "store/upkeep.h"

#define RECORD_HEAD   'B'
#define RECORD_FILE   'F'
#define HEAD_MAX      4096
#define ARENA_MAX     (4u << 20)
#define FILE_NAME_MAX 255
#define SETTINGS_MAX  65536

static const char mark_name[] = "restore.unfinished";
static const char settings_name[] = "rmsd.conf.restored";

/* --- which files ------------------------------------------------------------------------------------- */

/* Below the data directory. A name that ends with a star is that of any number of files. */
static const struct kept_file {
    const char *name;
    bool given; /* the service's account has it, not root */
} kept_files[] = {
    {"master.key", false},
    {"pkcs11.pin", false},
    {"keyd.journal", false},
    {"keyd.journal*", false},
    {"ca.pem", true},
    {"tls/ca.key", false},
    {"tls/server.pem", true},
    {"tls/server.key", true},
    {"credentials/*", true},
    {settings_name, true},
};

#define KEPT_FILES (sizeof kept_files / sizeof kept_files[0])

/* A restore writes as root: nothing but these names, and no way around. */
static const struct kept_file *kept_file_of(const char *name)
{
    for (size_t i = 0; i < KEPT_FILES; i++) {
        const char *pattern = kept_files[i].name;
        size_t len = strlen(pattern);
        bool star = pattern[len - 1] == '*';

        if (star && strncmp(name, pattern, len - 1) == 0 && name[len - 1] != '\0' && name[len - 1] != '.' &&
            strchr(name + len - 1, '/') == NULL) {
            return &kept_files[i];
        }
        if (!star && strcmp(name, pattern) == 0) {
            return &kept_files[i];
        }
    }
    return NULL;
}

/* --- writing ----------------------------------------------------------------------------------------- */

struct saving {
    const struct rms_settings *settings;
    struct rms_backup_writer *writer;
    struct rms_backup_info *info;
};

static int put_head(struct saving *s)
{
    RMS_BUF_CLEANUP struct rms_buf text = RMS_BUF_INIT(HEAD_MAX);

    rms_time_iso(rms_clock_now(), s->info->time);
    s->info->version = rms_store_version();
    rms_buf_printf(&text, "{\"Format\":1,\"Time\":\"%s\",\"SchemaVersion\":%u,\"Url\":", s->info->time,
        s->info->version);
    rms_json_quote(&text, rms_view_str(s->settings->url));
    rms_buf_append_str(&text, "}");
    RMS_TRY(rms_buf_status(&text));
    return rms_backup_put(s->writer, RECORD_HEAD, rms_buf_view(&text));
}

static int put_file(struct saving *s, const char *name, struct rms_view content)
{
    RMS_BUF_CLEANUP struct rms_buf record = RMS_BUF_INIT(RMS_BACKUP_RECORD_MAX);

    rms_buf_append_u16(&record, (uint16_t)strlen(name));
    rms_buf_append_str(&record, name);
    rms_buf_append_view(&record, content);
    RMS_TRY(rms_buf_status(&record));
    s->info->files++;
    return rms_backup_put(s->writer, RECORD_FILE, rms_buf_view(&record));
}

static int save_file(struct saving *s, const char *name)
{
    RMS_BUF_CLEANUP struct rms_buf content = RMS_BUF_INIT(RMS_BACKUP_RECORD_MAX / 2);
    char path[PATH_MAX];
    int status;

    if (strlen(name) > FILE_NAME_MAX || kept_file_of(name) == NULL) {
        return 0; /* nothing of ours */
    }
    RMS_TRY(rms_settings_path(s->settings, name, path));
    status = rms_file_read(path, &content);
    if (status == RMS_E_NOT_FOUND) {
        return 0;
    }
    RMS_TRY(status);
    return put_file(s, name, rms_buf_view(&content));
}

/* Those of a pattern: DIRECTORY/ or nothing, the beginning of a name, a star. */
static int save_all(struct saving *s, const char *pattern)
{
    const char *slash = strchr(pattern, '/');
    const char *start = slash != NULL ? slash + 1 : pattern;
    int prefix = (int)(start - pattern);
    char path[PATH_MAX];
    char name[2 * FILE_NAME_MAX + 2];
    const struct dirent *entry;
    int status = 0;
    DIR *directory;

    (void)snprintf(name, sizeof name, "%.*s", prefix, pattern);
    RMS_TRY(rms_settings_path(s->settings, name, path));
    directory = opendir(path);
    while (directory != NULL && status == 0 && (entry = readdir(directory)) != NULL) {
        (void)snprintf(name, sizeof name, "%.*s%s", prefix, pattern, entry->d_name);
        if (strncmp(entry->d_name, start, strlen(start) - 1) == 0 && kept_file_of(name) != NULL &&
            strcmp(kept_file_of(name)->name, pattern) == 0) {
            status = save_file(s, name);
        }
    }
    if (directory != NULL) {
        (void)closedir(directory);
    }
    return status;
}

/* The settings as they are in force; passwords in them are not shown. */
static int save_settings(struct saving *s)
{
    RMS_BUF_CLEANUP struct rms_buf text = RMS_BUF_INIT(SETTINGS_MAX);
    uint8_t *place = rms_buf_reserve(&text, SETTINGS_MAX - 1);
    FILE *out = place != NULL ? fmemopen(place, SETTINGS_MAX - 1, "w") : NULL;
    long len;

    if (out == NULL) {
        return RMS_E_NO_MEMORY;
    }
    rms_settings_print(s->settings, out);
    len = fflush(out) == 0 ? ftell(out) : -1;
    if (fclose(out) != 0 || len < 0) {
        return RMS_E_LIMIT;
    }
    rms_buf_commit(&text, (size_t)len);
    return put_file(s, settings_name, rms_buf_view(&text));
}

/* The master key as it is, wherever it comes from: the machine that kept it may be gone. */
static int save_files(struct saving *s, const struct rms_secret *master)
{
    RMS_TRY(put_file(s, "master.key", rms_secret_view(master)));
    RMS_TRY(save_settings(s));
    for (size_t i = 0; i < KEPT_FILES; i++) {
        const char *name = kept_files[i].name;

        if (strcmp(name, "master.key") == 0 || strcmp(name, settings_name) == 0) {
            continue;
        }
        RMS_TRY(strchr(name, '*') != NULL ? save_all(s, name) : save_file(s, name));
    }
    return 0;
}

static int put_record(void *context, char kind, struct rms_view record)
{
    struct saving *s = context;

    s->info->rows += kind == RMS_DUMP_ROW;
    return rms_backup_put(s->writer, kind, record);
}

/* Files as root, rows as the service's account. */
static int save(struct saving *s, struct rms_tool *tool)
{
    RMS_TRY(put_head(s));
    RMS_TRY(save_files(s, tool->master));
    RMS_TRY(rms_tool_open(tool));
    RMS_TRY(rms_tool_note_all(tool, "WriteBackup", ""));
    RMS_TRY(rms_dump_write(tool->db, put_record, s));
    return rms_backup_end(s->writer);
}

int rms_backup_write(
    const struct rms_settings *settings, int fd, struct rms_view passphrase, struct rms_backup_info *info_out)
{
    struct saving s = {settings, NULL, info_out};
    struct rms_tool tool;
    int status;

    *info_out = (struct rms_backup_info){0};
    if (passphrase.len < RMS_BACKUP_PASSPHRASE_MIN) {
        return RMS_E_BAD_ARGUMENT;
    }
    status = rms_tool_begin(settings, &tool);
    if (status == 0) {
        status = rms_backup_writer_new(fd, passphrase, &s.writer);
    }
    if (status == 0) {
        status = save(&s, &tool);
    }
    rms_backup_writer_free(&s.writer);
    rms_tool_close(&tool);
    return status;
}

/* --- checking ---------------------------------------------------------------------------------------- */

struct checking {
    struct rms_backup_info *info;
    struct rms_dump_load *load;
};

static int check_head(struct checking *c, struct rms_view record)
{
    RMS_JSON_CLEANUP json_t *head = NULL;
    const char *time;

    if (c->load != NULL || rms_json_parse(record, &head) < 0) {
        return RMS_E_DAMAGED;
    }
    if (json_integer_value(json_object_get(head, "Format")) != 1) {
        return RMS_E_UNSUPPORTED_VERSION;
    }
    time = rms_json_str(head, "Time");
    (void)snprintf(c->info->time, sizeof c->info->time, "%s", time != NULL ? time : "");
    c->info->version = (unsigned)json_integer_value(json_object_get(head, "SchemaVersion"));
    return rms_dump_load_new(NULL, c->info->version, &c->load);
}

struct file_record {
    char name[FILE_NAME_MAX + 1];
    struct rms_view content;
    const struct kept_file *kept;
};

static int read_file(struct rms_view record, struct file_record *file_out)
{
    struct rms_cursor in = rms_cursor_of(record);
    struct rms_view name;

    name = rms_cursor_take(&in, rms_cursor_u16(&in));
    file_out->content = rms_cursor_take(&in, rms_cursor_left(&in));
    if (in.bad || name.len == 0 || name.len > FILE_NAME_MAX || memchr(name.data, '\0', name.len) != NULL) {
        return RMS_E_DAMAGED;
    }
    memcpy(file_out->name, name.data, name.len);
    file_out->name[name.len] = '\0';
    file_out->kept = kept_file_of(file_out->name);
    return file_out->kept != NULL ? 0 : RMS_E_DAMAGED;
}

static int check_record(void *context, char kind, struct rms_view record)
{
    struct checking *c = context;
    struct file_record file;

    if (kind == RECORD_HEAD) {
        return check_head(c, record);
    }
    if (c->load == NULL) {
        return RMS_E_DAMAGED; /* the head comes first */
    }
    if (kind == RECORD_FILE) {
        c->info->files++;
        return read_file(record, &file);
    }
    c->info->rows += kind == RMS_DUMP_ROW;
    return rms_dump_load_put(c->load, kind, record);
}

static int check_all(struct rms_backup_reader *reader, struct rms_backup_info *info)
{
    struct checking c = {.info = info};
    int status = rms_backup_each(reader, check_record, &c);

    if (c.load == NULL) {
        return status < 0 ? status : RMS_E_DAMAGED;
    }
    return rms_dump_load_end(&c.load, status);
}

int rms_backup_check(int fd, struct rms_view passphrase, struct rms_backup_info *info_out)
{
    struct rms_backup_reader *reader;
    int status;

    *info_out = (struct rms_backup_info){0};
    RMS_TRY(rms_backup_reader_new(fd, passphrase, &reader));
    status = check_all(reader, info_out);
    rms_backup_reader_free(&reader);
    return status;
}

/* --- restoring --------------------------------------------------------------------------------------- */

static bool is_there(const struct rms_settings *settings, const char *name)
{
    char path[PATH_MAX];

    return rms_settings_path(settings, name, path) < 0 || access(path, F_OK) == 0;
}

bool rms_backup_half_restored(const struct rms_settings *settings)
{
    return is_there(settings, mark_name);
}

/* What an attempt that was cut off has left is overwritten. */
static bool has_service(const struct rms_settings *settings)
{
    return !is_there(settings, mark_name) &&
           (is_there(settings, "master.key") || is_there(settings, "master.check") ||
               is_there(settings, "keyd.journal"));
}

static int set_mark(const struct rms_settings *settings)
{
    static const char text[] = "A restore was cut off. Repeat it, or remove the directory.\n";
    char path[PATH_MAX];

    RMS_TRY(rms_settings_path(settings, mark_name, path));
    RMS_TRY(rms_file_write(path, rms_view_of(text, sizeof text - 1), 0600));
    return rms_process_give(settings, path);
}

static int remove_mark(const struct rms_settings *settings)
{
    char path[PATH_MAX];

    RMS_TRY(rms_settings_path(settings, mark_name, path));
    return unlink(path) == 0 ? rms_file_sync_directory(path) : rms_error_from_errno(errno);
}

static int restore_file(void *context, char kind, struct rms_view record)
{
    const struct rms_settings *settings = context;
    struct file_record file;
    char path[PATH_MAX];

    if (kind != RECORD_FILE) {
        return 0;
    }
    RMS_TRY(read_file(record, &file));
    RMS_TRY(rms_settings_path(settings, file.name, path));
    RMS_TRY(rms_file_write(path, file.content, strcmp(file.name, "ca.pem") == 0 ? 0644 : 0600));
    return file.kept->given ? rms_process_give(settings, path) : 0;
}

static int remove_file(void *context, char kind, struct rms_view record)
{
    const struct rms_settings *settings = context;
    struct file_record file;
    char path[PATH_MAX];

    if (kind == RECORD_FILE && read_file(record, &file) == 0 &&
        rms_settings_path(settings, file.name, path) == 0) {
        (void)unlink(path);
    }
    return 0;
}

struct loading {
    struct rms_dump_load *load;
};

static int load_record(void *context, char kind, struct rms_view record)
{
    struct loading *l = context;

    return kind == RECORD_HEAD || kind == RECORD_FILE ? 0 : rms_dump_load_put(l->load, kind, record);
}

static int load_rows(struct rms_backup_reader *reader, struct rms_db *db, unsigned version)
{
    struct loading l;
    bool empty = false;

    RMS_TRY(rms_dump_is_empty(db, &empty));
    if (!empty) {
        return RMS_E_CONFLICT;
    }
    RMS_TRY(rms_dump_load_new(db, version, &l.load));
    return rms_dump_load_end(&l.load, rms_backup_each(reader, load_record, &l));
}

static int open_and_load(
    struct rms_backup_reader *reader, struct rms_tool *tool, const struct rms_backup_info *info)
{
    unsigned before;

    RMS_TRY(rms_store_open_version(tool->settings->database, info->version, &tool->store));
    RMS_TRY(rms_db_open(tool->store, &tool->db));
    RMS_TRY(load_rows(reader, tool->db, info->version));
    RMS_TRY(rms_upkeep_migrate(tool->db, &before));
    tool->arena = rms_arena_new(ARENA_MAX);
    return tool->arena != NULL ? rms_tool_note_all(tool, "RestoreBackup", info->time) : RMS_E_NO_MEMORY;
}

static int restore(
    struct rms_backup_reader *reader, const struct rms_settings *settings, const struct rms_backup_info *info)
{
    struct rms_tool tool = {.settings = settings};
    void *context = (void *)(uintptr_t)settings;
    int status;

    RMS_TRY(rms_setup_directories(settings));
    RMS_TRY(set_mark(settings));
    status = rms_backup_each(reader, restore_file, context);
    if (status == 0) {
        status = rms_process_become(settings);
    }
    if (status == 0) {
        status = open_and_load(reader, &tool, info);
    }
    rms_tool_close(&tool);
    if (status < 0 && rms_backup_each(reader, remove_file, context) < 0) {
        return status; /* the mark stays */
    }
    int marked = remove_mark(settings);
    return status < 0 ? status : marked;
}

int rms_backup_restore(
    const struct rms_settings *settings, int fd, struct rms_view passphrase, struct rms_backup_info *info_out)
{
    struct rms_backup_reader *reader;
    int status;

    *info_out = (struct rms_backup_info){0};
    RMS_TRY(rms_backup_reader_new(fd, passphrase, &reader));
    status = check_all(reader, info_out);
    if (status == 0) {
        status = has_service(settings) ? RMS_E_CONFLICT : restore(reader, settings, info_out);
    }
    rms_backup_reader_free(&reader);
    return status;
}
