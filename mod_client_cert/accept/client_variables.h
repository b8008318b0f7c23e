/* SPDX-License-Identifier: Apache-2.0 */
/**
 * @file client_variables.h
 * @brief The SSL_CLIENT_* variables of a certificate, as mod_ssl would give
 *        them had its owner been the client of this TLS connection.
 *
 * Names and values are those of httpd 2.4.68 and later, to the byte. An older
 * mod_ssl has no SSL_CLIENT_S_DN_SerialNumber, and may count the days of
 * SSL_CLIENT_V_REMAIN differently. The SSL_CLIENT_CERT_CHAIN_n are left out:
 * nobody vouches for them here.
 */
#ifndef MCC_ACCEPT_CLIENT_VARIABLES_H
#define MCC_ACCEPT_CLIENT_VARIABLES_H

#include <apr_tables.h>

#include <openssl/x509.h>

/** One variable of a verified client's certificate, by mod_ssl's name for it
 *  ("SSL_CLIENT_S_DN_CN_1").
 *  @param legacy_dn SSLOptions +LegacyDNStringFormat applies
 *  @return the value, from the pool; NULL where mod_ssl has none */
const char *mcc_client_variable(apr_pool_t *p, X509 *client, const char *name,
                                int legacy_dn);

/** Set what mod_ssl's StdEnvVars sets for a verified client, the
 *  SSL_CLIENT_SAN_* included. What the table held under other names stays: a
 *  caller who replaces one client by another removes the first one's.
 *  @param cert_data add what ExportCertData sets: SSL_CLIENT_CERT
 *  @param legacy_dn SSLOptions +LegacyDNStringFormat applies */
void mcc_client_variables_export(apr_pool_t *p, apr_table_t *env, X509 *client,
                                 int cert_data, int legacy_dn);

/** The end of a certificate's validity, in Unix time, seconds; 0 if that cannot
 *  be read. */
apr_int64_t mcc_client_end(const X509 *client);

/** SSL_CLIENT_V_REMAIN: the full days from now to the end of the validity. */
const char *mcc_client_days_remaining(apr_pool_t *p, apr_int64_t end);

/** What PeerExtList of an expression gives for a client's certificate.
 *  @param extension a long or short name of OpenSSL's, or a numeric OID
 *  @return (const char *) the values in words; NULL if there are none */
apr_array_header_t *mcc_client_extensions(apr_pool_t *p, X509 *client,
                                          const char *extension);

#endif /* MCC_ACCEPT_CLIENT_VARIABLES_H */
