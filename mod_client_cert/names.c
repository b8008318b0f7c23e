/* SPDX-License-Identifier: Apache-2.0 */

#include "names.h"

#include <httpd.h>

uint32_t mcc_names_search(const mcc_names_t *names, const char *name)
{
    uint32_t owner = CLIENT_CERT_FIELD_OWNER_OURS;

    /* What cannot be told from ours counts as ours. */
    return client_cert_field_names_owner(names->set, name, &owner) == CLIENT_CERT_RESULT_OK
               ? owner
               : CLIENT_CERT_FIELD_OWNER_OURS;
}

int mcc_names_search_variable(const mcc_names_t *names, const char *variable)
{
    bool contain = true;

    return client_cert_field_names_contain_variable(names->set, variable, &contain)
               != CLIENT_CERT_RESULT_OK
           || contain;
}

const char *mcc_next_token(apr_pool_t *p, const char **list)
{
    while (**list) {
        const char *token;

        while (**list == ',' || **list == ';') {
            (*list)++;
        }
        token = ap_get_token(p, list, 0);
        if (*token) {
            return token;
        }
    }
    return NULL;
}

/* Of letters and hyphens alone, as "keep-alive" is. */
static int is_one_word(const char *list)
{
    while (((*list | 0x20) >= 'a' && (*list | 0x20) <= 'z') || *list == '-') {
        list++;
    }
    return !*list;
}

static int lists(const mcc_names_t *names, apr_pool_t *p, const char *list)
{
    const char *name;

    /* No token has to be copied. */
    if (is_one_word(list)) {
        return mcc_names_contain(names, list);
    }
    while ((name = mcc_next_token(p, &list))) {
        if (mcc_names_contain(names, name)) {
            return 1;
        }
    }
    return 0;
}

typedef struct {
    const mcc_names_t *names;
    apr_pool_t *pool;
    int found;
} list_search_t;

static int search_list(void *data, const char *field, const char *list)
{
    list_search_t *search = data;

    (void)field;
    search->found = lists(search->names, search->pool, list);
    return !search->found;
}

int mcc_names_listed(const mcc_names_t *names, apr_pool_t *p, const apr_table_t *headers,
                     const char *field)
{
    list_search_t search = { names, p, 0 };

    if (apr_table_get(headers, field)) {
        apr_table_do(search_list, &search, headers, field, NULL);
    }
    return search.found;
}
