/* SPDX-License-Identifier: Apache-2.0 */
/**
 * @file directives.h
 * @brief The table of directives.
 */
#ifndef MCC_DIRECTIVES_H
#define MCC_DIRECTIVES_H

#include <httpd.h>
#include <http_config.h>

/** The directives, for the module record. */
extern const command_rec mcc_commands[];

#endif /* MCC_DIRECTIVES_H */
