/* SPDX-License-Identifier: Apache-2.0 */

#include "request.h"

#include "config.h"

mcc_request *mcc_request_known(const request_rec *r)
{
    return ap_get_module_config(r->request_config, &client_cert_module);
}

mcc_request *mcc_request_of(request_rec *r)
{
    mcc_request *request = mcc_request_known(r);

    if (!request) {
        request = apr_pcalloc(r->pool, sizeof(*request));
        ap_set_module_config(r->request_config, &client_cert_module, request);
    }
    return request;
}

void mcc_request_send(request_rec *r, const char *name, const char *value)
{
    mcc_request *request = mcc_request_of(r);

    if (!request->sent) {
        request->sent = apr_table_make(r->pool, 2);
    }
    apr_table_setn(request->sent, name, value);
    apr_table_setn(r->headers_in, name, value);
}

static int unset_sent(void *headers, const char *name, const char *value)
{
    (void)value;
    apr_table_unset(headers, name);
    return 1;
}

void mcc_request_send_nothing(request_rec *r)
{
    mcc_request *request = mcc_request_known(r);

    if (request && request->sent) {
        apr_table_do(unset_sent, r->headers_in, request->sent, NULL);
        apr_table_clear(request->sent);
    }
}

void mcc_request_inherit(request_rec *r)
{
    static const char *const notes[] = { MCC_NOTE_ACCEPT, MCC_NOTE_FORWARD,
                                         MCC_NOTE_INCOMING };
    const mcc_request *before;
    size_t i;

    if (!r->prev) {
        return;
    }
    before = mcc_request_known(r->prev);
    if (before && before->identified) {
        mcc_request_of(r)->identified = 1;
    }
    for (i = 0; i < sizeof(notes) / sizeof(notes[0]); i++) {
        const char *value = apr_table_get(r->prev->notes, notes[i]);

        if (value && !apr_table_get(r->notes, notes[i])) {
            apr_table_setn(r->notes, notes[i], value);
        }
    }
}
