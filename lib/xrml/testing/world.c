#include "xrml/testing/world.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/file.h"

#define ARENA_MAX (64u * 1024 * 1024)
#define TEXT_MAX  (16u * 1024 * 1024)

void rms_must(int status)
{
    if (status != 0) {
        (void)fprintf(stderr, "unexpected: %s\n", rms_error_info(status)->reason);
        abort();
    }
}

struct rms_view rms_world_file(struct rms_arena *arena, const char *path)
{
    const char *root = getenv("RMS_SOURCE_DIR");
    RMS_BUF_CLEANUP struct rms_buf content = RMS_BUF_INIT(TEXT_MAX);
    char full[4096];

    (void)snprintf(full, sizeof full, "%s/%s", root != NULL ? root : ".", path);
    rms_must(rms_file_read(full, &content));
    return rms_view_of(rms_arena_copy(arena, content.data, content.len), content.len);
}

struct rms_rsa_private *rms_world_key(const char *name)
{
    struct rms_arena *arena = rms_arena_new(65536);
    struct rms_rsa_private *key = NULL;
    char path[256];

    (void)snprintf(path, sizeof path, "test/vectors/licences/keys/%s.key", name);
    rms_must(rms_rsa_from_blob(rms_world_file(arena, path), &key));
    rms_arena_free(&arena);
    return key;
}

const struct rms_signed *rms_world_node(struct rms_world *world, struct rms_view text)
{
    struct rms_chain chain;

    rms_must(rms_chain_parse(world->arena, text, &chain));
    return &chain.nodes[0];
}

static void open_keys(struct rms_world *world)
{
    world->server_key = rms_world_key("server");
    world->machine_key = rms_world_key("machine");
    world->user_key = rms_world_key("user");
    world->client_key = rms_world_key("client");
    world->stranger_key = rms_world_key("stranger");
    world->server_signer = rms_signer_local(world->server_key);
    world->machine_signer = rms_signer_local(world->machine_key);
    world->client_signer = rms_signer_local(world->client_key);
    world->stranger_signer = rms_signer_local(world->stranger_key);
}

static void open_server(struct rms_world *world)
{
    const struct rms_slc_request request = {
        .guid = "11111111-2222-3333-4444-555555555555",
        .name = "Contoso & Sons",
        .url = "https://rms.contoso.example/_wmcs",
        .tenant_id = "99999999-8888-7777-6666-555555555555",
        .issued_at = RMS_WORLD_NOW - RMS_DAY_S,
        .valid_until = RMS_WORLD_NOW + 3650ll * RMS_DAY_S,
    };
    RMS_BUF_CLEANUP struct rms_buf text = RMS_BUF_INIT(TEXT_MAX);

    rms_must(rms_slc_build(&request, &world->server_signer, &text));
    rms_must(
        rms_server_init(world->arena, rms_buf_view(&text), RMS_WORLD_URL, RMS_WORLD_URL, &world->server));
    world->trust = (struct rms_trust){.keys = &world->server.key, .key_count = 1};
}

static void seal_private(const struct rms_rsa_private *key, const struct rms_rsa_public *to,
    const uint8_t *bound, bool signing, struct rms_buf *blob)
{
    RMS_SECRET_CLEANUP struct rms_secret *secret = NULL;

    rms_must(rms_rsa_to_blob(key, signing, &secret));
    rms_must(rms_enabling_seal_private(to, rms_secret_view(secret), bound, blob));
}

static void open_machine(struct rms_world *world)
{
    RMS_BUF_CLEANUP struct rms_buf text = RMS_BUF_INIT(TEXT_MAX);

    rms_must(
        rms_spc_build("aaaaaaaa-0000-0000-0000-000000000001", RMS_WORLD_NOW, &world->machine_signer, &text));
    rms_must(rms_certificate_parse(
        world->arena, rms_world_node(world, rms_buf_view(&text)), RMS_DOC_SPC, &world->spc));
}

