/* Finding the service of a mail domain (rest-protocol sections 2 to 4, C-013, S-278). */
#ifndef RMS_CLIENT_DISCOVERY_H
#define RMS_CLIENT_DISCOVERY_H

#include "base/bytes.h"

struct rms_context;

#define RMS_HOST_MAX 256

/* The host of the first SRV record in a DNS answer. RMS_E_NOT_FOUND when there is none, RMS_E_DAMAGED when
 * the bytes are no answer. */
RMS_MUST_USE int rms_srv_parse(struct rms_view answer, char host_out[RMS_HOST_MAX]);

/* The root (https://host) of the service for a domain, from DNS: the domain itself, then its parents down to
 * two labels. RMS_E_NOT_FOUND. */
RMS_MUST_USE int rms_discover_domain(const char *domain, struct rms_buf *root_out);

/* The root of the service for a person: settings, then DNS. RMS_E_UNREACHABLE naming what was tried;
 * RMS_E_CONSENT_REFUSED when the application declines a server that is not configured. address may be NULL.
 */
RMS_MUST_USE int rms_discover_root(
    struct rms_context *context, const char *address, struct rms_buf *root_out);

/* Asks the application before a server is contacted that no setting names. */
RMS_MUST_USE int rms_consent(struct rms_context *context, const char *root);

#endif
