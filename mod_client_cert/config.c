/* SPDX-License-Identifier: Apache-2.0 */

#include "config.h"

#include <stdlib.h>

#include <http_core.h>

#include <apr_lib.h>
#include <apr_strings.h>

#include "backend.h"
#include "tls_backend.h"
#include "tls_directives.h"
#include "tunnel.h"

#define GLOBAL_KEY "mod_client_cert: global"

static apr_status_t free_vhosts(void *global)
{
    client_cert_vhosts_free(((mcc_global *)global)->vhosts);
    ((mcc_global *)global)->vhosts = NULL;
    return APR_SUCCESS;
}

void mcc_forget_vhosts(mcc_global *global, apr_pool_t *pconf)
{
    apr_pool_cleanup_run(pconf, global, free_vhosts);
}

/* Server configurations are made before any hook of ours runs and without a
 * way to the main server's, so what they share hangs on their common pool. */
static mcc_global *global_of(apr_pool_t *pconf)
{
    mcc_global *global = NULL;
    void *found = NULL;

    apr_pool_userdata_get(&found, GLOBAL_KEY, pconf);
    global = found;
    if (!global) {
        global = apr_pcalloc(pconf, sizeof(*global));
        mcc_names_init(&global->our_names, pconf);
        mcc_files_init(&global->files, pconf);
        global->accepted_names = apr_array_make(pconf, 1, sizeof(const char *));
        global->accepted_names_by_case = apr_hash_make(pconf);
        global->cache_size = MCC_DEFAULT_CACHE_SIZE;
        global->tls_certificates = apr_hash_make(pconf);
        if (client_cert_vhosts_new(&global->vhosts) == CLIENT_CERT_RESULT_OK) {
            apr_pool_cleanup_register(pconf, global, free_vhosts,
                                      apr_pool_cleanup_null);
        }
        mcc_names_add(&global->our_names, MCC_CLIENT_CERT);
        mcc_names_add(&global->our_names, MCC_CLIENT_CERT_CHAIN);
        apr_pool_userdata_setn(global, GLOBAL_KEY, apr_pool_cleanup_null, pconf);
    }
    return global;
}

void *mcc_create_server_config(apr_pool_t *p, server_rec *s)
{
    mcc_server_config *conf = apr_pcalloc(p, sizeof(*conf));

    (void)s;
    conf->global = global_of(p);
    mcc_signer_config_init(&conf->signer);
    return conf;
}

void *mcc_merge_server_config(apr_pool_t *p, void *base_conf, void *add_conf)
{
    const mcc_server_config *base = base_conf;
    const mcc_server_config *add = add_conf;
    mcc_server_config *conf = apr_pmemdup(p, add, sizeof(*add));

    mcc_signer_config_merge(&conf->signer, &base->signer, &add->signer);
    if (add->incoming == MCC_INCOMING_UNSET) {
        conf->incoming = base->incoming;
    }
    if (!conf->certificate_file) {
        conf->certificate_file = base->certificate_file;
    }
    conf->certificate_files += base->certificate_files;
    /* The main server's sections apply to every virtual host. */
    conf->forwards_in_section = add->forwards_in_section
        || base->forwards_in_section;
    conf->signs = add->signs || base->signs;
    conf->accepts = add->accepts || base->accepts;
    conf->signer_certs_seen = add->signer_certs_seen | base->signer_certs_seen;
    return conf;
}

void *mcc_create_dir_config(apr_pool_t *p, char *path)
{
    mcc_dir_config *conf = apr_pcalloc(p, sizeof(*conf));

    (void)path;
    mcc_forward_config_init(&conf->forward);
    mcc_accept_config_init(&conf->accept);
    conf->ws_fallback = -1;
    return conf;
}

void *mcc_merge_dir_config(apr_pool_t *p, void *base_conf, void *add_conf)
{
    const mcc_dir_config *base = base_conf;
    const mcc_dir_config *add = add_conf;
    mcc_dir_config *conf = apr_palloc(p, sizeof(*conf));

    mcc_forward_config_merge(&conf->forward, &base->forward, &add->forward);
    mcc_accept_config_merge(&conf->accept, &base->accept, &add->accept);
    conf->machine_certificate_file = add->machine_certificate_file
        ? add->machine_certificate_file : base->machine_certificate_file;
    conf->ws_fallback = add->ws_fallback < 0 ? base->ws_fallback
                                             : add->ws_fallback;
    conf->fcgi_variables = !add->fcgi_variables ? base->fcgi_variables
        : !base->fcgi_variables ? add->fcgi_variables
        : apr_array_append(p, base->fcgi_variables, add->fcgi_variables);
    conf->is_accept_section = 0;
    return conf;
}

