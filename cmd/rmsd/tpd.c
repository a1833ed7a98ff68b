/* rmsd tpd */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "base/guid.h"
#include "base/secret.h"
#include "cmd/rmsd/command.h"
#include "crypto/rsa_file.h"
#include "service/backup.h"
#include "service/tpd.h"

#define PEOPLE_MAX 8
#define PARTS_MAX  8192
#define JSON_MAX   (64u << 20)
#define FILE_MAX   (64u << 20)
#define KEY_BITS   3072

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

/* As whoever calls. */
static int read_recipient(const char *path, struct rms_rsa_public *recipient_out)
{
    RMS_BUF_CLEANUP struct rms_buf pem = RMS_BUF_INIT(RMS_KEY_FILE_MAX);

    RMS_TRY(rms_file_read(path, &pem));
    return rms_rsa_public_from_file(rms_buf_view(&pem), recipient_out);
}

/* The next step. */
static void advise(const struct rms_tpd_wish *wish, int status)
{
    if (status == RMS_E_CONFLICT) {
        (void)fprintf(
            stderr, "rmsd: a token keeps this key, and it does not come out; --keyless exports the rest\n");
    }
    if (status == RMS_E_APPROVAL_REQUIRED) {
        (void)fprintf(stderr,
            "rmsd: two administrators are needed: rms admin tpd export --to, rms admin tpd approve; or a "
            "passphrase from each\n");
    }
    if (status == 0 && !wish->keyless) {
        (void)fprintf(stderr,
            "rmsd: whoever opens this can open the tenant's content: disable the tenant at once: rms admin "
            "service disable --tenant %s\n",
            wish->tenant);
    }
}

int rmsd_tpd_export(const struct invocation *invocation, const struct rms_settings *settings)
{
    RMS_SECRET_CLEANUP struct rms_secret *passphrase = NULL;
    struct rms_rsa_public recipient;
    struct rms_tpd_wish wish = {.tenant = invocation->command[2],
        .key_id = invocation->command_count > 3 ? invocation->command[3] : NULL,
        .keyless = invocation->keyless};
    int status;

    if (isatty(STDOUT_FILENO)) {
        (void)fprintf(stderr, "rmsd: the package goes to standard output: send it to a file\n");
        return EXIT_USAGE;
    }
    if (invocation->to != NULL) {
        status = read_recipient(invocation->to, &recipient);
        if (status != 0) {
            return rmsd_tell(invocation->to, status);
        }
        wish.recipient = &recipient;
    } else {
        passphrase = read_parts(&wish.several);
        if (passphrase == NULL) {
            return no_passphrase();
        }
        wish.passphrase = rms_secret_view(passphrase);
    }
    status = rms_tpd_export(settings, &wish, STDOUT_FILENO);
    advise(&wish, status);
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

/* --- for a recipient (S-027) ------------------------------------------------------------------------------
 */

/* A new file of who calls, for him alone. Nothing is left when it fails. */
static int write_new(const char *path, struct rms_view content)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
    int status;

    if (fd < 0) {
        return errno == EEXIST ? RMS_E_CONFLICT : rms_error_from_errno(errno);
    }
    status = rms_fd_write_all(fd, content.data, content.len);
    if (close(fd) != 0 && status == 0) {
        status = RMS_E_IO;
    }
    if (status != 0) {
        (void)unlink(path);
    }
    return status;
}

static int write_pair(const char *path, struct rms_view passphrase, const struct rms_rsa_private *key)
{
    RMS_BUF_CLEANUP struct rms_buf private = RMS_BUF_INIT(RMS_KEY_FILE_MAX);
    RMS_BUF_CLEANUP struct rms_buf public = RMS_BUF_INIT(RMS_KEY_FILE_MAX);
    char public_path[PATH_MAX];
    int status;

    if (snprintf(public_path, sizeof public_path, "%s.pub", path) >= (int)sizeof public_path) {
        return RMS_E_BAD_ARGUMENT;
    }
    RMS_TRY(rms_rsa_to_file(key, passphrase, &private));
    RMS_TRY(rms_rsa_public_to_file(key, &public));
    RMS_TRY(write_new(public_path, rms_buf_view(&public)));
    status = write_new(path, rms_buf_view(&private));
    if (status != 0) {
        (void)unlink(public_path);
    }
    return status;
}

