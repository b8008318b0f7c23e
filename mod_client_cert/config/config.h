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

#include <apr_hash.h>
#include <apr_tables.h>

#include "client_cert.h"
#include "names.h"

extern module AP_MODULE_DECLARE_DATA client_cert_module;

/** A file that a directive names; see files.h. */
typedef client_cert_configured_file mcc_file_t;

#define MCC_DEFAULT_LIFETIME 60

/** Longer values than this, in bytes, are warned of: most servers take 8 KB in
 *  one line of a header, name and all. */
#define MCC_LARGE_VALUE 8000

/** One header to send: a line of ClientCertForward. */
typedef struct {
    uint32_t format;        /**< a client_cert_format */
    const char *header;     /**< field name as configured */
    unsigned is_signed : 1; /**< the value is a signed one */
} mcc_forward_line_t;

/** A section's ClientCertForwardVariable. */
typedef struct {
    client_cert_variable_headers *headers; /**< NULL for "off" */
} mcc_forward_variables_t;

/** Who signs, ClientCertSigner. */
typedef enum {
    MCC_SIGNER_UNSET,
    MCC_SIGNER_SERVER, /**< the certificate that terminated the connection */
    MCC_SIGNER_FILE    /**< mcc_signer_config_t.file */
} mcc_signer_source_t;

/** A section's part in the forward role. */
typedef struct {
    /** (mcc_forward_line_t) NULL where unset, empty for "off" */
    apr_array_header_t *lines;
    /** ClientCertForwardVariable; NULL where unset */
    const mcc_forward_variables_t *variables;
    int chain;        /**< 0, 1; -1 where unset */
    int signer_certs; /**< a client_cert_signer_certs; -1 where unset */
} mcc_forward_config_t;

/** A server's part in it. */
typedef struct {
    mcc_signer_source_t source;
    const mcc_file_t *file; /**< with MCC_SIGNER_FILE */
    apr_int64_t lifetime;   /**< seconds, -1 where unset */
} mcc_signer_config_t;

#define MCC_ACCEPT_UNSET (-1)
#define MCC_ACCEPT_OFF (-2)

#define MCC_DEFAULT_MAX_AGE 300
#define MCC_DEFAULT_SKEW 30

/** A section's part in the accept role. */
typedef struct {
    int format;                    /**< MCC_ACCEPT_UNSET, _OFF or a client_cert_format */
    int header;                    /**< the number of an mcc_accepted_name_t, with a format */
    int is_signed;                 /**< whether a value is signed, with a format */
    const mcc_file_t *anchors;     /**< NULL where unset */
    const mcc_file_t *crls;        /**< NULL where unset */
    client_cert_names *names;      /**< NULL where unset */
    const mcc_file_t *client_cas;  /**< NULL where unset */
    const mcc_file_t *client_crls; /**< NULL where unset */
    int trust_peer;                /**< 0, 1; -1 where unset */
    apr_int64_t max_age;           /**< seconds; -1 where unset */
    apr_int64_t skew;              /**< seconds; with max_age */
    const char *user_name;         /**< a variable; NULL where unset */
} mcc_accept_config_t;

/** All that the outcome for a value depends on, the request excepted. Two with the same octets
 *  give the same outcome, so the structure has no padding. */
typedef struct {
    const mcc_file_t *anchors;      /**< NULL if it is missing */
    const mcc_file_t *crls;         /**< NULL if there is none */
    const client_cert_names *names; /**< NULL if there are none */
    const mcc_file_t *client_cas;   /**< NULL where the client itself is not verified */
    const mcc_file_t *client_crls;  /**< NULL if there is none */
    uint32_t format;                /**< a client_cert_format */
    uint32_t header;                /**< the number of an mcc_accepted_name_t */
    uint32_t needs_peer;            /**< whether the TLS peer is authenticated */
    uint32_t max_age;               /**< seconds */
    uint32_t skew;                  /**< seconds */
    uint32_t is_signed;             /**< whether the value is signed, or the peer is believed */
} mcc_accept_rules_t;

/** A header that some directive of the accept role reads. Two names that fold to one are still two
 *  headers to be read. */
typedef struct {
    const char *name;
    int number; /**< in the order of the directives */
} mcc_accepted_name_t;

/** What is done with a request that brings one of our headers. */
typedef enum { MCC_INCOMING_UNSET, MCC_INCOMING_STRIP, MCC_INCOMING_REJECT } mcc_incoming_action_t;

/** A header that ClientCertKnownHeaders keeps. */
typedef struct {
    const char *name;
    apr_size_t length;
} mcc_kept_name_t;

/** Which of the known headers a client may send, ClientCertKnownHeaders. */
typedef struct {
    /** (mcc_kept_name_t) the names to keep; NULL where unset, empty for "strip" */
    apr_array_header_t *names;
    unsigned all : 1; /**< "keep" without a name */
} mcc_kept_headers_t;

