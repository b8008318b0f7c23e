/* SPDX-License-Identifier: Apache-2.0 */

#include "headers/headers.h"

#include <http_log.h>
#include <http_protocol.h>
#include <util_filter.h>

#include "client_cert.h"
#include "config/config.h"

APLOG_USE_MODULE(client_cert);

static ap_filter_rec_t *interim_filter;

/** One filter a connection: its requests come one after the other. Nothing here
 *  is a request's, for one may be freed while it passes. */
typedef struct {
    /** a client_cert_head: until it is AFTER, the response proper to the request at
     *  hand has not begun */
    uint32_t state;
    const mcc_names_t *names;        /**< ours */
    client_cert_response_head *head; /**< NULL before the first */
    apr_bucket_brigade *out;         /**< what goes on; empty between two calls */
} head_watch_t;

static apr_status_t free_head(void *head)
{
    client_cert_response_head_free(head);
    return APR_SUCCESS;
}

/* Passes on what the core gave, if it did. A head that may have our headers in it
 * reaches no client. */
static apr_status_t pass_on(head_watch_t *watch, conn_rec *c, client_cert_result result,
                            const uint8_t *data, apr_size_t length)
{
    if (result != CLIENT_CERT_RESULT_OK) {
        ap_log_cerror(APLOG_MARK, APLOG_ERR, 0, c,
                      "the head of a response cannot be cleaned of our headers: %s; "
                      "the connection ends",
                      client_cert_result_message(result));
        c->aborted = 1;
        return APR_ECONNABORTED;
    }
    if (length) {
        APR_BRIGADE_INSERT_TAIL(watch->out, apr_bucket_heap_create((const char *)data, length, NULL,
                                                                   watch->out->bucket_alloc));
    }
    return APR_SUCCESS;
}

/* Takes the first bucket, which has data. */
static apr_status_t take_data(head_watch_t *watch, conn_rec *c, apr_bucket *b)
{
    client_cert_result result = CLIENT_CERT_RESULT_OK;
    const uint8_t *cleaned = NULL;
    size_t cleaned_length = 0;
    const char *data;
    apr_size_t length;
    apr_status_t status = apr_bucket_read(b, &data, &length, APR_BLOCK_READ);

    if (status != APR_SUCCESS) {
        return status;
    }
    if (!watch->head) {
        result = client_cert_response_head_new(&watch->head);
        apr_pool_cleanup_register(c->pool, watch->head, free_head, apr_pool_cleanup_null);
    }
    if (length && result == CLIENT_CERT_RESULT_OK) {
        result =
            client_cert_response_head_read(watch->head, watch->names->set, (const uint8_t *)data,
                                           length, &watch->state, &cleaned, &cleaned_length);
    }
    status = pass_on(watch, c, result, cleaned, cleaned_length);
    apr_bucket_delete(b);
    return status;
}

/* No more comes of the head. */
static apr_status_t end_head(head_watch_t *watch, conn_rec *c)
{
    const uint8_t *cleaned = NULL;
    size_t length = 0;
    client_cert_result result = CLIENT_CERT_RESULT_OK;

    if (watch->state == CLIENT_CERT_HEAD_WITHIN) {
        result = client_cert_response_head_end(watch->head, watch->names->set, &cleaned, &length);
    }
    watch->state = CLIENT_CERT_HEAD_AFTER;
    return pass_on(watch, c, result, cleaned, length);
}

static apr_status_t write_heads(ap_filter_t *f, apr_bucket_brigade *bb)
{
    head_watch_t *watch = f->ctx;
    apr_status_t status = APR_SUCCESS;

    while (watch->state != CLIENT_CERT_HEAD_AFTER && status == APR_SUCCESS
           && !APR_BRIGADE_EMPTY(bb)) {
        apr_bucket *b = APR_BRIGADE_FIRST(bb);

        if (!APR_BUCKET_IS_METADATA(b)) {
            status = take_data(watch, f->c, b);
        }
        else if (!APR_BUCKET_IS_FLUSH(b)) {
            /* The end of the request, or of the connection. */
            status = end_head(watch, f->c);
        }
        else if (watch->state == CLIENT_CERT_HEAD_WITHIN) {
            apr_bucket_delete(b);
        }
        else {
            APR_BUCKET_REMOVE(b);
            APR_BRIGADE_INSERT_TAIL(watch->out, b);
        }
    }
    APR_BRIGADE_CONCAT(watch->out, bb);
    if (status == APR_SUCCESS && !APR_BRIGADE_EMPTY(watch->out)) {
        status = ap_pass_brigade(f->next, watch->out);
    }
    apr_brigade_cleanup(watch->out);
    return status;
}

static apr_status_t write_connection(ap_filter_t *f, apr_bucket_brigade *bb)
{
    return ((const head_watch_t *)f->ctx)->state == CLIENT_CERT_HEAD_AFTER
               ? ap_pass_brigade(f->next, bb)
               : write_heads(f, bb);
}

void mcc_head_filter_register(void)
{
    interim_filter = ap_register_output_filter("CLIENT_CERT_INTERIM", write_connection, NULL,
                                               AP_FTYPE_CONNECTION);
}

static head_watch_t *watch_of(const conn_rec *c)
{
    ap_filter_t *f;

    for (f = c->output_filters; f; f = f->next) {
        if (f->frec == interim_filter) {
            return f->ctx;
        }
    }
    return NULL;
}

void mcc_head_filter_install(const request_rec *r)
{
    conn_rec *c = r->connection;
    head_watch_t *watch;
    const uint8_t *rest;
    size_t length;

    if (r->main) {
        return;
    }
    watch = watch_of(c);
    if (!watch) {
        watch = apr_pcalloc(c->pool, sizeof(*watch));
        watch->names = &mcc_server_config_of(r->server)->global->our_names;
        watch->out = apr_brigade_create(c->pool, c->bucket_alloc);
        ap_add_output_filter_handle(interim_filter, watch, NULL, c);
    }
    /* What was not ended is not sent any more. */
    if (watch->state == CLIENT_CERT_HEAD_WITHIN) {
        (void)client_cert_response_head_end(watch->head, watch->names->set, &rest, &length);
    }
    watch->state = CLIENT_CERT_HEAD_BEFORE;
}

void mcc_head_filter_remove(const request_rec *r)
{
    head_watch_t *watch = r->main ? NULL : watch_of(r->connection);

    if (watch) {
        watch->state = CLIENT_CERT_HEAD_AFTER;
    }
}
