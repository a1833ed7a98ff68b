/* Devices: bootstrap, offline publishing, use licences, and what forgers try with them. */
#include "service/rest_device_test.h"

/* touches: S-122, S-124 */
static void devices_of_a_person_share_his_key(void **state)
{
    (void)state;
    assert_true(rms_rsa_public_equal(rms_rsa_public_of(alice.user), rms_rsa_public_of(alice2.user)));
    assert_false(rms_rsa_public_equal(rms_rsa_public_of(alice.machine), rms_rsa_public_of(alice2.machine)));
    assert_false(rms_rsa_public_equal(rms_rsa_public_of(alice.user), rms_rsa_public_of(bob.user)));
    assert_true(rms_rsa_public_equal(&alice.rac.node->subject_key, rms_rsa_public_of(alice.user)));
    assert_true(alice.rac.valid_until > stage.now + 30 * RMS_DAY_S);
    assert_true(alice.rac.valid_until <= stage.now + 31 * RMS_DAY_S + 60);
}

/* A licence that the first device got serves the second; whose token it is decides whose pair comes, whatever
 * device data are with it. proves: S-125 */
static void one_pair_a_person(void **state)
{
    struct offline o;
    struct rms_ul ul;
    struct rms_content_key key;
    struct rms_chain chain;
    struct rms_certificate rac;
    struct rms_rsa_private *pair;
    (void)state;
    assert_true(rms_rsa_public_equal(&alice.rac.node->subject_key, &alice2.rac.node->subject_key));
    assert_false(rms_rsa_public_equal(rms_rsa_public_of(alice.machine), rms_rsa_public_of(alice2.machine)));
    assert_string_not_equal(alice.rac_text, alice2.rac_text);

    offline_begin(&o, &bob);
    offline_grant(&o, "alice@contoso.test", RMS_RIGHT_VIEW);
    seal_ad_hoc(&o);
    char *pl = sign_licence(&o);
    assert_int_equal(use(&alice, alice.rac_text, pl), 0);
    assert_int_equal(
        rms_chain_parse(alice2.arena, decode(alice2.arena, stage_text("UseLicense")), &chain), 0);
    assert_int_equal(
        rms_chain_verify(&chain, &(struct rms_trust){.keys = &alice2.server.key, .key_count = 1}), 0);
    assert_int_equal(rms_ul_parse(alice2.arena, &chain.nodes[0], &ul), 0);
    assert_int_equal(rms_enabling_open_key(alice2.user, &ul.bits, ul.bits_bound, &key), 0);
    assert_memory_equal(rms_secret_bytes(key.key), o.key, sizeof o.key);
    rms_content_key_fini(&key);
    assert_true(rms_enabling_open_key(bob.user, &ul.bits, ul.bits_bound, &key) < 0);
    rms_free(pl);

    /* carol's token, bob's device */
    assert_int_equal(
        stage_call(as("carol@contoso.test"), "POST /my/v2/accountcertificates", own_text(&bob)), 0);
    read_certificate(&bob, stage_text("AccountCertificate"), RMS_DOC_RAC, &rac);
    assert_string_equal(rac.address, "carol@contoso.test");
    assert_true(rms_rsa_public_equal(&rac.node->subject_key, rms_rsa_public_of(carol.user)));
    assert_int_equal(rms_enabling_open_private(bob.machine, &rac.bits, rac.bits_bound, &pair), 0);
    assert_true(rms_rsa_public_equal(rms_rsa_public_of(pair), rms_rsa_public_of(carol.user)));
    assert_false(rms_rsa_public_equal(rms_rsa_public_of(pair), rms_rsa_public_of(bob.user)));
    rms_rsa_private_free(&pair);
}

