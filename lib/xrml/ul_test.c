/* Use licences. */
#include "base/test.h"

#include "xrml/testing/world.h"

static struct rms_world world;
static struct rms_pl pl;

static int open_world(void **state)
{
    struct rms_policy policy = rms_world_policy();
    RMS_BUF_CLEANUP struct rms_buf text = RMS_BUF_INIT(1u << 20);

    (void)state;
    rms_world_open(&world);
    rms_world_publish(&world, &policy, false, &text);
    return rms_pl_parse(world.arena, rms_buf_view(&text), &pl);
}

static int close_world(void **state)
{
    (void)state;
    rms_world_close(&world);
    return 0;
}

static struct rms_ul parse(const struct rms_buf *text)
{
    struct rms_ul ul;

    assert_int_equal(rms_ul_parse(world.arena, rms_world_node(&world, rms_buf_view(text)), &ul), 0);
    return ul;
}

/* touches: S-131 */
static void test_server_issued(void **state)
{
    static const char *const custom[] = {"COMPANY.SEAL"};
    const struct rms_rights rights = {RMS_RIGHT_VIEW | RMS_RIGHT_PRINT | RMS_RIGHT_REPLY, custom, 1};
    RMS_BUF_CLEANUP struct rms_buf text = RMS_BUF_INIT(1u << 20);
    struct rms_content_key key = {0};
    struct rms_ul ul;

    (void)state;
    rms_world_use(&world, &pl, &rights, &text);
    ul = parse(&text);
    assert_int_equal(ul.rights.bits, rights.bits);
    assert_string_equal(ul.rights.custom[0], "COMPANY.SEAL");
    assert_string_equal(ul.content_id, RMS_WORLD_CONTENT);
    assert_string_equal(ul.owner, RMS_WORLD_ALICE);
    assert_string_equal(ul.issued_to, RMS_WORLD_ALICE);
    assert_int_equal(strlen(ul.id), RMS_GUID_TEXT - 1);
    assert_true(ul.content_valid_until == RMS_WORLD_NOW + 90 * RMS_DAY_S + 7);
    assert_true(ul.licence_valid_until == RMS_WORLD_NOW + 30 * RMS_DAY_S + 11);
    assert_false(ul.no_cache);
    assert_int_equal(ul.data_count, 0);
    assert_memory_equal(ul.bits_bound, world.server.issuer_bound, RMS_SHA256_BYTES);
    assert_int_equal(rms_signed_verify(ul.node, &world.server.key, false), 0);
    assert_int_equal(rms_enabling_open_key(world.user_key, &ul.bits, ul.bits_bound, &key), 0);
    assert_memory_equal(rms_secret_bytes(key.key), world.content_key, 32);
    rms_content_key_fini(&key);
    assert_int_equal(
        rms_enabling_open_key(world.stranger_key, &ul.bits, ul.bits_bound, &key), RMS_E_BAD_LICENSE);
    assert_non_null(strstr(rms_buf_text(&text), "purpose=\"Content-License\""));
    assert_non_null(strstr(rms_buf_text(&text), "mailto:" RMS_WORLD_ALICE));
}

static size_t count_of(const char *text, const char *part)
{
    size_t count = 0;

    while ((text = strstr(text, part)) != NULL) {
        text += strlen(part);
        count++;
    }
    return count;
}

static void test_every_right_has_the_key(void **state)
{
    const struct rms_rights some = {RMS_RIGHT_VIEW | RMS_RIGHT_PRINT | RMS_RIGHT_REPLY, NULL, 0};
    const struct rms_rights all = {0xffff, NULL, 0};
    RMS_BUF_CLEANUP struct rms_buf text = RMS_BUF_INIT(1u << 20);

    (void)state;
    rms_world_use(&world, &pl, &some, &text);
    assert_int_equal(count_of(rms_buf_text(&text), "<ENABLINGBITS "), 3);
    assert_int_equal(count_of(rms_buf_text(&text), "<VIEW>"), 1);
    assert_int_equal(count_of(rms_buf_text(&text), "<RIGHT name=\"REPLY\">"), 1);
    /* OWNER stands alone. */
    rms_buf_reset(&text);
    rms_world_use(&world, &pl, &all, &text);
    assert_int_equal(count_of(rms_buf_text(&text), "<ENABLINGBITS "), 1);
    assert_int_equal(parse(&text).rights.bits, RMS_RIGHT_OWNER);
}

static int build(const struct rms_ul_request *request, struct rms_buf *out)
{
    return rms_ul_build(&world.server, NULL, request, &world.server_signer, out);
}

