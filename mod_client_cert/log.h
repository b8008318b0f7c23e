/* SPDX-License-Identifier: Apache-2.0 */
/**
 * @file log.h
 * @brief What OpenSSL has to say about a failure.
 */
#ifndef MCC_LOG_H
#define MCC_LOG_H

#include <httpd.h>

/** Log the last of this thread's OpenSSL errors, which tells most of what just
 *  failed, and empty the queue of them. */
void mcc_log_openssl_error(request_rec *r);

#endif /* MCC_LOG_H */
