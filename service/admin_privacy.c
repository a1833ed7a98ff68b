/* Everything that is stored about one address, and taking it away (S-322, S-324). The searched address stays
 * out of the admin log. */
#include "base/text.h"
#include "service/admin_privacy.h"
#include "service/rest_write.h"
#include "service/usage.h"
#include "service/usage_sign.h"
#include "store/privacy.h"
#include "store/usage_remove.h"

#define FLUSH_MS 10000

static int read_address(struct rms_request *request, const char *text, char address[RMS_ADDRESS_MAX])
{
    return text != NULL && rms_address_normalise(text, address) == RMS_OK
               ? RMS_OK
               : rms_fail(request, RMS_E_BAD_ARGUMENT, "address: not an address");
}

/* --- showing ---------------------------------------------------------------------------------------------
 */

static void write_cell(struct rms_buf *out, const struct rms_privacy_cell *cell)
{
    switch (cell->kind) {
    case RMS_PRIVACY_TEXT:
        rms_out_text(out, cell->name, cell->text);
        break;
    case RMS_PRIVACY_NUMBER:
        rms_out_int(out, cell->name, cell->number);
        break;
    case RMS_PRIVACY_TIME:
        rms_out_time(out, cell->name, cell->number);
        break;
    case RMS_PRIVACY_FLAG:
        rms_out_bool(out, cell->name, cell->number != 0);
        break;
    }
}

static int write_row(const struct rms_privacy_cell *cells, size_t count, void *context)
{
    struct rms_buf *out = context;
    rms_out_open(out, NULL, '{');
    for (size_t i = 0; i < count; i++) {
        write_cell(out, &cells[i]);
    }
    rms_out_close(out, '}');
    return out->failed ? RMS_E_LIMIT : RMS_OK;
}

struct listing {
    struct rms_buf *out;
    bool any;
};

/* The rows' own form ends each with a line end. */
static int write_usage(const struct rms_usage_row *row, void *context)
{
    struct listing *list = context;
    if (list->any) {
        rms_buf_append_byte(list->out, ',');
    }
    list->any = true;
    rms_usage_json_row(list->out, row);
    return list->out->failed ? RMS_E_LIMIT : RMS_OK;
}

/* What a service cannot look into. */
static const char *const elsewhere[] = {
    "licences inside protected files name owner and grants; whoever has the files protects them anew",
    "the client's log and store on the devices of the person (rms reset); the service keeps no client logs",
    "backups, and logs that were exported or streamed",
};

static int write_all(
    struct rms_request *request, const struct rms_tenant *tenant, const char *address, struct rms_buf *out)
{
    struct rms_usage_query query = {.tenant_id = tenant->id,
        .from = RMS_TIME_NONE,
        .to = RMS_TIME_NONE,
        .user_id = address,
        .about = true};
    struct listing list = {.out = out};
    rms_out_open(out, NULL, '{');
    rms_out_text(out, "Address", address);
    rms_out_time(out, "Time", request->now);
    for (unsigned i = 0; i < RMS_PRIVACY_PLACES; i++) {
        rms_out_open(out, rms_privacy_name((enum rms_privacy_place)i), '[');
        RMS_TRY(rms_privacy_read(
            request->worker->db, (enum rms_privacy_place)i, tenant->id, address, write_row, out));
        rms_out_close(out, ']');
    }
    rms_out_open(out, "UsageLog", '[');
    RMS_TRY(rms_usage_read(request->worker->db, &query, write_usage, &list));
    rms_out_close(out, ']');
    rms_out_texts(out, "NotHere", elsewhere, sizeof elsewhere / sizeof elsewhere[0]);
    rms_out_close(out, '}');
    rms_buf_append_byte(out, '\n');
    return RMS_OK;
}

