/* SPDX-License-Identifier: Apache-2.0 */

#include "config/config.h"

#include <http_core.h>
#include <http_log.h>

#include <apr_strings.h>

APLOG_USE_MODULE(client_cert);

#define GLOBAL_KEY "mod_client_cert: global"

static apr_status_t free_settings(void *settings)
{
    client_cert_settings_free(settings);
    return APR_SUCCESS;
}

static apr_status_t free_vhosts(void *global)
{
    client_cert_vhosts_free(((mcc_global_t *)global)->vhosts);
    ((mcc_global_t *)global)->vhosts = NULL;
    return APR_SUCCESS;
}

void mcc_forget_vhosts(mcc_global_t *global, apr_pool_t *pconf)
{
    apr_pool_cleanup_run(pconf, global, free_vhosts);
}

/* Server configurations are made before any hook of ours runs and without a
 * way to the main server's, so what they share hangs on their common pool. */
mcc_global_t *mcc_global_of(apr_pool_t *pconf)
{
    mcc_global_t *global = NULL;
    void *found = NULL;

    apr_pool_userdata_get(&found, GLOBAL_KEY, pconf);
    global = found;
    if (!global) {
        global = apr_pcalloc(pconf, sizeof(*global));
        if (client_cert_vhosts_new(&global->vhosts) == CLIENT_CERT_RESULT_OK) {
            apr_pool_cleanup_register(pconf, global, free_vhosts, apr_pool_cleanup_null);
        }
        if (client_cert_settings_new(&global->settings) == CLIENT_CERT_RESULT_OK) {
            apr_pool_cleanup_register(pconf, global->settings, free_settings,
                                      apr_pool_cleanup_null);
        }
        apr_pool_userdata_setn(global, GLOBAL_KEY, apr_pool_cleanup_null, pconf);
    }
    return global;
}

_Static_assert(sizeof(client_cert_accept_rules) == 5 * sizeof(void *) + 6 * sizeof(uint32_t),
               "rules that are alike have the same octets");

client_cert_accept_rules mcc_accept_rules_of(const client_cert_accept_part *conf)
{
    client_cert_accept_rules rules = { conf->anchors,
                                       conf->crls,
                                       conf->names,
                                       conf->client_cas,
                                       conf->client_crls,
                                       (uint32_t)conf->format,
                                       (uint32_t)conf->header,
                                       conf->trust_peer != 0 || !conf->is_signed,
                                       conf->max_age,
                                       conf->skew,
                                       conf->is_signed ? 1 : 0 };

    return rules;
}

mcc_server_config_t *mcc_server_config_of(const server_rec *s)
{
    return ap_get_module_config(s->module_config, &client_cert_module);
}

mcc_dir_config_t *mcc_dir_config_of(const request_rec *r)
{
    return ap_get_module_config(r->per_dir_config, &client_cert_module);
}

void mcc_caches_child_init(apr_pool_t *pchild, server_rec *s)
{
    mcc_global_t *global = mcc_server_config_of(s)->global;
    apr_size_t size = global->whole.forwarding_directive && global->whole.accepts
                          ? global->whole.cache_size / 2
                          : global->whole.cache_size;
    client_cert_result signatures = CLIENT_CERT_RESULT_OK;
    client_cert_result verifications = CLIENT_CERT_RESULT_OK;

    (void)pchild;
    /* Never freed: they go with the process, and prefork ends that in a signal
     * handler, where nothing may be freed. */
    if (global->whole.forwarding_directive && size) {
        signatures = client_cert_signature_cache_new(size, &global->signature_cache);
    }
    if (global->whole.accepts) {
        verifications = client_cert_verification_cache_new(size, global->whole.chain_name != NULL,
                                                           &global->verification_cache);
    }
    if (signatures != CLIENT_CERT_RESULT_OK) {
        ap_log_error(APLOG_MARK, APLOG_ERR, 0, s,
                     "ClientCertSignatureCache: %s; every request is signed",
                     client_cert_result_message(signatures));
    }
    if (verifications != CLIENT_CERT_RESULT_OK) {
        ap_log_error(APLOG_MARK, APLOG_ERR, 0, s, "ClientCertAccept: %s; nothing is accepted",
                     client_cert_result_message(verifications));
    }
}

int mcc_needs_tls_client(const mcc_global_t *global)
{
    return global->whole.forwarding_directive || global->whole.accepts;
}

const char *mcc_without_module(cmd_parms *cmd, const char *module_name)
{
    return ap_find_linked_module(module_name) || (cmd->override & NONFATAL_UNKNOWN)
               ? NULL
               : apr_pstrcat(cmd->pool, "Invalid command '", cmd->cmd->name,
                             "', perhaps misspelled or defined by a module not "
                             "included in the server configuration",
                             NULL);
}
