// SPDX-License-Identifier: Apache-2.0

//! The instructions that using a value again takes with few and with many clients, as callgrind
//! counts them: what the number of clients costs but for the processor's caches, which `reuse`
//! shows.
//!
//!     cargo bench --bench reuse_instructions

mod support;

use std::{
    env, fs,
    path::{Path, PathBuf},
    process::{Command, id},
};

use support::reuse::{FEW, Kept, MANY, Order};

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
    let kept = Kept::new(MANY, 1);
    println!("\n| what | {FEW} clients | {MANY} clients | ratio |");
    println!("| --- | ---: | ---: | ---: |");
    let row = |name, few: f64, many: f64| {
        println!("| {name} | {few:.0} | {many:.0} | {:.3} |", many / few);
    };
    let [few, many] = [FEW, MANY].map(|limit| count(dumps, limit, kept.copy()));
    row("the copy alone", few, many);
    let [few, many] = [FEW, MANY].map(|limit| count(dumps, limit, kept.reuse(0)));
    row("used again", few, many);
    kept.use_others();
    let [few, many] = [FEW, MANY].map(|limit| count(dumps, limit, kept.look_up(0)));
    row("by another connection", few, many);
}

fn main() {
    if let Some(dumps) = env::var_os(DUMPS) {
        return measure(&PathBuf::from(dumps));
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
