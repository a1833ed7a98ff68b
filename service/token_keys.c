#include "service/token_keys.h"

#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <time.h>

#include "base/clock.h"
#include "base/json.h"
#include "base/log.h"
#include "base/mem.h"

struct rms_keyset_ref {
    atomic_uint refs;
    struct rms_jwks *jwks;
    uint8_t digest[RMS_HASH_MAX]; /* of the document: tells whether a refresh changed anything */
};

struct keyset {
    struct keyset *next;
    char *issuer;
    char *jwks_uri;             /* "" = by discovery */
    struct rms_keyset_ref *ref; /* NULL until the first success */
    int64_t fetched_at;
    int64_t tried_at;  /* start of the latest attempt */
    uint64_t attempts; /* finished */
    bool tried;
    bool wanted; /* in line for a thread, or being fetched */
    bool busy;   /* being fetched */
    bool failed; /* the last attempt */
};

struct rms_keysets {
    struct rms_keysets_options options;
    pthread_mutex_t lock;
    pthread_cond_t work;
    pthread_cond_t done;
    pthread_t threads[RMS_KEYSET_THREADS];
    size_t thread_count;
    struct keyset *first;
    size_t count;
    size_t waiting;
    size_t doubtful; /* being fetched although it failed the last time */
    bool ending;
};

const struct rms_jwks *rms_keyset_keys(const struct rms_keyset_ref *ref)
{
    return ref->jwks;
}

void rms_keyset_unref(struct rms_keyset_ref **ref)
{
    if (*ref != NULL && atomic_fetch_sub(&(*ref)->refs, 1) == 1) {
        rms_jwks_free(&(*ref)->jwks);
        rms_free(*ref);
    }
    *ref = NULL;
}

struct rms_keyset_ref *rms_keyset_keep(struct rms_keyset_ref *ref)
{
    (void)atomic_fetch_add(&ref->refs, 1);
    return ref;
}

int rms_keyset_of(struct rms_view json, struct rms_keyset_ref **ref_out)
{
    struct rms_keyset_ref *ref = rms_calloc(1, sizeof *ref);
    int status;

    *ref_out = NULL;
    if (ref == NULL) {
        return RMS_E_NO_MEMORY;
    }
    atomic_init(&ref->refs, 1);
    rms_hash(RMS_SHA256, json, ref->digest);
    status = rms_jwks_parse(json, &ref->jwks);
    if (status != 0) {
        rms_keyset_unref(&ref);
    }
    *ref_out = ref;
    return status;
}

/* --- the fetching threads --------------------------------------------------------------------------- */

static int discover(const struct rms_fetch_options *options, const char *issuer, struct rms_buf *uri_out)
{
    RMS_BUF_CLEANUP struct rms_buf url = RMS_BUF_INIT(4096);
    RMS_BUF_CLEANUP struct rms_buf text = RMS_BUF_INIT(RMS_FETCH_MAX);
    RMS_JSON_CLEANUP json_t *document = NULL;
    const char *said;
    size_t len = strlen(issuer);

    while (len > 0 && issuer[len - 1] == '/') {
        len--;
    }
    rms_buf_append(&url, issuer, len);
    rms_buf_append_str(&url, "/.well-known/openid-configuration");
    RMS_TRY(rms_buf_status(&url));
    RMS_TRY(rms_fetch(options, rms_buf_text(&url), &text));
    RMS_TRY(rms_json_parse(rms_buf_view(&text), &document));
    /* The document must speak for this very issuer (OpenID Connect Discovery 1.0 section 4.3). */
    said = rms_json_str(document, "issuer");
    if (said == NULL || strcmp(said, issuer) != 0 || rms_json_str(document, "jwks_uri") == NULL) {
        return RMS_E_BAD_ARGUMENT;
    }
    rms_buf_append_str(uri_out, rms_json_str(document, "jwks_uri"));
    return rms_buf_status(uri_out);
}

static int fetch_keys(
    const struct rms_fetch_options *options, const struct keyset *set, struct rms_keyset_ref **ref_out)
{
    RMS_BUF_CLEANUP struct rms_buf uri = RMS_BUF_INIT(4096);
    RMS_BUF_CLEANUP struct rms_buf text = RMS_BUF_INIT(RMS_FETCH_MAX);

    rms_buf_append_str(&uri, set->jwks_uri);
    if (set->jwks_uri[0] == '\0') {
        RMS_TRY(discover(options, set->issuer, &uri));
    }
    RMS_TRY(rms_fetch(options, rms_buf_text(&uri), &text));
    return rms_keyset_of(rms_buf_view(&text), ref_out);
}