/* touches: S-131, S-134, S-139: made with no call to the service, opens like any other */
static void offline_content_opens(void **state)
{
    struct offline o;
    struct rms_ul ul;
    struct rms_content_key key;
    (void)state;
    offline_begin(&o, &alice);
    offline_grant(&o, "bob@contoso.test", RMS_RIGHT_VIEW | RMS_RIGHT_PRINT);
    o.policy.offline_days = 7;
    seal_ad_hoc(&o);
    char *pl = sign_licence(&o);
    for (int round = 0; round < 2; round++) { /* cold, then warm */
        assert_int_equal(use(&bob, bob.rac_text, pl), 0);
        assert_string_equal(stage_text("AccessStatus"), "AccessGranted");
        assert_string_equal(stage_text("Issuer"), "alice@contoso.test");
        read_use_licence(&bob, &ul, &key);
        assert_memory_equal(rms_secret_bytes(key.key), o.key, sizeof o.key);
        rms_content_key_fini(&key);
        assert_string_equal(ul.content_id, o.content_id);
        assert_string_equal(ul.issued_to, "bob@contoso.test");
        assert_int_equal(ul.rights.bits, RMS_RIGHT_VIEW | RMS_RIGHT_PRINT);
        assert_true(ul.licence_valid_until <= stage.now + 7 * RMS_DAY_S);
        assert_true(ul.licence_valid_until > stage.now + 7 * RMS_DAY_S - 120);
    }
    assert_int_equal(use(&alice2, alice2.rac_text, pl), 0);
    read_use_licence(&alice2, &ul, &key);
    rms_content_key_fini(&key);
    assert_int_equal(ul.rights.bits, RMS_RIGHT_OWNER);
    assert_int_equal(use(&carol, carol.rac_text, pl), 0);
    assert_string_equal(stage_text("AccessStatus"), "AccessDenied");
    assert_true(json_is_null(json_object_get(stage.reply, "UseLicense")));
    /* the same licence through the public protocol */
    assert_int_equal(stage_call(as("bob@contoso.test"), "POST /my/v2/enduserlicenses",
                         stage_printf("{\"SerializedPublishingLicense\":\"%s\"}", pl)),
        0);
    assert_string_equal(stage_text("AccessStatus"), "AccessGranted");
    rms_free(pl);
}

/* touches: S-267 */
static void another_tenants_device(void **state)
{
    struct offline o;
    struct rms_ul ul;
    struct rms_content_key key;
    (void)state;
    offline_begin(&o, &alice);
    offline_grant(&o, "fay@fabrikam.test", RMS_RIGHT_VIEW);
    seal_ad_hoc(&o);
    char *pl = sign_licence(&o);
    assert_int_equal(use(&fay, fay.rac_text, pl), 0);
    assert_string_equal(stage_text("AccessStatus"), "AccessGranted");
    read_use_licence(&fay, &ul, &key);
    rms_content_key_fini(&key);
    rms_free(pl);
}

/* touches: S-130: the account certificate's steps */
static void account_certificates_are_checked(void **state)
{
    struct offline o;
    int64_t now = stage.now;
    (void)state;
    offline_begin(&o, &alice);
    offline_grant(&o, "bob@contoso.test", RMS_RIGHT_VIEW);
    seal_ad_hoc(&o);
    char *pl = sign_licence(&o);
    assert_int_equal(use(&bob, "aGVsbG8=", pl), RMS_E_BAD_LICENSE);
    assert_int_equal(use(&bob, pl, pl), RMS_E_BAD_LICENSE);
    assert_int_equal(use(&bob, carol.rac_text, pl), RMS_E_RAC_UNTRUSTED);
    assert_int_equal(use(&bob, fay.rac_text, pl), RMS_E_RAC_UNTRUSTED);
    char *changed = rms_strdup(bob.rac_text);
    struct rms_view bytes = decode(bob.arena, changed);
    char *at = memmem(bytes.data, bytes.len, "bob@contoso.test", 16);
    assert_non_null(at);
    *at = 'B';
    rms_free(changed);
    changed = encode(bytes);
    assert_int_equal(use(&bob, changed, pl), RMS_E_BAD_SIGNATURE);
    rms_free(changed);
    stage.now = now + 32 * RMS_DAY_S;
    assert_int_equal(use(&bob, bob.rac_text, pl), RMS_E_RAC_EXPIRED);
    assert_int_equal(stage_call(as("bob@contoso.test"), "POST /my/v2/clientlicensorcertificates",
                         stage_printf("{\"AccountCertificate\":\"%s\"}", bob.rac_text)),
        RMS_E_RAC_EXPIRED);
    stage.now = now;
    rms_free(pl);
}

