/* SPDX-License-Identifier: Apache-2.0 */
/**
 * @file environment.h
 * @brief Taking variables out of a request's environment.
 */
#ifndef MCC_ENVIRONMENT_H
#define MCC_ENVIRONMENT_H

#include <httpd.h>

/** Remove each variable of which is_meant says that it goes, and those of the
 *  requests that led here, which have REDIRECT_ before their names.
 *  @param data is_meant's */
void mcc_environment_remove(request_rec *r,
                            int (*is_meant)(const void *data, const char *name, const char *value),
                            const void *data);

#endif /* MCC_ENVIRONMENT_H */
