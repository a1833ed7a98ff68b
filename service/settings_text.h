/* The settings of a tenant that have no column: one JSON text, of which each subject edits its own members.
 */
#ifndef RMS_SERVICE_SETTINGS_TEXT_H
#define RMS_SERVICE_SETTINGS_TEXT_H

#include <jansson.h>

#include "base/arena.h"

/* An object, empty when there is no text or none that can be read; NULL when memory is exhausted. */
json_t *rms_settings_text_open(const char *settings);

/* The text with the members as they are now, in the arena. */
RMS_MUST_USE int rms_settings_text_close(
    struct rms_arena *arena, const json_t *json, const char **settings_out);

/* One member that is a text; NULL: none. */
RMS_MUST_USE int rms_settings_text_get(
    struct rms_arena *arena, const char *settings, const char *name, const char **text_out);
RMS_MUST_USE int rms_settings_text_set(
    struct rms_arena *arena, const char **settings, const char *name, const char *text);

#endif
