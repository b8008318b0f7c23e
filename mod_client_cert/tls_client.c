/* SPDX-License-Identifier: Apache-2.0 */

#include "tls_client.h"

#include <string.h>

#include <http_log.h>

#include <openssl/err.h>

#include "connection.h"
#include "often.h"

APLOG_USE_MODULE(client_cert);

/** What is known of a connection's client. What each request asks for comes
 *  first. */
typedef struct {
    mcc_connection common; /**< first: see connection.h */
    /** mod_ssl's; NULL once that has let go of it, which is before the
     *  connection ends, for one when somebody speaks plain HTTP to it, and the
     *  request that it then makes up comes to us like any other */
    SSL *ssl;
    conn_rec *c;
    /** the virtual host whose request was read last, which may ask for another
     *  handshake; NULL before the first, and without TLS there */
    const mcc_tls_host *answers;
    unsigned finished : 1; /**< the last handshake looked at was finished */
    unsigned shown_known : 1;
    unsigned has_leaf : 1; /**< the client showed a certificate in it */
    unsigned read : 1; /**< a request was read */
    /** what the last finished handshake established; NULL if that is unknown,
     *  or there is no client certificate */
    client_cert_handshake *current;
    X509 *current_leaf; /**< NULL if the client showed none */
    const char *fault; /**< why the last verification's outcome is lost, if it is */
    /** the last verification's outcome, until its handshake is finished */
    client_cert_handshake *pending;
    X509 *pending_leaf;
    /** the server's random of the last finished handshake, which each has
     *  another of; post-handshake authentication is none in this sense */
    unsigned char random[SSL3_RANDOM_SIZE];
    uint8_t verified_by[MCC_ID_LENGTH]; /**< the virtual host; with current */
    uint8_t shown[MCC_ID_LENGTH]; /**< what this side showed, if known */
    mcc_tls_session_record offered; /**< the session that was offered last */
} tls_connection;

/** One run of X509_verify_cert, seen from its callback. */
typedef struct {
    X509_STORE_CTX_verify_cb next;
    int faultless;
} verification;

/* Slots for tls_connection in an SSL and for verification in an
 * X509_STORE_CTX; see ctx_index in tls_host.c. */
static int ssl_index = -1;
static int store_index = -1;

static apr_status_t free_indexes(void *unused)
{
    (void)unused;
    if (ssl_index >= 0) {
        CRYPTO_free_ex_index(CRYPTO_EX_INDEX_SSL, ssl_index);
    }
    if (store_index >= 0) {
        CRYPTO_free_ex_index(CRYPTO_EX_INDEX_X509_STORE_CTX, store_index);
    }
    ssl_index = store_index = -1;
    return APR_SUCCESS;
}

/* Runs in SSL_free(). A reference of our own would keep each SSL until its
 * connection's pool goes, which after a lingering close is much later, and in
 * another thread. */
static void forget_ssl(void *ssl, void *data, CRYPTO_EX_DATA *slots, int index,
                       long argl, void *argp)
{
    tls_connection *connection = data;

    (void)ssl;
    (void)slots;
    (void)index;
    (void)argl;
    (void)argp;
    if (connection) {
        connection->ssl = NULL;
    }
}

int mcc_tls_client_pre_config(apr_pool_t *pconf)
{
    ssl_index = SSL_get_ex_new_index(0, NULL, NULL, NULL, forget_ssl);
    store_index = X509_STORE_CTX_get_ex_new_index(0, NULL, NULL, NULL, NULL);
    apr_pool_cleanup_register(pconf, NULL, free_indexes, apr_pool_cleanup_null);
    return ssl_index >= 0 && store_index >= 0;
}

/* mod_ssl lets errors pass, as it is configured to (optional_no_ca), and even
 * clears one that a later check left behind. Every error counts here but the
 * one that an administrator may tell mod_ssl to ignore for good
 * (SSLCARevocationCheck … no_crl_for_cert_ok). */
