/* SPDX-License-Identifier: Apache-2.0 */

#include "accept/hooks.h"

#include "accept/accept.h"
#include "accept/user.h"
#include "accept/variables.h"
#include "config/config.h"
#include "counters.h"
#include "request.h"

/* What comes with a redirected request or a subrequest speaks of another
 * location's client, and sections may ask for it before it is written anew. */
int mcc_accept_map_to_storage(request_rec *r)
{
    if (mcc_server_config_of(r->server)->accepts) {
        mcc_request_of(r)->located = 1;
        if (r->prev || r->main) {
            mcc_accept_variables_remove(r);
            mcc_accept_user_map_to_storage(r);
        }
    }
    return DECLINED;
}

int mcc_accept_post_perdir_config(request_rec *r)
{
    int status = mcc_accept_enforce(r);

    if (status == DECLINED && (r->prev || r->main)) {
        mcc_accept_user_post_perdir_config(r);
    }
    return status;
}

static authz_status check_authorization(request_rec *r, const char *args, const void *parsed)
{
    (void)args;
    (void)parsed;
    return mcc_accept_outcome_of(r)->state == MCC_ACCEPT_STATE_ACCEPTED ? AUTHZ_GRANTED
                                                                        : AUTHZ_DENIED;
}

static const char *parse_authorization(cmd_parms *cmd, const char *args, const void **parsed)
{
    (void)cmd;
    (void)parsed;
    return *args ? "'Require client-cert' takes no arguments" : NULL;
}

const authz_provider mcc_accept_authorization = { check_authorization, parse_authorization };

/* After mod_ssl's StdEnvVars has written the peer's. */
int mcc_accept_fixups(request_rec *r)
{
    const mcc_accept_outcome_t *outcome = mcc_accept_outcome_of(r);
    mcc_request_t *request;

    if (outcome->state == MCC_ACCEPT_STATE_OFF) {
        return DECLINED;
    }
    request = mcc_request_of(r);
    mcc_accept_variables_export(r, outcome);
    request->exported = outcome;
    if (request->variable_failed) {
        mcc_count(r, CLIENT_CERT_COUNTER_ACCEPT_ERROR);
        return HTTP_INTERNAL_SERVER_ERROR;
    }
    return DECLINED;
}

/* mod_dir may have put another location in this one's place since, and both
 * locations' variables into one environment: ours, or mod_ssl's of the peer. */
static int export_again(request_rec *r)
{
    const mcc_accept_outcome_t *outcome = mcc_accept_outcome_of(r);
    mcc_request_t *request = mcc_request_known(r);

    if (outcome->state == MCC_ACCEPT_STATE_OFF) {
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

int mcc_accept_fixups_after_redirects(request_rec *r)
{
    mcc_accept_user_fixups(r);
    return export_again(r);
}
