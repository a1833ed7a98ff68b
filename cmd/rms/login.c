/* rms login */
#include <unistd.h>

#include "base/text.h"
#include "cmd/rms/launch.h"
#include "cmd/rms/output.h"
#include "cmd/rms/password.h"
#include "cmd/rms/session.h"

static const struct option_row options[] = {
    TEXT("email", "ADDRESS", "who signs in"),
    ALIAS("as", OPTION_TEXT, "email"),
    FLAG("password-stdin", "read the password from standard input; on a terminal it is asked for"),
    FLAG("device", "show an address and a code to enter in any browser"),
    FLAG("browser", "open a browser here (default on a desktop, else --device)"),
    OPTIONS_END,
};

static int check(const struct arguments *arguments)
{
    static const char *const ways[] = {"password-stdin", "device", "browser", NULL};
    const char *address = argument_text(arguments, "email");
    char normal[RMS_ADDRESS_MAX];

    if (argument_count_of(arguments, ways) > 1) {
        return usage_error(arguments, _("give one of --password-stdin, --device, --browser"));
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

static int sign_in(const struct arguments *arguments, struct rms_context *context)
{
    const char *address = argument_text(arguments, "email");

    if (argument_flag(arguments, "password-stdin")) {
        return with_password(context, address);
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
                "  rms login --email alice@contoso.test --password-stdin <password.txt",
    .options = options,
    .run = run,
};
