/* Mail to send, and which events it tells of. */
#include "store/testing.h"

#include "store/mail.h"
#include "store/notify.h"

#define ID_1  "11111111-1111-1111-1111-111111111111"
#define ALICE "alice@contoso.test"
#define BOB   "bob@contoso.test"

static struct rms_mail mail_of(const char *tenant, const char *recipient, int64_t next_at, int64_t give_up_at)
{
    return (struct rms_mail){.tenant_id = tenant,
        .kind = "notice",
        .recipient = recipient,
        .ref = "",
        .next_at = next_at,
        .give_up_at = give_up_at};
}

static void put(struct lab *lab, const struct rms_mail *mail)
{
    assert_int_equal(rms_mail_put(lab->db, mail), 0);
}

static void one_row_for_a_person(void **state)
{
    struct lab *lab = *state;
    const char *tenant = lab_tenant(lab, "contoso.test", NULL);
    struct rms_mail mail = mail_of(tenant, ALICE, 100, 500);
    struct rms_mails list;
    int64_t count;

    put(lab, &mail);
    mail.next_at = 50;
    put(lab, &mail); /* waits already: stays */
    mail.recipient = BOB;
    put(lab, &mail);
    assert_int_equal(rms_mail_list(lab->db, lab->arena, tenant, &list), 0);
    assert_int_equal(list.count, 2);
    assert_string_equal(list.items[0].recipient, BOB);
    assert_int_equal(list.items[1].next_at, 100);
    assert_int_equal(rms_mail_count(lab->db, tenant, "notice", &count), 0);
    assert_int_equal(count, 2);
    assert_int_equal(rms_mail_count(lab->db, tenant, "daily", &count), 0);
    assert_int_equal(count, 0);
}

static void claimed_once_and_never_lost(void **state)
{
    struct lab *lab = *state;
    const char *tenant = lab_tenant(lab, "contoso.test", NULL);
    struct rms_mail mail = mail_of(tenant, ALICE, 100, 5000);
    struct rms_mail urgent = mail_of(tenant, BOB, 110, 200);
    struct rms_mail got;

    put(lab, &mail);
    put(lab, &urgent);
    assert_int_equal(rms_mail_claim(lab->db, lab->arena, 99, 190, &got), RMS_E_NOT_FOUND);
    assert_int_equal(rms_mail_claim(lab->db, lab->arena, 120, 210, &got), 0);
    assert_string_equal(got.recipient, BOB); /* whose end is nearer */
    assert_int_equal(got.attempts, 1);
    assert_int_equal(rms_mail_claim(lab->db, lab->arena, 120, 210, &got), 0);
    assert_string_equal(got.recipient, ALICE);
    assert_int_equal(rms_mail_claim(lab->db, lab->arena, 209, 300, &got), RMS_E_NOT_FOUND);
    /* whoever had it is gone: again, under the same name */
    assert_int_equal(rms_mail_claim(lab->db, lab->arena, 210, 300, &got), 0);
    assert_int_equal(got.attempts, 2);
    assert_int_equal(rms_mail_later(lab->db, got.id, 260), 0);
    assert_int_equal(rms_mail_claim(lab->db, lab->arena, 260, 350, &got), 0);
}

