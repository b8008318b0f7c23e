/* SPDX-License-Identifier: Apache-2.0 */
/**
 * @file vhost_fingerprint.h
 * @brief All that the verification of a client depends on at one virtual host.
 */
#ifndef MCC_TLS_VHOST_FINGERPRINT_H
#define MCC_TLS_VHOST_FINGERPRINT_H

#include <httpd.h>

#include "tls/vhost.h"

/** SHA-256 over which CAs and CRLs a virtual host has, and how they are applied:
 *  what mod_ssl's directives say, and what it has made of them. The same for two
 *  virtual hosts that verify alike, in every process, and after a restart that
 *  changed nothing of it. Where something of it is not known, it is like no
 *  other.
 *  @return 0 if OpenSSL fails */
int mcc_tls_fingerprint(const server_rec *s, SSL_CTX *ctx, uint8_t fingerprint[MCC_ID_LENGTH],
                        apr_pool_t *p);

#endif /* MCC_TLS_VHOST_FINGERPRINT_H */