/** One for each httpd, shared by all its virtual hosts. */
typedef struct {
    /** what no client may send: every header name that is ours, and the known headers; first,
     *  since all requests ask for it */
    mcc_names_t arriving_names;
    /** every header name that is ours */
    mcc_names_t our_names;
    client_cert_files *files; /**< NULL until a directive names one */
    /** ClientCertSignatureCache in bytes, for both roles together; 0 for none */
    apr_size_t cache_size;
    /** the first directive that sends something of a client: ClientCertForward with a format, or
     *  ClientCertForwardVariable with a variable; NULL if there is none */
    const char *forwarding_directive;
    /** there is one */
    unsigned forwards : 1;
    /** some ClientCertAccept names a format */
    unsigned accepts : 1;
    /** mod_proxy_wstunnel, mod_proxy_http and mod_cache are there; set in check_config */
    unsigned tunnels : 1, proxies_http : 1, caches : 1;
    /** mcc_tls_directives_known(); set in check_config */
    unsigned tls_directives_known : 1;
    /** (const mcc_accepted_name_t *) each once; ordered by name from check_config on, for
     *  the request that looks one up */
    apr_array_header_t *accepted_names;
    /** Client-Cert-Chain among them, NULL where no ClientCertClientTrust reads it */
    const mcc_accepted_name_t *chain_name;
    /** the same by their names in lower case */
    apr_hash_t *accepted_names_by_case;
    /** sections with directives of the accept role, NULL if there are none */
    apr_array_header_t *accept_sections;
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
    /** the directive that was checked last: httpd calls the function of some for each value */
    const ap_directive_t *checked;
} mcc_global_t;

typedef struct mcc_tls_vhost mcc_tls_vhost_t;

/** One for each (virtual) server, merged with the main server's. */
typedef struct {
    mcc_global_t *global;
    mcc_signer_config_t signer; /**< who signs, and for how long */
    mcc_incoming_action_t incoming;
    apr_size_t number; /**< in the list of servers, the main server's first; set in check_config */
    mcc_kept_headers_t kept_headers;
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
    /** (client_cert_forward_header) the headers of ClientCertForward and of ClientCertForwardVariable,
     *  those of its sections included; NULL if there are none; not merged */
    apr_array_header_t *certificate_headers, *variable_headers;
    /** where the first ClientCertForwardVariable stands, and SSLOptions LegacyDNStringFormat;
     *  NULL if nowhere */
    const char *variables_place, *legacy_names_place;
    /** the last SSLCertificateFile, and how many there are */
    const char *certificate_file;
    int certificate_files;
    /** what mod_ssl terminates here; NULL without TLS; set in post_config */
    mcc_tls_vhost_t *tls_host;
} mcc_server_config_t;

/** One for each section, merged by httpd for every request. */
typedef struct {
    mcc_forward_config_t forward;
    mcc_accept_config_t accept;
    /** SSLProxyMachineCertificateFile; NULL where unset */
    const char *machine_certificate_file;
    /** ProxyWebsocketFallbackToProxyHttp, see tunnel.h: 0, 1; -1 where unset */
    int ws_fallback;
    /** (const char *) what ProxyFCGISetEnvIf sets, see backend.h; NULL if nothing */
    apr_array_header_t *fcgi_variables;
    /** among the global's accept_sections; not merged */
    unsigned is_accept_section : 1;
} mcc_dir_config_t;

/** A section with some directive of the role, to be checked at start-up. */
typedef struct {
    server_rec *server;
    mcc_dir_config_t *conf;
    const char *file;
    int line;
} mcc_accept_section_t;

#define MCC_DEFAULT_CACHE_SIZE (16 * 1024 * 1024)

/** What all servers of a configuration share, made when it is first asked for. */
mcc_global_t *mcc_global_of(apr_pool_t *pconf);

mcc_server_config_t *mcc_server_config_of(const server_rec *s);
mcc_dir_config_t *mcc_dir_config_of(const request_rec *r);

/** Whether the role is played. */
int mcc_forwards(const mcc_forward_config_t *conf);

/** Whether the role is played. */
int mcc_accepts(const mcc_accept_config_t *conf);

/** What a section that plays the role accepts by; what is unset has its default. */
mcc_accept_rules_t mcc_accept_rules_of(const mcc_accept_config_t *conf);

/** Whether the role, where it is played, authenticates the TLS peer. */
static APR_INLINE int mcc_accept_needs_peer(const mcc_accept_config_t *conf)
{
    return conf->trust_peer != 0 || !conf->is_signed;
}

/** What follows from the whole configuration: which servers forward. For
 *  check_config. */
void mcc_config_complete(server_rec *main_server);

/** Put accepted_names in order: all are there. */
void mcc_accepted_names_sort(mcc_global_t *global);

/** The entry of accepted_names for a field name, compared as HTTP compares names and not as
 *  backends fold them; NULL if no ClientCertAccept reads it. */
const mcc_accepted_name_t *mcc_find_accepted_name(const mcc_global_t *global, const char *name);

/** child_init hook: make the process's caches of both roles. */
void mcc_caches_child_init(apr_pool_t *pchild, server_rec *s);

/** Free global->vhosts. */
void mcc_forget_vhosts(mcc_global_t *global, apr_pool_t *pconf);

/** Whether either role needs to know the client of a TLS connection. */
int mcc_needs_tls_client(const mcc_global_t *global);

#endif /* MCC_CONFIG_CONFIG_H */
