/* SPDX-License-Identifier: Apache-2.0 */

#include "incoming.h"

#include <http_log.h>

#include "accept/accept.h"
#include "config/config.h"
#include "headers/headers.h"
#include "request.h"

APLOG_USE_MODULE(client_cert);

static int answer_to_ours(request_rec *r)
{
    /* The redirect of an error is its answer. */
    if (r->prev) {
        apr_table_setn(r->notes, MCC_NOTE_INCOMING, "stripped");
        return DECLINED;
    }
    if (!mcc_request_reject(r)) {
        return DECLINED;
    }
    ap_log_rerror(APLOG_MARK, APLOG_INFO, 0, r,
                  "the request is rejected for the headers it came with "
                  "(ClientCertIncoming reject)");
    return HTTP_BAD_REQUEST;
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
    mcc_upgrade_note(r);
    mcc_trailers_install(r);
    mcc_accept_capture(r);
    mcc_headers_clean_connection_field(r, r->headers_in, &conf->global->arriving_names);
    if (!first) {
        mcc_headers_remove(r, r->headers_in, &conf->global->our_names);
        mcc_headers_remove(r, r->trailers_in, &conf->global->our_names);
        return DECLINED;
    }
    /* An error in mid request has read the trailers before its redirect. */
    found = apr_is_empty_table(r->trailers_in) ? 0 : mcc_headers_remove_trailers(r);
    found += mcc_headers_remove_arriving(r, r->headers_in, &conf->kept_headers);
    return found ? answer_to_ours(r) : DECLINED;
}
