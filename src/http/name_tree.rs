// SPDX-License-Identifier: Apache-2.0

//! A tree of folded names, which is walked octet by octet until it is clear that a name is none of
//! them: for most fields of a request after one octet or two, however many names there are.
//!
//! It decides only what no name is. What comes to an end in it, FieldNames looks at.

use super::folding::{folded, is_tchar};

/// What an octet of a name is to the tree. Those that fold to `_` are two: the ones of tokens, and
/// the others, which some backend trims.
const END: u8 = 0;
const FIRST_LETTER: u8 = 1;
const FIRST_DIGIT: u8 = 27;
const SIGN: u8 = 37;
const TRIMMED: u8 = 38;

/// The length of a row, at least the number of classes.
const ROW: usize = 40;

/// What a row has where a name ends or may end; other numbers are where the next row begins.
const NONE: u16 = 0;
const MAYBE: u16 = 1;

/// The first row, to which no other leads.
const START: u16 = 0;

pub(crate) struct NameTree {
    classes: [u8; 256],
    next: Vec<u16>,
}

impl NameTree {
    pub(crate) fn new() -> Self {
        let mut classes = [END; 256];
        for (class, octet) in classes.iter_mut().zip(0_u8..=255) {
            *class = class_of(octet);
        }
        Self { classes, next: vec![NONE; ROW] }
    }

    /// Adds a name.
    pub(crate) fn add(&mut self, name: &[u8]) {
        if let Some(row) = self.grow(name) {
            self.set(row, END, MAYBE);
            self.set(row, TRIMMED, MAYBE);
        }
    }

    /// Adds every name that begins so, with one octet or more.
    pub(crate) fn add_family(&mut self, beginning: &[u8]) {
        let Some((last, before)) = beginning.split_last() else { return };
        if let Some(row) = self.grow(before) {
            self.lead(row, class_of(folded(*last)), MAYBE);
        }
    }

    /// The row after a name's octets; None if whatever follows them is MAYBE already.
    fn grow(&mut self, name: &[u8]) -> Option<u16> {
        // What some backend trims before a name.
        self.set(START, TRIMMED, MAYBE);
        let mut row = START;
        for octet in name {
            let class = class_of(folded(*octet));
            let mut next = self.get(row, class);
            if next == NONE {
                next = self.new_row();
                self.lead(row, class, next);
            }
            if next == MAYBE {
                return None;
            }
            row = next;
        }
        Some(row)
    }

    /// Where it begins; MAYBE if numbers of 16 bits are used up. Then FieldNames has more to do.
    fn new_row(&mut self) -> u16 {
        let Ok(row) = u16::try_from(self.next.len()) else { return MAYBE };
        self.next.extend_from_slice(&[NONE; ROW]);
        row
    }

    /// Makes a row lead on to another by a class, and by what folds to the same.
    fn lead(&mut self, row: u16, class: u8, next: u16) {
        self.set(row, class, next);
        if class == SIGN && self.get(row, TRIMMED) != MAYBE {
            self.set(row, TRIMMED, next);
        }
    }

    fn get(&self, row: u16, class: u8) -> u16 {
        self.next.get(usize::from(row).saturating_add(class.into())).copied().unwrap_or(MAYBE)
    }

    fn set(&mut self, row: u16, class: u8, next: u16) {
        if let Some(cell) = self.next.get_mut(usize::from(row).saturating_add(class.into())) {
            *cell = next;
        }
    }

    /// What each octet is to the tree, by its value.
    pub(crate) fn classes(&self) -> &[u8; 256] {
        &self.classes
    }

    /// Its rows, one after the other. A walk begins at 0. The next number is at the last one and the
    /// octet's class; with the one after it, if that is above 1, it goes on. 0: the name is none of
    /// the tree's. 1: it may be one. Both come at the NUL after a name at the latest.
    pub(crate) fn next(&self) -> &[u16] {
        &self.next
    }
}

