/* Use licences, reader and writer (xrml-licences section 3.6). */
#include "base/text.h"
#include "xrml/xread.h"
#include "xrml/xwrite.h"

#define CLOCK_TOLERANCE_S 900
#define BODY_MAX          (1024u * 1024)
#define REMOVAL_EXTRACT   "EXTRACT"

/* --- writing -------------------------------------------------------------------------------------- */

/* What each right repeats: made once. */
struct right_context {
    struct rms_xwriter *w;
    struct rms_view conditions;
};

static void write_right(const char *name, void *context)
{
    struct right_context *c = context;

    rms_xw_right_open(c->w, name);
    rms_xw_view(c->w, c->conditions);
    rms_xw_right_close(c->w, name);
}

static bool no_cache(const struct rms_ul_request *request)
{
    return request->licence_valid_until != RMS_TIME_NONE &&
           request->licence_valid_until <= request->issued_at;
}

/* The end a reader sees who knows the published form only: the earlier of content and licence. A licence for
 * one opening has no end of its own, it is not kept. */
static int64_t visible_end(const struct rms_ul_request *request)
{
    int64_t end = no_cache(request) ? RMS_TIME_NONE : request->licence_valid_until;
    int64_t content = request->content_valid_until;

    return end == RMS_TIME_NONE || (content != RMS_TIME_NONE && content < end) ? content : end;
}

static void write_conditions(struct rms_xwriter *w, const struct rms_ul_request *request)
{
    int64_t end = visible_end(request);

    rms_xw_raw(w, "<CONDITIONLIST><ACCESS><PRINCIPAL internal-id=\"1\">");
    rms_xw_bits(w, request->bits);
    rms_xw_raw(w, "</PRINCIPAL></ACCESS>");
    if (end != RMS_TIME_NONE) {
        rms_xw_open(w, "TIME");
        rms_xw_range(w, "RANGETIME", request->issued_at - CLOCK_TOLERANCE_S, end);
        rms_xw_close(w, "TIME");
    }
    rms_xw_close(w, "CONDITIONLIST");
}

/* OWNER stands alone. */
static void write_rights(struct rms_xwriter *w, const struct rms_ul_request *request)
{
    RMS_BUF_CLEANUP struct rms_buf text = RMS_BUF_INIT(BODY_MAX);
    struct rms_xwriter conditions = RMS_XWRITER(&text);
    struct right_context context = {.w = w};

    write_conditions(&conditions, request);
    w->bad = w->bad || conditions.bad || rms_rights_empty(request->rights);
    w->out->failed = w->out->failed || text.failed;
    context.conditions = rms_buf_view(&text);
    rms_xw_raw(w, "<RIGHTSGROUP name=\"Main-Rights\"><RIGHTSLIST>");
    if ((request->rights->bits & RMS_RIGHT_OWNER) != 0) {
        write_right("OWNER", &context);
    } else {
        rms_rights_each(request->rights, write_right, &context);
    }
    rms_xw_raw(w, "</RIGHTSLIST></RIGHTSGROUP>");
}

static int write_account(struct rms_xwriter *w, const struct rms_ul_request *request, bool client_made)
{
    const struct rms_signed *rac = request->rac->node;
    const struct rms_xnode *principal = rms_xnode_path(rac->body, "ISSUEDPRINCIPALS/PRINCIPAL");
    const struct rms_xnode *key = rms_xnode_child(principal, "PUBLICKEY");

    if (rac->kind != RMS_DOC_RAC || key == NULL) {
        return RMS_E_BAD_ARGUMENT;
    }
    rms_xw_raw(w, "<ISSUEDPRINCIPALS><PRINCIPAL internal-id=\"1\">");
    rms_xw_view(w, rac->subject.source);
    rms_xw_view(w, key->source);
    if (client_made) {
        rms_xw_levels_of(w, principal);
    }
    rms_xw_raw(w, "</PRINCIPAL></ISSUEDPRINCIPALS>");
    return 0;
}

static void write_work(struct rms_xwriter *w, const struct rms_ul_request *request)
{
    rms_xw_raw(w, "<WORK><OBJECT><ID type=\"MS-GUID\">");
    rms_xw_guid(w, request->pl != NULL ? request->pl->content_id : request->content_id);
    rms_xw_raw(w, "</ID></OBJECT>");
    rms_xw_owner(w, request->pl != NULL ? request->pl->owner : request->owner);
    write_rights(w, request);
    rms_xw_close(w, "WORK");
}

