/* SPDX-License-Identifier: Apache-2.0 */

#include "config/startup_checks.h"

#include <http_core.h>
#include <http_log.h>

#include "config/files.h"
#include "config/findings.h"
#include "tls/host.h"

APLOG_USE_MODULE(client_cert);

client_cert_result mcc_settings_complete(server_rec *main_server, apr_pool_t *pconf,
                                         apr_pool_t *ptemp)
{
    mcc_global_t *global = mcc_server_config_of(main_server)->global;
    apr_array_header_t *parts = apr_array_make(ptemp, 16, sizeof(client_cert_server_part *));
    client_cert_result result;
    server_rec *s;

    for (s = main_server; s; s = s->next) {
        mcc_server_config_t *conf = mcc_server_config_of(s);

        conf->number = (apr_size_t)parts->nelts;
        APR_ARRAY_PUSH(parts, client_cert_server_part *) = &conf->part;
    }
    result = client_cert_settings_complete(global->settings, mcc_files_of(main_server, pconf),
                                           (client_cert_server_part *const *)parts->elts,
                                           (size_t)parts->nelts, &global->arriving_names,
                                           &global->our_names, &global->whole);
    if (result != CLIENT_CERT_RESULT_OK) {
        return result;
    }
    global->tunnels = ap_find_linked_module("mod_proxy_wstunnel.c") != NULL;
    global->proxies_http = ap_find_linked_module("mod_proxy_http.c") != NULL;
    global->caches = ap_find_linked_module("mod_cache.c") != NULL;
    return CLIENT_CERT_RESULT_OK;
}

static void add_directives(apr_array_header_t *rows, const ap_directive_t *directive,
                           unsigned depth)
{
    for (; directive; directive = directive->next) {
        mcc_add_directive(rows, directive, depth);
        add_directives(rows, directive->first_child, depth + 1);
    }
}

client_cert_configuration mcc_configuration(const server_rec *main_server, apr_pool_t *p)
{
    apr_array_header_t *directives = apr_array_make(p, 64, sizeof(client_cert_directive));
    apr_array_header_t *servers = apr_array_make(p, 16, sizeof(client_cert_server));
    client_cert_configuration configuration;
    const server_rec *s;

    add_directives(directives, ap_conftree, 0);
    for (s = main_server; s; s = s->next) {
        const mcc_server_config_t *conf = mcc_server_config_of(s);
        const mcc_dir_config_t *whole =
            ap_get_module_config(s->lookup_defaults, &client_cert_module);
        client_cert_server *row = apr_array_push(servers);

        row->number = conf->part.number;
        row->file = s->is_virtual ? s->defn_name : NULL;
        row->line = s->defn_line_number;
        row->fallback_off = !whole->ws_fallback;
        row->has_tls = conf->tls_host != NULL;
        row->asks = conf->tls_host && conf->tls_host->asks;
    }
    configuration.directives = (const client_cert_directive *)directives->elts;
    configuration.directive_count = (size_t)directives->nelts;
    configuration.servers = (const client_cert_server *)servers->elts;
    configuration.server_count = (size_t)servers->nelts;
    configuration.has_mod_ssl = ap_find_linked_module("mod_ssl.c") != NULL;
    configuration.has_wstunnel = ap_find_linked_module("mod_proxy_wstunnel.c") != NULL;
    configuration.has_proxy_http = ap_find_linked_module("mod_proxy_http.c") != NULL;
    return configuration;
}

int mcc_settings_check(server_rec *main_server, const client_cert_configuration *configuration,
                       apr_pool_t *pconf)
{
    mcc_findings_t findings = { main_server, APLOG_EMERG, 0 };
    client_cert_listener listener = { mcc_log_finding, &findings };
    client_cert_result result = client_cert_settings_check(
        mcc_server_config_of(main_server)->global->settings, mcc_files_of(main_server, pconf),
        configuration, mcc_restarts(), &listener);

    if (result != CLIENT_CERT_RESULT_OK) {
        ap_log_error(APLOG_MARK, APLOG_EMERG, 0, main_server, "our directives: %s",
                     client_cert_result_message(result));
    }
    return result == CLIENT_CERT_RESULT_OK && !findings.count;
}

int mcc_settings_warn(apr_pool_t *pconf, apr_pool_t *plog, apr_pool_t *ptemp, server_rec *s)
{
    const mcc_global_t *global = mcc_server_config_of(s)->global;
    mcc_findings_t findings = { s, APLOG_WARNING, 0 };
    client_cert_listener listener = { mcc_log_finding, &findings };
    client_cert_configuration configuration;

    (void)plog;
    if (global->whole.accepts && ap_state_query(AP_SQ_MAIN_STATE) != AP_SQ_MS_CREATE_PRE_CONFIG) {
        configuration = mcc_configuration(s, ptemp);
        (void)client_cert_settings_warnings(global->settings, mcc_files_of(s, pconf),
                                            &configuration, &listener);
    }
    return OK;
}
