/* What an administrator says about an LDAP directory, as JSON: in the administration interface and in the
 * store. Secrets are not in it: it names files of the credentials directory, which the jobs alone may read.
 */
#ifndef RMS_DIRECTORY_LDAP_SETTINGS_H
#define RMS_DIRECTORY_LDAP_SETTINGS_H

#include "base/json.h"
#include "directory/ldap.h"

/* Attributes that may be named otherwise; "Attributes": ["mail=primaryMail", ...]. */
enum rms_ldap_attribute {
    RMS_LDAP_ID,        /* id: never changes (objectGUID, entryUUID) */
    RMS_LDAP_UPN,       /* upn: userPrincipalName */
    RMS_LDAP_ADDRESSES, /* addresses: proxyAddresses */
    RMS_LDAP_MAIL,      /* mail */
    RMS_LDAP_NAME,      /* name: displayName, else cn */
    RMS_LDAP_GROUP,     /* group: cn */
    RMS_LDAP_MEMBER,    /* member, else uniqueMember */
    RMS_LDAP_ATTRIBUTES
};

struct rms_ldap_settings {
    const char *url;
    const char *certificates;  /* PEM; NULL: the system's */
    const char *bind_dn;       /* with password_file, or neither */
    const char *password_file; /* names, not paths */
    const char *keytab;
    const char *principal; /* NULL: the keytab's first */
    const char *people_base;
    const char *group_base;    /* NULL: people_base */
    const char *people_filter; /* NULL: by the kind of directory */
    const char *group_filter;
    const char *attributes[RMS_LDAP_ATTRIBUTES]; /* NULL: by the kind of directory */
    int64_t interval_s;                          /* between whole readings */
    int64_t look_s;                              /* between looks for changes; 0: none */
    int64_t max_age_s;                           /* how long membership counts without a reading (S-045) */
};

/* Texts go into the arena. RMS_E_BAD_ARGUMENT, with why_out: "Member: what is wrong". Members it does not
 * know are refused. */
RMS_MUST_USE int rms_ldap_settings_read(struct rms_arena *arena, const json_t *object,
    struct rms_ldap_settings *settings_out, const char **why_out);

/* The same from the store; RMS_E_DAMAGED. */
RMS_MUST_USE int rms_ldap_settings_parse(
    struct rms_arena *arena, const char *text, struct rms_ldap_settings *settings_out);

#endif
