/* rmsd: the rights management service. Options, configuration, and the master. */
#include <argp.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cmd/rmsd/command.h"
#include "service/jobs.h"
#include "service/keyd.h"
#include "service/master.h"
#include "service/settings.h"

#define STANDARD_CONFIG "/etc/openrms/rmsd.conf"
#define STANDARD_DIR    "/var/lib/openrms"
const char *argp_program_version = "rmsd 0.1.0";

enum option_key {
    KEY_CONFIG = 'c',
    KEY_CHECK = 256,
    KEY_PRINT,
    KEY_FOREGROUND,
    KEY_SET,
    KEY_KEYLESS,
    KEY_TO,
    KEY_KEY,
    KEY_CLOCK
};

/* Options that are settings by another spelling. */
static const struct {
    int key;
    const char *setting;
} setting_keys[] = {{'d', "dir"}, {'l', "listen"}, {'u', "url"}, {'L', "log_level"}, {'U', "user"}};

static const struct argp_option options[] = {
    {"config", KEY_CONFIG, "FILE", 0, "read settings from FILE (" STANDARD_CONFIG ")", 0},
    {"dir", 'd', "DIR", 0, "data directory, made at the first start (" STANDARD_DIR ")", 0},
    {"listen", 'l', "ADDRESS:PORT", 0, "serve HTTPS there (127.0.0.1:8443)", 0},
    {"url", 'u', "URL", 0, "public base URL (https://localhost:PORT)", 0},
    {"user", 'U', "ACCOUNT", 0, "run as ACCOUNT when started as root", 0},
    {"log-level", 'L', "LEVEL", 0, "off, error, info, debug or trace", 0},
    {"set", KEY_SET, "NAME=VALUE", 0, "any setting of the file", 0},
    {"accept-clock", KEY_CLOCK, NULL, 0, "start although the clock was put back", 0},
    {"check-config", KEY_CHECK, NULL, 0, "check the settings and end", 0},
    {"print-config", KEY_PRINT, NULL, 0, "print the settings as a file and end", 0},
    {"keyless", KEY_KEYLESS, NULL, 0, "tpd export: without the private key", 0},
    {"to", KEY_TO, "FILE", 0, "tpd export: for who has the private half of this public key", 0},
    {"key", KEY_KEY, "FILE", 0, "tpd open: that private key", 0},
    {"foreground", KEY_FOREGROUND, NULL, 0, "stay in the foreground (always so)", 0},
    {0},
};

/* --- command line ----------------------------------------------------------------------------------- */

static void add_override(struct argp_state *state, const char *name, const char *value)
{
    struct invocation *invocation = state->input;

    if (invocation->override_count == OVERRIDES_MAX) {
        argp_error(state, "too many options");
        return;
    }
    invocation->overrides[invocation->override_count].name = name;
    invocation->overrides[invocation->override_count++].value = value;
}

static void add_setting(struct argp_state *state, char *text)
{
    char *equals = strchr(text, '=');

    if (equals == NULL) {
        argp_error(state, "--set needs NAME=VALUE");
        return;
    }
    *equals = '\0';
    add_override(state, text, equals + 1);
}

