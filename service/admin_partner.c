/* Trusted user domains: the certificates of partners' services (S-270), and one's own for them. */
#include "crypto/base64.h"
#include "service/admin.h"
#include "service/partner.h"
#include "service/rest_write.h"
#include "service/tenant.h"

#define CERTIFICATE_MAX (256u * 1024)

static void write_partner(struct rms_buf *out, const struct rms_partner *partner)
{
    rms_out_open(out, NULL, '{');
    rms_out_text(out, "Key", partner->key);
    rms_out_text(out, "Name", partner->name);
    rms_out_texts(out, "Domains", partner->domains, partner->domain_count);
    rms_out_time(out, "ImportedTime", partner->time);
    rms_out_close(out, '}');
}

int rms_admin_partner_list(struct rms_front *front, struct rms_request *request, struct rms_reply *reply)
{
    struct rms_tenant t;
    struct rms_partners partners;
    (void)front;
    RMS_TRY(rms_admin_tenant(request, &t));
    RMS_TRY(rms_partners_read(request->arena, t.settings, &partners));
    rms_out_open(&reply->body, NULL, '[');
    for (size_t i = 0; i < partners.count; i++) {
        write_partner(&reply->body, &partners.items[i]);
    }
    rms_out_close(&reply->body, ']');
    return RMS_OK;
}

/* The server certificate: XrML as AD RMS exports it, or that in base64. Whether it is a partner's is the
 * operator's word; that it holds together, and is strong, is seen here. */
static int read_certificate(
    struct rms_request *request, struct rms_admin_body *body, struct rms_partner *partner)
{
    RMS_BUF_CLEANUP struct rms_buf decoded = RMS_BUF_INIT(CERTIFICATE_MAX);
    struct rms_chain chain;
    struct rms_certificate slc;
    const char *text = NULL;
    RMS_TRY(rms_admin_need(body, "Certificate", CERTIFICATE_MAX, &text));
    struct rms_view bytes = rms_view_str(text);
    if (text[0] != '<' && rms_base64_decode(bytes, &decoded) == RMS_OK) {
        bytes = rms_buf_view(&decoded);
    }
    if (rms_chain_parse(request->arena, bytes, &chain) < 0 || chain.count == 0 ||
        chain.nodes[0].kind != RMS_DOC_SLC || !chain.nodes[0].has_subject_key ||
        rms_certificate_parse(request->arena, &chain.nodes[0], RMS_DOC_SLC, &slc) < 0 ||
        !rms_chain_consistent(&chain)) {
        return rms_reader_fail(&body->reader, "Certificate", "not the certificate of a rights service");
    }
    if (slc.node->subject_key.bits < 2048) {
        return RMS_E_WEAK_CRYPTO;
    }
    rms_rsa_fingerprint(&slc.node->subject_key, partner->fingerprint);
    rms_key_text(&slc.node->subject_key, partner->key);
    return RMS_OK;
}

static size_t find(const struct rms_partners *partners, const char *key)
{
    size_t i = 0;
    while (i < partners->count && strcmp(partners->items[i].key, key) != 0) {
        i++;
    }
    return i;
}

static bool is_own(const struct rms_live_tenant *tenant, const struct rms_partner *partner)
{
    for (size_t i = 0; tenant != NULL && i < tenant->key_count; i++) {
        if (memcmp(tenant->keys[i].fingerprint, partner->fingerprint, RMS_SHA256_BYTES) == 0) {
            return true;
        }
    }
    return false;
}

/* The same certificate again replaces name and domains. */
static int import(struct rms_request *request, struct rms_admin_body *body, struct rms_tenant *t)
{
    struct rms_partners partners;
    struct rms_partner fresh = {.time = request->now};
    RMS_TRY(rms_partners_read(request->arena, t->settings, &partners));
    RMS_TRY(read_certificate(request, body, &fresh));
    RMS_TRY(rms_admin_domains(body, &fresh.domains, &fresh.domain_count));
    RMS_TRY(rms_reader_text(&body->reader, body->object, "Name", 256, &fresh.name));
    if (is_own(rms_request_tenant(request, t->id), &fresh)) {
        return rms_reader_fail(&body->reader, "Certificate", "it is the tenant's own");
    }
    size_t at = find(&partners, fresh.key);
    if (at >= RMS_PARTNERS_MAX) {
        return RMS_E_LIMIT;
    }
    partners.items[at] = fresh;
    partners.count += at == partners.count;
    return rms_partners_write(request->arena, t->settings, &partners, &t->settings);
}

int rms_admin_partner_import(struct rms_front *front, struct rms_request *request, struct rms_reply *reply)
{
    static const char *const names[] = {"Certificate", "Domains", "Name", NULL};
    struct rms_tenant t;
    RMS_TRY(rms_admin_edit_tenant(request, names, import, &t));
    return rms_admin_partner_list(front, request, reply);
}

static int drop(struct rms_db *db, struct rms_arena *arena, const char *tenant_id, const char *key)
{
    struct rms_tenant t;
    struct rms_partners partners;
    RMS_TRY(rms_tenant_get(db, arena, tenant_id, &t));
    RMS_TRY(rms_partners_read(arena, t.settings, &partners));
    size_t at = find(&partners, key);
    if (at == partners.count) {
        return RMS_E_NOT_FOUND;
    }
    partners.items[at] = partners.items[--partners.count];
    RMS_TRY(rms_partners_write(arena, t.settings, &partners, &t.settings));
    return rms_tenant_update(db, &t);
}

static int remove_partner(struct rms_db *db, const char *tenant_id, const char *key)
{
    RMS_ARENA_CLEANUP struct rms_arena *arena = rms_arena_new(CERTIFICATE_MAX * 16);
    if (arena == NULL) {
        return RMS_E_NO_MEMORY;
    }
    RMS_TRY(rms_db_begin(db));
    return rms_db_end(db, drop(db, arena, tenant_id, key));
}

int rms_admin_partner_remove(struct rms_front *front, struct rms_request *request, struct rms_reply *reply)
{
    (void)front;
    return rms_admin_remove(request, reply, remove_partner, "no such trusted user domain");
}

/* The public half: what a partner imports. */
int rms_admin_partner_own(struct rms_front *front, struct rms_request *request, struct rms_reply *reply)
{
    struct rms_tenant t;
    (void)front;
    RMS_TRY(rms_admin_tenant(request, &t));
    const struct rms_live_tenant *live = rms_request_tenant(request, t.id);
    if (live == NULL || live->active == NULL) {
        return rms_fail(request, RMS_E_KEY_UNAVAILABLE, "the tenant has no active key");
    }
    rms_admin_write_word(
        request, reply, "Certificate", rms_arena_text(request->arena, live->active->server.slc_text));
    return RMS_OK;
}
