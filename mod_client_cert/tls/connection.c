/* SPDX-License-Identifier: Apache-2.0 */

#include "tls/connection.h"

#include <string.h>

#include <http_log.h>

#include <openssl/err.h>

#include "tls/ex_index.h"
#include "tls/session_record.h"

APLOG_USE_MODULE(client_cert);

/* The slot for mcc_tls_connection_t in an SSL. */
static int ssl_index = -1;

/* Runs in SSL_free(). A reference of our own would keep each SSL until its
 * connection's pool goes, which after a lingering close is much later, and in
 * another thread. */
static void forget_ssl(void *ssl, void *data, CRYPTO_EX_DATA *slots, int index, long argl,
                       void *argp)
{
    mcc_tls_connection_t *connection = data;

    (void)ssl;
    (void)slots;
    (void)index;
    (void)argl;
    (void)argp;
    if (connection) {
        connection->ssl = NULL;
    }
}

int mcc_tls_connection_pre_config(apr_pool_t *pconf)
{
    return mcc_ex_index_new(&ssl_index, CRYPTO_EX_INDEX_SSL, forget_ssl, pconf);
}

mcc_tls_connection_t *mcc_tls_connection_of_ssl(const SSL *ssl)
{
    return SSL_get_ex_data(ssl, ssl_index);
}

void mcc_tls_connection_forget_pending(mcc_tls_connection_t *connection)
{
    if (!connection->pending && !connection->pending_leaf) {
        return;
    }
    client_cert_handshake_free(connection->pending);
    X509_free(connection->pending_leaf);
    connection->pending = NULL;
    connection->pending_leaf = NULL;
}

static apr_status_t free_connection(void *data)
{
    mcc_tls_connection_t *connection = data;

    if (connection->ssl) {
        SSL_set_ex_data(connection->ssl, ssl_index, NULL);
    }
    mcc_tls_connection_forget_pending(connection);
    mcc_tls_session_forget(&connection->offered);
    client_cert_handshake_free(connection->current);
    X509_free(connection->current_leaf);
    return APR_SUCCESS;
}

int mcc_tls_connection_pre_handshake(conn_rec *c, SSL *ssl, int is_proxy)
{
    mcc_tls_connection_t *connection;

    if (is_proxy || !mcc_needs_tls_client(mcc_server_config_of(c->base_server)->global)) {
        return DECLINED;
    }
    connection = apr_pcalloc(c->pool, sizeof(*connection));
    if (!SSL_set_ex_data(ssl, ssl_index, connection)) {
        return HTTP_INTERNAL_SERVER_ERROR;
    }
    connection->common.has_tls = 1;
    connection->ssl = ssl;
    connection->c = c;
    apr_pool_cleanup_register(c->pool, connection, free_connection, apr_pool_cleanup_null);
    ap_set_module_config(c->conn_config, &client_cert_module, connection);
    return OK;
}

static void set_current(mcc_tls_connection_t *connection, client_cert_handshake *handshake,
                        X509 *leaf)
{
    client_cert_handshake_free(connection->current);
    X509_free(connection->current_leaf);
    connection->has_leaf = leaf ? 1 : 0;
    connection->current_leaf = leaf && X509_up_ref(leaf) ? leaf : NULL;
    connection->current = handshake;
    if (handshake
        && client_cert_handshake_vhost(handshake, connection->verified_by)
               != CLIENT_CERT_RESULT_OK) {
        client_cert_handshake_free(handshake);
        connection->current = NULL;
    }
}

static int is_another_handshake(mcc_tls_connection_t *connection)
{
    unsigned char random[SSL3_RANDOM_SIZE];

    SSL_get_server_random(connection->ssl, random, sizeof(random));
    if (!memcmp(random, connection->random, sizeof(random))) {
        return 0;
    }
    memcpy(connection->random, random, sizeof(random));
    return 1;
}

/* What a handshake says but for the client that was verified in it: a session
 * that resumed tells what its full handshake established. */
static void look_at_handshake(mcc_tls_connection_t *connection, const mcc_tls_vhost_t *host,
                              X509 *leaf)
{
    SSL *ssl = connection->ssl;
    client_cert_handshake *resumed = NULL;

    if (host && SSL_session_reused(ssl)) {
        resumed = mcc_tls_session_take(&connection->offered, SSL_get_session(ssl), host);
        connection->presented_known =
            resumed
            && client_cert_handshake_signer_id(resumed, connection->presented)
                   == CLIENT_CERT_RESULT_OK;
    }
    else {
        mcc_tls_session_forget(&connection->offered);
        connection->presented_known =
            host && mcc_tls_vhost_certificate_id(host, ssl, connection->presented);
    }
    ERR_clear_error();
    set_current(connection, resumed, leaf);
}

/* Update the record to the last handshake. Only on the connection's own thread. */
static void refresh(mcc_tls_connection_t *connection)
{
    SSL *ssl = connection->ssl;
    unsigned finished;
    X509 *leaf;

    /* Also after a handshake that failed: mod_ssl goes on with a request whose client presented
     * a certificate in mid connection and could not prove that it holds the key. */
    finished = ssl && SSL_is_init_finished(ssl) ? 1 : 0;
    /* Streams may be reading: write what has changed, which on HTTP/2 is
     * nothing any more. */
    if (connection->finished != finished) {
        connection->finished = finished;
    }
    if (!finished) {
        return;
    }
    leaf = SSL_get0_peer_certificate(ssl);
    if (is_another_handshake(connection)) {
        look_at_handshake(connection, mcc_tls_vhost_of(ssl), leaf);
    }
    if (connection->pending && leaf == connection->pending_leaf) {
        set_current(connection, connection->pending, leaf);
        connection->pending = NULL;
    }
    else if (connection->pending || leaf != connection->current_leaf) {
        set_current(connection, NULL, leaf);
    }
    mcc_tls_connection_forget_pending(connection);
}

mcc_tls_connection_t *mcc_tls_connection_of(const conn_rec *c)
{
    mcc_connection_t *connection = mcc_connection_of(c);

    return connection && connection->has_tls ? (mcc_tls_connection_t *)connection : NULL;
}

/* An HTTP/2 stream is on another thread, and takes what is there. */
mcc_tls_connection_t *mcc_tls_connection_refreshed(const conn_rec *c)
{
    mcc_tls_connection_t *connection = mcc_tls_connection_of(c);

    if (connection && !c->master) {
        refresh(connection);
    }
    return connection;
}

int mcc_tls_connection_post_read_request(request_rec *r)
{
    /* HTTP/2 has no other handshake. */
    mcc_tls_connection_t *connection =
        r->connection->master ? NULL : mcc_tls_connection_of(r->connection);

    if (connection) {
        connection->answers = mcc_server_config_of(r->server)->tls_host;
        connection->read = 1;
    }
    return DECLINED;
}

int mcc_tls_connection_process_connection(conn_rec *c)
{
    /* Who asks for the client looks at later handshakes; the MPM may come here
     * again for each request. */
    if (!c->keepalives) {
        mcc_tls_connection_refreshed(c);
    }
    return DECLINED;
}
