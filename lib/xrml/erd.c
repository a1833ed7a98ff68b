/* Rights data and templates: the XrML form of a policy, reader and writer (xrml-licences sections 3.7, 3.8).
 * What we put where is in doc/format/xrml.md. */
#include <stdio.h>
#include <strings.h>

#include "base/text.h"
#include "xrml/texts.h"
#include "xrml/xread.h"
#include "xrml/xwrite.h"

/* GUIDs Microsoft servers use for these (section 2, table). */
#define TEMPLATE_REFERRAL_GUID "d5ba4021-27d6-42c0-a322-4064e2f91ab0"
#define PUBLISHING_GUID        "9a23d98e-4449-4ba5-812a-f30808f3cb16"

#define ADHOC_TYPE    "Microsoft Rights Template"
#define OFFICIAL_TYPE "Microsoft Official Rights Template"
#define TRUE_VALUE    "1"

/* --- writing -------------------------------------------------------------------------------------- */

static void write_principal(struct rms_xwriter *w, const struct rms_grant *grant)
{
    rms_xw_raw(w, "<ACCESS><PRINCIPAL><OBJECT>");
    switch (grant->principal) {
    case RMS_PRINCIPAL_ANYONE:
        rms_xw_raw(w, "<ID type=\"Internal\">Anyone</ID>");
        break;
    case RMS_PRINCIPAL_OWNER:
        rms_xw_raw(w, "<ID type=\"Internal\">Owner</ID>");
        break;
    default:
        rms_xw_raw(w, "<ID type=\"Unspecified\" /><NAME>");
        rms_xw_raw(w, grant->principal == RMS_PRINCIPAL_DOMAIN ? RMS_ALL_STAFF "@" : "");
        rms_xw_text(w, grant->address);
        rms_xw_close(w, "NAME");
    }
    rms_xw_raw(w, "</OBJECT></PRINCIPAL></ACCESS>");
}

static void write_days(struct rms_xwriter *w, unsigned days)
{
    rms_buf_printf(w->out, "<INTERVALTIME days=\"%u\" />", days);
}

static void write_right_time(struct rms_xwriter *w, const struct rms_grant *grant, int offline_days)
{
    bool range = grant->from != RMS_TIME_NONE || grant->until != RMS_TIME_NONE;

    if (!range && offline_days <= 0) {
        return;
    }
    rms_xw_open(w, "TIME");
    if (range) {
        rms_xw_range(w, "RANGETIME", grant->from, grant->until);
    }
    if (offline_days > 0) {
        write_days(w, (unsigned)offline_days);
    }
    rms_xw_close(w, "TIME");
}

struct right_context {
    struct rms_xwriter *w;
    const struct rms_grant *grant;
    int offline_days;
    size_t written;
};

static void write_right(const char *name, void *context)
{
    struct right_context *c = context;

    rms_xw_right_open(c->w, name);
    rms_xw_open(c->w, "CONDITIONLIST");
    write_principal(c->w, c->grant);
    write_right_time(c->w, c->grant, c->offline_days);
    rms_xw_close(c->w, "CONDITIONLIST");
    rms_xw_right_close(c->w, name);
    c->written++;
}

/* One entry a right and principal. Returns how many. */
static size_t write_grants(struct rms_xwriter *w, const struct rms_policy *policy)
{
    struct right_context context = {.w = w, .offline_days = policy->offline_days};

    for (size_t i = 0; i < policy->grant_count; i++) {
        context.grant = &policy->grants[i];
        rms_rights_each(&context.grant->rights, write_right, &context);
    }
    return context.written;
}

static void write_precondition(struct rms_xwriter *w, const struct rms_policy *policy)
{
    int64_t until = policy->expiry == RMS_EXPIRY_ON_DATE ? policy->expires_at : RMS_TIME_NONE;
    bool range = policy->starts_at != RMS_TIME_NONE || until != RMS_TIME_NONE;

    if (!range && policy->expiry != RMS_EXPIRY_AFTER_DAYS) {
        return;
    }
    rms_xw_raw(w, "<PRECONDITIONLIST><TIME>");
    if (range) {
        rms_xw_range(w, "RANGETIME", policy->starts_at, until);
    }
    if (policy->expiry == RMS_EXPIRY_AFTER_DAYS) {
        write_days(w, policy->expiry_days);
    }
    rms_xw_raw(w, "</TIME></PRECONDITIONLIST>");
}

