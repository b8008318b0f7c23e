/* SPDX-License-Identifier: Apache-2.0 */
/**
 * @file status.h
 * @brief What a server shows of its work: on mod_status's page, and to SetHandler
 *        client-cert-metrics; and warnings of what is about to expire.
 */
#ifndef MCC_STATUS_H
#define MCC_STATUS_H

#include <httpd.h>

/** post_config hook, after the signers are made: begin to count, or go on; note when what is in use
 *  expires, and warn of it. */
int mcc_status_post_config(apr_pool_t *pconf, apr_pool_t *plog, apr_pool_t *ptemp, server_rec *s);

/** monitor hook, which the parent calls every few seconds: warn once a day. */
int mcc_status_monitor(apr_pool_t *p, server_rec *s);

/** mod_status's status_hook: our part of its page. */
int mcc_status_page(request_rec *r, int flags);

/** handler hook: client-cert-metrics. */
int mcc_status_handler(request_rec *r);

#endif /* MCC_STATUS_H */
