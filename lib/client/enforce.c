/* Which right an application needs before it lets a person do something (service-requirements S-089). */
#include "base/text.h"
#include "policy/rights.h"

#include <openrms/openrms.h>

/* All of `all`, and one of `any` where there is a choice. */
struct rule {
    enum rms_action action;
    const char *name;
    uint32_t all, any;
};

static const struct rule rules[] = {
    {RMS_ACTION_LOAD, "load", RMS_RIGHT_VIEW, 0},
    {RMS_ACTION_MODIFY, "modify", 0, RMS_RIGHT_EDIT | RMS_RIGHT_DOCEDIT},
    {RMS_ACTION_CUT, "cut", 0, RMS_RIGHT_EDIT | RMS_RIGHT_DOCEDIT},
    {RMS_ACTION_PASTE, "paste", 0, RMS_RIGHT_EDIT | RMS_RIGHT_DOCEDIT},
    {RMS_ACTION_SAVE, "save", RMS_RIGHT_EDIT, 0},
    {RMS_ACTION_COPY, "copy", RMS_RIGHT_EXTRACT, 0},
    {RMS_ACTION_SCREEN_CAPTURE, "screen-capture", RMS_RIGHT_EXTRACT, 0},
    {RMS_ACTION_SAVE_AS, "save-as", RMS_RIGHT_EXPORT, 0},
    {RMS_ACTION_OFFER_CLEAR, "offer-clear-formats", RMS_RIGHT_EXPORT, 0},
    {RMS_ACTION_PRINT, "print", RMS_RIGHT_PRINT, 0},
    {RMS_ACTION_COMMENT, "comment", RMS_RIGHT_COMMENT | RMS_RIGHT_EDIT, 0},
    {RMS_ACTION_COMMENT_ONLY, "comment-only", RMS_RIGHT_COMMENT, 0},
    {RMS_ACTION_EDIT_POLICY, "edit-policy", RMS_RIGHT_EDITRIGHTSDATA, 0},
    {RMS_ACTION_MACROS, "macros", RMS_RIGHT_OBJMODEL, 0},
};

_Static_assert(sizeof rules / sizeof rules[0] == RMS_ACTION_COUNT, "a row an action");

static const struct rule *rule_of(enum rms_action action)
{
    for (size_t i = 0; i < RMS_ACTION_COUNT; i++) {
        if (rules[i].action == action) {
            return &rules[i];
        }
    }
    return NULL;
}

const char *rms_action_name(enum rms_action action)
{
    const struct rule *rule = rule_of(action);

    return rule != NULL ? rule->name : NULL;
}

/* 0 for what is no right we know: it enables nothing. */
static uint32_t bit_of(const char *name)
{
    const char *known;
    uint32_t bit;

    for (size_t i = 0; (known = rms_right_name(i, &bit)) != NULL; i++) {
        if (rms_text_equal_nocase(known, name)) {
            return bit;
        }
    }
    return 0;
}

bool rms_action_permitted(enum rms_action action, const char *const *rights)
{
    const struct rule *rule = rule_of(action);
    uint32_t held = 0;

    if (rule == NULL || rights == NULL) {
        return false;
    }
    while (*rights != NULL) {
        held |= bit_of(*rights++);
    }
    return (held & RMS_RIGHT_OWNER) != 0 ||
           ((held & rule->all) == rule->all && (rule->any == 0 || (held & rule->any) != 0));
}

bool rms_document_permits(const struct rms_document *document, enum rms_action action)
{
    const struct rms_document_info *info = rms_document_info(document);

    return info != NULL && rms_action_permitted(action, info->rights);
}

const char *rms_document_missing(const struct rms_document *document, enum rms_action action)
{
    const struct rule *rule = rule_of(action);
    const char *name;
    uint32_t bit;

    if (rule == NULL || rms_document_info(document) == NULL || rms_document_permits(document, action)) {
        return NULL;
    }
    for (size_t i = 0; (name = rms_right_name(i, &bit)) != NULL; i++) {
        if ((bit & (rule->all | rule->any)) != 0 && !rms_document_allows(document, name)) {
            return name;
        }
    }
    return NULL;
}
