/* SPDX-License-Identifier: Apache-2.0 */
/**
 * @file log.h
 * @brief What OpenSSL has to say about a failure.
 */
#ifndef MCC_LOG_H
#define MCC_LOG_H

#include <httpd.h>

/** Log and empty this thread's queue of OpenSSL errors. */
void mcc_log_openssl_errors(request_rec *r);

#endif /* MCC_LOG_H */
