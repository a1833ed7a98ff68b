/* What must be there before anything is started: the data directory and, at the first start, a CA, a server
 * certificate and the master key. Runs in a short-lived child of the master, so that the master itself never
 * touches a key.
 *
 *   DIR/            0700
 *     ca.pem        certificate of the self-made CA, for clients
 *     tls/          ca.key, server.pem, server.key
 *     db/           database of the embedded default
 *     master.key, master.check, keyd.journal    keyd's
 *     rmsd.pid, admin.sock                      the master's */
#ifndef RMS_SERVICE_MASTER_SETUP_H
#define RMS_SERVICE_MASTER_SETUP_H

#include "service/settings.h"

#define RMS_RENEW_BEFORE_DAYS 30

/* Writes why not to the log. */
RMS_MUST_USE int rms_setup(const struct rms_settings *settings);

/* The directories alone. */
RMS_MUST_USE int rms_setup_directories(const struct rms_settings *settings);

/* NULL-terminated names a self-made certificate carries: host of url, addresses of listen and admin_listen,
 * localhost, 127.0.0.1, ::1. */
#define RMS_SETUP_HOSTS_MAX 7
struct rms_setup_hosts {
    char storage[3][RMS_SETTING_TEXT];
    const char *list[RMS_SETUP_HOSTS_MAX];
};
RMS_MUST_USE int rms_setup_hosts(const struct rms_settings *settings, struct rms_setup_hosts *hosts_out);

#endif
