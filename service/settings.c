#include "service/settings.h"

#include <confuse.h>
#include <errno.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/bytes.h"
#include "base/text.h"
#include "service/token_fetch.h"

enum kind { TEXT, NUMBER };

struct row {
    const char *name;
    enum kind kind;
    size_t offset;
    size_t size; /* of a text */
    int least, most, standard;
    const char *standard_text;
    const char *help;
};

#define FIELD(name)      offsetof(struct rms_settings, name)
#define FIELD_SIZE(name) sizeof(((struct rms_settings *)NULL)->name)
#define TEXT_ROW(name, field, standard, help)                                                                \
    {                                                                                                        \
        name, TEXT, FIELD(field), FIELD_SIZE(field), 0, 0, 0, standard, help                                 \
    }
#define NUMBER_ROW(name, field, least, most, standard, help)                                                 \
    {                                                                                                        \
        name, NUMBER, FIELD(field), 0, least, most, standard, NULL, help                                     \
    }

#define TOKEN_LABEL_MAX 32 /* PKCS#11's own */

#define PER_CORE (-1) /* standard value: taken from the number of processors */

/* The one table of settings: file, command line, checks, printing and documentation follow it. */
static const struct row rows[] = {
    TEXT_ROW("dir", dir, "", "data directory"),
    TEXT_ROW("listen", listen, "127.0.0.1:8443", "ADDRESS:PORT or [IPV6]:PORT to serve HTTPS on"),
    TEXT_ROW("admin_listen", admin_listen, "", "ADDRESS:PORT for administration and monitoring alone"),
    TEXT_ROW("url", url, "", "public base URL, https://HOST[:PORT]"),
    TEXT_ROW("service_domain", service_domain, "main.openrms.internal",
        "REGION.SUFFIX at the end of the addresses of applications"),
    TEXT_ROW("user", user, "", "account to run as when started as root"),
    TEXT_ROW("database", database, "", "sqlite:PATH or postgresql://..."),
    TEXT_ROW("tls_certificate", tls_certificate, "", "PEM file with the certificate and its chain"),
    TEXT_ROW("tls_key", tls_key, "", "PEM file with the private key of the certificate"),
    TEXT_ROW("ca_file", ca_file, "", "PEM file with CAs trusted for outgoing TLS"),
    TEXT_ROW("key_store", key_store, "software", "where new tenant keys are made: software or pkcs11"),
    TEXT_ROW("pkcs11_module", pkcs11_module, "", "PKCS#11 module of the token that keeps tenant keys"),
    TEXT_ROW("pkcs11_token", pkcs11_token, "", "label of that token"),
    TEXT_ROW("pkcs11_paths", pkcs11_paths, "", "files and directories that the module needs, parted by :"),
    TEXT_ROW("pkcs11_network", pkcs11_network, "no", "may the module use sockets: yes or no"),
    TEXT_ROW("log_level", log_level, "info", "off, error, info, debug or trace"),
    TEXT_ROW("log_file", log_file, "", "file for log lines instead of standard error"),
    NUMBER_ROW(
        "log_max_bytes", log_max_bytes, 4096, 1 << 30, 64 << 20, "size at which a log file is rotated"),
    TEXT_ROW("mail", mail, "", "smtp://HOST[:PORT], smtps://HOST[:PORT] or directory:/PATH to send mail by"),
    TEXT_ROW("mail_from", mail_from, "", "address that mail comes from"),
    TEXT_ROW("mail_tls", mail_tls, "required", "required or off: TLS towards an smtp:// server"),
    TEXT_ROW("mail_credentials", mail_credentials, "",
        "file with name and password for the mail server, a line each"),
    TEXT_ROW("places", places, "", "database (.mmdb) that tells where client addresses are"),
    TEXT_ROW("usage_file", usage_file, "", "file that the usage log is written to as well"),
    NUMBER_ROW("usage_file_max_bytes", usage_file_max_bytes, 4096, 1 << 30, 64 << 20,
        "size at which a new usage file is begun"),
    TEXT_ROW("usage_journal", usage_journal, "", "journal's socket that the usage log is written to as well"),
    TEXT_ROW("usage_s3", usage_s3, "", "https:// URL of a bucket that the usage log is written to as well"),
    TEXT_ROW(
        "usage_s3_region", usage_s3_region, "us-east-1", "region that requests to usage_s3 are signed for"),
    TEXT_ROW("usage_s3_credentials", usage_s3_credentials, "",
        "file with key ID and secret key for usage_s3, a line each"),
    NUMBER_ROW("usage_s3_interval", usage_s3_interval_s, 1, 3600, 60, "seconds between objects of usage_s3"),
    TEXT_ROW(
        "unlogged_service", unlogged_service, "no", "serve while the usage log cannot be written: yes or no"),
    NUMBER_ROW("workers", workers, 1, 128, PER_CORE, "threads that handle requests"),
    NUMBER_ROW("pollers", pollers, 1, 64, PER_CORE, "threads that serve connections"),
    NUMBER_ROW("keyd_threads", keyd_threads, 1, 128, PER_CORE, "threads for private-key operations"),
    NUMBER_ROW("key_stock", key_stock, 0, 256, 4, "fresh RSA pairs kept ready"),
    NUMBER_ROW("open_keys_max", open_keys_max, 16, 1 << 24, 65536, "content keys held open"),
    NUMBER_ROW("user_keys_max", user_keys_max, 16, 1 << 20, 1024, "user keys held"),
    NUMBER_ROW("group_cache", group_cache_s, 0, 10800, 10800, "seconds that group membership is kept"),
    NUMBER_ROW("drain", drain_s, 0, 60, 5, "seconds that requests in flight may take at the end"),
    NUMBER_ROW("database_grace", database_grace_s, 0, 600, 60,
        "seconds that licences go on while the database server is away"),
    NUMBER_ROW("purge_interval", purge_interval_s, 1, 86400, 300, "seconds between removals of expired rows"),
};

