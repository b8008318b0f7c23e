/* SPDX-License-Identifier: Apache-2.0 */

#include "headers/headers.h"

#include <util_filter.h>

#include "config/config.h"
#include "request.h"

static ap_filter_rec_t *trailers_filter;

/* Returns how many of our headers there were. */
static int clean(request_rec *r)
{
    const mcc_global_t *global = mcc_server_config_of(r->server)->global;
    int found = mcc_headers_remove_trailers(r);

    mcc_headers_clean_connection_field(r, r->trailers_in, &global->arriving_names);
    /* A merge has put the trailer's fields before or in place of ours. */
    mcc_headers_clean_connection_field(r, r->headers_in, &global->arriving_names);
    mcc_headers_remove(r, r->headers_in, &global->our_names);
    mcc_request_send_again(r);
    return found;
}

static apr_status_t read_body(ap_filter_t *f, apr_bucket_brigade *bb, ap_input_mode_t mode,
                              apr_read_type_e block, apr_off_t readbytes)
{
    request_rec *r = f->r;
    apr_status_t status = ap_get_brigade(f->next, bb, mode, block, readbytes);

    if (r->trailers_in && !apr_is_empty_table(r->trailers_in)) {
        /* Every time: mod_http2 fills the table when it has received the
         * trailers, and once more when they are read. */
        if (clean(r) && mcc_request_reject(r)) {
            apr_brigade_cleanup(bb);
            return APR_EINVAL;
        }
    }
    return status;
}

void mcc_trailers_register(void)
{
    /* Just before the filters that read the protocol's framing. */
    trailers_filter =
        ap_register_input_filter("CLIENT_CERT_TRAILERS", read_body, NULL, AP_FTYPE_PROTOCOL - 1);
}

void mcc_trailers_install(request_rec *r)
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

int mcc_trailers_strip(request_rec *r)
{
    if (!r->main && r->trailers_in && !apr_is_empty_table(r->trailers_in) && clean(r)) {
        mcc_request_of(r)->trailers_stripped = 1;
        apr_table_setn(r->notes, MCC_NOTE_INCOMING, "stripped");
    }
    return DECLINED;
}

int mcc_trailers_enforce(request_rec *r)
{
    if (r->main) {
        return DECLINED;
    }
    mcc_trailers_strip(r);
    mcc_trailers_install(r);
    return mcc_request_of(r)->trailers_stripped && mcc_request_reject(r) ? HTTP_BAD_REQUEST
                                                                         : DECLINED;
}
