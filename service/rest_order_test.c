/* The order of the checks before a use licence (S-130): one forged input a step, and every pair of them. */
#include "service/rest_device_test.h"

#include "xrml/xwrite.h"

enum step {
    TENANT,
    CLIENT,
    RAC_SIGNATURE,
    RAC_TIME,
    RAC_TRUST,
    RAC_EXCLUDED,
    PL_SIGNATURE,
    PL_KEY,
    PL_TIME,
    ACCOUNT,
    REVOKED,
    RIGHTS,
    END,
    STEPS
};

#define BIT(step) (1u << (step))

/* What a document of each kind of fault is made with; two content ids, one of them revoked. */
struct order {
    struct device foreign, gus;
    char ids[2][RMS_GUID_TEXT];
    int64_t published, now;
};

static char *changed(struct device *d, const char *base64, const char *what)
{
    struct rms_view bytes = decode(d->arena, base64);
    char *at = memmem(bytes.data, bytes.len, what, strlen(what));
    assert_non_null(at);
    *at ^= 0x20;
    return encode(bytes);
}

/* The licence with a validity that is over, signed again. */
static char *timed(struct device *d, const char *base64)
{
    static const char over[] =
        "<VALIDITYTIME><FROM>2001-01-01T00:00</FROM><UNTIL>2001-01-02T00:00</UNTIL></VALIDITYTIME>";
    RMS_BUF_CLEANUP struct rms_buf body = RMS_BUF_INIT(1u << 20);
    RMS_BUF_CLEANUP struct rms_buf pl = RMS_BUF_INIT(1u << 20);
    struct rms_signer signer = rms_signer_local(d->publish);
    struct rms_view whole = decode(d->arena, base64);
    const char *text = rms_arena_text(d->arena, whole);
    const char *begin = strstr(text, "<BODY");
    const char *issued = strstr(text, "</ISSUEDTIME>") + strlen("</ISSUEDTIME>");
    const char *end = strstr(text, "</BODY>") + strlen("</BODY>");
    const char *rest = strstr(text, "</XrML>") + strlen("</XrML>");
    rms_buf_append(&body, begin, (size_t)(issued - begin));
    rms_buf_append_str(&body, over);
    rms_buf_append(&body, issued, (size_t)(end - issued));
    assert_int_equal(rms_xw_signed(&signer, rms_buf_view(&body), NULL, &pl), 0);
    rms_buf_append_str(&pl, rest);
    return encode(rms_buf_view(&pl));
}

static char *faulty_licence(struct order *order, unsigned faults)
{
    struct rms_grant grants[2];
    struct offline o;
    struct device author = alice;
    if ((faults & BIT(PL_KEY)) != 0) {
        author.server = order->foreign.server;
    }
    stage.now = order->published;
    offline_begin(&o, &author);
    rms_guid_copy(o.content_id, order->ids[(faults & BIT(REVOKED)) != 0]);
    for (size_t i = 0; i < 2; i++) {
        static const char *const named[2][2] = {
            {"bob@contoso.test", "gus@contoso.test"}, {"x@contoso.test", "y@contoso.test"}};
        offline_grant(&o, named[(faults & BIT(RIGHTS)) != 0][i], RMS_RIGHT_VIEW);
        grants[i] = o.policy.grants[0];
    }
    o.policy.grants = grants;
    o.policy.grant_count = 2;
    if ((faults & BIT(END)) != 0) {
        o.policy.expiry = RMS_EXPIRY_AFTER_DAYS;
        o.policy.expiry_days = 10;
    }
    seal_ad_hoc(&o);
    char *pl = sign_licence(&o);
    char *other = (faults & BIT(PL_TIME)) != 0 ? timed(&author, pl) : rms_strdup(pl);
    rms_free(pl);
    pl = (faults & BIT(PL_SIGNATURE)) != 0 ? changed(&alice, other, "alice@contoso.test") : rms_strdup(other);
    rms_free(other);
    return pl;
}

static void tenant_state(const char *name)
{
    assert_int_equal(stage_admin(stage_printf("POST /admin/v1/tenants/%s/state", stage.contoso),
                         stage_printf("{\"State\":\"%s\"}", name)),
        0);
}

