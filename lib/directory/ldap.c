/* Connecting and binding. */
#include "directory/ldap.h"

#include <gssapi/gssapi.h>
#include <gssapi/gssapi_ext.h>
#include <sasl/sasl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/mem.h"
#include "base/text.h"
#include "crypto/digest.h"
#include "directory/ldap_core.h"

#define CONNECT_S    5
#define WAIT_STEP_MS 200
#define TICKETS_NAME (11 + 2 * RMS_SHA256_BYTES + 1)
#define INCOMING_MAX (64u * 1024 * 1024) /* of one message: an entry with all its values */

#define SYSTEM_CAS "/etc/ssl/certs/ca-certificates.crt"
#define AD_ROOT    "1.2.840.113556.1.4.800" /* LDAP_CAP_ACTIVE_DIRECTORY_OID */

int rms_ldap_start(void)
{
    return setenv("LDAPNOINIT", "1", 1) == 0 ? 0 : RMS_E_NO_MEMORY;
}

/* --- what went wrong --------------------------------------------------------------------------------- */

static const struct {
    int result;
    int code;
} outcomes[] = {
    {LDAP_SERVER_DOWN, RMS_E_UNREACHABLE},
    {LDAP_CONNECT_ERROR, RMS_E_UNREACHABLE},
    {LDAP_TIMEOUT, RMS_E_UNREACHABLE},
    {LDAP_BUSY, RMS_E_UNREACHABLE},
    {LDAP_UNAVAILABLE, RMS_E_UNREACHABLE},
    {LDAP_INVALID_CREDENTIALS, RMS_E_NOT_AUTHENTICATED},
    {LDAP_INAPPROPRIATE_AUTH, RMS_E_NOT_AUTHENTICATED},
    {LDAP_NO_SUCH_OBJECT, RMS_E_NOT_FOUND},
    {LDAP_INSUFFICIENT_ACCESS, RMS_E_PERMISSION},
    {LDAP_SIZELIMIT_EXCEEDED, RMS_E_LIMIT},
    {LDAP_ADMINLIMIT_EXCEEDED, RMS_E_LIMIT},
    {LDAP_TIMELIMIT_EXCEEDED, RMS_E_LIMIT},
    {LDAP_FILTER_ERROR, RMS_E_BAD_ARGUMENT},
    {LDAP_INVALID_DN_SYNTAX, RMS_E_BAD_ARGUMENT},
    {LDAP_NO_MEMORY, RMS_E_NO_MEMORY},
};

static int code_of(int result)
{
    for (size_t i = 0; i < sizeof outcomes / sizeof outcomes[0]; i++) {
        if (outcomes[i].result == result) {
            return outcomes[i].code;
        }
    }
    return RMS_E_IO;
}

/* The server may say what it likes: one line of printable text is kept. */
static void note(struct rms_ldap *ldap, const char *what, const char *kind, const char *more)
{
    bool shown = more != NULL && more[0] != '\0';

    (void)snprintf(ldap->why, sizeof ldap->why, "%s: %s%s%.200s%s", what, kind, shown ? " (" : "",
        shown ? more : "", shown ? ")" : "");
    for (char *at = ldap->why; *at != '\0'; at++) {
        *at = (unsigned char)*at < 0x20 || (unsigned char)*at >= 0x7f ? ' ' : *at;
    }
}

int rms_ldap_fail(struct rms_ldap *ldap, const char *what, int result)
{
    char *more = NULL;
    int code = code_of(result);

    if (ldap->link != NULL) {
        (void)ldap_get_option(ldap->link, LDAP_OPT_DIAGNOSTIC_MESSAGE, &more);
    }
    note(ldap, what, ldap_err2string(result), more);
    ldap_memfree(more);
    return code;
}

int rms_ldap_refuse(struct rms_ldap *ldap, int code, const char *words)
{
    (void)snprintf(ldap->why, sizeof ldap->why, "%s", words);
    return code;
}

const char *rms_ldap_why(const struct rms_ldap *ldap)
{
    return ldap != NULL ? ldap->why : "";
}

/* --- connecting -------------------------------------------------------------------------------------- */

