/* Folders whose files are never protected (C-049): the system's, hidden ones of a home, the store itself, and
 * those of Windows on shares. */
#ifndef RMS_CLIENT_EXCLUDE_H
#define RMS_CLIENT_EXCLUDE_H

#include <stdbool.h>

/* path: absolute and without symbolic links. store_dir and home may be NULL. */
bool rms_path_excluded(const char *path, const char *store_dir, const char *home);

#endif
