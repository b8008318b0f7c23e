/* SPDX-License-Identifier: Apache-2.0 */

#include "forward/tunnel.h"

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
