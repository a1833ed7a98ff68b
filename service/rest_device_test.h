/* Devices for tests: bootstrap, offline publishing, asking for use licences. */
#ifndef RMS_SERVICE_REST_DEVICE_TEST_H
#define RMS_SERVICE_REST_DEVICE_TEST_H

#include "service/front_test.h"

#include "crypto/random.h"

struct device {
    const char *person;
    struct rms_arena *arena;
    struct rms_rsa_private *machine;
    struct rms_rsa_private *user;
    struct rms_rsa_private *publish;
    struct rms_server server;
    struct rms_certificate rac;
    struct rms_certificate clc;
    char *rac_text; /* base64, as received */
};

static struct device alice, alice2, bob, carol, fay;

STAGE_HELPER struct rms_view decode(struct rms_arena *arena, const char *base64)
{
    RMS_BUF_CLEANUP struct rms_buf bytes = RMS_BUF_INIT(8u << 20);
    assert_non_null(base64);
    assert_int_equal(rms_base64_decode(rms_view_str(base64), &bytes), 0);
    return rms_view_of(rms_arena_copy(arena, bytes.data, bytes.len), bytes.len);
}

STAGE_HELPER char *encode(struct rms_view bytes)
{
    RMS_BUF_CLEANUP struct rms_buf text = RMS_BUF_INIT(16u << 20);
    rms_base64_encode(&text, bytes);
    return rms_strdup(rms_buf_text(&text));
}

STAGE_HELPER const char *own_text(struct device *d)
{
    RMS_BUF_CLEANUP struct rms_buf spc = RMS_BUF_INIT(65536);
    char guid[RMS_GUID_TEXT];
    struct rms_signer signer = rms_signer_local(d->machine);
    rms_guid_new(guid);
    assert_int_equal(rms_spc_build(guid, stage.now, &signer, &spc), 0);
    char *text = encode(rms_buf_view(&spc));
    const char *body = stage_printf("{\"MachineCertificate\":\"%s\"}", text);
    rms_free(text);
    return body;
}

STAGE_HELPER void read_certificate(
    struct device *d, const char *base64, enum rms_document_kind kind, struct rms_certificate *out)
{
    struct rms_chain chain;
    assert_int_equal(rms_chain_parse(d->arena, decode(d->arena, base64), &chain), 0);
    assert_int_equal(chain.count, 2); /* the certificate and the tenant's */
    assert_int_equal(chain.nodes[0].kind, kind);
    assert_int_equal(
        rms_chain_verify(&chain, &(struct rms_trust){.keys = &d->server.key, .key_count = 1}), 0);
    assert_int_equal(rms_certificate_parse(d->arena, &chain.nodes[0], kind, out), 0);
}

/* desktop-flow.md: Bootstrap, steps 1 to 3. */
STAGE_HELPER void bootstrap(struct device *d, const char *person)
{
    d->person = person;
    d->arena = rms_arena_new(64u << 20);
    assert_int_equal(rms_rsa_generate(2048, &d->machine), 0);
    assert_int_equal(stage_call(as(person), "GET /my/v2/licensorcertificate", NULL), 0);
    struct rms_view slc = decode(d->arena, stage_text("LicensorCertificate"));
    assert_int_equal(
        rms_server_init(d->arena, slc, stage_text("IntranetUrl"), stage_text("ExtranetUrl"), &d->server), 0);
    assert_int_equal(stage_call(as(person), "POST /my/v2/accountcertificates", own_text(d)), 0);
    d->rac_text = rms_strdup(stage_text("AccountCertificate"));
    read_certificate(d, d->rac_text, RMS_DOC_RAC, &d->rac);
    assert_string_equal(d->rac.address, person);
    assert_int_equal(rms_enabling_open_private(d->machine, &d->rac.bits, d->rac.bits_bound, &d->user), 0);
    assert_int_equal(stage_call(as(person), "POST /my/v2/clientlicensorcertificates",
                         stage_printf("{\"AccountCertificate\":\"%s\"}", d->rac_text)),
        0);
    read_certificate(d, stage_text("ClientLicensorCertificate"), RMS_DOC_CLC, &d->clc);
    assert_int_equal(rms_enabling_open_private(d->user, &d->clc.bits, d->clc.bits_bound, &d->publish), 0);
}

STAGE_HELPER void device_end(struct device *d)
{
    rms_rsa_private_free(&d->machine);
    rms_rsa_private_free(&d->user);
    rms_rsa_private_free(&d->publish);
    rms_arena_free(&d->arena);
    rms_free(d->rac_text);
}

STAGE_HELPER int open_all(void **state)
{
    int rc = stage_open(state);
    bootstrap(&alice, "alice@contoso.test");
    bootstrap(&alice2, "alice@contoso.test");
    bootstrap(&bob, "bob@contoso.test");
    bootstrap(&carol, "carol@contoso.test");
    bootstrap(&fay, "fay@fabrikam.test");
    return rc;
}

