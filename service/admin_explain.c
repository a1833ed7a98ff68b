/* Explaining a decision (B-01). It is made by the licence path itself, on behalf of the person asked about:
 * what is told is what happened, not what a second opinion says. No key is released and no usage row written.
 */
#include "service/admin_explain.h"

#include "base/text.h"
#include "crypto/base64.h"
#include "service/rest.h"
#include "service/tracking.h"

/* What the caller gave. */
struct asked {
    const char *user;
    const char *licence; /* base64 */
    const char *content_id;
    const char *issuer;
    uint32_t wanted;
};

static int read_wanted(struct rms_admin_body *body, struct asked *asked)
{
    const char *const *names = NULL;
    size_t count = 0;
    struct rms_rights rights = {0};
    RMS_TRY(rms_reader_texts(&body->reader, body->object, "Wanted", &names, &count));
    for (size_t i = 0; i < count; i++) {
        if (rms_rights_add(body->reader.arena, &rights, names[i], false) < 0) {
            return rms_reader_fail(&body->reader, "Wanted", "unknown right");
        }
    }
    asked->wanted = rights.bits;
    return RMS_OK;
}

static int read_asked(struct rms_admin_body *body, struct asked *asked)
{
    struct rms_reader *r = &body->reader;
    RMS_TRY(rms_admin_need(body, "User", RMS_ADDRESS_MAX, &asked->user));
    RMS_TRY(
        rms_reader_text(r, body->object, "SerializedPublishingLicense", RMS_ADMIN_BODY_MAX, &asked->licence));
    RMS_TRY(rms_reader_text(r, body->object, "ContentId", RMS_GUID_TEXT + 2, &asked->content_id));
    RMS_TRY(rms_reader_text(r, body->object, "Issuer", RMS_ADDRESS_MAX, &asked->issuer));
    if ((asked->licence == NULL) == (asked->content_id == NULL)) {
        return rms_reader_fail(r, "ContentId", "give either this or SerializedPublishingLicense");
    }
    return read_wanted(body, asked);
}

/* --- who --------------------------------------------------------------------------------------------------
 */

/* Somebody of another organisation: what this one knows of him is the address it may have granted rights to.
 * His organisation's accounts, aliases and groups are none of its business (S-001). */
static int take_stranger(struct rms_explained *e, const char *name)
{
    struct rms_arena *arena = e->request->arena;
    struct rms_directory_person *person = rms_arena_alloc(arena, sizeof *person);
    const char **texts = rms_arena_array(arena, 2, sizeof *texts);
    char address[RMS_ADDRESS_MAX];
    if (person == NULL || texts == NULL) {
        return RMS_E_NO_MEMORY;
    }
    if (rms_address_normalise(name, address) < 0) {
        return rms_fail(e->request, RMS_E_NOT_FOUND, "User: no such account");
    }
    texts[0] = rms_arena_strdup(arena, address);
    if (texts[0] == NULL) {
        return RMS_E_NO_MEMORY;
    }
    texts[1] = rms_address_domain(texts[0]);
    for (size_t i = 0; i < e->tenant->domain_count; i++) {
        if (strcmp(e->tenant->domains[i], texts[1]) == 0) {
            return rms_fail(e->request, RMS_E_NOT_FOUND, "User: no such account");
        }
    }
    *person = (struct rms_directory_person){.account_id = "",
        .tenant_id = "",
        .upn = texts[0],
        .address = texts[0],
        .enabled = true,
        .abroad = {.addresses = texts, .address_count = 1, .domains = texts + 1, .domain_count = 1}};
    person->person = person->abroad;
    e->person = person;
    return RMS_OK;
}

/* --- what the licence path says
 * ------------------------------------------------------------------------------
 */

/* The request as if the person had sent it. What it pins is released with the administrator's. */
static struct rms_request as_person(struct rms_explained *e)
{
    struct rms_request asking = *e->request;
    asking.person = e->person;
    asking.address = e->person->address != NULL ? e->person->address : e->person->upn;
    asking.caller = RMS_CALLER_PERSON;
    asking.note = (struct rms_usage_note){.published_at = RMS_TIME_NONE};
    asking.why = &e->matches;
    return asking;
}

static void keep_pins(struct rms_request *request, const struct rms_request *asking)
{
    memcpy(request->pinned, asking->pinned, sizeof request->pinned);
    request->pinned_count = asking->pinned_count;
}

/* A licence of another tenant is like one of nobody, whatever else is wrong with it or its tenant (S-001). */
static int check_ours(struct rms_request *asking, const struct rms_tenant *tenant, struct rms_view licence)
{
    struct rms_opening facts;
    int rc = rms_licence_read(asking, licence, &facts);
    const struct rms_live_tenant *whose = asking->note.tenant;
    if (whose != NULL && strcmp(whose->row.id, tenant->id) != 0) {
        return rms_fail(asking, RMS_E_UNKNOWN_KEY, "the licence is not of this tenant");
    }
    return rc == RMS_E_UNKNOWN_KEY ? rms_fail(asking, rc, "the licence is not of this tenant") : rc;
}

static int open_licence(struct rms_explained *e, struct rms_request *asking, const char *base64,
    const struct rms_opening **opened)
{
    RMS_BUF_CLEANUP struct rms_buf licence = RMS_BUF_INIT(RMS_ADMIN_BODY_MAX);
    if (rms_base64_decode(rms_view_str(base64), &licence) < 0) {
        return rms_fail(asking, RMS_E_BAD_ARGUMENT, "SerializedPublishingLicense: not base64");
    }
    RMS_TRY(check_ours(asking, e->tenant, rms_buf_view(&licence)));
    RMS_TRY(rms_licence_open(asking, rms_buf_view(&licence), opened, NULL));
    e->opening = *opened;
    return RMS_OK;
}