#define ROW_COUNT (sizeof rows / sizeof rows[0])

/* --- values ----------------------------------------------------------------------------------------- */

static char *text_of(struct rms_settings *settings, const struct row *row)
{
    return (char *)settings + row->offset;
}

static int *number_of(struct rms_settings *settings, const struct row *row)
{
    return (int *)((char *)settings + row->offset);
}

static int set_text(struct rms_settings *settings, const struct row *row, const char *value)
{
    if (!rms_text_printable(rms_view_str(value))) {
        return RMS_E_BAD_ARGUMENT;
    }
    if (strlen(value) >= row->size) {
        return RMS_E_LIMIT;
    }
    memcpy(text_of(settings, row), value, strlen(value) + 1);
    return 0;
}

static int set_number(struct rms_settings *settings, const struct row *row, long value)
{
    if (value < row->least || value > row->most) {
        return RMS_E_BAD_ARGUMENT;
    }
    *number_of(settings, row) = (int)value;
    return 0;
}

static int per_core(const struct row *row)
{
    long cores = sysconf(_SC_NPROCESSORS_ONLN);
    long value = strcmp(row->name, "pollers") == 0 ? cores : 4 * cores;

    return (int)(value < 1 ? 1 : value > row->most ? row->most : value);
}

void rms_settings_init(struct rms_settings *settings)
{
    memset(settings, 0, sizeof *settings);
    for (size_t i = 0; i < ROW_COUNT; i++) {
        const struct row *row = &rows[i];

        if (row->kind == TEXT) {
            memcpy(text_of(settings, row), row->standard_text, strlen(row->standard_text) + 1);
        } else {
            *number_of(settings, row) = row->standard == PER_CORE ? per_core(row) : row->standard;
        }
    }
}

int rms_settings_set(struct rms_settings *settings, const char *name, const char *value)
{
    for (size_t i = 0; i < ROW_COUNT; i++) {
        char *end;
        long number;

        if (strcmp(rows[i].name, name) != 0) {
            continue;
        }
        if (rows[i].kind == TEXT) {
            return set_text(settings, &rows[i], value);
        }
        errno = 0;
        number = strtol(value, &end, 10);
        if (errno != 0 || end == value || *end != '\0') {
            return RMS_E_BAD_ARGUMENT;
        }
        return set_number(settings, &rows[i], number);
    }
    return RMS_E_BAD_ARGUMENT;
}

const char *rms_settings_row(size_t i, const char **help_out)
{
    if (i >= ROW_COUNT) {
        return NULL;
    }
    *help_out = rows[i].help;
    return rows[i].name;
}

/* --- the file --------------------------------------------------------------------------------------- */

/* libconfuse gives its error function nothing of the caller's; the master reads files on its one thread. */
static struct {
    char *text;
    size_t size;
} report;

