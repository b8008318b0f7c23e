/* SPDX-License-Identifier: Apache-2.0 */

#include "forward/forward.h"

#include <http_log.h>
#include <http_protocol.h>

#include <apr_time.h>

#include "accept/accept.h"
#include "config/config.h"
#include "headers/headers.h"
#include "request.h"
#include "tls/connection.h"

APLOG_USE_MODULE(client_cert);

/* A cached value is not copied: the request holds a reference, and is logged before it releases
 * that. A handshake for the connection's next request may come before this one is logged. */
static apr_status_t free_forwarded(void *forwarded)
{
    client_cert_forwarded_free(forwarded);
    return APR_SUCCESS;
}

/* ProxyPass and [P] set proxyreq; mod_proxy sets it for SetHandler "proxy:…" only in its
 * handler. A forward proxy's request is for a third party's server, and TRACE would return the
 * headers to the client. */
static int goes_to_backend(const request_rec *r)
{
    if (r->method_number == M_TRACE) {
        return 0;
    }
    if (r->proxyreq == PROXYREQ_NONE) {
        /* As httpd has it. */
        const char *handler = r->handler ? r->handler : r->content_type;

        return handler && !ap_cstr_casecmpn(handler, "proxy:", 6);
    }
    return r->proxyreq == PROXYREQ_REVERSE;
}

/* The same for an accepted client, whatever the TLS peer is. */
static void find_signer(const request_rec *r, const mcc_server_config_t *server,
                        client_cert_forward_facts *facts)
{
    if (server->part.signer) {
        facts->signer = server->part.signer->signer;
        facts->no_signer = server->part.signer->fault;
    }
    else {
        facts->signer = mcc_tls_signer(r, &facts->no_signer);
    }
}

static int forward(request_rec *r, const mcc_server_config_t *server,
                   const client_cert_forward_part *conf)
{
    client_cert_listener listener = { mcc_log_line, r };
    client_cert_forwarded *forwarded = apr_pcalloc(r->pool, sizeof(*forwarded));
    client_cert_forward_facts facts = {
        .variables = conf->variables ? conf->variables->headers : NULL,
        .chain = conf->chain > 0,
        .signer_certs = conf->signer_certs,
        .lifetime = server->part.lifetime,
        .signer_names = server->part.signer ? server->part.signer->names : "server",
        .cache = server->global->signature_cache,
        .now = apr_time_sec(apr_time_now()),
        .counters = server->global->counters,
        .stripe = (apr_uint64_t)r->connection->id,
        .traces = APLOG_R_IS_LEVEL(r, APLOG_TRACE1),
    };
    client_cert_result result;

    mcc_tls_identify(r, facts.now, &facts.tls_client);
    facts.accept = mcc_accept_outcome_of(r);
    if (conf->lines && conf->lines->count && (facts.tls_client.client || facts.accept->client)) {
        facts.lines = conf->lines->lines;
        facts.line_count = conf->lines->count;
        find_signer(r, server, &facts);
    }
    result = client_cert_forward(&facts, &listener, forwarded);
    if (!forwarded->note) {
        ap_log_rerror(APLOG_MARK, APLOG_ERR, 0, r,
                      "ClientCertForward: %s; the request is not forwarded",
                      client_cert_result_message(result));
        forwarded->note = "failed";
        forwarded->status = HTTP_INTERNAL_SERVER_ERROR;
    }
    apr_pool_cleanup_register(r->pool, forwarded, free_forwarded, apr_pool_cleanup_null);
    apr_table_setn(r->notes, MCC_NOTE_FORWARD, forwarded->note);
    mcc_request_send(r, forwarded);
    if (forwarded->is_large && mcc_connection_first_large_value(r->connection)) {
        (void)client_cert_forwarded_large_values(forwarded, &listener);
    }
    if (forwarded->depends_on_client) {
        mcc_response_depends_on_client(r);
    }
    return forwarded->status ? (int)forwarded->status : DECLINED;
}

int mcc_forward_fixups(request_rec *r)
{
    const mcc_server_config_t *server = mcc_server_config_of(r->server);
    const mcc_dir_config_t *dir = mcc_dir_config_of(r);
    int proxied = goes_to_backend(r);

    if (proxied || r->proxyreq != PROXYREQ_NONE) {
        mcc_response_watch_heads(r);
    }
    /* A subrequest starts with a copy of its parent's headers, ours among them.
     * What other modules set is looked for before the request leaves, backend.c. */
    if (r->main) {
        mcc_headers_remove(r, r->headers_in);
    }
    if (r->main || r->prev) {
        mcc_headers_remove_variables(r, 0);
    }
    if (!proxied || !mcc_forwards(&dir->forward)) {
        return DECLINED;
    }
    mcc_request_send_nothing(r);
    mcc_headers_clean_connection_field(r, r->headers_in, &server->global->our_names);
    return forward(r, server, &dir->forward);
}

int mcc_forward_protocol_switch(conn_rec *c, request_rec *r, server_rec *s, const char *protocol)
{
    (void)s;
    (void)protocol;
    if (r) {
        mcc_tls_connection_refresh(c);
        mcc_request_send_nothing(r);
        mcc_accept_give_back(r);
    }
    return DECLINED;
}
