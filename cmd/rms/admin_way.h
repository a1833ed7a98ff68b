/* How the administration commands reach the service (admin_way.c). */
#ifndef RMS_CMD_ADMIN_WAY_H
#define RMS_CMD_ADMIN_WAY_H

#include "cmd/rms/admin.h"

struct admin_way {
    const char *socket;                    /* NULL: HTTPS */
    struct rms_buf base;                   /* https://HOST[:PORT] */
    struct rms_buf ca;                     /* file with certificates; "" = the system's */
    struct rms_buf authorization, session; /* headers */
};

/* The way of this command; borrowed. The socket named by --socket or RMS_ADMIN_SOCKET, else the session's
 * service, else the default socket. Negative codes of getting a token. */
RMS_MUST_USE int admin_way(const struct arguments *arguments, const struct admin_way **way_out);
void admin_way_forget(void);

/* {Url, Ca, Account, Session}; NULL without one. Writing NULL removes it. */
json_t *admin_session_read(void);
RMS_MUST_USE int admin_session_write(const json_t *session);

#endif
