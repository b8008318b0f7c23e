/* SPDX-License-Identifier: Apache-2.0 */

#include "directives.h"

#include <httpd.h>

#include <apr_strings.h>

#include "config/accept_directives.h"
#include "config/config.h"
#include "config/directive_util.h"
#include "config/forward_directives.h"
#include "forward/backend.h"
#include "forward/tunnel.h"
#include "tls/backend_certificate.h"
#include "tls/verification_directives.h"

static const char *set_signature_cache(cmd_parms *cmd, void *dir, const char *word)
{
    mcc_server_config_t *conf = mcc_server_config_of(cmd->server);
    const char *error = mcc_check_directive(cmd, GLOBAL_ONLY | NOT_IN_HTACCESS);
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
    mcc_server_config_t *conf = mcc_server_config_of(cmd->server);
    const char *error = mcc_check_directive(cmd, NOT_IN_DIR_CONTEXT | NOT_IN_HTACCESS);

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
        return mcc_fault(cmd, "unknown word \"%s\", must be one of strip, reject", word);
    }
    return NULL;
}

/* Of raw arguments, for httpd leaves out an empty one at their end: "keep" and the names of a
 * variable that is empty must not keep all. */
static const char *set_known_headers(cmd_parms *cmd, void *dir, const char *args)
{
    mcc_kept_headers_t *kept = &mcc_server_config_of(cmd->server)->kept_headers;
    const char *error = ap_check_cmd_context(cmd, NOT_IN_DIR_CONTEXT | NOT_IN_HTACCESS);
    const char *word = ap_getword_conf(cmd->pool, &args);
    int keep = !ap_cstr_casecmp(word, "keep");
    mcc_kept_name_t *name;

    (void)dir;
    if (error) {
        return error;
    }
    if (!keep && ap_cstr_casecmp(word, "strip")) {
        return mcc_fault(cmd, "unknown word \"%s\", must be one of strip, keep", word);
    }
    if (!keep && *args) {
        return mcc_fault(cmd, "\"strip\" takes no names");
    }
    if (kept->names && (!*args || !kept->names->nelts)) {
        return mcc_fault(cmd, "given twice for one server, which only \"keep\" with names may be");
    }
    if (!kept->names) {
        kept->names = apr_array_make(cmd->pool, 4, sizeof(mcc_kept_name_t));
    }
    kept->all = keep && !*args;
    while (*args) {
        word = ap_getword_conf(cmd->pool, &args);
        if ((error = mcc_known_header_fault(cmd, word))) {
            return error;
        }
        name = apr_array_push(kept->names);
        name->name = word;
        name->length = strlen(word);
    }
    return NULL;
}

void *mcc_create_server_config(apr_pool_t *p, server_rec *s)
{
    mcc_server_config_t *conf = apr_pcalloc(p, sizeof(*conf));

    (void)s;
    conf->global = mcc_global_of(p);
    mcc_signer_config_init(&conf->signer);
    return conf;
}

void *mcc_merge_server_config(apr_pool_t *p, void *base_conf, void *add_conf)
{
    const mcc_server_config_t *base = base_conf;
    const mcc_server_config_t *add = add_conf;
    mcc_server_config_t *conf = apr_pmemdup(p, add, sizeof(*add));

    mcc_signer_config_merge(&conf->signer, &base->signer, &add->signer);
    if (add->incoming == MCC_INCOMING_UNSET) {
        conf->incoming = base->incoming;
    }
    if (!add->kept_headers.names) {
        conf->kept_headers = base->kept_headers;
    }
    if (!conf->certificate_file) {
        conf->certificate_file = base->certificate_file;
    }
    conf->certificate_files += base->certificate_files;
    /* The main server's sections apply to every virtual host. */
    conf->forwards_in_section = add->forwards_in_section || base->forwards_in_section;
    conf->signs = add->signs || base->signs;
    conf->accepts = add->accepts || base->accepts;
    conf->signer_certs_seen = add->signer_certs_seen | base->signer_certs_seen;
    if (!conf->variables_place) {
        conf->variables_place = base->variables_place;
    }
    if (!conf->legacy_names_place) {
        conf->legacy_names_place = base->legacy_names_place;
    }
    return conf;
}

void *mcc_create_dir_config(apr_pool_t *p, char *path)
{
    mcc_dir_config_t *conf = apr_pcalloc(p, sizeof(*conf));

    (void)path;
    mcc_forward_config_init(&conf->forward);
    mcc_accept_config_init(&conf->accept);
    conf->ws_fallback = -1;
    return conf;
}

void *mcc_merge_dir_config(apr_pool_t *p, void *base_conf, void *add_conf)
{
    const mcc_dir_config_t *base = base_conf;
    const mcc_dir_config_t *add = add_conf;
    mcc_dir_config_t *conf = apr_palloc(p, sizeof(*conf));

    mcc_forward_config_merge(&conf->forward, &base->forward, &add->forward);
    mcc_accept_config_merge(&conf->accept, &base->accept, &add->accept);
    conf->machine_certificate_file = add->machine_certificate_file ? add->machine_certificate_file
                                                                   : base->machine_certificate_file;
    conf->ws_fallback = add->ws_fallback < 0 ? base->ws_fallback : add->ws_fallback;
    conf->fcgi_variables = !add->fcgi_variables ? base->fcgi_variables
                           : !base->fcgi_variables
                               ? add->fcgi_variables
                               : apr_array_append(p, base->fcgi_variables, add->fcgi_variables);
    conf->is_accept_section = 0;
    return conf;
}

const command_rec mcc_commands[] = {
    MCC_FORWARD_DIRECTIVES,
    MCC_ACCEPT_DIRECTIVES,
    AP_INIT_TAKE1("ClientCertSignatureCache", set_signature_cache, NULL, RSRC_CONF,
                  "memory for signatures to reuse in each process (bytes, K or "
                  "M), 0 for none"),
    AP_INIT_TAKE1("ClientCertIncoming", set_incoming, NULL, RSRC_CONF,
                  "strip or reject: requests that arrive with one of our "
                  "headers"),
    AP_INIT_RAW_ARGS("ClientCertKnownHeaders", set_known_headers, NULL, RSRC_CONF,
                     "strip or keep, and the names to keep: headers by which TLS terminators "
                     "tell who the client is"),
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
    AP_INIT_RAW_ARGS("SSLOptions", mcc_see_ssl_options, NULL, OR_OPTIONS, MCC_TLS_DIRECTIVE_HELP),
    AP_INIT_RAW_ARGS("SSLProxyMachineCertificateFile", mcc_see_machine_certificate_file, NULL,
                     RSRC_CONF | PROXY_CONF, MCC_TLS_DIRECTIVE_HELP),
    MCC_TLS_DIRECTIVE("SSLVerifyClient", RSRC_CONF | OR_AUTHCFG),
    MCC_TLS_DIRECTIVE("SSLVerifyDepth", RSRC_CONF | OR_AUTHCFG),
    AP_INIT_FLAG("ProxyWebsocketFallbackToProxyHttp", mcc_see_ws_fallback, NULL,
                 RSRC_CONF | ACCESS_CONF, "mod_proxy_wstunnel's; seen here as well"),
    AP_INIT_TAKE23("ProxyFCGISetEnvIf", mcc_see_fcgi_variable, NULL, OR_FILEINFO,
                   "mod_proxy_fcgi's; seen here as well"),
    { NULL }
};