STAGE_HELPER int close_all(void **state)
{
    device_end(&alice);
    device_end(&alice2);
    device_end(&bob);
    device_end(&carol);
    device_end(&fay);
    return stage_close(state);
}

/* --- offline publishing --------------------------------------------------------------------------------- */

struct offline {
    struct device *author;
    uint8_t key[32];
    char content_id[RMS_GUID_TEXT];
    const char *owner;
    bool foreign; /* sealed as clients of others do: for the server alone */
    struct rms_policy policy;
    struct rms_view bits;
    struct rms_view erd; /* ciphertext */
};

STAGE_HELPER void offline_begin(struct offline *o, struct device *author)
{
    *o = (struct offline){.author = author, .owner = author->person};
    rms_random(o->key, sizeof o->key);
    rms_guid_new(o->content_id);
    rms_policy_init(&o->policy);
    rms_guid_new(o->policy.id);
}

STAGE_HELPER void offline_grant(struct offline *o, const char *who, uint32_t bits)
{
    struct rms_grant *grant = rms_arena_alloc(o->author->arena, sizeof *grant);
    rms_grant_init(grant);
    assert_int_equal(rms_grant_set_principal(o->author->arena, grant, who), 0);
    grant->rights.bits = bits;
    o->policy.grants = grant;
    o->policy.grant_count = 1;
}

STAGE_HELPER void seal_content(struct offline *o, struct rms_view erd_text)
{
    struct rms_arena *arena = o->author->arena;
    RMS_BUF_CLEANUP struct rms_buf bits = RMS_BUF_INIT(RMS_ENABLING_MAX);
    RMS_BUF_CLEANUP struct rms_buf erd = RMS_BUF_INIT(1u << 20);
    const struct rms_server *server = &o->author->server;
    struct rms_view key = rms_view_of(o->key, sizeof o->key);
    uint8_t bound[RMS_SHA256_BYTES];
    if (o->foreign) {
        assert_int_equal(
            rms_enabling_seal_key(&server->key, RMS_MODE_CBC4K, key, server->principals_bound, &bits), 0);
    } else {
        assert_int_equal(rms_pl_owner_bound(server->principals_bound, o->content_id, o->owner, bound), 0);
        assert_int_equal(rms_enabling_seal_owned_key(&server->key, RMS_MODE_CBC4K, key, bound, &bits), 0);
    }
    assert_int_equal(rms_erd_encrypt(key, erd_text, &erd), 0);
    o->bits = rms_view_of(rms_arena_copy(arena, bits.data, bits.len), bits.len);
    o->erd = rms_view_of(rms_arena_copy(arena, erd.data, erd.len), erd.len);
}

/* The rights data, then the licence; by hand, so that tests can mix parts. Returns base64. */
STAGE_HELPER void seal_ad_hoc(struct offline *o)
{
    RMS_BUF_CLEANUP struct rms_buf text = RMS_BUF_INIT(1u << 20);
    struct rms_erd_binding binding = {o->content_id, o->owner, stage.now};
    assert_int_equal(rms_erd_build(&o->policy, &binding, &text), 0);
    seal_content(o, rms_buf_view(&text));
}

STAGE_HELPER char *sign_licence(struct offline *o)
{
    RMS_BUF_CLEANUP struct rms_buf pl = RMS_BUF_INIT(1u << 20);
    struct device *d = o->author;
    struct rms_signer signer = rms_signer_local(d->publish);
    struct rms_pl_request request = {.policy = &o->policy,
        .content_id = o->content_id,
        .owner = o->owner,
        .issuer = d->person,
        .issued_at = stage.now,
        .made.bits = o->bits,
        .made.erd = o->erd,
        .clc = &d->clc};
    assert_int_equal(rms_pl_build(&d->server, &request, &signer, &pl), 0);
    return encode(rms_buf_view(&pl));
}

STAGE_HELPER int use(struct device *d, const char *rac, const char *pl)
{
    return stage_call(as(d->person), "POST /my/v2/uselicenses",
        stage_printf("{\"AccountCertificate\":\"%s\",\"SerializedPublishingLicense\":\"%s\"}", rac, pl));
}

/* The licence in the reply: signed by the tenant, sealed to the user's key. */
STAGE_HELPER void read_use_licence(struct device *d, struct rms_ul *ul, struct rms_content_key *key)
{
    struct rms_chain chain;
    assert_int_equal(rms_chain_parse(d->arena, decode(d->arena, stage_text("UseLicense")), &chain), 0);
    assert_int_equal(chain.count, 2);
    assert_int_equal(
        rms_chain_verify(&chain, &(struct rms_trust){.keys = &alice.server.key, .key_count = 1}), 0);
    assert_int_equal(rms_ul_parse(d->arena, &chain.nodes[0], ul), 0);
    assert_int_equal(rms_enabling_open_key(d->user, &ul->bits, ul->bits_bound, key), 0);
}

#endif
