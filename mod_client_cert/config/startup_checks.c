/* SPDX-License-Identifier: Apache-2.0 */

#include "config/startup_checks.h"

#include <string.h>

#include <http_core.h>
#include <http_log.h>
#include <http_main.h>

#include <apr_hash.h>
#include <apr_strings.h>

#include "config/accept_directives.h"
#include "config/directive_util.h"
#include "config/files.h"
#include "config/findings.h"
#include "tls/vhost.h"

APLOG_USE_MODULE(client_cert);

/** Headers of a server, to be searched as backends read them. */
typedef struct {
    const apr_array_header_t *headers; /**< (mcc_forward_header_t) NULL if there are none */
    mcc_names_t names;
} header_set_t;

static const mcc_forward_header_t *header_at(const apr_array_header_t *headers, int i)
{
    return headers && i < headers->nelts ? &APR_ARRAY_IDX(headers, i, mcc_forward_header_t) : NULL;
}

/* NULL after logging what went wrong. */
static const header_set_t *make_set(const apr_array_header_t *headers, server_rec *s, apr_pool_t *p)
{
    header_set_t *set = apr_palloc(p, sizeof(*set));
    const mcc_forward_header_t *header;
    const char *fault;
    int i;

    set->headers = headers;
    mcc_names_init(&set->names, p);
    for (i = 0; (header = header_at(headers, i)); i++) {
        mcc_names_add(&set->names, header->name);
    }
    fault = mcc_names_complete(&set->names, 0, p);
    if (fault) {
        ap_log_error(APLOG_MARK, APLOG_EMERG, 0, s, "ClientCertForwardVariable: %s", fault);
        return NULL;
    }
    return set;
}

/* A header of the set that is some backend's name for this one; NULL if there is none. */
static const mcc_forward_header_t *find_header(const header_set_t *set, const char *name)
{
    const mcc_forward_header_t *header;
    int i;

    if (!mcc_names_contain(&set->names, name)) {
        return NULL;
    }
    for (i = 0; (header = header_at(set->headers, i)) && !mcc_names_equal(header->name, name);
         i++) {
    }
    return header;
}

static int report_header(server_rec *s, const mcc_forward_header_t *variable,
                         const mcc_forward_header_t *certificate)
{
    ap_log_error(APLOG_MARK, APLOG_EMERG, 0, s,
                 "ClientCertForwardVariable (%s): the header \"%s\" is one of ClientCertForward "
                 "(\"%s\", %s), which may apply to the same request",
                 variable->place, variable->name, certificate->name, certificate->place);
    return 0;
}

/* Which sections apply together is known only for a request: any two of one server may, and any with
 * one of the main server's. */
static int check_headers(const mcc_server_config_t *main_conf, server_rec *s,
                         const header_set_t *main_certificates, const header_set_t *main_variables,
                         apr_pool_t *p)
{
    const mcc_server_config_t *conf = mcc_server_config_of(s);
    const mcc_forward_header_t *header;
    const mcc_forward_header_t *same;
    const header_set_t *certificates;
    int i;

    /* For a server with no header of either kind nothing is made. */
    if (conf->variable_headers) {
        certificates = make_set(conf->certificate_headers, s, p);
        if (!certificates) {
            return 0;
        }
        for (i = 0; (header = header_at(conf->variable_headers, i)); i++) {
            same = find_header(certificates, header->name);
            if (same || (same = find_header(main_certificates, header->name))) {
                return report_header(s, header, same);
            }
        }
    }
    for (i = 0; conf != main_conf && (header = header_at(conf->certificate_headers, i)); i++) {
        same = find_header(main_variables, header->name);
        if (same) {
            return report_header(s, same, header);
        }
    }
    return 1;
}

