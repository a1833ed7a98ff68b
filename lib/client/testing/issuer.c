#include "client/testing/issuer.h"

#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/json.h"
#include "base/text.h"
#include "client/api.h"
#include "client/bootstrap.h"
#include "client/cache.h"
#include "client/context.h"
#include "client/identity.h"
#include "format/container.h"
#include "xrml/testing/world.h"

#define ARENA_MAX (256u * 1024 * 1024)
#define TEXT_MAX  (64u * 1024 * 1024)

/* --- the service's side --- */

void rms_issuer_open(struct rms_issuer *issuer)
{
    const struct rms_slc_request request = {
        .guid = "11111111-2222-3333-4444-555555555555",
        .name = "Contoso",
        .url = RMS_TEST_ROOT "/_wmcs",
        .tenant_id = "99999999-8888-7777-6666-555555555555",
        .issued_at = rms_clock_now() - RMS_DAY_S,
        .valid_until = rms_clock_now() + 3650ll * RMS_DAY_S,
    };
    struct rms_signer machine;

    *issuer = (struct rms_issuer){.arena = rms_arena_new(ARENA_MAX)};
    rms_buf_init(&issuer->slc, TEXT_MAX);
    rms_buf_init(&issuer->spc, TEXT_MAX);
    issuer->server_key = rms_world_key("server");
    issuer->machine_key = rms_world_key("machine");
    issuer->signer = rms_signer_local(issuer->server_key);
    rms_must(rms_slc_build(&request, &issuer->signer, &issuer->slc));
    rms_must(rms_server_init(issuer->arena, rms_buf_view(&issuer->slc), RMS_TEST_ROOT "/_wmcs/licensing",
        RMS_TEST_ROOT "/_wmcs/licensing", &issuer->server));
    machine = rms_signer_local(issuer->machine_key);
    rms_must(rms_spc_build("aaaaaaaa-0000-0000-0000-000000000001", rms_clock_now(), &machine, &issuer->spc));
    (void)snprintf(issuer->folder, sizeof issuer->folder, "/tmp/rms-client-XXXXXX");
    if (mkdtemp(issuer->folder) == NULL) {
        abort();
    }
}

static int remove_entry(const char *path, const struct stat *info, int flag, struct FTW *ftw)
{
    (void)info, (void)flag, (void)ftw;
    return remove(path);
}

void rms_issuer_close(struct rms_issuer *issuer)
{
    (void)nftw(issuer->folder, remove_entry, 16, FTW_DEPTH | FTW_PHYS);
    rms_rsa_private_free(&issuer->server_key);
    rms_rsa_private_free(&issuer->machine_key);
    rms_buf_fini(&issuer->slc);
    rms_buf_fini(&issuer->spc);
    rms_arena_free(&issuer->arena);
}

struct rms_context *rms_issuer_context(struct rms_issuer *issuer, const char *name)
{
    struct rms_options options = {.size = sizeof options, .offline = true};
    struct rms_context *context = NULL;

    (void)setenv("RMS_KEYRING", "off", 1);
    (void)unsetenv("RMS_URL");
    options.store_dir = rms_test_path(issuer, name);
    rms_must(rms_context_new(&options, &context));
    return context;
}

static const struct rms_signed *first_node(struct rms_issuer *issuer, struct rms_view text)
{
    const uint8_t *copy = rms_arena_copy(issuer->arena, text.data, text.len);
    struct rms_chain chain;

    rms_must(rms_chain_parse(issuer->arena, rms_view_of(copy, text.len), &chain));
    return &chain.nodes[0];
}

static void seal_private(const struct rms_rsa_private *key, const struct rms_rsa_public *to,
    const uint8_t *bound, struct rms_buf *blob)
{
    struct rms_secret RMS_SECRET_CLEANUP *secret = NULL;

    rms_must(rms_rsa_to_blob(key, false, &secret));
    rms_must(rms_enabling_seal_private(to, rms_secret_view(secret), bound, blob));
}

