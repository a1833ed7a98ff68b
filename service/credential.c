#include "service/credential.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "service/settings.h"

#define CREDENTIAL_MAX 4096

bool rms_credential_given(const char *name, char path_out[PATH_MAX])
{
    const char *directory = getenv("CREDENTIALS_DIRECTORY");
    int len = directory != NULL ? snprintf(path_out, PATH_MAX, "%s/%s", directory, name) : -1;

    return len > 0 && len < PATH_MAX && access(path_out, F_OK) == 0;
}

static int read_secret(int fd, size_t max, struct rms_secret **secret_out)
{
    uint8_t bytes[CREDENTIAL_MAX + 1];
    struct stat info;
    long len;

    if (fstat(fd, &info) != 0) {
        return rms_error_from_errno(errno);
    }
    if (!S_ISREG(info.st_mode) || (info.st_mode & 077) != 0) {
        return RMS_E_PERMISSION;
    }
    len = rms_fd_read_full(fd, bytes, sizeof bytes);
    if (len < 1 || (size_t)len > max) {
        rms_wipe(bytes, sizeof bytes);
        return len < 0 ? (int)len : RMS_E_DAMAGED;
    }
    *secret_out = rms_secret_take(bytes, (size_t)len);
    return *secret_out != NULL ? 0 : RMS_E_NO_MEMORY;
}

int rms_credential_read(
    const struct rms_settings *settings, const char *name, size_t max, struct rms_secret **secret_out)
{
    char path[PATH_MAX];
    int status;
    int fd;

    *secret_out = NULL;
    if (!rms_credential_given(name, path)) {
        RMS_TRY(rms_settings_path(settings, name, path));
    }
    fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    if (fd < 0) {
        return rms_error_from_errno(errno);
    }
    status = read_secret(fd, max < CREDENTIAL_MAX ? max : CREDENTIAL_MAX, secret_out);
    (void)close(fd);
    return status;
}

/* The first line of text into line, and what is behind it. RMS_E_DAMAGED: empty or too long. */
static int take_line(struct rms_view *text, char line[RMS_CREDENTIAL_TEXT])
{
    const uint8_t *end = text->len > 0 ? memchr(text->data, '\n', text->len) : NULL;
    size_t whole = end != NULL ? (size_t)(end - text->data) : text->len;
    size_t len = whole > 0 && text->data[whole - 1] == '\r' ? whole - 1 : whole;

    if (len == 0 || len >= RMS_CREDENTIAL_TEXT || memchr(text->data, '\0', len) != NULL) {
        return RMS_E_DAMAGED;
    }
    memcpy(line, text->data, len);
    line[len] = '\0';
    whole += end != NULL ? 1 : 0;
    *text = rms_view_of(text->data + whole, text->len - whole);
    return 0;
}

int rms_credential_pair_read(const char *path, struct rms_credential_pair *pair_out)
{
    uint8_t bytes[2 * RMS_CREDENTIAL_TEXT];
    struct rms_view text;
    struct stat info;
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
    long len = 0;
    int status = fd < 0 ? rms_error_from_errno(errno) : 0;

    memset(pair_out, 0, sizeof *pair_out);
    /* the mask of an access list, which systemd gives a credential, shows as rights of the group */
    if (status == 0 && (fstat(fd, &info) != 0 || !S_ISREG(info.st_mode) || (info.st_mode & 07) != 0)) {
        status = RMS_E_PERMISSION;
    }
    if (status == 0) {
        len = rms_fd_read_full(fd, bytes, sizeof bytes);
        status = len < 0 ? (int)len : 0;
        text = rms_view_of(bytes, len < 0 ? 0 : (size_t)len);
        status = status == 0 ? take_line(&text, pair_out->name) : status;
        status = status == 0 ? take_line(&text, pair_out->secret) : status;
        rms_wipe(bytes, sizeof bytes);
    }
    if (fd >= 0) {
        (void)close(fd);
    }
    return status;
}
