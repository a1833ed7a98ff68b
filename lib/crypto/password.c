#include "crypto/password.h"

#include <crypt.h>
#include <stdlib.h>

#include "base/mem.h"
#include "crypto/digest.h"

/* libxcrypt's cost 5: 16 MiB of memory, its recommended default. */
#define PREFIX "$y$"
#define COST   5

/* The work area holds the password's derivatives: on the heap (32 KiB), wiped. */
static char *hash_with(const char *password, const char *setting)
{
    struct crypt_data *data = rms_calloc(1, sizeof *data);
    char *copy = NULL;
    char *hash;

    if (data == NULL) {
        return NULL;
    }
    hash = crypt_r(password, setting, data);
    if (hash != NULL && hash[0] != '*') {
        copy = rms_strdup(hash);
    }
    rms_wipe(data, sizeof *data);
    rms_free(data);
    return copy;
}

static bool usable(const char *password)
{
    size_t len = strlen(password);

    return len > 0 && len <= RMS_PASSWORD_MAX;
}

int rms_password_hash(const char *password, struct rms_buf *hash_out)
{
    char *setting;
    char *hash;

    if (!usable(password)) {
        return RMS_E_BAD_ARGUMENT;
    }
    setting = crypt_gensalt_ra(PREFIX, COST, NULL, 0);
    if (setting == NULL) {
        return RMS_E_NO_MEMORY;
    }
    hash = hash_with(password, setting);
    free(setting);
    if (hash == NULL) {
        return RMS_E_NO_MEMORY;
    }
    rms_buf_append_str(hash_out, hash);
    rms_free(hash);
    return rms_buf_status(hash_out);
}

/* A setting of the current cost, for checks that cannot succeed. Nothing hangs on its salt. */
static const char decoy[] = PREFIX "j9T$abcdefghijklmnopqrstu.";

bool rms_password_check(const char *password, const char *hash)
{
    bool possible = hash != NULL && usable(password);
    char *made = hash_with(usable(password) ? password : "x", possible ? hash : decoy);
    bool equal =
        made != NULL && possible && strlen(made) == strlen(hash) && rms_equal_ct(made, hash, strlen(made));

    rms_free(made);
    return equal;
}
