/* What is shown of tracked documents, for their issuer and for the operator. */
#ifndef RMS_CMD_TRACK_H
#define RMS_CMD_TRACK_H

#include "cmd/rms/output.h"

/* Each prints as JSON with --json, as CSV with csv, else for people; returns the exit status. */
int track_show_list(const json_t *documents, bool csv);

/* A document with its events. CSV is of the events. */
int track_show_document(json_t *document, json_t *events, bool csv);

/* After revoking: who may still open it offline, until when (S-162). After restoring: one sentence. */
int track_show_change(const json_t *document, bool revoked);

#endif