static struct rms_ul_request request_of(const struct rms_rights *rights)
{
    return (struct rms_ul_request){
        .pl = &pl,
        .rac = &world.rac,
        .rights = rights,
        .bits = RMS_VIEW_LITERAL("0123456789abcdef"),
        .issued_at = RMS_WORLD_NOW,
        .content_valid_until = RMS_TIME_NONE,
        .licence_valid_until = RMS_TIME_NONE,
    };
}

static const struct rms_rights view = {RMS_RIGHT_VIEW, NULL, 0};

static void test_ends(void **state)
{
    static const int64_t ends[] = {RMS_TIME_NONE, RMS_WORLD_NOW, RMS_WORLD_NOW + 61, RMS_WORLD_NOW + 86401};
    struct rms_ul_request request = request_of(&view);

    (void)state;
    for (size_t c = 0; c < RMS_COUNT(ends); c++) {
        for (size_t l = 0; l < RMS_COUNT(ends); l++) {
            RMS_BUF_CLEANUP struct rms_buf text = RMS_BUF_INIT(1u << 20);
            struct rms_ul ul;

            request.content_valid_until = ends[c];
            request.licence_valid_until = ends[l];
            assert_int_equal(build(&request, &text), 0);
            ul = parse(&text);
            assert_true(ul.content_valid_until == ends[c]);
            assert_true(ul.licence_valid_until == ends[l]);
            assert_int_equal(ul.no_cache, ends[l] == RMS_WORLD_NOW);
        }
    }
}

/* Nothing, or another word than the one we write, leaves it at OWNER and EXPORT; it is no free data. */
static void test_removal_right(void **state)
{
    struct rms_ul_request request = request_of(&view);
    const struct rms_name_value data = {"openrms.RemovalRights", "EXTRACT"};

    (void)state;
    for (int i = 0; i < 2; i++) {
        RMS_BUF_CLEANUP struct rms_buf text = RMS_BUF_INIT(1u << 20);

        request.removal_extract = i == 1;
        assert_int_equal(build(&request, &text), 0);
        assert_int_equal(parse(&text).removal_extract, i);
        if (i == 1) {
            memcpy(strstr(rms_buf_text(&text), ">EXTRACT<"), ">ANY____<", 9);
            assert_false(parse(&text).removal_extract);
        }
    }
    request.data = &data;
    request.data_count = 1;
    RMS_BUF_CLEANUP struct rms_buf refused = RMS_BUF_INIT(1u << 20);
    assert_int_not_equal(build(&request, &refused), 0);
}

/* What a reader sees who knows only the published form: the earlier of both ends. */
static void test_published_end(void **state)
{
    struct rms_ul_request request = request_of(&view);
    RMS_BUF_CLEANUP struct rms_buf text = RMS_BUF_INIT(1u << 20);
    static const char range[] =
        "<TIME><RANGETIME><FROM>2025-06-15T14:52</FROM><UNTIL>%s</UNTIL></RANGETIME></TIME>";

    (void)state;
    request.content_valid_until = RMS_WORLD_NOW + 3600;
    request.licence_valid_until = RMS_WORLD_NOW + 7200;
    assert_int_equal(build(&request, &text), 0);
    assert_non_null(strstr(rms_buf_text(&text), rms_arena_printf(world.arena, range, "2025-06-15T16:07")));
    rms_buf_reset(&text);
    request.licence_valid_until = RMS_WORLD_NOW + 1800;
    assert_int_equal(build(&request, &text), 0);
    assert_non_null(strstr(rms_buf_text(&text), rms_arena_printf(world.arena, range, "2025-06-15T15:37")));
    rms_buf_reset(&text);
    request.licence_valid_until = RMS_WORLD_NOW;
    assert_int_equal(build(&request, &text), 0);
    assert_non_null(strstr(rms_buf_text(&text), rms_arena_printf(world.arena, range, "2025-06-15T16:07")));
    assert_non_null(strstr(rms_buf_text(&text), "name=\"NOLICCACHE\">1<"));
}

