#include "service/tracking_state.h"

#include "base/json.h"
#include "service/settings_text.h"

#define PAUSES "TrackingPauses" /* [from, until], the last one without end while tracking is off */
#define MANUAL "TrackingManual"

static int read_pauses(struct rms_arena *arena, const json_t *list, struct rms_tracking_state *state)
{
    struct rms_tracking_pause *pauses = rms_arena_array(arena, json_array_size(list) + 1, sizeof *pauses);
    const json_t *pause;
    size_t i;
    if (pauses == NULL) {
        return RMS_E_NO_MEMORY;
    }
    json_array_foreach(list, i, pause)
    {
        const json_t *until = json_array_get(pause, 1);
        pauses[i].from = json_integer_value(json_array_get(pause, 0));
        pauses[i].until = until != NULL ? json_integer_value(until) : INT64_MAX;
    }
    state->pauses = pauses;
    state->pause_count = json_array_size(list);
    state->enabled = state->pause_count == 0 || pauses[state->pause_count - 1].until != INT64_MAX;
    return RMS_OK;
}

int rms_tracking_state_read(
    struct rms_arena *arena, const char *settings, struct rms_tracking_state *state_out)
{
    RMS_JSON_CLEANUP json_t *json = NULL;
    *state_out = (struct rms_tracking_state){.enabled = true, .automatic = true};
    if (settings == NULL) {
        return RMS_OK;
    }
    int rc = rms_json_parse(rms_view_str(settings), &json);
    if (rc == RMS_E_NO_MEMORY) {
        return rc;
    }
    state_out->automatic =
        rc == RMS_OK && json_is_object(json) && !json_is_true(json_object_get(json, MANUAL));
    return read_pauses(arena, json_object_get(json, PAUSES), state_out);
}

static int set_pauses(json_t *settings, const struct rms_tracking_state *before, bool enabled, int64_t now)
{
    json_t *list = json_object_get(settings, PAUSES);
    if (!json_is_array(list)) {
        list = json_array();
        if (json_object_set_new(settings, PAUSES, list) != 0) {
            return RMS_E_NO_MEMORY;
        }
    }
    if (before->enabled == enabled) {
        return RMS_OK;
    }
    json_t *last = enabled ? json_array_get(list, json_array_size(list) - 1) : json_array();
    int rc = json_array_append_new(last, json_integer(now));
    if (!enabled) {
        rc |= json_array_append_new(list, last);
    }
    return rc == 0 ? RMS_OK : RMS_E_NO_MEMORY;
}

int rms_tracking_state_write(struct rms_arena *arena, const char *settings,
    const struct rms_tracking_state *wanted, int64_t now, const char **settings_out)
{
    RMS_JSON_CLEANUP json_t *json = rms_settings_text_open(settings);
    struct rms_tracking_state before;
    RMS_TRY(rms_tracking_state_read(arena, settings, &before));
    if (json_object_set_new(json, MANUAL, json_boolean(!wanted->automatic)) != 0) {
        return RMS_E_NO_MEMORY;
    }
    RMS_TRY(set_pauses(json, &before, wanted->enabled, now));
    return rms_settings_text_close(arena, json, settings_out);
}

bool rms_tracking_paused(const struct rms_tracking_state *state, int64_t time)
{
    for (size_t i = 0; i < state->pause_count; i++) {
        if (time >= state->pauses[i].from && time < state->pauses[i].until) {
            return true;
        }
    }
    return false;
}