int mcc_forward_config_check(server_rec *main_server, apr_pool_t *ptemp)
{
    const mcc_server_config_t *main_conf = mcc_server_config_of(main_server);
    const header_set_t *certificates = make_set(main_conf->certificate_headers, main_server, ptemp);
    const header_set_t *variables = make_set(main_conf->variable_headers, main_server, ptemp);
    server_rec *s;

    if (!certificates || !variables) {
        return 0;
    }
    for (s = main_server; s; s = s->next) {
        const mcc_server_config_t *conf = mcc_server_config_of(s);

        if (!check_headers(main_conf, s, certificates, variables, ptemp)) {
            return 0;
        }
        if (conf->variables_place && conf->legacy_names_place) {
            ap_log_error(APLOG_MARK, APLOG_EMERG, 0, s,
                         "ClientCertForwardVariable (%s): SSLOptions LegacyDNStringFormat (%s) "
                         "gives mod_ssl's names a format in which none is sent",
                         conf->variables_place, conf->legacy_names_place);
            return 0;
        }
    }
    return 1;
}

/* 0 also where the anchors could not be read: no value is accepted then. */
static int holds_ca(const mcc_file_t *anchors)
{
    bool has_ca = true;

    return !mcc_file_is_unusable(anchors)
           && (client_cert_anchors_has_ca(anchors->anchors, &has_ca) != CLIENT_CERT_RESULT_OK
               || has_ca);
}

/* What the section's directives say against the role that it plays, NULL if nothing. */
static const char *contradiction(const mcc_accept_config_t *accept)
{
    return mcc_accepts(accept) && !accept->is_signed && !accept->trust_peer
               ? "cannot do with ClientCertTrustPeer off: nobody signs the header, and so the TLS "
                 "peer is believed"
               : NULL;
}

/* What the section's directives lack for the role that it plays, NULL if nothing. */
static const char *missing(const mcc_accept_config_t *accept, apr_pool_t *p)
{
    if (!mcc_accepts(accept)) {
        return NULL;
    }
    if (!accept->anchors) {
        return "needs ClientCertTrust";
    }
    if (accept->client_crls && !accept->client_cas) {
        return "needs ClientCertClientTrust, since there is ClientCertClientCRL";
    }
    if (mcc_accept_needs_peer(accept) && !ap_find_linked_module("mod_ssl.c")) {
        return accept->is_signed ? "needs a TLS peer (ClientCertTrustPeer on), and mod_ssl is not "
                                   "loaded"
                                 : "needs a TLS peer, and mod_ssl is not loaded";
    }
    if (accept->names) {
        return NULL;
    }
    if (!accept->is_signed) {
        return "needs ClientCertTrustName, since nobody signs the header";
    }
    if (holds_ca(accept->anchors)) {
        return apr_pstrcat(p, "needs ClientCertTrustName, since ClientCertTrust ",
                           accept->anchors->names, " holds a CA, which issues to others too", NULL);
    }
    return NULL;
}

/** What the sections of one server say, all together. */
typedef struct {
    server_rec *server;
    mcc_accept_config_t all;
} server_sections_t;

/** The servers that have sections, each once; by server_rec, and in order. */
typedef struct {
    apr_hash_t *by_server;    /**< (server_sections) */
    apr_array_header_t *list; /**< (server_sections *) */
} all_sections_t;

static const mcc_accept_section_t *section_at(const mcc_global_t *global, int i)
{
    return global->accept_sections && i < global->accept_sections->nelts
               ? &APR_ARRAY_IDX(global->accept_sections, i, mcc_accept_section_t)
               : NULL;
}

static const server_sections_t *sections_of(const all_sections_t *sections, const server_rec *s)
{
    return apr_hash_get(sections->by_server, &s, sizeof(s));
}

static void gather_sections(all_sections_t *sections, const mcc_global_t *global, apr_pool_t *p)
{
    const mcc_accept_section_t *section;
    int i;

    sections->by_server = apr_hash_make(p);
    sections->list = apr_array_make(p, 4, sizeof(server_sections_t *));
    for (i = 0; (section = section_at(global, i)); i++) {
        server_sections_t *of =
            apr_hash_get(sections->by_server, &section->server, sizeof(section->server));

        if (!of) {
            of = apr_pcalloc(p, sizeof(*of));
            of->server = section->server;
            mcc_accept_config_init(&of->all);
            apr_hash_set(sections->by_server, &of->server, sizeof(of->server), of);
            APR_ARRAY_PUSH(sections->list, server_sections_t *) = of;
        }
        mcc_accept_config_merge(&of->all, &section->conf->accept, &of->all);
    }
}

