/* SPDX-License-Identifier: Apache-2.0 */

#include "accept_hooks.h"

#include <ap_expr.h>
#include <ap_provider.h>
#include <http_config.h>
#include <http_log.h>
#include <http_protocol.h>
#include <http_request.h>
#include <http_ssl.h>
#include <mod_auth.h>
#include <mod_ssl.h>

#include <apr_strings.h>

#include "accept.h"
#include "accept_user.h"
#include "accept_variables.h"
#include "config.h"
#include "request.h"

APLOG_USE_MODULE(client_cert);

/* mod_ssl's, for where the role is not played; NULL without mod_ssl. */
static APR_OPTIONAL_FN_TYPE(ssl_ext_list) *peer_extensions;

/* mod_headers, mod_rewrite, mod_lua and others ask this hook; mod_ssl answers
 * last, from the TLS peer. */
static const char *lookup_variable(apr_pool_t *p, server_rec *s, conn_rec *c,
                                   request_rec *r, const char *name)
{
    (void)p;
    (void)s;
    (void)c;
    return r && mcc_accept_is_variable(name) ? mcc_accept_variable(r, name) : NULL;
}

/* Expressions have a hook of their own, and mod_ssl's answer does not pass the
 * other one. Where the role is not played it is mod_ssl's variable still. */
static const char *expression_variable(ap_expr_eval_ctx_t *ctx, const void *data)
{
    const char *value = ap_ssl_var_lookup(ctx->p, ctx->s, ctx->c, ctx->r, data);

    return value ? value : "";
}

static const char *expression_function(ap_expr_eval_ctx_t *ctx, const void *data,
                                       const char *name)
{
    (void)data;
    return expression_variable(ctx, name);
}

static apr_array_header_t *expression_list(ap_expr_eval_ctx_t *ctx,
                                           const void *data, const char *name)
{
    const mcc_accept_outcome *outcome = ctx->r ? mcc_accept_outcome_of(ctx->r)
                                               : NULL;

    (void)data;
    if (outcome && (outcome->state != MCC_ACCEPT_STATE_OFF
                    || mcc_accept_undecided(ctx->r))) {
        return mcc_accept_extensions(ctx->p, outcome, name);
    }
    return peer_extensions ? peer_extensions(ctx->p, ctx->c, 1, name) : NULL;
}

static const char *expression_user(ap_expr_eval_ctx_t *ctx, const void *data)
{
    const char *value = ctx->r ? mcc_accept_user_name(ctx->r) : NULL;

    (void)data;
    return value ? value : "";
}

static const char *expression_auth_type(ap_expr_eval_ctx_t *ctx,
                                        const void *data)
{
    const char *value = ctx->r ? mcc_accept_user_auth_type(ctx->r) : NULL;

    (void)data;
    return value ? value : "";
}

static int lookup_expression(ap_expr_lookup_parms *parms)
{
    if (parms->type == AP_EXPR_FUNC_VAR && mcc_accept_is_variable(parms->name)) {
        *parms->func = expression_variable;
        *parms->data = parms->name;
        return OK;
    }
    if (parms->type == AP_EXPR_FUNC_VAR
        && !ap_cstr_casecmp(parms->name, "REMOTE_USER")) {
        *parms->func = expression_user;
        *parms->data = NULL;
        return OK;
    }
    if (parms->type == AP_EXPR_FUNC_VAR
        && !ap_cstr_casecmp(parms->name, "AUTH_TYPE")) {
        *parms->func = expression_auth_type;
        *parms->data = NULL;
        return OK;
    }
    if (parms->type == AP_EXPR_FUNC_STRING
        && !ap_cstr_casecmp(parms->name, "SSL")) {
        *parms->func = expression_function;
        *parms->data = NULL;
        return OK;
    }
    if (parms->type == AP_EXPR_FUNC_LIST
        && !ap_cstr_casecmp(parms->name, "PeerExtList")) {
        *parms->func = expression_list;
        *parms->data = NULL;
        return OK;
    }
    return DECLINED;
}

/* What comes with a redirected request or a subrequest speaks of another
 * location's client, and sections may ask for it before it is written anew. */
static int begin_location(request_rec *r)
{
    int status = mcc_accept_locate(r);

    if ((r->prev || r->main) && mcc_server_config_of(r->server)->accepts) {
        mcc_accept_variables_remove(r);
        mcc_accept_user_begin(r);
    }
    return status;
}

static int enter_location(request_rec *r)
{
    int status = mcc_accept_enforce(r);

    if (status == DECLINED && (r->prev || r->main)) {
        mcc_accept_user_enter(r);
    }
    return status;
}

