/* SPDX-License-Identifier: Apache-2.0 */
/**
 * @file user.h
 * @brief The user name where the accept role is played: the accepted client's,
 *        or none. It is never what mod_ssl makes of the TLS peer (SSLUserName,
 *        FakeBasicAuth), here or in a location that the request passed before.
 */
#ifndef MCC_ACCEPT_USER_H
#define MCC_ACCEPT_USER_H

#include <httpd.h>

/** Save, before mod_ssl's access hook, what it may overwrite. */
int mcc_accept_user_save(request_rec *r);

/** Undo what mod_ssl's access hook wrote, where the role is played, and set the
 *  user name that ClientCertUserName asks for. */
int mcc_accept_user_set(request_rec *r);

/** Undo, after mod_ssl's authentication hook, the Authorization that it made
 *  up, where the role is played. */
int mcc_accept_user_authorization(request_rec *r);

/** The request's user name and how it was authenticated. It differs from r->user while mod_ssl's
 *  access hook has written its own and this module's has not run; where mod_ssl refused the
 *  request, it never runs. May be NULL. */
const char *mcc_accept_user_name(const request_rec *r);
const char *mcc_accept_user_auth_type(const request_rec *r);

/** log_transaction hook: the same for modules that read request_rec directly. */
int mcc_accept_user_log(request_rec *r);

/** Take variables that tell the user of another location, where a certificate
 *  gave it, from a redirected request or a subrequest, before it is known which
 *  sections apply. */
void mcc_accept_user_map_to_storage(request_rec *r);

/** Take away, once that is known, what the requests before it leave it: an
 *  Authorization that was made up of a certificate, and their users' names. */
void mcc_accept_user_post_perdir_config(request_rec *r);

/** Fixups hook: if another location was put into this one's place since access
 *  was checked (ap_internal_fast_redirect()), have the user name that is its. */
int mcc_accept_user_fixups(request_rec *r);

#endif /* MCC_ACCEPT_USER_H */
