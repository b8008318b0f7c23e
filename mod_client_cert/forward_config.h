/* SPDX-License-Identifier: Apache-2.0 */
/**
 * @file forward_config.h
 * @brief What the directives of the forward role say.
 */
#ifndef MCC_FORWARD_CONFIG_H
#define MCC_FORWARD_CONFIG_H

#include <httpd.h>
#include <http_config.h>

#include <apr_tables.h>

#include "client_cert.h"
#include "files.h"

#define MCC_DEFAULT_LIFETIME 60

/** Longer values than this, in bytes, are warned of: most servers take 8 KB in
 *  one line of a header, name and all. */
#define MCC_LARGE_VALUE 8000

/** One header to send: a line of ClientCertForward. */
typedef struct {
    uint32_t format;     /**< a client_cert_format */
    const char *header;  /**< field name as configured */
    unsigned is_signed : 1; /**< the value is a signed one */
} mcc_forward_line;

/** Who signs, ClientCertSigner. */
typedef enum {
    MCC_SIGNER_UNSET,
    MCC_SIGNER_SERVER,  /**< the certificate that terminated the connection */
    MCC_SIGNER_FILE     /**< mcc_signer_config.file */
} mcc_signer_source;

/** A section's part in the forward role. */
typedef struct {
    /** (mcc_forward_line) NULL where unset, empty for "off" */
    apr_array_header_t *lines;
    int chain;        /**< 0, 1; -1 where unset */
    int signer_certs; /**< a client_cert_signer_certs; -1 where unset */
} mcc_forward_config;

/** A server's part in it. */
typedef struct {
    mcc_signer_source source;
    mcc_file *file;       /**< with MCC_SIGNER_FILE */
    apr_int64_t lifetime; /**< seconds, -1 where unset */
} mcc_signer_config;

void mcc_forward_config_init(mcc_forward_config *conf);
void mcc_forward_config_merge(mcc_forward_config *conf,
                              const mcc_forward_config *base,
                              const mcc_forward_config *add);

/** Whether the role is played. */
int mcc_forwards(const mcc_forward_config *conf);

void mcc_signer_config_init(mcc_signer_config *conf);
void mcc_signer_config_merge(mcc_signer_config *conf,
                             const mcc_signer_config *base,
                             const mcc_signer_config *add);

/** Free a signer when a pool ends. */
void mcc_signer_goes_with(apr_pool_t *p, client_cert_signer *signer);

/** Directive functions. */
const char *mcc_set_forward(cmd_parms *cmd, void *dir, const char *word,
                            const char *header);
const char *mcc_set_forward_chain(cmd_parms *cmd, void *dir, int on);
const char *mcc_set_signer(cmd_parms *cmd, void *dir, const char *word,
                           const char *key_word);
const char *mcc_set_signer_certs(cmd_parms *cmd, void *dir, const char *word);
const char *mcc_set_signature_lifetime(cmd_parms *cmd, void *dir,
                                       const char *word);

#endif /* MCC_FORWARD_CONFIG_H */
