/* SPDX-License-Identifier: Apache-2.0 */

#include "headers/response_head_filter.h"

#include <string.h>

#include <http_log.h>
#include <http_protocol.h>
#include <util_filter.h>

#include <apr_strings.h>

#include "allocator.h"
#include "client_cert.h"
#include "config/config.h"

APLOG_USE_MODULE(client_cert);

/* More than httpd reads of a backend's response head by its own limits. */
#define MAX_HEAD (1024 * 1024)

static ap_filter_rec_t *interim_filter;

/** One filter a connection: its requests come one after the other. Nothing here
 *  is a request's, for one may be freed while it passes. */
typedef struct {
    int heads;                /**< what passes is heads: the response proper to the
                              *   request at hand has not begun */
    const mcc_names_t *names; /**< ours */
    apr_pool_t *pool;         /**< for one head; NULL before the first */
    char *head;               /**< what there is of it */
    apr_size_t length;
    apr_size_t allocated;
    apr_bucket_brigade *out; /**< what goes on; empty between two calls */
} head_watch_t;

/* A head that may have our headers in it reaches no client. */
static apr_status_t give_up(conn_rec *c, const char *reason)
{
    ap_log_cerror(APLOG_MARK, APLOG_ERR, 0, c,
                  "the head of a response cannot be cleaned of our headers: %s; "
                  "the connection ends",
                  reason);
    c->aborted = 1;
    return APR_ECONNABORTED;
}

static void forget_head(head_watch_t *watch)
{
    watch->head = NULL;
    watch->length = watch->allocated = 0;
    if (watch->pool) {
        apr_pool_clear(watch->pool);
    }
}

/* Puts what there is into what goes on. */
static void pass_on(head_watch_t *watch, const char *data, apr_size_t length)
{
    if (length) {
        APR_BRIGADE_INSERT_TAIL(
            watch->out, apr_bucket_heap_create(data, length, NULL, watch->out->bucket_alloc));
    }
    forget_head(watch);
}

/* The same of so much of the head that there is, cleaned. */
static apr_status_t pass_cleaned(head_watch_t *watch, conn_rec *c, apr_size_t length)
{
    client_cert_allocator allocator = mcc_pool_allocator(watch->pool);
    client_cert_bytes cleaned = { NULL, 0 };
    client_cert_result result;

    if (!length) {
        return APR_SUCCESS;
    }
    result = client_cert_response_head_clean((const uint8_t *)watch->head, length,
                                             watch->names->set, &allocator, &cleaned);
    if (result != CLIENT_CERT_RESULT_OK) {
        return give_up(c, client_cert_result_message(result));
    }
    pass_on(watch, (const char *)cleaned.data, cleaned.length);
    return APR_SUCCESS;
}

static void add_to_head(head_watch_t *watch, const char *data, apr_size_t length)
{
    if (!watch->pool) {
        apr_pool_create(&watch->pool, watch->out->p);
    }
    if (watch->length + length > watch->allocated) {
        char *head;

        watch->allocated = 2 * (watch->length + length);
        head = apr_palloc(watch->pool, watch->allocated);
        if (watch->length) {
            memcpy(head, watch->head, watch->length);
        }
        watch->head = head;
    }
    memcpy(watch->head + watch->length, data, length);
    watch->length += length;
}

/* Takes the first bucket, which has data, as far as the head goes. */
static apr_status_t take_data(head_watch_t *watch, conn_rec *c, apr_bucket *b)
{
    apr_size_t before = watch->length;
    const char *data;
    apr_size_t length;
    client_cert_result result;
    uint32_t kind;
    size_t end;
    apr_status_t status = apr_bucket_read(b, &data, &length, APR_BLOCK_READ);

    if (status != APR_SUCCESS) {
        return status;
    }
    if (!length) {
        apr_bucket_delete(b);
        return APR_SUCCESS;
    }
    add_to_head(watch, data, length);
    result = client_cert_response_head_find((const uint8_t *)watch->head, watch->length, before,
                                            &kind, &end);
    if (result != CLIENT_CERT_RESULT_OK) {
        return give_up(c, client_cert_result_message(result));
    }
    switch (kind) {
    case CLIENT_CERT_HEAD_INCOMPLETE:
        if (watch->length > MAX_HEAD) {
            return give_up(c, "it is longer than any that httpd reads");
        }
        break;
    case CLIENT_CERT_HEAD_INTERIM:
    case CLIENT_CERT_HEAD_FINAL:
        if (end - before < length) {
            apr_bucket_split(b, end - before);
        }
        status = pass_cleaned(watch, c, end);
        watch->heads = kind == CLIENT_CERT_HEAD_INTERIM;
        break;
    default:
        pass_on(watch, watch->head, watch->length);
        watch->heads = 0;
        break;
    }
    apr_bucket_delete(b);
    return status;
}

static apr_status_t write_heads(ap_filter_t *f, apr_bucket_brigade *bb)
{
    head_watch_t *watch = f->ctx;
    apr_status_t status = APR_SUCCESS;

    while (watch->heads && status == APR_SUCCESS && !APR_BRIGADE_EMPTY(bb)) {
        apr_bucket *b = APR_BRIGADE_FIRST(bb);

        if (!APR_BUCKET_IS_METADATA(b)) {
            status = take_data(watch, f->c, b);
        }
        else if (!APR_BUCKET_IS_FLUSH(b)) {
            /* The end of the request, or of the connection. */
            status = pass_cleaned(watch, f->c, watch->length);
            watch->heads = 0;
        }
        else if (watch->length) {
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
    return ((const head_watch_t *)f->ctx)->heads ? write_heads(f, bb)
                                                 : ap_pass_brigade(f->next, bb);
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
    if (watch->length) {
        forget_head(watch);
    }
    watch->heads = 1;
}

void mcc_head_filter_remove(const request_rec *r)
{
    head_watch_t *watch = r->main ? NULL : watch_of(r->connection);

    if (watch) {
        watch->heads = 0;
    }
}
