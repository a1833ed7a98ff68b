/* Tenant keys: list, add, activate (service-requirements section 9). */
#include "crypto/hsm_uri.h"
#include "service/admin.h"
#include "service/rest_write.h"
#include "service/settings.h"
#include "service/tenant_key.h"

/* Never anything private: that is sealed, and stays between store and keyd (S-203). */
static void write_key(struct rms_buf *out, const struct rms_key *key)
{
    rms_out_open(out, NULL, '{');
    rms_out_text(out, "KeyIdentifier", key->id);
    rms_out_text(out, "Status", key->active ? "Active" : "Archived");
    bool in_token = key->reference[0] != '\0';
    rms_out_text(out, "KeyType", in_token ? "Customer-managed (BYOK)" : "Service-managed");
    rms_out_time(out, "CreationTime", key->created_at);
    if (key->compromised_at != 0) {
        rms_out_time(out, "CompromisedTime", key->compromised_at);
    }
    rms_out_text(out, "FriendlyName", key->name);
    rms_out_int(out, "Bits", key->bits);
    rms_out_text(out, "UsedFor", key->active ? "protecting and opening" : "opening");
    if (in_token) {
        rms_out_text(out, "KeyReference", key->reference);
        rms_out_base64(out, "PublicKey", key->public_key);
    }
    rms_out_close(out, '}');
}

int rms_admin_write_keys(
    struct rms_request *request, struct rms_buf *out, const char *name, const char *tenant_id)
{
    struct rms_keys keys;
    RMS_TRY(rms_key_list(request->worker->db, request->arena, tenant_id, &keys));
    rms_out_open(out, name, '[');
    for (size_t i = 0; i < keys.count; i++) {
        if (keys.items[i].kind == RMS_KEY_TENANT) {
            write_key(out, &keys.items[i]);
        }
    }
    rms_out_close(out, ']');
    return RMS_OK;
}

int rms_admin_key_list(struct rms_front *front, struct rms_request *request, struct rms_reply *reply)
{
    const char *sort = rms_request_query(request, "sort");
    struct rms_tenant t;
    (void)front;
    RMS_TRY(rms_admin_tenant(request, &t));
    if (sort != NULL && strcmp(sort, "created") != 0) { /* S-207: and that is how they come */
        return rms_fail(request, RMS_E_BAD_ARGUMENT, "sort: not created");
    }
    return rms_admin_write_keys(request, &reply->body, NULL, t.id);
}

static int show_stored(struct rms_request *request, struct rms_reply *reply, const char *id)
{
    struct rms_key key;
    RMS_TRY(rms_key_get(request->worker->db, request->arena, request->tenant->row.id, id, &key));
    write_key(&reply->body, &key);
    return RMS_OK;
}

/* --- adding -------------------------------------------------------------------------------------------- */

static int read_status(struct rms_admin_body *body, bool needed, bool *active_out)
{
    const char *status = NULL;
    RMS_TRY(rms_reader_text(&body->reader, body->object, "Status", 16, &status));
    *active_out = status != NULL && strcmp(status, "Active") == 0;
    bool known = status != NULL ? *active_out || strcmp(status, "Archived") == 0 : !needed;
    return known ? RMS_OK : rms_reader_fail(&body->reader, "Status", "neither Active nor Archived");
}

struct key_wish {
    struct rms_key_wish key;
    bool activate;
    int64_t older_days; /* only when the active key is; 0: in any case */
};

static int read_store(struct rms_admin_body *body, bool *in_token)
{
    const char *store = NULL;
    RMS_TRY(rms_reader_text(&body->reader, body->object, "Store", 16, &store));
    if (store == NULL) {
        return RMS_OK;
    }
    *in_token = strcmp(store, "pkcs11") == 0;
    return *in_token || strcmp(store, "software") == 0
               ? RMS_OK
               : rms_reader_fail(&body->reader, "Store", "neither software nor pkcs11");
}

static int read_wish(struct rms_admin_body *body, struct key_wish *wish)
{
    int64_t bits = RMS_TENANT_KEY_BITS;
    RMS_TRY(read_store(body, &wish->key.in_token));
    RMS_TRY(rms_reader_text(&body->reader, body->object, "Reference", RMS_HSM_URI_MAX, &wish->key.adopt));
    RMS_TRY(rms_reader_int(&body->reader, body->object, "Bits", &bits));
    RMS_TRY(read_status(body, false, &wish->activate));
    wish->key.bits = (unsigned)bits;
    RMS_TRY(rms_reader_int(&body->reader, body->object, "OlderDays", &wish->older_days));
    if (wish->older_days < 0 || wish->older_days > RMS_KEY_ROTATION_DAYS_MAX) {
        return rms_reader_fail(&body->reader, "OlderDays", "not 0 to 36500");
    }
    return bits == 2048 || bits == 3072 || bits == 4096
               ? RMS_OK
               : rms_reader_fail(&body->reader, "Bits", "neither 2048, 3072 nor 4096"); /* S-209 */
}

/* For a timer that asks every day: is the active key old enough to be replaced? */
static int is_due(
    struct rms_request *request, const struct rms_tenant *t, const struct key_wish *wish, struct rms_key *key)
{
    if (wish->older_days == 0) {
        return 1;
    }
    int rc = rms_key_active(request->worker->db, request->arena, t->id, RMS_KEY_TENANT, key);
    if (rc == RMS_E_NOT_FOUND) {
        return 1;
    }
    return rc < 0 ? rc : request->now - key->created_at >= wish->older_days * RMS_DAY_S;
}

