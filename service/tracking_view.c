/* What the tracking site shows of one document's events: in short, by person, by place (S-158). */
#include <stdlib.h>
#include <string.h>

#include "service/location.h"
#include "service/rest_write.h"
#include "service/tenant.h"
#include "service/tracking.h"

/* One attempt to open it. */
struct attempt {
    const char *user, *ip;
    int64_t time;
    bool done;
};

struct attempts {
    struct rms_arena *arena;
    struct attempt *items;
    size_t count, room;
};

static struct attempt *add(struct attempts *list)
{
    if (list->count == list->room) {
        size_t room = list->room * 2 + 64;
        struct attempt *bigger = rms_arena_array(list->arena, room, sizeof *bigger);
        if (bigger == NULL) {
            return NULL;
        }
        if (list->count > 0) {
            memcpy(bigger, list->items, list->count * sizeof *bigger);
        }
        list->items = bigger;
        list->room = room;
    }
    return &list->items[list->count++];
}

static int keep(const struct rms_usage_row *row, void *context)
{
    struct attempts *list = context;
    struct attempt *attempt = add(list);
    if (attempt == NULL) {
        return RMS_E_NO_MEMORY;
    }
    *attempt = (struct attempt){
        .user = rms_arena_strdup(list->arena, row->user_id != NULL ? row->user_id : ""),
        .ip = rms_arena_strdup(list->arena, row->c_ip != NULL ? row->c_ip : ""),
        .time = row->time,
        .done = row->result != NULL && strcmp(row->result, "Success") == 0,
    };
    return attempt->user != NULL && attempt->ip != NULL ? RMS_OK : RMS_E_NO_MEMORY;
}

static int by_user(const void *a, const void *b)
{
    return strcmp(((const struct attempt *)a)->user, ((const struct attempt *)b)->user);
}

static int by_ip(const void *a, const void *b)
{
    return strcmp(((const struct attempt *)a)->ip, ((const struct attempt *)b)->ip);
}

static void write_counts(struct rms_buf *out, const struct attempt *items, size_t count)
{
    int64_t opened = 0;
    int64_t first = INT64_MAX;
    int64_t last = RMS_TIME_NONE;
    for (size_t i = 0; i < count; i++) {
        opened += items[i].done;
        first = items[i].time < first ? items[i].time : first;
        last = i == 0 || items[i].time > last ? items[i].time : last;
    }
    rms_out_int(out, "Opened", opened);
    rms_out_int(out, "Refused", (int64_t)count - opened);
    rms_out_time(out, "FirstTime", count > 0 ? first : RMS_TIME_NONE);
    rms_out_time(out, "LastTime", last);
}

static void write_person(struct rms_buf *out, const struct attempt *first)
{
    rms_out_text(out, "RequesterEmail", first->user);
}

static void write_place(struct rms_buf *out, const struct attempt *first)
{
    rms_out_text(out, "RequesterIp", first->ip);
    rms_location_write(out, first->ip);
}

/* How the attempts of a view are put together. */
static const struct {
    int (*compare)(const void *a, const void *b);
    void (*write)(struct rms_buf *out, const struct attempt *first);
} groupings[] = {
    [RMS_VIEW_PEOPLE] = {by_user, write_person},
    [RMS_VIEW_MAP] = {by_ip, write_place},
};

/* The end of the group that begins at `from`. */
static size_t group_end(const struct attempts *list, size_t from, int (*compare)(const void *, const void *))
{
    size_t end = from + 1;
    while (end < list->count && compare(&list->items[from], &list->items[end]) == 0) {
        end++;
    }
    return end;
}

static void write_groups(struct rms_buf *out, struct attempts *list, enum rms_tracking_view view)
{
    if (list->count > 0) {
        qsort(list->items, list->count, sizeof *list->items, groupings[view].compare);
    }
    rms_out_open(out, NULL, '[');
    for (size_t i = 0, end; i < list->count; i = end) {
        end = group_end(list, i, groupings[view].compare);
        rms_out_open(out, NULL, '{');
        groupings[view].write(out, &list->items[i]);
        write_counts(out, &list->items[i], end - i);
        rms_out_close(out, '}');
    }
    rms_out_close(out, ']');
}

static void write_summary(struct rms_buf *out, const struct rms_document_key *key, struct attempts *list)
{
    int64_t people = 0;
    if (list->count > 0) {
        qsort(list->items, list->count, sizeof *list->items, by_user);
    }
    for (size_t i = 0; i < list->count; i = group_end(list, i, by_user)) {
        people++;
    }
    rms_out_open(out, NULL, '{');
    rms_out_text(out, "ContentId", key->content_id);
    rms_out_int(out, "People", people);
    write_counts(out, list->items, list->count);
    rms_out_close(out, '}');
}

int rms_tracking_write_view(struct rms_request *request, const struct rms_tracked_scope *scope,
    enum rms_tracking_view view, struct rms_buf *out)
{
    struct attempts list = {.arena = request->arena};
    RMS_TRY(rms_tracking_each_event(request, scope, keep, &list));
    if (view == RMS_VIEW_SUMMARY) {
        write_summary(out, &scope->key, &list);
    } else {
        write_groups(out, &list, view);
    }
    return out->failed ? RMS_E_LIMIT : RMS_OK;
}
