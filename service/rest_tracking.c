/* Tracking for people: their own documents, and nobody else's (S-153 to S-165; doc/protocol/rest.md). */
#include "base/json.h"
#include "crypto/base64.h"
#include "directory/directory.h"
#include "service/rest.h"
#include "service/rest_json.h"
#include "service/rest_write.h"
#include "service/tracking.h"
#include "service/tracking_state.h"

#define LICENCE_MAX   RMS_XRML_MAX_BYTES
#define DOCUMENTS_MAX 256 /* registered at once */

/* S-085: whoever protected it, under any of his addresses; not an account made later (S-042). */
static bool is_issuer(const struct rms_request *request, const struct rms_tracked *document)
{
    const struct rms_person *person = &request->person->person;
    if (request->person->created_at > document->published_at + RMS_ACCOUNT_TOLERANCE_S) {
        return false;
    }
    for (size_t i = 0; i < person->address_count; i++) {
        if (strcmp(person->addresses[i], document->key.issuer) == 0) {
            return true;
        }
    }
    return false;
}

/* S-152: while tracking is off people see and change nothing. */
static int check_served(struct rms_request *request)
{
    struct rms_tracking_state state;
    RMS_TRY(rms_rest_home_serves(request, false));
    RMS_TRY(rms_tracking_state_read(request->arena, request->tenant->row.settings, &state));
    return state.enabled ? RMS_OK : RMS_E_TRACKING_DISABLED;
}

/* The document of the path, if it is the person's. Everything else is one answer. */
static int find_own(struct rms_request *request, struct rms_tracked *document_out)
{
    const struct rms_person *person = &request->person->person;
    struct rms_document_key key = {.tenant_id = request->tenant->row.id};
    RMS_TRY(check_served(request));
    RMS_TRY(rms_tracking_id(request, request->params[0], &key.content_id));
    rms_tracking_settle(request);
    for (size_t i = 0; i < person->address_count; i++) {
        key.issuer = person->addresses[i];
        int rc = rms_tracked_get(request->worker->db, request->arena, &key, document_out);
        if (rc == RMS_OK && is_issuer(request, document_out)) {
            return RMS_OK;
        }
        if (rc < 0 && rc != RMS_E_NOT_FOUND) {
            return rc;
        }
    }
    return RMS_E_NOT_REGISTERED;
}

/* --- registering -----------------------------------------------------------------------------------------
 */

struct registering {
    struct rms_request *request;
    struct rms_reader reader;
    const json_t *object;
    struct rms_tracked document;
};

static size_t count_characters(const char *text)
{
    size_t count = 0;
    for (; *text != '\0'; text++) {
        count += ((unsigned char)*text & 0xc0) != 0x80;
    }
    return count;
}

/* S-153, S-154: a name is needed. */
static int read_name(struct registering *r, const char **name_out)
{
    *name_out = NULL;
    RMS_TRY(rms_reader_text(&r->reader, r->object, "ContentName", RMS_READER_TEXT_MAX, name_out));
    if (*name_out == NULL || (*name_out)[0] == '\0') {
        return rms_reader_fail(&r->reader, "ContentName", "missing");
    }
    if (count_characters(*name_out) > RMS_TRACKED_NAME_MAX) {
        return rms_reader_fail(&r->reader, "ContentName", "longer than 1024 characters");
    }
    return RMS_OK;
}

static int read_previous(struct registering *r, const char **previous_out)
{
    const char *text = NULL;
    *previous_out = NULL;
    RMS_TRY(rms_reader_text(&r->reader, r->object, "PreviousContentId", RMS_READER_TEXT_MAX, &text));
    if (text == NULL) {
        return RMS_OK;
    }
    return rms_tracking_id(r->request, text, previous_out) == RMS_OK
               ? RMS_OK
               : rms_reader_fail(&r->reader, "PreviousContentId", "not a GUID");
}

