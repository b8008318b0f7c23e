/* SPDX-License-Identifier: Apache-2.0 */
/**
 * @file forward.h
 * @brief The forward role: setting the headers that go to the backend, and what else goes there.
 */
#ifndef MCC_FORWARD_FORWARD_H
#define MCC_FORWARD_FORWARD_H

#include <httpd.h>
#include <http_config.h>

/* forward.c */

/** fixups hook, after every other module's. Sets the headers that
 *  ClientCertForward names on requests that go to a backend.
 *  @return DECLINED, or 500 where a header should be sent and cannot be made */
int mcc_forward_fixups(request_rec *r);

/** protocol_switch hook, before the connection becomes HTTP/2: the request that
 *  asked for it is its first stream, and is to come as the client sent it. It may have
 *  been the one in which the client changed. */
int mcc_forward_protocol_switch(conn_rec *c, request_rec *r, server_rec *s, const char *protocol);

/* backend.c: the last moment before a request goes to a backend */

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

/** Directive function of mod_proxy_wstunnel's ProxyWebsocketFallbackToProxyHttp,
 *  beside its own: httpd merges the two alike. */
const char *mcc_see_ws_fallback(cmd_parms *cmd, void *dir, int on);

#endif /* MCC_FORWARD_FORWARD_H */
