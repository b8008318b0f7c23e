/* SPDX-License-Identifier: Apache-2.0 */

#include "tls/verify_callback.h"

#include <string.h>

#include <http_log.h>

#include "tls/connection.h"
#include "tls/ex_index.h"
#include "tls/session_record.h"

APLOG_USE_MODULE(client_cert);

/** One run of X509_verify_cert, as its callback observes it. */
typedef struct {
    X509_STORE_CTX_verify_cb next;
    conn_rec *c;
    int faultless;
} verification_t;

/* The slot for it in an X509_STORE_CTX. */
static int store_index = -1;

int mcc_tls_verify_callback_pre_config(apr_pool_t *pconf)
{
    return mcc_ex_index_new(&store_index, CRYPTO_EX_INDEX_X509_STORE_CTX, NULL, pconf);
}

/* mod_ssl lets errors pass, as it is configured to (optional_no_ca), and even
 * clears one that a later check left behind. Every error counts here but the
 * one that an administrator may tell mod_ssl to ignore for good
 * (SSLCARevocationCheck … no_crl_for_cert_ok). */
static int watch_verification(int ok, X509_STORE_CTX *store)
{
    verification_t *seen = X509_STORE_CTX_get_ex_data(store, store_index);
    int error = X509_STORE_CTX_get_error(store);
    int accepted = seen->next ? seen->next(ok, store) : ok;

    if (!ok
        && !(error == X509_V_ERR_UNABLE_TO_GET_CRL
             && X509_STORE_CTX_get_error(store) == X509_V_OK)) {
        seen->faultless = 0;
        ap_log_cerror(APLOG_MARK, APLOG_TRACE1, 0, seen->c,
                      "the client's certificate counts as unverified: at depth %d: %s",
                      X509_STORE_CTX_get_error_depth(store), X509_verify_cert_error_string(error));
    }
    return accepted;
}

/* Whether a verification that found no fault was the one of this virtual host. In
 * mid connection it is made for a request, with mod_ssl's settings of the virtual
 * host and the section that it is for, on OpenSSL's context of the handshake. And
 * a .htaccess file can make it laxer than the administrator did. */
static int is_hosts_own(const mcc_tls_connection_t *connection, const mcc_tls_vhost_t *host,
                        X509_STORE_CTX *store)
{
    const mcc_tls_vhost_t *other = connection->answers;
    const char *why = NULL;

    if (connection->read
        && (!other || memcmp(other->fingerprint, host->fingerprint, MCC_ID_LENGTH))) {
        why = "it was asked for by a virtual host that verifies clients otherwise";
    }
    else if (X509_STORE_CTX_get0_chain(store)
             && sk_X509_num(X509_STORE_CTX_get0_chain(store)) > (apr_int64_t)host->depth + 1) {
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

/* The certificate that this side presents in a handshake, or presented before: it presents none
 * on a resumed connection, nor in post-handshake authentication. */
static int presented_certificate(const mcc_tls_connection_t *connection,
                                 const mcc_tls_vhost_t *host, uint8_t id[MCC_ID_LENGTH])
{
    if (!SSL_session_reused(connection->ssl)) {
        return mcc_tls_vhost_certificate_id(host, connection->ssl, id);
    }
    if (connection->presented_known) {
        memcpy(id, connection->presented, MCC_ID_LENGTH);
    }
    return connection->presented_known;
}

/* Its session must not resume: the outcome would be unknown there, too. */
static void lose_outcome(mcc_tls_connection_t *connection, const char *fault)
{
    mcc_tls_connection_forget_pending(connection);
    connection->fault = fault;
    SSL_SESSION_set1_ticket_appdata(SSL_get_session(connection->ssl), NULL, 0);
}

/* The handshake is not finished yet: the client has still to prove that it
 * holds the key. */
static void keep_outcome(mcc_tls_connection_t *connection, const mcc_tls_vhost_t *host,
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
    if (!presented_certificate(connection, host, id)) {
        OPENSSL_free(chain);
        lose_outcome(connection, "the certificate that this side presented is not "
                                 "known");
        return;
    }
    result = client_cert_handshake_new(host->fingerprint, id, leaf, chain, length, verified,
                                       &connection->pending);
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
    const mcc_tls_vhost_t *host = data;
    SSL *ssl = X509_STORE_CTX_get_ex_data(store, SSL_get_ex_data_X509_STORE_CTX_idx());
    mcc_tls_connection_t *connection = ssl ? mcc_tls_connection_of_ssl(ssl) : NULL;
    verification_t seen = { X509_STORE_CTX_get_verify_cb(store), NULL, 1 };
    int verified;
    int ok;

    if (!connection) {
        ok = X509_verify_cert(store);
        return ok > 0;
    }

    mcc_tls_connection_forget_pending(connection);
    connection->fault = NULL;
    seen.c = connection->c;
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

void mcc_tls_verify_callback_install(mcc_tls_vhost_t *host, SSL_CTX *ctx)
{
    SSL_CTX_set_cert_verify_callback(ctx, verify_client, host);
}
