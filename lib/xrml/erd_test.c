/* The XrML form of policies: rights data and templates. */
#include "base/test.h"

#include <stdio.h>

#include "xrml/testing/world.h"

static struct rms_world world;
static struct rms_arena *arena;

static int open_world(void **state)
{
    (void)state;
    rms_world_open(&world);
    return 0;
}

static int close_world(void **state)
{
    (void)state;
    rms_world_close(&world);
    return 0;
}

static int open_arena(void **state)
{
    (void)state;
    arena = rms_arena_new(64u << 20);
    return arena != NULL ? 0 : -1;
}

static int close_arena(void **state)
{
    (void)state;
    rms_arena_free(&arena);
    return 0;
}

static const struct rms_erd_binding binding = {RMS_WORLD_CONTENT, RMS_WORLD_ALICE, RMS_WORLD_NOW};

/* --- comparing ------------------------------------------------------------------------------------ */

static void assert_rights(const struct rms_rights *a, const struct rms_rights *b)
{
    assert_int_equal(a->bits, b->bits);
    assert_int_equal(a->custom_count, b->custom_count);
    for (size_t i = 0; i < a->custom_count; i++) {
        assert_string_equal(a->custom[i], b->custom[i]);
    }
}

static void assert_same_text(const char *a, const char *b)
{
    if (a == NULL || b == NULL) {
        assert_ptr_equal(a, b);
    } else {
        assert_string_equal(a, b);
    }
}

static void assert_grants(const struct rms_policy *a, const struct rms_policy *b)
{
    assert_int_equal(a->grant_count, b->grant_count);
    for (size_t i = 0; i < a->grant_count; i++) {
        assert_int_equal(a->grants[i].principal, b->grants[i].principal);
        assert_same_text(a->grants[i].address, b->grants[i].address);
        assert_true(a->grants[i].from == b->grants[i].from);
        assert_true(a->grants[i].until == b->grants[i].until);
        assert_rights(&a->grants[i].rights, &b->grants[i].rights);
    }
}

static void assert_data(
    const struct rms_name_value *a, size_t a_count, const struct rms_name_value *b, size_t b_count)
{
    assert_int_equal(a_count, b_count);
    for (size_t i = 0; i < a_count; i++) {
        assert_string_equal(a[i].name, b[i].name);
        assert_string_equal(a[i].value, b[i].value);
    }
}

static void assert_policy(const struct rms_policy *a, const struct rms_policy *b)
{
    assert_string_equal(a->id, b->id);
    assert_int_equal(a->from_template, b->from_template);
    assert_int_equal(a->text_count, b->text_count);
    for (size_t i = 0; i < a->text_count; i++) {
        assert_int_equal(a->texts[i].lcid, b->texts[i].lcid);
        assert_string_equal(a->texts[i].name, b->texts[i].name);
        assert_string_equal(a->texts[i].description, b->texts[i].description);
    }
    assert_same_text(a->referral, b->referral);
    assert_grants(a, b);
    assert_int_equal(a->only_me, b->only_me);
    assert_int_equal(a->expiry, b->expiry);
    assert_true(a->expires_at == b->expires_at);
    assert_true(a->starts_at == b->starts_at);
    assert_int_equal(a->expiry_days, b->expiry_days);
    assert_int_equal(a->offline_days, b->offline_days);
    assert_int_equal(a->audited_extraction, b->audited_extraction);
    assert_int_equal(a->author_listed, b->author_listed);
    assert_data(a->signed_data, a->signed_count, b->signed_data, b->signed_count);
    assert_data(a->encrypted_data, a->encrypted_count, b->encrypted_data, b->encrypted_count);
}

static void round_trip_erd(const struct rms_policy *policy, struct rms_erd *erd)
{
    RMS_BUF_CLEANUP struct rms_buf text = RMS_BUF_INIT(RMS_XRML_MAX_BYTES);

    assert_int_equal(rms_erd_build(policy, &binding, &text), 0);
    assert_null(memchr(text.data, '\r', text.len));
    assert_int_equal(rms_erd_parse(arena, rms_buf_view(&text), erd), 0);
    assert_false(erd->official);
    assert_policy(&erd->policy, policy);
    assert_string_equal(erd->binding.content_id, RMS_WORLD_CONTENT);
    assert_string_equal(erd->binding.owner, RMS_WORLD_ALICE);
    assert_true(erd->binding.issued_at == RMS_WORLD_NOW);
    assert_int_equal(erd->unknown_principals, 0);
}

