/* SPDX-License-Identifier: Apache-2.0 */

#include "config.h"

#include <http_core.h>
#include <http_log.h>

#include <apr_lib.h>
#include <apr_strings.h>

#include <openssl/err.h>

#include "names.h"

APLOG_USE_MODULE(client_cert);

#define GLOBAL_KEY "mod_client_cert: global"

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
        global->our_names = apr_array_make(pconf, 4, sizeof(const char *));
        global->accepted_names = apr_array_make(pconf, 1, sizeof(const char *));
        global->cache_size = MCC_DEFAULT_CACHE_SIZE;
        mcc_names_add(global->our_names, MCC_CLIENT_CERT);
        mcc_names_add(global->our_names, MCC_CLIENT_CERT_CHAIN);
        apr_pool_userdata_setn(global, GLOBAL_KEY, apr_pool_cleanup_null, pconf);
    }
    return global;
}

void *mcc_create_server_config(apr_pool_t *p, server_rec *s)
{
    mcc_server_config *conf = apr_pcalloc(p, sizeof(*conf));

    (void)s;
    conf->global = global_of(p);
    conf->lifetime = -1;
    return conf;
}

void *mcc_merge_server_config(apr_pool_t *p, void *base_conf, void *add_conf)
{
    const mcc_server_config *base = base_conf;
    const mcc_server_config *add = add_conf;
    mcc_server_config *conf = apr_pmemdup(p, add, sizeof(*add));

    if (add->signer_source == MCC_SIGNER_UNSET) {
        conf->signer_source = base->signer_source;
        conf->signer_file = base->signer_file;
        conf->signer = base->signer;
    }
    if (add->lifetime < 0) {
        conf->lifetime = base->lifetime;
    }
    if (add->incoming == MCC_INCOMING_UNSET) {
        conf->incoming = base->incoming;
    }
    /* The main server's sections apply to every virtual host. */
    conf->signs = add->signs || base->signs;
    conf->accepts = add->accepts || base->accepts;
    conf->signer_certs_seen = add->signer_certs_seen | base->signer_certs_seen;
    return conf;
}

void *mcc_create_dir_config(apr_pool_t *p, char *path)
{
    mcc_dir_config *conf = apr_pcalloc(p, sizeof(*conf));

    (void)path;
    conf->forward_chain = -1;
    conf->signer_certs = -1;
    mcc_accept_config_init(&conf->accept);
    return conf;
}

void *mcc_merge_dir_config(apr_pool_t *p, void *base_conf, void *add_conf)
{
    const mcc_dir_config *base = base_conf;
    const mcc_dir_config *add = add_conf;
    mcc_dir_config *conf = apr_palloc(p, sizeof(*conf));

    conf->forward = add->forward ? add->forward : base->forward;
    conf->forward_chain = add->forward_chain < 0 ? base->forward_chain
                                                 : add->forward_chain;
    conf->signer_certs = add->signer_certs < 0 ? base->signer_certs
                                               : add->signer_certs;
    mcc_accept_config_merge(&conf->accept, &base->accept, &add->accept);
    return conf;
}

mcc_server_config *mcc_server_config_of(const server_rec *s)
{
    return ap_get_module_config(s->module_config, &client_cert_module);
}

