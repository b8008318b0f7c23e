/* SPDX-License-Identifier: Apache-2.0 */

#include "tls/callbacks.h"

#include <http_log.h>

#include "tls/connection.h"

APLOG_USE_MODULE(client_cert);

static mcc_tls_connection_t *connection_of(X509_STORE_CTX *store)
{
    const SSL *ssl = X509_STORE_CTX_get_ex_data(store, SSL_get_ex_data_X509_STORE_CTX_idx());

    return ssl ? mcc_tls_connection_of_ssl(ssl) : NULL;
}

/* mod_ssl lets errors pass, as it is configured to (optional_no_ca), and even
 * clears one that a later check left behind. Every error counts here but the
 * one that an administrator may tell mod_ssl to ignore for good
 * (SSLCARevocationCheck … no_crl_for_cert_ok). */
static int watch_verification(int ok, X509_STORE_CTX *store)
{
    mcc_tls_connection_t *connection = connection_of(store);
    int error = X509_STORE_CTX_get_error(store);
    int accepted = connection->verification.next ? connection->verification.next(ok, store) : ok;

    if (!ok
        && !(error == X509_V_ERR_UNABLE_TO_GET_CRL
             && X509_STORE_CTX_get_error(store) == X509_V_OK)) {
        connection->verification.faultless = 0;
        ap_log_cerror(APLOG_MARK, APLOG_TRACE1, 0, connection->c,
                      "the client's certificate counts as unverified: at depth %d: %s",
                      X509_STORE_CTX_get_error_depth(store), X509_verify_cert_error_string(error));
    }
    return accepted;
}

/* The handshake is not finished yet: the client has still to prove that it holds the key. */
static void record_verification(mcc_tls_connection_t *connection, const client_cert_tls_host *host,
                                X509_STORE_CTX *store, int ok)
{
    SSL *ssl = connection->ssl;
    client_cert_tls_verification run = {
        .leaf = X509_STORE_CTX_get0_cert(store),
        .chain = X509_STORE_CTX_get0_chain(store),
        .presents = SSL_get_certificate(ssl),
        .session = SSL_get_session(ssl),
        .asked_by = mcc_tls_host_core(connection->answers),
        .is_for_request = connection->read,
        .is_resumed = SSL_session_reused(ssl),
        .goes_on = ok > 0,
        .is_faultless =
            connection->verification.faultless && X509_STORE_CTX_get_error(store) == X509_V_OK,
        .security_level = SSL_get_security_level(ssl),
    };
    const char *why = NULL;
    client_cert_result result =
        client_cert_tls_connection_verified(connection->client, host, &run, &why);

    if (result != CLIENT_CERT_RESULT_OK) {
        connection->fault = result;
        SSL_SESSION_set1_ticket_appdata(run.session, NULL, 0);
    }
    else if (why) {
        ap_log_cerror(APLOG_MARK, APLOG_INFO, 0, connection->c,
                      "the client's certificate counts as unverified: %s", why);
    }
}

static int verify_client(X509_STORE_CTX *store, void *host)
{
    mcc_tls_connection_t *connection = connection_of(store);
    int ok;

    if (!connection) {
        ok = X509_verify_cert(store);
        return ok > 0;
    }
    connection->verification.next = X509_STORE_CTX_get_verify_cb(store);
    connection->verification.faultless = 1;
    X509_STORE_CTX_set_verify_cb(store, watch_verification);
    ok = X509_verify_cert(store);
    X509_STORE_CTX_set_verify_cb(store, connection->verification.next);
    record_verification(connection, host, store, ok);
    return ok > 0 ? ok : 0;
}

/* OpenSSL may call this for several sessions in one handshake, and may still decline each. The
 * record is the last one's; it is compared again before it is used. */
static int may_resume(const SSL *ssl, SSL_SESSION *session)
{
    const mcc_tls_vhost_t *host = mcc_tls_host_of(ssl);
    mcc_tls_connection_t *connection = mcc_tls_connection_of_ssl(ssl);
    client_cert_result result;

    if (!host || !connection) {
        return 0;
    }
    result = client_cert_tls_connection_offered(connection->client, host->host, session);
    if (result != CLIENT_CERT_RESULT_OK) {
        ap_log_cerror(APLOG_MARK, APLOG_TRACE1, 0, connection->c,
                      "the TLS session that was offered does not resume: %s",
                      client_cert_result_message(result));
    }
    return result == CLIENT_CERT_RESULT_OK;
}

/* A session in which no client was verified has no record yet. */
static void record_without_client(const SSL *ssl, SSL_SESSION *session)
{
    const mcc_tls_vhost_t *host = mcc_tls_host_of(ssl);

    if (host && session && !SSL_session_reused(ssl)) {
        (void)client_cert_tls_host_record(host->host, SSL_get_certificate(ssl), session);
    }
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
    const mcc_tls_vhost_t *host = mcc_tls_host_of(ssl);
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
    const mcc_tls_vhost_t *host = mcc_tls_host_of(ssl);

    record_without_client(ssl, session);
    return host && host->new_session ? host->new_session(ssl, session) : 0;
}

int mcc_tls_callbacks_init_server(server_rec *s, apr_pool_t *p, int is_proxy, SSL_CTX *ctx)
{
    mcc_server_config_t *conf = mcc_server_config_of(s);
    mcc_tls_vhost_t *host;

    if (is_proxy || !mcc_needs_tls_client(conf->global)) {
        return DECLINED;
    }
    if (conf->tls_host) {
        ap_log_error(APLOG_MARK, APLOG_EMERG, 0, s, "two virtual hosts share one configuration");
        return HTTP_INTERNAL_SERVER_ERROR;
    }
    host = mcc_tls_host_make(s, p, ctx);
    if (!host) {
        return HTTP_INTERNAL_SERVER_ERROR;
    }
    SSL_CTX_set_cert_verify_callback(ctx, verify_client, (void *)host->host);
    host->get_session = SSL_CTX_sess_get_get_cb(ctx);
    host->new_session = SSL_CTX_sess_get_new_cb(ctx);
    if (host->get_session) {
        SSL_CTX_sess_set_get_cb(ctx, get_session);
    }
    if (host->new_session) {
        SSL_CTX_sess_set_new_cb(ctx, new_session);
    }
    SSL_CTX_set_session_ticket_cb(ctx, generate_ticket, decrypt_ticket, NULL);
    conf->tls_host = host;
    return OK;
}
