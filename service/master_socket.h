/* Sockets and files the master holds for the whole service: the listening sockets, the pid file, the log
 * file, and the service manager's notification socket. */
#ifndef RMS_SERVICE_MASTER_SOCKET_H
#define RMS_SERVICE_MASTER_SOCKET_H

#include "service/settings.h"

/* The listening TCP socket: systemd's first one when there is one, else bound to settings->listen. Does not
 * block. Says why not in the log. */
RMS_MUST_USE int rms_master_listen(const struct rms_settings *settings, int *fd_out);

/* The one for administration and monitoring, when settings->admin_listen names one; else nothing. */
RMS_MUST_USE int rms_master_listen_admin(const struct rms_settings *settings, int *fd_out);

/* DIR/admin.sock, mode 0600, listening. */
RMS_MUST_USE int rms_master_admin_socket(const struct rms_settings *settings, int *fd_out);

/* DIR/rmsd.pid, locked while the master lives. RMS_E_CONFLICT: another rmsd serves this directory. */
RMS_MUST_USE int rms_master_pid_file(const struct rms_settings *settings, int *fd_out);

/* Makes settings->log_file standard error; nothing to do without one. */
RMS_MUST_USE int rms_master_log_open(const struct rms_settings *settings);

/* Rotates when it is beyond its size. 1: standard error is a new file now, for the children to take over. */
RMS_MUST_USE int rms_master_log_rotate(const struct rms_settings *settings);

/* sd_notify: "READY=1", "STOPPING=1". Does nothing without a service manager. */
void rms_master_notify(const char *state);

#endif
