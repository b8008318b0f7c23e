/* SPDX-License-Identifier: Apache-2.0 */
/**
 * @file install.h
 * @brief What is made of mod_ssl's contexts at start-up: a record of each virtual
 *        host, our callbacks, and signers.
 */
#ifndef MCC_TLS_INSTALL_H
#define MCC_TLS_INSTALL_H

#include <httpd.h>

#include <mod_ssl_openssl.h>

/** OpenSSL's slots for what is ours; pre_config hook. */
int mcc_tls_install_pre_config(apr_pool_t *pconf, apr_pool_t *plog, apr_pool_t *ptemp);

/** mod_ssl's init_server hook. */
int mcc_tls_install_init_server(server_rec *s, apr_pool_t *p, int is_proxy, SSL_CTX *ctx);

/** post_config hook: signers for what equal virtual hosts present; warns of what is
 *  going to fail. */
int mcc_tls_install_post_config(apr_pool_t *pconf, apr_pool_t *plog, apr_pool_t *ptemp,
                                server_rec *s);

#endif /* MCC_TLS_INSTALL_H */