/* A template is a policy from a template, whatever it was before. */
static void round_trip_template(const struct rms_policy *policy, struct rms_erd *erd)
{
    struct rms_policy expected = *policy;
    RMS_BUF_CLEANUP struct rms_buf text = RMS_BUF_INIT(RMS_XRML_MAX_BYTES);

    expected.from_template = true;
    assert_int_equal(
        rms_template_build(&world.server, policy, RMS_WORLD_NOW, &world.server_signer, &text), 0);
    assert_int_equal(rms_erd_parse(arena, rms_buf_view(&text), erd), 0);
    assert_true(erd->official);
    assert_policy(&erd->policy, &expected);
    assert_null(erd->binding.content_id);
    assert_null(erd->binding.owner);
    assert_int_equal(rms_signed_verify(&erd->node, &world.server.key, false), 0);
    assert_int_equal(rms_signed_verify(&erd->node, &world.client_signer.key, false), RMS_E_BAD_SIGNATURE);
}

static void round_trip(const struct rms_policy *policy)
{
    struct rms_erd erd;

    round_trip_erd(policy, &erd);
    round_trip_template(policy, &erd);
}

/* --- single fields -------------------------------------------------------------------------------- */

static void test_sample(void **state)
{
    struct rms_policy policy = rms_world_policy();

    (void)state;
    round_trip(&policy);
}

static void test_expiry(void **state)
{
    static const int64_t starts[] = {RMS_TIME_NONE, RMS_WORLD_NOW};

    (void)state;
    for (size_t i = 0; i < RMS_COUNT(starts); i++) {
        struct rms_policy policy = rms_world_policy();

        policy.starts_at = starts[i];
        round_trip(&policy);
        policy.expiry = RMS_EXPIRY_ON_DATE;
        policy.expires_at = RMS_WORLD_NOW + 90 * RMS_DAY_S;
        round_trip(&policy);
        policy.expiry = RMS_EXPIRY_AFTER_DAYS;
        policy.expires_at = RMS_TIME_NONE;
        policy.expiry_days = 30;
        round_trip(&policy);
    }
}

static void test_offline_days(void **state)
{
    static const int days[] = {-1, 0, 1, 30, 65535};

    (void)state;
    for (size_t i = 0; i < RMS_COUNT(days); i++) {
        struct rms_policy policy = rms_world_policy();

        policy.offline_days = days[i];
        round_trip(&policy);
        policy.grant_count = 0;
        policy.only_me = true;
        round_trip(&policy);
    }
}

static void test_flags(void **state)
{
    struct rms_policy policy = rms_world_policy();

    (void)state;
    policy.from_template = true;
    round_trip(&policy);
    policy.audited_extraction = true;
    policy.author_listed = true;
    round_trip(&policy);
    policy.referral = NULL;
    policy.text_count = 0;
    round_trip(&policy);
}

static void test_principals_and_times(void **state)
{
    static const char *const custom[] = {"COMPANY.SEAL", "TRANSLATE_2"};
    static const struct rms_grant grants[] = {
        {RMS_PRINCIPAL_ANYONE, NULL, {RMS_RIGHT_VIEW, NULL, 0}, RMS_TIME_NONE, RMS_TIME_NONE},
        {RMS_PRINCIPAL_OWNER, NULL, {RMS_RIGHT_OWNER, NULL, 0}, RMS_TIME_NONE, RMS_TIME_NONE},
        {RMS_PRINCIPAL_ADDRESS, RMS_WORLD_BOB, {0xffff, custom, 2}, RMS_WORLD_NOW, RMS_TIME_NONE},
        {RMS_PRINCIPAL_ADDRESS, RMS_WORLD_BOB, {RMS_RIGHT_EDIT, NULL, 0}, RMS_TIME_NONE, RMS_WORLD_NOW},
        {RMS_PRINCIPAL_ADDRESS, RMS_WORLD_BOB, {RMS_RIGHT_SIGN, NULL, 0}, RMS_WORLD_NOW, RMS_WORLD_NOW + 60},
        {RMS_PRINCIPAL_DOMAIN, "contoso.example", {RMS_RIGHT_REPLYALL, custom, 1}, RMS_TIME_NONE,
            RMS_TIME_NONE},
    };
    struct rms_policy policy = rms_world_policy();

    (void)state;
    policy.grants = grants;
    policy.grant_count = RMS_COUNT(grants);
    policy.offline_days = 7;
    round_trip(&policy);
    /* OWNER to the owner comes first here too, and is not taken for the entry every template begins with. */
    policy.grants = grants + 1;
    policy.grant_count = 1;
    round_trip(&policy);
}

