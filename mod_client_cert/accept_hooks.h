/* SPDX-License-Identifier: Apache-2.0 */
/**
 * @file accept_hooks.h
 * @brief Where the rest of httpd meets the accepted client: variables,
 *        expressions, the user name, and Require client-cert.
 */
#ifndef MCC_ACCEPT_HOOKS_H
#define MCC_ACCEPT_HOOKS_H

#include <httpd.h>

/** Register all of them; see the comments there for their order. */
void mcc_accept_register_hooks(apr_pool_t *p);

#endif /* MCC_ACCEPT_HOOKS_H */
