#include "service/keyd_masterkey.h"

#include <unistd.h>

#include "base/file.h"
#include "crypto/digest.h"
#include "crypto/random.h"
#include "service/credential.h"
#include "service/keyd.h"
#include "service/keyd_mastersealed.h"
#include "service/settings.h"

static const char master_name[] = "master.key";

static void derive(const struct rms_secret *master, const char *purpose, uint8_t out[RMS_SHA256_BYTES])
{
    rms_hkdf_sha256(
        rms_secret_view(master), rms_view_str("OpenRMS keyd"), rms_view_str(purpose), out, RMS_SHA256_BYTES);
}

struct rms_secret *rms_master_key_for_sealing(const struct rms_secret *master)
{
    struct rms_secret *key = rms_secret_new(RMS_SHA256_BYTES);

    if (key != NULL) {
        derive(master, "seal v1", rms_secret_bytes(key));
    }
    return key;
}

void rms_master_key_for_journal(const struct rms_secret *master, uint8_t key_out[32])
{
    derive(master, "journal v1", key_out);
}

int rms_master_key_create(const struct rms_settings *settings)
{
    char path[PATH_MAX];
    uint8_t key[RMS_MASTER_KEY_BYTES];
    int status;

    RMS_TRY(rms_settings_path(settings, "master.check", path));
    if (access(path, F_OK) == 0 || rms_credential_given(master_name, path) || rms_master_sealed(settings)) {
        return 0;
    }
    RMS_TRY(rms_settings_path(settings, master_name, path));
    if (access(path, F_OK) == 0) {
        return 0;
    }
    rms_random(key, sizeof key);
    status = rms_file_write(path, rms_view_of(key, sizeof key), 0600);
    rms_wipe(key, sizeof key);
    return status;
}

static int check(const struct rms_settings *settings, const struct rms_secret *key)
{
    RMS_BUF_CLEANUP struct rms_buf kept = RMS_BUF_INIT(RMS_SHA256_BYTES);
    uint8_t value[RMS_SHA256_BYTES];
    char path[PATH_MAX];
    int status;

    derive(key, "check v1", value);
    RMS_TRY(rms_settings_path(settings, "master.check", path));
    status = rms_file_read(path, &kept);
    if (status == RMS_E_NOT_FOUND) {
        return rms_file_write(path, rms_view_of(value, sizeof value), 0600);
    }
    RMS_TRY(status);
    return kept.len == sizeof value && rms_equal_ct(kept.data, value, sizeof value) ? 0
                                                                                    : RMS_E_KEY_UNAVAILABLE;
}

int rms_master_key_load(const struct rms_settings *settings, struct rms_secret **key_out)
{
    int status = rms_credential_read(settings, master_name, RMS_MASTER_KEY_BYTES, key_out);

    if (status == RMS_E_NOT_FOUND && rms_master_sealed(settings)) {
        status = rms_master_open_sealed(settings, key_out);
    }
    if (status == 0) {
        status = rms_secret_len(*key_out) == RMS_MASTER_KEY_BYTES ? check(settings, *key_out) : RMS_E_DAMAGED;
    }
    if (status != 0) {
        rms_secret_free(key_out);
    }
    return status;
}