fn class_of(octet: u8) -> u8 {
    let within = |first: u8, start: u8| octet.wrapping_sub(first).wrapping_add(start);
    match octet {
        0 => END,
        b'A'..=b'Z' => within(b'A', FIRST_LETTER),
        b'a'..=b'z' => within(b'a', FIRST_LETTER),
        b'0'..=b'9' => within(b'0', FIRST_DIGIT),
        _ if is_tchar(octet) => SIGN,
        _ => TRIMMED,
    }
}

#[cfg(any(test, fuzzing))]
impl NameTree {
    /// As mcc_names_may_contain() of names.h has it.
    pub(crate) fn may_contain(&self, name: &[u8]) -> bool {
        let mut row = usize::from(START);
        for octet in name.iter().chain(&[0]) {
            row = self.next[row + usize::from(self.classes[usize::from(*octet)])].into();
            if row <= usize::from(MAYBE) {
                return row == usize::from(MAYBE);
            }
        }
        panic!("{name:?} has no end");
    }

    #[cfg(test)]
    pub(crate) fn rows(&self) -> usize {
        self.next.len() / ROW
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tree(names: &[&str], families: &[&str]) -> NameTree {
        let mut tree = NameTree::new();
        names.iter().for_each(|name| tree.add(name.as_bytes()));
        families.iter().for_each(|family| tree.add_family(family.as_bytes()));
        tree
    }

    #[test]
    fn classes_are_those_of_folding() {
        for (octet, other) in (0..=255_u8).flat_map(|a| (0..=255_u8).map(move |b| (a, b))) {
            let [a, b] = [octet, other].map(class_of);
            if octet != 0 && other != 0 && is_tchar(octet) == is_tchar(other) {
                assert_eq!(a == b, folded(octet) == folded(other), "{octet} {other}");
            }
            assert!(usize::from(a) < ROW);
        }
    }

    #[test]
    fn names_families_and_neither() {
        let tree = tree(&["Client-Cert", "X"], &["X-SSL-Client", "SSL-", "X-SSL-Client-More"]);
        for name in [
            "Client-Cert",
            "client.cert",
            "Client-Cert\u{7f}",
            "\u{b}Client-Cert",
            "x",
            "X\t",
            "X-SSL-Client",
            "x_ssl_client_cert",
            "X-SSL-ClientCert",
            "ssl_",
            "SSL-anything",
        ] {
            assert!(tree.may_contain(name.as_bytes()), "{name}");
        }
        for name in [
            "",
            "Client-Certs",
            "Client-Cert-",
            "Client",
            "Cookie",
            "X-",
            "X-SSL-Clien",
            "Xy",
            "SSL",
            "X-Forwarded-For",
            "_Client-Cert",
        ] {
            assert!(!tree.may_contain(name.as_bytes()), "{name}");
        }
        assert!(!NameTree::new().may_contain(b"X"));
        assert!(!NameTree::new().may_contain(b"\x0b"));
    }

    #[test]
    fn the_order_of_names_does_not_matter() {
        let one = tree(&["A", "A-B", "A-B-C"], &["A-B"]);
        for name in ["A", "a.b", "A-B-C", "A-Bx", "A\u{a0}", "A;B"] {
            assert!(one.may_contain(name.as_bytes()), "{name}");
        }
        let mut other = NameTree::new();
        other.add_family(b"A-B");
        ["A-B-C", "A-B", "A"].iter().for_each(|name| other.add(name.as_bytes()));
        for name in ["A", "a.b", "A-B-C", "A-Bx", "A\u{a0}", "A;B"] {
            assert!(other.may_contain(name.as_bytes()), "{name}");
        }
        assert!(other.rows() <= one.rows());
    }

    #[test]
    fn a_tree_that_is_full_lets_no_name_pass() {
        let names: Vec<_> = (0..20_000).map(|n| format!("Name-{n}-{n}-{n}")).collect();
        let mut tree = NameTree::new();
        names.iter().for_each(|name| tree.add(name.as_bytes()));
        assert!(tree.next.len() <= usize::from(u16::MAX) + ROW);
        for name in &names {
            assert!(tree.may_contain(name.as_bytes()), "{name}");
        }
        assert!(!tree.may_contain(b"Cookie"));
    }
}