static void test_data(void **state)
{
    static const struct rms_name_value data[] = {{"a", "1 & 2"}, {"VIEWER", "1"}};
    static const struct rms_name_value reserved[] = {{"OpenRMS.LicenseValidUntil", "2099-01-01T00:00"}};
    struct rms_ul_request request = request_of(&view);
    RMS_BUF_CLEANUP struct rms_buf text = RMS_BUF_INIT(1u << 20);
    struct rms_ul ul;

    (void)state;
    request.data = data;
    request.data_count = 2;
    assert_int_equal(build(&request, &text), 0);
    ul = parse(&text);
    assert_int_equal(ul.data_count, 2);
    assert_string_equal(ul.data[0].value, "1 & 2");
    request.data = reserved;
    request.data_count = 1;
    rms_buf_reset(&text);
    assert_int_equal(build(&request, &text), RMS_E_BAD_ARGUMENT);
}

static void test_not_writable(void **state)
{
    const struct rms_rights none = {0};
    struct rms_ul_request request = request_of(&none);
    RMS_BUF_CLEANUP struct rms_buf text = RMS_BUF_INIT(1u << 20);

    (void)state;
    assert_int_equal(build(&request, &text), RMS_E_BAD_ARGUMENT);
    request = request_of(&view);
    request.bits.len = 0;
    assert_int_equal(build(&request, &text), RMS_E_BAD_ARGUMENT);
    request = request_of(&view);
    request.issued_at = RMS_TIME_NONE;
    assert_int_equal(build(&request, &text), RMS_E_BAD_ARGUMENT);
    request = request_of(&view);
    request.rac = &world.clc;
    assert_int_equal(build(&request, &text), RMS_E_BAD_ARGUMENT);
    request = request_of(&view);
    request.pl = NULL;
    assert_int_equal(build(&request, &text), RMS_E_BAD_ARGUMENT);
    request.content_id = RMS_WORLD_CONTENT;
    request.owner = RMS_WORLD_ALICE;
    assert_int_equal(build(&request, &text), 0);
}

/* --- foreign forms -------------------------------------------------------------------------------- */

#define KEY                                                                                                  \
    "<OBJECT type=\"Group-Identity\"><ID "                                                                   \
    "type=\"Windows\">S-1</ID><NAME>Bob@Fabrikam.Example</NAME></OBJECT>%s"
#define BITS                                                                                                 \
    "<PRINCIPAL internal-id=\"1\"><ENABLINGBITS "                                                            \
    "type=\"sealed-key\"><VALUE>AAAA</VALUE></ENABLINGBITS></PRINCIPAL>"

/* A licence with this WORK, the rest as it should be. */
static int parse_work(const char *work, const char *data, struct rms_ul *ul)
{
    const struct rms_xnode *key =
        rms_xnode_path(world.rac.node->body, "ISSUEDPRINCIPALS/PRINCIPAL/PUBLICKEY");
    const char *text = rms_arena_printf(world.arena,
        "<XrML><BODY type=\"LICENSE\"><ISSUEDTIME>2020-01-01T00:00</ISSUEDTIME><DESCRIPTOR><OBJECT "
        "type=\"Content-License\">"
        "<ID>x</ID></OBJECT></DESCRIPTOR><ISSUER></ISSUER><ISSUEDPRINCIPALS><PRINCIPAL>" KEY
        "</PRINCIPAL></ISSUEDPRINCIPALS>%s%s</BODY></XrML>",
        rms_arena_text(world.arena, key->source), work, data);
    struct rms_chain chain;
    int status = rms_chain_parse(world.arena, rms_view_str(text), &chain);

    return status != 0 ? status : rms_ul_parse(world.arena, &chain.nodes[0], ul);
}

#define WORK(rights)                                                                                         \
    "<WORK><OBJECT><ID>{" RMS_WORLD_CONTENT "}</ID></OBJECT><RIGHTSGROUP><RIGHTSLIST>" rights                \
    "</RIGHTSLIST></RIGHTSGROUP></WORK>"

static void test_client_made_owner_licence(void **state)
{
    struct rms_ul ul;

    (void)state;
    assert_int_equal(
        parse_work(WORK("<RIGHT name = \"OWNER\"><ACCESS>" BITS "</ACCESS></RIGHT>"), "", &ul), 0);
    assert_int_equal(ul.rights.bits, RMS_RIGHT_OWNER);
    assert_int_equal(ul.bits.type, RMS_SEALED_KEY);
    assert_int_equal(ul.bits.blob.len, 3);
    assert_string_equal(ul.id, "");
    assert_string_equal(ul.issued_to, "bob@fabrikam.example");
    assert_string_equal(ul.owner, "");
    assert_true(ul.licence_valid_until == RMS_TIME_NONE);
}