static authz_status check_authorization(request_rec *r, const char *args,
                                        const void *parsed)
{
    (void)args;
    (void)parsed;
    return mcc_accept_outcome_of(r)->state == MCC_ACCEPT_STATE_ACCEPTED
        ? AUTHZ_GRANTED : AUTHZ_DENIED;
}

static const char *parse_authorization(cmd_parms *cmd, const char *args,
                                       const void **parsed)
{
    (void)cmd;
    (void)parsed;
    return *args ? "'Require client-cert' takes no arguments" : NULL;
}

static const authz_provider authorization = {
    check_authorization, parse_authorization
};

/* After mod_ssl's StdEnvVars has written the peer's. */
static int export_variables(request_rec *r)
{
    const mcc_accept_outcome *outcome = mcc_accept_outcome_of(r);

    if (outcome->state != MCC_ACCEPT_STATE_OFF) {
        mcc_accept_variables_export(r);
        mcc_request_of(r)->exported = outcome;
    }
    return DECLINED;
}

/* mod_dir may have put another location in this one's place since, and both
 * locations' variables into one environment: ours, or mod_ssl's of the peer. */
static int export_again(request_rec *r)
{
    const mcc_accept_outcome *outcome = mcc_accept_outcome_of(r);
    mcc_request *request = mcc_request_known(r);

    if (outcome->state == MCC_ACCEPT_STATE_OFF) {
        if (request && request->exported) {
            mcc_accept_variables_remove(r);
            request->exported = NULL;
        }
    }
    else if (!request || request->exported != outcome) {
        export_variables(r);
    }
    return DECLINED;
}

static int follow_redirect(request_rec *r)
{
    mcc_accept_user_follow(r);
    return export_again(r);
}

static void find_mod_ssl(void)
{
    peer_extensions = APR_RETRIEVE_OPTIONAL_FN(ssl_ext_list);
}

void mcc_accept_register(apr_pool_t *p)
{
    static const char *const mod_ssl[] = { "mod_ssl.c", NULL };

    ap_hook_optional_fn_retrieve(find_mod_ssl, NULL, NULL, APR_HOOK_MIDDLE);
    ap_hook_expr_lookup(lookup_expression, NULL, mod_ssl, APR_HOOK_REALLY_FIRST);
    ap_register_auth_provider(p, AUTHZ_PROVIDER_GROUP, "client-cert",
                              AUTHZ_PROVIDER_VERSION, &authorization,
                              AP_AUTH_INTERNAL_PER_CONF);
}

static void hook_requests(void)
{
    static const char *const mod_ssl[] = { "mod_ssl.c", NULL };
    static const char *const mod_dir[] = { "mod_dir.c", NULL };
    static const char *const mod_headers[] = { "mod_headers.c", NULL };

    /* Not an access hook: those are skipped where a subrequest's or redirect's
     * configuration is its parent's, and Satisfy Any passes them by. */
    ap_hook_post_perdir_config(enter_location, NULL, NULL,
                               APR_HOOK_REALLY_FIRST);

    ap_hook_child_init(mcc_accept_child_init, NULL, NULL, APR_HOOK_MIDDLE);
    /* What reads variables before the sections are known gets nobody's, unless the
     * server plays the role as a whole. */
    ap_hook_map_to_storage(begin_location, NULL, NULL, APR_HOOK_REALLY_FIRST);
    ap_hook_ssl_var_lookup(lookup_variable, NULL, mod_ssl,
                           APR_HOOK_REALLY_FIRST);

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
    ap_hook_log_transaction(mcc_accept_user_log, NULL, NULL,
                            APR_HOOK_REALLY_FIRST);
    /* mod_negotiation may have taken the request to another location before any
     * fixups, and mod_dir does in its own. RequestHeader … %{…}e reads what is
     * written here. */
    ap_hook_fixups(mcc_accept_user_follow, NULL, NULL, APR_HOOK_REALLY_FIRST);
    ap_hook_fixups(export_variables, mod_ssl, mod_headers, APR_HOOK_MIDDLE);
    ap_hook_fixups(follow_redirect, mod_dir, mod_headers, APR_HOOK_LAST);
    ap_hook_fixups(follow_redirect, NULL, NULL, APR_HOOK_REALLY_LAST);
}

void mcc_accept_hook_requests(void)
{
    /* The name by which hooks are put in order: httpd has set it to that of the
     * module that was loaded last. */
    const char *current = apr_hook_debug_current;

    apr_hook_debug_current = client_cert_module.name;
    hook_requests();
    apr_hook_debug_current = current;
}
