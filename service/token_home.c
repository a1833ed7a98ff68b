#include "service/token_home.h"

#include "base/text.h"

static bool speaks_for(const struct rms_issuer *issuer, const char *domain)
{
    for (size_t i = 0; i < issuer->domain_count; i++) {
        if (strcmp(issuer->domains[i], domain) == 0) {
            return true;
        }
    }
    return false;
}

const struct rms_issuer *rms_home_issuer(
    const struct rms_issuers *issuers, const char *tenant_id, const char *domain)
{
    for (size_t i = 0; i < issuers->count; i++) {
        const struct rms_issuer *issuer = &issuers->items[i];

        if (issuer->guests && strcmp(issuer->tenant_id, tenant_id) == 0 && speaks_for(issuer, domain)) {
            return issuer;
        }
    }
    return NULL;
}

/* What is no address names nobody, and is passed over as in matching. */
static bool outside(const struct rms_issuer *issuer, const char *value)
{
    char address[RMS_ADDRESS_MAX];

    return value != NULL && rms_proxy_parse(value, address) < RMS_PROXY_EMPTY &&
           !speaks_for(issuer, rms_address_domain(address));
}

static int check_domains(
    struct rms_request *request, const struct rms_issuer *issuer, const struct rms_claims *claims)
{
    bool wrong = outside(issuer, claims->email) || outside(issuer, claims->upn) ||
                 outside(issuer, claims->preferred_username);

    for (size_t i = 0; i < claims->proxy_address_count && !wrong; i++) {
        wrong = outside(issuer, claims->proxy_addresses[i]);
    }
    return wrong && issuer->domain_count > 0
               ? rms_fail(request, RMS_E_NOT_AUTHENTICATED, "token: an address outside its issuer's domains")
               : 0;
}

/* created_at is long ago: how long the address has been his, his home knows (S-042 is about accounts here).
 */
static int make_guest(
    struct rms_request *request, const struct rms_issuer *issuer, const struct rms_claims *claims)
{
    char id[RMS_GUID_TEXT];
    char address[RMS_ADDRESS_MAX];
    const char *name = claims->email != NULL ? claims->email : claims->upn;
    const char *proxy = address;
    const struct rms_account account = {.id = id,
        .tenant_id = issuer->tenant_id,
        .upn = address,
        .enabled = true,
        .guest = true,
        .proxy_addresses = &proxy,
        .proxy_address_count = 1};
    int status;

    if (name == NULL || rms_address_normalise(name, address) != 0) {
        return rms_fail(request, RMS_E_NOT_AUTHENTICATED, "token: names no address");
    }
    rms_guid_new(id);
    status = rms_account_create(request->worker->db, &account, NULL);
    return status == RMS_E_CONFLICT ? 0 : status; /* another request was first */
}

int rms_home_person(struct rms_request *request, const struct rms_issuer *issuer,
    const struct rms_claims *claims, const struct rms_directory_person **person_out)
{
    struct rms_directory *directory = request->worker->front->directory;
    struct rms_db *db = request->worker->db;
    int status;

    RMS_TRY(check_domains(request, issuer, claims));
    status = rms_directory_match_claims(directory, db, issuer->tenant_id, claims, person_out);
    if (status == RMS_E_NOT_AUTHENTICATED && issuer->guests) {
        RMS_TRY(make_guest(request, issuer, claims));
        status = rms_directory_match_claims(directory, db, issuer->tenant_id, claims, person_out);
    }
    if (status == 0 && issuer->guests && !(*person_out)->guest) {
        rms_directory_unref(person_out);
        return rms_fail(request, RMS_E_NOT_AUTHENTICATED, "token: its issuer speaks for guests only");
    }
    return status == RMS_E_NOT_AUTHENTICATED ? rms_fail(request, status, "token: names no account here")
                                             : status;
}

void rms_home_tell(struct rms_request *request, const char *email)
{
    char address[RMS_ADDRESS_MAX];

    if (email != NULL && rms_address_normalise(email, address) == 0) {
        request->told = rms_arena_printf(
            request->arena, "sign-ins of %s are not trusted here", rms_address_domain(address));
    }
}
