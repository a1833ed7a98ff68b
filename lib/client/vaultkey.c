#include "client/vaultkey.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/cursor.h"
#include "base/file.h"
#include "client/keyring.h"
#include "crypto/base64.h"
#include "crypto/digest.h"
#include "crypto/random.h"

/* device.key: magic, version, source, id, random (zero when the keyring has it), binding. */
#define MAGIC     "OpenRMS key\n"
#define MAGIC_LEN 12u
#define VERSION   1
#define ID_LEN    16u
#define FILE_NAME "device.key"

enum source { SOURCE_FILE, SOURCE_KEYRING };

struct key_file {
    uint8_t source;
    uint8_t id[ID_LEN];
    uint8_t random[RMS_VAULT_KEY];
    uint8_t binding[RMS_SHA256_BYTES];
};

void rms_vault_key_fini(struct rms_vault_key *key)
{
    rms_secret_free(&key->seal);
    rms_secret_free(&key->names);
}

static const char *machine_id_file(void)
{
#ifdef RMS_TEST_CLOCK
    const char *other = secure_getenv("RMS_MACHINE_ID_FILE");

    if (other != NULL) {
        return other;
    }
#endif
    return "/etc/machine-id";
}

/* What this device and account are called: the machine id (or the host's name where there is none) and the
 * user id. Not secret; it makes a copied store useless. */
static void device_name(struct rms_buf *out)
{
    if (rms_file_read(machine_id_file(), out) != 0 || out->len == 0) {
        char host[HOST_NAME_MAX + 1] = "";

        (void)gethostname(host, sizeof host - 1);
        rms_buf_reset(out);
        rms_buf_append_str(out, host);
    }
    rms_buf_printf(out, "|%lu", (unsigned long)geteuid());
}

static int derive(const uint8_t random[RMS_VAULT_KEY], struct rms_view device, struct rms_vault_key *key)
{
    key->seal = rms_secret_new(RMS_VAULT_KEY);
    key->names = rms_secret_new(RMS_VAULT_KEY);
    if (key->seal == NULL || key->names == NULL) {
        rms_vault_key_fini(key);
        return RMS_E_NO_MEMORY;
    }
    rms_hkdf_sha256(rms_view_of(random, RMS_VAULT_KEY), device, RMS_VIEW_LITERAL("openrms store values"),
        rms_secret_bytes(key->seal), RMS_VAULT_KEY);
    rms_hkdf_sha256(rms_view_of(random, RMS_VAULT_KEY), device, RMS_VIEW_LITERAL("openrms store names"),
        rms_secret_bytes(key->names), RMS_VAULT_KEY);
    return 0;
}

static int key_path(const struct rms_settings *settings, char out[PATH_MAX])
{
    int len = snprintf(out, PATH_MAX, "%s/" FILE_NAME, settings->store_dir);

    return len > 0 && len < PATH_MAX ? 0 : RMS_E_NAME_TOO_LONG;
}

static int parse_file(struct rms_view bytes, struct key_file *file)
{
    struct rms_cursor cursor = rms_cursor_of(bytes);
    struct rms_view magic = rms_cursor_take(&cursor, MAGIC_LEN);
    uint8_t version = rms_cursor_u8(&cursor);
    struct rms_view id;
    struct rms_view random;
    struct rms_view binding;

    file->source = rms_cursor_u8(&cursor);
    id = rms_cursor_take(&cursor, ID_LEN);
    random = rms_cursor_take(&cursor, RMS_VAULT_KEY);
    binding = rms_cursor_take(&cursor, RMS_SHA256_BYTES);
    if (!rms_cursor_done(&cursor) || memcmp(magic.data, MAGIC, MAGIC_LEN) != 0 || version != VERSION ||
        file->source > SOURCE_KEYRING) {
        return RMS_E_NOT_FOUND;
    }
    memcpy(file->id, id.data, ID_LEN);
    memcpy(file->random, random.data, RMS_VAULT_KEY);
    memcpy(file->binding, binding.data, RMS_SHA256_BYTES);
    return 0;
}

static int write_file(const char *path, const struct key_file *file)
{
    struct rms_buf RMS_BUF_CLEANUP bytes = RMS_BUF_INIT(256);

    rms_buf_append(&bytes, MAGIC, MAGIC_LEN);
    rms_buf_append_byte(&bytes, VERSION);
    rms_buf_append_byte(&bytes, file->source);
    rms_buf_append(&bytes, file->id, ID_LEN);
    rms_buf_append(&bytes, file->random, RMS_VAULT_KEY);
    rms_buf_append(&bytes, file->binding, RMS_SHA256_BYTES);
    RMS_TRY(rms_buf_status(&bytes));
    return rms_file_write(path, rms_buf_view(&bytes), 0600);
}

static int id_text(const struct key_file *file, struct rms_buf *out)
{
    rms_base64url_encode(out, rms_view_of(file->id, ID_LEN));
    return rms_buf_status(out);
}

