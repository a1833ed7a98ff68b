/* Registered clients of the built-in sign-in. */
#include "store/oauth.h"
#include "store/sql.h"

#define URIS_MAX 65536

int rms_oauth_client_add(struct rms_db *db, const struct rms_oauth_client *client)
{
    RMS_BUF_CLEANUP struct rms_buf uris = RMS_BUF_INIT(URIS_MAX);

    if (client->client_id == NULL || client->client_id[0] == '\0') {
        return RMS_E_BAD_ARGUMENT;
    }
    RMS_TRY(rms_texts_to_json(client->redirect_uris, client->redirect_uri_count, &uris));
    RMS_TRY(rms_db_begin(db));
    return rms_db_end_change(db, rms_sql_run_one(db, RMS_SQL_CLIENT_INSERT,
                                     RMS_VALUES(RMS_TEXT(client->tenant_id), RMS_TEXT(client->client_id),
                                         RMS_TEXT(client->name), RMS_TEXT(rms_buf_text(&uris)),
                                         RMS_INT(client->legacy_no_pkce), RMS_INT(client->created_at))));
}

static void read_client(struct rms_rows *rows, struct rms_oauth_client *client)
{
    client->tenant_id = rms_take_text(rows);
    client->client_id = rms_take_text(rows);
    client->name = rms_take_text(rows);
    rms_take_texts(rows, &client->redirect_uris, &client->redirect_uri_count);
    client->legacy_no_pkce = rms_take_bool(rows);
    client->created_at = rms_take_int(rows);
}

int rms_oauth_client_get(struct rms_db *db, struct rms_arena *arena, const char *tenant_id,
    const char *client_id, struct rms_oauth_client *client_out)
{
    RMS_ROWS(rows, db, arena);

    *client_out = (struct rms_oauth_client){0};
    RMS_TRY(rms_rows_first(&rows, RMS_SQL_CLIENT_GET, RMS_VALUES(RMS_TEXT(tenant_id), RMS_TEXT(client_id))));
    read_client(&rows, client_out);
    return rms_rows_status(&rows);
}

int rms_oauth_client_list(
    struct rms_db *db, struct rms_arena *arena, const char *tenant_id, struct rms_oauth_clients *clients_out)
{
    RMS_ROWS(rows, db, arena);
    struct rms_list list = RMS_LIST(arena, struct rms_oauth_client);
    int code;

    *clients_out = (struct rms_oauth_clients){0};
    RMS_TRY(rms_rows_open(&rows, RMS_SQL_CLIENT_LIST, RMS_VALUES(RMS_TEXT(tenant_id))));
    while ((code = rms_rows_next(&rows)) > 0) {
        struct rms_oauth_client *client = rms_list_add(&list);

        if (client == NULL) {
            return RMS_E_NO_MEMORY;
        }
        read_client(&rows, client);
    }
    *clients_out = (struct rms_oauth_clients){list.items, list.count};
    return code;
}

/* Codes and tokens do not refer to the client's row (the built-in client has none), so they are ended by
 * hand. */
static int remove_client(struct rms_db *db, const char *tenant_id, const char *client_id)
{
    static const enum rms_sql ends[] = {
        RMS_SQL_CODE_END_CLIENT, RMS_SQL_DEVICE_END_CLIENT, RMS_SQL_REFRESH_END_CLIENT};
    int code;

    RMS_TRY(rms_sql_run_one(db, RMS_SQL_CLIENT_DELETE, RMS_VALUES(RMS_TEXT(tenant_id), RMS_TEXT(client_id))));
    for (size_t i = 0; i < sizeof ends / sizeof ends[0]; i++) {
        code = rms_sql_run(db, ends[i], RMS_VALUES(RMS_TEXT(tenant_id), RMS_TEXT(client_id)));
        RMS_TRY(code);
    }
    return 0;
}

int rms_oauth_client_remove(struct rms_db *db, const char *tenant_id, const char *client_id)
{
    RMS_TRY(rms_db_begin(db));
    return rms_db_end_change(db, remove_client(db, tenant_id, client_id));
}
