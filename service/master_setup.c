#include "service/master_setup.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/time.h"
#include "crypto/pki.h"
#include "service/backup.h"
#include "service/keyd_masterkey.h"
#include "service/mark.h"
#include "service/master_process.h"

#define PEM_MAX 65536

static int failed(int code, const char *what, const char *path)
{
    rms_log(RMS_LOG_ERROR, "rmsd.setup.failed", "what", what, "path", path, "reason",
        rms_error_info(code)->reason, "text", rms_error_info(code)->text, NULL);
    return code;
}

/* --- directories ------------------------------------------------------------------------------------ */

/* A directory that others may enter is refused, not mended: somebody may have read it already. */
static int check_directory(const char *path)
{
    struct stat info;

    if (stat(path, &info) != 0) {
        return failed(rms_error_from_errno(errno), "data directory", path);
    }
    if (!S_ISDIR(info.st_mode)) {
        return failed(RMS_E_BAD_ARGUMENT, "the data directory is not a directory", path);
    }
    if ((info.st_mode & 077) != 0) {
        return failed(RMS_E_PERMISSION, "the data directory must have mode 0700", path);
    }
    return 0;
}

static int make_directory(const struct rms_settings *settings, const char *path)
{
    int status;

    if (access(path, F_OK) == 0) {
        return check_directory(path);
    }
    status = rms_dir_make(path, 0700);
    if (status == 0) {
        status = rms_process_give(settings, path);
    }
    return status == 0 ? check_directory(path) : failed(status, "data directory", path);
}

int rms_setup_directories(const struct rms_settings *settings)
{
    static const char *const below[] = {"tls", "db", "credentials"};
    char path[PATH_MAX];

    RMS_TRY(make_directory(settings, settings->dir));
    for (size_t i = 0; i < sizeof below / sizeof below[0]; i++) {
        RMS_TRY(rms_settings_path(settings, below[i], path));
        RMS_TRY(make_directory(settings, path));
    }
    return 0;
}

/* --- certificates ----------------------------------------------------------------------------------- */

static bool listed(const struct rms_setup_hosts *hosts, size_t count, const char *name)
{
    for (size_t i = 0; i < count; i++) {
        if (strcmp(hosts->list[i], name) == 0) {
            return true;
        }
    }
    return false;
}

int rms_setup_hosts(const struct rms_settings *settings, struct rms_setup_hosts *hosts_out)
{
    const char *const all[] = {
        hosts_out->storage[0], hosts_out->storage[1], "localhost", "127.0.0.1", "::1", hosts_out->storage[2]};
    char port[8];
    size_t count = 0;

    RMS_TRY(rms_settings_host(settings, hosts_out->storage[0], sizeof hosts_out->storage[0]));
    RMS_TRY(rms_settings_split_listen(settings->listen, hosts_out->storage[1], port));
    memcpy(hosts_out->storage[2], hosts_out->storage[1], sizeof hosts_out->storage[2]);
    if (settings->admin_listen[0] != '\0') {
        RMS_TRY(rms_settings_split_listen(settings->admin_listen, hosts_out->storage[2], port));
    }
    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++) {
        bool any_address = strcmp(all[i], "0.0.0.0") == 0 || strcmp(all[i], "::") == 0;

        if (!any_address && !listed(hosts_out, count, all[i])) {
            hosts_out->list[count++] = all[i];
        }
    }
    hosts_out->list[count] = NULL;
    return 0;
}

struct files {
    char ca[PATH_MAX];
    char ca_key[PATH_MAX];
    char server[PATH_MAX];
    char server_key[PATH_MAX];
};

static int name_files(const struct rms_settings *settings, struct files *files)
{
    RMS_TRY(rms_settings_path(settings, "ca.pem", files->ca));
    RMS_TRY(rms_settings_path(settings, "tls/ca.key", files->ca_key));
    RMS_TRY(rms_settings_path(settings, "tls/server.pem", files->server));
    return rms_settings_path(settings, "tls/server.key", files->server_key);
}

static int make_ca(const struct rms_settings *settings, const struct files *files)
{
    RMS_BUF_CLEANUP struct rms_buf cert = RMS_BUF_INIT(PEM_MAX);
    RMS_BUF_CLEANUP struct rms_buf key = RMS_BUF_INIT(PEM_MAX);

    RMS_TRY(rms_pki_make_ca("OpenRMS CA", rms_clock_now(), &cert, &key));
    /* The key first: a certificate without its key could never be renewed. */
    RMS_TRY(rms_file_write(files->ca_key, rms_buf_view(&key), 0600));
    RMS_TRY(rms_file_write(files->ca, rms_buf_view(&cert), 0644));
    rms_log(RMS_LOG_INFO, "rmsd.setup.ca-made", "path", files->ca, NULL);
    return rms_process_give(settings, files->ca);
}

