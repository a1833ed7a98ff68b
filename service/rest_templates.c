/* Templates a person may publish with (S-115): the list of the public protocol (rest-protocol section 7), the
 * signed ones for offline use and what changed of them (desktop-flow.md). Each takes ids=GUID,GUID. */
#include "service/rest.h"
#include "service/rest_language.h"
#include "service/rest_write.h"
#include "service/tenant_template.h"

#define IDS_MAX 100 /* S-115 */

/* One of the three lists. */
struct form {
    enum rms_purpose purpose;
    int (*write)(struct rms_request *request, struct rms_buf *out, const struct rms_template *t);
};

/* --- which ones -------------------------------------------------------------------------------------------
 */

/* Who may not protect is offered nothing, and told why when he tries (S-007, S-015). */
static int offers(struct rms_request *request, enum rms_purpose purpose, bool *offered_out)
{
    int rc = rms_rest_home_serves(request, purpose);
    *offered_out = rc == RMS_OK;
    return rc == RMS_E_PUBLISH_NOT_ALLOWED ? RMS_OK : rc;
}

static bool may_choose(const struct rms_request *request, const struct rms_template *t)
{
    return t->published && rms_tenant_template_offered(request, t);
}

struct wanted {
    char ids[IDS_MAX][RMS_GUID_TEXT];
    size_t count;
    bool all;
};

static int read_ids(struct rms_request *request, struct wanted *wanted)
{
    const char *text = rms_request_query(request, "ids");
    wanted->all = text == NULL;
    while (text != NULL && *text != '\0') {
        size_t len = strcspn(text, ",");
        if (wanted->count == IDS_MAX) {
            return rms_fail(request, RMS_E_BAD_ARGUMENT, "ids: more than 100");
        }
        if (rms_guid_parse(rms_view_of(text, len), wanted->ids[wanted->count]) < 0) {
            return rms_fail(request, RMS_E_BAD_ARGUMENT, "ids: not a GUID");
        }
        wanted->count++;
        text += len + (text[len] == ',');
    }
    return RMS_OK;
}

/* An id of a template that is not for this person is passed over like one of no template at all. */
static bool is_wanted(const struct wanted *wanted, const char *id)
{
    for (size_t i = 0; i < wanted->count && !wanted->all; i++) {
        if (strcmp(wanted->ids[i], id) == 0) {
            return true;
        }
    }
    return wanted->all;
}

static int list(struct rms_request *request, struct rms_reply *reply, const struct form *form)
{
    const struct rms_live_tenant *tenant = request->tenant;
    struct rms_buf *out = &reply->body;
    struct wanted wanted = {0};
    bool offered = false;
    RMS_TRY(offers(request, form->purpose, &offered));
    RMS_TRY(read_ids(request, &wanted));
    rms_out_open(out, NULL, '[');
    for (size_t i = 0; i < tenant->template_count && offered; i++) {
        const struct rms_template *t = &tenant->templates[i];
        if (may_choose(request, t) && is_wanted(&wanted, t->policy.id)) {
            RMS_TRY(form->write(request, out, t));
        }
    }
    rms_out_close(out, ']');
    return RMS_OK;
}

/* --- what of them -----------------------------------------------------------------------------------------
 */

/* "language" in the query, as programs know it, else the header. */
static const struct rms_policy_text *text_for(struct rms_request *request, const struct rms_template *t)
{
    const char *language = rms_request_query(request, "language");
    const struct rms_policy_text *text = rms_rest_text_for(
        &t->policy, language != NULL ? language : rms_request_header(request, "Accept-Language"));
    return text != NULL && text->name[0] != '\0' ? text : NULL;
}

static void write_head(struct rms_buf *out, const struct rms_template *t, const struct rms_policy_text *text)
{
    rms_out_open(out, NULL, '{');
    rms_out_text(out, "Id", t->policy.id);
    rms_out_text(out, "Name", text->name);
    /* clients throw away the whole list when one text is empty */
    rms_out_text(out, "Description", text->description[0] != '\0' ? text->description : text->name);
}

/* S-097: a template without any text is damage, left out rather than shown with an empty name. */
static int write_plain(struct rms_request *request, struct rms_buf *out, const struct rms_template *t)
{
    const struct rms_policy_text *text = text_for(request, t);
    if (text != NULL) {
        write_head(out, t, text);
        rms_out_close(out, '}');
    }
    return RMS_OK;
}

static int write_signed(struct rms_request *request, struct rms_buf *out, const struct rms_template *t)
{
    const struct rms_policy_text *text = text_for(request, t);
    struct rms_view document;
    if (text == NULL) {
        return RMS_OK;
    }
    RMS_TRY(rms_tenant_signed_template(request, request->tenant, t, &document));
    write_head(out, t, text);
    rms_out_base64(out, "Template", document);
    rms_out_close(out, '}');
    return RMS_OK;
}

static int write_version(struct rms_request *request, struct rms_buf *out, const struct rms_template *t)
{
    (void)request;
    rms_out_open(out, NULL, '{');
    rms_out_text(out, "Id", t->policy.id);
    rms_out_int(out, "Version", t->version);
    rms_out_time(out, "LastModified", t->modified_at);
    rms_out_close(out, '}');
    return RMS_OK;
}

int rms_rest_templates(struct rms_front *front, struct rms_request *request, struct rms_reply *reply)
{
    static const struct form form = {RMS_TO_PUBLISH, write_plain};
    (void)front;
    return list(request, reply, &form);
}

int rms_rest_signed_templates(struct rms_front *front, struct rms_request *request, struct rms_reply *reply)
{
    static const struct form form = {RMS_TO_PREPARE, write_signed};
    (void)front;
    if (request->tenant->active == NULL) {
        return rms_fail(request, RMS_E_KEY_UNAVAILABLE, "the tenant has no active key");
    }
    return list(request, reply, &form);
}

int rms_rest_template_information(
    struct rms_front *front, struct rms_request *request, struct rms_reply *reply)
{
    static const struct form form = {RMS_TO_PREPARE, write_version};
    (void)front;
    return list(request, reply, &form);
}
