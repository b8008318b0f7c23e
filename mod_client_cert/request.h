/* SPDX-License-Identifier: Apache-2.0 */
/**
 * @file request.h
 * @brief What is remembered of one request, and what the log can show of it.
 */
#ifndef MCC_REQUEST_H
#define MCC_REQUEST_H

#include <httpd.h>

#define MCC_NOTE_FORWARD "client-cert-forward"
#define MCC_NOTE_INCOMING "client-cert-incoming"

typedef struct {
    /** the client's own headers were looked for and removed */
    unsigned cleaned : 1;
    /** headers_in holds headers that we set */
    unsigned forwards : 1;
} mcc_request;

/** The request's record, made when it is first asked for. */
mcc_request *mcc_request_of(request_rec *r);

/** The record if there is one, else NULL. */
mcc_request *mcc_request_known(const request_rec *r);

/** Copy our notes from the request that redirected here: httpd starts with an
 *  empty table, and the access log shows the last request's. */
void mcc_request_carry_notes(request_rec *r);

#endif /* MCC_REQUEST_H */
