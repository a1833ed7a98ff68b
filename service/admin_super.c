/* Super users (service-requirements section 7). */
#include "directory/directory.h"
#include "service/admin.h"
#include "service/rest_write.h"
#include "service/role.h"
#include "service/super_alert.h"
#include "store/group.h"
#include "store/recovery.h"

/* SuperUsers as the original has it, and what it has not: until when, why, by whom. */
static void write_entries(struct rms_buf *out, const struct rms_super_users *list, int64_t now)
{
    rms_out_open(out, "Entries", '[');
    for (size_t i = 0; i < list->count; i++) {
        const struct rms_super_user *entry = &list->items[i];
        int64_t end = entry->ends_at;
        rms_out_open(out, NULL, '{');
        rms_out_text(out, "Address", entry->address);
        rms_out_time(out, "AddedTime", entry->added_at);
        rms_out_text(out, "AddedBy", entry->added_by);
        rms_out_time(out, "Until", end != 0 ? end : RMS_TIME_NONE);
        rms_out_bool(out, "Ended", end != 0 && end <= now);
        rms_out_text(out, "Reason", entry->reason);
        rms_out_close(out, '}');
    }
    rms_out_close(out, ']');
}

static int write_state(struct rms_request *request, struct rms_buf *out, const char *tenant_id)
{
    struct rms_tenant t;
    struct rms_super_users list;
    RMS_TRY(rms_tenant_get(request->worker->db, request->arena, tenant_id, &t));
    RMS_TRY(rms_super_user_list(request->worker->db, request->arena, tenant_id, &list));
    rms_out_open(out, NULL, '{');
    rms_out_text(out, "SuperUsersEnabled", t.super_users_enabled ? "Enabled" : "Disabled");
    rms_out_open(out, "SuperUsers", '[');
    for (size_t i = 0; i < list.count; i++) {
        rms_out_text(out, NULL, list.items[i].address);
    }
    rms_out_close(out, ']');
    rms_out_text(out, "SuperUserGroup", t.super_user_group);
    rms_out_bool(out, "FourEyes", t.four_eyes);
    rms_super_alerts_write(request, &t, out);
    write_entries(out, &list, request->now);
    if (request->note.detail != NULL) { /* S-177 */
        rms_out_texts(out, "Warnings", &request->note.detail, 1);
    }
    rms_out_close(out, '}');
    return RMS_OK;
}

int rms_admin_super_show(struct rms_front *front, struct rms_request *request, struct rms_reply *reply)
{
    struct rms_tenant t;
    (void)front;
    RMS_TRY(rms_admin_tenant(request, &t));
    return write_state(request, &reply->body, t.id);
}

int rms_admin_super_group(struct rms_front *front, struct rms_request *request, struct rms_reply *reply)
{
    struct rms_tenant t;
    struct rms_group group = {0};
    (void)front;
    RMS_TRY(rms_admin_tenant(request, &t));
    if (t.super_user_group != NULL) {
        RMS_TRY(rms_group_get(request->worker->db, request->arena, t.id, t.super_user_group, &group));
    }
    const char *name = group.address != NULL ? group.address : group.name;
    rms_admin_write_word(request, reply, "SuperUserGroup", name != NULL ? name : "");
    return RMS_OK;
}

/* true and false, also as text: the command line sends constants as text. */
static int read_switch(struct rms_admin_body *body, const char *name, bool *given, bool *enabled)
{
    const json_t *value = json_object_get(body->object, name);
    const char *text = json_string_value(value);
    *given = value != NULL && !json_is_null(value);
    if (text != NULL && (strcmp(text, "true") == 0 || strcmp(text, "false") == 0)) {
        *enabled = text[0] == 't';
        return RMS_OK;
    }
    return rms_reader_bool(&body->reader, body->object, name, enabled);
}

static int set_enabled(struct rms_request *request, struct rms_admin_body *body, const char *tenant_id)
{
    bool given = false;
    bool enabled = false;
    bool changed = false;
    RMS_TRY(read_switch(body, "Enabled", &given, &enabled));
    if (!given) {
        return RMS_OK;
    }
    RMS_TRY(rms_super_users_enable(request->worker->db, tenant_id, enabled, &changed));
    if (!changed) {
        request->note.detail = "it was so already";
    }
    return RMS_OK;
}

