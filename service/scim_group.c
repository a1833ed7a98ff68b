/* Groups: groups of the store whose source is SCIM. Members are users and groups of the same source. */
#include <strings.h>

#include "base/text.h"
#include "service/rest_write.h"
#include "service/scim_core.h"

/* The group as it will be. Members are changed at once, in the transaction of the request. */
struct draft {
    struct rms_scim *scim;
    struct rms_group group;
    bool fresh; /* not stored yet: its kind may be chosen, its members wait */
    const json_t *members;
    size_t added;
    size_t removed;
};

/* --- members ------------------------------------------------------------------------------------------- */

static int resolve(struct rms_scim *scim, const char *text, const char **id_out)
{
    static const char prefix[] = "bulkId:";
    char id[RMS_GUID_TEXT];
    const char *said = text;
    if (scim->bulk_ids != NULL && strncmp(text, prefix, sizeof prefix - 1) == 0) {
        said = json_string_value(json_object_get(scim->bulk_ids, text + sizeof prefix - 1));
    }
    if (said == NULL || rms_guid_parse(rms_view_str(said), id) < 0) {
        return rms_scim_bad(scim, "members", "no id of a user or group");
    }
    *id_out = rms_arena_strdup(scim->arena, id);
    return *id_out != NULL ? RMS_OK : RMS_E_NO_MEMORY;
}

static int member_id(struct rms_scim *scim, const json_t *element, const char **id_out)
{
    const char *text = NULL;
    const json_t *value = json_is_object(element) ? rms_scim_member(element, "value") : element;
    RMS_TRY(rms_scim_text(scim, "members", value, &text));
    return resolve(scim, text, id_out);
}

static int member_ids(
    struct rms_scim *scim, const json_t *value, const char *const **ids_out, size_t *count_out)
{
    size_t count = json_is_array(value) ? json_array_size(value) : 1;
    const char **ids = rms_arena_array(scim->arena, count + 1, sizeof *ids);
    if (ids == NULL) {
        return RMS_E_NO_MEMORY;
    }
    for (size_t i = 0; i < count; i++) {
        RMS_TRY(member_id(scim, json_is_array(value) ? json_array_get(value, i) : value, &ids[i]));
    }
    *ids_out = ids;
    *count_out = count;
    return RMS_OK;
}

static int change_members(struct draft *draft, const struct rms_member_change *change)
{
    struct rms_scim *scim = draft->scim;
    const char *unknown = NULL;
    int rc = rms_group_change_members(scim->db, &draft->group, change, &unknown);
    scim->regroup = true;
    draft->added += change->add_count;
    draft->removed += change->remove_count;
    if (rc == RMS_E_NOT_FOUND && unknown != NULL) {
        return rms_scim_bad(
            scim, "members", rms_arena_printf(scim->arena, "no such user or group: %s", unknown));
    }
    return rc;
}

/* members[value eq "ID"] */
static int remove_one(struct draft *draft, const struct rms_scim_path *path)
{
    struct rms_member_change change = {.remove_count = 1};
    const char *id = NULL;
    if (strcmp(path->filter_attribute, "value") != 0 || path->sub != NULL) {
        return rms_scim_refuse(
            draft->scim, RMS_E_BAD_ARGUMENT, "invalidPath", "members: only [value eq \"ID\"]");
    }
    RMS_TRY(resolve(draft->scim, path->filter_value, &id));
    change.remove = &id;
    return change_members(draft, &change);
}

static int apply_members(void *context, const struct rms_scim_change *change)
{
    struct draft *draft = context;
    struct rms_member_change members = {.clear = change->op == RMS_SCIM_REPLACE};
    if (draft->fresh) {
        draft->members = change->value;
        return RMS_OK;
    }
    if (change->path.filter_attribute != NULL) {
        return change->op == RMS_SCIM_REMOVE
                   ? remove_one(draft, &change->path)
                   : rms_scim_refuse(draft->scim, RMS_E_BAD_ARGUMENT, "mutability", "members: remove or add");
    }
    if (change->op == RMS_SCIM_REMOVE && change->value == NULL) {
        members.clear = true;
    } else if (change->op == RMS_SCIM_REMOVE) { /* Entra ID names whom to remove in the value */
        RMS_TRY(member_ids(draft->scim, change->value, &members.remove, &members.remove_count));
    } else {
        RMS_TRY(member_ids(draft->scim, change->value, &members.add, &members.add_count));
    }
    return change_members(draft, &members);
}

