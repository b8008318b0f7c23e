// SPDX-License-Identifier: Apache-2.0

//! What using a value again costs, on the connection that used it last and on another, with few
//! and with many clients, in one thread and in two, against copying the value alone; and with few
//! and many where the processor's caches hold nothing of either.
//!
//!     cargo bench --bench reuse [-- ROUNDS]

mod support;

use std::{
    alloc::{GlobalAlloc, Layout, System},
    cell::{Cell, RefCell},
    hint::black_box,
    sync::Barrier,
    thread,
    time::{Duration, Instant},
};

use client_cert::{
    cache::Cache,
    client::Client,
    format::SignedFormat,
    signer::{Signer, SignerCerts},
};
use openssl::x509::{X509, extension::SubjectAlternativeName};
use support::{
    Median, Variant,
    c::Arena,
    compare, print, rounds,
    testing::{KeyKind, Leaf, NOW},
    thread_time,
};

/// Counts the allocations of each thread.
struct Counting;

thread_local! {
    static ALLOCATIONS: Cell<usize> = const { Cell::new(0) };
}

// SAFETY: the system's allocator, with a counter beside it.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        ALLOCATIONS.set(ALLOCATIONS.get() + 1);
        // SAFETY: the caller's part.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        // SAFETY: the caller's part.
        unsafe { System.dealloc(pointer, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

const MANY: usize = 100_000;
const FEW: usize = 10;

/// Clients that differ in their serial number, with certificates of about 1 KB: each on so many
/// connections.
fn clients(count: usize, connections: usize) -> Vec<Vec<Client>> {
    let root = Leaf::ca("root").self_signed();
    let probe = Leaf::new(KeyKind::Rsa(2048)).issued_by(&root);
    let probe = X509::builder()
        .map(|builder| {
            let context = builder.x509v3_context(Some(&root.certificate), None);
            let mut names = SubjectAlternativeName::new();
            for n in 0..6 {
                names.uri(&format!("https://clients.example/{n}/{}", "x".repeat(40)));
            }
            names.build(&context).unwrap()
        })
        .map(|names| Leaf::with_key(probe.key.clone()).extension(names).issued_by(&root))
        .unwrap();
    let mut der = probe.certificate.to_der().unwrap();
    let serial = probe.certificate.serial_number().to_bn().unwrap().to_vec();
    let place = der.windows(serial.len()).position(|part| part == serial).unwrap() + 8;
    println!("client certificate: {} bytes", der.len());
    let mut clients: Vec<Vec<_>> = (0..connections).map(|_| Vec::with_capacity(count)).collect();
    for number in 0..count {
        der[place..place + 4].copy_from_slice(&u32::try_from(number).unwrap().to_be_bytes());
        let certificate = X509::from_der(&der).unwrap();
        for connection in &mut clients {
            connection.push(Client::new(&certificate, &[]).unwrap());
        }
    }
    clients
}

/// Numbers below `limit` in no order, all of them as often.
struct Order {
    state: u64,
    limit: u64,
}

impl Order {
    fn new(seed: u64, limit: usize) -> Self {
        Self { state: seed, limit: limit as u64 }
    }

    fn next(&mut self) -> usize {
        self.state = self.state.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
        (((self.state >> 32) * self.limit) >> 32) as usize
    }
}

/// Does something for some client's index, again and again, in so many threads at once. Returns
/// the nanoseconds that it took for one on the clock and of each thread's own.
fn in_threads<F: FnMut(usize)>(
    threads: usize,
    limit: usize,
    times: u32,
    action: impl Fn(usize) -> F + Sync,
) -> (f64, f64) {
    let barrier = Barrier::new(threads + 1);
    let (start, own) = thread::scope(|scope| {
        let threads: Vec<_> = (0..threads)
            .map(|number| {
                let (barrier, action) = (&barrier, &action);
                scope.spawn(move || {
                    let mut action = action(number);
                    let mut order = Order::new(number as u64 + 1, limit);
                    barrier.wait();
                    let start = thread_time();
                    for _ in 0..times {
                        action(order.next());
                    }
                    thread_time() - start
                })
            })
            .collect();
        barrier.wait();
        let start = Instant::now();
        let own: Vec<Duration> = threads.into_iter().map(|thread| thread.join().unwrap()).collect();
        (start, own)
    });
    let wall = start.elapsed().as_nanos() as f64 / f64::from(times);
    let own = own.iter().map(|own| own.as_nanos() as f64).sum::<f64>();
    (wall, own / threads as f64 / f64::from(times))
}

/// Memory that fills the processor's caches, so that they hold nothing else.
struct Displacement(Vec<u64>);

impl Displacement {
    fn new() -> Self {
        let last = std::fs::read_to_string("/sys/devices/system/cpu/cpu0/cache/index3/size");
        let kilobytes = last.ok().and_then(|size| size.trim().strip_suffix('K')?.parse().ok());
        let bytes = kilobytes.unwrap_or(32 << 10) * 1024 * 2;
        Self((0..bytes / size_of::<u64>() as u64).collect())
    }

    fn displace(&mut self) {
        const LINE: usize = 64 / size_of::<u64>();
        for word in self.0.iter_mut().step_by(LINE) {
            *word = black_box(word.wrapping_add(1));
        }
    }
}

/// The time that something takes for one of so many clients when no cache of the processor holds
/// anything of them, which is what the number of clients itself costs: each of the few once, as
/// many of the many, and then again from the start.
fn print_cold(rounds: usize, named: &mut [(&str, &mut dyn FnMut(usize))]) {
    let mut displacement = Displacement::new();
    println!("\nNothing in the processor's caches\n");
    println!("| variant | 10 clients | 100,000 clients | ratio | 95 percent |");
    println!("| --- | ---: | ---: | ---: | --- |");
    for (name, action) in named {
        let mut order = Order::new(3, MANY);
        let mut time = |next: &mut dyn FnMut(usize) -> usize| {
            displacement.displace();
            let start = thread_time();
            for number in 0..FEW {
                action(next(number));
            }
            (thread_time() - start).as_nanos() as f64 / FEW as f64
        };
        let (mut few, mut many, mut ratios) = (Vec::new(), Vec::new(), Vec::new());
        for _ in 0..rounds {
            few.push(time(&mut |number| number));
            many.push(time(&mut |_| order.next()));
            ratios.push(many[many.len() - 1] / few[few.len() - 1]);
        }
        let [few, many, ratio] = [few, many, ratios].map(Median::of);
        println!(
            "| {name} | {:.3} | {:.3} | {:.3} | {:.3} to {:.3} |",
            few.value / 1000.0,
            many.value / 1000.0,
            ratio.value,
            ratio.low,
            ratio.high
        );
    }
}

/// How much faster two threads are than one.
fn print_threads<F: FnMut(usize)>(
    name: &str,
    rounds: usize,
    limit: usize,
    action: impl Fn(usize) -> F + Sync,
) {
    let times = if limit == FEW { 400_000 } else { 40_000 };
    let (mut clock, mut cpu) = (Vec::new(), Vec::new());
    for _ in 0..rounds {
        let (wall, own) = in_threads(1, limit, times, &action);
        let (wall_2, own_2) = in_threads(2, limit, times, &action);
        clock.push(2.0 * wall / wall_2);
        cpu.push(2.0 * own / own_2);
    }
    let show = |values| {
        let Median { low, value, high } = Median::of(values);
        format!("{value:.2} ({low:.2} to {high:.2})")
    };
    println!("| {name} | {limit} | {} | {} |", show(clock), show(cpu));
}

fn main() {
    let rounds = rounds(400);
    let identity = Leaf::new(KeyKind::P256).issued_by(&Leaf::ca("root").self_signed());
    let cache = Cache::new(1 << 30);
    let signer = Signer::new(&identity.certificate, &identity.key, &[]).unwrap();
    let clients = clients(MANY, 2);
    let values: Vec<Box<[u8]>> = clients[0]
        .iter()
        .map(|client| {
            let (certs, format) = (SignerCerts::Chain, SignedFormat::Cms);
            let copy = |value: &str, _| value.as_bytes().into();
            cache.sign(&signer, certs, client, format, NOW, 60, copy).unwrap()
        })
        .collect();
    println!("value: {} bytes", values[0].len());

    let arena = Arena::new();
    for (again, connection) in
        [&clients[0], &clients[0], &clients[1], &clients[1]].iter().enumerate()
    {
        let before = ALLOCATIONS.get();
        for client in *connection {
            assert!(arena.cache_sign(&cache, &signer, client, NOW).1);
        }
        let allocations = ALLOCATIONS.get() - before;
        println!("heap allocations for {MANY} reused values, {again}: {allocations}");
    }

    let reuse = |thread: usize| {
        let (cache, signer, connections) = (&cache, &signer, &clients[thread]);
        let arena = Arena::new();
        move |index: usize| {
            black_box(arena.cache_sign(cache, signer, &connections[index], NOW));
        }
    };
    // What a connection used last was each time another value.
    for client in &clients[0] {
        let (certs, format) = (SignerCerts::Signer, SignedFormat::Cms);
        cache.sign(&signer, certs, client, format, NOW, 60, |_, _| ()).unwrap();
    }
    let copy = |value: &[u8], buffer: &mut [u8]| {
        black_box(&mut buffer[..value.len()]).copy_from_slice(value);
    };
    let look_up = |thread: usize| {
        let (cache, signer, connections) = (&cache, &signer, &clients[thread]);
        let mut chain = vec![false; MANY];
        let buffer = RefCell::new(vec![0; 1 << 16]);
        move |index: usize| {
            chain[index] = !chain[index];
            let certs = if chain[index] { SignerCerts::Chain } else { SignerCerts::Signer };
            let copy = |value: &str, _| copy(value.as_bytes(), &mut buffer.borrow_mut());
            let (client, format) = (&connections[index], SignedFormat::Cms);
            cache.sign(signer, certs, client, format, NOW, 60, copy).unwrap();
        }
    };
    let bare = |_| {
        let (values, mut buffer) = (&values, vec![0; 1 << 16]);
        move |index: usize| copy(&values[index], &mut buffer)
    };
    fn variant<'a>(name: &str, limit: usize, mut action: impl FnMut(usize) + 'a) -> Variant<'a> {
        let mut order = Order::new(7, limit);
        Variant::new(format!("{name}, {limit} clients"), move || action(order.next()))
    }
    let rows = compare(
        rounds,
        vec![
            variant("the copy alone", FEW, bare(0)),
            variant("the copy alone", MANY, bare(0)),
            variant("reused", FEW, reuse(0)),
            variant("reused", MANY, reuse(0)),
            variant("reused by another connection", FEW, look_up(0)),
            variant("reused by another connection", MANY, look_up(0)),
        ],
    );
    print("One thread", &rows);

    let (mut bare_copy, mut reused, mut other) = (bare(0), reuse(0), look_up(0));
    (0..MANY).for_each(&mut reused);
    (0..MANY).for_each(&mut other);
    print_cold(
        rounds,
        &mut [
            ("the copy alone", &mut bare_copy),
            ("reused", &mut reused),
            ("reused by another connection", &mut other),
        ],
    );

    println!("\nTwo threads against one\n");
    println!("| what | clients | speed by the clock | by CPU time |");
    println!("| --- | ---: | --- | --- |");
    for limit in [FEW, MANY] {
        let rounds = (rounds / 8).max(5);
        print_threads("the copy alone", rounds, limit, bare);
        print_threads("reused", rounds, limit, reuse);
        print_threads("reused by another connection", rounds, limit, look_up);
    }
}
