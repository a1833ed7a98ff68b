/* What the scim_*.c files share. */
#ifndef RMS_SERVICE_SCIM_CORE_H
#define RMS_SERVICE_SCIM_CORE_H

#include <jansson.h>

#include "service/scim.h"
#include "service/scim_path.h"
#include "store/account.h"
#include "store/group.h"

#define RMS_SCIM_LIST     "urn:ietf:params:scim:api:messages:2.0:ListResponse"
#define RMS_SCIM_PATCH_OP "urn:ietf:params:scim:api:messages:2.0:PatchOp"
#define RMS_SCIM_TEXT_MAX 256 /* names and ids of the directory */

/* One request, or one operation of a bulk request. */
struct rms_scim {
    struct rms_front *front;
    struct rms_request *request;
    struct rms_arena *arena;
    struct rms_db *db;
    const char *tenant_id;
    const char *base;       /* https://HOST/TENANT-GUID/scim/v2 */
    const char *scim_type;  /* of a refusal (RFC 7644 table 9); NULL: told by the code */
    const char *detail;     /* of a refusal */
    const char *done;       /* for the admin log: what was changed */
    const json_t *bulk_ids; /* bulkId to id; NULL outside of bulk requests */
    bool regroup;           /* membership changed: nobody may go on with what he kept */
};

RMS_MUST_USE int rms_scim_begin(
    struct rms_front *front, struct rms_request *request, struct rms_scim *scim_out);

/* Notes why and returns code. detail: static text or in the arena. */
RMS_MUST_USE int rms_scim_refuse(struct rms_scim *scim, int code, const char *scim_type, const char *detail);
/* RMS_E_BAD_ARGUMENT with "field: problem". */
RMS_MUST_USE int rms_scim_bad(struct rms_scim *scim, const char *field, const char *problem);

/* The error as an object, by its own or as part of a bulk reply. Returns the HTTP status. */
int rms_scim_write_error(const struct rms_scim *scim, int code, struct rms_buf *out);
/* Ends a handler: the reply as it is, or the refusal. */
RMS_MUST_USE int rms_scim_end(struct rms_scim *scim, int code, struct rms_reply *reply);

/* The body, which must be one object without members that differ only in case. Free with rms_json_free. */
RMS_MUST_USE int rms_scim_body(struct rms_scim *scim, json_t **body_out);

/* A member whatever its case (RFC 7643 2.1); NULL when absent or null. */
const json_t *rms_scim_member(const json_t *object, const char *name);

/* A text of at most RMS_SCIM_TEXT_MAX bytes without control characters. */
RMS_MUST_USE int rms_scim_text(
    struct rms_scim *scim, const char *field, const json_t *value, const char **text_out);
/* true, false, and the same as texts: some directories send them so. */
RMS_MUST_USE int rms_scim_bool(struct rms_scim *scim, const char *field, const json_t *value, bool *out);

/* --- attributes ---------------------------------------------------------------------------------------- */

enum rms_scim_op { RMS_SCIM_ADD, RMS_SCIM_REPLACE, RMS_SCIM_REMOVE };

/* A change of one attribute. value is NULL when there is none. */
struct rms_scim_change {
    enum rms_scim_op op;
    struct rms_scim_path path;
    const json_t *value;
};

/* What is kept of a resource; everything else is read over and gives nothing. */
struct rms_scim_attribute {
    const char *name; /* lower case */
    int (*apply)(void *draft, const struct rms_scim_change *change);
};

struct rms_scim_target {
    struct rms_scim *scim;
    const struct rms_scim_attribute *attributes; /* ended by one without a name */
    void *draft;
};

/* Every member of a resource, or of a PATCH without path. */
RMS_MUST_USE int rms_scim_apply_object(
    const struct rms_scim_target *target, enum rms_scim_op op, const json_t *object);

/* The operations of a PATCH body, in order. */
RMS_MUST_USE int rms_scim_apply_patch(const struct rms_scim_target *target, const json_t *body);

/* --- resources: what single requests and bulk operations have in common -------------------------------- */

struct rms_scim_resource {
    const char *endpoint; /* "Users" */
    /* id_out: of the new one. Each writes the resource it leaves behind unless out is NULL. */
    int (*add)(struct rms_scim *scim, const json_t *body, struct rms_buf *out, const char **id_out);
    int (*put)(struct rms_scim *scim, const char *id, const json_t *body, struct rms_buf *out);
    int (*patch)(struct rms_scim *scim, const char *id, const json_t *body, struct rms_buf *out);
    int (*remove)(struct rms_scim *scim, const char *id);
};
extern const struct rms_scim_resource rms_scim_users, rms_scim_groups;

/* Handlers of single requests. */
RMS_MUST_USE int rms_scim_run_add(const struct rms_scim_resource *resource, struct rms_front *front,
    struct rms_request *request, struct rms_reply *reply);
RMS_MUST_USE int rms_scim_run_change(const struct rms_scim_resource *resource, struct rms_front *front,
    struct rms_request *request, struct rms_reply *reply);
RMS_MUST_USE int rms_scim_run_remove(const struct rms_scim_resource *resource, struct rms_front *front,
    struct rms_request *request, struct rms_reply *reply);

/* In one transaction; raises the membership counter when that is called for. */
RMS_MUST_USE int rms_scim_commit(struct rms_scim *scim, int code);

/* --- lists --------------------------------------------------------------------------------------------- */

struct rms_scim_query {
    struct rms_search search;
    int64_t start; /* from 1 */
    bool nothing;  /* the filter fits nothing that can exist */
};
/* Filterable attributes. normal: values are addresses. */
struct rms_scim_filterable {
    const char *attribute; /* lower case, "emails.value" */
    enum rms_search_by by;
    bool normal;
    bool guid;
};
RMS_MUST_USE int rms_scim_query(
    struct rms_scim *scim, const struct rms_scim_filterable *filterable, struct rms_scim_query *query_out);
/* Everything before the resources. */
void rms_scim_open_list(struct rms_buf *out, const struct rms_scim_query *query, size_t total, size_t count);
void rms_scim_close_list(struct rms_buf *out);

/* "schemas", "id", "externalId" and at the end "meta". */
struct rms_scim_head {
    const char *schema;
    const char *type; /* "User" */
    const char *endpoint;
    const char *id;
    const char *external_id;
    int64_t created_at;
};
void rms_scim_write_head(struct rms_buf *out, const struct rms_scim_head *head);
void rms_scim_write_meta(const struct rms_scim *scim, struct rms_buf *out, const struct rms_scim_head *head);

#endif
