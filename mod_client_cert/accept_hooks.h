/* SPDX-License-Identifier: Apache-2.0 */
/**
 * @file accept_hooks.h
 * @brief Where the rest of httpd meets the accepted client: variables,
 *        expressions, the user name, and Require client-cert.
 */
#ifndef MCC_ACCEPT_HOOKS_H
#define MCC_ACCEPT_HOOKS_H

#include <httpd.h>

/** Register what is asked for while the configuration is read. */
void mcc_accept_register(apr_pool_t *p);

/** Hook each request; see the comments there for the order. Once, when the
 *  configuration first gives somebody the role: a server without it does not pay
 *  for it. (httpd puts hooks in order once more when it has read the
 *  configuration.) */
void mcc_accept_hook_requests(void);

#endif /* MCC_ACCEPT_HOOKS_H */
