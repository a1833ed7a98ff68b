#include "service/master_child.h"

#include <unistd.h>

#define PAUSE_FIRST_MS 100
#define PAUSE_MOST_MS  2000

const char *rms_child_name(enum rms_child_kind kind)
{
    static const char *const names[RMS_CHILD_COUNT] = {"keyd", "front", "jobs"};

    return names[kind];
}

static int64_t pause_after(unsigned failures)
{
    int64_t pause = PAUSE_FIRST_MS;

    if (failures <= 1) {
        return 0;
    }
    for (unsigned i = 2; i < failures && pause < PAUSE_MOST_MS; i++) {
        pause *= 2;
    }
    return pause < PAUSE_MOST_MS ? pause : PAUSE_MOST_MS;
}

bool rms_child_ended(struct rms_child *child, int64_t now)
{
    if (child->control >= 0) {
        (void)close(child->control);
    }
    child->control = -1;
    child->pid = 0;
    child->ready = false;
    child->failures = now - child->started_at >= RMS_CHILD_SETTLED_MS ? 1 : child->failures + 1;
    child->start_at = now + pause_after(child->failures);
    return child->failures < (child->ever_ready ? RMS_CHILD_TRIES : RMS_CHILD_FIRST_TRIES);
}
