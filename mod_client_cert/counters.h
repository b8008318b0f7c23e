/* SPDX-License-Identifier: Apache-2.0 */
/**
 * @file counters.h
 * @brief Totals of what happens to requests, over all processes.
 *
 * They lie in memory that the parent shares with its children. It is made once for each parent, so
 * the totals outlive children and restarts. What each counter means, stands in client_cert.h.
 */
#ifndef MCC_COUNTERS_H
#define MCC_COUNTERS_H

#include <httpd.h>

#include "client_cert.h"
#include "config/config.h"

/** Count something of a request, so many times. */
static APR_INLINE void mcc_count_times(const request_rec *r, client_cert_counter counter,
                                       apr_uint64_t times)
{
    /* The id differs between the threads of a process. */
    (void)client_cert_counters_add(mcc_server_config_of(r->server)->global->counters,
                                   (apr_uint64_t)r->connection->id, counter, times);
}

/** Count something of a request. */
static APR_INLINE void mcc_count(const request_rec *r, client_cert_counter counter)
{
    mcc_count_times(r, counter, 1);
}

#endif /* MCC_COUNTERS_H */
