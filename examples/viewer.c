/* The reference viewer of the enforcement contract: says what it lets the signed-in person do with a
 * protected file, one action a line:
 *
 *     cc viewer.c $(pkg-config --cflags --libs openrms) -o viewer
 *     ./viewer plan.ptxt ACME.MEASURE
 *
 * Rights of its own, which an application asks for by name, follow the file. An application with windows does
 * the same with its menus. */
#include <stdio.h>

#include <openrms/openrms.h>

static int complain(const struct rms_context *context, const char *what, int code)
{
    struct rms_failure failure;

    rms_failure_get(context, code, &failure);
    (void)fprintf(stderr, "%s: %s (%s, %s)\n", what, rms_error_info(code)->text, failure.reason,
        rms_category_name(failure.category));
    if (failure.correlation_id[0] != '\0') {
        (void)fprintf(stderr, "  number: %s\n", failure.correlation_id);
    }
    if (failure.referrer[0] != '\0') {
        (void)fprintf(stderr, "  ask: %s\n", failure.referrer);
    }
    return rms_error_info(code)->exit_status;
}

/* rights: names, with NULL at the end. */
static int view(struct rms_context *context, const char *path, char *const *rights)
{
    struct rms_document *document = NULL;
    int code = rms_document_open_file(context, path, &document);

    if (code != 0) {
        return complain(context, path, code);
    }
    for (int action = 0; action < RMS_ACTION_COUNT; action++) {
        bool enabled = rms_document_permits(document, (enum rms_action)action);

        (void)printf("%s %s\n", enabled ? "enabled" : "disabled", rms_action_name((enum rms_action)action));
    }
    for (; *rights != NULL; rights++) {
        (void)printf("%s %s\n", rms_document_allows(document, *rights) ? "allowed" : "refused", *rights);
    }
    rms_document_free(&document);
    return 0;
}

int main(int argc, char **argv)
{
    const struct rms_options options = {.size = sizeof options, .application = "viewer"};
    struct rms_context *context = NULL;
    int code;

    if (argc < 2) {
        (void)fprintf(stderr, "usage: %s FILE [RIGHT...]\n", argv[0]);
        return 2;
    }
    code = rms_context_new(&options, &context);
    if (code != 0) {
        return complain(NULL, "context", code);
    }
    code = view(context, argv[1], argv + 2);
    rms_context_free(&context);
    return code;
}
