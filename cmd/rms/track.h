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

/* With --what-if: that what follows was not done. JSON is what it would be. */
void track_head_what_if(const struct arguments *arguments);

/* "WHO may still open it offline until WHEN", a line each. */
void track_print_holders(const json_t *document);

/* The words of --notify as bits of enum rms_notification; 0 without it. 0, or the exit status after telling
 * what is wrong. */
#define NOTIFY_OPTION                                                                                        \
    TEXT("notify", "LIST",                                                                                   \
        "be told by mail: opened, refused or both, with a comma; with daily or weekly in one mail; none")
RMS_MUST_USE int notify_parse(const struct arguments *arguments, unsigned *bits_out);

/* For the results of librms: a write callback into a struct rms_buf, and what it collected unless code says
 * otherwise. */
int track_collect(void *user_data, const void *data, size_t len);
RMS_MUST_USE int track_parse(const struct rms_buf *text, int code, json_t **json_out);
#define TRACK_REPLY_MAX (64u << 20)

#endif
