/* SPDX-License-Identifier: Apache-2.0 */

#include "forward/tunnel.h"

#include <http_log.h>

#include "config/config.h"
#include "config/directive_util.h"
#include "config/findings.h"

APLOG_USE_MODULE(client_cert);

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

int mcc_tunnel_check(server_rec *main_server, apr_pool_t *ptemp)
{
    const mcc_global_t *global = mcc_server_config_of(main_server)->global;
    mcc_findings_t findings = { main_server, APLOG_EMERG, 0 };
    client_cert_listener listener = { mcc_log_finding, &findings };
    client_cert_configuration configuration;
    client_cert_result result;

    if (!global->forwards || !global->tunnels) {
        return 1;
    }
    configuration = mcc_configuration(main_server, ptemp);
    result = client_cert_configuration_tunnels(&configuration, global->proxies_http, &listener);
    if (result != CLIENT_CERT_RESULT_OK) {
        ap_log_error(APLOG_MARK, APLOG_EMERG, 0, main_server, "ClientCertForward: %s",
                     client_cert_result_message(result));
    }
    return result == CLIENT_CERT_RESULT_OK && !findings.count;
}
