/* What this service can do, for directories that ask (RFC 7643 sections 5 to 7). */
#include "base/text.h"
#include "service/rest_write.h"
#include "service/scim_core.h"

/* --- ServiceProviderConfig ----------------------------------------------------------------------------- */

static void write_supported(struct rms_buf *out, const char *name, bool supported)
{
    rms_out_open(out, name, '{');
    rms_out_bool(out, "supported", supported);
    rms_out_close(out, '}');
}

static void write_config(struct rms_buf *out)
{
    rms_out_open(out, NULL, '{');
    rms_out_open(out, "schemas", '[');
    rms_out_text(out, NULL, "urn:ietf:params:scim:schemas:core:2.0:ServiceProviderConfig");
    rms_out_close(out, ']');
    write_supported(out, "patch", true);
    rms_out_open(out, "bulk", '{');
    rms_out_bool(out, "supported", true);
    rms_out_int(out, "maxOperations", RMS_SCIM_BULK_MAX);
    rms_out_int(out, "maxPayloadSize", RMS_SCIM_BODY_MAX);
    rms_out_close(out, '}');
    rms_out_open(out, "filter", '{');
    rms_out_bool(out, "supported", true);
    rms_out_int(out, "maxResults", RMS_SCIM_COUNT_MAX);
    rms_out_close(out, '}');
    write_supported(out, "changePassword", false);
    write_supported(out, "sort", false);
    write_supported(out, "etag", false);
    rms_out_open(out, "authenticationSchemes", '[');
    rms_out_open(out, NULL, '{');
    rms_out_text(out, "type", "oauthbearertoken");
    rms_out_text(out, "name", "Bearer token");
    rms_out_text(out, "description", "A token made by: rms admin scim token create");
    rms_out_bool(out, "primary", true);
    rms_out_close(out, '}');
    rms_out_close(out, ']');
    rms_out_close(out, '}');
}

int rms_scim_config(struct rms_front *front, struct rms_request *request, struct rms_reply *reply)
{
    struct rms_scim scim;
    RMS_TRY(rms_scim_begin(front, request, &scim));
    write_config(&reply->body);
    return rms_scim_end(&scim, RMS_OK, reply);
}

/* --- lists of descriptions ----------------------------------------------------------------------------- */

/* One by its name when the path names one, else all. */
struct shelf {
    size_t count;
    const char *(*name)(size_t i);
    void (*write)(const struct rms_scim *scim, struct rms_buf *out, size_t i);
};

static int show(struct rms_scim *scim, const struct shelf *shelf, struct rms_buf *out)
{
    const struct rms_scim_query all = {.start = 1};
    const struct rms_request *request = scim->request;
    if (request->param_count > 1) {
        for (size_t i = 0; i < shelf->count; i++) {
            if (rms_text_equal_nocase(shelf->name(i), request->params[1])) {
                shelf->write(scim, out, i);
                return RMS_OK;
            }
        }
        return rms_scim_refuse(scim, RMS_E_NOT_FOUND, NULL, "no such description");
    }
    rms_scim_open_list(out, &all, shelf->count, shelf->count);
    for (size_t i = 0; i < shelf->count; i++) {
        shelf->write(scim, out, i);
    }
    rms_scim_close_list(out);
    return RMS_OK;
}

static void write_meta(const struct rms_scim *scim, struct rms_buf *out, const char *type, const char *place)
{
    rms_out_open(out, "meta", '{');
    rms_out_text(out, "resourceType", type);
    rms_out_text(out, "location", rms_arena_printf(scim->arena, "%s/%ss/%s", scim->base, type, place));
    rms_out_close(out, '}');
}

/* --- ResourceTypes ------------------------------------------------------------------------------------- */

static const struct {
    const char *name;
    const char *endpoint;
    const char *schema;
    const char *extension; /* NULL: none */
} types[] = {
    {"User", "/Users", RMS_SCIM_USER_SCHEMA, NULL},
    {"Group", "/Groups", RMS_SCIM_GROUP_SCHEMA, RMS_SCIM_GROUP_EXTENSION},
};

static const char *type_name(size_t i)
{
    return types[i].name;
}

static void write_type(const struct rms_scim *scim, struct rms_buf *out, size_t i)
{
    rms_out_open(out, NULL, '{');
    rms_out_open(out, "schemas", '[');
    rms_out_text(out, NULL, "urn:ietf:params:scim:schemas:core:2.0:ResourceType");
    rms_out_close(out, ']');
    rms_out_text(out, "id", types[i].name);
    rms_out_text(out, "name", types[i].name);
    rms_out_text(out, "endpoint", types[i].endpoint);
    rms_out_text(out, "schema", types[i].schema);
    if (types[i].extension != NULL) {
        rms_out_open(out, "schemaExtensions", '[');
        rms_out_open(out, NULL, '{');
        rms_out_text(out, "schema", types[i].extension);
        rms_out_bool(out, "required", false);
        rms_out_close(out, '}');
        rms_out_close(out, ']');
    }
    write_meta(scim, out, "ResourceType", types[i].name);
    rms_out_close(out, '}');
}

