/* SPDX-License-Identifier: Apache-2.0 */

/* Sets headers of mod_client_cert's where other modules may still do so: late in
 * fixups, before any handler, and in mod_proxy's own hooks. Each says where, and
 * what X-Late names is where it is done. */

#include <httpd.h>
#include <http_config.h>
#include <http_protocol.h>
#include <http_request.h>
#include <mod_proxy.h>

#include <apr_optional_hooks.h>
#include <apr_strings.h>

module AP_MODULE_DECLARE_DATA late_test_module;

static int set(request_rec *r, const char *where)
{
    const char *wanted = apr_table_get(r->headers_in, "X-Late");

    if (wanted && !strcmp(wanted, where)) {
        apr_table_set(r->headers_in, "Client-Cert",
                      apr_pstrcat(r->pool, "forged by ", where, NULL));
        apr_table_set(r->headers_in, "client_cert_chain", "forged");
        apr_table_set(r->subprocess_env, "HTTP_CLIENT_CERT", "forged");
        apr_table_set(r->headers_in, "Connection", "X-Client-Identity");
    }
    return DECLINED;
}

static int fixups(request_rec *r)
{
    return set(r, "fixups");
}

static int handler(request_rec *r)
{
    return set(r, "handler");
}

static int pre_request(proxy_worker **worker, proxy_balancer **balancer,
                       request_rec *r, proxy_server_conf *conf, char **url)
{
    (void)worker;
    (void)balancer;
    (void)conf;
    (void)url;
    return set(r, "pre_request");
}

static int proxy_fixups(request_rec *r)
{
    return set(r, "proxy_fixups");
}

static void register_hooks(apr_pool_t *p)
{
    (void)p;
    ap_hook_fixups(fixups, NULL, NULL, APR_HOOK_REALLY_LAST + 10);
    ap_hook_handler(handler, NULL, NULL, APR_HOOK_REALLY_FIRST);
    proxy_hook_pre_request(pre_request, NULL, NULL, APR_HOOK_REALLY_FIRST);
    APR_OPTIONAL_HOOK(proxy, fixups, proxy_fixups, NULL, NULL,
                      APR_HOOK_REALLY_LAST + 10);
}

module AP_MODULE_DECLARE_DATA late_test_module = {
    STANDARD20_MODULE_STUFF, NULL, NULL, NULL, NULL, NULL, register_hooks,
    AP_MODULE_FLAG_NONE
};
