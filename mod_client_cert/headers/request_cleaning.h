/* SPDX-License-Identifier: Apache-2.0 */
/**
 * @file request_cleaning.h
 * @brief Taking our headers out of a request, and keeping those that we set.
 */
#ifndef MCC_HEADERS_REQUEST_CLEANING_H
#define MCC_HEADERS_REQUEST_CLEANING_H

#include <httpd.h>

#include <apr_tables.h>

#include "config/config.h"
#include "names.h"

/** Remove every field whose name folds to one of names. */
void mcc_headers_remove(request_rec *r, apr_table_t *headers, const mcc_names_t *names);

/** Remove from the fields that a client sent ours, and the known headers but those of
 *  ClientCertKnownHeaders keep. Each is one line in the log, its name only, never its value.
 *  @return how many of ours there were; that others were removed is noted */
int mcc_headers_remove_arriving(request_rec *r, apr_table_t *headers,
                                const client_cert_kept_headers *kept);

/** The same of the trailers, of all known headers: no terminator tells there who the
 *  client is. Where MergeTrailers has put known ones among the headers they are removed there;
 *  those of the same names that were not sent as trailers stay. */
int mcc_headers_remove_trailers(request_rec *r);

/** Take such names out of Connection, where a client asks mod_proxy to remove
 *  the headers that it names. What else it says stays. */
void mcc_headers_clean_connection_field(request_rec *r, apr_table_t *headers,
                                        const mcc_names_t *names);

/** Remove the variables that backends take for our headers, whatever set them. CGI handlers set
 *  them for an earlier request: a subrequest starts with its parent's, a redirect with its
 *  predecessor's under REDIRECT_.
 *  @param report whether each is one line in the log */
void mcc_headers_remove_variables(request_rec *r, const mcc_names_t *names, int report);

#endif /* MCC_HEADERS_REQUEST_CLEANING_H */
