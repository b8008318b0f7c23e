/* SPDX-License-Identifier: Apache-2.0 */

#include "config/config.h"

#include <stdlib.h>

#include <http_core.h>
#include <http_log.h>

#include <apr_strings.h>

APLOG_USE_MODULE(client_cert);

#define GLOBAL_KEY "mod_client_cert: global"

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
        mcc_names_init(&global->arriving_names, pconf);
        mcc_names_init(&global->our_names, pconf);
        global->accepted_names = apr_array_make(pconf, 1, sizeof(const mcc_accepted_name_t *));
        global->accepted_names_by_case = apr_hash_make(pconf);
        global->cache_size = MCC_DEFAULT_CACHE_SIZE;
        if (client_cert_vhosts_new(&global->vhosts) == CLIENT_CERT_RESULT_OK) {
            apr_pool_cleanup_register(pconf, global, free_vhosts, apr_pool_cleanup_null);
        }
        mcc_names_add(&global->our_names, MCC_CLIENT_CERT);
        mcc_names_add(&global->our_names, MCC_CLIENT_CERT_CHAIN);
        apr_pool_userdata_setn(global, GLOBAL_KEY, apr_pool_cleanup_null, pconf);
    }
    return global;
}

int mcc_forwards(const mcc_forward_config_t *conf)
{
    return (conf->lines && conf->lines->nelts) || (conf->variables && conf->variables->headers);
}

int mcc_accepts(const mcc_accept_config_t *conf)
{
    return conf->format >= 0;
}

_Static_assert(sizeof(mcc_accept_rules_t) == 5 * sizeof(void *) + 6 * sizeof(uint32_t),
               "rules that are alike have the same octets");

mcc_accept_rules_t mcc_accept_rules_of(const mcc_accept_config_t *conf)
{
    mcc_accept_rules_t rules = { conf->anchors,
                                 conf->crls,
                                 conf->names,
                                 conf->client_cas,
                                 conf->client_crls,
                                 (uint32_t)conf->format,
                                 (uint32_t)conf->header,
                                 mcc_accept_needs_peer(conf) ? 1 : 0,
                                 conf->max_age < 0 ? MCC_DEFAULT_MAX_AGE : (uint32_t)conf->max_age,
                                 conf->max_age < 0 ? MCC_DEFAULT_SKEW : (uint32_t)conf->skew,
                                 conf->is_signed ? 1 : 0 };

    return rules;
}

void mcc_config_complete(server_rec *main_server)
{
    mcc_global_t *global = mcc_server_config_of(main_server)->global;
    apr_size_t number = 0;
    server_rec *s;

    for (s = main_server; s; s = s->next) {
        mcc_server_config_t *conf = mcc_server_config_of(s);
        const mcc_dir_config_t *whole =
            ap_get_module_config(s->lookup_defaults, &client_cert_module);

        conf->number = number++;
        conf->forwards = conf->forwards_in_section || mcc_forwards(&whole->forward);
    }
    global->tunnels = ap_find_linked_module("mod_proxy_wstunnel.c") != NULL;
    global->proxies_http = ap_find_linked_module("mod_proxy_http.c") != NULL;
    global->caches = ap_find_linked_module("mod_cache.c") != NULL;
}

mcc_server_config_t *mcc_server_config_of(const server_rec *s)
{
    return ap_get_module_config(s->module_config, &client_cert_module);
}

mcc_dir_config_t *mcc_dir_config_of(const request_rec *r)
{
    return ap_get_module_config(r->per_dir_config, &client_cert_module);
}

static int compare_names(const void *a, const void *b)
{
    return ap_cstr_casecmp((*(const mcc_accepted_name_t *const *)a)->name,
                           (*(const mcc_accepted_name_t *const *)b)->name);
}

void mcc_accepted_names_sort(mcc_global_t *global)
{
    qsort(global->accepted_names->elts, (size_t)global->accepted_names->nelts,
          sizeof(const mcc_accepted_name_t *), compare_names);
}

const mcc_accepted_name_t *mcc_find_accepted_name(const mcc_global_t *global, const char *name)
{
    const mcc_accepted_name_t wanted = { name, 0 };
    const mcc_accepted_name_t *key = &wanted;
    const mcc_accepted_name_t *const *found =
        bsearch(&key, global->accepted_names->elts, (size_t)global->accepted_names->nelts,
                sizeof(const mcc_accepted_name_t *), compare_names);

    return found ? *found : NULL;
}

void mcc_caches_child_init(apr_pool_t *pchild, server_rec *s)
{
    mcc_global_t *global = mcc_server_config_of(s)->global;
    apr_size_t size =
        global->forwards && global->accepts ? global->cache_size / 2 : global->cache_size;
    client_cert_result signatures = CLIENT_CERT_RESULT_OK;
    client_cert_result verifications = CLIENT_CERT_RESULT_OK;

    (void)pchild;
    /* Never freed: they go with the process, and prefork ends that in a signal
     * handler, where nothing may be freed. */
    if (global->forwards && size) {
        signatures = client_cert_signature_cache_new(size, &global->signature_cache);
    }
    if (global->accepts && global->chain_name) {
        verifications =
            client_cert_verification_cache_new_with_clients(size, &global->verification_cache);
    }
    else if (global->accepts) {
        verifications = client_cert_verification_cache_new(size, &global->verification_cache);
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
    return global->forwards || global->accepts;
}
