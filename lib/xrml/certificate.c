/* Machine, account and client licensor certificates, and the server's own (xrml-licences sections 3.1
 * to 3.4). */
#include "base/text.h"
#include "xrml/xread.h"
#include "xrml/xwrite.h"

/* What clocks may differ: a RAC begins this much before its issue (section 3.3). */
#define CLOCK_TOLERANCE_S 900

/* Signing begins a day before, as in real CLCs: a client with a slow clock can publish (section 3.4). */
#define ISSUE_LEAD_S RMS_DAY_S

#define BODY_MAX (256u * 1024)

/* GUIDs Microsoft servers use for these (section 2, table). */
#define ACTIVATION_GUID     "8ba9ea80-99e4-4a2b-9764-4cd84f77c3a0"
#define SPC_ACTIVATION_GUID "99f48562-703e-4e7d-9175-dd69c66921b7"

/* --- reading -------------------------------------------------------------------------------------- */

/* Where each kind keeps its enabling bits. */
static const char *const bits_path[] = {
    [RMS_DOC_RAC] = "FEDERATIONPRINCIPALS/PRINCIPAL/ENABLINGBITS",
    [RMS_DOC_CLC] = "ACCESS/PRINCIPAL/ENABLINGBITS",
    [RMS_DOC_ERD] = NULL,
};

static int find_bits(const struct rms_signed *node, const struct rms_xnode **bits_out)
{
    const struct rms_xnode *from = node->body;
    const struct rms_xnode *right;

    *bits_out = NULL;
    if (bits_path[node->kind] == NULL) {
        return 0;
    }
    if (node->kind == RMS_DOC_CLC) {
        RMS_TRY(rms_xread_path(node->body, "WORK/RIGHTSGROUP/RIGHTSLIST/RIGHT", &right));
        if (right == NULL) {
            return RMS_E_BAD_LICENSE;
        }
        RMS_TRY(rms_xread_conditions(right, &from));
    }
    return rms_xread_path(from, bits_path[node->kind], bits_out);
}

static int read_bits(
    struct rms_arena *arena, const struct rms_signed *node, struct rms_certificate *certificate)
{
    const struct rms_xnode *bits;

    RMS_TRY(find_bits(node, &bits));
    if (bits == NULL) {
        return 0;
    }
    RMS_TRY(rms_xread_bits(arena, bits, &certificate->bits));
    return rms_xread_issuer_bound(node->body, certificate->bits.type, certificate->bits_bound);
}

static int read_times(const struct rms_signed *node, struct rms_certificate *certificate)
{
    const struct rms_xnode *validity;

    RMS_TRY(rms_xread_single(node->body, "VALIDITYTIME", &validity));
    RMS_TRY(rms_xread_range(validity, &certificate->valid_from, &certificate->valid_until));
    return rms_xread_issue_range(node->body, &certificate->issue_from, &certificate->issue_until);
}

static int read_urls(
    struct rms_arena *arena, const struct rms_xnode *body, struct rms_certificate *certificate)
{
    RMS_TRY(rms_xread_point(arena, body, "Extranet-License-Acquisition-URL", &certificate->licensing_url));
    if (certificate->licensing_url != NULL) {
        return 0;
    }
    return rms_xread_point(arena, body, "License-Acquisition-URL", &certificate->licensing_url);
}

static const char *creation_time(const struct rms_xnode *body)
{
    const struct rms_xnode *principal = rms_xnode_path(body, "ISSUEDPRINCIPALS/PRINCIPAL");
    const struct rms_xnode *level = rms_xnode_child(principal, "SECURITYLEVEL");

    for (; level != NULL; level = rms_xnode_sibling(level, "SECURITYLEVEL")) {
        const char *name = rms_xnode_attr(level, "name");

        if (name != NULL && strcmp(name, "Credential-Creation-Time") == 0) {
            return rms_xnode_attr(level, "value");
        }
    }
    return NULL;
}

int rms_certificate_parse(struct rms_arena *arena, const struct rms_signed *node,
    enum rms_document_kind expected, struct rms_certificate *certificate_out)
{
    struct rms_certificate certificate = {.node = node};

