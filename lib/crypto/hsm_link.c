#include "crypto/hsm_link.h"

#include <errno.h>
#include <p11-kit/p11-kit.h>
#include <pthread.h>
#include <stdatomic.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"

#define WAIT_MS       2000 /* for a free session, or for the thread that connects */
#define ATTEMPTS      4
#define BUSY_PAUSE_MS 40  /* doubles */
#define RETRY_MIN_MS  100 /* between connections that fail; doubles */
#define RETRY_MAX_MS  2000
#define SESSIONS_MAX  128
#define SLOTS_MAX     64
#define LABEL_BYTES   32 /* of CK_TOKEN_INFO, filled up with blanks */

enum link { DOWN, CONNECTING, UP, WRONG_PIN };

struct rms_hsm {
    CK_FUNCTION_LIST *calls;
    uint8_t label[LABEL_BYTES];
    struct rms_secret *pin;
    size_t limit;

    pthread_mutex_t lock;
    pthread_cond_t changed;
    enum link link;
    uint64_t generation; /* of the connection; begins at 1 */
    CK_SLOT_ID slot;
    CK_SESSION_HANDLE idle[SESSIONS_MAX];
    size_t idle_count;
    size_t busy;
    int64_t retry_at;
    int retry_ms;
    _Atomic CK_RV problem; /* CKR_OK: none */
};

/* --- what an answer means ----------------------------------------------------------------------------- */

enum verdict { DONE, LOST, BUSY, REFUSED };

static const struct {
    CK_RV rv;
    enum verdict verdict;
    int status;
} answers[] = {
    {CKR_OK, DONE, 0},
    {RMS_HSM_NO_OBJECT, REFUSED, RMS_E_NOT_FOUND},
    {RMS_HSM_MANY_OBJECTS, REFUSED, RMS_E_CONFLICT},
    {CKR_ENCRYPTED_DATA_INVALID, REFUSED, RMS_E_BAD_ARGUMENT},
    {CKR_ENCRYPTED_DATA_LEN_RANGE, REFUSED, RMS_E_BAD_ARGUMENT},
    {CKR_DATA_INVALID, REFUSED, RMS_E_BAD_ARGUMENT},
    {CKR_DATA_LEN_RANGE, REFUSED, RMS_E_BAD_ARGUMENT},
    {CKR_ATTRIBUTE_TYPE_INVALID, REFUSED, RMS_E_BAD_ARGUMENT}, /* a key of another kind */
    {CKR_KEY_SIZE_RANGE, REFUSED, RMS_E_BAD_ARGUMENT},
    {CKR_SESSION_HANDLE_INVALID, LOST, RMS_E_KEY_UNAVAILABLE},
    {CKR_SESSION_CLOSED, LOST, RMS_E_KEY_UNAVAILABLE},
    {CKR_KEY_HANDLE_INVALID, LOST, RMS_E_KEY_UNAVAILABLE},
    {CKR_OBJECT_HANDLE_INVALID, LOST, RMS_E_KEY_UNAVAILABLE},
    {CKR_USER_NOT_LOGGED_IN, LOST, RMS_E_KEY_UNAVAILABLE},
    {CKR_DEVICE_REMOVED, LOST, RMS_E_KEY_UNAVAILABLE},
    {CKR_DEVICE_ERROR, LOST, RMS_E_KEY_UNAVAILABLE},
    {CKR_TOKEN_NOT_PRESENT, LOST, RMS_E_KEY_UNAVAILABLE},
    {CKR_TOKEN_NOT_RECOGNIZED, LOST, RMS_E_KEY_UNAVAILABLE},
    {CKR_SLOT_ID_INVALID, LOST, RMS_E_KEY_UNAVAILABLE},
    {CKR_GENERAL_ERROR, LOST, RMS_E_KEY_UNAVAILABLE},
    {CKR_FUNCTION_FAILED, LOST, RMS_E_KEY_UNAVAILABLE},
    {CKR_CRYPTOKI_NOT_INITIALIZED, LOST, RMS_E_KEY_UNAVAILABLE},
    {CKR_OPERATION_ACTIVE, LOST, RMS_E_KEY_UNAVAILABLE},
    {CKR_DEVICE_MEMORY, BUSY, RMS_E_KEY_UNAVAILABLE},
    {CKR_HOST_MEMORY, BUSY, RMS_E_KEY_UNAVAILABLE},
    {CKR_SESSION_COUNT, BUSY, RMS_E_KEY_UNAVAILABLE},
    {CKR_FUNCTION_CANCELED, BUSY, RMS_E_KEY_UNAVAILABLE},
};

