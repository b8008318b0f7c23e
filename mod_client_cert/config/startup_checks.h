/* SPDX-License-Identifier: Apache-2.0 */
/**
 * @file startup_checks.h
 * @brief Checks at start-up: that the directives of the accept role are
 *        complete, and that no other directive contradicts them; that the
 *        headers of the forward role go together.
 */
#ifndef MCC_CONFIG_STARTUP_CHECKS_H
#define MCC_CONFIG_STARTUP_CHECKS_H

#include <httpd.h>

#include "config/config.h"

/** check_config: no header of ClientCertForwardVariable is one of ClientCertForward to a backend, and
 *  mod_ssl writes names as they are sent.
 *  @return 0 after logging what is wrong */
int mcc_forward_config_check(server_rec *main_server, apr_pool_t *ptemp);

/** check_config: every section that plays the role, seen with what its server
 *  says, must have what it needs.
 *  @return 0 after logging what is missing */
int mcc_accept_config_check(server_rec *main_server, apr_pool_t *pconf, apr_pool_t *ptemp);

/** post_config hook: warn of directives that read the TLS peer as though it were the
 *  client, and of sections in which every value will be refused. */
int mcc_accept_config_warn(apr_pool_t *pconf, apr_pool_t *plog, apr_pool_t *ptemp, server_rec *s);

#endif /* MCC_CONFIG_STARTUP_CHECKS_H */
