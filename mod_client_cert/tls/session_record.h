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

/** A session's record as it was read for a connection, with all that it was
 *  read from. Empty where all is zero. */
typedef struct {
    client_cert_handshake *handshake; /**< NULL where none is remembered */
    const mcc_tls_vhost_t *host;
    X509 *leaf;  /**< a reference; NULL if the session has no client's */
    void *bytes; /**< a copy of the record */
    size_t length;
} mcc_tls_session_record_t;

/** What the full handshake of a session established. The remembered record is used if the
 *  session's is the same; else the session's is read. None is remembered afterwards.
 *  @return NULL if there is nothing that fits the session's client and host; to be freed
 *          by the caller */
client_cert_handshake *mcc_tls_session_take(mcc_tls_session_record_t *remembered,
                                            SSL_SESSION *session, const mcc_tls_vhost_t *host);

/** Read the record of a session that a client offers, and remember it.
 *  @return 0 if there is none that fits the session's client and host, and why, for the
 *          log; why is NULL else */
int mcc_tls_session_read(mcc_tls_session_record_t *remembered, SSL_SESSION *session,
                         const mcc_tls_vhost_t *host, const char **why);

/** Whether a session has a record, of whatever sort. */
int mcc_tls_session_has_record(SSL_SESSION *session);

/** Forget the remembered record. */
void mcc_tls_session_forget(mcc_tls_session_record_t *remembered);

#endif /* MCC_TLS_SESSION_RECORD_H */