static void machine_certificates_are_checked(void **state)
{
    (void)state;
    assert_int_equal(stage_call(as("bob@contoso.test"), "POST /my/v2/accountcertificates",
                         stage_printf("{\"MachineCertificate\":\"%s\"}", bob.rac_text)),
        RMS_E_BAD_LICENSE);
    assert_int_equal(stage_call(as("bob@contoso.test"), "POST /my/v2/accountcertificates",
                         "{\"MachineCertificate\":\"aGVsbG8=\"}"),
        RMS_E_BAD_LICENSE);
    const char *good = own_text(&bob);
    char *text = rms_strdup(strchr(strchr(good, ':'), '"') + 1);
    text[strcspn(text, "\"")] = '\0';
    struct rms_view bytes = decode(bob.arena, text);
    char *at = memmem(bytes.data, bytes.len, "<ISSUEDTIME>20", 14);
    assert_non_null(at);
    at[13] = '1';
    rms_free(text);
    text = encode(bytes);
    assert_int_equal(stage_call(as("bob@contoso.test"), "POST /my/v2/accountcertificates",
                         stage_printf("{\"MachineCertificate\":\"%s\"}", text)),
        RMS_E_BAD_SIGNATURE);
    rms_free(text);
}

/* --- the transplant defence (xrml-licences 8.2) ------------------------------------------------------------
 */

/* A copy of somebody's key and rights data in a licence of one's own. */
static char *transplant(const struct offline *victim, struct device *thief, const char *content_id)
{
    struct offline o = *victim;
    o.author = thief;
    o.owner = thief->person;
    rms_guid_copy(o.content_id, content_id);
    return sign_licence(&o);
}

/* Both protocols refuse; the log says why. */
static void refuse_stolen(const struct offline *victim, const char *content_id)
{
    const char *why =
        victim->foreign ? "name different content or owners" : "sealed for another owner or content";
    char *stolen = transplant(victim, &carol, content_id);
    for (int native = 0; native <= 1; native++) {
        int rc = native != 0 ? use(&carol, carol.rac_text, stolen)
                             : stage_call(as("carol@contoso.test"), "POST /my/v2/enduserlicenses",
                                   stage_printf("{\"SerializedPublishingLicense\":\"%s\"}", stolen));
        assert_int_equal(rc, RMS_E_BAD_LICENSE);
        assert_non_null(strstr(stage.detail, why));
    }
    rms_free(stolen);
}

/* With the victim's content id, and with another. */
static void refuse_both(const struct offline *victim)
{
    char guid[RMS_GUID_TEXT];
    rms_guid_new(guid);
    refuse_stolen(victim, victim->content_id);
    refuse_stolen(victim, guid);
}

static void ad_hoc_data_cannot_be_transplanted(void **state)
{
    (void)state;
    for (int foreign = 0; foreign <= 1; foreign++) {
        struct offline o;
        offline_begin(&o, &alice);
        o.foreign = foreign != 0;
        offline_grant(&o, "bob@contoso.test", RMS_RIGHT_VIEW);
        seal_ad_hoc(&o);
        refuse_both(&o);
    }
}

static void owner_must_be_who_signs(void **state)
{
    struct offline o;
    (void)state;
    offline_begin(&o, &carol);
    o.owner = "alice@contoso.test";
    offline_grant(&o, "bob@contoso.test", RMS_RIGHT_VIEW);
    seal_ad_hoc(&o);
    char *pl = sign_licence(&o);
    assert_int_equal(use(&bob, bob.rac_text, pl), RMS_E_BAD_LICENSE);
    rms_free(pl);
}

/* Publishes with the signed template of this name. */
static void seal_official(struct offline *o, const char *name)
{
    struct rms_erd erd;
    size_t i;
    json_t *row;
    assert_int_equal(stage_call(as(o->author->person), "GET /my/v2/signedtemplates", NULL), 0);
    json_array_foreach(stage.reply, i, row)
    {
        if (strcmp(rms_json_str(row, "Name"), name) == 0) {
            struct rms_view text = decode(o->author->arena, rms_json_str(row, "Template"));
            assert_int_equal(rms_erd_parse(o->author->arena, text, &erd), 0);
            assert_true(erd.official);
            o->policy = erd.policy;
            seal_content(o, text);
            return;
        }
    }
    fail();
}

static bool admin_log_has(const char *word)
{
    assert_int_equal(stage_admin(stage_printf("GET /admin/v1/tenants/%s/log/admin", stage.contoso), NULL), 0);
    return strstr(stage.reply_text, word) != NULL;
}

static void make_official(const char *name)
{
    assert_int_equal(
        stage_admin(stage_printf("POST /admin/v1/tenants/%s/templates", stage.contoso),
            stage_printf("{\"Names\":{\"1033\":\"%s\"},\"Status\":\"Published\",\"RightsDefinitions\":["
                         "{\"Principal\":\"bob@contoso.test\",\"Rights\":[\"VIEW\"]}]}",
                name)),
        0);
}

