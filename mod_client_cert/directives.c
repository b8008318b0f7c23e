/* SPDX-License-Identifier: Apache-2.0 */

#include "directives.h"

#include <httpd.h>

#include <apr_strings.h>

#include "allocator.h"
#include "config/config.h"
#include "config/files.h"
#include "config/findings.h"
#include "forward/forward.h"
#include "tls/backend_certificate.h"
#include "tls/verification_directives.h"

/* Where httpd must not take a directive, and whether its words are names of files. */
typedef struct {
    unsigned forbidden;
    unsigned names_files : 1;
} directive_t;

/* Most words of a directive. */
#define MAX_WORDS 2

static const char *add(cmd_parms *cmd, void *dir, const char *const *words, size_t count)
{
    const directive_t *directive = cmd->info;
    const mcc_server_config_t *server = mcc_server_config_of(cmd->server);
    mcc_dir_config_t *section = dir;
    apr_array_header_t *around = apr_array_make(cmd->temp_pool, 4, sizeof(client_cert_directive));
    client_cert_allocator allocator = mcc_pool_allocator(cmd->pool);
    const char *paths[MAX_WORDS];
    client_cert_setting_line line = {
        .words = words,
        .word_count = count,
        .server = server->part.number,
        .is_whole = dir == ap_get_module_config(cmd->server->lookup_defaults, &client_cert_module),
        .restarts = mcc_restarts(),
    };
    const char *fault = ap_check_cmd_context(cmd, directive->forbidden);
    const ap_directive_t *outer;
    client_cert_result result;
    size_t i;

    if (fault) {
        return fault;
    }
    for (outer = cmd->directive; outer; outer = outer->parent) {
        mcc_add_directive(around, outer, 0);
    }
    line.directives = (const client_cert_directive *)around->elts;
    line.directive_count = (size_t)around->nelts;
    if (directive->names_files) {
        for (i = 0; i < count; i++) {
            paths[i] = ap_server_root_relative(cmd->temp_pool, words[i]);
        }
        line.paths = paths;
        line.now = mcc_time_in_words(cmd->temp_pool);
    }
    result =
        client_cert_settings_add(server->global->settings, mcc_files_of(cmd->server, cmd->pool),
                                 &line, &section->forward, &section->accept, &allocator, &fault);
    return result == CLIENT_CERT_RESULT_OK ? fault
                                           : apr_pstrcat(cmd->pool, cmd->cmd->name, ": ",
                                                         client_cert_result_message(result), NULL);
}

static const char *set_word(cmd_parms *cmd, void *dir, const char *word)
{
    return add(cmd, dir, &word, 1);
}

static const char *set_words(cmd_parms *cmd, void *dir, const char *first, const char *second)
{
    const char *words[MAX_WORDS] = { first, second };

    return add(cmd, dir, words, second ? 2 : 1);
}

static const char *set_flag(cmd_parms *cmd, void *dir, int on)
{
    return set_word(cmd, dir, on ? "on" : "off");
}

/* The core has the line: httpd leaves out an empty word at its end. */
static const char *set_line(cmd_parms *cmd, void *dir, const char *args)
{
    (void)args;
    return add(cmd, dir, NULL, 0);
}

/* In a .htaccess file it changes nothing of what is sent, but mod_ssl's names for what runs there. */
static const char *see_ssl_options(cmd_parms *cmd, void *dir, const char *args)
{
    const char *fault = NULL;

    if (!ap_check_cmd_context(cmd, NOT_IN_HTACCESS)) {
        fault = set_line(cmd, dir, args);
    }
    return fault ? fault : mcc_without_mod_ssl(cmd);
}

void *mcc_create_server_config(apr_pool_t *p, server_rec *s)
{
    mcc_server_config_t *conf = apr_pcalloc(p, sizeof(*conf));

    (void)s;
    conf->global = mcc_global_of(p);
    conf->part.number = conf->global->server_count++;
    return conf;
}

void *mcc_merge_server_config(apr_pool_t *p, void *base_conf, void *add_conf)
{
    const mcc_server_config_t *base = base_conf;
    mcc_server_config_t *conf = apr_pmemdup(p, add_conf, sizeof(*conf));

    if (!conf->certificate_file) {
        conf->certificate_file = base->certificate_file;
    }
    conf->certificate_files += base->certificate_files;
    return conf;
}

void *mcc_create_dir_config(apr_pool_t *p, char *path)
{
    mcc_dir_config_t *conf = apr_pcalloc(p, sizeof(*conf));

    (void)path;
    client_cert_forward_part_init(&conf->forward);
    client_cert_accept_part_init(&conf->accept);
    conf->ws_fallback = -1;
    return conf;
}

void *mcc_merge_dir_config(apr_pool_t *p, void *base_conf, void *add_conf)
{
    const mcc_dir_config_t *base = base_conf;
    const mcc_dir_config_t *add = add_conf;
    mcc_dir_config_t *conf = apr_palloc(p, sizeof(*conf));

    client_cert_forward_part_merge(&base->forward, &add->forward, &conf->forward);
    client_cert_accept_part_merge(&base->accept, &add->accept, &conf->accept);
    conf->machine_certificate_file = add->machine_certificate_file ? add->machine_certificate_file
                                                                   : base->machine_certificate_file;
    conf->ws_fallback = add->ws_fallback < 0 ? base->ws_fallback : add->ws_fallback;
    conf->fcgi_variables = !add->fcgi_variables ? base->fcgi_variables
                           : !base->fcgi_variables
                               ? add->fcgi_variables
                               : apr_array_append(p, base->fcgi_variables, add->fcgi_variables);
    return conf;
}

