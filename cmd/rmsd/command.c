#include "cmd/rmsd/command.h"

#include <stdio.h>
#include <string.h>

#include "base/file.h"
#include "crypto/rsa_file.h"
#include "service/keyd.h"
#include "service/keyd_masterkey.h"
#include "service/keyd_mastersealed.h"
#include "service/keytool.h"
#include "service/settings.h"

#define PASSPHRASE_MAX 1024

static int verify_journal(const struct invocation *invocation, const struct rms_settings *settings)
{
    struct rms_secret *master;
    uint8_t key[RMS_SHA256_BYTES];
    char path[PATH_MAX];
    int status = rms_master_key_load(settings, &master);

    (void)invocation;
    if (status != 0) {
        (void)fprintf(stderr, "rmsd: master key: %s\n", rms_error_info(status)->text);
        return rms_error_info(status)->exit_status;
    }
    rms_master_key_for_journal(master, key);
    rms_secret_free(&master);
    status = rms_settings_path(settings, "keyd.journal", path);
    if (status == 0) {
        status = rms_journal_verify_all(path, rms_view_of(key, sizeof key), stdout);
    }
    rms_wipe(key, sizeof key);
    if (status != 0) {
        (void)fprintf(stderr, "rmsd: %s: %s\n", path, rms_error_info(status)->text);
    }
    return status == 0 ? 0 : rms_error_info(status)->exit_status;
}

struct rms_secret *rmsd_read_passphrase(void)
{
    struct rms_secret *passphrase = NULL;
    char line[PASSPHRASE_MAX + 2];
    size_t len;

    if (fgets(line, sizeof line, stdin) == NULL) {
        line[0] = '\0';
    }
    len = strcspn(line, "\r\n");
    if (len > 0 && len <= PASSPHRASE_MAX) {
        passphrase = rms_secret_take(line, len);
    }
    rms_wipe(line, sizeof line);
    return passphrase;
}

int rmsd_tell(const char *what, int status)
{
    const struct rms_error_info *info = rms_error_info(status);

    if (status != 0) {
        (void)fprintf(stderr, "rmsd: %s: %s (%s)\n", what, info->text, info->reason);
    }
    return status == 0 ? 0 : info->exit_status;
}

static int export_key(const struct invocation *invocation, const struct rms_settings *settings)
{
    RMS_SECRET_CLEANUP struct rms_secret *passphrase = rmsd_read_passphrase();
    RMS_BUF_CLEANUP struct rms_buf pem = RMS_BUF_INIT(RMS_KEY_FILE_MAX);
    int status;

    if (passphrase == NULL || rms_secret_len(passphrase) < RMS_PASSPHRASE_MIN) {
        (void)fprintf(stderr, "rmsd: a passphrase of %d bytes at least is read from standard input\n",
            RMS_PASSPHRASE_MIN);
        return EXIT_USAGE;
    }
    status = rms_keytool_export(settings, invocation->command[2], rms_secret_view(passphrase), &pem);
    if (status == 0 && (fwrite(pem.data, 1, pem.len, stdout) != pem.len || fflush(stdout) != 0)) {
        status = RMS_E_IO;
    }
    return rmsd_tell(invocation->command[2], status);
}

static int import_key(const struct invocation *invocation, const struct rms_settings *settings)
{
    RMS_SECRET_CLEANUP struct rms_secret *passphrase = NULL;
    RMS_BUF_CLEANUP struct rms_buf pem = RMS_BUF_INIT(RMS_KEY_FILE_MAX);
    char id[RMS_GUID_TEXT] = "";
    int status = rms_file_read(invocation->command[3], &pem);

    if (status != 0) {
        return rmsd_tell(invocation->command[3], status);
    }
    passphrase = rmsd_read_passphrase(); /* none: the file may have none */
    status = rms_keytool_import(settings, invocation->command[2], rms_buf_view(&pem),
        passphrase != NULL ? rms_secret_view(passphrase) : (struct rms_view){0}, id);
    if (status == 0) {
        (void)puts(id);
    }
    return rmsd_tell(invocation->command[3], status);
}

static int seal_master(const struct invocation *invocation, const struct rms_settings *settings)
{
    RMS_SECRET_CLEANUP struct rms_secret *master = NULL;
    RMS_SECRET_CLEANUP struct rms_secret *passphrase = NULL;
    int status = rms_master_key_load(settings, &master);

    (void)invocation;
    if (status != 0) {
        return rmsd_tell("master key", status);
    }
    passphrase = rmsd_read_passphrase();
    if (passphrase == NULL || rms_secret_len(passphrase) < RMS_MASTER_PASSPHRASE_MIN) {
        (void)fprintf(stderr, "rmsd: a passphrase of %d bytes at least is read from standard input\n",
            RMS_MASTER_PASSPHRASE_MIN);
        return EXIT_USAGE;
    }
    return rmsd_tell("master key", rms_master_seal(settings, master, rms_secret_view(passphrase)));
}

static int unseal_master(const struct invocation *invocation, const struct rms_settings *settings)
{
    RMS_SECRET_CLEANUP struct rms_secret *master = NULL;
    int status = rms_master_key_load(settings, &master);

    (void)invocation;
    if (status == 0) {
        status = rms_master_unseal(settings, master);
    }
    return rmsd_tell("master key", status);
}

static const struct command {
    const char *noun, *verb;
    size_t operands;
    int (*run)(const struct invocation *invocation, const struct rms_settings *settings);
} commands[] = {
    {"journal", "verify", 0, verify_journal},
    {"key", "export", 1, export_key},
    {"key", "import", 2, import_key},
    {"master", "seal", 0, seal_master},
    {"master", "unseal", 0, unseal_master},
    {"tpd", "export", 1, rmsd_tpd_export},
    {"tpd", "export", 2, rmsd_tpd_export},
    {"tpd", "import", 2, rmsd_tpd_import},
    {"tpd", "inspect", 1, rmsd_tpd_inspect},
    {"tpd", "keypair", 1, rmsd_tpd_keypair},
    {"tpd", "open", 1, rmsd_tpd_open},
    {"backup", "write", 0, rmsd_backup_write},
    {"backup", "check", 1, rmsd_backup_check},
    {"backup", "restore", 1, rmsd_backup_restore},
};

int rmsd_run_command(const struct invocation *invocation, const struct rms_settings *settings)
{
    for (size_t i = 0; i < sizeof commands / sizeof commands[0]; i++) {
        if (invocation->command_count == 2 + commands[i].operands &&
            strcmp(invocation->command[0], commands[i].noun) == 0 &&
            strcmp(invocation->command[1], commands[i].verb) == 0) {
            return commands[i].run(invocation, settings);
        }
    }
    (void)fprintf(stderr, "rmsd: unknown command; see rmsd --help\n");
    return EXIT_USAGE;
}
