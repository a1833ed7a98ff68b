/* What a mail says: subject, and the same text plain and as HTML. Texts come from one table of phrases
 * (mail_letter.c), a column for each language; values are put in cleaned, and escaped where they end up. */
#ifndef RMS_SERVICE_MAIL_LETTER_H
#define RMS_SERVICE_MAIL_LETTER_H

#include "base/arena.h"

#define RMS_LETTER_MAX 262144

enum rms_phrase {
    RMS_SAY_OPENED_SUBJECT,
    RMS_SAY_REFUSED_SUBJECT,
    RMS_SAY_DOCUMENT_SUBJECT,
    RMS_SAY_DOCUMENTS_SUBJECT,
    RMS_SAY_DAILY_SUBJECT,
    RMS_SAY_WEEKLY_SUBJECT,
    RMS_SAY_DOCUMENT,
    RMS_SAY_COUNTS,
    RMS_SAY_EARLIER,
    RMS_SAY_MORE_DOCUMENTS,
    RMS_SAY_OPENED,
    RMS_SAY_REFUSED,
    RMS_SAY_UNNAMED,
    RMS_SAY_UNKNOWN,
    RMS_SAY_OFFLINE,
    RMS_SAY_TRACK,
    RMS_SAY_STOP,
    RMS_SAY_TIME,
    RMS_SAY_WHO,
    RMS_SAY_WHAT,
    RMS_SAY_FROM,
    RMS_SAY_WITH,
    RMS_SAY_WHY,
    RMS_SAY_FOOT,
    RMS_SAY_PASSCODE_SUBJECT,
    RMS_SAY_PASSCODE,
    RMS_SAY_REFERENCE,
    RMS_SAY_PASSCODE_END,
    RMS_SAY_SIGNUP_SUBJECT,
    RMS_SAY_SIGNUP,
    RMS_SAY_SIGNUP_END,
    RMS_SAY_RECOVERY_SUBJECT,
    RMS_SAY_RECOVERY_ALL,
    RMS_SAY_RECOVERY_ONE,
    RMS_SAY_RECOVERY_WHY,
    RMS_SAY_BREACH_SUBJECT,
    RMS_SAY_BREACH_NEW_KEY,
    RMS_SAY_BREACH_SAME_KEY,
    RMS_SAY_BREACH_STEP,
    RMS_SAY_SUPER_SUBJECT,
    RMS_SAY_SUPER,
    RMS_SAY_REGISTERED_SUBJECT,
    RMS_SAY_REGISTERED,
    RMS_SAY_REVOKED_SUBJECT,
    RMS_SAY_REVOKED,
    RMS_PHRASES
};

struct rms_letter {
    struct rms_arena *arena;  /* borrowed */
    const char *const *words; /* of its language */
    const char *subject;
    struct rms_buf text;
    struct rms_buf html;
};

void rms_letter_init(struct rms_letter *letter, struct rms_arena *arena);
void rms_letter_fini(struct rms_letter *letter);

/* Before anything is written: in this language, as far as there are words; English else. */
void rms_letter_language(struct rms_letter *letter, const char *language);

/* A phrase as it is. */
const char *rms_phrase(const struct rms_letter *letter, enum rms_phrase phrase);

/* Values for {1}, {2}, ...; NULL counts as "". */
#define RMS_VALUES_OF(...) ((const char *const[]){__VA_ARGS__, NULL, NULL, NULL, NULL})
#define RMS_NO_VALUES      ((const char *const[]){NULL, NULL, NULL, NULL})

/* Once. */
void rms_letter_subject(struct rms_letter *letter, enum rms_phrase phrase, const char *const *values);

void rms_letter_heading(struct rms_letter *letter, const char *text);
void rms_letter_paragraph(struct rms_letter *letter, enum rms_phrase phrase, const char *const *values);

/* What a person wrote: line by line, cleaned. */
void rms_letter_text(struct rms_letter *letter, const char *text);

/* Something to copy, on a line of its own: a code, a command. */
void rms_letter_code(struct rms_letter *letter, const char *text);

/* An address of ours to follow: not cut, since it is no value. */
void rms_letter_link(struct rms_letter *letter, const char *url);

/* A table of `columns` cells a row; begin, rows, end. */
void rms_letter_table(struct rms_letter *letter, const enum rms_phrase *heads, size_t columns);
void rms_letter_row(struct rms_letter *letter, const char *const *cells, size_t columns);
void rms_letter_table_end(struct rms_letter *letter);

/* Closes it. RMS_E_LIMIT, RMS_E_NO_MEMORY when something did not fit. */
RMS_MUST_USE int rms_letter_finish(struct rms_letter *letter);

/* Line breaks and other control characters, invisible and direction-changing ones become blanks; cut after
 * about 200 bytes. In the arena; NULL when memory is exhausted. */
const char *rms_letter_clean(struct rms_arena *arena, const char *text);

#endif
