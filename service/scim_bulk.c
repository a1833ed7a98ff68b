/* Many operations in one request (RFC 7644 3.7), each by itself: one that fails is undone and leaves the
 * others. They are committed in parts, so that other writers get their turn. */
#include "base/json.h"
#include "base/text.h"
#include "service/rest_write.h"
#include "service/scim_core.h"
#include "store/admin_log.h"

#define PART 500 /* operations of one transaction */

struct bulk {
    struct rms_scim call; /* of the whole request */
    json_t *ids;          /* bulkId to id */
    int64_t errors;
    int64_t fail_on; /* 0: never */
    size_t done;
    struct rms_buf *out;
};

struct operation {
    const char *method;
    const char *bulk_id; /* NULL: none */
    const json_t *data;
    const struct rms_scim_resource *resource;
    const char *id; /* of the path; NULL for POST */
};

/* "/Users", "/Users/ID" or "/Users/bulkId:x" */
static int take_path(struct bulk *bulk, struct rms_scim *scim, const char *path, struct operation *op)
{
    static const struct rms_scim_resource *const resources[] = {&rms_scim_users, &rms_scim_groups};
    for (size_t i = 0; i < sizeof resources / sizeof resources[0]; i++) {
        size_t len = strlen(resources[i]->endpoint);
        if (path[0] != '/' || strncmp(path + 1, resources[i]->endpoint, len) != 0) {
            continue;
        }
        const char *rest = path + 1 + len;
        if (rest[0] == '\0' || (rest[0] == '/' && rest[1] != '\0')) {
            op->resource = resources[i];
            op->id = rest[0] == '/' ? rest + 1 : NULL;
        }
    }
    if (op->id != NULL && strncmp(op->id, "bulkId:", 7) == 0) {
        op->id = json_string_value(json_object_get(bulk->ids, op->id + 7));
    }
    bool whole = op->resource != NULL && (op->id == NULL) == rms_text_equal_nocase(op->method, "POST");
    return whole ? RMS_OK
                 : rms_scim_refuse(scim, RMS_E_BAD_ARGUMENT, "invalidPath", "path: not /Users or /Groups");
}

static int take_operation(struct bulk *bulk, struct rms_scim *scim, const json_t *json, struct operation *op)
{
    const json_t *path = rms_scim_member(json, "path");
    const char *text = NULL;
    op->data = rms_scim_member(json, "data");
    RMS_TRY(rms_scim_text(scim, "method", rms_scim_member(json, "method"), &op->method));
    RMS_TRY(rms_scim_text(scim, "path", path, &text));
    if (rms_scim_member(json, "bulkId") != NULL) {
        RMS_TRY(rms_scim_text(scim, "bulkId", rms_scim_member(json, "bulkId"), &op->bulk_id));
    }
    RMS_TRY(take_path(bulk, scim, text, op));
    if (!json_is_object(op->data) && !rms_text_equal_nocase(op->method, "DELETE")) {
        return rms_scim_bad(scim, "data", "not an object");
    }
    return RMS_OK;
}

static int perform(struct bulk *bulk, struct rms_scim *scim, struct operation *op, int *status_out)
{
    *status_out = 200;
    if (rms_text_equal_nocase(op->method, "POST")) {
        *status_out = 201;
        RMS_TRY(op->resource->add(scim, op->data, NULL, &op->id));
        if (op->bulk_id != NULL && json_object_set_new(bulk->ids, op->bulk_id, json_string(op->id)) < 0) {
            return RMS_E_NO_MEMORY;
        }
        return RMS_OK;
    }
    if (rms_text_equal_nocase(op->method, "PUT")) {
        return op->resource->put(scim, op->id, op->data, NULL);
    }
    if (rms_text_equal_nocase(op->method, "PATCH")) {
        return op->resource->patch(scim, op->id, op->data, NULL);
    }
    if (rms_text_equal_nocase(op->method, "DELETE")) {
        *status_out = 204;
        return op->resource->remove(scim, op->id);
    }
    return rms_scim_bad(scim, "method", "not POST, PUT, PATCH or DELETE");
}

/* A row for each change, in its transaction: the log says what the directory did, not only how much. */
static int log_done(const struct rms_scim *scim, const struct operation *op)
{
    const struct rms_request *request = scim->request;
    const struct rms_admin_row row = {
        .tenant_id = scim->tenant_id,
        .time = request->now,
        .actor = request->actor,
        .command = rms_arena_printf(
            scim->arena, "ScimBulk %s %s %s", op->method, op->resource->endpoint, scim->done),
        .passed = true,
        .result = "True",
        .correlation_id = request->correlation,
    };
    return row.command != NULL ? rms_admin_log_append(scim->db, &row) : RMS_E_NO_MEMORY;
}

static int run(struct bulk *bulk, struct rms_scim *scim, const json_t *json, struct operation *op)
{
    int status = 0;
    RMS_TRY(take_operation(bulk, scim, json, op));
    RMS_TRY(perform(bulk, scim, op, &status));
    RMS_TRY(log_done(scim, op));
    return status;
}

