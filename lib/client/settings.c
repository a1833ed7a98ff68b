#include "client/settings.h"

#include <confuse.h>
#include <errno.h>
#include <limits.h>
#include <pthread.h>
#include <pwd.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/text.h"
#include "base/time.h"

#define ARENA_MAX        (1024u * 1024)
#define RETRY_DEFAULT_S  60
#define UNSET            LONG_MIN
#define REFRESH_DAYS_MAX 36500
#define SYSTEM_CONFIG    "/etc/openrms/rms.conf"

/* libconfuse's error function gets no pointer of ours: the message of this thread's last parse waits here. */
static _Thread_local char parse_error[256];

static void on_parse_error(cfg_t *cfg, const char *format, va_list args)
    __attribute__((format(printf, 2, 0)));

static void on_parse_error(cfg_t *cfg, const char *format, va_list args)
{
    int used = cfg != NULL && cfg->filename != NULL
                   ? snprintf(parse_error, sizeof parse_error, "%s:%d: ", cfg->filename, cfg->line)
                   : 0;

    if (used >= 0 && (size_t)used < sizeof parse_error) {
        (void)vsnprintf(parse_error + used, sizeof parse_error - (size_t)used, format, args);
    }
}

static cfg_opt_t protection_options[] = {
    CFG_STR("encryption", "", CFGF_NONE),
    CFG_BOOL("allow_pfile", cfg_true, CFGF_NONE),
    CFG_END(),
};

static cfg_opt_t options_template[] = {
    CFG_STR("url", NULL, CFGF_NONE),
    CFG_STR("connection_point", NULL, CFGF_NONE),
    CFG_STR("discovery", NULL, CFGF_NONE),
    CFG_STR("ca", NULL, CFGF_NONE),
    CFG_STR("store", NULL, CFGF_NONE),
    CFG_STR("user", NULL, CFGF_NONE),
    CFG_STR("proxy", NULL, CFGF_NONE),
    CFG_BOOL("isolate", cfg_false, CFGF_NONE),
    CFG_STR("inspector", INSPECTOR, CFGF_NONE),
    CFG_STR_LIST("trusted_servers", NULL, CFGF_NONE),
    CFG_BOOL("trusted_servers_only", cfg_false, CFGF_NONE),
    CFG_BOOL("offline", cfg_false, CFGF_NONE),
    CFG_BOOL("keyring", cfg_true, CFGF_NONE),
    CFG_BOOL("cache_licenses", cfg_true, CFGF_NONE),
    CFG_BOOL("publishing", cfg_true, CFGF_NONE),
    CFG_BOOL("track", cfg_true, CFGF_NONE),
    CFG_BOOL("sync", cfg_true, CFGF_NONE),
    CFG_BOOL("pdf_native", cfg_true, CFGF_NONE),
    CFG_BOOL("enable_msg_file_type", cfg_false, CFGF_NONE),
    CFG_STR("container_decryption_option", "Default", CFGF_NONE),
    CFG_STR("template_folder", NULL, CFGF_NONE),
    CFG_INT("template_refresh_days", UNSET, CFGF_NONE),
    CFG_INT("template_refresh_seconds", UNSET, CFGF_NONE),
    CFG_INT("retry_seconds", RETRY_DEFAULT_S, CFGF_NONE),
    CFG_SEC("protection", protection_options, CFGF_MULTI | CFGF_TITLE),
    CFG_END(),
};

static const char *keep(struct rms_settings *settings, const char *text)
{
    return text != NULL && text[0] != '\0' ? rms_arena_strdup(settings->arena, text) : NULL;
}