static enum verdict judge(CK_RV rv, int *status_out)
{
    for (size_t i = 0; i < sizeof answers / sizeof answers[0]; i++) {
        if (answers[i].rv == rv) {
            *status_out = answers[i].status;
            return answers[i].verdict;
        }
    }
    *status_out = RMS_E_KEY_UNAVAILABLE;
    return REFUSED;
}

/* What the caller sent is no trouble of the token's. One line when trouble begins, one when it ends. */
static void note(struct rms_hsm *hsm, CK_RV rv, int status)
{
    CK_RV now = status == RMS_E_KEY_UNAVAILABLE ? rv : CKR_OK;
    CK_RV before = atomic_load_explicit(&hsm->problem, memory_order_relaxed);

    if (now == before) {
        return;
    }
    atomic_store_explicit(&hsm->problem, now, memory_order_relaxed);
    if (now != CKR_OK) {
        rms_log(RMS_LOG_ERROR, "hsm.away", "reason", p11_kit_strerror(now), NULL);
    } else {
        rms_log(RMS_LOG_INFO, "hsm.back", NULL);
    }
}

const char *rms_hsm_problem(const struct rms_hsm *hsm)
{
    CK_RV rv = atomic_load_explicit(&hsm->problem, memory_order_relaxed);

    return rv != CKR_OK ? p11_kit_strerror(rv) : "";
}

/* --- connecting --------------------------------------------------------------------------------------- */

/* Several threads will be inside, with the locks of the system. */
static CK_RV start_module(struct rms_hsm *hsm)
{
    CK_C_INITIALIZE_ARGS arguments = {.flags = CKF_OS_LOCKING_OK};

    return hsm->calls->C_Initialize(&arguments);
}

static CK_RV find_slot(struct rms_hsm *hsm)
{
    CK_SLOT_ID slots[SLOTS_MAX];
    CK_ULONG count = SLOTS_MAX;
    CK_RV rv = hsm->calls->C_GetSlotList(CK_TRUE, NULL, &count);

    if (rv == CKR_OK) {
        count = count < SLOTS_MAX ? count : SLOTS_MAX;
        rv = hsm->calls->C_GetSlotList(CK_TRUE, slots, &count);
    }
    for (CK_ULONG i = 0; rv == CKR_OK && i < count; i++) {
        CK_TOKEN_INFO info;

        if (hsm->calls->C_GetTokenInfo(slots[i], &info) == CKR_OK &&
            memcmp(info.label, hsm->label, LABEL_BYTES) == 0) {
            hsm->slot = slots[i];
            return CKR_OK;
        }
    }
    return rv != CKR_OK ? rv : CKR_TOKEN_NOT_PRESENT;
}

static CK_RV open_session(const struct rms_hsm *hsm, CK_SESSION_HANDLE *session_out)
{
    return hsm->calls->C_OpenSession(hsm->slot, CKF_SERIAL_SESSION | CKF_RW_SESSION, NULL, NULL, session_out);
}

static CK_RV open_first(struct rms_hsm *hsm, CK_SESSION_HANDLE *session_out)
{
    CK_RV rv = find_slot(hsm);

    if (rv == CKR_OK) {
        rv = open_session(hsm, session_out);
    }
    return rv;
}

