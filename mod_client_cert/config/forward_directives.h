/* SPDX-License-Identifier: Apache-2.0 */
/**
 * @file forward_directives.h
 * @brief The directives of the forward role.
 */
#ifndef MCC_CONFIG_FORWARD_DIRECTIVES_H
#define MCC_CONFIG_FORWARD_DIRECTIVES_H

#include <httpd.h>
#include <http_config.h>

/** Directive functions. */
const char *mcc_set_forward(cmd_parms *cmd, void *dir, const char *word, const char *header);
const char *mcc_set_forward_chain(cmd_parms *cmd, void *dir, int on);
const char *mcc_set_signer(cmd_parms *cmd, void *dir, const char *word, const char *key_word);
const char *mcc_set_signer_certs(cmd_parms *cmd, void *dir, const char *word);
const char *mcc_set_signature_lifetime(cmd_parms *cmd, void *dir, const char *word);

#endif /* MCC_CONFIG_FORWARD_DIRECTIVES_H */