/* What administrators set, or take back. */
static void set_rules(const struct device *d, unsigned faults, bool on)
{
    if ((faults & BIT(TENANT)) != 0) {
        tenant_state(on ? "Disabled" : "Enabled");
    }
    if ((faults & BIT(CLIENT)) != 0) {
        assert_int_equal(stage_admin(stage_printf("POST /admin/v1/tenants/%s/platforms", stage.contoso),
                             on ? "{\"Disable\":[\"ios\"]}" : "{\"Enable\":[\"iOS\"]}"),
            0);
        stage.client = on ? "AppName=x;DevicePlatform=iOS;" : NULL;
    }
    if ((faults & BIT(RAC_EXCLUDED)) != 0) {
        char key[RMS_KEY_TEXT];
        rms_key_text(&d->rac.node->subject_key, key);
        assert_int_equal(stage_admin(stage_printf("POST /admin/v1/tenants/%s/exclusions", stage.contoso),
                             stage_printf("{\"%s\":[\"%s\"]}", on ? "AddKeys" : "RemoveKeys", key)),
            0);
    }
}

/* Asks with these faults; what the log row says of it is in stage.trace. */
static int ask_faulty(struct order *order, struct device *reader, unsigned faults)
{
    struct device *d = (faults & BIT(ACCOUNT)) != 0 ? &order->gus : reader;
    struct device *source = (faults & BIT(RAC_TRUST)) != 0 ? &fay : d;
    char *pl = faulty_licence(order, faults);
    bool forged = (faults & BIT(RAC_SIGNATURE)) != 0;
    char *rac = forged ? changed(source, source->rac_text, source->person) : rms_strdup(source->rac_text);
    stage.now = order->now + ((faults & BIT(RAC_TIME)) != 0 ? 60 * RMS_DAY_S : 0);
    set_rules(d, faults, true);
    (void)use(d, rac, pl);
    int code = stage.logged;
    char trace[sizeof stage.trace];
    memcpy(trace, stage.trace, sizeof trace);
    set_rules(d, faults, false);
    memcpy(stage.trace, trace, sizeof trace);
    rms_free(rac);
    rms_free(pl);
    return code;
}

/* What is the reason alone, in the order of S-130. */
static const struct {
    const char *name;
    int code;
} steps[STEPS] = {
    [TENANT] = {"tenant state", RMS_E_TENANT_DISABLED},
    [CLIENT] = {"client", RMS_E_PLATFORM_DISABLED},
    [RAC_SIGNATURE] = {"RAC signature", RMS_E_BAD_SIGNATURE},
    [RAC_TIME] = {"RAC time", RMS_E_RAC_EXPIRED},
    [RAC_TRUST] = {"RAC trust", RMS_E_RAC_UNTRUSTED},
    [RAC_EXCLUDED] = {"RAC exclusion", RMS_E_RAC_EXCLUDED},
    [PL_SIGNATURE] = {"PL signature", RMS_E_BAD_SIGNATURE},
    [PL_KEY] = {"PL key", RMS_E_UNKNOWN_KEY},
    [PL_TIME] = {"PL time", RMS_E_EXPIRED},
    [ACCOUNT] = {"account", RMS_E_ACCOUNT_NEWER},
    [REVOKED] = {"revocation", RMS_E_REVOKED},
    [RIGHTS] = {"rights", RMS_E_NO_RIGHTS},
    [END] = {"content's end", RMS_E_EXPIRED},
};

/* Another service: the same kind of certificate under a key of its own. */
static void make_foreign(struct device *d)
{
    RMS_BUF_CLEANUP struct rms_buf slc = RMS_BUF_INIT(65536);
    const struct rms_slc_request request = {.guid = "0d5c7b0e-6a55-4b0b-9a3f-3f5f1d2f8a01",
        .name = "Elsewhere",
        .url = "https://rms.elsewhere.test/_wmcs",
        .tenant_id = "0d5c7b0e-6a55-4b0b-9a3f-3f5f1d2f8a02",
        .issued_at = stage.now,
        .valid_until = stage.now + 3650 * RMS_DAY_S};
    d->arena = rms_arena_new(8u << 20);
    assert_int_equal(rms_rsa_generate(2048, &d->machine), 0);
    struct rms_signer signer = rms_signer_local(d->machine);
    assert_int_equal(rms_slc_build(&request, &signer, &slc), 0);
    const char *text = rms_arena_text(d->arena, rms_buf_view(&slc));
    assert_int_equal(rms_server_init(d->arena, rms_view_str(text), request.url, request.url, &d->server), 0);
}

