/* SPDX-License-Identifier: Apache-2.0 */

#include "tls/verification_directives.h"

#include <string.h>

#include <http_core.h>
#include <http_log.h>

#include <apr_strings.h>

#include "config/config.h"
#include "config/directive_util.h"

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
    return result == CLIENT_CERT_RESULT_OK
               ? NULL
               : mcc_fault(cmd, "%s", client_cert_result_message(result));
}

/* Those of mod_ssl's that have no say in whether a client is verified, or whose
 * say OpenSSL's context shows. A star stands for any rest. */
static const char *const irrelevant[] = {
    "SSLCACertificateFile",
    "SSLCADNRequest*",
    "SSLCARevocationFile",
    "SSLCertificate*",
    "SSLClientHelloVars",
    "SSLCompression",
    "SSLCryptoDevice",
    "SSLEngine",
    "SSLFIPS",
    "SSLHonorCipherOrder",
    "SSLInsecureRenegotiation",
    "SSLLog*",
    "SSLOptions",
    "SSLPassPhraseDialog",
    "SSLProtocol",
    "SSLProxy*",
    "SSLRandomSeed",
    "SSLRenegBufferSize",
    "SSLRequire",
    "SSLRequireSSL",
    "SSLSession*",
    "SSLSRP*",
    "SSLStapling*",
    "SSLStrictSNIVHostCheck",
    "SSLUserName",
    "SSLUseStapling",
    "SSLVHostSNIPolicy",
};

static int is_irrelevant(const char *name)
{
    size_t i;

    for (i = 0; i < sizeof(irrelevant) / sizeof(irrelevant[0]); i++) {
        size_t length = strcspn(irrelevant[i], "*");

        if (irrelevant[i][length] ? !ap_cstr_casecmpn(name, irrelevant[i], length)
                                  : is(name, irrelevant[i])) {
            return 1;
        }
    }
    return 0;
}

static int is_seen(const char *name)
{
    const command_rec *command;

    for (command = client_cert_module.cmds; command->name; command++) {
        if (is(name, command->name)) {
            return 1;
        }
    }
    return 0;
}

/* Where a directive stands for the first time; NULL if nowhere. */
static const ap_directive_t *find(const ap_directive_t *directive, const char *name)
{
    const ap_directive_t *found = NULL;

    for (; !found && directive; directive = directive->next) {
        found = is(directive->directive, name) ? directive : find(directive->first_child, name);
    }
    return found;
}

int mcc_tls_directives_known(const server_rec *main_server)
{
    const module *mod_ssl = ap_find_linked_module("mod_ssl.c");
    const command_rec *command;
    int known = 1;

    for (command = mod_ssl ? mod_ssl->cmds : NULL; command && command->name; command++) {
        const ap_directive_t *unknown = is_irrelevant(command->name) || is_seen(command->name)
                                            ? NULL
                                            : find(ap_conftree, command->name);

        if (unknown) {
            ap_log_error(APLOG_MARK, APLOG_WARNING, 0, main_server,
                         "%s (%s:%d): what it says of the verification of clients "
                         "is not known here; no virtual host counts as equal to "
                         "another",
                         command->name, unknown->filename, unknown->line_num);
            known = 0;
        }
    }
    return known;
}
