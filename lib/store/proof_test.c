/* Proofs that somebody reads an address. */
#include "store/testing.h"

#include "store/mail.h"
#include "store/proof.h"

#define GINA "gina@mail.test"

static struct rms_proof ask(struct lab *lab, const char *tenant, const char *address, int64_t now, int code)
{
    const struct rms_proof proof = {.id = lab_guid(lab),
        .tenant_id = tenant,
        .kind = RMS_PROOF_PASSCODE,
        .address = address,
        .created_at = now,
        .expires_at = now + RMS_PROOF_PASSCODE_S};

    assert_int_equal(rms_proof_begin(lab->db, &proof), code);
    return proof;
}

static void tried_five_times_used_once(void **state)
{
    struct lab *lab = *state;
    const char *tenant = lab_tenant(lab, "contoso.test", NULL);
    struct rms_proof first = ask(lab, tenant, GINA, LAB_TIME, 0);
    struct rms_proof proof;
    struct rms_proof got;

    assert_int_equal(rms_proof_get(lab->db, lab->arena, &first, &got), 0);
    assert_null(got.hash);
    assert_string_equal(got.address, GINA);
    assert_int_equal(rms_proof_set_hash(lab->db, first.id, "$y$x"), 0);
    for (int i = 0; i < RMS_PROOF_TRIES; i++) {
        assert_int_equal(rms_proof_try(lab->db, first.id, LAB_TIME + 1), 0);
    }
    assert_int_equal(rms_proof_try(lab->db, first.id, LAB_TIME + 1), RMS_E_NOT_FOUND);

    proof = ask(lab, tenant, GINA, LAB_TIME + 2, 0);
    assert_int_equal(rms_proof_try(lab->db, proof.id, proof.expires_at), RMS_E_NOT_FOUND);
    assert_int_equal(rms_proof_try(lab->db, proof.id, proof.expires_at - 1), 0);
    assert_int_equal(rms_proof_take(lab->db, proof.id, LAB_TIME + 3), 0);
    assert_int_equal(rms_proof_take(lab->db, proof.id, LAB_TIME + 3), RMS_E_NOT_FOUND);
    assert_int_equal(rms_proof_try(lab->db, proof.id, LAB_TIME + 3), RMS_E_NOT_FOUND);

    /* another kind, another tenant */
    got = proof;
    got.kind = RMS_PROOF_SIGNUP;
    assert_int_equal(rms_proof_get(lab->db, lab->arena, &got, &got), RMS_E_NOT_FOUND);
    got = proof;
    got.tenant_id = lab_tenant(lab, "fabrikam.test", NULL);
    assert_int_equal(rms_proof_get(lab->db, lab->arena, &got, &got), RMS_E_NOT_FOUND);
}

static void the_newest_counts(void **state)
{
    struct lab *lab = *state;
    const char *tenant = lab_tenant(lab, "contoso.test", NULL);
    struct rms_proof old = ask(lab, tenant, GINA, LAB_TIME, 0);
    struct rms_proof other = ask(lab, tenant, "hugo@mail.test", LAB_TIME, 0);
    struct rms_proof fresh = ask(lab, tenant, GINA, LAB_TIME + 1, 0);

    assert_int_equal(rms_proof_try(lab->db, old.id, LAB_TIME + 2), RMS_E_NOT_FOUND);
    assert_int_equal(rms_proof_try(lab->db, fresh.id, LAB_TIME + 2), 0);
    assert_int_equal(rms_proof_try(lab->db, other.id, LAB_TIME + 2), 0);
}

static void not_more_than_five_an_hour(void **state)
{
    struct lab *lab = *state;
    const char *tenant = lab_tenant(lab, "contoso.test", NULL);
    struct rms_mails mails;

    for (int i = 0; i < RMS_PROOF_AN_HOUR; i++) {
        (void)ask(lab, tenant, GINA, LAB_TIME + i, 0);
    }
    (void)ask(lab, tenant, GINA, LAB_TIME + 100, RMS_E_THROTTLED);
    (void)ask(lab, tenant, "hugo@mail.test", LAB_TIME + 100, 0);
    (void)ask(lab, tenant, GINA, LAB_TIME + 3601, 0);
    assert_int_equal(rms_mail_list(lab->db, lab->arena, tenant, &mails), 0);
    assert_int_equal(mails.count, RMS_PROOF_AN_HOUR + 2);
    assert_int_equal(rms_proof_sweep(lab->db, LAB_TIME + 3602), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        LAB_TEST(tried_five_times_used_once),
        LAB_TEST(the_newest_counts),
        LAB_TEST(not_more_than_five_an_hour),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