static void revoke_second(struct order *order)
{
    char *pl = faulty_licence(order, BIT(REVOKED));
    assert_int_equal(
        stage_call(as("alice@contoso.test"), "POST /my/v2/documents",
            stage_printf("{\"Documents\":[{\"SerializedPublishingLicense\":\"%s\",\"ContentName\":\"x\","
                         "\"NotificationType\":\"Disabled\"}]}",
                pl)),
        0);
    assert_int_equal(stage.logged, 0);
    assert_int_equal(stage_call(as("alice@contoso.test"),
                         stage_printf("POST /my/v2/documents/%s/revoke", order->ids[1]), ""),
        0);
    rms_free(pl);
}

/* gus comes 20 days after the documents were made, when everybody asks. */
static void order_begin(struct order *order)
{
    *order = (struct order){.published = stage.now, .now = stage.now + 20 * RMS_DAY_S};
    rms_guid_new(order->ids[0]);
    rms_guid_new(order->ids[1]);
    make_foreign(&order->foreign);
    revoke_second(order);
    stage.now = order->now;
    stage_user(stage.contoso, "gus@contoso.test");
    bootstrap(&order->gus, "gus@contoso.test");
}

static void expect_reason(struct order *order, enum step step, enum step later)
{
    char alone[sizeof stage.trace];
    int code = ask_faulty(order, &bob, BIT(step));
    if (code != steps[step].code) {
        fail_msg("%s alone: %s", steps[step].name, stage.trace);
    }
    assert_false(stage.names_content && step < PL_TIME);
    memcpy(alone, stage.trace, sizeof alone);
    (void)ask_faulty(order, &bob, BIT(step) | BIT(later));
    if (strcmp(stage.trace, alone) != 0) {
        fail_msg("%s with %s: %s, not %s", steps[step].name, steps[later].name, stage.trace, alone);
    }
}

/* The reason is that of the first step that fails, and the log row is the same as if no other did: no later
 * step leaves a trace. The age of an account matters only to what is granted to its address (S-042): without
 * a grant there is nothing to refuse for it. proves: S-130 */
static void the_first_failure_is_the_reason(void **state)
{
    struct order *order = *state;
    assert_int_equal(ask_faulty(order, &bob, 0), 0);
    assert_true(stage.names_content);
    for (enum step step = 0; step < STEPS; step++) {
        for (enum step later = step + 1; later < STEPS; later++) {
            if (step != ACCOUNT || later != RIGHTS) {
                expect_reason(order, step, later);
            }
        }
    }
    assert_int_equal(ask_faulty(order, &bob, BIT(END)), RMS_E_EXPIRED);
    for (enum step step = 0; step < ACCOUNT; step++) { /* all that can be wrong from here on */
        assert_int_equal(ask_faulty(order, &bob, BIT(STEPS) - BIT(step)), steps[step].code);
    }
}

/* The issuer and super users are exempt from what the policy says, not from what is forged.
 * touches: S-130 */
static void exempt_users_stop_at_forgeries(void **state)
{
    const unsigned policy = BIT(PL_TIME) | BIT(REVOKED) | BIT(RIGHTS) | BIT(END);
    struct device *const exempt[] = {&alice, &carol};
    struct order *order = *state;
    assert_int_equal(stage_admin(stage_printf("POST /admin/v1/tenants/%s/superusers", stage.contoso),
                         "{\"Enabled\":true,\"Add\":[\"carol@contoso.test\"]}"),
        0);
    for (size_t i = 0; i < RMS_COUNT(exempt); i++) {
        assert_int_equal(ask_faulty(order, exempt[i], policy), 0);
        for (enum step step = 0; step < PL_TIME; step++) {
            assert_int_equal(ask_faulty(order, exempt[i], policy | BIT(step)), steps[step].code);
        }
    }
    assert_int_equal(stage_admin(stage_printf("POST /admin/v1/tenants/%s/superusers", stage.contoso),
                         "{\"Enabled\":false,\"Remove\":[\"carol@contoso.test\"]}"),
        0);
    assert_int_equal(ask_faulty(order, &carol, policy), RMS_E_EXPIRED);
}

static int open_order(void **state)
{
    static struct order order;
    int rc = open_all(state);
    order_begin(&order);
    *state = &order;
    return rc;
}

static int close_order(void **state)
{
    struct order *order = *state;
    stage.now = order->published;
    device_end(&order->foreign);
    device_end(&order->gus);
    return close_all(state);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_first_failure_is_the_reason),
        cmocka_unit_test(exempt_users_stop_at_forgeries),
    };
    return cmocka_run_group_tests(tests, open_order, close_order);
}
