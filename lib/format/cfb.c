#include "format/cfb.h"

#include "base/cursor.h"
#include "base/mem.h"
#include "base/text.h"

#define HEADER_BYTES 512u
#define HEADER_DIFAT 76u /* offset of the first FAT sectors' numbers */
#define HEADER_FATS  109u
#define ENTRY_BYTES  128u
#define MINI_SHIFT   6u
#define MINI_CUTOFF  4096u
#define SECTOR_MAX   4096u
#define END_OF_CHAIN 0xfffffffeu
#define NO_ENTRY     0xffffffffu
#define ENTRIES_MAX  65536u
#define ARENA_MAX    (64u * 1024 * 1024)
#define RUNS_MAX     (64u * 1024 * 1024) /* bytes of a stream's table of fragments */

static const uint8_t magic[8] = {0xd0, 0xcf, 0x11, 0xe0, 0xa1, 0xb1, 0x1a, 0xe1};

enum entry_type { TYPE_STORAGE = 1, TYPE_STREAM = 2, TYPE_ROOT = 5 };

/* Neighbouring sectors of a stream, as one piece of the file. */
struct run {
    uint64_t from; /* offset in the stream */
    uint64_t at;   /* in the file */
    uint64_t len;
};

struct stream {
    struct stream *next;
    const struct rms_cfb *cfb;
    struct rms_buf runs;
};

struct rms_cfb {
    struct rms_reader file;
    struct rms_arena *arena;
    unsigned shift; /* of the sector size */
    uint32_t directory, mini_fat, difat;
    uint32_t mini_fat_count, fat_count;
    uint32_t *fat;   /* the FAT's own sectors */
    uint32_t cached; /* which of them is in cache; NO_ENTRY: none */
    uint8_t cache[SECTOR_MAX];
    struct rms_cfb_entry *entries;
    uint32_t count;
    struct rms_reader mini, mini_table; /* the mini stream and its FAT, when there are any */
    bool has_mini;
    struct stream *streams;
};

/* --- sectors ----------------------------------------------------------------------------------------------
 */

static uint64_t sector_size(const struct rms_cfb *cfb)
{
    return (uint64_t)1 << cfb->shift;
}

static uint64_t sector_at(const struct rms_cfb *cfb, uint32_t sector)
{
    return ((uint64_t)sector + 1) << cfb->shift;
}

static uint32_t sector_count(const struct rms_cfb *cfb)
{
    uint64_t count = (cfb->file.size + sector_size(cfb) - 1) >> cfb->shift;

    return count > NO_ENTRY ? NO_ENTRY : (uint32_t)count;
}

static uint32_t get_u32(const uint8_t *bytes)
{
    struct rms_cursor cursor = rms_cursor_of(rms_view_of(bytes, 4));

    return rms_cursor_u32(&cursor);
}

static int next_sector(struct rms_cfb *cfb, uint32_t sector, uint32_t *next_out)
{
    uint32_t per = (uint32_t)(sector_size(cfb) / 4);
    uint32_t index = sector / per;

    if (index >= cfb->fat_count) {
        return RMS_E_DAMAGED;
    }
    if (index != cfb->cached) {
        cfb->cached = NO_ENTRY;
        RMS_TRY(
            rms_reader_at(&cfb->file, sector_at(cfb, cfb->fat[index]), cfb->cache, (size_t)sector_size(cfb)));
        cfb->cached = index;
    }
    *next_out = get_u32(cfb->cache + (size_t)(sector % per) * 4);
    return 0;
}

static int add_run(struct rms_buf *runs, uint64_t from, uint64_t at, uint64_t len)
{
    struct run *last = runs->len > 0 ? (struct run *)(void *)(runs->data + runs->len - sizeof *last) : NULL;
    const struct run run = {from, at, len};

    if (last != NULL && last->at + last->len == at) {
        last->len += len;
        return 0;
    }
    rms_buf_append(runs, &run, sizeof run);
    return rms_buf_status(runs);
}

/* The pieces of a chain that must be size bytes long. A chain longer than that is let alone, as a chain that
 * runs in a circle is followed no further than the size. */
