/* SPDX-License-Identifier: Apache-2.0 */

/*
 * mod_proxy_wstunnel's own tunnel hands the bytes of the client's connection to the backend unread,
 * whatever the backend answers to Upgrade. A backend that stays with HTTP takes the client's
 * next request, with whatever header, for this proxy's. mod_proxy_http hands
 * through only what follows a 101, and serves ws: and wss: in mod_proxy_wstunnel's
 * place where ProxyWebsocketFallbackToProxyHttp is on, which is the default.
 */

#include "forward/forward.h"

#include "config/config.h"

const char *mcc_see_ws_fallback(cmd_parms *cmd, void *dir, int on)
{
    ((mcc_dir_config_t *)dir)->ws_fallback = on;
    return mcc_without_module(cmd, "mod_proxy_wstunnel.c");
}

/* As mod_proxy_wstunnel reads them. */
static int is_websocket(const char *url)
{
    return !ap_cstr_casecmpn(url, "ws:", 3) || !ap_cstr_casecmpn(url, "wss:", 4);
}

int mcc_tunnel_serves(const request_rec *r, const char *url)
{
    const mcc_global_t *global = mcc_server_config_of(r->server)->global;

    return global->tunnels && is_websocket(url)
           && (!global->proxies_http || !mcc_dir_config_of(r)->ws_fallback);
}
