/* Usage rights (service-requirements 3.1 to 3.3): a set of known rights as bits, and custom rights by name.
 */
#ifndef RMS_POLICY_RIGHTS_H
#define RMS_POLICY_RIGHTS_H

#include "base/arena.h"
#include "base/bytes.h"

/* One row a right: symbol, bit, encoding in policies, common name for people. The order is the order of
 * output everywhere. */
#define RMS_RIGHTS(X)                                                                                        \
    X(VIEW, 0, "VIEW", "View, Open, Read")                                                                   \
    X(EDIT, 1, "EDIT", "Save")                                                                               \
    X(DOCEDIT, 2, "DOCEDIT", "Edit Content")                                                                 \
    X(COMMENT, 3, "COMMENT", "Comment")                                                                      \
    X(EXPORT, 4, "EXPORT", "Save As, Export")                                                                \
    X(FORWARD, 5, "FORWARD", "Forward")                                                                      \
    X(OWNER, 6, "OWNER", "Full Control")                                                                     \
    X(PRINT, 7, "PRINT", "Print")                                                                            \
    X(REPLY, 8, "REPLY", "Reply")                                                                            \
    X(REPLYALL, 9, "REPLYALL", "Reply All")                                                                  \
    X(EXTRACT, 10, "EXTRACT", "Copy")                                                                        \
    X(VIEWRIGHTSDATA, 11, "VIEWRIGHTSDATA", "View Rights")                                                   \
    X(EDITRIGHTSDATA, 12, "EDITRIGHTSDATA", "Change Rights")                                                 \
    X(OBJMODEL, 13, "OBJMODEL", "Allow Macros")                                                              \
    X(AUDITEDEXTRACT, 14, "AUDITEDEXTRACT", "Audited extraction")                                            \
    X(SIGN, 15, "SIGN", "Sign")

enum {
#define X(symbol, bit, encoding, name) RMS_RIGHT_##symbol = 1 << (bit),
    RMS_RIGHTS(X)
#undef X
};

struct rms_rights {
    uint32_t bits;
    const char *const *custom; /* upper-case names, sorted, borrowed from the arena they were made in */
    size_t custom_count;
};

/* Encoding of the i-th known right ("VIEW"), its bit; NULL behind the last. */
const char *rms_right_name(size_t i, uint32_t *bit_out);

/* A set holds at most this many custom rights of its own; the union of many grants may be larger. */
#define RMS_CUSTOM_RIGHTS_MAX 256
#define RMS_CUSTOM_RIGHT_MAX  64 /* characters (S-069) */

/* Adds a right by name: any case, "REPLY ALL" is REPLYALL. Unknown names of 1 to 64 characters A-Z 0-9 _ .
 * become custom rights when allow_custom, else RMS_E_BAD_ARGUMENT. RMS_E_LIMIT behind the last custom right.
 * The former array of custom names is left as it was, so copies of the struct stay valid. */
RMS_MUST_USE int rms_rights_add(
    struct rms_arena *arena, struct rms_rights *rights, const char *name, bool allow_custom);

/* Union into rights; names are copied into the arena. */
RMS_MUST_USE int rms_rights_merge(
    struct rms_arena *arena, struct rms_rights *rights, const struct rms_rights *more);

bool rms_rights_empty(const struct rms_rights *rights);

/* AccessCheck: the right itself, or OWNER (S-070). Of several bits all are needed; no bit is no right. name
 * in any case. */
bool rms_rights_allow(const struct rms_rights *rights, uint32_t bit);
bool rms_rights_allow_name(const struct rms_rights *rights, const char *name);

/* Calls each(name) in table order, custom ones last. */
void rms_rights_each(
    const struct rms_rights *rights, void (*each)(const char *name, void *context), void *context);

/* Permission levels (table 3.2) and SDK roles (S-075): "Viewer", "Reviewer", "Co-Author", "Co-Owner"; VIEWER,
 * REVIEWER, AUTHOR, COOWNER; CoAuthor and CoOwner as the command line writes them. Case does not matter.
 * RMS_E_BAD_ARGUMENT for others. */
RMS_MUST_USE int rms_level_rights(const char *level, struct rms_rights *rights_out);

/* The sets of mail, "Do Not Forward" and "Encrypt-Only" (table 3.3), also as DoNotForward and EncryptOnly:
 * for the recipients of one message, never for templates (S-076). RMS_E_BAD_ARGUMENT for others. */
RMS_MUST_USE int rms_mail_rights(const char *name, struct rms_rights *rights_out);

/* The level whose set is exactly this one, else "Custom" (S-074). */
const char *rms_level_name(const struct rms_rights *rights);

/* The four level names, NULL-terminated, for messages. */
const char *const *rms_level_names(void);

/* Every known right. */
#define RMS_RIGHTS_ALL ((uint32_t)0xFFFF)

/* The special sets of table 3.3. */
#define RMS_RIGHTS_DO_NOT_FORWARD                                                                            \
    (RMS_RIGHT_VIEW | RMS_RIGHT_VIEWRIGHTSDATA | RMS_RIGHT_EDIT | RMS_RIGHT_DOCEDIT | RMS_RIGHT_OBJMODEL |   \
        RMS_RIGHT_REPLY | RMS_RIGHT_REPLYALL)
#define RMS_RIGHTS_DO_NOT_FORWARD_ATTACHMENT                                                                 \
    (RMS_RIGHT_VIEW | RMS_RIGHT_EDIT | RMS_RIGHT_DOCEDIT | RMS_RIGHT_OBJMODEL)
#define RMS_RIGHTS_ENCRYPT_ONLY                                                                              \
    (RMS_RIGHT_VIEW | RMS_RIGHT_EDIT | RMS_RIGHT_DOCEDIT | RMS_RIGHT_COMMENT | RMS_RIGHT_FORWARD |           \
        RMS_RIGHT_PRINT | RMS_RIGHT_REPLY | RMS_RIGHT_REPLYALL | RMS_RIGHT_EXTRACT |                         \
        RMS_RIGHT_VIEWRIGHTSDATA | RMS_RIGHT_EDITRIGHTSDATA | RMS_RIGHT_OBJMODEL)

#endif
