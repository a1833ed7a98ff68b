#include "client/exclude.h"

#include <fnmatch.h>
#include <stddef.h>
#include <string.h>

#include "base/text.h"

static const char *const system_folders[] = {"/bin/*", "/boot/*", "/dev/*", "/etc/*", "/lib*/*", "/proc/*",
    "/run/*", "/sbin/*", "/sys/*", "/usr/*", "/var/lib/*", "/snap/*"};

/* Memory for anybody's files, no device: the one place below /dev where documents may be. */
#define SHARED_MEMORY "/dev/shm/*"

/* Anywhere in the path, without regard to case, as Windows compares. */
static const char *const windows_folders[] = {
    "*/Windows/*", "*/Program Files*/*", "*/ProgramData/*", "*/AppData/*"};

static bool any(const char *const *patterns, size_t count, const char *path, int flags)
{
    for (size_t i = 0; i < count; i++) {
        if (fnmatch(patterns[i], path, flags) == 0) {
            return true;
        }
    }
    return false;
}

static bool below(const char *path, const char *folder, bool hidden_only)
{
    size_t len = folder != NULL ? strlen(folder) : 0;

    while (len > 1 && folder[len - 1] == '/') {
        len--;
    }
    if (len <= 1 || strncmp(path, folder, len) != 0 || path[len] != '/') {
        return false;
    }
    return !hidden_only || (path[len + 1] == '.' && strchr(path + len + 1, '/') != NULL);
}

/* A hidden folder directly below somebody's home. */
static bool in_hidden_home_folder(const char *path)
{
    const char *rest;

    if (below(path, "/root", true)) {
        return true;
    }
    if (strncmp(path, "/home/", 6) != 0) {
        return false;
    }
    rest = strchr(path + 6, '/');
    return rest != NULL && rest[1] == '.' && strchr(rest + 1, '/') != NULL;
}

bool rms_path_excluded(const char *path, const char *store_dir, const char *home)
{
    bool system = any(system_folders, sizeof system_folders / sizeof system_folders[0], path, 0) &&
                  fnmatch(SHARED_MEMORY, path, 0) != 0;

    return system ||
           any(windows_folders, sizeof windows_folders / sizeof windows_folders[0], path, FNM_CASEFOLD) ||
           in_hidden_home_folder(path) || below(path, store_dir, false) || below(path, home, true);
}
