/* SPDX-License-Identifier: Apache-2.0 */
/**
 * @file response_filter.h
 * @brief Responses: without our headers, with a correct Vary, and in no cache
 *        that would serve them to another client (RFC 9440, section 2.4).
 */
#ifndef MCC_HEADERS_RESPONSE_FILTER_H
#define MCC_HEADERS_RESPONSE_FILTER_H

#include <httpd.h>

/** Register the output filters. */
void mcc_response_register(void);

/** insert_filter and insert_error_filter hook. */
void mcc_response_insert_filter(request_rec *r);

/** The request carries a certificate: no other client may get its response, nor that of a
 *  request of which it is a subrequest. */
void mcc_response_depends_on_client(request_rec *r);

#endif /* MCC_HEADERS_RESPONSE_FILTER_H */