static void test_data(void **state)
{
    static const struct rms_name_value data[] = {
        {"plain", "value"},
        {"empty", ""},
        {"name with \"quotes\" & <tags>", " value\twith\nlines\r\nand <tags> & \"quotes\" "},
        {"\xc3\xbc", "\xe6\xa9\x9f"},
        {"VIEWER", "1"},
        {"NOLICCACHE", "0"},
    };
    struct rms_policy policy = rms_world_policy();

    (void)state;
    policy.encrypted_data = data;
    policy.encrypted_count = RMS_COUNT(data);
    round_trip(&policy);
    policy.signed_data = data;
    policy.signed_count = 2;
    round_trip(&policy);
}

/* Neighbouring entries of the same person and time are one grant afterwards. */
static void test_same_principal_twice(void **state)
{
    static const struct rms_grant grants[] = {
        {RMS_PRINCIPAL_ADDRESS, RMS_WORLD_BOB, {RMS_RIGHT_VIEW, NULL, 0}, RMS_TIME_NONE, RMS_TIME_NONE},
        {RMS_PRINCIPAL_ADDRESS, RMS_WORLD_BOB, {RMS_RIGHT_PRINT, NULL, 0}, RMS_TIME_NONE, RMS_TIME_NONE},
    };
    struct rms_policy policy = rms_world_policy();
    RMS_BUF_CLEANUP struct rms_buf text = RMS_BUF_INIT(1u << 20);
    struct rms_erd erd;

    (void)state;
    policy.grants = grants;
    policy.grant_count = 2;
    assert_int_equal(rms_erd_build(&policy, &binding, &text), 0);
    assert_int_equal(rms_erd_parse(arena, rms_buf_view(&text), &erd), 0);
    assert_int_equal(erd.policy.grant_count, 1);
    assert_int_equal(erd.policy.grants[0].rights.bits, RMS_RIGHT_VIEW | RMS_RIGHT_PRINT);
}

/* --- property: any policy ------------------------------------------------------------------------- */

static uint64_t seed;

static uint32_t below(uint32_t limit)
{
    seed ^= seed << 13;
    seed ^= seed >> 7;
    seed ^= seed << 17;
    return (uint32_t)(seed >> 33) % limit;
}

static const char *random_text(void)
{
    static const char *const pieces[] = {"a", "B c", " ", "&", "<", ">", "\"", "'", ";", ":", "\n", "\t",
        "\r", "LCID 5", ":NAME ", ":DESCRIPTION ", ";\n", "\xc3\xa9", "\xe2\x81\xa0", "\xf0\x9f\x94\x92",
        "]]>", "&amp;"};
    RMS_BUF_CLEANUP struct rms_buf text = RMS_BUF_INIT(4096);
    uint32_t count = below(12);

    for (uint32_t i = 0; i < count; i++) {
        rms_buf_append_str(&text, pieces[below(RMS_COUNT(pieces))]);
    }
    return rms_arena_text(arena, rms_buf_view(&text));
}

static int64_t random_time(void)
{
    return below(3) == 0 ? RMS_TIME_NONE : (int64_t)below(60000000) * 60;
}

static const struct rms_name_value *random_data(size_t *count)
{
    struct rms_name_value *data;

    *count = below(4);
    data = rms_arena_array(arena, *count + 1, sizeof *data);
    for (size_t i = 0; i < *count; i++) {
        data[i].name = rms_arena_printf(arena, "n%s", random_text());
        data[i].value = random_text();
    }
    return data;
}

static struct rms_rights random_rights(void)
{
    struct rms_rights rights = {.bits = below(0x10000)};
    char name[16];

