/* Rights policy templates: a row with the policy as JSON. */
#include "store/template.h"

#include "store/sql.h"

#define POLICY_MAX (16u * 1024 * 1024)

/* The parts of a template that are written as JSON. */
struct form {
    struct rms_buf policy;
    struct rms_buf scope;
};

static void form_fini(struct form *form)
{
    rms_buf_fini(&form->policy);
    rms_buf_fini(&form->scope);
}

static int form_make(const struct rms_template *tpl, struct form *form)
{
    rms_buf_init(&form->policy, POLICY_MAX);
    rms_buf_init(&form->scope, POLICY_MAX);
    RMS_TRY(rms_check_id(tpl->policy.id));
    RMS_TRY(rms_policy_to_json(&tpl->policy, &form->policy));
    return rms_texts_to_json(tpl->scope, tpl->scope_count, &form->scope);
}

static int check_limit(struct rms_db *db, const struct rms_template *tpl)
{
    RMS_ROWS(rows, db, NULL);

    if (tpl->read_only) {
        return 0;
    }
    RMS_TRY(rms_rows_first(&rows, RMS_SQL_TEMPLATE_COUNT, RMS_VALUES(RMS_TEXT(tpl->tenant_id))));
    return rms_take_int(&rows) < RMS_TEMPLATES_MAX ? 0 : RMS_E_LIMIT;
}

static int insert(struct rms_db *db, const struct rms_template *tpl, const struct form *form)
{
    int code;

    RMS_TRY(check_limit(db, tpl));
    code = rms_sql_run(db, RMS_SQL_TEMPLATE_INSERT,
        RMS_VALUES(RMS_TEXT(tpl->tenant_id), RMS_TEXT(tpl->policy.id), RMS_INT(tpl->published),
            RMS_INT(tpl->read_only), RMS_TEXT(rms_buf_text(&form->policy)),
            RMS_TEXT(rms_buf_text(&form->scope)), RMS_INT(tpl->legacy_apps), RMS_TEXT(tpl->label_id),
            RMS_INT(tpl->created_at), RMS_INT(tpl->modified_at)));
    return code < 0 ? code : 0;
}

int rms_template_create(struct rms_db *db, const struct rms_template *tpl)
{
    __attribute__((cleanup(form_fini))) struct form form;

    RMS_TRY(form_make(tpl, &form));
    RMS_TRY(rms_db_begin(db));
    return rms_db_end_change(db, insert(db, tpl, &form));
}

static void read_template(struct rms_rows *rows, struct rms_template *tpl)
{
    const char *policy;
    int code;

    tpl->tenant_id = rms_take_text(rows);
    tpl->published = rms_take_bool(rows);
    tpl->read_only = rms_take_bool(rows);
    policy = rms_take_text(rows);
    rms_take_texts(rows, &tpl->scope, &tpl->scope_count);
    tpl->legacy_apps = rms_take_bool(rows);
    tpl->label_id = rms_take_text(rows);
    tpl->created_at = rms_take_int(rows);
    tpl->modified_at = rms_take_int(rows);
    tpl->version = rms_take_int(rows);
    code =
        rows->code < 0 ? rows->code : rms_policy_from_json(rows->arena, rms_view_str(policy), &tpl->policy);
    rows->code = code;
}

int rms_template_get(struct rms_db *db, struct rms_arena *arena, const char *tenant_id, const char *id,
    struct rms_template *template_out)
{
    RMS_ROWS(rows, db, arena);

    memset(template_out, 0, sizeof *template_out);
    RMS_TRY(rms_rows_first(&rows, RMS_SQL_TEMPLATE_GET, RMS_VALUES(RMS_TEXT(tenant_id), RMS_TEXT(id))));
    read_template(&rows, template_out);
    return rms_rows_status(&rows);
}

static int read_all(struct rms_rows *rows, struct rms_templates *templates_out)
{
    struct rms_list list = RMS_LIST(rows->arena, struct rms_template);
    int code;

    while ((code = rms_rows_next(rows)) > 0) {
        struct rms_template *tpl = rms_list_add(&list);

        if (tpl == NULL) {
            return RMS_E_NO_MEMORY;
        }
        read_template(rows, tpl);
    }
    if (code == 0) {
        *templates_out = (struct rms_templates){list.items, list.count};
    }
    return code;
}

int rms_template_list(
    struct rms_db *db, struct rms_arena *arena, const char *tenant_id, struct rms_templates *templates_out)
{
    RMS_ROWS(rows, db, arena);

