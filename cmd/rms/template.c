/* rms template */
#include "cmd/rms/output.h"
#include "cmd/rms/session.h"

static const struct option_row options[] = {
    FLAG("refresh", "ask the service even when the kept list is fresh"),
    OPTIONS_END,
};

static json_t *template_object(
    const struct rms_template *template, const struct rms_account *account, const char *language)
{
    return json_pack("{s:o,s:o,s:o,s:o,s:o,s:b}", "TemplateId", text_json(template->id), "Name",
        text_json(template->name), "Description", text_json(template->description), "CultureInfo",
        text_json(language != NULL ? language : "en-US"), "IssuerDisplayName",
        text_json(account->tenant_name), "FromTemplate", 1);
}

static int list(struct arguments *arguments, bool refresh)
{
    static const struct column columns[] = {
        {"NAME", "Name"}, {"ID", "TemplateId"}, {"DESCRIPTION", "Description"}, {NULL, NULL}};
    struct rms_context *CLOSE_CONTEXT context = NULL;
    const char *language = argument_text(arguments, "lang");
    const struct rms_template *templates = NULL;
    struct rms_account account = {.tenant_name = ""};
    json_t *rows;
    size_t count = 0;
    int status = open_context(arguments, &context);
    int code;

    if (status != 0) {
        return status;
    }
    code = rms_templates(context, refresh, language, &templates, &count);
    if (code < 0) {
        return output_error(context, NULL, code);
    }
    if (rms_whoami(context, &account) < 0) {
        account = (struct rms_account){.tenant_name = ""};
    }
    rows = json_array();
    for (size_t i = 0; i < count; i++) {
        json_array_append_new(rows, template_object(&templates[i], &account, language));
    }
    return output_list(rows, columns);
}

static int run_list(struct arguments *arguments)
{
    return list(arguments, argument_flag(arguments, "refresh"));
}

static int run_refresh(struct arguments *arguments)
{
    struct rms_context *CLOSE_CONTEXT context = NULL;
    const struct rms_template *templates = NULL;
    size_t count = 0;
    int status = open_context(arguments, &context);
    int code;

    if (status != 0) {
        return status;
    }
    code = rms_templates(context, true, NULL, &templates, &count);
    if (code < 0) {
        return output_error(context, NULL, code);
    }
    if (output_json()) {
        output_object(json_pack("{s:I}", "Templates", (json_int_t)count));
    } else if (!output_quiet()) {
        printf(_("%zu templates\n"), count);
    }
    return EXIT_DONE;
}

static const struct verb verbs[] = {
    {
        .name = "list",
        .summary = "List the templates you may protect with",
        .details =
            "From what the device keeps while that is fresh, else from the service. --lang chooses the\n"
            "language of names and descriptions.",
        .examples = "  rms template list\n  rms template list --refresh --json",
        .options = options,
        .run = run_list,
    },
    {
        .name = "refresh",
        .summary = "Get the templates from the service now",
        .examples = "  rms template refresh",
        .run = run_refresh,
    },
    VERBS_END,
};

const struct verb verb_template = {
    .name = "template", .summary = "Templates: policies made by the organisation", .verbs = verbs};
