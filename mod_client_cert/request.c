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

void mcc_request_carry_notes(request_rec *r)
{
    static const char *const notes[] = { MCC_NOTE_FORWARD, MCC_NOTE_INCOMING };
    size_t i;

    if (!r->prev) {
        return;
    }
    for (i = 0; i < sizeof(notes) / sizeof(notes[0]); i++) {
        const char *value = apr_table_get(r->prev->notes, notes[i]);

        if (value && !apr_table_get(r->notes, notes[i])) {
            apr_table_setn(r->notes, notes[i], value);
        }
    }
}
