/* SPDX-License-Identifier: Apache-2.0 */
/**
 * @file headers.h
 * @brief Our headers, and the known ones, out of requests, their trailers and responses.
 */
#ifndef MCC_HEADERS_HEADERS_H
#define MCC_HEADERS_HEADERS_H

#include <httpd.h>

#include "config/config.h"

/** Whether an entry of a table goes. */
typedef int mcc_table_test_t(const void *data, const char *name, const char *value);

/** Remove each entry of a table of which goes says so; the others stay in their order.
 *  @param data goes's */
void mcc_table_remove(apr_pool_t *p, apr_table_t *table, mcc_table_test_t *goes, const void *data);

/** The name that a variable had in the request that led here: without REDIRECT_, which a redirect's
 *  redirect has twice. */
const char *mcc_name_before_redirects(const char *variable);

/** Whether a field may be one of these: hardly any request has such a field. */
static APR_INLINE int mcc_headers_may_have(const apr_table_t *headers, const mcc_names_t *names)
{
    const apr_array_header_t *fields = apr_table_elts(headers);
    const apr_table_entry_t *field = (const apr_table_entry_t *)fields->elts;
    const apr_table_entry_t *end = field + fields->nelts;

    while (field < end && !mcc_names_may_contain(names, field->key)) {
        field++;
    }
    return field < end;
}

/** Remove every field whose name folds to one of ours. */
void mcc_headers_remove(request_rec *r, apr_table_t *headers);

/** Take names out of Connection, where a client asks mod_proxy to remove the headers that it names.
 *  What else it says stays. */
void mcc_headers_clean_connection_field(request_rec *r, apr_table_t *headers,
                                        const mcc_names_t *names);

/** Remove the variables that backends take for our headers, whatever set them. CGI handlers set
 *  them for an earlier request: a subrequest starts with its parent's, a redirect with its
 *  predecessor's under REDIRECT_.
 *  @param report whether each is one line in the log */
void mcc_headers_remove_variables(request_rec *r, int report);

/** On the way to a backend: no other version of HTTP is asked for, in which the client would
 *  send requests that are not cleaned. */
void mcc_headers_withhold_upgrade(request_rec *r);

/** Register the input filter. With MergeTrailers our headers land among the headers while the body
 *  is read, long after fixups; some backends are sent the headers only then, and a balancer sends
 *  them again to its second member. */
void mcc_incoming_register(void);

/** post_read_request hook, before anything, a cache included, has read the headers: remove ours and
 *  the known headers, or answer 400 (ClientCertIncoming). */
int mcc_incoming_post_read_request(request_rec *r);

/** Access hook after mod_ssl's, which reads the body, trailers and all, before it
 *  asks for a client's certificate in mid connection. */
int mcc_incoming_strip_trailers(request_rec *r);

/** Fixups hook, before any other: both once more, since MultiViews puts another
 *  request's input filters in the place of this one's; and 400 for a request
 *  that had trailers which are not to be. */
int mcc_incoming_enforce_trailers(request_rec *r);

/** post_read_request, where some server accepts: the connection ends with the
 *  answer to a request that asks for Upgrade (RFC 9110 section 7.8). A proxy that hands a
 *  connection through once it has asked for it sends what its client says next as though it said
 *  it itself; and any server of this httpd may be asked then. */
void mcc_incoming_note_upgrade(request_rec *r);

/** Register the output filters: responses without our headers, with a correct Vary, and in no
 *  cache that would serve them to another client (RFC 9440 section 2.4). */
void mcc_response_register(void);

/** insert_filter and insert_error_filter hook. */
void mcc_response_insert_filter(request_rec *r);

/** The request carries a certificate: no other client may get its response, nor that of a
 *  request of which it is a subrequest. */
void mcc_response_depends_on_client(request_rec *r);

/** From fixups on: watch the connection until the response begins. Interim responses (100, 103 and
 *  their like), a switch of protocols (101), and what mod_proxy_wstunnel hands through pass no filter
 *  of the request. Whatever httpd writes to the connection until then is heads. */
void mcc_response_watch_heads(const request_rec *r);

#endif /* MCC_HEADERS_HEADERS_H */
