/* From bodies to changes of attributes (RFC 7644 3.5.2), and the handlers of single resources. */
#include "base/json.h"
#include "base/text.h"
#include "service/route.h"
#include "service/scim_core.h"

/* --- attributes ---------------------------------------------------------------------------------------- */

/* What is not kept is read over: directories send far more than is wanted here. */
static int apply_one(const struct rms_scim_target *target, const struct rms_scim_change *change)
{
    const struct rms_scim_attribute *row = target->attributes;
    while (row->name != NULL && strcmp(row->name, change->path.attribute) != 0) {
        row++;
    }
    return row->name != NULL ? row->apply(target->draft, change) : RMS_OK;
}

static int parse_path(const struct rms_scim_target *target, const char *text, struct rms_scim_change *change)
{
    int rc = rms_scim_path_parse(target->scim->arena, text, &change->path);
    if (rc == RMS_E_BAD_ARGUMENT) {
        return rms_scim_refuse(target->scim, rc, "invalidPath", "not a path of an attribute");
    }
    return rc;
}

/* "userName" beside "USERNAME": which one would count? */
static int require_single(const struct rms_scim_target *target, const json_t *object, const char *name)
{
    size_t found = 0;
    const char *key;
    json_t *value;
    json_object_foreach((json_t *)(uintptr_t)object, key, value)
    {
        found += rms_text_equal_nocase(key, name);
    }
    return found == 1 ? RMS_OK
                      : rms_scim_refuse(
                            target->scim, RMS_E_BAD_ARGUMENT, "invalidSyntax", "an attribute is given twice");
}

static int apply_members(const struct rms_scim_target *target, enum rms_scim_op op, const json_t *object)
{
    const char *key;
    json_t *value;
    json_object_foreach((json_t *)(uintptr_t)object, key, value)
    {
        struct rms_scim_change change = {.op = op, .value = json_is_null(value) ? NULL : value};
        if (strlen(key) <= RMS_SCIM_PATH_MAX) {
            RMS_TRY(require_single(target, object, key));
        }
        if (rms_scim_path_parse(target->scim->arena, key, &change.path) < 0) {
            continue; /* a name that no attribute can have */
        }
        if (change.value == NULL) {
            change.op = RMS_SCIM_REMOVE; /* RFC 7643 2.5: null is unassigned */
        }
        if (change.path.attribute[0] == '\0') {
            if (json_is_object(value)) {
                RMS_TRY(apply_members(target, op, value)); /* an extension; it holds no further one */
            }
            continue;
        }
        RMS_TRY(apply_one(target, &change));
    }
    return RMS_OK;
}

/* Attributes of a resource are few; that bounds the comparison of names with each other. */
#define MEMBERS_MAX 200

int rms_scim_apply_object(const struct rms_scim_target *target, enum rms_scim_op op, const json_t *object)
{
    if (json_object_size(object) > MEMBERS_MAX) {
        return rms_scim_refuse(target->scim, RMS_E_BAD_ARGUMENT, "tooMany", "too many attributes");
    }
    return apply_members(target, op, object);
}

/* --- PATCH --------------------------------------------------------------------------------------------- */

static int take_op(struct rms_scim *scim, const json_t *operation, enum rms_scim_op *op_out)
{
    static const char *const names[] = {"add", "replace", "remove"};
    const char *name = json_string_value(rms_scim_member(operation, "op"));
    for (size_t i = 0; name != NULL && i < sizeof names / sizeof names[0]; i++) {
        if (rms_text_equal_nocase(name, names[i])) { /* Entra ID writes Add */
            *op_out = (enum rms_scim_op)i;
            return RMS_OK;
        }
    }
    return rms_scim_refuse(scim, RMS_E_BAD_ARGUMENT, "invalidSyntax", "op: not add, replace or remove");
}

