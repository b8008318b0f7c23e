// SPDX-License-Identifier: Apache-2.0

//! A panic in each function of include/client_cert.h: none gets past it, and it becomes the result.

use std::{collections::BTreeSet, mem::zeroed};

use super::{
    accept_outcome::*, accepted::*, certificate::*, client::*, client_trust::*, configuration::*,
    configured_files::*, encode::*, field_names::*, forward_role::*, handshake::*, panic::INJECTED,
    response_head::*, result::ClientCertResult, settings::*, sign::*, signature_cache::*,
    signer::*, status::*, tls_connection::*, tls_host::*, trust::*, upgrade::*,
    variable_headers::*, verification_cache::*, verify::*, vhost::*,
};

/// What a function gives: a result, or nothing.
trait Outcome {
    fn result(self) -> Option<ClientCertResult>;
}

impl Outcome for ClientCertResult {
    fn result(self) -> Option<ClientCertResult> {
        Some(self)
    }
}

impl Outcome for () {
    fn result(self) -> Option<ClientCertResult> {
        None
    }
}

type Call = fn() -> Option<ClientCertResult>;

/// Calls of functions, an `_` for each argument: NULL, 0 or false.
macro_rules! functions {
    ($($function:ident($($argument:tt)*);)*) => {
        &[$((stringify!($function), || {
            // SAFETY: pointers, numbers and bool, which may be zero. The injected panic comes
            // before one of them is used: what looked at it earlier would end the test.
            unsafe { $function($(functions!(nothing $argument)),*) }.result()
        }),)*]
    };
    (nothing _) => { zeroed() };
}

/// All that run code of ours.
const FUNCTIONS: &[(&str, Call)] = functions! {
    client_cert_accept(_ _);
    client_cert_accept_outcome_free(_);
    client_cert_accept_outcome_variable(_ _ _ _);
    client_cert_accepted_client(_ _);
    client_cert_accepted_extensions(_ _ _ _ _);
    client_cert_accepted_free(_);
    client_cert_accepted_variable(_ _ _ _);
    client_cert_accepted_variables(_ _ _);
    client_cert_anchors_free(_);
    client_cert_anchors_from_file(_ _);
    client_cert_anchors_from_pem(_ _ _);
    client_cert_certificate_id(_ _);
    client_cert_client_cas_free(_);
    client_cert_client_cas_from_file(_ _);
    client_cert_client_cas_from_pem(_ _ _);
    client_cert_client_check_validity(_ _);
    client_cert_client_free(_);
    client_cert_client_new(_ _ _ _);
    client_cert_configuration_unknown(_ _ _ _ _ _);
    client_cert_counters_add(_ _ _ _);
    client_cert_counters_start(_ _ _ _);
    client_cert_crls_free(_);
    client_cert_crls_from_file(_ _);
    client_cert_crls_from_pem(_ _ _);
    client_cert_encode(_ _ _ _);
    client_cert_encode_chain(_ _ _);
    client_cert_expiries_add(_ _);
    client_cert_expiries_free(_);
    client_cert_expiries_lines(_ _ _ _);
    client_cert_expiries_new(_ _);
    client_cert_field_names_arriving(_ _ _ _ _);
    client_cert_field_names_contain_variable(_ _ _);
    client_cert_field_names_owner(_ _ _);
    client_cert_files_faults(_ _);
    client_cert_files_free(_);
    client_cert_files_new(_ _ _);
    client_cert_files_retain(_ _ _);
    client_cert_files_warnings(_ _ _);
    client_cert_forward(_ _ _);
    client_cert_forward_role_check(_ _);
    client_cert_forwarded_free(_);
    client_cert_forwarded_large_values(_ _);
    client_cert_handshake_client(_ _ _);
    client_cert_handshake_free(_);
    client_cert_handshake_from_bytes(_ _ _ _);
    client_cert_handshake_new(_ _ _ _ _ _ _);
    client_cert_handshake_signer_id(_ _);
    client_cert_handshake_to_bytes(_ _ _);
    client_cert_handshake_vhost(_ _);
    client_cert_names_free(_);
    client_cert_names_new(_ _ _);
    client_cert_response_head_free(_);
    client_cert_response_head_new(_);
    client_cert_response_head_read(_ _ _ _ _ _ _);
    client_cert_settings_add(_ _ _ _ _ _ _);
    client_cert_settings_check(_ _ _ _ _);
    client_cert_settings_complete(_ _ _ _ _ _ _);
    client_cert_settings_free(_);
    client_cert_settings_new(_);
    client_cert_settings_warnings(_ _ _ _);
    client_cert_shared_value_free(_);
    client_cert_sign(_ _ _ _ _ _ _);
    client_cert_signature_cache_free(_);
    client_cert_signature_cache_new(_ _);
    client_cert_signature_cache_sign(_ _ _ _ _ _ _ _ _ _ _ _);
    client_cert_signer_check_validity(_ _);
    client_cert_signer_credentials(_ _ _ _);
    client_cert_signer_free(_);
    client_cert_signer_from_file(_ _ _);
    client_cert_signer_from_pem(_ _ _ _ _);
    client_cert_signer_id(_ _);
    client_cert_signer_is_asked_for(_ _ _);
    client_cert_signer_new(_ _ _ _ _);
    client_cert_signer_value_length(_ _ _ _ _);
    client_cert_signer_warnings(_ _ _ _ _ _);
    client_cert_status_write(_ _ _ _ _ _);
    client_cert_tls_connection_finished(_ _);
    client_cert_tls_connection_free(_);
    client_cert_tls_connection_identify(_ _ _ _ _);
    client_cert_tls_connection_new(_);
    client_cert_tls_connection_offered(_ _ _);
    client_cert_tls_connection_signer(_ _ _ _);
    client_cert_tls_connection_verified(_ _ _ _);
    client_cert_tls_host_record(_ _ _);
    client_cert_tls_host_signer_of_file(_ _ _);
    client_cert_tls_host_warnings(_ _ _ _ _);
    client_cert_tls_hosts_add(_ _ _ _ _ _ _);
    client_cert_tls_hosts_free(_);
    client_cert_tls_hosts_make_signers(_ _ _ _);
    client_cert_tls_hosts_new(_);
    client_cert_upgrade_offers_http(_ _);
    client_cert_variable_headers_add(_ _ _ _);
    client_cert_variable_headers_free(_);
    client_cert_variable_headers_new(_);
    client_cert_variable_headers_of_client(_ _ _ _ _ _ _);
    client_cert_variable_headers_without_client(_ _ _ _);
    client_cert_variables_free(_);
    client_cert_verification_cache_free(_);
    client_cert_verification_cache_new(_ _ _);
    client_cert_verify(_ _ _ _ _ _ _ _ _ _ _);
    client_cert_verify_client(_ _ _ _ _ _ _ _);
    client_cert_verify_peer(_ _ _ _ _ _ _ _ _);
    client_cert_vhosts_add(_ _ _ _ _ _);
    client_cert_vhosts_free(_);
    client_cert_vhosts_new(_);
};

