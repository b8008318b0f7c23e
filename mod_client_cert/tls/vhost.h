/* SPDX-License-Identifier: Apache-2.0 */
/**
 * @file vhost.h
 * @brief One virtual host as mod_ssl terminates it: who it is, and with which
 *        certificates it can sign.
 *
 * Made in mod_ssl's init_server hook, read-only from then on.
 */
#ifndef MCC_TLS_VHOST_H
#define MCC_TLS_VHOST_H

#include <httpd.h>

#include <mod_ssl_openssl.h>

#include "config/config.h"

#define MCC_ID_LENGTH 32

/** One of the certificates that SSLCertificateFile gave a virtual host; mod_ssl's
 *  objects, which live as long as its configuration. */
typedef struct {
    /** what it is looked up by: a host's fingerprint, and SHA-256 of its DER */
    struct {
        uint8_t vhost[MCC_ID_LENGTH];
        uint8_t id[MCC_ID_LENGTH];
    } key;
    X509 *certificate;
    EVP_PKEY *private_key;
    STACK_OF(X509) * chain;           /**< NULL if there is none */
    const client_cert_signer *signer; /**< NULL where nothing is to be signed */
} mcc_tls_certificate_t;

struct mcc_tls_vhost {
    server_rec *server;
    /** all that the verification of a client depends on here, see
     *  client_cert_vhosts_fingerprint(): a session of a virtual host that verifies otherwise, or
     *  of this one before its CAs changed, bears another */
    uint8_t fingerprint[MCC_ID_LENGTH];
    apr_uint32_t depth; /**< the largest SSLVerifyDepth, sections included */
    int asks;           /**< whether SSLVerifyClient asks each client for a certificate */
    int security_level; /**< the least; -1 where sections have some of their own */
    apr_array_header_t *certificates; /**< (mcc_tls_certificate_t *) */
    apr_array_header_t *ids;          /**< (MCC_ID_LENGTH octets) of each */
    /** mod_ssl's callbacks, called by ours */
    SSL_SESSION *(*get_session)(SSL *, const unsigned char *, int, int *);
    int (*new_session)(SSL *, SSL_SESSION *);
};

/** OpenSSL's slot for what is ours.
 *  @return 0 if there is no room */
int mcc_tls_vhost_pre_config(apr_pool_t *pconf);

/** Make a connection's SSL_CTX lead to the virtual host.
 *  @return 0 if OpenSSL fails */
int mcc_tls_vhost_attach(mcc_tls_vhost_t *host, SSL_CTX *ctx);

/** The virtual host whose SSL_CTX a connection uses now; SNI changes it in
 *  mid handshake. NULL where none is ours. */
mcc_tls_vhost_t *mcc_tls_vhost_of(const SSL *ssl);

/** Write the id of the certificate that this side of the connection presents.
 *  @return 0 if there is none */
int mcc_tls_vhost_certificate_id(const mcc_tls_vhost_t *host, const SSL *ssl,
                                 uint8_t id[MCC_ID_LENGTH]);

/** The signer whose certificate has this id, of this host or of one that is equal
 *  to it; NULL if there is none, or no host. */
const client_cert_signer *mcc_tls_vhost_signer(const mcc_tls_vhost_t *host,
                                               const uint8_t id[MCC_ID_LENGTH]);

#endif /* MCC_TLS_VHOST_H */