/* A directive of sections: not where httpd would apply it to some ways of proxying only, and not
 * in .htaccess files, which others than the administrator write. */
#define IN_SECTIONS (NOT_IN_HTACCESS | NOT_IN_PROXY | NOT_IN_LIMIT)
/* A directive of whole servers. */
#define IN_SERVERS (NOT_IN_DIR_CONTEXT | NOT_IN_HTACCESS)

static const directive_t of_sections = { IN_SECTIONS, 0 };
static const directive_t files_of_sections = { IN_SECTIONS, 1 };
static const directive_t of_servers = { IN_SERVERS, 0 };
static const directive_t files_of_servers = { IN_SERVERS, 1 };
static const directive_t of_httpd = { GLOBAL_ONLY | NOT_IN_HTACCESS, 0 };
static const directive_t of_any_section = { NOT_IN_HTACCESS, 0 };

const command_rec mcc_commands[] = {
    AP_INIT_TAKE12("ClientCertForward", set_words, (void *)&of_sections, RSRC_CONF | ACCESS_CONF,
                   "off, or a format and, if it is not the usual one, the header to send it in"),
    AP_INIT_TAKE12("ClientCertForwardVariable", set_words, (void *)&of_sections,
                   RSRC_CONF | ACCESS_CONF,
                   "off, or a header and the variable of the client to send in it"),
    AP_INIT_FLAG("ClientCertForwardChain", set_flag, (void *)&of_sections, RSRC_CONF | ACCESS_CONF,
                 "on to send Client-Cert-Chain (RFC 9440) as well"),
    AP_INIT_TAKE12("ClientCertSigner", set_words, (void *)&files_of_servers, RSRC_CONF,
                   "server, or a PEM file with the signer's certificate, its intermediates and "
                   "its key; the key may be in a second file"),
    AP_INIT_TAKE1("ClientCertSignerCerts", set_word, (void *)&of_sections, RSRC_CONF | ACCESS_CONF,
                  "chain, signer or none: the signer's certificates to send"),
    AP_INIT_TAKE1("ClientCertSignatureLifetime", set_word, (void *)&of_servers, RSRC_CONF,
                  "seconds for which a signature may be reused, 0 to sign every request"),
    AP_INIT_TAKE12("ClientCertAccept", set_words, (void *)&of_sections, RSRC_CONF | ACCESS_CONF,
                   "off, or a format and, if it is not the usual one, the header to read it from"),
    AP_INIT_TAKE1("ClientCertTrust", set_word, (void *)&files_of_sections, RSRC_CONF | ACCESS_CONF,
                  "a PEM file of the CAs of signers, or of signers themselves"),
    AP_INIT_ITERATE("ClientCertTrustName", set_word, (void *)&of_sections, RSRC_CONF | ACCESS_CONF,
                    "dNSNames and URIs of which a signer must have one"),
    AP_INIT_TAKE1("ClientCertTrustCRL", set_word, (void *)&files_of_sections,
                  RSRC_CONF | ACCESS_CONF, "a PEM file of the CRLs for the signer's chain"),
    AP_INIT_TAKE1("ClientCertClientTrust", set_word, (void *)&files_of_sections,
                  RSRC_CONF | ACCESS_CONF,
                  "a PEM file of the CAs to which clients must lead here as well"),
    AP_INIT_TAKE1("ClientCertClientCRL", set_word, (void *)&files_of_sections,
                  RSRC_CONF | ACCESS_CONF, "a PEM file of the CRLs for the client's chain"),
    AP_INIT_FLAG("ClientCertTrustPeer", set_flag, (void *)&of_sections, RSRC_CONF | ACCESS_CONF,
                 "off if the signer need not be the TLS peer"),
    AP_INIT_TAKE12("ClientCertMaxAge", set_words, (void *)&of_sections, RSRC_CONF | ACCESS_CONF,
                   "seconds for which a signature is taken, and those for which its time may lie "
                   "in the future"),
    AP_INIT_TAKE1("ClientCertUserName", set_word, (void *)&of_sections, RSRC_CONF | ACCESS_CONF,
                  "the variable to take the user's name from"),
    AP_INIT_TAKE1("ClientCertSignatureCache", set_word, (void *)&of_httpd, RSRC_CONF,
                  "memory for signatures to reuse in each process (bytes, K or M), 0 for none"),
    AP_INIT_TAKE1("ClientCertIncoming", set_word, (void *)&of_servers, RSRC_CONF,
                  "strip or reject: requests that arrive with one of our headers"),
    AP_INIT_RAW_ARGS("ClientCertKnownHeaders", set_line, (void *)&of_servers, RSRC_CONF,
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
    AP_INIT_RAW_ARGS("SSLOptions", see_ssl_options, (void *)&of_any_section, OR_OPTIONS,
                     MCC_TLS_DIRECTIVE_HELP),
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
