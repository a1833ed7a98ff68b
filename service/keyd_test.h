/* A keyd in this process, without a sandbox, and a client of it: for unit tests of both sides and the bench.
 */
#ifndef RMS_SERVICE_KEYD_TEST_H
#define RMS_SERVICE_KEYD_TEST_H

#include "base/test.h"

#include <stdatomic.h>
#include <string.h>
#include <sys/socket.h>

#include "service/keyclient.h"
#include "service/keyd.h"

struct lab {
    struct rms_secret *master;
    struct rms_keyd *keyd;
    struct rms_keylink *link;
    struct rms_keyclient *client;
    struct rms_new_key *tenant, *user, *token; /* what the store would hold */
    struct rms_rsa_private *machine;           /* somebody to seal to */
    atomic_uint fetches;
};

#define LAB_TENANT "11111111-2222-4333-8444-555555555555"

static struct lab the_lab;

/* Made once a program; RSA pairs cost more than everything else here. */
static struct {
    bool made;
    struct rms_new_key tenant, user, token;
    struct rms_rsa_private *machine;
} lab_keys;

static inline int lab_fetch(void *worker, const char *key_id, struct rms_sealed_key *key_out)
{
    struct rms_new_key *const keys[] = {&lab_keys.tenant, &lab_keys.user, &lab_keys.token};

    (void)worker;
    the_lab.fetches++;
    for (size_t i = 0; i < RMS_COUNT(keys); i++) {
        if (strcmp(keys[i]->key.key_id, key_id) == 0) {
            memcpy(key_out->tenant_id, keys[i]->key.tenant_id, sizeof key_out->tenant_id);
            key_out->kind = keys[i]->key.kind;
            rms_buf_append_view(&key_out->sealed, rms_buf_view(&keys[i]->key.sealed));
            return 0;
        }
    }
    return RMS_E_NOT_FOUND;
}

/* Connections between keyd and link, as the master would make them. */
static inline void lab_connect(struct lab *lab, size_t count)
{
    int ours[16];

    for (size_t i = 0; i < count; i++) {
        int ends[2];

        assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), 0);
        assert_int_equal(rms_keyd_attach(lab->keyd, ends[0]), 0);
        ours[i] = ends[1];
    }
    assert_int_equal(rms_keylink_attach(lab->link, ours, count), 0);
}

static inline void lab_start_keyd(struct lab *lab, struct rms_journal *journal)
{
    const struct rms_keyd_options options = {.master_key = lab->master,
        .journal = journal,
        .threads = 2,
        .makers = 1,
        .stock = 0,
        .open_keys_max = 32,
        .user_keys_max = 4};

    assert_int_equal(rms_keyd_new(&options, &lab->keyd), 0);
}

static inline void lab_make_keys(struct lab *lab)
{
    if (!lab_keys.made) {
        lab_keys.made = true;
        assert_int_equal(rms_keyd_generate(lab->client, RMS_KEY_TENANT_RSA, RMS_TENANT_KEY_BITS, LAB_TENANT,
                             &lab_keys.tenant),
            0);
        assert_int_equal(
            rms_keyd_generate(lab->client, RMS_KEY_USER_RSA, RMS_USER_KEY_BITS, LAB_TENANT, &lab_keys.user),
            0);
        assert_int_equal(
            rms_keyd_generate(lab->client, RMS_KEY_TOKEN_EC, RMS_TOKEN_KEY_BITS, NULL, &lab_keys.token), 0);
        assert_int_equal(rms_rsa_generate(2048, &lab_keys.machine), 0);
    }
    lab->tenant = &lab_keys.tenant;
    lab->user = &lab_keys.user;
    lab->token = &lab_keys.token;
    lab->machine = lab_keys.machine;
}

static inline int lab_open(void **state)
{
    struct lab *lab = &the_lab;

    memset(lab, 0, sizeof *lab);
    *state = lab;
    lab->master = rms_secret_new(RMS_MASTER_KEY_BYTES);
    memset(rms_secret_bytes(lab->master), 7, RMS_MASTER_KEY_BYTES);
    lab_start_keyd(lab, NULL);
    assert_int_equal(rms_keylink_new(-1, lab_fetch, &lab->link), 0);
    rms_keylink_set_wait(lab->link, 200);
    lab_connect(lab, 2);
    assert_int_equal(rms_keyclient_new(lab->link, NULL, &lab->client), 0);
    lab_make_keys(lab);
    return 0;
}

static inline int lab_close(void **state)
{
    struct lab *lab = *state;

    rms_keyclient_free(&lab->client);
    rms_keylink_free(&lab->link);
    rms_keyd_free(&lab->keyd);
    rms_secret_free(&lab->master);
    return 0;
}

/* Group teardown. */
static inline int lab_end(void **state)
{
    (void)state;
    rms_new_key_fini(&lab_keys.tenant);
    rms_new_key_fini(&lab_keys.user);
    rms_new_key_fini(&lab_keys.token);
    rms_rsa_private_free(&lab_keys.machine);
    return 0;
}

#endif
