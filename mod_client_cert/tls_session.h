/* SPDX-License-Identifier: Apache-2.0 */
/**
 * @file tls_session.h
 * @brief Sessions that resume with what their full handshake established, or
 *        do not resume.
 *
 * OpenSSL keeps the client's leaf in a session, but neither its chain nor our
 * verdict on it nor the certificate that this side showed. All of that is
 * written into the session as ticket application data, which travels with it
 * into tickets (encrypted) and into mod_ssl's cache, and so into every other
 * process. A session without it, or with what does not fit this virtual host
 * any more, falls back to a full handshake.
 */
#ifndef MCC_TLS_SESSION_H
#define MCC_TLS_SESSION_H

#include "tls_host.h"

/** Put our callbacks before mod_ssl's. */
void mcc_tls_session_watch(mcc_tls_host *host, SSL_CTX *ctx);

/** Write what a handshake established into the session, or see to it that the
 *  session does not resume. */
void mcc_tls_session_store(SSL_SESSION *session,
                           const client_cert_handshake *handshake);

/** Read what the full handshake of a session established.
 *  @return NULL if there is nothing that fits the session's client and host;
 *          to be freed by the caller */
client_cert_handshake *mcc_tls_session_load(SSL_SESSION *session,
                                            const mcc_tls_host *host);

#endif /* MCC_TLS_SESSION_H */
