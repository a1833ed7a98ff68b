/* Users: accounts of the store whose source is SCIM. */
#include "base/text.h"
#include "service/rest_write.h"
#include "service/scim_core.h"

/* One of emails; proxyAddresses of an account. */
struct email {
    const char *text; /* normalised address; of a foreign one the value as it came */
    bool primary;
    bool foreign; /* SIP:, X500: …: kept and shown, authorises nobody */
};

/* The user as he will be. */
struct draft {
    struct rms_scim *scim;
    const char *upn;
    const char *display_name;
    const char *external_id;
    const char *full_name; /* of name, when there is no display name */
    bool enabled;
    bool guest;
    struct email *emails; /* RMS_PROXY_ADDRESSES_MAX */
    size_t count;
};

static int draft_begin(struct draft *draft, struct rms_scim *scim)
{
    *draft = (struct draft){.scim = scim, .enabled = true};
    draft->emails = rms_arena_array(scim->arena, RMS_PROXY_ADDRESSES_MAX, sizeof(struct email));
    return draft->emails != NULL ? RMS_OK : RMS_E_NO_MEMORY;
}

/* --- emails -------------------------------------------------------------------------------------------- */

static struct email *find_email(struct draft *draft, const char *text)
{
    for (size_t i = 0; i < draft->count; i++) {
        if (strcmp(draft->emails[i].text, text) == 0) {
            return &draft->emails[i];
        }
    }
    return NULL;
}

/* A value as directories hold it: an address, "SMTP:" or "smtp:" and an address, or of another kind. */
static int parse_email(struct draft *draft, const char *value, struct email *email)
{
    char address[RMS_ADDRESS_MAX];
    enum rms_proxy kind = rms_proxy_parse(value, address);
    if (kind == RMS_PROXY_EMPTY || kind == RMS_PROXY_SHAPE) {
        return rms_scim_bad(draft->scim, "emails", "not an e-mail address");
    }
    email->foreign = kind == RMS_PROXY_PREFIX;
    email->primary = kind == RMS_PROXY_PRIMARY;
    email->text = rms_arena_strdup(draft->scim->arena, email->foreign ? value : address);
    return email->text != NULL ? RMS_OK : RMS_E_NO_MEMORY;
}

/* {"value":…, "primary":…} or the value alone. */
static int read_email(struct draft *draft, const json_t *element, struct email *email)
{
    const json_t *value = json_is_object(element) ? rms_scim_member(element, "value") : element;
    const json_t *primary = json_is_object(element) ? rms_scim_member(element, "primary") : NULL;
    const char *text = NULL;
    RMS_TRY(rms_scim_text(draft->scim, "emails", value, &text));
    RMS_TRY(parse_email(draft, text, email));
    if (primary != NULL) {
        RMS_TRY(rms_scim_bool(draft->scim, "emails.primary", primary, &email->primary));
    }
    return RMS_OK;
}

static void only_primary(struct draft *draft, const struct email *email)
{
    for (size_t i = 0; i < draft->count; i++) {
        draft->emails[i].primary = &draft->emails[i] == email;
    }
}

static int put_email(struct draft *draft, const struct email *email)
{
    struct email *place = find_email(draft, email->text);
    if (place == NULL) {
        if (draft->count == RMS_PROXY_ADDRESSES_MAX) {
            return rms_scim_refuse(draft->scim, RMS_E_LIMIT, "tooMany", "emails: at most 500");
        }
        place = &draft->emails[draft->count++];
        *place = (struct email){.text = email->text, .foreign = email->foreign};
    }
    if (email->primary && !email->foreign) {
        only_primary(draft, place);
    }
    return RMS_OK;
}

static int put_emails(struct draft *draft, const json_t *value)
{
    size_t primaries = 0;
    size_t count = json_is_array(value) ? json_array_size(value) : 1;
    for (size_t i = 0; i < count; i++) {
        struct email email = {0};
        RMS_TRY(read_email(draft, json_is_array(value) ? json_array_get(value, i) : value, &email));
        primaries += email.primary;
        RMS_TRY(put_email(draft, &email));
    }
    return primaries <= 1 ? RMS_OK : rms_scim_bad(draft->scim, "emails.primary", "more than one");
}

