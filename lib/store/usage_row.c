/* Cells and hashes of usage rows. */
#include "store/usage_row.h"

#include "base/text.h"

#define ROW_LABEL   "OpenRMS usage row 1"
#define SALT_LABEL  "OpenRMS usage salt 1"
#define FIELD_LABEL "OpenRMS usage field 1"

/* Behind a commitment's salt comes a text of any length: in pieces of this size it is copied for the hash. */
#define FIELD_STACK 1400

#define COLUMN(name, kind)                                                                                   \
    {                                                                                                        \
#name, RMS_CELL_##kind, offsetof(struct rms_usage_row, name)                                         \
    }

const struct rms_usage_column rms_usage_columns[RMS_USAGE_CELLS] = {
    COLUMN(tenant_id, TEXT),
    COLUMN(time, NUMBER),
    COLUMN(row_id, TEXT),
    COLUMN(request_type, TEXT),
    COLUMN(user_id, PERSONAL),
    COLUMN(result, TEXT),
    COLUMN(correlation_id, TEXT),
    COLUMN(content_id, TEXT),
    COLUMN(owner_email, PERSONAL),
    COLUMN(issuer, PERSONAL),
    COLUMN(template_id, TEXT),
    COLUMN(file_name, PERSONAL),
    COLUMN(date_published, TIME),
    COLUMN(c_info, PERSONAL),
    COLUMN(c_ip, PERSONAL),
    COLUMN(admin_action, FLAG),
    COLUMN(acting_as_user, PERSONAL),
    COLUMN(super_user, FLAG),
    COLUMN(membership_age_s, NUMBER),
    COLUMN(detail, PERSONAL),
    COLUMN(offline_until, NUMBER),
};

/* --- cells -----------------------------------------------------------------------------------------------
 */

/* Some texts are as a client sent them. What is none must not keep the row from the log, nor all behind it.
 */
static struct rms_value log_text(const char *text)
{
    return RMS_TEXT(text == NULL || rms_text_valid(rms_view_str(text)) ? text : "?");
}

static struct rms_value cell_of(const struct rms_usage_row *row, const struct rms_usage_column *column)
{
    const char *at = (const char *)row + column->offset;

    switch (column->kind) {
    case RMS_CELL_TEXT:
    case RMS_CELL_PERSONAL:
        return log_text(*(const char *const *)(const void *)at);
    case RMS_CELL_TIME:
        return RMS_TIME(*(const int64_t *)(const void *)at);
    case RMS_CELL_NUMBER:
        return RMS_INT(*(const int64_t *)(const void *)at);
    case RMS_CELL_FLAG:
        return RMS_INT(*(const bool *)(const void *)at);
    }
    return (struct rms_value){.type = RMS_VALUE_NULL};
}

void rms_usage_to_cells(const struct rms_usage_row *row, struct rms_value cells[RMS_USAGE_CELLS])
{
    for (size_t i = 0; i < RMS_USAGE_CELLS; i++) {
        cells[i] = cell_of(row, &rms_usage_columns[i]);
    }
}

static bool is_text(const struct rms_usage_column *column)
{
    return column->kind == RMS_CELL_TEXT || column->kind == RMS_CELL_PERSONAL;
}

/* With their lengths: a text that goes on behind a NUL is not the same text. */
void rms_usage_take_cells(struct rms_rows *rows, struct rms_value cells[RMS_USAGE_CELLS])
{
    const struct rms_engine *engine = rows->db->engine;

    for (size_t i = 0; i < RMS_USAGE_CELLS; i++) {
        int column = rows->column++;

        cells[i] = (struct rms_value){.type = RMS_VALUE_NULL};
        if (engine->is_null(rows->statement, column)) {
            continue;
        }
        if (is_text(&rms_usage_columns[i])) {
            cells[i].type = RMS_VALUE_TEXT;
            cells[i].bytes = engine->text(rows->statement, column);
        } else {
            cells[i] = RMS_INT(engine->number(rows->statement, column));
        }
    }
}

static void set_field(
    struct rms_usage_row *row, const struct rms_usage_column *column, const struct rms_value *cell)
{
    char *at = (char *)row + column->offset;
    bool null = cell->type == RMS_VALUE_NULL;

    switch (column->kind) {
    case RMS_CELL_TEXT:
    case RMS_CELL_PERSONAL:
        *(const char **)(void *)at = null ? NULL : (const char *)cell->bytes.data;
        break;
    case RMS_CELL_TIME:
        *(int64_t *)(void *)at = null ? RMS_TIME_NONE : cell->number;
        break;
    case RMS_CELL_NUMBER:
        *(int64_t *)(void *)at = cell->number;
        break;
    case RMS_CELL_FLAG:
        *(bool *)(void *)at = cell->number != 0;
        break;
    }
}

void rms_usage_from_cells(const struct rms_value cells[RMS_USAGE_CELLS], struct rms_usage_row *row)
{
    for (size_t i = 0; i < RMS_USAGE_CELLS; i++) {
        set_field(row, &rms_usage_columns[i], &cells[i]);
    }
}

/* --- openings --------------------------------------------------------------------------------------------
 */

int rms_usage_personal(size_t column)
{
    int index = 0;

    if (rms_usage_columns[column].kind != RMS_CELL_PERSONAL) {
        return -1;
    }
    for (size_t i = 0; i < column; i++) {
        index += rms_usage_columns[i].kind == RMS_CELL_PERSONAL ? 1 : 0;
    }
    return index;
}

