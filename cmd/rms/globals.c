/* The options every verb takes. */
#include "cmd/rms/cli.h"

static const char *const colors[] = {"auto", "always", "never", NULL};
static const char *const levels[] = {"off", "error", "info", "debug", "trace", NULL};

const struct option_row global_options[] = {
    FLAG("json", "print JSON, one object a line"),
    NAMED_FLAG("quiet", 'q', "print only results that were asked for, and errors"),
    TEXT("url", "URL", "the service (default: RMS_URL, the configuration, discovery)"),
    TEXT("ca", "FILE", "certificates that sign the service's (default: RMS_CA, the system's)"),
    TEXT("store", "DIR", "local store (default: RMS_STORE, ~/.local/share/openrms)"),
    TEXT("user", "ADDRESS", "act as this signed-in person (default: the current one)"),
    TEXT("on-behalf", "ADDRESS", "for applications: protect and open as this person"),
    FLAG("offline", "never use the network"),
    TEXT("lang", "TAG", "language of names from the service, as de-DE (default: English)"),
    CHOICE("log-level", "LEVEL", "off, error, info, debug or trace (default: trace)", levels),
    TEXT("log-file", "FILE",
        "log file of 10 MB, beside nine older ones (default: ~/.local/state/openrms/rms.log)"),
    FLAG("log-personal", "log addresses of people, names of files and of servers (default: masked)"),
    CHOICE("color", "WHEN", "auto, always or never (default: auto; NO_COLOR is obeyed)", colors),
    NAMED_FLAG("help", 'h', "show this help"),
    FLAG("version", "show the version"),
    OPTIONS_END,
};