int rmsd_tpd_keypair(const struct invocation *invocation, const struct rms_settings *settings)
{
    RMS_SECRET_CLEANUP struct rms_secret *passphrase = rmsd_read_passphrase();
    char name[RMS_FINGERPRINT_TEXT];
    struct rms_rsa_private *key;
    int status;

    (void)settings;
    if (passphrase == NULL || rms_secret_len(passphrase) < RMS_PASSPHRASE_MIN) {
        return no_passphrase();
    }
    status = rms_rsa_generate(KEY_BITS, &key);
    if (status == 0) {
        status = write_pair(invocation->command[2], rms_secret_view(passphrase), key);
        rms_rsa_fingerprint_text(rms_rsa_public_of(key), name);
        rms_rsa_private_free(&key);
    }
    if (status == 0) {
        (void)puts(name);
    }
    return rmsd_tell(invocation->command[2], status);
}

/* Is it a whole package, and the password its own? */
static int try_package(const char *path, const struct rms_secret *password)
{
    RMS_BUF_CLEANUP struct rms_buf json = RMS_BUF_INIT(JSON_MAX);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    int status = fd >= 0 ? rms_tpd_inspect(fd, rms_secret_view(password), &json) : RMS_E_IO;

    if (fd >= 0) {
        (void)close(fd);
    }
    return status;
}

/* Two files of one new name, or none. */
static int write_opened(struct rms_view package, const struct rms_secret *password)
{
    char id[RMS_GUID_TEXT];
    char package_path[RMS_GUID_TEXT + 16];
    char password_path[RMS_GUID_TEXT + 16];
    int status;

    rms_guid_new(id);
    (void)snprintf(package_path, sizeof package_path, "%s.tpd", id);
    (void)snprintf(password_path, sizeof password_path, "%s.password", id);
    RMS_TRY(write_new(package_path, package));
    status = try_package(package_path, password);
    if (status == 0) {
        status = write_new(password_path, rms_secret_view(password));
    }
    if (status != 0) {
        (void)unlink(package_path);
        return status;
    }
    (void)printf("%s\n%s\n", package_path, password_path);
    return 0;
}

static int open_envelope(const char *path, const struct rms_rsa_private *key)
{
    RMS_SECRET_CLEANUP struct rms_secret *password = NULL;
    RMS_BUF_CLEANUP struct rms_buf file = RMS_BUF_INIT(FILE_MAX);
    struct rms_view package;

    RMS_TRY(rms_file_read(path, &file));
    RMS_TRY(rms_tpd_envelope_open(rms_buf_view(&file), key, &password, &package));
    return write_opened(package, password);
}

int rmsd_tpd_open(const struct invocation *invocation, const struct rms_settings *settings)
{
    RMS_SECRET_CLEANUP struct rms_secret *passphrase = NULL;
    RMS_BUF_CLEANUP struct rms_buf pem = RMS_BUF_INIT(RMS_KEY_FILE_MAX);
    struct rms_rsa_private *key;
    int status;

    (void)settings;
    if (invocation->key == NULL) {
        (void)fprintf(stderr, "rmsd: --key names the file with the private key\n");
        return EXIT_USAGE;
    }
    status = rms_file_read(invocation->key, &pem);
    if (status != 0) {
        return rmsd_tell(invocation->key, status);
    }
    passphrase = rmsd_read_passphrase(); /* none: the file may have none */
    status = rms_rsa_from_file(
        rms_buf_view(&pem), passphrase != NULL ? rms_secret_view(passphrase) : (struct rms_view){0}, &key);
    if (status != 0) {
        return rmsd_tell(invocation->key, status);
    }
    status = open_envelope(invocation->command[2], key);
    rms_rsa_private_free(&key);
    return rmsd_tell(invocation->command[2], status);
}