static void sent_rows_keep_the_pace(void **state)
{
    struct lab *lab = *state;
    const char *tenant = lab_tenant(lab, "contoso.test", NULL);
    struct rms_mail mail = mail_of(tenant, ALICE, 100, 5000);
    const struct rms_mail_pace pace = {
        .sent = true, .now = 120, .next_at = 135, .give_up_at = 9, .pause_s = 15};
    struct rms_mail got;

    put(lab, &mail);
    assert_int_equal(rms_mail_claim(lab->db, lab->arena, 120, 210, &got), 0);
    assert_int_equal(rms_mail_settle(lab->db, got.id, &pace), 0);
    assert_int_equal(rms_mail_claim(lab->db, lab->arena, 1000, 1090, &got), RMS_E_NOT_FOUND);
    mail.next_at = 121;
    put(lab, &mail);
    assert_int_equal(rms_mail_claim(lab->db, lab->arena, 134, 220, &got), RMS_E_NOT_FOUND);
    assert_int_equal(rms_mail_claim(lab->db, lab->arena, 135, 220, &got), 0);
    assert_int_equal(got.sent_count, 1);
    assert_int_equal(got.sent_at, 120);
    assert_int_equal(got.pause_s, 15);
    assert_int_equal(got.give_up_at, 5000);
    assert_int_equal(got.attempts, 1);
    assert_int_equal(rms_mail_settle(lab->db, got.id, &pace), 0);
    assert_int_equal(rms_mail_sweep(lab->db, 135), 0);
    assert_int_equal(rms_mail_lock(lab->db, got.id), 0);
    assert_int_equal(rms_mail_sweep(lab->db, 136), 0);
    assert_int_equal(rms_mail_lock(lab->db, got.id), RMS_E_NOT_FOUND);
}

/* --- events --------------------------------------------------------------------------------------------- */

static void happens(struct lab *lab, const char *tenant, const char *who, const char *result, int64_t time)
{
    const struct rms_usage_row row = {.tenant_id = tenant,
        .time = time,
        .row_id = lab_guid(lab),
        .request_type = "AcquireLicense",
        .user_id = who,
        .result = result,
        .content_id = ID_1,
        .owner_email = ALICE,
        .issuer = ALICE,
        .date_published = LAB_TIME,
        .membership_age_s = -1};

    assert_int_equal(lab_append_usage(lab, &row, 1), 0);
}

static int count_rows(const struct rms_usage_row *row, void *context)
{
    (void)row;
    ++*(int *)context;
    return 0;
}

static void scan(struct lab *lab, int64_t now)
{
    bool more = true;

    while (more) {
        assert_int_equal(rms_notify_scan(lab->db, now, 2, &more), 0);
    }
}

static size_t due(struct lab *lab, const char *tenant, const char *kind, struct rms_notice_documents *list)
{
    const struct rms_notice_query query = {tenant, ALICE, kind, 10};

    assert_int_equal(rms_notice_documents(lab->db, lab->arena, &query, list), 0);
    return list->count;
}

static struct rms_tracked document_of(const char *tenant, unsigned notify)
{
    return (struct rms_tracked){.key = {tenant, ID_1, ALICE},
        .owner = ALICE,
        .name = "plan.txt",
        .published_at = LAB_TIME,
        .registered_at = LAB_TIME,
        .notify = notify};
}

static void finds_what_was_asked_for(void **state)
{
    struct lab *lab = *state;
    const char *tenant = lab_tenant(lab, "contoso.test", NULL);
    struct rms_tracked document = document_of(tenant, RMS_NOTIFY_REFUSED);
    struct rms_notice_documents list;
    struct rms_notice_counts counts;
    struct rms_mails mails;
    int shown = 0;

    assert_int_equal(rms_tracked_register(lab->db, &document, 1), 0);
    happens(lab, tenant, BOB, "AccessDenied", LAB_TIME - 1); /* before anybody asked */
    happens(lab, tenant, BOB, "Success", LAB_TIME + 1);
    happens(lab, tenant, ALICE, "AccessDenied", LAB_TIME + 1); /* herself */
    happens(lab, tenant, NULL, "AccessDenied", LAB_TIME + 1);  /* S-155: only in the usage log */
    scan(lab, LAB_TIME + 2);
    assert_int_equal(due(lab, tenant, RMS_NOTICE, &list), 0);
    happens(lab, tenant, BOB, "AccessDenied", LAB_TIME + 3);
    happens(lab, tenant, "x@evil.test", "AccessDenied", LAB_TIME + 4);
    scan(lab, LAB_TIME + 5);
    scan(lab, LAB_TIME + 5);
    assert_int_equal(due(lab, tenant, RMS_NOTICE_DAILY, &list), 0);
    assert_int_equal(due(lab, tenant, RMS_NOTICE, &list), 1);
    assert_string_equal(list.items[0].name, "plan.txt");
    assert_int_equal(rms_notice_count(lab->db, &list.items[0], &counts), 0);
    assert_int_equal(counts.refused, 2);
    assert_int_equal(counts.opened, 0);
    assert_int_equal(rms_notice_events(lab->db, &list.items[0], 1, count_rows, &shown), 0);
    assert_int_equal(shown, 1);
    assert_int_equal(rms_mail_list(lab->db, lab->arena, tenant, &mails), 0);
    assert_int_equal(mails.count, 1);
    assert_string_equal(mails.items[0].recipient, ALICE);

    /* something more while a letter is on its way: told later */
    happens(lab, tenant, BOB, "AccessDenied", LAB_TIME + 6);
    scan(lab, LAB_TIME + 7);
    assert_int_equal(rms_notice_told(lab->db, &list.items[0]), 0);
    assert_int_equal(due(lab, tenant, RMS_NOTICE, &list), 1);
    assert_int_equal(rms_notice_count(lab->db, &list.items[0], &counts), 0);
    assert_int_equal(counts.refused, 1);
    assert_int_equal(rms_notice_told(lab->db, &list.items[0]), 0);
    assert_int_equal(due(lab, tenant, RMS_NOTICE, &list), 0);
}

