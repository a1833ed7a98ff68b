/* rmsd backup */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/secret.h"
#include "cmd/rmsd/command.h"
#include "service/backup.h"

static void show(const char *what, const struct rms_backup_info *info)
{
    (void)fprintf(stderr, "rmsd: %s: made %s, %llu files, %llu rows, schema %u\n", what, info->time,
        (unsigned long long)info->files, (unsigned long long)info->rows, info->version);
}

static int no_passphrase(void)
{
    (void)fprintf(stderr, "rmsd: a passphrase of %d bytes at least is read from standard input\n",
        RMS_BACKUP_PASSPHRASE_MIN);
    return EXIT_USAGE;
}

int rmsd_backup_write(const struct invocation *invocation, const struct rms_settings *settings)
{
    RMS_SECRET_CLEANUP struct rms_secret *passphrase = NULL;
    struct rms_backup_info info;
    int status;

    (void)invocation;
    if (isatty(STDOUT_FILENO)) {
        (void)fprintf(stderr, "rmsd: the backup goes to standard output: send it to a file\n");
        return EXIT_USAGE;
    }
    passphrase = rmsd_read_passphrase();
    if (passphrase == NULL || rms_secret_len(passphrase) < RMS_BACKUP_PASSPHRASE_MIN) {
        return no_passphrase();
    }
    status = rms_backup_write(settings, STDOUT_FILENO, rms_secret_view(passphrase), &info);
    if (status == 0 && fsync(STDOUT_FILENO) != 0) {
        status = 0; /* a pipe; what is behind it looks after itself */
    }
    if (status == 0) {
        show("backup", &info);
    }
    return rmsd_tell("backup", status);
}

/* As whoever calls, before anything else: the file may be where the service's account cannot read. */
static int with_file(const char *path, const struct rms_settings *settings,
    int (*run)(const struct rms_settings *settings, int fd, struct rms_view passphrase,
        struct rms_backup_info *info))
{
    RMS_SECRET_CLEANUP struct rms_secret *passphrase = NULL;
    struct rms_backup_info info;
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    int status;

    if (fd < 0) {
        return rmsd_tell(path, RMS_E_NOT_FOUND);
    }
    passphrase = rmsd_read_passphrase();
    if (passphrase == NULL) {
        (void)close(fd);
        return no_passphrase();
    }
    status = run(settings, fd, rms_secret_view(passphrase), &info);
    (void)close(fd);
    if (status == 0) {
        show(path, &info);
    }
    if (status == RMS_E_CONFLICT) {
        (void)fprintf(
            stderr, "rmsd: there is a service already: restore into an empty data directory and database\n");
    }
    return rmsd_tell(path, status);
}

static int check(
    const struct rms_settings *settings, int fd, struct rms_view passphrase, struct rms_backup_info *info)
{
    (void)settings;
    return rms_backup_check(fd, passphrase, info);
}

int rmsd_backup_check(const struct invocation *invocation, const struct rms_settings *settings)
{
    return with_file(invocation->command[2], settings, check);
}

int rmsd_backup_restore(const struct invocation *invocation, const struct rms_settings *settings)
{
    return with_file(invocation->command[2], settings, rms_backup_restore);
}
