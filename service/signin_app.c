#include "service/signin_app.h"

#include "service/signin_core.h"
#include "store/app.h"

#define PREFIX "rms_app_"

void rms_app_secret_new(char secret_out[RMS_APP_SECRET_TEXT])
{
    char opaque[RMS_OPAQUE_TEXT];

    rms_opaque_new(opaque);
    (void)snprintf(secret_out, RMS_APP_SECRET_TEXT, PREFIX "%s", opaque);
    explicit_bzero(opaque, sizeof opaque);
}

void rms_app_secret_hash(const char *secret, uint8_t hash_out[RMS_HASH_MAX])
{
    rms_opaque_hash(secret, hash_out);
}

/* The secret finds its row by hash, so there is nothing to guess at byte by byte; the rest must fit it. */
static int check(struct rms_request *request, struct rms_app_attempt *attempt)
{
    struct rms_app_secret row;
    uint8_t hash[RMS_HASH_MAX];
    char id[RMS_GUID_TEXT];
    int status;

    rms_app_secret_hash(attempt->secret, hash);
    status = rms_app_secret_find(request->worker->db, request->arena, hash, &row);
    if (status == RMS_E_NOT_FOUND) {
        return rms_fail(request, RMS_E_NOT_AUTHENTICATED, "application: unknown secret");
    }
    RMS_TRY(status);
    if (rms_guid_parse(rms_view_str(attempt->client_id), id) != 0 || strcmp(id, row.account_id) != 0) {
        return rms_fail(request, RMS_E_NOT_AUTHENTICATED, "application: the secret of another one");
    }
    if (attempt->tenant != NULL && strcmp(attempt->tenant->row.id, row.tenant_id) != 0) {
        return rms_fail(request, RMS_E_NOT_AUTHENTICATED, "application: of another tenant");
    }
    if (request->now >= row.expires_at) {
        return rms_fail(request, RMS_E_NOT_AUTHENTICATED, "application: the secret has expired");
    }
    attempt->tenant_id = row.tenant_id;
    attempt->account_id = row.account_id;
    return 0;
}

int rms_signin_app(struct rms_front *front, struct rms_request *request, struct rms_app_attempt *attempt)
{
    struct rms_limit *limit = front->signin->limit;
    char network[RMS_NETWORK_TEXT];
    int status;

    rms_signin_network(request->client_ip, network);
    attempt->wait_s = rms_limit_wait(limit, RMS_LIMIT_APP, network, request->now);
    status = attempt->wait_s > 0
                 ? rms_fail(request, RMS_E_THROTTLED, "sign-in: too many wrong secrets from the network")
                 : check(request, attempt);
    if (status == RMS_E_NOT_AUTHENTICATED) {
        rms_limit_fail(limit, RMS_LIMIT_APP, network, request->now);
    }
    rms_signin_log(request, "signin.app", status == 0 ? attempt->account_id : NULL, status);
    return status;
}
