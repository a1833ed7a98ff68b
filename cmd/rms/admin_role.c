/* rms admin role, login, logout */
#include <limits.h>
#include <stdlib.h>

#include "base/json.h"
#include "cmd/rms/admin_way.h"
#include "cmd/rms/session.h"

/* --- roles -------------------------------------------------------------------------------------------------
 */

static const char *const roles[] = {
    "GlobalAdministrator", "ConnectorAdministrator", "ProtectionAdministrator", "Reader", NULL};

static const struct option_row change_options[] = {
    CHOICE("role", "ROLE",
        "GlobalAdministrator, ConnectorAdministrator, ProtectionAdministrator or Reader (default: "
        "GlobalAdministrator)",
        roles),
    TENANT_OPTION,
    CHANGE_OPTIONS,
    SOCKET_OPTION,
    OPTIONS_END,
};
static const struct call_field change_fields[] = {
    {"Member", FIELD_OPERAND, NULL, 0},
    {"Role", FIELD_TEXT, "role", 0},
    FIELDS_END,
};
static const struct column role_columns[] = {{"ROLE", "Role"}, {"KIND", "Kind"}, {"NAME", "Name"},
    {"ADDRESS", "Address"}, {"ADDED", "AddedTime"}, {"BY", "AddedBy"}, {"ID", "Id"}, {NULL, NULL}};

static const struct call role_list = {.method = "GET", .path = TENANT_PATH "/roles", .columns = role_columns};
static const struct call role_add = {
    .method = "POST", .path = TENANT_PATH "/roles", .fields = change_fields, .columns = role_columns};
static const struct call role_remove = {.method = "POST",
    .path = TENANT_PATH "/roles/remove",
    .fields = change_fields,
    .columns = role_columns,
    .confirm = "Take the role away?"};

const struct verb admin_role_verbs[] = {
    ADMIN_VERB("list", "List who has which role", NULL, 0, 0, admin_read_options, role_list,
        "  rms admin role list"),
    ADMIN_VERB("add", "Give an account or a group a role", "WHO", 1, 1, change_options, role_add,
        "  rms admin role add root@contoso.test\n"
        "  rms admin role add sec-it --role ConnectorAdministrator"),
    ADMIN_VERB("remove", "Take a role away", "WHO", 1, 1, change_options, role_remove,
        "  rms admin role remove sec-it --role ConnectorAdministrator"),
    VERBS_END,
};

/* --- sessions ----------------------------------------------------------------------------------------------
 */

/* Relative names would mean something else tomorrow. */
static const char *ca_file(const struct arguments *arguments, char path[PATH_MAX])
{
    const char *name = argument_text(arguments, "ca");

    name = name != NULL ? name : secure_getenv("RMS_CA");
    return name != NULL && name[0] != 0 && realpath(name, path) != NULL ? path : "";
}

/* The session that is about to begin, without its secret: enough to find the way. */
static int describe(struct arguments *arguments, json_t **session_out)
{
    struct rms_context *CLOSE_CONTEXT context = NULL;
    struct rms_account account;
    char path[PATH_MAX];
    int status = open_context(arguments, &context);
    int code;

    if (status != 0) {
        return status;
    }
    code = rms_whoami(context, &account);
    if (code < 0) {
        return output_error(context, NULL, code);
    }
    *session_out = json_pack("{s:s,s:s,s:s,s:s}", "Url", account.service_url, "Account", account.address,
        "Ca", ca_file(arguments, path), "Session", "none");
    return *session_out != NULL ? 0 : output_error(NULL, NULL, RMS_E_NO_MEMORY);
}

static int begin(const struct arguments *arguments, json_t *session)
{
    json_t *RMS_JSON_CLEANUP body = json_object();
    json_t *RMS_JSON_CLEANUP reply = NULL;
    const struct admin_exchange exchange = {.method = "POST", .path = "/admin/v1/session", .body = body};
    int status = admin_exchange(arguments, &exchange, &reply);
    int code;

    if (status != 0) {
        (void)!admin_session_write(NULL);
        return status;
    }
    (void)json_object_set(session, "Session", json_object_get(reply, "Session"));
    (void)json_object_del(reply, "Session");
    code = admin_session_write(session);
    if (code < 0) {
        return output_error(NULL, _("session"), code);
    }
    if (output_json()) {
        output_object(json_incref(reply));
    } else if (!output_quiet()) {
        output_members(reply);
    }
    return EXIT_DONE;
}

int admin_run_login(struct arguments *arguments)
{
    json_t *RMS_JSON_CLEANUP session = NULL;
    int status;
    int code;

    if (admin_socket(arguments) != NULL) {
        return usage_error(arguments, _("RMS_ADMIN_SOCKET is set: commands would go there"));
    }
    status = describe(arguments, &session);
    if (status != 0) {
        return status;
    }
    code = admin_session_write(session);
    status = code < 0 ? output_error(NULL, _("session"), code) : begin(arguments, session);
    admin_way_forget();
    return status;
}

int admin_run_logout(struct arguments *arguments)
{
    json_t *RMS_JSON_CLEANUP session = admin_session_read();
    json_t *RMS_JSON_CLEANUP reply = NULL;
    const struct admin_exchange exchange = {.method = "DELETE", .path = "/admin/v1/session"};
    int status = EXIT_DONE;

    if (session == NULL) {
        output_note(NULL, _("there is no session"));
        return EXIT_DONE;
    }
    if (admin_socket(arguments) == NULL) {
        status = admin_exchange(arguments, &exchange, &reply);
    }
    (void)!admin_session_write(NULL);
    admin_way_forget();
    return status == EXIT_SIGN_IN ? EXIT_DONE : status; /* it had ended */
}
