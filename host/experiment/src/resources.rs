//! Memory and disk: what is there, and refusals before a run in place of aborts within.

use std::path::Path;

use crate::experiment::InputError;

/// Memory that this process can still have, in bytes: the least that the machine, a container and the limits of the
/// process leave. `None` where none of them can be read.
pub fn memory() -> Option<u64> {
    let machine = sysinfo::System::new().ok().map(|mut system| {
        system.refresh_memory();
        system.available_memory() + system.free_swap()
    });
    [machine.filter(|&bytes| bytes > 0), container(), address_space()].into_iter().flatten().min()
}

/// What the limit of a container leaves. Files that it caches give way, so they do not count as taken.
fn container() -> Option<u64> {
    use sysinfo::{ProcessRefreshKind, ProcessesToUpdate, System};
    let (mut system, own) = (System::new().ok()?, sysinfo::get_current_pid().ok()?);
    system.refresh_processes_specifics(ProcessesToUpdate::Some(&[own]), false, ProcessRefreshKind::nothing());
    let limits = system.process(own)?.cgroup_limits()?;
    Some(limits.total_memory.saturating_sub(limits.rss).saturating_add(limits.free_swap))
}

/// What `ulimit -v` leaves.
#[cfg(unix)]
fn address_space() -> Option<u64> {
    let limit = rustix::process::getrlimit(rustix::process::Resource::As).current?;
    // The first number of statm: pages of the whole address space.
    let pages: u64 = std::fs::read_to_string("/proc/self/statm").ok()?.split(' ').next()?.parse().ok()?;
    Some(limit.saturating_sub(pages * rustix::param::page_size() as u64))
}

#[cfg(not(unix))]
fn address_space() -> Option<u64> {
    None
}

/// Refuse what needs more memory than there is. `what` is the subject of the sentence.
pub fn need_memory(what: &str, bytes: u64) -> Result<(), InputError> {
    match memory() {
        Some(there) if bytes > there => Err(InputError(format!(
            "{what} needs {} of memory, and {} are free: choose fewer or smaller configurations",
            amount(bytes),
            amount(there)
        ))),
        _ => Ok(()),
    }
}

/// Refuse what does not fit on the disk of a directory.
pub fn need_disk(what: &str, directory: &Path, bytes: u64) -> Result<(), InputError> {
    match disk(directory) {
        Some(there) if bytes > there => Err(InputError(format!(
            "{what} needs {} of disk in {}, and {} are free",
            amount(bytes),
            directory.display(),
            amount(there)
        ))),
        _ => Ok(()),
    }
}

#[cfg(unix)]
fn disk(directory: &Path) -> Option<u64> {
    let system = rustix::fs::statvfs(directory).ok()?;
    system.f_bavail.checked_mul(system.f_frsize)
}

#[cfg(not(unix))]
fn disk(_directory: &Path) -> Option<u64> {
    None
}

/// An empty vector with room for `count` numbers; refused where `copies` of them do not fit into memory.
pub fn vector<T>(count: usize, copies: u64) -> Result<Vec<T>, String> {
    let bytes = (count as u64).saturating_mul(size_of::<T>() as u64);
    let refused = || format!("its {count} numbers take {} of memory: more than there is", amount(bytes));
    if memory().is_some_and(|there| bytes.saturating_mul(copies) > there) {
        return Err(refused());
    }
    let mut out = Vec::new();
    out.try_reserve_exact(count).map_err(|_| refused())?;
    Ok(out)
}

/// `1.5 GiB`.
pub fn amount(bytes: u64) -> String {
    let units = ["bytes", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"];
    let (mut value, mut unit) = (bytes as f64, 0);
    while value >= 1024.0 && unit + 1 < units.len() {
        (value, unit) = (value / 1024.0, unit + 1);
    }
    if unit == 0 { format!("{bytes} bytes") } else { format!("{value:.1} {}", units[unit]) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_cannot_be_is_refused_before() {
        assert_eq!([amount(1023), amount(1536), amount(u64::MAX)], ["1023 bytes", "1.5 KiB", "16.0 EiB"]);
        assert!(need_memory("a test", 1).is_ok() && need_disk("a test", Path::new("."), 1).is_ok());
        let refused = need_memory("a test", u64::MAX).unwrap_err().to_string();
        assert!(refused.starts_with("a test needs 16.0 EiB of memory, and "), "{refused}");
        assert!(need_disk("a test", Path::new("."), u64::MAX).is_err());
        assert!(vector::<f64>(1 << 50, 1).is_err() && vector::<f64>(10, 1).is_ok());
    }
}
