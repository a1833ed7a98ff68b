/* Paths and filters of SCIM: what directories send, or whoever stole a token. */
#include <assert.h>

#include "base/text.h"
#include "service/scim_path.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_name(const char *name)
{
    for (; *name != '\0'; name++) {
        assert(*name < 'A' || *name > 'Z');
        assert(strchr("\"' ;[]()", *name) == NULL);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    RMS_ARENA_CLEANUP struct rms_arena *arena = rms_arena_new(1u << 20);
    const char *text = rms_arena_text(arena, rms_view_of(data, size));
    struct rms_scim_path path;
    struct rms_scim_filter filter;
    if (text == NULL) {
        return 0;
    }
    if (rms_scim_path_parse(arena, text, &path) == 0) {
        check_name(path.attribute);
        assert((path.filter_attribute != NULL) == (path.filter_value != NULL));
        assert(path.filter_value == NULL || rms_text_valid(rms_view_str(path.filter_value)));
    }
    if (rms_scim_filter_parse(arena, text, &filter) == 0) {
        check_name(filter.attribute);
        assert(rms_text_valid(rms_view_str(filter.value)));
    }
    return 0;
}
