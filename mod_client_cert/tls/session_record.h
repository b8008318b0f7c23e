/* SPDX-License-Identifier: Apache-2.0 */
/**
 * @file session_record.h
 * @brief Sessions that resume with what their full handshake established,
 *        or do not resume.
 *
 * OpenSSL stores the client's leaf in a session, but neither its chain, nor the
 * outcome of its verification, nor the certificate that this side presented. All
 * of that is written into the session as ticket application data, which travels
 * with it into tickets (encrypted) and into mod_ssl's cache, and so into every
 * other process. A session without it, or with what does not fit this virtual
 * host any more, falls back to a full handshake.
 */
#ifndef MCC_TLS_SESSION_RECORD_H
#define MCC_TLS_SESSION_RECORD_H

#include "tls/vhost.h"

/** Write what a handshake established into the session, or see to it that the
 *  session does not resume. */
void mcc_tls_session_store(SSL_SESSION *session, const client_cert_handshake *handshake);

/** Read the record of a session that a client offers, in place of the one that was
 *  offered before.
 *  @return why the session must not resume, if so */
client_cert_result mcc_tls_session_read(client_cert_offered_session **offered, SSL_SESSION *session,
                                        const mcc_tls_vhost_t *host);

/** What the full handshake of a session established, as it was read when the session was
 *  offered; nothing is remembered afterwards.
 *  @return NULL if there is nothing that fits the session's client and host; to be freed
 *          by the caller */
client_cert_handshake *mcc_tls_session_take(client_cert_offered_session **offered,
                                            SSL_SESSION *session, const mcc_tls_vhost_t *host);

/** Whether a session has a record, of whatever sort. */
int mcc_tls_session_has_record(SSL_SESSION *session);

/** Forget what was read. */
void mcc_tls_session_forget(client_cert_offered_session **offered);

#endif /* MCC_TLS_SESSION_RECORD_H */