static void write_result(struct bulk *bulk, const struct rms_scim *scim, const struct operation *op, int code)
{
    struct rms_buf *out = bulk->out;
    rms_out_open(out, NULL, '{');
    rms_out_text(out, "method", op->method);
    if (op->bulk_id != NULL) {
        rms_out_text(out, "bulkId", op->bulk_id);
    }
    if (op->resource != NULL && op->id != NULL) {
        rms_out_text(out, "location",
            rms_arena_printf(scim->arena, "%s/%s/%s", scim->base, op->resource->endpoint, op->id));
    }
    int status = code;
    if (code < 0) {
        rms_buf_append_str(out, ",\"response\":");
        RMS_BUF_CLEANUP struct rms_buf error = RMS_BUF_INIT(16384);
        status = rms_scim_write_error(scim, code, &error);
        rms_buf_append_view(out, rms_buf_view(&error));
    }
    rms_buf_printf(out, ",\"status\":\"%d\"", status);
    rms_out_close(out, '}');
}

/* Failures that concern the store and not the operation end the whole request. */
static bool ends_all(int code)
{
    static const int codes[] = {RMS_E_NO_MEMORY, RMS_E_NO_SPACE, RMS_E_IO, RMS_E_DAMAGED, RMS_E_PERMISSION,
        RMS_E_UNREACHABLE, RMS_E_THROTTLED, RMS_E_INTERNAL};
    for (size_t i = 0; i < sizeof codes / sizeof codes[0]; i++) {
        if (code == codes[i]) {
            return true;
        }
    }
    return false;
}

static int run_one(struct bulk *bulk, const json_t *json)
{
    RMS_ARENA_CLEANUP struct rms_arena *arena = rms_arena_new(64u * 1024 * 1024);
    struct rms_scim scim = bulk->call;
    struct operation op = {0};
    if (arena == NULL) {
        return RMS_E_NO_MEMORY;
    }
    scim.arena = arena;
    scim.bulk_ids = bulk->ids;
    RMS_TRY(rms_db_begin(scim.db));
    int code = rms_db_end(scim.db, run(bulk, &scim, json, &op));
    if (ends_all(code)) {
        return code;
    }
    if (code < 0) {
        bulk->errors++;
    } else {
        bulk->call.regroup = bulk->call.regroup || scim.regroup;
    }
    write_result(bulk, &scim, &op, code);
    bulk->done++;
    return RMS_OK;
}

static int run_part(struct bulk *bulk, const json_t *operations)
{
    size_t count = json_array_size(operations);
    size_t end = count - bulk->done > PART ? bulk->done + PART : count;
    while (bulk->done < end && (bulk->fail_on == 0 || bulk->errors < bulk->fail_on)) {
        RMS_TRY(run_one(bulk, json_array_get(operations, bulk->done)));
    }
    return RMS_OK;
}

static int run_all(struct bulk *bulk, const json_t *operations)
{
    size_t count = json_array_size(operations);
    struct rms_scim *call = &bulk->call;
    while (bulk->done < count && (bulk->fail_on == 0 || bulk->errors < bulk->fail_on)) {
        RMS_TRY(rms_db_begin(call->db));
        RMS_TRY(rms_scim_commit(call, run_part(bulk, operations)));
        call->regroup = false;
    }
    return RMS_OK;
}

static int check(struct bulk *bulk, const json_t *body, const json_t **operations_out)
{
    struct rms_scim *call = &bulk->call;
    const json_t *fail_on = rms_scim_member(body, "failOnErrors");
    *operations_out = rms_scim_member(body, "Operations");
    if (!json_is_array(*operations_out)) {
        return rms_scim_refuse(call, RMS_E_BAD_ARGUMENT, "invalidSyntax", "Operations: not a list");
    }
    if (json_array_size(*operations_out) > RMS_SCIM_BULK_MAX) {
        return rms_scim_refuse(call, RMS_E_LIMIT, "tooMany", "Operations: at most 10000");
    }
    if (fail_on != NULL && (!json_is_integer(fail_on) || json_integer_value(fail_on) < 0)) {
        return rms_scim_bad(call, "failOnErrors", "not a number");
    }
    bulk->fail_on = json_integer_value(fail_on);
    return RMS_OK;
}

static int run_bulk(struct bulk *bulk, const json_t *body)
{
    const json_t *operations = NULL;
    struct rms_buf *out = bulk->out;
    RMS_TRY(check(bulk, body, &operations));
    rms_out_open(out, NULL, '{');
    rms_out_open(out, "schemas", '[');
    rms_out_text(out, NULL, "urn:ietf:params:scim:api:messages:2.0:BulkResponse");
    rms_out_close(out, ']');
    rms_out_open(out, "Operations", '[');
    RMS_TRY(run_all(bulk, operations));
    rms_out_close(out, ']');
    rms_out_close(out, '}');
    bulk->call.done = rms_arena_printf(
        bulk->call.arena, "-Operations %zu -Failed %lld", bulk->done, (long long)bulk->errors);
    return RMS_OK;
}

int rms_scim_bulk(struct rms_front *front, struct rms_request *request, struct rms_reply *reply)
{
    RMS_JSON_CLEANUP json_t *body = NULL;
    RMS_JSON_CLEANUP json_t *ids = json_object();
    struct bulk bulk = {.out = &reply->body, .ids = ids};
    RMS_TRY(rms_scim_begin(front, request, &bulk.call));
    int rc = ids != NULL ? rms_scim_body(&bulk.call, &body) : RMS_E_NO_MEMORY;
    if (rc == RMS_OK) {
        rc = run_bulk(&bulk, body);
    }
    return rms_scim_end(&bulk.call, rc, reply);
}
