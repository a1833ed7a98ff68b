/* librms: protect and open documents with OpenRMS.
 *
 * A context belongs to one application and one signed-in user; it finds the service, signs in through
 * callbacks or the stored sign-in, prepares the device (account certificate, publishing certificate) on first
 * use, and keeps what may be kept, sealed. Contexts are independent; one context may be used by several
 * threads at once. Handles made from it (policy, document, protector) belong to one thread at a time.
 *
 * Enforcement (service-requirements S-089, client-requirements C-094): librms decrypts only for a person with
 * VIEW. Every other right is for the application to obey: ask rms_document_allows(). Calls that write a clear
 * copy themselves (rms_unprotect_file) check the right to do so.
 *
 * Strings are UTF-8 (invalid UTF-8 is RMS_E_BAD_ARGUMENT). Times are seconds since 1970, UTC; RMS_NEVER means
 * no end. Returned strings and structs are owned by the handle they came from and live as long as it does,
 * unless stated otherwise. Functions return 0 or a negative code of openrms/error.h; rms_last_detail() tells
 * more. */
#ifndef OPENRMS_OPENRMS_H
#define OPENRMS_OPENRMS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <openrms/error.h>

#ifdef __cplusplus
extern "C" {
#endif

#define RMS_VERSION_MAJOR 0
#define RMS_VERSION_MINOR 1
#define RMS_VERSION_PATCH 0
RMS_PUBLIC const char *rms_version(void);

#define RMS_NEVER INT64_MIN

/* --- context ------------------------------------------------------------------------------------- */

struct rms_context;

/* What the service asks for when a token is needed (rest-protocol section 5). */
struct rms_challenge {
    const char *authority; /* https://host/tenant/oauth2/authorize */
    const char *resource;
    const char *scope; /* may be "" */
    const char *user;  /* address hint; may be NULL */
    /* After a sign-in that was not good enough (RFC 9470): which kinds of sign-in would be, separated by
     * blanks, "" for any; and how old it may be in seconds, -1 for any age. */
    const char *acr_values;
    int64_t max_age_s;
};

struct rms_callbacks {
    void *user_data;
    /* Gives an access token: copy it with rms_token_set. Return 0 or a code; RMS_E_CANCELLED when the person
     * declines. NULL: the stored sign-in of rms_login_* is used. Called from the calling thread. */
    int (*token)(void *user_data, const struct rms_challenge *challenge, struct rms_context *context);
    /* Before a server that is not configured is contacted. 0 = yes. NULL: allowed. */
    int (*consent)(void *user_data, const char *url);
    /* One line of the library's log, without secrets. */
    void (*log)(void *user_data, int level, const char *line);
    /* Device sign-in: show where to go and what to type. */
    int (*device_code)(void *user_data, const char *uri, const char *code, int expires_in_s);
    /* Browser sign-in: open this address. */
    int (*browser)(void *user_data, const char *uri);
};

enum rms_store_kind { RMS_STORE_DISK_ENCRYPTED, RMS_STORE_MEMORY };

struct rms_options {
    size_t size; /* sizeof(struct rms_options): lets later versions add members */
    const char
        *url; /* service root, e.g. https://rms.contoso.test; NULL: RMS_URL, configuration, then discovery */
    const char *ca_file;     /* PEM of a private CA; NULL: RMS_CA, configuration, then the system's */
    const char *store_dir;   /* NULL: $XDG_DATA_HOME/openrms or ~/.local/share/openrms */
    const char *config_file; /* NULL: $XDG_CONFIG_HOME/openrms/rms.conf, then /etc/openrms/rms.conf */
    const char *user;        /* address to act as, when several are signed in; NULL: the current one */
    enum rms_store_kind store;
    bool offline;            /* never touch the network */
    const char *application; /* name and version, shown in the usage log */
    const char *application_version;
    struct rms_callbacks callbacks;
    /* The person for whom an application protects and opens whatever this context protects and opens. It
     * needs the permissions (Content.DelegatedWriter, Content.DelegatedReader) or is told
     * RMS_E_ROLE_REQUIRED. The service is asked each time, and nothing is kept. NULL: for itself. */
    const char *on_behalf;
    bool what_if; /* the service tries what is asked about tracked documents, answers, and undoes it */
    /* For programs that serve others: files are looked at (status, licences, labels, heads of mails) by
     * rms-inspector, a process that is shut in, has the one descriptor and no keys. One that it dies of is
     * RMS_E_READER_DIED. Reading and writing content stays in this process. */
    bool isolate;
};

RMS_PUBLIC RMS_MUST_USE int rms_context_new(
    const struct rms_options *options, struct rms_context **context_out);
RMS_PUBLIC void rms_context_free(struct rms_context **context);

/* Who sits in front of the program. A client may ask the person, through the callbacks. A server never calls
 * token, consent, device_code or browser: without a sign-in stored here or a token of rms_token_set it is
 * RMS_E_NOT_AUTHENTICATED, and servers nobody vouches for are RMS_E_SERVER_NOT_TRUSTED. A server has a store
 * of its own: "server" in the store's directory. Chosen before any other call on the context, then fixed:
 * RMS_E_BAD_ARGUMENT. */
enum rms_mode { RMS_MODE_CLIENT, RMS_MODE_SERVER };
RMS_PUBLIC RMS_MUST_USE int rms_context_set_mode(struct rms_context *context, enum rms_mode mode);

/* How long a call may wait for the network altogether, in milliseconds: then it is RMS_E_UNREACHABLE, or
 * RMS_E_THROTTLED when the service kept asking for pauses. 0, which is where a context begins: two minutes
 * for each exchange. Holds for calls that begin later. At most RMS_TIMEOUT_MAX_MS. */
#define RMS_TIMEOUT_MAX_MS (24u * 3600 * 1000)
RMS_PUBLIC RMS_MUST_USE int rms_context_set_timeout(struct rms_context *context, unsigned timeout_ms);

/* For the token callback: copies. In a server: the token to use from now on; a later one is the same
 * person's. */
RMS_PUBLIC RMS_MUST_USE int rms_token_set(struct rms_context *context, const char *token);

/* Makes every running and later call of the context return RMS_E_CANCELLED; safe from any thread and from a
 * signal handler. rms_context_resume undoes it. */
RMS_PUBLIC void rms_context_cancel(struct rms_context *context);
RMS_PUBLIC void rms_context_resume(struct rms_context *context);

/* About the calling thread's last failed call on this context: a sentence for people ("" when there is none),
 * and the correlation id under which the service logged it ("" without one). Overwritten by the thread's next
 * call. rms_last_detail(NULL) is about the thread's last failed rms_context_new. */
RMS_PUBLIC const char *rms_last_detail(const struct rms_context *context);
RMS_PUBLIC const char *rms_last_correlation_id(const struct rms_context *context);
/* The address to ask for access after RMS_E_NO_RIGHTS, RMS_E_EXPIRED or RMS_E_REVOKED; "" without one. */
RMS_PUBLIC const char *rms_last_referrer(const struct rms_context *context);

/* All of it at once. The texts are never NULL and owned like those above. */
struct rms_failure {
    int code;
    enum rms_category category;
    const char *reason;         /* of the code; RMS_E_OTHER: the service's own word, which we do not know */
    const char *detail;         /* a sentence for people; may be "" */
    const char *service_text;   /* what the service said, "" when it said nothing */
    const char *correlation_id; /* under which the service logged it; "" without one */
    const char *referrer;       /* whom to ask for access; "" without one */
};

/* code: what the thread's last call on the context returned. context may be NULL: only what the code says. */
RMS_PUBLIC void rms_failure_get(const struct rms_context *context, int code, struct rms_failure *failure_out);

/* --- sign-in --------------------------------------------------------------------------------------- */

RMS_PUBLIC RMS_MUST_USE int rms_login_password(
    struct rms_context *context, const char *address, const char *password);
/* As an application of its own, by the GUID and the secret that the administrator was given for it. Its
 * address is a pseudo-address. The secret is kept with the sign-in: such a sign-in lasts as long as the
 * secret. */
RMS_PUBLIC RMS_MUST_USE int rms_login_app(
    struct rms_context *context, const char *app_id, const char *secret);
RMS_PUBLIC RMS_MUST_USE int rms_login_device(struct rms_context *context, const char *address_hint);
RMS_PUBLIC RMS_MUST_USE int rms_login_browser(struct rms_context *context, const char *address_hint);
/* Removes tokens, certificates and licences of the user (NULL: the current one); others stay (S-144). */
RMS_PUBLIC RMS_MUST_USE int rms_logout(struct rms_context *context, const char *address);

struct rms_account {
    const char *address;
    const char *display_name;
    const char *tenant_id;
    const char *tenant_name;
    const char *service_url;
    int64_t last_connection;   /* RMS_NEVER when never */
    int64_t certificate_until; /* end of the account certificate; RMS_NEVER without one */
    bool can_publish_offline;
    int64_t templates_time; /* when the templates kept here came from the service; RMS_NEVER without any */
};

/* RMS_E_NOT_AUTHENTICATED when nobody is signed in. Works offline. */
RMS_PUBLIC RMS_MUST_USE int rms_whoami(struct rms_context *context, struct rms_account *account_out);
/* A current access token, refreshed when needed; valid until the next call of the thread. */
RMS_PUBLIC RMS_MUST_USE int rms_access_token(struct rms_context *context, const char **token_out);
/* Prepares the device now (or again with force): certificates and templates. Otherwise done by itself. */
RMS_PUBLIC RMS_MUST_USE int rms_bootstrap(struct rms_context *context, bool force);

/* --- templates --------------------------------------------------------------------------------------- */

struct rms_template {
    const char *id;
    const char *name;
    const char *description;
};

/* From the cache when fresh (a day), else from the service; refresh asks in any case. language: tag or NULL.
 * The list belongs to the context until the next call of this function on it. */
RMS_PUBLIC RMS_MUST_USE int rms_templates(struct rms_context *context, bool refresh, const char *language,
    const struct rms_template **list_out, size_t *count_out);

/* --- policies ------------------------------------------------------------------------------------------ */

struct rms_policy_builder;

/* By template id or name. RMS_E_TEMPLATE_NOT_FOUND; RMS_E_CONFLICT when a name fits several. */
RMS_PUBLIC RMS_MUST_USE int rms_policy_from_template(
    struct rms_context *context, const char *id_or_name, struct rms_policy_builder **policy_out);
/* Custom permissions: starts empty; without any grant it means "only for me". */
RMS_PUBLIC RMS_MUST_USE int rms_policy_custom(
    struct rms_context *context, struct rms_policy_builder **policy_out);
/* For mails: the recipients of each (To, Cc, Bcc) get these rights and nobody else does; its sender is the
 * owner. rights: "Do Not Forward" or "Encrypt-Only". Protecting anything else than a mail with it is
 * RMS_E_BAD_ARGUMENT. Office documents and PDF attached to a mail that must not be forwarded get the set for
 * attachments: VIEW, EDIT, DOCEDIT, OBJMODEL. */
RMS_PUBLIC RMS_MUST_USE int rms_policy_for_recipients(
    struct rms_context *context, const char *rights, struct rms_policy_builder **policy_out);
/* Custom permissions that the person has to choose: until the first grant, protecting with them is
 * RMS_E_ADHOC_REQUIRED and no file is touched, so that the application can ask. */
RMS_PUBLIC RMS_MUST_USE int rms_policy_ask(
    struct rms_context *context, struct rms_policy_builder **policy_out);
/* The text form of rms_policy_save (a licence file of `rms license new` / `rms perms new`). */
RMS_PUBLIC RMS_MUST_USE int rms_policy_load(
    struct rms_context *context, const void *text, size_t len, struct rms_policy_builder **policy_out);
/* Calls write with the text, in one or more pieces. */
RMS_PUBLIC RMS_MUST_USE int rms_policy_save(const struct rms_policy_builder *policy,
    int (*write)(void *user_data, const void *data, size_t len), void *user_data);
RMS_PUBLIC void rms_policy_free(struct rms_policy_builder **policy);

/* who: an address of a person or group, "domain:contoso.test" or just
 * "contoso.test" (everybody there), "all-staff" (own organisation), "anyone" (any
 * authenticated person). rights: level or role name, "Do Not Forward" or "Encrypt-Only" (for the recipients
 * of a message), or rights separated by commas or blanks. allow_custom_rights: unknown rights are the
 * application's own instead of an error. */
RMS_PUBLIC RMS_MUST_USE int rms_policy_grant(
    struct rms_policy_builder *policy, const char *who, const char *rights, bool allow_custom_rights);
RMS_PUBLIC RMS_MUST_USE int rms_policy_set_name(
    struct rms_policy_builder *policy, const char *name, const char *description, const char *language);
RMS_PUBLIC RMS_MUST_USE int rms_policy_set_owner(struct rms_policy_builder *policy, const char *address);
/* An application protects as this person: owner and issuer. Opening stays its own (compare on_behalf of
 * rms_options). */
RMS_PUBLIC RMS_MUST_USE int rms_policy_set_on_behalf(struct rms_policy_builder *policy, const char *address);
/* What the content is encrypted with: "AES256-CBC4K" (the default), or for programs that read nothing newer
 * "AES128-CBC4K", "AES128-ECB". */
RMS_PUBLIC RMS_MUST_USE int rms_policy_set_cipher(struct rms_policy_builder *policy, const char *name);
RMS_PUBLIC RMS_MUST_USE int rms_policy_set_referral(
    struct rms_policy_builder *policy, const char *address_or_uri);
/* One of the two; until is exclusive. days counts from protection, 1 to 36500. */
RMS_PUBLIC RMS_MUST_USE int rms_policy_set_expiry(struct rms_policy_builder *policy, int64_t until);
RMS_PUBLIC RMS_MUST_USE int rms_policy_set_expiry_days(struct rms_policy_builder *policy, unsigned days);
/* -1: as long as the tenant allows; 0: always online; else days. */
RMS_PUBLIC RMS_MUST_USE int rms_policy_set_offline_days(struct rms_policy_builder *policy, int days);
/* Application data: signed (readable by all) or encrypted (readable with a licence). Names that begin with
 * "Container." or "OpenRMS.", in any case, are the library's own: RMS_E_BAD_ARGUMENT. */
RMS_PUBLIC RMS_MUST_USE int rms_policy_add_data(
    struct rms_policy_builder *policy, bool encrypted, const char *name, const char *value);

/* --- files: the calls most programs need -------------------------------------------------------------
 *
 * After 0 the result is complete and in place. What is only kept for later (keys of own documents and
 * licences, for opening without the service) is no part of that: when the store cannot take it, the log
 * callback is told (level 1) and the call still returns 0. */

enum rms_persist {
    RMS_PERSIST_ALL = 0,
    RMS_PERSIST_NOT_DISK = 1,
    RMS_PERSIST_NOT_LICENSE = 2,
    RMS_PERSIST_NONE = 3
};

/* A protected file inside an archive or a mail. */
struct rms_member {
    const char *name; /* "folder/inner.zip/plan.ptxt", as written in the archive: for display, no path */
    int code;         /* 0: it is clear in the new archive; else it stays protected */
    const char *detail;
    const char *content_id; /* "" when it was not opened */
};

struct rms_file_options {
    size_t size; /* sizeof(struct rms_file_options) */
    /* A file, which must not exist yet; or, ending with "/", a directory (made when missing) in which the
     * name is chosen as for in_place. NULL: chosen by the rules of client-requirements C-215 unless in_place.
     */
    const char *output;
    bool in_place; /* replace the source by the result */
    bool preserve_times;
    bool online;              /* publish through the service instead of with the device's certificate */
    enum rms_persist persist; /* what of the author's own licence is kept (S-137) */
    /* Called now and then with bytes done and in all; non-zero cancels. May be NULL. */
    int (*progress)(void *user_data, uint64_t done, uint64_t total);
    void *user_data;
    /* For rms_protect_files and rms_unprotect_files: an output for each path instead of the one above. May be
     * NULL. */
    const char *const *outputs;
    /* Protecting: do not tell the service of the document (see rms_track_register). */
    bool no_track;
    /* Protecting: what the service shall tell of by mail (enum rms_notification); 0: nothing. */
    unsigned notify;
    /* Protecting: mails (.eml) too, which are skipped otherwise unless rms.conf says enable_msg_file_type. */
    bool enable_msg_file_type;
    /* Protecting: a PDF becomes .ppdf, as with pdf_native = false of rms.conf. */
    bool ppdf;
    /* Unprotecting: archives, folders of mails and mails that are clear themselves (.zip .7z .rar .tar
     * .tar.gz … .mbox .eml) are opened too, those inside them as well; what is protected in them and may be
     * unprotected is, and they are written again. Without it they are files like others. */
    bool open_containers;
    /* With open_containers, for every protected file inside, before the call for one file returns and before
     * `each` of its path. user_data as for progress; index: of the path. May be NULL. */
    void (*member)(void *user_data, size_t index, const struct rms_member *member);
};

struct rms_file_result {
    char output[4096]; /* the file written; "" when none */
    char content_id[40];
    bool skipped; /* nothing to do for this file; the code says why */
};

/* Protects one file: native text and image kinds or generic (protected-file-formats section 2). The source
 * stays intact on any failure, and nothing partial is left. RMS_E_ALREADY_PROTECTED files are re-protected
 * when the caller may (C-065). options may be NULL. */
RMS_PUBLIC RMS_MUST_USE int rms_protect_file(struct rms_context *context, const char *path,
    const struct rms_policy_builder *policy, const struct rms_file_options *options,
    struct rms_file_result *result_out);

/* Writes the clear file. Needs what rms_document_may_unprotect asks for; else RMS_E_NO_RIGHTS and nothing is
 * written. */
RMS_PUBLIC RMS_MUST_USE int rms_unprotect_file(struct rms_context *context, const char *path,
    const struct rms_file_options *options, struct rms_file_result *result_out);

/* Many files in one go: work is spread over the cores and syncs are shared. each is called once for every
 * path as it is done, in order of completion, from one thread at a time; non-zero from it stops after the
 * files under way. While it runs, rms_last_detail and its sisters tell about that path. Returns 0 when every
 * path was tried (failures of paths are each's to see), RMS_E_CANCELLED when each or rms_context_cancel
 * stopped it, or why nothing could begin. */
RMS_PUBLIC RMS_MUST_USE int rms_protect_files(struct rms_context *context, const char *const *paths,
    size_t count, const struct rms_policy_builder *policy, const struct rms_file_options *options,
    int (*each)(void *user_data, size_t index, int code, const struct rms_file_result *result),
    void *user_data);
RMS_PUBLIC RMS_MUST_USE int rms_unprotect_files(struct rms_context *context, const char *const *paths,
    size_t count, const struct rms_file_options *options,
    int (*each)(void *user_data, size_t index, int code, const struct rms_file_result *result),
    void *user_data);

/* Who may do what with a protected file, as JSON from the service: ContentId, Owner, IssuedTo, Rights (the
 * caller's own), UserRights (everybody's, groups not expanded; null without VIEWRIGHTSDATA), Reason. Without
 * that right, or any, it is written all the same, and the call returns RMS_E_NO_RIGHTS. */
RMS_PUBLIC RMS_MUST_USE int rms_rights_list(struct rms_context *context, const char *path,
    int (*write)(void *user_data, const void *data, size_t len), void *user_data);

/* Changes that list in place: the grants of a policy made by rms_policy_custom come to it, the entries of
 * those named in removed (addresses, domains, "IPC_USER_ID_OWNER") go. Content, content id, owner, issuer and
 * expiry stay; the file is replaced as a whole or not at all. Needs EDITRIGHTSDATA or OWNER
 * (RMS_E_NO_RIGHTS), the service, and rights of one's own at least as many as those added. Not for what a
 * template protects (RMS_E_BAD_ARGUMENT). */
RMS_PUBLIC RMS_MUST_USE int rms_rights_change(struct rms_context *context, const char *path,
    const struct rms_policy_builder *added, const char *const *removed, size_t removed_count);

/* Bits: what to be told of by mail, and how often: as it happens, unless a pace is set. */
enum rms_notification {
    RMS_NOTIFICATION_OPENED = 1,
    RMS_NOTIFICATION_REFUSED = 2,
    RMS_NOTIFICATION_DAILY = 4,
    RMS_NOTIFICATION_WEEKLY = 8
};

/* The seal of a file: who protected it or saved it last, and that its content is what he left. */
enum rms_seal_state {
    RMS_SEAL_NONE, /* made without one: nobody vouches for the content */
    RMS_SEAL_UNCHANGED,
    RMS_SEAL_BROKEN /* it was changed, its seal is missing, or not from who may give one */
};

enum rms_protection { RMS_UNPROTECTED, RMS_PROTECTED_NATIVE, RMS_PROTECTED_GENERIC };

struct rms_file_status {
    enum rms_protection protection;
    char extension[64]; /* original extension with its dot, from the container */
    char content_id[40];
    char template_id[40];    /* "" for custom permissions or unprotected */
    char template_name[256]; /* "" when not readable, "Restricted Access" for custom permissions */
    char owner[256];         /* "" when the licence hides it */
    char issuer[256];
    char service_url[512];
    int64_t issued_at;         /* RMS_NEVER when unprotected */
    uint64_t original_size;    /* UINT64_MAX = unknown */
    bool signature_consistent; /* the licence's signatures hold together */
    bool signature_trusted;    /* and lead to an issuer this device knows */
    bool signature_judged;     /* this device has certificates of a service to judge by */
    bool labelled;             /* carries a label that is in force (rms_file_labels) */
    bool contains_protected;   /* clear itself, with protected parts inside: attachments of a message */
    char intranet_url[512];    /* where to ask first, service_url next; "" when the licence names none */
    enum rms_seal_state seal;  /* the whole content is read for it */
    char sealed_by[256];       /* "" unless unchanged */
    int64_t sealed_at;         /* by his clock; RMS_NEVER unless unchanged */
    bool edited;               /* he saved it after it was protected */
};

/* Works offline, without rights, without sign-in (C-096). A licence by itself is not protected content, and
 * the rest tells what it says. context may be NULL: then nothing is trusted. */
RMS_PUBLIC RMS_MUST_USE int rms_file_status(
    struct rms_context *context, const char *path, struct rms_file_status *status_out);

/* --- labels
 * --------------------------------------------------------------------------------------------------- */
/* Sensitivity labels in the metadata of files, in clear text (client-requirements 5.6). Nobody signs them:
 * they tell, they do not protect. Of Office documents in both forms, PDF, JPEG, PNG, TIFF, and of protected
 * files of any kind; others are RMS_E_UNSUPPORTED. Programs, and files in folders of the system, are not
 * written: RMS_E_FILE_BLOCKED. No call needs a sign-in or the service; context may be NULL (compare isolate
 * of rms_options). */

/* RMS_LABEL_...: what the label did to the content; a sum. */
#define RMS_LABEL_MARKS_HEADER    1
#define RMS_LABEL_MARKS_FOOTER    2
#define RMS_LABEL_MARKS_WATERMARK 4
#define RMS_LABEL_PROTECTS        8

struct rms_label {
    char id[40];      /* GUID, lower case */
    char tenant[40];  /* GUID of the organisation whose label it is */
    char parent[40];  /* of a sublabel, "" = none */
    char name[256];   /* in the default language */
    char set_at[256]; /* as written; "" when reading finds none, and when setting: now */
    char method[256]; /* "Privileged" (a person chose it), "Standard" (default or automatic), or what is there
                       */
    char owner[256];  /* who set it, where the file tells */
    unsigned content_bits;
    bool enabled; /* false: removed, only traces are left */
};

/* Calls each for every label in the file, those of other organisations too; in_force says whether it is the
 * one that counts for its organisation. doubtful_out (may be NULL): an organisation has several, none the
 * parent of another. No label at all is 0 calls and 0. */
RMS_PUBLIC RMS_MUST_USE int rms_file_labels(struct rms_context *context, const char *path,
    void (*each)(void *user_data, const struct rms_label *label, bool in_force), void *user_data,
    bool *doubtful_out);

/* Sets the label and removes what its organisation had before; other organisations' labels, unknown
 * properties and everything else in the file stay. display: text for people, "PARENT CHILD" for sublabels;
 * NULL = the name. The file is replaced as a whole or not at all. */
RMS_PUBLIC RMS_MUST_USE int rms_file_label_set(
    struct rms_context *context, const char *path, const struct rms_label *label, const char *display);

/* Removes the organisation's labels. RMS_E_NOT_FOUND when it has none there; the file is as it was then. */
RMS_PUBLIC RMS_MUST_USE int rms_file_label_remove(
    struct rms_context *context, const char *path, const char *tenant);

/* --- tracking and revocation ---------------------------------------------------------------------------- */

/* For whoever protected a document. `what` is a content id, or the name of a protected file; a file that the
 * service does not know yet is registered on the way. Others are told RMS_E_NOT_REGISTERED for an id and
 * RMS_E_ROLE_REQUIRED for a file. Results are JSON (doc/protocol/rest.md), given to write in one or more
 * pieces; what it returns other than 0 ends the call and is returned. */

/* Tells the service of a protected file. name: shown in lists; NULL: the name of the file without what
 * protection added. Repeating it changes the name. */
RMS_PUBLIC RMS_MUST_USE int rms_track_register(
    struct rms_context *context, const char *path, const char *name);

/* An array of the documents, the newest first. search: part of the name; NULL: all. */
RMS_PUBLIC RMS_MUST_USE int rms_track_documents(struct rms_context *context, const char *search,
    int (*write)(void *user_data, const void *data, size_t len), void *user_data);

/* One document: its state and history, and who may still open it offline until when. */
RMS_PUBLIC RMS_MUST_USE int rms_track_document(struct rms_context *context, const char *what,
    int (*write)(void *user_data, const void *data, size_t len), void *user_data);

/* An array of the attempts to open it, in order of time. */
RMS_PUBLIC RMS_MUST_USE int rms_track_events(struct rms_context *context, const char *what,
    int (*write)(void *user_data, const void *data, size_t len), void *user_data);

/* From now on whoever protected it is told of these by mail (enum rms_notification); 0: of nothing. The
 * result is the document as of rms_track_document; its MailAvailable says whether the service sends any. */
RMS_PUBLIC RMS_MUST_USE int rms_track_notify(struct rms_context *context, const char *what, unsigned notify,
    int (*write)(void *user_data, const void *data, size_t len), void *user_data);

/* Lets a colleague follow one document, and revoke it if may is RMS_DELEGATE_REVOKE; RMS_DELEGATE_NONE ends
 * it (RMS_E_NOT_FOUND when he is none). Every look of his is logged. The result is the document as of
 * rms_track_document. */
enum rms_delegation { RMS_DELEGATE_NONE, RMS_DELEGATE_SEE, RMS_DELEGATE_REVOKE };
RMS_PUBLIC RMS_MUST_USE int rms_track_delegate(struct rms_context *context, const char *what, const char *who,
    enum rms_delegation may, int (*write)(void *user_data, const void *data, size_t len), void *user_data);

/* Gives the document to somebody else of the organisation, who has it from now on as if he had protected it;
 * the caller keeps what the policy gives him. The result: ContentId, Owner, Changed. */
RMS_PUBLIC RMS_MUST_USE int rms_track_hand_over(struct rms_context *context, const char *what, const char *to,
    int (*write)(void *user_data, const void *data, size_t len), void *user_data);

/* From now on nobody but its issuer and super users gets a licence for it. reason: kept with it; may be NULL.
 * The result is the document as of rms_track_document. */
RMS_PUBLIC RMS_MUST_USE int rms_revoke(struct rms_context *context, const char *what, const char *reason,
    int (*write)(void *user_data, const void *data, size_t len), void *user_data);

/* And the service sends this message by mail to who opened it; named by its file, also to colleagues whom it
 * gives rights by their own addresses. Groups are not expanded. */
RMS_PUBLIC RMS_MUST_USE int rms_revoke_telling(struct rms_context *context, const char *what,
    const char *reason, const char *message, int (*write)(void *user_data, const void *data, size_t len),
    void *user_data);

/* Undoes it. RMS_E_CONFLICT when the document is not revoked. */
RMS_PUBLIC RMS_MUST_USE int rms_revoke_undo(struct rms_context *context, const char *what,
    int (*write)(void *user_data, const void *data, size_t len), void *user_data);

/* --- opening as a stream or at random ------------------------------------------------------------------ */

/* Where bytes come from. read returns bytes read (short only at the end) or a negative code; may be called
 * from the library's own threads, one at a time. size UINT64_MAX is not allowed: sources are seekable. */
struct rms_source {
    void *user_data;
    uint64_t size;
    int64_t (*read)(void *user_data, uint64_t offset, void *buffer, size_t len);
};

struct rms_document;

/* Licence from the cache when valid, else from the service; one that cannot be kept is used all the same.
 * RMS_E_NO_RIGHTS, RMS_E_EXPIRED, RMS_E_REVOKED, RMS_E_NEEDS_ONLINE, ... */
RMS_PUBLIC RMS_MUST_USE int rms_document_open(
    struct rms_context *context, const struct rms_source *source, struct rms_document **document_out);
RMS_PUBLIC RMS_MUST_USE int rms_document_open_file(
    struct rms_context *context, const char *path, struct rms_document **document_out);
RMS_PUBLIC void rms_document_free(struct rms_document **document);

/* Clear bytes at offset: count read (short only at the end of the content) or a negative code. */
RMS_PUBLIC int64_t rms_document_read(
    struct rms_document *document, uint64_t offset, void *buffer, size_t len);
/* Exact size of the clear content. */
RMS_PUBLIC RMS_MUST_USE int rms_document_size(struct rms_document *document, uint64_t *size_out);

/* True when the person holds the right, or OWNER. Unknown names are custom rights. */
RMS_PUBLIC bool rms_document_allows(const struct rms_document *document, const char *right);

/* The application did not let the person do something for want of this right: who protected the document sees
 * it like a refused opening, with the application of rms_options. Kept in the store, at most 64 and for 30
 * days, and told with a later call that talks to the service anyway; never waits for the network. Nothing is
 * kept where rms.conf says track = false, for who owns the document, on behalf of others, with what_if, and
 * where the service gave no licence. RMS_E_BAD_ARGUMENT: no right, or one that the person has. */
RMS_PUBLIC RMS_MUST_USE int rms_document_refused(struct rms_document *document, const char *right);
/* Tells all of it now. Applications with a token callback of their own call this, as nothing is told by
 * itself there. RMS_E_NEEDS_ONLINE, RMS_E_UNREACHABLE, ...: what was not told is kept. */
RMS_PUBLIC RMS_MUST_USE int rms_refusals_send(struct rms_context *context);

struct rms_document_info {
    const char *name; /* of the template or policy */
    const char *description;
    const char *template_id; /* NULL for custom permissions */
    const char *owner;
    const char *issued_to;
    const char *referrer; /* may be NULL */
    const char *content_id;
    const char *extension;     /* original, with dot; "" when it had none */
    const char *const *rights; /* NULL-terminated */
    int64_t content_valid_until;
    int64_t license_valid_until; /* RMS_NEVER = unlimited */
    bool from_cache;             /* opened without asking the service */
    bool is_owner;
};

RMS_PUBLIC const struct rms_document_info *rms_document_info(const struct rms_document *document);
/* Application data by name; NULL when absent. */
RMS_PUBLIC const char *rms_document_data(const struct rms_document *document, const char *name);

/* True when the person may have the content without protection, or under another: owner, issuer, OWNER or
 * EXPORT; EXTRACT where the tenant whose document it is says so (its setting removal rights). Programs that
 * write clear content by themselves ask this first. */
RMS_PUBLIC bool rms_document_may_unprotect(const struct rms_document *document);

/* Saves an edited document: the content of the file `edited` takes the place of the protected file `path`,
 * which must hold the document that is open (RMS_E_BAD_ARGUMENT). Licence, owner, content id and key stay.
 * Needs EDIT (RMS_E_NO_RIGHTS), and no PDF (RMS_E_UNSUPPORTED); an Office document stays in its form
 * (RMS_E_BAD_ARGUMENT). On any failure path is as it was. The handle goes on reading what it was opened for.
 */
RMS_PUBLIC RMS_MUST_USE int rms_document_save(
    struct rms_document *document, const char *edited, const char *path);
/* The same for an application that keeps no clear copy in a file and swaps files itself: the whole protected
 * file goes to fd, which is empty, seekable and stays the caller's; not in order. After 0 it is complete,
 * after anything else it is not. */
RMS_PUBLIC RMS_MUST_USE int rms_document_save_to(
    struct rms_document *document, const struct rms_source *edited, int fd);

/* Puts the person's use licence for the open document into its file `path`, as Office programs do, so that it
 * also opens on another device of his where no service can be reached, for as long as the licence says.
 * Content, seal and other people's licences stay as they are. RMS_E_UNSUPPORTED for what is no Office
 * document, for the author, and where the licence must not be kept. Saving does the same by itself. */
RMS_PUBLIC RMS_MUST_USE int rms_document_embed_license(struct rms_document *document, const char *path);

/* --- mails ----------------------------------------------------------------------------------------------
 *
 * A protected mail (.eml), an Outlook item (.msg) or a message.rpmsg by itself is opened like any document;
 * rights and owner are the document's. Its content is the message, read here. */

struct rms_mail;

enum rms_mail_body { RMS_MAIL_PLAIN = 1, RMS_MAIL_HTML, RMS_MAIL_RTF };

struct rms_mail_info {
    enum rms_mail_body body; /* the form it was written in */
    unsigned code_page;      /* of the body's bytes, by Windows' number: 65001 is UTF-8 */
    size_t attachment_count;
};

/* What an attachment is. */
enum rms_mail_attachment_kind { RMS_MAIL_FILE, RMS_MAIL_MESSAGE, RMS_MAIL_OBJECT };

struct rms_mail_attachment {
    const char *name;       /* fit for a file in a folder: no path, no control characters, never "" */
    const char *content_id; /* by which an HTML body shows it; "" when none */
    enum rms_mail_attachment_kind
        kind;          /* a mail is given as an Outlook item, an OLE object as compound file */
    uint64_t size;     /* of a file; else 0 */
    bool is_protected; /* by itself: a copy of it needs no right to have it in clear */
};

/* The message of an open document, which must stay until rms_mail_free. RMS_E_UNSUPPORTED when the document
 * is no mail; RMS_E_DAMAGED, RMS_E_UNSUPPORTED_VERSION, RMS_E_LIMIT (more than 1024 attachments). */
RMS_PUBLIC RMS_MUST_USE int rms_mail_open(struct rms_document *document, struct rms_mail **mail_out);
RMS_PUBLIC void rms_mail_free(struct rms_mail **mail);
RMS_PUBLIC const struct rms_mail_info *rms_mail_info(const struct rms_mail *mail);

/* Calls write with the body's bytes in that form. RMS_E_NOT_FOUND when the message has none of it: plain text
 * may have HTML too, RTF always has, HTML is alone. Active content is in it as the sender wrote it. */
RMS_PUBLIC RMS_MUST_USE int rms_mail_body(struct rms_mail *mail, enum rms_mail_body form,
    int (*write)(void *user_data, const void *data, size_t len), void *user_data);
/* The words of the body in UTF-8, whatever form it has: nothing runs, nothing is fetched. */
RMS_PUBLIC RMS_MUST_USE int rms_mail_text(
    struct rms_mail *mail, int (*write)(void *user_data, const void *data, size_t len), void *user_data);

/* The i-th attachment; the texts live as long as the mail. RMS_E_NOT_FOUND behind the last. */
RMS_PUBLIC RMS_MUST_USE int rms_mail_attachment(
    struct rms_mail *mail, size_t i, struct rms_mail_attachment *attachment_out);
/* Its bytes as a file. */
RMS_PUBLIC RMS_MUST_USE int rms_mail_attachment_read(struct rms_mail *mail, size_t i,
    int (*write)(void *user_data, const void *data, size_t len), void *user_data);

/* What a mail (.eml) or an Outlook item (.msg) tells in clear: each is called for every value. Needs no
 * rights, no sign-in, no service; context may be NULL. RMS_E_NOT_FOUND when there is no such file,
 * RMS_E_UNSUPPORTED when it is neither, RMS_E_DAMAGED, RMS_E_LIMIT. */
enum rms_mail_field { RMS_MAIL_SUBJECT, RMS_MAIL_SENDER, RMS_MAIL_RECIPIENT, RMS_MAIL_ATTACHED };
RMS_PUBLIC RMS_MUST_USE int rms_mail_inspect(struct rms_context *context, const char *path,
    void (*each)(void *user_data, enum rms_mail_field field, const char *value), void *user_data);

/* --- what an application lets people do -------------------------------------------------------------------
 *
 * The enforcement contract (service-requirements S-089). librms decrypts for whoever has VIEW; what happens
 * then is in the application's hands, and this is what it promises. */

enum rms_action {
    RMS_ACTION_LOAD,   /* VIEW */
    RMS_ACTION_MODIFY, /* EDIT or DOCEDIT, like cut and paste */
    RMS_ACTION_CUT,
    RMS_ACTION_PASTE,
    RMS_ACTION_SAVE,           /* EDIT */
    RMS_ACTION_COPY,           /* EXTRACT */
    RMS_ACTION_SCREEN_CAPTURE, /* EXTRACT */
    RMS_ACTION_SAVE_AS,        /* in another format: EXPORT */
    RMS_ACTION_OFFER_CLEAR,    /* show formats that lose protection at all: EXPORT */
    RMS_ACTION_PRINT,          /* PRINT */
    RMS_ACTION_COMMENT,        /* COMMENT and EDIT: the application saves the whole document */
    RMS_ACTION_COMMENT_ONLY,   /* COMMENT: the application saves comments and nothing else */
    RMS_ACTION_EDIT_POLICY,    /* EDITRIGHTSDATA */
    RMS_ACTION_MACROS,         /* OBJMODEL */
    RMS_ACTION_COUNT
};

/* May who holds these rights (NULL-terminated, as in rms_document_info) do it? OWNER may do everything;
 * unknown rights allow nothing; false for what is no action and for NULL. */
RMS_PUBLIC bool rms_action_permitted(enum rms_action action, const char *const *rights);
/* The same for the person a document is open for. */
RMS_PUBLIC bool rms_document_permits(const struct rms_document *document, enum rms_action action);
/* The first right that he would need for it and has not, for messages and rms_document_refused; NULL when he
 * may, and for what is no action. */
RMS_PUBLIC const char *rms_document_missing(const struct rms_document *document, enum rms_action action);
/* "save-as": stable, for programs; NULL for what is no action. */
RMS_PUBLIC const char *rms_action_name(enum rms_action action);

/* --- protecting as a stream --------------------------------------------------------------------------------
 */

struct rms_protector;

/* Where the protected bytes go, strictly in order. 0 or a negative code. */
struct rms_sink {
    void *user_data;
    int (*write)(void *user_data, const void *data, size_t len);
};

/* extension: original extension with dot, stored in the container; size: exact clear size when known, else
 * UINT64_MAX. */
RMS_PUBLIC RMS_MUST_USE int rms_protector_new(struct rms_context *context,
    const struct rms_policy_builder *policy, const char *extension, uint64_t size,
    const struct rms_sink *sink, struct rms_protector **protector_out);
RMS_PUBLIC RMS_MUST_USE int rms_protector_write(
    struct rms_protector *protector, const void *data, size_t len);
/* Writes the last block: after 0 the output is complete, after anything else it is not. */
RMS_PUBLIC RMS_MUST_USE int rms_protector_finish(struct rms_protector *protector);
RMS_PUBLIC void rms_protector_free(struct rms_protector **protector);

/* --- care
 * --------------------------------------------------------------------------------------------------- */

struct rms_check {
    const char *subject; /* "tls", "clock", "sign-in", ... stable */
    int code;            /* 0 = fine */
    const char *text;
};

/* Checks configuration, name resolution, TLS, clock, sign-in, certificates, templates and a round trip; each
 * is called once for each check. Returns the first failure's code, or 0. */
RMS_PUBLIC RMS_MUST_USE int rms_doctor(struct rms_context *context,
    void (*each)(void *user_data, const struct rms_check *check), void *user_data);
/* Removes expired and broken entries; counts may be NULL. */
RMS_PUBLIC RMS_MUST_USE int rms_cache_clean(
    struct rms_context *context, size_t *removed_out, size_t *kept_out);
/* Everything but logs (C-008). */
RMS_PUBLIC RMS_MUST_USE int rms_reset(struct rms_context *context);

#ifdef __cplusplus
}
#endif
#endif
