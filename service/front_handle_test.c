/* Heads of requests, and the way through a worker, without network. */
#include "service/front_test.h"

#include <microhttpd.h>

#include "service/front_handle.h"
#include "service/signin.h"
#include "service/token.h"

static struct rms_exchange exchange;

/* An exchange as http.c makes it of a head. */
static int begin(const char *method, const char *path, const struct rms_pair *headers, size_t count)
{
    exchange = (struct rms_exchange){.raw_query = ""};
    rms_buf_init(&exchange.reply.body, 1u << 20);
    exchange.request.method = rms_http_method(method);
    exchange.request.path = path;
    exchange.request.headers = headers;
    exchange.request.header_count = count;
    exchange.request.client_ip = "192.0.2.1";
    return rms_front_begin(&stage.front, &exchange);
}

static void end(void)
{
    if (exchange.response != NULL) {
        MHD_destroy_response(exchange.response);
    }
    rms_buf_fini(&exchange.reply.body);
    rms_buf_fini(&exchange.body);
}

/* touches: S-193 */
static void correlation(void **state)
{
#define ID    "cab52088-8925-4371-be34-4b71a3112356"
#define OTHER "1c3fe7a9-d9e0-4654-97b7-14fafa72ea63"
    static const struct {
        const char *header;
        bool kept;
    } cases[] = {
        {ID, true},
        {"{" ID "}", true},
        {"CAB52088-8925-4371-BE34-4B71A3112356", true},
        {"{" OTHER "};{" ID "}", true}, /* the SDK: scenario, then correlation */
        {OTHER ";" ID, true},
        {"{" OTHER "};{" ID "};", true},
        {"abc", false},
        {"", false},
        {";", false},
        {ID "x", false},
        {"{" OTHER "};abc", false},
    };
    (void)state;
    for (size_t i = 0; i < RMS_COUNT(cases); i++) {
        const struct rms_pair header = {"x-ms-rms-request-id", cases[i].header};
        char again[RMS_GUID_TEXT];
        assert_int_equal(begin("GET", "/my/v2/templates", &header, 1), 0);
        assert_int_equal(strcmp(exchange.request.correlation, ID) == 0, cases[i].kept);
        assert_int_equal(rms_guid_parse(rms_view_str(exchange.request.correlation), again), 0);
        end();
    }
}

static void client_info(void **state)
{
    static const struct rms_pair both[] = {{"User-Agent", "curl/8"}, {"X-MS-RMS-Platform-Id", "AppName=x;"}};
    static const struct rms_pair empty[] = {{"User-Agent", "curl/8"}, {"x-ms-rms-platform-id", ""}};
    (void)state;
    assert_int_equal(begin("GET", "/my/v2/templates", both, 2), 0);
    assert_string_equal(exchange.request.client_info, "AppName=x;");
    end();
    assert_int_equal(begin("GET", "/my/v2/templates", empty, 2), 0);
    assert_string_equal(exchange.request.client_info, "curl/8");
    end();
    assert_int_equal(begin("GET", "/my/v2/templates", NULL, 0), 0);
    assert_string_equal(exchange.request.client_info, "");
    end();
}

static void heads(void **state)
{
    static const struct rms_pair token = {"Authorization", "Bearer x"};
    (void)state;
    assert_int_equal(begin("GET", "/nothing", NULL, 0), RMS_E_NOT_FOUND);
    end();
    assert_int_equal(begin("DELETE", "/my/v2/templates", NULL, 0), RMS_E_METHOD);
    assert_string_equal(exchange.allow, "GET");
    end();
    assert_int_equal(begin("GET", "/x/oauth2/token", NULL, 0), RMS_E_METHOD);
    assert_string_equal(exchange.allow, "POST");
    end();
    assert_int_equal(begin("PUT", "/admin/v1/tenants/T/users/U", NULL, 0), RMS_E_METHOD);
    end();
    /* the operator's rows do not exist on the network */
    assert_int_equal(begin("GET", "/admin/v1/health", NULL, 0), RMS_E_NOT_FOUND);
    assert_null(exchange.request.route);
    end();
    /* a probe's body is not kept, a bearer's is */
    assert_int_equal(begin("POST", "/my/v2/enduserlicenses", NULL, 0), 0);
    assert_true(exchange.body_discard);
    end();
    assert_int_equal(begin("POST", "/my/v2/enduserlicenses", &token, 1), 0);
    assert_false(exchange.body_discard);
    assert_true(exchange.body_max > 8u << 20);
    end();
}

static const char *response_header(const char *name)
{
    return MHD_get_response_header(exchange.response, name);
}

static void work(const char *body)
{
    rms_buf_init(&exchange.body, 1u << 20);
    rms_buf_append_str(&exchange.body, body);
    exchange.request.body = rms_buf_view(&exchange.body);
    rms_front_work(&stage.worker, &exchange);
    assert_non_null(exchange.response);
    assert_null(exchange.body.data);
}