static int follow(struct rms_cfb *cfb, uint32_t sector, uint64_t size, struct rms_buf *runs)
{
    for (uint64_t from = 0; from < size; from += sector_size(cfb)) {
        uint64_t need = size - from < sector_size(cfb) ? size - from : sector_size(cfb);
        uint64_t at = sector_at(cfb, sector);

        if (sector >= END_OF_CHAIN || at > cfb->file.size || need > cfb->file.size - at) {
            return RMS_E_DAMAGED;
        }
        RMS_TRY(add_run(runs, from, at, need));
        if (need < size - from) {
            RMS_TRY(next_sector(cfb, sector, &sector));
        }
    }
    return 0;
}

/* --- streams ----------------------------------------------------------------------------------------------
 */

static const struct run *run_at(const struct rms_buf *runs, uint64_t offset)
{
    const struct run *list = (const struct run *)(const void *)runs->data;
    size_t low = 0;
    size_t high = runs->len / sizeof *list;

    while (high - low > 1) {
        size_t middle = low + (high - low) / 2;

        if (list[middle].from <= offset) {
            low = middle;
        } else {
            high = middle;
        }
    }
    return &list[low];
}

static int read_stream(void *context, uint64_t offset, void *buffer, size_t len)
{
    const struct stream *stream = context;
    uint8_t *place = buffer;

    while (len > 0) {
        const struct run *run = run_at(&stream->runs, offset);
        uint64_t left = run->from + run->len - offset;
        size_t part = len < left ? len : (size_t)left;

        RMS_TRY(rms_reader_at(&stream->cfb->file, run->at + (offset - run->from), place, part));
        place += part;
        offset += part;
        len -= part;
    }
    return 0;
}

static struct stream *new_stream(struct rms_cfb *cfb)
{
    struct stream *stream = rms_calloc(1, sizeof *stream);

    if (stream != NULL) {
        stream->cfb = cfb;
        stream->runs = RMS_BUF_INIT(RUNS_MAX);
        stream->next = cfb->streams;
        cfb->streams = stream;
    }
    return stream;
}

static int big_stream(struct rms_cfb *cfb, uint32_t start, uint64_t size, struct rms_reader *reader_out)
{
    struct stream *stream = new_stream(cfb);

    if (stream == NULL) {
        return RMS_E_NO_MEMORY;
    }
    *reader_out = (struct rms_reader){stream, size, read_stream};
    return follow(cfb, start, size, &stream->runs);
}

/* Small streams are pieces of 64 bytes of the mini stream, chained in a FAT of their own. */
static int small_stream(struct rms_cfb *cfb, uint32_t start, uint64_t size, struct rms_reader *reader_out)
{
    const uint64_t piece = 1u << MINI_SHIFT;
    struct stream *stream = new_stream(cfb);
    uint32_t sector = start;

    if (stream == NULL) {
        return RMS_E_NO_MEMORY;
    }
    *reader_out = (struct rms_reader){stream, size, read_stream};
    for (uint64_t from = 0; from < size; from += piece) {
        uint64_t need = size - from < piece ? size - from : piece;
        uint64_t inside = (uint64_t)sector << MINI_SHIFT;
        const struct stream *mini = cfb->mini.context;
        const struct run *run;
        uint8_t next[4];

        if (!cfb->has_mini || inside > cfb->mini.size || need > cfb->mini.size - inside) {
            return RMS_E_DAMAGED;
        }
        run = run_at(&mini->runs, inside);
        RMS_TRY(add_run(&stream->runs, from, run->at + (inside - run->from), need));
        RMS_TRY(rms_reader_at(&cfb->mini_table, (uint64_t)sector * 4, next, sizeof next));
        sector = get_u32(next);
    }
    return 0;
}

int rms_cfb_stream(struct rms_cfb *cfb, uint32_t index, struct rms_reader *reader_out)
{
    const struct rms_cfb_entry *entry = rms_cfb_entry(cfb, index);

    if (entry == NULL || entry->storage) {
        return RMS_E_DAMAGED;
    }
    return entry->size < MINI_CUTOFF ? small_stream(cfb, entry->start, entry->size, reader_out)
                                     : big_stream(cfb, entry->start, entry->size, reader_out);
}

