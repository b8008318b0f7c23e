/* SPDX-License-Identifier: Apache-2.0 */
/**
 * @file client.h
 * @brief Who the TLS client of a connection is, and whether that was verified.
 *
 * What was observed in the handshake (verify_callback.h), or in that of the
 * resumed session (session_record.h), for the virtual host that answers.
 */
#ifndef MCC_TLS_CLIENT_H
#define MCC_TLS_CLIENT_H

#include <httpd.h>

#include "tls/vhost.h"

typedef enum {
    MCC_TLS_CLIENT_NONE,       /**< no TLS, or no client certificate */
    MCC_TLS_CLIENT_UNVERIFIED, /**< one that must not be forwarded */
    MCC_TLS_CLIENT_FAULT,      /**< who it is could not be found out, by our fault */
    MCC_TLS_CLIENT_VERIFIED
} mcc_tls_client_state_t;

typedef struct {
    mcc_tls_client_state_t state;
    const char *reason; /**< with MCC_TLS_CLIENT_UNVERIFIED and _FAULT, for the log */
    /** with MCC_TLS_CLIENT_VERIFIED; lives until the connection's next
     *  handshake, which is not before the request is done with it */
    const client_cert_client *client;
} mcc_tls_identity_t;

/** The client of a request, if it was verified as the virtual host that answers it
 *  verifies clients and its certificate is valid at now (Unix time, seconds). */
void mcc_tls_identify(request_rec *r, apr_int64_t now, mcc_tls_identity_t *identity);

/** Write the id of the certificate with which this side of a request's connection was terminated
 *  by its last handshake, whether or not the client presented one. On a resumed session that is
 *  the full handshake's. Not before mcc_tls_identify().
 *  @return 0 if that is not known, or there is no TLS */
int mcc_tls_presented(const request_rec *r, uint8_t id[MCC_ID_LENGTH]);

#endif /* MCC_TLS_CLIENT_H */
