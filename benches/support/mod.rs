// SPDX-License-Identifier: Apache-2.0

//! How the benchmarks measure, and the C interface, through which httpd's module comes too.

#![allow(dead_code)]

pub(crate) mod bare_path;
pub(crate) mod c;
pub(crate) mod callgrind;
pub(crate) mod forge;
pub(crate) mod origin;
pub(crate) mod reuse;
#[path = "../../src/testing.rs"]
pub(crate) mod testing;
pub(crate) mod unsigned;

use std::{hint::black_box, time::Duration};

/// How long one variant runs before the next has its turn, in nanoseconds.
const TURN: f64 = 1e6;

/// The CPU time of this thread: what other processes take of the machine is not in it, though what
/// they take of its caches is.
pub(crate) fn thread_time() -> Duration {
    time(libc::CLOCK_THREAD_CPUTIME_ID)
}

fn time(clock: libc::clockid_t) -> Duration {
    let mut time = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    // SAFETY: a place for the result.
    assert_eq!(unsafe { libc::clock_gettime(clock, &mut time) }, 0);
    Duration::new(time.tv_sec.try_into().unwrap(), time.tv_nsec.try_into().unwrap())
}

/// One of the things that are compared.
pub(crate) struct Variant<'a> {
    name: String,
    run: Box<dyn FnMut() + 'a>,
}

impl<'a> Variant<'a> {
    pub(crate) fn new<T>(name: impl Into<String>, mut run: impl FnMut() -> T + 'a) -> Self {
        let run = Box::new(move || {
            black_box(run());
        });
        Self { name: name.into(), run }
    }

    fn time(&mut self, turns: u32) -> f64 {
        let start = thread_time();
        for _ in 0..turns {
            (self.run)();
        }
        (thread_time() - start).as_nanos() as f64 / f64::from(turns)
    }
}

/// A median and its interval of confidence of 95 percent, by the order statistics.
#[derive(Clone, Copy)]
pub(crate) struct Median {
    pub(crate) low: f64,
    pub(crate) value: f64,
    pub(crate) high: f64,
}

impl Median {
    pub(crate) fn of(mut values: Vec<f64>) -> Self {
        values.sort_by(f64::total_cmp);
        let count = values.len() as f64;
        let off = 0.98 * count.sqrt();
        let at = |place: f64| values[(place.max(0.0) as usize).min(values.len() - 1)];
        Self { low: at(count / 2.0 - off), value: at(count / 2.0), high: at(count / 2.0 + off) }
    }
}

/// What was found out of a variant.
pub(crate) struct Row {
    pub(crate) name: String,
    /// Nanoseconds for one time.
    pub(crate) time: Median,
    /// Against the first variant, round by round.
    pub(crate) ratio: Median,
}

/// Lets the variants take turns, each of a millisecond, so that whatever slows the machine down
/// slows all of them; ratios are those within a round.
pub(crate) fn compare(rounds: usize, mut variants: Vec<Variant<'_>>) -> Vec<Row> {
    let turns: Vec<u32> = variants
        .iter_mut()
        .map(|variant| {
            variant.time(1);
            (TURN / variant.time(3)).clamp(1.0, 1e5) as u32
        })
        .collect();
    let mut times = vec![Vec::new(); variants.len()];
    for round in 0..rounds {
        for step in 0..variants.len() {
            let index = (round + step) % variants.len();
            times[index].push(variants[index].time(turns[index]));
        }
    }
    let first = times[0].clone();
    variants
        .into_iter()
        .zip(times)
        .map(|(variant, times)| {
            let ratios = times.iter().zip(&first).map(|(time, first)| time / first).collect();
            Row { name: variant.name, time: Median::of(times), ratio: Median::of(ratios) }
        })
        .collect()
}

/// Prints a table, in Markdown.
pub(crate) fn print(title: &str, rows: &[Row]) {
    println!("\n{title}\n");
    println!("| variant | microseconds | ratio | 95 percent |");
    println!("| --- | ---: | ---: | --- |");
    for Row { name, time, ratio } in rows {
        println!(
            "| {name} | {:.3} | {:.3} | {:.3} to {:.3} |",
            time.value / 1000.0,
            ratio.value,
            ratio.low,
            ratio.high
        );
    }
}

/// How many rounds: the first argument that is a number, or so many.
pub(crate) fn rounds(usual: usize) -> usize {
    std::env::args().skip(1).find_map(|argument| argument.parse().ok()).unwrap_or(usual)
}
