/* SPDX-License-Identifier: Apache-2.0 */
/**
 * @file backend.h
 * @brief The last moment before a request goes to a backend.
 *
 * Between our fixups and mod_proxy's handler other modules may still change a
 * request, and a balancer chooses its member only then. So what a server that
 * forwards sends to backends is looked at in mod_proxy's scheme_handler hook,
 * ahead of the modules that speak with them: it has none of our headers that we
 * did not set, all that we did, and no tunnel through which the client could
 * send requests as this proxy.
 */
#ifndef MCC_FORWARD_BACKEND_H
#define MCC_FORWARD_BACKEND_H

#include <httpd.h>
#include <http_config.h>

/** pre_config hook: finds mod_proxy's hook, whatever the order in which the two
 *  modules were loaded. */
int mcc_backend_pre_config(apr_pool_t *pconf, apr_pool_t *plog, apr_pool_t *ptemp);

/** check_config, where some server forwards.
 *  @return 0 if mod_proxy's hook was not found */
int mcc_backend_check(void);

/** Directive function of mod_proxy_fcgi's ProxyFCGISetEnvIf, beside its own: what
 *  it sets is set after our last look. */
const char *mcc_see_fcgi_variable(cmd_parms *cmd, void *dir, const char *condition,
                                  const char *variable, const char *value);

#endif /* MCC_FORWARD_BACKEND_H */
