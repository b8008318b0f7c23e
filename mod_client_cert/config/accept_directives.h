/* SPDX-License-Identifier: Apache-2.0 */
/**
 * @file accept_directives.h
 * @brief The directives of the accept role.
 */
#ifndef MCC_CONFIG_ACCEPT_DIRECTIVES_H
#define MCC_CONFIG_ACCEPT_DIRECTIVES_H

#include <httpd.h>
#include <http_config.h>

#include "config/config.h"

void mcc_accept_config_init(mcc_accept_config_t *conf);
/** conf may be add. */
void mcc_accept_config_merge(mcc_accept_config_t *conf, const mcc_accept_config_t *base,
                             const mcc_accept_config_t *add);

/** Directive functions. */
const char *mcc_set_accept(cmd_parms *cmd, void *dir, const char *word, const char *header);
const char *mcc_set_trust(cmd_parms *cmd, void *dir, const char *file);
const char *mcc_set_trust_name(cmd_parms *cmd, void *dir, const char *name);
const char *mcc_set_trust_crl(cmd_parms *cmd, void *dir, const char *file);
const char *mcc_set_client_trust(cmd_parms *cmd, void *dir, const char *file);
const char *mcc_set_client_crl(cmd_parms *cmd, void *dir, const char *file);
const char *mcc_set_trust_peer(cmd_parms *cmd, void *dir, int on);
const char *mcc_set_max_age(cmd_parms *cmd, void *dir, const char *age, const char *skew);
const char *mcc_set_user_name(cmd_parms *cmd, void *dir, const char *variable);

/** Their rows in the table of directives. */
#define MCC_ACCEPT_DIRECTIVES                                                                      \
    AP_INIT_TAKE12("ClientCertAccept", mcc_set_accept, NULL, RSRC_CONF | ACCESS_CONF,              \
                   "off, or a format and, if it is not the usual one, the header "                 \
                   "to read it from"),                                                             \
        AP_INIT_TAKE1("ClientCertTrust", mcc_set_trust, NULL, RSRC_CONF | ACCESS_CONF,             \
                      "a PEM file of the CAs of signers, or of signers themselves"),               \
        AP_INIT_ITERATE("ClientCertTrustName", mcc_set_trust_name, NULL, RSRC_CONF | ACCESS_CONF,  \
                        "dNSNames and URIs of which a signer must have one"),                      \
        AP_INIT_TAKE1("ClientCertTrustCRL", mcc_set_trust_crl, NULL, RSRC_CONF | ACCESS_CONF,      \
                      "a PEM file of the CRLs for the signer's chain"),                            \
        AP_INIT_TAKE1("ClientCertClientTrust", mcc_set_client_trust, NULL,                         \
                      RSRC_CONF | ACCESS_CONF,                                                     \
                      "a PEM file of the CAs to which clients must lead here as well"),            \
        AP_INIT_TAKE1("ClientCertClientCRL", mcc_set_client_crl, NULL, RSRC_CONF | ACCESS_CONF,    \
                      "a PEM file of the CRLs for the client's chain"),                            \
        AP_INIT_FLAG("ClientCertTrustPeer", mcc_set_trust_peer, NULL, RSRC_CONF | ACCESS_CONF,     \
                     "off if the signer need not be the TLS peer"),                                \
        AP_INIT_TAKE12("ClientCertMaxAge", mcc_set_max_age, NULL, RSRC_CONF | ACCESS_CONF,         \
                       "seconds for which a signature is taken, and those for which "              \
                       "its time may lie in the future"),                                          \
        AP_INIT_TAKE1("ClientCertUserName", mcc_set_user_name, NULL, RSRC_CONF | ACCESS_CONF,      \
                      "the variable to take the user's name from")

#endif /* MCC_CONFIG_ACCEPT_DIRECTIVES_H */