/* From the row's salt each field has one of its own, so that one can go while the others stay. */
static void derive_salt(struct rms_view salt, size_t index, struct rms_usage_field *field)
{
    uint8_t bytes[sizeof SALT_LABEL + RMS_USAGE_SALT + 1] = SALT_LABEL;

    memcpy(bytes + sizeof SALT_LABEL, salt.data, RMS_USAGE_SALT);
    bytes[sizeof bytes - 1] = (uint8_t)index;
    field->erased = false;
    rms_hash(RMS_SHA256, rms_view_of(bytes, sizeof bytes), field->bytes);
}

static int parse_long(struct rms_view bytes, struct rms_usage_opening *opening)
{
    for (size_t i = 0; i < RMS_USAGE_PERSONAL; i++) {
        const uint8_t *at = bytes.data + i * (1 + RMS_CHAIN_HASH);

        if (at[0] > 1) {
            return RMS_E_DAMAGED;
        }
        opening->fields[i].erased = at[0] == 1;
        opening->erased |= (unsigned)at[0] << i;
        memcpy(opening->fields[i].bytes, at + 1, RMS_CHAIN_HASH);
    }
    return 0;
}

int rms_usage_opening_parse(struct rms_view bytes, struct rms_usage_opening *opening_out)
{
    opening_out->erased = 0;
    if (bytes.len == RMS_USAGE_PERSONAL * (1 + RMS_CHAIN_HASH)) {
        return parse_long(bytes, opening_out);
    }
    if (bytes.len != RMS_USAGE_SALT) {
        return RMS_E_DAMAGED;
    }
    for (size_t i = 0; i < RMS_USAGE_PERSONAL; i++) {
        derive_salt(bytes, i, &opening_out->fields[i]);
    }
    return 0;
}

void rms_usage_opening_emit(const struct rms_usage_opening *opening, struct rms_buf *out)
{
    for (size_t i = 0; i < RMS_USAGE_PERSONAL; i++) {
        rms_buf_append_byte(out, opening->fields[i].erased ? 1 : 0);
        rms_buf_append(out, opening->fields[i].bytes, sizeof opening->fields[i].bytes);
    }
}

/* --- hashes ----------------------------------------------------------------------------------------------
 */

/* The text enters by its hash when it is long, so that this never has to allocate. */
void rms_usage_commit(
    const struct rms_usage_field *field, size_t column, struct rms_view text, uint8_t out[RMS_CHAIN_HASH])
{
    uint8_t bytes[sizeof FIELD_LABEL + RMS_CHAIN_HASH + 2 + FIELD_STACK] = FIELD_LABEL;
    uint8_t *at = bytes + sizeof FIELD_LABEL;
    uint8_t digest[RMS_CHAIN_HASH];

    memcpy(at, field->bytes, RMS_CHAIN_HASH);
    at += RMS_CHAIN_HASH;
    *at++ = (uint8_t)column;
    *at++ = text.len > FIELD_STACK ? 1 : 0;
    if (text.len > FIELD_STACK) {
        rms_hash(RMS_SHA256, text, digest);
        text = rms_view_of(digest, sizeof digest);
    }
    if (text.len > 0) {
        memcpy(at, text.data, text.len);
        at += text.len;
    }
    rms_hash(RMS_SHA256, rms_view_of(bytes, (size_t)(at - bytes)), out);
}

/* What stands in an erased cell is the pseudonym: it is not what the commitment is to, and the signed
 * statement about the erasure vouches for it. */
static void append_personal(
    struct rms_buf *out, size_t column, const struct rms_value *cell, const struct rms_usage_field *field)
{
    uint8_t commitment[RMS_CHAIN_HASH];

    if (field->erased) {
        memcpy(commitment, field->bytes, sizeof commitment);
    } else {
        rms_usage_commit(field, column, cell->bytes, commitment);
    }
    rms_buf_append_byte(out, 'c');
    rms_buf_append(out, commitment, sizeof commitment);
}

static void append_cell(
    struct rms_buf *out, size_t column, const struct rms_value *cell, const struct rms_usage_opening *opening)
{
    int personal = rms_usage_personal(column);

    if (cell->type == RMS_VALUE_NULL) {
        rms_buf_append_byte(out, '-');
    } else if (personal >= 0) {
        append_personal(out, column, cell, &opening->fields[personal]);
    } else if (cell->type == RMS_VALUE_INT) {
        rms_buf_append_byte(out, 'n');
        rms_buf_append_u64(out, (uint64_t)cell->number);
    } else {
        rms_buf_append_byte(out, 't');
        rms_buf_append_u32(out, (uint32_t)cell->bytes.len);
        rms_buf_append_view(out, cell->bytes);
    }
}

int rms_usage_chain(struct rms_chain_place *place, const struct rms_value cells[RMS_USAGE_CELLS],
    const struct rms_usage_opening *opening, struct rms_buf *scratch)
{
    rms_buf_truncate(scratch, 0);
    rms_buf_append(scratch, ROW_LABEL, sizeof ROW_LABEL);
    rms_buf_append(scratch, place->hash, sizeof place->hash);
    rms_buf_append_u64(scratch, (uint64_t)place->seq + 1);
    for (size_t i = 0; i < RMS_USAGE_CELLS; i++) {
        append_cell(scratch, i, &cells[i], opening);
    }
    RMS_TRY(rms_buf_status(scratch));
    rms_hash(RMS_SHA256, rms_buf_view(scratch), place->hash);
    place->seq++;
    return 0;
}
