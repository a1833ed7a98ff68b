/* One reading of an LDAP directory: connect, bind, people, groups, members. Only the jobs do it: they alone
 * have the credentials. And the other use of a directory: is this a person's password? */
#ifndef RMS_DIRECTORY_LDAP_READ_H
#define RMS_DIRECTORY_LDAP_READ_H

#include "directory/ldap_settings.h"
#include "directory/sync.h"

struct rms_ldap_reading {
    struct rms_db *db;
    const struct rms_source *source;
    const struct rms_ldap_settings *settings;
    struct rms_sync_options options;
    const char *credentials; /* directory that the settings' file names belong to */
    const char *ca_file;     /* as in struct rms_ldap_server */
    const atomic_bool *stop;
};

struct rms_ldap_outcome {
    int code;
    char why[RMS_LDAP_WHY_MAX]; /* of a failure */
    bool looked_only;           /* asked for changes, and there were none */
    const char *changed_since;  /* in the arena; NULL: stays as it was */
    struct rms_sync_report report;
};

/* A mode of CHANGES becomes one of ALL when nothing was read before. Texts of the outcome live in the arena.
 */
void rms_ldap_read(
    struct rms_arena *arena, const struct rms_ldap_reading *reading, struct rms_ldap_outcome *outcome_out);

/* A person's password, by a bind under the DN of his entry: what he typed never gets into a filter or a name.
 * RMS_E_NOT_AUTHENTICATED: wrong. Other codes: the directory could not be asked. */
RMS_MUST_USE int rms_ldap_check_password(
    const struct rms_ldap_server *server, const char *dn, const char *password);

#endif