    for (uint32_t i = below(3); i > 0; i--) {
        (void)snprintf(name, sizeof name, "CUSTOM_%u", below(100));
        assert_int_equal(rms_rights_add(arena, &rights, name, true), 0);
    }
    if (rms_rights_empty(&rights)) {
        rights.bits = RMS_RIGHT_VIEW;
    }
    return rights;
}

/* The index in the address keeps neighbours apart. */
static struct rms_grant random_grant(size_t i)
{
    struct rms_grant grant = {.principal = (enum rms_principal)below(4),
        .rights = random_rights(),
        .from = random_time(),
        .until = random_time()};

    if (grant.principal == RMS_PRINCIPAL_ADDRESS) {
        grant.address = rms_arena_printf(arena, "user%zu@d%u.example", i, below(3));
    } else if (grant.principal == RMS_PRINCIPAL_DOMAIN) {
        grant.address = rms_arena_printf(arena, "d%zu.example", i);
    } else {
        grant.from = (int64_t)(i + 1) * 60;
    }
    return grant;
}

static void random_grants(struct rms_policy *policy)
{
    struct rms_grant *grants;

    policy->only_me = below(4) == 0;
    policy->grant_count = policy->only_me ? 0 : below(6);
    grants = rms_arena_array(arena, policy->grant_count + 1, sizeof *grants);
    for (size_t i = 0; i < policy->grant_count; i++) {
        grants[i] = random_grant(i);
    }
    policy->grants = grants;
}

static void random_texts(struct rms_policy *policy)
{
    struct rms_policy_text *texts = rms_arena_array(arena, 4, sizeof *texts);

    policy->text_count = below(4);
    for (size_t i = 0; i < policy->text_count; i++) {
        texts[i] = (struct rms_policy_text){below(100000), random_text(), random_text()};
    }
    policy->texts = texts;
}

static void random_policy(struct rms_policy *policy)
{
    static const int days[] = {-1, 0, 1, 30, 9999};

    *policy =
        (struct rms_policy){.id = RMS_WORLD_POLICY, .expires_at = RMS_TIME_NONE, .starts_at = random_time()};
    policy->from_template = below(2) == 0;
    policy->referral = below(2) == 0 ? NULL : "mailto:owner@contoso.example?subject=a&b";
    random_texts(policy);
    random_grants(policy);
    policy->expiry = (enum rms_expiry)below(3);
    if (policy->expiry == RMS_EXPIRY_ON_DATE) {
        policy->expires_at = (int64_t)below(60000000) * 60;
    } else if (policy->expiry == RMS_EXPIRY_AFTER_DAYS) {
        policy->expiry_days = 1 + below(65535);
    }
    policy->offline_days = days[below(RMS_COUNT(days))];
    policy->audited_extraction = below(2) == 0;
    policy->author_listed = below(4) == 0;
    policy->signed_data = random_data(&policy->signed_count);
    policy->encrypted_data = random_data(&policy->encrypted_count);
}

static void test_any_policy(void **state)
{
    struct rms_policy policy;

    (void)state;
    for (uint64_t round = 1; round <= 2000; round++) {
        struct rms_erd erd;

        seed = round * 0x9e3779b97f4a7c15u;
        arena = rms_arena_new(16u << 20);
        random_policy(&policy);
        round_trip_erd(&policy, &erd);
        if (round % 40 == 0) {
            round_trip_template(&policy, &erd);
        }
        rms_arena_free(&arena);
    }
}

/* --- not writable --------------------------------------------------------------------------------- */

static int build(const struct rms_policy *policy, const struct rms_erd_binding *with)
{
    RMS_BUF_CLEANUP struct rms_buf text = RMS_BUF_INIT(1u << 20);

    return rms_erd_build(policy, with, &text);
}

