/* SPDX-License-Identifier: Apache-2.0 */

#include "tls/verification_directives.h"

#include <string.h>

#include <http_core.h>
#include <http_log.h>

#include <apr_strings.h>

#include "config/config.h"
#include "config/findings.h"

APLOG_USE_MODULE(client_cert);

char mcc_tls_path[] = "path";

const void *mcc_tls_vhost_key(const server_rec *s)
{
    return s->is_virtual ? s : NULL;
}

static int is(const char *name, const char *other)
{
    return !ap_cstr_casecmp(name, other);
}

/* All sections around a directive, the innermost last. */
static const char *sections_around(const ap_directive_t *directive, apr_pool_t *p)
{
    const ap_directive_t *parent;
    const char *sections = "";

    for (parent = directive->parent; parent && !is(parent->directive, "<VirtualHost");
         parent = parent->parent) {
        sections = apr_pstrcat(p, parent->directive, " ", parent->args, "\n", sections, NULL);
    }
    return sections;
}

static void make_absolute(const char **word, apr_pool_t *p)
{
    const char *absolute = ap_server_root_relative(p, *word);

    if (absolute) {
        *word = absolute;
    }
}

const char *mcc_without_mod_ssl(cmd_parms *cmd)
{
    return mcc_without_module(cmd, "mod_ssl.c");
}

const char *mcc_see_tls_directive(cmd_parms *cmd, void *dir, const char *args)
{
    const mcc_global_t *global = mcc_server_config_of(cmd->server)->global;
    apr_array_header_t *words = apr_array_make(cmd->temp_pool, 2, sizeof(const char *));
    client_cert_result result;

    (void)dir;
    if (!ap_find_linked_module("mod_ssl.c")) {
        return mcc_without_mod_ssl(cmd);
    }
    /* What a .htaccess file may do is bounded when a client is verified. */
    if (ap_check_cmd_context(cmd, NOT_IN_HTACCESS)) {
        return NULL;
    }
    while (*args) {
        APR_ARRAY_PUSH(words, const char *) = ap_getword_conf(cmd->temp_pool, &args);
    }
    if (cmd->info == mcc_tls_path && words->nelts == 1) {
        make_absolute(&APR_ARRAY_IDX(words, 0, const char *), cmd->temp_pool);
    }
    if (is(cmd->cmd->name, "SSLOpenSSLConfCmd") && words->nelts == 2
        && is(APR_ARRAY_IDX(words, 0, const char *), "VerifyCAPath")) {
        make_absolute(&APR_ARRAY_IDX(words, 1, const char *), cmd->temp_pool);
    }
    result = client_cert_vhosts_add(
        global->vhosts, mcc_tls_vhost_key(cmd->server),
        cmd->path ? sections_around(cmd->directive, cmd->temp_pool) : NULL, cmd->cmd->name,
        (const char *const *)words->elts, (size_t)words->nelts);
    return result == CLIENT_CERT_RESULT_OK ? NULL
                                           : apr_pstrcat(cmd->pool, cmd->cmd->name, ": ",
                                                         client_cert_result_message(result), NULL);
}

static apr_array_header_t *names_of(const command_rec *command, apr_pool_t *p)
{
    apr_array_header_t *names = apr_array_make(p, 64, sizeof(const char *));

    for (; command->name; command++) {
        APR_ARRAY_PUSH(names, const char *) = command->name;
    }
    return names;
}

int mcc_tls_directives_known(server_rec *main_server,
                             const client_cert_configuration *configuration, apr_pool_t *ptemp)
{
    const module *mod_ssl = ap_find_linked_module("mod_ssl.c");
    mcc_findings_t findings = { main_server, APLOG_WARNING, 0 };
    client_cert_listener listener = { mcc_log_finding, &findings };
    const apr_array_header_t *theirs, *seen;

    if (!mod_ssl) {
        return 1;
    }
    theirs = names_of(mod_ssl->cmds, ptemp);
    seen = names_of(client_cert_module.cmds, ptemp);
    return client_cert_configuration_unknown(configuration, (const char *const *)theirs->elts,
                                             (size_t)theirs->nelts, (const char *const *)seen->elts,
                                             (size_t)seen->nelts, &listener)
               == CLIENT_CERT_RESULT_OK
           && !findings.count;
}
