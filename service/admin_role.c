/* Roles and administration sessions (S-018 to S-021, doc/dev/roles.md). */
#include <stdio.h>

#include "crypto/random.h"
#include "directory/directory.h"
#include "service/admin.h"
#include "service/rest_write.h"
#include "service/role.h"
#include "store/role.h"

/* --- roles -------------------------------------------------------------------------------------------------
 */

static int write_members(struct rms_request *request, const char *tenant_id, struct rms_buf *out)
{
    struct rms_role_members members;
    RMS_TRY(rms_role_list(request->worker->db, request->arena, tenant_id, &members));
    rms_out_open(out, NULL, '[');
    for (size_t i = 0; i < members.count; i++) {
        const struct rms_role_member *member = &members.items[i];
        rms_out_open(out, NULL, '{');
        rms_out_text(out, "Role", rms_role_name(member->role));
        rms_out_text(out, "Kind", member->is_group ? "group" : "user");
        rms_out_text(out, "Name", member->name);
        rms_out_text(out, "Address", member->address);
        rms_out_text(out, "Id", member->id);
        rms_out_time(out, "AddedTime", member->added_at);
        rms_out_text(out, "AddedBy", member->added_by);
        rms_out_close(out, '}');
    }
    rms_out_close(out, ']');
    return RMS_OK;
}

int rms_admin_role_list(struct rms_front *front, struct rms_request *request, struct rms_reply *reply)
{
    struct rms_tenant t;
    (void)front;
    RMS_TRY(rms_admin_tenant(request, &t));
    return write_members(request, t.id, &reply->body);
}

/* An account by any name of it, or a group: with or without address, of any kind that has members (S-018). */
static int find_member(
    struct rms_request *request, const struct rms_tenant *t, const char *name, struct rms_role_member *member)
{
    RMS_DIRECTORY_PERSON_CLEANUP const struct rms_directory_person *person = NULL;
    struct rms_group group;
    const char *why = NULL;
    int rc = rms_directory_find(request->worker->front->directory, request->worker->db, t->id, name, &person);
    if (rc == RMS_OK && person->self_made) {
        return rms_fail(request, RMS_E_BAD_ARGUMENT, "Member: who signed up by himself administers nothing");
    }
    if (rc == RMS_OK) {
        member->id = rms_arena_strdup(request->arena, person->account_id);
        return member->id != NULL ? RMS_OK : RMS_E_NO_MEMORY;
    }
    if (rc != RMS_E_NOT_FOUND) {
        return rc;
    }
    rc = rms_group_find(request->worker->db, request->arena, t->id, name, &group);
    if (rc == RMS_E_CONFLICT) {
        return rms_fail(request, rc, "Member: several groups have this name; give the id of one");
    }
    if (rc == RMS_E_NOT_FOUND) {
        return rms_fail(request, rc, "Member: no such account or group");
    }
    RMS_TRY(rc);
    rc = rms_directory_group_check(group.kind, group.address != NULL, RMS_USE_ADMIN_ROLE, &why);
    member->id = group.id;
    member->is_group = true;
    return rc < 0 ? rms_fail(request, RMS_E_BAD_ARGUMENT, why) : RMS_OK;
}

static int read_member(
    struct rms_request *request, const struct rms_tenant *t, struct rms_role_member *member)
{
    static const char *const names[] = {"Member", "Role", NULL};
    RMS_ADMIN_BODY_CLEANUP struct rms_admin_body body = {0};
    const char *name = NULL;
    const char *role = NULL;
    RMS_TRY(rms_admin_body(request, names, &body));
    int rc = rms_admin_need(&body, "Member", 512, &name);
    if (rc == RMS_OK) {
        rc = rms_reader_text(&body.reader, body.object, "Role", 64, &role);
    }
    if (rc == RMS_OK && role != NULL && rms_role_parse(role, &member->role) < 0) {
        rc = rms_reader_fail(&body.reader, "Role",
            "not GlobalAdministrator, ConnectorAdministrator, ProtectionAdministrator or Reader");
    }
    return rc < 0 ? rms_admin_fail(request, &body, rc) : find_member(request, t, name, member);
}

