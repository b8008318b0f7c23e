// SPDX-License-Identifier: Apache-2.0

//! What using a value again costs, through the C interface, with few and with many clients, in
//! one thread and in two, against copying the value alone.
//!
//!     cargo bench --bench reuse [-- ROUNDS]

mod support;

use std::{
    alloc::{GlobalAlloc, Layout, System},
    cell::Cell,
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

/// Clients that differ in their serial number, with certificates of about 1 KB.
fn clients(count: usize) -> Vec<Client> {
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
    (0..count)
        .map(|number| {
            der[place..place + 4].copy_from_slice(&u32::try_from(number).unwrap().to_be_bytes());
            Client::new(&X509::from_der(&der).unwrap(), &[]).unwrap()
        })
        .collect()
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

struct Objects {
    cache: Cache,
    signer: Signer,
    clients: Vec<Client>,
}

impl Objects {
    /// Uses some client's value again, again and again, in so many threads at once. Returns the
    /// times that it took for one on the clock and of each thread's own.
    fn in_threads(&self, threads: usize, limit: usize, times: u32) -> (f64, f64) {
        let barrier = Barrier::new(threads);
        let start = Instant::now();
        let own: Vec<Duration> = thread::scope(|scope| {
            let threads: Vec<_> = (0..threads)
                .map(|number| {
                    let barrier = &barrier;
                    scope.spawn(move || {
                        let arena = Arena::new();
                        let mut order = Order::new(number as u64 + 1, limit);
                        barrier.wait();
                        let start = thread_time();
                        for _ in 0..times {
                            let client = &self.clients[order.next()];
                            black_box(arena.cache_sign(&self.cache, &self.signer, client, NOW));
                        }
                        thread_time() - start
                    })
                })
                .collect();
            threads.into_iter().map(|thread| thread.join().unwrap()).collect()
        });
        let wall = start.elapsed().as_nanos() as f64 / f64::from(times);
        let own = own.iter().map(|own| own.as_nanos() as f64).sum::<f64>();
        (wall, own / threads as f64 / f64::from(times))
    }
}

fn main() {
    let rounds = rounds(400);
    let identity = Leaf::new(KeyKind::P256).issued_by(&Leaf::ca("root").self_signed());
    let objects = Objects {
        cache: Cache::new(1 << 30),
        signer: Signer::new(&identity.certificate, &identity.key, &[]).unwrap(),
        clients: clients(MANY),
    };
    let values: Vec<Box<[u8]>> = objects
        .clients
        .iter()
        .map(|client| {
            let (cache, signer) = (&objects.cache, &objects.signer);
            let (certs, format) = (SignerCerts::Chain, SignedFormat::Cms);
            let copy = |value: &str, _| value.as_bytes().into();
            cache.sign(signer, certs, client, format, NOW, 60, copy).unwrap()
        })
        .collect();
    println!("value: {} bytes", values[0].len());

    let arena = Arena::new();
    let before = ALLOCATIONS.get();
    for client in &objects.clients {
        let (_, reused) = arena.cache_sign(&objects.cache, &objects.signer, client, NOW);
        assert!(reused);
    }
    println!("heap allocations for {MANY} reused values: {}", ALLOCATIONS.get() - before);

    let mut buffer = vec![0; 1 << 16];
    let buffer = Cell::from_mut(&mut buffer[..]).as_slice_of_cells();
    let copy = |index: usize| {
        // SAFETY: memory of ours, large enough.
        unsafe {
            let value = &values[index];
            let to = buffer.as_ptr().cast_mut().cast::<u8>();
            black_box(to).copy_from_nonoverlapping(value.as_ptr(), value.len());
        }
    };
    let reuse = |index: usize| {
        arena.cache_sign(&objects.cache, &objects.signer, &objects.clients[index], NOW)
    };
    let order = |limit| Order::new(7, limit);
    let (mut few, mut many, mut bare_few, mut bare_many, mut one) =
        (order(FEW), order(MANY), order(FEW), order(MANY), order(1));
    let rows = compare(
        rounds,
        vec![
            Variant::new("reused, 10 clients", || reuse(few.next())),
            Variant::new("reused, 1 client", || reuse(one.next())),
            Variant::new("reused, 100,000 clients", || reuse(many.next())),
            Variant::new("copy alone, 10 values", || copy(bare_few.next())),
            Variant::new("copy alone, 100,000 values", || copy(bare_many.next())),
        ],
    );
    print("One thread", &rows);

    println!("\nTwo threads against one\n");
    println!("| clients | speed by the clock | by CPU time | one thread, microseconds |");
    println!("| ---: | ---: | ---: | ---: |");
    for limit in [FEW, MANY] {
        let (mut clock, mut cpu, mut alone) = (Vec::new(), Vec::new(), Vec::new());
        for _ in 0..(rounds / 8).max(5) {
            let (wall, own) = objects.in_threads(1, limit, 20_000);
            let (wall_2, own_2) = objects.in_threads(2, limit, 20_000);
            clock.push(2.0 * wall / wall_2);
            cpu.push(2.0 * own / own_2);
            alone.push(own / 1000.0);
        }
        let [clock, cpu, alone] = [clock, cpu, alone].map(|values| Median::of(values).value);
        println!("| {limit} | {clock:.2} | {cpu:.2} | {alone:.3} |");
    }
}
