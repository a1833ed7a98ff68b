/* What an application refused is kept for the service: once, in bounds, and only what was refused. */
#include "client/refusal.h"

#include <jansson.h>
#include <stdio.h>

#include "base/clock.h"
#include "base/json.h"
#include "client/context.h"
#include "client/testing/people.h"

/* The document as bob has it open, who may look and print. */
static struct rms_document *open_for_bob(struct fixture *f, struct rms_file_result *result)
{
    const struct rms_test_use use = {RMS_TEST_BOB, "stranger", RMS_RIGHT_VIEW | RMS_RIGHT_PRINT,
        rms_clock_now() + RMS_DAY_S, RMS_TIME_NONE};
    const char *path = rms_test_path(&f->issuer, "plan.txt");
    struct rms_document *document = NULL;

    rms_test_fill(path, 100);
    assert_int_equal(rms_protect_file(f->alice, path, f->policy, NULL, result), 0);
    rms_issuer_license(&f->issuer, f->bob, result->output, &use);
    assert_int_equal(rms_document_open_file(f->bob, result->output, &document), 0);
    return document;
}

static json_t *kept(struct rms_context *context, const char *address)
{
    struct rms_buf RMS_BUF_CLEANUP text = RMS_BUF_INIT(1024 * 1024);
    const struct rms_vault_place place = {RMS_VAULT_REFUSALS, address, RMS_VIEW_LITERAL("refusals")};
    json_t *list = NULL;

    if (rms_vault_get(context->vault, &place, &text) != 0) {
        return json_array();
    }
    assert_int_equal(rms_json_parse(rms_buf_view(&text), &list), 0);
    return list;
}

static void kept_once_and_with_its_facts(void **state)
{
    struct fixture *f = *state;
    struct rms_file_result made;
    struct rms_document *document = open_for_bob(f, &made);
    json_t RMS_JSON_CLEANUP *list = NULL;

    assert_string_equal(rms_document_missing(document, RMS_ACTION_SAVE), "EDIT");
    assert_string_equal(rms_document_missing(document, RMS_ACTION_COMMENT), "EDIT");
    assert_null(rms_document_missing(document, RMS_ACTION_PRINT));
    assert_null(rms_document_missing(document, RMS_ACTION_COUNT));
    assert_null(rms_document_missing(NULL, RMS_ACTION_PRINT));
    for (int i = 0; i < 3; i++) {
        assert_int_equal(rms_document_refused(document, "extract"), 0);
    }
    assert_int_equal(rms_document_refused(document, "Our.Stamp"), 0);
    list = kept(f->bob, RMS_TEST_BOB);
    assert_int_equal(json_array_size(list), 2);
    assert_string_equal(rms_json_str(json_array_get(list, 0), "Right"), "EXTRACT");
    assert_string_equal(rms_json_str(json_array_get(list, 1), "Right"), "OUR.STAMP");
    assert_string_equal(
        rms_json_str(json_array_get(list, 0), "ContentId"), rms_document_info(document)->content_id);
    assert_int_equal(rms_refusals_send(f->bob), RMS_E_NEEDS_ONLINE);
    rms_document_free(&document);
}

static void what_is_no_refusal(void **state)
{
    static const char *const none[] = {"PRINT", "view", "", "A B", NULL};
    struct fixture *f = *state;
    struct rms_file_result made;
    struct rms_document *document = open_for_bob(f, &made);
    json_t RMS_JSON_CLEANUP *list = NULL;

    for (size_t i = 0; i < RMS_COUNT(none); i++) {
        assert_int_equal(rms_document_refused(document, none[i]), RMS_E_BAD_ARGUMENT);
    }
    assert_int_equal(rms_document_refused(NULL, "EDIT"), RMS_E_BAD_ARGUMENT);
    f->bob->settings.track = false; /* his own wish */
    assert_int_equal(rms_document_refused(document, "EDIT"), 0);
    list = kept(f->bob, RMS_TEST_BOB);
    assert_int_equal(json_array_size(list), 0);
    rms_document_free(&document);
}

static void many_are_cut(void **state)
{
    struct fixture *f = *state;
    struct rms_file_result made;
    struct rms_document *document = open_for_bob(f, &made);
    json_t RMS_JSON_CLEANUP *list = NULL;
    char right[16];

    for (int i = 0; i < RMS_REFUSALS_MAX + 10; i++) {
        (void)snprintf(right, sizeof right, "RIGHT.%d", i);
        assert_int_equal(rms_document_refused(document, right), 0);
    }
    list = kept(f->bob, RMS_TEST_BOB);
    assert_int_equal(json_array_size(list), RMS_REFUSALS_MAX);
    assert_string_equal(rms_json_str(json_array_get(list, 0), "Right"), "RIGHT.10");
    rms_document_free(&document);
}

/* What librms refuses itself. */
static void refused_by_the_library(void **state)
{
    struct fixture *f = *state;
    struct rms_file_result made;
    struct rms_document *document = open_for_bob(f, &made);
    const char *path = rms_test_path(&f->issuer, "other.txt");
    json_t RMS_JSON_CLEANUP *list = NULL;
    struct rms_file_result result;

    rms_test_fill(path, 10);
    assert_int_equal(rms_document_save(document, path, made.output), RMS_E_NO_RIGHTS);
    assert_int_equal(rms_unprotect_file(f->bob, made.output, NULL, &result), RMS_E_NO_RIGHTS);
    list = kept(f->bob, RMS_TEST_BOB);
    assert_int_equal(json_array_size(list), 2);
    assert_string_equal(rms_json_str(json_array_get(list, 0), "Right"), "EDIT");
    assert_string_equal(rms_json_str(json_array_get(list, 1), "Right"), "EXPORT");
    rms_document_free(&document);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(kept_once_and_with_its_facts),
        TEST(what_is_no_refusal),
        TEST(many_are_cut),
        TEST(refused_by_the_library),
    };

    return cmocka_run_group_tests_name("client refusal", tests, NULL, NULL);
}
