/* SPDX-License-Identifier: Apache-2.0 */

#include "tls/session_record.h"

#include <stdlib.h>
#include <string.h>

/* mod_ssl keeps at most 10 KB for one session, leaf included, and a ticket
 * travels in the client's first message. A client with a larger chain makes a
 * full handshake each time. */
#define MAX_RECORD 7168

static void *allocate_from_heap(void *unused, size_t size)
{
    (void)unused;
    return malloc(size);
}

void mcc_tls_session_store(SSL_SESSION *session, const client_cert_handshake *handshake)
{
    client_cert_allocator allocator = { allocate_from_heap, NULL };
    client_cert_bytes record = { NULL, 0 };

    if (client_cert_handshake_to_bytes(handshake, &allocator, &record) != CLIENT_CERT_RESULT_OK
        || record.length > MAX_RECORD
        || !SSL_SESSION_set1_ticket_appdata(session, record.data, record.length)) {
        SSL_SESSION_set1_ticket_appdata(session, NULL, 0);
    }
    free((void *)record.data);
}

/* A session's record where it lies in the session: of no length if it has
 * none. */
static const void *record_of(SSL_SESSION *session, size_t *length)
{
    void *record = NULL;

    if (!SSL_SESSION_get0_ticket_appdata(session, &record, length)) {
        *length = 0;
    }
    return record;
}

/* What the record says, where it fits the host; else NULL, and why not. */
static client_cert_handshake *read_record(SSL_SESSION *session, const mcc_tls_vhost_t *host,
                                          const char **why)
{
    client_cert_handshake *handshake = NULL;
    uint8_t id[MCC_ID_LENGTH];
    size_t length;
    const void *record = record_of(session, &length);
    client_cert_result result;

    *why = NULL;
    if (!length) {
        *why = "it has no record of its full handshake";
        return NULL;
    }
    result = client_cert_handshake_from_bytes(record, length, SSL_SESSION_get0_peer(session),
                                              &handshake);
    if (result != CLIENT_CERT_RESULT_OK) {
        *why = client_cert_result_message(result);
        return NULL;
    }
    if (client_cert_handshake_vhost(handshake, id) != CLIENT_CERT_RESULT_OK
        || memcmp(id, host->fingerprint, MCC_ID_LENGTH)) {
        *why = "its client was verified otherwise than this virtual host verifies now";
    }
    else if (client_cert_handshake_signer_id(handshake, id) != CLIENT_CERT_RESULT_OK
             || !mcc_tls_vhost_has_certificate(host, id)) {
        *why = "the certificate presented in it is none of this virtual host's now";
    }
    if (*why) {
        client_cert_handshake_free(handshake);
        return NULL;
    }
    return handshake;
}

/* Everything that read_record() reads from is compared, not the session: that
 * is copied in mid handshake, its leaf with a reference. Ours keeps the leaf's
 * address from being another's. */
static int is_remembered(const mcc_tls_session_record_t *remembered, SSL_SESSION *session,
                         const mcc_tls_vhost_t *host)
{
    size_t length;
    const void *record = record_of(session, &length);

    return remembered->handshake && remembered->host == host
           && remembered->leaf == SSL_SESSION_get0_peer(session) && remembered->length == length
           && !memcmp(remembered->bytes, record, length);
}

static void remember(mcc_tls_session_record_t *remembered, client_cert_handshake *handshake,
                     SSL_SESSION *session, const mcc_tls_vhost_t *host)
{
    X509 *leaf = SSL_SESSION_get0_peer(session);
    size_t length;
    const void *record = record_of(session, &length);

    if (leaf && !X509_up_ref(leaf)) {
        client_cert_handshake_free(handshake);
        return;
    }
    remembered->bytes = OPENSSL_memdup(record, length);
    remembered->length = length;
    remembered->leaf = leaf;
    remembered->host = host;
    remembered->handshake = handshake;
    if (!remembered->bytes) {
        mcc_tls_session_forget(remembered);
    }
}

client_cert_handshake *mcc_tls_session_take(mcc_tls_session_record_t *remembered,
                                            SSL_SESSION *session, const mcc_tls_vhost_t *host)
{
    client_cert_handshake *handshake;
    const char *why;

    if (is_remembered(remembered, session, host)) {
        handshake = remembered->handshake;
        remembered->handshake = NULL;
    }
    else {
        handshake = read_record(session, host, &why);
    }
    mcc_tls_session_forget(remembered);
    return handshake;
}

void mcc_tls_session_forget(mcc_tls_session_record_t *remembered)
{
    client_cert_handshake_free(remembered->handshake);
    X509_free(remembered->leaf);
    OPENSSL_free(remembered->bytes);
    memset(remembered, 0, sizeof(*remembered));
}

int mcc_tls_session_read(mcc_tls_session_record_t *remembered, SSL_SESSION *session,
                         const mcc_tls_vhost_t *host, const char **why)
{
    client_cert_handshake *handshake;

    mcc_tls_session_forget(remembered);
    handshake = read_record(session, host, why);
    if (!handshake) {
        return 0;
    }
    remember(remembered, handshake, session, host);
    return 1;
}

int mcc_tls_session_has_record(SSL_SESSION *session)
{
    size_t length;

    record_of(session, &length);
    return length != 0;
}
