/* Appending to the usage log: each row at the end of its tenant's chain.
 *
 * The ends are signed before the transaction and moved in it, each from the place that was read to the new
 * one: when another node was faster, nothing is written and the batch is chained again. So writers need no
 * lock but the database's, no row is ever in the log without a signature over its place, and a tenant's rows
 * are one sequence whatever number of nodes wrote them. */
#include <stdio.h>

#include "base/log.h"
#include "base/mem.h"
#include "crypto/random.h"
#include "store/document.h"
#include "store/usage_row.h"

#define ATTEMPTS    8
#define ARENA_MAX   (64u << 20)
#define ARENA_KEEP  (1u << 20)
#define SCRATCH_MAX (1u << 20)
#define ADOPT_ROWS  1000
#define MARK_ROWS   1000
#define MARK_S      600

/* A chain's end as this writer left it. */
struct known {
    char tenant[RMS_GUID_TEXT];
    struct rms_chain_place place;
};

struct rms_usage_writer {
    struct rms_db *db;
    const struct rms_chain_signer *signer;
    struct rms_arena *arena; /* of one batch */
    struct rms_buf scratch;
    struct known *known;
    size_t known_count;
};

/* A chain in a batch: where the database has its end, and where it will be. */
struct chain {
    struct rms_chain_statement head;
    struct rms_chain_place place;
    struct rms_chain_place was;
    int64_t was_time;
    bool first;
};

/* A row of a batch, chained. */
struct sealed {
    struct rms_chain_place place;
    uint8_t salt[RMS_USAGE_SALT];
};

struct batch {
    struct rms_usage_writer *writer;
    int64_t now;
    struct rms_list chains; /* struct chain */
    struct sealed *sealed;
    const struct rms_usage_row *rows;
    size_t count;
};

int rms_usage_writer_new(
    struct rms_db *db, const struct rms_chain_signer *signer, struct rms_usage_writer **writer_out)
{
    struct rms_usage_writer *writer = rms_calloc(1, sizeof *writer);

    *writer_out = NULL;
    if (writer == NULL) {
        return RMS_E_NO_MEMORY;
    }
    writer->db = db;
    writer->signer = signer;
    rms_buf_init(&writer->scratch, SCRATCH_MAX);
    writer->arena = rms_arena_new(ARENA_MAX);
    if (writer->arena == NULL) {
        rms_free(writer);
        return RMS_E_NO_MEMORY;
    }
    *writer_out = writer;
    return 0;
}

void rms_usage_writer_free(struct rms_usage_writer **writer)
{
    if (*writer != NULL) {
        rms_arena_free(&(*writer)->arena);
        rms_buf_fini(&(*writer)->scratch);
        rms_free((*writer)->known);
        rms_free(*writer);
        *writer = NULL;
    }
}

/* --- what this writer remembers --------------------------------------------------------------------------
 */

static struct known *find_known(const struct rms_usage_writer *writer, const char *tenant)
{
    for (size_t i = 0; i < writer->known_count; i++) {
        if (strcmp(writer->known[i].tenant, tenant) == 0) {
            return &writer->known[i];
        }
    }
    return NULL;
}

/* Without memory for it the chain is merely checked by its signature next time. */
static void remember(struct rms_usage_writer *writer, const struct chain *chain)
{
    struct known *known = find_known(writer, chain->head.tenant);

    if (known == NULL) {
        struct known *more = rms_realloc(writer->known, (writer->known_count + 1) * sizeof *more);

        if (more == NULL) {
            return;
        }
        writer->known = more;
        known = &more[writer->known_count++];
        memcpy(known->tenant, chain->head.tenant, sizeof known->tenant);
    }
    known->place = chain->place;
}

static bool same_place(const struct rms_chain_place *a, const struct rms_chain_place *b)
{
    return a->seq == b->seq && memcmp(a->hash, b->hash, sizeof a->hash) == 0;
}

/* Is the end that the database shows one the service wrote, and not older than what this process wrote? */
static bool is_sound(struct rms_usage_writer *writer, const struct chain *chain, const struct known *known)
{
    if (known != NULL && (chain->first || chain->was.seq <= known->place.seq)) {
        return !chain->first && same_place(&chain->was, &known->place);
    }
    return chain->first || writer->signer == NULL || rms_chain_check(writer->db, &chain->head) == 0;
}

