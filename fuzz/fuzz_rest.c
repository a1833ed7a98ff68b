/* Request bodies and the other texts of a REST request, through the functions that read them, without
 * network. The first byte chooses the reader; what it accepts must be sound. */
#include <stdlib.h>
#include <string.h>

#include "service/http.h"
#include "service/rest_body.h"
#include "service/rest_language.h"
#include "service/route.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define ARENA_MAX (64u * 1024 * 1024)

static void require(int truth)
{
    if (!truth) {
        abort();
    }
}

static void publish(struct rms_arena *arena, struct rms_view body)
{
    struct rms_publish_body publish;
    const char *detail = NULL;
    const char *field = NULL;
    int rc = rms_rest_body_publish(arena, body, &publish, &detail);
    require(rc == RMS_OK || detail != NULL);
    if (rc == RMS_OK && publish.template_id == NULL) {
        rms_guid_new(publish.policy.id);
        require(publish.policy.text_count > 0);
        (void)!rms_policy_check(&publish.policy, 0, &field);
    }
}

static void blobs(struct rms_arena *arena, struct rms_view body, size_t count)
{
    static const char *const names[] = {"SerializedPublishingLicense", "AccountCertificate"};
    struct rms_view values[RMS_BODY_BLOBS_MAX];
    const char *detail = NULL;
    if (rms_rest_body_blobs(arena, body, names, count, values, &detail) == RMS_OK) {
        for (size_t i = 0; i < count; i++) {
            require(values[i].len > 0 && values[i].len <= body.len);
        }
    } else {
        require(detail != NULL);
    }
}

static void form(struct rms_arena *arena, struct rms_view text)
{
    const struct rms_pair *pairs = NULL;
    size_t count = 0;
    if (rms_form_parse(arena, text, true, &pairs, &count) == RMS_OK) {
        require(count <= RMS_FORM_PAIRS_MAX);
        for (size_t i = 0; i < count; i++) {
            require(strlen(pairs[i].name) + strlen(pairs[i].value) <= text.len);
        }
    }
}

static void language(struct rms_arena *arena, struct rms_view text)
{
    static const struct rms_policy_text texts[] = {{1033, "en", "e"}, {1031, "de", "d"}};
    const struct rms_policy policy = {.texts = texts, .text_count = 2};
    const char *header = rms_arena_text(arena, text);
    require(header == NULL || rms_rest_text_for(&policy, header) != NULL);
}

/* Target and header fields, a line each: "NAME: value". */
static void head(struct rms_arena *arena, struct rms_view text)
{
    struct rms_request request = {.arena = arena, .method = RMS_METHOD_GET};
    struct rms_pair headers[RMS_HEADERS_MAX];
    const char *query = NULL;
    const char *detail = NULL;
    unsigned allowed = 0;
    size_t count = 0;
    char *line = rms_arena_text(arena, text);
    char *uri = line != NULL ? strsep(&line, "\n") : NULL;
    while (line != NULL && count < RMS_HEADERS_MAX) {
        char *value = strsep(&line, "\n");
        const char *name = strsep(&value, ":");
        headers[count++] = (struct rms_pair){name, value != NULL ? value : ""};
    }
    (void)!rms_http_check(headers, count, &detail);
    if (uri == NULL || rms_http_split_uri(uri, &request.path, &query) < 0) {
        return;
    }
    if (rms_route_find(&request, &allowed) == RMS_OK) {
        (void)!rms_route_params(&request);
        require(request.param_count <= RMS_PARAMS_MAX);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    RMS_ARENA_CLEANUP struct rms_arena *arena = rms_arena_new(ARENA_MAX);
    struct rms_view rest = rms_view_of(data + 1, size - 1);
    if (size == 0 || arena == NULL) {
        return 0;
    }
    switch (data[0]) {
    case 'p':
        publish(arena, rest);
        break;
    case '1':
        blobs(arena, rest, 1);
        break;
    case '2':
        blobs(arena, rest, 2);
        break;
    case 'f':
        form(arena, rest);
        break;
    case 'l':
        language(arena, rest);
        break;
    case 'h':
        head(arena, rest);
        break;
    default:
        break;
    }
    return 0;
}