static void put(struct rms_context *context, enum rms_vault_kind kind, const char *owner,
    struct rms_view name, const struct rms_buf *value)
{
    const struct rms_vault_place place = {kind, owner, name};

    rms_must(rms_buf_status(value));
    rms_must(rms_vault_put(context->vault, &place, RMS_TIME_NONE, rms_buf_view(value)));
}

/* --- certificates --- */

static void store_slc(struct rms_issuer *issuer, struct rms_context *context, const char *address)
{
    struct rms_buf RMS_BUF_CLEANUP text = RMS_BUF_INIT(TEXT_MAX);
    json_t RMS_JSON_CLEANUP *json = json_pack("{s:s, s:o, s:s, s:s}", "Name", "Contoso",
        "LicensorCertificate", rms_api_base64(rms_buf_view(&issuer->slc)), "IntranetUrl",
        issuer->server.intranet_url, "ExtranetUrl", issuer->server.extranet_url);

    rms_must(rms_json_emit(json, &text));
    put(context, RMS_VAULT_CERTIFICATE, address, RMS_ENTRY_SLC, &text);
}

static void store_machine(struct rms_issuer *issuer, struct rms_context *context)
{
    struct rms_secret RMS_SECRET_CLEANUP *secret = NULL;
    struct rms_buf RMS_BUF_CLEANUP entry = RMS_BUF_INIT(TEXT_MAX);

    rms_must(rms_rsa_to_blob(issuer->machine_key, false, &secret));
    rms_must(rms_machine_emit(rms_secret_view(secret), rms_buf_view(&issuer->spc), &entry));
    put(context, RMS_VAULT_MACHINE, "", RMS_ENTRY_MACHINE, &entry);
}

static const struct rms_certificate *make_rac(struct rms_issuer *issuer, const char *address,
    const struct rms_rsa_private *key, int days, struct rms_buf *text)
{
    struct rms_certificate machine;
    struct rms_certificate *rac = rms_arena_alloc(issuer->arena, sizeof *rac);
    struct rms_buf RMS_BUF_CLEANUP blob = RMS_BUF_INIT(RMS_ENABLING_MAX);
    struct rms_rac_request request = {
        .user_guid = "bbbbbbbb-0000-0000-0000-000000000001",
        .address = address,
        .issued_at = rms_clock_now(),
        .valid_until = rms_clock_now() + (int64_t)days * RMS_DAY_S,
        .account_created_at = RMS_TIME_NONE,
        .user_key = *rms_rsa_public_of(key),
        .machine = &machine,
    };

    rms_must(rms_certificate_parse(
        issuer->arena, first_node(issuer, rms_buf_view(&issuer->spc)), RMS_DOC_SPC, &machine));
    seal_private(key, rms_rsa_public_of(issuer->machine_key), issuer->server.issuer_bound, &blob);
    request.bits = rms_buf_view(&blob);
    rms_must(rms_rac_build(&issuer->server, &request, &issuer->signer, text));
    rms_must(rms_certificate_parse(issuer->arena, first_node(issuer, rms_buf_view(text)), RMS_DOC_RAC, rac));
    rms_buf_append_view(text, issuer->server.slc_text);
    return rac;
}

static void store_clc(struct rms_issuer *issuer, struct rms_context *context,
    const struct rms_certificate *rac, const char *address, int days)
{
    struct rms_rsa_private *key = rms_world_key("client");
    struct rms_buf RMS_BUF_CLEANUP blob = RMS_BUF_INIT(RMS_ENABLING_MAX);
    struct rms_buf RMS_BUF_CLEANUP text = RMS_BUF_INIT(TEXT_MAX);
    struct rms_clc_request request = {
        .rac = rac,
        .key = *rms_rsa_public_of(key),
        .issued_at = rms_clock_now(),
        .valid_until = rms_clock_now() + (int64_t)days * RMS_DAY_S,
    };

    seal_private(key, &rac->node->subject_key, issuer->server.issuer_bound, &blob);
    request.bits = rms_buf_view(&blob);
    rms_must(rms_clc_build(&issuer->server, &request, &issuer->signer, &text));
    rms_buf_append_view(&text, issuer->server.slc_text);
    put(context, RMS_VAULT_CERTIFICATE, address, RMS_ENTRY_CLC, &text);
    rms_rsa_private_free(&key);
}

