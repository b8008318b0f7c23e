// SPDX-License-Identifier: Apache-2.0

//! Field names as the most careless backend reads them.

/// Whether two names are one to a backend that ignores case and takes all but letters and digits for
/// the same, and that trims what no name ends in.
pub(crate) fn fold_to_one(a: &[u8], b: &[u8]) -> bool {
    let common = a.len().min(b.len());
    let (a, a_rest) = a.split_at_checked(common).unwrap_or_default();
    let (b, b_rest) = b.split_at_checked(common).unwrap_or_default();
    let folded = |octet: &u8| {
        if octet.is_ascii_alphanumeric() { octet.to_ascii_uppercase() } else { b'_' }
    };
    let is_tchar = |octet: &u8| octet.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(octet);
    a.iter().map(folded).eq(b.iter().map(folded)) && !a_rest.iter().chain(b_rest).any(is_tchar)
}
