/* Settings of a context: options of the program, then environment, then rms.conf, then defaults. */
#ifndef RMS_CLIENT_SETTINGS_H
#define RMS_CLIENT_SETTINGS_H

#include <openrms/openrms.h>

#include "base/arena.h"
#include "format/kind.h"

/* What unprotecting a mail does with protected attachments (C-077). */
enum rms_container_decryption {
    RMS_DECRYPT_TOP, /* nothing: the message alone */
    RMS_DECRYPT_MSG, /* those of the message */
    RMS_DECRYPT_ALL, /* and of mails among them, down to ten */
};

struct rms_extension_rule {
    const char *extension; /* without dot, "*" all, "." none */
    enum rms_kind_setting setting;
    bool allow_pfile;
};

struct rms_settings {
    struct rms_arena *arena; /* owns the strings */
    const char *url;         /* NULL: discovery, in this order: */
    const char
        *connection_point; /* ldap URL of the object in the directory that names the service; NULL: none */
    const char *discovery; /* the service to ask when DNS names none; NULL: none */
    const char *ca_file;   /* NULL: the system's */
    const char *store_dir;
    const char *user;      /* NULL: the current one */
    const char *on_behalf; /* normalised: for whom an application acts; NULL: for itself */
    const char *application, *application_version;
    const char *proxy; /* NULL: environment */
    bool isolate;
    const char *inspector; /* program that looks at files; NULL: they are looked at in this process */
    const char *const *trusted;
    size_t trusted_count;
    bool trusted_only;
    bool offline;
    bool what_if; /* changes to tracked documents are tried, not made */
    bool keyring;
    bool cache_licences; /* false: every opening asks the service; templates are kept all the same (C-023) */
    bool publishing;     /* false: nothing new is protected */
    bool track;          /* the service is told of what is protected */
    bool sync;           /* false: leave durability to the system; for benches and scratch data */
    bool pdf_native;     /* false: PDF becomes .ppdf */
    bool mail_files;     /* verbs for files work on mails too (C-050) */
    enum rms_container_decryption container_decryption;
    enum rms_store_kind store;
    const char *ignored;         /* "name = value" out of range, where the default counts; NULL: none */
    const char *template_folder; /* of signed templates that replace the service's list; NULL: none */
    int64_t template_seconds;    /* how long templates count as fresh */
    int64_t retry_seconds;       /* most time spent on waiting when the service throttles */
    const struct rms_extension_rule *rules;
    size_t rule_count;
};

/* *detail_out (arena text, may be NULL) tells what is wrong with the file. The arena is made here and lives
 * in the settings even after a failure: call rms_settings_fini. */
RMS_MUST_USE int rms_settings_load(
    const struct rms_options *options, struct rms_settings *settings_out, const char **detail_out);
void rms_settings_fini(struct rms_settings *settings);

/* The administrator's word about files with this extension (C-047): a named one beats "*". */
struct rms_extension_rule rms_settings_rule(const struct rms_settings *settings, const char *name);

/* Is it the service of the settings, or listed among the trusted servers? */
bool rms_settings_names(const struct rms_settings *settings, const char *url);

/* May this server be asked about content (C-018)? host: of a URL. */
bool rms_settings_trusts(const struct rms_settings *settings, const char *url);

#endif
