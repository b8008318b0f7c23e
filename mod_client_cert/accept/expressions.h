/* SPDX-License-Identifier: Apache-2.0 */
/**
 * @file expressions.h
 * @brief The accepted client in expressions and in variables that modules ask for.
 */
#ifndef MCC_ACCEPT_EXPRESSIONS_H
#define MCC_ACCEPT_EXPRESSIONS_H

#include <httpd.h>

#include <ap_expr.h>

/** optional_fn_retrieve hook. */
void mcc_accept_optional_fn_retrieve(void);

/** ssl_var_lookup hook, before mod_ssl's. */
const char *mcc_accept_ssl_var_lookup(apr_pool_t *p, server_rec *s, conn_rec *c, request_rec *r,
                                      const char *name);

/** expr_lookup hook, before mod_ssl's. */
int mcc_accept_expr_lookup(ap_expr_lookup_parms *parms);

#endif /* MCC_ACCEPT_EXPRESSIONS_H */
