#include "service/tenant.h"

#include "service/contact_state.h"

#include <pthread.h>
#include <stdatomic.h>

#include "base/mem.h"
#include "directory/directory.h"
#include "service/settings_text.h"
#include "service/tenant_make.h"

#define LIVE_ARENA_MAX (64u * 1024 * 1024)
#define BUCKETS        1024u

struct live {
    struct rms_live_tenant tenant; /* first: handed out as such */
    atomic_int refs;
    struct rms_arena *arena;
};

/* Versions of the store a picture was taken at: of this process, and of others as polled. */
struct versions {
    uint64_t local;
    uint64_t polled;
};

struct entry {
    struct entry *next;
    char id[RMS_GUID_TEXT];
    struct live *current;
    struct versions taken;
};

struct rms_tenancy {
    struct rms_front *front;
    pthread_rwlock_t lock; /* over entries and what they point to */
    pthread_mutex_t load;  /* one loads at a time */
    struct entry *buckets[BUCKETS];
    atomic_uint_least64_t polled;
};

/* --- pictures ---------------------------------------------------------------------------------------- */

static void live_unref(struct live *live)
{
    if (live != NULL && atomic_fetch_sub(&live->refs, 1) == 1) {
        struct rms_arena *arena = live->arena;
        rms_arena_free(&arena); /* live itself is in it */
    }
}

static int load_key(struct live *live, const struct rms_key *stored, struct rms_live_key *key)
{
    struct rms_live_tenant *tenant = &live->tenant;
    key->id = stored->id;
    key->active = stored->active;
    key->compromised = stored->compromised_at != 0;
    RMS_TRY(rms_rsa_public_set(&key->key, stored->public_key));
    rms_rsa_fingerprint(&key->key, key->fingerprint);
    return rms_server_init(
        live->arena, stored->certificate, tenant->licensing_url, tenant->licensing_url, &key->server);
}

static int load_keys(struct live *live, struct rms_db *db)
{
    struct rms_live_tenant *tenant = &live->tenant;
    struct rms_keys stored;
    RMS_TRY(rms_key_list(db, live->arena, tenant->row.id, &stored));
    struct rms_live_key *keys = rms_arena_array(live->arena, stored.count + 1, sizeof *keys);
    if (keys == NULL) {
        return RMS_E_NO_MEMORY;
    }
    tenant->keys = keys;
    for (size_t i = 0; i < stored.count; i++) {
        const struct rms_key *key = &stored.items[i];
        if (key->kind == RMS_KEY_TOKEN && key->active) {
            tenant->token_key_id = key->id;
        }
        if (key->kind != RMS_KEY_TENANT) {
            continue;
        }
        RMS_TRY(load_key(live, key, &keys[tenant->key_count]));
        if (key->active) {
            tenant->active = &keys[tenant->key_count];
        }
        tenant->key_count++;
    }
    return RMS_OK;
}

/* Licences under any key of the tenant, archived ones too, are its own (S-205). Weak algorithms only where
 * the tenant has such a key, brought along by a migration (S-128). */
static int make_trust(struct live *live)
{
    struct rms_live_tenant *tenant = &live->tenant;
    struct rms_rsa_public *anchors = rms_arena_array(live->arena, tenant->key_count + 1, sizeof *anchors);
    if (anchors == NULL) {
        return RMS_E_NO_MEMORY;
    }
    tenant->trust.keys = anchors;
    tenant->trust.key_count = tenant->key_count;
    for (size_t i = 0; i < tenant->key_count; i++) {
        anchors[i] = tenant->keys[i].key;
        tenant->trust.allow_legacy |= anchors[i].bits < 2048;
    }
    return RMS_OK;
}

