/* SPDX-License-Identifier: Apache-2.0 */

#include "tls/backend_certificate.h"

#include <string.h>

#include <http_log.h>

#include "config/config.h"
#include "config/files.h"
#include "tls/ex_index.h"
#include "tls/verification_directives.h"
#include "tls/host.h"

APLOG_USE_MODULE(client_cert);

/** What mod_ssl would do in an SSL_CTX for connections to backends. */
typedef struct {
    const char *file; /**< SSLProxyMachineCertificateFile */
    int (*choose)(SSL *, X509 **, EVP_PKEY **);
} machine_certificate_t;

/* Slots for machine_certificate in an SSL_CTX, and for the signer in an SSL; see
 * ex_index.h. */
static int ctx_index = -1;
static int ssl_index = -1;

/* The <Proxy> section of which mod_ssl makes an SSL_CTX now, NULL if it is the
 * server's. */
static ap_conf_vector_t *current_section;

int mcc_backend_certificate_pre_config(apr_pool_t *pconf, apr_pool_t *plog, apr_pool_t *ptemp)
{
    int status;

    (void)ptemp;
    status = mcc_ex_index_new(&ctx_index, CRYPTO_EX_INDEX_SSL_CTX, NULL, pconf, plog);
    return status != OK ? status
                        : mcc_ex_index_new(&ssl_index, CRYPTO_EX_INDEX_SSL, NULL, pconf, plog);
}

int mcc_backend_certificate_enter_section(apr_pool_t *p, apr_pool_t *plog, apr_pool_t *ptemp,
                                          server_rec *s, ap_conf_vector_t *section)
{
    (void)p;
    (void)plog;
    (void)ptemp;
    (void)s;
    current_section = section;
    return DECLINED;
}

int mcc_backend_certificate_leave_section(apr_pool_t *p, apr_pool_t *plog, apr_pool_t *ptemp,
                                          server_rec *s, ap_conf_vector_t *section)
{
    (void)p;
    (void)plog;
    (void)ptemp;
    (void)s;
    (void)section;
    current_section = NULL;
    return DECLINED;
}

static const char *file_of(ap_conf_vector_t *section)
{
    const mcc_dir_config_t *conf =
        section ? ap_get_module_config(section, &client_cert_module) : NULL;

    return conf ? conf->machine_certificate_file : NULL;
}

static int is_asked_for(SSL *ssl, const client_cert_signer *signer)
{
    bool asked = false;

    return client_cert_signer_is_asked_for(signer, SSL_get_client_CA_list(ssl), &asked)
               == CLIENT_CERT_RESULT_OK
           && asked;
}

/* Without intermediates of its own, OpenSSL looks for some where mod_ssl has told
 * it to. */
static int show(SSL *ssl, const client_cert_signer *signer, X509 **certificate, EVP_PKEY **key)
{
    STACK_OF(X509) *chain = NULL;
    int used =
        client_cert_signer_credentials(signer, certificate, key, &chain) == CLIENT_CERT_RESULT_OK
        && SSL_use_certificate(ssl, *certificate) == 1
        && (!chain || SSL_set1_chain(ssl, chain) == 1);

    sk_X509_pop_free(chain, X509_free);
    if (!used) {
        X509_free(*certificate);
        EVP_PKEY_free(*key);
        *certificate = NULL;
        *key = NULL;
    }
    return used;
}

/* A backend asks for a certificate. */
static int choose_certificate(SSL *ssl, X509 **certificate, EVP_PKEY **key)
{
    const machine_certificate_t *machine = SSL_CTX_get_ex_data(SSL_get_SSL_CTX(ssl), ctx_index);
    const client_cert_signer *signer = SSL_get_ex_data(ssl, ssl_index);
    int chosen;

    if (signer && is_asked_for(ssl, signer)) {
        return show(ssl, signer, certificate, key);
    }
    /* mod_ssl knows more intermediates, by which it may still be asked for. */
    chosen = machine && machine->choose ? machine->choose(ssl, certificate, key) : 0;
    if (!signer || chosen <= 0) {
        return chosen;
    }
    X509_free(*certificate);
    EVP_PKEY_free(*key);
    return show(ssl, signer, certificate, key);
}

int mcc_backend_certificate_init_server(server_rec *s, apr_pool_t *p, int is_proxy, SSL_CTX *ctx)
{
    const char *file = file_of(current_section);
    machine_certificate_t *machine;

    if (!is_proxy || !mcc_server_config_of(s)->global->whole.forwarding_directive) {
        return DECLINED;
    }
    /* As mod_ssl merges them. */
    if (!file) {
        file = file_of(s->lookup_defaults);
    }
    /* A section's may come again, with another server. */
    if (!file || SSL_CTX_get_ex_data(ctx, ctx_index)) {
        return DECLINED;
    }
    machine = apr_pcalloc(p, sizeof(*machine));
    machine->file = file;
    machine->choose = SSL_CTX_get_client_cert_cb(ctx);
    if (!SSL_CTX_set_ex_data(ctx, ctx_index, machine)) {
        ap_log_error(APLOG_MARK, APLOG_EMERG, 0, s, "OpenSSL has no room for our data");
        return HTTP_INTERNAL_SERVER_ERROR;
    }
    SSL_CTX_set_client_cert_cb(ctx, choose_certificate);
    return OK;
}

/* Who signs in this server out of this file; NULL if another does. */
static const client_cert_signer *signer_of(const mcc_server_config_t *conf, const char *file)
{
    const client_cert_configured_file *own = conf->part.signer;
    const client_cert_signer *signer = NULL;

    if (own) {
        return !own->key_name && !strcmp(own->name, file) ? own->signer : NULL;
    }
    if (conf->tls_host) {
        (void)client_cert_tls_host_signer_of_file(mcc_tls_host_core(conf->tls_host), file, &signer);
    }
    return signer;
}

int mcc_backend_certificate_pre_handshake(conn_rec *c, SSL *ssl, int is_proxy)
{
    const machine_certificate_t *machine;
    const client_cert_signer *signer;

    if (!is_proxy) {
        return DECLINED;
    }
    machine = SSL_CTX_get_ex_data(SSL_get_SSL_CTX(ssl), ctx_index);
    /* The connection is made for a request of this server's. */
    signer = machine ? signer_of(mcc_server_config_of(c->base_server), machine->file) : NULL;
    if (signer && !SSL_set_ex_data(ssl, ssl_index, (void *)signer)) {
        return HTTP_INTERNAL_SERVER_ERROR;
    }
    return signer ? OK : DECLINED;
}

/* The file that a directive of mod_ssl's names; that one says what is wrong. */
static const char *file_in(cmd_parms *cmd, const char *args)
{
    return ap_server_root_relative(cmd->pool, ap_getword_conf(cmd->temp_pool, &args));
}

const char *mcc_see_machine_certificate_file(cmd_parms *cmd, void *dir, const char *args)
{
    const char *error = mcc_without_mod_ssl(cmd);

    if (!error) {
        ((mcc_dir_config_t *)dir)->machine_certificate_file = file_in(cmd, args);
    }
    return error;
}

const char *mcc_see_certificate_file(cmd_parms *cmd, void *dir, const char *args)
{
    mcc_server_config_t *conf = mcc_server_config_of(cmd->server);
    const char *error = mcc_without_mod_ssl(cmd);

    (void)dir;
    if (!error) {
        conf->certificate_file = file_in(cmd, args);
        conf->certificate_files += conf->certificate_file ? 1 : 2;
    }
    return error;
}
