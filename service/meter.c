#include "service/meter.h"

#include <inttypes.h>
#include <stdatomic.h>

#include "base/mem.h"
#include "service/route.h"

#define RESULTS 128 /* codes are 0 to -127 */

/* Upper ends, milliseconds; S-312 asks about 50, 100 and 150. Slower ones stand in the last. */
static const int64_t bounds_ms[] = {5, 10, 25, 50, 100, 150, 250, 500, 1000, 2500, 10000};
#define BOUNDS (sizeof bounds_ms / sizeof bounds_ms[0])

/* What one type of request came to. Rows of one word share a series: a name may come only once. */
struct series {
    const char *type;
    atomic_uint_fast64_t results[RESULTS];
    atomic_uint_fast64_t buckets[BOUNDS + 1];
    atomic_uint_fast64_t sum_ms;
};

struct rms_meter {
    size_t routes;
    size_t count;
    size_t *of; /* series of a row; behind the last row: of no row */
    struct series *series;
};

#define NO_WORD "Other" /* sign-in, documents that name nobody */
#define NO_ROW  "Unknown"

static size_t find(struct rms_meter *meter, const char *type)
{
    size_t i = 0;

    while (i < meter->count && strcmp(meter->series[i].type, type) != 0) {
        i++;
    }
    if (i == meter->count) {
        meter->series[meter->count++].type = type;
    }
    return i;
}

int rms_meter_new(struct rms_meter **meter_out)
{
    struct rms_meter *meter = rms_calloc(1, sizeof *meter);

    *meter_out = meter;
    if (meter == NULL) {
        return RMS_E_NO_MEMORY;
    }
    while (rms_routes[meter->routes].pattern != NULL) {
        meter->routes++;
    }
    meter->of = rms_calloc(meter->routes + 1, sizeof *meter->of);
    meter->series = rms_calloc(meter->routes + 2, sizeof *meter->series);
    if (meter->of == NULL || meter->series == NULL) {
        rms_meter_free(meter_out);
        return RMS_E_NO_MEMORY;
    }
    for (size_t i = 0; i < meter->routes; i++) {
        const char *word = rms_routes[i].request_type;

        meter->of[i] = find(meter, word != NULL ? word : NO_WORD);
    }
    meter->of[meter->routes] = find(meter, NO_ROW);
    return 0;
}

void rms_meter_free(struct rms_meter **meter)
{
    if (*meter != NULL) {
        rms_free((*meter)->of);
        rms_free((*meter)->series);
        rms_free(*meter);
        *meter = NULL;
    }
}

static void add(atomic_uint_fast64_t *number, uint64_t more)
{
    (void)atomic_fetch_add_explicit(number, more, memory_order_relaxed);
}

static uint64_t get(const atomic_uint_fast64_t *number)
{
    return atomic_load_explicit(number, memory_order_relaxed);
}

void rms_meter_count(struct rms_meter *meter, const struct rms_route *route, int code, int64_t ms)
{
    size_t bucket = 0;

    if (meter == NULL) {
        return;
    }
    struct series *series =
        &meter->series[meter->of[route != NULL ? (size_t)(route - rms_routes) : meter->routes]];

    while (bucket < BOUNDS && ms > bounds_ms[bucket]) {
        bucket++;
    }
    add(&series->results[code <= 0 && code > -RESULTS ? -code : -RMS_E_INTERNAL], 1);
    add(&series->buckets[bucket], 1);
    add(&series->sum_ms, ms > 0 ? (uint64_t)ms : 0);
}

/* --- text ------------------------------------------------------------------------------------------------
 */

void rms_meter_head(struct rms_buf *out, const char *name, const char *kind, const char *help)
{
    rms_buf_printf(out, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, kind);
}

void rms_meter_gauge(struct rms_buf *out, const char *name, const char *help, int64_t value)
{
    rms_meter_head(out, name, "gauge", help);
    rms_buf_printf(out, "%s %" PRId64 "\n", name, value);
}

void rms_meter_counter(struct rms_buf *out, const char *name, const char *help, uint64_t value)
{
    rms_meter_head(out, name, "counter", help);
    rms_buf_printf(out, "%s %" PRIu64 "\n", name, value);
}

static void write_results(const struct series *series, struct rms_buf *out)
{
    for (int code = 0; code < RESULTS; code++) {
        uint64_t count = get(&series->results[code]);

        if (count > 0) {
            rms_buf_printf(out, "rms_requests_total{type=\"%s\",result=\"%s\"} %" PRIu64 "\n", series->type,
                rms_error_info(-code)->reason, count);
        }
    }
}

static void write_times(const struct series *series, struct rms_buf *out)
{
    uint64_t count = 0;
    uint64_t sum = get(&series->sum_ms);
    uint64_t all = 0;

    for (size_t i = 0; i <= BOUNDS; i++) {
        all += get(&series->buckets[i]);
    }
    for (size_t i = 0; i < BOUNDS && all > 0; i++) {
        count += get(&series->buckets[i]);
        rms_buf_printf(out,
            "rms_request_seconds_bucket{type=\"%s\",le=\"%" PRId64 ".%03" PRId64 "\"} %" PRIu64 "\n",
            series->type, bounds_ms[i] / 1000, bounds_ms[i] % 1000, count < all ? count : all);
    }
    if (all > 0) {
        rms_buf_printf(
            out, "rms_request_seconds_bucket{type=\"%s\",le=\"+Inf\"} %" PRIu64 "\n", series->type, all);
        rms_buf_printf(out, "rms_request_seconds_sum{type=\"%s\"} %" PRIu64 ".%03" PRIu64 "\n", series->type,
            sum / 1000, sum % 1000);
        rms_buf_printf(out, "rms_request_seconds_count{type=\"%s\"} %" PRIu64 "\n", series->type, all);
    }
}

void rms_meter_write(const struct rms_meter *meter, struct rms_buf *out)
{
    rms_meter_head(out, "rms_requests_total", "counter", "Requests answered, by type and result.");
    for (size_t i = 0; i < meter->count; i++) {
        write_results(&meter->series[i], out);
    }
    rms_meter_head(out, "rms_request_seconds", "histogram", "From the head of the request to its reply.");
    for (size_t i = 0; i < meter->count; i++) {
        write_times(&meter->series[i], out);
    }
}
