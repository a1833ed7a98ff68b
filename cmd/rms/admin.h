/* One administration verb is one HTTP call, on the service's socket or in a session (doc/protocol/admin.md).
 * A verb's row says which: method, path, what of the command line becomes the body, and what of the reply is
 * shown. */
#ifndef RMS_CMD_ADMIN_H
#define RMS_CMD_ADMIN_H

#include "base/bytes.h"
#include "cmd/rms/output.h"

enum field_kind {
    FIELD_TEXT,
    FIELD_NUMBER,
    FIELD_TRUE,  /* flag given: true */
    FIELD_FALSE, /* flag given: false */
    FIELD_LIST,
    FIELD_PASSWORD,  /* flag given: read from standard input or the terminal */
    FIELD_ALWAYS,    /* true */
    FIELD_CONSTANT,  /* always the text `option` */
    FIELD_OPERAND,   /* operand number `operand` */
    FIELD_OPERANDS,  /* all operands from number `operand` on */
    FIELD_EVERY,     /* a number of days, or "off": 0 */
    FIELD_DAYS,      /* operand number `operand`: a whole number from 0 to 65535 */
    FIELD_NAMES,     /* {"1033": text}: names and descriptions of templates, and LANG=TEXT of `option`-in */
    FIELD_GRANTS,    /* WHO:RIGHTS to RightsDefinitions */
    FIELD_PROXY,     /* --address and --alias of `user set` to ProxyAddresses */
    FIELD_DATE,      /* day or time to a time, UTC; a day counts to its end (C-064) */
    FIELD_FROM,      /* the same for queries: a day counts from its beginning */
    FIELD_TO,        /* … to its last second */
    FIELD_DAY,       /* a day: the last second of the 24 hours from its beginning (S-190) */
    FIELD_START,     /* a day counts from its beginning in the zone of --tz (S-102) */
    FIELD_EMPTY,     /* flag given: an empty list */
    FIELD_BOOL,      /* true or false, as a word */
    FIELD_FILE,      /* a text file, as a text */
    FIELD_RECIPIENT, /* a file with a public key, to its fingerprint */
    FIELD_DOCUMENT,  /* operand number `operand`: a content id to `member`, or the licence of a protected file
                      */
};

struct call_field {
    const char *member;
    enum field_kind kind;
    const char *option; /* option name; for FIELD_CONSTANT the value */
    size_t operand;
};
#define FIELDS_END                                                                                           \
    {                                                                                                        \
        .member = NULL                                                                                       \
    }

struct call {
    const char *method;
    const char *path;                /* {T} tenant, {0} {1} operands, percent-encoded */
    const struct call_field *fields; /* body; NULL = none */
    const struct call_field *query;
    const char *const *needed;    /* options that must be given; may be NULL */
    const char *const *any_of;    /* one of them must be given; may be NULL */
    bool changes;                 /* at least one field must come of the command line */
    const struct column *columns; /* a list is shown as a table; NULL: an object as "name value" lines */
    const char *done;             /* sentence when the reply needs no showing */
    bool text;                    /* the reply is text unless --json */
    const char *confirm;          /* question to ask first unless --force */
    const char *next;             /* what to do next: a note behind the reply */
};

/* Run of the verbs whose data is a struct call. */
int admin_run(struct arguments *arguments);

/* Fills object from the command line. 0 or an exit status, with a message. */
int admin_body(const struct arguments *arguments, const struct call *call, json_t *object);
/* The same for the query, each value a text. */
int admin_query(const struct arguments *arguments, const struct call *call, json_t *object);

/* One call. path without tenant and operands put in comes from admin_path. status_out: HTTP. Codes are those
 * of the way to the service, not its own refusals. */
struct admin_request {
    const struct arguments *arguments; /* which way to go */
    const char *method;
    const char *url;
    const json_t *body; /* may be NULL */
    bool text;
};
RMS_MUST_USE int admin_perform(const struct admin_request *request, struct rms_buf *reply, long *status_out);
/* Prints why there was no answer; returns the exit status. */
int admin_unreachable(const struct arguments *arguments, int code);
/* Named by --socket or RMS_ADMIN_SOCKET; else NULL. */
const char *admin_socket(const struct arguments *arguments);
RMS_MUST_USE int admin_url(
    const struct arguments *arguments, const char *path, const json_t *query, struct rms_buf *url);