static int load_live(struct rms_tenancy *tenancy, struct rms_db *db, const char *id, struct live *live)
{
    struct rms_live_tenant *tenant = &live->tenant;
    struct rms_templates templates;
    struct rms_recoveries recoveries;
    RMS_TRY(rms_tenant_get(db, live->arena, id, &tenant->row));
    RMS_TRY(
        rms_settings_text_get(live->arena, tenant->row.settings, RMS_MIGRATION_SETTING, &tenant->migration));
    tenant->licensing_url =
        tenant->migration != NULL
            ? rms_arena_printf(live->arena, "https://%s" RMS_LICENSING_PATH, tenant->migration)
            : rms_arena_printf(live->arena, "%s" RMS_LICENSING_PATH, tenancy->front->base_url);
    if (tenant->licensing_url == NULL) {
        return RMS_E_NO_MEMORY;
    }
    RMS_TRY(load_keys(live, db));
    RMS_TRY(make_trust(live));
    RMS_TRY(rms_template_list(db, live->arena, id, &templates));
    tenant->templates = templates.items;
    tenant->template_count = templates.count;
    RMS_TRY(rms_recovery_list(db, live->arena, id, RMS_RECOVERY_APPROVED, &recoveries));
    tenant->recoveries = recoveries.items;
    tenant->recovery_count = recoveries.count;
    RMS_TRY(rms_client_state_read(live->arena, tenant->row.settings, &tenant->clients));
    RMS_TRY(rms_guest_state_read(live->arena, tenant->row.settings, &tenant->guests));
    RMS_TRY(rms_partners_read(live->arena, tenant->row.settings, &tenant->partners));
    RMS_TRY(rms_contact_read(live->arena, tenant->row.settings, &tenant->contact));
    return rms_tracking_state_read(live->arena, tenant->row.settings, &tenant->tracking);
}

static int new_live(struct rms_tenancy *tenancy, struct rms_db *db, const char *id, struct live **live_out)
{
    struct rms_arena *arena = rms_arena_new(LIVE_ARENA_MAX);
    struct live *live = arena != NULL ? rms_arena_alloc(arena, sizeof *live) : NULL;
    if (live == NULL) {
        rms_arena_free(&arena);
        return RMS_E_NO_MEMORY;
    }
    live->arena = arena;
    atomic_init(&live->refs, 1);
    int rc = load_live(tenancy, db, id, live);
    if (rc < 0) {
        rms_arena_free(&arena);
        return rc;
    }
    *live_out = live;
    return RMS_OK;
}

/* --- entries ----------------------------------------------------------------------------------------- */

static struct versions versions_now(struct rms_tenancy *tenancy)
{
    return (struct versions){rms_store_local_changes(tenancy->front->store), atomic_load(&tenancy->polled)};
}

static bool same_versions(struct versions a, struct versions b)
{
    return a.local == b.local && a.polled == b.polled;
}

static size_t bucket_of(const char *id)
{
    size_t hash = 0;
    for (size_t i = 0; i < 8 && id[i] != '\0'; i++) { /* GUIDs begin with random digits */
        hash = hash * 31 + (unsigned char)id[i];
    }
    return hash % BUCKETS;
}

/* Under the lock. */
static struct entry *find_entry(struct rms_tenancy *tenancy, const char *id)
{
    struct entry *e = tenancy->buckets[bucket_of(id)];
    while (e != NULL && strcmp(e->id, id) != 0) {
        e = e->next;
    }
    return e;
}

/* The picture, if it is of these versions. */
static struct live *current_of(struct rms_tenancy *tenancy, const char *id, struct versions now)
{
    struct live *live = NULL;
    (void)pthread_rwlock_rdlock(&tenancy->lock);
    struct entry *e = find_entry(tenancy, id);
    if (e != NULL && same_versions(e->taken, now)) {
        live = e->current;
        (void)atomic_fetch_add(&live->refs, 1);
    }
    (void)pthread_rwlock_unlock(&tenancy->lock);
    return live;
}

