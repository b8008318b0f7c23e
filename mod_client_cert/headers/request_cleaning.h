/* SPDX-License-Identifier: Apache-2.0 */
/**
 * @file request_cleaning.h
 * @brief Taking our headers out of a request, and keeping those that we set.
 */
#ifndef MCC_HEADERS_REQUEST_CLEANING_H
#define MCC_HEADERS_REQUEST_CLEANING_H

#include <httpd.h>

#include <apr_tables.h>

#include "names.h"

/** Remove every field whose name folds to one of names.
 *  @return how many there were; each is one line in the log if report is set,
 *          its name only, never its value */
int mcc_headers_remove(request_rec *r, apr_table_t *headers, const mcc_names_t *names, int report);

/** Take our names out of Connection, where a client asks mod_proxy to remove
 *  the headers that it names. What else it says stays. */
void mcc_headers_clean_connection_field(request_rec *r, apr_table_t *headers,
                                        const mcc_names_t *names);

/** Remove the variables that backends take for our headers, whatever set them. CGI handlers set
 *  them for an earlier request: a subrequest starts with its parent's, a redirect with its
 *  predecessor's under REDIRECT_.
 *  @param report as above */
void mcc_headers_remove_variables(request_rec *r, const mcc_names_t *names, int report);

#endif /* MCC_HEADERS_REQUEST_CLEANING_H */
