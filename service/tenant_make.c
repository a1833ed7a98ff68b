#include "service/tenant_make.h"

#include "directory/directory.h"
#include "service/settings.h"
#include "service/tenant.h"
#include "service/tenant_key.h"

struct making {
    struct rms_request *request;
    const struct rms_tenant_request *wanted;
    struct rms_tenant tenant;
    struct rms_made_key tenant_key;
    struct rms_new_key token_key;
};

static int append_defaults(struct making *m, struct rms_template templates[2])
{
    struct rms_arena *arena = m->request->arena;
    static const char *const old_names[] = {"Confidential", "Confidential View Only"};
    for (unsigned i = 0; i < 2; i++) {
        struct rms_template *t = &templates[i];
        *t = (struct rms_template){.tenant_id = m->tenant.id,
            .published = true,
            .read_only = true,
            .created_at = m->request->now + i, /* lists are in this order */
            .modified_at = m->request->now,
            .version = 1};
        RMS_TRY(rms_policy_default(arena, i, m->tenant.domains[0], m->wanted->legacy_rights, &t->policy));
        rms_guid_new(t->policy.id);
        if (!m->wanted->old_template_names) {
            continue;
        }
        struct rms_policy_text *text = rms_arena_alloc(arena, sizeof *text);
        if (text == NULL) {
            return RMS_E_NO_MEMORY;
        }
        *text = t->policy.texts[0];
        text->name = rms_arena_printf(arena, "%s - %s", m->tenant.name, old_names[i]);
        if (text->name == NULL) {
            return RMS_E_NO_MEMORY;
        }
        t->policy.texts = text;
    }
    return RMS_OK;
}

static int make_keys(struct making *m)
{
    const struct rms_key_wish wish = {
        RMS_TENANT_KEY_BITS, rms_settings_token_first(m->request->worker->front->settings), NULL};
    RMS_TRY(rms_tenant_key_make(m->request, &m->tenant, &wish, &m->tenant_key));
    return rms_keyd_generate(
        m->request->worker->keys, RMS_KEY_TOKEN_EC, RMS_TOKEN_KEY_BITS, m->tenant.id, &m->token_key);
}

static int store_all(struct making *m, const struct rms_template templates[2])
{
    struct rms_db *db = m->request->worker->db;
    const struct rms_new_key *ec = &m->token_key;
    RMS_TRY(rms_tenant_create(db, &m->tenant));
    RMS_TRY(rms_tenant_key_store(m->request, &m->tenant, &m->tenant_key, true));
    RMS_TRY(rms_key_add(db, &(struct rms_key){.id = ec->key.key_id,
                                .tenant_id = m->tenant.id,
                                .kind = RMS_KEY_TOKEN,
                                .active = true,
                                .name = "token signing",
                                .bits = RMS_TOKEN_KEY_BITS,
                                .created_at = m->request->now,
                                /* x and y lie behind one another */
                                .public_key = rms_view_of(&ec->ec, sizeof ec->ec),
                                .sealed = rms_buf_view(&ec->key.sealed)}));
    for (size_t i = 0; i < 2; i++) {
        RMS_TRY(rms_template_create(db, &templates[i]));
    }
    return RMS_OK;
}

static int make(struct making *m)
{
    struct rms_template templates[2];
    RMS_TRY(rms_tenant_init(m->request->arena, m->wanted->name, m->request->now, &m->tenant));
    m->tenant.domains = m->wanted->domains;
    m->tenant.domain_count = m->wanted->domain_count;
    m->tenant.removal_rights_extract = m->wanted->removal_extract;
    m->tenant.state = m->wanted->disabled ? RMS_TENANT_DISABLED : RMS_TENANT_ENABLED;
    RMS_TRY(append_defaults(m, templates));
    /* key operations take long: before the transaction, not inside (store.h) */
    RMS_TRY(make_keys(m));
    RMS_TRY(rms_db_begin(m->request->worker->db));
    return rms_db_end(m->request->worker->db, store_all(m, templates));
}

int rms_tenant_make(struct rms_request *request, const struct rms_tenant_request *wanted, const char **id_out)
{
    struct making m = {.request = request, .wanted = wanted};
    int rc = make(&m);
    *id_out = m.tenant.id;
    rms_made_key_fini(&m.tenant_key);
    rms_new_key_fini(&m.token_key);
    return rc;
}

/* --- sealed keys for keyd ---------------------------------------------------------------------------- */

static int fill_sealed(
    struct rms_sealed_key *key, const char *tenant_id, enum rms_key_kind kind, struct rms_view sealed)
{
    key->kind = kind;
    rms_buf_init(&key->sealed, RMS_KEY_SEALED_MAX);
    rms_buf_append_view(&key->sealed, sealed);
    RMS_TRY(rms_buf_status(&key->sealed));
    return rms_guid_parse(rms_view_str(tenant_id), key->tenant_id);
}

static int fetch(struct rms_db *db, struct rms_arena *arena, const char *key_id, struct rms_sealed_key *key)
{
    struct rms_key stored;
    struct rms_user_key user;
    struct rms_log_key log;
    int rc = rms_key_find(db, arena, key_id, &stored);
    if (rc == RMS_OK) {
        enum rms_key_kind kind = stored.kind == RMS_KEY_TOKEN ? RMS_KEY_TOKEN_EC : RMS_KEY_TENANT_RSA;
        return fill_sealed(key, stored.tenant_id, kind, stored.sealed);
    }
    if (rc != RMS_E_NOT_FOUND) {
        return rc;
    }
    rc = rms_user_key_find(db, arena, key_id, &user);
    if (rc == RMS_OK) {
        return fill_sealed(key, user.tenant_id, RMS_KEY_USER_RSA, user.sealed);
    }
    if (rc != RMS_E_NOT_FOUND) {
        return rc;
    }
    RMS_TRY(rms_log_key_find(db, arena, key_id, &log));
    return fill_sealed(key, RMS_KEY_NO_TENANT, RMS_KEY_LOG_EC, log.sealed);
}

int rms_tenant_fetch_key(void *worker, const char *key_id, struct rms_sealed_key *key_out)
{
    struct rms_worker *w = worker;
    RMS_ARENA_CLEANUP struct rms_arena *arena = rms_arena_new(65536);
    if (arena == NULL) {
        return RMS_E_NO_MEMORY;
    }
    return fetch(w->db, arena, key_id, key_out);
}