/* Puts a fresh picture into its entry; one reference stays with the caller. */
static int settle(struct rms_tenancy *tenancy, struct live *live, struct versions taken)
{
    const char *id = live->tenant.row.id;
    struct live *old = NULL;
    (void)pthread_rwlock_wrlock(&tenancy->lock);
    struct entry *e = find_entry(tenancy, id);
    if (e == NULL) {
        e = rms_calloc(1, sizeof *e);
        if (e == NULL) {
            (void)pthread_rwlock_unlock(&tenancy->lock);
            return RMS_E_NO_MEMORY;
        }
        rms_guid_copy(e->id, id);
        e->next = tenancy->buckets[bucket_of(id)];
        tenancy->buckets[bucket_of(id)] = e;
    }
    old = e->current;
    e->current = live;
    e->taken = taken;
    (void)atomic_fetch_add(&live->refs, 1);
    (void)pthread_rwlock_unlock(&tenancy->lock);
    live_unref(old);
    return RMS_OK;
}

static int load_under_lock(
    struct rms_tenancy *tenancy, struct rms_db *db, const char *id, struct live **live_out)
{
    struct versions now = versions_now(tenancy); /* before reading: a change meanwhile is seen next time */
    *live_out = current_of(tenancy, id, now);
    if (*live_out != NULL) {
        return RMS_OK; /* another thread was faster */
    }
    struct live *live = NULL;
    RMS_TRY(new_live(tenancy, db, id, &live));
    int rc = settle(tenancy, live, now);
    if (rc < 0) {
        live_unref(live);
        return rc;
    }
    *live_out = live;
    return RMS_OK;
}

/* id: plain lower-case GUID. The reference is the caller's. */
static int get_live(struct rms_tenancy *tenancy, struct rms_db *db, const char *id, struct live **live_out)
{
    *live_out = current_of(tenancy, id, versions_now(tenancy));
    if (*live_out != NULL) {
        return RMS_OK;
    }
    if (rms_db_in_transaction(db)) { /* what it sees may never come true: not for others */
        return new_live(tenancy, db, id, live_out);
    }
    (void)pthread_mutex_lock(&tenancy->load);
    int rc = load_under_lock(tenancy, db, id, live_out);
    (void)pthread_mutex_unlock(&tenancy->load);
    return rc;
}

/* --- life -------------------------------------------------------------------------------------------- */

int rms_tenancy_new(struct rms_front *front, struct rms_tenancy **tenancy_out)
{
    struct rms_tenancy *tenancy = rms_calloc(1, sizeof *tenancy);
    if (tenancy == NULL) {
        return RMS_E_NO_MEMORY;
    }
    tenancy->front = front;
    (void)pthread_rwlock_init(&tenancy->lock, NULL);
    (void)pthread_mutex_init(&tenancy->load, NULL);
    *tenancy_out = tenancy;
    return RMS_OK;
}

void rms_tenancy_free(struct rms_tenancy **tenancy)
{
    struct rms_tenancy *t = *tenancy;
    if (t == NULL) {
        return;
    }
    for (size_t i = 0; i < BUCKETS; i++) {
        while (t->buckets[i] != NULL) {
            struct entry *e = t->buckets[i];
            t->buckets[i] = e->next;
            live_unref(e->current);
            rms_free(e);
        }
    }
    (void)pthread_rwlock_destroy(&t->lock);
    (void)pthread_mutex_destroy(&t->load);
    rms_free(t);
    *tenancy = NULL;
}

int rms_tenancy_poll(struct rms_tenancy *tenancy, struct rms_db *db)
{
    struct rms_changes changes;
    RMS_TRY(rms_changes_seen(db, &changes));
    atomic_store(&tenancy->polled, changes.changes);
    return RMS_OK;
}

/* --- for requests ------------------------------------------------------------------------------------ */

static const struct rms_live_tenant *pin(struct rms_request *request, struct live *live)
{
    if (request->pinned_count == RMS_TENANTS_MAX) {
        live_unref(live);
        return NULL;
    }
    request->pinned[request->pinned_count++] = &live->tenant;
    return &live->tenant;
}