/* A server writes the two kinds of time apart. */
static void test_foreign_times(void **state)
{
    struct rms_ul ul;

    (void)state;
    assert_int_equal(
        parse_work(
            WORK(
                "<VIEW><CONDITIONLIST><ACCESS>" BITS "</ACCESS><TIME><RANGETIME><FROM>2020-01-01T00:00</FROM>"
                "<UNTIL>2020-02-01T00:00</UNTIL></RANGETIME></TIME><TIME><INTERVALTIME days=\"7\"/></TIME>"
                "</CONDITIONLIST></VIEW><EDIT><TIME><INTERVALTIME days=\"9\"/></TIME></EDIT>"),
            "<AUTHENTICATEDDATA id=\"APPSPECIFIC\" name=\"x\">y</AUTHENTICATEDDATA>", &ul),
        0);
    assert_true(ul.licence_valid_until == ul.node->issued_at + 7 * RMS_DAY_S);
    assert_true(ul.content_valid_until == RMS_TIME_NONE);
    assert_int_equal(ul.data_count, 1);
    assert_int_equal(ul.rights.bits, RMS_RIGHT_VIEW | RMS_RIGHT_EDIT);
    assert_int_equal(
        parse_work(
            WORK("<VIEW><CONDITIONLIST><ACCESS>" BITS "</ACCESS><TIME><INTERVALTIME days=\"70\"/></TIME>"
                 "<TIME><RANGETIME><UNTIL>2020-02-01T00:00</UNTIL></RANGETIME><RANGETIME>"
                 "<UNTIL>2020-01-05T00:00</UNTIL></RANGETIME></TIME></CONDITIONLIST></VIEW>"),
            "", &ul),
        0);
    assert_true(ul.licence_valid_until == ul.node->issued_at + 4 * RMS_DAY_S);
}

static void test_refused(void **state)
{
    static const char *const works[] = {
        "",
        WORK(""),
        WORK("<VIEW></VIEW>"),
        WORK("<VIEW><ACCESS><PRINCIPAL/></ACCESS></VIEW>"),
        WORK("<VIEW><ACCESS><PRINCIPAL><ENABLINGBITS "
             "type=\"sealed-key\"></ENABLINGBITS></PRINCIPAL></ACCESS></VIEW>"),
        WORK("<VIEW><ACCESS>" BITS BITS "</ACCESS></VIEW>"),
        WORK("<VIEW><ACCESS><PRINCIPAL><ENABLINGBITS "
             "type=\"sealed-key\"><VALUE>A</VALUE></ENABLINGBITS></PRINCIPAL>"
             "</ACCESS></VIEW>"),
        WORK("<VIEW><ACCESS><PRINCIPAL><ENABLINGBITS type=\"sealed-key\"><VALUE "
             "size=\"8\">AAAA</VALUE></ENABLINGBITS>"
             "</PRINCIPAL></ACCESS></VIEW>"),
        WORK("<RIGHT><ACCESS>" BITS "</ACCESS></RIGHT>"),
        WORK("<VIEW><ACCESS>" BITS "</ACCESS></VIEW>") WORK(""),
        "<WORK><OBJECT><ID>x</ID></OBJECT><RIGHTSGROUP><RIGHTSLIST><VIEW><ACCESS>" BITS
        "</ACCESS></VIEW></RIGHTSLIST></RIGHTSGROUP></WORK>",
    };
    struct rms_ul ul;

    (void)state;
    for (size_t i = 0; i < RMS_COUNT(works); i++) {
        if (parse_work(works[i], "", &ul) != RMS_E_BAD_LICENSE) {
            fail_msg("accepted: %s", works[i]);
        }
    }
    assert_int_equal(parse_work(WORK("<VIEW><ACCESS>" BITS "</ACCESS></VIEW>"),
                         "<AUTHENTICATEDDATA id=\"APPSPECIFIC\" "
                         "name=\"OpenRMS.LicenseValidUntil\">soon</AUTHENTICATEDDATA>",
                         &ul),
        RMS_E_BAD_LICENSE);
    assert_int_equal(rms_ul_parse(world.arena, world.rac.node, &ul), RMS_E_BAD_LICENSE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_server_issued),
        cmocka_unit_test(test_every_right_has_the_key),
        cmocka_unit_test(test_ends),
        cmocka_unit_test(test_removal_right),
        cmocka_unit_test(test_published_end),
        cmocka_unit_test(test_data),
        cmocka_unit_test(test_not_writable),
        cmocka_unit_test(test_client_made_owner_licence),
        cmocka_unit_test(test_foreign_times),
        cmocka_unit_test(test_refused),
    };

    return cmocka_run_group_tests(tests, open_world, close_world);
}
