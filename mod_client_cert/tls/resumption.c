/* SPDX-License-Identifier: Apache-2.0 */

#include "tls/resumption.h"

#include <http_log.h>

#include <openssl/err.h>

#include "tls/connection.h"
#include "tls/session_record.h"

APLOG_USE_MODULE(client_cert);

/* OpenSSL may call this for several sessions in one handshake, and may still decline each. The
 * record is the last one's; it is compared again before it is used. */
static int may_resume(const SSL *ssl, SSL_SESSION *session)
{
    const mcc_tls_vhost_t *host = mcc_tls_vhost_of(ssl);
    mcc_tls_connection_t *connection = mcc_tls_connection_of_ssl(ssl);
    client_cert_result result;

    if (!host || !connection) {
        return 0;
    }
    result = mcc_tls_session_read(&connection->offered, session, host);
    if (result != CLIENT_CERT_RESULT_OK) {
        ap_log_cerror(APLOG_MARK, APLOG_TRACE1, 0, connection->c,
                      "the TLS session that was offered does not resume: %s",
                      client_cert_result_message(result));
    }
    return result == CLIENT_CERT_RESULT_OK;
}

/* A session in which no client was verified has no record yet: at least the certificate that
 * this side presented has to be known if a client authenticates later in the connection. */
static void record_without_client(SSL *ssl, SSL_SESSION *session)
{
    const mcc_tls_vhost_t *host = mcc_tls_vhost_of(ssl);
    client_cert_handshake *handshake = NULL;
    uint8_t id[MCC_ID_LENGTH];

    if (!host || !session || SSL_SESSION_get0_peer(session) || SSL_session_reused(ssl)
        || mcc_tls_session_has_record(session)) {
        return;
    }
    if (mcc_tls_vhost_certificate_id(host, ssl, id)
        && client_cert_handshake_new(host->fingerprint, id, NULL, NULL, 0, false, &handshake)
               == CLIENT_CERT_RESULT_OK) {
        mcc_tls_session_store(session, handshake);
        client_cert_handshake_free(handshake);
    }
    ERR_clear_error();
}

static int generate_ticket(SSL *ssl, void *unused)
{
    (void)unused;
    record_without_client(ssl, SSL_get_session(ssl));
    return 1;
}

static SSL_TICKET_RETURN decrypt_ticket(SSL *ssl, SSL_SESSION *session, const unsigned char *name,
                                        size_t name_length, SSL_TICKET_STATUS status, void *unused)
{
    (void)name;
    (void)name_length;
    (void)unused;
    switch (status) {
    case SSL_TICKET_SUCCESS:
        return may_resume(ssl, session) ? SSL_TICKET_RETURN_USE : SSL_TICKET_RETURN_IGNORE_RENEW;
    case SSL_TICKET_SUCCESS_RENEW:
        return may_resume(ssl, session) ? SSL_TICKET_RETURN_USE_RENEW
                                        : SSL_TICKET_RETURN_IGNORE_RENEW;
    default:
        return SSL_TICKET_RETURN_IGNORE_RENEW;
    }
}

/* Sessions in the server's cache never pass the ticket callbacks. */
static SSL_SESSION *get_session(SSL *ssl, const unsigned char *id, int length, int *copy)
{
    const mcc_tls_vhost_t *host = mcc_tls_vhost_of(ssl);
    SSL_SESSION *session;

    if (!host || !host->get_session) {
        return NULL;
    }
    session = host->get_session(ssl, id, length, copy);
    if (session && !may_resume(ssl, session)) {
        /* With *copy the reference is the cache's, else it is ours. */
        if (!*copy) {
            SSL_SESSION_free(session);
        }
        return NULL;
    }
    return session;
}

static int new_session(SSL *ssl, SSL_SESSION *session)
{
    const mcc_tls_vhost_t *host = mcc_tls_vhost_of(ssl);

    record_without_client(ssl, session);
    return host && host->new_session ? host->new_session(ssl, session) : 0;
}

void mcc_tls_resumption_install(mcc_tls_vhost_t *host, SSL_CTX *ctx)
{
    host->get_session = SSL_CTX_sess_get_get_cb(ctx);
    host->new_session = SSL_CTX_sess_get_new_cb(ctx);
    if (host->get_session) {
        SSL_CTX_sess_set_get_cb(ctx, get_session);
    }
    if (host->new_session) {
        SSL_CTX_sess_set_new_cb(ctx, new_session);
    }
    SSL_CTX_set_session_ticket_cb(ctx, generate_ticket, decrypt_ticket, NULL);
}