bool rms_ldap_url_fits(const char *url)
{
    const char *rest = strstr(url, "://");
    LDAPURLDesc *parts = NULL;
    bool fits = rest != NULL && strpbrk(rest + 3, "/?, ") == NULL &&
                (strncmp(url, "ldap://", 7) == 0 || strncmp(url, "ldaps://", 8) == 0) &&
                ldap_url_parse(url, &parts) == LDAP_URL_SUCCESS && parts->lud_host != NULL &&
                parts->lud_host[0] != '\0';

    ldap_free_urldesc(parts);
    return fits;
}

static int set_option(struct rms_ldap *ldap, int option, const void *value)
{
    return ldap_set_option(ldap->link, option, value) == LDAP_OPT_SUCCESS
               ? 0
               : rms_ldap_refuse(ldap, RMS_E_TLS, "the trusted certificates cannot be used");
}

/* The library reads certificates from files only: those of the settings get a name while it does. */
static int trust(struct rms_ldap *ldap, const struct rms_ldap_server *server)
{
    const char *own = server->certificates;
    bool configured = server->ca_file != NULL && server->ca_file[0] != '\0';
    char path[32];
    int fresh = 0;
    int fd;
    int status;

    if (own == NULL) {
        RMS_TRY(set_option(ldap, LDAP_OPT_X_TLS_CACERTFILE, configured ? server->ca_file : SYSTEM_CAS));
        return set_option(ldap, LDAP_OPT_X_TLS_NEWCTX, &fresh);
    }
    fd = memfd_create("authorities", MFD_CLOEXEC);
    if (fd < 0) {
        return rms_ldap_refuse(ldap, RMS_E_NO_MEMORY, "no memory for the trusted certificates");
    }
    (void)snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    status = rms_fd_write_all(fd, own, strlen(own));
    status = status < 0 ? status : set_option(ldap, LDAP_OPT_X_TLS_CACERTFILE, path);
    status = status < 0 ? status : set_option(ldap, LDAP_OPT_X_TLS_NEWCTX, &fresh);
    (void)close(fd);
    return status;
}

static int set_up(struct rms_ldap *ldap)
{
    static const int version = LDAP_VERSION3;
    static const int demand = LDAP_OPT_X_TLS_DEMAND;
    static const struct timeval patience = {CONNECT_S, 0};
    LDAP *link = ldap->link;
    bool done = ldap_set_option(link, LDAP_OPT_PROTOCOL_VERSION, &version) == 0 &&
                ldap_set_option(link, LDAP_OPT_REFERRALS, LDAP_OPT_OFF) == 0 &&
                ldap_set_option(link, LDAP_OPT_RESTART, LDAP_OPT_ON) == 0 &&
                ldap_set_option(link, LDAP_OPT_NETWORK_TIMEOUT, &patience) == 0 &&
                ldap_set_option(link, LDAP_OPT_TIMEOUT, &patience) == 0 &&
                ldap_set_option(link, LDAP_OPT_X_SASL_NOCANON, LDAP_OPT_ON) == 0 &&
                ldap_set_option(link, LDAP_OPT_X_TLS_REQUIRE_CERT, &demand) == 0;

    return done ? 0 : rms_ldap_refuse(ldap, RMS_E_INTERNAL, "the LDAP library refuses a setting");
}

static void bound_input(struct rms_ldap *ldap)
{
    Sockbuf *buf = NULL;
    ber_len_t most = INCOMING_MAX;

    if (ldap_get_option(ldap->link, LDAP_OPT_SOCKBUF, &buf) == LDAP_OPT_SUCCESS && buf != NULL) {
        (void)ber_sockbuf_ctrl(buf, LBER_SB_OPT_SET_MAX_INCOMING, &most);
    }
}

/* The library cannot be told which versions to offer without losing memory at every connection (2.5, with
 * GnuTLS); nothing has been said yet when the outcome is known. */
static int check_tls(struct rms_ldap *ldap)
{
    static const char *const accepted[] = {"TLS1.2", "TLS1.3"};
    char *version = NULL;
    bool good = false;

    if (ldap_tls_inplace(ldap->link) == 0) {
        return rms_ldap_refuse(ldap, RMS_E_TLS, "the connection is not encrypted");
    }
    (void)ldap_get_option(ldap->link, LDAP_OPT_X_TLS_VERSION, &version);
    for (size_t i = 0; version != NULL && i < sizeof accepted / sizeof accepted[0]; i++) {
        good = good || strcmp(version, accepted[i]) == 0;
    }
    ldap_memfree(version);
    return good ? 0 : rms_ldap_refuse(ldap, RMS_E_TLS, "the directory speaks no TLS 1.2 or later");
}

