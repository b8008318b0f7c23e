/* SPDX-License-Identifier: Apache-2.0 */

#include "config/findings.h"

#include <http_config.h>
#include <http_log.h>

APLOG_USE_MODULE(client_cert);

void mcc_add_directive(apr_array_header_t *rows, const ap_directive_t *directive, unsigned depth)
{
    client_cert_directive *row = apr_array_push(rows);

    row->name = directive->directive;
    row->args = directive->args;
    row->file = directive->filename;
    row->line = (uint32_t)directive->line_num;
    row->depth = depth;
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
