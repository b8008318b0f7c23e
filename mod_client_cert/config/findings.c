/* SPDX-License-Identifier: Apache-2.0 */

#include "config/findings.h"

#include <http_config.h>
#include <http_log.h>

#include "config/config.h"

APLOG_USE_MODULE(client_cert);

static void add_directives(apr_array_header_t *rows, const ap_directive_t *directive,
                           unsigned depth)
{
    for (; directive; directive = directive->next) {
        client_cert_directive *row = apr_array_push(rows);

        row->name = directive->directive;
        row->args = directive->args;
        row->file = directive->filename;
        row->line = (uint32_t)directive->line_num;
        row->depth = depth;
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

        row->file = s->is_virtual ? s->defn_name : NULL;
        row->line = s->defn_line_number;
        row->forwards = conf->forwards;
        row->accepts = conf->accepts;
        row->fallback_off = !whole->ws_fallback;
    }
    configuration.directives = (const client_cert_directive *)directives->elts;
    configuration.directive_count = (size_t)directives->nelts;
    configuration.servers = (const client_cert_server *)servers->elts;
    configuration.server_count = (size_t)servers->nelts;
    return configuration;
}

void mcc_log_finding(void *context, size_t server, const char *line)
{
    mcc_findings_t *findings = context;
    server_rec *s = findings->main_server;

    for (; server && s->next; server--) {
        s = s->next;
    }
    findings->count++;
    ap_log_error(APLOG_MARK, findings->level, 0, s, "%s", line);
}