/* Fills in the random bytes that the keyring holds. */
static int fetch_from_keyring(struct key_file *file)
{
    struct rms_buf RMS_BUF_CLEANUP id = RMS_BUF_INIT(64);
    struct rms_buf RMS_BUF_CLEANUP bytes = RMS_BUF_INIT(64);
    char text[64];
    int status;

    RMS_TRY(id_text(file, &id));
    status = rms_keyring_lookup(rms_buf_text(&id), text, sizeof text);
    if (status == 0) {
        status = rms_base64url_decode(rms_view_str(text), &bytes);
        rms_wipe(text, sizeof text);
    }
    if (status != 0 || bytes.len != RMS_VAULT_KEY) {
        /* no session, nobody who unlocks, another keyring: tomorrow it may be there, so nothing is given up
         */
        return RMS_E_STORE_NOT_BOUND;
    }
    memcpy(file->random, bytes.data, RMS_VAULT_KEY);
    return 0;
}

static int hand_to_keyring(struct key_file *file)
{
    struct rms_buf RMS_BUF_CLEANUP id = RMS_BUF_INIT(64);
    struct rms_buf RMS_BUF_CLEANUP text = RMS_BUF_INIT(64);

    RMS_TRY(id_text(file, &id));
    rms_base64url_encode(&text, rms_view_of(file->random, RMS_VAULT_KEY));
    RMS_TRY(rms_buf_status(&text));
    return rms_keyring_store(rms_buf_text(&id), rms_buf_text(&text));
}

static int make_key(
    const struct rms_settings *settings, const char *path, struct rms_view device, struct rms_vault_key *key)
{
    struct key_file file = {.source = SOURCE_FILE};
    uint8_t random[RMS_VAULT_KEY];
    int status;

    rms_random(file.id, sizeof file.id);
    rms_random(random, sizeof random);
    memcpy(file.random, random, sizeof random);
    rms_hmac_sha256(rms_view_of(random, sizeof random), device, file.binding);
    /* a keyring that does not answer is no reason to fail: the file is the documented second choice */
    if (settings->keyring && rms_keyring_available() && hand_to_keyring(&file) == 0) {
        file.source = SOURCE_KEYRING;
        rms_wipe(file.random, sizeof file.random);
    }
    key->where = file.source == SOURCE_KEYRING ? "keyring" : "file";
    status = write_file(path, &file);
    if (status == 0) {
        status = derive(random, device, key);
    }
    rms_wipe(&file, sizeof file);
    rms_wipe(random, sizeof random);
    return status;
}

static int open_key(struct rms_view bytes, struct rms_view device, struct rms_vault_key *key)
{
    struct key_file file;
    uint8_t binding[RMS_SHA256_BYTES];
    int status = parse_file(bytes, &file);

    if (status == 0 && file.source == SOURCE_KEYRING) {
        status = fetch_from_keyring(&file);
    }
    if (status == 0) {
        rms_hmac_sha256(rms_view_of(file.random, RMS_VAULT_KEY), device, binding);
        status = rms_equal_ct(binding, file.binding, sizeof binding) ? 0 : RMS_E_NOT_FOUND;
    }
    if (status == 0) {
        key->where = file.source == SOURCE_KEYRING ? "keyring" : "file";
        status = derive(file.random, device, key);
    }
    rms_wipe(&file, sizeof file);
    return status;
}

int rms_vault_key_load(const struct rms_settings *settings, struct rms_vault_key *key_out)
{
    struct rms_buf RMS_BUF_CLEANUP bytes = RMS_BUF_INIT(256);
    struct rms_buf RMS_BUF_CLEANUP device = RMS_BUF_INIT(512);
    char path[PATH_MAX];
    int status;

    *key_out = (struct rms_vault_key){0};
    RMS_TRY(key_path(settings, path));
    device_name(&device);
    RMS_TRY(rms_buf_status(&device));
    status = rms_file_read(path, &bytes);
    if (status == RMS_E_NOT_FOUND) {
        return make_key(settings, path, rms_buf_view(&device), key_out);
    }
    if (status == RMS_E_LIMIT || status == RMS_E_BAD_ARGUMENT) {
        return RMS_E_NOT_FOUND; /* something else has the name */
    }
    RMS_TRY(status);
    return open_key(rms_buf_view(&bytes), rms_buf_view(&device), key_out);
}

int rms_vault_key_random(struct rms_vault_key *key_out)
{
    uint8_t random[RMS_VAULT_KEY];
    int status;

    *key_out = (struct rms_vault_key){.where = "memory"};
    rms_random(random, sizeof random);
    status = derive(random, RMS_VIEW_LITERAL("memory"), key_out);
    rms_wipe(random, sizeof random);
    return status;
}

void rms_vault_key_forget(const struct rms_settings *settings)
{
    struct rms_buf RMS_BUF_CLEANUP bytes = RMS_BUF_INIT(256);
    struct rms_buf RMS_BUF_CLEANUP id = RMS_BUF_INIT(64);
    struct key_file file;
    char path[PATH_MAX];

    if (key_path(settings, path) != 0) {
        return;
    }
    if (rms_file_read(path, &bytes) == 0 && parse_file(rms_buf_view(&bytes), &file) == 0) {
        if (file.source == SOURCE_KEYRING && id_text(&file, &id) == 0) {
            rms_keyring_remove(rms_buf_text(&id));
        }
        rms_wipe(&file, sizeof file);
    }
    (void)unlink(path);
}
