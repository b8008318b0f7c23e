// SPDX-License-Identifier: Apache-2.0

//! Instructions, as callgrind counts them.

use std::{
    env, fs,
    path::{Path, PathBuf},
    process::{Command, id},
};

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

/// The instructions for one of so many actions.
pub(crate) fn count(dumps: &Path, actions: u32, mut action: impl FnMut()) -> f64 {
    request(Request::Start);
    request(Request::Zero);
    (0..actions).for_each(|_| action());
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
    total.unwrap() / f64::from(actions)
}

/// Runs this program once more under callgrind, where it measures.
pub(crate) fn main(measure: impl FnOnce(&Path)) {
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