/* The key is made before anything is stored, and stored in one transaction: a stop at any moment leaves the
 * keys as they were, or as wanted. */
int rms_admin_key_add(struct rms_front *front, struct rms_request *request, struct rms_reply *reply)
{
    static const char *const names[] = {"Bits", "Status", "Store", "Reference", "OlderDays", NULL};
    RMS_ADMIN_BODY_CLEANUP struct rms_admin_body body = {0};
    struct rms_tenant t;
    struct rms_made_key made = {0};
    struct key_wish wish = {.key.in_token = rms_settings_token_first(front->settings)};
    RMS_TRY(rms_admin_tenant(request, &t));
    RMS_TRY(rms_admin_body(request, names, &body));
    int rc = read_wish(&body, &wish);
    if (rc < 0) {
        return rms_admin_fail(request, &body, rc);
    }
    if (wish.activate) {
        RMS_TRY(rms_tenant_key_fits(request, &t, wish.key.bits, false));
    }
    struct rms_key former;
    rc = is_due(request, &t, &wish, &former);
    if (rc <= 0) {
        request->note.detail = rc == 0 ? "the active key is not that old" : NULL;
        return rc < 0 ? rc : show_stored(request, reply, former.id);
    }
    rc = rms_tenant_key_make(request, &t, &wish.key, &made);
    if (rc == RMS_OK) {
        rc = rms_tenant_key_store(request, &t, &made, wish.activate);
    }
    if (rc == RMS_OK) {
        rc = show_stored(request, reply, made.key.key.key_id);
    }
    rms_made_key_fini(&made);
    return rc;
}

/* --- activating ---------------------------------------------------------------------------------------- */

int rms_admin_find_key(struct rms_request *request, const char *tenant_id, struct rms_key *key_out)
{
    char id[RMS_GUID_TEXT];
    int rc = rms_guid_parse(rms_view_str(request->params[1]), id);
    if (rc == RMS_OK) {
        rc = rms_key_get(request->worker->db, request->arena, tenant_id, id, key_out);
    }
    bool found = rc == RMS_OK && key_out->kind == RMS_KEY_TENANT;
    return found || (rc < 0 && rc != RMS_E_NOT_FOUND && rc != RMS_E_BAD_ARGUMENT)
               ? rc
               : rms_fail(request, RMS_E_NOT_FOUND, "the tenant has no such key");
}

static int activate(
    struct rms_request *request, const struct rms_tenant *t, const struct rms_key *key, bool migration)
{
    if (key->active) {
        request->note.detail = "it is active already";
        return RMS_OK;
    }
    if (key->compromised_at != 0) {
        return rms_fail(request, RMS_E_CONFLICT, "the key is compromised: it only opens what it protected");
    }
    RMS_TRY(rms_tenant_key_fits(request, t, key->bits, migration));
    RMS_TRY(rms_tenant_key_reach(request, t, key));
    return rms_key_activate(request->worker->db, key->tenant_id, key->id);
}

struct key_change {
    bool active;
    bool migration; /* a short key is meant */
    bool move;
    bool in_token;
    const char *to; /* moving: the object that the token has of it; NULL: it is put there */
    bool rename;    /* the tenant's name as it is now, into the certificate */
};

static int set_status(struct rms_request *request, const struct rms_tenant *t, const struct rms_key *key,
    const struct key_change *change)
{
    if (change->active) {
        return activate(request, t, key, change->migration);
    }
    return key->active
               ? rms_fail(request, RMS_E_CONFLICT, "a key is archived by activating another") /* S-204 */
               : RMS_OK;
}

/* One thing at a time: another status, another place (S-218), or the name (S-034). */
static int read_change(struct rms_admin_body *body, struct key_change *change)
{
    change->move = json_object_get(body->object, "Store") != NULL;
    RMS_TRY(rms_reader_bool(&body->reader, body->object, "RefreshName", &change->rename));
    if (change->rename && json_object_size(body->object) > 1) {
        return rms_reader_fail(&body->reader, "RefreshName", "goes alone");
    }
    RMS_TRY(read_status(body, !change->move && !change->rename, &change->active));
    RMS_TRY(rms_reader_bool(&body->reader, body->object, "Migration", &change->migration));
    RMS_TRY(rms_reader_text(&body->reader, body->object, "Reference", RMS_HSM_URI_MAX, &change->to));
    if (change->to != NULL && !change->move) {
        return rms_reader_fail(&body->reader, "Reference", "goes with Store");
    }
    return read_store(body, &change->in_token);
}

int rms_admin_key_change(struct rms_front *front, struct rms_request *request, struct rms_reply *reply)
{
    static const char *const names[] = {"Status", "Store", "Reference", "Migration", "RefreshName", NULL};
    RMS_ADMIN_BODY_CLEANUP struct rms_admin_body body = {0};
    struct key_change change = {0};
    struct rms_tenant t;
    struct rms_key key;
    (void)front;
    RMS_TRY(rms_admin_tenant(request, &t));
    RMS_TRY(rms_admin_find_key(request, t.id, &key));
    RMS_TRY(rms_admin_body(request, names, &body));
    int rc = read_change(&body, &change);
    if (rc < 0) {
        return rms_admin_fail(request, &body, rc);
    }
    if (change.move && !change.in_token) {
        return rms_fail(request, RMS_E_CONFLICT, "what a token keeps does not come out of it");
    }
    RMS_TRY(change.rename ? rms_tenant_key_rename(request, &t, &key)
            : change.move ? rms_tenant_key_move(request, &key, change.to)
                          : set_status(request, &t, &key, &change));
    return show_stored(request, reply, key.id);
}
