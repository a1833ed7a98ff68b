/* Saves an edited document under the protection it has:
 *
 *     cc save.c $(pkg-config --cflags --libs openrms) -o save
 *     ./save plan.ptxt edited.txt
 *
 * Licence, content id and key stay; whoever may open it now may open it then. */
#include <stdio.h>

#include <openrms/openrms.h>

static int complain(const struct rms_context *context, const char *what, int code)
{
    (void)fprintf(stderr, "%s: %s (%s)\n", what, rms_error_info(code)->text, rms_error_info(code)->reason);
    (void)fprintf(stderr, "  %s\n", rms_last_detail(context));
    return rms_error_info(code)->exit_status;
}

static int save(struct rms_context *context, const char *path, const char *edited)
{
    struct rms_document *document = NULL;
    int code = rms_document_open_file(context, path, &document);

    if (code == 0) {
        code = rms_document_save(document, edited, path);
    }
    rms_document_free(&document);
    return code == 0 ? 0 : complain(context, path, code);
}

int main(int argc, char **argv)
{
    const struct rms_options options = {.size = sizeof options, .application = "save"};
    struct rms_context *context = NULL;
    int code;

    if (argc != 3) {
        (void)fprintf(stderr, "usage: %s PROTECTED EDITED\n", argv[0]);
        return 2;
    }
    code = rms_context_new(&options, &context);
    if (code != 0) {
        return complain(NULL, "context", code);
    }
    code = save(context, argv[1], argv[2]);
    rms_context_free(&context);
    return code;
}