/* Somebody changed the log beside the service. What is not ours is not signed: the chain goes on from what is
 * known, or from nothing, and rms_usage_verify fails at this place. */
static void start_place(struct rms_usage_writer *writer, struct chain *chain)
{
    const struct known *known = find_known(writer, chain->head.tenant);

    chain->place = chain->was;
    if (is_sound(writer, chain, known)) {
        return;
    }
    rms_log(RMS_LOG_ERROR, "usage.chain.broken", "tenant", chain->head.tenant, NULL);
    if (known != NULL) {
        chain->place = known->place;
    } else {
        memset(chain->place.hash, 0, sizeof chain->place.hash);
    }
}

/* --- a batch ---------------------------------------------------------------------------------------------
 */

static int open_chain(struct batch *batch, const char *tenant, struct chain *chain)
{
    struct rms_usage_writer *writer = batch->writer;
    int code = rms_chain_head(writer->db, writer->arena, tenant, &chain->head);

    if (code < 0 && code != RMS_E_NOT_FOUND) {
        return code;
    }
    chain->first = code == RMS_E_NOT_FOUND;
    (void)snprintf(chain->head.tenant, sizeof chain->head.tenant, "%s", tenant);
    chain->was.seq = chain->head.seq;
    memcpy(chain->was.hash, chain->head.hash, sizeof chain->was.hash);
    chain->was_time = chain->head.time;
    start_place(writer, chain);
    return 0;
}

static int find_chain(struct batch *batch, const char *tenant_id, struct chain **chain_out)
{
    const char *tenant = tenant_id != NULL ? tenant_id : RMS_CHAIN_NONE;
    struct chain *chains = batch->chains.items;

    if (strlen(tenant) >= RMS_GUID_TEXT) {
        return RMS_E_BAD_ARGUMENT;
    }
    for (size_t i = batch->chains.count; i > 0; i--) {
        if (strcmp(chains[i - 1].head.tenant, tenant) == 0) {
            *chain_out = &chains[i - 1];
            return 0;
        }
    }
    *chain_out = rms_list_add(&batch->chains);
    return *chain_out != NULL ? open_chain(batch, tenant, *chain_out) : RMS_E_NO_MEMORY;
}

static int seal(struct batch *batch, struct chain *chain, const struct rms_value cells[RMS_USAGE_CELLS],
    struct sealed *sealed)
{
    struct rms_usage_opening opening;

    RMS_TRY(rms_usage_opening_parse(rms_view_of(sealed->salt, sizeof sealed->salt), &opening));
    RMS_TRY(rms_usage_chain(&chain->place, cells, &opening, &batch->writer->scratch));
    sealed->place = chain->place;
    return 0;
}

static int seal_rows(struct batch *batch)
{
    struct rms_value cells[RMS_USAGE_CELLS];

    for (size_t i = 0; i < batch->count; i++) {
        struct chain *chain;

        RMS_TRY(find_chain(batch, batch->rows[i].tenant_id, &chain));
        rms_usage_to_cells(&batch->rows[i], cells);
        RMS_TRY(seal(batch, chain, cells, &batch->sealed[i]));
    }
    return 0;
}

static int sign_heads(struct batch *batch)
{
    struct chain *chains = batch->chains.items;

    for (size_t i = 0; i < batch->chains.count; i++) {
        struct chain *chain = &chains[i];

        chain->head.kind = RMS_CHAIN_HEAD;
        chain->head.seq = chain->place.seq;
        chain->head.time = batch->now;
        memcpy(chain->head.hash, chain->place.hash, sizeof chain->head.hash);
        RMS_TRY(rms_chain_sign(batch->writer->signer, &chain->head));
    }
    return 0;
}

static bool mark_is_due(const struct chain *chain, int64_t now)
{
    return !chain->first && (chain->place.seq / MARK_ROWS != chain->was.seq / MARK_ROWS ||
                                now / MARK_S != chain->was_time / MARK_S);
}

/* A mark is signed as such: an old one does not pass for a head. */
static int sign_marks(struct batch *batch, struct rms_list *marks)
{
    struct chain *chains = batch->chains.items;

    for (size_t i = 0; i < batch->chains.count; i++) {
        struct rms_chain_statement *mark;

        if (!mark_is_due(&chains[i], batch->now)) {
            continue;
        }
        mark = rms_list_add(marks);
        if (mark == NULL) {
            return RMS_E_NO_MEMORY;
        }
        *mark = chains[i].head;
        mark->kind = RMS_CHAIN_MARK;
        mark->detail = "";
        RMS_TRY(rms_chain_sign(batch->writer->signer, mark));
    }
    return 0;
}

