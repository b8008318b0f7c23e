/* SPDX-License-Identifier: Apache-2.0 */
/**
 * @file connection.h
 * @brief What is known of the client of a TLS connection.
 *
 * The SSL of an HTTP/2 connection belongs to the thread of its master; the
 * streams read what was recorded before the first of them began.
 */
#ifndef MCC_TLS_CONNECTION_H
#define MCC_TLS_CONNECTION_H

#include <httpd.h>

#include "request.h"
#include "tls/vhost.h"

/** What is known of a connection's client. What each request asks for comes
 *  first. */
typedef struct {
    mcc_connection_t common; /**< first: see request.h */
    /** mod_ssl's; NULL once that has let go of it, which is before the connection ends: for
     *  example when a client speaks plain HTTP to it. The request that mod_ssl then makes up
     *  passes this module's hooks like any other */
    SSL *ssl;
    conn_rec *c;
    /** the virtual host whose request was read last, which may ask for another
     *  handshake; NULL before the first, and without TLS there */
    const mcc_tls_vhost_t *answers;
    unsigned finished : 1; /**< the last handshake looked at was finished */
    unsigned presented_known : 1;
    unsigned has_leaf : 1; /**< the client presented a certificate in it */
    unsigned read : 1;     /**< a request was read */
    /** what the last finished handshake established; NULL if that is unknown,
     *  or there is no client certificate */
    client_cert_handshake *current;
    X509 *current_leaf; /**< NULL if the client presented none */
    const char *fault;  /**< why the last verification's outcome is lost, if it is */
    /** the last verification's outcome, until its handshake is finished */
    client_cert_handshake *pending;
    X509 *pending_leaf;
    /** the server's random of the last finished handshake, which each has
     *  another of; post-handshake authentication is none in this sense */
    unsigned char random[SSL3_RANDOM_SIZE];
    uint8_t verified_by[MCC_ID_LENGTH];   /**< the virtual host; with current */
    uint8_t presented[MCC_ID_LENGTH];     /**< by this side, if known */
    client_cert_offered_session *offered; /**< the session that was offered last; NULL for none */
} mcc_tls_connection_t;

/** Room in OpenSSL's structures; 0 if there is none. */
int mcc_tls_connection_pre_config(apr_pool_t *pconf);

/** mod_ssl's pre_handshake hook. */
int mcc_tls_connection_pre_handshake(conn_rec *c, SSL *ssl, int is_proxy);

/** process_connection hook: after mod_ssl's handshake, before HTTP/2. */
int mcc_tls_connection_process_connection(conn_rec *c);

/** post_read_request hook: mod_ssl may make another handshake for the request. */
int mcc_tls_connection_post_read_request(request_rec *r);

/** NULL if the connection is none of ours. */
mcc_tls_connection_t *mcc_tls_connection_of_ssl(const SSL *ssl);

/** The same by httpd's record, which an HTTP/2 stream has of its own. */
mcc_tls_connection_t *mcc_tls_connection_of(const conn_rec *c);

/** The same, and up to the last handshake; an HTTP/2 stream is on another thread,
 *  and takes what is there. */
mcc_tls_connection_t *mcc_tls_connection_refreshed(const conn_rec *c);

/** Forget the outcome of a verification whose handshake is not finished. */
void mcc_tls_connection_forget_pending(mcc_tls_connection_t *connection);

#endif /* MCC_TLS_CONNECTION_H */
