/* The server as issuer: the texts its documents repeat, made once from its certificate. */
#include "xrml/xread.h"
#include "xrml/xwrite.h"

#define PART_MAX (64u * 1024)

/* GUIDs Microsoft servers use for these (xrml-licences section 2, table). */
#define INTRANET_GUID "0f45fd50-383b-43ee-90a4-ed013cd0cfe5"
#define EXTRANET_GUID "94bf969a-ca04-44d6-aa96-51071281fef2"
#define CLUSTER_NAME  "DRM Server Cluster"

void rms_xw_licensing_points(struct rms_xwriter *w, const struct rms_server *server)
{
    rms_xw_point(w, "License-Acquisition-URL", INTRANET_GUID, CLUSTER_NAME, server->intranet_url);
    rms_xw_point(w, "Extranet-License-Acquisition-URL", EXTRANET_GUID, CLUSTER_NAME, server->extranet_url);
}

/* OBJECT and PUBLICKEY of the certified principal, then its levels: verbatim, so that the issuer of a
 * document is the subject of the SLC to the character. */
struct parts {
    const struct rms_xnode *principal;
    struct rms_view object;
    struct rms_view key;
};

static int keep(struct rms_arena *arena, const struct rms_buf *text, const char **text_out)
{
    RMS_TRY(rms_buf_status(text));
    *text_out = rms_arena_text(arena, rms_buf_view(text));
    return *text_out != NULL ? 0 : RMS_E_NO_MEMORY;
}

static int make_issuer(struct rms_arena *arena, const struct parts *parts, struct rms_server *server)
{
    RMS_BUF_CLEANUP struct rms_buf text = RMS_BUF_INIT(PART_MAX);
    struct rms_xwriter w = RMS_XWRITER(&text);

    rms_xw_open(&w, "ISSUER");
    rms_xw_view(&w, parts->object);
    rms_xw_view(&w, parts->key);
    rms_xw_levels_of(&w, parts->principal);
    rms_xw_close(&w, "ISSUER");
    RMS_TRY(keep(arena, &text, &server->issuer_text));
    return rms_xread_bound(RMS_SEALED_KEY_V2, rms_buf_view(&text), server->issuer_bound);
}

/* The enabling bits of a PL stand between head and tail, and are bound to both without themselves (section
 * 4). */
static int make_principals(struct rms_arena *arena, const struct parts *parts, struct rms_server *server)
{
    RMS_BUF_CLEANUP struct rms_buf text = RMS_BUF_INIT(PART_MAX);
    struct rms_xwriter w = RMS_XWRITER(&text);
    size_t head_len;

    rms_xw_raw(&w, "<ISSUEDPRINCIPALS><PRINCIPAL internal-id=\"1\">");
    rms_xw_view(&w, parts->object);
    rms_xw_view(&w, parts->key);
    RMS_TRY(keep(arena, &text, &server->principals_head));
    head_len = text.len;
    rms_xw_levels_of(&w, parts->principal);
    rms_xw_raw(&w, "</PRINCIPAL></ISSUEDPRINCIPALS>");
    RMS_TRY(keep(arena, &text, &server->principals_tail));
    server->principals_tail += head_len;
    return rms_xread_bound(RMS_SEALED_KEY_V2, rms_buf_view(&text), server->principals_bound);
}

static int find_parts(const struct rms_signed *slc, struct parts *parts)
{
    const struct rms_xnode *object;
    const struct rms_xnode *key;

    RMS_TRY(rms_xread_path(slc->body, "ISSUEDPRINCIPALS/PRINCIPAL", &parts->principal));
    RMS_TRY(rms_xread_single(parts->principal, "OBJECT", &object));
    RMS_TRY(rms_xread_single(parts->principal, "PUBLICKEY", &key));
    if (object == NULL || key == NULL) {
        return RMS_E_BAD_LICENSE;
    }
    parts->object = object->source;
    parts->key = key->source;
    return 0;
}

/* A self-signed certificate has to hold in itself, whatever its key's length: that others trust the key is
 * for rms_chain_verify, which knows who may have a short one. */
static int check_self(const struct rms_signed *slc)
{
    if (!slc->has_issuer_key || !rms_rsa_public_equal(&slc->issuer_key, &slc->subject_key)) {
        return 0;
    }
    return rms_signed_verify(slc, &slc->subject_key, slc->subject_key.bits < 2048);
}

static int copy_names(struct rms_arena *arena, const struct rms_signed *slc, struct rms_server *server)
{
    char guid[RMS_GUID_TEXT];

    if (rms_guid_parse(rms_view_str(slc->subject.id), guid) != 0) {
        return RMS_E_BAD_LICENSE;
    }
    server->guid = rms_arena_strdup(arena, guid);
    server->name = slc->subject.name != NULL ? slc->subject.name : "";
    server->slc_text = slc->xrml->source;
    server->key = slc->subject_key;
    return server->guid != NULL ? 0 : RMS_E_NO_MEMORY;
}

static int copy_urls(
    struct rms_arena *arena, const char *intranet_url, const char *extranet_url, struct rms_server *server)
{
    server->intranet_url = rms_arena_strdup(arena, intranet_url);
    server->extranet_url = rms_arena_strdup(arena, extranet_url);
    if ((intranet_url != NULL && server->intranet_url == NULL) ||
        (extranet_url != NULL && server->extranet_url == NULL)) {
        return RMS_E_NO_MEMORY;
    }
    return 0;
}

int rms_server_init(struct rms_arena *arena, struct rms_view slc, const char *intranet_url,
    const char *extranet_url, struct rms_server *server_out)
{
    struct rms_server server = {0};
    struct rms_chain chain;
    struct parts parts;

    RMS_TRY(rms_chain_parse(arena, slc, &chain));
    RMS_TRY(rms_certificate_parse(arena, &chain.nodes[0], RMS_DOC_SLC, &server.slc));
    RMS_TRY(check_self(&chain.nodes[0]));
    RMS_TRY(find_parts(&chain.nodes[0], &parts));
    RMS_TRY(copy_names(arena, &chain.nodes[0], &server));
    RMS_TRY(copy_urls(arena, intranet_url, extranet_url, &server));
    RMS_TRY(make_issuer(arena, &parts, &server));
    RMS_TRY(make_principals(arena, &parts, &server));
    *server_out = server;
    return 0;
}
