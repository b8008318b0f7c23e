/* SPDX-License-Identifier: Apache-2.0 */
/**
 * @file accept.h
 * @brief The accept role: who the client of a request is, by the header that a
 *        proxy in front of this server has signed.
 *
 * A value is verified when its outcome is first needed, which may be by an <If>.
 * The outcome is remembered for the request, its subrequests and its redirects,
 * by the configuration that it was verified with.
 */
#ifndef MCC_ACCEPT_ACCEPT_H
#define MCC_ACCEPT_ACCEPT_H

#include <httpd.h>

#include "client_cert.h"

typedef enum {
    MCC_ACCEPT_STATE_OFF,  /**< the role is not played here */
    MCC_ACCEPT_STATE_NONE, /**< no header, no identity */
    MCC_ACCEPT_STATE_ACCEPTED,
    MCC_ACCEPT_STATE_MALFORMED, /**< to be answered 400 */
    MCC_ACCEPT_STATE_REFUSED,   /**< to be answered 403 */
    MCC_ACCEPT_STATE_FAULT      /**< ours: to be answered 500 */
} mcc_accept_state_t;

typedef struct mcc_accept_outcome {
    mcc_accept_state_t state;
    /** with MALFORMED, REFUSED and FAULT; in full for the log, and without the
     *  particulars of this request for CLIENT_CERT_VERIFY */
    const char *reason, *kind;
    /** with MALFORMED and REFUSED */
    client_cert_result result;
    /** with ACCEPTED, else NULL; it lives as long as the first request */
    client_cert_accepted *accepted;
    /** the accepted client, to be forwarded */
    const client_cert_client *client;
    /** where ClientCertClientTrust applies, that client, with the path that verified; else NULL */
    client_cert_client *verified;
    /** its variables, which live as long; 0 where nothing is accepted */
    const client_cert_variable *variables;
    size_t variable_count;
} mcc_accept_outcome_t;

/** The outcome for a request as it is configured now. */
const mcc_accept_outcome_t *mcc_accept_outcome_of(request_rec *r);

/** Set the values of the headers that ClientCertAccept names aside. */
void mcc_accept_capture(request_rec *r);

/** Put them back among the request's headers. */
void mcc_accept_give_back(request_rec *r);

/** Whether it is not known yet which sections apply, on a server where some play the role. Until
 *  then the request has no client; mod_ssl would name the TLS peer. */
int mcc_accept_sections_unknown(request_rec *r);

/** post_perdir_config hook: nothing skips it. Answers 400, 403 and 500. */
int mcc_accept_enforce(request_rec *r);

#endif /* MCC_ACCEPT_ACCEPT_H */
