/* Tenant keys in a token: making them there, taking them there, and seeing that they stay. */
#include <pthread.h>
#include <signal.h>
#include <time.h>

#include "base/log.h"
#include "base/mem.h"
#include "service/keyd_internal.h"

#define LOOK_EVERY_S 1
#define KEYS_A_LOOK  256

/* --- operations ----------------------------------------------------------------------------------------- */

/* blob box */
static int put_sealed(struct rms_keyd *keyd, const struct rms_key_name *name,
    const struct rms_rsa_private *key, struct rms_buf *out)
{
    RMS_BUF_CLEANUP struct rms_buf reference = RMS_BUF_INIT(RMS_HSM_REFERENCE_MAX);
    RMS_BUF_CLEANUP struct rms_buf box = RMS_BUF_INIT(RMS_KEY_SEALED_MAX);

    RMS_TRY(rms_hsm_reference(key, &reference));
    RMS_TRY(rms_key_seal(keyd->sealing_key, name, rms_buf_view(&reference), &box));
    rms_message_put_blob(out, rms_buf_view(&box));
    return 0;
}

/* id, public key, blob box */
static int put_new(
    struct rms_keyd *keyd, const struct rms_key_name *name, struct rms_rsa_private **key, struct rms_buf *out)
{
    int status;

    rms_buf_append(out, name->id, sizeof name->id);
    rms_keyd_put_public(out, rms_rsa_public_of(*key));
    status = put_sealed(keyd, name, *key, out);
    rms_rsa_private_free(key);
    return status;
}

/* u16 bits, tenant -> id, public key, blob box */
int rms_keyd_op_make_in_token(struct rms_keyd *keyd, struct rms_cursor *in, struct rms_buf *out)
{
    struct rms_key_name name = {.kind = RMS_KEY_TENANT_RSA};
    unsigned bits = rms_cursor_u16(in);
    struct rms_key_in_token storage;
    struct rms_rsa_private *key;
    struct rms_hsm_name in_token;

    rms_keyd_take(in, name.tenant, sizeof name.tenant);
    if (!rms_cursor_done(in)) {
        return RMS_KEYD_MALFORMED;
    }
    if (keyd->hsm == NULL) {
        return RMS_E_KEY_UNAVAILABLE;
    }
    rms_keyd_new_id(name.id);
    in_token = rms_key_token_name(keyd->sealing_key, &name, &storage);
    RMS_TRY(rms_hsm_generate(keyd->hsm, bits, &in_token, &key));
    RMS_TRY(put_new(keyd, &name, &key, out));
    return rms_keyd_note_key(keyd, RMS_JOURNAL_DURABLE, "made-in-token", &name);
}

/* tenant, blob object -> id, public key, blob box */
int rms_keyd_op_adopt(struct rms_keyd *keyd, struct rms_cursor *in, struct rms_buf *out)
{
    struct rms_key_name name = {.kind = RMS_KEY_TENANT_RSA};
    struct rms_key_in_token storage;
    struct rms_rsa_private *key;
    struct rms_hsm_name in_token;
    struct rms_view object;

    rms_keyd_take(in, name.tenant, sizeof name.tenant);
    object = rms_message_take_blob(in, RMS_KEY_OBJECT_MAX);
    if (!rms_cursor_done(in)) {
        return RMS_KEYD_MALFORMED;
    }
    if (keyd->hsm == NULL) {
        return RMS_E_KEY_UNAVAILABLE;
    }
    rms_keyd_new_id(name.id);
    in_token = rms_key_token_name(keyd->sealing_key, &name, &storage);
    in_token.id = object;
    RMS_TRY(rms_hsm_adopt(keyd->hsm, &in_token, &key));
    RMS_TRY(put_new(keyd, &name, &key, out));
    return rms_keyd_note_key(keyd, RMS_JOURNAL_DURABLE, "adopted", &name);
}

static int import(struct rms_keyd *keyd, const struct rms_held_key *held, const struct rms_hsm_name *name,
    struct rms_rsa_private **key_out)
{
    RMS_SECRET_CLEANUP struct rms_secret *blob = NULL;

    RMS_TRY(rms_rsa_to_blob(held->rsa, true, &blob)); /* RMS_E_BAD_ARGUMENT: it is in a token already */
    return rms_hsm_import(keyd->hsm, rms_secret_view(blob), name, key_out);
}

/* An object that other tools put there: only what has the same modulus, and signs, is the same key (S-218).
 */
static int find_same(struct rms_keyd *keyd, const struct rms_held_key *held, const struct rms_hsm_name *name,
    struct rms_rsa_private **key_out)
{
    RMS_TRY(rms_hsm_adopt(keyd->hsm, name, key_out));
    if (rms_rsa_public_equal(rms_rsa_public_of(*key_out), rms_rsa_public_of(held->rsa))) {
        return 0;
    }
    rms_rsa_private_free(key_out);
    return RMS_E_BAD_ARGUMENT;
}

static int move(
    struct rms_keyd *keyd, const struct rms_held_key *held, struct rms_view object, struct rms_buf *out)
{
    struct rms_key_in_token storage;
    struct rms_hsm_name in_token = rms_key_token_name(keyd->sealing_key, &held->name, &storage);
    struct rms_rsa_private *key;
    int status;

