/* SPDX-License-Identifier: Apache-2.0 */
/**
 * @file incoming.h
 * @brief Requests that arrive with one of our headers, ClientCertIncoming.
 */
#ifndef MCC_INCOMING_H
#define MCC_INCOMING_H

#include <httpd.h>

/** post_read_request hook: before anything, a cache included, has read the
 *  headers. Removes ours, or answers 400. */
int mcc_incoming_post_read_request(request_rec *r);

#endif /* MCC_INCOMING_H */
