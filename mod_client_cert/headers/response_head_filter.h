/* SPDX-License-Identifier: Apache-2.0 */
/**
 * @file response_head_filter.h
 * @brief Our headers in heads of responses that pass no filter of the request:
 *        interim responses (100, 103 and their like), a switch of protocols
 *        (101), and what mod_proxy_wstunnel hands through.
 *
 * httpd writes those to the connection. Whatever it writes there before the
 * response proper begins is heads, and each is cleaned.
 */
#ifndef MCC_HEADERS_RESPONSE_HEAD_FILTER_H
#define MCC_HEADERS_RESPONSE_HEAD_FILTER_H

#include <httpd.h>

/** Register the output filter. */
void mcc_head_filter_register(void);

/** Watch the connection until the response to this request begins; fixups. */
void mcc_head_filter_install(const request_rec *r);

/** The response begins: it passes the request's filters. */
void mcc_head_filter_remove(const request_rec *r);

#endif /* MCC_HEADERS_RESPONSE_HEAD_FILTER_H */