static void on_error(cfg_t *cfg, const char *format, va_list ap) __attribute__((format(printf, 2, 0)));

static void on_error(cfg_t *cfg, const char *format, va_list ap)
{
    int used;

    if (report.text[0] != '\0') {
        return; /* the first error is the one that explains */
    }
    used =
        snprintf(report.text, report.size, "%s:%d: ", cfg->filename != NULL ? cfg->filename : "", cfg->line);
    if (used > 0 && (size_t)used < report.size) {
        (void)vsnprintf(report.text + used, report.size - (size_t)used, format, ap);
    }
}

static int on_value(cfg_t *cfg, cfg_opt_t *option)
{
    for (size_t i = 0; i < ROW_COUNT; i++) {
        if (strcmp(rows[i].name, option->name) != 0) {
            continue;
        }
        if (rows[i].kind == NUMBER) {
            long value = cfg_opt_getnint(option, 0);

            if (value < rows[i].least || value > rows[i].most) {
                cfg_error(cfg, "%s must be %d to %d", rows[i].name, rows[i].least, rows[i].most);
                return -1;
            }
        } else if (strlen(cfg_opt_getnstr(option, 0)) >= rows[i].size) {
            cfg_error(cfg, "%s is too long", rows[i].name);
            return -1;
        }
    }
    return 0;
}

static int take_values(struct rms_settings *settings, cfg_t *cfg)
{
    for (size_t i = 0; i < ROW_COUNT; i++) {
        if (cfg_size(cfg, rows[i].name) == 0) {
            continue;
        }
        if (rows[i].kind == TEXT) {
            RMS_TRY(set_text(settings, &rows[i], cfg_getstr(cfg, rows[i].name)));
        } else {
            RMS_TRY(set_number(settings, &rows[i], cfg_getint(cfg, rows[i].name)));
        }
    }
    return 0;
}

int rms_settings_read(struct rms_settings *settings, const char *path, char *message, size_t message_size)
{
    cfg_opt_t options[ROW_COUNT + 1] = {0};
    cfg_t *cfg;
    int status;

    for (size_t i = 0; i < ROW_COUNT; i++) {
        if (rows[i].kind == TEXT) {
            options[i] = (cfg_opt_t)CFG_STR(rows[i].name, NULL, CFGF_NODEFAULT);
        } else {
            options[i] = (cfg_opt_t)CFG_INT(rows[i].name, 0, CFGF_NODEFAULT);
        }
    }
    options[ROW_COUNT] = (cfg_opt_t)CFG_END();
    report.text = message;
    report.size = message_size;
    message[0] = '\0';
    cfg = cfg_init(options, CFGF_NONE);
    if (cfg == NULL) {
        return RMS_E_NO_MEMORY;
    }
    (void)cfg_set_error_function(cfg, on_error);
    for (size_t i = 0; i < ROW_COUNT; i++) {
        (void)cfg_set_validate_func(cfg, rows[i].name, on_value);
    }
    status = cfg_parse(cfg, path) == CFG_SUCCESS ? take_values(settings, cfg) : RMS_E_BAD_ARGUMENT;
    (void)cfg_free(cfg);
    if (status != 0 && message[0] == '\0') {
        (void)snprintf(message, message_size, "%s: cannot be read: %s", path, strerror(errno));
    }
    return status;
}

static void print_text(const struct row *row, const char *value, FILE *out)
{
    (void)fprintf(out, "%s = \"", row->name);
    for (const char *c = value; *c != '\0'; c++) {
        if (*c == '"' || *c == '\\' || *c == '$') {
            (void)fputc('\\', out);
        }
        (void)fputc(*c, out);
    }
    (void)fputs("\"\n", out);
}

/* postgresql://user:password@host/db: up to the last @ of what stands between slashes, from its second colon.
 */
static const char *show_server(const char *url, struct rms_buf *out)
{
    const char *slashes = strstr(url, "://");
    const char *at = slashes != NULL ? strrchr(slashes, '@') : NULL;
    const char *colon = slashes != NULL ? strchr(slashes + 3, ':') : NULL;

    if (at == NULL || colon == NULL || colon > at) {
        return url;
    }
    rms_buf_append(out, url, (size_t)(colon - url));
    rms_buf_append_str(out, ":***");
    return at;
}

