/* SPDX-License-Identifier: Apache-2.0 */

#include "config/directive_util.h"

#include <stdarg.h>

#include <apr_lib.h>
#include <apr_strings.h>

#include "config/config.h"
#include "names.h"

const char *mcc_without_module(cmd_parms *cmd, const char *module_name)
{
    return ap_find_linked_module(module_name) || (cmd->override & NONFATAL_UNKNOWN)
               ? NULL
               : apr_pstrcat(cmd->pool, "Invalid command '", cmd->cmd->name,
                             "', perhaps misspelled or defined by a module not "
                             "included in the server configuration",
                             NULL);
}

const char *mcc_check_directive(cmd_parms *cmd, unsigned forbidden)
{
    mcc_global_t *global = mcc_server_config_of(cmd->server)->global;
    const char *error = ap_check_cmd_context(cmd, forbidden);
    const char *args = cmd->directive->args;

    if (!error && global->checked == cmd->directive) {
        return NULL;
    }
    global->checked = cmd->directive;
    while (!error && *args) {
        if (!*ap_getword_conf(cmd->temp_pool, &args)) {
            error = mcc_fault(cmd, "one of its values is empty");
        }
    }
    return error;
}

const char *mcc_fault(cmd_parms *cmd, const char *format, ...)
{
    va_list args;
    const char *text;

    va_start(args, format);
    text = apr_pvsprintf(cmd->pool, format, args);
    va_end(args);
    return apr_pstrcat(cmd->pool, cmd->cmd->name, ": ", text, NULL);
}

const char *mcc_place_of(const cmd_parms *cmd)
{
    return apr_psprintf(cmd->pool, "%s:%d", cmd->directive->filename, cmd->directive->line_num);
}

static const client_cert_format_row *formats(size_t *count)
{
    const client_cert_format_row *rows = NULL;

    /* Where that fails there are none, and each word is unknown. */
    *count = 0;
    (void)client_cert_formats(&rows, count);
    return rows;
}

const client_cert_format_row *mcc_find_format(const char *word)
{
    size_t count;
    const client_cert_format_row *row = formats(&count);

    for (; count; count--, row++) {
        if (!ap_cstr_casecmp(word, row->name)) {
            return row;
        }
    }
    return NULL;
}

const char *mcc_unknown_format(cmd_parms *cmd, const char *word, int readable)
{
    size_t count;
    const client_cert_format_row *row = formats(&count);
    const char *names = "off";

    for (; count; count--, row++) {
        if (!readable || row->is_readable) {
            names = apr_pstrcat(cmd->pool, names, ", ", row->name, NULL);
        }
    }
    return mcc_fault(cmd, "unknown format \"%s\", must be one of %s", word, names);
}

const char *mcc_header_fault(cmd_parms *cmd, const char *header)
{
    client_cert_result result;
    uint32_t kind;

    result = client_cert_field_name_kind(header, &kind);
    if (result != CLIENT_CERT_RESULT_OK) {
        return mcc_fault(cmd, "\"%s\": %s", header, client_cert_result_message(result));
    }
    if (kind == CLIENT_CERT_FIELD_NAME_NO_TOKEN) {
        return mcc_fault(cmd, "\"%s\" is no header name", header);
    }
    if (kind == CLIENT_CERT_FIELD_NAME_RESERVED) {
        return mcc_fault(cmd,
                         "the header \"%s\" has a meaning of its own in "
                         "HTTP",
                         header);
    }
    if (mcc_find_format(header)) {
        return mcc_fault(cmd,
                         "\"%s\" is a format, not a header: each format "
                         "has a directive of its own",
                         header);
    }
    if (mcc_names_equal(header, MCC_CLIENT_CERT_CHAIN)) {
        return mcc_fault(cmd,
                         "the header \"%s\" is the one of "
                         "ClientCertForwardChain",
                         header);
    }
    return NULL;
}

const char *mcc_known_header_fault(cmd_parms *cmd, const char *header)
{
    bool known = false;
    client_cert_result result = client_cert_field_name_is_known(header, &known);
    uint32_t kind = CLIENT_CERT_FIELD_NAME_NO_TOKEN;

    if (result == CLIENT_CERT_RESULT_OK) {
        result = client_cert_field_name_kind(header, &kind);
    }
    if (result != CLIENT_CERT_RESULT_OK) {
        return mcc_fault(cmd, "\"%s\": %s", header, client_cert_result_message(result));
    }
    if (strchr(header, '*')) {
        return mcc_fault(cmd, "\"%s\": names are written in full", header);
    }
    if (!known || kind == CLIENT_CERT_FIELD_NAME_NO_TOKEN) {
        return mcc_fault(cmd, "\"%s\" is none of the known headers", header);
    }
    return NULL;
}

apr_int64_t mcc_parse_number(const char *word, const char **rest)
{
    apr_int64_t number = 0;
    const char *p;

    for (p = word; apr_isdigit(*p); p++) {
        number = number * 10 + (*p - '0');
        if (number > APR_INT32_MAX) {
            return -1;
        }
    }
    *rest = p;
    return p == word ? -1 : number;
}
