/* The way to the service: its administration socket on this machine, or HTTPS in a session that `rms admin
 * login` began. The session is kept in a file; without the sign-in of the same person it is worth nothing. */
#include "cmd/rms/admin_way.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "base/json.h"
#include "cmd/rms/session.h"

#define FILE_MAX     65536
#define PATH_BYTES   4096
#define DEFAULT_PATH "/var/lib/openrms/admin.sock"

const char *admin_socket(const struct arguments *arguments)
{
    const char *path = argument_text(arguments, "socket");

    if (path == NULL) {
        path = secure_getenv("RMS_ADMIN_SOCKET");
    }
    return path != NULL && path[0] != 0 ? path : NULL;
}

/* --- the session's file -----------------------------------------------------------------------------------
 */

/* In a directory that goes with the login session where there is one. */
static bool session_path(char path[PATH_BYTES])
{
    const char *runtime = secure_getenv("XDG_RUNTIME_DIR");
    const char *state = secure_getenv("XDG_STATE_HOME");
    const char *home = secure_getenv("HOME");
    struct rms_buf RMS_BUF_CLEANUP text = RMS_BUF_INIT(PATH_BYTES - 1);

    if (runtime != NULL && runtime[0] == '/' && access(runtime, W_OK) == 0) {
        rms_buf_printf(&text, "%s/openrms", runtime);
    } else if (state != NULL && state[0] == '/') {
        rms_buf_printf(&text, "%s/openrms", state);
    } else if (home != NULL && home[0] == '/') {
        rms_buf_printf(&text, "%s/.local/state/openrms", home);
    }
    if (rms_buf_status(&text) < 0 || text.len == 0 || rms_dir_make(rms_buf_text(&text), 0700) < 0) {
        return false;
    }
    rms_buf_append_str(&text, "/admin-session.json");
    if (rms_buf_status(&text) < 0) {
        return false;
    }
    memcpy(path, rms_buf_text(&text), text.len + 1);
    return true;
}

json_t *admin_session_read(void)
{
    struct rms_buf RMS_BUF_CLEANUP text = RMS_BUF_INIT(FILE_MAX);
    json_t *session = NULL;
    char path[PATH_BYTES];

    if (!session_path(path) || rms_file_read(path, &text) < 0) {
        return NULL;
    }
    return rms_json_parse(rms_buf_view(&text), &session) == 0 ? session : NULL;
}

int admin_session_write(const json_t *session)
{
    struct rms_buf RMS_BUF_CLEANUP text = RMS_BUF_INIT(FILE_MAX);
    char path[PATH_BYTES];

    if (!session_path(path)) {
        return RMS_E_PERMISSION;
    }
    if (session == NULL) {
        (void)unlink(path);
        return 0;
    }
    RMS_TRY(rms_json_emit(session, &text));
    return rms_file_write(path, rms_buf_view(&text), 0600);
}

/* --- choosing ----------------------------------------------------------------------------------------------
 */

/* Process state: one command goes one way, and threads of it share a token. */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct admin_way chosen;
static bool is_chosen;

static const char *texts_of(const json_t *session, const char *name)
{
    const char *text = rms_json_str(session, name);

    return text != NULL && text[0] != 0 ? text : NULL;
}

/* The sign-in that the session belongs to, whatever --user and --url mean to the verb. */
static int take_token(const struct arguments *arguments, const json_t *session, struct admin_way *way)
{
    struct rms_context *CLOSE_CONTEXT context = NULL;
    const struct rms_options options = {.size = sizeof options,
        .url = texts_of(session, "Url"),
        .ca_file = texts_of(session, "Ca"),
        .store_dir = argument_text(arguments, "store"),
        .config_file = secure_getenv("RMS_CONFIG"),
        .user = texts_of(session, "Account"),
        .application = "rms",
        .application_version = rms_version()};
    const char *token = NULL;

    RMS_TRY(rms_context_new(&options, &context));
    RMS_TRY(rms_access_token(context, &token));
    rms_buf_printf(&way->authorization, "Authorization: Bearer %s", token);
    rms_buf_printf(&way->session, "X-RMS-Admin-Session: %s", texts_of(session, "Session"));
    RMS_TRY(rms_buf_status(&way->authorization));
    return rms_buf_status(&way->session);
}

static int choose(const struct arguments *arguments, struct admin_way *way)
{
    json_t *RMS_JSON_CLEANUP session = NULL;
    const char *socket = admin_socket(arguments);

    rms_buf_init(&way->base, PATH_BYTES);
    rms_buf_init(&way->ca, PATH_BYTES);
    rms_buf_init(&way->authorization, FILE_MAX);
    rms_buf_init(&way->session, FILE_MAX);
    session = socket == NULL ? admin_session_read() : NULL;
    if (texts_of(session, "Url") == NULL || texts_of(session, "Session") == NULL) {
        way->socket = socket != NULL ? socket : DEFAULT_PATH;
        return 0;
    }
    rms_buf_append_str(&way->base, texts_of(session, "Url"));
    rms_buf_append_str(&way->ca, texts_of(session, "Ca") != NULL ? texts_of(session, "Ca") : "");
    return take_token(arguments, session, way);
}

int admin_way(const struct arguments *arguments, const struct admin_way **way_out)
{
    int code = 0;

    (void)pthread_mutex_lock(&lock);
    if (!is_chosen) {
        code = choose(arguments, &chosen);
        is_chosen = code == 0;
    }
    (void)pthread_mutex_unlock(&lock);
    *way_out = &chosen;
    return code;
}

void admin_way_forget(void)
{
    rms_buf_fini(&chosen.base);
    rms_buf_fini(&chosen.ca);
    rms_buf_fini(&chosen.authorization);
    rms_buf_fini(&chosen.session);
    chosen = (struct admin_way){.socket = NULL};
    is_chosen = false;
}

/* Why nobody answers: people see the difference between "not running" and "not allowed". */
int admin_unreachable(const struct arguments *arguments, int code)
{
    const char *socket = admin_socket(arguments);
    struct failure failure = {.code = code};

    (void)pthread_mutex_lock(&lock);
    if (is_chosen || chosen.base.len > 0) {
        socket = chosen.base.len > 0 ? NULL : chosen.socket;
    }
    if (code == RMS_E_NOT_AUTHENTICATED) {
        failure.detail = _("the sign-in of this session has ended; then: rms admin login");
    } else if (code == RMS_E_UNREACHABLE && socket != NULL) {
        failure.detail = access(socket, F_OK) != 0 ? _("there is no such socket; is rmsd running?")
                         : access(socket, W_OK) != 0
                             ? _("you may not open this socket; run it as the service's user")
                             : _("nobody answers; is rmsd running?");
    }
    output_failure(socket != NULL ? socket : rms_buf_text(&chosen.base), &failure);
    (void)pthread_mutex_unlock(&lock);
    return rms_error_info(code)->exit_status;
}
