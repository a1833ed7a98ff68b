#include "service/contact_state.h"

#include "service/settings_text.h"

#define CONTACT "ServiceContact"

int rms_contact_read(struct rms_arena *arena, const char *settings, const char **contact_out)
{
    return rms_settings_text_get(arena, settings, CONTACT, contact_out);
}

int rms_contact_write(
    struct rms_arena *arena, const char *settings, const char *contact, const char **settings_out)
{
    *settings_out = settings;
    return rms_settings_text_set(arena, settings_out, CONTACT, contact);
}
