/* SPDX-License-Identifier: Apache-2.0 */
/**
 * @file trailers.h
 * @brief Our headers among the fields that follow a request's body.
 *
 * With MergeTrailers they land among the headers while the body is read, long
 * after fixups; some backends are sent the headers only then, and a balancer
 * sends them again to its second member.
 */
#ifndef MCC_HEADERS_TRAILERS_H
#define MCC_HEADERS_TRAILERS_H

#include <httpd.h>

/** Register the input filter. */
void mcc_trailers_register(void);

/** Watch the body of a request that may end with trailers. */
void mcc_trailers_install(request_rec *r);

/** Access hook after mod_ssl's, which reads the body, trailers and all, before it
 *  asks for a client's certificate in mid connection. */
int mcc_trailers_strip(request_rec *r);

/** Fixups hook, before any other: both once more, since MultiViews puts another
 *  request's input filters in the place of this one's; and 400 for a request
 *  that had trailers which are not to be. */
int mcc_trailers_enforce(request_rec *r);

#endif /* MCC_HEADERS_TRAILERS_H */
