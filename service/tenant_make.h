/* Making a tenant: its keys, its server certificate, its default templates, all stored in one transaction. */
#ifndef RMS_SERVICE_TENANT_MAKE_H
#define RMS_SERVICE_TENANT_MAKE_H

#include "service/front.h"
#include "service/keyclient.h"

#define RMS_LICENSING_PATH "/_wmcs/licensing"

struct rms_tenant_request {
    const char *name;
    const char *const *domains; /* at least one */
    size_t domain_count;
    bool disabled;
    bool legacy_rights;      /* default templates with the rights before October 2017 (table 3.4) */
    bool old_template_names; /* "<organisation> - Confidential" (S-009) */
    bool removal_extract;    /* EXTRACT removes protection (S-079) */
};

/* id_out: the new tenant's GUID, in the request's arena. RMS_E_CONFLICT when a domain is taken. */
RMS_MUST_USE int rms_tenant_make(
    struct rms_request *request, const struct rms_tenant_request *wanted, const char **id_out);

/* The sealed form of a key for keyd (rms_key_fetch). worker: struct rms_worker. */
int rms_tenant_fetch_key(void *worker, const char *key_id, struct rms_sealed_key *key_out);

#endif