/* "work" is what the primary address is shown as, "other" everything else. */
static bool email_fits(const struct email *email, const struct rms_scim_path *path)
{
    char address[RMS_ADDRESS_MAX];
    if (strcmp(path->filter_attribute, "primary") == 0) {
        return email->primary == rms_text_equal_nocase(path->filter_value, "true");
    }
    if (strcmp(path->filter_attribute, "type") == 0) {
        return email->primary == rms_text_equal_nocase(path->filter_value, "work");
    }
    if (strcmp(path->filter_attribute, "value") != 0) {
        return false;
    }
    return strcmp(email->text, path->filter_value) == 0 ||
           (rms_proxy_parse(path->filter_value, address) < RMS_PROXY_EMPTY &&
               strcmp(email->text, address) == 0);
}

static size_t drop_fitting(struct draft *draft, const struct rms_scim_path *path)
{
    size_t kept = 0;
    size_t before = draft->count;
    for (size_t i = 0; i < before; i++) {
        if (!email_fits(&draft->emails[i], path)) {
            draft->emails[kept++] = draft->emails[i];
        }
    }
    draft->count = kept;
    return before - kept;
}

/* emails[…].value: the addresses that fit give way to the new one. Of "work" there may be none yet. */
static int change_fitting(struct draft *draft, const struct rms_scim_change *change)
{
    const struct rms_scim_path *path = &change->path;
    struct email email = {0};
    if (path->sub != NULL && strcmp(path->sub, "value") != 0) {
        return RMS_OK; /* type and display are not kept */
    }
    if (change->op == RMS_SCIM_REMOVE) {
        (void)drop_fitting(draft, path);
        return RMS_OK;
    }
    RMS_TRY(read_email(draft, change->value, &email));
    const struct email wanted = {.primary = true};
    bool by_value = strcmp(path->filter_attribute, "value") == 0;
    email.primary = email.primary || (!by_value && email_fits(&wanted, path));
    if (drop_fitting(draft, path) == 0 && by_value) {
        return rms_scim_refuse(draft->scim, RMS_E_BAD_ARGUMENT, "noTarget", "emails: no such address");
    }
    return put_email(draft, &email);
}

static int remove_emails(struct draft *draft, const json_t *value)
{
    if (value == NULL) {
        draft->count = 0;
        return RMS_OK;
    }
    size_t count = json_is_array(value) ? json_array_size(value) : 1;
    for (size_t i = 0; i < count; i++) {
        struct email email = {0};
        RMS_TRY(read_email(draft, json_is_array(value) ? json_array_get(value, i) : value, &email));
        const struct rms_scim_path same = {.filter_attribute = "value", .filter_value = email.text};
        (void)drop_fitting(draft, &same);
    }
    return RMS_OK;
}

static int apply_emails(void *context, const struct rms_scim_change *change)
{
    struct draft *draft = context;
    if (change->path.filter_attribute != NULL) {
        return change_fitting(draft, change);
    }
    if (change->path.sub != NULL) {
        return rms_scim_refuse(draft->scim, RMS_E_BAD_ARGUMENT, "invalidPath", "emails: which one?");
    }
    if (change->op == RMS_SCIM_REMOVE) {
        return remove_emails(draft, change->value);
    }
    if (change->op == RMS_SCIM_REPLACE) {
        draft->count = 0;
    }
    return put_emails(draft, change->value);
}

/* --- other attributes ---------------------------------------------------------------------------------- */

static int apply_user_name(void *context, const struct rms_scim_change *change)
{
    struct draft *draft = context;
    char address[RMS_ADDRESS_MAX];
    if (change->op == RMS_SCIM_REMOVE) {
        return rms_scim_bad(draft->scim, "userName", "cannot be removed");
    }
    RMS_TRY(rms_scim_text(draft->scim, "userName", change->value, &draft->upn));
    return rms_address_normalise(draft->upn, address) == 0
               ? RMS_OK
               : rms_scim_bad(draft->scim, "userName", "not of the form name@domain");
}

static int apply_text(
    struct draft *draft, const struct rms_scim_change *change, const char *field, const char **text)
{
    *text = NULL;
    return change->op == RMS_SCIM_REMOVE ? RMS_OK : rms_scim_text(draft->scim, field, change->value, text);
}

static int apply_display_name(void *context, const struct rms_scim_change *change)
{
    struct draft *draft = context;
    return apply_text(draft, change, "displayName", &draft->display_name);
}

static int apply_external_id(void *context, const struct rms_scim_change *change)
{
    struct draft *draft = context;
    return apply_text(draft, change, "externalId", &draft->external_id);
}