/* touches: S-111: a licence that names another department's template tells its maker neither name nor grants
 */
static void made_up_licences_tell_nothing_of_a_template(void **state)
{
    static const struct rms_policy_text guess = {1033, "A guess", "A guess"};
    struct offline o;
    (void)state;
    assert_int_equal(
        stage_admin(stage_printf("POST /admin/v1/tenants/%s/templates", stage.contoso),
            "{\"Names\":{\"1033\":\"Project Falcon\"},\"Status\":\"Published\",\"ScopedIdentities\":["
            "\"alice@contoso.test\"],\"RightsDefinitions\":[{\"Principal\":\"bob@contoso.test\","
            "\"Rights\":[\"VIEW\",\"VIEWRIGHTSDATA\"]}]}"),
        0);
    offline_begin(&o, &carol);
    assert_int_equal(rms_guid_parse(rms_view_str(stage_text("TemplateId")), o.policy.id), 0);
    o.policy.from_template = true;
    o.policy.texts = &guess;
    o.policy.text_count = 1;
    seal_ad_hoc(&o);
    char *pl = sign_licence(&o);
    assert_int_equal(use(&carol, carol.rac_text, pl), 0);
    assert_string_equal(stage_text("AccessStatus"), "AccessGranted"); /* it is her own content */
    assert_null(strstr(stage.reply_text, "Falcon"));
    assert_null(strstr(stage.reply_text, "bob@"));
    assert_int_equal(stage_call(as("carol@contoso.test"), "POST /my/v2/enduserlicenses",
                         stage_printf("{\"SerializedPublishingLicense\":\"%s\"}", pl)),
        0);
    assert_null(strstr(stage.reply_text, "Falcon"));
    assert_null(strstr(stage.reply_text, "bob@"));
    assert_int_equal(use(&fay, fay.rac_text, pl), 0);
    assert_string_equal(stage_text("AccessStatus"), "AccessDenied");
    assert_null(strstr(stage.reply_text, "Falcon"));
    assert_int_equal(use(&bob, bob.rac_text, pl), 0); /* whom it gives rights may know */
    assert_string_equal(stage_text("Name"), "Project Falcon");
    rms_free(pl);
}

static void assert_owner(struct device *d, const char *pl)
{
    assert_int_equal(use(d, d->rac_text, pl), 0);
    assert_string_equal(
        json_string_value(json_array_get(json_object_get(stage.reply, "Rights"), 0)), "OWNER");
}

/* touches: S-105, S-114, S-139: template data name no owner; the sealed key does, and nothing is stored */
static void official_templates_cannot_be_transplanted(void **state)
{
    struct offline o;
    (void)state;
    make_official("Sealed");
    offline_begin(&o, &alice);
    seal_official(&o, "Sealed");
    char *pl = sign_licence(&o);
    refuse_both(&o); /* also before the victim's own was ever seen */
    assert_int_equal(use(&bob, bob.rac_text, pl), 0);
    assert_string_equal(stage_text("AccessStatus"), "AccessGranted");
    refuse_both(&o);
    assert_false(admin_log_has("ContentKeyConflict"));
    assert_owner(&alice, pl);
    rms_free(pl);
}

/* A client of others seals for the server alone: whoever comes first with the key keeps it. */
static void keys_of_foreign_clients_are_paired(void **state)
{
    struct offline o;
    char guid[RMS_GUID_TEXT];
    (void)state;
    make_official("Official");
    offline_begin(&o, &alice);
    o.foreign = true;
    seal_official(&o, "Official");
    char *pl = sign_licence(&o);
    assert_int_equal(use(&bob, bob.rac_text, pl), 0);
    assert_string_equal(stage_text("AccessStatus"), "AccessGranted");
    assert_true(json_is_true(json_object_get(stage.reply, "FromTemplate")));
    assert_false(admin_log_has("ContentKeyConflict"));
    rms_guid_new(guid);
    char *stolen = transplant(&o, &carol, guid);
    assert_int_equal(use(&carol, carol.rac_text, stolen), 0);
    assert_string_equal(stage_text("AccessStatus"), "AccessDenied");
    assert_true(admin_log_has("ContentKeyConflict"));
    /* what the template gives, it still gives */
    assert_int_equal(use(&bob, bob.rac_text, stolen), 0);
    assert_string_equal(stage_text("AccessStatus"), "AccessGranted");
    /* but not after the document is revoked that the key came with */
    assert_int_equal(stage_call(as("carol@contoso.test"),
                         stage_printf("POST /my/v2/documents/%s/revoke", o.content_id), ""),
        RMS_E_NOT_REGISTERED);
    assert_int_equal(stage_call(as("alice@contoso.test"),
                         stage_printf("POST /my/v2/documents/%s/revoke", o.content_id), ""),
        0);
    assert_true(json_is_true(json_object_get(stage.reply, "Revoked")));
    assert_int_equal(use(&bob, bob.rac_text, stolen), 0);
    assert_string_equal(stage_text("Reason"), "revoked");
    rms_free(stolen);
    assert_owner(&alice, pl);
    rms_free(pl);
}