static int take_lists(struct rms_settings *settings, cfg_t *cfg)
{
    size_t trusted = cfg_size(cfg, "trusted_servers");
    size_t rules = cfg_size(cfg, "protection");
    const char **list = rms_arena_array(settings->arena, trusted + 1, sizeof *list);
    struct rms_extension_rule *rule = rms_arena_array(settings->arena, rules + 1, sizeof *rule);

    if (list == NULL || rule == NULL) {
        return RMS_E_NO_MEMORY;
    }
    for (unsigned i = 0; i < trusted; i++) {
        list[i] = keep(settings, cfg_getnstr(cfg, "trusted_servers", i));
        settings->trusted_count += list[i] != NULL;
    }
    for (unsigned i = 0; i < rules; i++) {
        cfg_t *section = cfg_getnsec(cfg, "protection", i);

        rule[i].extension = keep(settings, cfg_title(section));
        rule[i].setting = rms_kind_setting_parse(cfg_getstr(section, "encryption"));
        rule[i].allow_pfile = cfg_getbool(section, "allow_pfile") != cfg_false;
        if (rule[i].extension == NULL) {
            return RMS_E_BAD_ARGUMENT;
        }
    }
    settings->trusted = list;
    settings->rules = rule;
    settings->rule_count = rules;
    return 0;
}

/* A number of the file within its range; 0 when there is none, or another one, of which there is a word. */
static long given(struct rms_settings *settings, cfg_t *cfg, const char *name, long max)
{
    long value = cfg_getint(cfg, name);

    if (value >= 1 && value <= max) {
        return value;
    }
    if (value != UNSET) {
        settings->ignored = rms_arena_printf(settings->arena, "%s = %ld", name, value);
    }
    return 0;
}

/* S-116, C-035: a day by default, seconds win over days. */
static int64_t refresh_seconds(struct rms_settings *settings, cfg_t *cfg)
{
    long days = given(settings, cfg, "template_refresh_days", REFRESH_DAYS_MAX);
    long seconds = given(settings, cfg, "template_refresh_seconds", REFRESH_DAYS_MAX * (long)RMS_DAY_S);

    if (seconds > 0) {
        return seconds;
    }
    return days > 0 ? days * (int64_t)RMS_DAY_S : RMS_DAY_S;
}

/* "Default" and every other word: the message and its attachments. */
static enum rms_container_decryption decryption_of(const char *word)
{
    if (rms_text_equal_nocase(word, "All")) {
        return RMS_DECRYPT_ALL;
    }
    return rms_text_equal_nocase(word, "Top") ? RMS_DECRYPT_TOP : RMS_DECRYPT_MSG;
}

static int take_config(struct rms_settings *settings, cfg_t *cfg)
{
    settings->url = keep(settings, cfg_getstr(cfg, "url"));
    settings->connection_point = keep(settings, cfg_getstr(cfg, "connection_point"));
    settings->discovery = keep(settings, cfg_getstr(cfg, "discovery"));
    settings->ca_file = keep(settings, cfg_getstr(cfg, "ca"));
    settings->store_dir = keep(settings, cfg_getstr(cfg, "store"));
    settings->user = keep(settings, cfg_getstr(cfg, "user"));
    settings->proxy = keep(settings, cfg_getstr(cfg, "proxy"));
    settings->isolate = cfg_getbool(cfg, "isolate") != cfg_false;
    settings->inspector = keep(settings, cfg_getstr(cfg, "inspector"));
    settings->trusted_only = cfg_getbool(cfg, "trusted_servers_only") != cfg_false;
    settings->offline = cfg_getbool(cfg, "offline") != cfg_false;
    settings->keyring = cfg_getbool(cfg, "keyring") != cfg_false;
    settings->cache_licences = cfg_getbool(cfg, "cache_licenses") != cfg_false;
    settings->pdf_native = cfg_getbool(cfg, "pdf_native") != cfg_false;
    settings->mail_files = cfg_getbool(cfg, "enable_msg_file_type") != cfg_false;
    settings->container_decryption = decryption_of(cfg_getstr(cfg, "container_decryption_option"));
    settings->publishing = cfg_getbool(cfg, "publishing") != cfg_false;
    settings->track = cfg_getbool(cfg, "track") != cfg_false;
    settings->sync = cfg_getbool(cfg, "sync") != cfg_false;
    settings->template_folder = keep(settings, cfg_getstr(cfg, "template_folder"));
    settings->template_seconds = refresh_seconds(settings, cfg);
    settings->retry_seconds = cfg_getint(cfg, "retry_seconds");
    if (settings->retry_seconds < 0 || settings->retry_seconds > 3600) {
        settings->retry_seconds = RETRY_DEFAULT_S;
    }
    return take_lists(settings, cfg);
}