int rms_scim_types(struct rms_front *front, struct rms_request *request, struct rms_reply *reply)
{
    static const struct shelf shelf = {sizeof types / sizeof types[0], type_name, write_type};
    struct rms_scim scim;
    RMS_TRY(rms_scim_begin(front, request, &scim));
    return rms_scim_end(&scim, show(&scim, &shelf, &reply->body), reply);
}

/* --- Schemas ------------------------------------------------------------------------------------------- */

enum { REQUIRED = 1, MANY = 2, UNIQUE = 4, EXACT = 8, FIXED = 16, DEEP = 32 };

struct description {
    const char *name; /* "emails.value" is a part of emails, which stands before it */
    const char *type;
    unsigned flags; /* FIXED: once and for all; DEEP: part of the one before */
    const char *text;
};

static const struct description user_attributes[] = {
    {"userName", "string", REQUIRED | UNIQUE, "User principal name, of the form name@domain"},
    {"displayName", "string", EXACT, "Name shown to others"},
    {"active", "boolean", 0, "false: no more licences"},
    {"userType", "string", 0, "Guest: not a member of the organisation"},
    {"emails", "complex", MANY, "Addresses; those in domains of the tenant authorise"},
    {"value", "string", DEEP, "Address, also as SMTP:address or smtp:address"},
    {"type", "string", DEEP, "work: the primary one, other: further ones"},
    {"primary", "boolean", DEEP, "At most one"},
    {0},
};
static const struct description group_attributes[] = {
    {"displayName", "string", REQUIRED | EXACT, "Name of the group"},
    {"members", "complex", MANY, "Users and groups of this directory"},
    {"value", "string", DEEP, "Id of the member"},
    {"type", "string", DEEP, "User or Group"},
    {0},
};
static const struct description extension_attributes[] = {
    {"address", "string", UNIQUE, "Mail address; without one the group cannot be granted rights"},
    {"kind", "string", FIXED, "security, distribution or collaboration"},
    {0},
};

static const struct {
    const char *id;
    const char *name;
    const struct description *attributes;
} schemas[] = {
    {RMS_SCIM_USER_SCHEMA, "User", user_attributes},
    {RMS_SCIM_GROUP_SCHEMA, "Group", group_attributes},
    {RMS_SCIM_GROUP_EXTENSION, "Group of OpenRMS", extension_attributes},
};

static const char *schema_name(size_t i)
{
    return schemas[i].id;
}

static void write_facts(struct rms_buf *out, const struct description *row)
{
    rms_out_text(out, "name", row->name);
    rms_out_text(out, "type", row->type);
    rms_out_bool(out, "multiValued", (row->flags & MANY) != 0);
    rms_out_text(out, "description", row->text);
    rms_out_bool(out, "required", (row->flags & REQUIRED) != 0);
    rms_out_bool(out, "caseExact", (row->flags & EXACT) != 0);
    rms_out_text(out, "mutability", (row->flags & FIXED) != 0 ? "immutable" : "readWrite");
    rms_out_text(out, "returned", "default");
    rms_out_text(out, "uniqueness", (row->flags & UNIQUE) != 0 ? "server" : "none");
}

/* The row, and its parts behind it; returns the next row. */
static const struct description *write_attribute(struct rms_buf *out, const struct description *row)
{
    rms_out_open(out, NULL, '{');
    write_facts(out, row);
    row++;
    if (row->name != NULL && (row->flags & DEEP) != 0) {
        rms_out_open(out, "subAttributes", '[');
        for (; row->name != NULL && (row->flags & DEEP) != 0; row++) {
            rms_out_open(out, NULL, '{');
            write_facts(out, row);
            rms_out_close(out, '}');
        }
        rms_out_close(out, ']');
    }
    rms_out_close(out, '}');
    return row;
}

static void write_schema(const struct rms_scim *scim, struct rms_buf *out, size_t i)
{
    const struct description *row = schemas[i].attributes;
    rms_out_open(out, NULL, '{');
    rms_out_open(out, "schemas", '[');
    rms_out_text(out, NULL, "urn:ietf:params:scim:schemas:core:2.0:Schema");
    rms_out_close(out, ']');
    rms_out_text(out, "id", schemas[i].id);
    rms_out_text(out, "name", schemas[i].name);
    rms_out_open(out, "attributes", '[');
    while (row->name != NULL) {
        row = write_attribute(out, row);
    }
    rms_out_close(out, ']');
    write_meta(scim, out, "Schema", schemas[i].id);
    rms_out_close(out, '}');
}

int rms_scim_schemas(struct rms_front *front, struct rms_request *request, struct rms_reply *reply)
{
    static const struct shelf shelf = {sizeof schemas / sizeof schemas[0], schema_name, write_schema};
    struct rms_scim scim;
    RMS_TRY(rms_scim_begin(front, request, &scim));
    return rms_scim_end(&scim, show(&scim, &shelf, &reply->body), reply);
}