/* ...?password=...&sslpassword=... */
static void show_parameters(const char *text, struct rms_buf *out)
{
    static const char secret[] = "password=";

    for (const char *found; (found = strstr(text, secret)) != NULL; text = found + strcspn(found, "&")) {
        rms_buf_append(out, text, (size_t)(found - text));
        rms_buf_append_str(out, "password=***");
    }
    rms_buf_append_str(out, text);
}

void rms_settings_print(const struct rms_settings *settings, FILE *out)
{
    RMS_BUF_CLEANUP struct rms_buf shown = RMS_BUF_INIT(2 * RMS_SETTING_TEXT);

    for (size_t i = 0; i < ROW_COUNT; i++) {
        const char *place = (const char *)settings + rows[i].offset;

        if (rows[i].kind == NUMBER) {
            (void)fprintf(out, "%s = %d\n", rows[i].name, *(const int *)(const void *)place);
        } else {
            rms_buf_reset(&shown);
            show_parameters(show_server(place, &shown), &shown);
            print_text(&rows[i], rms_buf_text(&shown), out);
        }
    }
}

/* --- what follows from what --------------------------------------------------------------------------- */

/* Splits ADDRESS:PORT or [IPV6]:PORT. */
int rms_settings_split_listen(const char *text, char host[RMS_SETTING_TEXT], char port[8])
{
    const char *colon = strrchr(text, ':');
    const char *start = text;
    const char *end = colon;
    char *number_end;
    long number;

    if (colon == NULL) {
        return RMS_E_BAD_ARGUMENT;
    }
    if (*text == '[') {
        start = text + 1;
        end = colon - 1;
    }
    number = strtol(colon + 1, &number_end, 10);
    if (end <= start || (*text == '[' && *end != ']') || colon[1] == '\0' || *number_end != '\0' ||
        number < 1 || number > 65535 || colon[1] == '+' || colon[1] == ' ') {
        return RMS_E_BAD_ARGUMENT;
    }
    if (*text != '[' && memchr(start, ':', (size_t)(end - start)) != NULL) {
        return RMS_E_BAD_ARGUMENT;
    }
    (void)snprintf(host, RMS_SETTING_TEXT, "%.*s", (int)(end - start), start);
    (void)snprintf(port, 8, "%ld", number);
    return 0;
}

int rms_settings_host(const struct rms_settings *settings, char *host, size_t size)
{
    static const char scheme[] = "https://";
    const char *start = settings->url + sizeof scheme - 1;
    size_t len;

    if (strncmp(settings->url, scheme, sizeof scheme - 1) != 0) {
        return RMS_E_BAD_ARGUMENT;
    }
    if (*start == '[') {
        start++;
        len = strcspn(start, "]");
    } else {
        len = strcspn(start, ":/?#@");
    }
    if (len == 0 || len >= size) {
        return RMS_E_BAD_ARGUMENT;
    }
    memcpy(host, start, len);
    host[len] = '\0';
    return 0;
}

bool rms_settings_self_made(const struct rms_settings *settings)
{
    char path[PATH_MAX];

    return rms_settings_path(settings, "tls/server.pem", path) == 0 &&
           strcmp(settings->tls_certificate, path) == 0;
}

int rms_settings_path(const struct rms_settings *settings, const char *name, char path_out[PATH_MAX])
{
    int len = snprintf(path_out, PATH_MAX, "%s/%s", settings->dir, name);

    return len > 0 && len < PATH_MAX ? 0 : RMS_E_NAME_TOO_LONG;
}

#define MAIL_DIRECTORY "directory:"

const char *rms_settings_mail_directory(const struct rms_settings *settings)
{
    size_t len = strlen(MAIL_DIRECTORY);

    return strncmp(settings->mail, MAIL_DIRECTORY, len) == 0 ? settings->mail + len : NULL;
}

/* What needs no escaping, so that the URL that is signed is the one that is asked; TLS, but for a gateway on
 * this machine. */
static bool usage_s3_ok(const struct rms_settings *settings)
{
    static const struct rms_fetch_options options = {.loopback_http = true};
    static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._/:[]";
    const char *url = settings->usage_s3;
    const char *rest = strstr(url, "://");

    if (url[0] == '\0') {
        return true;
    }
    return rms_fetch_allowed(&options, url) && url[strspn(url, plain)] == '\0' &&
           strstr(rest + 3, "//") == NULL && strstr(url, "/.") == NULL && url[strlen(url) - 1] != '/';
}

