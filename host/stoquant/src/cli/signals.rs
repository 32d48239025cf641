//! What a signal does: the first one stops a run that can go on later; any other ends the process, once what it has
//! begun to write is gone.

use std::sync::atomic::{AtomicBool, Ordering};

/// Whether there is a run that stops when it is told to.
static WATCHED: AtomicBool = AtomicBool::new(false);
static STOPPED: AtomicBool = AtomicBool::new(false);

/// From now on the first signal stops the run.
pub(super) fn watch() {
    WATCHED.store(true, Ordering::Relaxed);
}

/// Whether that signal has come.
pub(super) fn stopped() -> bool {
    STOPPED.load(Ordering::Relaxed)
}

/// Watches for signals, as long as the process lives.
#[cfg(unix)]
pub(super) fn register() -> std::io::Result<()> {
    use signal_hook::consts::{SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGUSR1, SIGXCPU, SIGXFSZ};
    // A file that grows beyond its limit then is an error like any other, and not the end.
    signal_hook::flag::register(SIGXFSZ, std::sync::Arc::default())?;
    let mut signals = signal_hook::iterator::Signals::new([SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGUSR1, SIGXCPU])?;
    std::thread::spawn(move || {
        for signal in signals.forever() {
            let ends = signal == SIGQUIT || !WATCHED.load(Ordering::Relaxed);
            if ends || STOPPED.swap(true, Ordering::Relaxed) {
                stoquant::output::remove_partial();
                // Ends the process, and tells its parent which signal it was.
                let _ = signal_hook::low_level::emulate_default_handler(signal);
            }
        }
    });
    Ok(())
}

#[cfg(not(unix))]
pub(super) fn register() -> std::io::Result<()> {
    Ok(())
}
