/* SPDX-License-Identifier: Apache-2.0 */
/**
 * @file mod_client_cert.c
 * @brief The module: its record and its hooks.
 *
 *   config.c           what the directives say, for both roles
 *   files.c            the files that directives name, the last good ones
 *   names.c            header names, and lists of them
 *   environment.c      taking variables out of a request's environment
 *   request_headers.c  taking headers out of a request, keeping ours in
 *   connection.c       what is remembered of a connection
 *   request.c          what is remembered of a request; notes for the log
 *   incoming.c         requests that arrive with our headers
 *   trailers.c         the same when they come after the body
 *   response.c         our headers in responses, Vary, and caches
 *   interim.c          the same in interim responses
 *   tls_host.c         a virtual host's TLS: certificates, signers
 *   tls_backend.c      the certificate that a backend is shown
 *   tls_directives.c   what mod_ssl's directives say of verification there
 *   tls_fingerprint.c  all that the verification of a client depends on there
 *   tls_client.c       who the client of a connection is, verified or not
 *   tls_session.c      the same for sessions that resume
 *   forward_config.c   what the directives of the forward role say
 *   forward.c          setting the headers that go to the backend
 *   backend.c          the last look at what goes there
 *   tunnel.c           backends through which a client could speak as we do
 *   upgrade.c          requests that ask to leave HTTP
 *   accept_config.c    what the directives of the accept role say
 *   accept_check.c     whether that is enough to start with
 *   accept.c           who the client is by a signed header
 *   accept_hooks.c     where httpd and its modules meet that client
 *   accept_user.c      that client's name as the user's
 *   accept_variables.c what the application sees of that client
 *   client_variables.c SSL_CLIENT_* of a certificate
 *   often.h            what the compiler is told of all these
 */

#include <httpd.h>
#include <http_config.h>
#include <http_connection.h>
#include <http_log.h>
#include <http_protocol.h>
#include <http_request.h>

#include <apr_optional_hooks.h>

#include <mod_proxy.h>
#include <mod_ssl_openssl.h>

#include "accept_check.h"
#include "accept_hooks.h"
#include "backend.h"
#include "config.h"
#include "connection.h"
#include "files.h"
#include "forward.h"
#include "incoming.h"
#include "interim.h"
#include "response.h"
#include "tls_backend.h"
#include "tls_client.h"
#include "tls_directives.h"
#include "tls_host.h"
#include "trailers.h"
#include "tunnel.h"

APLOG_USE_MODULE(client_cert);

/* httpd -t runs this, and not post_config. */
static int check_config(apr_pool_t *pconf, apr_pool_t *plog, apr_pool_t *ptemp,
                        server_rec *s)
{
    const char *fault = mcc_names_complete(&mcc_server_config_of(s)->global->our_names,
                                           pconf);

    (void)plog;
    mcc_accepted_names_sort(mcc_server_config_of(s)->global);
    if (fault) {
        ap_log_error(APLOG_MARK, APLOG_EMERG, 0, s, "our headers: %s", fault);
        return HTTP_INTERNAL_SERVER_ERROR;
    }
    mcc_server_config_of(s)->global->tls_directives_known
        = mcc_tls_directives_known(s) ? 1 : 0;
    if (mcc_server_config_of(s)->global->forwards
        && !mcc_server_config_of(s)->global->accepts
        && !ap_find_linked_module("mod_ssl.c")) {
        ap_log_error(APLOG_MARK, APLOG_EMERG, 0, s,
                     "ClientCertForward: mod_ssl is not loaded, so no client "
                     "has a certificate");
        return HTTP_INTERNAL_SERVER_ERROR;
    }
    if (mcc_server_config_of(s)->global->forwards
        && !ap_find_linked_module("mod_proxy.c")) {
        ap_log_error(APLOG_MARK, APLOG_EMERG, 0, s,
                     "ClientCertForward: mod_proxy is not loaded, so no request "
                     "goes to a backend");
        return HTTP_INTERNAL_SERVER_ERROR;
    }
    if (mcc_server_config_of(s)->global->forwards && !mcc_backend_check()) {
        ap_log_error(APLOG_MARK, APLOG_EMERG, 0, s,
                     "ClientCertForward: mod_proxy's hook scheme_handler was not "
                     "found");
        return HTTP_INTERNAL_SERVER_ERROR;
    }
    mcc_config_complete(s);
    return mcc_tunnel_check(s, ptemp) && mcc_accept_config_check(s, ptemp)
        ? OK : HTTP_INTERNAL_SERVER_ERROR;
}

