#include "policy/rights.h"

#include "base/text.h"

struct named_right {
    const char *name;
    uint32_t bit;
};

static const struct named_right known[] = {
#define X(symbol, bit, encoding, name) {encoding, RMS_RIGHT_##symbol},
    RMS_RIGHTS(X)
#undef X
};

/* S-067: the one other spelling accepted on input. */
static const struct named_right alias = {"REPLY ALL", RMS_RIGHT_REPLYALL};

#define KNOWN_COUNT (sizeof known / sizeof known[0])

#define X(symbol, bit, encoding, name) | RMS_RIGHT_##symbol
_Static_assert(RMS_RIGHTS_ALL == (0 RMS_RIGHTS(X)), "RMS_RIGHTS_ALL covers the table");
#undef X

const char *rms_right_name(size_t i, uint32_t *bit_out)
{
    if (i >= KNOWN_COUNT) {
        return NULL;
    }
    *bit_out = known[i].bit;
    return known[i].name;
}

/* 0 when the name is not of the table. */
static uint32_t bit_of(const char *name)
{
    size_t i;

    for (i = 0; i < KNOWN_COUNT; i++) {
        if (rms_text_equal_nocase(known[i].name, name)) {
            return known[i].bit;
        }
    }
    return rms_text_equal_nocase(alias.name, name) ? alias.bit : 0;
}

/* Upper-case form of a custom name; by hand because it must not depend on the locale. */
static int custom_name(const char *name, char out[RMS_CUSTOM_RIGHT_MAX + 1])
{
    size_t i;

    for (i = 0; name[i] != '\0'; i++) {
        char c = name[i] >= 'a' && name[i] <= 'z' ? (char)(name[i] - 'a' + 'A') : name[i];
        bool legal = (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '.';

        if (!legal || i == RMS_CUSTOM_RIGHT_MAX) {
            return RMS_E_BAD_ARGUMENT;
        }
        out[i] = c;
    }
    out[i] = '\0';
    return i > 0 ? 0 : RMS_E_BAD_ARGUMENT;
}

/* Place of the first custom name not below `name`. */
static size_t custom_place(const struct rms_rights *rights, const char *name)
{
    size_t low = 0;
    size_t high = rights->custom_count;

    while (low < high) {
        size_t middle = low + (high - low) / 2;

        if (strcmp(rights->custom[middle], name) < 0) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}

static bool custom_has(const struct rms_rights *rights, const char *name)
{
    size_t place = custom_place(rights, name);

    return place < rights->custom_count && strcmp(rights->custom[place], name) == 0;
}

static int custom_add(struct rms_arena *arena, struct rms_rights *rights, const char *name)
{
    size_t count = rights->custom_count;
    size_t place = custom_place(rights, name);
    const char **names;
    size_t i;

    if (custom_has(rights, name)) {
        return 0;
    }
    if (count >= RMS_CUSTOM_RIGHTS_MAX) {
        return RMS_E_LIMIT;
    }
    names = rms_arena_array(arena, count + 1, sizeof *names);
    if (names == NULL || (names[place] = rms_arena_strdup(arena, name)) == NULL) {
        return RMS_E_NO_MEMORY;
    }
    for (i = 0; i < count; i++) {
        names[i < place ? i : i + 1] = rights->custom[i];
    }
    rights->custom = names;
    rights->custom_count = count + 1;
    return 0;
}

int rms_rights_add(struct rms_arena *arena, struct rms_rights *rights, const char *name, bool allow_custom)
{
    char upper[RMS_CUSTOM_RIGHT_MAX + 1];
    uint32_t bit;

    if (name == NULL) {
        return RMS_E_BAD_ARGUMENT;
    }
    bit = bit_of(name);
    if (bit != 0) {
        rights->bits |= bit;
        return 0;
    }
    if (!allow_custom) {
        return RMS_E_BAD_ARGUMENT;
    }
    RMS_TRY(custom_name(name, upper));
    return custom_add(arena, rights, upper);
}

/* Both lists are sorted; so is the result. */
static int custom_merge(struct rms_arena *arena, struct rms_rights *rights, const struct rms_rights *more)
{
    const char **names = rms_arena_array(arena, rights->custom_count + more->custom_count, sizeof *names);
    size_t count = 0;
    size_t i = 0;
    size_t j = 0;

    if (names == NULL) {
        return RMS_E_NO_MEMORY;
    }
    while (j < more->custom_count) {
        int order = i < rights->custom_count ? strcmp(rights->custom[i], more->custom[j]) : 1;

        if (order <= 0) {
            names[count++] = rights->custom[i++];
            j += order == 0;
            continue;
        }
        names[count] = rms_arena_strdup(arena, more->custom[j++]);
        if (names[count++] == NULL) {
            return RMS_E_NO_MEMORY;
        }
    }
    while (i < rights->custom_count) {
        names[count++] = rights->custom[i++];
    }
    rights->custom = names;
    rights->custom_count = count;
    return 0;
}

int rms_rights_merge(struct rms_arena *arena, struct rms_rights *rights, const struct rms_rights *more)
{
    if (more->custom_count > 0) {
        RMS_TRY(custom_merge(arena, rights, more));
    }
    rights->bits |= more->bits;
    return 0;
}

bool rms_rights_empty(const struct rms_rights *rights)
{
    return (rights->bits & RMS_RIGHTS_ALL) == 0 && rights->custom_count == 0;
}

bool rms_rights_allow(const struct rms_rights *rights, uint32_t bit)
{
    if (bit == 0) {
        return false;
    }
    return (rights->bits & bit) == bit || (rights->bits & RMS_RIGHT_OWNER) != 0;
}

bool rms_rights_allow_name(const struct rms_rights *rights, const char *name)
{
    char upper[RMS_CUSTOM_RIGHT_MAX + 1];
    uint32_t bit;

    if (name == NULL) {
        return false;
    }
    bit = bit_of(name);
    if (bit != 0) {
        return rms_rights_allow(rights, bit);
    }
    if (custom_name(name, upper) < 0) {
        return false;
    }
    return (rights->bits & RMS_RIGHT_OWNER) != 0 || custom_has(rights, upper);
}

void rms_rights_each(
    const struct rms_rights *rights, void (*each)(const char *name, void *context), void *context)
{
    size_t i;

    for (i = 0; i < KNOWN_COUNT; i++) {
        if ((rights->bits & known[i].bit) != 0) {
            each(known[i].name, context);
        }
    }
    for (i = 0; i < rights->custom_count; i++) {
        each(rights->custom[i], context);
    }
}
