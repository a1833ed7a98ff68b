/* Connections to LDAP directories (RFC 4511) and reading them page by page (RFC 2696), on libldap. Only
 * ldap*.c of this directory call it.
 *
 * Rules kept here
 * - Nothing is said in the clear: ldap:// becomes TLS by StartTLS before anything else, or the connection
 * ends. The server's certificate and name are always verified, TLS is 1.2 or later.
 * - A bind without a password is no proof of anything (RFC 4513 5.1.2): an empty one is refused here, unsent.
 * - Referrals are not followed: they would take the credentials to another server.
 * - Configuration of the machine (ldap.conf, .ldaprc, LDAP* in the environment) does not count.
 *
 * A connection serves one thread. Every call may fail with RMS_E_UNREACHABLE, RMS_E_TLS,
 * RMS_E_NOT_AUTHENTICATED, RMS_E_PERMISSION, RMS_E_NOT_FOUND (no such base), RMS_E_LIMIT (of the directory,
 * or of ours), RMS_E_CANCELLED, or RMS_E_IO for other refusals; rms_ldap_why has the words. */
#ifndef RMS_DIRECTORY_LDAP_H
#define RMS_DIRECTORY_LDAP_H

#include <stdatomic.h>

#include "base/arena.h"
#include "base/secret.h"

#define RMS_LDAP_WHY_MAX      320
#define RMS_LDAP_PASSWORD_MAX 1024

struct rms_ldap;

/* Once in a process, before it has threads. */
RMS_MUST_USE int rms_ldap_start(void);

struct rms_ldap_server {
    const char *url;          /* ldap://HOST[:PORT] or ldaps://HOST[:PORT], nothing behind */
    const char *certificates; /* PEM: the only authorities that count; NULL: those of ca_file */
    const char *ca_file;      /* NULL or "": those of the system */
    const atomic_bool *stop;  /* may be NULL: ends waiting when it becomes true */
};

/* True for a URL as above. */
bool rms_ldap_url_fits(const char *url);

/* Made also when the connection fails, so that rms_ldap_why can tell; free it either way. NULL without
 * memory. */
RMS_MUST_USE int rms_ldap_open(const struct rms_ldap_server *server, struct rms_ldap **ldap_out);
void rms_ldap_free(struct rms_ldap **ldap);
#define RMS_LDAP_CLEANUP __attribute__((cleanup(rms_ldap_free)))

/* What the last failure was, in words for an administrator: printable, never a secret. */
const char *rms_ldap_why(const struct rms_ldap *ldap);

/* Simple bind. The password may come from a person: RMS_E_NOT_AUTHENTICATED for an empty one, unsent. */
RMS_MUST_USE int rms_ldap_bind(struct rms_ldap *ldap, const char *dn, struct rms_view password);

/* GSSAPI with the keys of a keytab. principal NULL: the keytab's first. */
RMS_MUST_USE int rms_ldap_bind_keytab(struct rms_ldap *ldap, const char *keytab, const char *principal);

/* Microsoft's kind of directory, by the capabilities of its root. */
RMS_MUST_USE int rms_ldap_is_ad(struct rms_ldap *ldap, bool *ad_out);

/* A DN in the one form in which two are compared, in the arena. RMS_E_BAD_ARGUMENT when it is none. */
RMS_MUST_USE int rms_ldap_dn(struct rms_arena *arena, const char *dn, const char **out);

/* --- reading ---------------------------------------------------------------------------------------- */

struct rms_ldap_entry; /* lives as long as the call it is given to */

struct rms_ldap_query {
    const char *base;
    const char *filter;            /* as the administrator wrote it: nothing of a request ever comes in */
    const char *const *attributes; /* NULL-terminated */
    unsigned page;                 /* entries asked for at once */
};

typedef int (*rms_ldap_each)(void *context, struct rms_ldap_entry *entry);

/* Everything below the base. Ends at the first negative answer of each. */
RMS_MUST_USE int rms_ldap_search(
    struct rms_ldap *ldap, const struct rms_ldap_query *query, rms_ldap_each each, void *context);

/* As the directory writes it; "" when it cannot be read. In the arena. */
const char *rms_ldap_entry_dn(struct rms_ldap_entry *entry, struct rms_arena *arena);

/* First value as text; NULL: none, or not printable UTF-8. */
const char *rms_ldap_entry_text(struct rms_ldap_entry *entry, struct rms_arena *arena, const char *attribute);

/* First value as bytes, in the arena; empty when there is none. */
struct rms_view rms_ldap_entry_bytes(
    struct rms_ldap_entry *entry, struct rms_arena *arena, const char *attribute);

struct rms_ldap_values {
    const char **items;
    size_t count;
};

/* All values that are printable text. Where the directory gives them in ranges ("member;range=0-1499"), the
 * rest is asked for, up to RMS_LDAP_VALUES_MAX. */
#define RMS_LDAP_VALUES_MAX 1000000
RMS_MUST_USE int rms_ldap_entry_texts(struct rms_ldap_entry *entry, struct rms_arena *arena,
    const char *attribute, struct rms_ldap_values *values_out);

#endif
