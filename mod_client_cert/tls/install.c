/* SPDX-License-Identifier: Apache-2.0 */

#include "tls/install.h"

#include <string.h>

#include <http_core.h>
#include <http_log.h>

#include <apr_strings.h>

#include <openssl/err.h>
#include <openssl/rand.h>

#include "config/files.h"
#include "tls/connection.h"
#include "tls/resumption.h"
#include "tls/verification_directives.h"
#include "tls/verify_callback.h"
#include "tls/vhost.h"

APLOG_USE_MODULE(client_cert);

int mcc_tls_install_pre_config(apr_pool_t *pconf, apr_pool_t *plog, apr_pool_t *ptemp)
{
    (void)ptemp;
    if (!mcc_tls_vhost_pre_config(pconf) || !mcc_tls_connection_pre_config(pconf)
        || !mcc_tls_verify_callback_pre_config(pconf)) {
        ap_log_perror(APLOG_MARK, APLOG_CRIT, 0, plog, "OpenSSL has no room for our data");
        return HTTP_INTERNAL_SERVER_ERROR;
    }
    return OK;
}

/* The certificate that is current. Of those that equal hosts present, the first is found. */
static client_cert_result add_certificate(mcc_tls_vhost_t *host, SSL_CTX *ctx, apr_pool_t *p)
{
    apr_hash_t *all = mcc_server_config_of(host->server)->global->tls_certificates;
    mcc_tls_certificate_t *entry = apr_pcalloc(p, sizeof(*entry));
    client_cert_result result;

    entry->certificate = SSL_CTX_get0_certificate(ctx);
    entry->private_key = SSL_CTX_get0_privatekey(ctx);
    SSL_CTX_get0_chain_certs(ctx, &entry->chain);
    if (!entry->chain) {
        SSL_CTX_get_extra_chain_certs(ctx, &entry->chain);
    }
    memcpy(entry->key.vhost, host->fingerprint, MCC_ID_LENGTH);
    result = client_cert_certificate_id(entry->certificate, entry->key.id);
    APR_ARRAY_PUSH(host->certificates, mcc_tls_certificate_t *) = entry;
    memcpy(apr_array_push(host->ids), entry->key.id, MCC_ID_LENGTH);
    if (result == CLIENT_CERT_RESULT_OK && !apr_hash_get(all, &entry->key, sizeof(entry->key))) {
        apr_hash_set(all, &entry->key, sizeof(entry->key), entry);
    }
    return result;
}

static const char *subject_of(X509 *certificate, apr_pool_t *p)
{
    char text[256];

    if (!certificate
        || !X509_NAME_oneline(X509_get_subject_name(certificate), text, sizeof(text))) {
        return "unknown";
    }
    return apr_pstrdup(p, text);
}

/* How a message names one of the certificates that mod_ssl presents. */
static const char *certificate_label(const server_rec *s, X509 *certificate, apr_pool_t *p)
{
    return apr_psprintf(p,
                        "server: SSLCertificateFile of %s:%u, certificate "
                        "\"%s\"",
                        s->server_hostname ? s->server_hostname : "*", s->port,
                        subject_of(certificate, p));
}

static int complain(const mcc_tls_vhost_t *host, X509 *certificate, client_cert_result result,
                    apr_pool_t *p)
{
    ap_log_error(APLOG_MARK, APLOG_EMERG, 0, host->server, "ClientCertSigner %s: %s",
                 certificate_label(host->server, certificate, p),
                 client_cert_result_message(result));
    return 0;
}

/* A host may have several certificates, one for each type of key. */
static int add_certificates(mcc_tls_vhost_t *host, SSL_CTX *ctx, apr_pool_t *p)
{
    X509 *selected = SSL_CTX_get0_certificate(ctx);
    long more = SSL_CTX_set_current_cert(ctx, SSL_CERT_SET_FIRST);
    int usable = 1;

    for (; usable && more == 1; more = SSL_CTX_set_current_cert(ctx, SSL_CERT_SET_NEXT)) {
        client_cert_result result = add_certificate(host, ctx, p);

        if (result != CLIENT_CERT_RESULT_OK) {
            usable = complain(host, SSL_CTX_get0_certificate(ctx), result, p);
        }
    }
    /* mod_ssl and OpenSSL go on from the certificate that was current. */
    if (selected) {
        SSL_CTX_select_current_cert(ctx, selected);
    }
    ERR_clear_error();
    return usable;
}

