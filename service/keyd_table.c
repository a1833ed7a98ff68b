#include "service/keyd_table.h"

#include "base/mem.h"

int rms_table_init(struct rms_table *table, size_t expected)
{
    size_t buckets = 16;

    while (buckets < expected && buckets < SIZE_MAX / 2) {
        buckets *= 2;
    }
    *table = (struct rms_table){
        .buckets = rms_calloc(buckets, sizeof(struct rms_table_entry *)), .mask = buckets - 1};
    return table->buckets != NULL ? 0 : RMS_E_NO_MEMORY;
}

void rms_table_fini(struct rms_table *table)
{
    rms_free(table->buckets);
    *table = (struct rms_table){0};
}

/* The names are random, so their first bytes spread well. */
static struct rms_table_entry **bucket(struct rms_table *table, const uint8_t id[RMS_TABLE_ID])
{
    uint64_t head;

    memcpy(&head, id, sizeof head);
    return &table->buckets[head & table->mask];
}

static void unlink_use(struct rms_table *table, struct rms_table_entry *entry)
{
    *(entry->newer != NULL ? &entry->newer->older : &table->newest) = entry->older;
    *(entry->older != NULL ? &entry->older->newer : &table->oldest) = entry->newer;
}

static void link_newest(struct rms_table *table, struct rms_table_entry *entry)
{
    entry->newer = NULL;
    entry->older = table->newest;
    *(table->newest != NULL ? &table->newest->newer : &table->oldest) = entry;
    table->newest = entry;
}

struct rms_table_entry *rms_table_find(struct rms_table *table, const uint8_t id[RMS_TABLE_ID])
{
    struct rms_table_entry *entry = *bucket(table, id);

    while (entry != NULL && memcmp(entry->id, id, RMS_TABLE_ID) != 0) {
        entry = entry->chain;
    }
    if (entry != NULL && entry != table->newest) {
        unlink_use(table, entry);
        link_newest(table, entry);
    }
    return entry;
}

void rms_table_add(struct rms_table *table, struct rms_table_entry *entry)
{
    struct rms_table_entry **head = bucket(table, entry->id);

    entry->chain = *head;
    *head = entry;
    link_newest(table, entry);
    table->count++;
}

void rms_table_remove(struct rms_table *table, struct rms_table_entry *entry)
{
    struct rms_table_entry **place = bucket(table, entry->id);

    while (*place != entry) {
        place = &(*place)->chain;
    }
    *place = entry->chain;
    unlink_use(table, entry);
    table->count--;
}
