/* SPDX-License-Identifier: Apache-2.0 */
/**
 * @file host.h
 * @brief One virtual host as mod_ssl terminates it.
 *
 * Made in mod_ssl's init_server hook, read-only from post_config on.
 */
#ifndef MCC_TLS_HOST_H
#define MCC_TLS_HOST_H

#include <httpd.h>

#include <mod_ssl_openssl.h>

#include "config/config.h"

struct mcc_tls_vhost {
    /** how it verifies clients, and with which certificates it can sign */
    const client_cert_tls_host *host;
    int asks; /**< whether SSLVerifyClient asks each client for a certificate */
    /** mod_ssl's callbacks, called by ours */
    SSL_SESSION *(*get_session)(SSL *, const unsigned char *, int, int *);
    int (*new_session)(SSL *, SSL_SESSION *);
};

/** pre_config hook: OpenSSL's slot for what is ours. */
int mcc_tls_host_pre_config(apr_pool_t *pconf, apr_pool_t *plog, apr_pool_t *ptemp);

/** Make the record of a server's TLS, to which its SSL_CTX leads from then on.
 *  @return NULL if that fails, which is logged */
mcc_tls_vhost_t *mcc_tls_host_make(server_rec *s, apr_pool_t *p, SSL_CTX *ctx);

/** The virtual host whose SSL_CTX a connection uses now; SNI changes it in mid handshake. NULL where
 *  none is ours. */
mcc_tls_vhost_t *mcc_tls_host_of(const SSL *ssl);

/** The core's part of it; NULL where there is none. */
static APR_INLINE const client_cert_tls_host *mcc_tls_host_core(const mcc_tls_vhost_t *host)
{
    return host ? host->host : NULL;
}

/** post_config hook: signers for what equal virtual hosts present; warns of what is going to fail. */
int mcc_tls_host_post_config(apr_pool_t *pconf, apr_pool_t *plog, apr_pool_t *ptemp, server_rec *s);

#endif /* MCC_TLS_HOST_H */
