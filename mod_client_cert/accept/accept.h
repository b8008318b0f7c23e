/* SPDX-License-Identifier: Apache-2.0 */
/**
 * @file accept.h
 * @brief The accept role: who the client of a request is, by the header that a
 *        proxy in front of this server has signed; and what the application sees of it.
 *
 * A value is verified when its outcome is first needed, which may be by an <If>.
 * The outcome is remembered for the request, its subrequests and its redirects,
 * by the configuration that it was verified with.
 */
#ifndef MCC_ACCEPT_ACCEPT_H
#define MCC_ACCEPT_ACCEPT_H

#include <httpd.h>

#include <ap_expr.h>
#include <mod_auth.h>

#include "client_cert.h"

/* accept.c */

/** The outcome for a request as it is configured now. It lives as long as the first request. */
const client_cert_accept_outcome *mcc_accept_outcome_of(request_rec *r);

/** post_read_request hook, before incoming's: set the values of the headers that ClientCertAccept
 *  names aside. */
int mcc_accept_capture(request_rec *r);

/** Put them back among the request's headers. */
void mcc_accept_give_back(request_rec *r);

/** Answers 400, 403 and 500. */
int mcc_accept_enforce(request_rec *r);

/** Require client-cert. */
extern const authz_provider mcc_accept_authorization;

/* variables.c: SSL_CLIENT_* as of mod_ssl, and CLIENT_CERT_* */

/** fixups hook, after mod_ssl's: what the application sees of the client. */
int mcc_accept_fixups(request_rec *r);

/** The same where another location may have been put into this one's place since. */
int mcc_accept_fixups_again(request_rec *r);

/** Take the variables out of the environment, and with REDIRECT_ those of the
 *  requests that led to this one. */
void mcc_accept_variables_remove(request_rec *r);

/** The value of a variable as the application is to see it.
 *  @return NULL where the variable is not ours to answer for */
const char *mcc_accept_variable(request_rec *r, const char *name);

/** optional_fn_retrieve hook. */
void mcc_accept_optional_fn_retrieve(void);

/** ssl_var_lookup hook, before mod_ssl's. */
const char *mcc_accept_ssl_var_lookup(apr_pool_t *p, server_rec *s, conn_rec *c, request_rec *r,
                                      const char *name);

/** expr_lookup hook, before mod_ssl's: the variables, SSL and PeerExtList. */
int mcc_accept_expr_lookup(ap_expr_lookup_parms *parms);

/* user.c: where the role is played, the user is the accepted client or none. It is never what
 * mod_ssl makes of the TLS peer (SSLUserName, FakeBasicAuth), here or in a location that the request
 * passed before. */

/** Save, before mod_ssl's access hook, what it may overwrite. */
int mcc_accept_user_save(request_rec *r);

/** Undo what mod_ssl's access hook wrote, where the role is played, and set the
 *  user name that ClientCertUserName asks for. */
int mcc_accept_user_set(request_rec *r);

/** Undo, after mod_ssl's authentication hook, the Authorization that it made
 *  up, where the role is played. */
int mcc_accept_user_authorization(request_rec *r);

/** The same: REMOTE_USER and AUTH_TYPE. */
int mcc_accept_user_expr_lookup(ap_expr_lookup_parms *parms);

/** log_transaction hook: have the user before mod_ssl's hooks, for modules that read request_rec. */
int mcc_accept_user_log(request_rec *r);

/** Fixups hook: if another location was put into this one's place since access
 *  was checked (ap_internal_fast_redirect()), have the user name that is its. */
int mcc_accept_user_fixups(request_rec *r);

/** map_to_storage hook, before any other. */
int mcc_accept_map_to_storage(request_rec *r);

/** post_perdir_config hook: nothing skips it. Answers 400, 403 and 500. */
int mcc_accept_post_perdir_config(request_rec *r);

/** fixups hook, after mod_dir's, which may have put another location in this one's
 *  place. */
int mcc_accept_fixups_after_redirects(request_rec *r);

#endif /* MCC_ACCEPT_ACCEPT_H */