static CK_RV log_in(struct rms_hsm *hsm, CK_SESSION_HANDLE session)
{
    CK_RV rv = hsm->calls->C_Login(
        session, CKU_USER, rms_secret_bytes(hsm->pin), (CK_ULONG)rms_secret_len(hsm->pin));

    if (rv != CKR_OK && rv != CKR_USER_ALREADY_LOGGED_IN) {
        (void)hsm->calls->C_CloseSession(session);
        return rv;
    }
    return CKR_OK;
}

/* Some modules see a token that came back only after they started anew; alone: nobody else may be inside. */
static CK_RV connect_token(struct rms_hsm *hsm, bool alone, CK_SESSION_HANDLE *session_out)
{
    CK_RV rv = open_first(hsm, session_out);

    if (rv != CKR_OK && alone) {
        (void)hsm->calls->C_Finalize(NULL);
        rv = start_module(hsm);
        if (rv == CKR_OK) {
            rv = open_first(hsm, session_out);
        }
    }
    return rv == CKR_OK ? log_in(hsm, *session_out) : rv;
}

static bool is_wrong_pin(CK_RV rv)
{
    return rv == CKR_PIN_INCORRECT || rv == CKR_PIN_LOCKED || rv == CKR_PIN_EXPIRED ||
           rv == CKR_PIN_LEN_RANGE || rv == CKR_PIN_INVALID;
}

/* Under the lock, which it gives up while it talks: the others wait for the outcome, or until they tire. */
static void connect_unlocked(struct rms_hsm *hsm)
{
    CK_SESSION_HANDLE session = 0;
    bool alone = hsm->busy == 0;
    CK_RV rv;

    hsm->link = CONNECTING;
    (void)pthread_mutex_unlock(&hsm->lock);
    rv = connect_token(hsm, alone, &session);
    note(hsm, rv, rv == CKR_OK ? 0 : RMS_E_KEY_UNAVAILABLE);
    (void)pthread_mutex_lock(&hsm->lock);
    if (rv == CKR_OK) {
        hsm->link = UP;
        hsm->generation++;
        hsm->idle[0] = session;
        hsm->idle_count = 1;
        hsm->retry_ms = RETRY_MIN_MS;
    } else {
        hsm->link = is_wrong_pin(rv) ? WRONG_PIN : DOWN;
        hsm->retry_at = rms_clock_monotonic_ms() + hsm->retry_ms;
        hsm->retry_ms = hsm->retry_ms < RETRY_MAX_MS / 2 ? 2 * hsm->retry_ms : RETRY_MAX_MS;
    }
    (void)pthread_cond_broadcast(&hsm->changed);
}

/* --- sessions ----------------------------------------------------------------------------------------- */

static void deadline_in(int milliseconds, struct timespec *deadline)
{
    (void)clock_gettime(CLOCK_MONOTONIC, deadline);
    deadline->tv_sec += milliseconds / 1000;
    deadline->tv_nsec += (long)(milliseconds % 1000) * 1000000;
    if (deadline->tv_nsec >= 1000000000) {
        deadline->tv_sec++;
        deadline->tv_nsec -= 1000000000;
    }
}

/* Under the lock. Counts the caller in when there is a connection and room. */
static int wait_for_room(struct rms_hsm *hsm)
{
    struct timespec deadline;

    deadline_in(WAIT_MS, &deadline);
    for (;;) {
        if (hsm->link == UP && hsm->busy < hsm->limit) {
            hsm->busy++;
            return 0;
        }
        if (hsm->link == WRONG_PIN || (hsm->link == DOWN && rms_clock_monotonic_ms() < hsm->retry_at)) {
            return RMS_E_KEY_UNAVAILABLE;
        }
        if (hsm->link == DOWN) {
            connect_unlocked(hsm);
        } else if (pthread_cond_timedwait(&hsm->changed, &hsm->lock, &deadline) == ETIMEDOUT) {
            return RMS_E_KEY_UNAVAILABLE;
        }
    }
}