static const struct rms_live_tenant *tenant_by_id(struct rms_request *request, const char *id)
{
    struct live *live = NULL;
    for (size_t i = 0; i < request->pinned_count; i++) {
        if (strcmp(request->pinned[i]->row.id, id) == 0) {
            return request->pinned[i]; /* one picture from begin to end of a request */
        }
    }
    int rc = get_live(request->worker->front->tenancy, request->worker->db, id, &live);
    return rc == RMS_OK ? pin(request, live) : NULL;
}

const struct rms_live_tenant *rms_request_tenant(struct rms_request *request, const char *text)
{
    char id[RMS_GUID_TEXT];
    struct rms_tenant found;
    if (rms_guid_parse(rms_view_str(text), id) == RMS_OK) {
        const struct rms_live_tenant *tenant = tenant_by_id(request, id);
        if (tenant != NULL) {
            return tenant;
        }
    }
    int rc = rms_tenant_find(request->worker->db, request->arena, text, &found);
    return rc == RMS_OK ? tenant_by_id(request, found.id) : NULL;
}

const struct rms_live_tenant *rms_request_only_tenant(struct rms_request *request)
{
    struct rms_tenants all;
    int rc = rms_tenant_list(request->worker->db, request->arena, &all);
    return rc == RMS_OK && all.count == 1 ? tenant_by_id(request, all.items[0].id) : NULL;
}

const struct rms_live_tenant *rms_request_tenant_of_address(struct rms_request *request, const char *address)
{
    char normal[RMS_ADDRESS_MAX];
    if (rms_address_normalise(address, normal) < 0) {
        return NULL;
    }
    return rms_request_tenant(request, rms_address_domain(normal));
}

const struct rms_live_key *rms_live_key_of(
    const struct rms_live_tenant *tenant, const struct rms_rsa_public *key)
{
    for (size_t i = 0; i < tenant->key_count; i++) {
        if (rms_rsa_public_equal(&tenant->keys[i].key, key)) {
            return &tenant->keys[i];
        }
    }
    return NULL;
}

const struct rms_template *rms_live_template(const struct rms_live_tenant *tenant, const char *id)
{
    for (size_t i = 0; i < tenant->template_count; i++) {
        if (strcmp(tenant->templates[i].policy.id, id) == 0) {
            return &tenant->templates[i];
        }
    }
    return NULL;
}

int rms_request_tenant_of_key(struct rms_request *request, const struct rms_rsa_public *key,
    const struct rms_live_tenant **tenant_out, const struct rms_live_key **key_out)
{
    const struct rms_live_tenant *home = request->tenant;
    if (home != NULL && (*key_out = rms_live_key_of(home, key)) != NULL) {
        *tenant_out = home;
        return RMS_OK;
    }
    struct rms_key stored;
    struct rms_view modulus = rms_view_of(key->modulus, key->bits / 8);
    int rc = rms_key_by_public(request->worker->db, request->arena, modulus, &stored);
    if (rc == RMS_E_NOT_FOUND || (rc == RMS_OK && stored.kind != RMS_KEY_TENANT)) {
        return rms_fail(request, RMS_E_UNKNOWN_KEY, "the key of the licence is not one of this service");
    }
    RMS_TRY(rc);
    *tenant_out = tenant_by_id(request, stored.tenant_id);
    *key_out = *tenant_out != NULL ? rms_live_key_of(*tenant_out, key) : NULL;
    return *key_out != NULL ? RMS_OK : RMS_E_UNKNOWN_KEY;
}

void rms_request_unpin(struct rms_request *request)
{
    for (size_t i = 0; i < request->pinned_count; i++) {
        live_unref((struct live *)(uintptr_t)request->pinned[i]);
    }
    request->pinned_count = 0;
    request->tenant = NULL;
    request->note.tenant = NULL;
    rms_directory_unref(&request->person);
}
