/* Commands of rmsd besides serving: for whoever may read the data directory. */
#ifndef RMS_CMD_RMSD_COMMAND_H
#define RMS_CMD_RMSD_COMMAND_H

#include <stdbool.h>
#include <stddef.h>

struct rms_settings;
struct rms_secret;

#define EXIT_USAGE 2

#define OVERRIDES_MAX 32

/* What the command line said, kept so that a reload applies it again over the file. */
struct invocation {
    const char *config; /* NULL: the standard one, when it is there */
    struct {
        const char *name;
        const char *value;
    } overrides[OVERRIDES_MAX];
    size_t override_count;
    bool check_only;
    bool print_only;
    bool accept_clock;
    bool keyless;           /* of tpd export */
    const char *to;         /* of tpd export: file of a public key; NULL */
    const char *key;        /* of tpd open: file of a private key; NULL */
    const char *command[4]; /* "journal" "verify" */
    size_t command_count;
};

/* The exit status. */
int rmsd_run_command(const struct invocation *invocation, const struct rms_settings *settings);

/* --- shared by the commands -------------------------------------------------------------------------- */

/* One line of standard input, without its end; NULL when there is none. */
struct rms_secret *rmsd_read_passphrase(void);

/* Tells about a failure; the exit status of status. */
int rmsd_tell(const char *what, int status);

int rmsd_backup_write(const struct invocation *invocation, const struct rms_settings *settings);
int rmsd_backup_check(const struct invocation *invocation, const struct rms_settings *settings);
int rmsd_backup_restore(const struct invocation *invocation, const struct rms_settings *settings);
int rmsd_tpd_export(const struct invocation *invocation, const struct rms_settings *settings);
int rmsd_tpd_import(const struct invocation *invocation, const struct rms_settings *settings);
int rmsd_tpd_inspect(const struct invocation *invocation, const struct rms_settings *settings);
int rmsd_tpd_keypair(const struct invocation *invocation, const struct rms_settings *settings);
int rmsd_tpd_open(const struct invocation *invocation, const struct rms_settings *settings);

#endif