static void open_account(struct rms_world *world)
{
    static const char *const aliases[] = {"a.smith@contoso.example"};
    RMS_BUF_CLEANUP struct rms_buf blob = RMS_BUF_INIT(RMS_ENABLING_MAX);
    RMS_BUF_CLEANUP struct rms_buf text = RMS_BUF_INIT(TEXT_MAX);
    struct rms_rac_request request = {
        .user_guid = "bbbbbbbb-0000-0000-0000-000000000001",
        .address = RMS_WORLD_ALICE,
        .aliases = aliases,
        .alias_count = 1,
        .issued_at = RMS_WORLD_NOW,
        .valid_until = RMS_WORLD_NOW + 31 * RMS_DAY_S,
        .account_created_at = RMS_WORLD_NOW - 100 * RMS_DAY_S,
        .user_key = *rms_rsa_public_of(world->user_key),
        .machine = &world->spc,
    };

    seal_private(world->user_key, &world->machine_signer.key, world->server.issuer_bound, false, &blob);
    request.bits = rms_buf_view(&blob);
    rms_must(rms_rac_build(&world->server, &request, &world->server_signer, &text));
    rms_must(rms_certificate_parse(
        world->arena, rms_world_node(world, rms_buf_view(&text)), RMS_DOC_RAC, &world->rac));
}

static void open_client(struct rms_world *world)
{
    RMS_BUF_CLEANUP struct rms_buf blob = RMS_BUF_INIT(RMS_ENABLING_MAX);
    RMS_BUF_CLEANUP struct rms_buf text = RMS_BUF_INIT(TEXT_MAX);
    struct rms_clc_request request = {
        .rac = &world->rac,
        .key = world->client_signer.key,
        .issued_at = RMS_WORLD_NOW,
        .valid_until = RMS_WORLD_NOW + 31 * RMS_DAY_S,
    };

    seal_private(
        world->client_key, rms_rsa_public_of(world->user_key), world->server.issuer_bound, true, &blob);
    request.bits = rms_buf_view(&blob);
    rms_must(rms_clc_build(&world->server, &request, &world->server_signer, &text));
    rms_must(rms_certificate_parse(
        world->arena, rms_world_node(world, rms_buf_view(&text)), RMS_DOC_CLC, &world->clc));
}

void rms_world_open(struct rms_world *world)
{
    *world = (struct rms_world){.arena = rms_arena_new(ARENA_MAX)};
    memset(world->content_key, 0x5a, sizeof world->content_key);
    open_keys(world);
    open_server(world);
    open_machine(world);
    open_account(world);
    open_client(world);
}

void rms_world_close(struct rms_world *world)
{
    rms_rsa_private_free(&world->server_key);
    rms_rsa_private_free(&world->machine_key);
    rms_rsa_private_free(&world->user_key);
    rms_rsa_private_free(&world->client_key);
    rms_rsa_private_free(&world->stranger_key);
    rms_arena_free(&world->arena);
}

struct rms_policy rms_world_policy(void)
{
    static const struct rms_policy_text texts[] = {
        {1033, "Contract <draft> & notes", "For Bob and his colleagues; do not print."},
        {1031, "Vertrag", "Für Bob und seine Kollegen."},
    };
    static const struct rms_grant grants[] = {
        {RMS_PRINCIPAL_ADDRESS, RMS_WORLD_BOB, {RMS_RIGHT_VIEW | RMS_RIGHT_PRINT, NULL, 0}, RMS_TIME_NONE,
            RMS_TIME_NONE},
        {RMS_PRINCIPAL_DOMAIN, "fabrikam.example", {RMS_RIGHT_VIEW, NULL, 0}, RMS_TIME_NONE, RMS_TIME_NONE},
    };

    return (struct rms_policy){
        .id = RMS_WORLD_POLICY,
        .texts = texts,
        .text_count = 2,
        .referral = "mailto:" RMS_WORLD_ALICE,
        .grants = grants,
        .grant_count = 2,
        .expires_at = RMS_TIME_NONE,
        .starts_at = RMS_TIME_NONE,
        .offline_days = -1,
    };
}

