#include "service/keyd_stock.h"

#include <pthread.h>
#include <signal.h>
#include <sys/resource.h>

#include "base/log.h"
#include "base/mem.h"

#define LOWEST_PRIORITY 19

struct rms_stock {
    pthread_mutex_t lock;
    pthread_cond_t room;
    pthread_t thread;
    bool started;
    bool ending;
    size_t size;
    size_t count;
    struct rms_rsa_private *pairs[RMS_STOCK_MAX];
};

static void put(struct rms_stock *stock, struct rms_rsa_private *key)
{
    (void)pthread_mutex_lock(&stock->lock);
    stock->pairs[stock->count++] = key;
    (void)pthread_mutex_unlock(&stock->lock);
}

static bool wait_for_room(struct rms_stock *stock)
{
    bool going_on;

    (void)pthread_mutex_lock(&stock->lock);
    while (stock->count == stock->size && !stock->ending) {
        (void)pthread_cond_wait(&stock->room, &stock->lock);
    }
    going_on = !stock->ending;
    (void)pthread_mutex_unlock(&stock->lock);
    return going_on;
}

/* Only this thread adds, so what had room keeps it. A nice value rather than an idle class: the thread may
 * hold a lock of the allocator and must get on. On Linux it applies to the calling thread alone. */
static void *run(void *argument)
{
    struct rms_stock *stock = argument;
    struct rms_rsa_private *key = NULL;

    (void)pthread_setname_np(pthread_self(), "stock");
    (void)setpriority(PRIO_PROCESS, 0, LOWEST_PRIORITY);
    while (wait_for_room(stock)) {
        if (rms_rsa_generate(RMS_STOCK_BITS, &key) != 0) {
            rms_log(RMS_LOG_ERROR, "keyd.stock.failed", NULL);
            break;
        }
        put(stock, key);
    }
    return NULL;
}

static int start(struct rms_stock *stock)
{
    sigset_t all;
    sigset_t old;

    (void)sigfillset(&all);
    (void)pthread_sigmask(SIG_SETMASK, &all, &old);
    stock->started = pthread_create(&stock->thread, NULL, run, stock) == 0;
    (void)pthread_sigmask(SIG_SETMASK, &old, NULL);
    return stock->started ? 0 : RMS_E_NO_MEMORY;
}

int rms_stock_new(size_t size, struct rms_stock **stock_out)
{
    struct rms_stock *stock = rms_calloc(1, sizeof *stock);

    *stock_out = NULL;
    if (stock == NULL) {
        return RMS_E_NO_MEMORY;
    }
    (void)pthread_mutex_init(&stock->lock, NULL);
    (void)pthread_cond_init(&stock->room, NULL);
    stock->size = size < RMS_STOCK_MAX ? size : RMS_STOCK_MAX;
    if (stock->size > 0 && start(stock) != 0) {
        rms_stock_free(&stock);
        return RMS_E_NO_MEMORY;
    }
    *stock_out = stock;
    return 0;
}

void rms_stock_free(struct rms_stock **stock_ref)
{
    struct rms_stock *stock = *stock_ref;

    if (stock == NULL) {
        return;
    }
    (void)pthread_mutex_lock(&stock->lock);
    stock->ending = true;
    (void)pthread_cond_signal(&stock->room);
    (void)pthread_mutex_unlock(&stock->lock);
    if (stock->started) {
        (void)pthread_join(stock->thread, NULL);
    }
    while (stock->count > 0) {
        rms_rsa_private_free(&stock->pairs[--stock->count]);
    }
    (void)pthread_cond_destroy(&stock->room);
    (void)pthread_mutex_destroy(&stock->lock);
    rms_free(stock);
    *stock_ref = NULL;
}

int rms_stock_take(struct rms_stock *stock, struct rms_rsa_private **key_out)
{
    *key_out = NULL;
    (void)pthread_mutex_lock(&stock->lock);
    if (stock->count > 0) {
        *key_out = stock->pairs[--stock->count];
        (void)pthread_cond_signal(&stock->room);
    }
    (void)pthread_mutex_unlock(&stock->lock);
    return *key_out != NULL ? 0 : rms_rsa_generate(RMS_STOCK_BITS, key_out);
}

size_t rms_stock_count(struct rms_stock *stock)
{
    size_t count;

    (void)pthread_mutex_lock(&stock->lock);
    count = stock->count;
    (void)pthread_mutex_unlock(&stock->lock);
    return count;
}