/* On which entries are added. */
struct terms {
    const char *tenant_id;
    int64_t until; /* RMS_TIME_NONE: no end */
    const char *reason;
};

static int read_terms(struct rms_request *request, struct rms_admin_body *body, struct terms *terms)
{
    bool adds = json_array_size(json_object_get(body->object, "Add")) > 0;
    RMS_TRY(rms_reader_time(&body->reader, body->object, "Until", &terms->until));
    RMS_TRY(rms_reader_text(&body->reader, body->object, "Reason", 1024, &terms->reason));
    if (!adds && (terms->until != RMS_TIME_NONE || terms->reason != NULL)) {
        return rms_reader_fail(&body->reader, "Until", "goes with Add, like Reason");
    }
    return terms->until == RMS_TIME_NONE || terms->until > request->now
               ? RMS_OK
               : rms_reader_fail(&body->reader, "Until", "is over");
}

/* S-175: a person by address, or by UPN where he has none; groups have their own setting. */
static int add_one(struct rms_request *request, const struct terms *terms, const char *text)
{
    const char *tenant_id = terms->tenant_id;
    struct rms_directory *directory = request->worker->front->directory;
    RMS_DIRECTORY_PERSON_CLEANUP const struct rms_directory_person *person = NULL;
    struct rms_group group;
    int rc = rms_directory_find(directory, request->worker->db, tenant_id, text, &person);
    if (rc == RMS_E_NOT_FOUND &&
        rms_group_find(request->worker->db, request->arena, tenant_id, text, &group) == RMS_OK) {
        return rms_fail(request, RMS_E_BAD_ARGUMENT,
            "Add: this is a group; set it as Group: rms admin superuser group set");
    }
    if (rc == RMS_E_NOT_FOUND) {
        return rms_fail(request, rc, "no such account");
    }
    RMS_TRY(rc);
    struct rms_super_user entry = {
        .address = rms_arena_strdup(request->arena, person->address != NULL ? person->address : person->upn),
        .account_id = person->account_id,
        .added_at = request->now,
        .ends_at = terms->until != RMS_TIME_NONE ? terms->until : 0,
        .reason = terms->reason,
        .added_by = rms_role_actor(request),
    };
    if (entry.address == NULL) {
        return RMS_E_NO_MEMORY;
    }
    rc = rms_super_user_add(request->worker->db, tenant_id, &entry);
    return rc == RMS_E_CONFLICT ? rms_fail(request, rc, "listed already") : rc;
}

/* The address an account is listed by; NULL when it is not. */
static const char *listed_address(struct rms_request *request, const char *tenant_id, const char *account_id)
{
    struct rms_super_users list;
    if (rms_super_user_list(request->worker->db, request->arena, tenant_id, &list) < 0) {
        return NULL;
    }
    for (size_t i = 0; i < list.count; i++) {
        if (list.items[i].account_id != NULL && strcmp(list.items[i].account_id, account_id) == 0) {
            return list.items[i].address;
        }
    }
    return NULL;
}

/* By the address that the list shows, or the GUID of the account (S-178). */
static int remove_one(struct rms_request *request, const struct terms *terms, const char *text)
{
    char normal[RMS_ADDRESS_MAX];
    char id[RMS_GUID_TEXT];
    if (rms_guid_parse(rms_view_str(text), id) == RMS_OK) {
        text = listed_address(request, terms->tenant_id, id);
    }
    int rc = text != NULL ? rms_address_normalise(text, normal) : RMS_E_NOT_FOUND;
    if (rc == RMS_OK) {
        rc = rms_super_user_remove(request->worker->db, terms->tenant_id, normal);
    }
    return rc == RMS_E_NOT_FOUND ? rms_fail(request, rc, "not listed") : rc;
}

static int each(struct rms_request *request, struct rms_admin_body *body, const struct terms *terms,
    const char *member, int (*change)(struct rms_request *, const struct terms *, const char *))
{
    const char *const *texts = NULL;
    size_t count = 0;
    RMS_TRY(rms_reader_texts(&body->reader, body->object, member, &texts, &count));
    for (size_t i = 0; i < count; i++) {
        RMS_TRY(change(request, terms, texts[i]));
    }
    return RMS_OK;
}

