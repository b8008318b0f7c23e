/* SPDX-License-Identifier: Apache-2.0 */
/**
 * @file accept_check.h
 * @brief Whether what the directives of the accept role say is enough, and what
 *        others say that does not go with it.
 */
#ifndef MCC_ACCEPT_CHECK_H
#define MCC_ACCEPT_CHECK_H

#include <httpd.h>

#include "config.h"

/** A section with some directive of the role, to be checked at start-up. */
typedef struct {
    server_rec *server;
    mcc_dir_config *conf;
    const char *file;
    int line;
} mcc_accept_section;

/** check_config: every section that plays the role, seen with what its server
 *  says, must have what it needs.
 *  @return 0 after logging what is missing */
int mcc_accept_config_check(server_rec *main_server, apr_pool_t *ptemp);

/** Warn of directives that read the TLS peer as though it were the client, and of
 *  sections in which every value will be refused. */
void mcc_accept_config_warn(server_rec *main_server, apr_pool_t *ptemp);

#endif /* MCC_ACCEPT_CHECK_H */
