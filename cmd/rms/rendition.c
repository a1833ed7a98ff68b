#include "cmd/rms/rendition.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "cmd/rms/launch.h"
#include "format/kind.h"

/* LibreOffice reads whatever document it is given, so it sees only that, its own files and fonts, and the
 * directory for the result: no network, nothing else of the person's. It wants to know who it is (passwd) and
 * where it may write its profile (/tmp, in memory). */
#define SEE(path) "--ro-bind-try", path, path
static const char *const sandbox[] = {"timeout", "--foreground", "--kill-after=5", "120", "prlimit",
    "--fsize=1073741824", "--cpu=120", "--core=0", "bwrap", "--unshare-all", "--die-with-parent",
    "--new-session", "--clearenv", "--setenv", "HOME", "/tmp", "--setenv", "PATH", "/usr/bin", "--setenv",
    "LANG", "C.UTF-8", "--ro-bind", "/usr", "/usr", SEE("/etc/fonts"), SEE("/etc/libreoffice"),
    SEE("/etc/passwd"), SEE("/var/cache/fontconfig"), "--symlink", "usr/bin", "/bin", "--symlink", "usr/lib",
    "/lib", "--symlink", "usr/lib64", "/lib64", "--proc", "/proc", "--dev", "/dev", "--size", "536870912",
    "--tmpfs", "/tmp", "--chdir", "/tmp"};
#define SANDBOX_WORDS (sizeof sandbox / sizeof sandbox[0])

bool rendition_is_for(const char *path)
{
    const char *slash = strrchr(path, '/');

    return rms_kind_of(slash != NULL ? slash + 1 : path)->class == RMS_KIND_OFFICE;
}

/* Whatever the converter left behind in the directory: only a file of its own is a result, for a link would
 * lead to another file of the person's. */
static int check_result(const struct handoff *handoff, const struct stat *document)
{
    struct stat result;

    if (lstat(handoff->file, &result) != 0 || !S_ISREG(result.st_mode) || result.st_nlink != 1 ||
        result.st_size == 0) {
        return RMS_E_DAMAGED;
    }
    return chmod(handoff->file, document->st_mode & 0666) == 0 ? 0 : RMS_E_IO;
}

static int convert(const char *path, const char *name, const struct handoff *handoff)
{
    const char *words[SANDBOX_WORDS + 16];
    char inside[512];
    const char *const what[] = {"--ro-bind", path, inside, "--bind", handoff->directory, "/out", "soffice",
        "--headless", "--norestore", "--convert-to", "pdf", "--outdir", "/out", inside, NULL};

    if ((size_t)snprintf(inside, sizeof inside, "/in/%s", name) >= sizeof inside) {
        return RMS_E_NAME_TOO_LONG;
    }
    memcpy(words, sandbox, sizeof sandbox);
    memcpy(words + SANDBOX_WORDS, what, sizeof what);
    return launch_run(words) == 0 ? 0 : RMS_E_DAMAGED;
}

int rendition_make(const char *path, struct handoff *handoff)
{
    const char *slash = strrchr(path, '/');
    const char *name = slash != NULL ? slash + 1 : path;
    const char *dot = strrchr(name, '.');
    char pdf[RMS_NAME_MAX];
    struct stat document;

    if (!launch_on_path("soffice") || !launch_on_path("bwrap")) {
        return RMS_E_UNSUPPORTED;
    }
    if (dot == NULL || (size_t)snprintf(pdf, sizeof pdf, "%.*s.pdf", (int)(dot - name), name) >= sizeof pdf) {
        return RMS_E_NAME_TOO_LONG;
    }
    if (stat(path, &document) != 0) {
        return RMS_E_NOT_FOUND;
    }
    RMS_TRY(handoff_open(handoff, pdf));
    RMS_TRY(convert(path, name, handoff));
    return check_result(handoff, &document);
}
