/* Who may do what: the options of protect, license new and perms new. */
#ifndef RMS_CMD_POLICY_H
#define RMS_CMD_POLICY_H

#include "cmd/rms/cli.h"

#define WHO_HELP                                                                                             \
    "rights of one recipient: an address of a person or group, domain:DOMAIN, all-staff or anyone; a level " \
    "(Viewer, Reviewer, Co-Author, Co-Owner), DoNotForward or EncryptOnly, or rights with commas (may be "   \
    "repeated)"

#define GRANT_OPTIONS                                                                                        \
    LIST("perm", "WHO:RIGHTS", WHO_HELP), ALIAS("grant", OPTION_LIST, "perm"),                               \
        LIST("custom-right", "NAME", "allow this right, which is an application's own (may be repeated)")

#define TERM_OPTIONS                                                                                         \
    TEXT("expire-on", "DATE",                                                                                \
        "content ends then: YYYY-MM-DD (at the end of that day, local time) or a time like "                 \
        "2030-01-31T12:00Z (default: never)"),                                                               \
        NUMBER(                                                                                              \
            "expire-days", "content ends so many days after it was protected (default: never)", 1, 36500),   \
        ALIAS("valid-days", OPTION_NUMBER, "expire-days"),                                                   \
        NUMBER("offline-days",                                                                               \
            "how long readers may work without the service: -1 as the organisation allows, 0 never, "        \
            "else days (default: -1)",                                                                       \
            -1, 9999)

#define NAME_OPTIONS                                                                                         \
    TEXT("owner", "ADDRESS", "owner named in the licence (default: you)"),                                   \
        TEXT("name", "NAME", "name of the policy, shown to readers"),                                        \
        TEXT("description", "TEXT", "its description"),                                                      \
        CHOICE("cipher", "aes256-cbc4k|aes128-cbc4k|aes128-ecb",                                             \
            "what the content is encrypted with (default: aes256-cbc4k; the others are for old programs)",   \
            cipher_choices)

extern const char *const cipher_choices[];

/* Checks what can be checked without a context: exactly one of --template, --license, --perm, --only-me
 * (those the verb has), addresses, dates. 0 or EXIT_USAGE with a message: before any file is touched. */
int policy_check(const struct arguments *arguments);

/* Makes the policy. 0 or an exit status, with a message. */
int policy_make(
    const struct arguments *arguments, struct rms_context *context, struct rms_policy_builder **policy_out);

/* Saves to a new file; prints why not. An existing file is a conflict. */
int policy_store(struct rms_context *context, const struct rms_policy_builder *policy, const char *path);

#endif
