/* SPDX-License-Identifier: Apache-2.0 */

#include "accept_check.h"

#include <string.h>

#include <http_core.h>
#include <http_log.h>
#include <http_main.h>

#include <apr_strings.h>

APLOG_USE_MODULE(client_cert);

/* 0 also where nothing is known of the anchors, and nothing is accepted. */
static int holds_ca(const mcc_file *anchors)
{
    bool has_ca = true;

    return !mcc_file_is_unusable(anchors)
        && (client_cert_anchors_has_ca(anchors->anchors, &has_ca)
                != CLIENT_CERT_RESULT_OK
            || has_ca);
}

/* What is missing for a role that is played, NULL if nothing is. */
static const char *missing(const mcc_accept_config *accept, apr_pool_t *p)
{

    if (!mcc_accepts(accept)) {
        return NULL;
    }
    if (!accept->anchors) {
        return "needs ClientCertTrust";
    }
    if (mcc_accept_needs_peer(accept) && !ap_find_linked_module("mod_ssl.c")) {
        return accept->format == CLIENT_CERT_FORMAT_RFC9440
            ? "needs a TLS peer, and mod_ssl is not loaded"
            : "needs a TLS peer (ClientCertTrustPeer on), and mod_ssl is not "
              "loaded";
    }
    if (accept->names) {
        return NULL;
    }
    if (accept->format == CLIENT_CERT_FORMAT_RFC9440) {
        return "needs ClientCertTrustName, since nobody signs the header";
    }
    if (holds_ca(accept->anchors)) {
        return apr_pstrcat(p, "needs ClientCertTrustName, since ClientCertTrust ",
                           accept->anchors->names,
                           " holds a CA, which issues to others too", NULL);
    }
    return NULL;
}

/* Which sections come together in a request only the request can tell. What
 * other sections of the server say may do for what this one lacks; where it
 * does not in the end, the value is refused. */
static void add_from_others(mcc_accept_config *accept, const mcc_global *global,
                            const server_rec *s, const server_rec *main_server)
{
    int i;

    for (i = 0; i < global->accept_sections->nelts; i++) {
        const mcc_accept_section *other = &APR_ARRAY_IDX(global->accept_sections, i,
                                                     mcc_accept_section);

        if (other->server == s || other->server == main_server) {
            mcc_accept_config_merge(accept, &other->conf->accept, accept);
        }
    }
}

/* A file of pins that holds a CA since it was read last: what the configuration
 * lacks, it lacks by the file. */
static int fell_back(const mcc_accept_config *accept, server_rec *s)
{
    return accept->anchors && !accept->names && holds_ca(accept->anchors)
        && mcc_file_fall_back(accept->anchors,
                              "it holds a CA, for which ClientCertTrustName is "
                              "missing", s);
}

static int check_section(const mcc_accept_section *section, server_rec *s,
                         server_rec *main_server, apr_pool_t *ptemp)
{
    const mcc_dir_config *server = ap_get_module_config(s->lookup_defaults,
                                                        &client_cert_module);
    mcc_accept_config accept;
    const char *fault;

    mcc_accept_config_merge(&accept, &server->accept, &section->conf->accept);
    fault = missing(&accept, ptemp);
    if (fault) {
        mcc_accept_config merged = accept;

        add_from_others(&merged, mcc_server_config_of(s)->global, s, main_server);
        if (!missing(&merged, ptemp)
            || (fell_back(&accept, s) && !missing(&merged, ptemp))) {
            return 1;
        }
        ap_log_error(APLOG_MARK, APLOG_EMERG, 0, s,
                     "ClientCertAccept %s (section at %s:%d): %s",
                     mcc_format_name((uint32_t)accept.format), section->file, section->line,
                     fault);
        return 0;
    }
    return 1;
}

int mcc_accept_config_check(server_rec *main_server, apr_pool_t *ptemp)
{
    const mcc_global *global = mcc_server_config_of(main_server)->global;
    server_rec *s;
    int i;

    for (i = 0; global->accept_sections && i < global->accept_sections->nelts;
         i++) {
        const mcc_accept_section *section = &APR_ARRAY_IDX(global->accept_sections,
                                                       i, mcc_accept_section);

        for (s = main_server; s; s = s->next) {
            /* The main server's sections apply to every virtual host. */
            if ((s == section->server || section->server == main_server)
                && !check_section(section, s, main_server, ptemp)) {
                return 0;
            }
        }
    }
    return 1;
}

