/* SPDX-License-Identifier: Apache-2.0 */
/**
 * @file interim.h
 * @brief Our headers in interim responses (103 Early Hints and their like).
 *
 * httpd writes those to the connection, past every filter of the request.
 */
#ifndef MCC_INTERIM_H
#define MCC_INTERIM_H

#include <httpd.h>

/** Register the output filter. */
void mcc_interim_register(void);

/** Watch the connection for interim responses to this request; fixups. */
void mcc_interim_watch(request_rec *r);

#endif /* MCC_INTERIM_H */
