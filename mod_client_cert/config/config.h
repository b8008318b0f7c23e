/* SPDX-License-Identifier: Apache-2.0 */
/**
 * @file config.h
 * @brief What the directives say.
 *
 * Everything here is written while httpd reads its configuration and only read
 * from then on, by every thread without a lock. It lives in the configuration
 * pool, so a graceful restart gets a new set and requests in flight keep the
 * one they started with.
 */
#ifndef MCC_CONFIG_CONFIG_H
#define MCC_CONFIG_CONFIG_H

#include <stddef.h>

#include <httpd.h>
#include <http_config.h>

#include <apr_tables.h>

#include "client_cert.h"
#include "names.h"

extern module AP_MODULE_DECLARE_DATA client_cert_module;

/** One for each httpd, shared by all its virtual hosts. */
typedef struct {
    /** what no client may send: every header name that is ours, and the known headers; first,
     *  since all requests ask for it */
    mcc_names_t arriving_names;
    /** every header name that is ours; both set in check_config */
    mcc_names_t our_names;
    client_cert_settings *settings; /**< what the directives say */
    client_cert_files *files;       /**< NULL until it is first asked for */
    apr_size_t server_count;        /**< the number of the next server's part */
    client_cert_whole_part whole;   /**< what follows for all servers; set in check_config */
    /** mod_proxy_wstunnel, mod_proxy_http and mod_cache are there; set in check_config */
    unsigned tunnels : 1, proxies_http : 1, caches : 1;
    /** mcc_tls_directives_known(); set in check_config */
    unsigned tls_directives_known : 1;
    /** what mod_ssl's directives say of verification; until post_config */
    client_cert_vhosts *vhosts;
    /** what mod_ssl terminates, see tls/host.h; set in post_config, NULL without TLS */
    client_cert_tls_hosts *tls_hosts;
    /** signatures to reuse; made in each child process, NULL before that */
    client_cert_signature_cache *signature_cache;
    /** totals over all processes, see counters.h; set in post_config */
    const client_cert_counters *counters;
    /** when what is in use expires, see status.h; NULL until post_config, and if that failed */
    client_cert_expiries *expiries;
    /** verification results to reuse; made in each child process, NULL before that */
    client_cert_verification_cache *verification_cache;
} mcc_global_t;

typedef struct mcc_tls_vhost mcc_tls_vhost_t;

/** One for each (virtual) server. */
typedef struct {
    mcc_global_t *global;
    /** what its directives say, with what it has of the main server's; all but its number, by which the
     *  settings know it, is set in check_config */
    client_cert_server_part part;
    apr_size_t number; /**< in the list of servers, the main server's first; set in check_config */
    /** the last SSLCertificateFile, and how many there are */
    const char *certificate_file;
    int certificate_files;
    /** what mod_ssl terminates here; NULL without TLS; set in post_config */
    mcc_tls_vhost_t *tls_host;
} mcc_server_config_t;

/** One for each section, merged by httpd for every request. */
typedef struct {
    client_cert_forward_part forward;
    client_cert_accept_part accept;
    /** SSLProxyMachineCertificateFile; NULL where unset */
    const char *machine_certificate_file;
    /** ProxyWebsocketFallbackToProxyHttp, see forward/backend.c: 0, 1; -1 where unset */
    int ws_fallback;
    /** (const char *) what ProxyFCGISetEnvIf sets, see forward/backend.c; NULL if nothing */
    apr_array_header_t *fcgi_variables;
} mcc_dir_config_t;

/** What all servers of a configuration share, made when it is first asked for. */
mcc_global_t *mcc_global_of(apr_pool_t *pconf);

mcc_server_config_t *mcc_server_config_of(const server_rec *s);
mcc_dir_config_t *mcc_dir_config_of(const request_rec *r);

/** Whether the role is played. */
static APR_INLINE int mcc_forwards(const client_cert_forward_part *conf)
{
    return (conf->lines && conf->lines->count) || (conf->variables && conf->variables->headers);
}

/** Whether the role is played. */
static APR_INLINE int mcc_accepts(const client_cert_accept_part *conf)
{
    return conf->format >= 0;
}

/** What a section that plays the role accepts by; what is unset has its default. */
client_cert_accept_rules mcc_accept_rules_of(const client_cert_accept_part *conf);

/** child_init hook: make the process's caches of both roles. */
void mcc_caches_child_init(apr_pool_t *pchild, server_rec *s);

/** Free global->vhosts. */
void mcc_forget_vhosts(mcc_global_t *global, apr_pool_t *pconf);

/** What httpd says of another module's directive where that module is not loaded:
 *  NULL where it is. */
const char *mcc_without_module(cmd_parms *cmd, const char *module_name);

/** Whether either role needs to know the client of a TLS connection. */
int mcc_needs_tls_client(const mcc_global_t *global);

#endif /* MCC_CONFIG_CONFIG_H */