/* --- templates --- */

static void add_template(struct rms_issuer *issuer, json_t *list)
{
    static const struct rms_policy_text texts[] = {
        {1033, "Confidential", "For all staff"}, {1031, "Vertraulich", "Für alle Mitarbeiter"}};
    struct rms_buf RMS_BUF_CLEANUP text = RMS_BUF_INIT(TEXT_MAX);
    struct rms_grant grant;
    struct rms_policy policy;

    rms_policy_init(&policy);
    rms_grant_init(&grant);
    grant.principal = RMS_PRINCIPAL_ADDRESS;
    grant.address = RMS_TEST_BOB;
    grant.rights.bits = RMS_RIGHT_VIEW | RMS_RIGHT_PRINT;
    memcpy(policy.id, RMS_TEST_TEMPLATE, sizeof RMS_TEST_TEMPLATE);
    policy.from_template = true;
    policy.texts = texts;
    policy.text_count = 2;
    policy.grants = &grant;
    policy.grant_count = 1;
    policy.offline_days = 7;
    rms_must(rms_template_build(&issuer->server, &policy, rms_clock_now(), &issuer->signer, &text));
    (void)json_array_append_new(
        list, json_pack("{s:s, s:s, s:s, s:o}", "Id", RMS_TEST_TEMPLATE, "Name", "Confidential",
                  "Description", "For all staff", "Template", rms_api_base64(rms_buf_view(&text))));
}

static void store_templates(struct rms_issuer *issuer, struct rms_context *context, const char *address)
{
    struct rms_buf RMS_BUF_CLEANUP text = RMS_BUF_INIT(TEXT_MAX);
    json_t *list = json_array();
    json_t RMS_JSON_CLEANUP *cache =
        json_pack("{s:I, s:o}", "Fetched", (json_int_t)rms_clock_now(), "List", list);

    add_template(issuer, list);
    rms_must(rms_json_emit(cache, &text));
    put(context, RMS_VAULT_TEMPLATES, address, RMS_VIEW_LITERAL("signed"), &text);
}

static void enrol(struct rms_issuer *issuer, struct rms_context *context, const char *address,
    const char *key_name, int days, bool publisher)
{
    const struct rms_signin signin = {
        .address = address, .display_name = "Test", .root = RMS_TEST_ROOT, .access_until = RMS_TIME_NONE};
    struct rms_rsa_private *key = rms_world_key(key_name);
    struct rms_buf RMS_BUF_CLEANUP text = RMS_BUF_INIT(TEXT_MAX);
    const struct rms_certificate *rac = make_rac(issuer, address, key, days, &text);

    rms_must(rms_signin_save(context, &signin, true));
    store_slc(issuer, context, address);
    store_machine(issuer, context);
    put(context, RMS_VAULT_CERTIFICATE, address, RMS_ENTRY_RAC, &text);
    if (publisher) {
        store_clc(issuer, context, rac, address, days);
    }
    store_templates(issuer, context, address);
    rms_rsa_private_free(&key);
    rms_identity_drop(context);
}

void rms_issuer_enrol(
    struct rms_issuer *issuer, struct rms_context *context, const char *address, const char *key, int days)
{
    enrol(issuer, context, address, key, days, true);
}

void rms_issuer_enrol_reader(
    struct rms_issuer *issuer, struct rms_context *context, const char *address, const char *key)
{
    enrol(issuer, context, address, key, 31, false);
}

/* --- use licences --- */

static struct rms_view licence_of(struct rms_issuer *issuer, const char *path)
{
    struct rms_view file = rms_test_read(issuer, path);
    struct rms_buf RMS_BUF_CLEANUP licence = RMS_BUF_INIT(TEXT_MAX);
    struct rms_reader reader = rms_reader_of_view(&file);
    struct rms_container RMS_CONTAINER_CLEANUP container = {0};

