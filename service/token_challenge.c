#include "service/token_challenge.h"

#include "crypto/base64.h"
#include "service/signin_core.h"
#include "service/tenant.h"
#include "service/token.h"

static bool fits(const char *value)
{
    for (const char *c = value; *c != '\0'; c++) {
        if (*c <= ' ' || *c == 0x7f || strchr(",=\"\\", *c) != NULL) {
            return false;
        }
    }
    return value[0] != '\0';
}

int rms_challenge_write(const struct rms_challenge *challenge, struct rms_buf *out)
{
    if (!fits(challenge->authority) || !fits(challenge->realm) || !fits(challenge->resource)) {
        return RMS_E_BAD_ARGUMENT;
    }
    rms_buf_printf(out, "Bearer authorization_uri=\"%s\", realm=\"%s\", resource=\"%s\"",
        challenge->authority, challenge->realm, challenge->resource);
    return rms_buf_status(out);
}

int rms_challenge_guid(const char *url, size_t index, char guid_out[RMS_GUID_TEXT])
{
    static const char separators[] = "/.:?&=";

    while (*url != '\0') {
        size_t run = strcspn(url, separators);

        if (rms_guid_parse(rms_view_of(url, run), guid_out) == 0 && index-- == 0) {
            return 0;
        }
        url += run + strspn(url + run, separators);
    }
    return RMS_E_NOT_FOUND;
}

#define GUIDS_TRIED 4u /* each may pin a tenant */

static const struct rms_live_tenant *of_url(struct rms_request *request, const char *url)
{
    const struct rms_live_tenant *tenant = NULL;
    char guid[RMS_GUID_TEXT];

    for (size_t i = 0; url != NULL && tenant == NULL && i < GUIDS_TRIED; i++) {
        if (rms_challenge_guid(url, i, guid) != 0) {
            return NULL;
        }
        tenant = rms_request_tenant(request, guid);
    }
    return tenant;
}

/* text: base64 of the little-endian modulus, as it stands in the licence. */
static const struct rms_live_tenant *of_key(struct rms_request *request, const char *text)
{
    RMS_BUF_CLEANUP struct rms_buf modulus = RMS_BUF_INIT(RMS_RSA_BYTES_MAX);
    const struct rms_live_tenant *tenant = NULL;
    const struct rms_live_key *key;
    struct rms_rsa_public public_key;

    if (text == NULL || rms_base64_decode(rms_view_str(text), &modulus) != 0 ||
        rms_rsa_public_set(&public_key, rms_buf_view(&modulus)) != 0 ||
        rms_request_tenant_of_key(request, &public_key, &tenant, &key) != 0) {
        return NULL;
    }
    return tenant;
}

/* Whose content it is, surest first. */
static const struct rms_live_tenant *of_content(struct rms_request *request)
{
    const struct rms_live_tenant *tenant = of_key(request, rms_request_header(request, "x-ms-rms-slc-key"));

    if (tenant == NULL) {
        tenant = of_url(request, rms_request_header(request, "x-ms-rms-service-url"));
    }
    if (tenant == NULL) {
        tenant = of_url(request, rms_request_query(request, "service"));
    }
    return tenant != NULL ? tenant : rms_request_only_tenant(request);
}

/* The authority for the person of the address, NULL: not told by it. A domain that is no tenant's may be that
 * of a partner of the one whose content it is (S-268). S-318: as many domains as anybody likes to try tell
 * nothing: past the limit all get the neutral authority, which serves everybody. */
static const char *of_address(struct rms_front *front, struct rms_request *request, const char *address)
{
    struct rms_limit *limit = front->signin != NULL ? front->signin->limit : NULL;
    const struct rms_live_tenant *tenant = rms_request_tenant_of_address(request, address);
    const struct rms_live_tenant *content = tenant == NULL ? of_content(request) : NULL;
    const char *authority = tenant != NULL
                                ? rms_arena_printf(request->arena, "%s/%s", front->base_url, tenant->row.id)
                            : content != NULL ? rms_token_home(request, content->row.id, address)
                                              : NULL;
    char network[RMS_NETWORK_TEXT];

    if (limit == NULL) {
        return authority;
    }
    rms_signin_network(request->client_ip, network);
    if (authority == NULL) {
        rms_limit_fail(limit, RMS_LIMIT_DOMAIN, network, request->now);
    }
    return rms_limit_wait(limit, RMS_LIMIT_DOMAIN, network, request->now) > 0 ? NULL : authority;
}

static const char *authority_of(struct rms_front *front, struct rms_request *request)
{
    const char *address = rms_request_query(request, "email");
    const char *authority = address != NULL ? of_address(front, request, address) : NULL;
    const struct rms_live_tenant *tenant = authority == NULL ? of_content(request) : NULL;

    return authority != NULL ? authority
                             : rms_arena_printf(request->arena, "%s/%s", front->base_url,
                                   tenant != NULL ? tenant->row.id : RMS_AUTHORITY_COMMON);
}

int rms_token_challenge(struct rms_front *front, struct rms_request *request, const char **value_out)
{
    const char *authority = authority_of(front, request);
    RMS_BUF_CLEANUP struct rms_buf value = RMS_BUF_INIT(4096);
    struct rms_challenge challenge = {
        .authority = authority != NULL ? rms_arena_printf(request->arena, "%s%soauth2/authorize", authority,
                                             authority[strlen(authority) - 1] == '/' ? "" : "/")
                                       : NULL,
        .realm = front->host,
        .resource = rms_arena_printf(request->arena, "%s/", front->base_url),
    };

    if (challenge.authority == NULL || challenge.resource == NULL) {
        return RMS_E_NO_MEMORY;
    }
    RMS_TRY(rms_challenge_write(&challenge, &value));
    rms_buf_append_str(&value, request->step_up != NULL ? request->step_up : "");
    RMS_TRY(rms_buf_status(&value));
    *value_out = rms_arena_text(request->arena, rms_buf_view(&value));
    return *value_out != NULL ? 0 : RMS_E_NO_MEMORY;
}
