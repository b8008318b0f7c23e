/* SPDX-License-Identifier: Apache-2.0 */

#include "accept/accept.h"

#include <string.h>

#include <http_log.h>

#include <apr_strings.h>

#include "config/config.h"
#include "headers/headers.h"
#include "request.h"

APLOG_USE_MODULE(client_cert);

static mcc_user_t *user_known(const request_rec *r)
{
    const mcc_request_t *request = mcc_request_known(r);

    return request ? request->user : NULL;
}

static mcc_user_t *user_of(request_rec *r)
{
    mcc_request_t *request = mcc_request_of(r);

    if (!request->user) {
        request->user = apr_pcalloc(r->pool, sizeof(*request->user));
    }
    return request->user;
}

static int plays_role(const mcc_user_t *user)
{
    return user->outcome->state != CLIENT_CERT_ACCEPT_STATE_OFF;
}

static void restore_user(request_rec *r, const mcc_user_t *user)
{
    r->user = user->name;
    r->ap_auth_type = user->auth_type;
}

static int is_value(const void *value, const char *name, const char *found)
{
    (void)name;
    return found && !strcmp(found, value);
}

/* Also from variables to which it was copied. */
static void restore_authorization(request_rec *r, const mcc_user_t *user)
{
    const char *authorization = apr_table_get(r->headers_in, "Authorization");

    if (authorization == user->authorization) {
        return;
    }
    if (authorization) {
        mcc_table_remove(r->pool, r->subprocess_env, is_value, authorization);
    }
    if (user->authorization) {
        apr_table_setn(r->headers_in, "Authorization", user->authorization);
    }
    else {
        apr_table_unset(r->headers_in, "Authorization");
    }
}

static void name_user(request_rec *r, mcc_user_t *user)
{
    const char *value;

    if (!user->variable || user->outcome->state != CLIENT_CERT_ACCEPT_STATE_ACCEPTED) {
        return;
    }
    value = mcc_accept_variable(r, user->variable);
    if (value && *value) {
        r->user = user->given = apr_pstrdup(r->pool, value);
        /* As mod_ssl has it where SSLUserName names the user. */
        r->ap_auth_type = (char *)"ClientCert";
    }
    else {
        ap_log_rerror(APLOG_MARK, APLOG_INFO, 0, r,
                      "ClientCertUserName: the client's certificate has no %s", user->variable);
    }
}

/* The record, for the location as it is configured now; NULL where the role is not played. */
static mcc_user_t *user_here(request_rec *r)
{
    mcc_user_t *user;

    if (!mcc_server_config_of(r->server)->part.accepts) {
        return NULL;
    }
    user = user_of(r);
    user->outcome = mcc_accept_outcome_of(r);
    user->variable = mcc_dir_config_of(r)->accept.user_name;
    return user;
}

int mcc_accept_user_save(request_rec *r)
{
    mcc_user_t *user = user_here(r);

    if (!user) {
        return DECLINED;
    }
    user->name = r->user;
    user->auth_type = r->ap_auth_type;
    user->authorization = apr_table_get(r->headers_in, "Authorization");
    user->name_saved = user->authorization_saved = 1;
    return DECLINED;
}

/* After mod_ssl's access hook. */
static void take_back_user(request_rec *r, mcc_user_t *user)
{
    if (!user->name_saved) {
        return;
    }
    user->name_saved = 0;
    if (plays_role(user)) {
        restore_user(r, user);
    }
    else if (r->user != user->name) {
        user->given = r->user;
    }
}

int mcc_accept_user_set(request_rec *r)
{
    mcc_user_t *user = user_here(r);

    if (!user) {
        return DECLINED;
    }
    take_back_user(r, user);
    if (!user->given || r->user != user->given) {
        name_user(r, user);
    }
    return DECLINED;
}

int mcc_accept_user_authorization(request_rec *r)
{
    mcc_user_t *user = user_known(r);

    if (!user || !user->authorization_saved) {
        return DECLINED;
    }
    user->authorization_saved = 0;
    if (plays_role(user)) {
        restore_authorization(r, user);
    }
    else {
        user->faked = apr_table_get(r->headers_in, "Authorization") != user->authorization;
    }
    return DECLINED;
}

/* The user before mod_ssl's access hook wrote its own, while this module's has not run; where mod_ssl
 * refused the request, it never runs. NULL if r->user is the user. */
static const mcc_user_t *user_before(const request_rec *r)
{
    const mcc_user_t *user = r ? user_known(r) : NULL;

    return user && user->name_saved && plays_role(user) ? user : NULL;
}

static const char *expression_name(ap_expr_eval_ctx_t *ctx, const void *data)
{
    const mcc_user_t *before = user_before(ctx->r);
    const char *value = before ? before->name : ctx->r ? ctx->r->user : NULL;

    (void)data;
    return value ? value : "";
}

static const char *expression_auth_type(ap_expr_eval_ctx_t *ctx, const void *data)
{
    const mcc_user_t *before = user_before(ctx->r);
    const char *value = before ? before->auth_type : ctx->r ? ctx->r->ap_auth_type : NULL;

    (void)data;
    return value ? value : "";
}

