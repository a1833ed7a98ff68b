#include "directory/ldap_entry.h"

#include <stdlib.h>

#include "base/clock.h"
#include "base/text.h"

#define KEY_MAX 128

/* --- what is read -------------------------------------------------------------------------------------- */

#define AD_PEOPLE "(&(objectCategory=person)(objectClass=user))"
#define AD_GROUPS "(objectClass=group)"
#define PEOPLE    "(objectClass=person)"
#define GROUPS                                                                                               \
    "(|(objectClass=groupOfNames)(objectClass=groupOfUniqueNames)(objectClass=groupOfURLs)"                  \
    "(objectClass=groupOfEntries))"

static const char *const usual_names[RMS_LDAP_ATTRIBUTES] = {
    [RMS_LDAP_ID] = "entryUUID",
    [RMS_LDAP_UPN] = "userPrincipalName",
    [RMS_LDAP_ADDRESSES] = "proxyAddresses",
    [RMS_LDAP_MAIL] = "mail",
    [RMS_LDAP_NAME] = "displayName",
    [RMS_LDAP_GROUP] = "cn",
    [RMS_LDAP_MEMBER] = "member",
};

static const char *chosen(const char *own, const char *usual)
{
    return own != NULL ? own : usual;
}

void rms_ldap_layout(const struct rms_ldap_settings *settings, bool ad, struct rms_ldap_layout *layout_out)
{
    struct rms_ldap_layout *l = layout_out;

    *l = (struct rms_ldap_layout){.ad = ad,
        .people_filter = chosen(settings->people_filter, ad ? AD_PEOPLE : PEOPLE),
        .group_filter = chosen(settings->group_filter, ad ? AD_GROUPS : GROUPS),
        .created = ad ? "whenCreated" : "createTimestamp",
        .changed = ad ? "whenChanged" : "modifyTimestamp",
        .version = ad ? "uSNChanged" : "entryCSN"};
    for (size_t i = 0; i < RMS_LDAP_ATTRIBUTES; i++) {
        l->names[i] = chosen(settings->attributes[i], usual_names[i]);
    }
    if (ad && settings->attributes[RMS_LDAP_ID] == NULL) {
        l->names[RMS_LDAP_ID] = "objectGUID";
    }
    const char *const people[] = {l->names[RMS_LDAP_ID], l->names[RMS_LDAP_UPN], l->names[RMS_LDAP_ADDRESSES],
        l->names[RMS_LDAP_MAIL], l->names[RMS_LDAP_NAME], "cn", l->created, l->changed, "userAccountControl",
        "accountExpires", "nsAccountLock", "pwdAccountLockedTime", NULL};
    const char *const groups[] = {l->names[RMS_LDAP_ID], l->names[RMS_LDAP_GROUP], l->names[RMS_LDAP_MAIL],
        l->names[RMS_LDAP_ADDRESSES], "groupType", l->changed, NULL};
    const char *const members[] = {l->names[RMS_LDAP_MEMBER], "uniqueMember", "memberURL", NULL};
    const char *const changes[] = {l->changed, l->version, NULL};

    memcpy(l->people, people, sizeof people);
    memcpy(l->groups, groups, sizeof groups);
    memcpy(l->members, members, sizeof members);
    memcpy(l->changes, changes, sizeof changes);
}

/* --- values -------------------------------------------------------------------------------------------- */

int64_t rms_ldap_time(const char *text)
{
    char iso[32];
    int64_t time;

    if (text == NULL || strspn(text, "0123456789") != 14) {
        return RMS_TIME_NONE;
    }
    (void)snprintf(iso, sizeof iso, "%.4s-%.2s-%.2sT%.2s:%.2s:%.2sZ", text, text + 4, text + 6, text + 8,
        text + 10, text + 12);
    return rms_time_parse(rms_view_str(iso), &time) == 0 ? time : RMS_TIME_NONE;
}

/* [MS-DTYP] 2.3.4: the first three parts are little-endian. */
static const char *guid_text(struct rms_arena *arena, const uint8_t b[16])
{
    return rms_arena_printf(arena, "%02x%02x%02x%02x-%02x%02x-%02x%02x-%02x%02x-%02x%02x%02x%02x%02x%02x",
        b[3], b[2], b[1], b[0], b[5], b[4], b[7], b[6], b[8], b[9], b[10], b[11], b[12], b[13], b[14], b[15]);
}

const char *rms_ldap_key(struct rms_arena *arena, struct rms_view value, bool guid)
{
    if (guid) {
        return value.len == 16 ? guid_text(arena, value.data) : NULL;
    }
    return value.len > 0 && value.len <= KEY_MAX && rms_text_printable(value) ? rms_arena_text(arena, value)
                                                                              : NULL;
}

static int read_head(struct rms_ldap_entry *entry, struct rms_arena *arena,
    const struct rms_ldap_layout *layout, struct rms_sync_entry *head_out)
{
    const char *id = layout->names[RMS_LDAP_ID];

    head_out->dn = rms_ldap_entry_dn(entry, arena);
    head_out->key =
        rms_ldap_key(arena, rms_ldap_entry_bytes(entry, arena, id), strcmp(id, "objectGUID") == 0);
    head_out->created_at = rms_ldap_time(rms_ldap_entry_text(entry, arena, layout->created));
    return rms_ldap_dn(arena, head_out->dn, &head_out->dn_name);
}

/* --- people -------------------------------------------------------------------------------------------- */

#define AD_DISABLED 0x2
#define AD_NEVER    INT64_MAX
#define FILETIME_0  116444736000000000 /* 1970 in 100 ns since 1601 */