static void write_all_data(
    struct rms_xwriter *w, const char *id, const struct rms_name_value *data, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        rms_xw_free_data(w, id, &data[i]);
    }
}

static void write_data(struct rms_xwriter *w, const struct rms_policy *policy, size_t rights_written)
{
    char days[16];

    if (policy->offline_days == 0) {
        rms_xw_data(w, RMS_XDATA_APP, RMS_XNO_CACHE, TRUE_VALUE);
    }
    if (policy->offline_days > 0 && rights_written == 0) {
        (void)snprintf(days, sizeof days, "%d", policy->offline_days);
        rms_xw_data(w, RMS_XDATA_APP, RMS_XOWN_OFFLINE_DAYS, days);
    }
    if (policy->only_me) {
        rms_xw_data(w, RMS_XDATA_APP, RMS_XOWN_ONLY_ME, TRUE_VALUE);
    }
    if (policy->author_listed) {
        rms_xw_data(w, RMS_XDATA_APP, RMS_XOWN_AUTHOR_LISTED, TRUE_VALUE);
    }
    if (policy->audited_extraction) {
        rms_xw_data(w, RMS_XDATA_APP, RMS_XOWN_AUDITED, TRUE_VALUE);
    }
    write_all_data(w, RMS_XDATA_APP, policy->encrypted_data, policy->encrypted_count);
    write_all_data(w, RMS_XDATA_TRACKING, policy->signed_data, policy->signed_count);
}

static int check_writable(const struct rms_policy *policy)
{
    if (policy->offline_days < -1 ||
        (policy->expiry == RMS_EXPIRY_ON_DATE && policy->expires_at == RMS_TIME_NONE)) {
        return RMS_E_BAD_ARGUMENT;
    }
    return 0;
}

int rms_erd_build(const struct rms_policy *policy, const struct rms_erd_binding *binding, struct rms_buf *out)
{
    struct rms_xwriter w = RMS_XWRITER(out);
    size_t written;

    RMS_TRY(check_writable(policy));
    rms_xw_raw(&w, "<XrML xmlns=\"\" version=\"1.2\"><BODY type=\"" ADHOC_TYPE "\" version=\"3.0\">");
    rms_xw_time(&w, "ISSUEDTIME", binding->issued_at);
    rms_texts_write(&w, policy);
    rms_xw_referral(&w, policy->referral);
    rms_xw_raw(&w, "<WORK><OBJECT><ID type=\"MS-GUID\">");
    rms_xw_guid(&w, binding->content_id);
    rms_xw_raw(&w, "</ID></OBJECT>");
    rms_xw_owner(&w, binding->owner);
    write_precondition(&w, policy);
    rms_xw_raw(&w, "<RIGHTSGROUP name=\"Main-Rights\"><RIGHTSLIST>");
    written = write_grants(&w, policy);
    rms_xw_raw(&w, "</RIGHTSLIST></RIGHTSGROUP></WORK>");
    write_data(&w, policy, written);
    if (policy->from_template) {
        rms_xw_data(&w, RMS_XDATA_APP, RMS_XOWN_FROM_TEMPLATE, TRUE_VALUE);
    }
    rms_xw_raw(&w, "</BODY></XrML>");
    return rms_xw_status(&w);
}

/* OBJECT and PUBLICKEY of the server without its levels (section 3.7). */
static void write_template_issuer(struct rms_xwriter *w, const struct rms_server *server)
{
    const struct rms_xnode *principal = rms_xnode_path(server->slc.node->body, "ISSUEDPRINCIPALS/PRINCIPAL");

    rms_xw_open(w, "ISSUER");
    rms_xw_view(w, rms_xnode_child(principal, "OBJECT")->source);
    rms_xw_view(w, rms_xnode_child(principal, "PUBLICKEY")->source);
    rms_xw_close(w, "ISSUER");
}

static void write_template_body(
    struct rms_xwriter *w, const struct rms_server *server, const struct rms_policy *policy, int64_t now)
{
    size_t written;

