/* SPDX-License-Identifier: Apache-2.0 */
/**
 * @file files.h
 * @brief The files that directives name, and the last good one of each.
 *
 * A file is read once for each configuration, with the first directive that
 * names it. The first start and httpd -t fail with one that cannot be read or
 * used. A restart of a running server does not: it goes on with the octets
 * that it read before for the same directive and name. A directive that is
 * new or changed has none; what depends on it then fails at run time.
 */
#ifndef MCC_CONFIG_FILES_H
#define MCC_CONFIG_FILES_H

#include <httpd.h>
#include <http_config.h>

#include "client_cert.h"
#include "config/config.h"

/** Whether a running server reads its configuration again, which must not end
 *  it. */
int mcc_restarts(void);

/** The time, for the message on a file that was read before. */
const char *mcc_time_in_words(apr_pool_t *p);

/** All files of a configuration, made when they are first asked for; NULL if that fails. */
client_cert_files *mcc_files_of(const server_rec *s, apr_pool_t *pconf);

/** post_config hook, before others can fail: log which files are not in use as
 *  they are now. */
int mcc_files_report(apr_pool_t *pconf, apr_pool_t *plog, apr_pool_t *ptemp, server_rec *s);

/** post_config hook, after all others: warn of what files in use hold that is of no
 *  use now; what this configuration uses is what the next can fall back to. */
int mcc_files_settle(apr_pool_t *pconf, apr_pool_t *plog, apr_pool_t *ptemp, server_rec *s);

#endif /* MCC_CONFIG_FILES_H */
