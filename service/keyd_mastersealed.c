#include "service/keyd_mastersealed.h"

#include <fcntl.h>
#include <stdio.h>
#include <termios.h>
#include <unistd.h>

#include "base/cursor.h"
#include "base/file.h"
#include "crypto/aead.h"
#include "crypto/passphrase.h"
#include "crypto/random.h"
#include "service/credential.h"
#include "service/keyd.h"
#include "service/settings.h"

#define HEAD           "OpenRMS master key 1\n"
#define HEAD_BYTES     (sizeof HEAD - 1)
#define BOUND_BYTES    (HEAD_BYTES + RMS_PASSPHRASE_SALT)
#define FILE_BYTES     (BOUND_BYTES + RMS_AEAD_OVERHEAD + RMS_MASTER_KEY_BYTES)
#define PASSPHRASE_MAX 1024

static const char sealed_name[] = "master.sealed";
static const char passphrase_name[] = "master.passphrase";

bool rms_master_sealed(const struct rms_settings *settings)
{
    char path[PATH_MAX];

    return rms_settings_path(settings, sealed_name, path) == 0 && access(path, F_OK) == 0;
}

/* --- the file --------------------------------------------------------------------------------------------
 */

static int write_sealed(const struct rms_secret *master, struct rms_view passphrase, const char *path)
{
    RMS_SECRET_CLEANUP struct rms_secret *key = NULL;
    RMS_BUF_CLEANUP struct rms_buf file = RMS_BUF_INIT(FILE_BYTES);
    uint8_t salt[RMS_PASSPHRASE_SALT];

    rms_random(salt, sizeof salt);
    RMS_TRY(rms_passphrase_key(passphrase, salt, &key));
    rms_buf_append(&file, HEAD, HEAD_BYTES);
    rms_buf_append(&file, salt, sizeof salt);
    RMS_TRY(rms_buf_status(&file));
    uint8_t bound[BOUND_BYTES];
    memcpy(bound, file.data, sizeof bound);
    RMS_TRY(rms_aead_seal(
        rms_secret_bytes(key), rms_view_of(bound, sizeof bound), rms_secret_view(master), &file));
    return rms_file_write(path, rms_buf_view(&file), 0600);
}

static int open_file(const char *path, struct rms_view passphrase, struct rms_secret **master_out)
{
    RMS_SECRET_CLEANUP struct rms_secret *key = NULL;
    RMS_BUF_CLEANUP struct rms_buf file = RMS_BUF_INIT(FILE_BYTES);
    int status = rms_file_read(path, &file);

    if (status == 0 && (file.len != FILE_BYTES || memcmp(file.data, HEAD, HEAD_BYTES) != 0)) {
        status = RMS_E_DAMAGED;
    }
    RMS_TRY(status == RMS_E_LIMIT ? RMS_E_DAMAGED : status);
    RMS_TRY(rms_passphrase_key(passphrase, file.data + HEAD_BYTES, &key));
    status = rms_aead_open(rms_secret_bytes(key), rms_view_of(file.data, BOUND_BYTES),
        rms_view_of(file.data + BOUND_BYTES, file.len - BOUND_BYTES), master_out);
    return status == RMS_E_DAMAGED ? RMS_E_KEY_UNAVAILABLE : status;
}

/* Opened once more before the other form goes. */
int rms_master_seal(
    const struct rms_settings *settings, const struct rms_secret *master, struct rms_view passphrase)
{
    RMS_SECRET_CLEANUP struct rms_secret *opened = NULL;
    char path[PATH_MAX];

    if (passphrase.len < RMS_MASTER_PASSPHRASE_MIN || passphrase.len > PASSPHRASE_MAX) {
        return RMS_E_BAD_ARGUMENT;
    }
    RMS_TRY(rms_settings_path(settings, sealed_name, path));
    RMS_TRY(write_sealed(master, passphrase, path));
    RMS_TRY(open_file(path, passphrase, &opened));
    RMS_TRY(rms_settings_path(settings, "master.key", path));
    return unlink(path) == 0 || access(path, F_OK) != 0 ? 0 : RMS_E_IO;
}

int rms_master_unseal(const struct rms_settings *settings, const struct rms_secret *master)
{
    char path[PATH_MAX];

    RMS_TRY(rms_settings_path(settings, "master.key", path));
    RMS_TRY(rms_file_write(path, rms_secret_view(master), 0600));
    RMS_TRY(rms_settings_path(settings, sealed_name, path));
    return unlink(path) == 0 || access(path, F_OK) != 0 ? 0 : RMS_E_IO;
}

/* --- the passphrase --------------------------------------------------------------------------------------
 */

static struct rms_secret *take_line(char *line, size_t len)
{
    struct rms_secret *secret;

    while (len > 0 && (line[len - 1] == '\n' || line[len - 1] == '\r')) {
        len--;
    }
    secret = len > 0 ? rms_secret_take(line, len) : NULL;
    rms_wipe(line, len);
    return secret;
}

/* Unseen. In the background nobody is asked: it would stop the process. */
static int ask(struct rms_secret **passphrase_out)
{
    static const char question[] = "Passphrase of the master key: ";
    char line[PASSPHRASE_MAX + 2];
    struct termios before;
    struct termios silent;
    int tty = open("/dev/tty", O_RDWR | O_CLOEXEC | O_NOCTTY);
    long len = -1;

    if (tty >= 0 && tcgetpgrp(tty) == getpgrp() && tcgetattr(tty, &before) == 0) {
        silent = before;
        silent.c_lflag &= ~(tcflag_t)ECHO;
        if (tcsetattr(tty, TCSAFLUSH, &silent) == 0 &&
            write(tty, question, sizeof question - 1) == (ssize_t)sizeof question - 1) {
            len = read(tty, line, sizeof line);
        }
        (void)tcsetattr(tty, TCSAFLUSH, &before);
        (void)!write(tty, "\n", 1);
    }
    if (tty >= 0) {
        (void)close(tty);
    }
    *passphrase_out = len > 0 ? take_line(line, (size_t)len) : NULL;
    return *passphrase_out != NULL ? 0 : RMS_E_NOT_FOUND;
}

static int read_passphrase(const struct rms_settings *settings, struct rms_secret **passphrase_out)
{
    RMS_SECRET_CLEANUP struct rms_secret *text = NULL;
    char path[PATH_MAX];

    if (!rms_credential_given(passphrase_name, path)) {
        return ask(passphrase_out);
    }
    RMS_TRY(rms_credential_read(settings, passphrase_name, PASSPHRASE_MAX, &text));
    *passphrase_out = take_line((char *)rms_secret_bytes(text), rms_secret_len(text));
    return *passphrase_out != NULL ? 0 : RMS_E_KEY_UNAVAILABLE;
}

int rms_master_open_sealed(const struct rms_settings *settings, struct rms_secret **master_out)
{
    RMS_SECRET_CLEANUP struct rms_secret *passphrase = NULL;
    char path[PATH_MAX];

    *master_out = NULL;
    RMS_TRY(rms_settings_path(settings, sealed_name, path));
    RMS_TRY(read_passphrase(settings, &passphrase));
    return open_file(path, rms_secret_view(passphrase), master_out);
}
