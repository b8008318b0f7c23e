/* SPDX-License-Identifier: Apache-2.0 */

#include "environment.h"

#include <apr_tables.h>

/* A redirect's redirect has it twice. */
static const char *without_prefixes(const char *name)
{
    static const char redirected[] = "REDIRECT_";

    while (!strncmp(name, redirected, sizeof(redirected) - 1)) {
        name += sizeof(redirected) - 1;
    }
    return name;
}

void mcc_environment_remove(request_rec *r,
                            int (*is_meant)(const void *data, const char *name, const char *value),
                            const void *data)
{
    const apr_array_header_t *variables = apr_table_elts(r->subprocess_env);
    apr_array_header_t *found = NULL;
    int i;

    for (i = 0; i < variables->nelts; i++) {
        const apr_table_entry_t *variable = &APR_ARRAY_IDX(variables, i, apr_table_entry_t);
        const char *key = variable->key;

        if (is_meant(data, without_prefixes(key), variable->val)) {
            if (!found) {
                found = apr_array_make(r->pool, 32, sizeof(const char *));
            }
            APR_ARRAY_PUSH(found, const char *) = key;
        }
    }
    for (i = 0; found && i < found->nelts; i++) {
        apr_table_unset(r->subprocess_env, APR_ARRAY_IDX(found, i, const char *));
    }
}