static bool ready(const struct rms_keysets *sets, const struct keyset *set)
{
    return set->wanted && !set->busy && (!set->failed || sets->doubtful < RMS_KEYSET_THREADS - 1);
}

static struct keyset *next_wanted(struct rms_keysets *sets)
{
    struct keyset *set = sets->first;

    while (set != NULL && !ready(sets, set)) {
        set = set->next;
    }
    return set;
}

static void report(const struct keyset *set, int status)
{
    rms_log(status == 0 ? RMS_LOG_DEBUG : RMS_LOG_ERROR, "issuer.keys", "issuer", set->issuer, "outcome",
        rms_error_info(status)->reason, NULL);
}

/* Called with the lock held; issuer and jwks_uri of a set never change, so they are read without it. */
static void refresh(struct rms_keysets *sets, struct keyset *set)
{
    struct rms_keyset_ref *fresh = NULL;
    struct rms_keyset_ref *old = NULL;
    bool changed = false;
    int status;

    bool doubtful = set->failed;

    set->tried_at = rms_clock_now();
    set->tried = true;
    set->busy = true;
    sets->doubtful += doubtful;
    (void)pthread_mutex_unlock(&sets->lock);
    status = fetch_keys(&sets->options.fetch, set, &fresh);
    report(set, status);
    (void)pthread_mutex_lock(&sets->lock);
    if (status == 0) {
        old = set->ref;
        changed = old != NULL && memcmp(old->digest, fresh->digest, RMS_SHA256_BYTES) != 0;
        set->ref = fresh;
        set->fetched_at = rms_clock_now();
    }
    sets->doubtful -= doubtful;
    set->busy = false;
    set->failed = status != 0;
    set->wanted = false;
    set->attempts++;
    (void)pthread_cond_signal(&sets->work); /* somebody may have waited for this place */
    rms_keyset_unref(&old);
    if (changed && sets->options.changed != NULL) {
        sets->options.changed(sets->options.context);
    }
    (void)pthread_cond_broadcast(&sets->done);
}

static void *fetcher(void *context)
{
    struct rms_keysets *sets = context;
    struct keyset *set;

    (void)pthread_setname_np(pthread_self(), "issuer-keys");
    (void)pthread_mutex_lock(&sets->lock);
    while (!sets->ending) {
        set = next_wanted(sets);
        if (set != NULL) {
            refresh(sets, set);
        } else {
            (void)pthread_cond_wait(&sets->work, &sets->lock);
        }
    }
    (void)pthread_mutex_unlock(&sets->lock);
    return NULL;
}

/* --- life ------------------------------------------------------------------------------------------- */

static int start(struct rms_keysets *sets)
{
    pthread_condattr_t monotonic;
    sigset_t all;
    sigset_t old;
    int err = 0;

    (void)pthread_mutex_init(&sets->lock, NULL);
    (void)pthread_condattr_init(&monotonic);
    (void)pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    (void)pthread_cond_init(&sets->work, NULL);
    (void)pthread_cond_init(&sets->done, &monotonic);
    (void)pthread_condattr_destroy(&monotonic);
    (void)sigfillset(&all);
    (void)pthread_sigmask(SIG_SETMASK, &all, &old);
    while (err == 0 && sets->thread_count < RMS_KEYSET_THREADS) {
        err = pthread_create(&sets->threads[sets->thread_count], NULL, fetcher, sets);
        sets->thread_count += err == 0;
    }
    (void)pthread_sigmask(SIG_SETMASK, &old, NULL);
    return sets->thread_count > 0 ? 0 : RMS_E_NO_MEMORY; /* fewer are slower, not wrong */
}

int rms_keysets_new(const struct rms_keysets_options *options, struct rms_keysets **sets_out)
{
    struct rms_keysets *sets = rms_calloc(1, sizeof *sets);
    int status;

    *sets_out = NULL;
    if (sets == NULL) {
        return RMS_E_NO_MEMORY;
    }
    sets->options = *options;
    status = start(sets);
    if (status != 0) {
        rms_free(sets);
        return status;
    }
    *sets_out = sets;
    return 0;
}

static void free_set(struct keyset *set)
{
    rms_keyset_unref(&set->ref);
    rms_free(set->issuer);
    rms_free(set->jwks_uri);
    rms_free(set);
}