int rms_admin_privacy_show(struct rms_front *front, struct rms_request *request, struct rms_reply *reply)
{
    struct rms_tenant tenant;
    char address[RMS_ADDRESS_MAX];
    RMS_TRY(rms_admin_tenant(request, &tenant));
    RMS_TRY(read_address(request, rms_request_query(request, "about"), address));
    rms_usage_flush(front->usage, FLUSH_MS);
    int rc = write_all(request, &tenant, address, &reply->body);
    return rc == RMS_E_LIMIT
               ? rms_fail(request, rc, "too many rows for one answer: rms admin log usage --about")
               : rc;
}

/* --- taking away -----------------------------------------------------------------------------------------
 */

static int count_row(const struct rms_privacy_cell *cells, size_t count, void *context)
{
    int64_t *rows = context;
    (void)cells;
    (void)count;
    ++*rows;
    return RMS_OK;
}

/* How many rows name the person still, by place: they have commands of their own, or stay for a reason. */
int rms_admin_privacy_rest_write(
    struct rms_request *request, const char *tenant_id, const char *address, struct rms_buf *out)
{
    rms_out_open(out, "Remaining", '{');
    for (unsigned i = 0; i < RMS_PRIVACY_PLACES; i++) {
        enum rms_privacy_place place = (enum rms_privacy_place)i;
        int64_t rows = 0;
        RMS_TRY(rms_privacy_read(request->worker->db, place, tenant_id, address, count_row, &rows));
        if (rows > 0) {
            rms_out_int(out, rms_privacy_name(place), rows);
        }
    }
    rms_out_close(out, '}');
    rms_out_texts(out, "NotHere", elsewhere, sizeof elsewhere / sizeof elsewhere[0]);
    return RMS_OK;
}

static int read_twice(struct rms_request *request, char address[RMS_ADDRESS_MAX])
{
    static const char *const names[] = {"Person", "Confirm", NULL};
    RMS_ADMIN_BODY_CLEANUP struct rms_admin_body body = {0};
    char again[RMS_ADDRESS_MAX];
    const char *texts[2] = {NULL, NULL};
    RMS_TRY(rms_admin_body(request, names, &body));
    for (size_t i = 0; i < 2; i++) {
        int rc = rms_admin_need(&body, names[i], RMS_ADDRESS_MAX, &texts[i]);
        if (rc < 0) {
            return rms_admin_fail(request, &body, rc);
        }
    }
    RMS_TRY(read_address(request, texts[0], address));
    RMS_TRY(read_address(request, texts[1], again));
    return strcmp(address, again) == 0
               ? RMS_OK
               : rms_fail(request, RMS_E_BAD_ARGUMENT, "Confirm: not the same address once more");
}

int rms_admin_privacy_delete(struct rms_front *front, struct rms_request *request, struct rms_reply *reply)
{
    struct rms_worker *worker = request->worker;
    struct rms_usage_signer signer;
    struct rms_tenant tenant;
    char address[RMS_ADDRESS_MAX];
    uint64_t usage = 0;
    int64_t others = 0;
    RMS_TRY(rms_admin_tenant(request, &tenant));
    RMS_TRY(read_twice(request, address));
    rms_usage_signer_init(&signer, worker->db, worker->keys);
    const struct rms_usage_removal removal = {
        .db = worker->db, .signer = &signer.signer, .tenant_id = tenant.id, .now = request->now};
    rms_usage_flush(front->usage, FLUSH_MS);
    RMS_TRY(rms_usage_erase(&removal, address, &usage));
    RMS_TRY(rms_privacy_remove(worker->db, tenant.id, address, &others));
    request->note.detail = rms_arena_printf(
        request->arena, "%llu usage rows, %lld others", (unsigned long long)usage, (long long)others);
    rms_out_open(&reply->body, NULL, '{');
    rms_out_int(&reply->body, "UsageRows", (int64_t)usage);
    rms_out_int(&reply->body, "OtherRows", others);
    RMS_TRY(rms_admin_privacy_rest_write(request, tenant.id, address, &reply->body));
    rms_out_close(&reply->body, '}');
    return RMS_OK;
}