    rms_xw_raw(w, "<BODY type=\"" OFFICIAL_TYPE "\">");
    rms_xw_time(w, "ISSUEDTIME", now);
    rms_texts_write(w, policy);
    write_template_issuer(w, server);
    rms_xw_point(w, "Publishing-URL", PUBLISHING_GUID, "Publishing Point",
        server->extranet_url != NULL ? server->extranet_url : server->intranet_url);
    rms_xw_point(w, "Referral-Info", TEMPLATE_REFERRAL_GUID, NULL, policy->referral);
    rms_xw_raw(w, "<WORK><OBJECT><ID type=\"\" /></OBJECT>");
    write_precondition(w, policy);
    rms_xw_raw(w,
        "<RIGHTSGROUP name=\"Main-Rights\"><RIGHTSLIST><RIGHT name=\"OWNER\"><CONDITIONLIST><ACCESS>"
        "<PRINCIPAL><OBJECT><ID type=\"Internal\">Owner</ID></OBJECT></PRINCIPAL></ACCESS>"
        "</CONDITIONLIST></RIGHT>");
    written = write_grants(w, policy);
    rms_xw_raw(w, "</RIGHTSLIST></RIGHTSGROUP></WORK>");
    write_data(w, policy, written);
    rms_xw_close(w, "BODY");
}

int rms_template_build(const struct rms_server *server, const struct rms_policy *policy, int64_t now,
    const struct rms_signer *signer, struct rms_buf *out)
{
    RMS_BUF_CLEANUP struct rms_buf body = RMS_BUF_INIT(RMS_XRML_MAX_BYTES);
    struct rms_xwriter w = RMS_XWRITER(&body);

    RMS_TRY(check_writable(policy));
    write_template_body(&w, server, policy, now);
    RMS_TRY(rms_xw_status(&w));
    return rms_xw_signed(signer, rms_buf_view(&body), NULL, out);
}

/* --- reading -------------------------------------------------------------------------------------- */

/* The grants collected so far, and the form the last principal's name had before it was normalised: the
 * entries of one person follow each other. */
struct collector {
    struct rms_arena *arena;
    struct rms_grant *grants;
    size_t count;
    size_t cap;
    size_t unknown;
    int offline_days;
    const char *last_raw;
    const char *last_address;
};

static const char *staff_domain(const char *address)
{
    size_t len = sizeof RMS_ALL_STAFF - 1;

    if (strncasecmp(address, RMS_ALL_STAFF, len) != 0 || address[len] != '@') {
        return NULL;
    }
    return address + len + 1;
}

/* Who, by name. A name that is no address matches nobody: false. */
static int read_named(struct collector *c, const char *name, struct rms_grant *grant, bool *known_out)
{
    char address[RMS_ADDRESS_MAX];
    const char *domain;

    if (c->last_raw == NULL || strcmp(c->last_raw, name) != 0) {
        *known_out = rms_address_normalise(name, address) == 0;
        if (!*known_out) {
            return 0;
        }
        c->last_raw = name;
        c->last_address = rms_arena_strdup(c->arena, address);
        if (c->last_address == NULL) {
            c->last_raw = NULL;
            return RMS_E_NO_MEMORY;
        }
    }
    domain = staff_domain(c->last_address);
    grant->principal = domain != NULL ? RMS_PRINCIPAL_DOMAIN : RMS_PRINCIPAL_ADDRESS;
    grant->address = domain != NULL ? domain : c->last_address;
    *known_out = true;
    return 0;
}

static int read_principal(
    struct collector *c, const struct rms_xnode *principal, struct rms_grant *grant, bool *known_out)
{
    const struct rms_xnode *id;
    const struct rms_xnode *name;
    const char *type;
    const char *text;

    *known_out = false;
    RMS_TRY(rms_xread_path(principal, "OBJECT/ID", &id));
    RMS_TRY(rms_xread_path(principal, "OBJECT/NAME", &name));
    type = rms_xnode_attr(id, "type");
    if (type != NULL && strcmp(type, "Internal") == 0) {
        RMS_TRY(rms_xread_text(c->arena, id, &text));
        grant->principal = rms_text_equal_nocase(text, "Owner") ? RMS_PRINCIPAL_OWNER : RMS_PRINCIPAL_ANYONE;
        *known_out = grant->principal == RMS_PRINCIPAL_OWNER || rms_text_equal_nocase(text, "Anyone");
        return 0;
    }
    RMS_TRY(rms_xread_text(c->arena, name, &text));
    return text != NULL ? read_named(c, text, grant, known_out) : 0;
}

