/* SPDX-License-Identifier: Apache-2.0 */
/**
 * @file files.h
 * @brief The files that directives name, and the last good one of each.
 *
 * A file is read once for each configuration, with the first directive that
 * names it. The first start and httpd -t fail with one that cannot be read or
 * used. A restart of a running server does not: it goes on with the octets
 * that it read before for the same directive and name. A directive that is
 * new or changed has none; what depends on it then fails at run time.
 */
#ifndef MCC_CONFIG_FILES_H
#define MCC_CONFIG_FILES_H

#include <httpd.h>
#include <http_config.h>

#include <apr_hash.h>
#include <apr_tables.h>

#include "client_cert.h"
#include "config/config.h"

typedef enum {
    MCC_FILE_SIGNER, /**< a certificate, intermediates and the key */
    MCC_FILE_ANCHORS,
    MCC_FILE_CRLS
} mcc_file_kind_t;

/** A file, or two that belong together, as a directive names it. */
struct mcc_file {
    mcc_file_kind_t kind;
    const char *directive;
    const char *name;
    const char *key_name; /**< the second of two files, else NULL */
    const char *names;    /**< both, for messages */
    const char *place;    /**< the first directive's, for messages */
    /** What was made of the octets in use; all are NULL where there are none. */
    const client_cert_signer *signer;
    const client_cert_anchors *anchors;
    const client_cert_crls *crls;
    /** why the file as it is now is not in use, NULL where it is */
    const char *fault;
    apr_time_t read_at; /**< when what is in use was read */
};

/** Whether a running server reads its configuration again, which must not end
 *  it. */
int mcc_restarts(void);

/** Read the file that a directive names, relative to ServerRoot, and the second
 *  one, if key_word is not NULL.
 *  @return NULL, or what is wrong; never that of a file at a restart */
const char *mcc_file_read(cmd_parms *cmd, mcc_file_kind_t kind, const char *word,
                          const char *key_word, mcc_file_t **file);

/** Whether nothing can be used, so that what depends on the file must fail. */
int mcc_file_is_unusable(const mcc_file_t *file);

/** Use the last good octets instead of new ones that are good by themselves, but
 *  not where the directive stands.
 *  @return 0 if the server does not restart, or there are none */
int mcc_file_fall_back(mcc_file_t *file, const char *fault, server_rec *s);

/** post_config hook, before others can fail: log which files are not in use as
 *  they are now. */
int mcc_files_report(apr_pool_t *pconf, apr_pool_t *plog, apr_pool_t *ptemp, server_rec *s);

/** post_config hook: warn of what files in use hold that is of no use now. */
int mcc_files_warn(apr_pool_t *pconf, apr_pool_t *plog, apr_pool_t *ptemp, server_rec *s);

/** post_config hook, after all others: what this configuration uses is what the
 *  next can fall back to, and all older octets are wiped. */
int mcc_files_retain(apr_pool_t *pconf, apr_pool_t *plog, apr_pool_t *ptemp, server_rec *s);

#endif /* MCC_CONFIG_FILES_H */