/* What the service remembers of a document; enough where a template decides. */
static int recall(struct rms_explained *e, const struct asked *asked)
{
    struct rms_tracked *record = rms_arena_alloc(e->request->arena, sizeof *record);
    struct rms_opening *opening = rms_arena_alloc(e->request->arena, sizeof *opening);
    if (record == NULL || opening == NULL) {
        return RMS_E_NO_MEMORY;
    }
    RMS_TRY(rms_admin_tracked(e->request, asked->content_id, asked->issuer, record));
    *opening = (struct rms_opening){.owner = record->owner,
        .issuer = record->key.issuer,
        .file_name = record->name,
        .issued_at = record->published_at,
        .valid_from = RMS_TIME_NONE,
        .valid_until = RMS_TIME_NONE,
        .from_template = record->template_id != NULL,
        .owner_proved = true};
    rms_guid_copy(opening->tenant_id, e->tenant->id);
    rms_guid_copy(opening->content_id, record->key.content_id);
    rms_policy_init(&opening->policy);
    opening->policy.only_me = true;
    if (record->template_id != NULL) {
        rms_guid_copy(opening->policy.id, record->template_id);
    }
    e->record = record;
    e->opening = opening;
    return RMS_OK;
}

static int decide(struct rms_explained *e, struct rms_request *asking, const struct asked *asked,
    const struct rms_opening **opened)
{
    if (!e->person->enabled) {
        return RMS_E_ACCOUNT_DISABLED;
    }
    RMS_TRY(rms_rest_home_serves(asking, RMS_TO_OPEN));
    if (asked->licence != NULL) {
        RMS_TRY(open_licence(e, asking, asked->licence, opened));
    }
    RMS_TRY(rms_licence_decide(asking, e->opening, asked->wanted, &e->answer));
    e->decided = true;
    e->complete = asked->licence != NULL || e->opening->from_template || e->answer.code != RMS_E_NO_RIGHTS;
    return e->answer.code;
}

/* Of the document that the file turned out to be. Without a record there is none to tell of. */
static int find_record(struct rms_explained *e)
{
    struct rms_request *request = e->request;
    if (e->record != NULL || e->opening == NULL || e->opening->issuer == NULL) {
        return RMS_OK;
    }
    struct rms_tracked *record = rms_arena_alloc(request->arena, sizeof *record);
    if (record == NULL) {
        return RMS_E_NO_MEMORY;
    }
    const struct rms_document_key key = {e->tenant->id, e->opening->content_id, e->opening->issuer};
    int rc = rms_tracked_get(request->worker->db, request->arena, &key, record);
    e->record = rc == RMS_OK ? record : NULL;
    return rc == RMS_E_NOT_FOUND ? RMS_OK : rc;
}

/* What says something about this service, and nothing about the person or his licence. */
static bool is_trouble(int code)
{
    return code == RMS_E_BAD_ARGUMENT || code == RMS_E_NO_MEMORY || code == RMS_E_RECHALLENGE ||
           (rms_error_info(code)->http_status >= 500);
}

static int find_out(struct rms_explained *e, const struct asked *asked, const struct rms_opening **opened)
{
    if (asked->content_id != NULL) {
        RMS_TRY(recall(e, asked));
    }
    struct rms_request asking = as_person(e);
    e->protect_code = rms_rest_home_serves(&asking, RMS_TO_PUBLISH);
    e->protect_detail = asking.note.detail;
    asking.note.detail = NULL;
    e->code = decide(e, &asking, asked, opened);
    e->detail = asking.note.detail;
    keep_pins(e->request, &asking);
    if (e->code < 0 && is_trouble(e->code)) {
        return rms_fail(e->request, e->code, e->detail);
    }
    return RMS_OK;
}

static int explain(struct rms_explained *e, const struct asked *asked, struct rms_buf *out)
{
    RMS_OPENING_CLEANUP const struct rms_opening *opened = NULL;
    RMS_TRY(find_out(e, asked, &opened));
    RMS_TRY(find_record(e));
    return rms_explain_write(e, out);
}

static int explain_person(struct rms_explained *e, const struct asked *asked, struct rms_buf *out)
{
    RMS_DIRECTORY_PERSON_CLEANUP const struct rms_directory_person *person = NULL;
    struct rms_directory *directory = e->request->worker->front->directory;
    struct rms_db *db = e->request->worker->db;
    struct rms_explanation *identity = NULL;
    int rc = rms_directory_find(directory, db, e->tenant->id, asked->user, &person);
    if (rc == RMS_E_NOT_FOUND) {
        RMS_TRY(take_stranger(e, asked->user));
        return explain(e, asked, out);
    }
    RMS_TRY(rc);
    RMS_TRY(rms_directory_explain(directory, db, e->tenant->id, person->account_id, &identity));
    e->person = person;
    e->identity = identity;
    rc = explain(e, asked, out);
    rms_explanation_free(&identity);
    return rc;
}

int rms_admin_explain(struct rms_front *front, struct rms_request *request, struct rms_reply *reply)
{
    static const char *const names[] = {
        "User", "SerializedPublishingLicense", "ContentId", "Issuer", "Wanted", NULL};
    RMS_ADMIN_BODY_CLEANUP struct rms_admin_body body = {0};
    struct asked asked = {0};
    struct rms_tenant t;
    struct rms_explained explained = {.request = request, .tenant = &t};
    (void)front;
    RMS_TRY(rms_admin_tenant(request, &t));
    RMS_TRY(rms_admin_body(request, names, &body));
    int rc = read_asked(&body, &asked);
    return rc < 0 ? rms_admin_fail(request, &body, rc) : explain_person(&explained, &asked, &reply->body);
}