static bool same_who(const struct rms_grant *a, const struct rms_grant *b)
{
    bool same = a->address == b->address ||
                (a->address != NULL && b->address != NULL && strcmp(a->address, b->address) == 0);

    return same && a->principal == b->principal && a->from == b->from && a->until == b->until;
}

/* Entries of one principal and time that follow each other are one grant. */
static int add_entry(struct collector *c, const struct rms_xnode *right, const struct rms_grant *grant)
{
    struct rms_grant *last = c->count > 0 ? &c->grants[c->count - 1] : NULL;

    if (last == NULL || !same_who(last, grant)) {
        if (c->count == c->cap) {
            return RMS_E_INTERNAL;
        }
        last = &c->grants[c->count++];
        *last = *grant;
    }
    return rms_xread_right(c->arena, right, &last->rights);
}

static int read_right_time(struct collector *c, const struct rms_xnode *conditions, struct rms_grant *grant)
{
    struct rms_xtimes times;

    RMS_TRY(rms_xread_times(conditions, &times));
    grant->from = times.from;
    grant->until = times.until;
    if (times.days >= 0 && (c->offline_days < 0 || times.days < c->offline_days)) {
        c->offline_days = times.days;
    }
    return 0;
}

static int read_right(struct collector *c, const struct rms_xnode *right)
{
    const struct rms_xnode *conditions;
    const struct rms_xnode *access;
    const struct rms_xnode *principal;
    struct rms_grant grant = {0};
    bool known;

    RMS_TRY(rms_xread_conditions(right, &conditions));
    RMS_TRY(read_right_time(c, conditions, &grant));
    RMS_TRY(rms_xread_single(conditions, "ACCESS", &access));
    principal = rms_xnode_child(access, "PRINCIPAL");
    for (; principal != NULL; principal = rms_xnode_sibling(principal, "PRINCIPAL")) {
        grant.address = NULL;
        RMS_TRY(read_principal(c, principal, &grant, &known));
        if (known) {
            RMS_TRY(add_entry(c, right, &grant));
        } else {
            c->unknown++;
        }
    }
    return 0;
}

/* An upper bound of the grants: every principal of every right. */
static int count_principals(const struct rms_xnode *list, size_t *count_out)
{
    const struct rms_xnode *right;
    const struct rms_xnode *conditions;

    *count_out = 0;
    for (right = list->first; right != NULL; right = right->next) {
        RMS_TRY(rms_xread_conditions(right, &conditions));
        *count_out += rms_xnode_count(rms_xnode_child(conditions, "ACCESS"), "PRINCIPAL");
    }
    return 0;
}

/* The first entry of a template says what holds anyway, that the owner is OWNER (section 3.7). */
static bool is_owner_entry(const struct rms_xnode *right)
{
    const char *name = rms_xnode_attr(right, "name");
    const struct rms_xnode *id = rms_xnode_path(right, "CONDITIONLIST/ACCESS/PRINCIPAL/OBJECT/ID");
    const char *type = rms_xnode_attr(id, "type");

    return name != NULL && strcmp(name, "OWNER") == 0 && type != NULL && strcmp(type, "Internal") == 0 &&
           rms_xread_is(id, "Owner") && rms_xnode_path(right, "CONDITIONLIST/TIME") == NULL;
}

static int read_rights(struct rms_arena *arena, const struct rms_xnode *list, struct rms_erd *erd)
{
    struct collector c = {.arena = arena, .offline_days = -1};
    const struct rms_xnode *right;

    erd->policy.offline_days = -1;
    if (list == NULL) {
        return 0;
    }
    RMS_TRY(count_principals(list, &c.cap));
    c.grants = rms_arena_array(arena, c.cap, sizeof *c.grants);
    if (c.grants == NULL) {
        return RMS_E_NO_MEMORY;
    }
    right = list->first;
    if (erd->official && right != NULL && is_owner_entry(right)) {
        right = right->next;
    }
    for (; right != NULL; right = right->next) {
        RMS_TRY(read_right(&c, right));
    }
    erd->policy.grants = c.grants;
    erd->policy.grant_count = c.count;
    erd->policy.offline_days = c.offline_days;
    erd->unknown_principals = c.unknown;
    return 0;
}

