/* SPDX-License-Identifier: Apache-2.0 */

#include "tls/session_record.h"

#include <stdlib.h>

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

static client_cert_session parts_of(SSL_SESSION *session, const mcc_tls_vhost_t *host)
{
    void *record = NULL;
    client_cert_session parts = { NULL, 0, NULL, NULL, NULL, 0 };

    if (SSL_SESSION_get0_ticket_appdata(session, &record, &parts.record_length)) {
        parts.record = record;
    }
    parts.leaf = SSL_SESSION_get0_peer(session);
    parts.vhost = host->fingerprint;
    parts.signer_ids = (const uint8_t *)host->ids->elts;
    parts.signer_id_count = (size_t)host->ids->nelts;
    return parts;
}

client_cert_result mcc_tls_session_read(client_cert_offered_session **offered, SSL_SESSION *session,
                                        const mcc_tls_vhost_t *host)
{
    client_cert_session parts = parts_of(session, host);

    mcc_tls_session_forget(offered);
    return client_cert_offered_session_read(&parts, offered);
}

client_cert_handshake *mcc_tls_session_take(client_cert_offered_session **offered,
                                            SSL_SESSION *session, const mcc_tls_vhost_t *host)
{
    client_cert_session parts = parts_of(session, host);
    client_cert_handshake *handshake = NULL;

    (void)client_cert_offered_session_take(*offered, &parts, &handshake);
    *offered = NULL;
    return handshake;
}

void mcc_tls_session_forget(client_cert_offered_session **offered)
{
    client_cert_offered_session_free(*offered);
    *offered = NULL;
}

int mcc_tls_session_has_record(SSL_SESSION *session)
{
    void *record = NULL;
    size_t length = 0;

    return SSL_SESSION_get0_ticket_appdata(session, &record, &length) && length;
}
