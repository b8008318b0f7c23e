/* SPDX-License-Identifier: Apache-2.0 */
/**
 * @file tunnel.h
 * @brief mod_proxy_wstunnel's own tunnel, which no server that forwards may have.
 *
 * It hands the bytes of the client's connection to the backend unread, whatever
 * the backend answers to Upgrade. A backend that stays with HTTP takes the client's
 * next request, with whatever header, for this proxy's. mod_proxy_http hands
 * through only what follows a 101, and serves ws: and wss: in mod_proxy_wstunnel's
 * place where ProxyWebsocketFallbackToProxyHttp is on, which is the default.
 */
#ifndef MCC_FORWARD_TUNNEL_H
#define MCC_FORWARD_TUNNEL_H

#include <httpd.h>
#include <http_config.h>

/** Directive function of mod_proxy_wstunnel's ProxyWebsocketFallbackToProxyHttp,
 *  beside its own: httpd merges the two alike. */
const char *mcc_see_ws_fallback(cmd_parms *cmd, void *dir, int on);

/** Whether that tunnel would serve a request to this backend. */
int mcc_tunnel_serves(const request_rec *r, const char *url);

#endif /* MCC_FORWARD_TUNNEL_H */