static int borrow(struct rms_hsm *hsm, struct rms_hsm_session *session, bool *fresh_out)
{
    int status;

    (void)pthread_mutex_lock(&hsm->lock);
    status = wait_for_room(hsm);
    if (status == 0) {
        *fresh_out = hsm->idle_count == 0;
        *session = (struct rms_hsm_session){
            hsm->calls, *fresh_out ? 0 : hsm->idle[--hsm->idle_count], hsm->generation};
    }
    (void)pthread_mutex_unlock(&hsm->lock);
    return status;
}

/* The connection is over for everybody; sessions that are out are closed as they come back. */
static size_t drop_idle(struct rms_hsm *hsm, CK_SESSION_HANDLE *out)
{
    size_t count = hsm->idle_count;

    memcpy(out, hsm->idle, count * sizeof *out);
    hsm->idle_count = 0;
    hsm->link = DOWN;
    hsm->retry_at = 0;
    return count;
}

/* Counts the caller out last of all: who finds nobody inside may start the module anew. */
static void give_back(struct rms_hsm *hsm, const struct rms_hsm_session *session, bool lost)
{
    CK_SESSION_HANDLE gone[SESSIONS_MAX + 1];
    size_t count = 0;
    bool current;

    (void)pthread_mutex_lock(&hsm->lock);
    current = session->generation == hsm->generation && hsm->link == UP;
    if (current && !lost && session->handle != CK_INVALID_HANDLE) {
        hsm->idle[hsm->idle_count++] = session->handle;
    } else {
        count = current && lost ? drop_idle(hsm, gone) : 0;
        gone[count++] = session->handle;
    }
    (void)pthread_mutex_unlock(&hsm->lock);
    for (size_t i = 0; i < count; i++) {
        if (gone[i] != CK_INVALID_HANDLE) {
            (void)hsm->calls->C_CloseSession(gone[i]);
        }
    }
    (void)pthread_mutex_lock(&hsm->lock);
    hsm->busy--;
    (void)pthread_cond_broadcast(&hsm->changed);
    (void)pthread_mutex_unlock(&hsm->lock);
}

static CK_RV work_once(
    struct rms_hsm *hsm, rms_hsm_work work, void *argument, enum verdict *verdict_out, int *status_out)
{
    struct rms_hsm_session session;
    bool fresh = false;
    CK_RV rv = CKR_OK;

    *verdict_out = REFUSED;
    *status_out = borrow(hsm, &session, &fresh);
    if (*status_out != 0) {
        return CKR_OK;
    }
    if (fresh) {
        rv = open_session(hsm, &session.handle);
    }
    if (rv == CKR_OK) {
        rv = work(&session, argument);
    }
    *verdict_out = judge(rv, status_out);
    give_back(hsm, &session, *verdict_out == LOST);
    note(hsm, rv, *status_out);
    return rv;
}

int rms_hsm_run(struct rms_hsm *hsm, rms_hsm_work work, void *argument)
{
    enum verdict verdict = LOST;
    int status = RMS_E_KEY_UNAVAILABLE;

    for (int i = 0; i < ATTEMPTS; i++) {
        (void)work_once(hsm, work, argument, &verdict, &status);
        if (verdict == DONE || verdict == REFUSED) {
            break;
        }
        if (verdict == BUSY) {
            (void)usleep((useconds_t)(BUSY_PAUSE_MS << i) * 1000);
        }
    }
    return status;
}

bool rms_hsm_handle_get(
    struct rms_hsm_key *key, const struct rms_hsm_session *session, CK_OBJECT_HANDLE *handle_out)
{
    bool known;

    (void)pthread_mutex_lock(&key->hsm->lock);
    known = key->generation == session->generation;
    *handle_out = key->handle;
    (void)pthread_mutex_unlock(&key->hsm->lock);
    return known;
}

void rms_hsm_handle_put(
    struct rms_hsm_key *key, const struct rms_hsm_session *session, CK_OBJECT_HANDLE handle)
{
    (void)pthread_mutex_lock(&key->hsm->lock);
    key->handle = handle;
    key->generation = session->generation;
    (void)pthread_mutex_unlock(&key->hsm->lock);
}