/* The end of a relative interval, RMS_TIME_NONE without one. */
static int64_t relative_end(int64_t issued_at, int days)
{
    return days >= 0 && issued_at != RMS_TIME_NONE ? issued_at + (int64_t)days * RMS_DAY_S : RMS_TIME_NONE;
}

/* With both forms given the earlier end counts, from the issue of what is read. */
static void set_expiry(struct rms_erd *erd, int64_t until, int days)
{
    struct rms_policy *policy = &erd->policy;
    int64_t relative = relative_end(erd->binding.issued_at, days);

    if (until != RMS_TIME_NONE) {
        policy->expiry = RMS_EXPIRY_ON_DATE;
        policy->expires_at = relative != RMS_TIME_NONE && relative < until ? relative : until;
    } else if (days >= 0) {
        policy->expiry = RMS_EXPIRY_AFTER_DAYS;
        policy->expiry_days = (unsigned)days;
    }
}

static int read_precondition(const struct rms_xnode *work, struct rms_erd *erd)
{
    const struct rms_xnode *list;
    struct rms_xtimes times;

    RMS_TRY(rms_xread_single(work, "PRECONDITIONLIST", &list));
    RMS_TRY(rms_xread_times(list, &times));
    erd->policy.starts_at = times.from;
    erd->policy.expires_at = RMS_TIME_NONE;
    set_expiry(erd, times.until, times.days);
    return 0;
}

static int read_work(struct rms_arena *arena, struct rms_erd *erd)
{
    const struct rms_xnode *work;
    const struct rms_xnode *list;
    char guid[RMS_GUID_TEXT];

    RMS_TRY(rms_xread_single(erd->node.body, "WORK", &work));
    RMS_TRY(rms_xread_object_guid(work, guid));
    if (guid[0] != 0) {
        erd->binding.content_id = rms_arena_strdup(arena, guid);
        if (erd->binding.content_id == NULL) {
            return RMS_E_NO_MEMORY;
        }
    }
    RMS_TRY(rms_xread_owner(arena, work, &erd->binding.owner));
    RMS_TRY(read_precondition(work, erd));
    RMS_TRY(rms_xread_path(work, "RIGHTSGROUP/RIGHTSLIST", &list));
    return read_rights(arena, list, erd);
}

static int read_flag(const struct rms_xnode *body, const char *name, bool *flag_out)
{
    const struct rms_xnode *node;

    RMS_TRY(rms_xread_own(body, RMS_XDATA_APP, name, &node));
    *flag_out = rms_xread_is(node, TRUE_VALUE);
    return 0;
}

static int read_offline_days(const struct rms_xnode *body, struct rms_policy *policy)
{
    const struct rms_xnode *node;
    struct rms_view text;
    int days = 0;

    RMS_TRY(rms_xread_own(body, RMS_XDATA_APP, RMS_XOWN_OFFLINE_DAYS, &node));
    text = rms_xread_trimmed(node);
    if (node == NULL || policy->grant_count > 0) {
        return 0;
    }
    if (text.len == 0 || text.len > 9) {
        return RMS_E_BAD_LICENSE;
    }
    for (size_t i = 0; i < text.len; i++) {
        if (text.data[i] < '0' || text.data[i] > '9') {
            return RMS_E_BAD_LICENSE;
        }
        days = days * 10 + (text.data[i] - '0');
    }
    policy->offline_days = days;
    return 0;
}

static int read_data(struct rms_arena *arena, struct rms_erd *erd)
{
    const struct rms_xnode *body = erd->node.body;
    struct rms_policy *policy = &erd->policy;
    struct rms_xdata data;
    bool from_template;

    RMS_TRY(rms_xread_data(arena, body, RMS_XDATA_TRACKING, NULL, &data));
    policy->signed_data = data.values;
    policy->signed_count = data.count;
    RMS_TRY(rms_xread_data(arena, body, RMS_XDATA_APP, NULL, &data));
    RMS_TRY(read_offline_days(body, policy));
    if (rms_xdata_take_no_cache(&data)) {
        policy->offline_days = 0;
    }
    policy->encrypted_data = data.values;
    policy->encrypted_count = data.count;
    RMS_TRY(read_flag(body, RMS_XOWN_ONLY_ME, &policy->only_me));
    RMS_TRY(read_flag(body, RMS_XOWN_AUDITED, &policy->audited_extraction));
    RMS_TRY(read_flag(body, RMS_XOWN_AUTHOR_LISTED, &policy->author_listed));
    RMS_TRY(read_flag(body, RMS_XOWN_FROM_TEMPLATE, &from_template));
    policy->from_template = erd->official || from_template;
    return 0;
}

