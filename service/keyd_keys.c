#include "service/keyd_keys.h"

#include <pthread.h>
#include <stdio.h>

#include "base/mem.h"
#include "service/keyd_box.h"
#include "service/message.h"

struct rms_keys {
    pthread_mutex_t lock;
    struct rms_table tenants; /* and token keys */
    struct rms_table users;
    size_t user_max;
};

/* --- sealed form ------------------------------------------------------------------------------------ */

static const char box_label[] = "OpenRMS key v1";

static void append_context(struct rms_buf *context, const struct rms_key_name *name)
{
    rms_buf_append(context, box_label, sizeof box_label);
    rms_buf_append_byte(context, (uint8_t)name->kind);
    rms_buf_append(context, name->id, sizeof name->id);
    rms_buf_append(context, name->tenant, sizeof name->tenant);
}

int rms_key_seal(const struct rms_secret *sealing_key, const struct rms_key_name *name, struct rms_view plain,
    struct rms_buf *box_out)
{
    RMS_BUF_CLEANUP struct rms_buf context = RMS_BUF_INIT(128);

    append_context(&context, name);
    RMS_TRY(rms_buf_status(&context));
    return rms_aead_seal(rms_secret_view(sealing_key).data, rms_buf_view(&context), plain, box_out);
}

void rms_held_key_free(struct rms_held_key *key)
{
    rms_rsa_private_free(&key->rsa);
    rms_secret_free(&key->box_key);
    rms_ec_private_free(&key->ec);
    rms_secret_free(&key->blob);
    rms_free(key);
}

struct rms_hsm_name rms_key_token_name(
    const struct rms_secret *sealing_key, const struct rms_key_name *name, struct rms_key_in_token *storage)
{
    char guid[RMS_GUID_TEXT];

    rms_hkdf_sha256(rms_secret_view(sealing_key), rms_view_str("OpenRMS unseal decoy v1"),
        rms_view_of(name->id, sizeof name->id), storage->decoy, sizeof storage->decoy);
    rms_guid_unpack(name->id, guid);
    (void)snprintf(storage->label, sizeof storage->label, "OpenRMS %s", guid);
    return (struct rms_hsm_name){rms_view_of(name->id, sizeof name->id), storage->label,
        rms_view_of(storage->decoy, sizeof storage->decoy)};
}

static int fill_tenant_key(
    struct rms_held_key *key, const struct rms_key_opener *opener, struct rms_view plain)
{
    struct rms_key_in_token storage;
    struct rms_hsm_name name;

    if (!rms_hsm_is_reference(plain)) {
        key->box_key = rms_key_box_derive(plain);
        return key->box_key != NULL ? rms_rsa_from_blob(plain, &key->rsa) : RMS_E_NO_MEMORY;
    }
    name = rms_key_token_name(opener->sealing_key, &key->name, &storage);
    return opener->hsm != NULL ? rms_hsm_refer(opener->hsm, plain, &name, &key->rsa) : RMS_E_KEY_UNAVAILABLE;
}

static int fill_key(struct rms_held_key *key, const struct rms_key_opener *opener, struct rms_secret **plain)
{
    switch (key->name.kind) {
    case RMS_KEY_TENANT_RSA:
        return fill_tenant_key(key, opener, rms_secret_view(*plain));
    case RMS_KEY_TOKEN_EC:
    case RMS_KEY_LOG_EC:
        return rms_ec_from_scalar(rms_secret_view(*plain), &key->ec);
    case RMS_KEY_USER_RSA:
        key->blob = *plain;
        *plain = NULL;
        return 0;
    }
    return RMS_E_BAD_ARGUMENT;
}

int rms_key_unseal(const struct rms_key_opener *opener, const struct rms_key_name *name, struct rms_view box,
    struct rms_held_key **key_out)
{
    RMS_BUF_CLEANUP struct rms_buf context = RMS_BUF_INIT(128);
    RMS_SECRET_CLEANUP struct rms_secret *plain = NULL;
    struct rms_held_key *key;

    append_context(&context, name);
    RMS_TRY(rms_buf_status(&context));
    if (rms_aead_open(rms_secret_view(opener->sealing_key).data, rms_buf_view(&context), box, &plain) != 0) {
        return RMS_E_KEY_UNAVAILABLE;
    }
    key = rms_calloc(1, sizeof *key);
    if (key == NULL) {
        return RMS_E_NO_MEMORY;
    }
    key->name = *name;
    key->refs = 1;
    memcpy(key->entry.id, name->id, sizeof key->entry.id);
    if (fill_key(key, opener, &plain) != 0) {
        rms_held_key_free(key);
        return RMS_E_KEY_UNAVAILABLE;
    }
    *key_out = key;
    return 0;
}

/* --- the table -------------------------------------------------------------------------------------- */

