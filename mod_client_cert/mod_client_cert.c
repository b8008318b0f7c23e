/* SPDX-License-Identifier: Apache-2.0 */
/**
 * @file mod_client_cert.c
 * @brief The module: its record and its hooks.
 *
 * docs/architecture.md says what each file is for, and who may use whom.
 */

#include <ap_provider.h>
#include <httpd.h>
#include <http_config.h>
#include <http_connection.h>
#include <http_log.h>
#include <http_protocol.h>
#include <http_request.h>
#include <http_ssl.h>

#include <apr_optional_hooks.h>

#include <mod_auth.h>
#include <mod_proxy.h>
#include <mod_ssl_openssl.h>
#include <mod_status.h>
#include <mpm_common.h>

#include "accept/accept.h"
#include "config/config.h"
#include "config/files.h"
#include "config/findings.h"
#include "config/startup_checks.h"
#include "directives.h"
#include "forward/forward.h"
#include "headers/headers.h"
#include "request.h"
#include "status.h"
#include "tls/backend_certificate.h"
#include "tls/callbacks.h"
#include "tls/connection.h"
#include "tls/host.h"
#include "tls/verification_directives.h"

APLOG_USE_MODULE(client_cert);

/* Before or after whose hooks ours run. mod_ssl's do the handshake, make a <Proxy> section's SSL_CTX
 * and name the user; mod_http2's does not return before the connection ends, and its streams read the
 * connection's record; what mod_headers does to a request's headers comes first. */
static const char *const mod_ssl[] = { "mod_ssl.c", NULL };
static const char *const mod_http2[] = { "mod_http2.c", NULL };
static const char *const mod_dir[] = { "mod_dir.c", NULL };
static const char *const mod_headers[] = { "mod_headers.c", NULL };
/* What they say of a response comes first, a cache after. */
static const char *const of_responses[] = { "mod_headers.c", "mod_deflate.c", "mod_filter.c",
                                            NULL };

/* The hooks of the accept role, which a server without it does not pay for. */
static void register_accept_hooks(void)
{
    /* The name by which hooks are put in order: httpd has set it to that of the
     * module that was loaded last. */
    const char *current = apr_hook_debug_current;

    apr_hook_debug_current = client_cert_module.name;
    /* Before the headers are removed. */
    ap_hook_post_read_request(mcc_accept_capture, NULL, NULL, APR_HOOK_REALLY_FIRST - 1);
    /* Not an access hook: those are skipped where a subrequest's or redirect's
     * configuration is its parent's, and Satisfy Any passes them by. */
    ap_hook_post_perdir_config(mcc_accept_post_perdir_config, NULL, NULL, APR_HOOK_REALLY_FIRST);

    /* Variables that are read before the sections are known are empty, unless the server plays
     * the role as a whole. */
    ap_hook_map_to_storage(mcc_accept_map_to_storage, NULL, NULL, APR_HOOK_REALLY_FIRST);
    ap_hook_ssl_var_lookup(mcc_accept_ssl_var_lookup, NULL, mod_ssl, APR_HOOK_REALLY_FIRST);

    ap_hook_check_access(mcc_accept_user_save, NULL, mod_ssl, APR_HOOK_MIDDLE,
                         AP_AUTH_INTERNAL_PER_CONF);
    ap_hook_check_access(mcc_accept_user_set, mod_ssl, NULL, APR_HOOK_MIDDLE,
                         AP_AUTH_INTERNAL_PER_CONF);
    /* The hooks before end with the first that objects, over which Satisfy Any
     * then passes: ours may not have been asked. */
    ap_hook_check_access_ex(mcc_accept_user_set, NULL, NULL, APR_HOOK_REALLY_FIRST,
                            AP_AUTH_INTERNAL_PER_CONF);
    ap_hook_check_authn(mcc_accept_user_authorization, mod_ssl, NULL, APR_HOOK_FIRST,
                        AP_AUTH_INTERNAL_PER_CONF);
    ap_hook_log_transaction(mcc_accept_user_log, NULL, NULL, APR_HOOK_REALLY_FIRST);
    /* mod_negotiation may have taken the request to another location before any
     * fixups, and mod_dir does in its own. RequestHeader … %{…}e reads what is
     * written here. */
    ap_hook_fixups(mcc_accept_user_fixups, NULL, NULL, APR_HOOK_REALLY_FIRST);
    ap_hook_fixups(mcc_accept_fixups, mod_ssl, mod_headers, APR_HOOK_MIDDLE);
    ap_hook_fixups(mcc_accept_fixups_after_redirects, mod_dir, mod_headers, APR_HOOK_LAST);
    ap_hook_fixups(mcc_accept_fixups_after_redirects, NULL, NULL, APR_HOOK_REALLY_LAST);
    apr_hook_debug_current = current;
    /* httpd has put them in order before it asked for this. */
    apr_hook_sort_all();
}

