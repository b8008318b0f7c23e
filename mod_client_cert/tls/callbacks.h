/* SPDX-License-Identifier: Apache-2.0 */
/**
 * @file callbacks.h
 * @brief OpenSSL's callbacks in a virtual host: how its clients are verified, which sessions resume.
 *
 * mod_ssl's own result of a verification does not suffice: on a resumed session it is SUCCESS for
 * a client that was admitted unverified, and it does not say for which virtual host the client was
 * verified. So the verification itself is observed. OpenSSL stores the client's leaf in a session,
 * but neither its chain, nor the outcome of its verification, nor the certificate that this side
 * presented. So sessions get a record of all that. A session without it, or with what does not fit
 * this virtual host any more, falls back to a full handshake.
 */
#ifndef MCC_TLS_CALLBACKS_H
#define MCC_TLS_CALLBACKS_H

#include <httpd.h>

#include <mod_ssl_openssl.h>

/** mod_ssl's init_server hook: a record of the virtual host, and our callbacks before mod_ssl's. */
int mcc_tls_callbacks_init_server(server_rec *s, apr_pool_t *p, int is_proxy, SSL_CTX *ctx);

#endif /* MCC_TLS_CALLBACKS_H */
