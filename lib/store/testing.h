/* For tests of the store and of what stands on it: a database in a directory of its own, and short ways to
 * fill it. */
#ifndef RMS_STORE_TESTING_H
#define RMS_STORE_TESTING_H

#include "base/mem.h"
#include "store/account.h"
#include "store/group.h"
#include "store/tenant.h"
#include "store/usage.h"
#include "store/testing_database.h"

#define LAB_TIME 1900000000 /* 2030-03-17 */

struct lab {
    char dir[64];
    char path[96]; /* of the SQLite database */
    char url[TEST_DATABASE_URL];
    struct rms_store *store;
    struct rms_db *db;
    struct rms_arena *arena;
};

static inline void lab_open(struct lab *lab)
{
    assert_int_equal(rms_store_open(lab->url, &lab->store), 0);
    assert_int_equal(rms_db_open(lab->store, &lab->db), 0);
}

static inline void lab_close(struct lab *lab)
{
    rms_db_close(&lab->db);
    rms_store_free(&lab->store);
}

/* cmocka fixtures. */
static inline int lab_setup(void **state)
{
    struct lab *lab = rms_calloc(1, sizeof *lab);

    assert_non_null(lab);
    (void)snprintf(lab->dir, sizeof lab->dir, "/tmp/rms-store-XXXXXX");
    assert_non_null(mkdtemp(lab->dir));
    (void)snprintf(lab->path, sizeof lab->path, "%s/rms.db", lab->dir);
    test_database_new(lab->dir, lab->url);
    lab->arena = rms_arena_new(64u << 20);
    assert_non_null(lab->arena);
    lab_open(lab);
    *state = lab;
    return 0;
}

static inline int lab_teardown(void **state)
{
    struct lab *lab = *state;

    lab_close(lab);
    rms_arena_free(&lab->arena);
    test_database_drop(lab->url);
    (void)rmdir(lab->dir);
    rms_free(lab);
    return 0;
}

#define LAB_TEST(function) cmocka_unit_test_setup_teardown(function, lab_setup, lab_teardown)

static inline const char *lab_guid(struct lab *lab)
{
    char guid[RMS_GUID_TEXT];

    rms_guid_new(guid);
    return rms_arena_strdup(lab->arena, guid);
}

/* A tenant with one or two domains; its id. */
static inline const char *lab_tenant(struct lab *lab, const char *domain, const char *second)
{
    const char *domains[] = {domain, second};
    struct rms_tenant tenant;

    assert_int_equal(rms_tenant_init(lab->arena, domain, LAB_TIME, &tenant), 0);
    tenant.domains = domains;
    tenant.domain_count = second != NULL ? 2 : 1;
    assert_int_equal(rms_tenant_create(lab->db, &tenant), 0);
    return tenant.id;
}

/* An enabled account with up to two values of proxyAddresses (NULL = none); its id. */
static inline const char *lab_account(
    struct lab *lab, const char *tenant_id, const char *upn, const char *first, const char *second)
{
    const char *values[] = {first, second};
    const struct rms_account account = {
        .id = lab_guid(lab),
        .tenant_id = tenant_id,
        .upn = upn,
        .enabled = true,
        .created_at = LAB_TIME,
        .proxy_addresses = values,
        .proxy_address_count = (first != NULL) + (second != NULL),
    };

    assert_int_equal(rms_account_create(lab->db, &account, NULL), 0);
    return account.id;
}

static inline const char *lab_group(
    struct lab *lab, const char *tenant_id, const char *name, const char *address, enum rms_group_kind kind)
{
    const struct rms_group group = {.id = lab_guid(lab),
        .tenant_id = tenant_id,
        .name = name,
        .address = address,
        .kind = kind,
        .created_at = LAB_TIME};

    assert_int_equal(rms_group_create(lab->db, &group), 0);
    return group.id;
}

static inline void lab_join(
    struct lab *lab, const char *tenant_id, const char *group_id, const char *member_id)
{
    assert_int_equal(rms_group_add_member(lab->db, tenant_id, group_id, member_id, NULL), 0);
}

/* Rows at the end of their chains, not signed. */
static inline int lab_append_usage(struct lab *lab, const struct rms_usage_row *rows, size_t count)
{
    struct rms_usage_writer *writer = NULL;

    assert_int_equal(rms_usage_writer_new(lab->db, NULL, &writer), 0);
    int code = rms_usage_append(writer, LAB_TIME, rows, count);
    rms_usage_writer_free(&writer);
    return code;
}

#endif
