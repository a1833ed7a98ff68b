/* rms label: the sensitivity labels in files' metadata */
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "cmd/rms/items.h"
#include "cmd/rms/output.h"
#include "cmd/rms/session.h"

/* --- get ------------------------------------------------------------------------------------------------ */

struct listing {
    const char *path;
    const char *tenant; /* NULL: of all */
    size_t count;
};

static json_t *label_object(const char *path, const struct rms_label *label, bool in_force)
{
    json_t *object = json_object();

    json_object_set_new(object, "FileName", text_json(path));
    json_object_set_new(object, "LabelId", text_json(label->id));
    json_object_set_new(object, "LabelName", text_json(label->name));
    json_object_set_new(object, "ParentId", text_json(label->parent));
    json_object_set_new(object, "TenantId", text_json(label->tenant));
    json_object_set_new(object, "Enabled", json_boolean(label->enabled));
    json_object_set_new(object, "InForce", json_boolean(in_force));
    json_object_set_new(object, "Method", text_json(label->method));
    json_object_set_new(object, "SetDate", text_json(label->set_at));
    json_object_set_new(object, "Owner", text_json(label->owner));
    json_object_set_new(object, "ContentBits", json_integer(label->content_bits));
    return object;
}

static void show_label(void *user_data, const struct rms_label *label, bool in_force)
{
    struct listing *listing = user_data;
    RMS_BUF_CLEANUP struct rms_buf line = RMS_BUF_INIT(16384);

    if (listing->tenant != NULL && strcasecmp(listing->tenant, label->tenant) != 0) {
        return;
    }
    listing->count++;
    if (output_json()) {
        output_object(label_object(listing->path, label, in_force));
        return;
    }
    safe_text(&line, listing->path);
    rms_buf_append_str(&line, ": ");
    safe_text(&line, label->name[0] != 0 ? label->name : _("(no name)"));
    rms_buf_append_str(&line, " ");
    safe_text(&line, label->id);
    if (!in_force) {
        rms_buf_append_str(&line, label->enabled ? _(", not in force") : _(", removed"));
    }
    printf("%s\n", rms_buf_text(&line));
}

struct looking {
    struct rms_context *context;
    const char *tenant;
};

static int get_one(void *user_data, const struct item *item)
{
    const struct looking *looking = user_data;
    struct listing listing = {.path = item->path, .tenant = looking->tenant};
    struct item unfit = *item;
    bool doubtful = false;
    int code = item->code != 0
                   ? item->code
                   : rms_file_labels(looking->context, item->path, show_label, &listing, &doubtful);

    if (code < 0) {
        unfit.skipped |= code == RMS_E_UNSUPPORTED && item->found;
        return items_refuse(looking->context, &unfit, code);
    }
    if (doubtful) {
        output_note(item->path, _("has several labels of one organisation; the one set last counts"));
    }
    if (listing.count == 0 && !output_json() && !output_quiet()) {
        print_line(stdout, item->path);
        fputs(_("  no label\n"), stdout);
    }
    return EXIT_DONE;
}

static int run_get(struct arguments *arguments)
{
    struct rms_context *CLOSE_CONTEXT context = try_context(arguments);
    struct looking looking = {context, argument_text(arguments, "tenant")};

    return items_look(arguments, true, get_one, &looking);
}

/* --- set and remove ------------------------------------------------------------------------------------- */

struct label_work {
    struct items_work items; /* first: what the verbs of many files hand around */
    struct rms_label label;
    const char *display;
};

/* Programs and folders of the system are skipped, also when they are named (C-049). */
static int left_alone(int code, struct rms_file_result *result)
{
    result->skipped = code == RMS_E_FILE_BLOCKED;
    return code;
}

static int set_one(const struct items_work *work, const char *path, const struct rms_file_options *options,
    struct rms_file_result *result_out)
{
    const struct label_work *labelling = (const struct label_work *)work;

    (void)options;
    return left_alone(
        rms_file_label_set(work->context, path, &labelling->label, labelling->display), result_out);
}

static int remove_one(const struct items_work *work, const char *path, const struct rms_file_options *options,
    struct rms_file_result *result_out)
{
    const struct label_work *labelling = (const struct label_work *)work;

    (void)options;
    return left_alone(rms_file_label_remove(work->context, path, labelling->label.tenant), result_out);
}

static int each_one(const struct items_work *work, const char *const *paths, size_t count,
    const struct rms_file_options *options, items_each *each, void *user_data)
{
    struct rms_file_result result = {.skipped = false};

    for (size_t i = 0; i < count; i++) {
        int code = work->one(work, paths[i], options, &result);

        if (each(user_data, i, code, &result) != 0) {
            return RMS_E_CANCELLED;
        }
    }
    return 0;
}

/* The organisation: as given, else that of whoever is signed in. */
static int find_tenant(struct arguments *arguments, char *out, size_t size)
{
    struct rms_context *CLOSE_CONTEXT context = NULL;
    const char *given = argument_text(arguments, "tenant");
    struct rms_account account = {0};
    int code = 0;

    if (given == NULL) {
        context = try_context(arguments);
        code = context != NULL ? rms_whoami(context, &account) : RMS_E_NOT_AUTHENTICATED;
        given = code == 0 ? account.tenant_id : NULL;
    }
    if (given == NULL) {
        return usage_error(arguments, _("nobody is signed in: say whose label it is with --tenant GUID"));
    }
    (void)snprintf(out, size, "%s", given);
    return EXIT_DONE;
}

