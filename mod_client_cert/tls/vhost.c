/* SPDX-License-Identifier: Apache-2.0 */

#include "tls/vhost.h"

#include <string.h>

#include "tls/ex_index.h"

/* The slot for mcc_tls_vhost_t in an SSL_CTX. */
static int ctx_index = -1;

int mcc_tls_vhost_pre_config(apr_pool_t *pconf)
{
    return mcc_ex_index_new(&ctx_index, CRYPTO_EX_INDEX_SSL_CTX, NULL, pconf);
}

int mcc_tls_vhost_attach(mcc_tls_vhost_t *host, SSL_CTX *ctx)
{
    return SSL_CTX_set_ex_data(ctx, ctx_index, host);
}

mcc_tls_vhost_t *mcc_tls_vhost_of(const SSL *ssl)
{
    return SSL_CTX_get_ex_data(SSL_get_SSL_CTX(ssl), ctx_index);
}

static const mcc_tls_certificate_t *find_id(const mcc_tls_vhost_t *host,
                                            const uint8_t id[MCC_ID_LENGTH])
{
    mcc_tls_certificate_t wanted;
    int i;

    for (i = 0; i < host->certificates->nelts; i++) {
        const mcc_tls_certificate_t *entry =
            APR_ARRAY_IDX(host->certificates, i, mcc_tls_certificate_t *);

        if (!memcmp(entry->key.id, id, MCC_ID_LENGTH)) {
            return entry;
        }
    }
    memcpy(wanted.key.vhost, host->fingerprint, MCC_ID_LENGTH);
    memcpy(wanted.key.id, id, MCC_ID_LENGTH);
    return apr_hash_get(mcc_server_config_of(host->server)->global->tls_certificates, &wanted.key,
                        sizeof(wanted.key));
}

int mcc_tls_vhost_certificate_id(const mcc_tls_vhost_t *host, const SSL *ssl,
                                 uint8_t id[MCC_ID_LENGTH])
{
    X509 *certificate = SSL_get_certificate(ssl);
    int i;

    for (i = 0; i < host->certificates->nelts; i++) {
        const mcc_tls_certificate_t *entry =
            APR_ARRAY_IDX(host->certificates, i, mcc_tls_certificate_t *);

        if (entry->certificate == certificate) {
            memcpy(id, entry->key.id, MCC_ID_LENGTH);
            return 1;
        }
    }
    /* One that was set for this connection alone, as for an ACME challenge. */
    return certificate && client_cert_certificate_id(certificate, id) == CLIENT_CERT_RESULT_OK;
}

const client_cert_signer *mcc_tls_vhost_signer(const mcc_tls_vhost_t *host,
                                               const uint8_t id[MCC_ID_LENGTH])
{
    const mcc_tls_certificate_t *entry = host ? find_id(host, id) : NULL;

    return entry ? entry->signer : NULL;
}
