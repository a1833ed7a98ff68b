/* Writing publishing licences (licence.h): a body in pieces around what is made of the content key, completed
 * and signed by whoever has it. */
#include <strings.h>

#include "base/text.h"
#include "xrml/texts.h"
#include "xrml/xread.h"
#include "xrml/xwrite.h"

#define PROLOG "\xef\xbb\xbf<?xml version=\"1.0\"?>"

/* As issuer of client-signed documents: the CLC's principal and the client's version (section 3.5, row 4). */
static int write_clc_issuer(struct rms_xwriter *w, const struct rms_certificate *clc)
{
    const struct rms_xnode *key = rms_xnode_path(clc->node->body, "ISSUEDPRINCIPALS/PRINCIPAL/PUBLICKEY");

    if (clc->node->kind != RMS_DOC_CLC || key == NULL || clc->node->subject.source.len == 0) {
        return RMS_E_BAD_ARGUMENT;
    }
    rms_xw_open(w, "ISSUER");
    rms_xw_view(w, clc->node->subject.source);
    rms_xw_view(w, key->source);
    rms_xw_level(w, "SDK", "1.0.0.0");
    rms_xw_close(w, "ISSUER");
    return 0;
}

int rms_xw_issuer(struct rms_xwriter *w, const struct rms_server *server, const struct rms_certificate *clc)
{
    if (clc != NULL) {
        return write_clc_issuer(w, clc);
    }
    rms_xw_raw(w, server->issuer_text);
    return 0;
}

int rms_clc_issuer_bound(const struct rms_certificate *clc, uint8_t bound_out[RMS_SHA256_BYTES])
{
    RMS_BUF_CLEANUP struct rms_buf text = RMS_BUF_INIT(64u * 1024);
    struct rms_xwriter w = RMS_XWRITER(&text);

    RMS_TRY(write_clc_issuer(&w, clc));
    RMS_TRY(rms_xw_status(&w));
    return rms_xread_bound(RMS_SEALED_KEY_V2, rms_buf_view(&text), bound_out);
}

/* Names of Microsoft's tracking data begin so (section 3.5). */
static const char *data_id(const char *name)
{
    return name != NULL && strncasecmp(name, "MS.", 3) == 0 ? RMS_XDATA_TRACKING : RMS_XDATA_APP;
}

/* Everything around what is made of the content key. */
static void write_head(
    struct rms_xwriter *w, const struct rms_server *server, const struct rms_pl_request *request)
{
    rms_xw_raw(w, "<BODY type=\"Microsoft Rights Label\" version=\"3.0\">");
    rms_xw_time(w, "ISSUEDTIME", request->issued_at);
    rms_texts_write(w, request->policy);
    w->bad = rms_xw_issuer(w, server, request->clc) != 0 || w->bad;
    rms_xw_licensing_points(w, server);
    rms_xw_referral(w, request->policy->referral);
    rms_xw_raw(w, server->principals_head);
}

static void write_middle(
    struct rms_xwriter *w, const struct rms_server *server, const struct rms_pl_request *request)
{
    rms_xw_raw(w, server->principals_tail);
    rms_xw_raw(w, "<WORK><OBJECT><ID type=\"MS-GUID\">");
    rms_xw_guid(w, request->content_id);
    rms_xw_raw(w, "</ID></OBJECT>");
    rms_xw_owner(w, request->owner);
    rms_xw_close(w, "WORK");
    rms_xw_raw(w, "<AUTHENTICATEDDATA id=\"" RMS_XDATA_RIGHTS "\">");
}

static void write_tail(struct rms_xwriter *w, const struct rms_pl_request *request)
{
    const struct rms_policy *policy = request->policy;

    rms_xw_close(w, "AUTHENTICATEDDATA");
    for (size_t i = 0; i < policy->signed_count; i++) {
        rms_xw_free_data(w, data_id(policy->signed_data[i].name), &policy->signed_data[i]);
    }
    if (request->issuer != NULL && request->clc == NULL) {
        rms_xw_data(w, RMS_XDATA_TRACKING, RMS_XOWN_ISSUER, request->issuer);
    }
}

/* No VALIDITYTIME: it would lock out the owner too. The content's end is in the rights data. */
int rms_pl_draft(const struct rms_server *server, const struct rms_pl_request *request, struct rms_buf *text,
    struct rms_pl_draft *draft_out)
{
    struct rms_xwriter w = RMS_XWRITER(text);
    size_t head;
    size_t middle;

    write_head(&w, server, request);
    head = text->len;
    write_middle(&w, server, request);
    middle = text->len;
    write_tail(&w, request);
    RMS_TRY(rms_xw_status(&w));
    *draft_out = (struct rms_pl_draft){
        .head = rms_view_of(text->data, head),
        .middle = rms_view_of(text->data + head, middle - head),
        .tail = rms_view_of(text->data + middle, text->len - middle),
    };
    return 0;
}

int rms_pl_complete(const struct rms_pl_draft *draft, const struct rms_pl_made *made, struct rms_buf *body)
{
    struct rms_xwriter w = RMS_XWRITER(body);

    rms_xw_view(&w, draft->head);
    rms_xw_bits(&w, made->bits);
    rms_xw_view(&w, draft->middle);
    rms_xw_base64(&w, made->erd);
    rms_xw_view(&w, draft->tail);
    if (made->key_box.len > 0) {
        rms_xw_raw(&w, "<AUTHENTICATEDDATA id=\"" RMS_XDATA_TRACKING "\" name=\"" RMS_XOWN_KEY_BOX "\">");
        rms_xw_base64(&w, made->key_box);
        rms_xw_close(&w, "AUTHENTICATEDDATA");
    }
    rms_xw_close(&w, "BODY");
    w.bad = w.bad || made->erd.len == 0;
    return rms_xw_status(&w);
}

int rms_pl_finish(const struct rms_signed_body *body, struct rms_buf *out)
{
    rms_buf_append_str(out, PROLOG);
    return rms_xw_with_signature(body, NULL, out);
}

static int write_pl(const struct rms_server *server, const struct rms_pl_request *request,
    const struct rms_signer *signer, struct rms_buf *out)
{
    RMS_BUF_CLEANUP struct rms_buf text = RMS_BUF_INIT(RMS_XRML_MAX_BYTES);
    RMS_BUF_CLEANUP struct rms_buf body = RMS_BUF_INIT(RMS_XRML_MAX_BYTES);
    struct rms_pl_made made = request->made;
    struct rms_pl_draft draft;

    if (request->clc != NULL) {
        made.key_box = rms_view_of(NULL, 0);
    }
    RMS_TRY(rms_pl_draft(server, request, &text, &draft));
    RMS_TRY(rms_pl_complete(&draft, &made, &body));
    rms_buf_append_str(out, PROLOG);
    RMS_TRY(rms_xw_signed(signer, rms_buf_view(&body), NULL, out));
    if (request->clc != NULL) {
        rms_buf_append_view(out, request->clc->node->xrml->source);
        rms_buf_append_view(out, request->owner_ul);
        rms_buf_append_view(out, server->slc_text);
    }
    return rms_buf_status(out);
}

/* Half a licence is not left behind. */
int rms_pl_build(const struct rms_server *server, const struct rms_pl_request *request,
    const struct rms_signer *signer, struct rms_buf *out)
{
    size_t start = out->len;
    int status = write_pl(server, request, signer, out);

    if (status != 0) {
        out->len = start;
    }
    return status;
}