int rms_cfb_read(struct rms_cfb *cfb, uint32_t index, struct rms_buf *out)
{
    struct rms_reader reader;
    uint8_t *place;

    RMS_TRY(rms_cfb_stream(cfb, index, &reader));
    if (reader.size > out->max - out->len) {
        return RMS_E_LIMIT;
    }
    place = rms_buf_reserve(out, (size_t)reader.size);
    if (place == NULL) {
        return RMS_E_NO_MEMORY;
    }
    RMS_TRY(rms_reader_at(&reader, 0, place, (size_t)reader.size));
    rms_buf_commit(out, (size_t)reader.size);
    return 0;
}

/* --- directory --------------------------------------------------------------------------------------------
 */

/* One step of the walk: an entry of the directory, and where it belongs. */
struct visit {
    uint32_t id, parent;
};

struct walk {
    struct rms_cfb *cfb;
    struct rms_view directory;
    uint32_t total;
    uint8_t *seen;
    struct visit *stack;
    uint32_t waiting;
};

static int push(struct walk *walk, uint32_t id, uint32_t parent)
{
    if (id == NO_ENTRY) {
        return 0;
    }
    /* a number seen before is a circle, or one entry in two places */
    if (id >= walk->total || walk->seen[id] != 0) {
        return RMS_E_DAMAGED;
    }
    walk->seen[id] = 1;
    walk->stack[walk->waiting++] = (struct visit){id, parent};
    return 0;
}

static int take_name(struct rms_cfb *cfb, struct rms_view raw, struct rms_cfb_entry *entry)
{
    struct rms_buf RMS_BUF_CLEANUP name = RMS_BUF_INIT(RMS_CFB_NAME_MAX);
    size_t len = raw.data[64] | ((size_t)raw.data[65] << 8);

    if (len < 2 || len > 64 || len % 2 != 0 ||
        rms_text_from_utf16(rms_view_of(raw.data, len - 2), &name) != 0) {
        return RMS_E_DAMAGED;
    }
    if (name.len > 0 && memchr(name.data, '\0', name.len) != NULL) {
        return RMS_E_DAMAGED;
    }
    entry->name = rms_arena_text(cfb->arena, rms_buf_view(&name));
    return entry->name != NULL ? 0 : RMS_E_NO_MEMORY;
}

static int visit(struct walk *walk, struct visit place)
{
    struct rms_cfb *cfb = walk->cfb;
    struct rms_view raw = rms_view_of(walk->directory.data + (size_t)place.id * ENTRY_BYTES, ENTRY_BYTES);
    struct rms_cursor cursor = rms_cursor_of(raw);
    uint32_t index = cfb->count;
    struct rms_cfb_entry *entry = &cfb->entries[index];
    uint8_t type = raw.data[66];

    if (index == RMS_CFB_ROOT ? type != TYPE_ROOT : type != TYPE_STORAGE && type != TYPE_STREAM) {
        return RMS_E_DAMAGED;
    }
    RMS_TRY(take_name(cfb, raw, entry));
    entry->parent = place.parent;
    entry->storage = type != TYPE_STREAM;
    cursor.pos = 80;
    memcpy(entry->class_id, rms_cursor_take(&cursor, sizeof entry->class_id).data, sizeof entry->class_id);
    cursor.pos = 116;
    entry->start = rms_cursor_u32(&cursor);
    entry->size = rms_cursor_u64(&cursor);
    if (cfb->shift == 9) {
        entry->size &= 0xffffffffu; /* MS-CFB 2.6.3: the upper half may be garbage in version 3 */
    }
    cfb->count++;
    cursor.pos = 68;
    if (index != RMS_CFB_ROOT) {
        RMS_TRY(push(walk, rms_cursor_u32(&cursor), place.parent));
        RMS_TRY(push(walk, rms_cursor_u32(&cursor), place.parent));
    }
    cursor.pos = 76;
    return entry->storage ? push(walk, rms_cursor_u32(&cursor), index) : 0;
}

