/* SPDX-License-Identifier: Apache-2.0 */
/**
 * @file backend_certificate.h
 * @brief The certificate presented to a backend: the same that signs.
 *
 * Where SSLProxyMachineCertificateFile and ClientCertSigner name the same file,
 * an origin expects one certificate of both. But mod_ssl reads the file
 * separately and at another time, when its content may differ. A file that
 * cannot be used gives mod_ssl no certificate, while the last good one goes on
 * signing. So the signer's certificate and key are presented then.
 */
#ifndef MCC_TLS_BACKEND_CERTIFICATE_H
#define MCC_TLS_BACKEND_CERTIFICATE_H

#include <httpd.h>
#include <http_config.h>

#include <mod_ssl_openssl.h>

/** pre_config hook: OpenSSL's slots for what is ours. */
int mcc_backend_certificate_pre_config(apr_pool_t *pconf, apr_pool_t *plog, apr_pool_t *ptemp);

/** proxy's section_post_config hook, before and after mod_ssl's: whose settings
 *  the SSL_CTX that it makes has. */
int mcc_backend_certificate_enter_section(apr_pool_t *p, apr_pool_t *plog, apr_pool_t *ptemp,
                                          server_rec *s, ap_conf_vector_t *section);
int mcc_backend_certificate_leave_section(apr_pool_t *p, apr_pool_t *plog, apr_pool_t *ptemp,
                                          server_rec *s, ap_conf_vector_t *section);

/** mod_ssl's init_server hook. */
int mcc_backend_certificate_init_server(server_rec *s, apr_pool_t *p, int is_proxy, SSL_CTX *ctx);

/** mod_ssl's pre_handshake hook. */
int mcc_backend_certificate_pre_handshake(conn_rec *c, SSL *ssl, int is_proxy);

/** Directive functions. */
const char *mcc_see_machine_certificate_file(cmd_parms *cmd, void *dir, const char *args);
const char *mcc_see_certificate_file(cmd_parms *cmd, void *dir, const char *args);

#endif /* MCC_TLS_BACKEND_CERTIFICATE_H */
