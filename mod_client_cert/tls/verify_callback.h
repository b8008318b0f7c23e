/* SPDX-License-Identifier: Apache-2.0 */
/**
 * @file verify_callback.h
 * @brief How OpenSSL verifies a virtual host's clients, and what came of it.
 *
 * mod_ssl's own answer will not do: on a resumed session it is SUCCESS for a
 * client that was let in unverified, and it does not say as which virtual host
 * the client was verified. So the verification itself is watched. Its outcome is
 * kept by connection (connection.h), and with the session, for those that resume
 * (session_record.h).
 */
#ifndef MCC_TLS_VERIFY_CALLBACK_H
#define MCC_TLS_VERIFY_CALLBACK_H

#include "tls/vhost.h"

/** Room in OpenSSL's structures; 0 if there is none. */
int mcc_tls_verify_callback_pre_config(apr_pool_t *pconf);

/** Watch how OpenSSL verifies this virtual host's clients. */
void mcc_tls_verify_callback_install(mcc_tls_vhost_t *host, SSL_CTX *ctx);

#endif /* MCC_TLS_VERIFY_CALLBACK_H */
