/* SPDX-License-Identifier: Apache-2.0 */

#include "config/forward_directives.h"

#include <http_core.h>

#include <apr_strings.h>

#include "config/config.h"
#include "config/directive_util.h"
#include "config/files.h"

void mcc_forward_config_init(mcc_forward_config_t *conf)
{
    conf->chain = -1;
    conf->signer_certs = -1;
}

void mcc_forward_config_merge(mcc_forward_config_t *conf, const mcc_forward_config_t *base,
                              const mcc_forward_config_t *add)
{
    conf->lines = add->lines ? add->lines : base->lines;
    conf->variables = add->variables ? add->variables : base->variables;
    conf->chain = add->chain < 0 ? base->chain : add->chain;
    conf->signer_certs = add->signer_certs < 0 ? base->signer_certs : add->signer_certs;
}

void mcc_signer_config_init(mcc_signer_config_t *conf)
{
    conf->lifetime = -1;
}

void mcc_signer_config_merge(mcc_signer_config_t *conf, const mcc_signer_config_t *base,
                             const mcc_signer_config_t *add)
{
    *conf = add->source == MCC_SIGNER_UNSET ? *base : *add;
    conf->lifetime = add->lifetime < 0 ? base->lifetime : add->lifetime;
}

/* What follows for the server and for the whole httpd from a header to send. */
static void note_header(cmd_parms *cmd, const void *dir, apr_array_header_t **headers,
                        const char *name)
{
    mcc_server_config_t *server = mcc_server_config_of(cmd->server);
    client_cert_forward_header *header;

    if (!*headers) {
        *headers = apr_array_make(cmd->pool, 2, sizeof(client_cert_forward_header));
    }
    header = apr_array_push(*headers);
    header->name = name;
    header->place = mcc_place_of(cmd);
    mcc_names_add(&server->global->our_names, name);
    if (!server->global->forwards) {
        server->global->forwards = 1;
        server->global->forwarding_directive = cmd->cmd->name;
    }
    if (dir != ap_get_module_config(cmd->server->lookup_defaults, &client_cert_module)) {
        server->forwards_in_section = 1;
    }
}

const char *mcc_set_forward(cmd_parms *cmd, void *dir, const char *word, const char *header)
{
    mcc_forward_config_t *conf = &((mcc_dir_config_t *)dir)->forward;
    mcc_server_config_t *server = mcc_server_config_of(cmd->server);
    const char *error = mcc_check_directive(cmd, MCC_SECTION_CONTEXT);
    const client_cert_format_row *format;
    mcc_forward_line_t *line;
    int n;

    if (error) {
        return error;
    }

    if (!ap_cstr_casecmp(word, "off")) {
        if (header) {
            return mcc_fault(cmd, "\"off\" takes no header");
        }
        if (conf->lines && conf->lines->nelts) {
            return mcc_fault(cmd, "\"off\" stands beside a format in this section");
        }
        conf->lines = apr_array_make(cmd->pool, 0, sizeof(mcc_forward_line_t));
        return NULL;
    }

    format = mcc_find_format(word);
    if (!format) {
        return mcc_unknown_format(cmd, word, 0);
    }

    if (!header) {
        header = format->header;
    }
    else if ((error = mcc_header_fault(cmd, header))) {
        return error;
    }

    if (!conf->lines) {
        conf->lines = apr_array_make(cmd->pool, 2, sizeof(mcc_forward_line_t));
    }
    else if (!conf->lines->nelts) {
        return mcc_fault(cmd, "\"off\" stands beside a format in this section");
    }
    for (n = 0; n < conf->lines->nelts; n++) {
        line = &APR_ARRAY_IDX(conf->lines, n, mcc_forward_line_t);
        if (mcc_names_equal(line->header, header)) {
            return mcc_fault(cmd,
                             "two formats for the header \"%s\" (\"%s\" is the "
                             "same name to many backends)",
                             header, line->header);
        }
    }

    line = apr_array_push(conf->lines);
    line->format = format->format;
    line->header = header;
    line->is_signed = format->is_signed;
    note_header(cmd, dir, &server->certificate_headers, header);
    if (format->is_signed) {
        server->signs = 1;
    }
    return NULL;
}

static apr_status_t free_variable_headers(void *headers)
{
    client_cert_variable_headers_free(headers);
    return APR_SUCCESS;
}

static const char *add_variable(cmd_parms *cmd, client_cert_variable_headers *headers,
                                const char *header, const char *variable)
{
    const char *same = NULL;
    client_cert_result result = client_cert_variable_headers_add(headers, header, variable, &same);

    if (same) {
        return mcc_fault(cmd,
                         "two variables for the header \"%s\" (\"%s\" is the same name to "
                         "many backends)",
                         header, same);
    }
    return result == CLIENT_CERT_RESULT_OK
               ? NULL
               : mcc_fault(cmd, "\"%s\": %s", variable, client_cert_result_message(result));
}

