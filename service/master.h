/* The master: reads settings, holds listening sockets, starts and restarts the other processes, hands them
 * connections to one another. One thread; parses nothing but its own configuration; touches no key. */
#ifndef RMS_SERVICE_MASTER_H
#define RMS_SERVICE_MASTER_H

#include "service/front.h"
#include "service/settings.h"

struct rms_master_options {
    const struct rms_settings *settings;

    /* Reads the configuration again (SIGHUP). Writes why not to message. */
    int (*reload)(void *context, struct rms_settings *settings_out, char *message, size_t message_size);
    void *context;

    /* What the children run; their exit status follows from what they return. */
    int (*keyd)(const struct rms_settings *settings, int control);
    int (*front)(const struct rms_settings *settings, const struct rms_front_sockets *sockets);
    int (*jobs)(const struct rms_settings *settings, int control);
};

/* Until SIGTERM or SIGINT (0), or until a child cannot be kept running (1): the exit status of rmsd. */
int rms_master_run(const struct rms_master_options *options);

/* Ends of the service, and of restarts: at most this long between SIGTERM and the end. */
#define RMS_STOP_WITHIN_MS 10000

#endif
