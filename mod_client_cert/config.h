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
#ifndef MCC_CONFIG_H
#define MCC_CONFIG_H

#include <stddef.h>

#include <httpd.h>
#include <http_config.h>

#include <apr_hash.h>
#include <apr_tables.h>

#include "accept_config.h"
#include "client_cert.h"
#include "files.h"
#include "forward_config.h"
#include "names.h"

extern module AP_MODULE_DECLARE_DATA client_cert_module;

/** What is done with a request that brings one of our headers. */
typedef enum {
    MCC_INCOMING_UNSET,
    MCC_INCOMING_STRIP,
    MCC_INCOMING_REJECT
} mcc_incoming_action;

/** One for each httpd, shared by all its virtual hosts. */
typedef struct {
    /** every header name that is ours; first, since all requests ask for it */
    mcc_names our_names;
    mcc_files files;
    /** ClientCertSignatureCache in bytes, for both roles together; 0 for none */
    apr_size_t cache_size;
    /** some ClientCertForward names a format */
    unsigned forwards : 1;
    /** some ClientCertAccept names a format */
    unsigned accepts : 1;
    /** mod_proxy_wstunnel is there, and mod_proxy_http; set in check_config */
    unsigned tunnels : 1, proxies_http : 1;
    /** mod_cache is there; set in post_config */
    unsigned caches : 1;
    /** mcc_tls_directives_known(); set in check_config */
    unsigned tls_directives_known : 1;
    /** (const char *) the headers that some ClientCertAccept reads, each once; in
     *  order from check_config on, for the request that looks one up */
    apr_array_header_t *accepted_names;
    /** the same by their names in lower case */
    apr_hash_t *accepted_names_by_case;
    /** sections with directives of the accept role, NULL if there are none */
    apr_array_header_t *accept_sections;
    /** what mod_ssl's directives say of verification; until post_config */
    client_cert_vhosts *vhosts;
    /** every certificate that mod_ssl shows, see tls_host.c; set in post_config */
    apr_hash_t *tls_certificates;
    /** signatures to reuse; made in each child process, NULL before that */
    client_cert_cache *cache;
    /** verdicts to reuse; made in each child process, NULL before that */
    client_cert_verdicts *verdicts;
} mcc_global;

typedef struct mcc_tls_host mcc_tls_host;

/** One for each (virtual) server, merged with the main server's. */
typedef struct {
    mcc_global *global;
    mcc_signer_config signer; /**< who signs, and for how long */
    mcc_incoming_action incoming;
    /** a section of this server forwards */
    unsigned forwards_in_section : 1;
    /** the server forwards, as a whole or in a section; set in check_config */
    unsigned forwards : 1;
    /** a ClientCertForward of this server, or of a section in it, signs */
    unsigned signs : 1;
    /** a ClientCertAccept of this server, or of a section in it, accepts */
    unsigned accepts : 1;
    /** client_cert_signer_certs in use here, as bits (1 << value) */
    unsigned signer_certs_seen;
    /** the last SSLCertificateFile, and how many there are */
    const char *certificate_file;
    int certificate_files;
    /** what mod_ssl terminates here; NULL without TLS; set in post_config */
    mcc_tls_host *tls_host;
} mcc_server_config;

/** One for each section, merged by httpd for every request. */
typedef struct {
    mcc_forward_config forward;
    mcc_accept_config accept;
    /** SSLProxyMachineCertificateFile; NULL where unset */
    const char *machine_certificate_file;
    /** ProxyWebsocketFallbackToProxyHttp, see tunnel.h: 0, 1; -1 where unset */
    int ws_fallback;
    /** (const char *) what ProxyFCGISetEnvIf sets, see backend.h; NULL if nothing */
    apr_array_header_t *fcgi_variables;
    /** among the global's accept_sections; not merged */
    unsigned is_accept_section : 1;
} mcc_dir_config;

#define MCC_DEFAULT_CACHE_SIZE (16 * 1024 * 1024)

/** Where the directives of sections may stand: everywhere but where httpd would
 *  not apply them to each way of proxying, or where somebody else than the
 *  administrator writes. */
#define MCC_SECTION_CONTEXT (NOT_IN_HTACCESS | NOT_IN_PROXY | NOT_IN_LIMIT)

/** The directives, for the module record. */
extern const command_rec mcc_commands[];

void *mcc_create_server_config(apr_pool_t *p, server_rec *s);
void *mcc_merge_server_config(apr_pool_t *p, void *base, void *add);
void *mcc_create_dir_config(apr_pool_t *p, char *path);
void *mcc_merge_dir_config(apr_pool_t *p, void *base, void *add);

mcc_server_config *mcc_server_config_of(const server_rec *s);
mcc_dir_config *mcc_dir_config_of(const request_rec *r);

/** What follows from the whole configuration: which servers forward. For
 *  check_config. */
void mcc_config_complete(server_rec *main_server);

/** What httpd says of another module's directive where that module is not loaded:
 *  NULL where it is. */
const char *mcc_without_module(cmd_parms *cmd, const char *module_name);
/** Put accepted_names in order: all are there. */
void mcc_accepted_names_sort(mcc_global *global);

/** What accepted_names has for a field name, as HTTP compares names and not as
 *  backends fold them; NULL if nobody reads it. */
const char *mcc_accepted_name(const mcc_global *global, const char *name);

/** The memory that each role may use for what it keeps, in bytes. */
apr_size_t mcc_cache_share(const mcc_global *global);

/** Free global->vhosts. */
void mcc_forget_vhosts(mcc_global *global, apr_pool_t *pconf);

/** Whether either role needs to know the client of a TLS connection. */
int mcc_watches_tls(const mcc_global *global);

/** What is wrong with a directive's values, with its name in front: httpd puts
 *  that only before what is said of their number. */
const char *mcc_fault(cmd_parms *cmd, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/** The format that a word names, in any case; NULL if it names none. */
const client_cert_format_row *mcc_find_format(const char *word);

/** What a format is called in the configuration; "off" if it is none. */
const char *mcc_format_name(uint32_t format);

/** What is wrong with a word that names no format, or none that can be read. */
const char *mcc_unknown_format(cmd_parms *cmd, const char *word, int readable);

/** What is wrong with a header name that was configured, NULL if nothing is. */
const char *mcc_header_fault(cmd_parms *cmd, const char *header);

/** A whole non-negative decimal number and what follows it; -1 if there is none
 *  or it is beyond 2^31 - 1. */
apr_int64_t mcc_parse_number(const char *word, const char **rest);

#endif /* MCC_CONFIG_H */
