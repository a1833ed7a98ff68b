/* Proving an address by mail: passcodes and sign-up links. What a person sees, and how long it takes, is the
 * same for every address; whether anybody has it is looked at when the mail is written (mail_proof.c). */
#include "base/text.h"
#include "crypto/password.h"
#include "service/settings.h"
#include "service/signin_core.h"
#include "store/proof.h"

bool rms_signin_mail_on(const struct rms_front *front)
{
    return front->settings != NULL && front->settings->mail[0] != '\0';
}

static int throttled(struct rms_request *request, struct rms_signin_proof *proof)
{
    proof->wait_s = RMS_LIMIT_WINDOW_S;
    return rms_fail(request, RMS_E_THROTTLED, "sign-in: too many mails asked for");
}

/* Every one counts: there is no success that could be told. */
static int count_network(struct rms_front *front, struct rms_request *request, struct rms_signin_proof *proof)
{
    struct rms_limit *limit = front->signin->limit;
    char network[RMS_NETWORK_TEXT];

    rms_signin_network(request->client_ip, network);
    if (rms_limit_wait(limit, RMS_LIMIT_MAIL, network, request->now) > 0) {
        return throttled(request, proof);
    }
    rms_limit_fail(limit, RMS_LIMIT_MAIL, network, request->now);
    return 0;
}

int rms_signin_mail_ask(
    struct rms_front *front, struct rms_request *request, int64_t valid_s, struct rms_signin_proof *proof)
{
    char id[RMS_GUID_TEXT];
    int status;

    rms_guid_new(id);
    proof->id = rms_arena_strdup(request->arena, id);
    if (proof->id == NULL) {
        return RMS_E_NO_MEMORY;
    }
    status = count_network(front, request, proof);
    if (status == 0) {
        const struct rms_proof row = {.id = id,
            .tenant_id = proof->tenant->row.id,
            .kind = proof->kind,
            .address = proof->address,
            .created_at = request->now,
            .expires_at = request->now + valid_s};

        status = rms_proof_begin(request->worker->db, &row);
        status = status == RMS_E_THROTTLED ? throttled(request, proof) : status;
    }
    rms_signin_log(request, "signin.mail-asked", proof->address, status);
    return status;
}

/* A try is counted before the secret is looked at; without a proof the same hash is computed for nothing. */
static int check(struct rms_request *request, struct rms_signin_proof *proof, const char *secret)
{
    struct rms_db *db = request->worker->db;
    const struct rms_proof key = {.id = proof->id, .tenant_id = proof->tenant->row.id, .kind = proof->kind};
    struct rms_proof row = {0};
    int status = rms_proof_get(db, request->arena, &key, &row);

    if (status == 0) {
        proof->address = row.address;
        status = rms_proof_try(db, proof->id, request->now);
    }
    if (status != 0 && status != RMS_E_NOT_FOUND) {
        return status;
    }
    if (!rms_password_check(secret, status == 0 ? row.hash : NULL) || row.hash == NULL || status != 0) {
        return RMS_E_NOT_AUTHENTICATED;
    }
    status = rms_proof_take(db, proof->id, request->now);
    return status == RMS_E_NOT_FOUND ? RMS_E_NOT_AUTHENTICATED : status;
}

int rms_signin_mail_check(
    struct rms_front *front, struct rms_request *request, struct rms_signin_proof *proof, const char *secret)
{
    struct rms_limit *limit = front->signin->limit;
    char network[RMS_NETWORK_TEXT];
    int status;

    proof->address = NULL;
    rms_signin_network(request->client_ip, network);
    proof->wait_s = rms_limit_wait(limit, RMS_LIMIT_NETWORK, network, request->now);
    if (proof->wait_s > 0) {
        status = rms_fail(request, RMS_E_THROTTLED, "sign-in: too many wrong codes");
    } else {
        status = rms_gate_enter(front->signin->gate);
        if (status == 0) {
            status = check(request, proof, secret);
            rms_gate_leave(front->signin->gate);
        }
    }
    if (status == RMS_E_NOT_AUTHENTICATED) {
        rms_limit_fail(limit, RMS_LIMIT_NETWORK, network, request->now);
        status = rms_fail(request, status, "sign-in: wrong, used or expired code");
    }
    rms_signin_log(
        request, "signin.mail-proof", proof->address != NULL ? proof->address : proof->typed, status);
    return status;
}
