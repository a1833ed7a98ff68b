#include "service/keyd_masterkey.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/file.h"
#include "crypto/digest.h"
#include "crypto/random.h"
#include "service/keyd.h"
#include "service/settings.h"

static void derive(const struct rms_secret *master, const char *purpose, uint8_t out[RMS_SHA256_BYTES])
{
    rms_hkdf_sha256(
        rms_secret_view(master), rms_view_str("OpenRMS keyd"), rms_view_str(purpose), out, RMS_SHA256_BYTES);
}

void rms_master_key_for_journal(const struct rms_secret *master, uint8_t key_out[32])
{
    derive(master, "journal v1", key_out);
}

/* False when systemd gave no such credential. */
static bool credential_path(char path[PATH_MAX])
{
    const char *directory = getenv("CREDENTIALS_DIRECTORY");
    int len = directory != NULL ? snprintf(path, PATH_MAX, "%s/master.key", directory) : -1;

    return len > 0 && len < PATH_MAX && access(path, F_OK) == 0;
}

int rms_master_key_create(const struct rms_settings *settings)
{
    char path[PATH_MAX];
    uint8_t key[RMS_MASTER_KEY_BYTES];
    int status;

    RMS_TRY(rms_settings_path(settings, "master.check", path));
    if (access(path, F_OK) == 0 || credential_path(path)) {
        return 0;
    }
    RMS_TRY(rms_settings_path(settings, "master.key", path));
    if (access(path, F_OK) == 0) {
        return 0;
    }
    rms_random(key, sizeof key);
    status = rms_file_write(path, rms_view_of(key, sizeof key), 0600);
    rms_wipe(key, sizeof key);
    return status;
}

static int read_exact(int fd, struct rms_secret **key_out)
{
    uint8_t bytes[RMS_MASTER_KEY_BYTES + 1];
    struct stat info;
    long len;

    if (fstat(fd, &info) != 0) {
        return rms_error_from_errno(errno);
    }
    if (!S_ISREG(info.st_mode) || (info.st_mode & 077) != 0) {
        return RMS_E_PERMISSION;
    }
    len = rms_fd_read_full(fd, bytes, sizeof bytes);
    if (len != RMS_MASTER_KEY_BYTES) {
        rms_wipe(bytes, sizeof bytes);
        return len < 0 ? (int)len : RMS_E_DAMAGED;
    }
    *key_out = rms_secret_take(bytes, RMS_MASTER_KEY_BYTES);
    return *key_out != NULL ? 0 : RMS_E_NO_MEMORY;
}

static int check(const struct rms_settings *settings, const struct rms_secret *key)
{
    RMS_BUF_CLEANUP struct rms_buf kept = RMS_BUF_INIT(RMS_SHA256_BYTES);
    uint8_t value[RMS_SHA256_BYTES];
    char path[PATH_MAX];
    int status;

    derive(key, "check v1", value);
    RMS_TRY(rms_settings_path(settings, "master.check", path));
    status = rms_file_read(path, &kept);
    if (status == RMS_E_NOT_FOUND) {
        return rms_file_write(path, rms_view_of(value, sizeof value), 0600);
    }
    RMS_TRY(status);
    return kept.len == sizeof value && rms_equal_ct(kept.data, value, sizeof value) ? 0
                                                                                    : RMS_E_KEY_UNAVAILABLE;
}

int rms_master_key_load(const struct rms_settings *settings, struct rms_secret **key_out)
{
    char path[PATH_MAX];
    int fd;
    int status;

    *key_out = NULL;
    if (!credential_path(path)) {
        RMS_TRY(rms_settings_path(settings, "master.key", path));
    }
    fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    if (fd < 0) {
        return rms_error_from_errno(errno);
    }
    status = read_exact(fd, key_out);
    (void)close(fd);
    if (status == 0) {
        status = check(settings, *key_out);
    }
    if (status != 0) {
        rms_secret_free(key_out);
    }
    return status;
}
