/* SPDX-License-Identifier: Apache-2.0 */

#include "interim.h"

#include <string.h>

#include <http_protocol.h>
#include <util_filter.h>

#include <apr_strings.h>

#include "config.h"
#include "often.h"

static ap_filter_rec_t *interim_filter;

/** One filter a connection: its requests come one after the other. */
typedef struct {
    request_rec *r;           /**< the request being answered, or NULL */
    apr_bucket_brigade *held; /**< an interim response, until it is whole */
} interim_watch;

/* The same response without our lines. httpd writes a field on one line. */
static char *cleaned(apr_pool_t *p, const char *response, apr_size_t length,
                     const mcc_names *names, apr_size_t *kept)
{
    char *output = apr_palloc(p, length);
    const char *line = response;
    const char *end = response + length;
    char *out = output;

    while (line < end) {
        const char *newline = memchr(line, '\n', (size_t)(end - line));
        const char *next = newline ? newline + 1 : end;
        const char *colon = memchr(line, ':', (size_t)(next - line));

        if (!colon
            || !mcc_names_contain(names, apr_pstrmemdup(p, line,
                                                        (apr_size_t)(colon
                                                                     - line)))) {
            memcpy(out, line, (size_t)(next - line));
            out += next - line;
        }
        line = next;
    }
    *kept = (apr_size_t)(out - output);
    return output;
}

static int is_flushed(const apr_bucket_brigade *bb)
{
    return !APR_BRIGADE_EMPTY(bb) && APR_BUCKET_IS_FLUSH(APR_BRIGADE_LAST(bb));
}

static MCC_SELDOM apr_status_t write_interim(ap_filter_t *f,
                                             apr_bucket_brigade *bb)
{
    interim_watch *watch = f->ctx;
    request_rec *r = watch->r;
    const mcc_names *names;
    apr_bucket_brigade *whole;
    apr_status_t status;
    char *response;
    apr_size_t length;

    if (!watch->held) {
        watch->held = apr_brigade_create(f->c->pool, f->c->bucket_alloc);
    }
    if (!is_flushed(bb)) {
        return ap_save_brigade(f, &watch->held, &bb, r->pool);
    }
    APR_BRIGADE_PREPEND(bb, watch->held);
    status = apr_brigade_pflatten(bb, &response, &length, r->pool);
    if (status != APR_SUCCESS) {
        return status;
    }
    apr_brigade_cleanup(bb);

    names = &mcc_server_config_of(r->server)->global->our_names;
    response = cleaned(r->pool, response, length, names, &length);
    whole = apr_brigade_create(r->pool, f->c->bucket_alloc);
    APR_BRIGADE_INSERT_TAIL(whole,
                            apr_bucket_pool_create(response, length, r->pool,
                                                   f->c->bucket_alloc));
    APR_BRIGADE_INSERT_TAIL(whole, apr_bucket_flush_create(f->c->bucket_alloc));
    status = ap_pass_brigade(f->next, whole);
    apr_brigade_destroy(whole);
    return status;
}

static apr_status_t write_connection(ap_filter_t *f, apr_bucket_brigade *bb)
{
    const request_rec *r = ((const interim_watch *)f->ctx)->r;

    /* What follows a switch of protocols is no HTTP any more; 100 is httpd's
     * own. */
    if (!r || !ap_is_HTTP_INFO(r->status) || r->status == HTTP_CONTINUE
        || r->status == HTTP_SWITCHING_PROTOCOLS) {
        return ap_pass_brigade(f->next, bb);
    }
    return write_interim(f, bb);
}

void mcc_interim_register(void)
{
    interim_filter = ap_register_output_filter("CLIENT_CERT_INTERIM",
                                               write_connection, NULL,
                                               AP_FTYPE_CONNECTION);
}

static interim_watch *watch_of(const conn_rec *c)
{
    ap_filter_t *f;

    for (f = c->output_filters; f; f = f->next) {
        if (f->frec == interim_filter) {
            return f->ctx;
        }
    }
    return NULL;
}

/* The next request may be under way when httpd is done with this one. */
static apr_status_t forget_request(void *data)
{
    request_rec *r = data;
    interim_watch *watch = watch_of(r->connection);

    if (watch && watch->r == r) {
        watch->r = NULL;
        if (watch->held) {
            apr_brigade_cleanup(watch->held);
        }
    }
    return APR_SUCCESS;
}

void mcc_interim_watch(request_rec *r)
{
    conn_rec *c = r->connection;
    interim_watch *watch;

    /* On HTTP/2 interim responses do pass the request's filters. */
    if (r->main || c->master || r->proto_num < HTTP_VERSION(1, 1)) {
        return;
    }
    watch = watch_of(c);
    if (!watch) {
        watch = apr_pcalloc(c->pool, sizeof(*watch));
        ap_add_output_filter_handle(interim_filter, watch, NULL, c);
    }
    if (watch->r != r) {
        watch->r = r;
        apr_pool_cleanup_register(r->pool, r, forget_request,
                                  apr_pool_cleanup_null);
    }
}