/* The author's own licence, made by her CLC before the PL exists. */
static void make_owner_ul(struct rms_world *world, struct rms_buf *out)
{
    const struct rms_rights owner = {.bits = RMS_RIGHT_OWNER};
    RMS_BUF_CLEANUP struct rms_buf blob = RMS_BUF_INIT(RMS_ENABLING_MAX);
    uint8_t bound[RMS_SHA256_BYTES];
    struct rms_ul_request request = {
        .content_id = RMS_WORLD_CONTENT,
        .owner = RMS_WORLD_ALICE,
        .rac = &world->rac,
        .rights = &owner,
        .issued_at = RMS_WORLD_NOW,
        .content_valid_until = RMS_TIME_NONE,
        .licence_valid_until = RMS_TIME_NONE,
    };

    rms_must(rms_clc_issuer_bound(&world->clc, bound));
    rms_must(rms_enabling_seal_key(rms_rsa_public_of(world->user_key), RMS_MODE_CBC4K,
        rms_view_of(world->content_key, 32), bound, &blob));
    request.bits = rms_buf_view(&blob);
    rms_must(rms_ul_build(&world->server, &world->clc, &request, &world->client_signer, out));
}

void rms_world_publish(
    struct rms_world *world, const struct rms_policy *policy, bool offline, struct rms_buf *out)
{
    const struct rms_erd_binding binding = {RMS_WORLD_CONTENT, RMS_WORLD_ALICE, RMS_WORLD_NOW};
    const struct rms_view key = rms_view_of(world->content_key, sizeof world->content_key);
    RMS_BUF_CLEANUP struct rms_buf erd = RMS_BUF_INIT(TEXT_MAX);
    RMS_BUF_CLEANUP struct rms_buf cipher = RMS_BUF_INIT(TEXT_MAX);
    RMS_BUF_CLEANUP struct rms_buf blob = RMS_BUF_INIT(RMS_ENABLING_MAX);
    RMS_BUF_CLEANUP struct rms_buf owner_ul = RMS_BUF_INIT(TEXT_MAX);
    struct rms_pl_request request = {
        .policy = policy,
        .content_id = RMS_WORLD_CONTENT,
        .owner = RMS_WORLD_ALICE,
        .issuer = RMS_WORLD_ALICE,
        .issued_at = RMS_WORLD_NOW,
        .clc = offline ? &world->clc : NULL,
    };
    uint8_t owner_bound[RMS_SHA256_BYTES];

    rms_must(rms_erd_build(policy, &binding, &erd));
    rms_must(rms_erd_encrypt(key, rms_buf_view(&erd), &cipher));
    rms_must(
        rms_pl_owner_bound(world->server.principals_bound, request.content_id, request.owner, owner_bound));
    rms_must(rms_enabling_seal_owned_key(&world->server.key, RMS_MODE_CBC4K, key, owner_bound, &blob));
    if (offline) {
        make_owner_ul(world, &owner_ul);
    }
    request.made.bits = rms_buf_view(&blob);
    request.made.erd = rms_buf_view(&cipher);
    request.owner_ul = rms_buf_view(&owner_ul);
    rms_must(
        rms_pl_build(&world->server, &request, offline ? &world->client_signer : &world->server_signer, out));
}

void rms_world_use(
    struct rms_world *world, const struct rms_pl *pl, const struct rms_rights *rights, struct rms_buf *out)
{
    RMS_BUF_CLEANUP struct rms_buf blob = RMS_BUF_INIT(RMS_ENABLING_MAX);
    struct rms_ul_request request = {
        .pl = pl,
        .rac = &world->rac,
        .rights = rights,
        .issued_at = RMS_WORLD_NOW,
        .content_valid_until = RMS_WORLD_NOW + 90 * RMS_DAY_S + 7,
        .licence_valid_until = RMS_WORLD_NOW + 30 * RMS_DAY_S + 11,
    };

    rms_must(rms_enabling_seal_key(rms_rsa_public_of(world->user_key), RMS_MODE_CBC4K,
        rms_view_of(world->content_key, 32), world->server.issuer_bound, &blob));
    request.bits = rms_buf_view(&blob);
    rms_must(rms_ul_build(&world->server, NULL, &request, &world->server_signer, out));
}
