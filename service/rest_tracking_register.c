/* Registering documents for tracking (S-153, S-154; doc/dev/tracking.md). A person shows the licence of what
 * he wants to track. What programs tell of by themselves they only name: that makes a document of theirs, and
 * none of somebody else's, because every record, event and revocation is of its issuer. */
#include "base/json.h"
#include "crypto/base64.h"
#include "directory/directory.h"
#include "service/hand_over.h"
#include "service/mail_kind.h"
#include "service/notification.h"
#include "service/rest.h"
#include "service/rest_json.h"
#include "service/rest_write.h"
#include "service/settings.h"
#include "service/tracking.h"
#include "service/tracking_state.h"

#define LICENCE_MAX   RMS_XRML_MAX_BYTES
#define DOCUMENTS_MAX 256 /* registered at once */
#define LICENCE       "SerializedPublishingLicense"

struct registering {
    struct rms_request *request;
    struct rms_reader reader;
    const json_t *object;
    bool automatic;
    struct rms_tracked documents[DOCUMENTS_MAX];
    bool mailed[DOCUMENTS_MAX]; /* SendRegistrationEmail of each */
    size_t count;               /* of those to be kept */
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

static int read_licence(struct registering *r, struct rms_view *licence_out)
{
    const char *text = json_string_value(json_object_get(r->object, LICENCE));
    RMS_BUF_CLEANUP struct rms_buf bytes = RMS_BUF_INIT(LICENCE_MAX);
    if (text == NULL || rms_base64_decode(rms_view_str(text), &bytes) < 0) {
        return rms_reader_fail(&r->reader, LICENCE, "not base64");
    }
    uint8_t *copy = rms_arena_copy(r->request->arena, bytes.data, bytes.len);
    *licence_out = rms_view_of(copy, bytes.len);
    return copy != NULL ? RMS_OK : RMS_E_NO_MEMORY;
}

static int read_id(struct registering *r, const char *member, const char **id_out)
{
    const char *text = NULL;
    *id_out = NULL;
    RMS_TRY(rms_reader_text(&r->reader, r->object, member, RMS_READER_TEXT_MAX, &text));
    if (text == NULL) {
        return RMS_OK;
    }
    return rms_tracking_id(r->request, text, id_out) == RMS_OK
               ? RMS_OK
               : rms_reader_fail(&r->reader, member, "not a GUID");
}

/* By its licence. That is in hand, so it is no secret that there is such a document: who may not is told so.
 */
static int take_licence(struct registering *r, struct rms_tracked *document)
{
    struct rms_request *request = r->request;
    struct rms_opening facts;
    struct rms_view licence;
    RMS_TRY(read_licence(r, &licence));
    RMS_TRY(rms_licence_read(request, licence, &facts));
    RMS_TRY(rms_tracking_of_licence(request, &facts, document));
    RMS_TRY(rms_tracking_place(request, document));
    if (strcmp(facts.tenant_id, request->tenant->row.id) != 0 || !rms_tracking_is_own(request, document)) {
        return rms_fail(request, RMS_E_ROLE_REQUIRED, "only who protected it may track and revoke");
    }
    return RMS_OK;
}

/* Of a document from before everything of its issuer was handed over the record says whose it is: a name told
 * now does not bring it back. */
static int place_claim(struct rms_request *request, struct rms_tracked *document)
{
    struct rms_tracked record;
    RMS_TRY(rms_tracking_place(request, document));
    if (!rms_hand_overs_of(request->worker->front->hand_overs, &document->key)) {
        return RMS_OK;
    }
    int rc = rms_tracked_get(request->worker->db, request->arena, &document->key, &record);
    if (rc == RMS_OK) {
        document->holder_id = record.holder_id;
    }
    return rc == RMS_E_NOT_FOUND ? RMS_OK : rc;
}

/* By its name alone: as protected now, by whom the token says. */
static int take_claim(struct registering *r, struct rms_tracked *document)
{
    struct rms_request *request = r->request;
    const char *address = NULL;
    char issuer[RMS_ADDRESS_MAX];
    RMS_TRY(read_id(r, "ContentId", &document->key.content_id));
    RMS_TRY(read_id(r, "TemplateId", &document->template_id));
    RMS_TRY(rms_reader_text(&r->reader, r->object, "Issuer", RMS_ADDRESS_MAX, &address));
    if (document->key.content_id == NULL || address == NULL || rms_address_normalise(address, issuer) < 0) {
        return rms_reader_fail(&r->reader, LICENCE, "missing, and no ContentId and Issuer instead");
    }
    document->key.tenant_id = request->tenant->row.id;
    document->key.issuer = rms_arena_strdup(request->arena, issuer);
    document->owner = document->key.issuer;
    document->published_at = document->registered_at = request->now;
    if (document->key.issuer == NULL) {
        return RMS_E_NO_MEMORY;
    }
    RMS_TRY(place_claim(request, document));
    return rms_tracking_is_own(request, document)
               ? RMS_OK
               : rms_fail(request, RMS_E_ROLE_REQUIRED, "only who protected it may track and revoke");
}

static int take_document(struct registering *r, struct rms_tracked *document)
{
    static const char *const shown[] = {LICENCE, "ContentName", "PreviousContentId", "NotificationType",
        "NotificationPreference", "NotificationInfo", "SendRegistrationEmail", NULL};
    static const char *const named[] = {"ContentId", "Issuer", "TemplateId", "ContentName",
        "PreviousContentId", "NotificationType", "NotificationPreference", "NotificationInfo", NULL};
    bool claim = r->automatic && json_object_get(r->object, LICENCE) == NULL;
    const char *name;
    const char *previous;
    unsigned notify;
    RMS_TRY(rms_reader_only(&r->reader, r->object, claim ? named : shown));
    RMS_TRY(read_name(r, &name));
    RMS_TRY(read_id(r, "PreviousContentId", &previous));
    RMS_TRY(rms_notification_read(&r->reader, r->object, &notify));
    RMS_TRY(rms_notification_style_read(&r->reader, r->object, &document->notify_style));
    RMS_TRY(rms_reader_bool(&r->reader, r->object, "SendRegistrationEmail", &r->mailed[r->count]));
    RMS_TRY(claim ? take_claim(r, document) : take_licence(r, document));
    document->name = name;
    document->previous_id = previous;
    document->notify = notify;
    return RMS_OK;
}

static void write_outcome(struct rms_buf *out, const struct rms_tracked *document, int code)
{
    rms_out_open(out, NULL, '{');
    rms_out_text(out, "ContentId", document->key.content_id);
    rms_out_bool(out, "Registered", code == RMS_OK);
    rms_out_text(out, "Reason", code == RMS_OK ? NULL : rms_error_info(code)->reason);
    rms_out_close(out, '}');
}

/* What fails for want of memory or disk would fail for the next as well. */
static bool is_of_one(int code)
{
    return code == RMS_OK || (code != RMS_E_NO_MEMORY && rms_error_info(code)->http_status < 500);
}

/* S-169: for whom it is, is told that it is tracked. */
static int mail_all(const struct registering *r)
{
    struct rms_request *request = r->request;
    bool sends = request->worker->front->settings->mail[0] != '\0';
    for (size_t i = 0; i < r->count && sends; i++) {
        const struct rms_document_key *key = &r->documents[i].key;
        const struct rms_mail mail = {.tenant_id = key->tenant_id,
            .kind = RMS_MAIL_REGISTERED,
            .recipient = key->issuer,
            .ref = key->content_id,
            .next_at = request->now,
            .give_up_at = request->now + RMS_DAY_S};
        if (r->mailed[i] && r->documents[i].holder_id == NULL) {
            RMS_TRY(rms_mail_put(request->worker->db, &mail));
        }
    }
    return RMS_OK;
}

/* All are read and checked first: the transaction is short. */
static int register_all(struct registering *r, const json_t *documents, struct rms_buf *out)
{
    const json_t *object;
    size_t i;
    int first = RMS_OK;
    rms_out_open(out, NULL, '[');
    json_array_foreach(documents, i, object)
    {
        struct rms_tracked *document = &r->documents[r->count];
        r->object = object;
        *document = (struct rms_tracked){0};
        r->mailed[r->count] = false;
        int rc = take_document(r, document);
        if (!is_of_one(rc) || rc == RMS_E_BAD_ARGUMENT) {
            return rc;
        }
        first = first == RMS_OK ? rc : first;
        r->count += rc == RMS_OK;
        write_outcome(out, document, rc);
    }
    rms_out_close(out, ']');
    if (i == 1 && r->count == 1) {
        rms_tracking_tell(r->request, &r->documents[0]); /* of several there is no one to tell of */
    }
    r->request->note.code = first;
    RMS_TRY(rms_tracked_register(r->request->worker->db, r->documents, r->count));
    return mail_all(r);
}

/* S-153: what nobody asked for counts where the tenant wants that, also while tracking is off (S-152); what a
 * person asks for while it is on. */
static int may_register(const struct registering *r, bool *may_out)
{
    const struct rms_tracking_state *state = &r->request->tenant->tracking;
    *may_out = r->automatic ? state->automatic : state->enabled;
    return *may_out || r->automatic ? RMS_OK : RMS_E_TRACKING_DISABLED;
}

static int register_body(struct registering *r, const json_t *body, struct rms_buf *out)
{
    static const char *const names[] = {"Documents", "Automatic", NULL};
    const json_t *documents = json_object_get(body, "Documents");
    bool may = false;
    RMS_TRY(rms_reader_only(&r->reader, body, names));
    RMS_TRY(rms_reader_bool(&r->reader, body, "Automatic", &r->automatic));
    if (json_array_size(documents) == 0 || json_array_size(documents) > DOCUMENTS_MAX) {
        return rms_reader_fail(&r->reader, "Documents", "not between 1 and 256 documents");
    }
    RMS_TRY(may_register(r, &may));
    if (!may) {
        rms_buf_append_str(out, "[]");
        return RMS_OK;
    }
    return register_all(r, documents, out);
}

int rms_rest_tracking_register(struct rms_front *front, struct rms_request *request, struct rms_reply *reply)
{
    struct registering *r = rms_arena_alloc(request->arena, sizeof *r);
    RMS_JSON_CLEANUP json_t *body = NULL;
    (void)front;
    if (r == NULL) {
        return RMS_E_NO_MEMORY;
    }
    r->request = request;
    r->reader.arena = request->arena;
    RMS_TRY(rms_rest_home_serves(request, false));
    int rc = rms_reader_parse(&r->reader, request->body, &body);
    if (rc == RMS_OK) {
        rc = register_body(r, body, &reply->body);
    }
    return rc == RMS_E_BAD_ARGUMENT && r->reader.detail != NULL ? rms_fail(request, rc, r->reader.detail)
                                                                : rc;
}
