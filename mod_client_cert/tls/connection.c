/* SPDX-License-Identifier: Apache-2.0 */

#include "tls/connection.h"

#include <string.h>

#include "tls/ex_index.h"

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

int mcc_tls_connection_pre_config(apr_pool_t *pconf, apr_pool_t *plog, apr_pool_t *ptemp)
{
    (void)ptemp;
    return mcc_ex_index_new(&ssl_index, CRYPTO_EX_INDEX_SSL, forget_ssl, pconf, plog);
}

mcc_tls_connection_t *mcc_tls_connection_of_ssl(const SSL *ssl)
{
    return SSL_get_ex_data(ssl, ssl_index);
}

static apr_status_t free_connection(void *data)
{
    mcc_tls_connection_t *connection = data;

    if (connection->ssl) {
        SSL_set_ex_data(connection->ssl, ssl_index, NULL);
    }
    client_cert_tls_connection_free(connection->client);
    return APR_SUCCESS;
}

int mcc_tls_connection_pre_handshake(conn_rec *c, SSL *ssl, int is_proxy)
{
    mcc_tls_connection_t *connection;

    if (is_proxy || !mcc_needs_tls_client(mcc_server_config_of(c->base_server)->global)) {
        return DECLINED;
    }
    connection = apr_pcalloc(c->pool, sizeof(*connection));
    if (client_cert_tls_connection_new(&connection->client) != CLIENT_CERT_RESULT_OK) {
        return HTTP_INTERNAL_SERVER_ERROR;
    }
    apr_pool_cleanup_register(c->pool, connection, free_connection, apr_pool_cleanup_null);
    if (!SSL_set_ex_data(ssl, ssl_index, connection)) {
        return HTTP_INTERNAL_SERVER_ERROR;
    }
    connection->common.has_tls = 1;
    connection->ssl = ssl;
    connection->c = c;
    ap_set_module_config(c->conn_config, &client_cert_module, connection);
    return OK;
}

/* Also after a handshake that failed: mod_ssl goes on with a request whose client presented a
 * certificate in mid connection and could not prove that it holds the key. */
static void describe(const mcc_tls_connection_t *connection, client_cert_tls_handshake *handshake)
{
    SSL *ssl = connection->ssl;

    handshake->is_finished = ssl && SSL_is_init_finished(ssl);
    if (handshake->is_finished) {
        SSL_get_server_random(ssl, handshake->random, sizeof(handshake->random));
        handshake->leaf = SSL_get0_peer_certificate(ssl);
        handshake->host = mcc_tls_host_core(mcc_tls_host_of(ssl));
        handshake->presents = SSL_get_certificate(ssl);
        handshake->session = SSL_session_reused(ssl) ? SSL_get_session(ssl) : NULL;
    }
}

/* The record of a connection, or of the one that a stream belongs to; NULL if it is none of ours. */
static mcc_tls_connection_t *connection_of(const conn_rec *c)
{
    mcc_connection_t *connection = mcc_connection_of(c);

    return connection && connection->has_tls ? (mcc_tls_connection_t *)connection : NULL;
}

void mcc_tls_connection_refresh(const conn_rec *c)
{
    mcc_tls_connection_t *connection = c->master ? NULL : connection_of(c);
    client_cert_tls_handshake handshake = { 0 };
    client_cert_result result;

    if (!connection) {
        return;
    }
    describe(connection, &handshake);
    result = client_cert_tls_connection_finished(connection->client, &handshake);
    /* Nothing is written where nothing is wrong: streams may be reading. */
    if (result != CLIENT_CERT_RESULT_OK) {
        connection->fault = result;
    }
}

int mcc_tls_connection_post_read_request(request_rec *r)
{
    /* HTTP/2 has no other handshake. */
    mcc_tls_connection_t *connection = r->connection->master ? NULL : connection_of(r->connection);

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
        mcc_tls_connection_refresh(c);
    }
    return DECLINED;
}

void mcc_tls_identify(request_rec *r, apr_int64_t now, client_cert_tls_identity *identity)
{
    const mcc_tls_connection_t *connection = connection_of(r->connection);
    /* An HTTP/2 stream is on another thread, and takes what is there. */
    int is_stream = r->connection->master != NULL;
    client_cert_tls_handshake handshake = { 0 };
    client_cert_result result;

    memset(identity, 0, sizeof(*identity));
    if (!connection) {
        return;
    }
    result = connection->fault;
    if (result == CLIENT_CERT_RESULT_OK) {
        if (!is_stream) {
            describe(connection, &handshake);
        }
        result = client_cert_tls_connection_identify(
            connection->client, is_stream ? NULL : &handshake,
            mcc_tls_host_core(mcc_server_config_of(r->server)->tls_host), now, identity);
    }
    if (result != CLIENT_CERT_RESULT_OK) {
        identity->state = CLIENT_CERT_TLS_CLIENT_FAULT;
        identity->reason = client_cert_result_message(result);
        identity->client = NULL;
    }
}

const client_cert_signer *mcc_tls_signer(const request_rec *r, const char **why)
{
    const mcc_tls_connection_t *connection = connection_of(r->connection);
    const client_cert_signer *signer = NULL;
    client_cert_result result = client_cert_tls_connection_signer(
        connection ? connection->client : NULL,
        mcc_tls_host_core(mcc_server_config_of(r->server)->tls_host), &signer, why);

    if (result != CLIENT_CERT_RESULT_OK) {
        *why = client_cert_result_message(result);
    }
    return signer;
}