static int watch_verification(int ok, X509_STORE_CTX *store)
{
    verification *seen = X509_STORE_CTX_get_ex_data(store, store_index);
    int error = X509_STORE_CTX_get_error(store);
    int accepted = seen->next ? seen->next(ok, store) : ok;

    if (!ok
        && !(error == X509_V_ERR_UNABLE_TO_GET_CRL
             && X509_STORE_CTX_get_error(store) == X509_V_OK)) {
        seen->faultless = 0;
    }
    return accepted;
}

/* Whether a verification that found no fault was the one of this virtual host. In
 * mid connection it is made for a request, with mod_ssl's settings of the virtual
 * host and the section that it is for, on OpenSSL's context of the handshake. And
 * a .htaccess file can make it laxer than the administrator did. */
static int is_hosts_own(const tls_connection *connection, const mcc_tls_host *host,
                        X509_STORE_CTX *store)
{
    const mcc_tls_host *other = connection->answers;
    const char *why = NULL;

    if (connection->read
        && (!other || memcmp(other->fingerprint, host->fingerprint, MCC_ID_LENGTH))) {
        why = "it was asked for by a virtual host that verifies clients otherwise";
    }
    else if (X509_STORE_CTX_get0_chain(store)
             && sk_X509_num(X509_STORE_CTX_get0_chain(store))
                    > (apr_int64_t)host->depth + 1) {
        why = "its chain is longer than any SSLVerifyDepth of the virtual host";
    }
    else if (SSL_get_security_level(connection->ssl) < host->security_level) {
        why = "the security level was below that of the virtual host";
    }
    if (why) {
        ap_log_cerror(APLOG_MARK, APLOG_INFO, 0, connection->c,
                      "the client's certificate counts as unverified: %s", why);
    }
    return !why;
}

/* The certificate that this side shows in a handshake, or showed before: a
 * resumed connection shows none, and post-handshake authentication does not
 * change that. */
static int shown_certificate(const tls_connection *connection,
                             const mcc_tls_host *host,
                             uint8_t id[MCC_ID_LENGTH])
{
    if (!SSL_session_reused(connection->ssl)) {
        return mcc_tls_host_certificate_id(host, connection->ssl, id);
    }
    if (connection->shown_known) {
        memcpy(id, connection->shown, MCC_ID_LENGTH);
    }
    return connection->shown_known;
}

static void forget_pending(tls_connection *connection)
{
    if (!connection->pending && !connection->pending_leaf) {
        return;
    }
    client_cert_handshake_free(connection->pending);
    X509_free(connection->pending_leaf);
    connection->pending = NULL;
    connection->pending_leaf = NULL;
}

/* Its session must not resume: there, too, nobody would know. */
static MCC_SELDOM void lose_outcome(tls_connection *connection,
                                    const char *fault)
{
    forget_pending(connection);
    connection->fault = fault;
    SSL_SESSION_set1_ticket_appdata(SSL_get_session(connection->ssl), NULL, 0);
}

/* The handshake is not finished yet: the client has still to prove that it
 * holds the key. */
static void keep_outcome(tls_connection *connection, const mcc_tls_host *host,
                         X509_STORE_CTX *store, int verified)
{
    SSL *ssl = connection->ssl;
    STACK_OF(X509) *stack = X509_STORE_CTX_get0_chain(store);
    X509 *leaf = X509_STORE_CTX_get0_cert(store);
    X509 **chain = NULL;
    size_t length = 0;
    client_cert_result result;
    uint8_t id[MCC_ID_LENGTH];
    int i;

    if (verified && stack && sk_X509_num(stack) > 1) {
        chain = OPENSSL_malloc((size_t)sk_X509_num(stack) * sizeof(*chain));
        if (!chain) {
            lose_outcome(connection, "out of memory");
            return;
        }
        for (i = 1; i < sk_X509_num(stack); i++) {
            chain[length++] = sk_X509_value(stack, i);
        }
    }
    if (!shown_certificate(connection, host, id)) {
        OPENSSL_free(chain);
        lose_outcome(connection, "the certificate that this side showed is not "
                                 "known");
        return;
    }
    result = client_cert_handshake_new(host->fingerprint, id, leaf, chain, length,
                                       verified, &connection->pending);
    OPENSSL_free(chain);
    if (result != CLIENT_CERT_RESULT_OK) {
        lose_outcome(connection, client_cert_result_message(result));
        return;
    }
    if (!X509_up_ref(leaf)) {
        lose_outcome(connection, "out of memory");
        return;
    }
    connection->pending_leaf = leaf;
    mcc_tls_session_store(SSL_get_session(ssl), connection->pending);
}

