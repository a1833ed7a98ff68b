/* From entries to people and groups: which attributes are read, and what they mean in the two kinds of
 * directories. */
#ifndef RMS_DIRECTORY_LDAP_ENTRY_H
#define RMS_DIRECTORY_LDAP_ENTRY_H

#include "directory/ldap_settings.h"
#include "directory/sync.h"

#define RMS_LDAP_ASKED_MAX 20

struct rms_ldap_layout {
    bool ad;
    const char *people_filter;
    const char *group_filter;
    const char *names[RMS_LDAP_ATTRIBUTES];
    const char *created;
    const char *changed;                    /* when: can be searched for */
    const char *version;                    /* of an entry: another after every change */
    const char *people[RMS_LDAP_ASKED_MAX]; /* NULL-terminated */
    const char *groups[RMS_LDAP_ASKED_MAX];
    const char *members[RMS_LDAP_ASKED_MAX];
    const char *changes[4];
};

void rms_ldap_layout(const struct rms_ldap_settings *settings, bool ad, struct rms_ldap_layout *layout_out);

/* In the arena. */
RMS_MUST_USE int rms_ldap_to_person(struct rms_ldap_entry *entry, struct rms_arena *arena,
    const struct rms_ldap_layout *layout, struct rms_sync_person *person_out);
RMS_MUST_USE int rms_ldap_to_group(struct rms_ldap_entry *entry, struct rms_arena *arena,
    const struct rms_ldap_layout *layout, struct rms_sync_group *group_out);

/* "20260102030405Z", "20260102030405.0Z"; RMS_TIME_NONE for anything else. */
int64_t rms_ldap_time(const char *text);

/* The text of a GUID of 16 bytes, or of an id that is a text. NULL: it is none. */
const char *rms_ldap_key(struct rms_arena *arena, struct rms_view value, bool guid);

#endif