/* Publishes as alice and takes the licence apart. */
static void publish_online(struct offline *victim, const char *body)
{
    struct rms_pl pl;
    assert_int_equal(stage_call(as("alice@contoso.test"), "POST /my/v2/publishinglicenses", body), 0);
    assert_int_equal(
        rms_pl_parse(carol.arena, decode(carol.arena, stage_text("SerializedPublishingLicense")), &pl), 0);
    offline_begin(victim, &alice);
    offline_grant(victim, "carol@contoso.test", RMS_RIGHT_OWNER);
    rms_guid_copy(victim->content_id, pl.content_id);
    victim->bits = pl.bits.blob;
    victim->erd = pl.erd;
}

/* What the service sealed opens for its owner and content only, even if the copy comes first. */
static void online_keys_cannot_be_transplanted(void **state)
{
    struct offline o;
    json_t *row;
    size_t i;
    (void)state;
    publish_online(
        &o, "{\"Policy\":{\"UserRights\":[{\"Users\":[\"bob@contoso.test\"],\"Rights\":[\"VIEW\"]}]}}");
    refuse_both(&o);
    make_official("Online");
    assert_int_equal(stage_call(as("alice@contoso.test"), "GET /my/v2/signedtemplates", NULL), 0);
    const char *id = NULL;
    json_array_foreach(stage.reply, i, row)
    {
        id = strcmp(rms_json_str(row, "Name"), "Online") == 0 ? rms_json_str(row, "Id") : id;
    }
    assert_non_null(id);
    publish_online(&o, stage_printf("{\"TemplateId\":\"%s\"}", id));
    refuse_both(&o);
}

/* A template signed by another tenant inside. */
static void foreign_templates_are_refused(void **state)
{
    struct offline o;
    (void)state;
    assert_int_equal(stage_admin(stage_printf("POST /admin/v1/tenants/%s/templates", stage.fabrikam),
                         "{\"Names\":{\"1033\":\"Foreign\"},\"Status\":\"Published\",\"RightsDefinitions\":[{"
                         "\"Principal\":"
                         "\"fay@fabrikam.test\",\"Rights\":[\"OWNER\"]}]}"),
        0);
    struct offline foreign;
    offline_begin(&foreign, &fay);
    seal_official(&foreign, "Foreign");
    offline_begin(&o, &alice);
    RMS_BUF_CLEANUP struct rms_buf text = RMS_BUF_INIT(1u << 20);
    assert_int_equal(rms_erd_decrypt(rms_view_of(foreign.key, 32), foreign.erd, &text), 0);
    o.policy = foreign.policy;
    seal_content(&o, rms_buf_view(&text));
    char *pl = sign_licence(&o);
    assert_int_equal(use(&bob, bob.rac_text, pl), RMS_E_BAD_LICENSE);
    rms_free(pl);
}

/* A publishing certificate of one tenant cannot sign for another. */
static void certificates_of_another_tenant(void **state)
{
    struct offline o;
    (void)state;
    offline_begin(&o, &fay);
    offline_grant(&o, "bob@contoso.test", RMS_RIGHT_VIEW);
    struct rms_server own = fay.server;
    fay.server = alice.server; /* names contoso's key, signs with fabrikam's certificate */
    seal_ad_hoc(&o);
    char *pl = sign_licence(&o);
    fay.server = own;
    assert_int_equal(use(&bob, bob.rac_text, pl), RMS_E_BAD_SIGNATURE);
    rms_free(pl);
}

/* The certificate of a partner's service, and the guest whose account certificate is its work.
 * proves: S-270 */