/* The library does not say which of them it was. */
static int fail_tls(struct rms_ldap *ldap)
{
    return rms_ldap_refuse(ldap, RMS_E_TLS,
        "TLS: the directory's certificate is not trusted or not for this name, or it speaks no TLS");
}

/* Whatever goes wrong behind the connection itself is said of TLS: nothing else has been spoken yet. */
static int begin_tls(struct rms_ldap *ldap, const char *url)
{
    bool whole = strncmp(url, "ldaps://", 8) == 0;
    int result = ldap_connect(ldap->link);

    if (result != LDAP_SUCCESS) {
        char *more = NULL;
        int code = rms_ldap_fail(ldap, "connect", result);

        (void)ldap_get_option(ldap->link, LDAP_OPT_DIAGNOSTIC_MESSAGE, &more);
        code = whole && more != NULL && more[0] != '\0' ? fail_tls(ldap) : code;
        ldap_memfree(more);
        return code;
    }
    result = whole ? LDAP_SUCCESS : ldap_start_tls_s(ldap->link, NULL, NULL);
    if (result != LDAP_SUCCESS) {
        int code = rms_ldap_fail(ldap, "StartTLS", result);

        return result == LDAP_CONNECT_ERROR ? fail_tls(ldap) : result == LDAP_SERVER_DOWN ? code : RMS_E_TLS;
    }
    return check_tls(ldap);
}

int rms_ldap_open(const struct rms_ldap_server *server, struct rms_ldap **ldap_out)
{
    struct rms_ldap *ldap = rms_calloc(1, sizeof *ldap);
    int result;

    *ldap_out = ldap;
    if (ldap == NULL) {
        return RMS_E_NO_MEMORY;
    }
    ldap->stop = server->stop;
    if (!rms_ldap_url_fits(server->url)) {
        return rms_ldap_refuse(ldap, RMS_E_BAD_ARGUMENT, "not an ldap:// or ldaps:// address");
    }
    result = ldap_initialize(&ldap->link, server->url);
    if (result != LDAP_SUCCESS) {
        return rms_ldap_fail(ldap, "address", result);
    }
    RMS_TRY(set_up(ldap));
    RMS_TRY(trust(ldap, server));
    RMS_TRY(begin_tls(ldap, server->url));
    bound_input(ldap);
    return 0;
}

void rms_ldap_free(struct rms_ldap **ldap)
{
    if (*ldap == NULL) {
        return;
    }
    if ((*ldap)->link != NULL) {
        (void)ldap_unbind_ext_s((*ldap)->link, NULL, NULL);
    }
    rms_free(*ldap);
    *ldap = NULL;
}

/* --- waiting ----------------------------------------------------------------------------------------- */

static bool stopped(const struct rms_ldap *ldap)
{
    return ldap->stop != NULL && atomic_load(ldap->stop);
}

int rms_ldap_wait(struct rms_ldap *ldap, int id, const char *what, LDAPMessage **message_out)
{
    int64_t end = rms_clock_monotonic_ms() + RMS_LDAP_TIMEOUT_S * 1000;
    struct timeval step = {0, WAIT_STEP_MS * 1000};
    int got = 0;

    *message_out = NULL;
    while (got == 0) {
        if (stopped(ldap) || rms_clock_monotonic_ms() > end) {
            bool asked = stopped(ldap);

            (void)ldap_abandon_ext(ldap->link, id, NULL, NULL);
            return asked ? rms_ldap_refuse(ldap, RMS_E_CANCELLED, "stopped")
                         : rms_ldap_fail(ldap, what, LDAP_TIMEOUT);
        }
        got = ldap_result(ldap->link, id, LDAP_MSG_ALL, &step, message_out);
    }
    if (got < 0) {
        int result = LDAP_SERVER_DOWN;

        (void)ldap_get_option(ldap->link, LDAP_OPT_RESULT_CODE, &result);
        return rms_ldap_fail(ldap, what, result);
    }
    return 0;
}

/* --- binding ----------------------------------------------------------------------------------------- */