/* The same for two virtual hosts that verify alike, in every process, and after a restart that
 * changed nothing of it. Where something of it is not known, it is like no other. */
static int set_fingerprint(mcc_tls_vhost_t *host, SSL_CTX *ctx)
{
    const server_rec *s = host->server;
    const mcc_global_t *global = mcc_server_config_of(s)->global;
    bool known = false;

    if (client_cert_vhosts_fingerprint(global->vhosts, mcc_tls_vhost_key(s), ctx, host->fingerprint,
                                       &known)
        != CLIENT_CERT_RESULT_OK) {
        return 0;
    }
    if (known && global->tls_directives_known) {
        return 1;
    }
    if (!known) {
        ap_log_error(APLOG_MARK, APLOG_WARNING, 0, s,
                     "not all of the CAs and CRLs for clients of %s (%s:%u) can be "
                     "read; it counts as equal to no other virtual host",
                     s->server_hostname ? s->server_hostname : "*",
                     s->defn_name ? s->defn_name : "main server", s->defn_line_number);
    }
    return RAND_bytes(host->fingerprint, MCC_ID_LENGTH) == 1;
}

int mcc_tls_install_init_server(server_rec *s, apr_pool_t *p, int is_proxy, SSL_CTX *ctx)
{
    mcc_server_config_t *conf = mcc_server_config_of(s);
    mcc_tls_vhost_t *host;
    bool section_ciphers = false;

    if (is_proxy || !mcc_needs_tls_client(conf->global)) {
        return DECLINED;
    }

    if (conf->tls_host) {
        ap_log_error(APLOG_MARK, APLOG_EMERG, 0, s, "two virtual hosts share one configuration");
        return HTTP_INTERNAL_SERVER_ERROR;
    }
    host = apr_pcalloc(p, sizeof(*host));
    host->server = s;
    host->certificates = apr_array_make(p, 2, sizeof(mcc_tls_certificate_t *));
    host->ids = apr_array_make(p, 2, MCC_ID_LENGTH);
    if (!set_fingerprint(host, ctx)
        || client_cert_vhosts_limits(conf->global->vhosts, mcc_tls_vhost_key(s), &host->depth,
                                     &section_ciphers)
               != CLIENT_CERT_RESULT_OK
        || !mcc_tls_vhost_attach(host, ctx)) {
        ap_log_error(APLOG_MARK, APLOG_EMERG, 0, s,
                     "OpenSSL cannot describe the TLS of this virtual host");
        return HTTP_INTERNAL_SERVER_ERROR;
    }
    host->asks = SSL_CTX_get_verify_mode(ctx) != SSL_VERIFY_NONE;
    host->security_level = section_ciphers ? -1 : SSL_CTX_get_security_level(ctx);
    if (!add_certificates(host, ctx, p)) {
        return HTTP_INTERNAL_SERVER_ERROR;
    }
    mcc_tls_verify_callback_install(host, ctx);
    mcc_tls_resumption_install(host, ctx);
    conf->tls_host = host;
    return OK;
}

static int signs_with_presented(const mcc_server_config_t *conf)
{
    return conf->tls_host && conf->signs && conf->signer.source != MCC_SIGNER_FILE;
}

static apr_status_t free_signers(void *signers)
{
    client_cert_signers_free(signers);
    return APR_SUCCESS;
}

/* The certificate that was presented signs: of the virtual host that answers, or of one that is
 * equal to it. A certificate that cannot sign is an error only where its virtual host signs. */