void rms_keysets_free(struct rms_keysets **sets_ref)
{
    struct rms_keysets *sets = *sets_ref;

    if (sets == NULL) {
        return;
    }
    (void)pthread_mutex_lock(&sets->lock);
    sets->ending = true;
    (void)pthread_cond_broadcast(&sets->work);
    (void)pthread_mutex_unlock(&sets->lock);
    for (size_t i = 0; i < sets->thread_count; i++) {
        (void)pthread_join(sets->threads[i], NULL);
    }
    while (sets->first != NULL) {
        struct keyset *next = sets->first->next;

        free_set(sets->first);
        sets->first = next;
    }
    (void)pthread_cond_destroy(&sets->done);
    (void)pthread_cond_destroy(&sets->work);
    (void)pthread_mutex_destroy(&sets->lock);
    rms_free(sets);
    *sets_ref = NULL;
}

/* --- what requests do ------------------------------------------------------------------------------- */

static struct keyset *find_set(struct rms_keysets *sets, const char *issuer, const char *jwks_uri)
{
    for (struct keyset *set = sets->first; set != NULL; set = set->next) {
        if (strcmp(set->issuer, issuer) == 0 && strcmp(set->jwks_uri, jwks_uri) == 0) {
            return set;
        }
    }
    return NULL;
}

/* Only configured issuers come here, so the list is as long as the configuration. */
static struct keyset *add_set(struct rms_keysets *sets, const char *issuer, const char *jwks_uri)
{
    struct keyset *set = sets->count < RMS_KEYSETS_MAX ? rms_calloc(1, sizeof *set) : NULL;

    if (set == NULL) {
        return NULL;
    }
    set->issuer = rms_strdup(issuer);
    set->jwks_uri = rms_strdup(jwks_uri);
    if (set->issuer == NULL || set->jwks_uri == NULL) {
        free_set(set);
        return NULL;
    }
    set->next = sets->first;
    sets->first = set;
    sets->count++;
    return set;
}

/* A clock that was set back makes everything old: better asked once more than never again. */
static bool older(int64_t time, int64_t seconds)
{
    int64_t age = rms_clock_now() - time;

    return age < 0 || age >= seconds;
}

/* Puts the set in line unless it was tried a moment ago. True when an answer is to be expected. */
static bool ask(struct rms_keysets *sets, struct keyset *set)
{
    if (!set->wanted &&
        (!set->tried || sets->options.impatient || older(set->tried_at, RMS_KEYSET_RETRY_S))) {
        set->wanted = true;
        (void)pthread_cond_signal(&sets->work);
    }
    return set->wanted;
}

static void wait_for(struct rms_keysets *sets, struct keyset *set)
{
    uint64_t before = set->attempts;
    struct timespec until;

    if (sets->waiting >= sets->options.waiters) {
        return;
    }
    (void)clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_sec += RMS_KEYSET_WAIT_MS / 1000;
    sets->waiting++;
    while (set->attempts == before && !sets->ending) {
        if (pthread_cond_timedwait(&sets->done, &sets->lock, &until) != 0) {
            break;
        }
    }
    sets->waiting--;
}

static int get_locked(struct rms_keysets *sets, struct keyset *set, const struct rms_keyset_ref *newer_than,
    struct rms_keyset_ref **ref_out)
{
    if (set->ref == NULL || set->ref == newer_than) {
        if (ask(sets, set)) {
            wait_for(sets, set);
        }
    } else if (older(set->fetched_at, RMS_KEYSET_AGE_S)) {
        (void)ask(sets, set);
    }
    if (set->ref == NULL) {
        return RMS_E_UNREACHABLE;
    }
    if (set->ref == newer_than) {
        return RMS_E_NOT_FOUND;
    }
    *ref_out = rms_keyset_keep(set->ref);
    return 0;
}

int rms_keysets_get(struct rms_keysets *sets, const char *issuer, const char *jwks_uri,
    const struct rms_keyset_ref *newer_than, struct rms_keyset_ref **ref_out)
{
    const char *uri = jwks_uri != NULL ? jwks_uri : "";
    struct keyset *set;
    int status;

    *ref_out = NULL;
    (void)pthread_mutex_lock(&sets->lock);
    set = find_set(sets, issuer, uri);
    if (set == NULL) {
        set = add_set(sets, issuer, uri);
    }
    status = set != NULL ? get_locked(sets, set, newer_than, ref_out) : RMS_E_NO_MEMORY;
    (void)pthread_mutex_unlock(&sets->lock);
    return status;
}