static int read_entries(struct rms_cfb *cfb, struct rms_view directory)
{
    struct walk walk = {.cfb = cfb, .directory = directory};
    int status;

    walk.total = (uint32_t)(directory.len / ENTRY_BYTES);
    if (walk.total == 0) {
        return RMS_E_DAMAGED;
    }
    walk.seen = rms_arena_array(cfb->arena, walk.total, sizeof *walk.seen);
    walk.stack = rms_arena_array(cfb->arena, walk.total, sizeof *walk.stack);
    cfb->entries = rms_arena_array(cfb->arena, walk.total, sizeof *cfb->entries);
    if (walk.seen == NULL || walk.stack == NULL || cfb->entries == NULL) {
        return RMS_E_NO_MEMORY;
    }
    status = push(&walk, 0, RMS_CFB_ROOT);
    while (status == 0 && walk.waiting > 0) {
        status = visit(&walk, walk.stack[--walk.waiting]);
    }
    return status;
}

/* Its length is nowhere in version 3: to the end of the chain. */
static int read_directory(struct rms_cfb *cfb, struct rms_buf *out)
{
    size_t size = (size_t)sector_size(cfb);
    uint32_t sector = cfb->directory;

    while (sector < END_OF_CHAIN) {
        uint8_t *place = rms_buf_reserve(out, size);

        if (place == NULL) {
            return RMS_E_LIMIT;
        }
        RMS_TRY(rms_reader_at(&cfb->file, sector_at(cfb, sector), place, size));
        rms_buf_commit(out, size);
        RMS_TRY(next_sector(cfb, sector, &sector));
    }
    return sector == END_OF_CHAIN ? 0 : RMS_E_DAMAGED;
}

static int open_mini(struct rms_cfb *cfb)
{
    const struct rms_cfb_entry *root = &cfb->entries[RMS_CFB_ROOT];
    uint64_t table = (uint64_t)cfb->mini_fat_count << cfb->shift;

    if (root->size == 0 || table == 0) {
        return 0;
    }
    if (cfb->mini_fat_count > sector_count(cfb)) {
        return RMS_E_DAMAGED;
    }
    RMS_TRY(big_stream(cfb, root->start, root->size, &cfb->mini));
    RMS_TRY(big_stream(cfb, cfb->mini_fat, table, &cfb->mini_table));
    cfb->has_mini = true;
    return 0;
}

/* --- header -----------------------------------------------------------------------------------------------
 */

bool rms_cfb_looks(const struct rms_reader *file)
{
    uint8_t head[sizeof magic];

    return rms_reader_at(file, 0, head, sizeof head) == 0 && memcmp(head, magic, sizeof head) == 0;
}

static int read_header(struct rms_cfb *cfb, const uint8_t *header)
{
    struct rms_cursor cursor = rms_cursor_of(rms_view_of(header, HEADER_BYTES));
    uint16_t major;
    uint16_t mini_shift;
    uint32_t cutoff;

    cursor.pos = 26;
    major = rms_cursor_u16(&cursor);
    if (major != 3 && major != 4) {
        return RMS_E_UNSUPPORTED_VERSION;
    }
    if (rms_cursor_u16(&cursor) != 0xfffe) {
        return RMS_E_DAMAGED;
    }
    cfb->shift = rms_cursor_u16(&cursor);
    mini_shift = rms_cursor_u16(&cursor);
    cursor.pos = 44;
    cfb->fat_count = rms_cursor_u32(&cursor);
    cfb->directory = rms_cursor_u32(&cursor);
    cursor.pos = 56;
    cutoff = rms_cursor_u32(&cursor);
    cfb->mini_fat = rms_cursor_u32(&cursor);
    cfb->mini_fat_count = rms_cursor_u32(&cursor);
    cfb->difat = rms_cursor_u32(&cursor);
    if ((cfb->shift != 9 && cfb->shift != 12) || mini_shift != MINI_SHIFT || cutoff != MINI_CUTOFF) {
        return RMS_E_DAMAGED;
    }
    return cfb->fat_count <= sector_count(cfb) ? 0 : RMS_E_DAMAGED;
}

