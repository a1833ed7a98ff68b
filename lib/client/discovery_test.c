#include "client/discovery.h"

#include "base/test.h"

#include "base/json.h"
#include "client/session.h"
#include "client/http.h"

/* A DNS answer with one question and one record of a type, the name compressed. */
static size_t make_answer(uint8_t *out, uint16_t type, const char *host)
{
    static const char question[] = "\x09_rmsdisco\x05_http\x04_tcp\x07"
                                   "contoso\x07"
                                   "example";
    const uint8_t header[12] = {0, 7, 0x81, 0x80, 0, 1, 0, 1, 0, 0, 0, 0};
    size_t at = 0;
    size_t rdata;

    memcpy(out, header, sizeof header);
    at = sizeof header;
    memcpy(out + at, question, sizeof question);
    at += sizeof question;
    memcpy(out + at, "\x00\x21\x00\x01", 4);
    at += 4;
    memcpy(out + at, "\xc0\x0c\x00\x00\x00\x01\x00\x00\x01\x2c\x00\x00", 12);
    out[at + 3] = (uint8_t)type;
    at += 12;
    rdata = at;
    memcpy(out + at, "\x00\x00\x00\x00\x01\xbb", 6);
    at += 6;
    for (const char *label = host; *label != '\0';) {
        size_t len = strcspn(label, ".");

        out[at++] = (uint8_t)len;
        memcpy(out + at, label, len);
        at += len;
        label += len + (label[len] == '.');
    }
    out[at++] = 0;
    out[rdata - 1] = (uint8_t)(at - rdata);
    return at;
}

static void answers(void **state)
{
    static const struct {
        uint16_t type;
        const char *host;
        int code;
        size_t count;
    } rows[] = {
        {33, "rms.contoso.example", 0, 1},
        {33, "x", 0, 1},
        {33, "", 0, 0}, /* "." says: decidedly not here */
        {1, "rms.contoso.example", RMS_E_NOT_FOUND, 0},
        {33, "evil.example/path", 0, 0},
        {33, "user@evil.example", 0, 0},
        {33, "-x.example", 0, 0},
    };

    (void)state;
    for (size_t i = 0; i < RMS_COUNT(rows); i++) {
        uint8_t answer[512];
        struct rms_srv srv;
        size_t len = make_answer(answer, rows[i].type, rows[i].host);

        assert_int_equal(rms_srv_parse(rms_view_of(answer, len), &srv), rows[i].code);
        assert_int_equal(srv.count, rows[i].count);
        if (srv.count > 0) {
            assert_string_equal(srv.hosts[0].name, rows[i].host);
        }
    }
}

/* An answer with records for hosts of one letter; count may be more than there are rows: the last one
 * repeats. */
static size_t make_records(uint8_t *out, size_t count, const uint8_t rows[][3], size_t row_count)
{
    const uint8_t head[] = {0, 7, 0x81, 0x80, 0, 1, 0, (uint8_t)count, 0, 0, 0, 0, 1, 'x', 0, 0, 33, 0, 1};
    size_t len = sizeof head;

    memcpy(out, head, len);
    for (size_t i = 0; i < count; i++) {
        const uint8_t *row = rows[i < row_count ? i : row_count - 1];
        const uint8_t record[] = {
            0xc0, 12, 0, 33, 0, 1, 0, 0, 1, 44, 0, 9, 0, row[1], 0, row[2], 0, 80, 1, row[0], 0};

        memcpy(out + len, record, sizeof record);
        len += sizeof record;
    }
    return len;
}

static void order_of_hosts(void **state)
{
    static const uint8_t rows[][3] = {{'b', 1, 1}, {'a', 1, 3}, {'z', 2, 200}, {'c', 0, 0}};
    uint8_t answer[2048];
    size_t len = make_records(answer, 4, rows, 4);
    struct rms_srv srv;
    int heavier = 0;

    (void)state;
    for (int i = 0; i < 400; i++) {
        assert_int_equal(rms_srv_parse(rms_view_of(answer, len), &srv), 0);
        assert_int_equal(srv.count, 4);
        assert_string_equal(srv.hosts[0].name, "c");
        assert_string_equal(srv.hosts[3].name, "z");
        heavier += srv.hosts[1].name[0] == 'a';
        assert_int_equal(srv.hosts[1].name[0] + srv.hosts[2].name[0], 'a' + 'b');
    }
    assert_in_range(heavier, 220, 380); /* three of four */

    len = make_records(answer, 60, rows, 4);
    assert_int_equal(rms_srv_parse(rms_view_of(answer, len), &srv), 0);
    assert_int_equal(srv.count, RMS_SRV_MAX);
}