static int insert_row(const struct batch *batch, size_t i)
{
    const struct sealed *sealed = &batch->sealed[i];
    struct rms_value values[RMS_USAGE_CELLS + 3];
    int code;

    rms_usage_to_cells(&batch->rows[i], values);
    values[RMS_USAGE_CELLS] = RMS_INT(sealed->place.seq);
    values[RMS_USAGE_CELLS + 1] = RMS_BLOB(rms_view_of(sealed->place.hash, RMS_CHAIN_HASH));
    values[RMS_USAGE_CELLS + 2] = RMS_BLOB(rms_view_of(sealed->salt, RMS_USAGE_SALT));
    code = rms_sql_run(batch->writer->db, RMS_SQL_USAGE_INSERT, values, RMS_USAGE_CELLS + 3);
    return code < 0 ? code : 0;
}

static int insert_rows(const struct batch *batch)
{
    struct rms_db *db = batch->writer->db;
    int code = 0;

    RMS_TRY(rms_sql_burst(db, RMS_SQL_USAGE_INSERT));
    for (size_t i = 0; i < batch->count && code == 0; i++) {
        code = insert_row(batch, i);
    }
    code = rms_sql_burst_end(db, code);
    for (size_t i = 0; i < batch->count && code == 0; i++) {
        code = batch->rows[i].track ? rms_tracked_note_row(db, &batch->rows[i]) : 0;
    }
    return code;
}

static int move_heads(const struct batch *batch, const struct rms_list *marks)
{
    const struct rms_chain_statement *mark = marks->items;
    const struct chain *chains = batch->chains.items;

    for (size_t i = 0; i < batch->chains.count; i++) {
        RMS_TRY(rms_chain_move(batch->writer->db, &chains[i].head, chains[i].first ? NULL : &chains[i].was));
    }
    for (size_t i = 0; i < marks->count; i++) {
        RMS_TRY(rms_chain_keep(batch->writer->db, &mark[i]));
    }
    return 0;
}

/* Signs, then writes everything in one transaction: rows by `write`, then the new ends. */
static int commit(struct batch *batch, int (*write)(const struct batch *batch))
{
    struct rms_usage_writer *writer = batch->writer;
    struct rms_list marks = RMS_LIST(writer->arena, struct rms_chain_statement);
    const struct chain *chains = batch->chains.items;
    int code;

    RMS_TRY(sign_heads(batch));
    RMS_TRY(sign_marks(batch, &marks));
    RMS_TRY(rms_db_begin(writer->db));
    code = move_heads(batch, &marks); /* first: when another writer was faster nothing else is done */
    if (code == 0) {
        code = write(batch);
    }
    RMS_TRY(rms_db_end(writer->db, code));
    for (size_t i = 0; i < batch->chains.count; i++) {
        remember(writer, &chains[i]);
    }
    return 0;
}

static int begin_batch(struct batch *batch, struct rms_usage_writer *writer, int64_t now, size_t count)
{
    rms_arena_reset(writer->arena, ARENA_KEEP);
    *batch = (struct batch){.writer = writer,
        .now = now,
        .chains = RMS_LIST(writer->arena, struct chain),
        .sealed = rms_arena_array(writer->arena, count, sizeof *batch->sealed)};
    if (batch->sealed == NULL) {
        return RMS_E_NO_MEMORY;
    }
    rms_random(batch->sealed, count * sizeof *batch->sealed); /* the salts; places are written over */
    return 0;
}

int rms_usage_append(
    struct rms_usage_writer *writer, int64_t now, const struct rms_usage_row *rows, size_t count)
{
    struct batch batch;
    int code = 0;

    for (int i = 0; i < ATTEMPTS && count > 0; i++) {
        RMS_TRY(begin_batch(&batch, writer, now, count));
        batch.rows = rows;
        batch.count = count;
        RMS_TRY(seal_rows(&batch));
        code = commit(&batch, insert_rows);
        if (code != RMS_E_CONFLICT) {
            break;
        }
    }
    return code;
}

/* --- rows from before ------------------------------------------------------------------------------------
 */