    if (node->kind != expected || !node->has_subject_key) {
        return RMS_E_BAD_LICENSE;
    }
    RMS_TRY(read_times(node, &certificate));
    RMS_TRY(read_bits(arena, node, &certificate));
    if (node->kind == RMS_DOC_RAC || node->kind == RMS_DOC_CLC) {
        RMS_TRY(rms_xread_address(arena, node->subject.name, &certificate.address));
        RMS_TRY(read_urls(arena, node->body, &certificate));
        certificate.created_at_text = creation_time(node->body);
    }
    *certificate_out = certificate;
    return 0;
}

int rms_certificate_machine(const struct rms_certificate *certificate, char machine_out[RMS_GUID_TEXT])
{
    const struct rms_signed *node = certificate->node;
    const struct rms_xnode *principal;
    const bool own = node->kind == RMS_DOC_SPC;

    RMS_TRY(rms_xread_path(
        node->body, own ? "ISSUEDPRINCIPALS/PRINCIPAL" : "FEDERATIONPRINCIPALS/PRINCIPAL", &principal));
    return rms_xread_object_guid(principal, machine_out);
}

/* --- writing -------------------------------------------------------------------------------------- */

static void write_head(struct rms_xwriter *w, int64_t issued_at)
{
    rms_xw_raw(w, "<BODY type=\"LICENSE\" version=\"3.0\">");
    rms_xw_time(w, "ISSUEDTIME", issued_at);
}

static void write_descriptor(struct rms_xwriter *w, const struct rms_xw_object *object)
{
    rms_xw_open(w, "DESCRIPTOR");
    rms_xw_object(w, object);
    rms_xw_close(w, "DESCRIPTOR");
}

/* The right to sign, as every issuing certificate grants it (section 3.1). bits may be empty. */
static void write_issue_right(
    struct rms_xwriter *w, const struct rms_xw_object *object, struct rms_view bits, const int64_t range[2])
{
    rms_xw_open(w, "WORK");
    rms_xw_object(w, object);
    rms_xw_raw(
        w, "<RIGHTSGROUP name=\"Main-Rights\"><RIGHTSLIST><RIGHT name=\"ISSUE\"><CONDITIONLIST><TIME>");
    rms_xw_range(w, "RANGETIME", range[0], range[1]);
    rms_xw_raw(w, "</TIME><ACCESS><PRINCIPAL internal-id=\"1\"");
    if (bits.len > 0) {
        rms_xw_raw(w, ">");
        rms_xw_bits(w, bits);
        rms_xw_close(w, "PRINCIPAL");
    } else {
        rms_xw_raw(w, " />");
    }
    rms_xw_raw(w, "</ACCESS></CONDITIONLIST></RIGHT></RIGHTSLIST></RIGHTSGROUP></WORK>");
}

/* OBJECT, key and levels of a self-made SLC's principal: but for the key the same as issuer and as subject.
 */
static void write_server(
    struct rms_xwriter *w, const struct rms_slc_request *request, const struct rms_rsa_public *key)
{
    const struct rms_xw_object object = {"MS-DRM-Server", request->guid, request->name, request->url};

    rms_xw_object(w, &object);
    rms_xw_public_key(w, key);
    rms_xw_level(w, "Server-Version", "2.0.0.0");
    rms_xw_level(w, "Server-SKU", "OpenRMS 1.0");
    if (request->tenant_id != NULL) {
        rms_xw_raw(w, "<SECURITYLEVEL name=\"Tenant-ID\" value=\"");
        rms_xw_guid(w, request->tenant_id);
        rms_xw_raw(w, "\" />");
    }
}

static void write_slc(
    struct rms_xwriter *w, const struct rms_slc_request *request, const struct rms_rsa_public *issuer)
{
    char guid[RMS_GUID_TEXT];
    const struct rms_xw_object descriptor = {"Server-Licensor-Certificate", guid, request->name, NULL};
    const int64_t range[2] = {request->issued_at - ISSUE_LEAD_S, request->valid_until};

    rms_guid_new(guid);
    write_head(w, request->issued_at);
    rms_xw_range(w, "VALIDITYTIME", range[0], range[1]);
    write_descriptor(w, &descriptor);
    rms_xw_open(w, "ISSUER");
    write_server(w, request, issuer);
    rms_xw_raw(w, "</ISSUER><ISSUEDPRINCIPALS><PRINCIPAL internal-id=\"1\">");
    write_server(w, request, request->key != NULL ? request->key : issuer);
    rms_xw_raw(w, "</PRINCIPAL></ISSUEDPRINCIPALS>");
    write_issue_right(w, &descriptor, (struct rms_view){0}, range);
    rms_xw_close(w, "BODY");
}

