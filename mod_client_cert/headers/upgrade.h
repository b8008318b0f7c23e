/* SPDX-License-Identifier: Apache-2.0 */
/**
 * @file upgrade.h
 * @brief Requests that ask to leave HTTP (Upgrade, RFC 9110 section 7.8).
 */
#ifndef MCC_HEADERS_UPGRADE_H
#define MCC_HEADERS_UPGRADE_H

#include <httpd.h>

/** post_read_request, where some server accepts: the connection ends with the
 *  answer to a request that asks for it. A proxy that hands a connection through
 *  once it has asked for Upgrade sends what its client says next as though it said
 *  it itself; and any server of this httpd may be asked then. */
void mcc_upgrade_note(request_rec *r);

/** The same before the head of a response is written that is not 101, where
 *  asks_for_upgrade. */
void mcc_upgrade_denied(request_rec *r);

/** The same when it was written: whatever others made of it, nothing more is read
 *  from this connection. */
void mcc_upgrade_end(const request_rec *r);

/** On the way to a backend: no other version of HTTP is asked for, in which the client would
 *  send requests that are not cleaned. */
void mcc_upgrade_withhold(request_rec *r);

#endif /* MCC_HEADERS_UPGRADE_H */