int mcc_accept_user_expr_lookup(ap_expr_lookup_parms *parms)
{
    int is_name = !ap_cstr_casecmp(parms->name, "REMOTE_USER");

    if (parms->type != AP_EXPR_FUNC_VAR
        || (!is_name && ap_cstr_casecmp(parms->name, "AUTH_TYPE") != 0)) {
        return DECLINED;
    }
    *parms->func = is_name ? expression_name : expression_auth_type;
    *parms->data = NULL;
    return OK;
}

int mcc_accept_user_log(request_rec *r)
{
    /* The usual request: there is no user to be taken back. */
    if (!r->user && !r->prev && !r->next) {
        return DECLINED;
    }
    while (r->prev) {
        r = r->prev;
    }
    for (; r; r = r->next) {
        mcc_user_t *user = user_known(r);

        if (user) {
            take_back_user(r, user);
        }
    }
    return DECLINED;
}

static request_rec *request_before(const request_rec *r)
{
    return r->prev ? r->prev : r->main;
}

/* The record of the request whose access was checked: its own, or that of one
 * before with the same configuration, whose user it has then. */
static mcc_user_t *checked_user(request_rec *r)
{
    while (r) {
        mcc_user_t *user = user_known(r);

        if (user && user->outcome) {
            return user;
        }
        r = request_before(r);
    }
    return NULL;
}

/* Whether the user of a request is one by a certificate, and not a password. */
static int is_by_certificate(const request_rec *r, const mcc_user_t *user)
{
    return r->user && (user->faked || r->user == user->given);
}

static int is_user(const void *name, const char *variable, const char *value)
{
    variable = mcc_name_before_redirects(variable);
    return !strcmp(variable, "AUTH_TYPE")
           || (!strcmp(variable, "REMOTE_USER") && is_value(name, variable, value));
}

/* Take variables that tell the user of another location, where a certificate
 * gave it, from a redirected request or a subrequest, before it is known which
 * sections apply. */
static void leave_user_behind(request_rec *r)
{
    request_rec *current;
    request_rec *before;

    for (current = r; (before = request_before(current)); current = before) {
        mcc_user_t *user = checked_user(before);

        if (!user) {
            return;
        }
        /* Refused between mod_ssl's access hook and ours. A request whose part
         * this is may be between them still. */
        if (current->prev && user == user_known(before)) {
            take_back_user(before, user);
        }
        if (is_by_certificate(before, user)) {
            mcc_table_remove(r->pool, r->subprocess_env, is_user, before->user);
        }
    }
}

/* What comes with a redirected request or a subrequest speaks of another
 * location's client, and sections may ask for it before it is written anew. */
int mcc_accept_map_to_storage(request_rec *r)
{
    if (mcc_server_config_of(r->server)->part.accepts) {
        mcc_request_of(r)->located = 1;
        if (r->prev || r->main) {
            mcc_accept_variables_remove(r);
            leave_user_behind(r);
        }
    }
    return DECLINED;
}

/* Take away, once that is known, what the requests before it leave it: an
 * Authorization that was made up of a certificate, and their users' names. */
static void take_away_users(request_rec *r)
{
    const client_cert_accept_outcome *outcome = mcc_accept_outcome_of(r);
    int redirected = 1;
    request_rec *current;
    request_rec *before;

    for (current = r; (before = request_before(current)); current = before) {
        mcc_user_t *user = checked_user(before);

        /* The same has come in already, and left nothing. */
        if (!user || user->outcome == outcome) {
            return;
        }
        if (outcome->state != CLIENT_CERT_ACCEPT_STATE_OFF) {
            restore_authorization(r, user);
        }
        /* An application would see it as REDIRECT_REMOTE_USER. */
        redirected = redirected && current->prev;
        if (redirected && is_by_certificate(before, user)) {
            before->user = NULL;
        }
    }
}

int mcc_accept_post_perdir_config(request_rec *r)
{
    int status = mcc_accept_enforce(r);

    if (status == DECLINED && (r->prev || r->main)) {
        take_away_users(r);
    }
    return status;
}

int mcc_accept_user_fixups(request_rec *r)
{
    const client_cert_accept_outcome *outcome;
    const char *variable;
    mcc_user_t *checked;
    mcc_user_t *user;
    int is_same;

    if (!mcc_server_config_of(r->server)->part.accepts) {
        return DECLINED;
    }
    checked = checked_user(r);
    if (!checked) {
        return DECLINED;
    }
    outcome = mcc_accept_outcome_of(r);
    variable = mcc_dir_config_of(r)->accept.user_name;
    is_same = checked->outcome == outcome;
    if (is_same && (!plays_role(checked) || checked->variable == variable)) {
        return DECLINED;
    }
    user = user_of(r);
    *user = *checked;
    if (is_by_certificate(r, user)) {
        restore_user(r, user);
    }
    user->outcome = outcome;
    user->variable = variable;
    user->given = NULL;
    if (!is_same) {
        user->faked = 0;
        if (plays_role(user)) {
            restore_authorization(r, user);
        }
        take_away_users(r);
    }
    /* A client authenticated by password has the name that it gave. */
    if (r->user == user->name) {
        name_user(r, user);
    }
    return DECLINED;
}

int mcc_accept_fixups_after_redirects(request_rec *r)
{
    mcc_accept_user_fixups(r);
    return mcc_accept_fixups_again(r);
}