/* A leaver must not come back because an attribute was taken away. */
static int apply_active(void *context, const struct rms_scim_change *change)
{
    struct draft *draft = context;
    if (change->op == RMS_SCIM_REMOVE) {
        return rms_scim_bad(draft->scim, "active", "cannot be removed");
    }
    return rms_scim_bool(draft->scim, "active", change->value, &draft->enabled);
}

/* Guests are not the organisation (S-051); everybody else is. */
static int apply_user_type(void *context, const struct rms_scim_change *change)
{
    struct draft *draft = context;
    const char *type = NULL;
    RMS_TRY(apply_text(draft, change, "userType", &type));
    draft->guest = type != NULL && rms_text_equal_nocase(type, "guest");
    return RMS_OK;
}

static int name_part(struct draft *draft, const json_t *name, const char *part, const char **text)
{
    const json_t *value = rms_scim_member(name, part);
    *text = "";
    return value != NULL ? rms_scim_text(draft->scim, part, value, text) : RMS_OK;
}

static int apply_name(void *context, const struct rms_scim_change *change)
{
    struct draft *draft = context;
    const char *formatted;
    const char *given;
    const char *family;
    if (!json_is_object(change->value)) {
        return RMS_OK;
    }
    RMS_TRY(name_part(draft, change->value, "formatted", &formatted));
    RMS_TRY(name_part(draft, change->value, "givenName", &given));
    RMS_TRY(name_part(draft, change->value, "familyName", &family));
    if (formatted[0] == '\0' && (given[0] != '\0' || family[0] != '\0')) {
        formatted = rms_arena_printf(
            draft->scim->arena, "%s%s%s", given, given[0] != '\0' && family[0] != '\0' ? " " : "", family);
    }
    draft->full_name = formatted != NULL && formatted[0] != '\0' ? formatted : NULL;
    return formatted != NULL ? RMS_OK : RMS_E_NO_MEMORY;
}

static const struct rms_scim_attribute attributes[] = {
    {"username", apply_user_name},
    {"emails", apply_emails},
    {"active", apply_active},
    {"displayname", apply_display_name},
    {"externalid", apply_external_id},
    {"usertype", apply_user_type},
    {"name", apply_name},
    {0},
};

static int apply_body(struct draft *draft, const json_t *body)
{
    const struct rms_scim_target target = {draft->scim, attributes, draft};
    return rms_scim_apply_object(&target, RMS_SCIM_REPLACE, body);
}

/* --- to the store and back ----------------------------------------------------------------------------- */

static int load(struct draft *draft, const struct rms_account *account)
{
    draft->upn = account->upn;
    draft->display_name = account->display_name;
    draft->external_id = account->external_id;
    draft->enabled = account->enabled;
    draft->guest = account->guest;
    for (size_t i = 0; i < account->proxy_address_count; i++) {
        struct email email = {0};
        if (parse_email(draft, account->proxy_addresses[i], &email) == RMS_OK) {
            RMS_TRY(put_email(draft, &email));
        }
    }
    draft->scim->detail = NULL; /* what an operator entered that is no address is dropped, not refused */
    draft->scim->scim_type = NULL;
    return RMS_OK;
}

/* An address is the primary one if any is: the first unless said otherwise. */
static int proxy_values(struct draft *draft, const char *const **values_out)
{
    const char **values = rms_arena_array(draft->scim->arena, draft->count + 1, sizeof *values);
    bool primary = false;
    for (size_t i = 0; i < draft->count; i++) {
        primary = primary || draft->emails[i].primary;
    }
    for (size_t i = 0; values != NULL && i < draft->count; i++) {
        struct email *email = &draft->emails[i];
        if (!primary && !email->foreign) {
            primary = email->primary = true;
        }
        values[i] = email->foreign ? email->text
                                   : rms_arena_printf(draft->scim->arena, "%s:%s",
                                         email->primary ? "SMTP" : "smtp", email->text);
        if (values[i] == NULL) {
            return RMS_E_NO_MEMORY;
        }
    }
    *values_out = values;
    return values != NULL ? RMS_OK : RMS_E_NO_MEMORY;
}

static int store_failed(struct rms_scim *scim, int rc)
{
    if (rc == RMS_E_CONFLICT) {
        return rms_scim_refuse(scim, rc, "uniqueness", "somebody else has the userName or an address");
    }
    return rc;
}