int rms_slc_build(const struct rms_slc_request *request, const struct rms_signer *signer, struct rms_buf *out)
{
    RMS_BUF_CLEANUP struct rms_buf body = RMS_BUF_INIT(BODY_MAX);
    struct rms_xwriter w = RMS_XWRITER(&body);

    if (request->issued_at == RMS_TIME_NONE || request->valid_until <= request->issued_at) {
        return RMS_E_BAD_ARGUMENT;
    }
    write_slc(&w, request, &signer->key);
    RMS_TRY(rms_xw_status(&w));
    return rms_xw_signed(signer, rms_buf_view(&body), NULL, out);
}

static void write_machine(struct rms_xwriter *w, const char *machine_guid, const struct rms_rsa_public *key)
{
    const struct rms_xw_object object = {"Machine-Unique-Identifier", machine_guid, "Machine", NULL};

    rms_xw_object(w, &object);
    rms_xw_public_key(w, key);
}

/* No hardware hash: it would tell one machine from another for no purpose of ours. */
int rms_spc_build(
    const char *machine_guid, int64_t now, const struct rms_signer *machine, struct rms_buf *out)
{
    RMS_BUF_CLEANUP struct rms_buf body = RMS_BUF_INIT(BODY_MAX);
    struct rms_xwriter w = RMS_XWRITER(&body);
    char guid[RMS_GUID_TEXT];
    const struct rms_xw_object descriptor = {"Machine-Certificate", guid, "Machine-Certificate", NULL};

    rms_guid_new(guid);
    write_head(&w, now);
    write_descriptor(&w, &descriptor);
    rms_xw_open(&w, "ISSUER");
    write_machine(&w, machine_guid, &machine->key);
    rms_xw_close(&w, "ISSUER");
    rms_xw_point(&w, "Activation", SPC_ACTIVATION_GUID, "Self-Activation", "file:///rmactivate.exe");
    rms_xw_raw(&w, "<ISSUEDPRINCIPALS><PRINCIPAL>");
    write_machine(&w, machine_guid, &machine->key);
    rms_xw_level(&w, "Platform", "1.0.0.0");
    rms_xw_level(&w, "Manufacturer", "OpenRMS");
    rms_xw_level(&w, "Repository", "1.0.0.0");
    rms_xw_raw(&w, "</PRINCIPAL></ISSUEDPRINCIPALS></BODY>");
    RMS_TRY(rms_xw_status(&w));
    return rms_xw_signed(machine, rms_buf_view(&body), NULL, out);
}

static void write_account(struct rms_xwriter *w, const struct rms_rac_request *request)
{
    rms_xw_raw(w, "<OBJECT type=\"Group-Identity\"><ID type=\"Federation\">");
    rms_xw_guid(w, request->user_guid);
    rms_xw_close(w, "ID");
    rms_xw_element(w, "NAME", request->address);
    for (size_t i = 0; i < request->alias_count; i++) {
        rms_xw_raw(w, "<ADDRESS type=\"email_alias\">");
        rms_xw_text(w, request->aliases[i]);
        rms_xw_close(w, "ADDRESS");
    }
    rms_xw_close(w, "OBJECT");
    rms_xw_public_key(w, &request->user_key);
    rms_xw_level(w, "Group-Identity-Credential-Type", "Persistent");
    rms_xw_level(w, "Group-Identity-Type", "Group");
    rms_xw_level(w, "Group-Identity-Policy", "Group-Identity-Credential");
}

/* The machine the user key is sealed to: verbatim from its certificate. */
static void write_federation(struct rms_xwriter *w, const struct rms_rac_request *request)
{
    const struct rms_signed *spc = request->machine->node;

    rms_xw_raw(w, "<FEDERATIONPRINCIPALS><PRINCIPAL>");
    rms_xw_view(w, spc->subject.source);
    rms_xw_bits(w, request->bits);
    rms_xw_levels_of(w, rms_xnode_path(spc->body, "ISSUEDPRINCIPALS/PRINCIPAL"));
    rms_xw_raw(w, "</PRINCIPAL></FEDERATIONPRINCIPALS>");
}