int rms_keys_new(size_t user_max, struct rms_keys **keys_out)
{
    struct rms_keys *keys = rms_calloc(1, sizeof *keys);

    *keys_out = NULL;
    if (keys == NULL) {
        return RMS_E_NO_MEMORY;
    }
    (void)pthread_mutex_init(&keys->lock, NULL);
    keys->user_max = user_max > 0 ? user_max : 1;
    if (rms_table_init(&keys->tenants, 256) != 0 || rms_table_init(&keys->users, keys->user_max) != 0) {
        rms_keys_free(&keys);
        return RMS_E_NO_MEMORY;
    }
    *keys_out = keys;
    return 0;
}

static struct rms_table *table_of(struct rms_keys *keys, enum rms_key_kind kind)
{
    return kind == RMS_KEY_USER_RSA ? &keys->users : &keys->tenants;
}

static size_t max_of(const struct rms_keys *keys, enum rms_key_kind kind)
{
    return kind == RMS_KEY_USER_RSA ? keys->user_max : RMS_TENANT_KEYS_MAX;
}

/* The entry is the first member. */
static struct rms_held_key *key_of(struct rms_table_entry *entry)
{
    return (struct rms_held_key *)entry;
}

static void forget(struct rms_table *table, struct rms_held_key *key)
{
    rms_table_remove(table, &key->entry);
    if (--key->refs == 0) {
        rms_held_key_free(key);
    }
}

static void forget_all(struct rms_table *table)
{
    while (table->oldest != NULL) {
        forget(table, key_of(table->oldest));
    }
    rms_table_fini(table);
}

void rms_keys_free(struct rms_keys **keys)
{
    if (*keys == NULL) {
        return;
    }
    forget_all(&(*keys)->tenants);
    forget_all(&(*keys)->users);
    (void)pthread_mutex_destroy(&(*keys)->lock);
    rms_free(*keys);
    *keys = NULL;
}

struct rms_held_key *rms_keys_find(
    struct rms_keys *keys, const uint8_t id[RMS_TABLE_ID], enum rms_key_kind kind, bool *wrong_kind_out)
{
    struct rms_held_key *key;

    *wrong_kind_out = false;
    (void)pthread_mutex_lock(&keys->lock);
    key = key_of(rms_table_find(table_of(keys, kind), id));
    if (key != NULL && key->name.kind != kind) {
        *wrong_kind_out = true;
        key = NULL;
    }
    if (key != NULL) {
        key->refs++;
    }
    (void)pthread_mutex_unlock(&keys->lock);
    return key;
}

void rms_keys_add(struct rms_keys *keys, struct rms_held_key *key)
{
    struct rms_table *table = table_of(keys, key->name.kind);

    (void)pthread_mutex_lock(&keys->lock);
    if (rms_table_find(table, key->entry.id) != NULL) {
        rms_held_key_free(key);
    } else {
        if (table->count >= max_of(keys, key->name.kind)) {
            forget(table, key_of(table->oldest));
        }
        rms_table_add(table, &key->entry);
    }
    (void)pthread_mutex_unlock(&keys->lock);
}

void rms_keys_unref(struct rms_keys *keys, struct rms_held_key *key)
{
    (void)pthread_mutex_lock(&keys->lock);
    if (--key->refs == 0) {
        rms_held_key_free(key);
    }
    (void)pthread_mutex_unlock(&keys->lock);
}

void rms_keys_forget(struct rms_keys *keys, enum rms_key_kind kind, const uint8_t id[RMS_TABLE_ID])
{
    struct rms_table *table = table_of(keys, kind);
    struct rms_held_key *key;

    (void)pthread_mutex_lock(&keys->lock);
    key = key_of(rms_table_find(table, id));
    if (key != NULL) {
        forget(table, key);
    }
    (void)pthread_mutex_unlock(&keys->lock);
}

size_t rms_keys_in_token(struct rms_keys *keys, struct rms_held_key **out, size_t max)
{
    size_t count = 0;

    (void)pthread_mutex_lock(&keys->lock);
    for (struct rms_table_entry *e = keys->tenants.newest; e != NULL && count < max; e = e->older) {
        struct rms_held_key *key = key_of(e);

        if (key->rsa != NULL && rms_hsm_keeps(key->rsa)) {
            key->refs++;
            out[count++] = key;
        }
    }
    (void)pthread_mutex_unlock(&keys->lock);
    return count;
}

bool rms_keys_has(struct rms_keys *keys, const struct rms_key_name *name)
{
    struct rms_held_key *key;
    bool has;

    (void)pthread_mutex_lock(&keys->lock);
    key = key_of(rms_table_find(table_of(keys, name->kind), name->id));
    has = key != NULL && key->name.kind == name->kind &&
          memcmp(key->name.tenant, name->tenant, sizeof name->tenant) == 0;
    (void)pthread_mutex_unlock(&keys->lock);
    return has;
}

size_t rms_keys_count(struct rms_keys *keys)
{
    size_t count;

    (void)pthread_mutex_lock(&keys->lock);
    count = keys->tenants.count + keys->users.count;
    (void)pthread_mutex_unlock(&keys->lock);
    return count;
}
