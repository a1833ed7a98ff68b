/* rmsd tpd */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/secret.h"
#include "cmd/rmsd/command.h"
#include "service/backup.h"
#include "service/tpd.h"

#define PEOPLE_MAX 8
#define PARTS_MAX  8192
#define JSON_MAX   (64u << 20)

/* A line each of those who must come together to open the package: one after the other they are its
 * passphrase. NULL when a line is too short or too long, or there are too many: whoever gave one that was
 * left out would believe to be needed. */
static struct rms_secret *read_parts(bool *several_out)
{
    struct rms_secret *all = rms_secret_new(PARTS_MAX);
    struct rms_secret *part = NULL;
    struct rms_secret *parts = NULL;
    bool good = all != NULL;
    size_t len = 0;
    size_t people = 0;

    while (good && people < PEOPLE_MAX && (part = rmsd_read_passphrase()) != NULL) {
        struct rms_view text = rms_secret_view(part);

        good = text.len >= RMS_BACKUP_PASSPHRASE_MIN && len + text.len <= PARTS_MAX;
        if (good) {
            memcpy(rms_secret_bytes(all) + len, text.data, text.len);
            len += text.len;
            people++;
        }
        rms_secret_free(&part);
    }
    if (good && len > 0 && getchar() == EOF) {
        parts = rms_secret_take((char *)rms_secret_bytes(all), len);
    }
    rms_secret_free(&all);
    *several_out = people > 1;
    return parts;
}

static int no_passphrase(void)
{
    (void)fprintf(stderr,
        "rmsd: a passphrase of %d bytes at least is read from standard input, a line from each who must be "
        "there to open it, %d people at most\n",
        RMS_BACKUP_PASSPHRASE_MIN, PEOPLE_MAX);
    return EXIT_USAGE;
}

int rmsd_tpd_export(const struct invocation *invocation, const struct rms_settings *settings)
{
    RMS_SECRET_CLEANUP struct rms_secret *passphrase = NULL;
    struct rms_tpd_wish wish = {.tenant = invocation->command[2],
        .key_id = invocation->command_count > 3 ? invocation->command[3] : NULL,
        .keyless = invocation->keyless};
    int status;

    if (isatty(STDOUT_FILENO)) {
        (void)fprintf(stderr, "rmsd: the package goes to standard output: send it to a file\n");
        return EXIT_USAGE;
    }
    passphrase = read_parts(&wish.several);
    if (passphrase == NULL) {
        return no_passphrase();
    }
    wish.passphrase = rms_secret_view(passphrase);
    status = rms_tpd_export(settings, &wish, STDOUT_FILENO);
    if (status == RMS_E_CONFLICT) {
        (void)fprintf(
            stderr, "rmsd: a token keeps this key, and it does not come out; --keyless exports the rest\n");
    }
    return rmsd_tell(wish.exported[0] != '\0' ? wish.exported : wish.tenant, status);
}

/* As whoever calls: the file may be where the service's account cannot read. */
static int open_package(const char *path, struct rms_secret **passphrase_out, int *fd_out)
{
    bool several;

    *passphrase_out = NULL;
    *fd_out = open(path, O_RDONLY | O_CLOEXEC);
    if (*fd_out < 0) {
        return rmsd_tell(path, RMS_E_NOT_FOUND);
    }
    *passphrase_out = read_parts(&several);
    if (*passphrase_out == NULL) {
        (void)close(*fd_out);
        return no_passphrase();
    }
    return 0;
}

int rmsd_tpd_import(const struct invocation *invocation, const struct rms_settings *settings)
{
    RMS_SECRET_CLEANUP struct rms_secret *passphrase = NULL;
    const char *path = invocation->command[3];
    char id[RMS_GUID_TEXT] = "";
    int fd;
    int status = open_package(path, &passphrase, &fd);

    if (status != 0) {
        return status;
    }
    status = rms_tpd_import(settings, invocation->command[2], fd, rms_secret_view(passphrase), id);
    (void)close(fd);
    if (status == 0) {
        (void)puts(id);
    }
    return rmsd_tell(path, status);
}

int rmsd_tpd_inspect(const struct invocation *invocation, const struct rms_settings *settings)
{
    RMS_SECRET_CLEANUP struct rms_secret *passphrase = NULL;
    RMS_BUF_CLEANUP struct rms_buf json = RMS_BUF_INIT(JSON_MAX);
    const char *path = invocation->command[2];
    int fd;
    int status = open_package(path, &passphrase, &fd);

    (void)settings;
    if (status != 0) {
        return status;
    }
    status = rms_tpd_inspect(fd, rms_secret_view(passphrase), &json);
    (void)close(fd);
    if (status == 0) {
        (void)puts(rms_buf_text(&json));
    }
    return rmsd_tell(path, status);
}
