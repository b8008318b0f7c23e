/* SPDX-License-Identifier: Apache-2.0 */
/**
 * @file resumption.h
 * @brief OpenSSL's callbacks for tickets and cached sessions: which of them resume.
 */
#ifndef MCC_TLS_RESUMPTION_H
#define MCC_TLS_RESUMPTION_H

#include "tls/vhost.h"

/** Put our callbacks before mod_ssl's. */
void mcc_tls_resumption_install(mcc_tls_vhost_t *host, SSL_CTX *ctx);

#endif /* MCC_TLS_RESUMPTION_H */