static int check_result(struct rms_ldap *ldap, const char *what, LDAPMessage *message)
{
    int result = LDAP_OTHER;
    int parsed = ldap_parse_result(ldap->link, message, &result, NULL, NULL, NULL, NULL, 1);

    result = parsed != LDAP_SUCCESS ? parsed : result;
    return result == LDAP_SUCCESS ? 0 : rms_ldap_fail(ldap, what, result);
}

int rms_ldap_bind(struct rms_ldap *ldap, const char *dn, struct rms_view password)
{
    char secret[RMS_LDAP_PASSWORD_MAX + 1];
    struct berval credential = {.bv_len = password.len, .bv_val = secret};
    LDAPMessage *message = NULL;
    int id = 0;
    int result;

    if (password.len == 0 || password.len > RMS_LDAP_PASSWORD_MAX || dn == NULL || dn[0] == '\0') {
        return rms_ldap_refuse(ldap, RMS_E_NOT_AUTHENTICATED, "bind: no name or no password");
    }
    memcpy(secret, password.data, password.len);
    secret[password.len] = '\0';
    result = ldap_sasl_bind(ldap->link, dn, LDAP_SASL_SIMPLE, &credential, NULL, NULL, &id);
    rms_wipe(secret, sizeof secret);
    if (result != LDAP_SUCCESS) {
        return rms_ldap_fail(ldap, "bind", result);
    }
    RMS_TRY(rms_ldap_wait(ldap, id, "bind", &message));
    return check_result(ldap, "bind", message);
}

/* Nothing is asked: the credential is there or the bind fails. The library has its context from here on, and
 * takes the credential; when it finds one for itself (Cyrus SASL 2.1.28), it does so at every step and loses
 * all but the last. */
static int answer_nothing(LDAP *link, unsigned flags, void *credential, void *interact)
{
    (void)flags;
    (void)ldap_set_option(link, LDAP_OPT_X_SASL_GSS_CREDS, credential);
    for (sasl_interact_t *i = interact; i != NULL && i->id != SASL_CB_LIST_END; i++) {
        i->result = "";
        i->len = 0;
    }
    return LDAP_SUCCESS;
}

static int gss_words(struct rms_ldap *ldap, OM_uint32 major, OM_uint32 minor)
{
    gss_buffer_desc text = GSS_C_EMPTY_BUFFER;
    OM_uint32 status = 0;
    OM_uint32 more = 0;
    bool exact = minor != 0;

    (void)gss_display_status(
        &status, exact ? minor : major, exact ? GSS_C_MECH_CODE : GSS_C_GSS_CODE, GSS_C_NO_OID, &more, &text);
    note(ldap, "keytab", "no ticket", text.value != NULL ? (const char *)text.value : "");
    (void)gss_release_buffer(&status, &text);
    return RMS_E_NOT_AUTHENTICATED;
}

/* Tickets of a keytab and principal: kept in memory until they end, so that not every connection asks for new
 * ones. */
static void name_tickets(const char *keytab, const char *principal, char name_out[TICKETS_NAME])
{
    RMS_BUF_CLEANUP struct rms_buf text = RMS_BUF_INIT(8192);
    uint8_t digest[RMS_HASH_MAX];
    int len = snprintf(name_out, TICKETS_NAME, "MEMORY:rms-");

    rms_buf_printf(&text, "%s\n%s", keytab, principal != NULL ? principal : "");
    rms_hash(RMS_SHA256, rms_buf_view(&text), digest);
    for (size_t i = 0; i < RMS_SHA256_BYTES; i++) {
        (void)snprintf(name_out + len + 2 * i, 3, "%02x", digest[i]);
    }
}

/* A credential whose ticket is in the cache of that name; asking for its name is what fetches it. */
static int acquire(struct rms_ldap *ldap, const gss_key_value_set_desc *store, const char *principal,
    gss_cred_id_t *cred_out)
{
    gss_buffer_desc text = {
        .length = principal != NULL ? strlen(principal) : 0, .value = (void *)(uintptr_t)principal};
    gss_name_t name = GSS_C_NO_NAME;
    OM_uint32 minor = 0;
    OM_uint32 ignored = 0;
    OM_uint32 major = GSS_S_COMPLETE;

    if (principal != NULL) {
        major = gss_import_name(&minor, &text, GSS_C_NT_USER_NAME, &name);
    }
    if (major == GSS_S_COMPLETE) {
        major = gss_acquire_cred_from(
            &minor, name, GSS_C_INDEFINITE, GSS_C_NO_OID_SET, GSS_C_INITIATE, store, cred_out, NULL, NULL);
    }
    (void)gss_release_name(&ignored, &name);
    if (major == GSS_S_COMPLETE) {
        major = gss_inquire_cred(&minor, *cred_out, &name, NULL, NULL, NULL);
    }
    (void)gss_release_name(&ignored, &name);
    return major == GSS_S_COMPLETE ? 0 : gss_words(ldap, major, minor);
}

