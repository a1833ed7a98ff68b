#include "service/rest_language.h"

#include <stdlib.h>
#include <strings.h>

#define RANGES_MAX 16

struct range {
    char tag[36];
    int quality; /* thousandths */
};

/* "de-AT;q=0.8": 0 to 1000; what cannot be read counts as 1. */
static int quality_of(const char *item, size_t len)
{
    for (size_t i = 0; i + 2 < len; i++) {
        if (item[i] == ';' || item[i] == ' ') {
            if ((item[i + 1] == 'q' || item[i + 1] == 'Q') && item[i + 2] == '=') {
                char *end = NULL;
                double q = strtod(item + i + 3, &end);
                return end > item + i + 3 && q >= 0 && q <= 1 ? (int)(q * 1000 + 0.5) : 1000;
            }
        }
    }
    return 1000;
}

static bool parse_range(const char *item, size_t len, struct range *range)
{
    size_t start = strspn(item, " \t");
    size_t tag = 0;
    while (start + tag < len && strchr(";, \t", item[start + tag]) == NULL) {
        tag++;
    }
    if (start >= len || tag == 0 || tag >= sizeof range->tag) {
        return false;
    }
    memcpy(range->tag, item + start, tag);
    range->tag[tag] = '\0';
    range->quality = quality_of(item, len);
    return range->quality > 0;
}

/* Most wanted first; equal ones in the order they came. */
static size_t parse_header(const char *header, struct range ranges[RANGES_MAX])
{
    size_t count = 0;
    while (*header != '\0' && count < RANGES_MAX) {
        size_t len = strcspn(header, ",");
        struct range range;
        if (parse_range(header, len, &range)) {
            size_t at = count++;
            while (at > 0 && ranges[at - 1].quality < range.quality) {
                ranges[at] = ranges[at - 1];
                at--;
            }
            ranges[at] = range;
        }
        header += len + (header[len] == ',');
    }
    return count;
}

#define PRIMARY(lcid) ((lcid)&0x3ffu) /* the language of an LCID without its region */

static const struct rms_policy_text *find_text(
    const struct rms_policy *policy, unsigned lcid, bool any_region)
{
    for (size_t i = 0; i < policy->text_count && lcid != 0; i++) {
        unsigned has = policy->texts[i].lcid;
        if (has == lcid || (any_region && PRIMARY(has) == PRIMARY(lcid))) {
            return &policy->texts[i];
        }
    }
    return NULL;
}

const struct rms_policy_text *rms_rest_text_for(const struct rms_policy *policy, const char *header)
{
    struct range ranges[RANGES_MAX];
    size_t count = header != NULL ? parse_header(header, ranges) : 0;
    for (size_t i = 0; i < count; i++) {
        unsigned lcid = rms_lcid_of(ranges[i].tag);
        const struct rms_policy_text *text = find_text(policy, lcid, false);
        text = text != NULL ? text : find_text(policy, lcid, true);
        if (text != NULL) {
            return text;
        }
    }
    return rms_policy_text_for(policy, 0);
}
