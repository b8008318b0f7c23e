/* SPDX-License-Identifier: Apache-2.0 */

#include "headers/headers.h"

#include <http_log.h>
#include <http_protocol.h>
#include <util_filter.h>

#include "request.h"

APLOG_USE_MODULE(client_cert);

/* How the names of mod_cache's two filters that store begin (the other is a
 * subrequest's), as httpd keeps them. */
#define CACHE_FILTER "cache_save"

static ap_filter_rec_t *first_filter, *response_filter, *subrequest_filter, *interim_filter;

/** One filter a connection: its requests come one after the other. Nothing here
 *  is a request's, for one may be freed while it passes. */
typedef struct {
    /** a client_cert_head: until it is AFTER, the response proper to the request at
     *  hand has not begun */
    uint32_t state;
    client_cert_response_head *head;
    apr_bucket_brigade *out; /**< what goes on; empty between two calls */
} head_watch_t;

static apr_status_t free_head(void *head)
{
    client_cert_response_head_free(head);
    return APR_SUCCESS;
}

/* Passes on what the core gives of some data; none is the end of a head. A head that may have our
 * headers in it reaches no client. */
static apr_status_t clean_head(head_watch_t *watch, conn_rec *c, const char *data,
                               apr_size_t length)
{
    const uint8_t *cleaned = NULL;
    size_t cleaned_length = 0;
    client_cert_result result = client_cert_response_head_read(
        watch->head, mcc_server_config_of(c->base_server)->global->our_names.set,
        (const uint8_t *)data, length, &watch->state, &cleaned, &cleaned_length);

    if (result != CLIENT_CERT_RESULT_OK) {
        ap_log_cerror(APLOG_MARK, APLOG_ERR, 0, c,
                      "the head of a response cannot be cleaned of our headers: %s; the "
                      "connection ends",
                      client_cert_result_message(result));
        c->aborted = 1;
        return APR_ECONNABORTED;
    }
    return cleaned_length
               ? apr_brigade_write(watch->out, NULL, NULL, (const char *)cleaned, cleaned_length)
               : APR_SUCCESS;
}