    rms_must(rms_container_open(&reader, &container));
    rms_must(rms_container_licence(&container, &licence));
    return rms_view_of(rms_arena_copy(issuer->arena, licence.data, licence.len), licence.len);
}

void rms_issuer_license(
    struct rms_issuer *issuer, struct rms_context *context, const char *path, const struct rms_test_use *use)
{
    struct rms_view licence = licence_of(issuer, path);
    struct rms_rsa_private *key = rms_world_key(use->key);
    struct rms_buf RMS_BUF_CLEANUP rac_text = RMS_BUF_INIT(TEXT_MAX);
    struct rms_buf RMS_BUF_CLEANUP bits = RMS_BUF_INIT(RMS_ENABLING_MAX);
    struct rms_buf RMS_BUF_CLEANUP text = RMS_BUF_INIT(TEXT_MAX);
    const struct rms_rights rights = {.bits = use->rights};
    struct rms_content_key content;
    struct rms_pl pl;
    struct rms_ul_request request = {
        .pl = &pl,
        .rac = make_rac(issuer, use->address, key, 31, &rac_text),
        .rights = &rights,
        .issued_at = rms_clock_now(),
        .content_valid_until = use->content_until,
        .removal_extract = issuer->removal_extract,
        .licence_valid_until = use->licence_until,
    };

    rms_must(rms_pl_parse(issuer->arena, licence, &pl));
    rms_must(
        rms_enabling_open_owned_key(issuer->server_key, &pl.bits, pl.bits_bound, pl.owner_bound, &content));
    rms_must(rms_enabling_seal_key(rms_rsa_public_of(key), content.mode, rms_secret_view(content.key),
        issuer->server.issuer_bound, &bits));
    request.bits = rms_buf_view(&bits);
    rms_must(rms_ul_build(&issuer->server, NULL, &request, &issuer->signer, &text));
    rms_buf_append_view(&text, issuer->server.slc_text);
    rms_must(rms_cache_put_licence(context, use->address, licence, rms_buf_view(&text), use->licence_until));
    rms_content_key_fini(&content);
    rms_rsa_private_free(&key);
}

/* --- files --- */

const char *rms_test_path(const struct rms_issuer *issuer, const char *name)
{
    static char paths[4][512];
    static unsigned next;
    char *path = paths[next++ % 4];

    (void)snprintf(path, sizeof paths[0], "%s/%s", issuer->folder, name);
    return path;
}

void rms_test_write(const char *path, const void *data, size_t len)
{
    rms_must(rms_file_write(path, rms_view_of(data, len), 0640));
}

static uint8_t byte_at(size_t len, size_t i)
{
    return (uint8_t)((i * 2654435761u + len) >> 13);
}

void rms_test_fill(const char *path, size_t len)
{
    struct rms_buf RMS_BUF_CLEANUP content = RMS_BUF_INIT(TEXT_MAX);
    uint8_t *place = rms_buf_reserve(&content, len + 1);

    for (size_t i = 0; i < len; i++) {
        place[i] = byte_at(len, i);
    }
    rms_buf_commit(&content, len);
    rms_test_write(path, content.data, len);
}

bool rms_test_holds(const char *path, size_t len)
{
    struct rms_buf RMS_BUF_CLEANUP content = RMS_BUF_INIT(TEXT_MAX);

    if (rms_file_read(path, &content) != 0 || content.len != len) {
        return false;
    }
    for (size_t i = 0; i < len; i++) {
        if (content.data[i] != byte_at(len, i)) {
            return false;
        }
    }
    return true;
}

bool rms_test_exists(const char *path)
{
    struct stat info;

    return lstat(path, &info) == 0;
}

struct rms_view rms_test_read(struct rms_issuer *issuer, const char *path)
{
    struct rms_buf RMS_BUF_CLEANUP content = RMS_BUF_INIT(TEXT_MAX);

    rms_must(rms_file_read(path, &content));
    return rms_view_of(rms_arena_copy(issuer->arena, content.data, content.len), content.len);
}
