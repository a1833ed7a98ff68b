#include "service/settings_text.h"

#include "base/json.h"

#define SETTINGS_MAX (1024u * 1024)

json_t *rms_settings_text_open(const char *settings)
{
    json_t *json = NULL;
    if (settings != NULL && rms_json_parse(rms_view_str(settings), &json) == 0 && json_is_object(json)) {
        return json;
    }
    rms_json_free(&json);
    return json_object();
}

int rms_settings_text_close(struct rms_arena *arena, const json_t *json, const char **settings_out)
{
    RMS_BUF_CLEANUP struct rms_buf text = RMS_BUF_INIT(SETTINGS_MAX);
    RMS_TRY(rms_json_emit(json, &text));
    *settings_out = rms_arena_text(arena, rms_buf_view(&text));
    return *settings_out != NULL ? 0 : RMS_E_NO_MEMORY;
}

int rms_settings_text_get(
    struct rms_arena *arena, const char *settings, const char *name, const char **text_out)
{
    RMS_JSON_CLEANUP json_t *json = rms_settings_text_open(settings);
    const char *text = rms_json_str(json, name);
    *text_out = text != NULL ? rms_arena_strdup(arena, text) : NULL;
    return json != NULL && (text == NULL || *text_out != NULL) ? 0 : RMS_E_NO_MEMORY;
}

int rms_settings_text_set(struct rms_arena *arena, const char **settings, const char *name, const char *text)
{
    RMS_JSON_CLEANUP json_t *json = rms_settings_text_open(*settings);
    if (text == NULL) {
        (void)json_object_del(json, name);
    } else if (json_object_set_new(json, name, json_string(text)) != 0) {
        return RMS_E_NO_MEMORY;
    }
    return rms_settings_text_close(arena, json, settings);
}
