/* SPDX-License-Identifier: Apache-2.0 */
/**
 * @file verify_callback.h
 * @brief How OpenSSL verifies a virtual host's clients, and what came of it.
 *
 * mod_ssl's own result does not suffice: on a resumed session it is SUCCESS for
 * a client that was admitted unverified, and it does not say for which virtual
 * host the client was verified. So the verification itself is observed. Its
 * outcome is stored in the connection's record (connection.h), and in the
 * session, for connections that resume it (session_record.h).
 */
#ifndef MCC_TLS_VERIFY_CALLBACK_H
#define MCC_TLS_VERIFY_CALLBACK_H

#include "tls/vhost.h"

/** Room in OpenSSL's structures; 0 if there is none. */
int mcc_tls_verify_callback_pre_config(apr_pool_t *pconf);

/** Install the callbacks that observe how OpenSSL verifies this virtual host's clients. */
void mcc_tls_verify_callback_install(mcc_tls_vhost_t *host, SSL_CTX *ctx);

#endif /* MCC_TLS_VERIFY_CALLBACK_H */
