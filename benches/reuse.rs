// SPDX-License-Identifier: Apache-2.0

//! What using a value again costs, on the connection that used it last and on another, with few
//! and with many clients, in one thread and in two, against copying the value alone; and with few
//! and many where the processor's caches hold nothing of either.
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

use support::{
    Median, Variant,
    c::cache_sign,
    compare, print,
    reuse::{FEW, MANY, Order, Remembered},
    rounds,
    testing::NOW,
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
    let remembered = Remembered::new(MANY, 2);

    for (again, connection) in [0, 0, 1, 1].into_iter().enumerate() {
        let before = ALLOCATIONS.get();
        for client in &remembered.clients[connection] {
            assert!(cache_sign(&remembered.cache, &remembered.signer, client, NOW, |_| ()).1);
        }
        let allocations = ALLOCATIONS.get() - before;
        println!("heap allocations for {MANY} reused values, {again}: {allocations}");
    }

    remembered.use_others();
    let bare = |_| remembered.copy();
    let reuse = |connection| remembered.reuse(connection);
    let look_up = |connection| remembered.look_up(connection);
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