static void register_hooks(apr_pool_t *p)
{
    /* The handshake is done in mod_ssl's hook; mod_http2's does not return
     * before the connection ends, and its streams read what ours kept. */
    static const char *const after_handshake[] = { "mod_ssl.c", NULL };
    static const char *const before_streams[] = { "mod_http2.c", NULL };
    /* Its hook for a <Proxy> section makes the section's SSL_CTX. */
    static const char *const mod_ssl[] = { "mod_ssl.c", NULL };
    /* Whatever other modules do to a request's headers comes first. */
    static const char *const after_headers[] = { "mod_headers.c", NULL };

    /* What other modules say of a response comes first, a cache after. */
    static const char *const after_responses[] = { "mod_headers.c",
                                                   "mod_deflate.c",
                                                   "mod_filter.c", NULL };

    mcc_trailers_register();
    mcc_response_register();
    mcc_interim_register();
    ap_hook_pre_config(mcc_tls_host_pre_config, NULL, NULL, APR_HOOK_MIDDLE);
    ap_hook_pre_config(mcc_tls_backend_pre_config, NULL, NULL, APR_HOOK_MIDDLE);
    ap_hook_pre_config(mcc_backend_pre_config, NULL, NULL, APR_HOOK_MIDDLE);
    ap_hook_check_config(check_config, NULL, NULL, APR_HOOK_MIDDLE);
    APR_OPTIONAL_HOOK(ssl, init_server, mcc_tls_host_init_server, NULL, NULL,
                      APR_HOOK_MIDDLE);
    /* After mod_ssl's, in which init_server runs. */
    ap_hook_post_config(mcc_tls_host_post_config, after_handshake, NULL,
                        APR_HOOK_LAST);
    ap_hook_post_config(mcc_files_report, NULL, NULL, APR_HOOK_REALLY_FIRST);
    ap_hook_post_config(mcc_files_warn, NULL, NULL, APR_HOOK_LAST);
    ap_hook_post_config(mcc_files_retain, NULL, NULL, APR_HOOK_REALLY_LAST);
    ap_hook_post_config(mcc_response_post_config, NULL, NULL, APR_HOOK_MIDDLE);
    ap_hook_child_init(mcc_forward_child_init, NULL, NULL, APR_HOOK_MIDDLE);

    APR_OPTIONAL_HOOK(ssl, init_server, mcc_tls_backend_init_server, NULL, NULL,
                      APR_HOOK_MIDDLE);
    APR_OPTIONAL_HOOK(proxy, section_post_config, mcc_tls_backend_enter_section,
                      NULL, mod_ssl, APR_HOOK_MIDDLE);
    APR_OPTIONAL_HOOK(proxy, section_post_config, mcc_tls_backend_leave_section,
                      mod_ssl, NULL, APR_HOOK_MIDDLE);
    APR_OPTIONAL_HOOK(ssl, pre_handshake, mcc_tls_backend_pre_handshake, NULL,
                      NULL, APR_HOOK_MIDDLE);
    APR_OPTIONAL_HOOK(ssl, pre_handshake, mcc_tls_client_pre_handshake, NULL,
                      NULL, APR_HOOK_MIDDLE);
    ap_hook_pre_connection(mcc_connection_pre_connection, after_handshake, NULL,
                           APR_HOOK_MIDDLE);
    ap_hook_process_connection(mcc_tls_client_process_connection,
                               after_handshake, before_streams,
                               APR_HOOK_MIDDLE);

    /* Before anything reads the headers, mod_cache's quick handler included. */
    ap_hook_post_read_request(mcc_incoming_post_read_request, NULL, NULL,
                              APR_HOOK_REALLY_FIRST);
    ap_hook_post_read_request(mcc_tls_client_post_read_request, NULL, NULL,
                              APR_HOOK_FIRST);
    ap_hook_check_access(mcc_trailers_strip, after_handshake, NULL,
                         APR_HOOK_MIDDLE, AP_AUTH_INTERNAL_PER_CONF);
    ap_hook_fixups(mcc_trailers_enforce, NULL, NULL, APR_HOOK_REALLY_FIRST);
    ap_hook_fixups(mcc_forward_fixups, after_headers, NULL,
                   APR_HOOK_REALLY_LAST);
    ap_hook_protocol_switch(mcc_tls_client_protocol_switch, NULL, NULL,
                            APR_HOOK_REALLY_FIRST);
    ap_hook_protocol_switch(mcc_forward_protocol_switch, NULL, NULL,
                            APR_HOOK_REALLY_FIRST);
    mcc_accept_register(p);
    ap_hook_insert_filter(mcc_response_insert_filter, after_responses, NULL,
                          APR_HOOK_REALLY_LAST);
    ap_hook_insert_error_filter(mcc_response_insert_filter, after_responses,
                                NULL, APR_HOOK_REALLY_LAST);
}

module AP_MODULE_DECLARE_DATA client_cert_module = {
    STANDARD20_MODULE_STUFF,
    mcc_create_dir_config,
    mcc_merge_dir_config,
    mcc_create_server_config,
    mcc_merge_server_config,
    mcc_commands,
    register_hooks,
    /* Each server has a configuration of its own, even one without a directive
     * of ours: it holds what mod_ssl terminates there. */
    AP_MODULE_FLAG_ALWAYS_MERGE
};
