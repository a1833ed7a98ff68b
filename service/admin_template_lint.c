/* What is worth a second look in a template: said after each change, and when somebody asks. */
#include "service/admin_template.h"
#include "service/rest_write.h"

struct report {
    struct rms_request *request;
    struct rms_buf *out;
    bool asked; /* objects with codes; else texts, of what a change may well not have meant */
};

static void say(const struct report *r, const char *code, const char *text)
{
    if (!r->asked) {
        rms_out_text(r->out, NULL, text);
        return;
    }
    rms_out_open(r->out, NULL, '{');
    rms_out_text(r->out, "Code", code);
    rms_out_text(r->out, "Text", text);
    rms_out_close(r->out, '}');
}

/* S-133. */
static void check_days(const struct report *r, const struct rms_tenant *t, const struct rms_policy *p)
{
    int longest = (int)t->max_use_licence_days;
    if (p->offline_days > longest) {
        say(r, "offline-days",
            rms_arena_printf(r->request->arena,
                "licences will end after %d days, the tenant's longest validity, and not after %d", longest,
                p->offline_days));
    }
}

static bool shares_name(const struct rms_policy *a, const struct rms_policy *b)
{
    for (size_t i = 0; i < a->text_count; i++) {
        if (rms_admin_template_named(b, a->texts[i].name)) {
            return true;
        }
    }
    return false;
}

/* S-099: allowed, but people see no difference. */
static int check_names(const struct report *r, const struct rms_template *tpl)
{
    struct rms_request *request = r->request;
    struct rms_templates all;
    RMS_TRY(rms_template_list(request->worker->db, request->arena, tpl->tenant_id, &all));
    for (size_t i = 0; i < all.count; i++) {
        const struct rms_policy *other = &all.items[i].policy;
        if (strcmp(other->id, tpl->policy.id) != 0 && shares_name(&tpl->policy, other)) {
            say(r, "same-name", rms_arena_printf(request->arena, "template %s has the same name", other->id));
        }
    }
    return RMS_OK;
}

/* S-096: kept where they came with an import. */
static void check_characters(const struct report *r, const struct rms_template *tpl)
{
    for (size_t i = 0; i < tpl->policy.text_count && !tpl->read_only; i++) {
        const char *bad = strpbrk(tpl->policy.texts[i].name, RMS_TEMPLATE_NAME_FORBIDDEN);
        if (bad != NULL) {
            say(r, "name-characters",
                rms_arena_printf(r->request->arena, "the name in language %u has the character %c",
                    tpl->policy.texts[i].lcid, *bad));
        }
    }
}

static bool owns(const struct rms_tenant *t, const char *domain)
{
    for (size_t i = 0; i < t->domain_count; i++) {
        if (strcmp(t->domains[i], domain) == 0) {
            return true;
        }
    }
    return false;
}

/* S-110: everybody of an organisation that is not this one. */
static void check_strangers(const struct report *r, const struct rms_tenant *t, const struct rms_policy *p)
{
    for (size_t i = 0; i < p->grant_count; i++) {
        if (p->grants[i].principal == RMS_PRINCIPAL_DOMAIN && !owns(t, p->grants[i].address)) {
            say(r, "foreign-members",
                rms_arena_printf(r->request->arena, "all members of %s, another organisation, get rights",
                    p->grants[i].address));
        }
    }
}

/* S-087: who answers or forwards without being able to write gets the message as an attachment. Viewer is a
 * fine level for documents, and not worth a word at every change. */
static void check_mail(const struct report *r, const struct rms_grant *grant)
{
    const uint32_t send = RMS_RIGHT_FORWARD | RMS_RIGHT_REPLY | RMS_RIGHT_REPLYALL;
    const uint32_t write = RMS_RIGHT_DOCEDIT | RMS_RIGHT_EDIT;
    uint32_t bits = grant->rights.bits;
    bool viewer = strcmp(rms_level_name(&grant->rights), "Viewer") == 0;
    if ((bits & RMS_RIGHT_OWNER) != 0 || (bits & send) == 0 || (bits & write) == write ||
        (viewer && !r->asked)) {
        return;
    }
    say(r, "mail-rights",
        rms_arena_printf(r->request->arena,
            "%s may reply or forward without EDIT and DOCEDIT: the message may arrive as an attachment%s",
            rms_grant_principal_text(r->request->arena, grant),
            viewer ? "; for mail choose Reviewer, not Viewer" : ""));
}

/* S-054: X-33. */
static void check_inactive(const struct report *r, const struct rms_grant *grant)
{
    if (grant->address != NULL && strcmp(grant->address, RMS_INACTIVE_ANYONE) == 0) {
        say(r, "inactive-anyone",
            "the grant to " RMS_INACTIVE_ANYONE " was ANYONE where the template comes from, and gives "
            "nobody anything; grant any-authenticated, or all members, and take this one away");
    }
}

/* B-07: perhaps meant, as where a group of authors is named. */
static void check_author(const struct report *r, const struct rms_policy *p)
{
    bool named = false;
    for (size_t i = 0; i < p->grant_count; i++) {
        named = named || p->grants[i].principal == RMS_PRINCIPAL_OWNER;
    }
    if (p->author_listed && !named) {
        say(r, "author-unnamed",
            "who protects has no rights unless a grant reaches him: grant owner something");
    }
}

/* S-121. */
static void check_unsupported(const struct report *r, const struct rms_policy *p)
{
    for (size_t i = 0; i < p->signed_count; i++) {
        say(r, "unsupported",
            rms_arena_printf(
                r->request->arena, "%s: kept as it came, and without effect here", p->signed_data[i].name));
    }
}

static int check(const struct report *r, const struct rms_tenant *t, const struct rms_template *tpl)
{
    check_days(r, t, &tpl->policy);
    RMS_TRY(check_names(r, tpl));
    check_characters(r, tpl);
    check_strangers(r, t, &tpl->policy);
    check_author(r, &tpl->policy);
    check_unsupported(r, &tpl->policy);
    for (size_t i = 0; i < tpl->policy.grant_count; i++) {
        check_mail(r, &tpl->policy.grants[i]);
        check_inactive(r, &tpl->policy.grants[i]);
    }
    return RMS_OK;
}

int rms_admin_template_warnings_write(struct rms_request *request, struct rms_buf *out,
    const struct rms_tenant *tenant, const struct rms_template *tpl)
{
    rms_out_open(out, "Warnings", '[');
    RMS_TRY(check(&(struct report){request, out, false}, tenant, tpl));
    rms_out_close(out, ']');
    return RMS_OK;
}

int rms_admin_template_lint(struct rms_front *front, struct rms_request *request, struct rms_reply *reply)
{
    struct rms_tenant t;
    struct rms_template tpl;
    (void)front;
    RMS_TRY(rms_admin_template_find(request, &t, &tpl));
    rms_out_open(&reply->body, NULL, '[');
    RMS_TRY(check(&(struct report){request, &reply->body, true}, &t, &tpl));
    rms_out_close(&reply->body, ']');
    return RMS_OK;
}
