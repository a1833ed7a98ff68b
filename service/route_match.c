/* Finding the row of the route table; the table itself is route.c. */
#include "service/route.h"

#include <strings.h>

/* The next segment of a path: skips one slash, takes until the next. len is SIZE_MAX at the end. */
static struct rms_view next_segment(const char **path)
{
    const char *p = *path;
    if (*p == '/') {
        p++;
    }
    size_t len = strcspn(p, "/");
    *path = p + len;
    return rms_view_of(p, len);
}

static bool at_end(const char *path)
{
    return path[0] == '\0' || (path[0] == '/' && path[1] == '\0');
}

/* "v1|v2" fits v1 and v2; ASCII case does not matter. */
static bool word_fits(struct rms_view pattern, struct rms_view word)
{
    const char *p = (const char *)pattern.data;
    const char *end = p + pattern.len;
    while (p <= end) {
        const char *bar = memchr(p, '|', (size_t)(end - p));
        size_t len = (size_t)((bar != NULL ? bar : end) - p);
        if (len == word.len && strncasecmp(p, (const char *)word.data, len) == 0) {
            return true;
        }
        p += len + 1;
    }
    return false;
}

static bool is_param(struct rms_view segment)
{
    return segment.len == 2 && segment.data[0] == '{';
}

struct match {
    struct rms_view params[RMS_PARAMS_MAX];
    size_t count;
};

static bool pattern_fits(const char *pattern, const char *path, struct match *match)
{
    match->count = 0;
    while (!at_end(pattern)) {
        if (at_end(path)) {
            return false;
        }
        struct rms_view want = next_segment(&pattern);
        struct rms_view have = next_segment(&path);
        if (!is_param(want)) {
            if (!word_fits(want, have)) {
                return false;
            }
        } else if (have.len == 0 || match->count == RMS_PARAMS_MAX) {
            return false;
        } else {
            match->params[match->count++] = have;
        }
    }
    return at_end(path);
}

int rms_route_params(struct rms_request *request)
{
    struct match match;
    if (!pattern_fits(request->route->pattern, request->path, &match)) {
        return RMS_E_INTERNAL;
    }
    for (size_t i = 0; i < match.count; i++) {
        RMS_TRY(rms_percent_decode(request->arena, match.params[i], false, &request->params[i]));
    }
    request->param_count = match.count;
    return RMS_OK;
}

int rms_route_find(struct rms_request *request, unsigned *allowed_out)
{
    /* a HEAD is a GET whose body the HTTP layer leaves out */
    unsigned method = request->method == RMS_METHOD_HEAD ? RMS_METHOD_GET : request->method;
    struct match match;
    *allowed_out = 0;
    for (const struct rms_route *row = rms_routes; row->pattern != NULL; row++) {
        if (!pattern_fits(row->pattern, request->path, &match)) {
            continue;
        }
        *allowed_out |= row->methods;
        if ((row->methods & method) != 0) {
            request->route = row;
            return RMS_OK;
        }
    }
    return *allowed_out != 0 ? RMS_E_METHOD : RMS_E_NOT_FOUND;
}