static bool usage_s3_region_ok(const struct rms_settings *settings)
{
    const char *region = settings->usage_s3_region;

    return region[0] != '\0' && region[strspn(region, "abcdefghijklmnopqrstuvwxyz0123456789-")] == '\0';
}

/* Nothing but host and port: a password in it would show in process lists and logs. */
static bool mail_ok(const struct rms_settings *settings)
{
    const char *directory = rms_settings_mail_directory(settings);
    const char *rest = strstr(settings->mail, "://");

    if (settings->mail[0] == '\0') {
        return true;
    }
    if (directory != NULL) {
        return directory[0] == '/';
    }
    if (strncmp(settings->mail, "smtp://", 7) != 0 && strncmp(settings->mail, "smtps://", 8) != 0) {
        return false;
    }
    return rest[3] != '\0' && strpbrk(rest + 3, "/?#@\\ %") == NULL;
}

static bool is_normal(const char *text)
{
    char address[RMS_ADDRESS_MAX];

    return rms_address_normalise(text, address) == 0 && strcmp(address, text) == 0;
}

static bool mail_from_ok(const struct rms_settings *settings)
{
    return settings->mail_from[0] == '\0' || is_normal(settings->mail_from);
}

static bool service_domain_ok(const struct rms_settings *settings)
{
    const char *domain = settings->service_domain;
    char address[RMS_SETTING_TEXT + 2];

    (void)snprintf(address, sizeof address, "x@%s", domain);
    return strlen(domain) <= 128 && strchr(domain, '.') != NULL && is_normal(address);
}

static bool mail_tls_ok(const struct rms_settings *settings)
{
    return strcmp(settings->mail_tls, "required") == 0 ||
           (strcmp(settings->mail_tls, "off") == 0 && settings->mail_credentials[0] == '\0');
}

/* Puts before, value and after together when the setting was not given. */
static int fill_text(char *text, const char *before, const char *value, const char *after)
{
    int len;

    if (text[0] != '\0') {
        return 0;
    }
    len = snprintf(text, RMS_SETTING_TEXT, "%s%s%s", before, value, after);
    return len > 0 && len < RMS_SETTING_TEXT ? 0 : RMS_E_NAME_TOO_LONG;
}

static int fill_rest(struct rms_settings *settings)
{
    char host[RMS_SETTING_TEXT];
    char port[8];
    size_t len = strlen(settings->url);

    if (len > 0 && settings->url[len - 1] == '/') {
        settings->url[len - 1] = '\0';
    }
    if (len == 0 && rms_settings_split_listen(settings->listen, host, port) == 0) {
        RMS_TRY(fill_text(settings->url, "https://localhost:", port, ""));
    }
    if (settings->mail[0] != '\0' && rms_settings_host(settings, host, sizeof host) == 0) {
        RMS_TRY(fill_text(settings->mail_from, "rms@", host, ""));
    }
    RMS_TRY(fill_text(settings->database, "sqlite:", settings->dir, "/db/openrms.db"));
    if (settings->tls_certificate[0] == '\0' && settings->tls_key[0] == '\0') {
        RMS_TRY(fill_text(settings->tls_certificate, "", settings->dir, "/tls/server.pem"));
        RMS_TRY(fill_text(settings->tls_key, "", settings->dir, "/tls/server.key"));
    }
    return 0;
}

/* Behind the host only a port may follow. */
static bool url_ok(const struct rms_settings *settings)
{
    char host[RMS_SETTING_TEXT];
    const char *rest;
    char *end;

    if (rms_settings_host(settings, host, sizeof host) != 0) {
        return false;
    }
    rest = settings->url + strlen("https://") + strlen(host);
    if (settings->url[strlen("https://")] == '[') {
        rest += 2;
    }
    if (*rest == '\0') {
        return true;
    }
    return *rest == ':' && rest[1] >= '1' && rest[1] <= '9' && strtol(rest + 1, &end, 10) <= 65535 &&
           *end == '\0';
}

static bool absolute_or_empty(const char *path)
{
    return path[0] == '\0' || path[0] == '/';
}

static bool database_ok(const char *text)
{
    return strncmp(text, "sqlite:/", 8) == 0 || strncmp(text, "postgresql://", 13) == 0;
}

bool rms_settings_token_first(const struct rms_settings *settings)
{
    return strcmp(settings->key_store, "pkcs11") == 0;
}

static bool yes_or_no(const char *text)
{
    return strcmp(text, "yes") == 0 || strcmp(text, "no") == 0;
}

