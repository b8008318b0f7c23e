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

/// client_cert_field_name_tree.
#[repr(C)]
struct Names {
    first: [u16; 256],
    classes: [u8; 256],
    next: *const u16,
    set: *const c_void,
}

/// client_cert_whole_part.
#[repr(C)]
struct WholePart {
    cache_size: usize,
    forwarding_directive: *const c_char,
    chain_name: *const c_void,
    accepts: bool,
}

unsafe extern "C" {
    fn client_cert_files_new(last: *const u8, last_length: usize, files: *mut *mut c_void) -> u32;
    fn client_cert_settings_new(settings: *mut *mut c_void) -> u32;
    fn client_cert_settings_complete(
        settings: *mut c_void,
        files: *const c_void,
        servers: *const *mut c_void,
        server_count: usize,
        arriving_names: *mut Names,
        our_names: *mut Names,
        whole: *mut WholePart,
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

/// The names that are ours without a directive, and those together with the known ones. They stay for as
/// long as the process.
fn names() -> [Names; 2] {
    let (mut files, mut settings) = (null_mut(), null_mut());
    let none = || Names { first: [0; 256], classes: [0; 256], next: null(), set: null() };
    let (mut ours, mut arriving) = (none(), none());
    let mut whole = WholePart {
        cache_size: 0,
        forwarding_directive: null(),
        chain_name: null(),
        accepts: false,
    };
    // SAFETY: places for the results.
    unsafe {
        assert_eq!(client_cert_files_new(null(), 0, &mut files), 0);
        assert_eq!(client_cert_settings_new(&mut settings), 0);
        let complete = client_cert_settings_complete;
        let result = complete(settings, files, null(), 0, &mut arriving, &mut ours, &mut whole);
        assert_eq!(result, 0);
    }
    [ours, arriving]
}

impl Names {
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
    let sets = names();
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
