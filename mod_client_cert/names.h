/* SPDX-License-Identifier: Apache-2.0 */
/**
 * @file names.h
 * @brief Header names, read as the most careless backend reads them.
 *
 * CGI and its relatives turn a header into a variable by writing every byte
 * that is neither a letter nor a digit as '_' and ignoring case, so that
 * Client-Cert, client_cert and CLIENT.CERT are one. Names are compared in that
 * folding here, and only here.
 */
#ifndef MCC_NAMES_H
#define MCC_NAMES_H

#include <apr_tables.h>

#define MCC_CLIENT_CERT "Client-Cert"
#define MCC_CLIENT_CERT_CHAIN "Client-Cert-Chain"

/** Whether two names fold to one. */
int mcc_names_equal(const char *a, const char *b);

/** Add a name unless one that folds to it is there; the array holds (const
 *  char *), and the name is kept, not copied. */
void mcc_names_add(apr_array_header_t *names, const char *name);

/** Whether a name folds to one of the array's. */
int mcc_names_contain(const apr_array_header_t *names, const char *name);

/** Whether a name is a token (RFC 9110, section 5.6.2). */
int mcc_name_is_token(const char *name);

/** Whether HTTP or its proxies need this header for themselves. */
int mcc_name_is_reserved(const char *name);

#endif /* MCC_NAMES_H */
