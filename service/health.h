/* Whether everything works, and what does not: one judgement for rms admin health, readiness and metrics
 * (S-315). */
#ifndef RMS_SERVICE_HEALTH_H
#define RMS_SERVICE_HEALTH_H

#include "directory/directory.h"
#include "service/front.h"
#include "service/keyclient.h"
#include "service/licence.h"
#include "service/lookout.h"
#include "service/usage.h"

/* A certificate that the service depends on. */
struct rms_health_end {
    const char *problem; /* stable word, once it has ended */
    const char *name;
    const char *next;
    int64_t until; /* RMS_TIME_NONE: nothing to watch */
};

#define RMS_HEALTH_ENDS     2
#define RMS_HEALTH_PROBLEMS (6 + RMS_HEALTH_ENDS)

struct rms_health {
    const char *problems[RMS_HEALTH_PROBLEMS]; /* stable words */
    size_t problem_count;
    bool serving; /* somebody with rights would get a licence now */
    struct rms_health_end ends[RMS_HEALTH_ENDS];
    struct rms_lookout_state watch;
    struct rms_keyd_stats keyd;
    int keyd_code; /* of asking keyd */
    struct rms_usage_stats usage;
    struct rms_licences_stats licences;
    struct rms_directory_stats people;
    bool has_clock;      /* there is another clock to compare with: the database server's */
    int64_t clock_off_s; /* ours is so much ahead */
};

/* Rows of several nodes are out of order by no more than this (S-187): a clock that is further off is a
 * problem. */
#define RMS_HEALTH_CLOCK_S 60

/* Asks the database and keyd; never fails. */
void rms_health_take(struct rms_worker *worker, int64_t now, struct rms_health *health_out);

#endif
