/* SPDX-License-Identifier: Apache-2.0 */
/**
 * @file forward.h
 * @brief The forward role: setting the headers that go to the backend.
 */
#ifndef MCC_FORWARD_FORWARD_H
#define MCC_FORWARD_FORWARD_H

#include <httpd.h>

/** fixups hook, after every other module's. Sets the headers that
 *  ClientCertForward names on requests that go to a backend.
 *  @return DECLINED, or 500 where a header should be sent and cannot be made */
int mcc_forward_fixups(request_rec *r);

/** protocol_switch hook, before the connection becomes HTTP/2: the request that
 *  asked for it is its first stream, and is to come as the client sent it. It may have
 *  been the one in which the client changed. */
int mcc_forward_protocol_switch(conn_rec *c, request_rec *r, server_rec *s, const char *protocol);

#endif /* MCC_FORWARD_FORWARD_H */
