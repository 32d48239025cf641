//! How far a long run is: a bar where somebody looks on, lines elsewhere; and when it is to stop.

use std::io::IsTerminal;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use indicatif::ProgressBar;
use stoquant::sampling::Watch;

use super::{bar, signals, warn};

/// Time between two lines.
const LINES: Duration = Duration::from_secs(60);

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
    /// When the last line was printed.
    last: Mutex<Instant>,
    /// Whether the bar is seen.
    is_seen: bool,
}

impl Progress {
    /// Of a run of `count`, of which `done` are done.
    pub(super) fn new(count: usize, done: usize, what: &'static str, stop_after: Option<Duration>) -> Self {
        signals::watch();
        let bar = bar(count, &format!("{{bar:40}} {{pos}}/{{len}} {what}, {{elapsed}} (eta {{eta}}){{msg}}"), true);
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
            last: begun.into(),
            is_seen: std::io::stderr().is_terminal(),
        }
    }

    /// More to be said beside the bar.
    pub(super) fn say(&self, message: &str) {
        self.bar.set_message(format!(", {message}"));
    }

    pub(super) fn finish(&self) {
        self.bar.finish_and_clear();
    }

    fn line(&self, done: usize) {
        // Whoever prints looks; the others go on.
        let Ok(mut last) = self.last.try_lock() else { return };
        if last.elapsed() < LINES {
            return;
        }
        *last = Instant::now();
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
        if !self.is_seen {
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
