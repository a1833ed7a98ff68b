/* Templates a person may publish with: the list (rest-protocol section 7) and the signed ones for offline use
 * (desktop-flow.md). */
#include "directory/directory.h"
#include "service/rest.h"
#include "service/rest_language.h"
#include "service/rest_write.h"
#include "service/tenant_template.h"

static bool may_choose(const struct rms_request *request, const struct rms_template *t)
{
    return t->published &&
           (t->scope_count == 0 || rms_directory_in_scope(request->person, t->scope, t->scope_count));
}

/* S-097: a template without any text is damage, never an empty name. */
static const struct rms_policy_text *text_for(struct rms_request *request, const struct rms_template *t)
{
    const struct rms_policy_text *text =
        rms_rest_text_for(&t->policy, rms_request_header(request, "Accept-Language"));
    return text != NULL && text->name[0] != '\0' ? text : NULL;
}

static void write_head(struct rms_buf *out, const struct rms_template *t, const struct rms_policy_text *text)
{
    rms_out_text(out, "Id", t->policy.id);
    rms_out_text(out, "Name", text->name);
    /* clients throw away the whole list when one text is empty */
    rms_out_text(out, "Description", text->description[0] != '\0' ? text->description : text->name);
}

typedef int (*write_rest)(struct rms_request *request, struct rms_buf *out, const struct rms_template *t);

static int list(struct rms_request *request, struct rms_reply *reply, write_rest more)
{
    const struct rms_live_tenant *tenant = request->tenant;
    struct rms_buf *out = &reply->body;
    RMS_TRY(rms_rest_home_serves(request, false));
    bool offered = tenant->row.state == RMS_TENANT_ENABLED; /* ConsumeOnly offers nothing (S-007) */
    rms_out_open(out, NULL, '[');
    for (size_t i = 0; i < tenant->template_count && offered; i++) {
        const struct rms_template *t = &tenant->templates[i];
        const struct rms_policy_text *text = may_choose(request, t) ? text_for(request, t) : NULL;
        if (text == NULL) {
            continue;
        }
        rms_out_open(out, NULL, '{');
        write_head(out, t, text);
        RMS_TRY(more(request, out, t));
        rms_out_close(out, '}');
    }
    rms_out_close(out, ']');
    return RMS_OK;
}

static int write_nothing(struct rms_request *request, struct rms_buf *out, const struct rms_template *t)
{
    (void)request;
    (void)out;
    (void)t;
    return RMS_OK;
}

int rms_rest_templates(struct rms_front *front, struct rms_request *request, struct rms_reply *reply)
{
    (void)front;
    return list(request, reply, write_nothing);
}

static int write_signed(struct rms_request *request, struct rms_buf *out, const struct rms_template *t)
{
    struct rms_view text;
    RMS_TRY(rms_tenant_signed_template(request, request->tenant, t, &text));
    rms_out_base64(out, "Template", text);
    return RMS_OK;
}

int rms_rest_signed_templates(struct rms_front *front, struct rms_request *request, struct rms_reply *reply)
{
    (void)front;
    if (request->tenant->active == NULL) {
        return rms_fail(request, RMS_E_KEY_UNAVAILABLE, "the tenant has no active key");
    }
    return list(request, reply, write_signed);
}
