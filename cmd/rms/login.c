/* rms login */
#include <unistd.h>

#include "base/guid.h"
#include "base/text.h"
#include "cmd/rms/launch.h"
#include "cmd/rms/output.h"
#include "cmd/rms/password.h"
#include "cmd/rms/session.h"

static const struct option_row options[] = {
    TEXT("email", "ADDRESS", "who signs in"),
    ALIAS("as", OPTION_TEXT, "email"),
    FLAG("password-stdin", "read the password from standard input; on a terminal it is asked for"),
    TEXT("app", "GUID", "sign in as this application; its secret is read like a password"),
    FLAG("device", "show an address and a code to enter in any browser"),
    FLAG("browser", "open a browser here (default on a desktop, else --device)"),
    OPTIONS_END,
};

static int check(const struct arguments *arguments)
{
    static const char *const ways[] = {"password-stdin", "device", "browser", "app", NULL};
    const char *address = argument_text(arguments, "email");
    const char *app = argument_text(arguments, "app");
    char normal[RMS_ADDRESS_MAX];
    char id[RMS_GUID_TEXT];

    if (argument_count_of(arguments, ways) > 1) {
        return usage_error(arguments, _("give one of --password-stdin, --app, --device, --browser"));
    }
    if (app != NULL && (address != NULL || rms_guid_parse(rms_view_str(app), id) < 0)) {
        return usage_error(arguments, _("--app takes the GUID of an application, and no --email"));
    }
    if (argument_flag(arguments, "password-stdin") && address == NULL) {
        return usage_error(arguments, _("--password-stdin needs --email"));
    }
    if (address != NULL && rms_address_normalise(address, normal) < 0) {
        return usage_error(arguments, _("--email takes a mail address, not \"%s\""), address);
    }
    return 0;
}

static int with_password(struct rms_context *context, const char *address)
{
    struct rms_buf RMS_BUF_CLEANUP password = RMS_BUF_INIT(1024);

    RMS_TRY(password_read(&password));
    return rms_login_password(context, address, rms_buf_text(&password));
}

static int as_application(struct rms_context *context, const char *app)
{
    struct rms_buf RMS_BUF_CLEANUP secret = RMS_BUF_INIT(1024);

    RMS_TRY(password_read(&secret));
    return rms_login_app(context, app, rms_buf_text(&secret));
}

static int sign_in(const struct arguments *arguments, struct rms_context *context)
{
    const char *address = argument_text(arguments, "email");

    if (argument_flag(arguments, "password-stdin")) {
        return with_password(context, address);
    }
    if (argument_text(arguments, "app") != NULL) {
        return as_application(context, argument_text(arguments, "app"));
    }
    if (argument_flag(arguments, "browser") ||
        (!argument_flag(arguments, "device") && launch_has_desktop())) {
        return rms_login_browser(context, address);
    }
    return rms_login_device(context, address);
}

static int run(struct arguments *arguments)
{
    struct rms_context *CLOSE_CONTEXT context = NULL;
    struct rms_account account;
    int status = check(arguments);
    int code;

    status = status == 0 ? open_context(arguments, &context) : status;
    if (status != 0) {
        return status;
    }
    code = sign_in(arguments, context);
    if (code == 0) {
        code = rms_whoami(context, &account);
    }
    if (code < 0) {
        return output_error(context, argument_text(arguments, "email"), code);
    }
    if (output_json()) {
        output_object(json_pack("{s:o}", "Account", text_json(account.address)));
    } else if (!output_quiet()) {
        printf(_("Signed in as %s.\n"), account.address);
    }
    return EXIT_DONE;
}

const struct verb verb_login = {
    .name = "login",
    .summary = "Sign in",
    .details = "Keeps the sign-in on this device until rms logout. Several people may be signed in; the last "
               "one is\n"
               "the current one, and --user chooses another. Passwords are never taken from arguments.",
    .examples = "  rms login\n"
                "  rms login --email alice@contoso.test --device\n"
                "  rms login --email alice@contoso.test --password-stdin <password.txt\n"
                "  rms login --app 6f1d7b3e-0c0f-4d6e-9b0e-0d2f6c2f9a11 <secret.txt",
    .options = options,
    .run = run,
};