static error_t parse_option(int key, char *argument, struct argp_state *state)
{
    struct invocation *invocation = state->input;

    for (size_t i = 0; i < sizeof setting_keys / sizeof setting_keys[0]; i++) {
        if (setting_keys[i].key == key) {
            add_override(state, setting_keys[i].setting, argument);
            return 0;
        }
    }
    switch (key) {
    case KEY_CONFIG:
        invocation->config = argument;
        return 0;
    case KEY_SET:
        add_setting(state, argument);
        return 0;
    case KEY_CLOCK:
        invocation->accept_clock = true;
        return 0;
    case KEY_CHECK:
        invocation->check_only = true;
        return 0;
    case KEY_PRINT:
        invocation->print_only = true;
        return 0;
    case KEY_KEYLESS:
        invocation->keyless = true;
        return 0;
    case KEY_TO:
        invocation->to = argument;
        return 0;
    case KEY_KEY:
        invocation->key = argument;
        return 0;
    case KEY_FOREGROUND:
        return 0;
    case ARGP_KEY_ARG:
        if (invocation->command_count == sizeof invocation->command / sizeof invocation->command[0]) {
            argp_error(state, "too many arguments");
        } else {
            invocation->command[invocation->command_count++] = argument;
        }
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

/* --- settings --------------------------------------------------------------------------------------- */

/* Relative paths on the command line are relative to where rmsd was started. */
static int set_override(struct rms_settings *settings, const char *name, const char *value)
{
    char path[2 * PATH_MAX];
    char here[PATH_MAX];

    if (strcmp(name, "dir") != 0 || value[0] == '/' || value[0] == '\0') {
        return rms_settings_set(settings, name, value);
    }
    if (getcwd(here, sizeof here) == NULL) {
        return RMS_E_IO;
    }
    (void)snprintf(path, sizeof path, "%s/%s", here, value);
    return rms_settings_set(settings, name, path);
}

static int apply_overrides(
    const struct invocation *invocation, struct rms_settings *settings, char *message, size_t message_size)
{
    for (size_t i = 0; i < invocation->override_count; i++) {
        const char *name = invocation->overrides[i].name;
        int status = set_override(settings, name, invocation->overrides[i].value);

        if (status != 0) {
            (void)snprintf(
                message, message_size, "command line: %s: not a setting, or not a value for it", name);
            return status;
        }
    }
    return 0;
}

static int read_settings(void *context, struct rms_settings *settings_out, char *message, size_t message_size)
{
    const struct invocation *invocation = context;
    const char *config = invocation->config;

    rms_settings_init(settings_out);
    settings_out->accept_clock = invocation->accept_clock;
    if (config == NULL && access(STANDARD_CONFIG, F_OK) == 0) {
        config = STANDARD_CONFIG;
    }
    if (config != NULL) {
        RMS_TRY(rms_settings_read(settings_out, config, message, message_size));
    }
    RMS_TRY(apply_overrides(invocation, settings_out, message, message_size));
    if (settings_out->dir[0] == '\0') {
        RMS_TRY(rms_settings_set(settings_out, "dir", STANDARD_DIR));
    }
    return rms_settings_finish(settings_out, message, message_size);
}

/* --- service ------------------------------------------------------------------------------------------ */

static int run_service(struct invocation *invocation, const struct rms_settings *settings)
{
    const struct rms_master_options master = {.settings = settings,
        .reload = read_settings,
        .context = invocation,
        .keyd = rms_keyd_main,
        .front = rms_front_run,
        .jobs = rms_jobs_main};
    enum rms_log_level level = RMS_LOG_INFO;

    if (rms_log_level_parse(settings->log_level, &level) != 0) {
        return EXIT_USAGE;
    }
    rms_log_open("rmsd", level, NULL, 0);
    return rms_master_run(&master);
}

int main(int argc, char **argv)
{
    static const struct argp argp = {options, parse_option,
        "[journal verify | key export KEY | key import TENANT FILE | tpd export TENANT [KEY] | "
        "tpd import TENANT FILE | tpd inspect FILE | tpd keypair FILE | tpd open FILE | master seal | master "
        "unseal | backup write | backup "
        "check FILE | "
        "backup restore FILE]",
        "The OpenRMS rights management service.\v"
        "journal verify checks keyd's journal in the data directory: exit status 0 when no line was changed, "
        "removed or inserted. key export writes a tenant key, encrypted with the passphrase that it reads "
        "from "
        "standard input; key import adds one from such a file, archived. tpd export writes key, certificate "
        "and templates of a tenant, to leave, "
        "and tpd import takes them in; with --to it is for who has a key that tpd keypair made, and tpd open "
        "--key opens it there. master seal seals the master key under the passphrase that it reads "
        "from "
        "standard input, master unseal takes it out again. backup write writes the whole "
        "service to "
        "standard output, encrypted with the passphrase that it reads from standard input; backup restore "
        "brings it "
        "back into an empty data directory, backup check only looks.",
        NULL, NULL, NULL};
    static struct rms_settings settings;
    struct invocation invocation = {0};
    char message[1024] = "";
    int status;

    argp_err_exit_status = EXIT_USAGE;
    if (argp_parse(&argp, argc, argv, 0, NULL, &invocation) != 0) {
        return EXIT_USAGE;
    }
    status = read_settings(&invocation, &settings, message, sizeof message);
    if (status != 0) {
        (void)fprintf(stderr, "rmsd: %s\n", message[0] != '\0' ? message : rms_error_info(status)->text);
        return EXIT_USAGE;
    }
    if (invocation.print_only) {
        rms_settings_print(&settings, stdout);
        return 0;
    }
    if (invocation.check_only) {
        return 0;
    }
    return invocation.command_count > 0 ? rmsd_run_command(&invocation, &settings)
                                        : run_service(&invocation, &settings);
}