void mcc_config_complete(server_rec *main_server)
{
    mcc_global *global = mcc_server_config_of(main_server)->global;
    server_rec *s;

    for (s = main_server; s; s = s->next) {
        mcc_server_config *conf = mcc_server_config_of(s);
        const mcc_dir_config *whole = ap_get_module_config(s->lookup_defaults,
                                                           &client_cert_module);

        conf->forwards = conf->forwards_in_section
            || mcc_forwards(&whole->forward);
    }
    global->tunnels = ap_find_linked_module("mod_proxy_wstunnel.c") != NULL;
    global->proxies_http = ap_find_linked_module("mod_proxy_http.c") != NULL;
}

const char *mcc_without_module(cmd_parms *cmd, const char *module_name)
{
    return ap_find_linked_module(module_name) || (cmd->override & NONFATAL_UNKNOWN)
        ? NULL
        : apr_pstrcat(cmd->pool, "Invalid command '", cmd->cmd->name,
                      "', perhaps misspelled or defined by a module not "
                      "included in the server configuration", NULL);
}

mcc_server_config *mcc_server_config_of(const server_rec *s)
{
    return ap_get_module_config(s->module_config, &client_cert_module);
}

mcc_dir_config *mcc_dir_config_of(const request_rec *r)
{
    return ap_get_module_config(r->per_dir_config, &client_cert_module);
}

static int compare_names(const void *a, const void *b)
{
    return ap_cstr_casecmp(*(const char *const *)a, *(const char *const *)b);
}

void mcc_accepted_names_sort(mcc_global *global)
{
    qsort(global->accepted_names->elts, (size_t)global->accepted_names->nelts,
          sizeof(const char *), compare_names);
}

const char *mcc_accepted_name(const mcc_global *global, const char *name)
{
    const char *const *found = bsearch(&name, global->accepted_names->elts,
                                       (size_t)global->accepted_names->nelts,
                                       sizeof(const char *), compare_names);

    return found ? *found : NULL;
}

apr_size_t mcc_cache_share(const mcc_global *global)
{
    return global->forwards && global->accepts ? global->cache_size / 2
                                               : global->cache_size;
}

int mcc_watches_tls(const mcc_global *global)
{
    return global->forwards || global->accepts;
}

const char *mcc_fault(cmd_parms *cmd, const char *format, ...)
{
    va_list args;
    const char *text;

    va_start(args, format);
    text = apr_pvsprintf(cmd->pool, format, args);
    va_end(args);
    return apr_pstrcat(cmd->pool, cmd->cmd->name, ": ", text, NULL);
}

static const client_cert_format_row *formats(size_t *count)
{
    const client_cert_format_row *rows = NULL;

    (void)client_cert_formats(&rows, count);
    return rows;
}

const client_cert_format_row *mcc_find_format(const char *word)
{
    size_t count;
    const client_cert_format_row *row = formats(&count);

    for (; count; count--, row++) {
        if (!ap_cstr_casecmp(word, row->name)) {
            return row;
        }
    }
    return NULL;
}

const char *mcc_format_name(uint32_t format)
{
    size_t count;
    const client_cert_format_row *row = formats(&count);

    for (; count; count--, row++) {
        if (row->format == format) {
            return row->name;
        }
    }
    return "off";
}

const char *mcc_unknown_format(cmd_parms *cmd, const char *word, int readable)
{
    size_t count;
    const client_cert_format_row *row = formats(&count);
    const char *names = "off";

    for (; count; count--, row++) {
        if (!readable || row->is_readable) {
            names = apr_pstrcat(cmd->pool, names, ", ", row->name, NULL);
        }
    }
    return mcc_fault(cmd, "unknown format \"%s\", must be one of %s", word, names);
}