static int apply_operation(const struct rms_scim_target *target, const json_t *operation)
{
    struct rms_scim *scim = target->scim;
    struct rms_scim_change change = {.value = rms_scim_member(operation, "value")};
    const json_t *path = rms_scim_member(operation, "path");
    RMS_TRY(take_op(scim, operation, &change.op));
    if (path == NULL) {
        if (change.op == RMS_SCIM_REMOVE) {
            return rms_scim_refuse(scim, RMS_E_BAD_ARGUMENT, "noTarget", "remove needs a path");
        }
        return json_is_object(change.value)
                   ? rms_scim_apply_object(target, change.op, change.value)
                   : rms_scim_refuse(scim, RMS_E_BAD_ARGUMENT, "invalidValue", "value: not an object");
    }
    if (!json_is_string(path) || strlen(json_string_value(path)) != json_string_length(path)) {
        return rms_scim_refuse(scim, RMS_E_BAD_ARGUMENT, "invalidPath", "path: not a text");
    }
    RMS_TRY(parse_path(target, json_string_value(path), &change));
    if (change.path.attribute[0] == '\0') {
        return json_is_object(change.value) ? rms_scim_apply_object(target, change.op, change.value) : RMS_OK;
    }
    if (change.op != RMS_SCIM_REMOVE && change.value == NULL) {
        change.op = RMS_SCIM_REMOVE;
    }
    return apply_one(target, &change);
}

int rms_scim_apply_patch(const struct rms_scim_target *target, const json_t *body)
{
    struct rms_scim *scim = target->scim;
    const json_t *operations = rms_scim_member(body, "Operations");
    size_t count = json_array_size(operations);
    if (!json_is_array(operations) || count == 0) {
        return rms_scim_refuse(scim, RMS_E_BAD_ARGUMENT, "invalidSyntax", "Operations: not a list");
    }
    if (count > RMS_SCIM_PATCH_MAX) {
        return rms_scim_refuse(scim, RMS_E_LIMIT, "tooMany", "Operations: at most 1000");
    }
    for (size_t i = 0; i < count; i++) {
        const json_t *operation = json_array_get(operations, i);
        if (!json_is_object(operation)) {
            return rms_scim_refuse(scim, RMS_E_BAD_ARGUMENT, "invalidSyntax", "Operations: not an object");
        }
        RMS_TRY(apply_operation(target, operation));
    }
    return RMS_OK;
}

/* --- handlers ------------------------------------------------------------------------------------------ */

int rms_scim_run_add(const struct rms_scim_resource *resource, struct rms_front *front,
    struct rms_request *request, struct rms_reply *reply)
{
    RMS_JSON_CLEANUP json_t *body = NULL;
    struct rms_scim scim;
    const char *id = NULL;
    RMS_TRY(rms_scim_begin(front, request, &scim));
    int rc = rms_scim_body(&scim, &body);
    if (rc == RMS_OK && (rc = rms_db_begin(scim.db)) == RMS_OK) {
        rc = rms_scim_commit(&scim, resource->add(&scim, body, &reply->body, &id));
    }
    if (rc == RMS_OK) {
        reply->status = 201;
        rms_reply_header(
            reply, "Location", rms_arena_printf(scim.arena, "%s/%s/%s", scim.base, resource->endpoint, id));
    }
    return rms_scim_end(&scim, rc, reply);
}

int rms_scim_run_change(const struct rms_scim_resource *resource, struct rms_front *front,
    struct rms_request *request, struct rms_reply *reply)
{
    RMS_JSON_CLEANUP json_t *body = NULL;
    struct rms_scim scim;
    RMS_TRY(rms_scim_begin(front, request, &scim));
    int rc = rms_scim_body(&scim, &body);
    if (rc == RMS_OK && (rc = rms_db_begin(scim.db)) == RMS_OK) {
        rc = (request->method == RMS_METHOD_PUT ? resource->put : resource->patch)(
            &scim, request->params[1], body, &reply->body);
        rc = rms_scim_commit(&scim, rc);
    }
    return rms_scim_end(&scim, rc, reply);
}

int rms_scim_run_remove(const struct rms_scim_resource *resource, struct rms_front *front,
    struct rms_request *request, struct rms_reply *reply)
{
    struct rms_scim scim;
    RMS_TRY(rms_scim_begin(front, request, &scim));
    int rc = rms_db_begin(scim.db);
    if (rc == RMS_OK) {
        rc = rms_scim_commit(&scim, resource->remove(&scim, request->params[1]));
    }
    if (rc == RMS_OK) {
        reply->status = 204;
    }
    return rms_scim_end(&scim, rc, reply);
}
