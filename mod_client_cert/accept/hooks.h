/* SPDX-License-Identifier: Apache-2.0 */
/**
 * @file hooks.h
 * @brief Hooks of the accept role that join several of its files.
 */
#ifndef MCC_ACCEPT_HOOKS_H
#define MCC_ACCEPT_HOOKS_H

#include <httpd.h>
#include <mod_auth.h>

/** map_to_storage hook, before any other. */
int mcc_accept_map_to_storage(request_rec *r);

/** post_perdir_config hook: nothing skips it. Answers 400, 403 and 500. */
int mcc_accept_post_perdir_config(request_rec *r);

/** fixups hook, after mod_ssl's: what the application sees of the client. */
int mcc_accept_fixups(request_rec *r);

/** fixups hook, after mod_dir's, which may have put another location in this one's
 *  place. */
int mcc_accept_fixups_after_redirects(request_rec *r);

/** Require client-cert. */
extern const authz_provider mcc_accept_authorization;

#endif /* MCC_ACCEPT_HOOKS_H */
