#include "service/breach.h"

#include <string.h>

static const struct rms_breach breaches[] = {
    {"leaked", true, true,
        {"Who has the old key opens what was protected under it: protect the listed documents again, rms "
         "unprotect FILE, rms protect FILE",
            "The old key vouches for nothing: people sign in again, rms login, then rms bootstrap --force",
            "Look for licences that nobody asked for: rms admin log usage",
            "Find out how it got out before the new key goes the same way: rms admin log admin"}},
    {"misuse", false, false,
        {"The key did not leak, so a new one does not help",
            "See who did what: rms admin log usage --user ADDRESS, rms admin log admin",
            "Disable the account: rms admin user set ADDRESS --disable",
            "Revoke what should not be read any more: rms admin tracking revoke CONTENT-ID"}},
    {"weakness", true, false,
        {"Replace the weak technology first: a new token, longer keys (--bits), a new version",
            "Devices change over at once with: rms bootstrap --force",
            "Protect again what has to outlast the weakness, rms unprotect FILE, rms protect FILE; the "
            "listed "
            "documents are under the old key"}},
};

const struct rms_breach *rms_breach_named(const char *name)
{
    for (size_t i = 0; i < sizeof breaches / sizeof breaches[0]; i++) {
        if (strcmp(breaches[i].name, name) == 0) {
            return &breaches[i];
        }
    }
    return NULL;
}

size_t rms_breach_steps(const struct rms_breach *breach)
{
    size_t count = 0;
    while (count < RMS_BREACH_STEPS && breach->steps[count] != NULL) {
        count++;
    }
    return count;
}