/* Which sections apply together is known only for a request. Other sections of the server may
 * supply what this one lacks. If none does for a request, its value is refused. */
static void add_from_others(mcc_accept_config_t *accept, const all_sections_t *sections,
                            const server_rec *s, const server_rec *main_server)
{
    const server_sections_t *own = sections_of(sections, s);
    const server_sections_t *main_sections = sections_of(sections, main_server);

    if (own) {
        mcc_accept_config_merge(accept, &own->all, accept);
    }
    if (main_sections) {
        mcc_accept_config_merge(accept, &main_sections->all, accept);
    }
}

/* A file of pins now holds a CA, which it did not when it was last read: the configuration lacks
 * something by the file's change, not by a directive's. */
static int fell_back(const mcc_accept_config_t *accept, server_rec *s)
{
    return accept->anchors && !accept->names && holds_ca(accept->anchors)
           && mcc_file_fall_back(accept->anchors,
                                 "it holds a CA, for which ClientCertTrustName is "
                                 "missing",
                                 s);
}

static int check_section(const mcc_accept_section_t *section, server_rec *s,
                         const all_sections_t *sections, server_rec *main_server, apr_pool_t *ptemp)
{
    const mcc_dir_config_t *server = ap_get_module_config(s->lookup_defaults, &client_cert_module);
    mcc_accept_config_t accept;
    const char *fault;

    mcc_accept_config_merge(&accept, &server->accept, &section->conf->accept);
    fault = contradiction(&accept);
    if (!fault && (fault = missing(&accept, ptemp))) {
        mcc_accept_config_t merged = accept;

        add_from_others(&merged, sections, s, main_server);
        if (!missing(&merged, ptemp) || (fell_back(&accept, s) && !missing(&merged, ptemp))) {
            return 1;
        }
    }
    if (fault) {
        ap_log_error(APLOG_MARK, APLOG_EMERG, 0, s, "ClientCertAccept %s (section at %s:%d): %s",
                     mcc_format_name((uint32_t)accept.format), section->file, section->line, fault);
        return 0;
    }
    return 1;
}

/** All that missing() depends on, of a server and of its sections: one check serves servers that
 *  are equal in it. */
typedef struct {
    int format[2];
    int trust_peer[2];
    int has_names[2];
    int has_client_cas[2];
    int has_client_crls[2];
    int anchors[2]; /**< 0 for none, 1 without a CA, 2 with one */
    /** that of which fell_back() may be wanted */
    const mcc_file_t *file[2];
} server_kind_t;

static void set_kind(server_kind_t *kind, int i, const mcc_accept_config_t *accept)
{
    kind->format[i] = accept->format;
    kind->trust_peer[i] = accept->trust_peer;
    kind->has_names[i] = accept->names != NULL;
    kind->has_client_cas[i] = accept->client_cas != NULL;
    kind->has_client_crls[i] = accept->client_crls != NULL;
    if (accept->anchors) {
        kind->anchors[i] = holds_ca(accept->anchors) ? 2 : 1;
    }
    if (kind->anchors[i] == 2 && !accept->names && mcc_restarts()) {
        kind->file[i] = accept->anchors;
    }
}

/* The main server's sections apply to every virtual host: to the main server, and
 * to one virtual host of each kind among those that say something themselves. */
static apr_array_header_t *kinds_of_servers(const all_sections_t *sections, server_rec *main_server,
                                            apr_pool_t *p)
{
    apr_array_header_t *servers = apr_array_make(p, 4, sizeof(server_rec *));
    apr_hash_t *kinds = apr_hash_make(p);
    int i;

    APR_ARRAY_PUSH(servers, server_rec *) = main_server;
    for (i = 0; i < sections->list->nelts; i++) {
        const server_sections_t *of = APR_ARRAY_IDX(sections->list, i, server_sections_t *);
        const mcc_dir_config_t *server =
            ap_get_module_config(of->server->lookup_defaults, &client_cert_module);
        server_kind_t *kind = apr_pcalloc(p, sizeof(*kind));

        set_kind(kind, 0, &server->accept);
        set_kind(kind, 1, &of->all);
        if (of->server != main_server && !apr_hash_get(kinds, kind, sizeof(*kind))) {
            apr_hash_set(kinds, kind, sizeof(*kind), kind);
            APR_ARRAY_PUSH(servers, server_rec *) = of->server;
        }
    }
    return servers;
}