static int add_signers(server_rec *main_server, apr_pool_t *p)
{
    client_cert_signers *signers = NULL;
    apr_hash_t *fingerprints = apr_hash_make(p);
    server_rec *s;
    int i;

    for (s = main_server; s; s = s->next) {
        const mcc_server_config_t *conf = mcc_server_config_of(s);

        if (signs_with_presented(conf)) {
            apr_hash_set(fingerprints, conf->tls_host->fingerprint, MCC_ID_LENGTH, s);
        }
    }
    if (client_cert_signers_new(&signers) == CLIENT_CERT_RESULT_OK) {
        apr_pool_cleanup_register(p, signers, free_signers, apr_pool_cleanup_null);
    }
    for (s = main_server; s; s = s->next) {
        const mcc_server_config_t *conf = mcc_server_config_of(s);
        const mcc_tls_vhost_t *host = conf->tls_host;

        if (!host || !apr_hash_get(fingerprints, host->fingerprint, MCC_ID_LENGTH)) {
            continue;
        }
        for (i = 0; i < host->certificates->nelts; i++) {
            mcc_tls_certificate_t *entry =
                APR_ARRAY_IDX(host->certificates, i, mcc_tls_certificate_t *);
            client_cert_result result = client_cert_signers_get(
                signers, entry->certificate, entry->private_key, entry->chain, &entry->signer);

            if (result == CLIENT_CERT_RESULT_OK || !signs_with_presented(conf)) {
                continue;
            }
            ERR_clear_error();
            /* A renewed one; mod_ssl goes on with it. */
            if (mcc_restarts()) {
                ap_log_error(APLOG_MARK, APLOG_ERR, 0, host->server,
                             "ClientCertSigner %s: %s; requests that it is to sign "
                             "are answered 500",
                             certificate_label(host->server, entry->certificate, p),
                             client_cert_result_message(result));
                continue;
            }
            return complain(host, entry->certificate, result, p);
        }
    }
    ERR_clear_error();
    return 1;
}

typedef struct {
    server_rec *server;
    const char *name;
} signer_warning_t;

static void log_signer_warning(void *context, size_t number, const char *line)
{
    const signer_warning_t *warning = context;

    (void)number;
    ap_log_error(APLOG_MARK, APLOG_WARNING, 0, warning->server, "ClientCertSigner %s: %s",
                 warning->name, line);
}

static void warn_of_signer(server_rec *s, const client_cert_signer *signer, const char *name)
{
    signer_warning_t warning = { s, name };
    client_cert_listener listener = { log_signer_warning, &warning };
    unsigned seen = mcc_server_config_of(s)->signer_certs_seen;

    (void)client_cert_signer_warnings(signer, apr_time_sec(apr_time_now()),
                                      seen ? seen : 1U << CLIENT_CERT_SIGNER_CERTS_CHAIN,
                                      MCC_LARGE_VALUE, &listener);
}

int mcc_tls_install_post_config(apr_pool_t *pconf, apr_pool_t *plog, apr_pool_t *ptemp,
                                server_rec *s)
{
    (void)plog;
    mcc_forget_vhosts(mcc_server_config_of(s)->global, pconf);
    if (!add_signers(s, pconf)) {
        return HTTP_INTERNAL_SERVER_ERROR;
    }
    if (ap_state_query(AP_SQ_MAIN_STATE) == AP_SQ_MS_CREATE_PRE_CONFIG) {
        return OK;
    }
    for (; s; s = s->next) {
        const mcc_server_config_t *conf = mcc_server_config_of(s);
        int i;

        if (!conf->signs) {
            continue;
        }
        if (conf->signer.source == MCC_SIGNER_FILE) {
            if (conf->signer.file->signer) {
                warn_of_signer(s, conf->signer.file->signer, conf->signer.file->names);
            }
            continue;
        }
        for (i = 0; conf->tls_host && i < conf->tls_host->certificates->nelts; i++) {
            const mcc_tls_certificate_t *entry =
                APR_ARRAY_IDX(conf->tls_host->certificates, i, mcc_tls_certificate_t *);

            if (entry->signer) {
                warn_of_signer(s, entry->signer, certificate_label(s, entry->certificate, ptemp));
            }
        }
    }
    return OK;
}
