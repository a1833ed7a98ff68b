/* Settings of rmsd: one table (settings.c) of name, type, default and check, filled from the configuration
 * file (libconfuse: `name = value`, an unknown name fails with its line) and overridden by the command line.
 * Read once by the master before anything is started; the children inherit the finished values. */
#ifndef RMS_SERVICE_SETTINGS_H
#define RMS_SERVICE_SETTINGS_H

#include <stdbool.h>
#include <limits.h>
#include <stdio.h>

#include "base/error.h"
#include "base/log.h"

#define RMS_SETTING_TEXT 1024

struct rms_settings {
    /* where */
    char dir[RMS_SETTING_TEXT];            /* data directory, absolute */
    char listen[RMS_SETTING_TEXT];         /* ADDRESS:PORT or [IPV6]:PORT */
    char admin_listen[RMS_SETTING_TEXT];   /* for administration and monitoring alone; "" = none */
    char url[RMS_SETTING_TEXT];            /* public base URL: https://HOST[:PORT], no trailing slash */
    char service_domain[RMS_SETTING_TEXT]; /* REGION.SUFFIX: ends the addresses of applications */
    char user[RMS_SETTING_TEXT];     /* account the children run as when rmsd is started as root; "" = stay */
    char database[RMS_SETTING_TEXT]; /* sqlite:PATH or postgresql://...; default sqlite:DIR/db/openrms.db */

    /* TLS: PEM files; when neither is given, the self-made DIR/tls/server.pem and server.key */
    char tls_certificate[RMS_SETTING_TEXT];
    char tls_key[RMS_SETTING_TEXT];
    char ca_file[RMS_SETTING_TEXT]; /* extra trust for outgoing TLS (issuers); "" = the system's */

    /* keys in a PKCS#11 token */
    char key_store[16];                   /* where new tenant keys are made: software or pkcs11 */
    char pkcs11_module[RMS_SETTING_TEXT]; /* shared library; "" = no token */
    char pkcs11_token[RMS_SETTING_TEXT];  /* label of the token */
    char pkcs11_paths[RMS_SETTING_TEXT];  /* what the module may open, read and write, parted by colons */
    char pkcs11_network[8];               /* yes: the module may use sockets */

    char places[RMS_SETTING_TEXT]; /* database of the places of addresses; "" = none */

    /* log */
    char log_level[16];
    char log_file[RMS_SETTING_TEXT]; /* "" = standard error */
    int log_max_bytes;               /* a log file is rotated beyond this */

    /* streams of the usage log; "" = none */
    char usage_file[RMS_SETTING_TEXT];    /* JSON lines when its name ends with .jsonl, else W3C */
    int usage_file_max_bytes;             /* begun anew beyond this */
    char usage_journal[RMS_SETTING_TEXT]; /* socket of a systemd-journald */
    char usage_s3[RMS_SETTING_TEXT];      /* URL of a bucket, or of a prefix in it */
    char usage_s3_region[64];
    char usage_s3_credentials[RMS_SETTING_TEXT]; /* file: key ID, line break, secret key */
    int usage_s3_interval_s;                     /* objects are written this often */
    bool accept_clock;        /* of the command line alone: start although the clock was put back */
    char unlogged_service[8]; /* yes: requests are served while the usage log cannot be written */

    /* mail (doc/dev/mail.md); "" = none is sent */
    char mail[RMS_SETTING_TEXT];             /* smtp://HOST[:PORT], smtps://HOST[:PORT], directory:/PATH */
    char mail_from[RMS_SETTING_TEXT];        /* sender; default rms@ and the host of url */
    char mail_tls[16];                       /* "required" or "off" (smtp://) */
    char mail_credentials[RMS_SETTING_TEXT]; /* file: name, line break, password; "" = without signing in */

    /* sizes */
    int workers;       /* front: threads that handle requests */
    int pollers;       /* front: threads that read and write sockets */
    int keyd_threads;  /* keyd: threads that answer */
    int key_stock;     /* keyd: fresh RSA pairs kept ready */
    int open_keys_max; /* keyd: content keys held open */
    int user_keys_max; /* keyd: private keys held besides the tenants' */

    /* times, seconds */
    int group_cache_s;    /* S-045: 0 to 10800 */
    int drain_s;          /* how long requests in flight may take at the end */
    int database_grace_s; /* how long requests go on what is in memory while the database server is away */
    int purge_interval_s; /* jobs: how often expired rows are removed */
};

/* Defaults; dir is still "". */
void rms_settings_init(struct rms_settings *settings);

/* Reads a file over what is there. RMS_E_BAD_ARGUMENT with "FILE:LINE: ..." written to message. */
RMS_MUST_USE int rms_settings_read(
    struct rms_settings *settings, const char *path, char *message, size_t message_size);

/* Sets one by its name, as the command line does. RMS_E_BAD_ARGUMENT, RMS_E_LIMIT (text too long). */
RMS_MUST_USE int rms_settings_set(struct rms_settings *settings, const char *name, const char *value);

/* Fills what follows from the others (database, log level) and checks all together: absolute paths, ranges,
 * https URL without path, certificate and key together. */
RMS_MUST_USE int rms_settings_finish(struct rms_settings *settings, char *message, size_t message_size);

/* Name and meaning of the i-th setting; NULL behind the last. */
const char *rms_settings_row(size_t i, const char **help_out);

/* Prints in the form of the file; passwords inside the database URL show as ***. */
void rms_settings_print(const struct rms_settings *settings, FILE *out);

/* Host of the public URL, without port and brackets. RMS_E_BAD_ARGUMENT when url is none. */
RMS_MUST_USE int rms_settings_host(const struct rms_settings *settings, char *host, size_t size);

/* Address and port of ADDRESS:PORT or [IPV6]:PORT, brackets taken off. */
RMS_MUST_USE int rms_settings_split_listen(const char *text, char host[RMS_SETTING_TEXT], char port[8]);

/* Where mail is written instead of sent; NULL when it is not. */
const char *rms_settings_mail_directory(const struct rms_settings *settings);

/* TLS with the certificate made here, under ca.pem; not one of the administrator's. */
bool rms_settings_self_made(const struct rms_settings *settings);

/* Are new tenant keys made in the token? */
bool rms_settings_token_first(const struct rms_settings *settings);

/* Path of a file in the data directory: "DIR/name". RMS_E_NAME_TOO_LONG. */
RMS_MUST_USE int rms_settings_path(
    const struct rms_settings *settings, const char *name, char path_out[PATH_MAX]);

#endif