static int verify_client(X509_STORE_CTX *store, void *data)
{
    const mcc_tls_host *host = data;
    SSL *ssl = X509_STORE_CTX_get_ex_data(store,
                                          SSL_get_ex_data_X509_STORE_CTX_idx());
    tls_connection *connection = ssl ? SSL_get_ex_data(ssl, ssl_index) : NULL;
    verification seen = { X509_STORE_CTX_get_verify_cb(store), 1 };
    int verified;
    int ok;

    if (!connection) {
        ok = X509_verify_cert(store);
        return ok > 0;
    }

    forget_pending(connection);
    connection->fault = NULL;
    if (!X509_STORE_CTX_set_ex_data(store, store_index, &seen)) {
        X509_STORE_CTX_set_error(store, X509_V_ERR_OUT_OF_MEM);
        return 0;
    }
    X509_STORE_CTX_set_verify_cb(store, watch_verification);
    ok = X509_verify_cert(store);
    X509_STORE_CTX_set_verify_cb(store, seen.next);
    X509_STORE_CTX_set_ex_data(store, store_index, NULL);
    if (ok <= 0) {
        return 0;
    }
    verified = seen.faultless && X509_STORE_CTX_get_error(store) == X509_V_OK
        && is_hosts_own(connection, host, store);
    keep_outcome(connection, host, store, verified);
    return ok;
}

void mcc_tls_client_watch(mcc_tls_host *host, SSL_CTX *ctx)
{
    SSL_CTX_set_cert_verify_callback(ctx, verify_client, host);
}

static apr_status_t free_connection(void *data)
{
    tls_connection *connection = data;

    if (connection->ssl) {
        SSL_set_ex_data(connection->ssl, ssl_index, NULL);
    }
    forget_pending(connection);
    mcc_tls_session_forget(&connection->offered);
    client_cert_handshake_free(connection->current);
    X509_free(connection->current_leaf);
    return APR_SUCCESS;
}

int mcc_tls_client_pre_handshake(conn_rec *c, SSL *ssl, int is_proxy)
{
    tls_connection *connection;

    if (is_proxy
        || !mcc_watches_tls(mcc_server_config_of(c->base_server)->global)) {
        return DECLINED;
    }
    connection = apr_pcalloc(c->pool, sizeof(*connection));
    if (!SSL_set_ex_data(ssl, ssl_index, connection)) {
        return HTTP_INTERNAL_SERVER_ERROR;
    }
    connection->common.has_tls = 1;
    connection->ssl = ssl;
    connection->c = c;
    apr_pool_cleanup_register(c->pool, connection, free_connection,
                              apr_pool_cleanup_null);
    ap_set_module_config(c->conn_config, &client_cert_module, connection);
    return OK;
}

static MCC_SELDOM void set_current(tls_connection *connection,
                                   client_cert_handshake *handshake, X509 *leaf)
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

static int is_another_handshake(tls_connection *connection)
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
static MCC_SELDOM void look_at_handshake(tls_connection *connection,
                                         const mcc_tls_host *host, X509 *leaf)
{
    SSL *ssl = connection->ssl;
    client_cert_handshake *resumed = NULL;

    if (host && SSL_session_reused(ssl)) {
        resumed = mcc_tls_session_take(&connection->offered,
                                       SSL_get_session(ssl), host);
        connection->shown_known = resumed
            && client_cert_handshake_signer_id(resumed, connection->shown)
                   == CLIENT_CERT_RESULT_OK;
    }
    else {
        mcc_tls_session_forget(&connection->offered);
        connection->shown_known = host
            && mcc_tls_host_certificate_id(host, ssl, connection->shown);
    }
    ERR_clear_error();
    set_current(connection, resumed, leaf);
}

/* Bring what is kept up to the last handshake. Only on the connection's own
 * thread. */
