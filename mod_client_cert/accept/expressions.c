/* SPDX-License-Identifier: Apache-2.0 */

#include "accept/expressions.h"

#include <http_ssl.h>
#include <mod_ssl.h>

#include "accept/accept.h"
#include "accept/user.h"
#include "accept/variables.h"

/* mod_ssl's, for where the role is not played; NULL without mod_ssl. */
static APR_OPTIONAL_FN_TYPE(ssl_ext_list) * peer_extensions;

/* mod_headers, mod_rewrite, mod_lua and others ask this hook; mod_ssl answers
 * last, from the TLS peer. */
const char *mcc_accept_ssl_var_lookup(apr_pool_t *p, server_rec *s, conn_rec *c, request_rec *r,
                                      const char *name)
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

static const char *expression_function(ap_expr_eval_ctx_t *ctx, const void *data, const char *name)
{
    (void)data;
    return expression_variable(ctx, name);
}

static apr_array_header_t *expression_list(ap_expr_eval_ctx_t *ctx, const void *data,
                                           const char *name)
{
    const mcc_accept_outcome_t *outcome = ctx->r ? mcc_accept_outcome_of(ctx->r) : NULL;

    (void)data;
    if (outcome
        && (outcome->state != MCC_ACCEPT_STATE_OFF || mcc_accept_sections_unknown(ctx->r))) {
        return mcc_accept_extensions(ctx->r, ctx->p, name);
    }
    return peer_extensions ? peer_extensions(ctx->p, ctx->c, 1, name) : NULL;
}

static const char *expression_user(ap_expr_eval_ctx_t *ctx, const void *data)
{
    const char *value = ctx->r ? mcc_accept_user_name(ctx->r) : NULL;

    (void)data;
    return value ? value : "";
}

static const char *expression_auth_type(ap_expr_eval_ctx_t *ctx, const void *data)
{
    const char *value = ctx->r ? mcc_accept_user_auth_type(ctx->r) : NULL;

    (void)data;
    return value ? value : "";
}

int mcc_accept_expr_lookup(ap_expr_lookup_parms *parms)
{
    static const struct {
        int type;
        const char *name;
        const void *function;
    } own[] = {
        { AP_EXPR_FUNC_VAR, "REMOTE_USER", expression_user },
        { AP_EXPR_FUNC_VAR, "AUTH_TYPE", expression_auth_type },
        { AP_EXPR_FUNC_STRING, "SSL", expression_function },
        { AP_EXPR_FUNC_LIST, "PeerExtList", expression_list },
    };
    size_t i;

    if (parms->type == AP_EXPR_FUNC_VAR && mcc_accept_is_variable(parms->name)) {
        *parms->func = expression_variable;
        *parms->data = parms->name;
        return OK;
    }
    for (i = 0; i < sizeof(own) / sizeof(own[0]); i++) {
        if (parms->type == own[i].type && !ap_cstr_casecmp(parms->name, own[i].name)) {
            *parms->func = own[i].function;
            *parms->data = NULL;
            return OK;
        }
    }
    return DECLINED;
}

void mcc_accept_optional_fn_retrieve(void)
{
    peer_extensions = APR_RETRIEVE_OPTIONAL_FN(ssl_ext_list);
}
