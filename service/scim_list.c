/* Lists: filter, page, and what all resources have in common. */
#include <stdlib.h>

#include "base/text.h"
#include "service/rest_write.h"
#include "service/scim_core.h"

/* --- the question -------------------------------------------------------------------------------------- */

static int take_number(struct rms_scim *scim, const char *name, int64_t *out)
{
    const char *text = rms_request_query(scim->request, name);
    if (text == NULL) {
        return RMS_OK;
    }
    size_t sign = text[0] == '-';
    size_t digits = strspn(text + sign, "0123456789");
    if (digits == 0 || digits > 9 || text[sign + digits] != '\0') {
        return rms_scim_bad(scim, name, "not a number");
    }
    *out = strtoll(text, NULL, 10);
    return RMS_OK;
}

/* A value that no address or id can be fits nothing. */
static int normalise(
    struct rms_scim *scim, const struct rms_scim_filterable *row, struct rms_scim_query *query)
{
    char address[RMS_ADDRESS_MAX];
    char id[RMS_GUID_TEXT];
    const char *normal = query->search.value;
    if (row->normal && rms_address_normalise(query->search.value, address) < 0) {
        query->nothing = true;
    } else if (row->normal) {
        normal = rms_arena_strdup(scim->arena, address);
    } else if (row->guid && rms_guid_parse(rms_view_str(query->search.value), id) < 0) {
        query->nothing = true;
    } else if (row->guid) {
        normal = rms_arena_strdup(scim->arena, id);
    }
    query->search.value = normal;
    return normal != NULL ? RMS_OK : RMS_E_NO_MEMORY;
}

static int take_filter(
    struct rms_scim *scim, const struct rms_scim_filterable *rows, struct rms_scim_query *query)
{
    const char *text = rms_request_query(scim->request, "filter");
    struct rms_scim_filter filter;
    if (text == NULL) {
        return RMS_OK;
    }
    int rc = rms_scim_filter_parse(scim->arena, text, &filter);
    if (rc == RMS_E_BAD_ARGUMENT) {
        return rms_scim_refuse(scim, rc, "invalidFilter", "filter: not ATTRIBUTE eq \"VALUE\"");
    }
    RMS_TRY(rc);
    while (rows->attribute != NULL && strcmp(rows->attribute, filter.attribute) != 0) {
        rows++;
    }
    if (rows->attribute == NULL) {
        return rms_scim_refuse(
            scim, RMS_E_BAD_ARGUMENT, "invalidFilter", "filter: this attribute cannot be searched");
    }
    query->search.by = rows->by;
    query->search.value = filter.value;
    return normalise(scim, rows, query);
}

/* '+' is a blank in queries that programs write as forms do. */
static int read_query(struct rms_scim *scim)
{
    struct rms_request *request = scim->request;
    if (request->raw_query == NULL) {
        return RMS_OK;
    }
    return rms_form_parse(
        request->arena, rms_view_str(request->raw_query), true, &request->query, &request->query_count);
}

int rms_scim_query(
    struct rms_scim *scim, const struct rms_scim_filterable *filterable, struct rms_scim_query *query_out)
{
    int64_t count = RMS_SCIM_COUNT;
    *query_out = (struct rms_scim_query){.search = {.source = RMS_SOURCE_SCIM}, .start = 1};
    RMS_TRY(read_query(scim));
    RMS_TRY(take_number(scim, "startIndex", &query_out->start));
    RMS_TRY(take_number(scim, "count", &count));
    RMS_TRY(take_filter(scim, filterable, query_out));
    query_out->start = query_out->start < 1 ? 1 : query_out->start; /* RFC 7644 3.4.2.4 */
    count = count < 0 ? 0 : count > RMS_SCIM_COUNT_MAX ? RMS_SCIM_COUNT_MAX : count;
    query_out->search.limit = (size_t)count;
    query_out->search.offset = (size_t)query_out->start - 1;
    return RMS_OK;
}

/* --- the answer ---------------------------------------------------------------------------------------- */

void rms_scim_open_list(struct rms_buf *out, const struct rms_scim_query *query, size_t total, size_t count)
{
    rms_out_open(out, NULL, '{');
    rms_out_open(out, "schemas", '[');
    rms_out_text(out, NULL, RMS_SCIM_LIST);
    rms_out_close(out, ']');
    rms_out_int(out, "totalResults", (int64_t)total);
    rms_out_int(out, "startIndex", query->start);
    rms_out_int(out, "itemsPerPage", (int64_t)count);
    rms_out_open(out, "Resources", '[');
}

void rms_scim_close_list(struct rms_buf *out)
{
    rms_out_close(out, ']');
    rms_out_close(out, '}');
}

void rms_scim_write_head(struct rms_buf *out, const struct rms_scim_head *head)
{
    rms_out_open(out, "schemas", '[');
    rms_out_text(out, NULL, head->schema);
    rms_out_close(out, ']');
    rms_out_text(out, "id", head->id);
    if (head->external_id != NULL) {
        rms_out_text(out, "externalId", head->external_id);
    }
}

void rms_scim_write_meta(const struct rms_scim *scim, struct rms_buf *out, const struct rms_scim_head *head)
{
    rms_out_open(out, "meta", '{');
    rms_out_text(out, "resourceType", head->type);
    rms_out_time(out, "created", head->created_at);
    rms_buf_append_str(out, ",\"location\":\"");
    rms_buf_printf(out, "%s/%s/%s\"", scim->base, head->endpoint, head->id);
    rms_out_close(out, '}');
}
