/* SPDX-License-Identifier: Apache-2.0 */

#include "config/startup_checks.h"

#include <string.h>

#include <http_core.h>
#include <http_log.h>

#include "config/files.h"
#include "config/findings.h"
#include "tls/host.h"

APLOG_USE_MODULE(client_cert);

static int succeeded(const server_rec *s, const char *directive, client_cert_result result)
{
    if (result != CLIENT_CERT_RESULT_OK) {
        ap_log_error(APLOG_MARK, APLOG_EMERG, 0, s, "%s: %s", directive,
                     client_cert_result_message(result));
    }
    return result == CLIENT_CERT_RESULT_OK;
}

int mcc_forward_config_check(server_rec *main_server, apr_pool_t *ptemp)
{
    mcc_findings_t findings = { main_server, APLOG_EMERG, 0 };
    client_cert_listener listener = { mcc_log_finding, &findings };
    apr_array_header_t *servers = apr_array_make(ptemp, 16, sizeof(client_cert_forward_server));
    client_cert_result result;
    server_rec *s;

    for (s = main_server; s; s = s->next) {
        const mcc_server_config_t *conf = mcc_server_config_of(s);
        client_cert_forward_server *server = apr_array_push(servers);

        memset(server, 0, sizeof(*server));
        if (conf->certificate_headers) {
            server->certificates =
                (const client_cert_forward_header *)conf->certificate_headers->elts;
            server->certificate_count = (size_t)conf->certificate_headers->nelts;
        }
        if (conf->variable_headers) {
            server->variables = (const client_cert_forward_header *)conf->variable_headers->elts;
            server->variable_count = (size_t)conf->variable_headers->nelts;
        }
        server->variables_place = conf->variables_place;
        server->legacy_names_place = conf->legacy_names_place;
    }
    result = client_cert_forward_headers_check((const client_cert_forward_server *)servers->elts,
                                               (size_t)servers->nelts, &listener);
    return succeeded(main_server, "ClientCertForwardVariable", result) && !findings.count;
}

static client_cert_accept_part part_of(const mcc_accept_config_t *conf)
{
    client_cert_accept_part part = { conf->format,     conf->trust_peer, conf->names != NULL,
                                     conf->anchors,    conf->crls,       conf->client_cas,
                                     conf->client_crls };

    return part;
}

/* What the configuration says of the accept role. */
static client_cert_accept_role role_of(server_rec *main_server, apr_pool_t *p)
{
    const apr_array_header_t *all = mcc_server_config_of(main_server)->global->accept_sections;
    apr_array_header_t *sections = apr_array_make(p, 4, sizeof(client_cert_accept_section));
    apr_array_header_t *servers = apr_array_make(p, 16, sizeof(client_cert_accept_server));
    client_cert_accept_role role;
    server_rec *s;
    int i;

    for (s = main_server; s; s = s->next) {
        const mcc_tls_vhost_t *host = mcc_server_config_of(s)->tls_host;
        const mcc_dir_config_t *whole =
            ap_get_module_config(s->lookup_defaults, &client_cert_module);
        client_cert_accept_server *server = apr_array_push(servers);

        server->whole = part_of(&whole->accept);
        server->has_tls = host != NULL;
        server->asks = host && host->asks;
    }
    for (i = 0; all && i < all->nelts; i++) {
        const mcc_accept_section_t *from = &APR_ARRAY_IDX(all, i, mcc_accept_section_t);
        client_cert_accept_section *section = apr_array_push(sections);

        section->server = mcc_server_config_of(from->server)->number;
        section->part = part_of(&from->conf->accept);
        section->file = from->file;
        section->line = (uint32_t)from->line;
    }
    role.sections = (const client_cert_accept_section *)sections->elts;
    role.section_count = (size_t)sections->nelts;
    role.servers = (const client_cert_accept_server *)servers->elts;
    role.server_count = (size_t)servers->nelts;
    role.has_mod_ssl = ap_find_linked_module("mod_ssl.c") != NULL;
    return role;
}

int mcc_accept_config_check(server_rec *main_server, apr_pool_t *pconf, apr_pool_t *ptemp)
{
    mcc_findings_t findings = { main_server, APLOG_EMERG, 0 };
    client_cert_listener listener = { mcc_log_finding, &findings };
    client_cert_accept_role role = role_of(main_server, ptemp);
    client_cert_result result = client_cert_accept_role_check(
        &role, mcc_files_of(main_server, pconf), mcc_restarts(), &listener);

    return succeeded(main_server, "ClientCertAccept", result) && !findings.count;
}

int mcc_accept_config_warn(apr_pool_t *pconf, apr_pool_t *plog, apr_pool_t *ptemp, server_rec *s)
{
    mcc_findings_t findings = { s, APLOG_WARNING, 0 };
    client_cert_listener listener = { mcc_log_finding, &findings };
    client_cert_configuration configuration;
    client_cert_accept_role role;

    (void)plog;
    if (mcc_server_config_of(s)->global->accepts
        && ap_state_query(AP_SQ_MAIN_STATE) != AP_SQ_MS_CREATE_PRE_CONFIG) {
        configuration = mcc_configuration(s, ptemp);
        role = role_of(s, ptemp);
        (void)client_cert_configuration_peer_readers(&configuration, &listener);
        (void)client_cert_accept_role_warnings(&role, mcc_files_of(s, pconf), &listener);
    }
    return OK;
}