    *templates_out = (struct rms_templates){0};
    RMS_TRY(rms_rows_open(&rows, RMS_SQL_TEMPLATE_LIST, RMS_VALUES(RMS_TEXT(tenant_id))));
    return read_all(&rows, templates_out);
}

int rms_template_history(struct rms_db *db, struct rms_arena *arena, const char *tenant_id, const char *id,
    struct rms_templates *templates_out)
{
    RMS_ROWS(rows, db, arena);

    *templates_out = (struct rms_templates){0};
    RMS_TRY(rms_rows_open(&rows, RMS_SQL_TEMPLATE_HISTORY, RMS_VALUES(RMS_TEXT(tenant_id), RMS_TEXT(id))));
    return read_all(&rows, templates_out);
}

static bool has_name(const struct rms_policy *policy, const char *name)
{
    for (size_t i = 0; i < policy->text_count; i++) {
        if (policy->texts[i].name != NULL && strcmp(policy->texts[i].name, name) == 0) {
            return true;
        }
    }
    return false;
}

int rms_template_find(struct rms_db *db, struct rms_arena *arena, const char *tenant_id, const char *name,
    struct rms_template *template_out)
{
    char id[RMS_GUID_TEXT];
    struct rms_templates all;
    const struct rms_template *found = NULL;

    memset(template_out, 0, sizeof *template_out);
    if (rms_guid_parse(rms_view_str(name), id) == 0) {
        return rms_template_get(db, arena, tenant_id, id, template_out);
    }
    RMS_TRY(rms_template_list(db, arena, tenant_id, &all));
    for (size_t i = 0; i < all.count; i++) {
        if (has_name(&all.items[i].policy, name)) {
            if (found != NULL) {
                return RMS_E_CONFLICT;
            }
            found = &all.items[i];
        }
    }
    if (found == NULL) {
        return RMS_E_NOT_FOUND;
    }
    *template_out = *found;
    return 0;
}

/* The row as it is now joins its history. */
static int keep(struct rms_db *db, const char *tenant_id, const char *id)
{
    int code;

    RMS_TRY(rms_sql_run_one(db, RMS_SQL_TEMPLATE_KEEP, RMS_VALUES(RMS_TEXT(tenant_id), RMS_TEXT(id))));
    code = rms_sql_run(db, RMS_SQL_TEMPLATE_FORGET,
        RMS_VALUES(RMS_TEXT(tenant_id), RMS_TEXT(id), RMS_INT(RMS_TEMPLATE_VERSIONS)));
    return code < 0 ? code : 0;
}

static int update(struct rms_db *db, const struct rms_template *tpl, const struct form *form)
{
    int code;

    RMS_TRY(keep(db, tpl->tenant_id, tpl->policy.id));
    code = rms_sql_run_one(db, RMS_SQL_TEMPLATE_UPDATE,
        RMS_VALUES(RMS_TEXT(tpl->tenant_id), RMS_TEXT(tpl->policy.id), RMS_INT(tpl->published),
            RMS_TEXT(rms_buf_text(&form->policy)), RMS_TEXT(rms_buf_text(&form->scope)),
            RMS_INT(tpl->legacy_apps), RMS_TEXT(tpl->label_id), RMS_INT(tpl->modified_at),
            RMS_INT(tpl->version)));
    return code == RMS_E_NOT_FOUND ? RMS_E_CONFLICT : code;
}

int rms_template_update(struct rms_db *db, const struct rms_template *tpl)
{
    __attribute__((cleanup(form_fini))) struct form form;

    RMS_TRY(form_make(tpl, &form));
    RMS_TRY(rms_db_begin(db));
    return rms_db_end_change(db, update(db, tpl, &form));
}

static int remove_template(struct rms_db *db, const char *tenant_id, const char *id)
{
    int code;

    RMS_TRY(keep(db, tenant_id, id));
    code = rms_sql_run_one(db, RMS_SQL_TEMPLATE_DELETE, RMS_VALUES(RMS_TEXT(tenant_id), RMS_TEXT(id)));
    return code == RMS_E_NOT_FOUND ? RMS_E_CONFLICT : code;
}

int rms_template_delete(struct rms_db *db, const char *tenant_id, const char *id)
{
    RMS_TRY(rms_db_begin(db));
    return rms_db_end_change(db, remove_template(db, tenant_id, id));
}
