/* SPDX-License-Identifier: Apache-2.0 */

#include "headers/headers.h"

#include <http_log.h>
#include <util_filter.h>

#include "counters.h"
#include "request.h"

APLOG_USE_MODULE(client_cert);

static ap_filter_rec_t *trailers_filter;

typedef struct {
    request_rec *r;
    const mcc_names_t *names;
    const client_cert_kept_headers *kept;
    int *found; /* whether there are any of ours */
} arriving_t;

static int is_arriving(const void *data, const char *name, const char *value)
{
    const arriving_t *arriving = data;
    request_rec *r = arriving->r;
    uint32_t owner = CLIENT_CERT_FIELD_OWNER_OURS;
    int known;

    (void)value;
    if (!mcc_names_may_contain(arriving->names, name)) {
        return 0;
    }
    /* What cannot be told from ours counts as ours. */
    (void)client_cert_field_names_arriving(arriving->names->set, name, arriving->kept->names,
                                           arriving->kept->count, &owner);
    if (owner == CLIENT_CERT_FIELD_OWNER_NONE) {
        return 0;
    }
    known = owner == CLIENT_CERT_FIELD_OWNER_KNOWN;
    ap_log_rerror(APLOG_MARK, APLOG_INFO, 0, r,
                  known
                      ? "header \"%s\" stripped from the request: it would tell who the client is "
                        "(ClientCertKnownHeaders)"
                      : "header \"%s\" stripped from the request",
                  name);
    apr_table_setn(r->notes, MCC_NOTE_INCOMING, "stripped");
    mcc_count(r, known ? CLIENT_CERT_COUNTER_STRIPPED_KNOWN : CLIENT_CERT_COUNTER_STRIPPED_OWN);
    *arriving->found |= !known;
    return 1;
}

/* Removes from the fields that a client sent ours, and the known headers but those of
 * ClientCertKnownHeaders keep. Each is one line in the log, its name only, never its value. Returns
 * whether there were any of ours; that others were removed is noted. */
static int remove_arriving(request_rec *r, apr_table_t *headers,
                           const client_cert_kept_headers *kept)
{
    const mcc_global_t *global = mcc_server_config_of(r->server)->global;
    int found = 0;
    arriving_t arriving = { r, kept->all ? &global->our_names : &global->arriving_names, kept,
                            &found };

    if (mcc_headers_may_have(headers, arriving.names)) {
        mcc_table_remove(r->pool, headers, is_arriving, &arriving);
    }
    return found;
}

/* A known header that MergeTrailers has put among the headers: a merge shares the strings of what it
 * merges. */
static int is_merged(const void *data, const char *name, const char *value)
{
    const request_rec *r = data;
    const apr_array_header_t *trailers = apr_table_elts(r->trailers_in);
    const mcc_names_t *names = &mcc_server_config_of(r->server)->global->arriving_names;
    int i = 0;

    (void)value;
    if (mcc_names_owner(names, name) != CLIENT_CERT_FIELD_OWNER_KNOWN) {
        return 0;
    }
    while (i < trailers->nelts && APR_ARRAY_IDX(trailers, i, apr_table_entry_t).key != name) {
        i++;
    }
    return i < trailers->nelts;
}

/* The same of the trailers, of all known headers: no terminator tells there who the client is. Known
 * ones that were not sent as trailers stay among the headers. */
static int remove_trailers(request_rec *r)
{
    static const client_cert_kept_headers none;

    mcc_table_remove(r->pool, r->headers_in, is_merged, r);
    return remove_arriving(r, r->trailers_in, &none);
}

/* Returns whether there were any of our headers. */
static int clean(request_rec *r)
{
    const mcc_names_t *names = &mcc_server_config_of(r->server)->global->arriving_names;
    int found;

    if (!r->trailers_in || apr_is_empty_table(r->trailers_in)) {
        return 0;
    }
    found = remove_trailers(r);
    mcc_headers_clean_connection_field(r, r->trailers_in, names);
    /* A merge has put the trailer's fields before or in place of ours. */
    mcc_headers_clean_connection_field(r, r->headers_in, names);
    mcc_headers_remove(r, r->headers_in);
    mcc_request_send_again(r);
    return found;
}