/* --- other attributes ---------------------------------------------------------------------------------- */

static int apply_name(void *context, const struct rms_scim_change *change)
{
    struct draft *draft = context;
    if (change->op == RMS_SCIM_REMOVE) {
        return rms_scim_bad(draft->scim, "displayName", "cannot be removed");
    }
    return rms_scim_text(draft->scim, "displayName", change->value, &draft->group.name);
}

static int apply_external_id(void *context, const struct rms_scim_change *change)
{
    struct draft *draft = context;
    draft->group.external_id = NULL;
    return change->op == RMS_SCIM_REMOVE
               ? RMS_OK
               : rms_scim_text(draft->scim, "externalId", change->value, &draft->group.external_id);
}

static int apply_address(void *context, const struct rms_scim_change *change)
{
    struct draft *draft = context;
    char address[RMS_ADDRESS_MAX];
    draft->group.address = NULL;
    if (change->op == RMS_SCIM_REMOVE) {
        return RMS_OK;
    }
    RMS_TRY(rms_scim_text(draft->scim, "address", change->value, &draft->group.address));
    return rms_address_normalise(draft->group.address, address) == 0
               ? RMS_OK
               : rms_scim_bad(draft->scim, "address", "not an e-mail address");
}

/* What a group may be used for depends on its kind (table 2.1), so it stays what it was made as. */
static int apply_kind(void *context, const struct rms_scim_change *change)
{
    struct draft *draft = context;
    enum rms_group_kind kind = RMS_GROUP_DYNAMIC;
    const char *text = NULL;
    RMS_TRY(rms_scim_text(draft->scim, "kind", change->value, &text));
    if (rms_group_kind_parse(text, &kind) < 0 || kind == RMS_GROUP_DYNAMIC) {
        return rms_scim_bad(draft->scim, "kind", "not security, distribution or collaboration");
    }
    if (!draft->fresh && kind != draft->group.kind) {
        return rms_scim_refuse(draft->scim, RMS_E_BAD_ARGUMENT, "mutability", "kind: cannot be changed");
    }
    draft->group.kind = kind;
    return RMS_OK;
}

static const struct rms_scim_attribute attributes[] = {
    {"displayname", apply_name},
    {"members", apply_members},
    {"externalid", apply_external_id},
    {"address", apply_address},
    {"kind", apply_kind},
    {0},
};

/* --- to the store and back ----------------------------------------------------------------------------- */

static int get(struct rms_scim *scim, const char *id, struct rms_group *group)
{
    char guid[RMS_GUID_TEXT];
    int rc = rms_guid_parse(rms_view_str(id), guid) == 0 ? RMS_OK : RMS_E_NOT_FOUND;
    if (rc == RMS_OK) {
        rc = rms_group_get(scim->db, scim->arena, scim->tenant_id, guid, group);
    }
    if (rc == RMS_OK && strcmp(group->source, RMS_SOURCE_SCIM) != 0) {
        rc = RMS_E_NOT_FOUND;
    }
    return rc == RMS_E_NOT_FOUND ? rms_scim_refuse(scim, rc, NULL, "no such group") : rc;
}

static bool lists(const char *names, const char *name)
{
    size_t len = strlen(name);
    for (const char *at = names; at != NULL; at = strchr(at, ',')) {
        at += *at == ',';
        at += strspn(at, " ");
        const char end = strlen(at) >= len ? at[len] : 'x';
        if ((end == '\0' || end == ',' || end == ' ' || end == '.') && strncasecmp(at, name, len) == 0) {
            return true;
        }
    }
    return false;
}

/* attributes and excludedAttributes count for members alone: they are what can be many. */
static bool wants_members(const struct rms_request *request)
{
    const char *only = rms_request_query(request, "attributes");
    const char *without = rms_request_query(request, "excludedAttributes");
    return (only == NULL || lists(only, "members")) && (without == NULL || !lists(without, "members"));
}

