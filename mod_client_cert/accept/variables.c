/* SPDX-License-Identifier: Apache-2.0 */

#include "accept/accept.h"

#include <http_log.h>
#include <http_ssl.h>
#include <mod_ssl.h>

#include "allocator.h"
#include "counters.h"
#include "headers/headers.h"
#include "request.h"

APLOG_USE_MODULE(client_cert);

#define PREFIX_SSL "SSL_CLIENT_"
#define PREFIX_OURS "CLIENT_CERT_"

/* mod_ssl's, for where the role is not played; NULL without mod_ssl. */
static APR_OPTIONAL_FN_TYPE(ssl_ext_list) * peer_extensions;

/* Whether a name is one of these variables', in any case, as mod_ssl reads
 * the names of its own. */
static int is_variable(const char *name)
{
    switch (*name) {
    case 'S':
    case 's':
        return !ap_cstr_casecmpn(name, PREFIX_SSL, sizeof(PREFIX_SSL) - 1);
    case 'C':
    case 'c':
        return !ap_cstr_casecmpn(name, PREFIX_OURS, sizeof(PREFIX_OURS) - 1);
    }
    return 0;
}

/* What asked for it sees an empty one, and would go on with that: so the request
 * is answered with an error. */
static void fail(request_rec *r, const char *name, client_cert_result result)
{
    ap_log_rerror(APLOG_MARK, APLOG_ERR, 0, r,
                  "\"%s\" of the client's certificate cannot be read: %s", name,
                  client_cert_result_message(result));
    mcc_request_of(r)->variable_failed = 1;
}

/* Whether the client is ours to name: where the role is played, and on a server where some sections
 * play it, until it is known which apply. Until then the request has no client; mod_ssl would name the
 * TLS peer. */
static int is_ours(request_rec *r, const client_cert_accept_outcome *outcome)
{
    const mcc_request_t *request = mcc_request_known(r);

    return outcome->state != CLIENT_CERT_ACCEPT_STATE_OFF
           || (mcc_server_config_of(r->server)->part.accepts && !(request && request->located));
}

const char *mcc_accept_variable(request_rec *r, const char *name)
{
    const client_cert_accept_outcome *outcome = mcc_accept_outcome_of(r);
    client_cert_allocator allocator = mcc_pool_allocator(r->pool);
    client_cert_result result;
    const char *value = "";

    if (!is_ours(r, outcome)) {
        return NULL;
    }
    result = client_cert_accept_outcome_variable(outcome, name, &allocator, &value);
    if (result != CLIENT_CERT_RESULT_OK) {
        fail(r, name, result);
    }
    return value;
}

static int goes(const void *unused, const char *name, const char *value)
{
    (void)unused;
    (void)value;
    return is_variable(mcc_name_before_redirects(name));
}

void mcc_accept_variables_remove(request_rec *r)
{
    mcc_table_remove(r->pool, r->subprocess_env, goes, NULL);
}

static void export(request_rec *r, const client_cert_accept_outcome *outcome)
{
    size_t i;

    mcc_accept_variables_remove(r);
    for (i = 0; i < outcome->variable_count; i++) {
        apr_table_addn(r->subprocess_env, outcome->variables[i].name, outcome->variables[i].value);
    }
}

/* After mod_ssl's StdEnvVars has written the peer's. */
int mcc_accept_fixups(request_rec *r)
{
    const client_cert_accept_outcome *outcome = mcc_accept_outcome_of(r);
    mcc_request_t *request;

    if (outcome->state == CLIENT_CERT_ACCEPT_STATE_OFF) {
        return DECLINED;
    }
    request = mcc_request_of(r);
    export(r, outcome);
    request->exported = outcome;
    if (request->variable_failed) {
        mcc_count(r, CLIENT_CERT_COUNTER_ACCEPT_ERROR);
        return HTTP_INTERNAL_SERVER_ERROR;
    }
    return DECLINED;
}

/* mod_dir may have put another location in this one's place since, and both
 * locations' variables into one environment: ours, or mod_ssl's of the peer. */
