/* SPDX-License-Identifier: Apache-2.0 */
/**
 * @file findings.h
 * @brief A directive as the core reads it, and what it finds in a configuration.
 */
#ifndef MCC_CONFIG_FINDINGS_H
#define MCC_CONFIG_FINDINGS_H

#include <httpd.h>
#include <http_config.h>

#include "client_cert.h"

/** Add a directive, or the beginning of a section, to an array of client_cert_directive. */
void mcc_add_directive(apr_array_header_t *rows, const ap_directive_t *directive, unsigned depth);

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
