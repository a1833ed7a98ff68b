#include "client/challenge.h"

#include "base/text.h"

struct pair {
    struct rms_view name;
    struct rms_view value;
};

static struct rms_view trim(struct rms_view view, const char *cut)
{
    while (view.len > 0 && strchr(cut, view.data[0]) != NULL) {
        view.data++;
        view.len--;
    }
    while (view.len > 0 && strchr(cut, view.data[view.len - 1]) != NULL) {
        view.len--;
    }
    return view;
}

/* name "=" value; the first "=" separates, so that an authority may carry a query (section 16). */
static bool split(struct rms_view text, struct pair *pair)
{
    const uint8_t *equals = text.len > 0 ? memchr(text.data, '=', text.len) : NULL;

    if (equals == NULL) {
        return false;
    }
    pair->name = trim(trim(rms_view_of(text.data, (size_t)(equals - text.data)), " \t"), "\"");
    pair->value =
        trim(trim(rms_view_of(equals + 1, text.len - (size_t)(equals - text.data) - 1), " \t"), "\"");
    return pair->name.len > 0;
}

static bool is(struct rms_view name, const char *word)
{
    return name.len == strlen(word) && strncasecmp((const char *)name.data, word, name.len) == 0;
}

struct found {
    struct rms_view authority, realm, resource, scope, error, acr_values, max_age;
};

static void collect(const struct pair *pair, struct found *found)
{
    struct {
        const char *name;
        struct rms_view *place;
    } rows[] = {
        {"authorization_uri", &found->authority},
        {"authorization", &found->authority},
        {"realm", &found->realm},
        {"resource", &found->resource},
        {"scope", &found->scope},
        {"error", &found->error},
        {"acr_values", &found->acr_values},
        {"max_age", &found->max_age},
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        if (is(pair->name, rows[i].name) && rows[i].place->len == 0) {
            *rows[i].place = pair->value;
        }
    }
}

static int64_t seconds(struct rms_view text)
{
    int64_t value = 0;

    if (text.len == 0 || text.len > 9) {
        return -1;
    }
    for (size_t i = 0; i < text.len; i++) {
        if (text.data[i] < '0' || text.data[i] > '9') {
            return -1;
        }
        value = value * 10 + (text.data[i] - '0');
    }
    return value;
}

int rms_challenge_parse(
    struct rms_arena *arena, const char *header, struct rms_parsed_challenge *challenge_out)
{
    struct found found = {0};
    const char *at = header;
    struct rms_view resource;
    struct rms_view scope;

    if (strncasecmp(header, "Bearer ", 7) != 0 || !rms_text_printable(rms_view_str(header))) {
        return RMS_E_NOT_AUTHENTICATED;
    }
    at += 7;
    while (*at != '\0') {
        size_t len = strcspn(at, ",");
        struct pair pair;

        if (split(rms_view_of(at, len), &pair)) {
            collect(&pair, &found);
        }
        at += len + (at[len] == ',');
    }
    /* the table of section 5: with a resource the realm is the scope, else the realm is the resource */
    resource = found.resource.len > 0 ? found.resource : found.realm;
    scope = found.resource.len > 0 ? found.realm : found.scope;
    challenge_out->authority = rms_arena_text(arena, found.authority);
    challenge_out->resource = rms_arena_text(arena, resource);
    challenge_out->scope = rms_arena_text(arena, scope);
    challenge_out->step_up = is(found.error, "insufficient_user_authentication");
    challenge_out->acr_values = rms_arena_text(arena, found.acr_values);
    challenge_out->max_age_s = seconds(found.max_age);
    if (challenge_out->authority == NULL || challenge_out->resource == NULL || challenge_out->scope == NULL ||
        challenge_out->acr_values == NULL) {
        return RMS_E_NO_MEMORY;
    }
    if (strncasecmp(challenge_out->authority, "https://", 8) != 0 ||
        strchr(challenge_out->authority + 8, '/') == NULL) {
        return RMS_E_NOT_AUTHENTICATED;
    }
    return 0;
}

char *rms_challenge_endpoint(struct rms_arena *arena, const char *authority, const char *name)
{
    size_t len = strcspn(authority, "?#");
    const char *last = memrchr(authority, '/', len);

    if (last == NULL || last < authority + 8) {
        return NULL;
    }
    return rms_arena_printf(arena, "%.*s/%s", (int)(last - authority), authority, name);
}
