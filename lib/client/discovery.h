/* Finding the service of a mail domain (rest-protocol sections 2 to 4, C-013, S-278). */
#ifndef RMS_CLIENT_DISCOVERY_H
#define RMS_CLIENT_DISCOVERY_H

#include "base/arena.h"
#include "base/bytes.h"

struct rms_context;

#define RMS_HOST_MAX 256
#define RMS_SRV_MAX  16 /* further records are not looked at */

struct rms_srv_host {
    char name[RMS_HOST_MAX];
    uint16_t priority;
    uint16_t weight;
};

struct rms_srv {
    struct rms_srv_host hosts[RMS_SRV_MAX];
    size_t count;
};

/* The hosts of the SRV records in a DNS answer, in the order in which to try them; none when the records say
 * that there is no service. RMS_E_NOT_FOUND without such a record, RMS_E_DAMAGED when the bytes are no
 * answer.
 */
RMS_MUST_USE int rms_srv_parse(struct rms_view answer, struct rms_srv *srv_out);

/* Where the service may be. Each root is https://host[:port], lower case. */
struct rms_service {
    const char *roots[RMS_SRV_MAX];
    size_t count;       /* at least 1 */
    const char *domain; /* whose DNS records, or the directory, named them; NULL: settings did */
};

/* The service of a person: from the settings, else as the directory says, else from DNS by the domain of the
 * address and its parents down to two labels, else the service that the settings have for the rest (S-123).
 * RMS_E_UNREACHABLE naming what was tried. address may be NULL. Directory and DNS are not believed yet: see
 * rms_consent. */
RMS_MUST_USE int rms_discover(struct rms_context *context, struct rms_arena *arena, const char *address,
    struct rms_service *service_out);

/* May this server be contacted? Settings may name it, or it is in the mail domain for which DNS or the
 * directory named it (domain, else NULL), so that nobody else gets a certificate for it. Otherwise the
 * application is asked; without one that can answer RMS_E_SERVER_NOT_TRUSTED where only DNS speaks for the
 * server. RMS_E_CONSENT_REFUSED. */
RMS_MUST_USE int rms_consent(struct rms_context *context, const char *root, const char *domain);

#endif
