/* SPDX-License-Identifier: Apache-2.0 */
/**
 * @file variables.h
 * @brief What the application sees of an accepted client: SSL_CLIENT_* as of
 *        mod_ssl, and CLIENT_CERT_*.
 */
#ifndef MCC_ACCEPT_VARIABLES_H
#define MCC_ACCEPT_VARIABLES_H

#include <httpd.h>

#include "accept/accept.h"

/** Whether a name is one of these variables', in any case, as mod_ssl reads
 *  the names of its own. */
int mcc_accept_is_variable(const char *name);

/** The value of a variable as the application is to see it.
 *  @return NULL where the variable is not ours to answer for */
const char *mcc_accept_variable(request_rec *r, const char *name);

/** Write the variables of the request's client, or those of a request without a client, into its
 *  environment, in place of what is there under these names. */
void mcc_accept_variables_export(request_rec *r, const mcc_accept_outcome_t *outcome);

/** Take the variables out of the environment, and with REDIRECT_ those of the
 *  requests that led to this one. */
void mcc_accept_variables_remove(request_rec *r);

/** What PeerExtList of an expression gives for an accepted client.
 *  @param extension a long or short name of OpenSSL's, or a numeric OID
 *  @return (const char *) the values in words; NULL if there are none */
apr_array_header_t *mcc_accept_extensions(request_rec *r, apr_pool_t *p, const char *extension);

#endif /* MCC_ACCEPT_VARIABLES_H */
