/* Alice, who protects, Bob, who may look, and her policy, offline against an issuer made here: what tests of
 * files begin with. */
#ifndef RMS_CLIENT_TESTING_PEOPLE_H
#define RMS_CLIENT_TESTING_PEOPLE_H

#include "base/test.h"
#include "client/testing/issuer.h"
#include "xrml/testing/world.h"

struct fixture {
    struct rms_issuer issuer;
    struct rms_context *alice, *bob;
    struct rms_policy_builder *policy;
};

static inline int set_up(void **state)
{
    struct fixture *f = test_malloc(sizeof *f);

    rms_issuer_open(&f->issuer);
    f->alice = rms_issuer_context(&f->issuer, "alice");
    rms_issuer_enrol(&f->issuer, f->alice, RMS_TEST_ALICE, "user", 31);
    f->bob = rms_issuer_context(&f->issuer, "bob");
    rms_issuer_enrol_reader(&f->issuer, f->bob, RMS_TEST_BOB, "stranger");
    rms_must(rms_policy_custom(f->alice, &f->policy));
    rms_must(rms_policy_grant(f->policy, RMS_TEST_BOB, "VIEW", false));
    *state = f;
    return 0;
}

static inline int tear_down(void **state)
{
    struct fixture *f = *state;

    rms_policy_free(&f->policy);
    rms_context_free(&f->alice);
    rms_context_free(&f->bob);
    rms_issuer_close(&f->issuer);
    test_free(f);
    return 0;
}

#endif
