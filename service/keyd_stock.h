/* A small stock of fresh RSA-2048 pairs, made by one low-priority thread, so that bootstrap does not wait for
 * prime numbers. */
#ifndef RMS_SERVICE_KEYD_STOCK_H
#define RMS_SERVICE_KEYD_STOCK_H

#include "crypto/rsa.h"

#define RMS_STOCK_MAX  256
#define RMS_STOCK_BITS 2048

struct rms_stock;

/* size 0: no thread; every pair is made when it is asked for. */
RMS_MUST_USE int rms_stock_new(size_t size, struct rms_stock **stock_out);

/* Ends the thread (waits for the pair it is making). Accepts NULL. */
void rms_stock_free(struct rms_stock **stock);

/* A pair from the stock, or a new one when it is empty. */
RMS_MUST_USE int rms_stock_take(struct rms_stock *stock, struct rms_rsa_private **key_out);

size_t rms_stock_count(struct rms_stock *stock);

#endif