mcc_dir_config *mcc_dir_config_of(const request_rec *r)
{
    return ap_get_module_config(r->per_dir_config, &client_cert_module);
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

const char *mcc_header_fault(cmd_parms *cmd, const char *header)
{
    if (!mcc_name_is_token(header)) {
        return mcc_fault(cmd, "\"%s\" is no header name", header);
    }
    if (mcc_name_is_reserved(header)) {
        return mcc_fault(cmd, "the header \"%s\" has a meaning of its own in "
                         "HTTP", header);
    }
    if (mcc_names_equal(header, MCC_CLIENT_CERT_CHAIN)) {
        return mcc_fault(cmd, "the header \"%s\" is the one of "
                         "ClientCertForwardChain", header);
    }
    return NULL;
}

/* Directives of a section: everywhere but where httpd would not apply them to
 * each way of proxying, or where somebody else than the administrator writes. */
#define SECTION_CONTEXT (NOT_IN_HTACCESS | NOT_IN_PROXY | NOT_IN_LIMIT)

static const struct {
    const char *name;
    uint32_t format;
    const char *header;
    unsigned is_signed : 1;
} forward_formats[] = {
    { "cms", CLIENT_CERT_FORMAT_CMS, MCC_CLIENT_CERT, 1 },
    { "cms-sf", CLIENT_CERT_FORMAT_CMS_SF, MCC_CLIENT_CERT, 1 },
    { "rfc9440", CLIENT_CERT_FORMAT_RFC9440, MCC_CLIENT_CERT, 0 },
    { "escaped-pem", CLIENT_CERT_FORMAT_ESCAPED_PEM, "X-SSL-Client-Cert", 0 },
    { "xfcc", CLIENT_CERT_FORMAT_XFCC, "X-Forwarded-Client-Cert", 0 },
};

#define FORWARD_FORMATS (sizeof(forward_formats) / sizeof(forward_formats[0]))

static const char *set_forward(cmd_parms *cmd, void *dir, const char *word,
                               const char *header)
{
    mcc_dir_config *conf = dir;
    mcc_server_config *server = mcc_server_config_of(cmd->server);
    const char *error = ap_check_cmd_context(cmd, SECTION_CONTEXT);
    mcc_forward_line *line;
    size_t i;
    int n;

    if (error) {
        return error;
    }

    if (!ap_cstr_casecmp(word, "off")) {
        if (header) {
            return mcc_fault(cmd, "\"off\" takes no header");
        }
        if (conf->forward && conf->forward->nelts) {
            return mcc_fault(cmd, "\"off\" stands beside a format in this section");
        }
        conf->forward = apr_array_make(cmd->pool, 0, sizeof(mcc_forward_line));
        return NULL;
    }

    for (i = 0; i < FORWARD_FORMATS; i++) {
        if (!ap_cstr_casecmp(word, forward_formats[i].name)) {
            break;
        }
    }
    if (i == FORWARD_FORMATS) {
        return mcc_fault(cmd, "unknown format \"%s\", must be one of off, cms, "
                     "cms-sf, rfc9440, escaped-pem, xfcc", word);
    }

    if (!header) {
        header = forward_formats[i].header;
    }
    else if ((error = mcc_header_fault(cmd, header))) {
        return error;
    }

    if (!conf->forward) {
        conf->forward = apr_array_make(cmd->pool, 2, sizeof(mcc_forward_line));
    }
    else if (!conf->forward->nelts) {
        return mcc_fault(cmd, "\"off\" stands beside a format in this section");
    }
    for (n = 0; n < conf->forward->nelts; n++) {
        line = &APR_ARRAY_IDX(conf->forward, n, mcc_forward_line);
        if (mcc_names_equal(line->header, header)) {
            return mcc_fault(cmd, "two formats for the header \"%s\" (\"%s\" is the "
                         "same name to many backends)", header, line->header);
        }
    }

    line = apr_array_push(conf->forward);
    line->format = forward_formats[i].format;
    line->header = header;
    line->is_signed = forward_formats[i].is_signed;
    mcc_names_add(server->global->our_names, header);
    server->global->forwards = 1;
    if (forward_formats[i].is_signed) {
        server->signs = 1;
    }
    return NULL;
}

static const char *set_forward_chain(cmd_parms *cmd, void *dir, int on)
{
    mcc_dir_config *conf = dir;
    const char *error = ap_check_cmd_context(cmd, SECTION_CONTEXT);

    if (error) {
        return error;
    }
    conf->forward_chain = on;
    return NULL;
}

static apr_status_t free_signer(void *signer)
{
    client_cert_signer_free(signer);
    return APR_SUCCESS;
}

static const char *set_signer(cmd_parms *cmd, void *dir, const char *word,
                              const char *key_word)
{
    mcc_server_config *conf = mcc_server_config_of(cmd->server);
    const char *error = ap_check_cmd_context(cmd, NOT_IN_DIR_CONTEXT
                                             | NOT_IN_HTACCESS);
    const char *file;
    const char *key_file = NULL;
    client_cert_signer *signer = NULL;
    client_cert_result result;

    (void)dir;
    if (error) {
        return error;
    }
    if (conf->signer_source != MCC_SIGNER_UNSET) {
        return mcc_fault(cmd, "given twice for one server");
    }

    if (!ap_cstr_casecmp(word, "server")) {
        if (key_word) {
            return mcc_fault(cmd, "\"server\" takes no key file");
        }
        conf->signer_source = MCC_SIGNER_SERVER;
        return NULL;
    }

    file = ap_server_root_relative(cmd->pool, word);
    if (!file) {
        return mcc_fault(cmd, "%s: invalid path", word);
    }
    if (key_word) {
        key_file = ap_server_root_relative(cmd->pool, key_word);
        if (!key_file) {
            return mcc_fault(cmd, "%s: invalid path", key_word);
        }
    }

    /* Read here, not later: httpd -t must find the fault, and the key may be
     * readable by root alone. */
    result = client_cert_signer_from_file(file, key_file, &signer);
    ERR_clear_error();
    if (result != CLIENT_CERT_RESULT_OK) {
        return mcc_fault(cmd, "%s%s%s: %s", file, key_file ? " " : "",
                     key_file ? key_file : "",
                     client_cert_result_message(result));
    }
    apr_pool_cleanup_register(cmd->pool, signer, free_signer,
                              apr_pool_cleanup_null);
    conf->signer_source = MCC_SIGNER_FILE;
    conf->signer_file = file;
    conf->signer = signer;
    return NULL;
}

static const char *set_signer_certs(cmd_parms *cmd, void *dir, const char *word)
{
    mcc_dir_config *conf = dir;
    mcc_server_config *server = mcc_server_config_of(cmd->server);
    const char *error = ap_check_cmd_context(cmd, SECTION_CONTEXT);

    if (error) {
        return error;
    }
    if (!ap_cstr_casecmp(word, "chain")) {
        conf->signer_certs = CLIENT_CERT_SIGNER_CERTS_CHAIN;
    }
    else if (!ap_cstr_casecmp(word, "signer")) {
        conf->signer_certs = CLIENT_CERT_SIGNER_CERTS_SIGNER;
    }
    else if (!ap_cstr_casecmp(word, "none")) {
        conf->signer_certs = CLIENT_CERT_SIGNER_CERTS_NONE;
    }
    else {
        return mcc_fault(cmd, "unknown word \"%s\", must be one of chain, signer, "
                     "none", word);
    }
    server->signer_certs_seen |= 1U << conf->signer_certs;
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

static const char *set_signature_lifetime(cmd_parms *cmd, void *dir,
                                          const char *word)
{
    mcc_server_config *conf = mcc_server_config_of(cmd->server);
    const char *error = ap_check_cmd_context(cmd, NOT_IN_DIR_CONTEXT
                                             | NOT_IN_HTACCESS);
    const char *rest = "";
    apr_int64_t seconds;

    (void)dir;
    if (error) {
        return error;
    }
    seconds = mcc_parse_number(word, &rest);
    if (seconds < 0 || *rest) {
        return mcc_fault(cmd, "\"%s\" is no number of seconds", word);
    }
    conf->lifetime = seconds;
    return NULL;
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
    AP_INIT_TAKE12("ClientCertForward", set_forward, NULL,
                   RSRC_CONF | ACCESS_CONF,
                   "off, or a format (cms, cms-sf, rfc9440, escaped-pem, xfcc) "
                   "and, if it is not the usual one, the header to send it in"),
    AP_INIT_FLAG("ClientCertForwardChain", set_forward_chain, NULL,
                 RSRC_CONF | ACCESS_CONF,
                 "on to send Client-Cert-Chain (RFC 9440) as well"),
    AP_INIT_TAKE12("ClientCertSigner", set_signer, NULL, RSRC_CONF,
                   "server, or a PEM file with the signer's certificate, its "
                   "intermediates and its key; the key may be in a second file"),
    AP_INIT_TAKE1("ClientCertSignerCerts", set_signer_certs, NULL,
                  RSRC_CONF | ACCESS_CONF,
                  "chain, signer or none: the signer's certificates to send"),
    AP_INIT_TAKE1("ClientCertSignatureLifetime", set_signature_lifetime, NULL,
                  RSRC_CONF,
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
                   "off, or a format (cms, cms-sf, rfc9440) and, if it is not "
                   "the usual one, the header to read it from"),
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
    { NULL }
};