/* httpd -t runs this, and not post_config. */
static int check_config(apr_pool_t *pconf, apr_pool_t *plog, apr_pool_t *ptemp, server_rec *s)
{
    mcc_global_t *global = mcc_server_config_of(s)->global;
    mcc_findings_t findings = { s, APLOG_EMERG, 0 };
    client_cert_listener listener = { mcc_log_finding, &findings };
    client_cert_result result = mcc_settings_complete(s, pconf, ptemp);
    client_cert_configuration configuration = mcc_configuration(s, ptemp);

    (void)plog;
    global->tls_directives_known = mcc_tls_directives_known(s, &configuration, ptemp) ? 1 : 0;
    if (result == CLIENT_CERT_RESULT_OK && global->whole.forwarding_directive) {
        client_cert_forward_role role = { global->whole.forwarding_directive,
                                          global->whole.accepts
                                              || ap_find_linked_module("mod_ssl.c"),
                                          ap_find_linked_module("mod_proxy.c") != NULL,
                                          mcc_backend_check() };

        result = client_cert_forward_role_check(&role, &listener);
    }
    if (result != CLIENT_CERT_RESULT_OK) {
        ap_log_error(APLOG_MARK, APLOG_EMERG, 0, s, "our headers: %s",
                     client_cert_result_message(result));
    }
    if (result != CLIENT_CERT_RESULT_OK || findings.count) {
        return HTTP_INTERNAL_SERVER_ERROR;
    }
    if (global->whole.accepts) {
        register_accept_hooks();
    }
    return mcc_settings_check(s, &configuration, pconf) ? OK : HTTP_INTERNAL_SERVER_ERROR;
}

