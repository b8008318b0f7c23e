/* SPDX-License-Identifier: Apache-2.0 */
/**
 * @file findings.h
 * @brief The configuration as the core reads it, and what it finds in it.
 */
#ifndef MCC_CONFIG_FINDINGS_H
#define MCC_CONFIG_FINDINGS_H

#include <httpd.h>

#include "client_cert.h"

/** The main server's directives and all servers, in that order; they go with the pool. */
client_cert_configuration mcc_configuration(const server_rec *main_server, apr_pool_t *p);

/** Where what the core finds is logged. */
typedef struct {
    server_rec *main_server;
    int level;
    int count; /**< how many there were */
} mcc_findings_t;

/** A client_cert_listener's function: log a line about the server of that number, with
 *  mcc_findings_t as its context. */
void mcc_log_finding(void *findings, size_t server, const char *line);

#endif /* MCC_CONFIG_FINDINGS_H */
