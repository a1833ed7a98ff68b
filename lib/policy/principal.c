/* Who a grant names: between the text people and licences write and the form that is compared. */
#include "base/text.h"
#include "policy/policy.h"

#define ANY_AUTHENTICATED "any-authenticated"
#define LICENCE_OWNER     "IPC_USER_ID_OWNER"

/* The normal form of a bare domain, by that of an address in it. */
static int normalise_domain(const char *domain, char out[RMS_ADDRESS_MAX])
{
    char address[RMS_ADDRESS_MAX] = "x@";
    char normal[RMS_ADDRESS_MAX];
    const char *found;
    size_t len = strlen(domain);

    if (len >= sizeof address - 2) {
        return RMS_E_BAD_ARGUMENT;
    }
    memcpy(address + 2, domain, len + 1);
    RMS_TRY(rms_address_normalise(address, normal));
    found = rms_address_domain(normal);
    if (strchr(found, '.') == NULL) { /* S-297 */
        return RMS_E_BAD_ARGUMENT;
    }
    memcpy(out, found, strlen(found) + 1);
    return 0;
}

/* The domain of an AllStaff address, else NULL. */
static const char *all_staff_domain(const char *address)
{
    static const char prefix[] = RMS_ALL_STAFF "@";

    return strncasecmp(address, prefix, sizeof prefix - 1) == 0 ? address + sizeof prefix - 1 : NULL;
}

static int set_address(
    struct rms_arena *arena, struct rms_grant *grant, enum rms_principal principal, const char *address)
{
    const char *copy = rms_arena_strdup(arena, address);

    if (copy == NULL) {
        return RMS_E_NO_MEMORY;
    }
    grant->principal = principal;
    grant->address = copy;
    return 0;
}

static int set_word(struct rms_grant *grant, enum rms_principal principal)
{
    grant->principal = principal;
    grant->address = NULL;
    return 0;
}

int rms_grant_set_principal(struct rms_arena *arena, struct rms_grant *grant, const char *text)
{
    char address[RMS_ADDRESS_MAX];
    const char *domain;

    if (text == NULL) {
        return RMS_E_BAD_ARGUMENT;
    }
    if (rms_text_equal_nocase(text, ANY_AUTHENTICATED)) {
        return set_word(grant, RMS_PRINCIPAL_ANYONE);
    }
    if (rms_text_equal_nocase(text, LICENCE_OWNER)) {
        return set_word(grant, RMS_PRINCIPAL_OWNER);
    }
    if (strchr(text, '@') == NULL) {
        RMS_TRY(normalise_domain(text, address));
        return set_address(arena, grant, RMS_PRINCIPAL_DOMAIN, address);
    }
    RMS_TRY(rms_address_normalise(text, address));
    domain = all_staff_domain(address);
    if (domain == NULL) {
        return set_address(arena, grant, RMS_PRINCIPAL_ADDRESS, address);
    }
    RMS_TRY(normalise_domain(domain, address));
    return set_address(arena, grant, RMS_PRINCIPAL_DOMAIN, address);
}

const char *rms_grant_principal_text(struct rms_arena *arena, const struct rms_grant *grant)
{
    if (grant->principal == RMS_PRINCIPAL_ANYONE) {
        return ANY_AUTHENTICATED;
    }
    if (grant->principal == RMS_PRINCIPAL_OWNER) {
        return LICENCE_OWNER;
    }
    if (grant->principal == RMS_PRINCIPAL_DOMAIN) {
        return rms_arena_printf(arena, RMS_ALL_STAFF "@%s", grant->address);
    }
    return grant->address;
}

int rms_grant_check_principal(const struct rms_grant *grant)
{
    char normal[RMS_ADDRESS_MAX];

    if (grant->principal == RMS_PRINCIPAL_ANYONE || grant->principal == RMS_PRINCIPAL_OWNER) {
        return grant->address == NULL ? 0 : RMS_E_BAD_ARGUMENT;
    }
    if (grant->address == NULL) {
        return RMS_E_BAD_ARGUMENT;
    }
    if (grant->principal == RMS_PRINCIPAL_DOMAIN) {
        RMS_TRY(normalise_domain(grant->address, normal));
    } else if (grant->principal == RMS_PRINCIPAL_ADDRESS && all_staff_domain(grant->address) == NULL) {
        RMS_TRY(rms_address_normalise(grant->address, normal));
    } else {
        return RMS_E_BAD_ARGUMENT;
    }
    return strcmp(normal, grant->address) == 0 ? 0 : RMS_E_BAD_ARGUMENT;
}
