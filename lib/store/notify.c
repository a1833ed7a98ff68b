/* Which events their issuers are told of by mail. */
#include "store/notify.h"

#include "store/mail.h"
#include "store/sql.h"

#define KEY_VALUES(key) RMS_TEXT((key)->tenant_id), RMS_TEXT((key)->content_id), RMS_TEXT((key)->issuer)
#define SCAN_ARENA      (64u << 20)

/* --- kinds ---------------------------------------------------------------------------------------------- */

static const struct kind {
    const char *name;
    unsigned bits; /* of RMS_NOTIFY_PACE */
    int64_t every_s;
    int64_t offset_s; /* of the first beginning after 1970, a Thursday */
} kinds[] = {
    {RMS_NOTICE, 0, 0, 0},
    {RMS_NOTICE_DAILY, RMS_NOTIFY_DAILY, RMS_DAY_S, 0},
    {RMS_NOTICE_WEEKLY, RMS_NOTIFY_WEEKLY, 7 * RMS_DAY_S, 4 * RMS_DAY_S},
};

static const struct kind *kind_of_bits(unsigned notify)
{
    for (size_t i = 1; i < sizeof kinds / sizeof kinds[0]; i++) {
        if ((notify & RMS_NOTIFY_PACE) == kinds[i].bits) {
            return &kinds[i];
        }
    }
    return &kinds[0];
}

static const struct kind *kind_of_name(const char *name)
{
    for (size_t i = 1; i < sizeof kinds / sizeof kinds[0]; i++) {
        if (strcmp(name, kinds[i].name) == 0) {
            return &kinds[i];
        }
    }
    return &kinds[0];
}

int64_t rms_notice_time(const char *name, int64_t now)
{
    const struct kind *kind = kind_of_name(name);

    if (kind->every_s == 0) {
        return now;
    }
    return now - (now - kind->offset_s) % kind->every_s + kind->every_s;
}

/* --- looking through ------------------------------------------------------------------------------------ */

struct tenant {
    const char *id;
    int64_t from; /* looked through up to here */
    int64_t to;
};

struct found {
    struct rms_document_key key;
    unsigned notify;
    int64_t seq;
};

static int read_tenants(struct rms_db *db, struct rms_list *list)
{
    RMS_ROWS(rows, db, list->arena);
    int code;

    RMS_TRY(rms_rows_open(&rows, RMS_SQL_NOTIFY_TENANTS, NULL, 0));
    while ((code = rms_rows_next(&rows)) > 0) {
        struct tenant *tenant = rms_list_add(list);

        if (tenant == NULL) {
            return RMS_E_NO_MEMORY;
        }
        tenant->id = rms_take_text(&rows);
        tenant->from = rms_take_int(&rows);
        tenant->to = rms_take_int(&rows);
    }
    return code;
}

static int read_found(struct rms_db *db, const struct tenant *tenant, struct rms_list *list)
{
    RMS_ROWS(rows, db, list->arena);
    int code;

    RMS_TRY(rms_rows_open(&rows, RMS_SQL_NOTIFY_FIND,
        RMS_VALUES(RMS_TEXT(tenant->id), RMS_INT(tenant->from), RMS_INT(tenant->to))));
    while ((code = rms_rows_next(&rows)) > 0) {
        struct found *found = rms_list_add(list);

        if (found == NULL) {
            return RMS_E_NO_MEMORY;
        }
        found->key.tenant_id = tenant->id;
        found->key.content_id = rms_take_text(&rows);
        found->key.issuer = rms_take_text(&rows);
        found->notify = (unsigned)rms_take_int(&rows);
        found->seq = rms_take_int(&rows);
    }
    return code;
}

static int note(struct rms_db *db, const struct found *found, int64_t now)
{
    const char *kind = kind_of_bits(found->notify)->name;
    int64_t at = rms_notice_time(kind, now);
    const struct rms_mail mail = {.tenant_id = found->key.tenant_id,
        .kind = kind,
        .recipient = found->key.issuer,
        .ref = "",
        .next_at = at,
        .give_up_at = at + RMS_NOTICE_GIVE_UP_S};
    int code = rms_sql_run(db, RMS_SQL_NOTIFY_SEEN, RMS_VALUES(KEY_VALUES(&found->key), RMS_INT(found->seq)));

    return code <= 0 ? code : rms_mail_put(db, &mail);
}

static int keep(struct rms_db *db, const struct tenant *tenant, const struct rms_list *list, int64_t now)
{
    const struct found *found = list->items;
    int code;

    for (size_t i = 0; i < list->count; i++) {
        RMS_TRY(note(db, &found[i], now));
    }
    code = rms_sql_run(db, RMS_SQL_NOTIFY_CURSOR, RMS_VALUES(RMS_TEXT(tenant->id), RMS_INT(tenant->to)));
    return code < 0 ? code : 0;
}

