/* SPDX-License-Identifier: Apache-2.0 */

#include "directives.h"

#include <httpd.h>

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
    mcc_server_config_t *conf = mcc_server_config_of(cmd->server);
    const char *error = ap_check_cmd_context(cmd, NOT_IN_DIR_CONTEXT | NOT_IN_HTACCESS);

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

const command_rec mcc_commands[] = {
    AP_INIT_TAKE12("ClientCertForward", mcc_set_forward, NULL, RSRC_CONF | ACCESS_CONF,
                   "off, or a format and, if it is not the usual one, the header "
                   "to send it in"),
    AP_INIT_FLAG("ClientCertForwardChain", mcc_set_forward_chain, NULL, RSRC_CONF | ACCESS_CONF,
                 "on to send Client-Cert-Chain (RFC 9440) as well"),
    AP_INIT_TAKE12("ClientCertSigner", mcc_set_signer, NULL, RSRC_CONF,
                   "server, or a PEM file with the signer's certificate, its "
                   "intermediates and its key; the key may be in a second file"),
    AP_INIT_TAKE1("ClientCertSignerCerts", mcc_set_signer_certs, NULL, RSRC_CONF | ACCESS_CONF,
                  "chain, signer or none: the signer's certificates to send"),
    AP_INIT_TAKE1("ClientCertSignatureLifetime", mcc_set_signature_lifetime, NULL, RSRC_CONF,
                  "seconds for which a signature may be reused, 0 to sign every "
                  "request"),
    AP_INIT_TAKE1("ClientCertSignatureCache", set_signature_cache, NULL, RSRC_CONF,
                  "memory for signatures to reuse in each process (bytes, K or "
                  "M), 0 for none"),
    AP_INIT_TAKE1("ClientCertIncoming", set_incoming, NULL, RSRC_CONF,
                  "strip or reject: requests that arrive with one of our "
                  "headers"),
    AP_INIT_TAKE12("ClientCertAccept", mcc_set_accept, NULL, RSRC_CONF | ACCESS_CONF,
                   "off, or a format and, if it is not the usual one, the header "
                   "to read it from"),
    AP_INIT_TAKE1("ClientCertTrust", mcc_set_trust, NULL, RSRC_CONF | ACCESS_CONF,
                  "a PEM file of the CAs of signers, or of signers themselves"),
    AP_INIT_ITERATE("ClientCertTrustName", mcc_set_trust_name, NULL, RSRC_CONF | ACCESS_CONF,
                    "names of which a signer must have one as dNSName"),
    AP_INIT_TAKE1("ClientCertTrustCRL", mcc_set_trust_crl, NULL, RSRC_CONF | ACCESS_CONF,
                  "a PEM file of the CRLs for the signer's chain"),
    AP_INIT_FLAG("ClientCertTrustPeer", mcc_set_trust_peer, NULL, RSRC_CONF | ACCESS_CONF,
                 "off if the signer need not be the TLS peer"),
    AP_INIT_TAKE12("ClientCertMaxAge", mcc_set_max_age, NULL, RSRC_CONF | ACCESS_CONF,
                   "seconds for which a signature is taken, and those for which "
                   "its time may lie in the future"),
    AP_INIT_TAKE1("ClientCertUserName", mcc_set_user_name, NULL, RSRC_CONF | ACCESS_CONF,
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
