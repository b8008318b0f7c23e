/* SPDX-License-Identifier: Apache-2.0 */
/**
 * @file headers.h
 * @brief Our headers, and the known ones, out of requests, their trailers and responses.
 */
#ifndef MCC_HEADERS_HEADERS_H
#define MCC_HEADERS_HEADERS_H

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

/** Register the input filter. With MergeTrailers our headers land among the headers while the body
 *  is read, long after fixups; some backends are sent the headers only then, and a balancer sends
 *  them again to its second member. */
void mcc_trailers_register(void);

/** Watch the body of a request that may end with trailers. */
void mcc_trailers_install(request_rec *r);

/** Access hook after mod_ssl's, which reads the body, trailers and all, before it
 *  asks for a client's certificate in mid connection. */
int mcc_trailers_strip(request_rec *r);

/** Fixups hook, before any other: both once more, since MultiViews puts another
 *  request's input filters in the place of this one's; and 400 for a request
 *  that had trailers which are not to be. */
int mcc_trailers_enforce(request_rec *r);

/** post_read_request, where some server accepts: the connection ends with the
 *  answer to a request that asks for Upgrade (RFC 9110 section 7.8). A proxy that hands a
 *  connection through once it has asked for it sends what its client says next as though it said
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

/** Register the output filters: responses without our headers, with a correct Vary, and in no
 *  cache that would serve them to another client (RFC 9440 section 2.4). */
void mcc_response_register(void);

/** insert_filter and insert_error_filter hook. */
void mcc_response_insert_filter(request_rec *r);

/** The request carries a certificate: no other client may get its response, nor that of a
 *  request of which it is a subrequest. */
void mcc_response_depends_on_client(request_rec *r);

/** Register the output filter of connections. Interim responses (100, 103 and their like), a
 *  switch of protocols (101), and what mod_proxy_wstunnel hands through pass no filter of the
 *  request. Whatever httpd writes to the connection before the response proper begins is heads. */
void mcc_head_filter_register(void);

/** Watch the connection until the response to this request begins; fixups. */
void mcc_head_filter_install(const request_rec *r);

/** The response begins: it passes the request's filters. */
void mcc_head_filter_remove(const request_rec *r);

#endif /* MCC_HEADERS_HEADERS_H */