static int scan_tenant(struct rms_db *db, struct rms_arena *arena, const struct tenant *tenant, int64_t now)
{
    struct rms_list list = RMS_LIST(arena, struct found);

    RMS_TRY(read_found(db, tenant, &list));
    RMS_TRY(rms_db_begin(db));
    return rms_db_end(db, keep(db, tenant, &list, now));
}

int rms_notify_scan(struct rms_db *db, int64_t now, int64_t rows, bool *more_out)
{
    RMS_ARENA_CLEANUP struct rms_arena *arena = rms_arena_new(SCAN_ARENA);
    struct rms_list list = RMS_LIST(arena, struct tenant);
    struct tenant *tenants;

    *more_out = false;
    if (arena == NULL) {
        return RMS_E_NO_MEMORY;
    }
    RMS_TRY(read_tenants(db, &list));
    tenants = list.items;
    for (size_t i = 0; i < list.count; i++) {
        if (tenants[i].to - tenants[i].from > rows) {
            tenants[i].to = tenants[i].from + rows;
            *more_out = true;
        }
        if (tenants[i].to != tenants[i].from) {
            RMS_TRY(scan_tenant(db, arena, &tenants[i], now));
        }
    }
    return 0;
}

/* --- telling -------------------------------------------------------------------------------------------- */

static void read_document(struct rms_rows *rows, struct rms_notice_document *document)
{
    document->key.content_id = rms_take_text(rows);
    document->name = rms_take_text(rows);
    document->published_at = rms_take_time(rows);
    document->notify = (unsigned)rms_take_int(rows);
    document->notify_style = rms_take_text(rows);
    document->notify_from = rms_take_int(rows);
    document->seen = rms_take_int(rows);
    document->told = rms_take_int(rows);
    document->handed_until = rms_take_time(rows);
}

int rms_notice_documents(struct rms_db *db, struct rms_arena *arena, const struct rms_notice_query *query,
    struct rms_notice_documents *list_out)
{
    RMS_ROWS(rows, db, arena);
    struct rms_list list = RMS_LIST(arena, struct rms_notice_document);
    int code;

    *list_out = (struct rms_notice_documents){0};
    RMS_TRY(rms_rows_open(&rows, RMS_SQL_NOTICE_DOCUMENTS,
        RMS_VALUES(RMS_TEXT(query->tenant_id), RMS_TEXT(query->issuer),
            RMS_INT(kind_of_name(query->kind)->bits), RMS_INT((int64_t)query->limit))));
    while ((code = rms_rows_next(&rows)) > 0) {
        struct rms_notice_document *document = rms_list_add(&list);

        if (document == NULL) {
            return RMS_E_NO_MEMORY;
        }
        document->key = (struct rms_document_key){query->tenant_id, NULL, query->issuer};
        read_document(&rows, document);
    }
    *list_out = (struct rms_notice_documents){list.items, list.count};
    return code;
}

#define EVENT_VALUES(document)                                                                               \
    KEY_VALUES(&(document)->key), RMS_INT((document)->told), RMS_INT((document)->seen),                      \
        RMS_INT((document)->notify_from), RMS_INT((document)->notify), RMS_INT((document)->since)

int rms_notice_count(
    struct rms_db *db, const struct rms_notice_document *document, struct rms_notice_counts *counts_out)
{
    RMS_ROWS(rows, db, NULL);

    RMS_TRY(rms_rows_first(&rows, RMS_SQL_NOTICE_COUNT, RMS_VALUES(EVENT_VALUES(document))));
    counts_out->opened = rms_take_int(&rows);
    counts_out->refused = rms_take_int(&rows);
    return rms_rows_status(&rows);
}

int rms_notice_events(struct rms_db *db, const struct rms_notice_document *document, size_t limit,
    rms_usage_each *each, void *context)
{
    RMS_ROWS(rows, db, NULL);
    struct rms_usage_row row;
    int code;

    RMS_TRY(rms_rows_open(
        &rows, RMS_SQL_NOTICE_EVENTS, RMS_VALUES(EVENT_VALUES(document), RMS_INT((int64_t)limit))));
    while ((code = rms_rows_next(&rows)) > 0) {
        rms_usage_take(&rows, &row);
        code = each(&row, context);
        if (code != 0) {
            return code;
        }
    }
    return code;
}

int rms_notice_told(struct rms_db *db, const struct rms_notice_document *document)
{
    int code =
        rms_sql_run(db, RMS_SQL_NOTICE_TOLD, RMS_VALUES(KEY_VALUES(&document->key), RMS_INT(document->seen)));

    return code < 0 ? code : 0;
}
