// SPDX-License-Identifier: Apache-2.0

//! The instructions that using a value again takes with few and with many clients, as callgrind
//! counts them: what the number of clients costs but for the processor's caches, which `reuse`
//! shows.
//!
//!     cargo bench --bench reuse_instructions

mod support;

use std::{
    env, fs,
    hint::black_box,
    path::{Path, PathBuf},
    process::{Command, id},
    sync::Arc,
};

use client_cert::{
    client::Client,
    format::{UnsignedFormat, signed::SignedFormat},
    sign::signer::{Signer, SignerCerts},
    verify::{
        Freshness,
        trust::{TrustAnchors, TrustNames},
        verification_cache::{TrustSources, VerificationCache},
    },
};
use openssl::x509::{X509, extension::SubjectAlternativeName};
use support::{
    reuse::{FEW, MANY, Order, Remembered},
    testing::{KeyKind, Leaf, NOW},
    unsigned::{self, UNSIGNED},
};

const USES: u32 = 100_000;

/// Where callgrind counts, its dumps; nowhere in the process that starts it.
const DUMPS: &str = "CLIENT_CERT_BENCH_DUMPS";

/// What callgrind.h asks callgrind to do.
#[derive(Clone, Copy)]
#[repr(u64)]
enum Request {
    Dump = 0x4354_0000,
    Zero,
    Start = 0x4354_0004,
    Stop,
}

/// Has callgrind do something, as valgrind.h asks it.
fn request(what: Request) {
    let request = [what as u64, 0, 0, 0, 0, 0];
    #[cfg(target_arch = "x86_64")]
    // SAFETY: without valgrind it does nothing: rdi is what it was after 128 places. With it, the
    // answer is in rdx.
    unsafe {
        std::arch::asm!(
            "rol rdi, 3",
            "rol rdi, 13",
            "rol rdi, 61",
            "rol rdi, 51",
            "xchg rbx, rbx",
            in("rax") request.as_ptr(),
            inout("rdx") 0_u64 => _,
        );
    }
    #[cfg(not(target_arch = "x86_64"))]
    unimplemented!("{request:?} on this processor");
}

/// The instructions for one use of each in a row, when all have been used before.
fn count(dumps: &Path, limit: usize, mut action: impl FnMut(usize)) -> f64 {
    (0..limit).for_each(&mut action);
    let mut order = Order::new(7, limit);
    request(Request::Start);
    request(Request::Zero);
    (0..USES).for_each(|_| action(order.next()));
    request(Request::Dump);
    request(Request::Stop);
    let mut total = None;
    for dump in fs::read_dir(dumps).unwrap() {
        let dump = dump.unwrap().path();
        let lines = fs::read_to_string(&dump).unwrap();
        let counted = |line: &str| line.strip_prefix("totals: ")?.parse::<f64>().ok();
        total = total.or(lines.lines().find_map(counted));
        fs::remove_file(dump).unwrap();
    }
    total.unwrap() / f64::from(USES)
}

fn measure(dumps: &Path) {
    let remembered = Remembered::new(MANY, 1);
    println!("\n| what | {FEW} clients | {MANY} clients | ratio |");
    println!("| --- | ---: | ---: | ---: |");
    let row = |name, few: f64, many: f64| {
        println!("| {name} | {few:.0} | {many:.0} | {:.3} |", many / few);
    };
    let [few, many] = [FEW, MANY].map(|limit| count(dumps, limit, remembered.copy()));
    row("the copy alone", few, many);
    let [few, many] = [FEW, MANY].map(|limit| count(dumps, limit, remembered.reuse(0)));
    row("used again", few, many);
    remembered.use_others();
    let [few, many] = [FEW, MANY].map(|limit| count(dumps, limit, remembered.look_up(0)));
    row("by another connection", few, many);
}

/// A value that is accepted again, from a peer that is its signer.
fn measure_acceptance(dumps: &Path) {
    let pair = Leaf::new(KeyKind::P256).self_signed();
    let client = Leaf::new(KeyKind::P256).self_signed();
    let client = Client::new(&client.certificate, &[]).unwrap();
    let peer = Client::new(&pair.certificate, &[]).unwrap();
    let signed = Signer::new(&pair.certificate, &pair.key, &[])
        .and_then(|signer| signer.sign(SignerCerts::Signer, &client, NOW))
        .unwrap();
    let value = SignedFormat::Cms.encode(&signed);
    let anchors = Arc::new(TrustAnchors::from_pem(pair.certificate_pem().as_bytes()).unwrap());
    let trust = TrustSources { anchors: &anchors, names: None, crls: None };
    let cache = VerificationCache::new(1 << 20);
    let freshness = Freshness { max_age: 300, skew: 30 };
    let total = count(dumps, 1, |_| {
        let accepted = cache
            .verify(trust, SignedFormat::Cms, value.as_bytes(), NOW, freshness, Some(&peer))
            .map_err(|failure| failure.rejection())
            .unwrap();
        black_box(accepted);
    });
    println!("\naccepted again: {total:.0} instructions for a value of {} bytes", value.len());
}

/// The same of values that are not signed, from a peer with a name.
fn measure_unsigned(dumps: &Path) {
    let names = X509::builder()
        .and_then(|builder| {
            let context = builder.x509v3_context(None, None);
            SubjectAlternativeName::new().dns("ttrp.example").build(&context)
        })
        .unwrap();
    let pair = Leaf::new(KeyKind::P256).extension(names).self_signed();
    let client = Leaf::new(KeyKind::P256).self_signed().certificate.to_der().unwrap();
    let peer = Client::new(&pair.certificate, &[]).unwrap();
    let anchors = Arc::new(TrustAnchors::from_pem(pair.certificate_pem().as_bytes()).unwrap());
    let names = Arc::new(TrustNames::new(&[b"ttrp.example"]).unwrap());
    let trust = TrustSources { anchors: &anchors, names: Some(&names), crls: None };
    let cache = VerificationCache::new(1 << 20);
    for (name, format) in UNSIGNED {
        let value = unsigned::encode(format, &client);
        let format = UnsignedFormat::new(format).unwrap();
        let total = count(dumps, 1, |_| {
            let accepted = cache
                .verify_peer(trust, format, value.as_bytes(), NOW, &peer)
                .map_err(|failure| failure.rejection())
                .unwrap();
            black_box(accepted);
        });
        println!("{name}, accepted again: {total:.0} for {} bytes", value.len());
    }
}

fn main() {
    if let Some(dumps) = env::var_os(DUMPS) {
        let dumps = PathBuf::from(dumps);
        measure_acceptance(&dumps);
        measure_unsigned(&dumps);
        return measure(&dumps);
    }
    let dumps = env::temp_dir().join(format!("client-cert-bench-{}", id()));
    fs::create_dir(&dumps).unwrap();
    let status = Command::new("valgrind")
        .args(["--tool=callgrind", "--quiet", "--vgdb=no", "--instr-atstart=no"])
        .arg(format!("--callgrind-out-file={}/count", dumps.display()))
        .arg(env::current_exe().unwrap())
        .env(DUMPS, &dumps)
        .status()
        .unwrap();
    fs::remove_dir_all(&dumps).unwrap();
    assert!(status.success(), "{status}");
}