/* %{SSL_CLIENT_…}x, or one of mod_ssl's older %{…}c, in a log's format. */
static int logs_peer(const char *format)
{
    static const char variable[] = "{SSL_CLIENT_";
    const char *at = format;

    while ((at = ap_strcasestr(at, variable))) {
        at = at + sizeof(variable) - 1;
        at = at + strcspn(at, "}");
        if (*at && at[1] == 'x') {
            return 1;
        }
    }
    return ap_strcasestr(format, "{subjectdn}c") || ap_strcasestr(format, "{issuerdn}c");
}

/* Directives for which mod_ssl reads the peer by itself, past every hook. */
static int reads_peer(const ap_directive_t *directive)
{
    const char *name = directive->directive;
    const char *args = directive->args ? directive->args : "";

    if (!ap_cstr_casecmp(name, "SSLUserName")) {
        return 1;
    }
    if (!ap_cstr_casecmp(name, "SSLOptions")) {
        return ap_strcasestr(args, "FakeBasicAuth") != NULL;
    }
    if (!ap_cstr_casecmp(name, "Require")) {
        return ap_strcasestr(args, "ssl-verify-client") != NULL;
    }
    if (!ap_cstr_casecmp(name, "LogFormat") || !ap_cstr_casecmp(name, "CustomLog")
        || !ap_cstr_casecmp(name, "GlobalLog")
        || !ap_cstr_casecmp(name, "TransferLog")) {
        return logs_peer(args);
    }
    return 0;
}

/* Whether some location of the virtual host that begins here plays the role. */
static int host_accepts(const ap_directive_t *directive, const server_rec *s)
{
    for (; s; s = s->next) {
        if (s->is_virtual && s->defn_name
            && s->defn_line_number == (unsigned)directive->line_num
            && !strcmp(s->defn_name, directive->filename)) {
            return mcc_server_config_of(s)->accepts;
        }
    }
    return 1;
}

/* A client certificate that is asked for only in mid connection: the access
 * hook that asks comes after ClientCertAccept has decided. */
static int asks_late(const ap_directive_t *directive)
{
    const ap_directive_t *parent = directive->parent;

    return !ap_cstr_casecmp(directive->directive, "SSLVerifyClient") && parent
        && ap_cstr_casecmp(parent->directive, "<VirtualHost")
        && (!directive->args || ap_cstr_casecmp(directive->args, "none"));
}

static void warn_of(const ap_directive_t *directive, server_rec *s)
{
    for (; directive; directive = directive->next) {
        if (!ap_cstr_casecmp(directive->directive, "<VirtualHost")
            && !host_accepts(directive, s)) {
            continue;
        }
        if (reads_peer(directive)) {
            ap_log_error(APLOG_MARK, APLOG_WARNING, 0, s,
                         "%s (%s:%d): this is mod_ssl's own reading of the TLS "
                         "peer, not the client that ClientCertAccept accepts",
                         directive->directive, directive->filename,
                         directive->line_num);
        }
        if (asks_late(directive)) {
            ap_log_error(APLOG_MARK, APLOG_WARNING, 0, s,
                         "SSLVerifyClient (%s:%d): in a section it asks the TLS "
                         "peer for a certificate too late for ClientCertAccept; "
                         "say it for the virtual host", directive->filename,
                         directive->line_num);
        }
        warn_of(directive->first_child, s);
    }
}

/* Sections of a virtual host in which every value will be refused, since no
 * connection there has a TLS peer. */
static void warn_of_no_tls(const mcc_global *global, const server_rec *main_server)
{
    int i;

    for (i = 0; global->accept_sections && i < global->accept_sections->nelts;
         i++) {
        const mcc_accept_section *section = &APR_ARRAY_IDX(global->accept_sections,
                                                       i, mcc_accept_section);
        server_rec *s = section->server;
        mcc_accept_config accept = section->conf->accept;

        add_from_others(&accept, global, s, main_server);
        if (s->is_virtual && !mcc_server_config_of(s)->tls_host
            && mcc_accepts(&section->conf->accept)
            && mcc_accept_needs_peer(&section->conf->accept)
            && mcc_accept_needs_peer(&accept)) {
            ap_log_error(APLOG_MARK, APLOG_WARNING, 0, s,
                         "ClientCertAccept %s (section at %s:%d): this virtual "
                         "host has no TLS, and so nobody whom ClientCertTrustPeer "
                         "could compare: every value will be refused",
                         mcc_format_name((uint32_t)accept.format), section->file,
                         section->line);
        }
    }
}

void mcc_accept_config_warn(server_rec *main_server)
{
    const mcc_global *global = mcc_server_config_of(main_server)->global;

    if (global->accepts) {
        warn_of(ap_conftree, main_server);
        warn_of_no_tls(global, main_server);
    }
}
