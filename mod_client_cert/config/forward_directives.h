/* SPDX-License-Identifier: Apache-2.0 */
/**
 * @file forward_directives.h
 * @brief The directives of the forward role.
 */
#ifndef MCC_CONFIG_FORWARD_DIRECTIVES_H
#define MCC_CONFIG_FORWARD_DIRECTIVES_H

#include <httpd.h>
#include <http_config.h>

#include "config/config.h"

void mcc_forward_config_init(mcc_forward_config_t *conf);
void mcc_forward_config_merge(mcc_forward_config_t *conf, const mcc_forward_config_t *base,
                              const mcc_forward_config_t *add);

void mcc_signer_config_init(mcc_signer_config_t *conf);
void mcc_signer_config_merge(mcc_signer_config_t *conf, const mcc_signer_config_t *base,
                             const mcc_signer_config_t *add);

/** Directive functions. */
const char *mcc_set_forward(cmd_parms *cmd, void *dir, const char *word, const char *header);
const char *mcc_set_forward_variable(cmd_parms *cmd, void *dir, const char *header,
                                     const char *variable);
const char *mcc_set_forward_chain(cmd_parms *cmd, void *dir, int on);
const char *mcc_set_signer(cmd_parms *cmd, void *dir, const char *word, const char *key_word);
const char *mcc_set_signer_certs(cmd_parms *cmd, void *dir, const char *word);
const char *mcc_set_signature_lifetime(cmd_parms *cmd, void *dir, const char *word);

/** Directive function of mod_ssl's SSLOptions, beside its own: LegacyDNStringFormat would make
 *  mod_ssl's names others than those that ClientCertForwardVariable sends. */
const char *mcc_see_ssl_options(cmd_parms *cmd, void *dir, const char *args);

/** Their rows in the table of directives. */
#define MCC_FORWARD_DIRECTIVES                                                                     \
    AP_INIT_TAKE12("ClientCertForward", mcc_set_forward, NULL, RSRC_CONF | ACCESS_CONF,            \
                   "off, or a format and, if it is not the usual one, the header "                 \
                   "to send it in"),                                                               \
        AP_INIT_TAKE12("ClientCertForwardVariable", mcc_set_forward_variable, NULL,                \
                       RSRC_CONF | ACCESS_CONF,                                                    \
                       "off, or a header and the variable of the client to send in it"),           \
        AP_INIT_FLAG("ClientCertForwardChain", mcc_set_forward_chain, NULL,                        \
                     RSRC_CONF | ACCESS_CONF, "on to send Client-Cert-Chain (RFC 9440) as well"),  \
        AP_INIT_TAKE12("ClientCertSigner", mcc_set_signer, NULL, RSRC_CONF,                        \
                       "server, or a PEM file with the signer's certificate, its "                 \
                       "intermediates and its key; the key may be in a second file"),              \
        AP_INIT_TAKE1("ClientCertSignerCerts", mcc_set_signer_certs, NULL,                         \
                      RSRC_CONF | ACCESS_CONF,                                                     \
                      "chain, signer or none: the signer's certificates to send"),                 \
        AP_INIT_TAKE1("ClientCertSignatureLifetime", mcc_set_signature_lifetime, NULL, RSRC_CONF,  \
                      "seconds for which a signature may be reused, 0 to sign every "              \
                      "request")

#endif /* MCC_CONFIG_FORWARD_DIRECTIVES_H */