const char *mcc_header_fault(cmd_parms *cmd, const char *header)
{
    client_cert_result result;
    uint32_t kind;

    result = client_cert_field_name_kind(header, &kind);
    if (result != CLIENT_CERT_RESULT_OK) {
        return mcc_fault(cmd, "\"%s\": %s", header,
                         client_cert_result_message(result));
    }
    if (kind == CLIENT_CERT_FIELD_NAME_NO_TOKEN) {
        return mcc_fault(cmd, "\"%s\" is no header name", header);
    }
    if (kind == CLIENT_CERT_FIELD_NAME_RESERVED) {
        return mcc_fault(cmd, "the header \"%s\" has a meaning of its own in "
                         "HTTP", header);
    }
    if (mcc_find_format(header)) {
        return mcc_fault(cmd, "\"%s\" is a format, not a header: each format "
                         "has a directive of its own", header);
    }
    if (mcc_names_equal(header, MCC_CLIENT_CERT_CHAIN)) {
        return mcc_fault(cmd, "the header \"%s\" is the one of "
                         "ClientCertForwardChain", header);
    }
    return NULL;
}

apr_int64_t mcc_parse_number(const char *word, const char **rest)
{
    apr_int64_t number = 0;
    const char *p;

    for (p = word; apr_isdigit(*p); p++) {
        number = number * 10 + (*p - '0');
        if (number > APR_INT32_MAX) {
            return -1;
        }
    }
    *rest = p;
    return p == word ? -1 : number;
}

static const char *set_signature_cache(cmd_parms *cmd, void *dir,
                                       const char *word)
{
    mcc_server_config *conf = mcc_server_config_of(cmd->server);
    const char *error = ap_check_cmd_context(cmd, GLOBAL_ONLY | NOT_IN_HTACCESS);
    const char *rest = "";
    apr_int64_t size;

    (void)dir;
    if (error) {
        return error;
    }
    size = mcc_parse_number(word, &rest);
    if (size >= 0 && (*rest == 'K' || *rest == 'k')) {
        size *= 1024;
        rest++;
    }
    else if (size >= 0 && (*rest == 'M' || *rest == 'm')) {
        size *= 1024 * 1024;
        rest++;
    }
    if (size < 0 || *rest) {
        return mcc_fault(cmd, "\"%s\" is no size (bytes, or with K or M)", word);
    }
    if ((apr_uint64_t)size > (apr_uint64_t)APR_SIZE_MAX / 2) {
        return mcc_fault(cmd, "\"%s\" is more than this machine can address", word);
    }
    conf->global->cache_size = (apr_size_t)size;
    return NULL;
}

static const char *set_incoming(cmd_parms *cmd, void *dir, const char *word)
{
    mcc_server_config *conf = mcc_server_config_of(cmd->server);
    const char *error = ap_check_cmd_context(cmd, NOT_IN_DIR_CONTEXT
                                             | NOT_IN_HTACCESS);

    (void)dir;
    if (error) {
        return error;
    }
    if (!ap_cstr_casecmp(word, "strip")) {
        conf->incoming = MCC_INCOMING_STRIP;
    }
    else if (!ap_cstr_casecmp(word, "reject")) {
        conf->incoming = MCC_INCOMING_REJECT;
    }
    else {
        return mcc_fault(cmd, "unknown word \"%s\", must be one of strip, reject",
                     word);
    }
    return NULL;
}

