/* The way of every request through the front; the HTTP layer calls these. */
#ifndef RMS_SERVICE_FRONT_HANDLE_H
#define RMS_SERVICE_FRONT_HANDLE_H

#include "service/front.h"
#include "service/http.h"

/* On a poller, when the headers are known: route, body limit. context: struct rms_front. */
RMS_MUST_USE int rms_front_begin(void *context, struct rms_exchange *exchange);

/* On a poller: the reply to a request that no worker sees. Never blocks. */
void rms_front_refuse(void *context, struct rms_exchange *exchange, int code);

/* On a worker: everything else. Afterwards the exchange is ready for rms_http_finish. */
void rms_front_work(struct rms_worker *worker, struct rms_exchange *exchange);

#endif