/* TLS protects the connection; a second layer inside is what directories refuse. */
static int bind_with(struct rms_ldap *ldap, gss_cred_id_t cred)
{
    int result = ldap_set_option(ldap->link, LDAP_OPT_X_SASL_SECPROPS, "maxssf=0");

    if (result == LDAP_OPT_SUCCESS) {
        result = ldap_sasl_interactive_bind_s(
            ldap->link, NULL, "GSSAPI", NULL, NULL, LDAP_SASL_QUIET, answer_nothing, cred);
    }
    return result == LDAP_SUCCESS ? 0 : rms_ldap_fail(ldap, "GSSAPI bind", result);
}

int rms_ldap_bind_keytab(struct rms_ldap *ldap, const char *keytab, const char *principal)
{
    char tickets[TICKETS_NAME];
    gss_key_value_element_desc elements[] = {{"client_keytab", keytab}, {"ccache", tickets}};
    const gss_key_value_set_desc store = {2, elements};
    gss_cred_id_t cred = GSS_C_NO_CREDENTIAL;
    OM_uint32 minor = 0;
    int status;

    name_tickets(keytab, principal, tickets);
    status = acquire(ldap, &store, principal, &cred);
    status = status < 0 ? status : bind_with(ldap, cred);
    (void)gss_release_cred(&minor, &cred);
    return status;
}

/* --- the root ---------------------------------------------------------------------------------------- */

int rms_ldap_is_ad(struct rms_ldap *ldap, bool *ad_out)
{
    static char capabilities[] = "supportedCapabilities";
    char *attributes[] = {capabilities, NULL};
    LDAPMessage *message = NULL;
    LDAPMessage *root;
    struct berval **values;
    int id = 0;
    int result = ldap_search_ext(
        ldap->link, "", LDAP_SCOPE_BASE, "(objectClass=*)", attributes, 0, NULL, NULL, NULL, 1, &id);

    *ad_out = false;
    if (result != LDAP_SUCCESS) {
        return rms_ldap_fail(ldap, "root entry", result);
    }
    RMS_TRY(rms_ldap_wait(ldap, id, "root entry", &message));
    root = ldap_first_entry(ldap->link, message);
    values = root != NULL ? ldap_get_values_len(ldap->link, root, capabilities) : NULL;
    for (size_t i = 0; values != NULL && values[i] != NULL; i++) {
        *ad_out = *ad_out || (values[i]->bv_len == sizeof AD_ROOT - 1 &&
                                 memcmp(values[i]->bv_val, AD_ROOT, sizeof AD_ROOT - 1) == 0);
    }
    ldap_value_free_len(values);
    (void)ldap_msgfree(message);
    return 0;
}

int rms_ldap_dn(struct rms_arena *arena, const char *dn, const char **out)
{
    LDAPDN parts = NULL;
    char *text = NULL;
    char *kept = NULL;
    int status = RMS_E_BAD_ARGUMENT;

    if (ldap_str2dn(dn, &parts, LDAP_DN_FORMAT_LDAPV3) == LDAP_SUCCESS && parts != NULL &&
        ldap_dn2str(parts, &text, LDAP_DN_FORMAT_LDAPV3) == LDAP_SUCCESS) {
        kept = rms_arena_strdup(arena, text);
        status = kept != NULL ? 0 : RMS_E_NO_MEMORY;
    }
    ldap_memfree(text);
    ldap_dnfree(parts);
    for (char *at = kept; at != NULL && *at != '\0'; at++) {
        *at = *at >= 'A' && *at <= 'Z' ? (char)(*at - 'A' + 'a') : *at;
    }
    *out = kept;
    return status;
}
