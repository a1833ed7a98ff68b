/* In what language and time zone mail about documents is read: those of this person's system (S-168). */
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "client/tracking.h"

/* "de_DE.UTF-8" is "de-DE"; "C" and "POSIX" are none. */
static const char *culture(char out[36])
{
    static const char *const names[] = {"LC_ALL", "LC_MESSAGES", "LANG"};
    const char *locale = NULL;
    size_t len;

    for (size_t i = 0; i < sizeof names / sizeof names[0] && (locale == NULL || *locale == '\0'); i++) {
        locale = secure_getenv(names[i]);
    }
    len = locale != NULL ? strcspn(locale, ".@") : 0;
    if (len < 2 || len > 35 || strncmp(locale, "POSIX", len) == 0) {
        return NULL;
    }
    for (size_t i = 0; i < len; i++) {
        out[i] = locale[i] == '_' ? '-' : locale[i];
    }
    out[len] = '\0';
    return out;
}

/* As TZ says, else as /etc/localtime points to. */
static const char *zone(char out[PATH_MAX])
{
    const char *name = secure_getenv("TZ");
    ssize_t len;

    if (name != NULL && name[0] != '\0') {
        return name + (name[0] == ':');
    }
    len = readlink("/etc/localtime", out, PATH_MAX - 1);
    out[len > 0 ? len : 0] = '\0';
    name = strstr(out, "/zoneinfo/");
    return name != NULL ? name + strlen("/zoneinfo/") : NULL;
}

json_t *rms_tracking_style(void)
{
    char language[36];
    char place[PATH_MAX];
    time_t now = rms_clock_now();
    struct tm local = {0};
    const char *id = zone(place);

    tzset();
    (void)localtime_r(&now, &local);
    return json_pack("{s:s*, s:s*, s:I, s:s*}", "Culture", culture(language), "TimeZoneId",
        id != NULL && strlen(id) <= 64 ? id : NULL, "TimeZoneOffset", (json_int_t)(local.tm_gmtoff / 60),
        "TimeZoneStandardName", id == NULL ? local.tm_zone : NULL);
}