static apr_status_t write_connection(ap_filter_t *f, apr_bucket_brigade *bb)
{
    head_watch_t *watch = f->ctx;
    apr_status_t status = APR_SUCCESS;

    if (watch->state == CLIENT_CERT_HEAD_AFTER) {
        return ap_pass_brigade(f->next, bb);
    }
    while (watch->state != CLIENT_CERT_HEAD_AFTER && status == APR_SUCCESS
           && !APR_BRIGADE_EMPTY(bb)) {
        apr_bucket *b = APR_BRIGADE_FIRST(bb);
        const char *data;
        apr_size_t length;

        if (!APR_BUCKET_IS_METADATA(b)) {
            status = apr_bucket_read(b, &data, &length, APR_BLOCK_READ);
            if (status == APR_SUCCESS && length) {
                status = clean_head(watch, f->c, data, length);
            }
            apr_bucket_delete(b);
        }
        else if (!APR_BUCKET_IS_FLUSH(b)) {
            /* The end of the request, or of the connection. */
            status = clean_head(watch, f->c, NULL, 0);
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

static head_watch_t *watch_of(const conn_rec *c)
{
    const ap_filter_t *f = c->output_filters;

    while (f && f->frec != interim_filter) {
        f = f->next;
    }
    return f ? f->ctx : NULL;
}

void mcc_response_watch_heads(const request_rec *r)
{
    conn_rec *c = r->connection;
    head_watch_t *watch;

    if (r->main) {
        return;
    }
    watch = watch_of(c);
    if (!watch) {
        watch = apr_pcalloc(c->pool, sizeof(*watch));
        watch->out = apr_brigade_create(c->pool, c->bucket_alloc);
        /* Without it nothing is passed on. */
        (void)client_cert_response_head_new(&watch->head);
        apr_pool_cleanup_register(c->pool, watch->head, free_head, apr_pool_cleanup_null);
        ap_add_output_filter_handle(interim_filter, watch, NULL, c);
    }
    if (watch->state == CLIENT_CERT_HEAD_WITHIN) {
        /* What was not ended is not sent any more. */
        (void)clean_head(watch, c, NULL, 0);
        apr_brigade_cleanup(watch->out);
    }
    watch->state = CLIENT_CERT_HEAD_BEFORE;
}

/* Returns whether a Vary names one of our headers. A cache on the way cannot know the header that a
 * response varies by, for the client never sent it. */
static int clean(request_rec *r, apr_table_t *headers)
{
    const mcc_names_t *names = &mcc_server_config_of(r->server)->global->our_names;

    mcc_headers_remove(r, headers);
    return mcc_names_listed(names, r->pool, headers, "Vary");
}

static void clean_response(request_rec *r)
{
    head_watch_t *watch = r->main ? NULL : watch_of(r->connection);
    mcc_request_t *request = mcc_request_of(r);

    /* It passes the request's filters. */
    if (watch) {
        watch->state = CLIENT_CERT_HEAD_AFTER;
    }
    /* Remembered, because between our two filters others may add names of their own to the "*". */
    request->varies |= clean(r, r->headers_out);
    request->varies |= clean(r, r->err_headers_out);
    if (request->varies) {
        apr_table_unset(r->err_headers_out, "Vary");
        apr_table_setn(r->headers_out, "Vary", "*");
    }
    /* mod_cache tests this variable before it stores a response. The other test,
     * r->no_cache, would add an Expires to the response. */
    if (request->identified) {
        apr_table_setn(r->subprocess_env, "no-cache", "1");
    }
    /* An early error is answered before anything was noted. */
    if (!r->main && !request->cleaned) {
        mcc_incoming_note_upgrade(r);
    }
    if (request->asks_for_upgrade) {
        /* httpd writes no chunks for a connection of which it knows already that it
         * ends. It comes to the same by this field, but later. */
        apr_table_setn(r->headers_in, "Connection", "close");
        r->connection->keepalive = AP_CONN_UNKNOWN;
    }
}

static apr_status_t write_response(ap_filter_t *f, apr_bucket_brigade *bb)
{
    request_rec *r = f->r;
    const mcc_request_t *request;
    apr_status_t status;

    if (!f->ctx) {
        f->ctx = response_filter;
        clean_response(r);
    }
    if (!APR_BRIGADE_EMPTY(bb) && APR_BUCKET_IS_EOS(APR_BRIGADE_LAST(bb))) {
        if (!apr_is_empty_table(r->trailers_out) && clean(r, r->trailers_out)) {
            apr_table_setn(r->trailers_out, "Vary", "*");
        }
        ap_remove_output_filter(f);
    }
    request = mcc_request_known(r);
    status = ap_pass_brigade(f->next, bb);
    if (request && request->asks_for_upgrade) {
        /* Whatever others made of it, nothing more is read from this connection. */
        r->connection->keepalive = AP_CONN_CLOSE;
    }
    return status;
}

void mcc_response_register(void)
{
    /* An administrator's SetOutputFilter CACHE makes mod_cache keep a response
     * before any other filter had it. */
    first_filter =
        ap_register_output_filter("CLIENT_CERT_FIRST", write_response, NULL, AP_FTYPE_RESOURCE - 1);
    /* mod_cache keeps what a request says at one step after CONTENT_SET, and
     * what a subrequest says at one step before. */
    response_filter = ap_register_output_filter("CLIENT_CERT_RESPONSE", write_response, NULL,
                                                AP_FTYPE_CONTENT_SET);
    subrequest_filter = ap_register_output_filter("CLIENT_CERT_SUBREQUEST", write_response, NULL,
                                                  AP_FTYPE_CONTENT_SET - 2);
    interim_filter = ap_register_output_filter("CLIENT_CERT_INTERIM", write_connection, NULL,
                                               AP_FTYPE_CONNECTION);
}

void mcc_response_insert_filter(request_rec *r)
{
    if (mcc_server_config_of(r->server)->global->caches) {
        ap_add_output_filter_handle(first_filter, NULL, r, r->connection);
    }
    ap_add_output_filter_handle(r->main ? subrequest_filter : response_filter, NULL, r,
                                r->connection);
}

/* A page of which a part depends on the client may be half way into the cache
 * when that part is asked for; without its filter the cache forgets it. */
static void stop_caching(request_rec *r)
{
    ap_filter_t *f, *next;

    for (f = r->output_filters; f; f = next) {
        next = f->next;
        if (f->r == r && !strncmp(f->frec->name, CACHE_FILTER, strlen(CACHE_FILTER))) {
            ap_log_rerror(APLOG_MARK, APLOG_DEBUG, 0, r,
                          "not to be cached: a part depends on the client's certificate");
            ap_remove_output_filter(f);
        }
    }
}

void mcc_response_depends_on_client(request_rec *r)
{
    mcc_request_of(r)->identified = 1;
    for (r = r->main; r; r = r->main) {
        mcc_request_of(r)->identified = 1;
        stop_caching(r);
    }
}
