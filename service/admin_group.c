/* Groups of the embedded directory and their members. */
#include "directory/directory.h"
#include "service/admin.h"
#include "service/rest_write.h"
#include "store/source.h"

#define NAME_MAX_BYTES 256

static void write_head(struct rms_buf *out, const struct rms_group *g)
{
    rms_out_text(out, "Id", g->id);
    rms_out_text(out, "Name", g->name);
    rms_out_text(out, "Address", g->address);
    rms_out_text(out, "Kind", rms_group_kind_name(g->kind));
}

static void write_member(struct rms_buf *out, const struct rms_member *m)
{
    rms_out_open(out, NULL, '{');
    rms_out_text(out, "Id", m->id);
    rms_out_text(out, "Kind", m->is_group ? "group" : "user");
    rms_out_text(out, "Name", m->name);
    rms_out_text(out, "Address", m->address);
    rms_out_bool(out, "Missing", m->missing);
    rms_out_close(out, '}');
}

static int write_group(struct rms_request *request, struct rms_buf *out, const struct rms_group *g)
{
    struct rms_members members;
    RMS_TRY(rms_group_members(request->worker->db, request->arena, g->tenant_id, g->id, &members));
    const char *directory = NULL;
    RMS_TRY(rms_admin_directory_of(request, g->tenant_id, g->id, &directory));
    rms_out_open(out, NULL, '{');
    write_head(out, g);
    if (directory != NULL) {
        rms_out_text(out, "Directory", directory);
    }
    rms_out_open(out, "Members", '[');
    for (size_t i = 0; i < members.count; i++) {
        write_member(out, &members.items[i]);
    }
    rms_out_close(out, ']');
    rms_out_close(out, '}');
    return RMS_OK;
}

static int find_group(struct rms_request *request, struct rms_tenant *t, struct rms_group *group)
{
    RMS_TRY(rms_admin_tenant(request, t));
    int rc = rms_group_find(request->worker->db, request->arena, t->id, request->params[1], group);
    if (rc == RMS_E_CONFLICT) {
        return rms_fail(request, rc, "several groups have this name: give the id");
    }
    return rc == RMS_E_NOT_FOUND ? rms_fail(request, rc, "no such group") : rc;
}

static int read_group(struct rms_admin_body *body, struct rms_group *group)
{
    const char *kind = "security";
    char normal[RMS_ADDRESS_MAX];
    RMS_TRY(rms_admin_need(body, "Name", NAME_MAX_BYTES, &group->name));
    RMS_TRY(rms_reader_text(&body->reader, body->object, "Address", RMS_ADDRESS_MAX, &group->address));
    if (group->address == NULL && rms_address_normalise(group->name, normal) == RMS_OK) {
        group->address = group->name; /* what is an address is meant as one */
    }
    RMS_TRY(rms_reader_text(&body->reader, body->object, "Kind", 32, &kind));
    if (rms_group_kind_parse(kind, &group->kind) < 0) {
        return rms_reader_fail(&body->reader, "Kind", "not security, distribution, collaboration or dynamic");
    }
    return RMS_OK;
}

int rms_admin_group_add(struct rms_front *front, struct rms_request *request, struct rms_reply *reply)
{
    static const char *const names[] = {"Name", "Address", "Kind", NULL};
    RMS_ADMIN_BODY_CLEANUP struct rms_admin_body body = {0};
    struct rms_tenant t;
    char id[RMS_GUID_TEXT];
    (void)front;
    RMS_TRY(rms_admin_tenant(request, &t));
    RMS_TRY(rms_admin_body(request, names, &body));
    rms_guid_new(id);
    struct rms_group group = {.id = id, .tenant_id = t.id, .created_at = request->now};
    int rc = read_group(&body, &group);
    if (rc < 0) {
        return rms_admin_fail(request, &body, rc);
    }
    rc = rms_group_create(request->worker->db, &group);
    if (rc == RMS_E_CONFLICT) {
        return rms_fail(request, rc, "an account or group has the address");
    }
    if (rc == RMS_E_BAD_ARGUMENT) {
        return rms_fail(request, rc, "Address: not an address");
    }
    RMS_TRY(rc);
    RMS_TRY(rms_group_get(request->worker->db, request->arena, t.id, id, &group));
    return write_group(request, &reply->body, &group);
}

int rms_admin_group_list(struct rms_front *front, struct rms_request *request, struct rms_reply *reply)
{
    struct rms_tenant t;
    struct rms_groups groups;
    struct rms_buf *out = &reply->body;
    (void)front;
    RMS_TRY(rms_admin_tenant(request, &t));
    RMS_TRY(rms_group_list(request->worker->db, request->arena, t.id, NULL, &groups));
    rms_out_open(out, NULL, '[');
    for (size_t i = 0; i < groups.count; i++) {
        rms_out_open(out, NULL, '{');
        write_head(out, &groups.items[i]);
        rms_out_close(out, '}');
    }
    rms_out_close(out, ']');
    return RMS_OK;
}

