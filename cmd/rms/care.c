/* Care of the device: rms bootstrap, reset, cache clean, doctor */
#include <string.h>
#include <unistd.h>

#include "cmd/rms/output.h"
#include "cmd/rms/session.h"

static void say(const char *text)
{
    if (!output_quiet() && !output_json()) {
        puts(text);
    }
}

/* --- bootstrap -------------------------------------------------------------------------------------------
 */

static const struct option_row bootstrap_options[] = {
    FLAG("force", "get everything anew, also what is still valid"),
    OPTIONS_END,
};

static int run_bootstrap(struct arguments *arguments)
{
    struct rms_context *CLOSE_CONTEXT context = NULL;
    int status = open_signed_in(arguments, &context);
    int code;

    if (status != 0) {
        return status;
    }
    code = rms_bootstrap(context, argument_flag(arguments, "force"));
    if (code < 0) {
        return output_error(context, NULL, code);
    }
    say(_("The device is ready: certificates and templates are here."));
    return EXIT_DONE;
}

const struct verb verb_bootstrap = {
    .name = "bootstrap",
    .summary = "Prepare this device now: certificates and templates",
    .details = "Happens by itself at first use. Afterwards you can protect files without the service.",
    .examples = "  rms bootstrap\n  rms bootstrap --force",
    .options = bootstrap_options,
    .run = run_bootstrap,
};

/* --- reset -----------------------------------------------------------------------------------------------
 */

static const struct option_row reset_options[] = {
    FLAG("force", "do not ask"),
    ALIAS("yes", OPTION_FLAG, "force"),
    OPTIONS_END,
};

static int run_reset(struct arguments *arguments)
{
    struct rms_context *CLOSE_CONTEXT context = NULL;
    int status;
    int code;

    if (!argument_flag(arguments, "force")) {
        if (!isatty(STDIN_FILENO)) {
            return usage_error(arguments, _("this needs a yes: give --force"));
        }
        if (!ask_yes(
                _("Everybody is signed out, and certificates, licences and templates kept on this device are "
                  "deleted. Without the service nothing works until the next sign-in. Go on?"))) {
            output_note(NULL, _("nothing was changed"));
            return EXIT_USAGE;
        }
    }
    status = open_context(arguments, &context);
    if (status != 0) {
        return status;
    }
    code = rms_reset(context);
    if (code < 0) {
        return output_error(context, NULL, code);
    }
    say(_("Everything but the logs is deleted. Next: rms login"));
    return EXIT_DONE;
}

const struct verb verb_reset = {
    .name = "reset",
    .summary = "Delete everything OpenRMS keeps on this device, but logs",
    .details = "Certificates, licences, templates and tokens go; protected files stay as they are.",
    .examples = "  rms reset\n  rms reset --force",
    .options = reset_options,
    .run = run_reset,
};

/* --- cache -----------------------------------------------------------------------------------------------
 */

static int run_clean(struct arguments *arguments)
{
    struct rms_context *CLOSE_CONTEXT context = NULL;
    size_t removed = 0;
    size_t kept = 0;
    int status = open_context(arguments, &context);
    int code;

    if (status != 0) {
        return status;
    }
    code = rms_cache_clean(context, &removed, &kept);
    if (code < 0) {
        return output_error(context, NULL, code);
    }
    if (output_json()) {
        output_object(json_pack("{s:I,s:I}", "Removed", (json_int_t)removed, "Kept", (json_int_t)kept));
    } else if (!output_quiet()) {
        printf(_("%zu entries removed, %zu kept\n"), removed, kept);
    }
    return EXIT_DONE;
}

static const struct verb cache_verbs[] = {
    {
        .name = "clean",
        .summary = "Remove expired and broken entries from the local store",
        .examples = "  rms cache clean",
        .run = run_clean,
    },
    VERBS_END,
};

const struct verb verb_cache = {
    .name = "cache", .summary = "The local store of licences", .verbs = cache_verbs};

/* --- doctor ----------------------------------------------------------------------------------------------
 */

/* The next step, but for the advice to run what is running. */
static const char *advice(const struct rms_error_info *info)
{
    return strstr(info->next, "rms doctor") != NULL ? _("check the network and RMS_URL") : _(info->next);
}

static void print_check(void *user_data, const struct rms_check *check)
{
    const struct rms_error_info *info = rms_error_info(check->code);
    bool fine = check->code == 0;
    struct rms_buf RMS_BUF_CLEANUP line = RMS_BUF_INIT(8192);
    int *failed = user_data;

    *failed += !fine;
    if (output_json()) {
        output_object(json_pack("{s:o,s:s,s:s,s:o}", "Subject", text_json(check->subject), "Status",
            fine ? "Success" : "Failed", "Reason", fine ? "" : info->reason, "Comment",
            text_json(check->text)));
        return;
    }
    safe_text(&line, check->text != NULL ? check->text : "");
    if (fine) {
        printf("%sok%s      %-14s %s\n", style("good"), style("off"), check->subject, rms_buf_text(&line));
    } else {
        printf("%sFAILED%s  %-14s %s (%s); %s\n", style("bad"), style("off"), check->subject,
            rms_buf_text(&line), info->reason, advice(info));
    }
    fflush(stdout);
}

static int run_doctor(struct arguments *arguments)
{
    struct rms_context *CLOSE_CONTEXT context = NULL;
    int failed = 0;
    int status = open_context(arguments, &context);
    int code;

    if (status != 0) {
        return EXIT_REFUSED;
    }
    code = rms_doctor(context, print_check, &failed);
    if (code < 0 && failed == 0) {
        return output_error(context, NULL, code);
    }
    return failed > 0 ? EXIT_REFUSED : EXIT_DONE;
}

const struct verb verb_doctor = {
    .name = "doctor",
    .summary = "Check settings, network, sign-in, certificates and a round trip",
    .details = "One line for each check; exit status 1 when any fails.",
    .examples = "  rms doctor\n  rms doctor --json",
    .run = run_doctor,
};
