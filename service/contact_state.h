/* Whom people ask about what a service protected (S-065): part of a tenant's settings. */
#ifndef RMS_SERVICE_CONTACT_STATE_H
#define RMS_SERVICE_CONTACT_STATE_H

#include "base/arena.h"

/* NULL when none is set. */
RMS_MUST_USE int rms_contact_read(struct rms_arena *arena, const char *settings, const char **contact_out);

/* contact: a normalised address; NULL takes it away. */
RMS_MUST_USE int rms_contact_write(
    struct rms_arena *arena, const char *settings, const char *contact, const char **settings_out);

#endif