static int write_members(struct rms_scim *scim, struct rms_buf *out, const struct rms_group *group)
{
    struct rms_members members;
    RMS_TRY(rms_group_members(scim->db, scim->arena, scim->tenant_id, group->id, &members));
    rms_out_open(out, "members", '[');
    for (size_t i = 0; i < members.count; i++) {
        const struct rms_member *m = &members.items[i];
        if (m->missing) {
            continue;
        }
        rms_out_open(out, NULL, '{');
        rms_out_text(out, "value", m->id);
        rms_out_text(out, "type", m->is_group ? "Group" : "User");
        if (m->name != NULL) {
            rms_out_text(out, "display", m->name);
        }
        rms_out_close(out, '}');
    }
    rms_out_close(out, ']');
    return RMS_OK;
}

static int write_group(struct rms_scim *scim, struct rms_buf *out, const struct rms_group *group)
{
    const struct rms_scim_head head = {
        RMS_SCIM_GROUP_SCHEMA, "Group", "Groups", group->id, group->external_id, group->created_at};
    rms_out_open(out, NULL, '{');
    rms_scim_write_head(out, &head);
    rms_out_text(out, "displayName", group->name);
    rms_out_open(out, RMS_SCIM_GROUP_EXTENSION, '{');
    if (group->address != NULL) {
        rms_out_text(out, "address", group->address);
    }
    rms_out_text(out, "kind", rms_group_kind_name(group->kind));
    rms_out_close(out, '}');
    if (wants_members(scim->request)) {
        RMS_TRY(write_members(scim, out, group));
    }
    rms_scim_write_meta(scim, out, &head);
    rms_out_close(out, '}');
    return RMS_OK;
}

static int write_stored(struct rms_scim *scim, const char *id, struct rms_buf *out)
{
    struct rms_group group;
    if (out == NULL) {
        return RMS_OK;
    }
    RMS_TRY(get(scim, id, &group));
    return write_group(scim, out, &group);
}

static int store_failed(struct rms_scim *scim, int rc)
{
    if (rc == RMS_E_CONFLICT) {
        return rms_scim_refuse(scim, rc, "uniqueness", "somebody else has the address");
    }
    return rc;
}

static int note_done(struct draft *draft)
{
    struct rms_scim *scim = draft->scim;
    scim->done = rms_arena_printf(scim->arena, "%s -DisplayName %s -Address %s -Added %zu -Removed %zu",
        draft->group.id, draft->group.name, draft->group.address != NULL ? draft->group.address : "''",
        draft->added, draft->removed);
    return scim->done != NULL ? RMS_OK : RMS_E_NO_MEMORY;
}

/* --- what is done -------------------------------------------------------------------------------------- */

static int require_name(struct draft *draft)
{
    return draft->group.name != NULL && draft->group.name[0] != '\0'
               ? RMS_OK
               : rms_scim_bad(draft->scim, "displayName", "missing");
}

static int add(struct rms_scim *scim, const json_t *body, struct rms_buf *out, const char **id_out)
{
    char id[RMS_GUID_TEXT];
    rms_guid_new(id);
    *id_out = rms_arena_strdup(scim->arena, id);
    struct draft draft = {.scim = scim,
        .fresh = true,
        .group = {.id = *id_out,
            .tenant_id = scim->tenant_id,
            .kind = RMS_GROUP_SECURITY,
            .created_at = scim->request->now,
            .source = RMS_SOURCE_SCIM}};
    const struct rms_scim_target target = {scim, attributes, &draft};
    RMS_TRY(rms_scim_apply_object(&target, RMS_SCIM_REPLACE, body));
    RMS_TRY(require_name(&draft));
    RMS_TRY(store_failed(scim, rms_group_create(scim->db, &draft.group)));
    if (draft.members != NULL) {
        struct rms_member_change members = {0};
        RMS_TRY(member_ids(scim, draft.members, &members.add, &members.add_count));
        RMS_TRY(change_members(&draft, &members));
    }
    RMS_TRY(note_done(&draft));
    return write_stored(scim, id, out);
}

static int save(struct draft *draft)
{
    struct rms_scim *scim = draft->scim;
    RMS_TRY(require_name(draft));
    RMS_TRY(note_done(draft));
    /* its address may be among grants: who is in it counts anew */
    scim->regroup = true;
    return store_failed(scim, rms_group_change(scim->db, &draft->group));
}

