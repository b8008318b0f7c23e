/* SPDX-License-Identifier: Apache-2.0 */
/**
 * @file ex_index.h
 * @brief Slots in OpenSSL's objects for what is ours.
 */
#ifndef MCC_TLS_EX_INDEX_H
#define MCC_TLS_EX_INDEX_H

#include <apr_pools.h>

#include <openssl/crypto.h>

/** Take a slot in each object of a class (CRYPTO_EX_INDEX_…), until the pool goes: OpenSSL hands
 *  out its number once for each load of this module, before there is any connection.
 *  @param index a static variable; -1 where there is no slot
 *  @param free_data runs where such an object is freed; NULL for nothing
 *  @return what a pre_config hook returns; that there is no room is logged */
int mcc_ex_index_new(int *index, int class_index, CRYPTO_EX_free *free_data, apr_pool_t *pconf,
                     apr_pool_t *plog);

#endif /* MCC_TLS_EX_INDEX_H */