static void cut_answers(void **state)
{
    uint8_t answer[512];
    size_t len = make_answer(answer, 33, "rms.contoso.example");

    (void)state;
    for (size_t i = 0; i < len; i++) {
        struct rms_srv srv;
        uint8_t *copy = test_malloc(i + 1);

        memcpy(copy, answer, i);
        assert_int_not_equal(rms_srv_parse(rms_view_of(copy, i), &srv), 0);
        test_free(copy);
    }
}

static void origins(void **state)
{
    static const char *const rows[][2] = {
        {"https://RMS.contoso.example/_wmcs/licensing", "https://rms.contoso.example"},
        {"HTTPS://rms.contoso.example:443", "https://rms.contoso.example"},
        {"https://rms.contoso.example:8443/x?y#z", "https://rms.contoso.example:8443"},
        {"https://[::1]:8443/", "https://[::1]:8443"},
        {"http://rms.contoso.example/", NULL},
        {"https://", NULL},
        {"https:///path", NULL},
        {"https://user@evil.example/", NULL},
        {"ftp://x", NULL},
        {"", NULL},
    };

    (void)state;
    for (size_t i = 0; i < RMS_COUNT(rows); i++) {
        struct rms_buf RMS_BUF_CLEANUP out = RMS_BUF_INIT(512);
        int code = rms_http_origin(rows[i][0], &out);

        assert_int_equal(code, rows[i][1] != NULL ? 0 : RMS_E_BAD_ARGUMENT);
        if (code == 0) {
            assert_string_equal(rms_buf_text(&out), rows[i][1]);
        }
    }
}

static void encoding(void **state)
{
    struct rms_buf RMS_BUF_CLEANUP out = RMS_BUF_INIT(512);

    (void)state;
    rms_http_encode(&out, "a.B-1_~ @+&=/%\xc3\xbc");
    assert_string_equal(rms_buf_text(&out), "a.B-1_~%20%40%2B%26%3D%2F%25%C3%BC");
}

#define E(name)  "{\"Name\":\"" name "\",\"Uri\":\"https://rms.contoso.example/my/v2/x\"}"
#define REQUIRED E("EndUserLicenses") "," E("publishinglicenses") "," E("templates")

/* touches: S-278 */
static void endpoints(void **state)
{
    static const struct {
        const char *json;
        int code;
    } rows[] = {
        {"[" REQUIRED "]", 0},
        {"[" REQUIRED "," E("uselicenses") "," E("something new") "]", 0},
        {"[" E("templates") "," E("enduserlicenses") "]", RMS_E_UNSUPPORTED},
        {"[" REQUIRED ",{\"Name\":\"uselicenses\",\"Uri\":\"http://rms.contoso.example/\"}]",
            RMS_E_UNSUPPORTED},
        {"[" REQUIRED ",{\"Name\":\"x\",\"Uri\":\"\"}]", RMS_E_UNSUPPORTED},
        {"[" REQUIRED ",{\"Name\":\"x\"}]", RMS_E_UNSUPPORTED},
        {"[" REQUIRED ",7]", RMS_E_UNSUPPORTED},
        {"{}", RMS_E_UNSUPPORTED},
        {"[]", RMS_E_UNSUPPORTED},
    };

    (void)state;
    for (size_t i = 0; i < RMS_COUNT(rows); i++) {
        struct rms_arena RMS_ARENA_CLEANUP *arena = rms_arena_new(65536);
        json_t RMS_JSON_CLEANUP *json = NULL;
        const char *urls[RMS_EP_COUNT];

        assert_int_equal(rms_json_parse(rms_view_str(rows[i].json), &json), 0);
        assert_int_equal(rms_endpoints_parse(arena, json, urls), rows[i].code);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(answers),
        cmocka_unit_test(order_of_hosts),
        cmocka_unit_test(cut_answers),
        cmocka_unit_test(origins),
        cmocka_unit_test(encoding),
        cmocka_unit_test(endpoints),
    };

    return cmocka_run_group_tests_name("client discovery", tests, NULL, NULL);
}