static int read_licence(struct registering *r, struct rms_view *licence_out)
{
    static const char *const member = "SerializedPublishingLicense";
    const char *text = json_string_value(json_object_get(r->object, member));
    RMS_BUF_CLEANUP struct rms_buf bytes = RMS_BUF_INIT(LICENCE_MAX);
    if (text == NULL || rms_base64_decode(rms_view_str(text), &bytes) < 0) {
        return rms_reader_fail(&r->reader, member, "not base64");
    }
    uint8_t *copy = rms_arena_copy(r->request->arena, bytes.data, bytes.len);
    *licence_out = rms_view_of(copy, bytes.len);
    return copy != NULL ? RMS_OK : RMS_E_NO_MEMORY;
}

/* The licence is in hand, so it is no secret that there is such a document: who may not is told so. */
static int register_one(struct registering *r)
{
    static const char *const names[] = {
        "SerializedPublishingLicense", "ContentName", "PreviousContentId", NULL};
    struct rms_request *request = r->request;
    struct rms_opening facts;
    struct rms_view licence;
    const char *name;
    const char *previous;
    RMS_TRY(rms_reader_only(&r->reader, r->object, names));
    RMS_TRY(read_name(r, &name));
    RMS_TRY(read_previous(r, &previous));
    RMS_TRY(read_licence(r, &licence));
    RMS_TRY(rms_licence_read(request, licence, &facts));
    RMS_TRY(rms_tracking_of_licence(request, &facts, &r->document));
    if (strcmp(facts.tenant_id, request->tenant->row.id) != 0 || !is_issuer(request, &r->document)) {
        return rms_fail(request, RMS_E_ROLE_REQUIRED, "only who protected it may track and revoke");
    }
    r->document.name = name;
    r->document.previous_id = previous;
    return rms_tracked_register(request->worker->db, &r->document);
}

static void write_outcome(struct rms_buf *out, const struct registering *r, int code)
{
    rms_out_open(out, NULL, '{');
    rms_out_text(out, "ContentId", r->document.key.content_id);
    rms_out_bool(out, "Registered", code == RMS_OK);
    rms_out_text(out, "Reason", code == RMS_OK ? NULL : rms_error_info(code)->reason);
    rms_out_close(out, '}');
}

/* What fails for want of memory or disk would fail for the next as well. */
static bool is_of_one(int code)
{
    return code == RMS_OK || (code != RMS_E_NO_MEMORY && rms_error_info(code)->http_status < 500);
}

static int register_all(struct registering *r, const json_t *documents, struct rms_buf *out)
{
    const json_t *object;
    size_t i;
    int first = RMS_OK;
    rms_out_open(out, NULL, '[');
    json_array_foreach(documents, i, object)
    {
        r->object = object;
        r->document = (struct rms_tracked){0};
        int rc = register_one(r);
        if (!is_of_one(rc) || rc == RMS_E_BAD_ARGUMENT) {
            return rc;
        }
        first = first == RMS_OK ? rc : first;
        write_outcome(out, r, rc);
    }
    rms_out_close(out, ']');
    r->request->note.code = first;
    return RMS_OK;
}

/* S-153: what nobody asked for counts where the tenant wants that, also while tracking is off (S-152); what a
 * person asks for while it is on. */
static int may_register(struct registering *r, bool automatic, bool *may_out)
{
    struct rms_tracking_state state;
    const char *settings = r->request->tenant->row.settings;
    RMS_TRY(rms_tracking_state_read(r->request->arena, settings, &state));
    *may_out = automatic ? state.automatic : state.enabled;
    return *may_out || automatic ? RMS_OK : RMS_E_TRACKING_DISABLED;
}

static int register_body(struct registering *r, const json_t *body, struct rms_buf *out)
{
    static const char *const names[] = {"Documents", "Automatic", NULL};
    const json_t *documents = json_object_get(body, "Documents");
    bool automatic = false;
    bool may = false;
    RMS_TRY(rms_reader_only(&r->reader, body, names));
    RMS_TRY(rms_reader_bool(&r->reader, body, "Automatic", &automatic));
    if (json_array_size(documents) == 0 || json_array_size(documents) > DOCUMENTS_MAX) {
        return rms_reader_fail(&r->reader, "Documents", "not between 1 and 256 documents");
    }
    RMS_TRY(may_register(r, automatic, &may));
    if (!may) {
        rms_buf_append_str(out, "[]");
        return RMS_OK;
    }
    return register_all(r, documents, out);
}