/* S-176: any group with an address; "" clears. */
static int set_group(struct rms_request *request, struct rms_admin_body *body, const char *tenant_id)
{
    const char *text = NULL;
    RMS_TRY(rms_reader_text(&body->reader, body->object, "Group", 512, &text));
    if (text == NULL) {
        return RMS_OK;
    }
    if (text[0] == '\0') {
        return rms_super_user_set_group(request->worker->db, tenant_id, NULL);
    }
    struct rms_principal_question question = {tenant_id, text, RMS_USE_SUPER_USER};
    struct rms_principal_info info = {0};
    int rc = rms_directory_principal(request->worker->db, request->arena, &question, &info);
    if (rc == RMS_OK && info.kind != RMS_IS_GROUP) {
        rc = RMS_E_NOT_FOUND;
    }
    if (rc < 0) {
        return rms_fail(request, rc, info.why != NULL ? info.why : "Group: no such group");
    }
    return rms_super_user_set_group(request->worker->db, tenant_id, info.id);
}

/* B-13. One administrator can require it; that it is not required any more would take one alone to
 * everything. */
static int set_four_eyes(struct rms_request *request, struct rms_admin_body *body, const char *tenant_id)
{
    bool given = false;
    bool wanted = false;
    bool changed = false;
    RMS_TRY(read_switch(body, "FourEyes", &given, &wanted));
    if (!given) {
        return RMS_OK;
    }
    if (!wanted && request->person != NULL) {
        return rms_fail(
            request, RMS_E_ROLE_REQUIRED, "only the operator switches this off, on the service's machine");
    }
    RMS_TRY(rms_recovery_require(request->worker->db, tenant_id, wanted, &changed));
    if (!changed) {
        request->note.detail = "it was so already";
    }
    return RMS_OK;
}

/* Whatever would make somebody a super user. */
static int check_four_eyes(struct rms_request *request, struct rms_admin_body *body, const char *tenant_id)
{
    struct rms_tenant t;
    bool given = false;
    bool enabled = false;
    const char *group = NULL;
    RMS_TRY(rms_tenant_get(request->worker->db, request->arena, tenant_id, &t));
    RMS_TRY(read_switch(body, "Enabled", &given, &enabled));
    RMS_TRY(rms_reader_text(&body->reader, body->object, "Group", 512, &group));
    bool grants = (given && enabled) || (group != NULL && group[0] != '\0') ||
                  json_array_size(json_object_get(body->object, "Add")) > 0;
    return t.four_eyes && grants ? rms_fail(request, RMS_E_APPROVAL_REQUIRED,
                                       "four eyes are required here: rms admin recovery request")
                                 : RMS_OK;
}

static int change_all(struct rms_request *request, struct rms_admin_body *body, const char *tenant_id)
{
    struct terms terms = {.tenant_id = tenant_id, .until = RMS_TIME_NONE};
    RMS_TRY(set_four_eyes(request, body, tenant_id));
    RMS_TRY(check_four_eyes(request, body, tenant_id));
    RMS_TRY(read_terms(request, body, &terms));
    RMS_TRY(set_enabled(request, body, tenant_id));
    RMS_TRY(each(request, body, &terms, "Add", add_one));
    RMS_TRY(each(request, body, &terms, "Remove", remove_one));
    RMS_TRY(set_group(request, body, tenant_id));
    return rms_super_alerts_set(request, body, tenant_id);
}

int rms_admin_super_change(struct rms_front *front, struct rms_request *request, struct rms_reply *reply)
{
    static const char *const names[] = {
        "Enabled", "Add", "Remove", "Group", "Until", "Reason", "FourEyes", "Alerts", NULL};
    RMS_ADMIN_BODY_CLEANUP struct rms_admin_body body = {0};
    struct rms_tenant t;
    (void)front;
    RMS_TRY(rms_admin_tenant(request, &t));
    RMS_TRY(rms_admin_body(request, names, &body));
    RMS_TRY(rms_db_begin(request->worker->db));
    int rc = change_all(request, &body, t.id);
    rc = rms_db_end(request->worker->db, rc == RMS_OK ? rms_super_alert(request, &t, body.object) : rc);
    if (rc < 0) {
        return rms_admin_fail(request, &body, rc);
    }
    return write_state(request, &reply->body, t.id);
}
