/* keyd's journal: what was done with keys, one line an event, appended to a file opened before the sandbox.
 *
 * A line is `{"n":N,"time":"...","event":"...",...} CHAIN\n`; CHAIN is 64 hex digits: HMAC-SHA256, under a
 * key derived from the master key, of the previous line's chain (32 bytes; zeros for the first) and the JSON
 * text. A changed, removed, inserted or reordered line breaks every chain from there on, and nobody without
 * the master key can mend it. Lines cut off at the end are noticed by comparing with a chain value noted
 * elsewhere: keyd writes the newest one to the log at start and with every line of counters. */
#ifndef RMS_SERVICE_KEYD_JOURNAL_H
#define RMS_SERVICE_KEYD_JOURNAL_H

#include <stdio.h>

#include "base/secret.h"
#include "crypto/digest.h"

#define RMS_JOURNAL_LINE_MAX 4096
#define RMS_JOURNAL_CHAIN    (2 * RMS_SHA256_BYTES + 1)

struct rms_journal;

/* Opens or creates (0600). Goes on behind the last whole line; a torn last line (the machine stopped while it
 * was written) is cut off and the fact journalled. key: RMS_SHA256_BYTES, copied. RMS_E_DAMAGED when the last
 * line does not belong to this key. */
RMS_MUST_USE int rms_journal_open(const char *path, struct rms_view key, struct rms_journal **journal_out);
void rms_journal_free(struct rms_journal **journal);

enum rms_journal_need {
    RMS_JOURNAL_WRITTEN, /* handed to the kernel */
    RMS_JOURNAL_DURABLE, /* on the disk before the call returns */
};

/* Appends an event; pairs of name and text follow, ended by NULL (NULL texts are left out). RMS_E_NO_SPACE,
 * RMS_E_IO when it could not be kept: the file is then as it was. Thread-safe. journal NULL: does nothing. */
RMS_MUST_USE int rms_journal_note(struct rms_journal *journal, enum rms_journal_need need, const char *event,
    ...) __attribute__((sentinel));

/* Goes on in a new file under path; the old one is kept as aside, which must not exist. The new file's first
 * line, "continues", carries the old one's chain, so that neither can be left out unnoticed. A failure
 * changes nothing: the journal goes on as it was. */
RMS_MUST_USE int rms_journal_rotate(struct rms_journal **journal, const char *path, const char *aside);

/* Length of the file. journal NULL: 0. */
uint64_t rms_journal_bytes(struct rms_journal *journal);

/* Number of lines and the newest chain value as hex. */
void rms_journal_head(struct rms_journal *journal, uint64_t *lines_out, char chain_out[RMS_JOURNAL_CHAIN]);

/* Checks a whole file. RMS_E_DAMAGED: lines_out tells how many lines are good; the next one is not.
 * chain_out: of the last good line. */
struct rms_journal_report {
    uint64_t lines;
    char chain[RMS_JOURNAL_CHAIN];
    char continues[RMS_JOURNAL_CHAIN]; /* chain of the file before this one; "" when it is the first */
    bool torn;                         /* a partial line follows the good ones */
};
RMS_MUST_USE int rms_journal_verify(
    const char *path, struct rms_view key, struct rms_journal_report *report_out);

/* The same for what was put aside as path-SECONDS and then path itself, and that each goes on where the one
 * before it ended. What is found is written to out, for people. The oldest may have been taken elsewhere. */
RMS_MUST_USE int rms_journal_verify_all(const char *path, struct rms_view key, FILE *out);

#endif
