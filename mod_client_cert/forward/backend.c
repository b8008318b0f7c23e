/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Between our fixups and mod_proxy's handler other modules may still change a
 * request, and a balancer chooses its member only then. So what a server that
 * forwards sends to backends is looked at in mod_proxy's scheme_handler hook,
 * ahead of the modules that speak with them: it has none of our headers that we
 * did not set, all that we did, and no tunnel through which the client could
 * send requests as this proxy.
 */

#include "forward/forward.h"

#include <http_log.h>
#include <mod_proxy.h>

#include <apr_dso.h>
#include <apr_hooks.h>
#include <apr_optional_hooks.h>
#include <apr_strings.h>

#include "config/config.h"
#include "counters.h"
#include "headers/headers.h"
#include "request.h"

APLOG_USE_MODULE(client_cert);

static int hooked;

/* Those of our headers that we did not set; then ours once more, since a table
 * forgets a name and not a field. */
static void remove_others(request_rec *r, const mcc_names_t *ours,
                          const client_cert_forwarded *sent)
{
    const apr_array_header_t *fields = apr_table_elts(r->headers_in);
    apr_array_header_t *others = apr_array_make(r->pool, 2, sizeof(const char *));
    int i;

    for (i = 0; i < fields->nelts; i++) {
        const apr_table_entry_t *field = &APR_ARRAY_IDX(fields, i, apr_table_entry_t);

        if (mcc_names_contain(ours, field->key) && !mcc_request_is_sent(sent, field->val)) {
            APR_ARRAY_PUSH(others, const char *) = field->key;
        }
    }
    for (i = 0; i < others->nelts; i++) {
        const char *name = APR_ARRAY_IDX(others, i, const char *);

        ap_log_rerror(APLOG_MARK, APLOG_INFO, 0, r,
                      "header \"%s\" removed: it was not set by ClientCertForward", name);
        apr_table_unset(r->headers_in, name);
    }
}

static void check_headers(request_rec *r, const mcc_names_t *ours)
{
    const mcc_request_t *request = mcc_request_known(r);
    const client_cert_forwarded *sent = request ? request->sent : NULL;
    const apr_array_header_t *fields = apr_table_elts(r->headers_in);
    const apr_table_entry_t *field = (const apr_table_entry_t *)fields->elts;
    const apr_table_entry_t *end = field + fields->nelts;
    size_t missing = sent ? sent->header_count + sent->variable_count : 0;
    int others = 0;

    for (; field < end; field++) {
        if (mcc_names_may_contain(ours, field->key)) {
            if (mcc_request_is_sent(sent, field->val)) {
                missing--;
            }
            else if (mcc_names_search(ours, field->key)) {
                others = 1;
            }
        }
    }
    if (others) {
        remove_others(r, ours, sent);
    }
    if (others || missing) {
        mcc_request_send_again(r);
        mcc_headers_clean_connection_field(r, r->headers_in, ours);
    }
}

/* Whether the backend is sent headers, and no variables: http, https, h2, h2c, ws
 * and wss. No other scheme begins as these do. */
static APR_INLINE int is_http(const char *url)
{
    const char first = url[0] | 0x20;

    return first == 'h' ? (url[1] | 0x20) == 't' || url[1] == '2'
                        : first == 'w' && (url[1] | 0x20) == 's';
}

/* A variable of ours that ProxyFCGISetEnvIf sets here; NULL if there is none. */
static const char *late_variable(const request_rec *r, const mcc_names_t *ours)
{
    const apr_array_header_t *names = mcc_dir_config_of(r)->fcgi_variables;
    int i;

    for (i = 0; names && i < names->nelts; i++) {
        const char *name = APR_ARRAY_IDX(names, i, const char *);

        if (mcc_names_contain_variable(ours, name)) {
            return name;
        }
    }
    return NULL;
}

/* Whether mod_proxy_wstunnel's own tunnel would serve a request to this backend. It hands the bytes of
 * the client's connection to the backend unread, whatever the backend answers to Upgrade. A backend
 * that stays with HTTP takes the client's next request, with whatever header, for this proxy's.
 * mod_proxy_http hands through only what follows a 101, and serves ws: and wss: in
 * mod_proxy_wstunnel's place where ProxyWebsocketFallbackToProxyHttp is on, which is the default. */
static int is_tunnelled(const request_rec *r, const char *url)
{
    const mcc_global_t *global = mcc_server_config_of(r->server)->global;

    /* As mod_proxy_wstunnel reads them. */
    return global->tunnels
           && (!ap_cstr_casecmpn(url, "ws:", 3) || !ap_cstr_casecmpn(url, "wss:", 4))
           && (!global->proxies_http || !mcc_dir_config_of(r)->ws_fallback);
}

