#include "base/clock.h"

#include <time.h>

static int64_t read_clock_ms(clockid_t id)
{
    struct timespec now;

    (void)clock_gettime(id, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

int64_t rms_clock_monotonic_ms(void)
{
    return read_clock_ms(CLOCK_MONOTONIC);
}

#ifdef RMS_TEST_CLOCK

#include <fcntl.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <unistd.h>

#define RECHECK_MS 50

/* A missing, empty or half-written file keeps the last offset, so that a test may rewrite it in place. */
static void read_offset(const char *path, _Atomic int64_t *offset)
{
    char text[32];
    char *end;
    long long value;
    ssize_t got;
    int fd = open(path, O_RDONLY | O_CLOEXEC);

    if (fd < 0) {
        return;
    }
    got = read(fd, text, sizeof text - 1);
    (void)close(fd);
    if (got <= 0) {
        return;
    }
    text[got] = '\0';
    value = strtoll(text, &end, 10);
    if (end != text) {
        atomic_store_explicit(offset, value, memory_order_relaxed);
    }
}

static int64_t test_offset(void)
{
    static _Atomic int64_t offset;
    static _Atomic int64_t next_ms;
    int64_t now_ms = rms_clock_monotonic_ms();
    int64_t due = atomic_load_explicit(&next_ms, memory_order_relaxed);
    const char *path;

    if (now_ms >= due && atomic_compare_exchange_strong(&next_ms, &due, now_ms + RECHECK_MS)) {
        path = getenv("RMS_CLOCK_FILE");
        if (path != NULL) {
            read_offset(path, &offset);
        }
    }
    return atomic_load_explicit(&offset, memory_order_relaxed);
}

#else

static int64_t test_offset(void)
{
    return 0;
}

#endif

int64_t rms_clock_now(void)
{
    struct timespec now;

    (void)clock_gettime(CLOCK_REALTIME, &now);
    return now.tv_sec + test_offset();
}
