/* SPDX-License-Identifier: Apache-2.0 */

#include "request.h"

#include <http_log.h>

#include <apr_atomic.h>

#include "config/config.h"
#include "counters.h"

APLOG_USE_MODULE(client_cert);

void mcc_log_line(void *r, size_t level, const char *line)
{
    static const int levels[] = { [CLIENT_CERT_LEVEL_ERROR] = APLOG_ERR,
                                  [CLIENT_CERT_LEVEL_WARNING] = APLOG_WARNING,
                                  [CLIENT_CERT_LEVEL_INFO] = APLOG_INFO,
                                  [CLIENT_CERT_LEVEL_TRACE] = APLOG_TRACE1 };

    ap_log_rerror(APLOG_MARK, levels[level], 0, (const request_rec *)r, "%s", line);
}

mcc_request_t *mcc_request_known(const request_rec *r)
{
    return ap_get_module_config(r->request_config, &client_cert_module);
}

mcc_request_t *mcc_request_of(request_rec *r)
{
    mcc_request_t *request = mcc_request_known(r);

    if (!request) {
        request = apr_pcalloc(r->pool, sizeof(*request));
        ap_set_module_config(r->request_config, &client_cert_module, request);
    }
    return request;
}

void mcc_request_send(request_rec *r, const client_cert_forwarded *forwarded)
{
    mcc_request_of(r)->sent = forwarded;
    mcc_request_send_again(r);
}

void mcc_request_send_again(request_rec *r)
{
    const mcc_request_t *request = mcc_request_known(r);
    const client_cert_forwarded *sent = request ? request->sent : NULL;
    size_t i;

    for (i = 0; sent && i < sent->header_count; i++) {
        apr_table_setn(r->headers_in, sent->headers[i].name, sent->headers[i].value);
    }
    for (i = 0; sent && i < sent->variable_count; i++) {
        apr_table_setn(r->headers_in, sent->variables[i].name, sent->variables[i].value);
    }
}

void mcc_request_send_nothing(request_rec *r)
{
    mcc_request_t *request = mcc_request_known(r);
    const client_cert_forwarded *sent = request ? request->sent : NULL;
    size_t i;

    for (i = 0; sent && i < sent->header_count; i++) {
        apr_table_unset(r->headers_in, sent->headers[i].name);
    }
    for (i = 0; sent && i < sent->variable_count; i++) {
        apr_table_unset(r->headers_in, sent->variables[i].name);
    }
    if (request) {
        request->sent = NULL;
    }
}

void mcc_request_inherit(request_rec *r)
{
    static const char *const notes[] = { MCC_NOTE_ACCEPT, MCC_NOTE_FORWARD, MCC_NOTE_INCOMING };
    const mcc_request_t *before;
    size_t i;

    if (!r->prev) {
        return;
    }
    before = mcc_request_known(r->prev);
    if (before) {
        mcc_request_of(r)->identified |= before->identified;
        mcc_request_of(r)->asks_for_upgrade |= before->asks_for_upgrade;
    }
    for (i = 0; i < sizeof(notes) / sizeof(notes[0]); i++) {
        const char *value = apr_table_get(r->prev->notes, notes[i]);

        if (value && !apr_table_get(r->notes, notes[i])) {
            apr_table_setn(r->notes, notes[i], value);
        }
    }
}

int mcc_request_reject(request_rec *r)
{
    int rejects = mcc_server_config_of(r->server)->part.rejects;

    apr_table_setn(r->notes, MCC_NOTE_INCOMING, rejects ? "rejected" : "stripped");
    if (rejects) {
        mcc_count(r, CLIENT_CERT_COUNTER_REJECTED);
    }
    return rejects;
}

int mcc_connection_pre_connection(conn_rec *c, void *socket)
{
    (void)socket;
    /* Neither streams nor connections to a backend have one of their own. */
    if (!c->master && !c->outgoing
        && mcc_server_config_of(c->base_server)->global->whole.forwarding_directive
        && !mcc_connection_of(c)) {
        ap_set_module_config(c->conn_config, &client_cert_module,
                             apr_pcalloc(c->pool, sizeof(mcc_connection_t)));
    }
    return DECLINED;
}

int mcc_connection_first_large_value(const conn_rec *c)
{
    mcc_connection_t *connection = mcc_connection_of(c);

    return !connection || apr_atomic_cas32(&connection->large_value_warned, 1, 0) == 0;
}