/* The FAT's sectors: the first in the header, more in a chain of sectors whose last word names the next. */
static int read_difat(struct rms_cfb *cfb, const uint8_t *header)
{
    uint32_t per = (uint32_t)(sector_size(cfb) / 4) - 1;
    uint32_t have = cfb->fat_count < HEADER_FATS ? cfb->fat_count : HEADER_FATS;
    uint32_t sector = cfb->difat;

    cfb->fat = rms_arena_array(cfb->arena, (size_t)cfb->fat_count + 1, sizeof *cfb->fat);
    if (cfb->fat == NULL) {
        return RMS_E_NO_MEMORY;
    }
    for (uint32_t i = 0; i < have; i++) {
        cfb->fat[i] = get_u32(header + HEADER_DIFAT + (size_t)i * 4);
    }
    while (have < cfb->fat_count) {
        if (sector >= END_OF_CHAIN) {
            return RMS_E_DAMAGED;
        }
        RMS_TRY(rms_reader_at(&cfb->file, sector_at(cfb, sector), cfb->cache, (size_t)sector_size(cfb)));
        for (uint32_t i = 0; i < per && have < cfb->fat_count; i++) {
            cfb->fat[have++] = get_u32(cfb->cache + (size_t)i * 4);
        }
        sector = get_u32(cfb->cache + (size_t)per * 4);
    }
    return 0;
}

static int open_all(struct rms_cfb *cfb)
{
    struct rms_buf RMS_BUF_CLEANUP directory = RMS_BUF_INIT((size_t)ENTRIES_MAX * ENTRY_BYTES);
    uint8_t header[HEADER_BYTES];

    RMS_TRY(rms_reader_at(&cfb->file, 0, header, sizeof header));
    RMS_TRY(read_header(cfb, header));
    RMS_TRY(read_difat(cfb, header));
    RMS_TRY(read_directory(cfb, &directory));
    RMS_TRY(read_entries(cfb, rms_buf_view(&directory)));
    return open_mini(cfb);
}

int rms_cfb_open(const struct rms_reader *file, struct rms_cfb **cfb_out)
{
    struct rms_cfb *cfb = rms_calloc(1, sizeof *cfb);
    int status;

    *cfb_out = NULL;
    if (cfb == NULL) {
        return RMS_E_NO_MEMORY;
    }
    cfb->file = *file;
    cfb->cached = NO_ENTRY;
    cfb->arena = rms_arena_new(ARENA_MAX);
    status = cfb->arena == NULL ? RMS_E_NO_MEMORY : rms_cfb_looks(file) ? open_all(cfb) : RMS_E_DAMAGED;
    if (status != 0) {
        rms_cfb_close(&cfb);
    }
    *cfb_out = cfb;
    return status;
}

void rms_cfb_close(struct rms_cfb **cfb)
{
    struct rms_cfb *gone = *cfb;

    if (gone == NULL) {
        return;
    }
    *cfb = NULL;
    while (gone->streams != NULL) {
        struct stream *stream = gone->streams;

        gone->streams = stream->next;
        rms_buf_fini(&stream->runs);
        rms_free(stream);
    }
    rms_arena_free(&gone->arena);
    rms_free(gone);
}

const struct rms_cfb_entry *rms_cfb_entry(const struct rms_cfb *cfb, uint32_t index)
{
    return index < cfb->count ? &cfb->entries[index] : NULL;
}

int rms_cfb_find(const struct rms_cfb *cfb, uint32_t storage, const char *name, uint32_t *index_out)
{
    uint32_t found = 0;

    for (uint32_t i = 1; i < cfb->count; i++) {
        if (cfb->entries[i].parent == storage && strcmp(cfb->entries[i].name, name) == 0) {
            *index_out = i;
            found++;
        }
    }
    return found == 1 ? 0 : found == 0 ? RMS_E_NOT_FOUND : RMS_E_DAMAGED;
}

bool rms_cfb_is_inside(const struct rms_cfb *cfb, uint32_t index, uint32_t storage)
{
    while (index != RMS_CFB_ROOT && index != storage) {
        index = cfb->entries[index].parent;
    }
    return index == storage;
}