int rms_rest_tracking_register(struct rms_front *front, struct rms_request *request, struct rms_reply *reply)
{
    struct registering r = {.request = request, .reader = {request->arena, NULL}};
    RMS_JSON_CLEANUP json_t *body = NULL;
    (void)front;
    RMS_TRY(rms_rest_home_serves(request, false));
    int rc = rms_reader_parse(&r.reader, request->body, &body);
    if (rc == RMS_OK) {
        rc = register_body(&r, body, &reply->body);
    }
    return rc == RMS_E_BAD_ARGUMENT && r.reader.detail != NULL ? rms_fail(request, rc, r.reader.detail) : rc;
}

/* --- views -----------------------------------------------------------------------------------------------
 */

/* Those of one of the person's addresses. */
static int write_own(struct rms_request *request, const char *address, struct rms_buf *out)
{
    const struct rms_tracked_query query = {.tenant_id = request->tenant->row.id,
        .issuer = address,
        .text = rms_request_query(request, "q"),
        .limit = RMS_TRACKING_LIST_MAX};
    struct rms_tracked_list found;
    struct rms_tracked_list own = {0};
    rms_tracking_settle(request);
    RMS_TRY(rms_tracked_list(request->worker->db, request->arena, &query, &found));
    own.items = found.items;
    for (size_t i = 0; i < found.count; i++) {
        if (is_issuer(request, &found.items[i])) {
            own.items[own.count++] = found.items[i];
        }
    }
    rms_tracking_write_rows(out, &own);
    return RMS_OK;
}

int rms_rest_tracking_list(struct rms_front *front, struct rms_request *request, struct rms_reply *reply)
{
    const struct rms_person *person = &request->person->person;
    (void)front;
    RMS_TRY(check_served(request));
    rms_out_open(&reply->body, NULL, '[');
    for (size_t i = 0; i < person->address_count; i++) {
        RMS_TRY(write_own(request, person->addresses[i], &reply->body));
    }
    rms_out_close(&reply->body, ']');
    return RMS_OK;
}

int rms_rest_tracking_show(struct rms_front *front, struct rms_request *request, struct rms_reply *reply)
{
    struct rms_tracked document;
    (void)front;
    RMS_TRY(find_own(request, &document));
    return rms_tracking_write_one(request, &document, &reply->body);
}

int rms_rest_tracking_events(struct rms_front *front, struct rms_request *request, struct rms_reply *reply)
{
    struct rms_tracked document;
    (void)front;
    RMS_TRY(find_own(request, &document));
    return rms_tracking_write_events(request, &document.key, &reply->body);
}

/* --- changes ----------------------------------------------------------------------------------------------
 */

static int read_reason(struct rms_request *request, const char **reason_out)
{
    static const char *const names[] = {"Reason", NULL};
    struct rms_reader reader = {request->arena, NULL};
    RMS_JSON_CLEANUP json_t *body = NULL;
    *reason_out = NULL;
    if (request->body.len == 0) {
        return RMS_OK;
    }
    int rc = rms_reader_parse(&reader, request->body, &body);
    if (rc == RMS_OK) {
        rc = rms_reader_only(&reader, body, names);
    }
    if (rc == RMS_OK) {
        rc = rms_reader_text(&reader, body, "Reason", RMS_TRACKING_REASON_MAX, reason_out);
    }
    return rc < 0 ? rms_fail(request, rc, reader.detail) : RMS_OK;
}

static int change(struct rms_request *request, bool revoke, struct rms_reply *reply)
{
    struct rms_tracking_change wanted = {.revoke = revoke, .actor = request->address};
    struct rms_tracked document;
    RMS_TRY(find_own(request, &document));
    RMS_TRY(read_reason(request, &wanted.reason));
    return rms_tracking_change(request, &document.key, &wanted, &reply->body);
}

int rms_rest_tracking_revoke(struct rms_front *front, struct rms_request *request, struct rms_reply *reply)
{
    (void)front;
    return change(request, true, reply);
}

int rms_rest_tracking_restore(struct rms_front *front, struct rms_request *request, struct rms_reply *reply)
{
    (void)front;
    return change(request, false, reply);
}