const command_rec mcc_commands[] = {
    AP_INIT_TAKE12("ClientCertForward", mcc_set_forward, NULL,
                   RSRC_CONF | ACCESS_CONF,
                   "off, or a format and, if it is not the usual one, the header "
                   "to send it in"),
    AP_INIT_FLAG("ClientCertForwardChain", mcc_set_forward_chain, NULL,
                 RSRC_CONF | ACCESS_CONF,
                 "on to send Client-Cert-Chain (RFC 9440) as well"),
    AP_INIT_TAKE12("ClientCertSigner", mcc_set_signer, NULL, RSRC_CONF,
                   "server, or a PEM file with the signer's certificate, its "
                   "intermediates and its key; the key may be in a second file"),
    AP_INIT_TAKE1("ClientCertSignerCerts", mcc_set_signer_certs, NULL,
                  RSRC_CONF | ACCESS_CONF,
                  "chain, signer or none: the signer's certificates to send"),
    AP_INIT_TAKE1("ClientCertSignatureLifetime", mcc_set_signature_lifetime,
                  NULL, RSRC_CONF,
                  "seconds for which a signature may be reused, 0 to sign every "
                  "request"),
    AP_INIT_TAKE1("ClientCertSignatureCache", set_signature_cache, NULL,
                  RSRC_CONF,
                  "memory for signatures to reuse in each process (bytes, K or "
                  "M), 0 for none"),
    AP_INIT_TAKE1("ClientCertIncoming", set_incoming, NULL, RSRC_CONF,
                  "strip or reject: requests that arrive with one of our "
                  "headers"),
    AP_INIT_TAKE12("ClientCertAccept", mcc_set_accept, NULL,
                   RSRC_CONF | ACCESS_CONF,
                   "off, or a format and, if it is not the usual one, the header "
                   "to read it from"),
    AP_INIT_TAKE1("ClientCertTrust", mcc_set_trust, NULL,
                  RSRC_CONF | ACCESS_CONF,
                  "a PEM file of the CAs of signers, or of signers themselves"),
    AP_INIT_ITERATE("ClientCertTrustName", mcc_set_trust_name, NULL,
                    RSRC_CONF | ACCESS_CONF,
                    "names of which a signer must have one as dNSName"),
    AP_INIT_TAKE1("ClientCertTrustCRL", mcc_set_trust_crl, NULL,
                  RSRC_CONF | ACCESS_CONF,
                  "a PEM file of the CRLs for the signer's chain"),
    AP_INIT_FLAG("ClientCertTrustPeer", mcc_set_trust_peer, NULL,
                 RSRC_CONF | ACCESS_CONF,
                 "off if the signer need not be the TLS peer"),
    AP_INIT_TAKE12("ClientCertMaxAge", mcc_set_max_age, NULL,
                   RSRC_CONF | ACCESS_CONF,
                   "seconds for which a signature is taken, and those for which "
                   "its time may lie in the future"),
    AP_INIT_TAKE1("ClientCertUserName", mcc_set_user_name, NULL,
                  RSRC_CONF | ACCESS_CONF,
                  "the variable to take the user's name from"),
    MCC_TLS_PATH_DIRECTIVE("SSLCACertificatePath"),
    MCC_TLS_DIRECTIVE("SSLCARevocationCheck", RSRC_CONF),
    MCC_TLS_PATH_DIRECTIVE("SSLCARevocationPath"),
    AP_INIT_RAW_ARGS("SSLCertificateFile", mcc_see_certificate_file, NULL, RSRC_CONF,
                     MCC_TLS_DIRECTIVE_HELP),
    MCC_TLS_DIRECTIVE("SSLCipherSuite", RSRC_CONF | OR_AUTHCFG),
    MCC_TLS_DIRECTIVE("SSLOCSPDefaultResponder", RSRC_CONF),
    MCC_TLS_DIRECTIVE("SSLOCSPEnable", RSRC_CONF),
    MCC_TLS_DIRECTIVE("SSLOCSPNoVerify", RSRC_CONF),
    MCC_TLS_DIRECTIVE("SSLOCSPOverrideResponder", RSRC_CONF),
    MCC_TLS_DIRECTIVE("SSLOCSPProxyURL", RSRC_CONF),
    MCC_TLS_PATH_DIRECTIVE("SSLOCSPResponderCertificateFile"),
    MCC_TLS_DIRECTIVE("SSLOCSPResponderTimeout", RSRC_CONF),
    MCC_TLS_DIRECTIVE("SSLOCSPResponseMaxAge", RSRC_CONF),
    MCC_TLS_DIRECTIVE("SSLOCSPResponseTimeSkew", RSRC_CONF),
    MCC_TLS_DIRECTIVE("SSLOCSPUseRequestNonce", RSRC_CONF),
    MCC_TLS_DIRECTIVE("SSLOpenSSLConfCmd", RSRC_CONF),
    AP_INIT_RAW_ARGS("SSLProxyMachineCertificateFile",
                     mcc_see_machine_certificate_file, NULL, RSRC_CONF | PROXY_CONF,
                     MCC_TLS_DIRECTIVE_HELP),
    MCC_TLS_DIRECTIVE("SSLVerifyClient", RSRC_CONF | OR_AUTHCFG),
    MCC_TLS_DIRECTIVE("SSLVerifyDepth", RSRC_CONF | OR_AUTHCFG),
    AP_INIT_FLAG("ProxyWebsocketFallbackToProxyHttp", mcc_see_ws_fallback, NULL,
                 RSRC_CONF | ACCESS_CONF,
                 "mod_proxy_wstunnel's; seen here as well"),
    AP_INIT_TAKE23("ProxyFCGISetEnvIf", mcc_see_fcgi_variable, NULL, OR_FILEINFO,
                   "mod_proxy_fcgi's; seen here as well"),
    { NULL }
};
