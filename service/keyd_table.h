/* Things that keyd holds by a 16-byte random name, newest use first, bounded: keys and open content keys. The
 * entry stands first in the thing's own structure. No lock of its own. */
#ifndef RMS_SERVICE_KEYD_TABLE_H
#define RMS_SERVICE_KEYD_TABLE_H

#include "base/bytes.h"

#define RMS_TABLE_ID 16

struct rms_table_entry {
    uint8_t id[RMS_TABLE_ID];
    struct rms_table_entry *chain; /* same bucket */
    struct rms_table_entry *newer, *older;
};

struct rms_table {
    struct rms_table_entry **buckets;
    size_t mask;
    size_t count;
    struct rms_table_entry *newest, *oldest;
};

/* Buckets for about `expected` entries. */
RMS_MUST_USE int rms_table_init(struct rms_table *table, size_t expected);

/* Frees the buckets, not the entries. */
void rms_table_fini(struct rms_table *table);

/* The entry, now the newest; NULL when there is none. */
struct rms_table_entry *rms_table_find(struct rms_table *table, const uint8_t id[RMS_TABLE_ID]);

/* id must be set and not be in the table. */
void rms_table_add(struct rms_table *table, struct rms_table_entry *entry);
void rms_table_remove(struct rms_table *table, struct rms_table_entry *entry);

#endif
