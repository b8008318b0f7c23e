/* SPDX-License-Identifier: Apache-2.0 */
/**
 * @file request.h
 * @brief What is remembered of one request and of its connection, and what the log can show
 *        of it.
 */
#ifndef MCC_REQUEST_H
#define MCC_REQUEST_H

#include <httpd.h>
#include <http_config.h>

#include <apr_tables.h>

#include "config/config.h"

#define MCC_NOTE_FORWARD "client-cert-forward"
#define MCC_NOTE_ACCEPT "client-cert-accept"
#define MCC_NOTE_INCOMING "client-cert-incoming"

/** A request's user, see accept/user.c. */
typedef struct {
    /** the outcome when access was checked, NULL before; and the variable that
     *  ClientCertUserName named there */
    const client_cert_accept_outcome *outcome;
    const char *variable;
    /** as they were before mod_ssl's and our hooks */
    char *name, *auth_type;
    const char *authorization;
    /** name, auth_type and authorization are saved, and not yet compared with those after
     *  mod_ssl's hook */
    unsigned name_saved : 1, authorization_saved : 1;
    /** mod_ssl made an Authorization of the TLS peer's certificate */
    unsigned faked : 1;
    /** the user name that a certificate gave: the TLS peer's where the role is
     *  not played, else the client's; NULL if none did */
    char *given;
} mcc_user_t;

typedef struct {
    /** the client's own headers were looked for and removed */
    unsigned cleaned : 1;
    /** our headers were among trailers that are read already */
    unsigned trailers_stripped : 1;
    /** the response depends on the client's certificate: no cache may keep it */
    unsigned identified : 1;
    /** the response's Vary named one of our headers */
    unsigned varies : 1;
    /** the client asks to leave HTTP, where some server accepts */
    unsigned asks_for_upgrade : 1;
    /** refused by this module: the value that ClientCertAccept reads was not acceptable */
    unsigned refused : 1;
    /** the headers that we set; NULL if none were */
    const client_cert_forwarded *sent;
    /** of the first request: (client_cert_captured_field) what ClientCertAccept reads, NULL if none does */
    apr_array_header_t *captured;
    /** of the first request: what was found out of it, see accept.c */
    apr_array_header_t *outcomes;
    /** the one that was asked for last, and the per_dir_config it is for */
    const client_cert_accept_outcome *outcome;
    const void *outcome_conf;
    /** map_to_storage has begun: sections' configuration counts from here on */
    unsigned located : 1;
    /** a variable of the client could not be read: to be answered 500 */
    unsigned variable_failed : 1;
    /** whose variables the environment holds; NULL if none are ours */
    const client_cert_accept_outcome *exported;
    /** NULL if access was not checked where the accept role is played */
    mcc_user_t *user;
} mcc_request_t;

/** The request's record, made when it is first asked for. */
mcc_request_t *mcc_request_of(request_rec *r);

/** The record if there is one, else NULL. */
mcc_request_t *mcc_request_known(const request_rec *r);

/** Write a line to the request's error log. It is a client_cert_listener's, whose context is the
 *  request.
 *  @param level a client_cert_level */
void mcc_log_line(void *r, size_t level, const char *line);

/** Set the headers for the backend, and remember that they are ours. */
void mcc_request_send(request_rec *r, const client_cert_forwarded *forwarded);

/** Whether a field's value is what mcc_request_send() set: sent is the request's
 *  and may be NULL. */
static APR_INLINE int mcc_request_is_sent(const client_cert_forwarded *sent, const char *value)
{
    size_t i;

    for (i = 0; sent && i < sent->header_count; i++) {
        if (sent->headers[i].value == value) {
            return 1;
        }
    }
    for (i = 0; sent && i < sent->variable_count; i++) {
        if (sent->variables[i].value == value) {
            return 1;
        }
    }
    return 0;
}

/** Set again what mcc_request_send() set. */
void mcc_request_send_again(request_rec *r);

/** Take back all that mcc_request_send() set. */
void mcc_request_send_nothing(request_rec *r);

/** Our headers were in a request that this server had not asked for: note what becomes of
 *  it, which is said nowhere else.
 *  @return whether it is to be answered 400 (ClientCertIncoming reject) */
int mcc_request_reject(request_rec *r);

/** Copy from the request that redirected here what still applies: this module's notes, since the
 *  access log records the last request's, and that the response depends on the client. */
void mcc_request_inherit(request_rec *r);

/** What is remembered of one client connection. The streams of an HTTP/2 connection run on threads
 *  of their own, and share their connection's. */
typedef struct {
    /** mod_ssl handles it: this is the first member of what tls/connection.c
     *  remembers */
    unsigned has_tls : 1;
    /** a large value was warned of; changed atomically */
    volatile apr_uint32_t large_value_warned;
} mcc_connection_t;

/** The record of a connection, or of the one that a stream belongs to; NULL if
 *  there is none. */
static APR_INLINE mcc_connection_t *mcc_connection_of(const conn_rec *c)
{
    return ap_get_module_config((c->master ? c->master : c)->conn_config, &client_cert_module);
}

/** pre_connection hook, after mod_ssl's: a record where that made none. */
int mcc_connection_pre_connection(conn_rec *c, void *socket);

/** Whether no large value was warned of on this connection before. The call counts as the
 *  warning. */
int mcc_connection_first_large_value(const conn_rec *c);

#endif /* MCC_REQUEST_H */