static int change(struct rms_request *request, struct rms_reply *reply, bool add)
{
    struct rms_tenant t;
    struct rms_role_member member = {
        .role = RMS_ROLE_GLOBAL, .added_at = request->now, .added_by = rms_role_actor(request)};
    RMS_TRY(rms_admin_tenant(request, &t));
    RMS_TRY(read_member(request, &t, &member));
    int rc = add ? rms_role_add(request->worker->db, t.id, &member)
                 : rms_role_remove(request->worker->db, t.id, member.role, member.id);
    if (rc == RMS_E_CONFLICT) {
        return rms_fail(request, rc, add ? "has this role already" : "the last global administrator stays");
    }
    if (rc == RMS_E_NOT_FOUND) {
        return rms_fail(request, rc, "does not have this role");
    }
    RMS_TRY(rc);
    return write_members(request, t.id, &reply->body);
}

int rms_admin_role_add(struct rms_front *front, struct rms_request *request, struct rms_reply *reply)
{
    (void)front;
    return change(request, reply, true);
}

int rms_admin_role_remove(struct rms_front *front, struct rms_request *request, struct rms_reply *reply)
{
    (void)front;
    return change(request, reply, false);
}

/* --- sessions ----------------------------------------------------------------------------------------------
 */

static int need_person(struct rms_request *request)
{
    return request->person != NULL
               ? RMS_OK
               : rms_fail(request, RMS_E_BAD_ARGUMENT, "the administration socket has no sessions");
}

static void write_session(struct rms_request *request, const char *secret, struct rms_buf *out)
{
    rms_out_open(out, NULL, '{');
    rms_out_text(out, "Account", request->address);
    rms_out_text(out, "TenantId", request->person->tenant_id);
    rms_out_open(out, "Roles", '[');
    for (unsigned i = 0; i < RMS_ROLE_COUNT; i++) {
        if ((request->roles & 1u << i) != 0) {
            rms_out_text(out, NULL, rms_role_name((enum rms_role)i));
        }
    }
    rms_out_close(out, ']');
    rms_out_int(out, "IdleSeconds", RMS_ADMIN_IDLE_S);
    rms_out_time(out, "EndsTime", request->now + RMS_ADMIN_LONGEST_S);
    rms_out_text(out, "Session", secret);
    rms_out_close(out, '}');
}

int rms_admin_login(struct rms_front *front, struct rms_request *request, struct rms_reply *reply)
{
    uint8_t random[RMS_ADMIN_SESSION_BYTES];
    char secret[2 * RMS_ADMIN_SESSION_BYTES + 1];
    struct rms_admin_session session;
    (void)front;
    RMS_TRY(need_person(request));
    RMS_TRY(rms_admin_no_members(request));
    rms_random(random, sizeof random);
    for (size_t i = 0; i < sizeof random; i++) {
        (void)snprintf(secret + 2 * i, 3, "%02x", random[i]);
    }
    session = (struct rms_admin_session){
        .tenant_id = request->person->tenant_id, .account_id = request->person->account_id};
    rms_hash(RMS_SHA256, rms_view_str(secret), session.hash);
    RMS_TRY(rms_admin_session_begin(request->worker->db, &session, request->now));
    write_session(request, secret, &reply->body);
    return RMS_OK;
}

int rms_admin_logout(struct rms_front *front, struct rms_request *request, struct rms_reply *reply)
{
    struct rms_admin_session session;
    (void)front;
    RMS_TRY(need_person(request));
    RMS_TRY(rms_role_session(request, &session));
    int rc = rms_admin_session_end(request->worker->db, &session);
    if (rc == RMS_E_NOT_FOUND) {
        request->note.detail = "it had ended already";
        rc = RMS_OK;
    }
    RMS_TRY(rc);
    rms_admin_done(reply);
    return RMS_OK;
}