static bool take(char *out, size_t size, const char *text)
{
    return snprintf(out, size, "%s", text != NULL ? text : "") < (int)size;
}

static int take_label(struct arguments *arguments, struct rms_label *label)
{
    const char *id = argument_text(arguments, "id");
    const char *name = argument_text(arguments, "name");
    const char *method = argument_text(arguments, "method");
    long bits = 0;

    if (id == NULL || name == NULL) {
        return usage_error(arguments, _("--id GUID and --name NAME are needed"));
    }
    if (!take(label->id, sizeof label->id, id) || !take(label->name, sizeof label->name, name)) {
        return usage_error(arguments, _("--id or --name is too long"));
    }
    (void)take(label->method, sizeof label->method, method);
    (void)argument_number(arguments, "content-bits", &bits);
    label->content_bits = (unsigned)bits;
    return find_tenant(arguments, label->tenant, sizeof label->tenant);
}

static int run_set(struct arguments *arguments)
{
    struct label_work work = {
        .items = {.name = _("labelling"),
            .recursive = true,
            .passed_over = {RMS_E_UNSUPPORTED},
            .one = set_one,
            .many = each_one},
        .label.enabled = true,
        .display = argument_text(arguments, "display"),
    };
    int status = take_label(arguments, &work.label);

    status = status == EXIT_DONE ? items_check(arguments) : status;
    return status == EXIT_DONE ? items_run(arguments, &work.items) : status;
}

static int run_remove(struct arguments *arguments)
{
    struct label_work work = {
        .items = {.name = _("removing labels"),
            .recursive = true,
            .passed_over = {RMS_E_UNSUPPORTED, RMS_E_NOT_FOUND},
            .one = remove_one,
            .many = each_one},
    };
    int status = find_tenant(arguments, work.label.tenant, sizeof work.label.tenant);

    status = status == EXIT_DONE ? items_check(arguments) : status;
    return status == EXIT_DONE ? items_run(arguments, &work.items) : status;
}

/* --- the table ------------------------------------------------------------------------------------------ */

static const char *const methods[] = {"Privileged", "Standard", NULL};

static const struct option_row get_options[] = {
    ITEM_FOLDER_OPTION,
    FLAG("follow", "look at what symbolic links in folders point to (default: they are skipped)"),
    FLAG("stdin0", "read more paths from standard input, separated by NUL"),
    TEXT("tenant", "GUID", "only labels of this organisation"),
    OPTIONS_END,
};

static const struct option_row set_options[] = {
    ITEM_FOLDER_OPTION,
    TEXT("id", "GUID", "the label (needed)"),
    TEXT("name", "NAME", "its name in the default language (needed)"),
    TEXT("display", "TEXT", "for people, \"PARENT CHILD\" for sublabels (default: the name)"),
    TEXT("tenant", "GUID", "whose label it is (default: the organisation you are signed in to)"),
    CHOICE("method", "HOW", "Privileged: a person chose it; Standard: a rule did (default: Privileged)",
        methods),
    NUMBER("content-bits", "sum of 1 header, 2 footer, 4 watermark, 8 protected (default: 0)", 0, 15),
    ITEM_RUN_OPTIONS,
    OPTIONS_END,
};

static const struct option_row remove_options[] = {
    ITEM_FOLDER_OPTION,
    TEXT("tenant", "GUID", "whose label (default: the organisation you are signed in to)"),
    ITEM_RUN_OPTIONS,
    OPTIONS_END,
};

#define KINDS                                                                                                \
    "For Office documents in both forms, PDF, JPEG, PNG and TIFF, and for protected files of any kind, "     \
    "whose\n"                                                                                                \
    "labels everybody can read. In folders, with all below them, other files are skipped. Needs no "         \
    "service;\n"                                                                                             \
    "nothing else in the file changes."

static const struct verb label_verbs[] = {
    {
        .name = "get",
        .summary = "Show the labels of files",
        .operands = "FILE|FOLDER…",
        .details = "Every label there is, also of other organisations, and which one counts.\n" KINDS,
        .examples = "  rms label get plan.docx\n  rms label get -r archive --json | jq -r .LabelName",
        .options = get_options,
        .operands_min = 1,
        .operands_max = OPERANDS_MANY,
        .run = run_get,
    },
    {
        .name = "set",
        .summary = "Write a label into files",
        .operands = "FILE|FOLDER…",
        .details = "Replaces the label the organisation had there; labels of others stay.\n" KINDS,
        .examples =
            "  rms label set plan.docx --id 3de9faa6-9fe1-49b3-9a08-227a296b54a6 --name Confidential\n"
            "  rms label set -r board --id 3de9faa6-9fe1-49b3-9a08-227a296b54a6 --name Confidential --log "
            "run",
        .options = set_options,
        .operands_min = 1,
        .operands_max = OPERANDS_MANY,
        .run = run_set,
    },
    {
        .name = "remove",
        .summary = "Take the organisation's label out of files",
        .operands = "FILE|FOLDER…",
        .details = "Labels of other organisations stay. Exit status 4 when there is none in a file.\n" KINDS,
        .examples = "  rms label remove plan.docx",
        .options = remove_options,
        .operands_min = 1,
        .operands_max = OPERANDS_MANY,
        .run = run_remove,
    },
    VERBS_END,
};

const struct verb verb_label = {
    .name = "label", .summary = "Sensitivity labels in files: show, set, remove", .verbs = label_verbs};
