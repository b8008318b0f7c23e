/* SPDX-License-Identifier: Apache-2.0 */

#include "accept_user.h"

#include <string.h>

#include <http_log.h>

#include <apr_strings.h>

#include "accept.h"
#include "accept_variables.h"
#include "config.h"
#include "environment.h"
#include "request.h"

APLOG_USE_MODULE(client_cert);

static int plays_role(request_rec *r)
{
    return mcc_accept_outcome_of(r)->state != MCC_ACCEPT_STATE_OFF;
}

static void restore_user(request_rec *r, const mcc_user *user)
{
    r->user = user->name;
    r->ap_auth_type = user->auth_type;
}

static void restore_authorization(request_rec *r, const mcc_user *user)
{
    if (user->authorization) {
        apr_table_setn(r->headers_in, "Authorization", user->authorization);
    }
    else {
        apr_table_unset(r->headers_in, "Authorization");
    }
}

static int has_authorization(const request_rec *r, const char *faked)
{
    const char *authorization = apr_table_get(r->headers_in, "Authorization");

    return authorization && !strcmp(authorization, faked);
}

static void name_user(request_rec *r, mcc_user *user)
{
    const char *variable = mcc_dir_config_of(r)->accept.user_name;
    const char *value;

    if (!variable
        || mcc_accept_outcome_of(r)->state != MCC_ACCEPT_STATE_ACCEPTED) {
        return;
    }
    value = mcc_accept_variable(r, variable);
    if (value && *value) {
        r->user = user->given = apr_pstrdup(r->pool, value);
        /* As mod_ssl has it where SSLUserName names the user. */
        r->ap_auth_type = (char *)"ClientCert";
    }
    else {
        ap_log_rerror(APLOG_MARK, APLOG_INFO, 0, r,
                      "ClientCertUserName: the client's certificate has no %s",
                      variable);
    }
}

int mcc_accept_user_save(request_rec *r)
{
    mcc_user *user;

    if (!mcc_server_config_of(r->server)->accepts) {
        return DECLINED;
    }
    user = &mcc_request_of(r)->user;
    user->outcome = mcc_accept_outcome_of(r);
    user->name = r->user;
    user->auth_type = r->ap_auth_type;
    user->authorization = apr_table_get(r->headers_in, "Authorization");
    user->name_saved = user->authorization_saved = 1;
    return DECLINED;
}

int mcc_accept_user_set(request_rec *r)
{
    mcc_user *user;
    int saved;

    if (!mcc_server_config_of(r->server)->accepts) {
        return DECLINED;
    }
    user = &mcc_request_of(r)->user;
    saved = user->name_saved;
    user->name_saved = 0;
    user->outcome = mcc_accept_outcome_of(r);
    if (!plays_role(r)) {
        if (saved && r->user != user->name) {
            user->given = r->user;
        }
        return DECLINED;
    }
    if (saved) {
        restore_user(r, user);
    }
    if (!user->given || r->user != user->given) {
        name_user(r, user);
    }
    return DECLINED;
}

int mcc_accept_user_authorization(request_rec *r)
{
    mcc_request *request = mcc_request_known(r);
    mcc_user *user = request ? &request->user : NULL;

    if (!user || !user->authorization_saved) {
        return DECLINED;
    }
    user->authorization_saved = 0;
    if (plays_role(r)) {
        restore_authorization(r, user);
    }
    else {
        const char *authorization = apr_table_get(r->headers_in,
                                                  "Authorization");

        user->faked = authorization == user->authorization ? NULL
                                                           : authorization;
    }
    return DECLINED;
}

static request_rec *request_before(const request_rec *r)
{
    return r->prev ? r->prev : r->main;
}

/* Those of a page whose part this is. */
static int is_user(const void *name, const char *variable, const char *value)
{
    return !strcmp(variable, "AUTH_TYPE")
        || (!strcmp(variable, "REMOTE_USER") && value && !strcmp(value, name));
}

void mcc_accept_user_enter(request_rec *r)
{
    const mcc_accept_outcome *outcome = mcc_accept_outcome_of(r);
    int redirected = 1;
    request_rec *current;
    request_rec *before;

    if (outcome->state == MCC_ACCEPT_STATE_OFF) {
        return;
    }
    for (current = r; (before = request_before(current)); current = before) {
        const mcc_request *request = mcc_request_known(before);
        const mcc_user *user = request ? &request->user : NULL;

        redirected = redirected && current->prev;
        if (!user || user->outcome == outcome) {
            continue;
        }
        if (user->faked && has_authorization(r, user->faked)) {
            restore_authorization(r, user);
        }
        if (before->user && (user->faked || before->user == user->given)) {
            mcc_environment_remove(r, is_user, before->user);
            /* An application would see it as REDIRECT_REMOTE_USER. */
            if (redirected) {
                before->user = NULL;
            }
        }
    }
}

/* The record of the request whose access was checked: its own, or that of one
 * before with the same configuration, whose user it has then. */
static mcc_user *checked_user(request_rec *r)
{
    while (r) {
        mcc_request *request = mcc_request_known(r);

        if (request && request->user.outcome) {
            return &request->user;
        }
        r = request_before(r);
    }
    return NULL;
}

int mcc_accept_user_follow(request_rec *r)
{
    const mcc_accept_outcome *outcome;
    mcc_user *checked;
    mcc_user *user;

    if (!mcc_server_config_of(r->server)->accepts) {
        return DECLINED;
    }
    outcome = mcc_accept_outcome_of(r);
    checked = checked_user(r);
    if (!checked || checked->outcome == outcome) {
        return DECLINED;
    }
    user = &mcc_request_of(r)->user;
    *user = *checked;
    if (user->faked && has_authorization(r, user->faked)) {
        restore_authorization(r, user);
    }
    if (user->faked || (user->given && r->user == user->given)) {
        restore_user(r, user);
    }
    user->outcome = outcome;
    user->given = NULL;
    user->faked = NULL;
    mcc_accept_user_enter(r);
    /* Who gave a password is who he says. */
    if (r->user == user->name) {
        name_user(r, user);
    }
    return DECLINED;
}