/* What a PUT leaves out is taken away: members too. */
static int put(struct rms_scim *scim, const char *id, const json_t *body, struct rms_buf *out)
{
    struct draft draft = {.scim = scim};
    const struct rms_scim_target target = {scim, attributes, &draft};
    RMS_TRY(get(scim, id, &draft.group));
    draft.group.external_id = NULL;
    draft.group.address = NULL;
    if (rms_scim_member(body, "members") == NULL) {
        RMS_TRY(change_members(&draft, &(struct rms_member_change){.clear = true}));
    }
    RMS_TRY(rms_scim_apply_object(&target, RMS_SCIM_REPLACE, body));
    RMS_TRY(save(&draft));
    return write_stored(scim, draft.group.id, out);
}

static int patch(struct rms_scim *scim, const char *id, const json_t *body, struct rms_buf *out)
{
    struct draft draft = {.scim = scim};
    const struct rms_scim_target target = {scim, attributes, &draft};
    RMS_TRY(get(scim, id, &draft.group));
    RMS_TRY(rms_scim_apply_patch(&target, body));
    RMS_TRY(save(&draft));
    return write_stored(scim, draft.group.id, out);
}

static int remove_group(struct rms_scim *scim, const char *id)
{
    struct rms_group old;
    RMS_TRY(get(scim, id, &old));
    scim->done = rms_arena_printf(scim->arena, "%s -DisplayName %s", old.id, old.name);
    scim->regroup = true;
    return rms_group_delete(scim->db, scim->tenant_id, old.id);
}

const struct rms_scim_resource rms_scim_groups = {"Groups", add, put, patch, remove_group};

/* --- handlers ------------------------------------------------------------------------------------------ */

static int list(struct rms_scim *scim, struct rms_buf *out)
{
    static const struct rms_scim_filterable filterable[] = {
        {"displayname", RMS_SEARCH_NAME, false, false},
        {"externalid", RMS_SEARCH_EXTERNAL, false, false},
        {"members", RMS_SEARCH_MEMBER, false, true},
        {"members.value", RMS_SEARCH_MEMBER, false, true},
        {"address", RMS_SEARCH_ADDRESS, true, false},
        {"id", RMS_SEARCH_ID, false, true},
        {0},
    };
    struct rms_scim_query query;
    struct rms_groups groups = {0};
    size_t total = 0;
    RMS_TRY(rms_scim_query(scim, filterable, &query));
    if (!query.nothing) {
        RMS_TRY(rms_group_search(scim->db, scim->arena, scim->tenant_id, &query.search, &groups, &total));
    }
    rms_scim_open_list(out, &query, total, groups.count);
    for (size_t i = 0; i < groups.count; i++) {
        RMS_TRY(write_group(scim, out, &groups.items[i]));
    }
    rms_scim_close_list(out);
    return RMS_OK;
}

int rms_scim_group_list(struct rms_front *front, struct rms_request *request, struct rms_reply *reply)
{
    struct rms_scim scim;
    RMS_TRY(rms_scim_begin(front, request, &scim));
    return rms_scim_end(&scim, list(&scim, &reply->body), reply);
}

int rms_scim_group_get(struct rms_front *front, struct rms_request *request, struct rms_reply *reply)
{
    struct rms_scim scim;
    RMS_TRY(rms_scim_begin(front, request, &scim));
    return rms_scim_end(&scim, write_stored(&scim, request->params[1], &reply->body), reply);
}

int rms_scim_group_add(struct rms_front *front, struct rms_request *request, struct rms_reply *reply)
{
    return rms_scim_run_add(&rms_scim_groups, front, request, reply);
}

int rms_scim_group_put(struct rms_front *front, struct rms_request *request, struct rms_reply *reply)
{
    return rms_scim_run_change(&rms_scim_groups, front, request, reply);
}

int rms_scim_group_patch(struct rms_front *front, struct rms_request *request, struct rms_reply *reply)
{
    return rms_scim_run_change(&rms_scim_groups, front, request, reply);
}

int rms_scim_group_remove(struct rms_front *front, struct rms_request *request, struct rms_reply *reply)
{
    return rms_scim_run_remove(&rms_scim_groups, front, request, reply);
}
