/* Permission levels: shorthand on input and for reading back, never stored (S-074). */
#include "base/text.h"
#include "policy/rights.h"

/* Table 3.2; each level is the one before and more. */
#define VIEWER                                                                                               \
    (RMS_RIGHT_VIEW | RMS_RIGHT_VIEWRIGHTSDATA | RMS_RIGHT_OBJMODEL | RMS_RIGHT_REPLY | RMS_RIGHT_REPLYALL)
#define REVIEWER (VIEWER | RMS_RIGHT_EDIT | RMS_RIGHT_DOCEDIT | RMS_RIGHT_FORWARD)
#define COAUTHOR (REVIEWER | RMS_RIGHT_EXTRACT | RMS_RIGHT_PRINT)
#define COOWNER  (COAUTHOR | RMS_RIGHT_EXPORT | RMS_RIGHT_EDITRIGHTSDATA | RMS_RIGHT_OWNER)

static const struct {
    const char *name;
    const char *role;  /* S-075 */
    const char *plain; /* as the command line writes it */
    uint32_t bits;
} levels[] = {
    {"Viewer", "VIEWER", "Viewer", VIEWER},
    {"Reviewer", "REVIEWER", "Reviewer", REVIEWER},
    {"Co-Author", "AUTHOR", "CoAuthor", COAUTHOR},
    {"Co-Owner", "COOWNER", "CoOwner", COOWNER},
};

#define LEVEL_COUNT (sizeof levels / sizeof levels[0])

int rms_level_rights(const char *level, struct rms_rights *rights_out)
{
    size_t i;

    for (i = 0; level != NULL && i < LEVEL_COUNT; i++) {
        if (rms_text_equal_nocase(level, levels[i].name) || rms_text_equal_nocase(level, levels[i].role) ||
            rms_text_equal_nocase(level, levels[i].plain)) {
            *rights_out = (struct rms_rights){.bits = levels[i].bits};
            return 0;
        }
    }
    return RMS_E_BAD_ARGUMENT;
}

int rms_mail_rights(const char *name, struct rms_rights *rights_out)
{
    static const struct {
        const char *name;
        const char *plain; /* as the command line writes it */
        uint32_t bits;
    } sets[] = {
        {"Do Not Forward", "DoNotForward", RMS_RIGHTS_DO_NOT_FORWARD},
        {"Encrypt-Only", "EncryptOnly", RMS_RIGHTS_ENCRYPT_ONLY},
    };
    size_t i;

    for (i = 0; i < sizeof sets / sizeof sets[0]; i++) {
        if (rms_text_equal_nocase(name, sets[i].name) || rms_text_equal_nocase(name, sets[i].plain)) {
            *rights_out = (struct rms_rights){.bits = sets[i].bits};
            return 0;
        }
    }
    return RMS_E_BAD_ARGUMENT;
}

const char *rms_level_name(const struct rms_rights *rights)
{
    size_t i;

    for (i = 0; rights->custom_count == 0 && i < LEVEL_COUNT; i++) {
        if (rights->bits == levels[i].bits) {
            return levels[i].name;
        }
    }
    return "Custom";
}

const char *const *rms_level_names(void)
{
    static const char *const names[] = {"Viewer", "Reviewer", "Co-Author", "Co-Owner", NULL};

    return names;
}
