/* SPDX-License-Identifier: Apache-2.0 */

#include "tls/client.h"

#include <string.h>

#include "tls/connection.h"

static void unverified(mcc_tls_identity_t *identity, const char *reason)
{
    identity->state = MCC_TLS_CLIENT_UNVERIFIED;
    identity->reason = reason;
}

void mcc_tls_identify(request_rec *r, apr_int64_t now, mcc_tls_identity_t *identity)
{
    const mcc_tls_connection_t *connection = mcc_tls_connection_refreshed(r->connection);
    const mcc_tls_vhost_t *host = mcc_server_config_of(r->server)->tls_host;
    client_cert_result result;

    memset(identity, 0, sizeof(*identity));
    identity->state = MCC_TLS_CLIENT_NONE;
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
        identity->state = MCC_TLS_CLIENT_FAULT;
        identity->reason =
            connection->fault ? connection->fault : "what its handshake established is lost";
        return;
    }
    result = client_cert_handshake_client(connection->current, now, &identity->client);
    if (result != CLIENT_CERT_RESULT_OK) {
        unverified(identity, client_cert_result_message(result));
        if (client_cert_result_kind(result) != CLIENT_CERT_KIND_REFUSED) {
            identity->state = MCC_TLS_CLIENT_FAULT;
        }
        return;
    }
    if (!host || memcmp(connection->verified_by, host->fingerprint, MCC_ID_LENGTH)) {
        identity->client = NULL;
        unverified(identity, "another virtual host verified it");
        return;
    }
    identity->state = MCC_TLS_CLIENT_VERIFIED;
}

int mcc_tls_presented(const request_rec *r, uint8_t id[MCC_ID_LENGTH])
{
    const mcc_tls_connection_t *connection = mcc_tls_connection_of(r->connection);

    if (!connection || !connection->presented_known) {
        return 0;
    }
    memcpy(id, connection->presented, MCC_ID_LENGTH);
    return 1;
}