static bool has_expired(const char *filetime)
{
    int64_t time = filetime != NULL ? strtoll(filetime, NULL, 10) : 0;

    return time > FILETIME_0 && time != AD_NEVER && (time - FILETIME_0) / 10000000 <= rms_clock_now();
}

static bool is_enabled(struct rms_ldap_entry *entry, struct rms_arena *arena)
{
    const char *control = rms_ldap_entry_text(entry, arena, "userAccountControl");
    const char *lock = rms_ldap_entry_text(entry, arena, "nsAccountLock");
    const char *locked = rms_ldap_entry_text(entry, arena, "pwdAccountLockedTime");

    return (control == NULL || (strtol(control, NULL, 10) & AD_DISABLED) == 0) &&
           (lock == NULL || !rms_text_equal_nocase(lock, "TRUE")) &&
           (locked == NULL || strncmp(locked, "00000101", 8) != 0) && /* locked for good */
           !has_expired(rms_ldap_entry_text(entry, arena, "accountExpires"));
}

struct mail_place {
    bool there;
    bool primary; /* some value is the primary one */
};

static struct mail_place look_for(const struct rms_ldap_values *values, const char *mail)
{
    char wanted[RMS_ADDRESS_MAX];
    char address[RMS_ADDRESS_MAX];
    struct mail_place place = {0};

    if (rms_address_normalise(mail, wanted) < 0) {
        wanted[0] = '\0';
    }
    for (size_t i = 0; i < values->count; i++) {
        enum rms_proxy kind = rms_proxy_parse(values->items[i], address);

        place.primary = place.primary || kind == RMS_PROXY_PRIMARY;
        place.there = place.there || (kind < RMS_PROXY_EMPTY && strcmp(address, wanted) == 0);
    }
    return place;
}

/* S-040: mail is one of the addresses. */
static int add_mail(struct rms_arena *arena, struct rms_ldap_values *values, const char *mail)
{
    struct mail_place place = look_for(values, mail);
    const char **items;

    if (place.there) {
        return 0;
    }
    items = rms_arena_array(arena, values->count + 1, sizeof *items);
    if (items == NULL) {
        return RMS_E_NO_MEMORY;
    }
    if (values->count > 0) {
        memcpy(items, values->items, values->count * sizeof *items);
    }
    items[values->count] = rms_arena_printf(arena, "%s:%s", place.primary ? "smtp" : "SMTP", mail);
    values->items = items;
    return items[values->count++] != NULL ? 0 : RMS_E_NO_MEMORY;
}

int rms_ldap_to_person(struct rms_ldap_entry *entry, struct rms_arena *arena,
    const struct rms_ldap_layout *layout, struct rms_sync_person *person_out)
{
    const char *mail = rms_ldap_entry_text(entry, arena, layout->names[RMS_LDAP_MAIL]);
    const char *upn = rms_ldap_entry_text(entry, arena, layout->names[RMS_LDAP_UPN]);
    struct rms_ldap_values values;

    *person_out = (struct rms_sync_person){0};
    RMS_TRY(read_head(entry, arena, layout, &person_out->entry));
    RMS_TRY(rms_ldap_entry_texts(entry, arena, layout->names[RMS_LDAP_ADDRESSES], &values));
    if (mail != NULL) {
        RMS_TRY(add_mail(arena, &values, mail));
    }
    person_out->upn = upn != NULL ? upn : mail;
    person_out->display_name = rms_ldap_entry_text(entry, arena, layout->names[RMS_LDAP_NAME]);
    if (person_out->display_name == NULL) {
        person_out->display_name = rms_ldap_entry_text(entry, arena, "cn");
    }
    person_out->proxy_addresses = values.items;
    person_out->proxy_address_count = values.count;
    person_out->enabled = is_enabled(entry, arena);
    return 0;
}

/* --- groups -------------------------------------------------------------------------------------------- */

/* Without a groupType every group may secure something. */
static enum rms_group_kind kind_of(const char *group_type)
{
    long type = group_type != NULL ? strtol(group_type, NULL, 10) : -1;

    return ((uint32_t)type & 0x80000000u) != 0 ? RMS_GROUP_SECURITY : RMS_GROUP_DISTRIBUTION;
}

static const char *primary_of(struct rms_arena *arena, const struct rms_ldap_values *values)
{
    char address[RMS_ADDRESS_MAX];

    for (size_t i = 0; i < values->count; i++) {
        if (rms_proxy_parse(values->items[i], address) == RMS_PROXY_PRIMARY) {
            return rms_arena_strdup(arena, address);
        }
    }
    return NULL;
}

int rms_ldap_to_group(struct rms_ldap_entry *entry, struct rms_arena *arena,
    const struct rms_ldap_layout *layout, struct rms_sync_group *group_out)
{
    struct rms_ldap_values values;

    *group_out = (struct rms_sync_group){0};
    RMS_TRY(read_head(entry, arena, layout, &group_out->entry));
    RMS_TRY(rms_ldap_entry_texts(entry, arena, layout->names[RMS_LDAP_ADDRESSES], &values));
    group_out->name = rms_ldap_entry_text(entry, arena, layout->names[RMS_LDAP_GROUP]);
    group_out->address = primary_of(arena, &values);
    if (group_out->address == NULL) {
        group_out->address = rms_ldap_entry_text(entry, arena, layout->names[RMS_LDAP_MAIL]);
    }
    group_out->kind = kind_of(rms_ldap_entry_text(entry, arena, "groupType"));
    return 0;
}
