/* Which clients a tenant serves (S-024, S-145): kinds of devices, the REST interface as a whole, versions of
 * clients and of their systems, and keys that account certificates may not have. Part of the tenant's
 * settings; without a setting everything is served.
 *
 * Kind and version are what a client says of itself: a rule for the organisation's own devices, no defence
 * against a client that lies. An excluded key is one: it cannot be left out. */
#ifndef RMS_SERVICE_CLIENT_STATE_H
#define RMS_SERVICE_CLIENT_STATE_H

#include "base/arena.h"
#include "crypto/rsa.h"

#define RMS_EXCLUDED_KEYS_MAX  1000
#define RMS_EXCLUDED_RULES_MAX 100
#define RMS_VERSION_RULE_MAX   128
#define RMS_KEY_TEXT           (2 * RMS_SHA256_BYTES + 1)

enum rms_platform {
    RMS_PLATFORM_WINDOWS,
    RMS_PLATFORM_WINDOWS_STORE,
    RMS_PLATFORM_WINDOWS_PHONE,
    RMS_PLATFORM_MAC,
    RMS_PLATFORM_IOS,
    RMS_PLATFORM_ANDROID,
    RMS_PLATFORM_WEB,
    RMS_PLATFORM_COUNT
};

/* As the original and its clients write them. */
const char *rms_platform_name(enum rms_platform platform);
/* Any case. RMS_E_BAD_ARGUMENT. */
RMS_MUST_USE int rms_platform_parse(const char *name, enum rms_platform *platform_out);

/* A user's or device's key, or a device. */
struct rms_excluded_key {
    char key[RMS_KEY_TEXT]; /* rms_rsa_fingerprint in hexadecimal, or the GUID of a device's certificate */
    int64_t time;
    const char *account_id; /* whose it is; NULL: not known, or a device's */
};

struct rms_client_state {
    bool rest_off;
    unsigned platforms_off;     /* bits (1 << enum rms_platform) */
    const char *const *clients; /* rules for versions: "FROM-TO" or "NAME FROM-TO" */
    size_t client_count;
    const char *const *systems;
    size_t system_count;
    struct rms_excluded_key *keys;
    size_t key_count;
    bool any_client; /* is there any rule about clients at all? */
};

/* Memory of the arena, with room for one more key. A text that cannot be read is an error, not "everything is
 * served". */
RMS_MUST_USE int rms_client_state_read(
    struct rms_arena *arena, const char *settings, struct rms_client_state *state_out);
RMS_MUST_USE int rms_client_state_write(struct rms_arena *arena, const char *settings,
    const struct rms_client_state *state, const char **settings_out);

/* "1.0-1.4", "rms 1.0-1.4", "Mac 10.14-11": both ends belong to it, and 1.4.2 is a 1.4. */
bool rms_version_rule_valid(const char *rule);

/* RMS_E_PLATFORM_DISABLED when a client that says this of itself (x-ms-rms-platform-id) is not served.
 * detail_out: why; static text. */
RMS_MUST_USE int rms_client_check(
    const struct rms_client_state *state, const char *info, const char **detail_out);

void rms_key_text(const struct rms_rsa_public *key, char text_out[RMS_KEY_TEXT]);

/* In their normal form, as in struct rms_excluded_key. RMS_E_BAD_ARGUMENT for what is neither. */
RMS_MUST_USE int rms_key_text_parse(const char *text, char text_out[RMS_KEY_TEXT]);

/* The key, or the device that has or holds it ("": not known). */
bool rms_key_excluded(
    const struct rms_client_state *state, const struct rms_rsa_public *key, const char *machine);

#endif