static int refuse(request_rec *r, const char *reason)
{
    mcc_request_send_nothing(r);
    apr_table_setn(r->notes, MCC_NOTE_FORWARD, "failed");
    mcc_count(r, CLIENT_CERT_COUNTER_FORWARD_ERROR);
    ap_log_rerror(APLOG_MARK, APLOG_ERR, 0, r,
                  "ClientCertForward: %s; the request is not forwarded", reason);
    return HTTP_INTERNAL_SERVER_ERROR;
}

static int before_backend(request_rec *r, proxy_worker *worker, proxy_server_conf *conf, char *url,
                          const char *proxy_host, apr_port_t proxy_port)
{
    const mcc_server_config_t *server = mcc_server_config_of(r->server);
    const mcc_names_t *ours = &server->global->our_names;
    const char *variable;

    (void)conf;
    (void)proxy_host;
    (void)proxy_port;
    if (!server->part.forwards) {
        return DECLINED;
    }
    if (is_tunnelled(r, url)) {
        return refuse(r, apr_pstrcat(r->pool, "mod_proxy_wstunnel's own tunnel would serve ", url,
                                     ", in which the client could speak as this proxy", NULL));
    }
    check_headers(r, ours);
    if (is_http(url)) {
        /* What mod_proxy_http passes on of Upgrade: by default WebSocket to ws:, else
         * nothing. */
        if (*worker->s->upgrade) {
            mcc_headers_withhold_upgrade(r);
        }
        return DECLINED;
    }
    mcc_headers_remove_variables(r, 1);
    if (!ap_cstr_casecmpn(url, "fcgi:", 5) && (variable = late_variable(r, ours))) {
        return refuse(r, apr_pstrcat(r->pool, "ProxyFCGISetEnvIf sets ", variable,
                                     ", which is one of our headers to the backend", NULL));
    }
    return DECLINED;
}

int mcc_backend_pre_config(apr_pool_t *pconf, apr_pool_t *plog, apr_pool_t *ptemp)
{
    typedef void add_hook(proxy_HOOK_scheme_handler_t *, const char *const *, const char *const *,
                          int);
    const char *current = apr_hook_debug_current;
    apr_dso_handle_t *program;
    apr_dso_handle_sym_t symbol;

    (void)plog;
    (void)ptemp;
    hooked = 0;
    /* mod_proxy may be loaded after us, or not at all: no symbol of its can be
     * bound when we are loaded. Modules' symbols are the program's. */
    if (ap_find_linked_module("mod_proxy.c") && apr_dso_load(&program, NULL, pconf) == APR_SUCCESS
        && apr_dso_sym(&symbol, program, "proxy_hook_scheme_handler") == APR_SUCCESS) {
        /* The name by which hooks are put in order. */
        apr_hook_debug_current = client_cert_module.name;
        ((add_hook *)symbol)(before_backend, NULL, NULL, APR_HOOK_REALLY_FIRST);
        apr_hook_debug_current = current;
        hooked = 1;
    }
    return OK;
}

/* What other modules do in mod_proxy's own fixups hook, to the copy of the headers
 * that http and WebSocket backends are sent. */
static int before_head(request_rec *r)
{
    const mcc_server_config_t *server = mcc_server_config_of(r->server);

    if (server->part.forwards) {
        check_headers(r, &server->global->our_names);
    }
    return DECLINED;
}

int mcc_backend_check(void)
{
    const apr_array_header_t *others = apr_optional_hook_get("fixups");

    /* No hook is put in order any more: what is added now runs last. */
    if (others && others->nelts) {
        apr_optional_hook_add("fixups", (void (*)(void))before_head, NULL, NULL,
                              APR_HOOK_REALLY_LAST);
    }
    return hooked;
}

const char *mcc_see_fcgi_variable(cmd_parms *cmd, void *dir, const char *condition,
                                  const char *variable, const char *value)
{
    mcc_dir_config_t *conf = dir;

    (void)condition;
    (void)value;
    /* With "!" in front it is removed. */
    if (*variable != '!') {
        if (!conf->fcgi_variables) {
            conf->fcgi_variables = apr_array_make(cmd->pool, 2, sizeof(const char *));
        }
        APR_ARRAY_PUSH(conf->fcgi_variables, const char *) = variable;
    }
    return mcc_without_module(cmd, "mod_proxy_fcgi.c");
}

const char *mcc_see_ws_fallback(cmd_parms *cmd, void *dir, int on)
{
    ((mcc_dir_config_t *)dir)->ws_fallback = on;
    return mcc_without_module(cmd, "mod_proxy_wstunnel.c");
}
