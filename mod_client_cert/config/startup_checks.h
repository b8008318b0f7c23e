/* SPDX-License-Identifier: Apache-2.0 */
/**
 * @file startup_checks.h
 * @brief What follows from all directives, and what keeps httpd from starting.
 */
#ifndef MCC_CONFIG_STARTUP_CHECKS_H
#define MCC_CONFIG_STARTUP_CHECKS_H

#include <httpd.h>

#include "config/config.h"

/** check_config, before anything asks for it: what all servers' directives say. */
client_cert_result mcc_settings_complete(server_rec *main_server, apr_pool_t *pconf,
                                         apr_pool_t *ptemp);

/** The main server's directives and all servers, in that order; they go with the pool. */
client_cert_configuration mcc_configuration(const server_rec *main_server, apr_pool_t *p);

/** check_config: no backend has a tunnel of mod_proxy_wstunnel's, the headers of the forward role
 *  go together, and every section of the accept role has what it needs.
 *  @return 0 after logging what is wrong */
int mcc_settings_check(server_rec *main_server, const client_cert_configuration *configuration,
                       apr_pool_t *pconf);

/** post_config hook: warn of directives that read the TLS peer as though it were the
 *  client, and of sections in which every value will be refused. */
int mcc_settings_warn(apr_pool_t *pconf, apr_pool_t *plog, apr_pool_t *ptemp, server_rec *s);

#endif /* MCC_CONFIG_STARTUP_CHECKS_H */