static apr_status_t read_body(ap_filter_t *f, apr_bucket_brigade *bb, ap_input_mode_t mode,
                              apr_read_type_e block, apr_off_t readbytes)
{
    request_rec *r = f->r;
    apr_status_t status = ap_get_brigade(f->next, bb, mode, block, readbytes);

    /* Every time: mod_http2 fills the table when it has received the
     * trailers, and once more when they are read. */
    if (clean(r) && mcc_request_reject(r)) {
        apr_brigade_cleanup(bb);
        return APR_EINVAL;
    }
    return status;
}

void mcc_incoming_register(void)
{
    /* Just before the filters that read the protocol's framing. */
    trailers_filter =
        ap_register_input_filter("CLIENT_CERT_TRAILERS", read_body, NULL, AP_FTYPE_PROTOCOL - 1);
}

/* The body may end with trailers. */
static void watch_body(request_rec *r)
{
    const ap_filter_t *filter;

    /* On a stream of HTTP/2 no field announces a body. */
    if (!r->connection->master && !apr_table_get(r->headers_in, "Transfer-Encoding")) {
        return;
    }
    for (filter = r->input_filters; filter; filter = filter->next) {
        if (filter->frec == trailers_filter && filter->r == r) {
            return;
        }
    }
    ap_add_input_filter_handle(trailers_filter, NULL, r, r->connection);
}

int mcc_incoming_strip_trailers(request_rec *r)
{
    if (!r->main && clean(r)) {
        mcc_request_of(r)->trailers_stripped = 1;
    }
    return DECLINED;
}

int mcc_incoming_enforce_trailers(request_rec *r)
{
    if (r->main) {
        return DECLINED;
    }
    mcc_incoming_strip_trailers(r);
    watch_body(r);
    return mcc_request_of(r)->trailers_stripped && mcc_request_reject(r) ? HTTP_BAD_REQUEST
                                                                         : DECLINED;
}

void mcc_incoming_note_upgrade(request_rec *r)
{
    /* A stream of HTTP/2 is no connection. */
    if (mcc_server_config_of(r->server)->global->whole.accepts && !r->connection->master
        && apr_table_get(r->headers_in, "Upgrade")) {
        mcc_request_of(r)->asks_for_upgrade = 1;
        r->connection->keepalive = AP_CONN_CLOSE;
    }
}

int mcc_incoming_post_read_request(request_rec *r)
{
    const mcc_server_config_t *conf = mcc_server_config_of(r->server);
    const mcc_request_t *before = r->prev ? mcc_request_known(r->prev) : NULL;
    /* An internal redirect shares its predecessor's headers: what is there now
     * that was not there then is what we set ourselves. An early error's
     * redirect has a predecessor that never came here. */
    int first = !(before && before->cleaned);
    int found;

    mcc_request_inherit(r);
    mcc_request_of(r)->cleaned = 1;
    mcc_incoming_note_upgrade(r);
    watch_body(r);
    mcc_headers_clean_connection_field(r, r->headers_in, &conf->global->arriving_names);
    if (!first) {
        mcc_headers_remove(r, r->headers_in);
        mcc_headers_remove(r, r->trailers_in);
        return DECLINED;
    }
    /* An error in mid request has read the trailers before its redirect. */
    found = apr_is_empty_table(r->trailers_in) ? 0 : remove_trailers(r);
    found += remove_arriving(r, r->headers_in, &conf->part.kept);
    /* The redirect of an error is its answer. */
    if (!found || r->prev || !mcc_request_reject(r)) {
        return DECLINED;
    }
    ap_log_rerror(APLOG_MARK, APLOG_INFO, 0, r,
                  "the request is rejected for the headers it came with "
                  "(ClientCertIncoming reject)");
    return HTTP_BAD_REQUEST;
}
