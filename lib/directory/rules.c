#include "directory/rules.h"

static const char *const reasons[] = {
    [RMS_PROXY_EMPTY] = "empty value",
    [RMS_PROXY_PREFIX] = "not an SMTP address",
    [RMS_PROXY_SHAPE] = "not an e-mail address",
};

static const char not_verified[] = "domain not verified";
static const char upn_unused[] = "not used: proxyAddresses is not empty";

bool rms_domain_is_verified(const struct rms_tenant *tenant, const char *address)
{
    const char *domain = rms_address_domain(address);

    for (size_t i = 0; i < tenant->domain_count; i++) {
        if (strcmp(tenant->domains[i], domain) == 0) {
            return true;
        }
    }
    return false;
}

/* A guest comes from elsewhere: his domain is not ours to verify (S-051). An application's is made here. */
static bool authorises(
    const struct rms_account *account, const struct rms_tenant *tenant, const char *address)
{
    return account->guest || rms_account_is_app(account) || rms_domain_is_verified(tenant, address);
}

static void ignore(struct rms_addresses *addresses, const char *value, const char *reason)
{
    addresses->ignored[addresses->ignored_count++] = (struct rms_ignored_value){value, reason};
}

static bool is_usable(const struct rms_addresses *addresses, const char *address)
{
    for (size_t i = 0; i < addresses->usable_count; i++) {
        if (strcmp(addresses->usable[i], address) == 0) {
            return true;
        }
    }
    return false;
}

/* The first SMTP: value is the primary one; without any, the first that authorises stands in. */
static int add_usable(
    struct rms_arena *arena, struct rms_addresses *addresses, const char *address, bool is_primary)
{
    const char *copy;

    if (is_usable(addresses, address)) {
        return 0;
    }
    copy = rms_arena_strdup(arena, address);
    if (copy == NULL) {
        return RMS_E_NO_MEMORY;
    }
    addresses->usable[addresses->usable_count++] = copy;
    if (is_primary || addresses->primary == NULL) {
        addresses->primary = copy;
    }
    return 0;
}

/* has_values: something is entered at all, so that the UPN does not count (S-037). */
static int add_proxies(struct rms_arena *arena, const struct rms_account *account,
    const struct rms_tenant *tenant, struct rms_addresses *addresses, bool *has_values)
{
    char address[RMS_ADDRESS_MAX];
    bool primary_seen = false;

    for (size_t i = 0; i < account->proxy_address_count; i++) {
        enum rms_proxy kind = rms_proxy_parse(account->proxy_addresses[i], address);
        bool primary = kind == RMS_PROXY_PRIMARY && !primary_seen;

        *has_values = *has_values || kind != RMS_PROXY_EMPTY;
        if (kind >= RMS_PROXY_EMPTY) {
            ignore(addresses, account->proxy_addresses[i], reasons[kind]);
        } else if (!authorises(account, tenant, address)) {
            ignore(addresses, account->proxy_addresses[i], not_verified);
        } else {
            RMS_TRY(add_usable(arena, addresses, address, primary));
            primary_seen = primary_seen || primary;
        }
    }
    return 0;
}

static int add_upn(struct rms_arena *arena, const struct rms_account *account,
    const struct rms_tenant *tenant, struct rms_addresses *addresses, bool has_values)
{
    char address[RMS_ADDRESS_MAX];

    if (rms_address_normalise(account->upn, address) < 0) {
        ignore(addresses, account->upn, reasons[RMS_PROXY_SHAPE]);
        return 0;
    }
    if (is_usable(addresses, address)) {
        return 0;
    }
    if (!authorises(account, tenant, address)) {
        ignore(addresses, account->upn, not_verified);
        return 0;
    }
    if (has_values) {
        ignore(addresses, account->upn, upn_unused);
        return 0;
    }
    return add_usable(arena, addresses, address, true);
}

int rms_addresses_of(struct rms_arena *arena, const struct rms_account *account,
    const struct rms_tenant *tenant, struct rms_addresses *addresses_out)
{
    size_t room = account->proxy_address_count + 1;
    bool has_values = false;

    *addresses_out = (struct rms_addresses){
        .usable = rms_arena_array(arena, room, sizeof *addresses_out->usable),
        .ignored = rms_arena_array(arena, room, sizeof *addresses_out->ignored),
    };
    if (addresses_out->usable == NULL || addresses_out->ignored == NULL) {
        return RMS_E_NO_MEMORY;
    }
    RMS_TRY(add_proxies(arena, account, tenant, addresses_out, &has_values));
    return add_upn(arena, account, tenant, addresses_out, has_values);
}