/* libconfuse's scanner is one for the process. */
static pthread_mutex_t parsing = PTHREAD_MUTEX_INITIALIZER;

/* path NULL: the defaults alone. */
static int read_config_locked(struct rms_settings *settings, const char *path, const char **detail_out)
{
    cfg_t *cfg = cfg_init(options_template, CFGF_NONE);
    int status = 0;

    if (cfg == NULL) {
        return RMS_E_NO_MEMORY;
    }
    parse_error[0] = '\0';
    cfg_set_error_function(cfg, on_parse_error);
    if (path != NULL) {
        int parsed = cfg_parse(cfg, path);

        if (parsed == CFG_FILE_ERROR) {
            status = RMS_E_NOT_FOUND;
            *detail_out = rms_arena_printf(settings->arena, "%s cannot be read", path);
        } else if (parsed != CFG_SUCCESS) {
            status = RMS_E_BAD_ARGUMENT;
            *detail_out = rms_arena_strdup(settings->arena, parse_error);
        }
    }
    if (status == 0) {
        status = take_config(settings, cfg);
    }
    (void)cfg_free(cfg);
    return status;
}

static int read_config(struct rms_settings *settings, const char *path, const char **detail_out)
{
    int status;

    (void)pthread_mutex_lock(&parsing);
    status = read_config_locked(settings, path, detail_out);
    (void)pthread_mutex_unlock(&parsing);
    return status;
}

static const char *home_of_user(void)
{
    const char *home = secure_getenv("HOME");
    const struct passwd *entry;

    if (home != NULL && home[0] == '/') {
        return home;
    }
    entry = getpwuid(geteuid());
    return entry != NULL ? entry->pw_dir : "/";
}

/* $XDG_xxx_HOME/openrms or ~/<fallback>/openrms, with an optional file. */
static const char *xdg_path(
    struct rms_settings *settings, const char *variable, const char *fallback, const char *file)
{
    const char *base = secure_getenv(variable);

    if (base != NULL && base[0] == '/') {
        return rms_arena_printf(settings->arena, "%s/openrms%s", base, file);
    }
    return rms_arena_printf(settings->arena, "%s/%s/openrms%s", home_of_user(), fallback, file);
}

/* A file named by the program must exist, the usual places may be empty. */
static int find_config(struct rms_settings *settings, const char *given, const char **detail_out)
{
    const char *path = given;

    if (path == NULL) {
        path = xdg_path(settings, "XDG_CONFIG_HOME", ".config", "/rms.conf");
        if (path == NULL) {
            return RMS_E_NO_MEMORY;
        }
        if (access(path, R_OK) != 0) {
            path = access(SYSTEM_CONFIG, R_OK) == 0 ? SYSTEM_CONFIG : NULL;
        }
    }
    return read_config(settings, path, detail_out);
}

static void override(
    struct rms_settings *settings, const char **place, const char *variable, const char *option)
{
    const char *value = option != NULL ? option : (variable != NULL ? secure_getenv(variable) : NULL);

    if (value != NULL && value[0] != '\0') {
        *place = rms_arena_strdup(settings->arena, value);
    }
}

static bool keyring_refused(void)
{
    const char *value = secure_getenv("RMS_KEYRING");

    return value != NULL && rms_text_equal_nocase(value, "off");
}

static int set_on_behalf(struct rms_settings *settings, const char *address, const char **detail_out)
{
    char normal[RMS_ADDRESS_MAX];

    if (address == NULL) {
        return 0;
    }
    if (rms_address_normalise(address, normal) != 0) {
        *detail_out = "on_behalf: not an address";
        return RMS_E_BAD_ARGUMENT;
    }
    settings->on_behalf = rms_arena_strdup(settings->arena, normal);
    return settings->on_behalf != NULL ? 0 : RMS_E_NO_MEMORY;
}

