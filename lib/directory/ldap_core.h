/* Inside of a connection: only for ldap*.c. */
#ifndef RMS_DIRECTORY_LDAP_CORE_H
#define RMS_DIRECTORY_LDAP_CORE_H

#include <ldap.h>

#include "directory/ldap.h"

struct rms_ldap {
    LDAP *link; /* NULL before it is open */
    const atomic_bool *stop;
    char why[RMS_LDAP_WHY_MAX];
};

struct rms_ldap_entry {
    struct rms_ldap *ldap;
    LDAPMessage *message;
};

/* Notes what the library and the server say, and gives our code for it. what: "bind", "search", ... */
int rms_ldap_fail(struct rms_ldap *ldap, const char *what, int result);

/* Notes words of our own. */
int rms_ldap_refuse(struct rms_ldap *ldap, int code, const char *words);

/* Waits for all of an answer, watching for the stop. Free the message with ldap_msgfree. */
RMS_MUST_USE int rms_ldap_wait(struct rms_ldap *ldap, int id, const char *what, LDAPMessage **message_out);

/* Values of one attribute as listed in the message. NULL without. Free with ldap_value_free_len. */
#define RMS_LDAP_TIMEOUT_S 30

#endif
