/* A PKCS#11 module that passes everything on to another (RMS_FLAKY_MODULE), and fails as a test tells it:
 * what a token does when it is pulled out, restarted, slow or tired, without one that does. */
#include <dlfcn.h>
#include <p11-kit/pkcs11.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <unistd.h>

#include "crypto/testing/flaky.h"

static CK_FUNCTION_LIST real;
static CK_FUNCTION_LIST shown;
static atomic_ulong answer;
static atomic_uint times;
static atomic_uint delay_ms;
static atomic_bool twisted;
static atomic_uint logins;
static atomic_uint administered;

__attribute__((visibility("default"))) void flaky_fail(unsigned long rv, unsigned count)
{
    atomic_store(&answer, rv);
    atomic_store(&times, count);
}

__attribute__((visibility("default"))) void flaky_slow(unsigned milliseconds)
{
    atomic_store(&delay_ms, milliseconds);
}

__attribute__((visibility("default"))) void flaky_twist(bool on)
{
    atomic_store(&twisted, on);
}

__attribute__((visibility("default"))) unsigned flaky_logins(void)
{
    return atomic_load(&logins);
}

__attribute__((visibility("default"))) unsigned flaky_administered(void)
{
    return atomic_load(&administered);
}

/* The answer to give instead, CKR_OK for none. */
static CK_RV instead(void)
{
    unsigned left = atomic_load(&times);

    (void)usleep(atomic_load(&delay_ms) * 1000);
    while (left > 0 && !atomic_compare_exchange_weak(&times, &left, left - 1)) {
    }
    return left > 0 ? atomic_load(&answer) : CKR_OK;
}

static CK_RV sign(
    CK_SESSION_HANDLE session, CK_BYTE_PTR data, CK_ULONG len, CK_BYTE_PTR out, CK_ULONG_PTR out_len)
{
    CK_RV rv = instead();

    if (rv == CKR_OK) {
        rv = real.C_Sign(session, data, len, out, out_len);
    }
    if (rv == CKR_OK && atomic_load(&twisted)) {
        out[*out_len / 2] ^= 1;
    }
    return rv;
}

static CK_RV decrypt(
    CK_SESSION_HANDLE session, CK_BYTE_PTR data, CK_ULONG len, CK_BYTE_PTR out, CK_ULONG_PTR out_len)
{
    CK_RV rv = instead();

    return rv == CKR_OK ? real.C_Decrypt(session, data, len, out, out_len) : rv;
}

static CK_RV open_session(
    CK_SLOT_ID slot, CK_FLAGS flags, void *application, CK_NOTIFY notify, CK_SESSION_HANDLE_PTR out)
{
    CK_RV rv = instead();

    return rv == CKR_OK ? real.C_OpenSession(slot, flags, application, notify, out) : rv;
}

static CK_RV login(CK_SESSION_HANDLE session, CK_USER_TYPE user, CK_UTF8CHAR_PTR pin, CK_ULONG len)
{
    atomic_fetch_add(&logins, 1);
    atomic_fetch_add(&administered, user == CKU_SO);
    return real.C_Login(session, user, pin, len);
}

static CK_RV init_token(CK_SLOT_ID slot, CK_UTF8CHAR_PTR pin, CK_ULONG len, CK_UTF8CHAR_PTR label)
{
    atomic_fetch_add(&administered, 1);
    return real.C_InitToken(slot, pin, len, label);
}

static CK_RV init_pin(CK_SESSION_HANDLE session, CK_UTF8CHAR_PTR pin, CK_ULONG len)
{
    atomic_fetch_add(&administered, 1);
    return real.C_InitPIN(session, pin, len);
}

static CK_RV set_pin(
    CK_SESSION_HANDLE session, CK_UTF8CHAR_PTR old, CK_ULONG old_len, CK_UTF8CHAR_PTR pin, CK_ULONG len)
{
    atomic_fetch_add(&administered, 1);
    return real.C_SetPIN(session, old, old_len, pin, len);
}

static CK_RV set_attributes(
    CK_SESSION_HANDLE session, CK_OBJECT_HANDLE object, CK_ATTRIBUTE_PTR attributes, CK_ULONG count)
{
    atomic_fetch_add(&administered, 1);
    return real.C_SetAttributeValue(session, object, attributes, count);
}

__attribute__((visibility("default"))) CK_RV C_GetFunctionList(CK_FUNCTION_LIST_PTR_PTR list)
{
    const char *path = getenv("RMS_FLAKY_MODULE");
    void *library = path != NULL ? dlopen(path, RTLD_NOW | RTLD_LOCAL) : NULL;
    CK_C_GetFunctionList get = NULL;
    CK_FUNCTION_LIST_PTR found = NULL;

    if (library != NULL) {
        *(void **)&get = dlsym(library, "C_GetFunctionList");
    }
    if (get == NULL || get(&found) != CKR_OK) {
        return CKR_GENERAL_ERROR;
    }
    real = *found;
    shown = real;
    shown.C_Sign = sign;
    shown.C_Decrypt = decrypt;
    shown.C_OpenSession = open_session;
    shown.C_Login = login;
    shown.C_InitToken = init_token;
    shown.C_InitPIN = init_pin;
    shown.C_SetPIN = set_pin;
    shown.C_SetAttributeValue = set_attributes;
    *list = &shown;
    return CKR_OK;
}
