/* SPDX-License-Identifier: Apache-2.0 */
/**
 * @file tls_client.h
 * @brief Who the TLS client of a connection is, and whether that was verified.
 *
 * mod_ssl's own answer will not do: on a resumed session it is SUCCESS for a
 * client that was let in unverified, and it does not say as which virtual host
 * the client was verified. So the verification itself is watched
 * (tls_session.h carries its outcome over to resumed sessions), and the outcome
 * is kept by connection.
 *
 * The SSL of an HTTP/2 connection belongs to the thread of its master; the
 * streams read what was kept before the first of them began.
 */
#ifndef MCC_TLS_CLIENT_H
#define MCC_TLS_CLIENT_H

#include <httpd.h>

#include "tls_host.h"
#include "tls_session.h"

typedef enum {
    MCC_VERDICT_NONE,       /**< no TLS, or no client certificate */
    MCC_VERDICT_UNVERIFIED, /**< one that must not be forwarded */
    MCC_VERDICT_FAULT,      /**< who it is could not be found out, by our fault */
    MCC_VERDICT_VERIFIED
} mcc_tls_verdict;

typedef struct {
    mcc_tls_verdict verdict;
    const char *reason; /**< with MCC_VERDICT_UNVERIFIED and _FAULT, for the log */
    /** with MCC_VERDICT_VERIFIED; lives until the connection's next
     *  handshake, which is not before the request is done with it */
    const client_cert_client *client;
} mcc_tls_identity;

/** Room in OpenSSL's structures; 0 if there is none. */
int mcc_tls_client_pre_config(apr_pool_t *pconf);

/** Watch how OpenSSL verifies this virtual host's clients. */
void mcc_tls_client_watch(mcc_tls_host *host, SSL_CTX *ctx);

/** mod_ssl's pre_handshake hook. */
int mcc_tls_client_pre_handshake(conn_rec *c, SSL *ssl, int is_proxy);

/** process_connection hook: after mod_ssl's handshake, before HTTP/2. */
int mcc_tls_client_process_connection(conn_rec *c);

/** post_read_request hook: mod_ssl may make another handshake for the request. */
int mcc_tls_client_post_read_request(request_rec *r);

/** protocol_switch hook, before the connection becomes HTTP/2: the request that
 *  asked for it may have been the one in which the client changed. */
int mcc_tls_client_protocol_switch(conn_rec *c, request_rec *r, server_rec *s,
                                   const char *protocol);

/** The client of a request, if it was verified as the virtual host that answers it
 *  verifies clients and its certificate is valid at now (Unix time, seconds). */
void mcc_tls_identify(request_rec *r, apr_int64_t now,
                      mcc_tls_identity *identity);

/** Where a connection keeps the record of the session that its client offered
 *  last; NULL if the connection is none of ours. */
mcc_tls_session_record *mcc_tls_client_session_record(const SSL *ssl);

/** Write the id of the certificate with which this side of a request's
 *  connection was terminated by its last handshake, whether or not the client
 *  showed one. On a resumed session that is the full handshake's. Not before
 *  mcc_tls_identify().
 *  @return 0 if that is not known, or there is no TLS */
int mcc_tls_shown(const request_rec *r, uint8_t id[MCC_ID_LENGTH]);

#endif /* MCC_TLS_CLIENT_H */
