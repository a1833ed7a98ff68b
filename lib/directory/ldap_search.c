/* Reading entries: page after page (RFC 2696), long attributes range after range ([MS-ADTS] 3.1.1.3.1.3.3).
 */
#include <stdio.h>
#include <stdlib.h>

#include "base/text.h"
#include "directory/ldap_core.h"

/* --- pages ------------------------------------------------------------------------------------------- */

static int give_entries(struct rms_ldap *ldap, LDAPMessage *answer, rms_ldap_each each, void *context)
{
    for (LDAPMessage *m = ldap_first_entry(ldap->link, answer); m != NULL;
         m = ldap_next_entry(ldap->link, m)) {
        struct rms_ldap_entry entry = {ldap, m};

        RMS_TRY(each(context, &entry));
    }
    return 0;
}

/* The result of a page and where the next one begins: an empty cookie behind the last. A directory without
 * paging gives everything at once, and no cookie. */
static int end_of_page(struct rms_ldap *ldap, LDAPMessage *answer, struct berval *cookie)
{
    LDAPControl **controls = NULL;
    LDAPControl *paging;
    ber_int_t total = 0;
    int result = LDAP_OTHER;
    int parsed = ldap_parse_result(ldap->link, answer, &result, NULL, NULL, NULL, &controls, 0);

    ber_memfree(cookie->bv_val);
    *cookie = (struct berval){0};
    result = parsed != LDAP_SUCCESS ? parsed : result;
    if (result != LDAP_SUCCESS) {
        ldap_controls_free(controls);
        return rms_ldap_fail(ldap, "search", result);
    }
    paging = ldap_control_find(LDAP_CONTROL_PAGEDRESULTS, controls, NULL);
    if (paging != NULL &&
        ldap_parse_pageresponse_control(ldap->link, paging, &total, cookie) != LDAP_SUCCESS) {
        *cookie = (struct berval){0};
    }
    ldap_controls_free(controls);
    return 0;
}

struct asking {
    const char *base;
    int scope;
    const char *filter;
    const char *const *attributes;
    LDAPControl *paging; /* NULL: everything at once */
};

static int ask(struct rms_ldap *ldap, const struct asking *asking, LDAPMessage **answer_out)
{
    LDAPControl *controls[] = {asking->paging, NULL};
    int id = 0;
    int result = ldap_search_ext(ldap->link, asking->base, asking->scope, asking->filter,
        (char **)(uintptr_t)asking->attributes, 0, asking->paging != NULL ? controls : NULL, NULL, NULL,
        LDAP_NO_LIMIT, &id);

    *answer_out = NULL;
    if (result != LDAP_SUCCESS) {
        return rms_ldap_fail(ldap, "search", result);
    }
    return rms_ldap_wait(ldap, id, "search", answer_out);
}

struct walk {
    const struct rms_ldap_query *query;
    rms_ldap_each each;
    void *context;
    struct berval cookie;
};

static int read_page(struct rms_ldap *ldap, struct walk *walk)
{
    struct asking asking = {.base = walk->query->base,
        .scope = LDAP_SCOPE_SUBTREE,
        .filter = walk->query->filter,
        .attributes = walk->query->attributes};
    LDAPMessage *answer = NULL;
    int status;

    if (ldap_create_page_control(
            ldap->link, (ber_int_t)walk->query->page, &walk->cookie, 0, &asking.paging) != LDAP_SUCCESS) {
        return RMS_E_NO_MEMORY;
    }
    status = ask(ldap, &asking, &answer);
    ldap_control_free(asking.paging);
    /* A page that ends in a refusal counts for nothing. */
    status = status < 0 ? status : end_of_page(ldap, answer, &walk->cookie);
    status = status < 0 ? status : give_entries(ldap, answer, walk->each, walk->context);
    (void)ldap_msgfree(answer);
    return status;
}

int rms_ldap_search(
    struct rms_ldap *ldap, const struct rms_ldap_query *query, rms_ldap_each each, void *context)
{
    struct walk walk = {.query = query, .each = each, .context = context};
    int status;

    do {
        status = read_page(ldap, &walk);
    } while (status == 0 && walk.cookie.bv_len > 0);
    ber_memfree(walk.cookie.bv_val);
    return status;
}

/* --- values ------------------------------------------------------------------------------------------ */

const char *rms_ldap_entry_dn(struct rms_ldap_entry *entry, struct rms_arena *arena)
{
    char *dn = ldap_get_dn(entry->ldap->link, entry->message);
    const char *kept = dn != NULL ? rms_arena_strdup(arena, dn) : "";

    ldap_memfree(dn);
    return kept != NULL ? kept : "";
}

struct rms_view rms_ldap_entry_bytes(
    struct rms_ldap_entry *entry, struct rms_arena *arena, const char *attribute)
{
    struct berval **values = ldap_get_values_len(entry->ldap->link, entry->message, attribute);
    struct rms_view view = {0};

    if (values != NULL && values[0] != NULL) {
        const uint8_t *copy = rms_arena_copy(arena, values[0]->bv_val, values[0]->bv_len);

        view = rms_view_of(copy, copy != NULL ? values[0]->bv_len : 0);
    }
    ldap_value_free_len(values);
    return view;
}