static bool token_ok(const struct rms_settings *settings)
{
    bool wanted = settings->pkcs11_module[0] != '\0';

    return wanted == (settings->pkcs11_token[0] != '\0') && (wanted || !rms_settings_token_first(settings)) &&
           strlen(settings->pkcs11_token) <= TOKEN_LABEL_MAX;
}

struct check {
    bool good;
    const char *text;
};

static int run_checks(const struct rms_settings *settings, char *message, size_t message_size)
{
    char host[RMS_SETTING_TEXT];
    char port[8];
    enum rms_log_level level;
    const struct check checks[] = {
        {settings->dir[0] == '/', "dir must be an absolute path"},
        {rms_settings_split_listen(settings->listen, host, port) == 0,
            "listen must be ADDRESS:PORT or [IPV6]:PORT"},
        {settings->admin_listen[0] == '\0' ||
                rms_settings_split_listen(settings->admin_listen, host, port) == 0,
            "admin_listen must be ADDRESS:PORT or [IPV6]:PORT"},
        {yes_or_no(settings->unlogged_service), "unlogged_service must be yes or no"},
        {url_ok(settings), "url must be https://HOST[:PORT] without a path"},
        {database_ok(settings->database), "database must be sqlite:/PATH or postgresql://..."},
        {(settings->tls_certificate[0] == '\0') == (settings->tls_key[0] == '\0'),
            "tls_certificate and tls_key must be given together"},
        {absolute_or_empty(settings->tls_certificate), "tls_certificate must be an absolute path"},
        {absolute_or_empty(settings->tls_key), "tls_key must be an absolute path"},
        {absolute_or_empty(settings->ca_file), "ca_file must be an absolute path"},
        {absolute_or_empty(settings->log_file), "log_file must be an absolute path"},
        {rms_settings_token_first(settings) || strcmp(settings->key_store, "software") == 0,
            "key_store must be software or pkcs11"},
        {token_ok(settings), "pkcs11_module and pkcs11_token (32 characters at most) must be given together, "
                             "and are needed for key_store = pkcs11"},
        {absolute_or_empty(settings->places), "places must be an absolute path"},
        {absolute_or_empty(settings->usage_file), "usage_file must be an absolute path"},
        {absolute_or_empty(settings->usage_journal), "usage_journal must be an absolute path"},
        {usage_s3_ok(settings), "usage_s3 must be https://HOST[:PORT][/PATH] of letters, digits, . _ and -"},
        {usage_s3_region_ok(settings), "usage_s3_region must be of lower-case letters, digits and -"},
        {absolute_or_empty(settings->usage_s3_credentials), "usage_s3_credentials must be an absolute path"},
        {settings->usage_s3[0] == '\0' || settings->usage_s3_credentials[0] != '\0',
            "usage_s3 needs usage_s3_credentials"},
        {absolute_or_empty(settings->pkcs11_module), "pkcs11_module must be an absolute path"},
        {absolute_or_empty(settings->pkcs11_paths), "pkcs11_paths must be absolute paths"},
        {yes_or_no(settings->pkcs11_network), "pkcs11_network must be yes or no"},
        {mail_ok(settings), "mail must be smtp://HOST[:PORT], smtps://HOST[:PORT] or directory:/PATH"},
        {service_domain_ok(settings), "service_domain must be REGION.SUFFIX in lower case"},
        {mail_from_ok(settings), "mail_from must be an address in lower case"},
        {mail_tls_ok(settings), "mail_tls must be required, or off when there are no mail_credentials"},
        {absolute_or_empty(settings->mail_credentials), "mail_credentials must be an absolute path"},
        {rms_log_level_parse(settings->log_level, &level) == 0,
            "log_level must be off, error, info, debug or trace"},
    };

    for (size_t i = 0; i < sizeof checks / sizeof checks[0]; i++) {
        if (!checks[i].good) {
            (void)snprintf(message, message_size, "%s", checks[i].text);
            return RMS_E_BAD_ARGUMENT;
        }
    }
    return 0;
}

int rms_settings_finish(struct rms_settings *settings, char *message, size_t message_size)
{
    int status = fill_rest(settings);

    message[0] = '\0';
    if (status == RMS_E_NAME_TOO_LONG) {
        (void)snprintf(message, message_size, "dir is too long");
        return status;
    }
    return run_checks(settings, message, message_size);
}
