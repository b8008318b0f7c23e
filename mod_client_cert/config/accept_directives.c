/* SPDX-License-Identifier: Apache-2.0 */

#include "config/accept_directives.h"

#include <http_core.h>
#include <http_log.h>

#include <apr_strings.h>

#include "config/config.h"
#include "config/directive_util.h"
#include "config/files.h"

APLOG_USE_MODULE(client_cert);

void mcc_accept_config_init(mcc_accept_config_t *conf)
{
    conf->format = MCC_ACCEPT_UNSET;
    conf->trust_peer = -1;
    conf->max_age = -1;
    conf->skew = -1;
}

void mcc_accept_config_merge(mcc_accept_config_t *conf, const mcc_accept_config_t *base,
                             const mcc_accept_config_t *add)
{
    *conf = *add;
    if (add->format == MCC_ACCEPT_UNSET) {
        conf->format = base->format;
        conf->header = base->header;
        conf->is_signed = base->is_signed;
    }
    if (!add->anchors) {
        conf->anchors = base->anchors;
    }
    if (!add->crls) {
        conf->crls = base->crls;
    }
    if (!add->names) {
        conf->names = base->names;
    }
    if (!add->client_cas) {
        conf->client_cas = base->client_cas;
    }
    if (!add->client_crls) {
        conf->client_crls = base->client_crls;
    }
    if (add->trust_peer < 0) {
        conf->trust_peer = base->trust_peer;
    }
    if (add->max_age < 0) {
        conf->max_age = base->max_age;
        conf->skew = base->skew;
    }
    if (!add->user_name) {
        conf->user_name = base->user_name;
    }
}

/* httpd decides on <If> with the variables that the role provides. */
static const char *check_context(cmd_parms *cmd)
{
    static const char *const conditional[] = { "<If", "<ElseIf", "<Else" };
    const char *error = mcc_check_directive(cmd, MCC_SECTION_CONTEXT);
    const ap_directive_t *parent;
    size_t i;

    for (parent = cmd->directive->parent; !error && parent; parent = parent->parent) {
        for (i = 0; i < sizeof(conditional) / sizeof(conditional[0]); i++) {
            if (!ap_cstr_casecmp(parent->directive, conditional[i])) {
                error = apr_pstrcat(cmd->pool, cmd->cmd->name, " cannot occur within ",
                                    parent->directive, "> section", NULL);
            }
        }
    }
    return error;
}

/* The section's part, to be changed by a directive; remembered for checking. */
static mcc_accept_config_t *section_of(cmd_parms *cmd, mcc_dir_config_t *conf)
{
    mcc_global_t *global = mcc_server_config_of(cmd->server)->global;
    mcc_accept_section_t *section;

    if (conf->is_accept_section) {
        return &conf->accept;
    }
    conf->is_accept_section = 1;
    if (!global->accept_sections) {
        global->accept_sections = apr_array_make(cmd->pool, 4, sizeof(mcc_accept_section_t));
    }
    section = apr_array_push(global->accept_sections);
    section->server = cmd->server;
    section->conf = conf;
    section->file = cmd->directive->filename;
    section->line = cmd->directive->line_num;
    return &conf->accept;
}

/* The entry of the name in accepted_names, to which it is added if it is new. */
static const mcc_accepted_name_t *add_accepted_name(mcc_global_t *global, const char *name,
                                                    apr_pool_t *p)
{
    char *lower = apr_pstrdup(p, name);
    mcc_accepted_name_t *known;

    ap_str_tolower(lower);
    known = apr_hash_get(global->accepted_names_by_case, lower, APR_HASH_KEY_STRING);
    if (!known) {
        known = apr_palloc(p, sizeof(*known));
        known->name = name;
        known->number = global->accepted_names->nelts;
        APR_ARRAY_PUSH(global->accepted_names, const mcc_accepted_name_t *) = known;
        apr_hash_set(global->accepted_names_by_case, lower, APR_HASH_KEY_STRING, known);
    }
    return known;
}

const char *mcc_set_accept(cmd_parms *cmd, void *dir, const char *word, const char *header)
{
    mcc_server_config_t *server = mcc_server_config_of(cmd->server);
    const char *error = check_context(cmd);
    const client_cert_format_row *format;
    mcc_accept_config_t *accept;

    if (error) {
        return error;
    }
    accept = section_of(cmd, dir);
    if (accept->format != MCC_ACCEPT_UNSET) {
        return mcc_fault(cmd, "given twice in one section");
    }
    if (!ap_cstr_casecmp(word, "off")) {
        if (header) {
            return mcc_fault(cmd, "\"off\" takes no header");
        }
        accept->format = MCC_ACCEPT_OFF;
        return NULL;
    }
    format = mcc_find_format(word);
    if (!format || !format->is_readable) {
        return mcc_unknown_format(cmd, word, 1);
    }
    if (!header) {
        header = format->header;
    }
    else if ((error = mcc_header_fault(cmd, header))) {
        return error;
    }
    accept->format = (int)format->format;
    accept->is_signed = format->is_signed;
    accept->header = add_accepted_name(server->global, header, cmd->pool)->number;
    mcc_names_add(&server->global->our_names, header);
    if (!server->global->accepts) {
        server->global->accepts = 1;
    }
    server->accepts = 1;
    return NULL;
}