static void follows_what_is_wanted(void **state)
{
    struct lab *lab = *state;
    const char *tenant = lab_tenant(lab, "contoso.test", NULL);
    struct rms_tracked document = document_of(tenant, 0);
    struct rms_notice_documents list;
    struct rms_tracked got;

    assert_int_equal(rms_tracked_register(lab->db, &document, 1), 0);
    happens(lab, tenant, BOB, "Success", LAB_TIME + 1);
    document.notify = RMS_NOTIFY_OPENED | RMS_NOTIFY_WEEKLY;
    document.registered_at = LAB_TIME + 10;
    assert_int_equal(rms_tracked_register(lab->db, &document, 1), 0);
    document.notify = RMS_NOTIFY_UNCHANGED;
    document.registered_at = LAB_TIME + 20;
    assert_int_equal(rms_tracked_register(lab->db, &document, 1), 0);
    assert_int_equal(rms_tracked_get(lab->db, lab->arena, &document.key, &got), 0);
    assert_int_equal(got.notify, RMS_NOTIFY_OPENED | RMS_NOTIFY_WEEKLY);
    happens(lab, tenant, BOB, "Success", LAB_TIME + 15); /* after it was asked for */
    scan(lab, LAB_TIME + 30);
    assert_int_equal(due(lab, tenant, RMS_NOTICE_WEEKLY, &list), 1);
    document.notify = 0;
    assert_int_equal(rms_tracked_register(lab->db, &document, 1), 0);
    assert_int_equal(due(lab, tenant, RMS_NOTICE_WEEKLY, &list), 0);
}

static void times_of_summaries(void **state)
{
    const int64_t monday = 1900022400 - 1900022400 % RMS_DAY_S; /* 2030-03-18 */

    (void)state;
    assert_int_equal(rms_notice_time(RMS_NOTICE, monday + 5), monday + 5);
    assert_int_equal(rms_notice_time(RMS_NOTICE_DAILY, monday), monday + RMS_DAY_S);
    assert_int_equal(rms_notice_time(RMS_NOTICE_DAILY, monday - 1), monday);
    assert_int_equal(rms_notice_time(RMS_NOTICE_WEEKLY, monday - 1), monday);
    assert_int_equal(rms_notice_time(RMS_NOTICE_WEEKLY, monday + 1), monday + 7 * RMS_DAY_S);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        LAB_TEST(one_row_for_a_person),
        LAB_TEST(claimed_once_and_never_lost),
        LAB_TEST(sent_rows_keep_the_pace),
        LAB_TEST(finds_what_was_asked_for),
        LAB_TEST(follows_what_is_wanted),
        cmocka_unit_test(times_of_summaries),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
