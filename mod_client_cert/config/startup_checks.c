/* SPDX-License-Identifier: Apache-2.0 */

#include "config/startup_checks.h"

#include <http_core.h>
#include <http_log.h>

#include "config/files.h"
#include "config/findings.h"
#include "tls/vhost.h"

APLOG_USE_MODULE(client_cert);

/** Headers of a server, to be searched as backends read them. */
typedef struct {
    const apr_array_header_t *headers; /**< (mcc_forward_header_t) NULL if there are none */
    mcc_names_t names;
} header_set_t;

static const mcc_forward_header_t *header_at(const apr_array_header_t *headers, int i)
{
    return headers && i < headers->nelts ? &APR_ARRAY_IDX(headers, i, mcc_forward_header_t) : NULL;
}

/* NULL after logging what went wrong. */
static const header_set_t *make_set(const apr_array_header_t *headers, server_rec *s, apr_pool_t *p)
{
    header_set_t *set = apr_palloc(p, sizeof(*set));
    const mcc_forward_header_t *header;
    const char *fault;
    int i;

    set->headers = headers;
    mcc_names_init(&set->names, p);
    for (i = 0; (header = header_at(headers, i)); i++) {
        mcc_names_add(&set->names, header->name);
    }
    fault = mcc_names_complete(&set->names, 0, p);
    if (fault) {
        ap_log_error(APLOG_MARK, APLOG_EMERG, 0, s, "ClientCertForwardVariable: %s", fault);
        return NULL;
    }
    return set;
}

/* A header of the set that is some backend's name for this one; NULL if there is none. */
static const mcc_forward_header_t *find_header(const header_set_t *set, const char *name)
{
    const mcc_forward_header_t *header;
    int i;

    if (!mcc_names_contain(&set->names, name)) {
        return NULL;
    }
    for (i = 0; (header = header_at(set->headers, i)) && !mcc_names_equal(header->name, name);
         i++) {
    }
    return header;
}

static int report_header(server_rec *s, const mcc_forward_header_t *variable,
                         const mcc_forward_header_t *certificate)
{
    ap_log_error(APLOG_MARK, APLOG_EMERG, 0, s,
                 "ClientCertForwardVariable (%s): the header \"%s\" is one of ClientCertForward "
                 "(\"%s\", %s), which may apply to the same request",
                 variable->place, variable->name, certificate->name, certificate->place);
    return 0;
}

/* Which sections apply together is known only for a request: any two of one server may, and any with
 * one of the main server's. */
static int check_headers(const mcc_server_config_t *main_conf, server_rec *s,
                         const header_set_t *main_certificates, const header_set_t *main_variables,
                         apr_pool_t *p)
{
    const mcc_server_config_t *conf = mcc_server_config_of(s);
    const mcc_forward_header_t *header;
    const mcc_forward_header_t *same;
    const header_set_t *certificates;
    int i;

    /* For a server with no header of either kind nothing is made. */
    if (conf->variable_headers) {
        certificates = make_set(conf->certificate_headers, s, p);
        if (!certificates) {
            return 0;
        }
        for (i = 0; (header = header_at(conf->variable_headers, i)); i++) {
            same = find_header(certificates, header->name);
            if (same || (same = find_header(main_certificates, header->name))) {
                return report_header(s, header, same);
            }
        }
    }
    for (i = 0; conf != main_conf && (header = header_at(conf->certificate_headers, i)); i++) {
        same = find_header(main_variables, header->name);
        if (same) {
            return report_header(s, same, header);
        }
    }
    return 1;
}

int mcc_forward_config_check(server_rec *main_server, apr_pool_t *ptemp)
{
    const mcc_server_config_t *main_conf = mcc_server_config_of(main_server);
    const header_set_t *certificates = make_set(main_conf->certificate_headers, main_server, ptemp);
    const header_set_t *variables = make_set(main_conf->variable_headers, main_server, ptemp);
    server_rec *s;

    if (!certificates || !variables) {
        return 0;
    }
    for (s = main_server; s; s = s->next) {
        const mcc_server_config_t *conf = mcc_server_config_of(s);

        if (!check_headers(main_conf, s, certificates, variables, ptemp)) {
            return 0;
        }
        if (conf->variables_place && conf->legacy_names_place) {
            ap_log_error(APLOG_MARK, APLOG_EMERG, 0, s,
                         "ClientCertForwardVariable (%s): SSLOptions LegacyDNStringFormat (%s) "
                         "gives mod_ssl's names a format in which none is sent",
                         conf->variables_place, conf->legacy_names_place);
            return 0;
        }
    }
    return 1;
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

    if (result != CLIENT_CERT_RESULT_OK) {
        ap_log_error(APLOG_MARK, APLOG_EMERG, 0, main_server, "ClientCertAccept: %s",
                     client_cert_result_message(result));
    }
    return result == CLIENT_CERT_RESULT_OK && !findings.count;
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