const char *rms_ldap_entry_text(struct rms_ldap_entry *entry, struct rms_arena *arena, const char *attribute)
{
    struct rms_view view = rms_ldap_entry_bytes(entry, arena, attribute);

    return view.len > 0 && rms_text_printable(view) ? rms_arena_text(arena, view) : NULL;
}

struct gathering {
    struct rms_arena *arena;
    struct rms_ldap_values *values;
    size_t room;
};

static int make_room(struct gathering *g, size_t more)
{
    size_t room = g->room > 0 ? g->room : 16;
    const char **items;

    if (g->values->count + more > RMS_LDAP_VALUES_MAX) {
        return RMS_E_LIMIT;
    }
    while (room < g->values->count + more) {
        room *= 2;
    }
    if (room == g->room) {
        return 0;
    }
    items = rms_arena_array(g->arena, room, sizeof *items);
    if (items == NULL) {
        return RMS_E_LIMIT;
    }
    if (g->values->count > 0) {
        memcpy(items, g->values->items, g->values->count * sizeof *items);
    }
    g->values->items = items;
    g->room = room;
    return 0;
}

static int gather(struct gathering *g, struct berval **values)
{
    RMS_TRY(make_room(g, (size_t)ldap_count_values_len(values)));
    for (size_t i = 0; values != NULL && values[i] != NULL; i++) {
        struct rms_view view = rms_view_of(values[i]->bv_val, values[i]->bv_len);
        const char *text = rms_text_printable(view) ? rms_arena_text(g->arena, view) : NULL;

        if (text != NULL) {
            g->values->items[g->values->count++] = text;
        }
    }
    return 0;
}

/* "member;range=0-1499": the number behind which the next range begins; 0 for the last one ("*"), -1 for
 * another attribute. */
static long range_end(const char *description, const char *attribute)
{
    size_t len = strlen(attribute);
    const char *dash;

    if (strncasecmp(description, attribute, len) != 0 || strncasecmp(description + len, ";range=", 7) != 0) {
        return -1;
    }
    dash = strchr(description + len + 7, '-');
    return dash == NULL || dash[1] == '*' ? 0 : strtol(dash + 1, NULL, 10) + 1;
}

/* The values given as a range in this message, and where the next one begins (0: nowhere). */
static int gather_range(
    struct gathering *g, LDAP *link, LDAPMessage *message, const char *attribute, long *next_out)
{
    BerElement *at = NULL;
    int status = 0;

    *next_out = 0;
    for (char *name = ldap_first_attribute(link, message, &at); name != NULL;
         name = ldap_next_attribute(link, message, at)) {
        long next = range_end(name, attribute);

        if (next >= 0 && status == 0) {
            struct berval **values = ldap_get_values_len(link, message, name);

            status = gather(g, values);
            ldap_value_free_len(values);
            *next_out = next;
        }
        ldap_memfree(name);
    }
    ber_free(at, 0);
    return status;
}

static int gather_next(struct gathering *g, struct rms_ldap_entry *entry, const char *attribute, long *next)
{
    struct rms_ldap *ldap = entry->ldap;
    char name[128];
    const char *attributes[] = {name, NULL};
    struct asking asking = {.scope = LDAP_SCOPE_BASE, .filter = "(objectClass=*)", .attributes = attributes};
    LDAPMessage *answer = NULL;
    LDAPMessage *message;
    long before = *next;
    int status;

    (void)snprintf(name, sizeof name, "%.64s;range=%ld-*", attribute, before);
    asking.base = rms_ldap_entry_dn(entry, g->arena);
    *next = 0;
    status = ask(ldap, &asking, &answer);
    message = status == 0 ? ldap_first_entry(ldap->link, answer) : NULL;
    if (message != NULL) {
        status = gather_range(g, ldap->link, message, attribute, next);
    } else if (status == 0) {
        status = rms_ldap_refuse(ldap, RMS_E_NOT_FOUND, "search: an entry went away while it was read");
    }
    (void)ldap_msgfree(answer);
    return status == 0 && *next != 0 && *next <= before
               ? rms_ldap_refuse(ldap, RMS_E_IO, "search: ranges that do not advance")
               : status;
}

int rms_ldap_entry_texts(struct rms_ldap_entry *entry, struct rms_arena *arena, const char *attribute,
    struct rms_ldap_values *values_out)
{
    struct gathering g = {.arena = arena, .values = values_out};
    struct berval **values = ldap_get_values_len(entry->ldap->link, entry->message, attribute);
    long next = 0;
    int status;

    *values_out = (struct rms_ldap_values){0};
    status = gather(&g, values);
    ldap_value_free_len(values);
    if (status == 0 && values_out->count == 0) {
        status = gather_range(&g, entry->ldap->link, entry->message, attribute, &next);
    }
    while (status == 0 && next > 0) {
        status = gather_next(&g, entry, attribute, &next);
    }
    return status == RMS_E_LIMIT
               ? rms_ldap_refuse(entry->ldap, status, "an entry has more values than are read")
               : status;
}