static void test_not_writable(void **state)
{
    static const struct rms_name_value reserved[] = {{"openrms.OnlyMe", "1"}};
    static const struct rms_name_value control[] = {{"a", "\x02"}};
    static const struct rms_grant no_address[] = {
        {RMS_PRINCIPAL_ADDRESS, NULL, {RMS_RIGHT_VIEW, NULL, 0}, RMS_TIME_NONE, RMS_TIME_NONE}};
    struct rms_policy policy = rms_world_policy();
    struct rms_erd_binding with = binding;

    (void)state;
    assert_int_equal(build(&policy, &with), 0);
    policy.encrypted_data = reserved;
    policy.encrypted_count = 1;
    assert_int_equal(build(&policy, &with), RMS_E_BAD_ARGUMENT);
    policy.encrypted_data = control;
    assert_int_equal(build(&policy, &with), RMS_E_BAD_ARGUMENT);
    policy = rms_world_policy();
    policy.id[0] = 'x';
    assert_int_equal(build(&policy, &with), RMS_E_BAD_ARGUMENT);
    policy = rms_world_policy();
    policy.grants = no_address;
    policy.grant_count = 1;
    assert_int_equal(build(&policy, &with), RMS_E_BAD_ARGUMENT);
    policy = rms_world_policy();
    policy.expiry = RMS_EXPIRY_ON_DATE;
    assert_int_equal(build(&policy, &with), RMS_E_BAD_ARGUMENT);
    policy = rms_world_policy();
    policy.offline_days = -2;
    assert_int_equal(build(&policy, &with), RMS_E_BAD_ARGUMENT);
    policy = rms_world_policy();
    with.content_id = "not-a-guid";
    assert_int_equal(build(&policy, &with), RMS_E_BAD_ARGUMENT);
    with = binding;
    with.owner = NULL;
    assert_int_equal(build(&policy, &with), RMS_E_BAD_ARGUMENT);
    with = binding;
    with.issued_at = RMS_TIME_NONE;
    assert_int_equal(build(&policy, &with), RMS_E_BAD_ARGUMENT);
}

static void test_too_small(void **state)
{
    struct rms_policy policy = rms_world_policy();
    RMS_BUF_CLEANUP struct rms_buf text = RMS_BUF_INIT(1000);

    (void)state;
    assert_int_equal(rms_erd_build(&policy, &binding, &text), RMS_E_LIMIT);
}

/* --- foreign forms -------------------------------------------------------------------------------- */

#define HEAD          "<XrML><BODY type=\"Microsoft Rights Template\"><ISSUEDTIME>2020-01-01T00:00</ISSUEDTIME><WORK>"
#define TAIL          "</WORK></BODY></XrML>"
#define LIST(rights)  "<RIGHTSGROUP name=\"Main-Rights\"><RIGHTSLIST>" rights "</RIGHTSLIST></RIGHTSGROUP>"
#define WHO(id, name) "<ACCESS><PRINCIPAL><OBJECT>" id "<NAME>" name "</NAME></OBJECT></PRINCIPAL></ACCESS>"

static int parse(const char *text, struct rms_erd *erd)
{
    return rms_erd_parse(arena, rms_view_str(text), erd);
}

static void test_foreign_rights(void **state)
{
    struct rms_erd erd;
    const struct rms_policy *policy = &erd.policy;

    (void)state;
    assert_int_equal(
        parse(
            HEAD LIST("<VIEW><CONDITIONLIST><TIME><INTERVALTIME days=\"9\" /></TIME>" WHO(
                "<ID type=\"Windows\" />",
                "Bob@Fabrikam.Example") "</CONDITIONLIST></VIEW>"
                                        "<RIGHT name = \"forward\">" WHO("<ID type=\"Unspecified\"/>",
                                            "bob@fabrikam.example") "</RIGHT>"
                                                                    "<RIGHT name=\"New.Right\">" WHO(
                                                                        "<ID type=\"Internal\">ANYONE</ID>",
                                                                        "") "</RIGHT>"
                                                                            "<RIGHT name=\"odd right!\">" WHO(
                                                                                "<ID "
                                                                                "type=\"Internal\">owner</"
                                                                                "ID>",
                                                                                "") "</RIGHT>"
                                                                                    "<EDIT><ACCESS><"
                                                                                    "PRINCIPAL><OBJECT><ID "
                                                                                    "type=\"Windows\">S-1-5-"
                                                                                    "21-1</ID></OBJECT></"
                                                                                    "PRINCIPAL></ACCESS></"
                                                                                    "EDIT>"
                                                                                    "<PRINT>" WHO(
                                                                                        "<ID "
                                                                                        "type="
                                                                                        "\"Unspecified\"/>",
                                                                                        "no address") "</"
                                                                                                      "PRINT>"
                                                                                                      "<EXPOR"
                                                                                                      "T><"
                                                                                                      "CONDIT"
                                                                                                      "IONLIS"
                                                                                                      "T></"
                                                                                                      "CONDIT"
                                                                                                      "IONLIS"
                                                                                                      "T></"
                                                                                                      "EXPORT"
                                                                                                      ">")
                TAIL,
            &erd),
        0);
    assert_int_equal(erd.unknown_principals, 2);
    assert_int_equal(policy->grant_count, 3);
    assert_int_equal(policy->offline_days, 9);
    assert_string_equal(policy->grants[0].address, "bob@fabrikam.example");
    assert_int_equal(policy->grants[0].rights.bits, RMS_RIGHT_VIEW | RMS_RIGHT_FORWARD);
    assert_int_equal(policy->grants[1].principal, RMS_PRINCIPAL_ANYONE);
    assert_string_equal(policy->grants[1].rights.custom[0], "NEW.RIGHT");
    assert_int_equal(policy->grants[2].principal, RMS_PRINCIPAL_OWNER);
    assert_true(rms_rights_empty(&policy->grants[2].rights));
}

