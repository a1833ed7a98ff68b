#include <glob.h>
#include <limits.h>
#include <string.h>

#include "service/keyd_journal.h"

/* A file, and that it goes on where the one before it ended. chain: of that one, "" when there is none here;
 * then of this one. */
static int verify_file(const char *path, struct rms_view key, char chain[RMS_JOURNAL_CHAIN], FILE *out)
{
    struct rms_journal_report report;
    int status = rms_journal_verify(path, key, &report);

    if (status != 0) {
        (void)fprintf(out, "%s: %s behind line %llu\n", path, rms_error_info(status)->reason,
            (unsigned long long)report.lines);
        return status;
    }
    (void)fprintf(out, "%s: %llu lines, intact%s\nchain %s\n", path, (unsigned long long)report.lines,
        report.torn ? ", a partial line follows" : "", report.chain);
    if (chain[0] == '\0' && report.continues[0] != '\0') {
        (void)fprintf(out, "goes on from a file that is not here and ended with %s\n", report.continues);
    } else if (strcmp(chain, report.continues) != 0) {
        (void)fprintf(out, "does not go on where the file before it ended\n");
        return RMS_E_DAMAGED;
    }
    memcpy(chain, report.chain, sizeof report.chain);
    return 0;
}

int rms_journal_verify_all(const char *path, struct rms_view key, FILE *out)
{
    char pattern[PATH_MAX + 16];
    char chain[RMS_JOURNAL_CHAIN] = "";
    glob_t aside = {0};
    int status = 0;

    /* seconds of ten digits: the order of names is that of time */
    (void)snprintf(pattern, sizeof pattern, "%s-[0-9]*", path);
    if (glob(pattern, 0, NULL, &aside) == 0) {
        for (size_t i = 0; i < aside.gl_pathc && status == 0; i++) {
            status = verify_file(aside.gl_pathv[i], key, chain, out);
        }
    }
    globfree(&aside);
    return status == 0 ? verify_file(path, key, chain, out) : status;
}
