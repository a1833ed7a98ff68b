/* rms logout, and rms auth: token and clear */
#include "base/text.h"
#include "cmd/rms/output.h"
#include "cmd/rms/session.h"

static const struct option_row options[] = {
    FLAG("all", "sign everybody out"),
    OPTIONS_END,
};

/* Signs the current person out again and again until nobody is left. */
static int sign_all_out(struct rms_context *context)
{
    struct rms_account account;
    int code;

    while ((code = rms_whoami(context, &account)) == 0) {
        RMS_TRY(rms_logout(context, NULL));
    }
    return code == RMS_E_NOT_AUTHENTICATED ? 0 : code;
}

static int run(struct arguments *arguments)
{
    struct rms_context *CLOSE_CONTEXT context = NULL;
    size_t count;
    const char *const *operands = argument_operands(arguments, &count);
    const char *address = count > 0 ? operands[0] : NULL;
    char normal[RMS_ADDRESS_MAX];
    int status;
    int code;

    if (address != NULL && argument_flag(arguments, "all")) {
        return usage_error(arguments, _("give an address or --all"));
    }
    if (address != NULL && rms_address_normalise(address, normal) < 0) {
        return usage_error(arguments, _("%s is no mail address"), address);
    }
    status = open_context(arguments, &context);
    if (status != 0) {
        return status;
    }
    code = argument_flag(arguments, "all") ? sign_all_out(context) : rms_logout(context, address);
    if (code == RMS_E_NOT_AUTHENTICATED && address == NULL) {
        code = 0; /* nobody to sign out: as asked */
    }
    if (code < 0) {
        return output_error(context, address, code);
    }
    if (!output_quiet() && !output_json()) {
        puts(_("Signed out: tokens, certificates and licences are removed from this device."));
    }
    return EXIT_DONE;
}

const struct verb verb_logout = {
    .name = "logout",
    .summary = "Sign out",
    .operands = "[ADDRESS]",
    .details =
        "Removes tokens, certificates and kept licences of one person (default: the current one) from this\n"
        "device. What others keep stays.",
    .examples = "  rms logout\n  rms logout alice@contoso.test\n  rms logout --all",
    .options = options,
    .operands_max = 1,
    .run = run,
};

static int run_token(struct arguments *arguments)
{
    struct rms_context *CLOSE_CONTEXT context = NULL;
    const char *token = NULL;
    int status = open_context(arguments, &context);
    int code;

    if (status != 0) {
        return status;
    }
    code = rms_access_token(context, &token);
    if (code < 0) {
        return output_error(context, NULL, code);
    }
    puts(token);
    return EXIT_DONE;
}

static const struct verb auth_verbs[] = {
    {
        .name = "token",
        .summary = "Print a current access token",
        .details =
            "For calls of the REST interface by other programs. Whoever has the token acts as you until it\n"
            "expires: keep it out of files and arguments.",
        .examples = "  curl --cacert ca.pem -H \"Authorization: Bearer $(rms auth token)\" "
                    "$RMS_URL/my/v2/templates",
        .run = run_token,
    },
    {
        .name = "clear",
        .summary = "The same as rms logout",
        .operands = "[ADDRESS]",
        .examples = "  rms auth clear --all",
        .options = options,
        .operands_max = 1,
        .run = run,
    },
    VERBS_END,
};

const struct verb verb_auth = {.name = "auth", .summary = "Tokens of the sign-in", .verbs = auth_verbs};
