/* SPDX-License-Identifier: Apache-2.0 */
/**
 * @file accept_directives.h
 * @brief The directives of the accept role.
 */
#ifndef MCC_CONFIG_ACCEPT_DIRECTIVES_H
#define MCC_CONFIG_ACCEPT_DIRECTIVES_H

#include <httpd.h>
#include <http_config.h>

/** Directive functions. */
const char *mcc_set_accept(cmd_parms *cmd, void *dir, const char *word, const char *header);
const char *mcc_set_trust(cmd_parms *cmd, void *dir, const char *file);
const char *mcc_set_trust_name(cmd_parms *cmd, void *dir, const char *name);
const char *mcc_set_trust_crl(cmd_parms *cmd, void *dir, const char *file);
const char *mcc_set_trust_peer(cmd_parms *cmd, void *dir, int on);
const char *mcc_set_max_age(cmd_parms *cmd, void *dir, const char *age, const char *skew);
const char *mcc_set_user_name(cmd_parms *cmd, void *dir, const char *variable);

#endif /* MCC_CONFIG_ACCEPT_DIRECTIVES_H */