/* touches: S-036, S-279: whoever comes without a token gets a challenge and nothing else */
static void nobody_is_challenged(void **state)
{
    static const char *const lines[][2] = {{"GET", "/my/v2/servicediscovery"}, {"GET", "/my/v1/templates"},
        {"POST", "/my/v2/enduserlicenses"}, {"POST", "/my/v2/publishinglicenses"},
        {"POST", "/my/v2/accountcertificates"}, {"POST", "/my/v2/clientlogs/debug"}};
    static const struct rms_pair bad[] = {{"Authorization", "Bearer x.y.z"}, {"Authorization", "Basic eDp5"},
        {"Authorization", "Bearer "}, {"Authorization", ""}};
    (void)state;
    for (size_t i = 0; i < RMS_COUNT(lines); i++) {
        for (size_t j = 0; j <= RMS_COUNT(bad); j++) {
            assert_int_equal(begin(lines[i][0], lines[i][1], j > 0 ? &bad[j - 1] : NULL, j > 0 ? 1 : 0), 0);
            work("{}");
            assert_int_equal(exchange.reply.status, 401);
            const char *challenge = response_header("WWW-Authenticate");
            assert_non_null(challenge);
            assert_memory_equal(challenge, "Bearer authorization_uri=\"https://", 34);
            assert_non_null(strstr(rms_buf_text(&exchange.reply.body), "\"Reason\":\"not-authenticated\""));
            assert_string_equal(response_header("x-ms-rms-request-id"), exchange.request.correlation);
            assert_string_equal(response_header("Cache-Control"), "no-store");
            end();
        }
    }
}

static void information_is_for_anyone(void **state)
{
    (void)state;
    assert_int_equal(begin("GET", "/_wmcs/licensing", NULL, 0), 0);
    work("");
    assert_int_equal(exchange.reply.status, 0);
    assert_non_null(strstr(rms_buf_text(&exchange.reply.body), "/my/v2/servicediscovery"));
    assert_non_null(response_header("Content-Security-Policy"));
    assert_non_null(response_header("Strict-Transport-Security"));
    end();
}

static void operators_come_by_the_socket(void **state)
{
    static const struct rms_pair text = {"Content-Type", "text/xml"};
    (void)state;
    exchange = (struct rms_exchange){.raw_query = "limit=x"};
    rms_buf_init(&exchange.reply.body, 1u << 20);
    exchange.request = (struct rms_request){.method = RMS_METHOD_GET,
        .path = stage_printf("/admin/v1/tenants/%s/log/usage", stage.contoso),
        .client_ip = "",
        .admin_socket = true};
    assert_int_equal(rms_front_begin(&stage.front, &exchange), 0);
    work("");
    assert_int_equal(exchange.reply.status, 400);
    assert_non_null(strstr(rms_buf_text(&exchange.reply.body), "limit"));
    end();
    exchange = (struct rms_exchange){.raw_query = ""};
    rms_buf_init(&exchange.reply.body, 1u << 20);
    exchange.request = (struct rms_request){.method = RMS_METHOD_POST,
        .path = "/admin/v1/tenants",
        .headers = &text,
        .header_count = 1,
        .client_ip = "",
        .admin_socket = true};
    assert_int_equal(rms_front_begin(&stage.front, &exchange), 0);
    work("<x/>");
    assert_int_equal(exchange.reply.status, 415);
    end();
}

static void refusals_have_a_body(void **state)
{
    (void)state;
    exchange = (struct rms_exchange){0};
    rms_buf_init(&exchange.reply.body, 1u << 20);
    exchange.request.client_ip = "";
    rms_front_refuse(&stage.front, &exchange, RMS_E_UNREACHABLE);
    rms_http_prepare(&exchange);
    assert_int_equal(exchange.reply.status, 503);
    assert_non_null(response_header("Retry-After"));
    end();
}

static int open_all(void **state)
{
    int rc = stage_open(state);
    stage.worker.arena = rms_arena_new(64u << 20);
    assert_int_equal(rms_tokens_new(&stage.front, &stage.front.tokens), 0);
    return rc;
}

static int close_all(void **state)
{
    rms_tokens_free(&stage.front.tokens);
    rms_arena_free(&stage.worker.arena);
    return stage_close(state);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(correlation),
        cmocka_unit_test(client_info),
        cmocka_unit_test(heads),
        cmocka_unit_test(nobody_is_challenged),
        cmocka_unit_test(information_is_for_anyone),
        cmocka_unit_test(operators_come_by_the_socket),
        cmocka_unit_test(refusals_have_a_body),
    };
    return cmocka_run_group_tests(tests, open_all, close_all);
}
