/* What commands of rmsd work with, beside the service or without it: the master key and the database. They
 * are for whoever may read both anyway. */
#ifndef RMS_SERVICE_TOOL_H
#define RMS_SERVICE_TOOL_H

#include "base/arena.h"
#include "base/secret.h"

struct rms_settings;
struct rms_store;
struct rms_db;

struct rms_tool {
    const struct rms_settings *settings;
    struct rms_secret *master;
    struct rms_secret *sealing_key;
    struct rms_store *store;
    struct rms_db *db;
    struct rms_arena *arena;
};

/* The master key, as root. RMS_E_KEY_UNAVAILABLE and others: rms_master_key_load. */
RMS_MUST_USE int rms_tool_begin(const struct rms_settings *settings, struct rms_tool *tool_out);

/* Everything else, as the account of the service: files made by it must be its own. */
RMS_MUST_USE int rms_tool_open(struct rms_tool *tool);

/* Takes whatever there is. */
void rms_tool_close(struct rms_tool *tool);

/* A row of the admin log, of the operator: "command subject". */
RMS_MUST_USE int rms_tool_note(
    const struct rms_tool *tool, const char *tenant_id, const char *command, const char *subject);

/* The same for every tenant: what was done to the whole was done to each. */
RMS_MUST_USE int rms_tool_note_all(const struct rms_tool *tool, const char *command, const char *subject);

#endif
