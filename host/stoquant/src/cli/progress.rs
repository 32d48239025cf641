//! How far a long run is: a bar where somebody looks on, lines elsewhere; and when it is to stop.

use std::io::IsTerminal;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use indicatif::ProgressBar;
use stoquant::sampling::Watch;

use super::{bar, signals, warn};

/// Time between two lines, and the least between lines at a tenth of the run.
const LINES: [Duration; 2] = [Duration::from_secs(60), Duration::from_secs(10)];

/// Watches a run until it is dropped; from its first signal on, the run is to stop.
pub(super) struct Progress {
    bar: ProgressBar,
    what: &'static str,
    count: usize,
    /// Done before.
    first: usize,
    done: AtomicUsize,
    begun: Instant,
    end: Option<Instant>,
    /// When the last line was printed, and what was done then.
    last: Mutex<(Instant, usize)>,
    silent: bool,
}

impl Progress {
    /// Of a run of `count`, of which `done` are done.
    pub(super) fn new(count: usize, done: usize, what: &'static str, stop_after: Option<Duration>) -> Self {
        signals::watch();
        let bar = bar(count, &format!("{{bar:40}} {{pos}}/{{len}} {what}, {{elapsed}} (eta {{eta}})"), true);
        bar.set_position(done as u64);
        bar.reset_eta();
        let begun = Instant::now();
        Self {
            bar,
            what,
            count,
            first: done,
            done: done.into(),
            begun,
            end: stop_after.and_then(|time| begun.checked_add(time)),
            last: (begun, done).into(),
            silent: std::io::stderr().is_terminal(),
        }
    }

    pub(super) fn finish(&self) {
        self.bar.finish_and_clear();
    }

    fn line(&self, done: usize) {
        // Whoever prints looks; the others go on.
        let Ok(mut last) = self.last.try_lock() else { return };
        let (at, before) = *last;
        let tenth = done * 10 / self.count > before * 10 / self.count;
        if at.elapsed() < LINES[usize::from(tenth)] {
            return;
        }
        *last = (Instant::now(), done);
        let rate = (done - self.first) as f64 / self.begun.elapsed().as_secs_f64();
        let left = Duration::from_secs(((self.count - done.min(self.count)) as f64 / rate) as u64);
        let left = humantime::format_duration(left);
        warn(&format!("{done} of {} {}, {rate:.3} a second, {left} to go", self.count, self.what));
    }
}

impl Watch for Progress {
    fn done(&self, count: usize) {
        self.bar.inc(count as u64);
        let done = self.done.fetch_add(count, Ordering::Relaxed) + count;
        if !self.silent {
            self.line(done);
        }
    }
    fn stop(&self) -> bool {
        signals::stopped() || self.end.is_some_and(|end| Instant::now() >= end)
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.finish();
    }
}
