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
    } rows[] = {
        {33, "rms.contoso.example", 0},
        {33, "x", 0},
        {33, "", RMS_E_NOT_FOUND}, /* "." says: decidedly not here */
        {1, "rms.contoso.example", RMS_E_NOT_FOUND},
        {33, "evil.example/path", RMS_E_NOT_FOUND},
        {33, "user@evil.example", RMS_E_NOT_FOUND},
        {33, "-x.example", RMS_E_NOT_FOUND},
    };

    (void)state;
    for (size_t i = 0; i < RMS_COUNT(rows); i++) {
        uint8_t answer[512];
        char host[RMS_HOST_MAX];
        size_t len = make_answer(answer, rows[i].type, rows[i].host);

        assert_int_equal(rms_srv_parse(rms_view_of(answer, len), host), rows[i].code);
        if (rows[i].code == 0) {
            assert_string_equal(host, rows[i].host);
        }
    }
}

static void cut_answers(void **state)
{
    uint8_t answer[512];
    size_t len = make_answer(answer, 33, "rms.contoso.example");

    (void)state;
    for (size_t i = 0; i < len; i++) {
        char host[RMS_HOST_MAX];
        uint8_t *copy = test_malloc(i + 1);

        memcpy(copy, answer, i);
        assert_int_not_equal(rms_srv_parse(rms_view_of(copy, i), host), 0);
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
        cmocka_unit_test(cut_answers),
        cmocka_unit_test(origins),
        cmocka_unit_test(encoding),
        cmocka_unit_test(endpoints),
    };

    return cmocka_run_group_tests_name("client discovery", tests, NULL, NULL);
}