static void refresh(tls_connection *connection)
{
    SSL *ssl = connection->ssl;
    unsigned finished;
    X509 *leaf;

    /* Also after a handshake that failed: mod_ssl goes on with a request whose
     * client showed a certificate in mid connection and could not prove that
     * it holds the key. */
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
        look_at_handshake(connection, mcc_tls_host_of(ssl), leaf);
    }
    if (connection->pending && leaf == connection->pending_leaf) {
        set_current(connection, connection->pending, leaf);
        connection->pending = NULL;
    }
    else if (connection->pending || leaf != connection->current_leaf) {
        set_current(connection, NULL, leaf);
    }
    forget_pending(connection);
}

static tls_connection *connection_of(const conn_rec *c)
{
    mcc_connection *connection = mcc_connection_of(c);

    return connection && connection->has_tls ? (tls_connection *)connection
                                             : NULL;
}

/* An HTTP/2 stream is on another thread, and takes what is there. */
static tls_connection *refreshed(const conn_rec *c)
{
    tls_connection *connection = connection_of(c);

    if (connection && !c->master) {
        refresh(connection);
    }
    return connection;
}

int mcc_tls_client_post_read_request(request_rec *r)
{
    /* HTTP/2 has no other handshake. */
    tls_connection *connection = r->connection->master ? NULL
                                                       : connection_of(r->connection);

    if (connection) {
        connection->answers = mcc_server_config_of(r->server)->tls_host;
        connection->read = 1;
    }
    return DECLINED;
}

int mcc_tls_client_process_connection(conn_rec *c)
{
    /* Who asks for the client looks at later handshakes; the MPM may come here
     * again for each request. */
    if (!c->keepalives) {
        refreshed(c);
    }
    return DECLINED;
}

int mcc_tls_client_protocol_switch(conn_rec *c, request_rec *r, server_rec *s,
                                   const char *protocol)
{
    (void)s;
    (void)protocol;
    if (r) {
        refreshed(c);
    }
    return DECLINED;
}

static void unverified(mcc_tls_identity *identity, const char *reason)
{
    identity->verdict = MCC_VERDICT_UNVERIFIED;
    identity->reason = reason;
}

void mcc_tls_identify(request_rec *r, apr_int64_t now,
                      mcc_tls_identity *identity)
{
    const tls_connection *connection = refreshed(r->connection);
    const mcc_tls_host *host = mcc_server_config_of(r->server)->tls_host;
    client_cert_result result;

    memset(identity, 0, sizeof(*identity));
    identity->verdict = MCC_VERDICT_NONE;
    if (!connection) {
        return;
    }
    if (!connection->finished) {
        unverified(identity, "the TLS handshake is not finished");
        return;
    }
    if (!connection->has_leaf) {
        return;
    }
    if (!connection->current) {
        identity->verdict = MCC_VERDICT_FAULT;
        identity->reason = connection->fault
            ? connection->fault : "what its handshake established is lost";
        return;
    }
    result = client_cert_handshake_client(connection->current, now,
                                          &identity->client);
    if (result != CLIENT_CERT_RESULT_OK) {
        unverified(identity, client_cert_result_message(result));
        if (client_cert_result_kind(result) != CLIENT_CERT_KIND_REFUSED) {
            identity->verdict = MCC_VERDICT_FAULT;
        }
        return;
    }
    if (!host
        || memcmp(connection->verified_by, host->fingerprint, MCC_ID_LENGTH)) {
        identity->client = NULL;
        unverified(identity, "another virtual host verified it");
        return;
    }
    identity->verdict = MCC_VERDICT_VERIFIED;
}

mcc_tls_session_record *mcc_tls_client_session_record(const SSL *ssl)
{
    tls_connection *connection = SSL_get_ex_data(ssl, ssl_index);

    return connection ? &connection->offered : NULL;
}

int mcc_tls_shown(const request_rec *r, uint8_t id[MCC_ID_LENGTH])
{
    const tls_connection *connection = connection_of(r->connection);

    if (!connection || !connection->shown_known) {
        return 0;
    }
    memcpy(id, connection->shown, MCC_ID_LENGTH);
    return 1;
}