/* Percent-encodes text for a path or query. */
void admin_escape(struct rms_buf *out, const char *text);
/* What the service did, but would have the operator know about: printed and, unless for --json, taken out. */
void admin_show_warnings(json_t *reply);

/* One call for verbs of several: the reply as JSON, or an exit status with a message. may_miss: 404 is
 * EXIT_MISSING without one. */
struct admin_exchange {
    const char *method;
    const char *path; /* as in struct call */
    const json_t *query;
    const json_t *body;
    bool may_miss;
    bool what_if; /* a rehearsal, whatever the command line says */
};
int admin_exchange(
    const struct arguments *arguments, const struct admin_exchange *exchange, json_t **reply_out);

/* Shows what a change answered: its members, or the sentence; under --what-if, that it was not done. */
int admin_show_change(const struct arguments *arguments, const struct admin_exchange *exchange, json_t *reply,
    const char *sentence);

/* Prints a refusal in the service's words; returns the exit status of its reason. */
int admin_refused(const struct rms_buf *reply);

/* --- rows ------------------------------------------------------------------------------------------------
 */

#define SOCKET_OPTION                                                                                        \
    TEXT("socket", "PATH",                                                                                   \
        "administration socket (default: RMS_ADMIN_SOCKET, rms admin login, /var/lib/openrms/admin.sock)")
#define TENANT_OPTION  TEXT("tenant", "TENANT", "its GUID or a domain of it (default: the only tenant)")
#define CHANGE_OPTIONS FLAG("force", "do not ask"), ALIAS("yes", OPTION_FLAG, "force"), WHAT_IF_OPTION

#define ADMIN_VERB(n, s, o, low, high, opts, c, ex)                                                          \
    {                                                                                                        \
        .name = n, .summary = s, .operands = o, .examples = ex, .options = opts, .operands_min = low,        \
        .operands_max = high, .run = admin_run, .data = &(c)                                                 \
    }
#define ADMIN_GROUP(n, s, v)                                                                                 \
    {                                                                                                        \
        .name = n, .summary = s, .verbs = v                                                                  \
    }

#define TENANT_PATH "/admin/v1/tenants/{T}"

/* Options of verbs that only read, and of those that only change. */
extern const struct option_row admin_read_options[], admin_change_options[], admin_explain_options[];

/* The verb groups, one file each. */
extern const struct verb admin_tenant_verbs[], admin_service_verbs[], admin_domain_verbs[],
    admin_license_verbs[], admin_user_verbs[], admin_identity_verbs[], admin_group_verbs[],
    admin_template_verbs[], admin_onboarding_verbs[], admin_super_verbs[], admin_issuer_verbs[],
    admin_client_verbs[], admin_directory_verbs[], admin_log_verbs[], admin_tracking_verbs[],
    admin_guests_verbs[], admin_report_verbs[], admin_db_verbs[], admin_key_verbs[], admin_scim_verbs[],
    admin_role_verbs[], admin_app_verbs[], admin_owner_verbs[], admin_recovery_verbs[], admin_tpd_verbs[],
    admin_privacy_verbs[], admin_platform_verbs[], admin_api_verbs[], admin_exclusion_verbs[],
    admin_migration_verbs[], admin_tud_verbs[];

/* Member SerializedPublishingLicense of the body: of the protected file, or the licence by itself, whichever
 * is not NULL. 0 or an exit status, with a message. (admin_explain.c) */
int admin_add_licence(const char *file, const char *licence_file, json_t *body);

int admin_run_log(struct arguments *arguments);
int admin_run_log_verify(struct arguments *arguments);
int admin_run_log_export(struct arguments *arguments);
int admin_run_log_old(struct arguments *arguments);
int admin_run_explain(struct arguments *arguments);
int admin_run_login(struct arguments *arguments);
int admin_run_logout(struct arguments *arguments);

/* Verbs of several calls (admin_template_file.c). */
int admin_template_export(struct arguments *arguments);
int admin_template_import(struct arguments *arguments);
int admin_template_apply(struct arguments *arguments);
int admin_template_remove(struct arguments *arguments);
int admin_template_lint(struct arguments *arguments);
int admin_template_texts_export(struct arguments *arguments);
int admin_template_texts_import(struct arguments *arguments);

/* Writes a text where --output says, over what is there with --force; else to standard output. 0 or an exit
 * status with a message. (admin_template_file.c) */
int admin_write_out(const struct arguments *arguments, const struct rms_buf *text);

#endif