static void write_own_time(struct rms_xwriter *w, const char *name, int64_t time)
{
    char text[RMS_TIME_TEXT];

    if (time != RMS_TIME_NONE) {
        rms_time_iso(time, text);
        rms_xw_data(w, RMS_XDATA_APP, name, text);
    }
}

static void write_data(struct rms_xwriter *w, const struct rms_ul_request *request)
{
    if (no_cache(request)) {
        rms_xw_data(w, RMS_XDATA_APP, RMS_XNO_CACHE, "1");
    } else {
        write_own_time(w, RMS_XOWN_LICENCE_UNTIL, request->licence_valid_until);
    }
    write_own_time(w, RMS_XOWN_CONTENT_UNTIL, request->content_valid_until);
    if (request->removal_extract) {
        rms_xw_data(w, RMS_XDATA_APP, RMS_XOWN_REMOVAL, REMOVAL_EXTRACT);
    }
    for (size_t i = 0; i < request->data_count; i++) {
        rms_xw_free_data(w, RMS_XDATA_APP, &request->data[i]);
    }
}

static void write_descriptor(struct rms_xwriter *w)
{
    char guid[RMS_GUID_TEXT];
    const struct rms_xw_object object = {"Content-License", guid, NULL, NULL};

    rms_guid_new(guid);
    rms_xw_open(w, "DESCRIPTOR");
    rms_xw_object(w, &object);
    rms_xw_close(w, "DESCRIPTOR");
}

int rms_ul_build(const struct rms_server *server, const struct rms_certificate *issuer_clc,
    const struct rms_ul_request *request, const struct rms_signer *signer, struct rms_buf *out)
{
    RMS_BUF_CLEANUP struct rms_buf body = RMS_BUF_INIT(BODY_MAX);
    struct rms_xwriter w = RMS_XWRITER(&body);

    if (request->issued_at == RMS_TIME_NONE) {
        return RMS_E_BAD_ARGUMENT;
    }
    rms_xw_raw(&w, "<BODY type=\"LICENSE\" version=\"3.0\">");
    rms_xw_time(&w, "ISSUEDTIME", request->issued_at);
    write_descriptor(&w);
    RMS_TRY(rms_xw_issuer(&w, server, issuer_clc));
    RMS_TRY(write_account(&w, request, issuer_clc != NULL));
    rms_xw_referral(&w, request->pl != NULL ? request->pl->referral : NULL);
    write_work(&w, request);
    write_data(&w, request);
    rms_xw_close(&w, "BODY");
    RMS_TRY(rms_xw_status(&w));
    return rms_xw_signed(signer, rms_buf_view(&body), "Content-License", out);
}

/* --- reading -------------------------------------------------------------------------------------- */

static int64_t earlier(int64_t a, int64_t b)
{
    if (a == RMS_TIME_NONE) {
        return b;
    }
    return b == RMS_TIME_NONE || a < b ? a : b;
}

/* End of the licence by one right: fixed, or so many days from the issue. */
static int read_right_end(const struct rms_xnode *conditions, struct rms_ul *ul)
{
    struct rms_xtimes times;

    RMS_TRY(rms_xread_times(conditions, &times));
    ul->licence_valid_until = earlier(ul->licence_valid_until, times.until);
    if (times.days >= 0) {
        if (ul->node->issued_at == RMS_TIME_NONE) {
            return RMS_E_BAD_LICENSE;
        }
        ul->licence_valid_until =
            earlier(ul->licence_valid_until, ul->node->issued_at + (int64_t)times.days * RMS_DAY_S);
    }
    return 0;
}

/* Every right carries the key; one is enough. */
static int read_right(struct rms_arena *arena, const struct rms_xnode *right, struct rms_ul *ul)
{
    const struct rms_xnode *conditions;
    const struct rms_xnode *bits;

    RMS_TRY(rms_xread_right(arena, right, &ul->rights));
    RMS_TRY(rms_xread_conditions(right, &conditions));
    RMS_TRY(read_right_end(conditions, ul));
    if (ul->bits.blob.len > 0) {
        return 0;
    }
    RMS_TRY(rms_xread_path(conditions, "ACCESS/PRINCIPAL/ENABLINGBITS", &bits));
    return bits != NULL ? rms_xread_bits(arena, bits, &ul->bits) : 0;
}

