/* SPDX-License-Identifier: Apache-2.0 */
/**
 * @file directive_util.h
 * @brief What the functions of the directives have in common.
 */
#ifndef MCC_CONFIG_DIRECTIVE_UTIL_H
#define MCC_CONFIG_DIRECTIVE_UTIL_H

#include <httpd.h>
#include <http_config.h>

#include "client_cert.h"

/** Where the directives of sections may stand: not where httpd would apply them to some ways of
 *  proxying only, and not in .htaccess files, which others than the administrator write. */
#define MCC_SECTION_CONTEXT (NOT_IN_HTACCESS | NOT_IN_PROXY | NOT_IN_LIMIT)

/** What httpd says of another module's directive where that module is not loaded:
 *  NULL where it is. */
const char *mcc_without_module(cmd_parms *cmd, const char *module_name);

/** What is wrong with the place of a directive, or with its number of values: httpd takes an empty
 *  one at the end, as of a variable that is empty, for none, and the default for what was meant. */
const char *mcc_check_directive(cmd_parms *cmd, unsigned forbidden);

/** What is wrong with a directive's values, with its name in front: httpd puts
 *  that only before what is said of their number. */
const char *mcc_fault(cmd_parms *cmd, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/** Where a directive stands: file and line. */
const char *mcc_place_of(const cmd_parms *cmd);

/** The format that a word names, in any case; NULL if it names none. */
const client_cert_format_row *mcc_find_format(const char *word);

/** What is wrong with a word that names no format, or none that can be read. */
const char *mcc_unknown_format(cmd_parms *cmd, const char *word, int readable);

/** What is wrong with a header name that was configured, NULL if nothing is. */
const char *mcc_header_fault(cmd_parms *cmd, const char *header);

/** What is wrong with a name that ClientCertKnownHeaders keeps, NULL if nothing is. */
const char *mcc_known_header_fault(cmd_parms *cmd, const char *header);

/** A whole non-negative decimal number and what follows it; -1 if there is none
 *  or it is beyond 2^31 - 1. */
apr_int64_t mcc_parse_number(const char *word, const char **rest);

#endif /* MCC_CONFIG_DIRECTIVE_UTIL_H */