const char *mcc_set_forward_variable(cmd_parms *cmd, void *dir, const char *header,
                                     const char *variable)
{
    mcc_forward_config_t *conf = &((mcc_dir_config_t *)dir)->forward;
    mcc_server_config_t *server = mcc_server_config_of(cmd->server);
    const char *error = mcc_check_directive(cmd, MCC_SECTION_CONTEXT);
    int is_off = !ap_cstr_casecmp(header, "off");
    mcc_forward_variables_t *variables;
    client_cert_result result;

    if (error) {
        return error;
    }
    if (is_off && variable) {
        return mcc_fault(cmd, "\"off\" takes no variable");
    }
    if (!is_off && !variable) {
        return mcc_fault(cmd, "the variable for the header \"%s\" is missing", header);
    }
    if (conf->variables && (is_off || !conf->variables->headers)) {
        return mcc_fault(cmd, "\"off\" stands beside another in this section");
    }
    if (is_off) {
        conf->variables = apr_pcalloc(cmd->pool, sizeof(*variables));
        return NULL;
    }
    if ((error = mcc_header_fault(cmd, header))) {
        return error;
    }
    if (!conf->variables) {
        variables = apr_pcalloc(cmd->pool, sizeof(*variables));
        result = client_cert_variable_headers_new(&variables->headers);
        if (result != CLIENT_CERT_RESULT_OK) {
            return mcc_fault(cmd, "%s", client_cert_result_message(result));
        }
        apr_pool_cleanup_register(cmd->pool, variables->headers, free_variable_headers,
                                  apr_pool_cleanup_null);
        conf->variables = variables;
    }
    if ((error = add_variable(cmd, conf->variables->headers, header, variable))) {
        return error;
    }
    note_header(cmd, dir, &server->variable_headers, header);
    if (!server->variables_place) {
        server->variables_place = mcc_place_of(cmd);
    }
    return NULL;
}

const char *mcc_see_ssl_options(cmd_parms *cmd, void *dir, const char *args)
{
    mcc_server_config_t *server = mcc_server_config_of(cmd->server);

    (void)dir;
    if (ap_check_cmd_context(cmd, NOT_IN_HTACCESS)) {
        /* It changes nothing of what is sent, but mod_ssl's names for what runs here. */
        return mcc_without_module(cmd, "mod_ssl.c");
    }
    while (*args) {
        const char *option = ap_getword_conf(cmd->temp_pool, &args);

        if (!ap_cstr_casecmp(*option == '+' ? option + 1 : option, "LegacyDNStringFormat")) {
            server->legacy_names_place = mcc_place_of(cmd);
        }
    }
    return mcc_without_module(cmd, "mod_ssl.c");
}

const char *mcc_set_forward_chain(cmd_parms *cmd, void *dir, int on)
{
    mcc_forward_config_t *conf = &((mcc_dir_config_t *)dir)->forward;
    const char *error = mcc_check_directive(cmd, MCC_SECTION_CONTEXT);

    if (error) {
        return error;
    }
    conf->chain = on;
    return NULL;
}

const char *mcc_set_signer(cmd_parms *cmd, void *dir, const char *word, const char *key_word)
{
    mcc_signer_config_t *conf = &mcc_server_config_of(cmd->server)->signer;
    const char *error = mcc_check_directive(cmd, NOT_IN_DIR_CONTEXT | NOT_IN_HTACCESS);

    (void)dir;
    if (error) {
        return error;
    }
    if (conf->source != MCC_SIGNER_UNSET) {
        return mcc_fault(cmd, "given twice for one server");
    }

    if (!ap_cstr_casecmp(word, "server")) {
        if (key_word) {
            return mcc_fault(cmd, "\"server\" takes no key file");
        }
        conf->source = MCC_SIGNER_SERVER;
        return NULL;
    }

    /* Read here, not later: httpd -t must find the fault, and the key may be
     * readable by root alone. */
    conf->source = MCC_SIGNER_FILE;
    return mcc_file_read(cmd, CLIENT_CERT_FILE_KIND_SIGNER, word, key_word, &conf->file);
}

const char *mcc_set_signer_certs(cmd_parms *cmd, void *dir, const char *word)
{
    mcc_forward_config_t *conf = &((mcc_dir_config_t *)dir)->forward;
    mcc_server_config_t *server = mcc_server_config_of(cmd->server);
    const char *error = mcc_check_directive(cmd, MCC_SECTION_CONTEXT);

    if (error) {
        return error;
    }
    if (!ap_cstr_casecmp(word, "chain")) {
        conf->signer_certs = CLIENT_CERT_SIGNER_CERTS_CHAIN;
    }
    else if (!ap_cstr_casecmp(word, "signer")) {
        conf->signer_certs = CLIENT_CERT_SIGNER_CERTS_SIGNER;
    }
    else if (!ap_cstr_casecmp(word, "none")) {
        conf->signer_certs = CLIENT_CERT_SIGNER_CERTS_NONE;
    }
    else {
        return mcc_fault(cmd,
                         "unknown word \"%s\", must be one of chain, signer, "
                         "none",
                         word);
    }
    server->signer_certs_seen |= 1U << conf->signer_certs;
    return NULL;
}

const char *mcc_set_signature_lifetime(cmd_parms *cmd, void *dir, const char *word)
{
    mcc_signer_config_t *conf = &mcc_server_config_of(cmd->server)->signer;
    const char *error = mcc_check_directive(cmd, NOT_IN_DIR_CONTEXT | NOT_IN_HTACCESS);
    const char *rest = "";
    apr_int64_t seconds;

    (void)dir;
    if (error) {
        return error;
    }
    seconds = mcc_parse_number(word, &rest);
    if (seconds < 0 || *rest) {
        return mcc_fault(cmd, "\"%s\" is no number of seconds", word);
    }
    conf->lifetime = seconds;
    return NULL;
}