/* --- life --------------------------------------------------------------------------------------------- */

static int set_up(struct rms_hsm *hsm, const struct rms_hsm_options *options)
{
    size_t len = strlen(options->label);

    if (len > LABEL_BYTES || hsm->pin == NULL) {
        return RMS_E_BAD_ARGUMENT;
    }
    memset(hsm->label, ' ', sizeof hsm->label);
    memcpy(hsm->label, options->label, len);
    hsm->limit = options->sessions < 1              ? 1
                 : options->sessions < SESSIONS_MAX ? options->sessions
                                                    : SESSIONS_MAX;
    hsm->retry_ms = RETRY_MIN_MS;
    if (access(options->module, R_OK) != 0) {
        return RMS_E_NOT_FOUND;
    }
    hsm->calls = p11_kit_module_load(options->module, P11_KIT_MODULE_UNMANAGED | P11_KIT_MODULE_CRITICAL);
    if (hsm->calls == NULL) {
        return RMS_E_KEY_UNAVAILABLE;
    }
    return start_module(hsm) == CKR_OK ? 0 : RMS_E_KEY_UNAVAILABLE;
}

int rms_hsm_new(const struct rms_hsm_options *options, struct rms_hsm **hsm_out)
{
    struct rms_hsm *hsm = rms_calloc(1, sizeof *hsm);
    struct rms_secret *pin = options->pin;
    pthread_condattr_t monotonic;
    int status;

    *hsm_out = NULL;
    if (hsm == NULL) {
        rms_secret_free(&pin);
        return RMS_E_NO_MEMORY;
    }
    hsm->pin = pin;
    (void)pthread_mutex_init(&hsm->lock, NULL);
    (void)pthread_condattr_init(&monotonic);
    (void)pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    (void)pthread_cond_init(&hsm->changed, &monotonic);
    (void)pthread_condattr_destroy(&monotonic);
    status = set_up(hsm, options);
    if (status != 0) {
        rms_hsm_free(&hsm);
        return status;
    }
    if (rms_hsm_probe(hsm)) {
        rms_log(RMS_LOG_INFO, "hsm.ready", "token", options->label, NULL);
    }
    *hsm_out = hsm;
    return 0;
}

void rms_hsm_free(struct rms_hsm **hsm_ref)
{
    struct rms_hsm *hsm = *hsm_ref;

    if (hsm == NULL) {
        return;
    }
    for (size_t i = 0; i < hsm->idle_count; i++) {
        (void)hsm->calls->C_CloseSession(hsm->idle[i]);
    }
    if (hsm->calls != NULL) {
        (void)hsm->calls->C_Finalize(NULL);
        p11_kit_module_release(hsm->calls);
    }
    rms_secret_free(&hsm->pin);
    (void)pthread_cond_destroy(&hsm->changed);
    (void)pthread_mutex_destroy(&hsm->lock);
    rms_free(hsm);
    *hsm_ref = NULL;
}

/* That private objects can be looked for says that the session, the login and the token are there. */
static CK_RV look(const struct rms_hsm_session *session, void *argument)
{
    CK_OBJECT_CLASS class = CKO_PRIVATE_KEY;
    CK_ATTRIBUTE wanted = {CKA_CLASS, &class, sizeof class};
    CK_OBJECT_HANDLE found;
    CK_ULONG count = 0;
    CK_TOKEN_INFO info;
    struct rms_hsm *hsm = argument;
    CK_RV rv = session->calls->C_GetTokenInfo(hsm->slot, &info);

    if (rv == CKR_OK) {
        rv = session->calls->C_FindObjectsInit(session->handle, &wanted, 1);
    }
    if (rv == CKR_OK) {
        rv = session->calls->C_FindObjects(session->handle, &found, 1, &count);
        (void)session->calls->C_FindObjectsFinal(session->handle);
    }
    return rv;
}

bool rms_hsm_probe(struct rms_hsm *hsm)
{
    return rms_hsm_run(hsm, look, hsm) == 0;
}
