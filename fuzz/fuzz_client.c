/* What librms is told from outside: the first byte chooses bearer challenges, DNS answers, discovery replies,
 * the device's entry in the store, or URLs; the rest is the input. */
#include <stdlib.h>

#include "base/json.h"
#include "client/bootstrap.h"
#include "client/challenge.h"
#include "client/discovery.h"
#include "client/http.h"
#include "client/session.h"

#define ARENA_MAX (16u * 1024 * 1024)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(bool holds)
{
    if (!holds) {
        abort();
    }
}

static void try_challenge(struct rms_arena *arena, struct rms_view input)
{
    const char *text = rms_arena_text(arena, input);
    struct rms_parsed_challenge challenge;
    const char *endpoint;

    if (text == NULL || rms_challenge_parse(arena, text, &challenge) != 0) {
        return;
    }
    check(strncasecmp(challenge.authority, "https://", 8) == 0);
    endpoint = rms_challenge_endpoint(arena, challenge.authority, "token");
    check(endpoint == NULL || strncasecmp(endpoint, "https://", 8) == 0);
}

static void try_answer(struct rms_arena *arena, struct rms_view input)
{
    struct rms_srv srv;

    (void)arena;
    if (rms_srv_parse(input, &srv) != 0) {
        return;
    }
    check(srv.count <= RMS_SRV_MAX);
    for (size_t i = 0; i < srv.count; i++) {
        check(srv.hosts[i].name[0] != '\0' && strpbrk(srv.hosts[i].name, "/:@?# ") == NULL);
    }
}

static void try_endpoints(struct rms_arena *arena, struct rms_view input)
{
    json_t RMS_JSON_CLEANUP *json = NULL;
    const char *urls[RMS_EP_COUNT];

    if (rms_json_parse(input, &json) == 0 && rms_endpoints_parse(arena, json, urls) == 0) {
        for (size_t i = 0; i < RMS_EP_COUNT; i++) {
            check(urls[i] == NULL || strncasecmp(urls[i], "https://", 8) == 0);
        }
        check(urls[RMS_EP_END_USER] != NULL);
    }
}

static void try_machine(struct rms_arena *arena, struct rms_view input)
{
    struct rms_view blob;
    struct rms_view spc;

    (void)arena;
    if (rms_machine_parse(input, &blob, &spc) == 0) {
        check(blob.len + spc.len + 4 == input.len);
    }
}

static void try_url(struct rms_arena *arena, struct rms_view input)
{
    struct rms_buf RMS_BUF_CLEANUP origin = RMS_BUF_INIT(4096);
    const char *text = rms_arena_text(arena, input);

    if (text != NULL && rms_http_origin(text, &origin) == 0) {
        check(strncmp(rms_buf_text(&origin), "https://", 8) == 0);
        check(strpbrk(rms_buf_text(&origin) + 8, "/?#@") == NULL);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static void (*const tries[])(struct rms_arena * arena, struct rms_view input) = {
        try_challenge, try_answer, try_endpoints, try_machine, try_url};
    struct rms_arena RMS_ARENA_CLEANUP *arena = rms_arena_new(ARENA_MAX);

    if (size > 0 && arena != NULL) {
        tries[data[0] % (sizeof tries / sizeof tries[0])](arena, rms_view_of(data + 1, size - 1));
    }
    return 0;
}
