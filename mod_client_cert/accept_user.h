/* SPDX-License-Identifier: Apache-2.0 */
/**
 * @file accept_user.h
 * @brief The user name where the accept role is played: the accepted client's
 *        or nobody's, and never what mod_ssl makes of the TLS peer
 *        (SSLUserName, FakeBasicAuth), here or in a location that the request
 *        came through before.
 */
#ifndef MCC_ACCEPT_USER_H
#define MCC_ACCEPT_USER_H

#include <httpd.h>

/** Keep, before mod_ssl's access hook, what it may write over. */
int mcc_accept_user_save(request_rec *r);

/** Undo what mod_ssl's access hook wrote, where the role is played, and set the
 *  user name that ClientCertUserName asks for. */
int mcc_accept_user_set(request_rec *r);

/** Undo, after mod_ssl's authentication hook, the Authorization that it made
 *  up, where the role is played. */
int mcc_accept_user_authorization(request_rec *r);

/** Take away what others left to a redirected request or a subrequest that
 *  comes into a location where the role is played. */
void mcc_accept_user_enter(request_rec *r);

/** Fixups hook: if another location was put into this one's place since access
 *  was checked (ap_internal_fast_redirect()), have the user name that is its. */
int mcc_accept_user_follow(request_rec *r);

#endif /* MCC_ACCEPT_USER_H */