/// They give what is static; or read and copy a few numbers and pointers.
const WITHOUT_BOUNDARY: [&str; 8] = [
    "client_cert_accept_part_init",
    "client_cert_accept_part_merge",
    "client_cert_counters_size",
    "client_cert_forward_part_init",
    "client_cert_forward_part_merge",
    "client_cert_result_message",
    "client_cert_settings_accepted_name",
    "client_cert_version",
];

#[test]
fn panic_in_each_function_becomes_its_result() {
    for &(name, call) in FUNCTIONS {
        INJECTED.set(Some(0));
        let result = call();
        let panics = INJECTED.take().unwrap();
        assert_eq!(panics, 1, "{name} has a boundary, and one alone");
        assert!(
            result.is_none_or(|result| result == ClientCertResult::Panic),
            "{name}: {result:?}"
        );
        let frees = name.ends_with("_free");
        assert_eq!(result.is_none(), frees, "{name}: only what frees has no result");
    }
}

#[test]
fn every_function_of_the_header_is_in_the_table() {
    let declared: BTreeSet<_> = include_str!("../../include/client_cert.h")
        .lines()
        // Comments are indented, or begin with a star.
        .filter(|line| line.starts_with(|c: char| c.is_ascii_lowercase()))
        .filter_map(|line| {
            let (before, _) = line.split_once('(')?;
            before.rsplit([' ', '*']).next()
        })
        .collect();
    let tested: BTreeSet<_> =
        FUNCTIONS.iter().map(|&(name, _)| name).chain(WITHOUT_BOUNDARY).collect();
    assert_eq!(tested.len(), FUNCTIONS.len() + WITHOUT_BOUNDARY.len());
    assert_eq!(declared, tested);
}
