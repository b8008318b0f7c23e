/* SPDX-License-Identifier: Apache-2.0 */

#include "tls/host.h"

#include <http_core.h>
#include <http_log.h>

#include "config/files.h"
#include "config/findings.h"
#include "tls/ex_index.h"
#include "tls/verification_directives.h"

APLOG_USE_MODULE(client_cert);

/* The slot for mcc_tls_vhost_t in an SSL_CTX. */
static int ctx_index = -1;

int mcc_tls_host_pre_config(apr_pool_t *pconf, apr_pool_t *plog, apr_pool_t *ptemp)
{
    (void)ptemp;
    return mcc_ex_index_new(&ctx_index, CRYPTO_EX_INDEX_SSL_CTX, NULL, pconf, plog);
}

mcc_tls_vhost_t *mcc_tls_host_of(const SSL *ssl)
{
    return SSL_CTX_get_ex_data(SSL_get_SSL_CTX(ssl), ctx_index);
}

static apr_status_t free_hosts(void *hosts)
{
    client_cert_tls_hosts_free(hosts);
    return APR_SUCCESS;
}

/* All of a configuration, made with the first; NULL if that fails. */
static client_cert_tls_hosts *hosts_of(mcc_global_t *global, apr_pool_t *pconf)
{
    if (!global->tls_hosts
        && client_cert_tls_hosts_new(&global->tls_hosts) == CLIENT_CERT_RESULT_OK) {
        apr_pool_cleanup_register(pconf, global->tls_hosts, free_hosts, apr_pool_cleanup_null);
    }
    return global->tls_hosts;
}

mcc_tls_vhost_t *mcc_tls_host_make(server_rec *s, apr_pool_t *p, SSL_CTX *ctx)
{
    const mcc_server_config_t *conf = mcc_server_config_of(s);
    mcc_findings_t faults = { s, APLOG_EMERG, 0 }, warnings = { s, APLOG_WARNING, 0 };
    client_cert_listener fault = { mcc_log_finding, &faults },
                         warn = { mcc_log_finding, &warnings };
    mcc_tls_vhost_t *host = apr_pcalloc(p, sizeof(*host));
    client_cert_tls_server server = {
        .vhost = mcc_tls_vhost_key(s),
        .number = conf->number,
        .name = s->server_hostname,
        .port = s->port,
        .file = s->defn_name,
        .line = s->defn_line_number,
        .certificate_file = conf->certificate_files == 1 ? conf->certificate_file : NULL,
        .signs = conf->part.signs && !conf->part.signer,
        .directives_known = conf->global->tls_directives_known,
    };

    if (client_cert_tls_hosts_add(hosts_of(conf->global, p), conf->global->vhosts, &server, ctx,
                                  &fault, &warn, &host->host)
            != CLIENT_CERT_RESULT_OK
        || !SSL_CTX_set_ex_data(ctx, ctx_index, host)) {
        ap_log_error(APLOG_MARK, APLOG_EMERG, 0, s,
                     "OpenSSL cannot describe the TLS of this virtual host");
        return NULL;
    }
    host->asks = SSL_CTX_get_verify_mode(ctx) != SSL_VERIFY_NONE;
    return host->host ? host : NULL;
}

static void warn_of_signers(server_rec *s)
{
    const mcc_server_config_t *conf = mcc_server_config_of(s);
    apr_int64_t now = apr_time_sec(apr_time_now());
    mcc_findings_t findings = { s, APLOG_WARNING, 0 };
    client_cert_listener listener = { mcc_log_finding, &findings };

    if (!conf->part.signs) {
        return;
    }
    if (!conf->part.signer) {
        (void)client_cert_tls_host_warnings(mcc_tls_host_core(conf->tls_host), now,
                                            conf->part.signer_certs, CLIENT_CERT_LARGE_VALUE,
                                            &listener);
    }
    else if (conf->part.signer->signer) {
        (void)client_cert_signer_warnings(conf->part.signer->signer, conf->part.signer->names, now,
                                          conf->part.signer_certs, CLIENT_CERT_LARGE_VALUE,
                                          &listener);
    }
}

int mcc_tls_host_post_config(apr_pool_t *pconf, apr_pool_t *plog, apr_pool_t *ptemp, server_rec *s)
{
    mcc_global_t *global = mcc_server_config_of(s)->global;
    mcc_findings_t faults = { s, APLOG_EMERG, 0 }, errors = { s, APLOG_ERR, 0 };
    client_cert_listener fault = { mcc_log_finding, &faults }, error = { mcc_log_finding, &errors };
    client_cert_result result = CLIENT_CERT_RESULT_OK;

    (void)plog;
    (void)ptemp;
    mcc_forget_vhosts(global, pconf);
    if (global->tls_hosts) {
        result =
            client_cert_tls_hosts_make_signers(global->tls_hosts, mcc_restarts(), &fault, &error);
    }
    if (result != CLIENT_CERT_RESULT_OK) {
        ap_log_error(APLOG_MARK, APLOG_EMERG, 0, s, "ClientCertSigner server: %s",
                     client_cert_result_message(result));
    }
    if (result != CLIENT_CERT_RESULT_OK || faults.count) {
        return HTTP_INTERNAL_SERVER_ERROR;
    }
    if (ap_state_query(AP_SQ_MAIN_STATE) == AP_SQ_MS_CREATE_PRE_CONFIG) {
        return OK;
    }
    for (; s; s = s->next) {
        warn_of_signers(s);
    }
    return OK;
}
