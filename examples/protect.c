/* Protects a file so that one other person may read it:
 *
 *     cc protect.c $(pkg-config --cflags --libs openrms) -o protect
 *     rms login --email alice@contoso.test
 *     ./protect plan.txt bob@contoso.test
 *
 * The sign-in and the device's certificates are those of the `rms` command. */
#include <stdio.h>

#include <openrms/openrms.h>

static int complain(struct rms_context *context, const char *what, int code)
{
    const struct rms_error_info *info = rms_error_info(code);

    (void)fprintf(stderr, "%s: %s (%s)\n", what, info->text, info->reason);
    if (rms_last_detail(context)[0] != '\0') {
        (void)fprintf(stderr, "  %s\n", rms_last_detail(context));
    }
    (void)fprintf(stderr, "  next: %s\n", info->next);
    return info->exit_status;
}

static int protect(struct rms_context *context, const char *path, const char *reader)
{
    struct rms_policy_builder *policy = NULL;
    struct rms_file_result result;
    int code = rms_policy_custom(context, &policy);

    if (code == 0) {
        code = rms_policy_grant(policy, reader, "Viewer", false);
    }
    if (code == 0) {
        code = rms_policy_set_expiry_days(policy, 90);
    }
    if (code == 0) {
        code = rms_protect_file(context, path, policy, NULL, &result);
    }
    rms_policy_free(&policy);
    if (code != 0) {
        return complain(context, path, code);
    }
    (void)printf("%s\n", result.output);
    return 0;
}

int main(int argc, char **argv)
{
    const struct rms_options options = {.size = sizeof options, .application = "example"};
    struct rms_context *context = NULL;
    int code;

    if (argc != 3) {
        (void)fprintf(stderr, "usage: %s FILE ADDRESS\n", argv[0]);
        return 2;
    }
    code = rms_context_new(&options, &context);
    if (code != 0) {
        return complain(NULL, "context", code);
    }
    code = protect(context, argv[1], argv[2]);
    rms_context_free(&context);
    return code;
}
