/* Small shapes: languages, errors, JSON writing. */
#include "base/test.h"

#include "base/json.h"
#include "service/rest_error.h"
#include "service/rest_language.h"
#include "service/rest_write.h"

static const struct rms_policy_text texts[] = {
    {1031, "de", "d"}, {1033, "en", "e"}, {1036, "fr", "f"}, {2055, "de-CH", "s"}};

/* touches: S-097, S-284 */
static void languages(void **state)
{
    static const struct {
        const char *header;
        const char *name;
    } cases[] = {
        {NULL, "en"},
        {"", "en"},
        {"En-en", "en"}, /* what the SDK sends unless told otherwise */
        {"en-US", "en"},
        {"de", "de"},
        {"de-DE", "de"},
        {"de-CH", "de-CH"},
        {"de-AT", "de"},
        {"fr-CA", "fr"},
        {"zz", "en"},
        {"zz, fr", "fr"},
        {"en;q=0.1, fr;q=0.9", "fr"},
        {"en;q=0.5,de;q=0.5", "en"},
        {"fr;q=0, de", "de"},
        {"fr;q=nonsense", "fr"},
        {"  de  ,  en  ", "de"},
        {",,,;;q=,*", "en"},
        {"a-very-long-language-tag-that-is-longer-than-any-real-one, fr", "fr"},
    };
    const struct rms_policy policy = {.texts = texts, .text_count = RMS_COUNT(texts)};
    const struct rms_policy none = {0};
    (void)state;
    for (size_t i = 0; i < RMS_COUNT(cases); i++) {
        assert_string_equal(rms_rest_text_for(&policy, cases[i].header)->name, cases[i].name);
    }
    assert_null(rms_rest_text_for(&none, "en"));
}

static json_t *error_of(const struct rms_request *request, int code, struct rms_reply *reply)
{
    json_t *json = NULL;
    reply->body = RMS_BUF_INIT(65536);
    rms_rest_error(request, code, reply);
    assert_int_equal(rms_json_parse(rms_buf_view(&reply->body), &json), 0);
    rms_buf_fini(&reply->body);
    return json;
}

/* Every row of the table makes a body that clients can read (rest-protocol section 11). */
static void every_error_has_a_body(void **state)
{
    const struct rms_request request = {.correlation = "cab52088-8925-4371-be34-4b71a3112356"};
    const struct rms_error_info *row;
    (void)state;
    for (size_t i = 0; (row = rms_error_row(i)) != NULL; i++) {
        struct rms_reply reply = {0};
        RMS_JSON_CLEANUP json_t *json = error_of(&request, row->code, &reply);
        assert_true(reply.status >= 400);
        assert_memory_equal(rms_json_str(json, "Code"), "Microsoft.RightsManagement.Exceptions.", 38);
        assert_string_equal(rms_json_str(json, "Reason"), row->reason);
        assert_string_equal(rms_json_str(json, "CorrelationId"), request.correlation);
        assert_int_equal(reply.retry_after_s > 0, reply.status == 429 || reply.status == 503);
        assert_string_equal(rms_rest_result(row->code), row->reason);
    }
    assert_string_equal(rms_rest_result(0), "Success");
}

/* Causes go to the log; only the form of a request is explained to whoever sent it. */
static void details_are_for_the_log(void **state)
{
    static const struct {
        int code;
        enum rms_caller caller;
        bool told;
    } cases[] = {
        {RMS_E_BAD_ARGUMENT, RMS_CALLER_PERSON, true},
        {RMS_E_BAD_SIGNATURE, RMS_CALLER_PERSON, false},
        {RMS_E_BAD_LICENSE, RMS_CALLER_PERSON, false},
        {RMS_E_NOT_AUTHENTICATED, RMS_CALLER_NONE, false},
        {RMS_E_NOT_FOUND, RMS_CALLER_PERSON, false},
        {RMS_E_UNKNOWN_KEY, RMS_CALLER_PERSON, false},
        {RMS_E_INTERNAL, RMS_CALLER_PERSON, false},
        {RMS_E_NOT_FOUND, RMS_CALLER_OPERATOR, true},
    };
    (void)state;
    for (size_t i = 0; i < RMS_COUNT(cases); i++) {
        struct rms_request request = {.caller = cases[i].caller, .note = {.detail = "the \"cause\"\n"}};
        struct rms_reply reply = {0};
        RMS_JSON_CLEANUP json_t *json = error_of(&request, cases[i].code, &reply);
        bool told = strstr(rms_json_str(json, "Message"), "the \"cause\"") != NULL;
        assert_int_equal(told, cases[i].told);
    }
}

static void json_is_written(void **state)
{
    static const struct rms_name_value pairs[] = {{"a\"b", "c\nd"}, {"e", ""}};
    static const char *const words[] = {"x", "y"};
    const struct rms_rights none = {0};
    const struct rms_rights some = {.bits = RMS_RIGHT_VIEW | RMS_RIGHT_PRINT};
    RMS_BUF_CLEANUP struct rms_buf out = RMS_BUF_INIT(4096);
    (void)state;
    rms_out_open(&out, NULL, '{');
    rms_out_text(&out, "Text", "a\"\\\x01");
    rms_out_text(&out, "None", NULL);
    rms_out_bool(&out, "Yes", true);
    rms_out_int(&out, "Number", -7);
    rms_out_time(&out, "Time", 0);
    rms_out_time(&out, "Never", RMS_TIME_NONE);
    rms_out_base64(&out, "Bytes", RMS_VIEW_LITERAL("hello"));
    rms_out_pairs(&out, "Pairs", pairs, 2);
    rms_out_pairs(&out, "NoPairs", NULL, 0);
    rms_out_rights(&out, "Rights", &some);
    rms_out_rights(&out, "NoRights", &none);
    rms_out_texts(&out, "Words", words, 2);
    rms_out_open(&out, "Empty", '{');
    rms_out_close(&out, '}');
    rms_out_close(&out, '}');
    assert_string_equal(rms_buf_text(&out),
        "{\"Text\":\"a\\\"\\\\\\u0001\",\"None\":null,\"Yes\":true,\"Number\":-7,\"Time\":\"1970-01-01T00:00:"
        "00Z\","
        "\"Never\":null,\"Bytes\":\"aGVsbG8=\",\"Pairs\":{\"a\\\"b\":\"c\\nd\",\"e\":\"\"},\"NoPairs\":null,"
        "\"Rights\":[\"VIEW\",\"PRINT\"],\"NoRights\":[],\"Words\":[\"x\",\"y\"],\"Empty\":{}}");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(languages),
        cmocka_unit_test(every_error_has_a_body),
        cmocka_unit_test(details_are_for_the_log),
        cmocka_unit_test(json_is_written),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
