/* SPDX-License-Identifier: Apache-2.0 */
/**
 * @file allocator.h
 * @brief A pool as the core's allocator.
 */
#ifndef MCC_ALLOCATOR_H
#define MCC_ALLOCATOR_H

#include <apr_pools.h>

#include "client_cert.h"

static APR_INLINE void *mcc_allocate_from_pool(void *pool, size_t size)
{
    return apr_palloc(pool, size);
}

/** What the core gives lives as long as the pool. */
static APR_INLINE client_cert_allocator mcc_pool_allocator(apr_pool_t *pool)
{
    client_cert_allocator allocator = { mcc_allocate_from_pool, pool };

    return allocator;
}

#endif /* MCC_ALLOCATOR_H */