static void test_foreign_expiry(void **state)
{
    struct rms_erd erd;

    (void)state;
    assert_int_equal(
        parse(HEAD "<PRECONDITIONLIST><TIME><RANGETIME><FROM>2020-01-01T00:00</FROM><UNTIL>2021-01-01T00:00"
                   "</UNTIL></RANGETIME><INTERVALTIME days=\"10\"/></TIME></PRECONDITIONLIST>" TAIL,
            &erd),
        0);
    assert_int_equal(erd.policy.expiry, RMS_EXPIRY_ON_DATE);
    assert_true(erd.policy.expires_at == erd.binding.issued_at + 10 * RMS_DAY_S);
    assert_int_equal(
        parse(HEAD "<PRECONDITIONLIST><TIME><RANGETIME><FROM>2020-01-01T00:00</FROM></RANGETIME></TIME>"
                   "</PRECONDITIONLIST>" TAIL,
            &erd),
        0);
    assert_int_equal(erd.policy.expiry, RMS_EXPIRY_NEVER);
    assert_true(erd.policy.starts_at == erd.binding.issued_at);
    assert_int_equal(erd.policy.grant_count, 0);
    assert_int_equal(erd.policy.offline_days, -1);
    assert_false(erd.policy.only_me);
}

static void test_refused(void **state)
{
    static const char *const texts[] = {
        "<XrML><BODY type=\"Microsoft Rights Label\"></BODY></XrML>",
        HEAD TAIL HEAD TAIL,
        HEAD "</WORK><WORK>" TAIL,
        HEAD LIST("") LIST("") TAIL,
        HEAD LIST("<RIGHT>" WHO("<ID/>", "a@b.example") "</RIGHT>") TAIL,
        HEAD LIST("<VIEW>" WHO("<ID/>", "a@b.example") WHO("<ID/>", "a@b.example") "</VIEW>") TAIL,
        HEAD LIST("<VIEW>" WHO("<ID/><ID/>", "a@b.example") "</VIEW>") TAIL,
        HEAD LIST("<VIEW>" WHO("<ID/><NAME>x</NAME>", "a@b.example") "</VIEW>") TAIL,
        HEAD LIST("<VIEW><CONDITIONLIST></CONDITIONLIST><CONDITIONLIST></CONDITIONLIST></VIEW>") TAIL,
        HEAD LIST("<VIEW><TIME><INTERVALTIME/></TIME></VIEW>") TAIL,
        HEAD LIST("<VIEW><TIME><INTERVALTIME days=\"-1\"/></TIME></VIEW>") TAIL,
        HEAD LIST("<VIEW><TIME><INTERVALTIME days=\"1x\"/></TIME></VIEW>") TAIL,
        HEAD LIST("<VIEW><TIME><INTERVALTIME days=\"9999999999\"/></TIME></VIEW>") TAIL,
        HEAD LIST("<VIEW><TIME><RANGETIME><FROM>yesterday</FROM></RANGETIME></TIME></VIEW>") TAIL,
        HEAD "<PRECONDITIONLIST/><PRECONDITIONLIST/>" TAIL,
        HEAD "<METADATA><OWNER/><OWNER/></METADATA>" TAIL,
        HEAD "</WORK><AUTHENTICATEDDATA id=\"APPSPECIFIC\" name=\"OpenRMS.OnlyMe\">1</AUTHENTICATEDDATA>"
             "<AUTHENTICATEDDATA id=\"APPSPECIFIC\" name=\"OpenRMS.OnlyMe\">0</AUTHENTICATEDDATA><WORC>"
             "</WORC><X></X></BODY></XrML>",
        HEAD "</WORK><AUTHENTICATEDDATA id=\"APPSPECIFIC\" name=\"OpenRMS.OfflineDays\">x</AUTHENTICATEDDATA>"
             "</BODY></XrML>",
    };
    struct rms_erd erd;

    (void)state;
    assert_int_equal(parse(HEAD TAIL, &erd), 0);
    for (size_t i = 0; i < RMS_COUNT(texts); i++) {
        if (parse(texts[i], &erd) != RMS_E_BAD_LICENSE) {
            fail_msg("accepted: %s", texts[i]);
        }
    }
}

