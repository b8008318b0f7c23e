/* SPDX-License-Identifier: Apache-2.0 */
/**
 * @file verification_directives.h
 * @brief What mod_ssl's directives say of the verification of clients.
 *
 * mod_ssl offers no way to read them. But httpd gives a directive to every
 * module that lists it, for the same server and section. So this module lists
 * them too, whichever file, macro or program they come from. mod_ssl alone says
 * what is wrong with them.
 */
#ifndef MCC_TLS_VERIFICATION_DIRECTIVES_H
#define MCC_TLS_VERIFICATION_DIRECTIVES_H

#include <httpd.h>
#include <http_config.h>

#include "client_cert.h"

#define MCC_TLS_DIRECTIVE_HELP "mod_ssl's; seen here as well"

/** One in the table of directives. */
#define MCC_TLS_DIRECTIVE(name, context)                                                           \
    AP_INIT_RAW_ARGS(name, mcc_see_tls_directive, NULL, context, MCC_TLS_DIRECTIVE_HELP)
/** One whose argument is a file or a directory. */
#define MCC_TLS_PATH_DIRECTIVE(name)                                                               \
    AP_INIT_RAW_ARGS(name, mcc_see_tls_directive, mcc_tls_path, RSRC_CONF, MCC_TLS_DIRECTIVE_HELP)

extern char mcc_tls_path[];

/** What httpd says of mod_ssl's directives where that is not loaded: NULL where it
 *  is. */
const char *mcc_without_mod_ssl(cmd_parms *cmd);

/** Directive function. */
const char *mcc_see_tls_directive(cmd_parms *cmd, void *dir, const char *args);

/** A virtual host, or the main server, as client_cert_vhosts_add() wants it. */
const void *mcc_tls_vhost_key(const server_rec *s);

/** Whether the configuration has none of mod_ssl's directives of which nothing is
 *  known here; those that it has are logged. */
int mcc_tls_directives_known(server_rec *main_server,
                             const client_cert_configuration *configuration, apr_pool_t *ptemp);

#endif /* MCC_TLS_VERIFICATION_DIRECTIVES_H */
