/* SPDX-License-Identifier: Apache-2.0 */
/**
 * @file connection_record.h
 * @brief What is remembered of one client connection.
 *
 * The streams of an HTTP/2 connection run on threads of their own, and share
 * their connection's.
 */
#ifndef MCC_CONNECTION_RECORD_H
#define MCC_CONNECTION_RECORD_H

#include <httpd.h>
#include <http_config.h>

#include "config/config.h"

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

#endif /* MCC_CONNECTION_RECORD_H */