int mcc_accept_config_check(server_rec *main_server, apr_pool_t *ptemp)
{
    const mcc_global_t *global = mcc_server_config_of(main_server)->global;
    const mcc_accept_section_t *section;
    apr_array_header_t *servers;
    all_sections_t sections;
    int i;
    int n;

    gather_sections(&sections, global, ptemp);
    servers = kinds_of_servers(&sections, main_server, ptemp);
    for (i = 0; (section = section_at(global, i)); i++) {
        if (section->server != main_server) {
            if (!check_section(section, section->server, &sections, main_server, ptemp)) {
                return 0;
            }
            continue;
        }
        for (n = 0; n < servers->nelts; n++) {
            if (!check_section(section, APR_ARRAY_IDX(servers, n, server_rec *), &sections,
                               main_server, ptemp)) {
                return 0;
            }
        }
    }
    return 1;
}

/* Directives by which mod_ssl reads the peer past every hook, or asks for it after ClientCertAccept
 * has decided. */
static void warn_of_peer_readers(server_rec *main_server, apr_pool_t *p)
{
    mcc_findings_t findings = { main_server, APLOG_WARNING, 0 };
    client_cert_listener listener = { mcc_log_finding, &findings };
    client_cert_configuration configuration = mcc_configuration(main_server, p);

    (void)client_cert_configuration_peer_readers(&configuration, &listener);
}

/* Why no connection of a virtual host has a TLS peer when a value is verified;
 * NULL if it may have one. */
static const char *why_no_peer(const server_rec *s)
{
    const mcc_tls_vhost_t *host = mcc_server_config_of(s)->tls_host;

    if (!host) {
        return "this virtual host has no TLS";
    }
    return host->asks ? NULL
                      : "SSLVerifyClient does not ask the TLS clients of this virtual host for "
                        "a certificate";
}

/* Sections of a virtual host in which every value will be refused, since no
 * connection there has a TLS peer. */
static void warn_of_no_peer(const mcc_global_t *global, const server_rec *main_server,
                            apr_pool_t *p)
{
    const mcc_accept_section_t *section;
    all_sections_t sections;
    int i;

    gather_sections(&sections, global, p);
    for (i = 0; (section = section_at(global, i)); i++) {
        server_rec *s = section->server;
        mcc_accept_config_t accept = section->conf->accept;
        const char *why = s->is_virtual ? why_no_peer(s) : NULL;

        if (!why || !mcc_accepts(&section->conf->accept)
            || !mcc_accept_needs_peer(&section->conf->accept)) {
            continue;
        }
        add_from_others(&accept, &sections, s, main_server);
        if (mcc_accept_needs_peer(&accept)) {
            ap_log_error(APLOG_MARK, APLOG_WARNING, 0, s,
                         "ClientCertAccept %s (section at %s:%d): %s, and so there "
                         "is nobody whom ClientCertTrustPeer could compare: every "
                         "value will be refused",
                         mcc_format_name((uint32_t)accept.format), section->file, section->line,
                         why);
        }
    }
}

/* A header that nobody signs does not say whether the proxy verified the client, and here it is not
 * verified either. */
static void warn_of_unsigned(const mcc_global_t *global, const server_rec *main_server,
                             apr_pool_t *p)
{
    const mcc_accept_section_t *section;
    all_sections_t sections;
    int i;

    gather_sections(&sections, global, p);
    for (i = 0; (section = section_at(global, i)); i++) {
        mcc_accept_config_t accept = section->conf->accept;

        if (!mcc_accepts(&accept) || accept.is_signed) {
            continue;
        }
        add_from_others(&accept, &sections, section->server, main_server);
        if (!accept.client_cas) {
            ap_log_error(APLOG_MARK, APLOG_WARNING, 0, section->server,
                         "ClientCertAccept %s (section at %s:%d): nobody signs the header, and it "
                         "does not say that the proxy verified the client: the proxy must send it "
                         "for verified clients alone, or ClientCertClientTrust verify them here",
                         mcc_format_name((uint32_t)accept.format), section->file, section->line);
        }
    }
}

