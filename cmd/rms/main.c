/* rms: protect documents, open them, and administer the service that decides who may. */
#include <errno.h>
#include <locale.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "cmd/rms/output.h"

int main(int argc, char **argv)
{
    const struct verb verbs[] = {verb_login, verb_logout, verb_whoami, verb_auth, verb_protect,
        verb_unprotect, verb_status, verb_open, verb_view, verb_cat, verb_share, verb_track, verb_revoke,
        verb_template, verb_license, verb_label, verb_perms, verb_bootstrap, verb_doctor, verb_cache,
        verb_reset, verb_completion, verb_admin, VERBS_END};
    int status;

    (void)setlocale(LC_CTYPE, "");
    (void)setenv("TZ", ":/etc/localtime", 0); /* else libc asks for that file with every time in an archive */
    (void)signal(SIGPIPE, SIG_IGN);           /* a peer that closes is an error of the call, not the end */
    if (!isatty(STDOUT_FILENO)) {
        (void)setvbuf(stdout, NULL, _IOFBF, 1u << 16);
    }
    status = cli_main(verbs, argc, argv);
    progress_end();
    if (fflush(stdout) != 0 || ferror(stdout)) {
        if (errno != EPIPE) {
            (void)output_error(NULL, _("standard output"), RMS_E_IO);
        }
        status = status == EXIT_DONE ? EXIT_REFUSED : status;
    }
    rms_log_close();
    return status;
}