static void write_emails(struct rms_buf *out, const struct rms_account *account)
{
    char address[RMS_ADDRESS_MAX];
    rms_out_open(out, "emails", '[');
    for (size_t i = 0; i < account->proxy_address_count; i++) {
        enum rms_proxy kind = rms_proxy_parse(account->proxy_addresses[i], address);
        rms_out_open(out, NULL, '{');
        rms_out_text(out, "value", kind < RMS_PROXY_EMPTY ? address : account->proxy_addresses[i]);
        rms_out_text(out, "type", kind == RMS_PROXY_PRIMARY ? "work" : "other");
        rms_out_bool(out, "primary", kind == RMS_PROXY_PRIMARY);
        rms_out_close(out, '}');
    }
    rms_out_close(out, ']');
}

static void write_user(const struct rms_scim *scim, struct rms_buf *out, const struct rms_account *account)
{
    const struct rms_scim_head head = {
        RMS_SCIM_USER_SCHEMA, "User", "Users", account->id, account->external_id, account->created_at};
    rms_out_open(out, NULL, '{');
    rms_scim_write_head(out, &head);
    rms_out_text(out, "userName", account->upn);
    if (account->display_name != NULL) {
        rms_out_text(out, "displayName", account->display_name);
    }
    rms_out_bool(out, "active", account->enabled);
    rms_out_text(out, "userType", account->guest ? "Guest" : "Member");
    if (account->proxy_address_count > 0) {
        write_emails(out, account);
    }
    rms_scim_write_meta(scim, out, &head);
    rms_out_close(out, '}');
}

/* Local accounts, and other tenants', are not there. */
static int get(struct rms_scim *scim, const char *id, struct rms_account *account)
{
    char guid[RMS_GUID_TEXT];
    int rc = rms_guid_parse(rms_view_str(id), guid) == 0 ? RMS_OK : RMS_E_NOT_FOUND;
    if (rc == RMS_OK) {
        rc = rms_account_get(scim->db, scim->arena, scim->tenant_id, guid, account);
    }
    if (rc == RMS_OK && strcmp(account->source, RMS_SOURCE_SCIM) != 0) {
        rc = RMS_E_NOT_FOUND;
    }
    return rc == RMS_E_NOT_FOUND ? rms_scim_refuse(scim, rc, NULL, "no such user") : rc;
}

static int write_stored(struct rms_scim *scim, const char *id, struct rms_buf *out)
{
    struct rms_account account;
    if (out == NULL) {
        return RMS_OK;
    }
    RMS_TRY(get(scim, id, &account));
    write_user(scim, out, &account);
    return RMS_OK;
}

static int note_done(struct draft *draft, const char *id)
{
    struct rms_scim *scim = draft->scim;
    scim->done = rms_arena_printf(scim->arena, "%s -UserName %s -Active %s -Guest %s -Emails %zu", id,
        draft->upn, draft->enabled ? "True" : "False", draft->guest ? "True" : "False", draft->count);
    return scim->done != NULL ? RMS_OK : RMS_E_NO_MEMORY;
}

static int save(struct draft *draft, const struct rms_account *old)
{
    struct rms_scim *scim = draft->scim;
    struct rms_account_change change = {
        .enabled = &draft->enabled,
        .guest = &draft->guest,
        .upn = draft->upn,
        .display_name = draft->display_name != NULL ? draft->display_name : "",
        .external_id = draft->external_id != NULL ? draft->external_id : "",
        .proxy_address_count = draft->count,
        .set_proxy_addresses = true,
    };
    RMS_TRY(proxy_values(draft, &change.proxy_addresses));
    RMS_TRY(note_done(draft, old->id));
    return store_failed(scim, rms_account_change(scim->db, scim->tenant_id, old->id, &change));
}

/* --- what is done -------------------------------------------------------------------------------------- */

static int add(struct rms_scim *scim, const json_t *body, struct rms_buf *out, const char **id_out)
{
    struct draft draft;
    char id[RMS_GUID_TEXT];
    RMS_TRY(draft_begin(&draft, scim));
    RMS_TRY(apply_body(&draft, body));
    if (draft.upn == NULL) {
        return rms_scim_bad(scim, "userName", "missing");
    }
    rms_guid_new(id);
    *id_out = rms_arena_strdup(scim->arena, id);
    struct rms_account account = {
        .id = *id_out,
        .tenant_id = scim->tenant_id,
        .upn = draft.upn,
        .display_name = draft.display_name != NULL ? draft.display_name : draft.full_name,
        .enabled = draft.enabled,
        .guest = draft.guest,
        .created_at = scim->request->now, /* never what the directory says: S-042 counts from here */
        .source = RMS_SOURCE_SCIM,
        .external_id = draft.external_id,
        .proxy_address_count = draft.count,
    };
    RMS_TRY(proxy_values(&draft, &account.proxy_addresses));
    RMS_TRY(store_failed(scim, rms_account_create(scim->db, &account, NULL)));
    RMS_TRY(note_done(&draft, id));
    return write_stored(scim, id, out);
}