int rms_settings_load(
    const struct rms_options *options, struct rms_settings *settings_out, const char **detail_out)
{
    struct rms_settings *settings = settings_out;
    static const struct rms_options none = {0};
    struct rms_options given = none;

    *settings = (struct rms_settings){.arena = rms_arena_new(ARENA_MAX)};
    *detail_out = NULL;
    if (settings->arena == NULL) {
        return RMS_E_NO_MEMORY;
    }
    if (options != NULL) {
        /* an older program hands over a shorter struct */
        memcpy(&given, options, options->size < sizeof given ? options->size : sizeof given);
    }
    RMS_TRY(find_config(settings, given.config_file, detail_out));
    override(settings, &settings->url, "RMS_URL", given.url);
    override(settings, &settings->ca_file, "RMS_CA", given.ca_file);
    override(settings, &settings->store_dir, "RMS_STORE", given.store_dir);
    override(settings, &settings->user, NULL, given.user);
    override(settings, &settings->inspector, "RMS_INSPECTOR", NULL);
    if (!settings->isolate && !given.isolate) {
        settings->inspector = NULL;
    }
    RMS_TRY(set_on_behalf(settings, given.on_behalf, detail_out));
    override(settings, &settings->application, NULL, given.application);
    override(settings, &settings->application_version, NULL, given.application_version);
    settings->offline = settings->offline || given.offline;
    settings->what_if = given.what_if;
    settings->keyring = settings->keyring && !keyring_refused();
    settings->store = given.store;
    if (settings->store_dir == NULL) {
        settings->store_dir = xdg_path(settings, "XDG_DATA_HOME", ".local/share", "");
    }
    return settings->store_dir != NULL ? 0 : RMS_E_NO_MEMORY;
}

void rms_settings_fini(struct rms_settings *settings)
{
    rms_arena_free(&settings->arena);
    *settings = (struct rms_settings){0};
}

struct rms_extension_rule rms_settings_rule(const struct rms_settings *settings, const char *name)
{
    const char *extension = rms_kind_extension(name);
    const char *wanted = extension[0] != '\0' ? extension + 1 : ".";
    struct rms_extension_rule found = {wanted, RMS_SETTING_DEFAULT, true};
    bool general = rms_kind_of(name)->class != RMS_KIND_OFFICE; /* "*" never affects Office formats (C-047) */

    for (size_t i = 0; i < settings->rule_count; i++) {
        if (rms_text_equal_nocase(settings->rules[i].extension, wanted)) {
            return settings->rules[i];
        }
        if (general && strcmp(settings->rules[i].extension, "*") == 0) {
            found = settings->rules[i];
        }
    }
    return found;
}

/* A trusted entry is a host name or an https:// URL; both name a host. */
static struct rms_view host_of(const char *url)
{
    const char *start = strstr(url, "://");
    const char *host = start != NULL ? start + 3 : url;

    return rms_view_of(host, strcspn(host, host[0] == '[' ? "]" : ":/?#"));
}

static bool same_host(struct rms_view host, const char *url)
{
    struct rms_view other = host_of(url);

    return other.len == host.len &&
           strncasecmp((const char *)other.data, (const char *)host.data, host.len) == 0;
}

bool rms_settings_names(const struct rms_settings *settings, const char *url)
{
    struct rms_view host = host_of(url);

    for (size_t i = 0; i < settings->trusted_count; i++) {
        if (same_host(host, settings->trusted[i])) {
            return true;
        }
    }
    return (settings->url != NULL && same_host(host, settings->url)) ||
           (settings->discovery != NULL && same_host(host, settings->discovery));
}

bool rms_settings_trusts(const struct rms_settings *settings, const char *url)
{
    return !settings->trusted_only || rms_settings_names(settings, url);
}