int rms_admin_group_show(struct rms_front *front, struct rms_request *request, struct rms_reply *reply)
{
    struct rms_tenant t;
    struct rms_group group;
    (void)front;
    RMS_TRY(find_group(request, &t, &group));
    return write_group(request, &reply->body, &group);
}

int rms_admin_group_remove(struct rms_front *front, struct rms_request *request, struct rms_reply *reply)
{
    struct rms_tenant t;
    struct rms_group group;
    (void)front;
    RMS_TRY(find_group(request, &t, &group));
    RMS_TRY(rms_admin_not_of_directory(request, t.id, group.id));
    RMS_TRY(rms_group_delete(request->worker->db, t.id, group.id));
    rms_admin_done(reply);
    return RMS_OK;
}

/* --- members ------------------------------------------------------------------------------------------- */

/* A person or a group, by address, id or name. */
static int member_id(struct rms_request *request, const char *tenant_id, const char *who, const char **id_out)
{
    struct rms_account account;
    struct rms_group group;
    int rc = rms_account_find(request->worker->db, request->arena, tenant_id, who, &account);
    if (rc == RMS_OK) {
        *id_out = account.id;
        return RMS_OK;
    }
    rc = rms_group_find(request->worker->db, request->arena, tenant_id, who, &group);
    if (rc == RMS_OK) {
        *id_out = group.id;
        return RMS_OK;
    }
    const char *detail = rms_arena_printf(request->arena, "%.100s: no such account or group", who);
    return rms_fail(request, rc, detail);
}

typedef int (*change_member)(
    struct rms_db *db, const char *tenant_id, const char *id, const char *member, bool *changed_out);

static int change_members(struct rms_request *request, const struct rms_group *group,
    struct rms_admin_body *body, const char *list, change_member change)
{
    const char *const *who = NULL;
    size_t count = 0;
    RMS_TRY(rms_reader_texts(&body->reader, body->object, list, &who, &count));
    for (size_t i = 0; i < count; i++) {
        const char *id = NULL;
        RMS_TRY(member_id(request, group->tenant_id, who[i], &id));
        int rc = change(request->worker->db, group->tenant_id, group->id, id, NULL);
        if (rc == RMS_E_BAD_ARGUMENT) {
            return rms_fail(request, rc, "a dynamic list has no members here");
        }
        RMS_TRY(rc);
    }
    return RMS_OK;
}

static int change_both(
    struct rms_request *request, const struct rms_group *group, struct rms_admin_body *body)
{
    RMS_TRY(change_members(request, group, body, "Add", rms_group_add_member));
    return change_members(request, group, body, "Remove", rms_group_remove_member);
}

int rms_admin_group_members(struct rms_front *front, struct rms_request *request, struct rms_reply *reply)
{
    static const char *const names[] = {"Add", "Remove", NULL};
    RMS_ADMIN_BODY_CLEANUP struct rms_admin_body body = {0};
    struct rms_tenant t;
    struct rms_group group;
    (void)front;
    RMS_TRY(find_group(request, &t, &group));
    RMS_TRY(rms_admin_not_of_directory(request, t.id, group.id));
    RMS_TRY(rms_admin_body(request, names, &body));
    RMS_TRY(rms_db_begin(request->worker->db));
    int rc = rms_db_end(request->worker->db, change_both(request, &group, &body));
    if (rc < 0) {
        return rms_admin_fail(request, &body, rc);
    }
    return write_group(request, &reply->body, &group);
}

int rms_admin_group_refresh(struct rms_front *front, struct rms_request *request, struct rms_reply *reply)
{
    static const char *const names[] = {"Group", "User", NULL};
    RMS_ADMIN_BODY_CLEANUP struct rms_admin_body body = {0};
    struct rms_tenant t;
    const char *group = NULL;
    const char *user = NULL;
    RMS_TRY(rms_admin_tenant(request, &t));
    RMS_TRY(rms_admin_body(request, names, &body));
    int rc = rms_reader_text(&body.reader, body.object, "Group", NAME_MAX_BYTES, &group);
    if (rc == RMS_OK) {
        rc = rms_reader_text(&body.reader, body.object, "User", NAME_MAX_BYTES, &user);
    }
    if (rc < 0) {
        return rms_admin_fail(request, &body, rc);
    }
    rc = rms_directory_refresh(front->directory, request->worker->db, t.id, group != NULL ? group : user);
    if (rc == RMS_E_NOT_FOUND) {
        return rms_fail(request, rc, "no such account or group");
    }
    RMS_TRY(rc);
    /* What directories know by now is read anew, too; that membership changed is told when it is so. */
    RMS_TRY(rms_source_want(request->worker->db, t.id, NULL, RMS_SOURCE_ALL));
    rms_admin_done(reply);
    return RMS_OK;
}
