/* SPDX-License-Identifier: Apache-2.0 */

#include "headers/headers.h"

#include <http_log.h>
#include <util_filter.h>

#include <apr_strings.h>

#include "config/config.h"
#include "request.h"

APLOG_USE_MODULE(client_cert);

/* How the names of mod_cache's two filters that store begin (the other is a
 * subrequest's), as httpd keeps them. */
#define CACHE_FILTER "cache_save"

static ap_filter_rec_t *first_filter;
static ap_filter_rec_t *response_filter;
static ap_filter_rec_t *subrequest_filter;

static void clean_headers(request_rec *r)
{
    const mcc_names_t *names = &mcc_server_config_of(r->server)->global->our_names;

    mcc_headers_remove(r, r->headers_out, names);
    mcc_headers_remove(r, r->err_headers_out, names);
    if (mcc_names_listed(names, r->pool, r->headers_out, "Vary")
        || mcc_names_listed(names, r->pool, r->err_headers_out, "Vary")) {
        mcc_request_of(r)->varies = 1;
    }
    /* A cache on the way cannot know the header that a response varies by, for
     * the client never sent it. Remembered, because between our two filters
     * others may add names of their own to the "*". */
    if (mcc_request_of(r)->varies) {
        apr_table_unset(r->err_headers_out, "Vary");
        apr_table_setn(r->headers_out, "Vary", "*");
    }
}

static void clean_trailers(request_rec *r)
{
    const mcc_names_t *names = &mcc_server_config_of(r->server)->global->our_names;

    mcc_headers_remove(r, r->trailers_out, names);
    if (mcc_names_listed(names, r->pool, r->trailers_out, "Vary")) {
        apr_table_setn(r->trailers_out, "Vary", "*");
    }
}

static apr_status_t write_response(ap_filter_t *f, apr_bucket_brigade *bb)
{
    request_rec *r = f->r;

    const mcc_request_t *request = mcc_request_known(r);
    apr_status_t status;

    if (!f->ctx) {
        f->ctx = response_filter;
        mcc_head_filter_remove(r);
        clean_headers(r);
        /* mod_cache tests this variable before it stores a response. The other test,
         * r->no_cache, would add an Expires to the response. */
        if (request && request->identified) {
            apr_table_setn(r->subprocess_env, "no-cache", "1");
        }
        if (!r->main && (!request || !request->cleaned)) {
            /* An early error is answered before anything was noted. */
            mcc_upgrade_note(r);
            request = mcc_request_known(r);
        }
        if (request && request->asks_for_upgrade) {
            mcc_upgrade_denied(r);
        }
    }
    if (!APR_BRIGADE_EMPTY(bb) && APR_BUCKET_IS_EOS(APR_BRIGADE_LAST(bb))) {
        if (!apr_is_empty_table(r->trailers_out)) {
            clean_trailers(r);
        }
        ap_remove_output_filter(f);
    }
    status = ap_pass_brigade(f->next, bb);
    if (request && request->asks_for_upgrade) {
        mcc_upgrade_end(r);
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
    ap_filter_t *f = r->output_filters;

    while (f) {
        ap_filter_t *next = f->next;

        if (f->r == r && !strncmp(f->frec->name, CACHE_FILTER, strlen(CACHE_FILTER))) {
            ap_log_rerror(APLOG_MARK, APLOG_DEBUG, 0, r,
                          "not to be cached: a part depends on the client's "
                          "certificate");
            ap_remove_output_filter(f);
        }
        f = next;
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