static void warn_of_crls(const mcc_file_t *crls, const mcc_file_t *anchors, server_rec *s)
{
    bool concern = true;

    if (!holds_ca(anchors)) {
        ap_log_error(APLOG_MARK, APLOG_WARNING, 0, s,
                     "ClientCertTrustCRL %s (%s): ClientCertTrust %s holds no CA, and "
                     "no CRL is looked at for a pinned certificate",
                     crls->names, crls->place, anchors->names);
    }
    else if (client_cert_crls_concern(crls->crls, anchors->anchors, &concern)
                 == CLIENT_CERT_RESULT_OK
             && !concern) {
        ap_log_error(APLOG_MARK, APLOG_WARNING, 0, s,
                     "ClientCertTrustCRL %s (%s): none of its CRLs is of a CA in "
                     "ClientCertTrust %s: no signer below one of them will be "
                     "accepted",
                     crls->names, crls->place, anchors->names);
    }
}

static void warn_of_client_crls(const mcc_file_t *crls, const mcc_file_t *cas, server_rec *s)
{
    bool concern = true;

    if (client_cert_crls_concern_client_cas(crls->crls, cas->client_cas, &concern)
            == CLIENT_CERT_RESULT_OK
        && !concern) {
        ap_log_error(APLOG_MARK, APLOG_WARNING, 0, s,
                     "ClientCertClientCRL %s (%s): none of its CRLs is of a CA in "
                     "ClientCertClientTrust %s: no client will be accepted",
                     crls->names, crls->place, cas->names);
    }
}

/* Whether these CRLs are to be looked at with these anchors: both can be used, and the pair is not
 * among those seen, to which it is added. */
static int is_new_pair(apr_hash_t *seen, const mcc_file_t *crls, const mcc_file_t *anchors,
                       apr_pool_t *p)
{
    const mcc_file_t **pair;

    if (!crls || !anchors || mcc_file_is_unusable(crls) || mcc_file_is_unusable(anchors)) {
        return 0;
    }
    pair = apr_palloc(p, 2 * sizeof(*pair));
    pair[0] = crls;
    pair[1] = anchors;
    if (apr_hash_get(seen, pair, 2 * sizeof(*pair))) {
        return 0;
    }
    apr_hash_set(seen, pair, 2 * sizeof(*pair), pair);
    return 1;
}

/* CRLs that apply to none of the anchors configured with them: each pair is named once. */
static void warn_of_unrelated_crls(const mcc_global_t *global, apr_pool_t *ptemp)
{
    apr_hash_t *seen = apr_hash_make(ptemp);
    const mcc_accept_section_t *section;
    int i;

    for (i = 0; (section = section_at(global, i)); i++) {
        const mcc_dir_config_t *server =
            ap_get_module_config(section->server->lookup_defaults, &client_cert_module);
        mcc_accept_config_t accept;

        mcc_accept_config_merge(&accept, &server->accept, &section->conf->accept);
        if (is_new_pair(seen, accept.crls, accept.anchors, ptemp)) {
            warn_of_crls(accept.crls, accept.anchors, section->server);
        }
        if (is_new_pair(seen, accept.client_crls, accept.client_cas, ptemp)) {
            warn_of_client_crls(accept.client_crls, accept.client_cas, section->server);
        }
    }
}

void mcc_accept_config_warn(server_rec *main_server, apr_pool_t *ptemp)
{
    const mcc_global_t *global = mcc_server_config_of(main_server)->global;

    if (global->accepts) {
        warn_of_peer_readers(main_server, ptemp);
        warn_of_no_peer(global, main_server, ptemp);
        warn_of_unsigned(global, main_server, ptemp);
        warn_of_unrelated_crls(global, ptemp);
    }
}
