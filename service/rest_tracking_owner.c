/* Whose a document is: finding one's own, giving it to a colleague (B-07), letting one follow it (B-05). */
#include "base/json.h"
#include "directory/directory.h"
#include "service/hand_over.h"
#include "service/rest.h"
#include "service/rest_json.h"
#include "service/rest_tracking.h"
#include "service/rest_write.h"

int rms_rest_tracking_served(struct rms_request *request)
{
    RMS_TRY(rms_rest_home_serves(request, false));
    return request->tenant->tracking.enabled ? RMS_OK : RMS_E_TRACKING_DISABLED;
}

/* All documents of the path's content id, whoever protected them: people choose content ids. */
static int read_list(struct rms_request *request, struct rms_tracked_list *list)
{
    const char *content_id = NULL;
    RMS_TRY(rms_rest_tracking_served(request));
    RMS_TRY(rms_tracking_id(request, request->params[0], &content_id));
    rms_tracking_settle(request);
    return rms_tracked_by_content(
        request->worker->db, request->arena, request->tenant->row.id, content_id, list);
}

int rms_rest_tracking_own(struct rms_request *request, struct rms_tracked *document_out)
{
    struct rms_tracked_list list;
    RMS_TRY(read_list(request, &list));
    for (size_t i = 0; i < list.count; i++) {
        if (rms_tracking_is_own(request, &list.items[i])) {
            *document_out = list.items[i];
            return RMS_OK;
        }
    }
    return RMS_E_NOT_REGISTERED;
}

/* --- delegates ---------------------------------------------------------------------------------------------
 */

static int find_delegate(
    struct rms_request *request, const struct rms_tracked *document, struct rms_delegate *delegate_out)
{
    struct rms_delegates list;
    RMS_TRY(rms_delegate_list(request->worker->db, request->arena, document, &list));
    for (size_t i = 0; i < list.count; i++) {
        if (strcmp(list.items[i].account_id, request->person->account_id) == 0) {
            *delegate_out = list.items[i];
            return RMS_OK;
        }
    }
    return RMS_E_NOT_REGISTERED;
}

int rms_rest_tracking_delegated(
    struct rms_request *request, struct rms_tracked *document_out, struct rms_delegate *delegate_out)
{
    struct rms_tracked_list list;
    RMS_TRY(read_list(request, &list));
    for (size_t i = 0; i < list.count; i++) {
        int rc = find_delegate(request, &list.items[i], delegate_out);
        if (rc != RMS_E_NOT_REGISTERED) {
            *document_out = list.items[i];
            return rc;
        }
    }
    return RMS_E_NOT_REGISTERED;
}

/* What a body of these routes may say. */
struct wanted {
    const char *who;
    const char *word; /* Reason or Rights */
};

static int read_body(struct rms_request *request, const char *const names[3], struct wanted *wanted)
{
    struct rms_reader reader = {request->arena, NULL};
    RMS_JSON_CLEANUP json_t *body = NULL;
    int rc = rms_reader_parse(&reader, request->body, &body);
    if (rc == RMS_OK) {
        rc = rms_reader_only(&reader, body, names);
    }
    if (rc == RMS_OK) {
        rc = rms_reader_text(&reader, body, names[0], RMS_ADDRESS_MAX, &wanted->who);
    }
    if (rc == RMS_OK) {
        rc = rms_reader_text(&reader, body, names[1], RMS_TRACKING_REASON_MAX, &wanted->word);
    }
    if (rc == RMS_OK && wanted->who == NULL) {
        rc = rms_reader_fail(&reader, names[0], "missing");
    }
    return rc < 0 ? rms_fail(request, rc, reader.detail) : RMS_OK;
}

static int change_delegate(
    struct rms_request *request, const struct rms_tracked *document, const struct wanted *wanted)
{
    static const char *const words[] = {"None", "See", "Revoke"};
    const struct rms_tracking_heir who = {.who = wanted->who, .actor = request->address};
    struct rms_db *db = request->worker->db;
    struct rms_hand_over row;
    size_t rights = 0;
    while (rights < 3 && (wanted->word == NULL || strcmp(words[rights], wanted->word) != 0)) {
        rights++;
    }
    if (rights == 3) {
        return rms_fail(request, RMS_E_BAD_ARGUMENT, "Rights: not None, See or Revoke");
    }
    RMS_TRY(rms_tracking_heir(request, &who, document->key.tenant_id, &row));
    if (strcmp(row.account_id, request->person->account_id) == 0) {
        return rms_fail(request, RMS_E_BAD_ARGUMENT, "Delegate: this is your own document");
    }
    request->note.detail = rms_arena_printf(request->arena, "%s: %s", row.address, words[rights]);
    if (rights == 0) {
        return rms_delegate_remove(db, &document->key, row.account_id);
    }
    const struct rms_delegate delegate = {.account_id = row.account_id,
        .address = row.address,
        .by_account = request->person->account_id,
        .added_by = request->address,
        .added_at = request->now,
        .may_revoke = rights == 2,
        .since = rms_tracking_since(request, document)};
    return rms_delegate_put(db, &document->key, &delegate);
}

int rms_rest_tracking_delegate(struct rms_front *front, struct rms_request *request, struct rms_reply *reply)
{
    static const char *const names[] = {"Delegate", "Rights", NULL};
    struct wanted wanted = {0};
    struct rms_tracked document;
    (void)front;
    RMS_TRY(rms_rest_tracking_own(request, &document));
    rms_tracking_tell(request, &document);
    RMS_TRY(read_body(request, names, &wanted));
    RMS_TRY(change_delegate(request, &document, &wanted));
    return rms_tracking_write_one(request, &document, rms_tracking_since(request, &document), &reply->body);
}

/* --- another owner -----------------------------------------------------------------------------------------
 */

int rms_rest_tracking_hand_over(struct rms_front *front, struct rms_request *request, struct rms_reply *reply)
{
    static const char *const names[] = {"To", "Reason", NULL};
    struct rms_tracking_heir heir = {.actor = request->address};
    struct wanted wanted = {0};
    struct rms_tracked document;
    bool changed = false;
    (void)front;
    RMS_TRY(rms_rest_tracking_own(request, &document));
    RMS_TRY(read_body(request, names, &wanted));
    heir.who = wanted.who;
    heir.reason = wanted.word;
    RMS_TRY(rms_tracking_hand_over(request, &document, &heir, &changed));
    RMS_TRY(rms_tracked_get(request->worker->db, request->arena, &document.key, &document));
    rms_out_open(&reply->body, NULL, '{');
    rms_out_text(&reply->body, "ContentId", document.key.content_id);
    rms_out_text(&reply->body, "Owner", document.holder);
    rms_out_bool(&reply->body, "Changed", changed);
    rms_out_close(&reply->body, '}');
    return RMS_OK;
}
