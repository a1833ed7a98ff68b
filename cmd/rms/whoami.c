/* rms whoami */
#include <string.h>

#include "cmd/rms/output.h"
#include "cmd/rms/session.h"

static int run(struct arguments *arguments)
{
    struct rms_context *CLOSE_CONTEXT context = NULL;
    struct rms_account account;
    const char *at;
    json_t *object;
    int status = open_context(arguments, &context);
    int code;

    if (status != 0) {
        return status;
    }
    code = rms_whoami(context, &account);
    if (code < 0) {
        return output_error(context, NULL, code);
    }
    at = strrchr(account.address, '@');
    object = json_object();
    json_object_set_new(object, "Account", text_json(account.address));
    json_object_set_new(object, "Domain", text_json(at != NULL ? at + 1 : ""));
    json_object_set_new(object, "DisplayName", text_json(account.display_name));
    json_object_set_new(object, "TenantName", text_json(account.tenant_name));
    json_object_set_new(object, "TenantId", text_json(account.tenant_id));
    json_object_set_new(object, "ServiceUrl", text_json(account.service_url));
    /* the policy of people without labels is the organisation's templates: they have a time and no id */
    json_object_set_new(object, "PolicyId", json_null());
    json_object_set_new(object, "PolicyTime", time_json(account.templates_time));
    json_object_set_new(object, "LastConnection", time_json(account.last_connection));
    json_object_set_new(object, "CertificateUntil", time_json(account.certificate_until));
    json_object_set_new(object, "CanPublishOffline", json_boolean(account.can_publish_offline));
    json_object_set_new(object, "ClientVersion", json_string(rms_version()));
    if (output_json()) {
        output_object(object);
    } else {
        output_members(object);
        json_decref(object);
    }
    return EXIT_DONE;
}

const struct verb verb_whoami = {
    .name = "whoami",
    .summary = "Show who is signed in, where, and what the device holds",
    .details = "Works without the service. Exit status 3 when nobody is signed in.",
    .examples = "  rms whoami\n  rms whoami --json | jq -r .Account",
    .run = run,
};
