/* Stands in for libsecret in keyring_test: the four calls keyring.c makes, over one entry in memory. The test
 * program starts itself anew with a library path on which this comes first. */
#include <stdarg.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#define PLACES 4

int secret_password_store_sync(const void *schema, ...);
char *secret_password_lookup_sync(const void *schema, void *cancellable, void **error, ...);
int secret_password_clear_sync(const void *schema, void *cancellable, void **error, ...);
void secret_password_free(char *password);
void g_error_free(void *error);

static struct {
    char id[64];
    char text[128];
} entries[PLACES];

static char the_error;

/* RMS_TEST_KEYRING=locked: every call fails, as with a keyring nobody unlocks. */
static bool locked(void **error)
{
    const char *mode = getenv("RMS_TEST_KEYRING");

    if (mode != NULL && strcmp(mode, "locked") == 0) {
        *error = &the_error;
        return true;
    }
    return false;
}

/* The attribute list is "id", value, NULL. */
static const char *id_of(va_list args)
{
    const char *name = va_arg(args, const char *);

    return name != NULL && strcmp(name, "id") == 0 ? va_arg(args, const char *) : "";
}

static int find(const char *id)
{
    for (int i = 0; i < PLACES; i++) {
        if (strcmp(entries[i].id, id) == 0) {
            return i;
        }
    }
    return -1;
}

/* collection, label, password, cancellable, error, then the attributes */
__attribute__((visibility("default"))) int secret_password_store_sync(const void *schema, ...)
{
    const char *password;
    const char *id;
    void **error;
    va_list args;
    int place;

    (void)schema;
    va_start(args, schema);
    (void)va_arg(args, const char *);
    (void)va_arg(args, const char *);
    password = va_arg(args, const char *);
    (void)va_arg(args, void *);
    error = va_arg(args, void **);
    id = id_of(args);
    va_end(args);
    if (locked(error)) {
        return 0;
    }
    place = find(id) >= 0 ? find(id) : find("");
    if (place < 0 || strlen(id) >= sizeof entries[0].id || strlen(password) >= sizeof entries[0].text) {
        return 0;
    }
    memcpy(entries[place].id, id, strlen(id) + 1);
    memcpy(entries[place].text, password, strlen(password) + 1);
    return 1;
}

__attribute__((visibility("default"))) char *secret_password_lookup_sync(
    const void *schema, void *cancellable, void **error, ...)
{
    va_list args;
    int place;

    (void)schema, (void)cancellable;
    if (locked(error)) {
        return NULL;
    }
    va_start(args, error);
    place = find(id_of(args));
    va_end(args);
    return place >= 0 ? entries[place].text : NULL;
}

__attribute__((visibility("default"))) int secret_password_clear_sync(
    const void *schema, void *cancellable, void **error, ...)
{
    va_list args;
    int place;

    (void)schema, (void)cancellable;
    if (locked(error)) {
        return 0;
    }
    va_start(args, error);
    place = find(id_of(args));
    va_end(args);
    if (place >= 0) {
        memset(&entries[place], 0, sizeof entries[place]);
    }
    return place >= 0;
}

__attribute__((visibility("default"))) void secret_password_free(char *password)
{
    (void)password;
}

__attribute__((visibility("default"))) void g_error_free(void *error)
{
    (void)error;
}