/* base is the licensing URL; certification lies beside it. */
static void write_activation(struct rms_xwriter *w, const char *type, const char *base)
{
    RMS_BUF_CLEANUP struct rms_buf url = RMS_BUF_INIT(4096);
    const char *last = base != NULL ? strrchr(base, '/') : NULL;

    if (last == NULL) {
        return;
    }
    rms_buf_append(&url, base, (size_t)(last - base));
    rms_buf_append_str(&url, "/certification");
    w->out->failed = w->out->failed || url.failed;
    rms_xw_point(w, type, ACTIVATION_GUID, "OpenRMS Certification Server", rms_buf_text(&url));
}

static void write_rac(
    struct rms_xwriter *w, const struct rms_server *server, const struct rms_rac_request *request)
{
    char guid[RMS_GUID_TEXT];
    const struct rms_xw_object descriptor = {"Group-Identity-Credential", guid, NULL, NULL};
    char created[RMS_TIME_TEXT];

    rms_guid_new(guid);
    write_head(w, request->issued_at);
    rms_xw_range(w, "VALIDITYTIME", request->issued_at - CLOCK_TOLERANCE_S, request->valid_until);
    write_descriptor(w, &descriptor);
    rms_xw_raw(w, server->issuer_text);
    write_activation(w, "Activation", server->intranet_url);
    write_activation(w, "Extranet-Activation", server->extranet_url);
    rms_xw_raw(w, "<ISSUEDPRINCIPALS><PRINCIPAL internal-id=\"1\">");
    write_account(w, request);
    if (request->account_created_at != RMS_TIME_NONE) {
        rms_time_xrml(request->account_created_at, created);
        rms_xw_level(w, "Credential-Creation-Time", created);
    }
    rms_xw_raw(w, "</PRINCIPAL></ISSUEDPRINCIPALS>");
    if (request->machine != NULL) {
        write_federation(w, request);
    }
    rms_xw_close(w, "BODY");
}

int rms_rac_build(const struct rms_server *server, const struct rms_rac_request *request,
    const struct rms_signer *signer, struct rms_buf *out)
{
    RMS_BUF_CLEANUP struct rms_buf body = RMS_BUF_INIT(BODY_MAX);
    struct rms_xwriter w = RMS_XWRITER(&body);

    if (request->issued_at == RMS_TIME_NONE || request->valid_until <= request->issued_at) {
        return RMS_E_BAD_ARGUMENT;
    }
    write_rac(&w, server, request);
    RMS_TRY(rms_xw_status(&w));
    return rms_xw_signed(signer, rms_buf_view(&body), NULL, out);
}

static void write_clc(
    struct rms_xwriter *w, const struct rms_server *server, const struct rms_clc_request *request)
{
    char guid[RMS_GUID_TEXT];
    const struct rms_xw_object descriptor = {"Client-Licensor-Certificate", guid, NULL, NULL};
    const int64_t range[2] = {request->issued_at - ISSUE_LEAD_S, request->valid_until};

    rms_guid_new(guid);
    write_head(w, request->issued_at);
    write_descriptor(w, &descriptor);
    rms_xw_raw(w, server->issuer_text);
    rms_xw_licensing_points(w, server);
    rms_xw_raw(w, "<ISSUEDPRINCIPALS><PRINCIPAL internal-id=\"1\">");
    rms_xw_view(w, request->rac->node->subject.source);
    rms_xw_public_key(w, &request->key);
    rms_xw_raw(w, "</PRINCIPAL></ISSUEDPRINCIPALS>");
    w->bad = w->bad || request->bits.len == 0;
    write_issue_right(w, &descriptor, request->bits, range);
    rms_xw_close(w, "BODY");
}

int rms_clc_build(const struct rms_server *server, const struct rms_clc_request *request,
    const struct rms_signer *signer, struct rms_buf *out)
{
    RMS_BUF_CLEANUP struct rms_buf body = RMS_BUF_INIT(BODY_MAX);
    struct rms_xwriter w = RMS_XWRITER(&body);

    if (request->issued_at == RMS_TIME_NONE || request->valid_until <= request->issued_at) {
        return RMS_E_BAD_ARGUMENT;
    }
    write_clc(&w, server, request);
    RMS_TRY(rms_xw_status(&w));
    return rms_xw_signed(signer, rms_buf_view(&body), NULL, out);
}
