#include "service/contact_state.h"

#include "base/json.h"
#include "service/settings_text.h"

#define CONTACT "ServiceContact"

int rms_contact_read(struct rms_arena *arena, const char *settings, const char **contact_out)
{
    RMS_JSON_CLEANUP json_t *json = rms_settings_text_open(settings);
    const char *text = rms_json_str(json, CONTACT);

    *contact_out = text != NULL ? rms_arena_strdup(arena, text) : NULL;
    return json != NULL && (text == NULL || *contact_out != NULL) ? 0 : RMS_E_NO_MEMORY;
}

int rms_contact_write(
    struct rms_arena *arena, const char *settings, const char *contact, const char **settings_out)
{
    RMS_JSON_CLEANUP json_t *json = rms_settings_text_open(settings);

    if (contact == NULL) {
        (void)json_object_del(json, CONTACT);
    } else if (json_object_set_new(json, CONTACT, json_string(contact)) != 0) {
        return RMS_E_NO_MEMORY;
    }
    return rms_settings_text_close(arena, json, settings_out);
}
