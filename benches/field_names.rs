// SPDX-License-Identifier: Apache-2.0

//! The instructions that a field of a request takes to be looked up among our headers and the known
//! ones, as callgrind counts them. The walk through the tree is that of names.h.
//!
//!     cargo bench --bench field_names

mod support;

use std::{
    ffi::{CString, c_char, c_void},
    hint::black_box,
    path::Path,
    ptr::{null, null_mut},
};

// The library, whose C functions these are.
use client_cert as _;
use support::callgrind;

unsafe extern "C" {
    fn client_cert_field_names_new(
        names: *const *const c_char,
        length: usize,
        with_known: bool,
        made: *mut *mut c_void,
    ) -> u32;
    fn client_cert_field_names_tree(
        names: *const c_void,
        classes: *mut *const u8,
        next: *mut *const u16,
    ) -> u32;
    fn client_cert_field_names_owner(
        names: *const c_void,
        name: *const c_char,
        owner: *mut u32,
    ) -> u32;
}

const LOOK_UPS: u32 = 10_000;

/// What browsers send, and what comes with a proxy or a network in front.
const USUAL: &[&str] = &[
    "Host",
    "User-Agent",
    "Accept",
    "Accept-Encoding",
    "Accept-Language",
    "Referer",
    "Connection",
    "Cookie",
    "Content-Type",
    "Sec-Fetch-Mode",
    "X-Requested-With",
    "X-Request-ID",
    "X-Amzn-Trace-Id",
    "CF-Connecting-IP",
    "CloudFront-Viewer-Country",
    "X-Forwarded-For",
];

/// What is removed.
const REMOVED: &[&str] = &[
    "Client-Cert",
    "X-SSL-Client-S-DN",
    "x_ssl_client_s_dn",
    "X-Client-Verify",
    "X-Amzn-Mtls-Clientcert-Leaf",
    "X-Forwarded-Client-Cert",
];

struct Names {
    set: *mut c_void,
    first: [u16; 256],
    classes: [u8; 256],
    next: *const u16,
}

impl Names {
    fn new(with_known: bool) -> Self {
        let ours = [c"Client-Cert".as_ptr(), c"Client-Cert-Chain".as_ptr()];
        let (mut set, mut classes, mut next) = (null_mut(), null::<u8>(), null::<u16>());
        // SAFETY: live strings, and places for the results.
        unsafe {
            let made = client_cert_field_names_new(ours.as_ptr(), ours.len(), with_known, &mut set);
            assert_eq!(made, 0);
            assert_eq!(client_cert_field_names_tree(set, &mut classes, &mut next), 0);
            let classes = *classes.cast::<[u8; 256]>();
            Self { set, first: classes.map(|class| *next.add(class.into())), classes, next }
        }
    }

    fn owner(&self, name: &CString) -> u32 {
        let mut octet = name.as_ptr().cast::<u8>();
        // SAFETY: the walk ends at the NUL at the latest.
        let at = unsafe {
            let mut at = self.first[usize::from(*octet)];
            while at > 1 {
                octet = octet.add(1);
                at = *self
                    .next
                    .add(usize::from(at) + usize::from(self.classes[usize::from(*octet)]));
            }
            at
        };
        let mut owner = 0;
        if at == 1 {
            // SAFETY: a live set and a string.
            unsafe { client_cert_field_names_owner(self.set, name.as_ptr(), &mut owner) };
        }
        owner
    }
}

fn measure(dumps: &Path) {
    let sets = [Names::new(false), Names::new(true)];
    let nothing = callgrind::count(dumps, LOOK_UPS, || {
        black_box(0);
    });
    for (title, fields) in [("field that stays", USUAL), ("field that is removed", REMOVED)] {
        println!("\n| {title} | among ours | among ours and the known ones |");
        println!("| --- | ---: | ---: |");
        for field in fields {
            let name = CString::new(*field).unwrap();
            let [ours, all] = sets.each_ref().map(|set| {
                let look_up = || {
                    black_box(set.owner(black_box(&name)));
                };
                callgrind::count(dumps, LOOK_UPS, look_up) - nothing
            });
            println!("| `{field}` | {ours:.0} | {all:.0} |");
        }
    }
}

fn main() {
    callgrind::main(measure);
}