int mcc_accept_fixups_again(request_rec *r)
{
    const client_cert_accept_outcome *outcome = mcc_accept_outcome_of(r);
    mcc_request_t *request = mcc_request_known(r);

    if (outcome->state == CLIENT_CERT_ACCEPT_STATE_OFF) {
        if (request && request->exported) {
            mcc_accept_variables_remove(r);
            request->exported = NULL;
        }
    }
    else if (!request || request->exported != outcome) {
        return mcc_accept_fixups(r);
    }
    return DECLINED;
}

/* What PeerExtList of an expression gives for an accepted client: NULL if there are none.
 * The extension has a long or short name of OpenSSL's, or a numeric OID. */
static apr_array_header_t *extensions(request_rec *r, const client_cert_accept_outcome *outcome,
                                      apr_pool_t *p, const char *extension)
{
    client_cert_allocator allocator = mcc_pool_allocator(p);
    apr_array_header_t *values = NULL;
    const char *value = NULL;
    client_cert_result result;
    size_t count = 0;

    if (!outcome->accepted || !extension) {
        return NULL;
    }
    result =
        client_cert_accepted_extensions(outcome->accepted, extension, &allocator, &value, &count);
    if (result != CLIENT_CERT_RESULT_OK) {
        fail(r, extension, result);
    }
    for (; count; count--) {
        if (!values) {
            values = apr_array_make(p, (int)count, sizeof(const char *));
        }
        APR_ARRAY_PUSH(values, const char *) = value;
        value += strlen(value) + 1;
    }
    return values;
}

/* mod_headers, mod_rewrite, mod_lua and others ask this hook; mod_ssl answers
 * last, from the TLS peer. */
const char *mcc_accept_ssl_var_lookup(apr_pool_t *p, server_rec *s, conn_rec *c, request_rec *r,
                                      const char *name)
{
    (void)p;
    (void)s;
    (void)c;
    return r && is_variable(name) ? mcc_accept_variable(r, name) : NULL;
}

/* Expressions have a hook of their own, and mod_ssl's answer does not pass the
 * other one. Where the role is not played it is mod_ssl's variable still. */
static const char *expression_variable(ap_expr_eval_ctx_t *ctx, const void *data)
{
    const char *value = ap_ssl_var_lookup(ctx->p, ctx->s, ctx->c, ctx->r, data);

    return value ? value : "";
}

static const char *expression_function(ap_expr_eval_ctx_t *ctx, const void *data, const char *name)
{
    (void)data;
    return expression_variable(ctx, name);
}

static apr_array_header_t *expression_list(ap_expr_eval_ctx_t *ctx, const void *data,
                                           const char *name)
{
    const client_cert_accept_outcome *outcome = ctx->r ? mcc_accept_outcome_of(ctx->r) : NULL;

    (void)data;
    if (outcome && is_ours(ctx->r, outcome)) {
        return extensions(ctx->r, outcome, ctx->p, name);
    }
    return peer_extensions ? peer_extensions(ctx->p, ctx->c, 1, name) : NULL;
}

int mcc_accept_expr_lookup(ap_expr_lookup_parms *parms)
{
    if (parms->type == AP_EXPR_FUNC_VAR && is_variable(parms->name)) {
        *parms->func = expression_variable;
        *parms->data = parms->name;
        return OK;
    }
    *parms->data = NULL;
    if (parms->type == AP_EXPR_FUNC_STRING && !ap_cstr_casecmp(parms->name, "SSL")) {
        *parms->func = expression_function;
        return OK;
    }
    if (parms->type == AP_EXPR_FUNC_LIST && !ap_cstr_casecmp(parms->name, "PeerExtList")) {
        *parms->func = expression_list;
        return OK;
    }
    return DECLINED;
}

void mcc_accept_optional_fn_retrieve(void)
{
    peer_extensions = APR_RETRIEVE_OPTIONAL_FN(ssl_ext_list);
}