static void register_hooks(apr_pool_t *p)
{
    mcc_incoming_register();
    mcc_response_register();
    ap_hook_pre_config(mcc_tls_host_pre_config, NULL, NULL, APR_HOOK_MIDDLE);
    ap_hook_pre_config(mcc_tls_connection_pre_config, NULL, NULL, APR_HOOK_MIDDLE);
    ap_hook_pre_config(mcc_backend_certificate_pre_config, NULL, NULL, APR_HOOK_MIDDLE);
    ap_hook_pre_config(mcc_backend_pre_config, NULL, NULL, APR_HOOK_MIDDLE);
    ap_hook_check_config(check_config, NULL, NULL, APR_HOOK_MIDDLE);
    APR_OPTIONAL_HOOK(ssl, init_server, mcc_tls_callbacks_init_server, NULL, NULL, APR_HOOK_MIDDLE);
    /* After mod_ssl's, in which init_server runs. */
    ap_hook_post_config(mcc_tls_host_post_config, mod_ssl, NULL, APR_HOOK_LAST);
    ap_hook_post_config(mcc_settings_warn, mod_ssl, NULL, APR_HOOK_LAST);
    /* The signers are there. */
    ap_hook_post_config(mcc_status_post_config, mod_ssl, NULL, APR_HOOK_REALLY_LAST);
    ap_hook_monitor(mcc_status_monitor, NULL, NULL, APR_HOOK_MIDDLE);
    APR_OPTIONAL_HOOK(ap, status_hook, mcc_status_page, NULL, NULL, APR_HOOK_MIDDLE);
    ap_hook_handler(mcc_status_handler, NULL, NULL, APR_HOOK_MIDDLE);
    ap_hook_post_config(mcc_files_report, NULL, NULL, APR_HOOK_REALLY_FIRST);
    ap_hook_post_config(mcc_files_settle, NULL, NULL, APR_HOOK_REALLY_LAST);
    ap_hook_child_init(mcc_caches_child_init, NULL, NULL, APR_HOOK_MIDDLE);

    APR_OPTIONAL_HOOK(ssl, init_server, mcc_backend_certificate_init_server, NULL, NULL,
                      APR_HOOK_MIDDLE);
    APR_OPTIONAL_HOOK(proxy, section_post_config, mcc_backend_certificate_enter_section, NULL,
                      mod_ssl, APR_HOOK_MIDDLE);
    APR_OPTIONAL_HOOK(proxy, section_post_config, mcc_backend_certificate_leave_section, mod_ssl,
                      NULL, APR_HOOK_MIDDLE);
    APR_OPTIONAL_HOOK(ssl, pre_handshake, mcc_backend_certificate_pre_handshake, NULL, NULL,
                      APR_HOOK_MIDDLE);
    APR_OPTIONAL_HOOK(ssl, pre_handshake, mcc_tls_connection_pre_handshake, NULL, NULL,
                      APR_HOOK_MIDDLE);
    ap_hook_pre_connection(mcc_connection_pre_connection, mod_ssl, NULL, APR_HOOK_MIDDLE);
    ap_hook_process_connection(mcc_tls_connection_process_connection, mod_ssl, mod_http2,
                               APR_HOOK_MIDDLE);

    /* Before anything reads the headers, mod_cache's quick handler included. */
    ap_hook_post_read_request(mcc_incoming_post_read_request, NULL, NULL, APR_HOOK_REALLY_FIRST);
    ap_hook_post_read_request(mcc_tls_connection_post_read_request, NULL, NULL, APR_HOOK_FIRST);
    ap_hook_check_access(mcc_incoming_strip_trailers, mod_ssl, NULL, APR_HOOK_MIDDLE,
                         AP_AUTH_INTERNAL_PER_CONF);
    ap_hook_fixups(mcc_incoming_enforce_trailers, NULL, NULL, APR_HOOK_REALLY_FIRST);
    ap_hook_fixups(mcc_forward_fixups, mod_headers, NULL, APR_HOOK_REALLY_LAST);
    ap_hook_protocol_switch(mcc_forward_protocol_switch, NULL, NULL, APR_HOOK_REALLY_FIRST);
    ap_hook_optional_fn_retrieve(mcc_accept_optional_fn_retrieve, NULL, NULL, APR_HOOK_MIDDLE);
    /* Asked while the configuration is read. */
    ap_hook_expr_lookup(mcc_accept_expr_lookup, NULL, mod_ssl, APR_HOOK_REALLY_FIRST);
    ap_hook_expr_lookup(mcc_accept_user_expr_lookup, NULL, mod_ssl, APR_HOOK_REALLY_FIRST);
    ap_register_auth_provider(p, AUTHZ_PROVIDER_GROUP, "client-cert", AUTHZ_PROVIDER_VERSION,
                              &mcc_accept_authorization, AP_AUTH_INTERNAL_PER_CONF);
    ap_hook_insert_filter(mcc_response_insert_filter, of_responses, NULL, APR_HOOK_REALLY_LAST);
    ap_hook_insert_error_filter(mcc_response_insert_filter, of_responses, NULL,
                                APR_HOOK_REALLY_LAST);
}

module AP_MODULE_DECLARE_DATA client_cert_module = {
    STANDARD20_MODULE_STUFF, mcc_create_dir_config, mcc_merge_dir_config, mcc_create_server_config,
    mcc_merge_server_config, mcc_commands, register_hooks,
    /* Each server has a configuration of its own, even one without a directive
     * of ours: it holds what mod_ssl terminates there. */
    AP_MODULE_FLAG_ALWAYS_MERGE
};