static int make_server(
    const struct rms_settings *settings, const struct files *files, const struct rms_setup_hosts *hosts)
{
    RMS_BUF_CLEANUP struct rms_buf ca = RMS_BUF_INIT(PEM_MAX);
    RMS_BUF_CLEANUP struct rms_buf ca_key = RMS_BUF_INIT(PEM_MAX);
    RMS_BUF_CLEANUP struct rms_buf cert = RMS_BUF_INIT(PEM_MAX);
    RMS_BUF_CLEANUP struct rms_buf key = RMS_BUF_INIT(PEM_MAX);

    RMS_TRY(rms_file_read(files->ca, &ca));
    RMS_TRY(rms_file_read(files->ca_key, &ca_key));
    RMS_TRY(rms_pki_make_server(
        rms_buf_view(&ca), rms_buf_view(&ca_key), hosts->list, rms_clock_now(), &cert, &key));
    RMS_TRY(rms_file_write(files->server_key, rms_buf_view(&key), 0600));
    RMS_TRY(rms_file_write(files->server, rms_buf_view(&cert), 0644));
    RMS_TRY(rms_process_give(settings, files->server_key));
    RMS_TRY(rms_process_give(settings, files->server));
    rms_log(RMS_LOG_INFO, "rmsd.setup.certificate-made", "path", files->server, NULL);
    return 0;
}

/* Present, for all names, with its key (a stop between the two writes above is mended here), and for a while
 * yet. */
static bool server_good(const struct files *files, const struct rms_setup_hosts *hosts)
{
    RMS_BUF_CLEANUP struct rms_buf cert = RMS_BUF_INIT(PEM_MAX);
    RMS_BUF_CLEANUP struct rms_buf key = RMS_BUF_INIT(PEM_MAX);
    struct rms_pki_state state;
    int64_t needed = rms_clock_now() + (int64_t)RMS_RENEW_BEFORE_DAYS * RMS_DAY_S;

    return rms_file_read(files->server, &cert) == 0 && rms_file_read(files->server_key, &key) == 0 &&
           rms_pki_inspect(rms_buf_view(&cert), rms_buf_view(&key), hosts->list, &state) == 0 &&
           state.names_all && state.key_fits && state.valid_until >= needed;
}

/* An authority that has ended makes certificates that nobody believes. A new one has to reach every client,
 * so that is for the administrator to decide. */
static void check_ca(const struct files *files)
{
    static const char *const none[] = {NULL};
    RMS_BUF_CLEANUP struct rms_buf cert = RMS_BUF_INIT(PEM_MAX);
    RMS_BUF_CLEANUP struct rms_buf key = RMS_BUF_INIT(PEM_MAX);
    struct rms_pki_state state;
    char until[RMS_TIME_TEXT];
    int64_t now = rms_clock_now();

    if (rms_file_read(files->ca, &cert) != 0 || rms_file_read(files->ca_key, &key) != 0 ||
        rms_pki_inspect(rms_buf_view(&cert), rms_buf_view(&key), none, &state) != 0 ||
        state.valid_until >= now + (int64_t)RMS_RENEW_BEFORE_DAYS * RMS_DAY_S) {
        return;
    }
    rms_time_iso(state.valid_until, until);
    rms_log(RMS_LOG_ERROR, "rmsd.setup.ca-ends", "path", files->ca, "until", until, "next",
        "stop rmsd, remove ca.pem and the directory tls, start it, give ca.pem to all clients", NULL);
}

/* Only when the administrator gave no certificate of his own. */
static int make_certificates(const struct rms_settings *settings)
{
    struct rms_setup_hosts hosts;
    struct files files;
    int status;

    RMS_TRY(name_files(settings, &files));
    if (!rms_settings_self_made(settings)) {
        return 0;
    }
    RMS_TRY(rms_setup_hosts(settings, &hosts));
    if (access(files.ca, F_OK) != 0 && access(files.server, F_OK) != 0) {
        status = make_ca(settings, &files);
        if (status != 0) {
            return failed(status, "certificate authority", files.ca);
        }
    }
    check_ca(&files);
    if (server_good(&files, &hosts)) {
        return 0;
    }
    status = make_server(settings, &files, &hosts);
    return status == 0 ? 0 : failed(status, "server certificate", files.server);
}

int rms_setup(const struct rms_settings *settings)
{
    int status;

    if (rms_backup_half_restored(settings)) {
        return failed(
            RMS_E_CONFLICT, "a restore was cut off: repeat it, or remove the directory", settings->dir);
    }
    RMS_TRY(rms_setup_directories(settings));
    status = rms_mark_make(settings);
    if (status < 0) {
        return failed(status, "mark of the database", settings->dir);
    }
    RMS_TRY(make_certificates(settings));
    status = rms_master_key_create(settings);
    return status == 0 ? 0 : failed(status, "master key", settings->dir);
}