int rms_erd_parse(struct rms_arena *arena, struct rms_view bytes, struct rms_erd *erd_out)
{
    struct rms_erd erd = {0};
    struct rms_chain chain;
    struct rms_texts texts;

    RMS_TRY(rms_chain_parse(arena, bytes, &chain));
    erd.node = chain.nodes[0];
    if (chain.count != 1 || (erd.node.kind != RMS_DOC_ERD && erd.node.kind != RMS_DOC_TEMPLATE)) {
        return RMS_E_BAD_LICENSE;
    }
    erd.official = erd.node.kind == RMS_DOC_TEMPLATE;
    erd.binding.issued_at = erd.node.issued_at;
    RMS_TRY(rms_texts_read(arena, erd.node.body, erd.policy.id, &texts));
    erd.policy.texts = texts.texts;
    erd.policy.text_count = texts.count;
    RMS_TRY(rms_xread_point(arena, erd.node.body, "Referral-Info", &erd.policy.referral));
    RMS_TRY(read_work(arena, &erd));
    RMS_TRY(read_data(arena, &erd));
    *erd_out = erd;
    return 0;
}

/* --- templates of other products ------------------------------------------------------------------ */

struct unsupported {
    struct rms_arena *arena;
    struct rms_name_value *items;
    size_t count;
};

static int add_unsupported(struct unsupported *list, const char *name, const char *value)
{
    if (value == NULL) {
        return RMS_E_NO_MEMORY;
    }
    if (list->count < RMS_TEMPLATE_UNSUPPORTED_MAX) {
        list->items[list->count++] = (struct rms_name_value){name, value};
    }
    return 0;
}

static bool is_known_point(const struct rms_xnode *point)
{
    const char *type = rms_xnode_attr(rms_xnode_child(point, "OBJECT"), "type");

    return type != NULL && (strcmp(type, "Publishing-URL") == 0 || strcmp(type, "Referral-Info") == 0);
}

static int add_children(struct unsupported *list, const struct rms_xnode *parent)
{
    static const struct {
        const char *element, *name;
    } rows[] = {
        {"DISTRIBUTIONPOINT", "distribution point"},
        {"CONDITIONLIST", "revocation list"},
        {"CONDITION", "condition"},
        {"POLICYLIST", "extended policy"},
    };

    for (const struct rms_xnode *node = parent->first; node != NULL; node = node->next) {
        for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
            if (strcmp(node->name, rows[i].element) == 0 && !is_known_point(node)) {
                RMS_TRY(add_unsupported(list, rows[i].name, rms_arena_text(list->arena, node->source)));
            }
        }
    }
    return 0;
}

int rms_template_extras_read(
    struct rms_arena *arena, const struct rms_erd *erd, struct rms_template_extras *extras_out)
{
    struct unsupported list = {
        arena, rms_arena_array(arena, RMS_TEMPLATE_UNSUPPORTED_MAX, sizeof *list.items), 0};
    const struct rms_xnode *work = rms_xnode_child(erd->node.body, "WORK");
    const struct rms_xnode *rights = rms_xnode_path(work, "RIGHTSGROUP/RIGHTSLIST");

    if (list.items == NULL) {
        return RMS_E_NO_MEMORY;
    }
    RMS_TRY(add_children(&list, erd->node.body));
    RMS_TRY(add_children(&list, work));
    if (erd->unknown_principals > 0) {
        RMS_TRY(add_unsupported(&list, "rights of principals without address",
            rms_arena_printf(arena, "%zu", erd->unknown_principals)));
    }
    extras_out->owner_entry = rights != NULL && rights->first != NULL && is_owner_entry(rights->first);
    extras_out->unsupported = list.items;
    extras_out->unsupported_count = list.count;
    return 0;
}
