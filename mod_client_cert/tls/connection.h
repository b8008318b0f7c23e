/* SPDX-License-Identifier: Apache-2.0 */
/**
 * @file connection.h
 * @brief Who the TLS client of a connection is, and whether that was verified.
 *
 * The SSL of an HTTP/2 connection belongs to the thread of its master; the streams read what was
 * recorded before the first of them began.
 */
#ifndef MCC_TLS_CONNECTION_H
#define MCC_TLS_CONNECTION_H

#include <httpd.h>

#include "request.h"
#include "tls/host.h"

/** What is known of a connection's client. */
typedef struct {
    mcc_connection_t common; /**< first: see request.h */
    /** mod_ssl's; NULL once that has let go of it, which is before the connection ends: for
     *  example when a client speaks plain HTTP to it. The request that mod_ssl then makes up
     *  passes this module's hooks like any other */
    SSL *ssl;
    conn_rec *c;
    client_cert_tls_connection *client; /**< what its handshakes established */
    /** why that cannot be relied on any more, if it cannot */
    client_cert_result fault;
    /** the virtual host whose request was read last, which may ask for another
     *  handshake; NULL before the first, and without TLS there */
    const mcc_tls_vhost_t *answers;
    unsigned read : 1; /**< a request was read */
    /** while OpenSSL verifies a client's chain: what its callback has seen */
    struct {
        X509_STORE_CTX_verify_cb next;
        int faultless;
    } verification;
} mcc_tls_connection_t;

/** pre_config hook: OpenSSL's slot for what is ours. */
int mcc_tls_connection_pre_config(apr_pool_t *pconf, apr_pool_t *plog, apr_pool_t *ptemp);

/** mod_ssl's pre_handshake hook. */
int mcc_tls_connection_pre_handshake(conn_rec *c, SSL *ssl, int is_proxy);

/** process_connection hook: after mod_ssl's handshake, before HTTP/2. */
int mcc_tls_connection_process_connection(conn_rec *c);

/** post_read_request hook: mod_ssl may make another handshake for the request. */
int mcc_tls_connection_post_read_request(request_rec *r);

/** NULL if the connection is none of ours. */
mcc_tls_connection_t *mcc_tls_connection_of_ssl(const SSL *ssl);

/** Note what the last handshake of a connection established, before another thread looks at it. */
void mcc_tls_connection_refresh(const conn_rec *c);

/** The client of a request, if it was verified as the virtual host that answers it verifies clients
 *  and its certificate is valid at now (Unix time, seconds). It lives until the connection's next
 *  handshake, which is not before the request is done with it. */
void mcc_tls_identify(request_rec *r, apr_int64_t now, client_cert_tls_identity *identity);

/** The signer with the certificate that terminated this side of a request's connection, whether or
 *  not the client presented one. Not before mcc_tls_identify().
 *  @return NULL, and why, if there is none */
const client_cert_signer *mcc_tls_signer(const request_rec *r, const char **why);

#endif /* MCC_TLS_CONNECTION_H */