/* The places of these rows in the table, beside batch->sealed. */
struct adoption {
    struct batch batch;
    int64_t *seq;
};

static int update_rows(const struct batch *batch)
{
    const struct adoption *adoption = (const struct adoption *)batch; /* its first member */

    for (size_t i = 0; i < batch->count; i++) {
        const struct sealed *sealed = &batch->sealed[i];

        RMS_TRY(rms_sql_run_one(batch->writer->db, RMS_SQL_USAGE_SET_CHAIN,
            RMS_VALUES(RMS_INT(adoption->seq[i]), RMS_INT(sealed->place.seq),
                RMS_BLOB(rms_view_of(sealed->place.hash, RMS_CHAIN_HASH)),
                RMS_BLOB(rms_view_of(sealed->salt, RMS_USAGE_SALT)))));
    }
    return 0;
}

static int seal_old_rows(struct adoption *adoption, struct chain *chain, const char *tenant_id)
{
    struct batch *batch = &adoption->batch;
    RMS_ROWS(rows, batch->writer->db, NULL);
    struct rms_value cells[RMS_USAGE_CELLS];
    int code;

    RMS_TRY(rms_rows_open(&rows, tenant_id != NULL ? RMS_SQL_USAGE_UNCHAINED : RMS_SQL_USAGE_UNCHAINED_NONE,
        RMS_VALUES(RMS_TEXT(tenant_id), RMS_INT(ADOPT_ROWS))));
    while ((code = rms_rows_next(&rows)) > 0) {
        rms_usage_take_cells(&rows, cells);
        RMS_TRY(seal(batch, chain, cells, &batch->sealed[batch->count]));
        adoption->seq[batch->count++] = rms_take_int(&rows);
    }
    return code;
}

/* While it goes on the head says "adopting", so that a process that died in between is followed by one that
 * goes on; rows that appear outside of the chain later are nobody's. */
static int adopt_some(struct rms_usage_writer *writer, int64_t now, const char *tenant_id, bool *done_out)
{
    struct adoption adoption = {.seq = NULL};
    struct chain *chain;
    bool done;

    RMS_TRY(begin_batch(&adoption.batch, writer, now, ADOPT_ROWS));
    adoption.seq = rms_arena_array(writer->arena, ADOPT_ROWS, sizeof *adoption.seq);
    if (adoption.seq == NULL) {
        return RMS_E_NO_MEMORY;
    }
    RMS_TRY(find_chain(&adoption.batch, tenant_id, &chain));
    RMS_TRY(seal_old_rows(&adoption, chain, tenant_id));
    done = adoption.batch.count < ADOPT_ROWS;
    chain->head.detail = rms_arena_printf(writer->arena, "%s %lld %lld", done ? "adopted" : "adopting",
        (long long)chain->place.seq, (long long)now);
    if (chain->head.detail == NULL) {
        return RMS_E_NO_MEMORY;
    }
    RMS_TRY(commit(&adoption.batch, update_rows));
    *done_out = done;
    return 0;
}

static int adopt_tenant(struct rms_usage_writer *writer, int64_t now, const char *tenant_id)
{
    bool done = false;

    rms_log(RMS_LOG_INFO, "usage.chain.adopting", "tenant", tenant_id, NULL);
    while (!done) {
        RMS_TRY(adopt_some(writer, now, tenant_id, &done));
    }
    return 0;
}

/* 1: there is one, 0: none. */
static int next_unchained(struct rms_usage_writer *writer, char tenant_out[RMS_GUID_TEXT], bool *none_out)
{
    RMS_ROWS(rows, writer->db, NULL);
    const char *tenant;
    int code;

    RMS_TRY(rms_rows_open(&rows, RMS_SQL_USAGE_UNCHAINED_TENANT, NULL, 0));
    code = rms_rows_next(&rows);
    if (code <= 0) {
        return code;
    }
    tenant = rms_take_text(&rows);
    *none_out = tenant == NULL;
    (void)snprintf(tenant_out, RMS_GUID_TEXT, "%s", tenant != NULL ? tenant : "");
    return 1;
}

int rms_usage_adopt(struct rms_usage_writer *writer, int64_t now)
{
    char tenant[RMS_GUID_TEXT];
    bool none;
    int code;

    while ((code = next_unchained(writer, tenant, &none)) > 0) {
        RMS_TRY(adopt_tenant(writer, now, none ? NULL : tenant));
    }
    return code;
}