static int read_rights(struct rms_arena *arena, const struct rms_xnode *work, struct rms_ul *ul)
{
    const struct rms_xnode *list;
    const struct rms_xnode *right;

    RMS_TRY(rms_xread_path(work, "RIGHTSGROUP/RIGHTSLIST", &list));
    for (right = list != NULL ? list->first : NULL; right != NULL; right = right->next) {
        RMS_TRY(read_right(arena, right, ul));
    }
    if (rms_rights_empty(&ul->rights) || ul->bits.blob.len == 0) {
        return RMS_E_BAD_LICENSE;
    }
    return rms_xread_issuer_bound(ul->node->body, ul->bits.type, ul->bits_bound);
}

static int read_work(struct rms_arena *arena, struct rms_ul *ul)
{
    const struct rms_xnode *work;

    RMS_TRY(rms_xread_single(ul->node->body, "WORK", &work));
    RMS_TRY(rms_xread_object_guid(work, ul->content_id));
    if (ul->content_id[0] == 0) {
        return RMS_E_BAD_LICENSE;
    }
    RMS_TRY(rms_xread_owner(arena, work, &ul->owner));
    if (ul->owner == NULL) {
        ul->owner = "";
    }
    return read_rights(arena, work, ul);
}

static int read_own_time(const struct rms_xnode *body, const char *name, int64_t *time)
{
    const struct rms_xnode *node;

    RMS_TRY(rms_xread_own(body, RMS_XDATA_APP, name, &node));
    return node != NULL ? rms_xread_time(node, time) : 0;
}

/* Only the one word that is known adds to what removes protection; nothing, or another, is the strict rule.
 */
static int read_removal(const struct rms_xnode *body, bool *extract_out)
{
    const struct rms_xnode *node;

    RMS_TRY(rms_xread_own(body, RMS_XDATA_APP, RMS_XOWN_REMOVAL, &node));
    *extract_out = node != NULL && strcmp(node->text, REMOVAL_EXTRACT) == 0;
    return 0;
}

/* Our own entries are exact to the second and tell the two ends apart. */
static int read_data(struct rms_arena *arena, struct rms_ul *ul)
{
    const struct rms_xnode *body = ul->node->body;
    struct rms_xdata data;
    int64_t licence = RMS_TIME_NONE;

    RMS_TRY(rms_xread_data(arena, body, RMS_XDATA_APP, NULL, &data));
    ul->no_cache = rms_xdata_take_no_cache(&data);
    ul->data = data.values;
    ul->data_count = data.count;
    RMS_TRY(read_removal(body, &ul->removal_extract));
    ul->content_valid_until = RMS_TIME_NONE;
    RMS_TRY(read_own_time(body, RMS_XOWN_CONTENT_UNTIL, &ul->content_valid_until));
    RMS_TRY(read_own_time(body, RMS_XOWN_LICENCE_UNTIL, &licence));
    if (licence != RMS_TIME_NONE || ul->content_valid_until != RMS_TIME_NONE) {
        ul->licence_valid_until = licence;
    }
    if (ul->no_cache) {
        ul->licence_valid_until = ul->node->issued_at;
    }
    return 0;
}

int rms_ul_parse(struct rms_arena *arena, const struct rms_signed *node, struct rms_ul *ul_out)
{
    struct rms_ul ul = {.node = node, .licence_valid_until = RMS_TIME_NONE};
    const struct rms_xnode *descriptor;

    if (node->kind != RMS_DOC_UL || !node->has_subject_key) {
        return RMS_E_BAD_LICENSE;
    }
    RMS_TRY(rms_xread_single(node->body, "DESCRIPTOR", &descriptor));
    RMS_TRY(rms_xread_object_guid(descriptor, ul.id));
    RMS_TRY(rms_xread_address(arena, node->subject.name, &ul.issued_to));
    RMS_TRY(read_work(arena, &ul));
    RMS_TRY(read_data(arena, &ul));
    *ul_out = ul;
    return 0;
}
