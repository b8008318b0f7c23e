/* SPDX-License-Identifier: Apache-2.0 */
/**
 * @file directives.h
 * @brief The table of directives, and the making and merging of what they set.
 */
#ifndef MCC_DIRECTIVES_H
#define MCC_DIRECTIVES_H

#include <httpd.h>
#include <http_config.h>

void *mcc_create_server_config(apr_pool_t *p, server_rec *s);
void *mcc_merge_server_config(apr_pool_t *p, void *base, void *add);
void *mcc_create_dir_config(apr_pool_t *p, char *path);
void *mcc_merge_dir_config(apr_pool_t *p, void *base, void *add);

/** The directives, for the module record. */
extern const command_rec mcc_commands[];

#endif /* MCC_DIRECTIVES_H */