    if (object.len > 0) {
        in_token.id = object;
        RMS_TRY(find_same(keyd, held, &in_token, &key));
    } else {
        RMS_TRY(import(keyd, held, &in_token, &key));
    }
    status = put_sealed(keyd, &held->name, key, out);
    rms_rsa_private_free(&key);
    RMS_TRY(status);
    return rms_keyd_note_key(keyd, RMS_JOURNAL_DURABLE, "moved-to-token", &held->name);
}

/* id, blob object -> blob box. Without an object it is put there. The key held stays the one in memory until
 * FORGET: what is stored decides. */
int rms_keyd_op_move_to_token(struct rms_keyd *keyd, struct rms_cursor *in, struct rms_buf *out)
{
    uint8_t id[RMS_TABLE_ID];
    struct rms_held_key *held;
    struct rms_view object;
    int status;

    rms_keyd_take(in, id, sizeof id);
    object = rms_message_take_blob(in, RMS_KEY_OBJECT_MAX);
    if (!rms_cursor_done(in)) {
        return RMS_KEYD_MALFORMED;
    }
    if (keyd->hsm == NULL) {
        return RMS_E_KEY_UNAVAILABLE;
    }
    RMS_TRY(rms_keyd_hold(keyd, id, RMS_KEY_TENANT_RSA, &held));
    status = move(keyd, held, object, out);
    rms_keys_unref(keyd->keys, held);
    return status;
}

/* id -> nothing. The stored form changed, or is gone. */
int rms_keyd_op_forget(struct rms_keyd *keyd, struct rms_cursor *in, struct rms_buf *out)
{
    uint8_t id[RMS_TABLE_ID];

    (void)out;
    rms_keyd_take(in, id, sizeof id);
    if (!rms_cursor_done(in)) {
        return RMS_KEYD_MALFORMED;
    }
    rms_keys_forget(keyd->keys, RMS_KEY_TENANT_RSA, id);
    rms_contents_forget(keyd->contents, id);
    return 0;
}

/* --- watching ------------------------------------------------------------------------------------------- */

struct rms_keyd_watch {
    struct rms_keyd *keyd;
    pthread_t thread;
    pthread_mutex_t lock;
    pthread_cond_t end;
    bool ending;
    bool started;
};

/* False when it is time to end. */
static bool pause_a_while(struct rms_keyd_watch *watch)
{
    struct timespec until;
    bool ending;

    (void)clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_sec += LOOK_EVERY_S;
    (void)pthread_mutex_lock(&watch->lock);
    while (!watch->ending && pthread_cond_timedwait(&watch->end, &watch->lock, &until) == 0) {
    }
    ending = watch->ending;
    (void)pthread_mutex_unlock(&watch->lock);
    return !ending;
}

static void look(struct rms_keyd *keyd)
{
    struct rms_held_key *keys[KEYS_A_LOOK];
    size_t count = rms_keys_in_token(keyd->keys, keys, KEYS_A_LOOK);

    (void)rms_hsm_probe(keyd->hsm); /* also for the log, and to connect before somebody needs it */
    for (size_t i = 0; i < count; i++) {
        if (rms_hsm_check(keys[i]->rsa) != 0) {
            rms_contents_forget(keyd->contents, keys[i]->name.id);
        }
        rms_keys_unref(keyd->keys, keys[i]);
    }
}

static void *run(void *argument)
{
    struct rms_keyd_watch *watch = argument;

    (void)pthread_setname_np(pthread_self(), "token");
    while (pause_a_while(watch)) {
        look(watch->keyd);
    }
    return NULL;
}

static int start(struct rms_keyd_watch *watch)
{
    sigset_t all;
    sigset_t old;

    (void)sigfillset(&all);
    (void)pthread_sigmask(SIG_SETMASK, &all, &old);
    watch->started = pthread_create(&watch->thread, NULL, run, watch) == 0;
    (void)pthread_sigmask(SIG_SETMASK, &old, NULL);
    return watch->started ? 0 : RMS_E_NO_MEMORY;
}

int rms_keyd_watch_new(struct rms_keyd *keyd, struct rms_keyd_watch **watch_out)
{
    struct rms_keyd_watch *watch;
    pthread_condattr_t monotonic;

    *watch_out = NULL;
    if (keyd->hsm == NULL) {
        return 0;
    }
    watch = rms_calloc(1, sizeof *watch);
    if (watch == NULL) {
        return RMS_E_NO_MEMORY;
    }
    watch->keyd = keyd;
    (void)pthread_mutex_init(&watch->lock, NULL);
    (void)pthread_condattr_init(&monotonic);
    (void)pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    (void)pthread_cond_init(&watch->end, &monotonic);
    (void)pthread_condattr_destroy(&monotonic);
    *watch_out = watch;
    return start(watch);
}

void rms_keyd_watch_free(struct rms_keyd_watch **watch_ref)
{
    struct rms_keyd_watch *watch = *watch_ref;

    if (watch == NULL) {
        return;
    }
    (void)pthread_mutex_lock(&watch->lock);
    watch->ending = true;
    (void)pthread_cond_signal(&watch->end);
    (void)pthread_mutex_unlock(&watch->lock);
    if (watch->started) {
        (void)pthread_join(watch->thread, NULL);
    }
    (void)pthread_cond_destroy(&watch->end);
    (void)pthread_mutex_destroy(&watch->lock);
    rms_free(watch);
    *watch_ref = NULL;
}