static void partners_speak_for_their_domains(void **state)
{
    struct stage_who guest = {stage.contoso, "fay@fabrikam.test", NULL};
    struct offline o;
    (void)state;
    const char *partners = stage_printf("POST /admin/v1/tenants/%s/userdomains", stage.contoso);
    assert_int_equal(stage_admin(stage_printf("POST /admin/v1/tenants/%s/users", stage.contoso),
                         "{\"Address\":\"fay@fabrikam.test\",\"Guest\":true}"),
        0);
    offline_begin(&o, &alice);
    offline_grant(&o, "fay@fabrikam.test", RMS_RIGHT_VIEW);
    seal_ad_hoc(&o);
    char *pl = sign_licence(&o);
    const char *with_fays = stage_printf(
        "{\"AccountCertificate\":\"%s\",\"SerializedPublishingLicense\":\"%s\"}", fay.rac_text, pl);
    rms_free(pl);
    assert_int_equal(stage_call(guest, "POST /my/v2/uselicenses", with_fays), RMS_E_RAC_UNTRUSTED);

    assert_int_equal(
        stage_admin(stage_printf("GET /admin/v1/tenants/%s/userdomains/own", stage.fabrikam), ""), 0);
    char *slc = encode(rms_view_str(stage_text("Certificate")));
    const char *others = stage_printf("{\"Certificate\":\"%s\",\"Domains\":[\"partner.test\"]}", slc);
    const char *own = stage_printf("{\"Certificate\":\"%s\",\"Domains\":[\"FABRIKAM.test\"]}", slc);
    const char *any = stage_printf("{\"Certificate\":\"%s\"}", slc);
    rms_free(slc);
    assert_int_equal(stage_admin(stage_printf("POST /admin/v1/tenants/%s/userdomains", stage.fabrikam), any),
        RMS_E_BAD_ARGUMENT); /* its own */
    assert_int_equal(
        stage_admin(partners, stage_printf("{\"Certificate\":\"%s\"}", fay.rac_text)), RMS_E_BAD_ARGUMENT);
    assert_int_equal(stage_admin(partners, others), 0);
    assert_int_equal(stage_call(guest, "POST /my/v2/uselicenses", with_fays), RMS_E_RAC_UNTRUSTED);
    assert_int_equal(stage_admin(partners, own), 0);
    assert_int_equal(stage_call(guest, "POST /my/v2/uselicenses", with_fays), 0);
    assert_string_equal(stage_text("AccessStatus"), "AccessGranted");
    assert_int_equal(stage_admin(partners, any), 0);
    assert_int_equal(stage_call(guest, "POST /my/v2/uselicenses", with_fays), 0);

    /* it opens and does not publish; it is for nobody but him it names, and no member needs it */
    assert_int_equal(stage_call(guest, "POST /my/v2/clientlicensorcertificates",
                         stage_printf("{\"AccountCertificate\":\"%s\"}", fay.rac_text)),
        RMS_E_RAC_UNTRUSTED);
    assert_int_equal(
        stage_call(as("carol@contoso.test"), "POST /my/v2/uselicenses", with_fays), RMS_E_RAC_UNTRUSTED);
    assert_int_equal(stage_admin(stage_printf("GET /admin/v1/tenants/%s/userdomains", stage.contoso), ""), 0);
    assert_int_equal(json_array_size(stage.reply), 1);
    const char *key = rms_json_str(json_array_get(stage.reply, 0), "Key");
    assert_int_equal(
        stage_admin(stage_printf("DELETE /admin/v1/tenants/%s/userdomains/%s", stage.contoso, key), "{}"), 0);
    assert_int_equal(stage_call(guest, "POST /my/v2/uselicenses", with_fays), RMS_E_RAC_UNTRUSTED);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(devices_of_a_person_share_his_key),
        cmocka_unit_test(one_pair_a_person),
        cmocka_unit_test(offline_content_opens),
        cmocka_unit_test(another_tenants_device),
        cmocka_unit_test(account_certificates_are_checked),
        cmocka_unit_test(partners_speak_for_their_domains),
        cmocka_unit_test(machine_certificates_are_checked),
        cmocka_unit_test(ad_hoc_data_cannot_be_transplanted),
        cmocka_unit_test(owner_must_be_who_signs),
        cmocka_unit_test(made_up_licences_tell_nothing_of_a_template),
        cmocka_unit_test(official_templates_cannot_be_transplanted),
        cmocka_unit_test(keys_of_foreign_clients_are_paired),
        cmocka_unit_test(online_keys_cannot_be_transplanted),
        cmocka_unit_test(foreign_templates_are_refused),
        cmocka_unit_test(certificates_of_another_tenant),
    };
    return cmocka_run_group_tests(tests, open_all, close_all);
}