static void test_too_many_custom_rights(void **state)
{
    RMS_BUF_CLEANUP struct rms_buf text = RMS_BUF_INIT(8u << 20);
    struct rms_erd erd;

    (void)state;
    rms_buf_append_str(&text, HEAD "<RIGHTSGROUP><RIGHTSLIST>");
    for (unsigned i = 0; i < 20000; i++) {
        rms_buf_printf(
            &text, "<RIGHT name=\"C%u\">" WHO("<ID type=\"Internal\">Anyone</ID>", "") "</RIGHT>", i);
    }
    rms_buf_append_str(&text, "</RIGHTSLIST></RIGHTSGROUP>" TAIL);
    assert_int_equal(rms_erd_parse(arena, rms_buf_view(&text), &erd), RMS_E_BAD_LICENSE);
}

/* touches: S-092 (as many grants as a policy may have) */
static void test_many_grants(void **state)
{
    struct rms_policy policy = rms_world_policy();
    struct rms_grant *grants = rms_arena_array(arena, RMS_GRANTS_MAX, sizeof *grants);
    struct rms_erd erd;

    (void)state;
    for (size_t i = 0; i < RMS_GRANTS_MAX; i++) {
        grants[i] =
            (struct rms_grant){RMS_PRINCIPAL_ADDRESS, rms_arena_printf(arena, "user%zu@contoso.example", i),
                {RMS_RIGHT_VIEW, NULL, 0}, RMS_TIME_NONE, RMS_TIME_NONE};
    }
    policy.grants = grants;
    policy.grant_count = RMS_GRANTS_MAX;
    round_trip_erd(&policy, &erd);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_sample, open_arena, close_arena),
        cmocka_unit_test_setup_teardown(test_expiry, open_arena, close_arena),
        cmocka_unit_test_setup_teardown(test_offline_days, open_arena, close_arena),
        cmocka_unit_test_setup_teardown(test_flags, open_arena, close_arena),
        cmocka_unit_test_setup_teardown(test_principals_and_times, open_arena, close_arena),
        cmocka_unit_test_setup_teardown(test_data, open_arena, close_arena),
        cmocka_unit_test_setup_teardown(test_same_principal_twice, open_arena, close_arena),
        cmocka_unit_test(test_any_policy),
        cmocka_unit_test_setup_teardown(test_not_writable, open_arena, close_arena),
        cmocka_unit_test_setup_teardown(test_too_small, open_arena, close_arena),
        cmocka_unit_test_setup_teardown(test_foreign_rights, open_arena, close_arena),
        cmocka_unit_test_setup_teardown(test_foreign_expiry, open_arena, close_arena),
        cmocka_unit_test_setup_teardown(test_refused, open_arena, close_arena),
        cmocka_unit_test_setup_teardown(test_too_many_custom_rights, open_arena, close_arena),
        cmocka_unit_test_setup_teardown(test_many_grants, open_arena, close_arena),
    };

    return cmocka_run_group_tests(tests, open_world, close_world);
}
