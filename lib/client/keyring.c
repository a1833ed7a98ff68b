#include "client/keyring.h"

#include <dlfcn.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"

/* The few declarations of libsecret 0.18 and later that are used here (its stable interface, in the shape of
 * libsecret/secret-password.h), so that building needs no GLib headers. */
struct secret_attribute {
    const char *name;
    int type; /* 0 = string */
};

struct secret_schema {
    const char *name;
    int flags;
    struct secret_attribute attributes[32];
    int reserved;
    void *reserved_pointers[7];
};

typedef int store_fn(const struct secret_schema *schema, const char *collection, const char *label,
    const char *password, void *cancellable, void **error, ...);
typedef char *lookup_fn(const struct secret_schema *schema, void *cancellable, void **error, ...);
typedef int clear_fn(const struct secret_schema *schema, void *cancellable, void **error, ...);
typedef void free_fn(char *password);
typedef void error_free_fn(void *error);

static const struct secret_schema schema = {
    .name = "org.openrms.Store",
    .attributes = {{"id", 0}, {NULL, 0}},
};

static struct {
    store_fn *store;
    lookup_fn *lookup;
    clear_fn *clear;
    free_fn *free;
    error_free_fn *error_free;
    bool ready;
} secret;

static pthread_once_t loaded = PTHREAD_ONCE_INIT;

static void load(void)
{
    void *library = dlopen("libsecret-1.so.0", RTLD_NOW | RTLD_LOCAL);
    struct {
        const char *name;
        void **place;
    } wanted[] = {
        {"secret_password_store_sync", (void **)&secret.store},
        {"secret_password_lookup_sync", (void **)&secret.lookup},
        {"secret_password_clear_sync", (void **)&secret.clear},
        {"secret_password_free", (void **)&secret.free},
        {"g_error_free", (void **)&secret.error_free},
    };

    if (library == NULL) {
        return;
    }
    for (size_t i = 0; i < sizeof wanted / sizeof wanted[0]; i++) {
        *wanted[i].place = dlsym(library, wanted[i].name);
        if (*wanted[i].place == NULL) {
            return;
        }
    }
    secret.ready = true;
}

bool rms_keyring_available(void)
{
    const char *bus = secure_getenv("DBUS_SESSION_BUS_ADDRESS");

    if (bus == NULL || bus[0] == '\0') {
        return false;
    }
    (void)pthread_once(&loaded, load);
    return secret.ready;
}

static int finish(void *error, int code)
{
    if (error != NULL) {
        secret.error_free(error);
        return RMS_E_STORE_NOT_BOUND;
    }
    return code;
}

int rms_keyring_store(const char *id, const char *text)
{
    void *error = NULL;
    int done;

    if (!rms_keyring_available()) {
        return RMS_E_UNSUPPORTED;
    }
    done = secret.store(&schema, NULL, "OpenRMS device store", text, NULL, &error, "id", id, NULL);
    return finish(error, done ? 0 : RMS_E_STORE_NOT_BOUND);
}

int rms_keyring_lookup(const char *id, char *secret_out, size_t size)
{
    void *error = NULL;
    char *found;
    int code = 0;

    if (!rms_keyring_available()) {
        return RMS_E_UNSUPPORTED;
    }
    found = secret.lookup(&schema, NULL, &error, "id", id, NULL);
    if (found == NULL) {
        return finish(error, RMS_E_NOT_FOUND);
    }
    if (strlen(found) >= size) {
        code = RMS_E_DAMAGED;
    } else {
        memcpy(secret_out, found, strlen(found) + 1);
    }
    secret.free(found); /* wipes */
    return code;
}

void rms_keyring_remove(const char *id)
{
    void *error = NULL;

    if (rms_keyring_available()) {
        (void)secret.clear(&schema, NULL, &error, "id", id, NULL);
        (void)finish(error, 0);
    }
}