/* Read a directive's file into that field of the section's part. */
static const char *set_file(cmd_parms *cmd, mcc_dir_config_t *conf, client_cert_file_kind kind,
                            const char *word, size_t field)
{
    const char *error = check_context(cmd);
    const mcc_file_t **file;

    if (error) {
        return error;
    }
    file = (const mcc_file_t **)((char *)section_of(cmd, conf) + field);
    if (*file) {
        return mcc_fault(cmd, "given twice in one section");
    }
    return mcc_file_read(cmd, kind, word, NULL, file);
}

const char *mcc_set_trust(cmd_parms *cmd, void *dir, const char *word)
{
    return set_file(cmd, dir, CLIENT_CERT_FILE_KIND_ANCHORS, word,
                    offsetof(mcc_accept_config_t, anchors));
}

static apr_status_t free_names(void *names)
{
    client_cert_names_free(names);
    return APR_SUCCESS;
}

/* httpd gives one at a time. */
const char *mcc_set_trust_name(cmd_parms *cmd, void *dir, const char *name)
{
    const char *error = check_context(cmd);
    mcc_accept_config_t *accept;
    client_cert_result result = CLIENT_CERT_RESULT_OK;

    if (error) {
        return error;
    }
    accept = section_of(cmd, dir);
    if (!accept->names) {
        result = client_cert_names_new(NULL, 0, &accept->names);
        if (result == CLIENT_CERT_RESULT_OK) {
            apr_pool_cleanup_register(cmd->pool, accept->names, free_names, apr_pool_cleanup_null);
        }
    }
    if (result == CLIENT_CERT_RESULT_OK) {
        result = client_cert_names_add(accept->names, name);
    }
    return result == CLIENT_CERT_RESULT_OK
               ? NULL
               : mcc_fault(cmd, "\"%s\": %s", name, client_cert_result_message(result));
}

const char *mcc_set_trust_crl(cmd_parms *cmd, void *dir, const char *word)
{
    return set_file(cmd, dir, CLIENT_CERT_FILE_KIND_CRLS, word,
                    offsetof(mcc_accept_config_t, crls));
}

const char *mcc_set_client_trust(cmd_parms *cmd, void *dir, const char *word)
{
    mcc_global_t *global = mcc_server_config_of(cmd->server)->global;
    const char *error = set_file(cmd, dir, CLIENT_CERT_FILE_KIND_CLIENT_CAS, word,
                                 offsetof(mcc_accept_config_t, client_cas));

    if (!error && !global->chain_name) {
        global->chain_name = add_accepted_name(global, MCC_CLIENT_CERT_CHAIN, cmd->pool);
    }
    return error;
}

const char *mcc_set_client_crl(cmd_parms *cmd, void *dir, const char *word)
{
    return set_file(cmd, dir, CLIENT_CERT_FILE_KIND_CLIENT_CRLS, word,
                    offsetof(mcc_accept_config_t, client_crls));
}

const char *mcc_set_trust_peer(cmd_parms *cmd, void *dir, int on)
{
    const char *error = check_context(cmd);

    if (error) {
        return error;
    }
    section_of(cmd, dir)->trust_peer = on;
    return NULL;
}

const char *mcc_set_max_age(cmd_parms *cmd, void *dir, const char *age, const char *skew)
{
    const char *error = check_context(cmd);
    mcc_accept_config_t *accept;
    const char *rest = "";
    apr_int64_t seconds;

    if (error) {
        return error;
    }
    seconds = mcc_parse_number(age, &rest);
    if (seconds <= 0 || *rest) {
        return mcc_fault(cmd, "\"%s\" is no number of seconds above 0", age);
    }
    accept = section_of(cmd, dir);
    accept->max_age = seconds;
    accept->skew = MCC_DEFAULT_SKEW;
    if (skew) {
        seconds = mcc_parse_number(skew, &rest);
        if (seconds < 0 || *rest) {
            return mcc_fault(cmd, "\"%s\" is no number of seconds", skew);
        }
        accept->skew = seconds;
    }
    return NULL;
}

const char *mcc_set_user_name(cmd_parms *cmd, void *dir, const char *variable)
{
    const char *error = check_context(cmd);
    bool identifies = false;

    if (error) {
        return error;
    }
    /* A misspelt variable would leave every client without a user name, or give all the same. */
    if (client_cert_variable_identifies(variable, &identifies) != CLIENT_CERT_RESULT_OK
        || !identifies) {
        return mcc_fault(cmd,
                         "\"%s\" is no variable that says who the client "
                         "is (SSL_CLIENT_S_DN_CN and the like)",
                         variable);
    }
    section_of(cmd, dir)->user_name = variable;
    return NULL;
}