/* What a PUT leaves out is taken away, but nobody is enabled or made a member by silence. */
static int put(struct rms_scim *scim, const char *id, const json_t *body, struct rms_buf *out)
{
    struct rms_account old;
    struct draft draft;
    RMS_TRY(get(scim, id, &old));
    RMS_TRY(draft_begin(&draft, scim));
    draft.enabled = old.enabled;
    draft.guest = old.guest;
    draft.upn = old.upn;
    RMS_TRY(apply_body(&draft, body));
    draft.display_name = draft.display_name != NULL ? draft.display_name : draft.full_name;
    RMS_TRY(save(&draft, &old));
    return write_stored(scim, old.id, out);
}

static int patch(struct rms_scim *scim, const char *id, const json_t *body, struct rms_buf *out)
{
    struct rms_account old;
    struct draft draft;
    RMS_TRY(get(scim, id, &old));
    RMS_TRY(draft_begin(&draft, scim));
    RMS_TRY(load(&draft, &old));
    const struct rms_scim_target target = {scim, attributes, &draft};
    RMS_TRY(rms_scim_apply_patch(&target, body));
    RMS_TRY(save(&draft, &old));
    return write_stored(scim, old.id, out);
}

static int remove_user(struct rms_scim *scim, const char *id)
{
    struct rms_account old;
    RMS_TRY(get(scim, id, &old));
    scim->done = rms_arena_printf(scim->arena, "%s -UserName %s", old.id, old.upn);
    scim->regroup = true;
    return rms_account_delete(scim->db, scim->tenant_id, old.id);
}

const struct rms_scim_resource rms_scim_users = {"Users", add, put, patch, remove_user};

/* --- handlers ------------------------------------------------------------------------------------------ */

static int list(struct rms_scim *scim, struct rms_buf *out)
{
    static const struct rms_scim_filterable filterable[] = {
        {"username", RMS_SEARCH_UPN, true, false},
        {"externalid", RMS_SEARCH_EXTERNAL, false, false},
        {"displayname", RMS_SEARCH_NAME, false, false},
        {"emails", RMS_SEARCH_ADDRESS, true, false},
        {"emails.value", RMS_SEARCH_ADDRESS, true, false},
        {"id", RMS_SEARCH_ID, false, true},
        {0},
    };
    struct rms_scim_query query;
    struct rms_accounts accounts = {0};
    size_t total = 0;
    RMS_TRY(rms_scim_query(scim, filterable, &query));
    if (!query.nothing) {
        RMS_TRY(rms_account_search(scim->db, scim->arena, scim->tenant_id, &query.search, &accounts, &total));
    }
    rms_scim_open_list(out, &query, total, accounts.count);
    for (size_t i = 0; i < accounts.count; i++) {
        write_user(scim, out, &accounts.items[i]);
    }
    rms_scim_close_list(out);
    return RMS_OK;
}

int rms_scim_user_list(struct rms_front *front, struct rms_request *request, struct rms_reply *reply)
{
    struct rms_scim scim;
    RMS_TRY(rms_scim_begin(front, request, &scim));
    return rms_scim_end(&scim, list(&scim, &reply->body), reply);
}

int rms_scim_user_get(struct rms_front *front, struct rms_request *request, struct rms_reply *reply)
{
    struct rms_scim scim;
    RMS_TRY(rms_scim_begin(front, request, &scim));
    return rms_scim_end(&scim, write_stored(&scim, request->params[1], &reply->body), reply);
}

int rms_scim_user_add(struct rms_front *front, struct rms_request *request, struct rms_reply *reply)
{
    return rms_scim_run_add(&rms_scim_users, front, request, reply);
}

int rms_scim_user_put(struct rms_front *front, struct rms_request *request, struct rms_reply *reply)
{
    return rms_scim_run_change(&rms_scim_users, front, request, reply);
}

int rms_scim_user_patch(struct rms_front *front, struct rms_request *request, struct rms_reply *reply)
{
    return rms_scim_run_change(&rms_scim_users, front, request, reply);
}

int rms_scim_user_remove(struct rms_front *front, struct rms_request *request, struct rms_reply *reply)
{
    return rms_scim_run_remove(&rms_scim_users, front, request, reply);
}
